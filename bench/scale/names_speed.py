"""Speed and growth of the names step: `python -m bench.scale.names_speed DOCUMENTS.jsonl N [N ...]`.

Makes windows of N documents by drawing from real ones again and again; in every round people of rare surnames get other
surnames (people differ from story to story), those of common surnames stay (blocks grow). Prints
CPU time, so that other work on the machine matters less: mentions are found in as many processes as there are cores, names
are checked in one.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from pathlib import Path

import polars as pl

from bench.quality.names import read_articles
from cleaners.names import NamesConfig, check_names, find_mentions
from cleaners.names.lexicon.lexicon import load_lexicon

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", type=Path)
    parser.add_argument("sizes", type=int, nargs="+")
    args = parser.parse_args()
    real = read_articles(args.documents)
    config = NamesConfig()
    people = find_mentions(real, config).filter(pl.col("entity") == "person")
    for size in args.sizes:
        window = make_window(real, people, size)
        n_words = int(window["text"].str.count_matches(r"\S+").sum())
        begun = time.process_time()
        mentions = find_mentions(window, config)
        found = time.process_time()
        checked = check_names(window, config, mentions)
        find_s, check_s = found - begun, time.process_time() - found
        print(
            f"{size:,} documents, {n_words:,} words: find {n_words / find_s:,.0f} words/s a core, check {check_s:.1f} s "
            f"({1000 * check_s / size:.3f} ms a document), both {n_words / (find_s / 2 + check_s):,.0f} words/s on two cores; "
            f"{checked.mentions.height:,} mentions, {checked.flags['is_error'].sum()} errors; "
            f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GB of memory so far",
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


if __name__ == "__main__":
    main()
