"""The snapshot that a run builds on, in today's columns: takes an output folder, gives its latest snapshot.

One that an older version wrote, with other columns, is carried over once: into a folder of its own beside the staging area, where
files of other columns are written again (a missing column is null, or its stated default) and all others are hard links. The
published snapshot stays as it is.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl

from cleaners.document import SCHEMA_VERSION
from cleaners.errors import CopydeskError
from flows.store.digests import SUMS_KEY
from flows.store.files import file_sha256, write_json, write_parquet
from flows.store.snapshots import Snapshot, check_digest, check_version, latest_snapshot, read_manifest, read_snapshot
from flows.store.tables import describe_columns, describe_table

CARRIED = "_carried"


def open_previous(output: Path, *, rebuild: bool = False) -> Snapshot | None:
    """Open the latest snapshot in today's columns; the caller holds the output lock.

    Args:
        output: the output folder.
        rebuild: build on nothing, whatever state the latest snapshot is in.

    Returns:
        The snapshot, or None before the first publication and with `rebuild`.

    Raises:
        CopydeskError: the snapshot is damaged, or a newer version of Copydesk wrote it.
    """
    if rebuild:
        check_latest_version(output)
        return None
    snapshot = latest_snapshot(output)
    if snapshot:
        _check_columns(snapshot)
    if snapshot is None or not _differing_tables(snapshot):
        return snapshot
    return _carry_over(snapshot, output / CARRIED / snapshot.run_id)


def check_latest_version(output: Path) -> None:
    """Refuse to replace the latest snapshot where a newer version wrote it; one that is damaged may be replaced.

    Raises:
        CopydeskError: a newer version of Copydesk wrote it.
    """
    try:
        latest = read_manifest((output / "latest").resolve())
    except CopydeskError:
        return
    check_version(latest)


def _check_columns(snapshot: Snapshot) -> None:
    """Refuse a snapshot of this schema version with columns that this program does not know: it would drop them.

    Raises:
        CopydeskError: a newer version of Copydesk wrote it.
    """
    known = {table: {_name(column) for column in columns} for table, columns in describe_columns().items()}
    for table, held in snapshot.manifest["tables"].items():
        unknown = {_name(column) for column in held.get("columns", ())} - known.get(table, set())
        if unknown and snapshot.manifest.get("schema_version") == SCHEMA_VERSION:
            raise CopydeskError(
                f"A newer version of Copydesk wrote {snapshot.path}: {table} has {', '.join(sorted(unknown))}.",
                "Use the newer version. Nothing was changed.",
            )


def _name(column: str) -> str:
    """The name in a manifest's `name: type`."""
    return column.partition(":")[0]


def _differing_tables(snapshot: Snapshot) -> list[str]:
    """The tables that were written with other columns than today's, or by a version that did not say with which."""
    tables = snapshot.manifest["tables"]
    return [
        name
        for name, columns in describe_columns().items()
        if name in tables and tables[name].get("columns") != columns
    ]


def _carry_over(snapshot: Snapshot, target: Path) -> Snapshot:
    if target.is_dir():
        with suppress(CopydeskError):
            carried = read_snapshot(target)
            if not _differing_tables(carried):
                return carried
    shutil.rmtree(target.parent, ignore_errors=True)
    unfinished = target.with_name(f".{target.name}")
    differing, columns = _differing_tables(snapshot), describe_columns()
    tables = {}
    for table, held in snapshot.manifest["tables"].items():
        is_differing = table in differing
        entries = [_carry_file(snapshot, table if is_differing else None, entry, unfinished) for entry in held["files"]]
        tables[table] = {**held, "files": entries, **({"columns": columns[table]} if is_differing else {})}
    manifest = {key: value for key, value in snapshot.manifest.items() if key != SUMS_KEY}  # it is not published
    write_json({**manifest, "tables": tables}, unfinished / "manifest.json")
    unfinished.rename(target)
    return read_snapshot(target)


def _carry_file(snapshot: Snapshot, table: str | None, entry: dict[str, Any], target: Path) -> dict[str, Any]:
    """Link a file, or write it again where it has other columns than `table`; give its entry in the manifest."""
    from cleaners.schemas import TABLES, fit_to_contract

    source, copy = snapshot.path / entry["path"], target / entry["path"]
    copy.parent.mkdir(parents=True, exist_ok=True)
    if table is None or pl.read_parquet_schema(source) == TABLES[table].create_empty().schema:
        os.link(source, copy)
        return entry
    check_digest(source, entry)
    rows = fit_to_contract(pl.read_parquet(source, glob=False), table)
    descriptions, metadata = describe_table(table)
    write_parquet(rows, copy, descriptions=descriptions, metadata=metadata)
    return {**entry, "rows": rows.height, "bytes": copy.stat().st_size, "sha256": file_sha256(copy)}
