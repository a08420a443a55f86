"""The Prefect tasks of `clean-news`: thin wrappers that run one stage in a worker process and say how far it came.

Tasks pass the `Run`, shards and counts, never frames: hashing a 95 MB frame argument costs 1.6 s.
"""

import shutil
from collections.abc import Callable
from functools import reduce
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, ParamSpec, TypeVar
from urllib.parse import quote
from uuid import UUID

import polars as pl
from prefect import get_run_logger, task
from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event
from prefect.futures import as_completed
from prefect.runtime import flow_run

from cleaners.errors import ContractBroken, CopydeskError
from cleaners.quality import RunCounts, check_gates
from flows import publish as publishing
from flows import stages
from flows.artifacts import list_artifacts, summary_rows
from flows.automations import BREACH_EVENT
from flows.figures import summarise_run
from flows.passages import one_line
from flows.planning import Plan, Shard, plan_run
from flows.progress import Estimate, announce, in_words
from flows.remote import drop_remote_snapshots
from flows.report import write_report
from flows.resume import do_once
from flows.run import Run
from flows.runners import run_in_worker, run_watched
from flows.site_health import read_breaches
from flows.uplink import offer

MOST_TOLD = 20  # breaches named in a notice

# Shards that are submitted and not done, however many a run has; each has a thread that waits for its result.
MOST_IN_FLIGHT = 64

P = ParamSpec("P")
R = TypeVar("R")


def may_pass(task: Any, task_run: Any, state: Any) -> bool:  # noqa: ANN401
    """Whether a failed task is worth another try: not when the error is one that a person must mend."""
    try:
        state.result()
    except CopydeskError:
        return False
    except Exception:
        return True
    return True


ONCE: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False}
# A worker that died, a file system that hiccuped: try twice more. A bad document never gets here, it is a reject.
RETRIED: dict[str, Any] = {**ONCE, "retries": 2, "retry_delay_seconds": [1, 10], "retry_condition_fn": may_pass}


@task(task_run_name="discover", **RETRIED)
def discover(run: Run) -> Plan:
    """Digest every input and plan the shards of what is new."""
    plan = _whole("discover", plan_run, run)
    counts = (plan.n_inputs, plan.n_known_inputs, plan.n_restored_inputs, len(plan.shards))
    get_run_logger().info("%d inputs, %d known, %d to strip anew, %d shards", *counts)
    return plan


@task(task_run_name="extract-{shard.number}", **RETRIED)
def extract(run: Run, shard: Shard) -> RunCounts:
    """Read, decode and extract the documents of one shard."""
    return _shard_once("extract", stages.extract_shard, run, shard)


@task(task_run_name="learn", **RETRIED)
def learn(run: Run) -> int:
    """Learn what repeats over documents: site templates, passages owned by another document."""
    return do_once(run, "learn", lambda: _announced("learn", lambda: stages.learn_from_shards(run)))


@task(task_run_name="strip-{shard.number}", **RETRIED)
def strip(run: Run, shard: Shard) -> RunCounts:
    """Strip one shard, salvage its embedded articles, sign them and find their names."""
    return _shard_once("strip", stages.strip_shard, run, shard)


@task(task_run_name="match", **RETRIED)
def match(run: Run) -> int:
    """Cluster near-duplicates over the archive."""
    return do_once(run, "match", lambda: _announced("match", lambda: stages.match_articles(run)))


@task(task_run_name="names", **RETRIED)
def check_names(run: Run) -> int:
    """Check every name against the other papers and the authority file."""
    return do_once(run, "names", lambda: _announced("names", lambda: stages.check_all_names(run)))


@task(task_run_name="assemble", **RETRIED)
def assemble(run: Run, plan: Plan, counts: RunCounts) -> Path:
    """Put the snapshot together in staging and hold every table against its contract.

    Raises:
        ContractBroken: a table breaks its contract; nothing is published.
    """
    gates = check_gates(counts, run.settings.cleaning.quality)
    figures = publishing.summarise_counts(plan, counts, gates)
    return _announced("assemble", lambda: publishing.assemble_snapshot(run, figures))


@task(task_run_name="report", **ONCE)
def report(run: Run, staged: Path) -> Path:
    """Write the HTML report into the staged snapshot; leave the figures as artifacts in the Prefect UI."""
    figures = run_in_worker(summarise_run, staged, run.run_id)
    said = f"Figures: run {run.run_id}"
    offer(create_table_artifact, summary_rows(figures), key="copydesk-summary", description=said)
    for page in list_artifacts(figures, run.settings.output):
        offer(create_markdown_artifact, page.markdown, key=page.key, description=page.description)
    return _whole("report", write_report, staged, run.run_id)


@task(task_run_name="keep-report", **ONCE)
def keep_report(run: Run, written: Path) -> Path:
    """A dry run keeps nothing but its report, beside the snapshots."""
    kept = run.output / f"dry-run-{run.run_id}.html"
    shutil.move(written, kept)
    publishing.clear_staging(run.output)
    _link_report(run, kept)
    return kept


@task(task_run_name="gates", **ONCE)
def hold_gates(run: Run, staged: Path) -> None:
    """Stop here if a gate is broken.

    Raises:
        ContractBroken: which figure left its bounds, what was expected, and what to do.
    """
    broken = run_in_worker(
        publishing.list_broken_gates, staged, run.run_id, run.settings.cleaning.quality.sites.hard_metrics
    )
    if broken:
        _link_report(run, staged / "report.html")
        raise ContractBroken(
            f"Nothing was published, {len(broken)} gate(s) are broken: {'; '.join(broken)}.",
            f"The report is {staged / 'report.html'}. If the figures are right for these sources, widen the bounds in "
            "[cleaning.quality] of the config.",
        )


