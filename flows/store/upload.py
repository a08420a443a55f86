"""A snapshot to a bucket: objects first, the pointer last; old ones removed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleaners.errors import CopydeskError
from flows.settings import Settings
from flows.store.objects import (
    POINTER,
    TRANSFERS_AT_ONCE,
    format_pointer,
    get_object,
    list_keys,
    name_published,
    open_store,
    read_pointer,
)
from flows.store.snapshots import parse_manifest, read_manifest

if TYPE_CHECKING:
    from obstore.store import ObjectStore


def push_snapshot(settings: Settings, staged: Path, remade: str | None = None) -> None:
    """Upload a staged snapshot and let the pointer name it: for a remote output the moment of publication.

    Args:
        settings: where to.
        staged: the snapshot's folder, its manifest in it.
        remade: a table or index that was made again for what became of it in the store: nothing of it is copied there.

    Raises:
        CopydeskError: another run published meanwhile; nothing of this one stays. Or the store failed; the pointer is as it was,
            or names the whole snapshot.
    """
    if not settings.is_remote:
        return
    import obstore
    from obstore.exceptions import AlreadyExistsError, PreconditionError

    manifest = read_manifest(staged).manifest
    run_id, base = manifest["run_id"], manifest["previous_run_id"]
    with open_store(settings.output) as store:
        # A run that read everything again copies nothing: the store would hand its damage on.
        upload_snapshot(
            store, staged, run_id, {} if settings.rebuild else _unchanged(settings.folder, manifest, remade)
        )
        pointer = read_pointer(store)
        if (pointer.run_id if pointer else None) == base:
            mode: Any = {"e_tag": pointer.e_tag} if pointer else "create"
            try:
                obstore.put(store, POINTER, format_pointer(manifest), mode=mode)
            except (AlreadyExistsError, PreconditionError):
                pass
            else:
                return
        _delete_run(store, run_id)
        winner = read_pointer(store)
        raise CopydeskError(
            f"Another run ({(winner and winner.run_id) or 'unknown'}) published to {settings.output} while this one worked; "
            "nothing of this one was published.",
            "Run again: it builds on what the other published. Let one schedule write to one output.",
        )


def drop_remote_snapshots(settings: Settings, keep: int) -> list[str]:
    """Remove old snapshots from the store: all but the newest `keep` of those published, one after another.

    Where the chain of snapshots breaks at a damaged manifest, the newest that have a manifest are kept beyond it. What crashed
    uploads left goes with the old ones. Runs that began later than the latest one are not touched.

    Returns:
        The runs removed.
    """
    if not settings.is_remote:
        return []
    import obstore

    with open_store(settings.output) as store:
        latest = name_published(store)
        if latest is None:
            return []
        found = obstore.list_with_delimiter(store, "runs/")["common_prefixes"]
        names = sorted(str(prefix).rstrip("/").rsplit("/", 1)[-1] for prefix in found)
        kept: list[str] = []
        run_id: str | None = latest
        while run_id and len(kept) < keep:
            kept.append(run_id)
            manifest = get_object(store, f"runs/{run_id}/manifest.json")
            try:
                run_id = parse_manifest(manifest)["previous_run_id"] if manifest else None
            except (ValueError, LookupError, TypeError, AttributeError):
                earlier = (name for name in reversed(names) if name < min(kept))
                whole = (name for name in earlier if get_object(store, f"runs/{name}/manifest.json") is not None)
                kept += islice(whole, keep - len(kept))
                break
        old = [name for name in names if name < latest and name not in kept]
        for name in old:
            _delete_run(store, name)
    return old


def _unchanged(folder: Path, manifest: dict[str, Any], remade: str | None) -> dict[str, str]:
    """Find the files of a snapshot, but for a table or index, that the one before has too, and their keys."""
    base = manifest["previous_run_id"]
    if base is None or not (folder / "runs" / base / "manifest.json").exists():
        return {}
    previous = read_manifest(folder / "runs" / base)
    before = {
        entry["sha256"]: f"runs/{previous.run_id}/{entry['path']}"
        for table in previous.manifest["tables"].values()
        for entry in table["files"]
    }
    return {
        entry["path"]: before[entry["sha256"]]
        for name, table in manifest["tables"].items()
        for entry in table["files"]
        if entry["sha256"] in before and name != remade
    }


def upload_snapshot(store: ObjectStore, staged: Path, run_id: str, unchanged: dict[str, str]) -> None:
    """Put every file of a snapshot, its manifest last; `unchanged` says which the store has already, under which keys."""
    import obstore

    def put(name: str) -> None:
        key = f"runs/{run_id}/{name}"
        if name in unchanged:
            try:
                obstore.copy(store, unchanged[name], key)
                return
            except FileNotFoundError:
                pass
        obstore.put(store, key, staged / name)

    names = sorted(path.relative_to(staged).as_posix() for path in staged.rglob("*") if path.is_file())
    with ThreadPoolExecutor(TRANSFERS_AT_ONCE) as pool:
        list(pool.map(put, (name for name in names if name != "manifest.json")))
    put("manifest.json")


def _delete_run(store: ObjectStore, run_id: str) -> None:
    """Remove the objects of a run, its manifest first: without it the rest is not taken for a snapshot."""
    import obstore

    keys = list_keys(store, f"runs/{run_id}/")
    keys.sort(key=lambda key: not key.endswith(f"runs/{run_id}/manifest.json"))
    if keys:
        obstore.delete(store, keys[:1])
        obstore.delete(store, keys[1:])
