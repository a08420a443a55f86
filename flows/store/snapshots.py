"""Snapshots on disk, read: the latest, one by its name, its manifest, and whether it is whole.

output/_staging/<run_id>/         being written; not for readers
output/runs/<run_id>/<table>/     a whole snapshot; files unchanged since the last run are hard links
output/runs/<run_id>/index/       what later runs need: inputs seen, evidence learned, the archive index, mentions
output/runs/<run_id>/manifest.json
output/latest -> runs/<run_id>
"""

from __future__ import annotations

import fcntl
import json
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from cleaners.document import SCHEMA_VERSION
from cleaners.errors import CopydeskError
from flows.store.digests import MANIFEST, SUMS, contradicts, parse_sums
from flows.store.files import file_sha256, read_bytes

ARCHIVE_INDEX = "index/archive"  # see flows/store/archive.py
REBUILD_HINT = (
    "Read everything again and publish it: copydesk run --rebuild SOURCE... What is no longer among the sources will not be in "
    "it."
)
REINDEX_HINT = "The tables are sound. Rebuild the index: copydesk reindex."


class Snapshot(NamedTuple):
    """A published snapshot: its folder and its manifest."""

    path: Path
    manifest: dict[str, Any]

    @property
    def run_id(self) -> str:
        """The run that published it."""
        return str(self.manifest["run_id"])

    def files(self, table: str) -> list[Path]:
        """The Parquet files of a table or of an index (`index/inputs`), oldest first."""
        return [self.path / entry["path"] for entry in self.manifest["tables"].get(table, {}).get("files", [])]

    def entry(self, path: Path) -> dict[str, Any]:
        """Return the manifest's entry of one of its files."""
        name = path.relative_to(self.path).as_posix()
        entries: Iterator[dict[str, Any]] = (
            entry for table in self.manifest["tables"].values() for entry in table["files"] if entry["path"] == name
        )
        return next(entries)

    def scan(self, table: str, schema: pl.Schema) -> pl.LazyFrame:
        """A table of the snapshot, lazily, with the columns of `schema` at least; without rows where the snapshot has none."""
        paths = self.files(table)
        if not paths:
            return pl.LazyFrame(schema=schema)
        rows = pl.scan_parquet(paths, glob=False)
        held = rows.collect_schema()
        missing = [name for name in schema if name not in held]  # in rows of an older version
        if not missing:
            return rows
        from cleaners.schemas import default_of

        return rows.with_columns(default_of(table, name).cast(schema[name]).alias(name) for name in missing)


def latest_snapshot(output: Path) -> Snapshot | None:
    """The snapshot that `output/latest` names, or None before the first publication.

    Raises:
        CopydeskError: the link or the manifest is damaged.
    """
    link = output / "latest"
    if not link.is_symlink() and not link.exists():
        return None
    return read_snapshot(link.resolve())


def name_latest(output: Path) -> str | None:
    """The run that `output/latest` names, whatever state its snapshot is in; None before the first publication."""
    link = output / "latest"
    return link.readlink().name if link.is_symlink() else None


def find_latest(output: Path) -> Path | None:
    """The folder of the snapshot that `output/latest` names; None before the first publication."""
    name = name_latest(output)
    return output / "runs" / name if name else None


def read_snapshot(path: Path, without: str | None = None) -> Snapshot:
    """Open the snapshot in a folder.

    Args:
        path: the folder.
        without: a table or index whose files may be missing: the caller rebuilds it.

    Raises:
        CopydeskError: there is no readable manifest, or a file it names is missing.
    """
    snapshot = read_manifest(path)
    check_version(snapshot)
    entries = [entry for table in snapshot.manifest["tables"].values() for entry in table["files"]]
    damaged = [
        entry["path"]
        for entry in entries
        if not (without and entry["path"].startswith(without)) and _is_cut(path / entry["path"], entry.get("bytes"))
    ]
    if damaged and all(name.startswith(ARCHIVE_INDEX) for name in damaged):
        raise CopydeskError(
            f"Of the archive index of {path} {len(damaged)} file(s) are missing or cut short, first {damaged[0]}.",
            REINDEX_HINT,
        )
    if damaged:
        raise CopydeskError(
            f"Of the snapshot {path} {len(damaged)} file(s) are missing or cut short, first {damaged[0]}.",
            f"`copydesk verify` looks at the others. {REBUILD_HINT}",
        )
    return snapshot


def check_version(snapshot: Snapshot) -> None:
    """Refuse a snapshot that a newer version of Copydesk wrote: what this one made of it would lack columns.

    Raises:
        CopydeskError: it is newer.
    """
    version = snapshot.manifest.get("schema_version", 1)
    if int(version) > int(SCHEMA_VERSION):
        raise CopydeskError(
            f"A newer version of Copydesk wrote {snapshot.path}: its tables are of schema {version}, this version knows "
            f"{SCHEMA_VERSION}.",
            "Use the newer version. Nothing was changed.",
        )