@task(task_run_name="publish", **ONCE)
def publish(run: Run) -> Path:
    """Move the snapshot to its place and switch `output/latest`, last of all."""
    snapshot = publishing.switch_latest(run)
    dropped = publishing.drop_old_snapshots(run.output, run.settings.keep_snapshots)
    removed = sorted({*dropped.removed, *drop_remote_snapshots(run.settings, run.settings.keep_snapshots)})
    if removed:
        get_run_logger().info("removed old snapshots: %s", ", ".join(removed))
    _link_report(run, snapshot / "report.html")
    _tell_of_breaches(read_breaches(snapshot, run.run_id))
    announce("publish", 1, 1)
    return snapshot


def map_shards(shard_task: Any, run: Run, plan: Plan) -> list[RunCounts]:  # noqa: ANN401
    """Run a task over every shard and announce each that is done; no more than MOST_IN_FLIGHT wait at a time.

    Returns:
        The counts of the shards, in the order of the plan.
    """
    waiting = iter(enumerate(plan.shards))
    in_flight: dict[Any, int] = {}
    counts: dict[int, RunCounts] = {}
    announce(shard_task.name, 0, len(plan.shards))
    while True:
        for number, shard in islice(waiting, MOST_IN_FLIGHT - len(in_flight)):
            in_flight[shard_task.submit(run, shard)] = number
        if not in_flight:
            return [counts[number] for number in range(len(plan.shards))]
        future = next(iter(as_completed(list(in_flight))))
        counts[in_flight.pop(future)] = future.result()
        announce(shard_task.name, len(counts), len(plan.shards))


def add_counts(parts: list[RunCounts], n_repeated: int) -> RunCounts:
    """The sum of the shards' counts, and the documents that came twice as rejects."""
    return reduce(RunCounts.plus, parts, RunCounts(n_rejects=n_repeated))


class ProgressArtifact:
    """Shows the announced progress as a bar in the Prefect UI, with an estimate: a listener for `flows.progress`."""

    # What each step has of the time of a large run on text, in percent (docs/benchmarks.md).
    SHARES: ClassVar[dict[str, float]] = {
        "discover": 2, "extract": 14, "learn": 5, "strip": 60, "match": 2, "names": 11, "assemble": 3, "report": 2, "publish": 1,
    }  # fmt: skip

    LEAST_STEP = 2.0  # percent; a call to the server for each shard of a hundred would be too many

    def __init__(self) -> None:
        self._artifact_id: UUID | None = None
        self._estimate = Estimate()
        self._shown = 0.0

    def __call__(self, step: str, done: int, total: int) -> None:
        """Move the bar: at the end of a step, and in it every LEAST_STEP. A run that finds nothing new has no bar."""
        if step == "discover":
            return
        left = self._estimate(step, done, total)
        steps = list(self.SHARES)
        before = sum(self.SHARES[name] for name in steps[: steps.index(step)])
        percent = before + self.SHARES[step] * done / max(1, total)
        if self._artifact_id is None:
            self._artifact_id = offer(create_progress_artifact, percent, key="copydesk-progress", description=step)  # type: ignore[assignment]
        elif done == total or percent >= self._shown + self.LEAST_STEP:
            words = f"{step}: {done} of {total}" if total > 1 else step
            if left:
                words += f", about {in_words(left)} left"
            offer(update_progress_artifact, self._artifact_id, percent, description=words)
        else:
            return
        self._shown = percent


def _link_report(run: Run, report: Path) -> None:
    """Leave a link to the HTML report in the Prefect UI: where it is served, else its file."""
    address = report.resolve().as_uri()
    if run.settings.report_url:
        address = f"{run.settings.report_url.rstrip('/')}/{quote(report.relative_to(run.output).as_posix())}"
    said = f"HTML report: run {run.run_id}"
    offer(create_link_artifact, address, link_text="Open the report", key="copydesk-report", description=said)


def _tell_of_breaches(breaches: pl.DataFrame) -> None:
    """Raise an event that names the sites which left their band, if any did, for automations to tell of.

    Only of a run that published: one that a gate stopped has failed, which is told of already.
    """
    if breaches.is_empty():
        return
    lines = [
        f"{row['site']}: {row['metric']} is {row['value']:.3g} {row['unit']}, expected {row['expected']}. {row['advice']}."
        for row in breaches.iter_rows(named=True)
    ]
    more = [f"and {len(lines) - MOST_TOLD:,} more in the report"] if len(lines) > MOST_TOLD else []
    emit_event(
        BREACH_EVENT,
        resource={
            "prefect.resource.id": f"prefect.flow-run.{flow_run.id}",
            "prefect.resource.name": str(flow_run.name),
        },
        payload={"message": "\n".join([*(one_line(line) for line in lines[:MOST_TOLD]), *more])},
    )


def _shard_once(step: str, function: Callable[..., RunCounts], run: Run, shard: Shard) -> RunCounts:
    """Do a step of one shard in a worker, unless an interrupted run did."""
    return RunCounts(*do_once(run, f"{step}-{shard.number}", lambda: run_watched(function, run, shard)))


def _whole(step: str, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a global stage in a worker and announce its begin and end."""
    return _announced(step, lambda: run_in_worker(function, *args, **kwargs))


def _announced(step: str, work: Callable[[], R]) -> R:
    """Do a stage, which gives its parts to the workers itself, and announce its begin and end."""
    announce(step, 0, 1)
    result = work()
    announce(step, 1, 1)
    return result
