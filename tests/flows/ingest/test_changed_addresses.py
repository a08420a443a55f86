"""Containers at addresses that change between discovery and the end of reading: on an S3 server and in memory."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fsspec
import polars as pl
import pytest

from bench.hostile.containers import make_record
from bench.hostile.corpus import GATES_OPEN
from cleaners.quality import RunCounts
from cleaners.text import TextConfig
from flows.ingest import formats, sources
from flows.ingest.formats import read_records
from flows.ingest.inputs import name_version, register_object_stores
from flows.ingest.sources import discover_inputs, find_changed
from flows.run import Run
from flows.settings import InputConfig
from flows.steps import extract
from flows.steps.plan import Shard
from flows.workers.marks import FIRST_TRY, Tries
from tests.conftest import run_steps
from tests.flows.steps.test_steps import STORIES
from tests.flows.test_faults import PAGE

pytestmark = pytest.mark.slow

FIRST, SECOND, THIRD = (f"2026010{day}T000000Z-0001" for day in range(1, 4))
Disturb = Callable[[str], None]


def containers() -> dict[str, bytes]:
    rows = [{"text": story, "url": f"https://a.example/{n}"} for n, story in enumerate(STORIES)]
    table = io.BytesIO()
    pl.DataFrame(rows).write_parquet(table)
    records = [make_record(f"https://b.example/{n}", PAGE.format(story).encode()) for n, story in enumerate(STORIES)]
    return {
        "feed.jsonl": "".join(json.dumps(row) + "\n" for row in rows).encode(),
        "feed.parquet": table.getvalue(),
        "crawl.warc.gz": b"".join(gzip.compress(record, mtime=0) for record in records),
    }


@pytest.fixture(params=["s3", "memory"])
def landing(request: pytest.FixtureRequest) -> Iterator[str]:
    """An address with the three containers."""
    address = "memory:///landing"  # as fsspec names it
    if request.param == "s3":
        address = request.getfixturevalue("s3_output").rsplit("/", 1)[0] + "/landing"
    for name, content in containers().items():
        put(f"{address}/{name}", content)
    yield address
    if request.param == "memory":
        fsspec.filesystem("memory").rm("/landing", recursive=True)


def system_of(uri: str) -> tuple[Any, str]:
    register_object_stores()
    system, path = fsspec.core.url_to_fs(uri)
    return system, path


def put(uri: str, content: bytes) -> None:
    system, path = system_of(uri)
    system.pipe_file(path, content)


def get(uri: str) -> bytes:
    system, path = system_of(uri)
    return bytes(system.cat_file(path))


def change(uri: str) -> None:
    put(uri, get(uri).replace(b"crane", b"CRANE")[::-1])  # of the same length


def vanish(uri: str) -> None:
    system, path = system_of(uri)
    system.rm_file(path)


def cut(uri: str) -> None:
    put(uri, get(uri)[:-50])


def grow(uri: str) -> None:
    put(uri, get(uri) + json.dumps({"text": STORIES[0].replace("harbour", "airport"), "id": 4}).encode() + b"\n")


def texts_of(output: Path) -> set[str]:
    return set(pl.read_parquet(output / "latest" / "articles" / "*.parquet")["text"])


def changed_in(output: Path) -> list[str]:
    rejects = pl.read_parquet(output / "latest" / "rejects" / "*.parquet")
    return rejects.filter(reason="changed")["source_uri"].to_list()


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # obstore's, of a file that it did not find
@pytest.mark.parametrize(
    ("name", "disturb"),
    [("feed.jsonl", change), ("feed.parquet", vanish), ("crawl.warc.gz", cut), ("feed.parquet", change)],
)
def test_a_container_that_changes_before_it_is_read_is_said_and_read_by_the_next_run(
    name: str, disturb: Disturb, landing: str, tmp_path: Path
) -> None:
    uri = f"{landing}/{name}"

    def disturbed(run: Run, shard: Shard, tries: Tries = FIRST_TRY) -> RunCounts:
        disturb(uri)
        return extract.extract_shard(run, shard, tries)

    settings = {"shard_bytes": 2**30, "cleaning": GATES_OPEN}
    run_steps([landing], tmp_path / "out", FIRST, extract=disturbed, **settings)
    assert changed_in(tmp_path / "out") == [uri]
    put(uri, containers()[name])  # as it was, with the digest that the last run discovered
    run_steps([landing], tmp_path / "out", SECOND, **settings)
    assert texts_of(tmp_path / "out") == set(STORIES)
    assert changed_in(tmp_path / "out") == []
    assert run_steps([landing], tmp_path / "out", THIRD, **settings) is None


@pytest.mark.parametrize(
    ("name", "disturb"), [("feed.jsonl", change), ("crawl.warc.gz", vanish), ("feed.parquet", cut)]
)
def test_a_container_that_changes_while_it_is_read_is_said_and_read_by_the_next_run(
    name: str, disturb: Disturb, landing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri, kind = f"{landing}/{name}", name.split(".")[1]
    read = formats.CONTAINER_READERS[kind]

    def disturbed(stream: Any, source: Any) -> Iterator[Any]:
        for number, item in enumerate(read(stream, source)):
            yield item
            if number == 0:
                disturb(uri)

    monkeypatch.setitem(formats.CONTAINER_READERS, kind, disturbed)
    run_steps([uri], tmp_path / "out", FIRST, cleaning=GATES_OPEN)
    assert changed_in(tmp_path / "out") == [uri]
    assert texts_of(tmp_path / "out") <= set(STORIES)
    monkeypatch.undo()
    put(uri, containers()[name])
    run_steps([uri], tmp_path / "out", SECOND, cleaning=GATES_OPEN)
    assert texts_of(tmp_path / "out") == set(STORIES)
    assert changed_in(tmp_path / "out") == []


def test_a_feed_that_only_grew_has_not_changed_and_the_rest_is_read_by_the_next_run(
    landing: str, tmp_path: Path
) -> None:
    uri = f"{landing}/feed.jsonl"

    def disturbed(run: Run, shard: Shard, tries: Tries = FIRST_TRY) -> RunCounts:
        counts = extract.extract_shard(run, shard, tries)
        grow(uri)
        return counts

    run_steps([uri], tmp_path / "out", FIRST, extract=disturbed)
    assert changed_in(tmp_path / "out") == []
    run_steps([uri], tmp_path / "out", SECOND)
    assert texts_of(tmp_path / "out") == {*STORIES, STORIES[0].replace("harbour", "airport")}


def test_what_its_store_says_is_as_it_was_is_not_read_again(landing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = InputConfig()
    found = discover_inputs([landing], config)
    digested = []

    def digest(uri: str, n_bytes: int) -> str:
        digested.append(uri)
        return str(found.inputs.filter(source_uri=uri)["raw_sha256"].item())

    monkeypatch.setattr(sources, "_digest_beginning", digest)
    assert find_changed(found.inputs, found.versions, config).is_empty()
    knows = landing.startswith("s3://")
    assert sorted(digested) == ([] if knows else [f"{landing}/{name}" for name in sorted(containers())])
    assert sorted(found.versions) == ([f"{landing}/{name}" for name in sorted(containers())] if knows else [])


def test_the_tag_of_a_web_server_is_no_name_of_bytes() -> None:
    assert name_version("https://nowhere.invalid/feed.jsonl") is None


def test_every_container_gives_the_same_records_from_an_address_as_from_a_disk(landing: str, tmp_path: Path) -> None:
    for name, content in containers().items():
        (tmp_path / name).write_bytes(content)
        read = []
        for folder in (landing, str(tmp_path)):
            row = discover_inputs([f"{folder}/{name}"], InputConfig()).inputs.row(0, named=True)
            piece = SimpleNamespace(**row, part=0, n_parts=1, stretch=None)
            batches = list(read_records(piece, InputConfig(), TextConfig()))
            assert sum(batch.rejects.height for batch in batches) == 0
            read.append(pl.concat([batch.records for batch in batches]).drop("source_uri"))
        assert read[0].height == len(STORIES)
        assert read[0].equals(read[1])
