"""The same run on a Dask cluster of real worker processes: equal output, whatever dies in the middle."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import dask
import polars as pl
import pytest
from distributed import Client, LocalCluster

from bench.scale.news_corpus import make_articles
from cleaners.errors import CopydeskError
from flows import pipeline
from flows.pipeline import run_pipeline, working
from flows.run import Run
from flows.settings import Settings
from flows.steps import learn, match, names, parts
from flows.steps.engine import PlainEngine
from flows.steps.plan import Shard
from flows.store.digests import SUMS
from flows.store.tables import CHANGES
from flows.workers import dask as on_cluster
from flows.workers.pool import run_for_cluster, run_watched
from flows.workers.process import WorkerLost
from tests.conftest import OF_A_RUN, SEEDS, read_tables
from tests.flows import sabotage
from tests.flows.workers.test_lost_workers import STORY, TOWNS, fates_of, towns_of

pytestmark = pytest.mark.slow

# Undated articles are grouped by the run's time.
OF_THE_RUN = (*OF_A_RUN, "detected_at", "seen_at", "first_at", "last_at", "span_days")


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
    with working(settings), on_cluster.workers_found(settings):
        result = run_pipeline(settings, PlainEngine(settings.n_workers))
    assert result.status == "published"
    return output / "latest"


def contents(snapshot: Path) -> dict[str, list[dict[str, object]]]:
    """Every table, row by row, without what names the run."""
    manifest = json.loads((snapshot / "manifest.json").read_text())
    return {
        table: pl.read_parquet(sorted((snapshot / table).glob("*.parquet"))).drop(OF_THE_RUN, strict=False).to_dicts()
        for table in manifest["tables"]
        if not table.startswith("index/") and table != CHANGES
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


STEPS_IN_SHARDS = {"extract_shard", "strip_shard"}
STEPS_IN_PARTS = {
    "_learn_parts",
    "index_lot",
    "_probe",
    "_explain",
    "_gather_part",
    "_judge_share",
    "_join_shares",
    "write_part",
}


def make_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds so low that every step over the archive has parts; what is not sent to a cluster runs here, where they hold."""
    monkeypatch.setattr(pipeline, "worker_pool", lambda _: nullcontext())
    monkeypatch.setattr(learn, "KEYS_AT_ONCE", 20_000)
    monkeypatch.setattr(match, "ARTICLES_AT_ONCE", 50)
    monkeypatch.setattr(match, "LOOKUPS_AT_ONCE", 1)
    monkeypatch.setattr(match, "PAIRS_AT_ONCE", 5)
    for module in (parts, names):
        monkeypatch.setattr(module, "ARTICLES_A_PART", 40)


def run_twice(
    folder: Path, kept: Path, monkeypatch: pytest.MonkeyPatch, address: str | None = None
) -> dict[str, bytes]:
    """Publish a corpus in two runs, in the same places and under the same names whatever the runner; give every file."""
    (folder / "in").mkdir(parents=True)
    for name, start, stop in (("20260101T000000Z-0001", 0, 150), ("20260102T000000Z-0002", 150, 210)):
        monkeypatch.setattr(pipeline, "name_run_id", lambda _, name=name: name)
        rows = (f"{json.dumps(article)}\n" for article in make_articles(start, stop, 1_000))
        (folder / "in" / f"{start}.jsonl").write_text("".join(rows))
        run_on(address, folder / "in", folder / "out", shard_bytes=2**16)
    folder.rename(kept)
    files = (
        path
        for path in (kept / "out" / "runs").rglob("*")
        if path.is_file() and path.name not in ("manifest.json", SUMS)
    )
    return {path.relative_to(kept).as_posix(): path.read_bytes() for path in files}


def test_steps_over_the_archive_in_parts_give_the_same_bytes_also_when_a_worker_is_killed_in_matching(
    tmp_path: Path, cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_small(monkeypatch)
    expected = run_twice(tmp_path / "news", tmp_path / "default", monkeypatch)
    send, sent, killed = on_cluster._map_on_cluster, set(), []

    def kill(client: Client, pids: dict[str, int], n_calls: int) -> None:
        near: list[Path] = []
        while not near:
            time.sleep(0.002)
            near = list((tmp_path / "news").rglob("near/*.parquet"))
        busy = next(address for address, keys in client.processing().items() if keys)
        os.kill(pids[busy], signal.SIGKILL)
        killed.append(n_calls - len(near))

    def watched(
        client: Client, on_worker: Callable[..., Any], function: Callable[..., Any], calls: list[tuple[Any, ...]]
    ) -> list[Any]:
        sent.add(function.__name__)
        is_second_run = (tmp_path / "news" / "out" / "latest").exists()
        if function.__name__ != "_probe" or not is_second_run:
            return send(client, on_worker, function, calls)
        killer = Thread(target=kill, args=(client, client.run(os.getpid), len(calls)), daemon=True)
        killer.start()
        results = send(client, on_worker, function, calls)
        killer.join(timeout=10)
        return results

    monkeypatch.setattr(on_cluster, "_map_on_cluster", watched)
    found = run_twice(tmp_path / "news", tmp_path / "dask", monkeypatch, cluster.scheduler_address)
    assert sent == STEPS_IN_PARTS | STEPS_IN_SHARDS
    with Client(cluster.scheduler_address, set_as_default=False) as client:
        assert set(client.run(sabotage.has_imported, "prefect").values()) == {False}
    assert killed[0] > 10  # parts that were still to be done
    assert found.keys() == expected.keys()
    assert [name for name, content in expected.items() if found[name] != content] == []


def test_a_process_lost_in_a_part_is_reported_once_the_other_parts_have_ended(
    tmp_path: Path, cluster: LocalCluster
) -> None:
    run = Run("run-1", Settings(output=str(tmp_path), dask="set"), tmp_path, tmp_path, None, None)  # type: ignore[arg-type]
    with Client(cluster.scheduler_address, set_as_default=False) as client:
        send = partial(on_cluster._map_on_cluster, client, run_for_cluster, sabotage.die_or_be_late)
        with pytest.raises(WorkerLost, match="SIGKILL"):
            send([(run, number) for number in range(3)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["late-1", "late-2"]


def test_a_document_that_kills_its_worker_costs_itself_alone_there_too(
    tmp_path: Path, cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "extract_shard", sabotage.extract)
    landing = tmp_path / "landing"
    landing.mkdir()
    for town in TOWNS:
        word = sabotage.DIE if town == "Corran" else ""
        (landing / f"{town}.txt").write_text(STORY.format(town=town, word=word))
    tables = read_tables(run_on(cluster.scheduler_address, landing, tmp_path / "out"))
    assert fates_of(tables) == {"Corran.txt": ("extract", "crashed_worker")}
    assert towns_of(tables) == set(TOWNS) - {"Corran"}


def test_a_worker_that_does_not_see_the_output_says_so(tmp_path: Path) -> None:
    run = Run("run-1", Settings(output=str(tmp_path)), tmp_path, tmp_path / "elsewhere", None, None)  # type: ignore[arg-type]
    with pytest.raises(CopydeskError, match=r"does not see .*elsewhere"):
        run_watched(sabotage.extract, run, Shard(0, 0))
