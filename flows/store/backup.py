"""Restore of a backup: takes a copy of a snapshot, as `cp -rL output/latest BACKUP` makes it, and publishes it as the latest one.

The copy is verified before anything is touched, and what was copied from it is verified again before it is published. What else
lies under `runs` stays; the next run builds on what was restored.
"""

import re
import shutil
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from cleaners.errors import CopydeskError
from flows.settings import Settings
from flows.store.digests import MANIFEST, REPORT, SUMS, list_entries, parse_sums
from flows.store.files import read_bytes
from flows.store.locks import output_lock
from flows.store.objects import POINTER, format_pointer, get_object, list_keys, open_store, read_pointer
from flows.store.publication import move_into_place, point_latest
from flows.store.snapshots import read_manifest
from flows.store.upload import upload_snapshot
from flows.store.verify import Verdict, verify_snapshot, verify_stored

_RUN_ID = re.compile(r"\w[\w.-]*", re.ASCII)
_NOTHING_DONE = "The output is as it was."


class Restored(NamedTuple):
    """Outcome of a restore: the snapshot, how much it holds, and whether it was under `runs` already."""

    snapshot: Path | str
    n_files: int
    n_bytes: int
    was_there: bool

    @property
    def description(self) -> str:
        """One line that says so."""
        how = "was there already and is the latest snapshot now" if self.was_there else "is published from the backup"
        return f"{self.snapshot} {how}: {self.n_files} files, {self.n_bytes:,} bytes, all as they were written."


def restore_snapshot(settings: Settings, backup: Path) -> Restored:
    """Publish a copy of a snapshot as the latest one, under the run that made it.

    Args:
        settings: the output to publish to; nothing need be there.
        backup: the copy's folder.

    Raises:
        CopydeskError: the copy is no snapshot or is damaged, another snapshot has its name, or a run is writing to the output.
    """
    verdict = verify_snapshot(backup)
    run_id = _check_backup(backup, verdict)
    output = settings.folder
    with output_lock(output):
        staging = output / "_staging" / f"restore-{run_id}"  # no run's name: it is not taken for a run to go on with
        shutil.rmtree(staging, ignore_errors=True)
        place = output / "runs" / run_id
        was_there = _is_there(place, backup, verify_snapshot(place)) if place.is_dir() else False
        try:
            staged = place if was_there else _copy(backup, staging / "snapshot")
            if settings.is_remote:
                _publish_to_store(settings, staged, backup)
            if was_there:
                point_latest(output, run_id)
            else:
                if place.exists():  # damaged
                    place.rename(staging / "damaged")
                move_into_place(output, staged, run_id)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            with suppress(OSError):  # an interrupted run's files are in it
                staging.parent.rmdir()
    published = f"{settings.output.rstrip('/')}/runs/{run_id}" if settings.is_remote else place
    return Restored(published, verdict.n_files, verdict.n_bytes, was_there)


def _check_backup(backup: Path, verdict: Verdict) -> str:
    """The run that made a backup; an error where it cannot be restored."""
    if not (backup / MANIFEST).is_file():
        raise CopydeskError(
            f"{backup} is no backup: it has no {MANIFEST}.",
            "Name the folder that `cp -rL output/latest BACKUP` made, the one with the manifest in it.",
        )
    if not verdict.is_intact:
        name, trouble = next(iter(verdict.damaged.items()))
        more = f", and {len(verdict.damaged) - 1} more" if len(verdict.damaged) > 1 else ""
        raise CopydeskError(
            f"The backup {backup} is damaged: {name} {trouble}{more}.",
            f"{_NOTHING_DONE} Restore another copy, or read everything again: copydesk run --rebuild SOURCE...",
        )
    run_id = read_manifest(backup).run_id
    outside = [
        name for name in _names(backup) if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts
    ]
    if outside or not _RUN_ID.fullmatch(run_id):
        raise CopydeskError(
            f"The backup {backup} names what no run writes: {outside[0] if outside else run_id}.", _NOTHING_DONE
        )
    return run_id


def _is_there(place: Path | str, backup: Path, verdict: Verdict, manifest: bytes | None = None) -> bool:
    """Tell whether the snapshot of a backup is published already, and sound.

    Raises:
        CopydeskError: a sound snapshot with other content has its name.
    """
    if not verdict.is_intact:
        return False
    there = read_bytes(Path(place) / MANIFEST) if manifest is None else manifest
    if there == read_bytes(backup / MANIFEST):
        return True
    raise CopydeskError(
        f"Another snapshot has the name of the backup's: {place}.",
        f"{_NOTHING_DONE} The backup is of another output; restore it into a folder of its own with --output.",
    )


def _names(snapshot: Path) -> list[str]:
    """The files of a snapshot that a run wrote."""
    content = read_bytes(snapshot / SUMS)
    named = {*list_entries(read_manifest(snapshot).manifest), MANIFEST}
    named |= (
        {REPORT} & {path.name for path in snapshot.iterdir()}
        if content is None
        else {SUMS, *parse_sums(content).digests}
    )
    return sorted(named)


def _copy(backup: Path, staged: Path) -> Path:
    """Copy the files of a snapshot, and verify the copy.

    Raises:
        CopydeskError: what was written is not what was read.
    """
    for name in _names(backup):
        (staged / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(backup / name, staged / name)
    verdict = verify_snapshot(staged)
    if not verdict.is_intact:
        name, trouble = next(iter(verdict.damaged.items()))
        raise CopydeskError(
            f"What was copied from {backup} is not what was read: {name} {trouble}.",
            f"{_NOTHING_DONE} Look at the disk of the output, then restore again.",
        )
    return staged


def _publish_to_store(settings: Settings, staged: Path, backup: Path) -> None:
    """Upload a snapshot, unless the store has it whole, and let the pointer name it.

    Raises:
        CopydeskError: the store has another snapshot of the name, or another writer published meanwhile.
    """
    import obstore
    from obstore.exceptions import AlreadyExistsError, PreconditionError

    manifest = read_manifest(staged).manifest
    run_id = manifest["run_id"]
    prefix = f"runs/{run_id}/"
    with open_store(settings.output) as store:
        pointer = read_pointer(store)
        there = get_object(store, f"{prefix}{MANIFEST}")
        place = f"{settings.output.rstrip('/')}/{prefix.rstrip('/')}"
        if there is None or not _is_there(place, backup, verify_stored(settings.output, run_id)[1], there):
            upload_snapshot(store, staged, run_id, {})
            names = {f"{prefix}{name}" for name in _names(staged)}
            strays = [key for key in list_keys(store, prefix) if key[key.index(prefix) :] not in names]
            if strays:
                obstore.delete(store, strays)
        try:
            obstore.put(
                store, POINTER, format_pointer(manifest), mode={"e_tag": pointer.e_tag} if pointer else "create"
            )
        except (AlreadyExistsError, PreconditionError) as error:
            raise CopydeskError(
                f"Another writer published to {settings.output} meanwhile; "
                "the backup is in the store, but it is not the latest snapshot.",
                "Restore again if it is still wanted.",
            ) from error
