"""Choice of the code that reads large batches: machine code where numba is installed and the work is worth loading it, else arrays.

Takes how much text is about to be read, gives the compiled functions or None; decides nothing about articles, since
both ways give the same bits. numba comes with the extra `fast`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from importlib import import_module
from threading import Lock
from types import ModuleType

LOG = logging.getLogger(__name__)

# Text that a process reads before machine code has paid for being loaded. Measured: loading takes .7 s of CPU (the first
# time on a machine 6 s) and saves 7 ms a megabyte that is signed, 11 of one that is clustered as well.
MIN_BYTES = 1 << 26


class _State:
    """State of this process: what it has read and loaded so far."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.n_bytes = 0
        self.is_settled = False
        self.trusted: ModuleType | None = None  # loaded, and seen to read the sample as arrays do
        self.compiled: ModuleType | None = None  # in use


_STATE = _State()
_read_sample: Callable[[], list[list[int]]] | None = None


def check_with(read_sample: Callable[[], list[list[int]]]) -> None:
    """Set what reads the sample by which machine code is checked. The package does, as it is imported.

    What reads texts imports this module, so that this module cannot import it.
    """
    global _read_sample  # noqa: PLW0603
    _read_sample = read_sample


def find() -> ModuleType | None:
    """Give the compiled functions (`compiled/`), if they are loaded."""
    return _STATE.compiled


def prepare(n_bytes: int) -> None:
    """Load the compiled functions once this process reads enough to be worth it.

    Args:
        n_bytes: of the texts about to be read.
    """
    _STATE.n_bytes += n_bytes
    if _STATE.n_bytes >= MIN_BYTES and not _STATE.is_settled:
        load()


def load() -> ModuleType | None:
    """Load the compiled functions now; the first time on a machine they are compiled.

    numba keeps what it compiled beside the package, or where that cannot be written to in the user's cache folder;
    NUMBA_CACHE_DIR names another one. Where it cannot be kept, or does not compile, arrays do the work.

    Returns:
        The functions; None where numba is missing or fails, which the log says.
    """
    with _STATE.lock:
        _STATE.is_settled = True
        if _STATE.trusted is None:
            _STATE.trusted = _import_and_try()
        _STATE.compiled = _STATE.trusted
    return _STATE.compiled


def unload() -> None:
    """Use arrays from here on, until `load` is called."""
    with _STATE.lock:
        _STATE.is_settled, _STATE.compiled = True, None


def _import_and_try() -> ModuleType | None:
    assert _read_sample is not None
    expected = _read_sample()
    _STATE.compiled = _import()
    if _STATE.compiled is None or _read_sample() == expected:
        return _STATE.compiled
    LOG.warning(
        "Near-duplicates: machine code does not read the sample as arrays do; arrays do the work, more slowly. "
        "If numba's cache (NUMBA_CACHE_DIR, or __pycache__ beside the package) is of other code, delete it."
    )
    return None


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
