"""Where the work runs: plain worker processes that import `cleaners` and the light part of `flows`, never Prefect.

Prefect's own process pool imports Prefect in every worker, 6-13 s each; these start in about a second. Each call has a
worker to itself: one that dies or hangs takes nothing with it but the call it was at.
"""

import gc
import os
import pickle
import resource
import signal
import sys
import traceback
import types
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from multiprocessing import Pipe, connection, current_process, parent_process
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from threading import BoundedSemaphore, Lock, Thread
from typing import Any, NamedTuple, ParamSpec, TypeVar

from flows.run import Run
from flows.watch import CAREFREE, Fate, Mark, Stillness, held_bytes, mark_document, mark_idle, read_mark, write_marks_to

P = ParamSpec("P")
R = TypeVar("R")

# Workers lost on one document before it is condemned: a worker may also be killed by somebody, or for want of memory.
LOSSES_TO_CONDEMN = 2
# Workers lost on a shard, with no document to show for it, before the shard is given up.
MOST_LOSSES = 4
# What a shard's documents do together may take so many times the limit of one document.
SEVERAL = 10
MOST_THREADS = 64  # of a Dask worker, which itself says how many of them work
LONGEST_POLL_SECONDS = 1.0
# A step that has no limit of time is given up when its worker has done nothing for so long (`Stillness`): it waits for a file
# system that does not answer, or for itself.
STILL_SECONDS = 600.0
KILL_SECONDS = 10.0  # a process that waits for a file system is not even killed before that answers
# Workers started before the run knows what to do: one finds that out, another stands ready. A run of an hourly schedule mostly
# finds nothing new, and on a machine of many cores would start them all for it.
STARTED_AHEAD = 2
STEPS = "flows.stages"  # what every worker will want, imported as it starts
# Python's collector of cycles looks through the elements of each page again and again; next to none are in a cycle. This seldom,
# and past the imports, it costs a worker nothing to speak of, where it took a twelfth of the time of extraction.
COLLECTED_AFTER = (200_000, 50, 50)
STATM = Path("/proc/self/statm")  # its sixth figure: pages of private memory
# A worker that still holds so much when its call is done gives way to a new one: freed memory stays with a process in pieces,
# and over thirty parts of names came to a third more (docs/benchmarks.md).
MOST_KEPT_BYTES = 2**30

# Does calls elsewhere and gives their results in order: what a Dask worker does for each, given the function and its arguments.
Mapper = Callable[[Callable[..., Any], Callable[..., Any], list[tuple[Any, ...]]], list[Any]]

_pool: "_Pool | None" = None
_mapper: Mapper | None = None
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


@contextmanager
def worker_pool(n_workers: int) -> Iterator[None]:
    """Keep up to `n_workers` processes for the time of a run; `run_in_worker` and `run_watched` use them."""
    global _pool  # noqa: PLW0603
    _pool = _Pool(n_workers)
    _pool.start()
    try:
        yield
    finally:
        pool, _pool = _pool, None
        pool.close()


@contextmanager
def mapping_with(mapper: Mapper) -> Iterator[None]:
    """Let a mapper do the shards, and what `map_in_workers` has several calls of, as long as the block runs."""
    global _mapper  # noqa: PLW0603
    _mapper = mapper
    try:
        yield
    finally:
        _mapper = None


