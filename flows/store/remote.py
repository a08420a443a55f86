"""Output on object storage: every snapshot is worked on in a local mirror and published by one conditional put.

ADDRESS/runs/<run_id>/...   a whole snapshot; objects unchanged since the last run are copied by the store itself
ADDRESS/latest.json         the pointer, put last and only if it still names the snapshot that the run built on
ADDRESS/decisions.csv       editors' decisions on name flags; decisions/passages.jsonl has their labels of passages

Readers of the store open latest.json and read what it names; it never names a snapshot that is not whole.
"""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cleaners.errors import CopydeskError
from flows.settings import Settings
from flows.store.digests import MANIFEST, RENEWABLE, SUMS, contradicts, list_entries, parse_sums
from flows.store.editors import pull_editors
from flows.store.files import file_sha256
from flows.store.objects import (
    TRANSFERS_AT_ONCE,
    get_object,
    list_keys,
    name_published,
    open_store,
    read_pointer,
)
from flows.store.snapshots import ARCHIVE_INDEX, REBUILD_HINT, REINDEX_HINT, parse_manifest, read_manifest

if TYPE_CHECKING:
    from obstore.store import ObjectStore


def pull_latest(settings: Settings, without: str | None = None) -> None:
    """Bring the mirror of a remote output up to its latest snapshot; a local output needs nothing.

    What the mirror has already, of that snapshot or of an earlier one with the same digest, is not fetched again. A run that
    reads everything again (`settings.rebuild`) needs no snapshot, only its name: what the store has of it may be damaged.

    Args:
        settings: the output and its mirror.
        without: a table or index that is not needed: the caller rebuilds it.

    Raises:
        CopydeskError: the store cannot be read, or what was fetched is not what the manifest describes.
    """
    if not settings.is_remote:
        return
    folder = settings.folder
    folder.mkdir(parents=True, exist_ok=True)
    with open_store(settings.output) as store:
        pull_editors(settings, store)
        if settings.rebuild:
            pointer = read_pointer(store)
            run_id = pointer.run_id if pointer else None
        else:
            run_id = name_published(store)
            if run_id:
                _pull_run(store, run_id, folder, without)
    if run_id is None:
        (folder / "latest").unlink(missing_ok=True)
    else:
        _point_to(folder, run_id)


def refetch_run(settings: Settings, run_id: str) -> None:
    """Fetch a snapshot that the mirror has already, in place of that; the caller holds the output lock.

    Raises:
        CopydeskError: as `pull_latest`; the mirror is as it was.
    """
    with open_store(settings.output) as store:
        _pull_run(store, run_id, settings.folder, again=True)


def pull_run(settings: Settings, run_id: str) -> None:
    """Fetch the snapshot of one run into the mirror, if the store has it.

    Raises:
        CopydeskError: as `pull_latest`.
    """
    if settings.is_remote and run_id != "latest":
        with open_store(settings.output) as store:
            if get_object(store, f"runs/{run_id}/manifest.json") is not None:
                _pull_run(store, run_id, settings.folder)


def _pull_run(
    store: ObjectStore, run_id: str, folder: Path, without: str | None = None, *, again: bool = False
) -> None:
    """Fetch a snapshot into `folder`/runs: moved there when it is whole, but for the table or index left out."""
    import obstore

    target = folder / "runs" / run_id
    if target.is_dir() and not again:
        return
    held = _files_held(folder)
    coming = folder / "_pulls" / f"{run_id}-{os.getpid()}"
    shutil.rmtree(coming, ignore_errors=True)
    coming.mkdir(parents=True)
    digests, is_listed = _digests_of(store, run_id)
    prefix = f"runs/{run_id}/"
    keys = [key for key in list_keys(store, prefix) if not (without and f"/{prefix}{without}/" in f"/{key}")]
    if is_listed:  # whatever else lies there was not written by a run
        keys = [key for key in keys if key[key.index(prefix) + len(prefix) :] in {*digests, MANIFEST, SUMS}]

    def fetch(key: str) -> str | None:
        """Fetch one object; give its name if it is not what the manifest says."""
        name = key[key.index(prefix) + len(prefix) :]
        path, wanted = coming / name, digests.get(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if wanted and wanted in held and _has_digest(held[wanted], wanted):
            os.link(held[wanted], path)
            return None
        with path.open("wb") as stream:
            for chunk in obstore.get(store, key).stream():
                stream.write(chunk)
        if wanted is None or file_sha256(path) == wanted:
            return None
        path.unlink()
        return name

    with ThreadPoolExecutor(TRANSFERS_AT_ONCE) as pool:
        damaged = [name for name in pool.map(fetch, keys) if name]
    damaged += [
        name for name in digests if not (without and name.startswith(f"{without}/")) and not (coming / name).exists()
    ]
    damaged = sorted({*damaged} - RENEWABLE)
    if damaged:
        shutil.rmtree(coming)
        is_index_alone = all(name.startswith(ARCHIVE_INDEX) for name in damaged)
        raise CopydeskError(
            f"The snapshot of run {run_id} is damaged: {len(damaged)} object(s) are missing or not what its manifest says, first "
            f"{damaged[0]}.",
            REINDEX_HINT if is_index_alone else f"`copydesk verify` names them all. {REBUILD_HINT}",
        )
    target.parent.mkdir(exist_ok=True)
    if again and target.is_dir():
        target.rename(coming.with_name(f"damaged-{coming.name}"))
    coming.rename(target)
    shutil.rmtree(coming.with_name(f"damaged-{coming.name}"), ignore_errors=True)


def _digests_of(store: ObjectStore, run_id: str) -> tuple[dict[str, str], bool]:
    """The digests of the files of a run in the store, and whether they are of all of them: older versions did not list all."""
    manifest, content = (get_object(store, f"runs/{run_id}/{name}") for name in (MANIFEST, SUMS))
    try:
        entries = list_entries(parse_manifest(manifest or b""))
        digests = {name: str(entry["sha256"]) for name, entry in entries.items()}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        trouble = "lacks its manifest.json" if manifest is None else "is damaged: its manifest.json cannot be read"
        raise CopydeskError(f"The snapshot of run {run_id} {trouble}.", REBUILD_HINT) from error
    sums = parse_sums(content) if content is not None else None
    if contradicts(sums, manifest or b""):
        raise CopydeskError(
            f"The snapshot of run {run_id} is damaged: its {MANIFEST} is not what its {SUMS} says.", REBUILD_HINT
        )
    if sums is None or sums.trouble:
        return digests, False
    return {**{name: digest for name, digest in sums.digests.items() if name != MANIFEST}, **digests}, True


def _has_digest(path: Path, wanted: str) -> bool:
    try:
        return file_sha256(path) == wanted
    except OSError:
        return False


def _files_held(folder: Path) -> dict[str, Path]:
    """The mirror's files by their digests, as the manifests have them."""
    held: dict[str, Path] = {}
    for path in sorted((folder / "runs").glob("*/manifest.json")):
        with suppress(CopydeskError):
            snapshot = read_manifest(path.parent)
            held |= {
                str(entry.get("sha256")): snapshot.path / entry["path"]
                for table in snapshot.manifest["tables"].values()
                for entry in table["files"]
            }
    return held


def _point_to(folder: Path, run_id: str) -> None:
    """Let the mirror's `latest` name a run."""
    link = folder / f".latest-{run_id}-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("runs") / run_id)
    link.replace(folder / "latest")
