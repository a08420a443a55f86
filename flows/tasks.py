"""Prefect's face of a run: its steps as tasks, with retries, artifacts, a progress bar and events.

Tasks pass closures, shards and counts, never frames: hashing a 95 MB frame argument costs 1.6 s.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar
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
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import State, StateType
from prefect.events import emit_event
from prefect.exceptions import MissingContextError, ObjectNotFound
from prefect.futures import as_completed
from prefect.runtime import deployment, flow_run
from prefect.states import Completed, Failed

from cleaners.errors import ContractBroken, CopydeskError, GateBroken
from flows.pipeline import Published, Reported, RunResult
from flows.report.artifacts import list_artifacts, summary_rows
from flows.report.passages import one_line
from flows.run import Run
from flows.steps.plan import Plan, Shard
from flows.steps.progress import Estimate, in_words
from flows.steps.step import STEPS, Step
from flows.uplink import offer

# Raised by every run that published: what `no run has published` waits for.
PUBLISHED_EVENT = "copydesk.run.published"
# Raised by a run that published, though sites left the band of their earlier runs; its payload names them.
BREACH_EVENT = "copydesk.site.left-its-band"

MAX_NAMED = 20  # breaches named in a notice
# Shards that are submitted and not done, however many a run has; each has a thread that waits for its result.
MAX_IN_FLIGHT = 64

# On every run, besides what became of it: published, nothing-new, dry-run, gate-broken, failed, out-of-band.
TAG = "copydesk"
MAX_NAME = 120  # characters of a state's name

R = TypeVar("R")


def end_run(work: Callable[[], RunResult]) -> State[RunResult]:
    """Do the work of a run; give the final state that says in the list of runs what happened, with the result or the error.

    Anything but an error of ours is left to Prefect.
    """
    skip_overdue()
    try:
        result = work()
    except CopydeskError as error:
        is_gate = isinstance(error, GateBroken)
        _tag_run("gate-broken" if is_gate else "failed")
        return Failed(
            name=_name_gate(error) if isinstance(error, GateBroken) else "Failed", message=str(error), data=error
        )
    finally:
        skip_overdue()
    _tag_run(result.status.replace("_", "-"), *["out-of-band"] * (result.n_sites_out_of_band > 0))
    what = (
        f"{result.headline}."
        if result.status != "nothing_new"
        else f"Nothing new: all {result.n_inputs:,} inputs are known."
    )
    return Completed(name=result.headline, message=what, data=result)


def _name_gate(error: GateBroken) -> str:
    more = f" and {len(error.broken) - 1} more" if len(error.broken) > 1 else ""
    return f"Gate broken: {one_line(error.broken[0])[:MAX_NAME]}{more}"


def _tag_run(*tags: str) -> None:
    """Tag the run with what became of it."""

    def tag() -> None:
        with get_client(sync_client=True) as client:
            client.update_flow_run(UUID(str(flow_run.id)), tags=sorted({*flow_run.tags, TAG, *tags}))

    offer(tag)


def skip_overdue() -> None:
    """Remove the runs of the schedule that fell due before this run began, or while it worked: they would find nothing new.

    Runs by hand stay.
    """

    def skip() -> None:
        if not deployment.id:
            return
        due = FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=[UUID(str(deployment.id))]),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
            expected_start_time=FlowRunFilterExpectedStartTime(before_=datetime.now(UTC)),
        )
        with get_client(sync_client=True) as client:
            for found in client.read_flow_runs(flow_run_filter=due):
                if found.auto_scheduled and str(found.id) != str(flow_run.id):
                    with suppress(ObjectNotFound):  # another was quicker
                        client.delete_flow_run(found.id)

    offer(skip)


def may_pass(task: Any, task_run: Any, state: Any) -> bool:  # noqa: ANN401
    """Tell whether a failed task is worth another try: not when the error is one that a person must mend."""
    try:
        state.result()
    except CopydeskError:
        return False
    except Exception:
        return True
    return True


# Tried twice more. A bad document never gets here, it is a reject.
RETRIES: dict[str, Any] = {"retries": 2, "retry_delay_seconds": [1, 10], "retry_condition_fn": may_pass}


@task(cache_policy=NO_CACHE, persist_result=False)
def do_step(work: Callable[..., R], *args: object) -> R:
    """Do a step, or a step of one shard."""
    return work(*args)


class PrefectEngine:
    """Does each step as a Prefect task, shards as one task each, and leaves what it came to in the Prefect UI."""

    def __init__(self) -> None:
        self._reported: Reported | None = None

    def once(self, step: Step, work: Callable[[], R]) -> R:
        """Do a step that is one piece of work."""
        result: R = _task(step)(lambda: self._show(step, work))
        return result

    def each(self, step: Step, work: Callable[[Shard], R], shards: Sequence[Shard]) -> Iterator[tuple[Shard, R]]:
        """Do a step on every shard; no more than MAX_IN_FLIGHT wait at a time."""
        waiting = iter(shards)
        in_flight: dict[Any, Shard] = {}
        while True:
            for shard in islice(waiting, MAX_IN_FLIGHT - len(in_flight)):
                in_flight[_task(step, shard).submit(work, shard)] = shard
            if not in_flight:
                return
            future = next(iter(as_completed(list(in_flight))))
            yield in_flight.pop(future), future.result()

    def _show(self, step: Step, work: Callable[[], R]) -> R:
        """Do the work, and leave in the UI what it came to."""
        try:
            result = work()
        except ContractBroken:
            if self._reported:
                _link_report(self._reported.run, self._reported.file)
            raise
        if isinstance(result, Plan):
            counts = (result.n_inputs, result.n_known_inputs, result.n_restored_inputs, len(result.shards))
            get_run_logger().info("%d inputs, %d known, %d to strip again, %d shards", *counts)
        elif isinstance(result, Reported) and step is STEPS["report"]:
            self._reported = result
            _show_figures(result)
        elif isinstance(result, Reported):
            _link_report(result.run, result.file)
        elif isinstance(result, Published):
            if result.removed:
                get_run_logger().info("removed old snapshots: %s", ", ".join(result.removed))
            _link_report(result.run, result.snapshot / "report.html")
            emit_event(PUBLISHED_EVENT, resource=_name_resource())
            _tell_breaches(result.breaches)
        return result


class RunLog(logging.Handler):
    """Hands what the pipeline logs to the log of the Prefect run."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record in the run that is under way; outside of one there is nowhere to log it."""
        with suppress(MissingContextError):
            get_run_logger().log(record.levelno, record.getMessage())


