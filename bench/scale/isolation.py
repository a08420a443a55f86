"""Cost of knowing which document a worker is at: `python -m bench.scale.isolation [--articles 5000] [--rounds 5]`.

Extracts and strips the same articles in one worker process, by turns watched as in every run (each document marked in shared
memory, the worker polled, its memory limited) and with marks that go nowhere and no one watching. CPU time of the worker and
of the process that waits for it: of each shard the least of the rounds, and their middle. As the difference is smaller than
what one round differs from the next by, also with every mark made a thousand times, of which follows what one costs.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import flows.workers.marks
from bench.scale.news_corpus import write_corpus
from cleaners.quality import RunCounts
from flows.run import Run
from flows.settings import Settings
from flows.steps.discover import plan_run
from flows.steps.extract import extract_shard
from flows.steps.learn import learn_from_shards
from flows.steps.plan import Plan, Shard
from flows.steps.strip import strip_shard
from flows.steps.versions import find_versions
from flows.workers.pool import run_in_worker, run_watched, worker_pool

FOLD = 1_000
STEPS: dict[str, Callable[..., RunCounts]] = {"extract": extract_shard, "strip": strip_shard}


class _Counted:
    """A mark that counts how often a document is written into it."""

    since = 0.0

    def __init__(self) -> None:
        self.n_marks = 0

    @property
    def document(self) -> bytes:
        return b""

    @document.setter
    def document(self, _: bytes) -> None:
        self.n_marks += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="isolation-") as folder, worker_pool(1):
        corpus, output = Path(folder, "corpus"), Path(folder, "out")
        write_corpus(corpus, args.articles, "jsonl", 0, None)
        settings = Settings(sources=[str(corpus)], output=str(output), workers=1)
        run = Run("20260101T000000Z-0001", settings, output, output / "_staging" / "run", None, find_versions(settings))
        plan = run_in_worker(plan_run, run)
        for step, work in STEPS.items():
            n_marks = sum(
                run_in_worker(_count_marks, work, run, shard) for shard in plan.shards
            )  # warms the worker too
            seconds = _interleave(work, run, plan, args.rounds)
            least = {arm: sum(map(min, of_shards)) for arm, of_shards in seconds.items()}
            middle = {arm: sum(map(statistics.median, of_shards)) for arm, of_shards in seconds.items()}
            print(
                f"{step}: {n_marks / args.articles:.1f} marks an article, {len(plan.shards)} shards; CPU s watched "
                f"{least['watched']:.2f}, not watched {least['alone']:.2f} ({_more(least)}; middle of rounds {_more(middle)})",
                flush=True,
            )
            mark = (least["thousandfold"] - least["watched"]) / (n_marks * (FOLD - 1))
            print(
                f"{step}: {1e6 * mark:.2f} us a mark, {mark * n_marks / least['watched']:.3%} of the CPU time ("
                f"{least['thousandfold']:.2f} s with a thousand for each)",
                flush=True,
            )
            if step == "extract":
                learn_from_shards(run)


def _interleave(work: Callable[..., RunCounts], run: Run, plan: Plan, n_rounds: int) -> dict[str, list[list[float]]]:
    """CPU seconds of each shard in each round, watched and not, one right after the other."""
    arms: dict[str, Callable[[Shard], Any]] = {
        "watched": lambda shard: run_watched(work, run, shard),
        "alone": lambda shard: run_in_worker(_unmarked, work, run, shard),
        "thousandfold": lambda shard: run_in_worker(_marked_often, work, run, shard),
    }
    seconds: dict[str, list[list[float]]] = {arm: [[] for _ in plan.shards] for arm in arms}
    for number in range(n_rounds):
        for shard in plan.shards:
            for arm in sorted(arms, reverse=(number + shard.number) % 2 == 1):
                begun = _cpu_seconds()
                arms[arm](shard)
                seconds[arm][shard.number].append(_cpu_seconds() - begun)
    return seconds


def _cpu_seconds() -> float:
    """Return the CPU time of the one worker and of this process."""
    return run_in_worker(time.process_time) + time.process_time()


def _unmarked(work: Callable[..., RunCounts], run: Run, shard: Shard) -> RunCounts:
    mark, flows.workers.marks._mark = flows.workers.marks._mark, None
    try:
        return work(run, shard)
    finally:
        flows.workers.marks._mark = mark


def _marked_often(work: Callable[..., RunCounts], run: Run, shard: Shard) -> RunCounts:
    once = flows.workers.marks._in_mark

    def often(name: str) -> bytes:
        flows.workers.marks._in_mark = once
        for _ in range(FOLD - 1):
            flows.workers.marks.mark_document(name)
        flows.workers.marks._in_mark = often
        return once(name)

    flows.workers.marks._in_mark = often
    try:
        return work(run, shard)
    finally:
        flows.workers.marks._in_mark = once


def _count_marks(work: Callable[..., RunCounts], run: Run, shard: Shard) -> int:
    mark, counted = flows.workers.marks._mark, _Counted()
    flows.workers.marks._mark = counted  # type: ignore[assignment]
    try:
        work(run, shard)
    finally:
        flows.workers.marks._mark = mark
    return counted.n_marks


def _more(seconds: dict[str, float]) -> str:
    return f"{seconds['watched'] / seconds['alone'] - 1:+.2%}"


if __name__ == "__main__":
    import_module("bench.scale.isolation").main()  # the worker knows its functions by that name
