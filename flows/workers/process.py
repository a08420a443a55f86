"""A worker: a plain process that imports `cleaners` and the light part of `flows`, never Prefect, and does one call at a time.

Prefect's own process pool imports Prefect in every worker, 6-13 s each; these start in about a second, and ahead of the run that
wants them, while it imports what it needs itself (`start_worker`). So this module imports next to nothing.
"""

import gc
import os
import pickle
import resource
import signal
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing import Pipe, connection, parent_process
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from threading import Lock, Thread
from typing import Any, NamedTuple

from flows.workers.marks import Fate, Mark, Stillness, mark_document, mark_idle, read_mark, write_marks_to

# Workers lost on one document before it is quarantined: a worker may also be killed from outside, or for want of memory.
LOSSES_TO_QUARANTINE = 2
# Work on a shard's documents together may take so many times the limit of one document.
SEVERAL = 10
MAX_POLL_SECONDS = 1.0
# A step that has no limit of time is given up when its worker has done nothing for so long (`Stillness`): it waits for a file
# system that does not answer, or for itself.
STILL_SECONDS = 600.0
KILL_SECONDS = 10.0  # a process that waits for a file system is not even killed before that answers
# Modules that every worker will want, imported as it starts; a call that comes meanwhile goes first. A run that finds nothing new
# wants the first one alone.
PRELOADED = (
    "flows.steps.discover",
    "flows.steps.extract",
    "flows.steps.strip",
    "flows.steps.match",
    "flows.steps.names",
)
# What it needs later, loaded while it has nothing else to do: contracts, what judges documents, repair of text, the report.
LATER = ("cleaners.schemas", "flows.steps.strip:warm_up", "ftfy", "flows.report.page:load_page")
# A library of Prefect's that dataframely imports where it finds it: a seventh of a second of each worker, which never uses it.
UNUSED = ("sqlalchemy",)
IDLE_SECONDS = 0.05  # who waited so long may wait longer; between two calls of a step it is less
# Python's collector of cycles looks through the elements of each page again and again; next to none are in a cycle. This seldom,
# and past the imports, it costs a worker nothing to speak of, where it took a twelfth of the time of extraction.
COLLECTED_AFTER = (200_000, 50, 50)
STATM = Path("/proc/self/statm")  # its sixth figure: pages of private memory

_started: "list[Worker]" = []
_starting = Lock()


class WorkerLost(Exception):
    """A worker process died or hung. Work that is tried again may succeed.

    Args:
        document: the name it was marked with, empty where there was none or several.
        fate: what happened, as a reject would say it.
    """

    def __init__(self, document: str, fate: Fate) -> None:
        super().__init__(f"A worker process was lost: {fate.detail}." + (f" It was at {document}." if document else ""))
        self.document = document
        self.fate = fate

    def __reduce__(self) -> tuple[type["WorkerLost"], tuple[str, Fate]]:
        return (type(self), (self.document, self.fate))


class Limits(NamedTuple):
    """Limits of what the documents of a shard may take: seconds each, and bytes of memory in all (0: as much as there is)."""

    seconds: float
    memory_bytes: int


def start_worker() -> None:
    """Start a worker ahead of its run: before long imports, its own go on at the same time.

    One finds out what is new. A run of an hourly schedule mostly finds nothing, and would start the others for it.
    """
    _started.append(Worker())


def take_worker() -> "Worker":
    """The worker that was started ahead, else a new one."""
    return _started.pop() if _started else Worker()