@contextmanager
def logging_to_run() -> Iterator[None]:
    """Let the pipeline log into the run while the block runs."""
    logger, handler = logging.getLogger("flows.pipeline"), RunLog()
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def _task(step: Step, shard: Shard | None = None) -> Any:  # noqa: ANN401
    """The task of a step, under the step's name."""
    name = step.name if shard is None else f"{step.name}-{shard.number}"
    return do_step.with_options(name=step.name, task_run_name=name, **(RETRIES if step.is_repeatable else {}))


def _show_figures(reported: Reported) -> None:
    """Leave the figures of a run as artifacts."""
    run, figures = reported.run, reported.figures
    said = f"Figures: run {run.run_id}"
    offer(create_table_artifact, summary_rows(figures), key="copydesk-summary", description=said)
    for page in list_artifacts(figures, run.settings.output):
        offer(create_markdown_artifact, page.markdown, key=page.key, description=page.description)


class ProgressArtifact:
    """Shows the announced progress as a bar in the Prefect UI, with an estimate: a listener for `flows.steps.progress`."""

    MIN_STEP = 2.0  # percent; a call to the server for each shard of a hundred would be too many

    def __init__(self) -> None:
        self._artifact_id: UUID | None = None
        self._estimate = Estimate()
        self._percent: dict[str, float] = {}
        self._shown = 0.0

    def __call__(self, step: str, done: int, total: int) -> None:
        """Move the bar: at the end of a step, and in it every MIN_STEP. A run that finds nothing new has no bar."""
        percent = STEPS[step].share * done / max(1, total)
        self._percent[step] = max(percent, self._percent.get(step, 0.0))  # what was done ahead is announced again
        if step == "discover":
            return
        left = self._estimate(step, done, total)
        percent = sum(self._percent.values())
        if self._artifact_id is None:
            self._artifact_id = offer(create_progress_artifact, percent, key="copydesk-progress", description=step)  # type: ignore[assignment]
        elif done == total or percent >= self._shown + self.MIN_STEP:
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


def _name_resource() -> dict[str, str]:
    """The resource of an event of this run."""
    return {"prefect.resource.id": f"prefect.flow-run.{flow_run.id}", "prefect.resource.name": str(flow_run.name)}


def _tell_breaches(breaches: pl.DataFrame) -> None:
    """Warn in the log of sites that left their band, if any did, and raise an event for automations to report.

    Only of a run that published: one that a gate stopped has failed, which is reported already.
    """
    if breaches.is_empty():
        return
    lines = [
        f"{row['site']}: {row['metric']} is {row['value']:.3g} {row['unit']}, expected {row['expected']}. {row['advice']}."
        for row in breaches.iter_rows(named=True)
    ]
    for line in lines[:MAX_NAMED]:
        get_run_logger().warning("out of its band: %s", one_line(line))
    more = [f"and {len(lines) - MAX_NAMED:,} more in the report"] if len(lines) > MAX_NAMED else []
    emit_event(
        BREACH_EVENT,
        resource=_name_resource(),
        payload={"message": "\n".join([*(one_line(line) for line in lines[:MAX_NAMED]), *more])},
    )
