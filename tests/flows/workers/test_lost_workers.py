"""A worker that hangs or dies costs one document, which becomes a reject, and never the run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.workers import pool
from flows.workers.process import WorkerLost
from tests.conftest import Tables, read_tables, run_steps
from tests.flows import sabotage

pytestmark = pytest.mark.slow

STORY = (
    "The harbour board of {town} said on Monday that it had approved a second crane for the eastern quay. Work begins in "
    "March and should end before the winter storms, according to the chief engineer of {town}. {word}"
)
TOWNS = ("Aldmoor", "Brindle", "Corran", "Dunmere", "Eskwood", "Farrow", "Gullane", "Harwick")


def write_landing(folder: Path, words: dict[str, str]) -> Path:
    """A file a town, and the last four towns in one container."""
    folder.mkdir()
    for town in TOWNS[:4]:
        (folder / f"{town}.txt").write_text(STORY.format(town=town, word=words.get(town, "")))
    rows = [
        {"text": STORY.format(town=town, word=words.get(town, "")), "url": f"https://a.example/{town}"}
        for town in TOWNS[4:]
    ]
    (folder / "feed.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def towns_of(tables: Tables) -> set[str]:
    return {town for town in TOWNS if any(f"of {town}" in text for text in tables.articles["text"])}


def fates_of(tables: Tables) -> dict[str, tuple[str, str]]:
    return {
        uri.rsplit("/", 1)[-1]: (stage, reason)
        for uri, stage, reason in tables.rejects.select("source_uri", "stage", "reason").iter_rows()
    }


@pytest.mark.parametrize(
    ("where", "stage"), [("read_and_extract", "read"), ("strip", "strip"), ("find_names", "strip")]
)
def test_a_document_that_kills_its_worker_is_a_reject_and_the_others_are_read(
    tmp_path: Path, where: str, stage: str
) -> None:
    landing = write_landing(tmp_path / "landing", {"Farrow": sabotage.DIE})
    step = "extract" if stage != "strip" else "strip"
    run_steps([landing], tmp_path / "out", n_workers=1, **{step: getattr(sabotage, where)})
    tables = read_tables(tmp_path / "out" / "latest")
    assert fates_of(tables) == {"feed.jsonl#1": (stage, "crashed_worker")}
    assert towns_of(tables) == set(TOWNS) - {"Farrow"}
    assert "SIGSEGV" in tables.rejects["detail"].item()


def test_a_document_that_never_ends_is_a_reject_and_the_others_are_read(tmp_path: Path) -> None:
    landing = write_landing(tmp_path / "landing", {"Harwick": sabotage.HANG})
    # Modules that a worker loads for its first document count as that one's time.
    run_steps([landing], tmp_path / "out", n_workers=1, extract=sabotage.extract, document_time_limit_seconds=3)
    tables = read_tables(tmp_path / "out" / "latest")
    assert fates_of(tables) == {"feed.jsonl#3": ("extract", "timed_out")}
    assert towns_of(tables) == set(TOWNS) - {"Harwick"}
    assert "no end within 3 s" in tables.rejects["detail"].item()


def test_where_documents_lie_together_they_are_tried_one_by_one(tmp_path: Path) -> None:
    landing = write_landing(tmp_path / "landing", {"Brindle": sabotage.DIE})
    run_steps([landing], tmp_path / "out", n_workers=1, extract=sabotage.gather)
    tables = read_tables(tmp_path / "out" / "latest")
    assert fates_of(tables) == {"Brindle.txt": ("extract", "crashed_worker")}
    assert towns_of(tables) == set(TOWNS) - {"Brindle"}


def test_what_wants_too_much_memory_is_a_reject(tmp_path: Path) -> None:
    landing = write_landing(tmp_path / "landing", {"Corran": sabotage.HOG})
    run_steps([landing], tmp_path / "out", n_workers=1, extract=sabotage.extract, worker_memory_bytes=2**31)
    tables = read_tables(tmp_path / "out" / "latest")
    assert fates_of(tables) == {"Corran.txt": ("extract", "failed")}
    assert "MemoryError" in tables.rejects["detail"].item()


def test_a_worker_killed_from_outside_costs_nothing(tmp_path: Path, run_pipeline: Callable) -> None:
    landing = write_landing(tmp_path / "landing", {})
    run_steps([landing], tmp_path / "out", n_workers=2, workers=2, extract=sabotage.die_once)
    run_pipeline([landing], tmp_path / "undisturbed")
    mine, theirs = (read_tables(tmp_path / name / "latest") for name in ("out", "undisturbed"))
    assert mine.rejects.height == 0
    for name in ("articles", "removed_spans", "clusters", "name_mentions"):
        assert getattr(mine, name).equals(getattr(theirs, name)), name


def test_a_shard_whose_workers_die_for_no_document_ends_the_run_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "MAX_LOSSES", 2)
    landing = write_landing(tmp_path / "landing", {})
    with pytest.raises(WorkerLost, match="SIGABRT"):
        run_steps([landing], tmp_path / "out", n_workers=1, extract=sabotage.always_die)
    assert not (tmp_path / "out" / "latest").exists()
