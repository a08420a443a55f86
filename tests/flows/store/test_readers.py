"""Readers in four tools while snapshots are published and removed: what docs/reading.md promises them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from threading import Event

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from flows.store.locks import output_lock
from flows.store.publication import drop_old_snapshots, move_into_place, write_sums
from flows.store.snapshots import lock_snapshot

pytestmark = pytest.mark.slow

N_PUBLISHED = 30
PUBLISHED_EVERY_S = 0.02  # as fast as a disk can, not as a newsroom does

# The errors of the four for a file that is not there.
GONE = (OSError, duckdb.IOException, pl.exceptions.ComputeError)

Read = Callable[[Path], list[list[int]]]


def publish(output: Path, number: int) -> None:
    """Publish a snapshot of `number` articles and clusters, each row of which says so; keep that one alone."""
    run_id = f"20260101T{number:06d}Z-0001"
    staged = output / "_staging" / run_id / "snapshot"
    for table in ("articles", "clusters"):
        (staged / table).mkdir(parents=True)
        pl.DataFrame({"n": [number] * number}).write_parquet(staged / table / f"{run_id}.parquet")
        if number > 1:  # a file that every snapshot shares
            (first,) = (output / "latest" / table).glob("*-0000.parquet")
            os.link(first, staged / table / first.name)
        else:
            pl.DataFrame({"n": [0]}).write_parquet(staged / table / "20260101T000000Z-0000.parquet")
    tables = {
        table: {"files": [{"path": f"{table}/{path.name}", "sha256": ""} for path in (staged / table).glob("*")]}
        for table in ("articles", "clusters")
    }
    (staged / "manifest.json").write_text(json.dumps({"run_id": run_id, "tables": tables}))
    write_sums(staged)
    with output_lock(output):
        move_into_place(output, staged, run_id)
        drop_old_snapshots(output, 1)


def read_polars(snapshot: Path) -> list[list[int]]:
    return [
        pl.scan_parquet(snapshot / table / "*.parquet").collect()["n"].to_list() for table in ("articles", "clusters")
    ]


def read_pandas(snapshot: Path) -> list[list[int]]:
    return [pd.read_parquet(snapshot / table, columns=["n"])["n"].to_list() for table in ("articles", "clusters")]


def read_duckdb(snapshot: Path) -> list[list[int]]:
    with duckdb.connect() as db:
        queries = [f"select n from '{snapshot / table}/*.parquet'" for table in ("articles", "clusters")]
        return [[n for (n,) in db.sql(query).fetchall()] for query in queries]


def read_pyarrow(snapshot: Path) -> list[list[int]]:
    return [ds.dataset(snapshot / table).to_table(columns=["n"])["n"].to_pylist() for table in ("articles", "clusters")]


READERS: list[Read] = [read_polars, read_pandas, read_duckdb, read_pyarrow]


@pytest.mark.parametrize("is_held", [True, False], ids=["held", "resolved"])
def test_a_reader_sees_one_snapshot_whole_or_that_it_is_gone(is_held: bool, tmp_path: Path) -> None:
    publish(tmp_path, 1)
    is_over = Event()

    def go_on_reading(read: Read) -> tuple[int, int]:
        n_read = n_gone = 0
        while not is_over.is_set() or not n_read:
            with lock_snapshot(tmp_path) if is_held else nullcontext() as held:
                snapshot = held.path if held else (tmp_path / "latest").resolve()
                number = int(snapshot.name[9:15])
                try:
                    rows = read(snapshot)
                except GONE:  # removed before it was opened
                    assert not is_held
                    n_gone += 1
                    continue
                except pa.ArrowInvalid as error:  # listed while it was removed, and taken for empty
                    assert not is_held
                    assert "No match for FieldRef.Name(n)" in str(error)
                    n_gone += 1
                    continue
                assert [sorted(found) for found in rows] == [[0, *[number] * number]] * 2
                n_read += 1
        return n_read, n_gone

    with ThreadPoolExecutor(len(READERS)) as threads:
        futures = [threads.submit(go_on_reading, read) for read in READERS]
        for number in range(2, N_PUBLISHED):
            publish(tmp_path, number)
            time.sleep(PUBLISHED_EVERY_S)
            if any(future.done() for future in futures):
                break
        is_over.set()
        assert all(future.result()[0] for future in futures)


@pytest.mark.parametrize("read", READERS)
def test_a_held_snapshot_stays_and_one_that_is_gone_says_so(read: Read, tmp_path: Path) -> None:
    """A held snapshot outlives any number of publications, and goes with the first after it was let go."""
    publish(tmp_path, 1)
    publish(tmp_path, 2)
    with lock_snapshot(tmp_path) as snapshot:
        for number in (3, 4, 5):
            publish(tmp_path, number)
        assert [sorted(rows) for rows in read(snapshot.path)] == [[0, 2, 2]] * 2
    publish(tmp_path, 6)
    assert not snapshot.path.exists()
    with pytest.raises(GONE):
        read(snapshot.path)