class Worker:
    """One process, one call at a time."""

    def __init__(self) -> None:
        self._mark: Mark = RawValue(Mark)
        self._is_given_up = False
        self._connection, theirs = Pipe()
        self._process = _PlainProcess(target=_serve, args=(theirs, self._mark), daemon=True)
        self._process.start()
        theirs.close()

    def is_alive(self) -> bool:
        return self._process.is_alive() and not self._is_given_up

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def kill(self) -> None:
        """End the worker now, whatever it is at."""
        self._process.kill()

    def let_go(self) -> None:
        """End the worker: it waits for a call that will not come."""
        self._connection.close()

    def end(self) -> None:
        """End the worker, and wait until it has ended."""
        self.let_go()
        self._process.join()

    def call(
        self, limits: Limits | None, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:  # noqa: ANN401
        poll = STILL_SECONDS / 20 if limits is None else min(MAX_POLL_SECONDS, limits.seconds / 4)
        stillness = Stillness(self._process.pid)
        try:
            self._connection.send((limits.memory_bytes if limits else 0, function, args, kwargs))
            while not connection.wait([self._connection], poll):
                if limits is None and stillness.seconds() > STILL_SECONDS:
                    self._is_given_up = True
                    self._process.kill()
                    self._process.join(KILL_SECONDS)
                    raise WorkerLost("", Fate("timed_out", f"it did nothing for {STILL_SECONDS:g} s"))
                document, seconds = read_mark(self._mark)
                if limits and seconds > limits.seconds * (1 if document else SEVERAL):
                    self._process.kill()
                    self._process.join()
                    raise WorkerLost(
                        document, Fate("timed_out", f"no end within {limits.seconds:g} s, {LOSSES_TO_QUARANTINE} times")
                    )
            is_good, result = self._connection.recv()
        except (EOFError, ConnectionError):
            self._process.join()
            raise WorkerLost(
                read_mark(self._mark)[0], Fate("crashed_worker", _describe_end(self._process.exitcode))
            ) from None
        if is_good:
            return result
        raise result


def _serve(calls: Connection, mark: Mark) -> None:
    """Run a worker: take a call, answer it, until the caller is gone."""
    _end_with_parent()
    write_marks_to(mark)
    gc.set_threshold(*COLLECTED_AFTER)
    for unused in UNUSED:
        sys.modules[unused] = None  # type: ignore[assignment]  # as if it were not installed
    later = [*PRELOADED, *LATER]
    while True:
        try:
            while later and not calls.poll(0 if len(later) > len(LATER) else IDLE_SECONDS):
                load_ahead(later.pop(0))
                gc.freeze()
            memory_bytes, function, args, kwargs = calls.recv()
        except (EOFError, ConnectionError, KeyboardInterrupt):
            return
        mark_document()
        try:
            with _memory_limited(memory_bytes):
                answer = True, function(*args, **kwargs)
        except KeyboardInterrupt:
            return
        except BaseException as error:
            answer = False, _portable(error)
        mark_idle()
        calls.send(answer)


def load_ahead(wanted: str) -> None:
    """Import a module, and call a function of it where one is named.

    What fails is left to the step that wants it: that reports it with its message, where a worker that dies of it reports none.
    """
    module, _, name = wanted.partition(":")
    with suppress(Exception):
        loaded = import_module(module)
        if name:
            getattr(loaded, name)()


@contextmanager
def _memory_limited(n_bytes: int) -> Iterator[None]:
    """Let this process take no more private memory than so beyond what it has; files mapped to be read do not count."""
    if not n_bytes:
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_DATA)
    n_pages = int(STATM.read_text(encoding="ascii").split()[5]) if STATM.exists() else 0
    resource.setrlimit(resource.RLIMIT_DATA, (n_pages * resource.getpagesize() + n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _portable(error: BaseException) -> BaseException:
    """An error that can be sent, with its traceback as a note."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 -- our own bytes
    except Exception:
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note("In a worker process:\n" + "".join(traceback.format_exception(error)))
    return error


def _describe_end(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"the process that worked on it died of {signal.Signals(-exit_code).name}, {LOSSES_TO_QUARANTINE} times"
    return f"the process that worked on it ended with exit code {exit_code}, {LOSSES_TO_QUARANTINE} times"


def _end_with_parent() -> None:
    """Let the worker end when the run's process is killed: it would work on, or wait for ever."""
    parent = parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()


class _PlainProcess(SpawnProcess):
    """A spawned process that does not import the parent's `__main__`: under a deployment that is Prefect's engine."""

    @staticmethod
    def _Popen(process_obj: BaseProcess) -> Any:  # noqa: ANN401, N802
        with _starting:
            main = sys.modules["__main__"]
            sys.modules["__main__"] = types.ModuleType("__main__")
            try:
                return SpawnProcess._Popen(process_obj)
            finally:
                sys.modules["__main__"] = main
