"""Cost of a hostile document as it grows: `python -m bench.hostile.growth [--size 1000000] [PART-OF-A-FAMILY'S-NAME...]`.

Doubles a document of each family (`bench/hostile/families.py`) up to a size, measures the CPU seconds of each step and
prints the steps whose seconds grow faster than the document: the exponent over the last two doublings that cost enough to tell.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import polars as pl

from bench.hostile.families import list_families, make_document
from cleaners.extract import RAW_SCHEMA, ExtractConfig, extract_articles
from cleaners.junk import StripConfig, gather_evidence, learn_evidence, strip_articles
from cleaners.names import NamesConfig, find_mentions
from cleaners.neardup import kernel, sign_articles

# An exponent of 1 is linear, of 2 quadratic; sorting and the machine's noise stay below this.
MAX_EXPONENT = 1.25
MIN_SECONDS = 0.3  # a step that costs less at the full size is not reported
MIN_TIMED = 0.03  # seconds from which on a step's growth is measured
ENOUGH_SECONDS = 4.0  # a document that took so long is not doubled again
SMALLEST = 16_000


class Growth(NamedTuple):
    """Growth of the cost of a step with the documents of a family."""

    family: str
    step: str
    size: int  # of the largest document measured
    seconds: float
    exponent: float

    @property
    def is_steep(self) -> bool:
        """Tell whether it grows faster than the document, and is worth a look."""
        return self.exponent > MAX_EXPONENT and self.seconds >= MIN_SECONDS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="parts of the names of families; all when not given")
    parser.add_argument("--size", type=int, default=512_000, help="characters of the largest document")
    parser.add_argument("--all", action="store_true", help="print the slowest step of every family")
    arguments = parser.parse_args()
    chosen = [name for name in list_families() if not arguments.parts or any(part in name for part in arguments.parts)]
    n_steep = 0
    kernel.load()  # what is loaded once is no document's time
    measure_steps(*make_document(chosen[0], SMALLEST))
    for family in chosen:
        growths = list(measure_family(family, arguments.size))
        steep = [growth for growth in growths if growth.is_steep]
        n_steep += len(steep)
        for growth in steep or ([max(growths, key=lambda one: one.seconds)] if arguments.all else []):
            print(
                f"{'STEEP' if growth.is_steep else '     '} {growth.family:45} {growth.step:9} {growth.size:9,} characters"
                f" {growth.seconds:6.2f} s  n^{growth.exponent:.2f}",
                flush=True,
            )
    print(f"{len(chosen)} families, {n_steep} steps grow faster than their document")
    sys.exit(n_steep > 0)


def measure_family(family: str, max_size: int) -> Iterator[Growth]:
    """Measure how the cost of each step grows with the documents of a family."""
    measured: dict[str, list[tuple[int, float]]] = {}
    size = SMALLEST
    while size <= max_size:
        seconds = measure_steps(*make_document(family, size))
        for step, spent in seconds.items():
            measured.setdefault(step, []).append((size, spent))
        if sum(seconds.values()) > ENOUGH_SECONDS:
            break
        size *= 2
    for step, points in measured.items():
        size, spent = points[-1]
        yield Growth(family, step, size, spent, fit_exponent(points))


def fit_exponent(points: list[tuple[int, float]]) -> float:
    """The power of its size with which a cost grows, over the last two doublings that cost enough to tell; 0 where none did."""
    last_size, last = points[-1]
    timed = [(size, seconds) for size, seconds in points[-3:-1] if seconds >= MIN_TIMED]
    if not timed:
        return 0.0
    size, seconds = timed[0]
    return math.log(last / seconds) / math.log(last_size / size)


def measure_steps(media: str, content: str) -> dict[str, float]:
    """CPU seconds of each step on one document; a step that a document does not reach has none."""
    seconds: dict[str, float] = {}

    def timed(step: str, work: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        started = time.process_time()
        given = work()
        seconds[step] = time.process_time() - started
        return given

    names = dict.fromkeys(("article_id", "source_uri", "raw_sha256"), "a")
    row = {
        **dict.fromkeys(RAW_SCHEMA.names()),
        **names,
        "media": media,
        "content": content,
        "url": "https://a.example/1",
    }
    try:
        records = pl.DataFrame([row], RAW_SCHEMA)
    except (UnicodeError, pl.exceptions.PolarsError):  # lone surrogates come from references alone
        records = pl.DataFrame([{**row, "content": content.encode("utf-8", "ignore").decode()}], RAW_SCHEMA)
    documents = timed("extract", lambda: extract_articles(records, ExtractConfig()).documents)
    if not documents.height:
        return seconds
    config = StripConfig()
    evidence = timed("evidence", lambda: learn_evidence([gather_evidence(documents, config)], config))
    articles = timed("strip", lambda: strip_articles(documents, evidence, config).articles)
    timed("sign", lambda: sign_articles(articles))
    timed("names", lambda: find_mentions(articles, NamesConfig()))
    return seconds


if __name__ == "__main__":
    main()
