"""Rows of one run in a published snapshot, without the articles' texts.

Takes a snapshot folder and a run id or the run's articles, gives the frames that the figures, the report and its details
start from.
"""

from pathlib import Path

import polars as pl

from cleaners.health import ADVICE, HEALTH_SCHEMA
from cleaners.schemas import TABLES
from flows.store.snapshots import read_snapshot

HISTORY_SCHEMA = pl.Schema([("run_id", pl.String()), *HEALTH_SCHEMA.items()])

NO_SITE = "(no site)"
# Flags that wait for an editor: errors, and conflicts of offices, which only a person can settle.
IS_DOUBTFUL = pl.col("is_error") | (pl.col("kind") == "role_conflict")
IS_OPEN = IS_DOUBTFUL & pl.col("decision").is_null()


def scan_table(snapshot: Path, table: str, run_id: str | None = None) -> pl.LazyFrame:
    """One table of a snapshot, unread; without a file it has no rows. Of one run, or of all where `run_id` is None.

    Raises:
        CopydeskError: `snapshot` is no folder of a published snapshot.
    """
    rows = read_snapshot(snapshot).scan(table, TABLES[table].create_empty().schema)
    return rows if run_id is None else rows.filter(pl.col("run_id") == run_id)


def article_facts(snapshot: Path, run_id: str | None = None) -> pl.LazyFrame:
    """Select what every view needs of the articles, without their texts; of one run, or of all where `run_id` is None.

    Returns:
        article_id, origin, site (never null), label (the title, else the input's name), n_words, n_removed_chars.
    """
    # Label of an input without a title: the last part of its path or address.
    input_name = pl.col("source_uri").str.strip_chars_end("/").str.split("/").list.last()
    return scan_table(snapshot, "articles", run_id).select(
        "article_id",
        "origin",
        pl.col("site").fill_null(NO_SITE),
        pl.coalesce(pl.col("title").str.strip_chars().replace("", None), input_name).alias("label"),
        "n_words",
        "n_removed_chars",
    )


def run_clusters(snapshot: Path, articles: pl.DataFrame) -> pl.DataFrame:
    """The clusters of two or more that hold an article of the run, with all their members.

    Args:
        snapshot: folder of the snapshot.
        articles: the run's `article_facts`.

    Returns:
        The columns of `clusters` and is_new (the article is of this run), largest cluster first, canonical article first.
    """
    many = scan_table(snapshot, "clusters").filter(pl.col("cluster_size") > 1)
    ours = pl.col("article_id").is_in(articles["article_id"].implode())
    touched = many.filter(ours).select("cluster_id").unique()
    return (
        many.join(touched, on="cluster_id", how="semi")
        .with_columns(is_new=ours)
        .sort(
            ["cluster_size", "cluster_id", "is_canonical", "similarity", "article_id"],
            descending=[True, False, True, True, False],
        )
        .collect()
    )


def run_flags(snapshot: Path, articles: pl.DataFrame) -> pl.DataFrame:
    """The name flags on articles of the run, without namesakes: errors first, then by confidence.

    Args:
        snapshot: folder of the snapshot.
        articles: the run's `article_facts`.

    Returns:
        The columns of `name_flags`, label and site of the article, and n_mentions: mentions that carry the flag, 1 at least.
    """
    mentions = (
        scan_table(snapshot, "name_mentions")
        .filter(pl.col("flag_id").is_not_null())
        .group_by("flag_id")
        .agg(n_mentions=pl.len())
    )
    return (
        scan_table(snapshot, "name_flags")
        .filter(pl.col("kind") != "namesake")
        .join(articles.lazy().select("article_id", "label", "site"), on="article_id")
        .join(mentions, on="flag_id", how="left")
        .with_columns(pl.col("n_mentions").fill_null(1))
        .sort(
            ["is_error", "confidence", "canonical", "article_id", "start"], descending=[True, True, False, False, False]
        )
        .collect()
    )


def count_open_flags(snapshot: Path) -> int:
    """Count the flags of all articles that an editor is to look at and has not decided."""
    return int(scan_table(snapshot, "name_flags").filter(IS_OPEN).select(pl.len()).collect().item())


def read_breaches(snapshot: Path, run_id: str) -> pl.DataFrame:
    """The figures of a run that left their band, and what to do about each.

    Returns:
        The columns of `site_health`, expected and advice.
    """
    paths = sorted((snapshot / "site_health").glob("*.parquet"))
    rows = pl.read_parquet(paths, glob=False) if paths else pl.DataFrame(schema=HISTORY_SCHEMA)
    return (
        rows.filter((pl.col("run_id") == run_id) & ~pl.col("passed"))
        .with_columns(
            expected=pl.format("{} to {}", pl.col("lower").round(2), pl.col("upper").round(2)),
            advice=pl.col("metric").replace_strict(ADVICE, return_dtype=pl.String),
        )
        .sort("site", "metric")
    )
