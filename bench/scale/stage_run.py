"""The steps of `clean-news` in their order, without Prefect: `python -m bench.scale.stage_run OUTPUT SOURCE...`.

Runs the pipeline in worker processes, and prints a line of JSON when a step begins and when it ends; `bench/scale/pipeline.py`
starts it and watches.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from bench.scale.watching import announced
from flows.workers.process import start_worker

R = TypeVar("R")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output")
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    start_worker()  # as the command does before it imports Prefect
    run_steps(args.output, args.sources, args.workers)


def run_steps(output: str, sources: list[str], n_workers: int) -> None:
    """One run, published; each step announced, and how many articles it brought."""
    from flows.pipeline import run_pipeline
    from flows.settings import Settings
    from flows.steps.engine import PlainEngine
    from flows.steps.plan import Shard
    from flows.steps.step import Step
    from flows.workers.pool import worker_pool

    class TimedEngine(PlainEngine):
        """Announces each step on the standard output."""

        def once(self, step: Step, work: Callable[[], R]) -> R:
            return announced(step.name, work)

        def each(self, step: Step, work: Callable[[Shard], R], shards: Sequence[Shard]) -> Iterator[tuple[Shard, R]]:
            return iter(announced(step.name, lambda: list(PlainEngine.each(self, step, work, shards))))

    settings = Settings(sources=sources, output=output, workers=n_workers)
    with worker_pool(settings.n_workers):
        result = run_pipeline(settings, TimedEngine(settings.n_workers))
    if result.snapshot:
        from flows.report.figures import summarise_run

        figures = summarise_run(result.snapshot, result.run_id)
        n_records = next(int(gate.value) for gate in figures.gates if gate.metric == "records")
        print(json.dumps({"articles": figures.n_published, "records": n_records}), flush=True)


if __name__ == "__main__":
    main()
