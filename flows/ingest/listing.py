"""What lies at a source: takes a file, folder, glob or address, gives every file below it.

Nothing is opened; what is no file that can be read carries the reason.
"""

import glob
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from cleaners.errors import ConfigError, CopydeskError
from flows.ingest.inputs import register_object_stores


class Found(NamedTuple):
    """A file before its digest; `trouble` says why it is none."""

    uri: str
    n_bytes: int | None = None
    trouble: tuple[str, str] | None = None


def list_files(source: str) -> Iterator[Found]:
    """Yield every file at a source; folders are searched to their depth, symbolic links followed once.

    Raises:
        ConfigError: the source does not exist or matches nothing.
        CopydeskError: it cannot be listed.
    """
    return _list_remote(source) if "://" in source else _list_local(source)


def _list_local(source: str) -> Iterator[Found]:
    path = os.path.expanduser(source)  # noqa: PTH111 -- pathlib would rewrite the path as given
    if os.path.lexists(path):
        yield from _below(path)
    elif glob.has_magic(path):
        matches = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 -- passes hidden files over
        if not matches:
            raise ConfigError(f"Nothing matches {source!r}.", "Check the pattern; ** matches any depth of folders.")
        for match in matches:
            yield from _below(match)
    else:
        raise ConfigError(f"{source!r} does not exist.", "Give an existing file or folder, a glob or an address.")


def _below(path: str) -> Iterator[Found]:
    """Yield a file itself, or every file below a folder."""
    if not Path(path).is_dir():
        yield _stat(path)
        return
    failed: list[OSError] = []
    entered: set[tuple[int, int]] = set()
    for folder, folders, names in os.walk(path, onerror=failed.append, followlinks=True):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in entered:
            folders.clear()
            continue
        entered.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield _stat(os.path.join(folder, name))  # noqa: PTH118 -- `./a` stays `./a`
    for error in failed:
        yield Found(_address(error.filename or path), None, ("unreadable", f"the folder cannot be listed: {error}"))


def _stat(path: str) -> Found:
    try:
        status = Path(path).stat()
    except OSError as error:
        return Found(_address(path), None, ("unreadable", f"{type(error).__name__}: {error.strerror}"))
    if not stat.S_ISREG(status.st_mode):
        return Found(_address(path), None, ("unsupported_format", "no regular file (a pipe, socket or device)"))
    if _address(path) != path.replace(os.sep, "/"):
        return Found(_address(path), status.st_size, ("unreadable", "the file name is not UTF-8; rename the file"))
    return Found(_address(path), status.st_size)


def _address(path: str) -> str:
    """Write the path with forward slashes; bytes of a name that are not UTF-8 are spelled out."""
    return os.fsencode(path).decode("utf-8", "backslashreplace").replace(os.sep, "/")


def _list_remote(source: str) -> Iterator[Found]:
    import fsspec

    register_object_stores()
    try:
        system, path = fsspec.core.url_to_fs(source)
        system.invalidate_cache()  # of what an earlier run of this process listed
        if glob.has_magic(source):
            entries = system.glob(path, detail=True)
        else:
            entries = system.find(path, detail=True)
            if not entries and not system.exists(path):
                raise ConfigError(f"{source!r} does not exist.", "Check the address and the credentials.")
    except ImportError as error:
        raise CopydeskError(
            f"Cannot read {source!r}: {error}.",
            "Install the package it names; for object storage: pip install 'copydesk[s3]'.",
        ) from error
    except CopydeskError:
        raise
    except Exception as error:  # each file system has its own errors
        raise CopydeskError(f"Cannot list {source!r}: {error}.", "Check the address and the credentials.") from error
    if glob.has_magic(source) and not entries:
        raise ConfigError(f"Nothing matches {source!r}.", "Check the pattern; ** matches any depth of folders.")
    base = re.split(r"[*?\[]", path)[0]
    for name, entry in sorted(entries.items()):
        parts = PurePosixPath(name[len(base) :] if name != base else "").parts
        if any(part.startswith(".") for part in parts):
            continue
        if entry.get("type") == "directory":
            yield from _list_remote(system.unstrip_protocol(name))
        else:
            yield Found(system.unstrip_protocol(name), entry.get("size"))
