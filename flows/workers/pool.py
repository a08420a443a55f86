"""Pool of worker processes for a run, which deals the work out to them.

A call has a worker to itself (`flows/workers/process.py`): one that dies or hangs takes nothing with it but the call it was at.
Where a document did it, that is found out; where there is a cluster, it gets what can be divided.
"""

import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from multiprocessing import current_process
from threading import current_thread, main_thread
from typing import Any, ParamSpec, TypeVar

from cleaners.errors import CopydeskError
from flows.run import Run
from flows.workers.marks import FIRST_TRY, held_bytes
from flows.workers.process import LOSSES_TO_QUARANTINE, Limits, Worker, WorkerLost, take_worker

P = ParamSpec("P")
R = TypeVar("R")

# Workers lost on a shard, with no document to show for it, before the shard is given up.
MAX_LOSSES = 4
MAX_THREADS = 64  # of a Dask worker, which itself says how many of them work
# A worker that still holds so much when its call is done gives way to a new one: freed memory stays with a process in pieces,
# and over thirty parts of names came to a third more (docs/benchmarks.md).
MAX_KEPT_BYTES = 2**30

# Workers started before there is a call for them: on a machine of many cores most runs want no more.
STARTED_AHEAD = 2

# Does calls elsewhere and gives their results in order: what a Dask worker does for each, given the function and its arguments.
Mapper = Callable[[Callable[..., Any], Callable[..., Any], list[tuple[Any, ...]]], list[Any]]

_pool: "_Pool | None" = None
_mapper: Mapper | None = None


@contextmanager
def worker_pool(n_workers: int) -> Iterator[None]:
    """Keep up to `n_workers` processes for the time of a run; `run_in_worker` and `run_watched` use them.

    Within the block of another pool there is that one alone. Ctrl-C ends the workers at once, so that nobody waits for what they
    are at.
    """
    global _pool  # noqa: PLW0603
    if _pool:
        yield
        return
    pool = _pool = _Pool(n_workers)
    pool.start()
    try:
        with _interrupted_by(pool.kill):
            yield
    finally:
        _pool = None
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


def prepare_workers(n_wanted: int) -> None:
    """Start as many workers as a run wants, which knows by now what there is to do, and have `map_in_workers` do with these.

    Each start costs a second of processor time, longer than a few documents take.
    """
    if _pool:
        _pool.prepare(n_wanted)


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
    with ThreadPoolExecutor(_pool.n_at_once) as waiting:
        return list(waiting.map(lambda call: run_in_worker(function, *call), calls))


def run_watched(function: Callable[..., R], run: Run, /, *args: object) -> R:
    """Run a step of one shard in a worker, and find the document out that the worker hangs or dies on.

    Args:
        function: takes the run, `args` and, last, a `Tries`; marks the documents it is at.
        run: the run; its settings say how long a document may take, and how much memory a worker.
        args: what else the function takes.

    Raises:
        CopydeskError: this is a worker on a machine that does not see the run's files.
        WorkerLost: workers are lost on this shard, but on no document in particular.
    """
    if _mapper:
        return _mapper(run_watched, function, [(run, *args)])[0]  # type: ignore[no-any-return]
    run.check_staging()
    pool, settings = _pool or _pool_of_a_cluster(run), run.settings
    if pool is None:
        return function(run, *args, FIRST_TRY)
    limits = Limits(settings.document_time_limit_seconds, settings.worker_memory_bytes)
    tries = FIRST_TRY
    losses: Counter[str] = Counter()
    n_unexplained = 0
    while True:
        try:
            return pool.call(limits, function, run, *args, tries)  # type: ignore[no-any-return]
        except WorkerLost as lost:
            losses[lost.document] += 1
            n_unexplained += 1
            if lost.document and losses[lost.document] == LOSSES_TO_QUARANTINE:
                tries = tries.quarantine(lost.document, lost.fate)
                n_unexplained = 0
            elif n_unexplained == MAX_LOSSES:
                raise
            tries = tries._replace(singly=True)


def run_for_cluster(function: Callable[..., R], run: Run, /, *args: object) -> R:
    """Do a call of `map_in_workers` in a Dask worker, in a process of the worker's own where it may have one.

    Raises:
        CopydeskError: the worker does not see the run's files.
        WorkerLost: that process died.
    """
    run.check_staging()
    pool = _pool_of_a_cluster(run)
    return function(run, *args) if pool is None else pool.call(None, function, run, *args)


@cache
def _start_pool_of_a_cluster() -> "_Pool":
    return _Pool(MAX_THREADS)


def _pool_of_a_cluster(run: Run) -> "_Pool | None":
    """Workers of our own inside a Dask worker, for the life of it; none where it may not have any."""
    return _start_pool_of_a_cluster() if run.settings.dask and not current_process().daemon else None


@contextmanager
def _interrupted_by(end: Callable[[], None]) -> Iterator[None]:
    """Do `end` at Ctrl-C before anything else; outside of the main thread, which alone gets signals, nothing."""
    if current_thread() is not main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one would interrupt the clearing up
        end()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _Pool:
    """Workers, started ahead or when they are wanted, and kept for the next call."""

    def __init__(self, n_workers: int) -> None:
        self.n_workers = self.n_at_once = n_workers
        # A thread a worker: calls that wait for one get it in their order, where a semaphore favours whoever has just had one.
        self._threads = ThreadPoolExecutor(n_workers)
        self._idle: list[Worker] = []
        self._busy: list[Worker] = []
        self._is_closed = False

    def start(self) -> None:
        """Start the first worker, so that it is ready when the run wants to know what there is to do."""
        self._idle = [take_worker()]

    def prepare(self, n_wanted: int) -> None:
        """Let a step have so many calls at a time, and start the workers for them; while none is at a call."""
        self.n_at_once = min(n_wanted, self.n_workers)
        new = [Worker() for _ in range(min(self.n_at_once, STARTED_AHEAD) - len(self._idle))]
        self._idle = [*new, *self._idle]  # the last one is taken first: it has imported what the others import now

    def call(self, limits: Limits | None, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        try:
            waiting = self._threads.submit(self._call, limits, function, args, kwargs)
        except RuntimeError:  # shut down
            raise _stopped() from None
        return waiting.result()

    def _call(
        self, limits: Limits | None, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:  # noqa: ANN401
        worker = self._take()
        try:
            return worker.call(limits, function, args, kwargs)
        finally:
            self._busy.remove(worker)
            if worker.is_alive() and held_bytes(worker.pid) > MAX_KEPT_BYTES:
                worker.end()
                worker = Worker()
            if worker.is_alive():
                self._idle.append(worker)

    def _take(self) -> Worker:
        """A worker for a call.

        Raises:
            CopydeskError: the run has ended.
        """
        if not self._is_closed:
            worker = self._idle.pop() if self._idle else Worker()
            if not worker.is_alive():  # killed while it waited
                worker = Worker()
            self._busy.append(worker)
            if not self._is_closed:
                return worker
            worker.kill()  # it was not there yet when the others were
        raise _stopped()

    def kill(self) -> None:
        """End all workers now: calls that are under way fail, and none begins."""
        self._is_closed = True
        for worker in (*self._idle, *self._busy):
            worker.kill()

    def close(self) -> None:
        """Wait for the calls that are under way, refuse those that wait for a worker, end the workers."""
        self._is_closed = True
        self._threads.shutdown()
        for worker in self._idle:
            worker.let_go()
        for worker in self._idle:
            worker.end()


def _stopped() -> CopydeskError:
    return CopydeskError("The run was stopped.", "Nothing was published; run again to go on.")
