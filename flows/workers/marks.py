"""Marks of the document that a worker is at: the worker writes them into shared memory, who waits for it reads them there.

A worker that hangs or dies in native code can say nothing any more; what it wrote last names the document. A document on
which two workers were lost is quarantined: the step is done again without it, and it becomes a reject.
"""

import ctypes
import hashlib
import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

_MAX_NAME_BYTES = 4096  # bytes; of a longer name the digest stands in its place


class Mark(ctypes.Structure):
    """Position of a worker: since when (seconds of the monotonic clock, 0 where it waits for work) and at which document."""

    _fields_ = (("since", ctypes.c_double), ("document", ctypes.c_char * (_MAX_NAME_BYTES + 1)))


class Fate(NamedTuple):
    """Reason why a document is quarantined, as its reject will say."""

    reason: str
    detail: str


class Tries(NamedTuple):
    """Lessons from workers that were lost on a shard.

    `quarantined` are documents to leave out, by the name they were marked with; with `singly` documents are taken one at a
    time where they are commonly taken together, so that the mark names the one.
    """

    quarantined: Mapping[str, Fate] = MappingProxyType({})
    singly: bool = False

    def fate_of(self, name: str) -> Fate | None:
        """Return why a document is to be left out; None where it is not."""
        return self.quarantined.get(_in_mark(name).decode("utf-8", "surrogateescape")) if self.quarantined else None

    def quarantine(self, marked: str, fate: Fate) -> "Tries":
        """The same, with one more document to leave out."""
        return self._replace(quarantined={**self.quarantined, marked: fate})

    def __reduce__(self) -> tuple[type["Tries"], tuple[dict[str, Fate], bool]]:
        return (type(self), (dict(self.quarantined), self.singly))


class Stillness:
    """Time for which a process has done nothing: it used less than MIN_CPU_SECONDS. Counts as at work where that is not known.

    Time alone says nothing of a step over a whole archive, which may take hours; but whoever reads, computes or writes uses
    some CPU time, and who waits for what does not come uses none.
    """

    MIN_CPU_SECONDS = 0.1  # of ten minutes: also who digests what comes over a slow line uses more

    def __init__(self, pid: int | None) -> None:
        self._stat = Path(f"/proc/{pid}/stat")
        self._since, self._cpu = time.monotonic(), self._cpu_seconds()

    def seconds(self) -> float:
        """Seconds since it was last seen to do something."""
        now, cpu = time.monotonic(), self._cpu_seconds()
        if cpu is None or self._cpu is None or cpu - self._cpu >= self.MIN_CPU_SECONDS:
            self._since, self._cpu = now, cpu
        return now - self._since

    def _cpu_seconds(self) -> float | None:
        try:
            fields = self._stat.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        except OSError:  # it is gone, or the system does not say, as outside Linux
            return None
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def held_bytes(pid: int | None) -> int:
    """Memory that a process has for itself, mapped files not counted; 0 where it is gone, or the system does not say."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


FIRST_TRY = Tries()

_mark: Mark | None = None


def write_marks_to(mark: Mark) -> None:
    """Let the marks of this process go to shared memory; without, they go nowhere."""
    global _mark  # noqa: PLW0603
    _mark = mark


def mark_document(name: str = "") -> None:
    """Say that work on a document begins; the empty name stands for several together. Costs a microsecond."""
    if _mark is not None:
        _mark.since = 0.0  # until the name is whole
        _mark.document = _in_mark(name)
        _mark.since = time.monotonic()


def mark_idle() -> None:
    """Say that this process waits for work."""
    if _mark is not None:
        _mark.since = 0.0
        _mark.document = b""


def read_mark(mark: Mark) -> tuple[str, float]:
    """The document a worker is at, and for how many seconds; no name and 0 where there is none."""
    since = mark.since
    if since == 0.0:
        return "", 0.0
    return mark.document.decode("utf-8", "surrogateescape"), time.monotonic() - since


def _in_mark(name: str) -> bytes:
    """A name as a mark holds it: UTF-8, or its digest where it is too long or would end early."""
    data = name.encode("utf-8", "surrogateescape")
    return data if len(data) <= _MAX_NAME_BYTES and b"\0" not in data else hashlib.sha256(data).hexdigest().encode()
