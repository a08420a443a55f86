"""Output and sources on object storage: a real S3 server on loopback, two writers, crashes between uploads."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import obstore
import pytest
from obstore.store import ObjectStore, from_url

from cleaners.errors import CopydeskError
from flows.ingest.sources import discover_inputs
from flows.pipeline import run_pipeline
from flows.settings import Settings
from flows.steps.engine import PlainEngine
from flows.store import objects, upload
from flows.store.files import file_sha256
from flows.store.objects import Pointer
from flows.store.remote import pull_latest, pull_run
from flows.store.snapshots import latest_snapshot
from flows.store.upload import drop_remote_snapshots, push_snapshot
from tests.conftest import SEEDS, read_tables

pytestmark = [pytest.mark.usefixtures("s3_server"), pytest.mark.slow]


@pytest.fixture
def output(s3_output: str) -> str:
    """An address in a bucket of its own."""
    return s3_output


def keys(output: str) -> set[str]:
    return {str(item["path"]) for page in obstore.list(from_url(output)) for item in page}


def read_json(store: ObjectStore, key: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(bytes(obstore.get(store, key).bytes()))
    return found


def stage(settings: Settings, run_id: str, base: str | None, **files: str) -> Path:
    """A staged snapshot of one table of small files."""
    staged = settings.folder / "_staging" / run_id / "snapshot"
    (staged / "articles").mkdir(parents=True)
    entries = []
    for name, content in files.items():
        path = staged / "articles" / name
        path.write_text(content)
        entries.append({"path": f"articles/{name}", "rows": 1, "bytes": len(content), "sha256": file_sha256(path)})
    manifest = {
        "run_id": run_id,
        "previous_run_id": base,
        "created_at": "2026-11-22T08:00:00+00:00",
        "tables": {"articles": {"files": entries, "rows": len(entries)}},
    }
    (staged / "manifest.json").write_text(json.dumps(manifest))
    return staged


def publish(settings: Settings, run_id: str, base: str | None, **files: str) -> None:
    push_snapshot(settings, stage(settings, run_id, base, **files))
    pull_latest(settings)


def test_a_run_reads_from_a_bucket_publishes_to_one_and_another_machine_goes_on(output: str, tmp_path: Path) -> None:
    bucket = output.rsplit("/", 1)[0]
    for seed in sorted(SEEDS.iterdir())[:4]:
        obstore.put(from_url(bucket), f"landing/{seed.name}", seed)
    plain = PlainEngine()
    here = Settings(sources=[f"{bucket}/landing"], output=output, mirror=str(tmp_path / "here"), workers=1)
    first = run_pipeline(here, plain)
    assert (first.status, first.n_inputs) == ("published", 4)
    assert run_pipeline(here, plain).status == "nothing_new"
    there = here.model_copy(update={"mirror": str(tmp_path / "there")})
    assert run_pipeline(there, plain).status == "nothing_new"
    last = sorted(SEEDS.iterdir())[4]
    obstore.put(from_url(bucket), f"landing/{last.name}", last)
    second = run_pipeline(there, plain)
    assert (second.status, second.n_inputs) == ("published", 5)
    assert read_json(from_url(output), "latest.json")["run_id"] == second.run_id
    pull_latest(here)
    for mirror in (here, there):
        tables = read_tables(mirror.folder / "latest")
        assert (tables.articles.height, tables.name_flags.filter("is_error").height) == (8, 1)
    assert {f"runs/{run.run_id}/report.html" for run in (first, second)} <= keys(output)


def test_what_did_not_change_is_copied_by_the_store(
    output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(output=output, mirror=str(tmp_path))
    publish(settings, "run-1", None, a="old")
    uploaded = []
    put = obstore.put
    monkeypatch.setattr(
        obstore, "put", lambda store, key, *args, **more: (uploaded.append(key), put(store, key, *args, **more))[1]
    )
    publish(settings, "run-2", "run-1", a="old", b="new")
    assert sorted(uploaded) == ["latest.json", "runs/run-2/articles/b", "runs/run-2/manifest.json"]
    assert (settings.folder / "latest" / "articles" / "a").read_text() == "old"
    inode = {name: (settings.folder / "runs" / name / "articles" / "a").stat().st_ino for name in ("run-1", "run-2")}
    assert inode["run-1"] == inode["run-2"], "the mirror fetched what it had"


def test_of_two_writers_the_second_fails_and_leaves_nothing(output: str, tmp_path: Path) -> None:
    one, other = (Settings(output=output, mirror=str(tmp_path / name)) for name in ("one", "other"))
    publish(one, "run-1", None, a="1")
    pull_latest(other)
    publish(one, "run-2", "run-1", a="2")
    with pytest.raises(CopydeskError, match=r"Another run \(run-2\) published"):
        push_snapshot(other, stage(other, "run-3", "run-1", a="3"))
    assert read_json(from_url(output), "latest.json")["run_id"] == "run-2"
    assert not [key for key in keys(output) if key.startswith("runs/run-3")]


@pytest.mark.parametrize("base", [None, "run-1"])
def test_between_reading_the_pointer_and_putting_it_only_one_writer_wins(
    output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str | None
) -> None:
    """The race itself: the other writer's pointer arrives after this one looked."""
    one, other = (Settings(output=output, mirror=str(tmp_path / name)) for name in ("one", "other"))
    if base:
        publish(one, "run-1", None, a="1")
    look, raced = objects.read_pointer, []

    def look_and_lose(store: ObjectStore) -> Pointer | None:
        seen = look(store)
        if not raced:
            raced.append(True)
            push_snapshot(one, stage(one, "run-2", base, a="2"))
        return seen

    staged = stage(other, "run-3", base, a="3")
    monkeypatch.setattr(upload, "read_pointer", look_and_lose)
    with pytest.raises(CopydeskError, match=r"Another run \(run-2\) published"):
        push_snapshot(other, staged)
    assert read_json(from_url(output), "latest.json")["run_id"] == "run-2"
    assert not [key for key in keys(output) if key.startswith("runs/run-3")]


