"""One writer at a time: on an output for a run, on a file of the editors' for a moment."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cleaners.errors import CopydeskError
from flows.store.snapshots import check_latest

RECORD_SECONDS = 30  # another writer is done in hundredths of a second; in seconds where an object store is slow


@contextmanager
def output_lock(output: Path) -> Iterator[None]:
    """Hold the output folder for one run; the kernel lets go of it when the process ends, however it ends.

    Raises:
        CopydeskError: another run holds it, the folder cannot be written, or its `latest` is no link.
    """
    check_latest(output)
    try:
        output.mkdir(parents=True, exist_ok=True)
        handle = os.open(output / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise CopydeskError(
            f"Cannot write to the output folder {output}: {error.strerror}.",
            "Let this user write to it, or choose another with --output.",
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CopydeskError(
                f"Another run is writing to {output}.", "Wait for it to end, or choose another folder with --output."
            ) from error
        yield
    finally:
        os.close(handle)


@contextmanager
def record_lock(path: Path) -> Iterator[None]:
    """Hold a file of the editors' while something is added to it. A run does not hold it, so that no editor waits for one.

    Raises:
        CopydeskError: another program held it all the time, or its folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise CopydeskError(
            f"Cannot write to the folder {path.parent}: {error.strerror}.", "Let this user write to it."
        ) from error
    try:
        deadline = time.monotonic() + RECORD_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise CopydeskError(
                        f"Another program holds {path} for {RECORD_SECONDS} seconds.", "End it, then try again."
                    ) from error
            time.sleep(0.01)
        yield
    finally:
        os.close(handle)
