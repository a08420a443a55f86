from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from cleaners.errors import CopydeskError
from flows.store.files import write_json, write_parquet
from flows.store.locks import output_lock
from flows.store.snapshots import find_snapshot, latest_snapshot, read_snapshot


def test_parquet_has_plain_types_and_descriptions(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"name": ["a", None], "people": [["x"], []], "at": [None, None], "n": [1, 2]},
        schema_overrides={"at": pl.Datetime("us", "UTC")},
    )
    path = tmp_path / "deep" / "table.parquet"
    write_parquet(frame, path, descriptions={"name": "who"}, metadata={"schema_version": "1"})
    schema = pq.read_schema(path)
    assert [str(field.type) for field in schema] == [
        "string",
        "list<element: string>",
        "timestamp[us, tz=UTC]",
        "int64",
    ]
    assert schema.field("name").metadata[b"description"] == b"who"
    assert schema.metadata[b"schema_version"] == b"1"
    assert pl.read_parquet(path).equals(frame)


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rejects" / "changed.parquet"

    def be_killed(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(pq.ParquetWriter, "write_table", be_killed)
        with pytest.raises(SystemExit):
            write_parquet(pl.DataFrame({"a": [1]}), path)
    assert not list(path.parent.glob("*.parquet"))
    write_parquet(pl.DataFrame({"a": [1]}), path)
    assert [found.name for found in path.parent.iterdir()] == ["changed.parquet"]


def test_an_empty_table_keeps_its_columns(tmp_path: Path) -> None:
    frame = pl.DataFrame(schema={"a": pl.String, "b": pl.Float64})
    write_parquet(frame, tmp_path / "empty.parquet")
    assert pl.read_parquet(tmp_path / "empty.parquet").schema == frame.schema


def test_no_snapshot_before_the_first_run(tmp_path: Path) -> None:
    assert latest_snapshot(tmp_path) is None
    with pytest.raises(CopydeskError, match="Nothing was published"):
        find_snapshot(tmp_path, "latest")


def test_a_damaged_snapshot_is_named(tmp_path: Path) -> None:
    with pytest.raises(CopydeskError, match="not a snapshot"):
        read_snapshot(tmp_path)
    write_json(
        {"run_id": "r", "tables": {"articles": {"files": [{"path": "articles/a.parquet"}]}}}, tmp_path / "manifest.json"
    )
    with pytest.raises(CopydeskError, match=r"articles/a\.parquet"):
        read_snapshot(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"run_id": "r"}))
    with pytest.raises(CopydeskError, match="not a snapshot"):
        read_snapshot(tmp_path)


def test_one_writer_at_a_time_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    code = (
        "import sys, time, pathlib; from flows.store.locks import output_lock\n"
        f"with output_lock(pathlib.Path({str(tmp_path)!r})):\n print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(CopydeskError, match="Another run"), output_lock(tmp_path):
            pass
    finally:
        holder.kill()
        holder.wait()
    with output_lock(tmp_path):
        assert (tmp_path / ".lock").exists()
