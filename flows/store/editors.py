"""Files of the editors: their decisions on names, their labels of passages, and the authority file.

OUTPUT/decisions.csv               decisions on name flags, or the file of the setting `decisions`
OUTPUT/decisions/passages.jsonl    labels of suspected passages, `junk` or `story`; nothing published goes by them

Rows are only ever added, under a lock of the file's own: who decides never waits for a run. Of a remote output the store has
the files and the mirror a copy.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleaners.errors import CopydeskError
from flows.settings import Settings
from flows.store.files import read_bytes
from flows.store.locks import record_lock
from flows.store.objects import get_object, open_store

if TYPE_CHECKING:
    from obstore.store import ObjectStore

DECISIONS, PASSAGES = "decisions.csv", "decisions/passages.jsonl"
MAX_TRIES = 20  # to add to an object that others add to as well


def decisions_file(settings: Settings) -> Path:
    """Return the file in which editors' decisions on name flags are kept."""
    return Path(settings.decisions) if settings.decisions else settings.folder / DECISIONS


def passages_file(settings: Settings) -> Path:
    """Return the file in which editors' labels of suspected passages are kept."""
    return settings.folder / PASSAGES


def read_decisions(settings: Settings) -> str:
    """The text of the decisions, empty where nothing was decided yet.

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


def read_labels(settings: Settings) -> list[dict[str, Any]]:
    """Editors' labels of passages, in the order in which they were given.

    Raises:
        CopydeskError: the file cannot be read.
    """
    path = passages_file(settings)
    try:
        return [json.loads(line) for line in (read_bytes(path) or b"").decode().splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise CopydeskError(f"Cannot read the labels {path}: {error}.", "It must hold a JSON object a line.") from error


def add_decisions(settings: Settings, rows: Iterable[Mapping[str, object]]) -> Path:
    """Add decisions to those that are kept, all of them or none.

    Args:
        settings: where they are kept.
        rows: columns of `DECISION_SCHEMA`, in the order in which they were decided.

    Returns:
        The file.

    Raises:
        ConfigError: a row could not be read back; nothing is added then.
        CopydeskError: the file cannot be read or written.
    """
    from cleaners.names import DECISION_SCHEMA, load_decisions  # here: commands that only read start sooner

    # On one line each, so that what a person writes cannot begin a row of its own.
    new = [
        {name: " ".join(str(row.get(name) or "").split()) for name in DECISION_SCHEMA} | _places(row) for row in rows
    ]
    load_decisions(_format(new, list(DECISION_SCHEMA)))

    def append(before: str) -> str:
        reader = csv.DictReader(before.splitlines())
        columns = [*DECISION_SCHEMA, *(name for name in reader.fieldnames or () if name not in DECISION_SCHEMA)]
        if reader.fieldnames == columns:
            return before.rstrip("\n") + "\n" + _format(new, columns).split("\n", 1)[1]
        return _format([*reader, *new], columns)  # an older file lacks a column

    path = decisions_file(settings)
    _add(settings, path, None if settings.decisions else DECISIONS, append)
    return path


def add_labels(settings: Settings, rows: Iterable[Mapping[str, object]]) -> Path:
    """Add labels of passages to those that are kept; return their file.

    Raises:
        CopydeskError: the file cannot be read or written.
    """
    lines = "".join(json.dumps(dict(row), ensure_ascii=True) + "\n" for row in rows)
    path = passages_file(settings)
    _add(settings, path, PASSAGES, lambda before: (before.rstrip("\n") + "\n").lstrip("\n") + lines)
    return path


def pull_editors(settings: Settings, store: ObjectStore) -> None:
    """Bring the mirror's copies of the editors' files up to the store's."""
    for key in (DECISIONS, PASSAGES):
        path = settings.folder / key
        content = get_object(store, key)
        if content is not None and content != read_bytes(path):
            with record_lock(path):
                newest = get_object(store, key)  # what was added while we waited
                _write(newest if newest is not None else content, path)


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


def _add(settings: Settings, path: Path, key: str | None, add: Callable[[str], str]) -> None:
    """Replace a file by what `add` makes of its text; of a remote output its object `key`, then the file."""

    def change(before: bytes) -> bytes:
        try:
            return add(before.decode("utf-8-sig")).encode()
        except UnicodeDecodeError as error:
            raise CopydeskError(f"Cannot read {path}: {error}.", "It must be in UTF-8.") from error

    with record_lock(path):
        if settings.is_remote and key:
            with open_store(settings.output) as store:
                _write(_replace_object(store, key, change), path)
        else:
            _write(change(read_bytes(path) or b""), path)


def _replace_object(store: ObjectStore, key: str, change: Callable[[bytes], bytes]) -> bytes:
    """Replace an object by what `change` makes of it, on the condition that nobody else did meanwhile; return what it is now."""
    import obstore
    from obstore.exceptions import AlreadyExistsError, PreconditionError

    for _ in range(MAX_TRIES):
        mode: Any = "create"
        try:
            found = obstore.get(store, key)
            before, mode = bytes(found.bytes()), {"e_tag": found.meta["e_tag"]}
        except FileNotFoundError:
            before = b""
        content = change(before)
        try:
            obstore.put(store, key, content, mode=mode)
        except (AlreadyExistsError, PreconditionError):
            continue
        return content
    raise CopydeskError(f"Others change {key} of the output all the time.", "Try again.")


def _write(content: bytes, path: Path) -> None:
    """Write a file so that it is whole, also after the power failed."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _format(rows: Iterable[Mapping[str, object]], columns: list[str]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def _places(row: Mapping[str, object]) -> dict[str, str]:
    """The offsets of a row as text, 0 among them."""
    return {name: str(row.get(name, "")).strip() for name in ("start", "end")}