def run_in_worker(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a function in a worker process and wait for its result.

    Outside `worker_pool` it runs here: a step can be tried alone.

    Raises:
        WorkerLost: the worker died (out of memory, killed), or did nothing for STILL_SECONDS. The next call gets another one,
            so a retry can succeed.
    """
    pool = _pool
    if pool is None:
        return function(*args, **kwargs)
    return pool.call(None, function, *args, **kwargs)  # type: ignore[no-any-return]


def map_in_workers(function: Callable[..., R], /, *arguments: Iterable[Any]) -> list[R]:
    """Run a function for each set of arguments in the worker processes, as many at a time as there are workers.

    Args:
        function: takes the run first; works on files alone, so that any machine that sees them can do it.
        arguments: the run for each call, and what else the function takes.

    Returns:
        The results, in order; once no call is under way any more, also where one failed.
    """
    calls = list(zip(*arguments, strict=True))
    if _mapper and len(calls) > 1:
        return _mapper(run_for_cluster, function, calls)
    if _pool is None or len(calls) < 2:
        return [run_in_worker(function, *call) for call in calls]
    with ThreadPoolExecutor(_pool.n_workers) as waiting:
        return list(waiting.map(lambda call: run_in_worker(function, *call), calls))


def run_watched(function: Callable[..., R], run: Run, /, *args: object) -> R:
    """Run a step of one shard in a worker, and find the document out that the worker hangs or dies on.

    Args:
        function: takes the run, `args` and, last, a `Caution`; marks the documents it is at.
        run: the run; its settings say how long a document may take, and how much memory a worker.
        args: what else the function takes.

    Raises:
        CopydeskError: this is a worker on a machine that does not see the run's files.
        WorkerLost: workers are lost on this shard, but on no document in particular.
    """
    if _mapper:
        return _mapper(run_watched, function, [(run, *args)])[0]  # type: ignore[no-any-return]
    run.hold_staging()
    pool, settings = _pool or _pool_of_a_cluster(run), run.settings
    if pool is None:
        return function(run, *args, CAREFREE)
    limits = _Limits(settings.document_time_limit_seconds, settings.worker_memory_bytes)
    caution = CAREFREE
    losses: Counter[str] = Counter()
    n_unexplained = 0
    while True:
        try:
            return pool.call(limits, function, run, *args, caution)  # type: ignore[no-any-return]
        except WorkerLost as lost:
            losses[lost.document] += 1
            n_unexplained += 1
            if lost.document and losses[lost.document] == LOSSES_TO_CONDEMN:
                caution = caution.condemn(lost.document, lost.fate)
                n_unexplained = 0
            elif n_unexplained == MOST_LOSSES:
                raise
            caution = caution._replace(singly=True)


def run_for_cluster(function: Callable[..., R], run: Run, /, *args: object) -> R:
    """Do a call of `map_in_workers` in a Dask worker, in a process of the worker's own where it may have one.

    Raises:
        CopydeskError: the worker does not see the run's files.
        WorkerLost: that process died.
    """
    run.hold_staging()
    pool = _pool_of_a_cluster(run)
    return function(run, *args) if pool is None else pool.call(None, function, run, *args)


@cache
def _start_pool_of_a_cluster() -> "_Pool":
    return _Pool(MOST_THREADS)


def _pool_of_a_cluster(run: Run) -> "_Pool | None":
    """Workers of our own inside a Dask worker, for the life of it; none where it may not have any."""
    return _start_pool_of_a_cluster() if run.settings.dask and not current_process().daemon else None


class _Limits(NamedTuple):
    """What the documents of a shard may take: seconds each, and bytes of memory in all (0: as much as there is)."""

    seconds: float
    memory_bytes: int


class _Pool:
    """Workers, started ahead or when they are wanted, and kept for the next call."""

    def __init__(self, n_workers: int) -> None:
        self.n_workers = n_workers
        self._slots = BoundedSemaphore(n_workers)
        self._idle: list[_Worker] = []
        self._is_closed = False

    def start(self) -> None:
        """Start the first workers, so that they are ready when the run has found out what to do."""
        self._idle = [_Worker() for _ in range(min(self.n_workers, STARTED_AHEAD))]

    def call(self, limits: _Limits | None, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        with self._slots:
            if self._is_closed:
                raise RuntimeError("The run has ended; its workers are gone.")
            worker = self._idle.pop() if self._idle else _Worker()
            try:
                if not worker.is_alive():  # killed while it waited
                    worker = _Worker()
                return worker.call(limits, function, args, kwargs)
            finally:
                if worker.is_alive() and held_bytes(worker.pid) > MOST_KEPT_BYTES:
                    worker.end()
                    worker = _Worker()
                if worker.is_alive():
                    self._idle.append(worker)

    def close(self) -> None:
        """Wait for the calls that are under way, refuse those that wait for a worker, end the workers."""
        self._is_closed = True
        for _ in range(self.n_workers):
            self._slots.acquire()
        for worker in self._idle:
            worker.end()


class _Worker:
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

    def end(self) -> None:
        self._connection.close()
        self._process.join()

    def call(
        self, limits: _Limits | None, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:  # noqa: ANN401
        poll = STILL_SECONDS / 20 if limits is None else min(LONGEST_POLL_SECONDS, limits.seconds / 4)
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
                        document, Fate("timed_out", f"no end within {limits.seconds:g} s, {LOSSES_TO_CONDEMN} times")
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
    """The life of a worker: take a call, answer it, until nobody is there any more."""
    _end_with_parent()
    write_marks_to(mark)
    import_module(STEPS)
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)
    while True:
        try:
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
        return f"the process that worked on it died of {signal.Signals(-exit_code).name}, {LOSSES_TO_CONDEMN} times"
    return f"the process that worked on it ended with exit code {exit_code}, {LOSSES_TO_CONDEMN} times"


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
