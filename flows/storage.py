"""Snapshots on disk: reading them and writing their Parquet files.

output/_staging/<run_id>/         being written; read by nobody
output/runs/<run_id>/<table>/     a whole snapshot; files unchanged since the last run are hard links
output/runs/<run_id>/index/       what later runs need: inputs seen, evidence learned, the archive index, mentions
output/runs/<run_id>/manifest.json
output/runs/<run_id>/SHA256SUMS  digests of all of these, see flows/digests.py
output/latest -> runs/<run_id>
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from cleaners.document import SCHEMA_VERSION
from cleaners.errors import CopydeskError
from flows.digests import MANIFEST, SUMS, contradicts, parse_sums
from flows.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP_ROWS = 32_768  # 16-64 k rows a group: readers skip well and the footer stays small
ZSTD_LEVEL = 3
PLAIN_ARROW = {
    pl.String: "string",
    pl.Binary: "binary",
    pl.Boolean: "bool",
    pl.Float32: "float32",
    pl.Float64: "float64",
    pl.Int32: "int32",
    pl.Int64: "int64",
    pl.UInt8: "uint8",
    pl.UInt16: "uint16",
    pl.UInt32: "uint32",
    pl.UInt64: "uint64",
}
ARCHIVE_INDEX = "index/archive"  # see flows/archive.py
REBUILD_HINT = (
    "Read everything again and publish it: copydesk run --anew SOURCE... What is no longer among the sources will not be in "
    "it."
)
REINDEX_HINT = "The tables are sound. Build the index anew: copydesk reindex."


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
        """What the manifest says of one of its files."""
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
        without: a table or index whose files may be missing: the caller makes it anew.

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


def describe_columns() -> dict[str, list[str]]:
    """The columns of each published table as the manifest says them: name and type, in order."""
    from cleaners.schemas import TABLES

    return {
        table: [f"{name}: {dtype}" for name, dtype in schema.create_empty().schema.items()]
        for table, schema in TABLES.items()
    }


def describe_table(table: str) -> tuple[dict[str, str], dict[str, str]]:
    """Descriptions of the columns of a table, and what its files say of it; none for an index."""
    from cleaners.schemas import TABLES

    schema = TABLES.get(table)
    if schema is None:
        return {}, {}
    descriptions = {name: column.description or "" for name, column in schema.columns().items()}
    return descriptions, {
        "schema_version": SCHEMA_VERSION,
        "table": table,
        "description": (schema.__doc__ or "").strip(),
    }


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


def read_bytes(path: Path) -> bytes | None:
    """The bytes of a small file; None where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def parse_manifest(content: bytes) -> dict[str, Any]:
    """A manifest of its bytes; what everybody asks it for is there.

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
def hold_snapshot(output: Path, run_id: str = "latest") -> Iterator[Snapshot]:
    """Open a snapshot that nobody removes while the block runs, whatever is published meanwhile.

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
    """Whether a file is missing, or has another size than its manifest says."""
    try:
        status = path.stat()
    except OSError:
        return True
    return not stat.S_ISREG(status.st_mode) or (n_bytes is not None and status.st_size != n_bytes)


def is_held(snapshot: Path) -> bool:
    """Whether a reader holds a snapshot."""
    try:
        with (snapshot / "manifest.json").open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def write_parquet(
    frame: pl.DataFrame,
    path: Path,
    *,
    descriptions: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
) -> None:
    """Write a frame with plain Arrow types that every reader knows (no dictionaries, no 64-bit offsets).

    The file is either whole or not there: a run that goes on reads folders in which one that was killed had begun a file.

    Args:
        frame: the rows.
        path: the file; its folder is made.
        descriptions: a description a column, written into the field's metadata.
        metadata: key-value pairs of the file.
    """
    import pyarrow as pa  # here: commands that only read start a fifth of a second sooner
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    schema = pa.schema(
        [
            pa.field(name, _plain_arrow(dtype), metadata={"description": (descriptions or {}).get(name, "")})
            for name, dtype in frame.schema.items()
        ],
        metadata=metadata or {},
    )
    temporary = path.with_name(f".{path.name}.tmp")
    with pq.ParquetWriter(temporary, schema, compression="zstd", compression_level=ZSTD_LEVEL) as writer:
        for offset in range(0, frame.height, ROW_GROUP_ROWS):
            part = frame.slice(offset, ROW_GROUP_ROWS).to_arrow()
            writer.write_table(part.cast(schema), row_group_size=ROW_GROUP_ROWS)
    temporary.replace(path)


def write_json(value: Any, path: Path) -> None:  # noqa: ANN401
    """Write JSON so that the file is either whole or not there."""
    write_bytes(json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True).encode(), path)


def write_bytes(content: bytes, path: Path) -> None:
    """Write a file that is either whole or not there."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError:  # no room: what there is of it would take some
        temporary.unlink(missing_ok=True)
        raise


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def hold_digest(path: Path, entry: dict[str, Any]) -> None:
    """Hold a file against its entry in a manifest before its rows are written anew under a digest of their own.

    Raises:
        CopydeskError: it has other bytes.
    """
    if file_sha256(path) != entry["sha256"]:
        raise CopydeskError(
            f"{path} is damaged: it has other bytes than were written (its SHA-256 differs).",
            f"`copydesk verify` looks at the others. {REBUILD_HINT}",
        )


def decisions_file(settings: Settings) -> Path:
    """Where editors' decisions on name flags are kept."""
    return Path(settings.decisions) if settings.decisions else settings.folder / "decisions.csv"


def read_decisions(settings: Settings) -> str:
    """The text of the decisions, empty where nobody has decided anything.

    Raises:
        CopydeskError: the settings name a file that is not there, or it cannot be read.
    """
    path = decisions_file(settings)
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        if settings.decisions:
            raise CopydeskError(
                f"There is no file of decisions {path}.", "Check `decisions` in the settings."
            ) from error
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise CopydeskError(f"Cannot read the decisions {path}: {error}.", "It must be a CSV file in UTF-8.") from error


def read_authority(settings: Settings) -> str | None:
    """The text of the user's authority file, None where the settings name none.

    Raises:
        CopydeskError: it cannot be read.
    """
    if not settings.authority:
        return None
    try:
        return Path(settings.authority).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CopydeskError(
            f"Cannot read the authority file {settings.authority}: {error}.", "It must be a CSV file in UTF-8."
        ) from error


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


@contextmanager
def output_lock(output: Path) -> Iterator[None]:
    """Hold the output folder for one run; the kernel lets go of it when the process ends, however it ends.

    Raises:
        CopydeskError: another run holds it, the folder cannot be written, or its `latest` is no link.
    """
    check_latest(output)
    try:
        output.mkdir(parents=True, exist_ok=True)
        handle = os.open(output / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise CopydeskError(
            f"Cannot write to the output folder {output}: {error.strerror}.",
            "Let this user write to it, or choose another with --output.",
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CopydeskError(
                f"Another run is writing to {output}.", "Wait for it to end, or choose another folder with --output."
            ) from error
        yield
    finally:
        os.close(handle)


def _plain_arrow(dtype: Any) -> pa.DataType:  # noqa: ANN401
    import pyarrow as pa

    if isinstance(dtype, pl.List | pl.Array):
        return pa.list_(_plain_arrow(dtype.inner))
    if isinstance(dtype, pl.Datetime):
        return pa.timestamp(dtype.time_unit, tz=dtype.time_zone)
    return pa.type_for_alias(PLAIN_ARROW[dtype.base_type()])
