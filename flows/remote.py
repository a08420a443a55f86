"""Output on object storage: every snapshot is worked on in a local mirror and published by one conditional put.

ADDRESS/runs/<run_id>/...   a whole snapshot; objects unchanged since the last run are copied by the store itself
ADDRESS/latest.json         the pointer, put last and only if it still names the snapshot that the run built on
ADDRESS/decisions.csv       editors' decisions on name flags

Readers of the store open latest.json and read what it names; it never names a snapshot that is not whole.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleaners.errors import CopydeskError
from flows.settings import Settings
from flows.storage import Snapshot, file_sha256, latest_snapshot, read_snapshot

if TYPE_CHECKING:
    from obstore.store import ObjectStore

POINTER = "latest.json"
DECISIONS = "decisions.csv"
TRANSFERS_AT_ONCE = 8


def pull_latest(settings: Settings) -> None:
    """Bring the mirror of a remote output up to its latest snapshot; a local output needs nothing.

    What the mirror has already, of that snapshot or of an earlier one with the same digest, is not fetched again.

    Raises:
        CopydeskError: the store cannot be read, or what was fetched is not what the manifest describes.
    """
    if not settings.is_remote:
        return
    folder = settings.folder
    folder.mkdir(parents=True, exist_ok=True)
    with _store_of(settings.output) as store:
        pointer = _get_pointer(store)
        decisions = _get(store, DECISIONS)
        if decisions is not None:
            _write_whole(folder / DECISIONS, decisions)
        if pointer is None:
            (folder / "latest").unlink(missing_ok=True)
            return
        _pull_run(store, pointer["run_id"], folder)
    _point_to(folder, pointer["run_id"])


def pull_run(settings: Settings, run_id: str) -> None:
    """Fetch the snapshot of one run into the mirror, if the store has it.

    Raises:
        CopydeskError: as `pull_latest`.
    """
    if settings.is_remote and run_id != "latest":
        with _store_of(settings.output) as store:
            if _get(store, f"runs/{run_id}/manifest.json") is not None:
                _pull_run(store, run_id, settings.folder)


def push_snapshot(settings: Settings, staged: Path) -> None:
    """Upload a staged snapshot and let the pointer name it: for a remote output the moment of publication.

    Args:
        settings: where to.
        staged: the snapshot's folder, its manifest in it.

    Raises:
        CopydeskError: another run published meanwhile; nothing of this one stays. Or the store failed; the pointer is as it was,
            or names the whole snapshot.
    """
    if not settings.is_remote:
        return
    import obstore
    from obstore.exceptions import AlreadyExistsError, PreconditionError

    manifest = json.loads((staged / "manifest.json").read_text(encoding="utf-8"))
    run_id, base = manifest["run_id"], manifest["previous_run_id"]
    with _store_of(settings.output) as store:
        _upload(store, staged, run_id, _unchanged(latest_snapshot(settings.folder), manifest))
        pointer = _get_pointer(store)
        if (pointer["run_id"] if pointer else None) == base:
            value = {"run_id": run_id, "manifest": f"runs/{run_id}/manifest.json", "created_at": manifest["created_at"]}
            mode: Any = {"e_tag": pointer["e_tag"]} if pointer else "create"
            try:
                obstore.put(store, POINTER, json.dumps(value, indent=1).encode(), mode=mode)
            except (AlreadyExistsError, PreconditionError):
                pass
            else:
                return
        _delete_run(store, run_id)
        winner = _get_pointer(store)
        raise CopydeskError(
            f"Another run ({winner['run_id'] if winner else 'unknown'}) published to {settings.output} while this one worked; "
            "nothing of this one was published.",
            "Run again: it builds on what the other published. Let one schedule write to one output.",
        )


def push_decisions(settings: Settings, file: Path) -> None:
    """Upload the editors' decisions of a remote output."""
    if settings.is_remote and not settings.decisions:
        import obstore

        with _store_of(settings.output) as store:
            obstore.put(store, DECISIONS, file.read_bytes())


def drop_remote_snapshots(settings: Settings, keep: int) -> list[str]:
    """Remove old snapshots from the store: all but the newest `keep` of those published, one after another.

    What crashed uploads left goes with them. Runs that began later than the latest one are not touched.

    Returns:
        The runs removed.
    """
    if not settings.is_remote:
        return []
    import obstore

    with _store_of(settings.output) as store:
        pointer = _get_pointer(store)
        if pointer is None:
            return []
        kept: list[str] = []
        run_id = pointer["run_id"]
        while run_id and len(kept) < keep:
            kept.append(run_id)
            manifest = _get(store, f"runs/{run_id}/manifest.json")
            run_id = json.loads(manifest)["previous_run_id"] if manifest else None
        found = obstore.list_with_delimiter(store, "runs/")["common_prefixes"]
        names = sorted(str(prefix).rstrip("/").rsplit("/", 1)[-1] for prefix in found)
        old = [name for name in names if name < pointer["run_id"] and name not in kept]
        for name in old:
            _delete_run(store, name)
    return old


