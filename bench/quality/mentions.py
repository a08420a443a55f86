"""Mentions of people drawn for reading: are they names at all?

    python -m bench.quality.mentions draw DOCUMENTS.jsonl AUTHORITY.csv OUT.csv --n 500 --seed 7
    python -m bench.quality.mentions count OUT.csv

The first draws mentions as the check leaves them, with what stands around each; a reader fills in the column `verdict`: `no`
for no name of a person, `part` for a name with more or less than belongs to it, nothing for a name. The second counts. The
file holds the publishers' text: it stays outside the repository.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import polars as pl

from bench.quality.names import read_articles
from cleaners.names import NamesConfig, check_names, load_authority
from cleaners.neardup import NearDuplicateConfig, find_near_duplicates

AROUND = 60  # characters shown on either side


def main() -> None:
    """Read the command line; draw or count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    draw = commands.add_parser("draw")
    draw.add_argument("documents", type=Path)
    draw.add_argument("authority", type=Path)
    draw.add_argument("out", type=Path)
    draw.add_argument("--n", type=int, default=500)
    draw.add_argument("--seed", type=int, default=7)
    count = commands.add_parser("count")
    count.add_argument("labels", type=Path)
    args = parser.parse_args()
    if args.command == "count":
        print(count_verdicts(pl.read_csv(args.labels, schema_overrides={"verdict": pl.String})))
        return
    articles = read_articles(args.documents)
    clusters = find_near_duplicates(articles, NearDuplicateConfig()).clusters
    known = load_authority(args.authority.read_text(encoding="utf-8"), with_core=True)
    mentions = check_names(articles, NamesConfig(), clusters=clusters, authority=known).mentions
    draw_mentions(articles, mentions, args.n, args.seed).write_csv(args.out)


def draw_mentions(articles: pl.DataFrame, mentions: pl.DataFrame, n: int, seed: int) -> pl.DataFrame:
    """Draw mentions of people at random.

    Args:
        articles: article_id and text.
        mentions: as `check_names` gives them.
        n: how many; all where there are fewer.
        seed: of the draw.

    Returns:
        doc_id, start, end, surface, before, after, per_1000 (mentions per 1,000 articles that each one drawn stands for) and an
        empty column verdict.
    """
    people = mentions.filter(pl.col("entity") == "person").sort("article_id", "start")
    drawn = people.sample(min(n, people.height), seed=seed)
    start, length = pl.col("start"), pl.col("end") - pl.col("start")
    begin = pl.max_horizontal(start - AROUND, pl.lit(0))
    return drawn.join(articles.select("article_id", "text"), on="article_id", maintain_order="left").select(
        pl.col("article_id").alias("doc_id"),
        "start",
        "end",
        pl.col("text").str.slice(start, length).alias("surface"),
        pl.col("text").str.slice(begin, start - begin).str.replace_all(r"\s+", " ").alias("before"),
        pl.col("text").str.slice("end", AROUND).str.replace_all(r"\s+", " ").alias("after"),
        pl.lit(1000 * people.height / max(articles.height, 1) / max(drawn.height, 1)).alias("per_1000"),
        pl.lit("").alias("verdict"),
    )


def count_verdicts(labels: pl.DataFrame) -> str:
    """Count the verdicts: of each its share with the 95 % interval, and how many mentions per 1,000 articles that makes."""
    n = labels.height
    counts = labels["verdict"].fill_null("").str.strip_chars().str.replace("^$", "name").value_counts(sort=True)
    lines = []
    for verdict, count in counts.iter_rows():
        low, high = wilson(count, n)
        per_1000 = labels["per_1000"][0] * count
        lines.append(f"{verdict}: {count} of {n} ({low:.3f} to {high:.3f}), {per_1000:,.0f} per 1,000 articles")
    return "\n".join(lines)


def wilson(count: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    z2 = 1.96**2
    middle, spread = (count + z2 / 2) / (n + z2), math.sqrt(z2 * (count * (n - count) / n + z2 / 4)) / (n + z2)
    return middle - spread, middle + spread


if __name__ == "__main__":
    main()
