"""A run in the terminal: its progress, and where its results lie for whoever reads them."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from flows.cli.terminal import describe_result, show_result, showing_progress
from flows.pipeline import RunResult
from flows.settings import Settings
from flows.steps.progress import announce
from flows.steps.step import STEPS
from tests.conftest import Tables


def published(tables: Tables) -> RunResult:
    snapshot = tables.snapshot.resolve()
    return RunResult("published", snapshot.name, 5, snapshot, snapshot / "report.html", headline="8 new, 1 open flag")


def shown(result: RunResult, settings: Settings) -> str:
    out = io.StringIO()
    show_result(result, settings, Console(file=out, width=200))
    return out.getvalue()


def test_a_run_to_object_storage_names_the_address_that_readers_use_and_not_its_mirror(seed_tables: Tables) -> None:
    result, mirror = published(seed_tables), seed_tables.snapshot.parent
    settings = Settings(output="s3://bucket/news/", mirror=str(mirror))
    text = shown(result, settings)
    address = f"s3://bucket/news/runs/{result.run_id}"
    assert f"pl.read_parquet('{address}/articles/*.parquet')" in text
    assert f"{address}/report.html" in text
    assert "s3://bucket/news/latest.json" in text
    assert str(mirror) not in text
    assert describe_result(result, settings)["snapshot"] == address
    again = shown(result._replace(status="nothing_new"), settings)
    assert address in again
    assert str(mirror) not in again


def test_a_run_to_a_folder_names_the_folder(seed_tables: Tables) -> None:
    result = published(seed_tables)
    settings = Settings(output=str(seed_tables.snapshot.parent))
    assert f"pl.read_parquet('{seed_tables.snapshot.parent.resolve()}/latest/articles/*.parquet')" in shown(
        result, settings
    )
    described = describe_result(result, settings)
    assert (described["status"], described["headline"]) == ("published", "8 new, 1 open flag")
    assert described["figures"]["n_open_flags"] == 1
    assert described["figures"]["n_articles_in_snapshot"] == 8
    assert Path(described["snapshot"]).is_dir()


def test_a_step_done_before_prefect_was_there_is_said_once() -> None:
    out = io.StringIO()
    with showing_progress(Console(file=out, width=200)):
        for _ in range(2):
            announce("learn", 0, 1)
            announce("learn", 1, 1)
    assert out.getvalue().splitlines() == [f"{STEPS['learn'].title}: 1 of 1"]
