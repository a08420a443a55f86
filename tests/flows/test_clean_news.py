"""The flow on a real Prefect server: what it publishes, what it leaves in the UI, how it fails."""

from __future__ import annotations

import json
import logging
import re
import time
from pathlib import Path

import dask
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort

from cleaners.errors import ContractBroken, CopydeskError
from flows.clean_news import clean_news
from flows.pipeline import RunResult
from flows.settings import Settings
from flows.store.locks import output_lock
from tests.conftest import SEEDS, read_tables, run_steps
from tests.flows.steps.test_health import SOON, feed

pytestmark = [pytest.mark.usefixtures("prefect_server"), pytest.mark.slow]


def names_of(kind: str) -> list[str]:
    with get_client(sync_client=True) as client:
        if kind == "flow runs":
            return [run.name for run in client.read_flow_runs()]
        if kind == "task runs":
            return [run.name for run in client.read_task_runs(limit=200)]
        return [str(artifact.key) for artifact in client.read_artifacts()]


def last_run() -> FlowRun:
    """The run that began last."""
    with get_client(sync_client=True) as client:
        (run,) = client.read_flow_runs(sort=FlowRunSort.START_TIME_DESC, limit=1)
    return run


def said_of_last_run() -> tuple[str, str, set[str]]:
    """The type and the name of its last state, and its tags."""
    run = last_run()
    assert run.state
    return run.state.type.value, run.state.name, set(run.tags)


def test_it_publishes_and_leaves_its_figures_in_the_ui_then_finds_nothing_new(tmp_path: Path) -> None:
    settings = Settings(sources=[str(SEEDS)], output=str(tmp_path), workers=2)
    result = clean_news(settings)
    assert isinstance(result, RunResult)
    assert result.status == "published"
    assert result.report
    assert result.report.is_file()
    tables = read_tables(tmp_path / "latest")  # by glob, as a reader does
    assert (tables.articles.height, tables.name_flags.filter("is_error").height) == (8, 1)
    pages = ("progress", "summary", "funnel", "removals", "clusters", "names", "health", "report")
    assert sorted(names_of("artifacts")) == sorted(f"copydesk-{page}" for page in pages)
    assert {"discover", "extract-0", "learn", "strip-0", "match", "names", "assemble", "gates", "publish"} <= set(
        names_of("task runs")
    )
    assert said_of_last_run() == ("COMPLETED", "8 new, 1 open flag", {"copydesk", "published"})
    assert any(re.fullmatch(r"seeds \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", name) for name in names_of("flow runs"))
    before = sorted((path, path.lstat().st_mtime_ns) for path in tmp_path.rglob("*"))
    again = clean_news(settings)
    assert (again.status, again.n_inputs) == ("nothing_new", 5)
    assert said_of_last_run() == ("COMPLETED", "Nothing new", {"copydesk", "nothing-new"})
    assert sorted((path, path.lstat().st_mtime_ns) for path in tmp_path.rglob("*")) == before


def test_a_dry_run_keeps_only_its_report(tmp_path: Path) -> None:
    result = clean_news(Settings(sources=[str(SEEDS)], output=str(tmp_path), workers=1, dry_run=True))
    assert result.status == "dry_run"
    assert said_of_last_run() == ("COMPLETED", "Dry run: 8 new, 1 open flag", {"copydesk", "dry-run"})
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [".lock", str(result.report and result.report.name)]
    )


def test_a_broken_gate_publishes_nothing_and_says_what_was_expected(tmp_path: Path) -> None:
    run_steps([SEEDS], tmp_path / "out")
    latest = (tmp_path / "out" / "latest").readlink()
    rows = [json.dumps({"text": "too short", "url": f"https://a.example/{n}"}) for n in range(60)]
    (tmp_path / "walls.jsonl").write_text("\n".join(rows))
    with pytest.raises(ContractBroken, match=r"reject_share is 1 share, expected at most 0\.9"):
        clean_news(Settings(sources=[str(tmp_path / "walls.jsonl")], output=str(tmp_path / "out"), workers=1))
    assert (tmp_path / "out" / "latest").readlink() == latest
    kind, name, tags = said_of_last_run()
    assert (kind, tags) == ("FAILED", {"copydesk", "gate-broken"})
    assert name == "Gate broken: extract/reject_share is 1 share, expected at most 0.9"


def test_a_site_out_of_its_band_is_a_warning_in_the_log_and_stands_in_the_list(tmp_path: Path) -> None:
    for day in range(1, 5):
        run_steps([feed(tmp_path / "in", day)], tmp_path / "out", f"2026010{day}T000000Z-0001", **SOON)
    sources = [str(feed(tmp_path / "in", 5, walled=True))]
    clean_news(Settings(sources=sources, output=str(tmp_path / "out"), workers=1, **SOON))
    _, name, tags = said_of_last_run()
    assert name.endswith("1 site out of band")
    assert tags == {"copydesk", "published", "out-of-band"}
    run_id, warned = last_run().id, []
    deadline = time.monotonic() + 20
    while not warned and time.monotonic() < deadline:  # the log is sent every two seconds
        time.sleep(0.5)
        with get_client(sync_client=True) as client:
            logs = client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id])))
        warned = [log.message for log in logs if log.level == logging.WARNING]
    assert any("out of its band: a.example" in message for message in warned)


def test_two_runs_cannot_overlap(tmp_path: Path) -> None:
    with output_lock(tmp_path), pytest.raises(CopydeskError, match="Another run"):
        clean_news(Settings(sources=[str(SEEDS)], output=str(tmp_path)))
    assert said_of_last_run() == ("FAILED", "Failed", {"copydesk", "failed"})


def test_it_goes_to_the_cluster_that_the_settings_name(tmp_path: Path) -> None:
    settings = Settings(sources=[str(SEEDS)], output=str(tmp_path), workers=1, dask="tcp://127.0.0.1:9")
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(CopydeskError, match=r"No Dask worker answers at tcp://127\.0\.0\.1:9"),
    ):
        clean_news(settings)


def test_its_parameters_are_a_described_form() -> None:
    schema = clean_news.parameters.model_dump()
    settings = schema["definitions"]["Settings"]["properties"]
    assert all(field.get("description") for field in settings.values())
    assert {"sources", "output", "cleaning", "input"} <= set(settings)
