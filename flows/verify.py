"""Whether snapshots are what their manifests say: takes an output folder, gives the files that are damaged and what to do.

Every file has its SHA-256 in the manifest. Files that snapshots share by hard links are read once.
"""

import os
from pathlib import Path
from typing import Any, NamedTuple

from cleaners.errors import CopydeskError
from flows.storage import ARCHIVE_INDEX, REBUILD_HINT, Snapshot, file_sha256, read_manifest


class Verdict(NamedTuple):
    """What was found in a snapshot: how many files and bytes it has, and a phrase for each that is damaged, by its path."""

    snapshot: Path
    n_files: int
    n_bytes: int
    damaged: dict[str, str]

    @property
    def is_intact(self) -> bool:
        """Whether every file is what the manifest says."""
        return not self.damaged

    @property
    def is_index_alone(self) -> bool:
        """Whether only the archive index is damaged, which can be made anew from the tables."""
        return not self.is_intact and all(name.startswith(ARCHIVE_INDEX) for name in self.damaged)


def verify_snapshot(path: Path, known: dict[int, str] | None = None) -> Verdict:
    """Hold every file of a snapshot against its manifest.

    Args:
        path: the snapshot's folder.
        known: digests by inode of files that were read before, to be added to; of one file system.
    """
    digests = {} if known is None else known
    try:
        snapshot = read_manifest(path)
    except CopydeskError as error:
        return Verdict(path, 0, 0, {"manifest.json": error.message})
    damaged = {}
    n_bytes = 0
    entries = [entry for table in snapshot.manifest["tables"].values() for entry in table["files"]]
    for entry in entries:
        trouble = _trouble(snapshot, entry, digests)
        if trouble:
            damaged[entry["path"]] = trouble
        n_bytes += entry.get("bytes", 0)
    return Verdict(path, len(entries), n_bytes, damaged)


def find_intact(output: Path, known: dict[int, str] | None = None) -> Path | None:
    """The newest snapshot of an output folder that is intact; None where there is none."""
    digests = {} if known is None else known
    for path in sorted((output / "runs").glob("*"), reverse=True):
        if verify_snapshot(path, digests).is_intact:
            return path
    return None


def describe_damage(verdict: Verdict, output: Path, known: dict[int, str] | None = None) -> CopydeskError:
    """The error that says what is damaged in a snapshot and by which command it is mended."""
    name, trouble = next(iter(verdict.damaged.items()))
    more = f", and {len(verdict.damaged) - 1} more" if len(verdict.damaged) > 1 else ""
    message = f"The snapshot {verdict.snapshot} is damaged: {name} {trouble}{more}."
    if verdict.is_index_alone:
        return CopydeskError(message, "The tables are sound. Build the index anew: copydesk reindex.")
    intact = find_intact(output, known)
    back = (
        f" Or go back to the newest intact snapshot, after which the next run reads what came since: ln -sfn runs/{intact.name} "
        f"{output / 'latest'}"
        if intact
        else ""
    )
    return CopydeskError(message, REBUILD_HINT + back)


def _trouble(snapshot: Snapshot, entry: dict[str, Any], digests: dict[int, str]) -> str | None:
    path = snapshot.path / entry["path"]
    try:
        status = path.stat()
        if status.st_size != entry.get("bytes"):
            return f"has {status.st_size} bytes, not {entry.get('bytes')}"
        if status.st_ino not in digests:
            digests[status.st_ino] = file_sha256(path)
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({os.strerror(error.errno or 0)})"
    return (
        None
        if digests[status.st_ino] == entry.get("sha256")
        else "has other bytes than were written (its SHA-256 differs)"
    )
