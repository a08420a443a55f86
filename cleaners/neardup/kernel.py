"""Which code reads large batches: machine code where numba is installed and the work is worth loading it, else arrays.

Takes how much text is about to be read, gives the compiled functions or None; decides nothing about articles, since
both ways give the same bits. numba comes with the extra `fast`.
"""

from __future__ import annotations

import logging
import sys
from importlib import import_module
from threading import Lock
from types import ModuleType

LOG = logging.getLogger(__name__)

# Text that a process reads before machine code has paid for being loaded. Measured: loading takes .65 s (the first time
# on a machine 6 s), and saves 14 ms a megabyte.
LEAST_BYTES = 48_000_000


class _State:
    """What this process has read and loaded so far."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.n_bytes = 0
        self.was_tried = False
        self.compiled: ModuleType | None = None


_STATE = _State()


def find() -> ModuleType | None:
    """Give the compiled functions (`compiled.py`), if they are loaded."""
    return _STATE.compiled


def prepare(n_bytes: int) -> None:
    """Load the compiled functions as soon as a process reads enough to be worth it.

    Args:
        n_bytes: of the texts about to be read.
    """
    _STATE.n_bytes += n_bytes
    if _STATE.n_bytes >= LEAST_BYTES and not _STATE.was_tried:
        load()


def load() -> ModuleType | None:
    """Load the compiled functions now; the first time on a machine they are compiled.

    numba keeps what it compiled beside the package, or if that cannot be written to in the user's cache folder;
    NUMBA_CACHE_DIR names another one. Where it cannot be kept, or does not compile, arrays do the work.

    Returns:
        The functions; None where numba is missing or fails, which a warning tells once.
    """
    with _STATE.lock:
        if _STATE.compiled is None and not _STATE.was_tried:
            _STATE.was_tried = True
            _STATE.compiled = _import()
    return _STATE.compiled


def unload() -> None:
    """Go back to arrays, as a fresh process begins."""
    with _STATE.lock:
        _STATE.n_bytes, _STATE.was_tried, _STATE.compiled = 0, False, None


def _import() -> ModuleType | None:
    if sys.byteorder != "little":  # words are read as numbers, eight bytes at a time
        return None
    try:
        return import_module("cleaners.neardup.compiled")
    except ModuleNotFoundError as missing:
        if missing.name != "numba":
            raise
        LOG.info("Near-duplicates: numba is not installed (the extra `fast`); arrays do the work, more slowly.")
    except Exception as error:  # whatever a compiler may meet on a machine: the work goes on without it
        LOG.warning(
            "Near-duplicates: machine code could not be loaded (%s: %s); arrays do the work, more slowly. "
            "If no folder can be written to, set NUMBA_CACHE_DIR to one that can.",
            type(error).__name__,
            str(error).splitlines()[0] if str(error) else "",
        )
    return None
