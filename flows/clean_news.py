"""The flow `clean-news`: scraped news in, one published snapshot out. The steps stand in `flows/pipeline.py`."""

import re
from datetime import UTC, datetime
from typing import Any

from prefect import flow
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from flows.pipeline import RunResult, run_pipeline, working
from flows.settings import Settings
from flows.steps.progress import listening
from flows.tasks import MAX_IN_FLIGHT, PrefectEngine, ProgressArtifact, end_run, logging_to_run
from flows.uplink import reporting
from flows.workers.dask import workers_found

# Threads that wait for worker processes, here or of a Dask cluster; the processes do the work, so that a thread costs nothing.
TASK_RUNNER: Any = ThreadPoolTaskRunner(max_workers=MAX_IN_FLIGHT)


def name_run() -> str:
    """Return the name of the run in the Prefect UI: the last part of its first source's path, and the time (UTC)."""
    settings: Any = flow_run.parameters.get("settings")
    sources = settings.get("sources", []) if isinstance(settings, dict) else getattr(settings, "sources", [])
    first = re.split(r"[/\\]", sources[0].rstrip("/\\"))[-1] if sources else "no source"
    more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
    return f"{first}{more} {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"


@flow(name="clean-news", flow_run_name=name_run, task_runner=TASK_RUNNER, persist_result=False)
def clean_news(settings: Settings) -> RunResult:
    """Clean scraped news and publish it as one Parquet snapshot.

    Args:
        settings: where to read, where to write, and how each step decides.
    """
    state: Any = end_run(lambda: _run(settings))  # Prefect gives the caller the result in it, or raises the error
    return state  # type: ignore[no-any-return]


def _run(settings: Settings) -> RunResult:
    with (
        reporting() as outcome,
        working(settings),
        workers_found(settings),
        listening(ProgressArtifact()),
        logging_to_run(),
    ):
        return outcome.keep(run_pipeline(settings, PrefectEngine()))
