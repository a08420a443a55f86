"""Objects in a store: takes an address, gives its store, its objects and the pointer to the latest snapshot.

ADDRESS/runs/<run_id>/...   a whole snapshot, its manifest put last
ADDRESS/latest.json         the pointer; readers open it and read what it names
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from cleaners.errors import CopydeskError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

POINTER = "latest.json"
TRANSFERS_AT_ONCE = 8


class Pointer(NamedTuple):
    """Contents of the pointer, None where it is damaged, and the e_tag on whose condition it may be replaced."""

    run_id: str | None
    e_tag: str | None


@contextmanager
def open_store(address: str) -> Iterator[ObjectStore]:
    """The store at an address; whatever goes wrong with it becomes an error of ours."""
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


def get_object(store: ObjectStore, key: str) -> bytes | None:
    """The bytes of a small object; None where there is none."""
    import obstore

    try:
        return bytes(obstore.get(store, key).bytes())
    except FileNotFoundError:  # the base of obstore's NotFoundError
        return None


def digest_object(store: ObjectStore, key: str) -> tuple[str, int] | None:
    """SHA-256 and size of an object, read in pieces; None where there is none."""
    import obstore

    digest, n_bytes = hashlib.sha256(), 0
    try:
        for chunk in obstore.get(store, key).stream():
            digest.update(chunk)
            n_bytes += len(chunk)
    except FileNotFoundError:
        return None
    return digest.hexdigest(), n_bytes


def list_keys(store: ObjectStore, prefix: str) -> list[str]:
    """The keys of all objects below a prefix."""
    import obstore

    return [str(item["path"]) for page in obstore.list(store, prefix) for item in page]


def read_pointer(store: ObjectStore) -> Pointer | None:
    """Read the pointer; None before the first publication."""
    import obstore

    try:
        found = obstore.get(store, POINTER)
    except FileNotFoundError:
        return None
    try:
        run_id = json.loads(bytes(found.bytes()))["run_id"]
    except (ValueError, KeyError, TypeError):
        run_id = None
    return Pointer(run_id if run_id and isinstance(run_id, str) else None, found.meta["e_tag"])


def format_pointer(manifest: dict[str, Any]) -> bytes:
    """The pointer to a snapshot, given its manifest."""
    run_id = manifest["run_id"]
    value = {"run_id": run_id, "manifest": f"runs/{run_id}/manifest.json", "created_at": manifest["created_at"]}
    return json.dumps(value, indent=1).encode()


def pointer_trouble(content: bytes, manifest: dict[str, Any]) -> str | None:
    """Describe what is wrong with the pointer to a snapshot, given its manifest; a pointer put by hand may name the run alone."""
    try:
        found, wanted = json.loads(content), json.loads(format_pointer(manifest))
        others = [key for key, value in found.items() if key not in wanted or wanted[key] != value]
    except (ValueError, LookupError, AttributeError):
        return "is no JSON object"
    return f"says {others[0]} otherwise than the manifest of its snapshot" if others else None


def name_published(store: ObjectStore) -> str | None:
    """The run that the pointer names; None before the first publication.

    Raises:
        CopydeskError: the pointer is damaged.
    """
    pointer = read_pointer(store)
    if pointer is None:
        return None
    if pointer.run_id is None:
        raise CopydeskError(
            f"{POINTER} of the output is damaged: it names no run.",
            'Put {"run_id": "<a run under runs/>"} into it, or read everything again: copydesk run --rebuild SOURCE...',
        )
    return pointer.run_id


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300]