@contextmanager
def _store_of(address: str) -> Iterator[ObjectStore]:
    """The store at an address; whatever goes wrong with it is told as an error of ours."""
    try:
        from obstore.exceptions import BaseError
        from obstore.store import from_url
    except ImportError as error:
        raise CopydeskError(
            f"The output {address} is on object storage.",
            "Install what reads and writes it: pip install 'copydesk[s3]'.",
        ) from error
    try:
        yield from_url(address)
    except (BaseError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # a local file's; the store's have no number
            raise
        raise CopydeskError(
            f"The object storage at {address} failed: {_first_line(error)}",
            "Check the address, the network and the credentials (AWS_ACCESS_KEY_ID, AWS_REGION, AWS_ENDPOINT_URL ...).",
        ) from error


def _get(store: ObjectStore, key: str) -> bytes | None:
    import obstore

    try:
        return bytes(obstore.get(store, key).bytes())
    except FileNotFoundError:  # the base of obstore's NotFoundError
        return None


def _get_pointer(store: ObjectStore) -> dict[str, Any] | None:
    """What the pointer says, and its e_tag; None before the first publication."""
    import obstore

    try:
        found = obstore.get(store, POINTER)
    except FileNotFoundError:
        return None
    value = bytes(found.bytes())
    try:
        return {**json.loads(value), "run_id": json.loads(value)["run_id"], "e_tag": found.meta["e_tag"]}
    except (ValueError, KeyError, TypeError) as error:
        raise CopydeskError(
            f"{POINTER} of the output is damaged: {value[:80]!r}.",
            'Put {"run_id": "<a run under runs/>"} into it, or delete it to begin anew.',
        ) from error


def _pull_run(store: ObjectStore, run_id: str, folder: Path) -> None:
    """Fetch a snapshot into `folder`/runs: moved there when it is whole."""
    import obstore

    target = folder / "runs" / run_id
    if target.is_dir():
        return
    held = _files_held(folder)
    coming = folder / "_pulls" / f"{run_id}-{os.getpid()}"
    shutil.rmtree(coming, ignore_errors=True)
    coming.mkdir(parents=True)
    manifest = _get(store, f"runs/{run_id}/manifest.json")
    if manifest is None:
        raise CopydeskError(
            f"The snapshot of run {run_id} lacks its manifest.", f"Let {POINTER} name an intact run under runs/."
        )
    digests = {
        entry["path"]: entry["sha256"] for table in json.loads(manifest)["tables"].values() for entry in table["files"]
    }
    prefix = f"runs/{run_id}/"
    keys = [str(item["path"]) for page in obstore.list(store, prefix) for item in page]

    def fetch(key: str) -> str | None:
        """Fetch one object; give its name if it is not what the manifest says."""
        name = key[key.index(prefix) + len(prefix) :]
        path, wanted = coming / name, digests.get(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if wanted in held:
            os.link(held[wanted], path)
            return None
        with path.open("wb") as stream:
            for chunk in obstore.get(store, key).stream():
                stream.write(chunk)
        return name if wanted and file_sha256(path) != wanted else None

    with ThreadPoolExecutor(TRANSFERS_AT_ONCE) as pool:
        damaged = [name for name in pool.map(fetch, keys) if name]
    damaged += [name for name in digests if not (coming / name).exists()]
    if damaged:
        shutil.rmtree(coming)
        raise CopydeskError(
            f"The snapshot of run {run_id} is damaged: {len(damaged)} object(s) are missing or not what its manifest says, first "
            f"{sorted(damaged)[0]}.",
            f"Let {POINTER} name an intact run under runs/.",
        )
    target.parent.mkdir(exist_ok=True)
    coming.rename(target)


def _files_held(folder: Path) -> dict[str, Path]:
    """The mirror's files by their digests, as the manifests have them."""
    held: dict[str, Path] = {}
    for path in sorted((folder / "runs").glob("*/manifest.json")):
        try:
            snapshot = read_snapshot(path.parent)
        except CopydeskError:
            continue
        held |= {
            entry["sha256"]: snapshot.path / entry["path"]
            for table in snapshot.manifest["tables"].values()
            for entry in table["files"]
        }
    return held


def _unchanged(previous: Snapshot | None, manifest: dict[str, Any]) -> dict[str, str]:
    """Which files of a snapshot the one before has too, and under which key."""
    if previous is None or previous.run_id != manifest["previous_run_id"]:
        return {}
    before = {
        entry["sha256"]: f"runs/{previous.run_id}/{entry['path']}"
        for table in previous.manifest["tables"].values()
        for entry in table["files"]
    }
    return {
        entry["path"]: before[entry["sha256"]]
        for table in manifest["tables"].values()
        for entry in table["files"]
        if entry["sha256"] in before
    }


def _upload(store: ObjectStore, staged: Path, run_id: str, unchanged: dict[str, str]) -> None:
    """Put every file of a snapshot, its manifest last."""
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

    keys = [str(item["path"]) for page in obstore.list(store, f"runs/{run_id}/") for item in page]
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


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300]
