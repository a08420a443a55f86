"""The flow `clean-news`: scraped news in, one published snapshot out. Read top to bottom, it is the table of contents."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from prefect import flow, get_run_logger
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from flows import tasks
from flows.cluster import workers_found
from flows.faults import faults_told
from flows.progress import listening
from flows.publish import clear_staging, finish_publication
from flows.remote import pull_latest
from flows.resume import continue_interrupted, n_done
from flows.run import Run, name_run_id
from flows.runners import worker_pool
from flows.settings import Settings
from flows.storage import latest_snapshot, output_lock
from flows.uplink import reporting
from flows.versions import find_versions

# Threads that wait for worker processes, here or of a Dask cluster; the processes do the work, so that a thread costs nothing.
TASK_RUNNER: Any = ThreadPoolTaskRunner(max_workers=tasks.MOST_IN_FLIGHT)


class RunResult(NamedTuple):
    """How a run ended: `published`, `dry_run` or `nothing_new`; its snapshot and report, None where there are none.

    `n_steps_resumed` counts the steps that an interrupted run had left done.
    """

    status: str
    run_id: str
    n_inputs: int
    snapshot: Path | None
    report: Path | None
    n_steps_resumed: int = 0


def name_run() -> str:
    """What the Prefect UI calls the run: its first source and the time."""
    settings: Any = flow_run.parameters.get("settings")
    sources = settings.get("sources", []) if isinstance(settings, dict) else getattr(settings, "sources", [])
    more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
    return f"{sources[0] if sources else 'no source'}{more} {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"


@flow(name="clean-news", flow_run_name=name_run, task_runner=TASK_RUNNER, persist_result=False)
def clean_news(settings: Settings) -> RunResult:
    """Clean scraped news and publish it as one Parquet snapshot.

    Args:
        settings: where to read, where to write, and how each step decides.
    """
    output = settings.folder
    with (
        reporting() as outcome,
        faults_told(output, settings.output if settings.is_remote else None),
        output_lock(output),
        worker_pool(1 if settings.dask else settings.n_workers),
        workers_found(settings),
        listening(tasks.ProgressArtifact()),
    ):
        pull_latest(settings)
        run = _begin_run(settings, output)
        plan = tasks.discover(run)
        if plan.is_empty:
            clear_staging(output)
            return outcome.keep(RunResult("nothing_new", run.run_id, plan.n_inputs, run.previous, None))
        run = continue_interrupted(run, plan)
        n_resumed = n_done(run)
        if n_resumed:
            get_run_logger().info("continuing the interrupted run %s: %d steps are done", run.run_id, n_resumed)

        extracted = tasks.map_shards(tasks.extract, run, plan)
        n_repeated = tasks.learn(run)
        stripped = tasks.map_shards(tasks.strip, run, plan)
        tasks.match(run)
        tasks.check_names(run)
        staged = tasks.assemble(run, plan, tasks.add_counts([*extracted, *stripped], n_repeated))
        report = tasks.report(run, staged)
        if settings.dry_run:
            kept = tasks.keep_report(run, report)
            return outcome.keep(RunResult("dry_run", run.run_id, plan.n_inputs, run.previous, kept, n_resumed))
        tasks.hold_gates(run, staged)
        snapshot = tasks.publish(run)

        clear_staging(output)
        done = RunResult("published", run.run_id, plan.n_inputs, snapshot, snapshot / report.name, n_resumed)
        return outcome.keep(done)


def _begin_run(settings: Settings, output: Path) -> Run:
    """A run's name and places."""
    finished = finish_publication(output)
    if finished:
        get_run_logger().info("published %s, whose run was killed on the last step", finished.name)
    run_id = name_run_id(output)
    previous = None if settings.anew else latest_snapshot(output)
    return Run(
        run_id=run_id,
        settings=settings,
        output=output,
        staging=output / "_staging" / run_id,
        previous=previous.path if previous else None,
        versions=find_versions(settings),
    )
