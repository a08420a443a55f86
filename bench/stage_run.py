"""The steps of `clean-news` in their order, without Prefect: `python -m bench.stage_run OUTPUT SOURCE...`.

Runs the functions that the flow's tasks run, in the same worker processes, and prints a line of JSON when a step begins and
when it ends; `bench/pipeline.py` starts it and watches.
"""

from __future__ import annotations

import argparse
import json
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import reduce
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from bench.watching import announced
from flows.workers import start_workers

if TYPE_CHECKING:
    from flows.settings import Settings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    start_workers(args.workers)  # as the command does before it imports Prefect
    run_steps(args.output, args.sources, args.workers)


def run_steps(output: Path, sources: list[str], n_workers: int) -> None:
    """One run, published; each step announced."""
    from flows.runners import worker_pool
    from flows.settings import Settings

    settings = Settings(sources=sources, output=str(output), workers=n_workers)
    with worker_pool(settings.n_workers):
        _run_steps(settings)


def _run_steps(settings: Settings) -> None:
    from cleaners.quality import RunCounts, check_gates
    from flows import publish, stages
    from flows.planning import plan_run
    from flows.run import Run
    from flows.runners import run_in_worker, run_watched
    from flows.upgrade import open_previous
    from flows.versions import find_versions

    output = Path(settings.output)
    output.mkdir(parents=True, exist_ok=True)
    run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    previous = open_previous(output)
    run = Run(
        run_id,
        settings,
        output,
        output / "_staging" / run_id,
        previous.path if previous else None,
        find_versions(settings),
    )
    plan = announced("discover", lambda: run_in_worker(plan_run, run))
    if plan.is_empty:
        return
    # The flow imports these with Prefect, before it begins; here they would be waited for.
    later = Thread(target=import_module, args=("flows.report",))
    later.start()

    def map_shards(work: Callable[[Run, Any], Any], shards: Any) -> list[RunCounts]:  # noqa: ANN401
        with ThreadPoolExecutor(settings.n_workers) as waiting:
            return [RunCounts(*counts) for counts in waiting.map(lambda shard: run_watched(work, run, shard), shards)]

    extracted = announced("extract", lambda: map_shards(stages.extract_shard, plan.shards))
    n_repeated = announced("learn", lambda: stages.learn_from_shards(run))
    stripped = announced("strip", lambda: map_shards(stages.strip_shard, plan.shards))
    announced("match", lambda: stages.match_articles(run))
    announced("names", lambda: stages.check_all_names(run))
    counts = reduce(RunCounts.plus, [*extracted, *stripped], RunCounts(n_rejects=n_repeated))
    figures = publish.summarise_counts(plan, counts, check_gates(counts, settings.cleaning.quality))
    staged = announced("assemble", lambda: publish.assemble_snapshot(run, figures))
    later.join()
    from flows.figures import summarise_run
    from flows.report import write_report

    announced(
        "report", lambda: (run_in_worker(summarise_run, staged, run_id), run_in_worker(write_report, staged, run_id))
    )
    announced("publish", lambda: publish.switch_latest(run))
    publish.clear_staging(output)
    print(json.dumps({"articles": counts.n_articles + counts.n_embedded, "records": counts.n_records}), flush=True)


if __name__ == "__main__":
    main()