def _push_slowly(settings: Settings, staged: Path) -> None:
    put = obstore.put

    def slow_put(store: ObjectStore, key: str, *args: object, **more: object) -> object:
        result = put(store, key, *args, **more)  # type: ignore[arg-type]
        with Path(settings.folder, "uploads").open("a") as uploads:
            uploads.write(f"{key}\n")
        time.sleep(0.3)
        return result

    obstore.put = slow_put  # type: ignore[assignment]
    push_snapshot(settings, staged)


def test_a_writer_killed_between_uploads_changes_nothing_and_the_next_clears_up(output: str, tmp_path: Path) -> None:
    settings = Settings(output=output, mirror=str(tmp_path))
    publish(settings, "run-1", None, a="1")
    staged = stage(settings, "run-2", "run-1", **{f"f{number:02}": str(number) for number in range(40)})
    killed = multiprocessing.get_context("spawn").Process(target=_push_slowly, args=(settings, staged))
    killed.start()
    progress = tmp_path / "uploads"
    deadline = time.monotonic() + 60
    while not progress.exists() or len(progress.read_text().splitlines()) < 9:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert killed.pid
    os.kill(killed.pid, signal.SIGKILL)
    killed.join()
    half = [key for key in keys(output) if key.startswith("runs/run-2")]
    assert 0 < len(half) < 41
    assert "runs/run-2/manifest.json" not in half
    reader = Settings(output=output, mirror=str(tmp_path / "reader"))
    pull_latest(reader)
    snapshot = latest_snapshot(reader.folder)
    assert snapshot is not None
    assert snapshot.run_id == "run-1"
    publish(settings, "run-3", "run-1", a="3")
    assert drop_remote_snapshots(settings, keep=5) == ["run-2"]
    assert {key.split("/")[1] for key in keys(output) if key.startswith("runs/")} == {"run-1", "run-3"}


def test_old_snapshots_go_and_an_earlier_one_can_be_fetched(output: str, tmp_path: Path) -> None:
    settings = Settings(output=output, mirror=str(tmp_path / "a"))
    base = None
    for number in range(4):
        publish(settings, f"run-{number}", base, a=str(number))
        base = f"run-{number}"
    assert drop_remote_snapshots(settings, keep=2) == ["run-0", "run-1"]
    reader = Settings(output=output, mirror=str(tmp_path / "b"))
    pull_latest(reader)
    pull_run(reader, "run-2")
    assert (reader.folder / "runs" / "run-2" / "articles" / "a").read_text() == "2"


def test_a_damaged_object_is_named(output: str, tmp_path: Path) -> None:
    settings = Settings(output=output, mirror=str(tmp_path / "a"))
    publish(settings, "run-1", None, a="whole")
    obstore.put(from_url(output), "runs/run-1/articles/a", b"whol?")
    reader = Settings(output=output, mirror=str(tmp_path / "b"))
    with pytest.raises(CopydeskError, match=r"damaged: 1 object.*articles/a"):
        pull_latest(reader)
    assert not (reader.folder / "latest").exists()


def test_no_bucket_and_no_server_are_reported(output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(output="s3://copydesk-none/news", mirror=str(tmp_path))
    with pytest.raises(CopydeskError, match="object storage at s3://copydesk-none/news failed"):
        push_snapshot(settings, stage(settings, "run-1", None, a="1"))
    with pytest.raises(CopydeskError, match="does not exist"):
        discover_inputs([f"{output}/nothing"], settings.input)


def test_the_mirror_of_an_address_has_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Settings(output="s3://bucket/news").folder == tmp_path / "copydesk" / "s3-bucket-news"
    assert Settings(output="out").folder == Path("out")
