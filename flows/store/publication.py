"""The moment of publication: a whole staged snapshot becomes the published one, old ones go.

A reader sees the last snapshot or the new one, never a mix: the folder is complete before `output/latest`, a symbolic
link, is replaced by an atomic rename.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from cleaners.errors import CopydeskError
from flows.store.digests import MANIFEST, RENEWABLE, SUMS, digest_bytes, format_sums, list_entries
from flows.store.files import file_sha256, write_bytes
from flows.store.snapshots import is_held, parse_manifest, read_manifest
from flows.store.upgrade import CARRIED


class Dropped(NamedTuple):
    """Outcome for old snapshots: the runs removed, those spared because a reader holds them, how many are left."""

    removed: list[str]
    held: list[str]
    n_kept: int


def seal_snapshot(staged: Path) -> None:
    """Write the digests of a staged snapshot, the last thing before it is published; what a killed step had begun is removed."""
    named = {*list_entries(parse_manifest((staged / MANIFEST).read_bytes())), MANIFEST, *RENEWABLE}
    for path in sorted(path for path in staged.rglob("*") if path.is_file()):
        if path.relative_to(staged).as_posix() not in named:
            path.unlink()
    write_sums(staged)


def write_sums(snapshot: Path) -> None:
    """Write the digests of a snapshot's files: those of tables and indexes as the manifest has them."""
    content = (snapshot / MANIFEST).read_bytes()
    digests = {name: str(entry["sha256"]) for name, entry in list_entries(parse_manifest(content)).items()}
    digests |= {name: file_sha256(snapshot / name) for name in RENEWABLE if (snapshot / name).exists()}
    write_bytes(format_sums({**digests, MANIFEST: digest_bytes(content)}), snapshot / SUMS)


def move_into_place(output: Path, staged: Path, run_id: str) -> Path:
    """Publish a staged snapshot under a run's id; the caller holds the output lock.

    Returns:
        The published snapshot's folder.
    """
    runs = output / "runs"
    runs.mkdir(exist_ok=True)
    published = runs / run_id
    _sync_tree(staged)
    staged.rename(published)
    _sync_folder(runs)
    point_latest(output, run_id)
    return published


def finish_publication(output: Path) -> Path | None:
    """Do the last step of a run that was killed between moving its snapshot and switching `output/latest`.

    Such a snapshot is whole and passed its gates; its staging folder is still there. The caller holds the output lock.

    Returns:
        The snapshot that is published now; None where there was nothing to finish.
    """
    latest = (output / "latest").resolve()
    for staging in sorted((output / "_staging").glob("*")):
        moved = output / "runs" / staging.name
        if not moved.is_dir() or moved.resolve() == latest:
            continue
        with suppress(CopydeskError):
            previous = read_manifest(moved).manifest.get("previous_run_id")
            if previous is None or previous == latest.name:
                point_latest(output, staging.name)
                return moved
        shutil.rmtree(moved)  # it was never published, and does not follow the latest one
    return None


def point_latest(output: Path, run_id: str) -> None:
    """Let `output/latest` name the snapshot of a run; the caller holds the output lock."""
    link = output / f".latest-{run_id}"
    link.unlink(missing_ok=True)  # of a process that was killed here
    link.symlink_to(Path("runs") / run_id)
    link.replace(output / "latest")
    _sync_folder(output)


def clear_staging(output: Path) -> None:
    """Remove all intermediate files; the caller holds the output lock, so no one else writes there."""
    for folder in ("_staging", CARRIED):
        shutil.rmtree(output / folder, ignore_errors=True)
    for link in output.glob(".latest-*"):
        link.unlink(missing_ok=True)


def drop_old_snapshots(output: Path, keep: int) -> Dropped:
    """Keep the newest `keep` snapshots, whatever `output/latest` names, and what a reader holds.

    What an earlier call or a `restore` was killed at is removed too. The caller holds the output lock.
    """
    graves = output / "_staging"
    for grave in (*graves.glob("dropped-*"), *graves.glob("restore-*")):
        shutil.rmtree(grave)
    latest = (output / "latest").resolve()
    runs = sorted(path for path in (output / "runs").glob("*") if path.is_dir())
    removed, held = [], []
    for path in runs[:-keep]:
        if path.resolve() == latest:
            continue
        if is_held(path):
            held.append(path.name)
            continue
        # Out of the readers' sight at once; what is half deleted when the machine stops is cleared by the next call or run.
        grave = graves / f"dropped-{path.name}"
        graves.mkdir(exist_ok=True)
        path.rename(grave)
        shutil.rmtree(grave)
        removed.append(path.name)
    with suppress(OSError):  # an interrupted run's files are in it, or it is not there
        graves.rmdir()
    return Dropped(removed, held, len(runs) - len(removed))


def _sync_tree(folder: Path) -> None:
    """Flush every file and folder to the disk, so that a power cut after the switch loses nothing."""
    for root, _, names in os.walk(folder):
        for name in names:
            with Path(root, name).open("rb") as handle:
                os.fsync(handle.fileno())
        _sync_folder(Path(root))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
