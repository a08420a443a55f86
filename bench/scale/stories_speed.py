"""Speed and memory of grouping by event: `python -m bench.scale.stories_speed DOCUMENTS.jsonl[.gz] N [--per-day N]`.

Makes N articles of a corpus: each has sentences of two of its articles, and its capitalised words are its own or those of a few
others, so that events are many and small. Prints articles a second for reading and for grouping (processor time, one core), how
many were grouped, and the memory of the window at its end.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import time
from pathlib import Path

from bench.quality.stories import Row, read_rows
from cleaners.stories import Arrival, Frequencies, Grouper, StoriesConfig, read_terms

REPORTS_AN_EVENT = 3
AT_ONCE = 1_000  # articles that are read and grouped together; a step's worker takes 4,096
_NAME = re.compile(r"\b[A-Z][a-z]{3,}\b")


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", type=Path)
    parser.add_argument("n", type=int)
    parser.add_argument("--per-day", type=int, default=7_000, help="articles a day: 100,000 in the window of 14 days")
    args = parser.parse_args()
    rows = read_rows(args.documents)
    config = StoriesConfig()
    grouper = Grouper(config, Frequencies())
    seconds = [0.0, 0.0]
    n_joined = 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for first in range(0, args.n, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, args.n))
        titles, texts = zip(*(make_article(rows, number) for number in numbers), strict=True)
        start = time.process_time()
        terms = read_terms(titles, texts, config).split()
        read = time.process_time()
        arrivals = [
            Arrival(f"{number:08}", 20_000 + number / args.per_day, part)
            for number, part in zip(numbers, terms, strict=True)
        ]
        n_joined += sum(placed.score is not None for placed in grouper.add(arrivals))
        seconds[0] += read - start
        seconds[1] += time.process_time() - read
        if numbers.stop % 10_000 == 0:
            print_figures(numbers.stop, seconds, n_joined, len(grouper.window.members), before)
    print_figures(args.n, seconds, n_joined, len(grouper.window.members), before)


def print_figures(n: int, seconds: list[float], n_joined: int, n_window: int, before: int) -> None:
    """Print the figures so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{n} articles: {n / seconds[0]:.0f} read a second, {n / seconds[1]:.0f} grouped, {n / sum(seconds):.0f} both; "
        f"{n_joined} joined a story; {n_window} in the window; {(peak - before) / 1024:.0f} MB of {peak / 1024:.0f} MB",
        flush=True,
    )


def make_article(rows: list[Row], number: int) -> tuple[str, str]:
    """Make an article: every REPORTS_AN_EVENT of them tell of one event, in other sentences."""
    event = random.Random(number // REPORTS_AN_EVENT)
    first, second = event.choice(rows), event.choice(rows)
    mark = f"{event.randrange(10**6):06x}".translate(str.maketrans("0123456789", "ghijklmnop"))
    dice = random.Random(number)
    sentences = [part for row in (first, second) for part in row.text[:6_000].split(". ") if dice.random() < 0.6]
    rename = re.compile(rf"\b(?:{'|'.join(set(_NAME.findall(first.text[:3_000]))) or 'none'})\b")
    text = rename.sub(
        lambda match: match.group() + mark[:3] if hash(match.group()) % 2 else match.group(), ". ".join(sentences)
    )
    return f"{first.title} {mark}", text


if __name__ == "__main__":
    main()
