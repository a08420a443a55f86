"""The run: every step in its order, written once. The flow, the tests and the benchmarks call `run_pipeline`, each with an engine.

An engine (`flows/steps/engine.py`) says how the work of a step is done.
"""

import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial, reduce
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import polars as pl

from cleaners.errors import GateBroken
from cleaners.quality import RunCounts, check_gates
from flows.faults import faults_explained
from flows.run import Run, name_run_id
from flows.settings import Settings
from flows.steps.ahead import HeadStart
from flows.steps.discover import plan_run
from flows.steps.engine import Engine
from flows.steps.extract import extract_shard
from flows.steps.learn import learn_from_shards
from flows.steps.plan import Plan, Shard
from flows.steps.progress import announce
from flows.steps.publish import switch_latest
from flows.steps.resume import continue_interrupted, do_once, n_done
from flows.steps.step import STEPS, archive_steps
from flows.steps.strip import strip_shard
from flows.steps.versions import find_versions
from flows.store.locks import output_lock
from flows.store.publication import clear_staging, drop_old_snapshots, finish_publication
from flows.store.remote import pull_latest
from flows.store.snapshots import find_latest
from flows.store.upgrade import open_previous
from flows.store.upload import drop_remote_snapshots
from flows.workers.pool import prepare_workers, run_in_worker, run_watched, worker_pool

if TYPE_CHECKING:
    from flows.report.model import RunFigures

# What a run imports when it has found something new, while its workers read that: contracts and report, a third of all imports.
LATER = ("flows.steps.assemble", "flows.report.figures", "flows.report.page")

_log = logging.getLogger(__name__)

R = TypeVar("R")


class RunResult(NamedTuple):
    """The end of a run: `published`, `dry_run` or `nothing_new`; its snapshot and report, None where there are none.

    `n_steps_resumed` counts the steps that an interrupted run had left done; `headline` says in a line what happened.
    """

    status: str
    run_id: str
    n_inputs: int
    snapshot: Path | None
    report: Path | None
    n_steps_resumed: int = 0
    headline: str = "Nothing new"
    n_sites_out_of_band: int = 0


class Reported(NamedTuple):
    """The result of the step `report`: the report's file and the figures of the run."""

    run: Run
    file: Path
    figures: "RunFigures"


class Published(NamedTuple):
    """The result of the step `publish`: the snapshot, the sites that left their band, the runs whose snapshots were removed."""

    run: Run
    snapshot: Path
    breaches: pl.DataFrame
    removed: list[str]


class Begun(NamedTuple):
    """A run that has the output to itself and knows what there is to do; of an interrupted one some steps are done."""

    run: Run
    plan: Plan
    n_resumed: int
    head_start: HeadStart


_begun: Begun | None = None


@contextmanager
def working(settings: Settings) -> Iterator[None]:
    """Keep the worker processes of a run while the block runs, and explain the faults that end it."""
    with (
        faults_explained(settings.folder, settings.output if settings.is_remote else None),
        worker_pool(1 if settings.dask else settings.n_workers),
    ):
        yield


@contextmanager
def begin_run(settings: Settings, engine: Engine, run_id: str | None = None) -> Iterator[Begun]:
    """Lock the output and find out what there is to do; `run_pipeline` within the block goes on from there, with any engine.

    For who wants to know before there is an engine: Prefect takes seconds to start, and most runs of a schedule find nothing new.

    Raises:
        CopydeskError: another run holds the output, or what is there cannot be read.
    """
    global _begun  # noqa: PLW0603
    output = settings.folder
    with output_lock(output):
        pull_latest(settings)
        run = _name_run(settings, output, run_id)
        plan = _once(engine, "discover", lambda: run_in_worker(plan_run, run))
        if plan.is_empty:
            clear_staging(output)
        else:
            run = continue_interrupted(run, plan)
            # Over an earlier archive there is work for all, be there ever so little new.
            prepare_workers(settings.n_workers if run.previous else len(plan.shards))
            Thread(target=lambda: list(map(import_module, LATER))).start()
        begun = _begun = Begun(run, plan, n_done(run), HeadStart())
        try:
            yield begun
        finally:
            begun.head_start.end()
            _begun = None


def go_ahead(begun: Begun, engine: Engine) -> None:
    """Do the first steps in a thread until `run_pipeline` is called with the engine that is to show them."""
    begun.head_start.start(partial(_do_documents, begun.run, begun.plan), engine)


def run_pipeline(settings: Settings, engine: Engine, run_id: str | None = None) -> RunResult:
    """Clean what is new and publish it as one snapshot.

    Args:
        settings: what is read, where it is written, and how each step decides.
        engine: how the steps are done.
        run_id: the run's name; None makes one of the time.

    Raises:
        CopydeskError: another run holds the output; or a step fails, and the message says why. `ContractBroken` where a table
            breaks its contract or a figure of the run its bounds. Nothing is published then.
    """
    if _begun and _begun.run.settings == settings:
        _begun.head_start.stop()
        plan = _begun.plan
        engine.once(STEPS["discover"], lambda: plan)  # done before there was this engine, which shows it all the same
        return _do_steps(_begun, engine)
    with begin_run(settings, engine, run_id) as begun:
        return _do_steps(begun, engine)


