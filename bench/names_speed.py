"""Speed and growth of the names step: `python -m bench.names_speed DOCUMENTS.jsonl N [N ...] [--workers 2]`.

Makes windows of N documents by drawing from real ones again and again; in every round people of rare surnames get other
surnames (people differ from story to story), those of common surnames stay (blocks grow). Prints words a second of
finding mentions in worker processes and of checking them, and the growth from one size to the next.
"""

from __future__ import annotations

import argparse
import random
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import polars as pl

from bench.quality.names import read_articles
from cleaners.names import NamesConfig, check_names, find_mentions
from cleaners.names.lexicon import load_lexicon

COMMON_PER_MILLION = 500  # from here on a surname stays as it is
ENDINGS = [
    "ard",
    "berg",
    "by",
    "ell",
    "er",
    "ett",
    "ez",
    "ford",
    "ham",
    "ian",
    "ic",
    "in",
    "ini",
    "ito",
    "kin",
    "ley",
    "man",
]
ENDINGS += [
    "nov",
    "o",
    "ola",
    "ope",
    "osi",
    "ow",
    "quist",
    "ros",
    "ska",
    "sen",
    "son",
    "stad",
    "ton",
    "ura",
    "vich",
    "well",
]
SHARD = 2_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", type=Path)
    parser.add_argument("sizes", type=int, nargs="+")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    real = read_articles(args.documents)
    config = NamesConfig()
    people = find_mentions(real, config).filter(pl.col("entity") == "person")
    for size in args.sizes:
        window = make_window(real, people, size)
        n_words = int(window["text"].str.count_matches(r"\S+").sum())
        started = time.perf_counter()
        shards = [window.slice(at, SHARD) for at in range(0, size, SHARD)]
        with ProcessPoolExecutor(args.workers, mp_context=get_context("spawn")) as pool:
            list(pool.map(_warm, range(args.workers)))
            started = time.perf_counter()
            mentions = pl.concat(pool.map(find_in_shard, shards))
        found = time.perf_counter()
        checked = check_names(window, config, mentions)
        ended = time.perf_counter()
        print(
            f"{size:>9,} documents, {n_words:,} words: find {found - started:.1f} s "
            f"({n_words / (found - started):,.0f} words/s), check {ended - found:.1f} s "
            f"({1000 * (ended - found) / size:.2f} ms a document), both {n_words / (ended - started):,.0f} words/s; "
            f"{checked.mentions.height:,} mentions, {checked.flags['is_error'].sum()} errors",
            flush=True,
        )


def make_window(real: pl.DataFrame, people: pl.DataFrame, size: int) -> pl.DataFrame:
    """`size` documents drawn from real ones, their people of rare surnames renamed in every round."""
    rng = random.Random(size)
    common = load_lexicon().per_million
    spans: dict[str, list[tuple[int, str]]] = {}
    for article_id, end, surname in people.select("article_id", "end", "surname").iter_rows():
        if common.get(surname, 0) < COMMON_PER_MILLION:
            spans.setdefault(article_id, []).append((end, surname))
    rows = real.select("article_id", "text", "published_at").rows()
    made = []
    for number in range(size):
        round_number, at = divmod(number, len(rows))
        article_id, text, published_at = rows[at]
        if round_number:
            parts, position = [], 0
            for end, surname in sorted(spans.get(article_id, ())):
                ending = ENDINGS[(round_number + len(surname) + ord(surname[0])) % len(ENDINGS)]
                tail = ENDINGS[round_number // len(ENDINGS) % len(ENDINGS)] if round_number >= len(ENDINGS) else ""
                parts += [text[position:end], ending, tail]
                position = end
            text = "".join([*parts, text[position:]])
        made.append((f"{rng.getrandbits(96):024x}", text, published_at))
    return pl.DataFrame(
        made,
        schema={"article_id": pl.String, "text": pl.String, "published_at": real.schema["published_at"]},
        orient="row",
    )


def find_in_shard(shard: pl.DataFrame) -> pl.DataFrame:
    return find_mentions(shard, NamesConfig())


def _warm(_: int) -> int:
    return find_mentions(pl.DataFrame({"article_id": ["0"], "text": ["Jane Roe said so."]}), NamesConfig()).height


if __name__ == "__main__":
    main()
