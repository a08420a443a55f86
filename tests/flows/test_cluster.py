"""The same run on a Dask cluster of real worker processes: equal output, whatever dies in the middle."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import dask
import polars as pl
import pytest
from distributed import Client, LocalCluster
from prefect import task
from prefect.testing.utilities import prefect_test_harness

from cleaners.errors import CopydeskError
from cleaners.quality import RunCounts
from flows import tasks
from flows.clean_news import clean_news
from flows.planning import Shard
from flows.run import Run
from flows.settings import Settings
from tests.conftest import SEEDS, read_tables
from tests.flows import sabotage
from tests.flows.test_lost_workers import STORY, TOWNS, fates_of, towns_of

OF_THE_RUN = ("run_id", "detected_at")


@pytest.fixture(scope="module", autouse=True)
def _server() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with (
        dask.config.set({"distributed.worker.daemon": False}),
        LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as started,
    ):
        yield started


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The seeds and enough short stories for several shards."""
    folder = tmp_path_factory.mktemp("landing")
    for seed in SEEDS.iterdir():
        (folder / seed.name).write_bytes(seed.read_bytes())
    for number in range(48):
        town = f"{TOWNS[number % len(TOWNS)]} {number}"
        (folder / f"{number:02}.txt").write_text(STORY.format(town=town, word=f"It cost {number} thousand crowns."))
    return folder


def run_on(dask_address: str | None, sources: Path, output: Path, **more: object) -> Path:
    settings = Settings(sources=[str(sources)], output=str(output), workers=2, dask=dask_address, **more)
    result = clean_news(settings)
    assert result.status == "published"
    return output / "latest"


def contents(snapshot: Path) -> dict[str, list[dict[str, object]]]:
    """Every table, row by row, without what names the run."""
    manifest = json.loads((snapshot / "manifest.json").read_text())
    return {
        table: pl.read_parquet(sorted((snapshot / table).glob("*.parquet"))).drop(OF_THE_RUN, strict=False).to_dicts()
        for table in manifest["tables"]
        if not table.startswith("index/")
    }


@pytest.fixture(scope="module")
def expected(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, object]]]:
    return contents(run_on(None, landing, tmp_path_factory.mktemp("default")))


def test_a_local_cluster_gives_the_output_of_the_default_runner(
    landing: Path, expected: dict[str, list[dict[str, object]]], tmp_path: Path
) -> None:
    found = contents(run_on("local", landing, tmp_path))
    assert found.keys() == expected.keys()
    for table, rows in expected.items():
        assert found[table] == rows, table


def test_a_worker_killed_in_the_middle_changes_nothing(
    landing: Path, expected: dict[str, list[dict[str, object]]], tmp_path: Path, cluster: LocalCluster
) -> None:
    killed: list[int] = []

    def kill() -> None:
        with Client(cluster.scheduler_address, set_as_default=False) as client:
            pids = client.run(os.getpid)
            while not list(tmp_path.rglob("extract-*.json")):
                time.sleep(0.01)
            victim = min(pids.values())
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)

    killer = Thread(target=kill, daemon=True)
    killer.start()
    found = contents(run_on(cluster.scheduler_address, landing, tmp_path))
    killer.join(timeout=10)
    assert killed
    assert found == expected


@task(name="extract")
def sabotaged_extract(run: Run, shard: Shard) -> RunCounts:
    return tasks._shard_once("extract", sabotage.extract, run, shard)


def test_a_document_that_kills_its_worker_costs_itself_alone_there_too(
    tmp_path: Path, cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "extract", sabotaged_extract)
    landing = tmp_path / "landing"
    landing.mkdir()
    for town in TOWNS:
        word = sabotage.DIE if town == "Corran" else ""
        (landing / f"{town}.txt").write_text(STORY.format(town=town, word=word))
    tables = read_tables(run_on(cluster.scheduler_address, landing, tmp_path / "out"))
    assert fates_of(tables) == {"Corran.txt": ("extract", "crashed_worker")}
    assert towns_of(tables) == set(TOWNS) - {"Corran"}


def test_no_scheduler_at_the_address_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(CopydeskError, match=r"No Dask worker answers at tcp://127\.0\.0\.1:9"),
    ):
        run_on("tcp://127.0.0.1:9", SEEDS, tmp_path)


def test_a_worker_that_does_not_see_the_output_says_so(tmp_path: Path) -> None:
    run = Run("run-1", Settings(output=str(tmp_path)), tmp_path, tmp_path / "elsewhere", None, None)  # type: ignore[arg-type]
    with pytest.raises(CopydeskError, match=r"does not see .*elsewhere"):
        tasks._shard_once("extract", sabotage.extract, run, Shard(0, ()))