def _do_steps(begun: Begun, engine: Engine) -> RunResult:
    """Do what there is to do."""
    run, plan, n_resumed, _ = begun
    settings, output = run.settings, run.output
    if plan.is_empty:
        return RunResult("nothing_new", run.run_id, plan.n_inputs, find_latest(output), None)
    if n_resumed:
        _log.info("continuing the interrupted run %s: %d steps are done", run.run_id, n_resumed)

    counts = _do_documents(run, plan, engine)
    from flows.steps.assemble import assemble_snapshot
    from flows.steps.gates import summarise_counts

    gates = check_gates(counts, settings.cleaning.quality)
    figures = summarise_counts(plan, counts, gates)
    staged = _once(engine, "assemble", lambda: assemble_snapshot(run, figures))
    reported = _once(engine, "report", lambda: _report(run, staged))
    headline, n_out = reported.figures.headline, reported.figures.n_sites_out_of_band
    if settings.dry_run:
        headline = f"Dry run: {headline}"
        kept = _once(engine, "keep-report", lambda: _keep_report(run, reported))
        return RunResult(
            "dry_run", run.run_id, plan.n_inputs, find_latest(output), kept.file, n_resumed, headline, n_out
        )
    _once(engine, "gates", lambda: _check_gates(run, staged))
    published = _once(engine, "publish", lambda: _publish(run))
    clear_staging(output)
    report = published.snapshot / reported.file.name
    return RunResult("published", run.run_id, plan.n_inputs, published.snapshot, report, n_resumed, headline, n_out)


def _do_documents(run: Run, plan: Plan, engine: Engine) -> RunCounts:
    """Do the steps before assembly, each unless it is done; give what they counted."""
    extracted = _each(engine, "extract", extract_shard, run, plan.shards)
    n_repeated = _once(engine, "learn", lambda: do_once(run, "learn", lambda: learn_from_shards(run)))
    stripped = _each(engine, "strip", strip_shard, run, plan.shards)
    _do_archive(run, engine)
    return reduce(RunCounts.plus, [*extracted, *stripped], RunCounts(n_rejects=n_repeated))


def _do_archive(run: Run, engine: Engine) -> None:
    """Do the steps over the archive, side by side where neither reads what the other leaves."""
    begun: dict[str, Future[object]] = {}
    with ThreadPoolExecutor() as threads:
        for step in archive_steps():
            for name in begun if step.waits_for is None else step.waits_for:
                begun[name].result()
            work = partial(do_once, run, step.name, partial(step.load_work(), run))
            # In a context like this one: Prefect keeps the run there that a task belongs to.
            begun[step.name] = threads.submit(copy_context().run, _once, engine, step.name, work)
        for future in begun.values():
            future.result()


def _once(engine: Engine, name: str, work: Callable[[], R]) -> R:
    """Do a step and announce its begin and end."""
    announce(name, 0, 1)
    result = engine.once(STEPS[name], work)
    announce(name, 1, 1)
    return result


def _each(
    engine: Engine, name: str, work: Callable[..., RunCounts], run: Run, shards: Sequence[Shard]
) -> list[RunCounts]:
    """Do a step on every shard in the workers, unless an interrupted run did, and announce each that is done.

    Returns:
        The counts of the shards, in their order.
    """
    counts: dict[int, RunCounts] = {}
    announce(name, 0, len(shards))

    def do_shard(shard: Shard) -> RunCounts:
        return RunCounts(*do_once(run, f"{name}-{shard.number}", lambda: run_watched(work, run, shard)))

    for shard, counted in engine.each(STEPS[name], do_shard, shards):
        counts[shard.number] = counted
        announce(name, len(counts), len(shards))
    return [counts[shard.number] for shard in shards]


def _name_run(settings: Settings, output: Path, run_id: str | None) -> Run:
    """A run, with its name and places."""
    finished = finish_publication(output)
    if finished:
        _log.info("published %s, whose run was killed on the last step", finished.name)
    run_id = run_id or name_run_id(output)
    previous = open_previous(output, rebuild=settings.rebuild)
    return Run(
        run_id=run_id,
        settings=settings,
        output=output,
        staging=output / "_staging" / run_id,
        previous=previous.path if previous else None,
        versions=find_versions(settings),
    )


def _report(run: Run, staged: Path) -> Reported:
    """Write the HTML report into the staged snapshot."""
    from flows.report.figures import summarise_run
    from flows.report.page import write_report

    figures = run_in_worker(summarise_run, staged, run.run_id)
    return Reported(run, run_in_worker(write_report, staged, run.run_id), figures)


def _keep_report(run: Run, reported: Reported) -> Reported:
    """Keep nothing of a dry run but its report, beside the snapshots."""
    kept = run.output / f"dry-run-{run.run_id}.html"
    shutil.move(reported.file, kept)
    clear_staging(run.output)
    return reported._replace(file=kept)


def _check_gates(run: Run, staged: Path) -> None:
    """Stop here if a gate is broken.

    Raises:
        GateBroken: which figure left its bounds, what was expected, and what to do.
    """
    from flows.steps.gates import list_broken_gates

    hard_metrics = run.settings.cleaning.quality.sites.hard_metrics
    broken = run_in_worker(list_broken_gates, staged, run.run_id, hard_metrics)
    if broken:
        raise GateBroken(
            broken,
            f"The report is {staged / 'report.html'}. If the figures are right for these sources, widen the bounds in "
            "[cleaning.quality] of the config.",
        )


def _publish(run: Run) -> Published:
    """Move the snapshot to its place, switch `output/latest`, and remove snapshots beyond those to keep."""
    from flows.store.rows import read_breaches

    keep = run.settings.keep_snapshots
    snapshot = switch_latest(run)
    dropped = drop_old_snapshots(run.output, keep)
    removed = sorted({*dropped.removed, *drop_remote_snapshots(run.settings, keep)})
    return Published(run, snapshot, read_breaches(snapshot, run.run_id), removed)
