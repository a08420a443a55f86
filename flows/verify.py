"""Whether snapshots are what their manifests say: takes an output folder, gives the files that are damaged and what to do.

Every file has its SHA-256 in the manifest. Files that snapshots share by hard links are read once.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from cleaners.errors import CopydeskError
from flows.object_store import TRANSFERS_AT_ONCE, digest_object, get_object, list_keys, name_published, open_store
from flows.remote import refetch_run
from flows.settings import Settings
from flows.storage import (
    ARCHIVE_INDEX,
    REBUILD_HINT,
    REINDEX_HINT,
    Snapshot,
    file_sha256,
    find_folder,
    output_lock,
    parse_manifest,
    read_manifest,
)

OTHER_BYTES = "has other bytes than were written (its SHA-256 differs)"


class Verdict(NamedTuple):
    """What was found in a snapshot: how many files and bytes it has, and a phrase for each that is damaged, by its path.

    `snapshot` is its folder, or its address on object storage.
    """

    snapshot: Path | str
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


def verify_output(settings: Settings, run_id: str, known: dict[int, str]) -> tuple[Verdict, str | None]:
    """Verify a snapshot where it is published; on object storage its mirror too, which is fetched anew if it alone is damaged.

    Args:
        settings: the output.
        run_id: a run, or `latest`.
        known: as for `verify_snapshot`.

    Returns:
        What was found where it is published, and which file of the mirror was damaged.

    Raises:
        CopydeskError: there is no such snapshot; or the mirror is damaged, and a run is writing to it.
    """
    if not settings.is_remote:
        return verify_snapshot(find_folder(settings.folder, run_id), known), None
    name, verdict = verify_stored(settings.output, run_id)
    mirror = settings.folder / "runs" / name
    if not verdict.is_intact or not mirror.is_dir():
        return verdict, None
    here = verify_snapshot(mirror, known)
    if here.is_intact:
        return verdict, None
    with output_lock(settings.folder):
        refetch_run(settings, name)
    return verdict, next(iter(here.damaged))


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


def verify_stored(address: str, run_id: str = "latest") -> tuple[str, Verdict]:
    """Hold every object of a snapshot on object storage against its manifest; each is read whole, and none is kept.

    Args:
        address: of the output.
        run_id: a run under `address`/runs, or `latest`.

    Returns:
        The run, and what was found.

    Raises:
        CopydeskError: nothing was published there, the pointer is damaged, or the store fails.
    """
    with open_store(address) as store:
        name = name_published(store) if run_id == "latest" else run_id
        if name is None:
            raise CopydeskError(f"Nothing was published in {address} yet.", "Run: copydesk run SOURCE...")
        place = f"{address.rstrip('/')}/runs/{name}"
        content = get_object(store, f"runs/{name}/manifest.json")
        if content is None and not list_keys(store, f"runs/{name}/"):
            raise CopydeskError(f"There is no run {name} in {address}.", "`copydesk verify` looks at the latest one.")
        if content is None:
            return name, Verdict(place, 0, 0, {"manifest.json": "is missing"})
        try:
            tables = parse_manifest(content)["tables"]
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            return name, Verdict(place, 0, 0, {"manifest.json": f"cannot be read ({type(error).__name__}: {error})"})
        entries = [entry for table in tables.values() for entry in table["files"]]
        with ThreadPoolExecutor(TRANSFERS_AT_ONCE) as pool:
            found = list(pool.map(lambda entry: digest_object(store, f"runs/{name}/{entry['path']}"), entries))
    damaged = {}
    for entry, digest in zip(entries, found, strict=True):
        if digest is None:
            damaged[entry["path"]] = "is missing"
        elif digest[1] != entry.get("bytes"):
            damaged[entry["path"]] = f"has {digest[1]} bytes, not {entry.get('bytes')}"
        elif digest[0] != entry.get("sha256"):
            damaged[entry["path"]] = OTHER_BYTES
    return name, Verdict(place, len(entries), sum(entry.get("bytes", 0) for entry in entries), damaged)


def find_intact(output: Path, known: dict[int, str] | None = None) -> Path | None:
    """The newest snapshot of an output folder that is intact; None where there is none."""
    digests = {} if known is None else known
    for path in sorted((output / "runs").glob("*"), reverse=True):
        if verify_snapshot(path, digests).is_intact:
            return path
    return None


def describe_damage(
    verdict: Verdict, output: Path, known: dict[int, str] | None = None, address: str | None = None
) -> CopydeskError:
    """The error that says what is damaged in a snapshot and by which command it is mended.

    Args:
        verdict: of the snapshot.
        output: its output folder.
        known: as for `verify_snapshot`.
        address: of the output, where it is on object storage and the folder is but a mirror of it.
    """
    name, trouble = next(iter(verdict.damaged.items()))
    more = f", and {len(verdict.damaged) - 1} more" if len(verdict.damaged) > 1 else ""
    message = f"The snapshot {verdict.snapshot} is damaged: {name} {trouble}{more}."
    if address and isinstance(verdict.snapshot, Path):
        hint = f"It is the mirror of {address}: `copydesk verify` looks there, and fetches what is sound there anew."
        return CopydeskError(message, hint)
    if verdict.is_index_alone:
        return CopydeskError(message, REINDEX_HINT)
    if address:
        back = f' Or go back to one that `copydesk verify RUN` finds intact: put {{"run_id": "RUN"}} into {address}/latest.json.'
        return CopydeskError(message, REBUILD_HINT + back)
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
    return None if digests[status.st_ino] == entry.get("sha256") else OTHER_BYTES
