"""One writer at a time on an output."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cleaners.errors import CopydeskError
from flows.store.snapshots import check_latest


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