def read_manifest(path: Path) -> Snapshot:
    """Open the snapshot in a folder by its manifest alone; its files may be damaged.

    Raises:
        CopydeskError: there is no readable manifest.
    """
    hint = f"`copydesk verify` names the snapshots that are intact. {REBUILD_HINT}"
    try:
        content = (path / MANIFEST).read_bytes()
        manifest = parse_manifest(content)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise CopydeskError(
            f"{path} is not a snapshot: its manifest.json cannot be read ({type(error).__name__}: {error}).", hint
        ) from error
    sums = read_bytes(path / SUMS)
    if sums is not None and contradicts(parse_sums(sums), content):
        raise CopydeskError(f"{path} is damaged: its {MANIFEST} is not what its {SUMS} says.", hint)
    return Snapshot(path, manifest)


def parse_manifest(content: bytes) -> dict[str, Any]:
    """Parse a manifest, and check that the fields which every reader needs are there.

    Raises:
        ValueError, LookupError, TypeError, AttributeError: it is none.
    """
    manifest: dict[str, Any] = json.loads(content.decode("utf-8"))
    for table in manifest["tables"].values():
        for entry in table["files"]:
            if not isinstance(entry["path"], str):
                raise TypeError(f"{entry['path']!r} names no file")
    _ = manifest["run_id"], int(manifest.get("schema_version", 1))
    return manifest


def find_snapshot(output: Path, run_id: str) -> Snapshot:
    """The snapshot of a run, or the latest one.

    Raises:
        CopydeskError: there is none of that name; the message lists those there are.
    """
    return read_snapshot(find_folder(output, run_id))


def find_folder(output: Path, run_id: str) -> Path:
    """The folder of a run's snapshot, or of the latest one, whatever state it is in.

    Raises:
        CopydeskError: there is none of that name; the message lists those there are.
    """
    if run_id == "latest":
        link = output / "latest"
        if not link.is_symlink() and not link.exists():
            raise CopydeskError(f"Nothing was published in {output} yet.", "Run: copydesk run SOURCE...")
        return link.resolve()
    path = output / "runs" / run_id
    if not path.is_dir():
        there = sorted(entry.name for entry in (output / "runs").glob("*")) or ["none"]
        raise CopydeskError(f"There is no run {run_id} in {output}.", f"Runs kept: {', '.join(there)}.")
    return path


@contextmanager
def lock_snapshot(output: Path, run_id: str = "latest") -> Iterator[Snapshot]:
    """Open a snapshot that is not removed while the block runs, whatever is published meanwhile.

    A shared lock on its manifest; other programs take it with `flock -s .../manifest.json COMMAND`.

    Raises:
        CopydeskError: there is no such snapshot.
    """
    while True:
        snapshot = find_snapshot(output, run_id)
        manifest = snapshot.path / "manifest.json"
        try:
            handle = manifest.open("rb")
        except FileNotFoundError:  # removed between the two lines: `latest` names another by now
            continue
        with handle:
            fcntl.flock(handle, fcntl.LOCK_SH)
            if manifest.exists():
                yield snapshot
                return


def _is_cut(path: Path, n_bytes: int | None) -> bool:
    """Tell whether a file is missing, or has another size than its manifest says."""
    try:
        status = path.stat()
    except OSError:
        return True
    return not stat.S_ISREG(status.st_mode) or (n_bytes is not None and status.st_size != n_bytes)


def is_held(snapshot: Path) -> bool:
    """Tell whether a reader holds a snapshot."""
    try:
        with (snapshot / "manifest.json").open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def check_digest(path: Path, entry: dict[str, Any]) -> None:
    """Check a file against its entry in a manifest before its rows are rewritten under a digest of their own.

    Raises:
        CopydeskError: it has other bytes.
    """
    if file_sha256(path) != entry["sha256"]:
        raise CopydeskError(
            f"{path} is damaged: it has other bytes than were written (its SHA-256 differs).",
            f"`copydesk verify` looks at the others. {REBUILD_HINT}",
        )


def check_latest(output: Path) -> None:
    """Refuse to write to an output whose `latest` is no link, as where a copy made with `cp -rL` was put into its place.

    Raises:
        CopydeskError: it is a folder or a file; the hint says by which commands it becomes a published snapshot.
    """
    latest = output / "latest"
    if latest.is_symlink() or not latest.exists():
        return
    aside = output / "latest-copy"
    raise CopydeskError(
        f"{latest} is no link to a snapshot under {output / 'runs'}, so no other snapshot can take its place.",
        f"If it is a copy of a snapshot, publish it: mv {shlex.quote(str(latest))} {shlex.quote(str(aside))} && copydesk restore "
        f"{shlex.quote(str(aside))} --output {shlex.quote(str(output))}. If not, move it away.",
    )
