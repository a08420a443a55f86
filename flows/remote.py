"""Output on object storage: every snapshot is worked on in a local mirror and published by one conditional put.

ADDRESS/runs/<run_id>/...   a whole snapshot; objects unchanged since the last run are copied by the store itself
ADDRESS/latest.json         the pointer, put last and only if it still names the snapshot that the run built on
ADDRESS/decisions.csv       editors' decisions on name flags

Readers of the store open latest.json and read what it names; it never names a snapshot that is not whole.
"""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleaners.errors import CopydeskError
from flows.digests import MANIFEST, REPORT, SUMS, contradicts, list_entries, parse_sums
from flows.object_store import (
    POINTER,
    TRANSFERS_AT_ONCE,
    format_pointer,
    get_object,
    list_keys,
    name_published,
    open_store,
    read_pointer,
)
from flows.settings import Settings
from flows.storage import (
    ARCHIVE_INDEX,
    REBUILD_HINT,
    REINDEX_HINT,
    file_sha256,
    parse_manifest,
    read_manifest,
)

if TYPE_CHECKING:
    from obstore.store import ObjectStore

DECISIONS = "decisions.csv"


def pull_latest(settings: Settings, without: str | None = None) -> None:
    """Bring the mirror of a remote output up to its latest snapshot; a local output needs nothing.

    What the mirror has already, of that snapshot or of an earlier one with the same digest, is not fetched again. A run that
    reads everything anew (`settings.anew`) needs no snapshot, only its name: what the store has of it may be damaged.

    Args:
        settings: the output and its mirror.
        without: a table or index that is not needed: the caller makes it anew.

    Raises:
        CopydeskError: the store cannot be read, or what was fetched is not what the manifest describes.
    """
    if not settings.is_remote:
        return
    folder = settings.folder
    folder.mkdir(parents=True, exist_ok=True)
    with open_store(settings.output) as store:
        decisions = get_object(store, DECISIONS)
        if decisions is not None:
            _write_whole(folder / DECISIONS, decisions)
        if settings.anew:
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


def push_snapshot(settings: Settings, staged: Path, remade: str | None = None) -> None:
    """Upload a staged snapshot and let the pointer name it: for a remote output the moment of publication.

    Args:
        settings: where to.
        staged: the snapshot's folder, its manifest in it.
        remade: a table or index that was made anew for what became of it in the store: nothing of it is copied there.

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
        # A run that read everything anew copies nothing: the store would hand its damage on.
        upload_snapshot(store, staged, run_id, {} if settings.anew else _unchanged(settings.folder, manifest, remade))
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


def push_decisions(settings: Settings, file: Path) -> None:
    """Upload the editors' decisions of a remote output."""
    if settings.is_remote and not settings.decisions:
        import obstore

        with open_store(settings.output) as store:
            obstore.put(store, DECISIONS, file.read_bytes())


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
    damaged = sorted({*damaged} - {REPORT})  # nobody reads on from a report
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


def _unchanged(folder: Path, manifest: dict[str, Any], remade: str | None) -> dict[str, str]:
    """Which files of a snapshot, but for a table or index, the one before has too, and under which key."""
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
    """Remove the objects of a run, its manifest first: without it nobody takes the rest for a snapshot."""
    import obstore

    keys = list_keys(store, f"runs/{run_id}/")
    keys.sort(key=lambda key: not key.endswith(f"runs/{run_id}/manifest.json"))
    if keys:
        obstore.delete(store, keys[:1])
        obstore.delete(store, keys[1:])


def _point_to(folder: Path, run_id: str) -> None:
    """Let the mirror's `latest` name a run."""
    link = folder / f".latest-{run_id}-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("runs") / run_id)
    link.replace(folder / "latest")


def _write_whole(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}-{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)
