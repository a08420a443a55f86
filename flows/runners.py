"""Where the work runs: a pool of plain worker processes that import `cleaners` and the light part of `flows`, never Prefect.

Prefect's own process pool imports Prefect in every worker, 6-13 s each; these start in about a second.
"""

import os
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_pool: ProcessPoolExecutor | None = None
_n_workers = 1


@contextmanager
def worker_pool(n_workers: int) -> Iterator[None]:
    """Keep `n_workers` processes for the time of a run; `run_in_worker` uses them."""
    global _pool, _n_workers  # noqa: PLW0603
    _pool, _n_workers = _start_pool(n_workers), n_workers
    try:
        yield
    finally:
        _pool.shutdown(wait=True, cancel_futures=True)
        _pool = None


def run_in_worker(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a function in a worker process and wait for its result.

    Outside `worker_pool` it runs here: a step can be tried alone.

    Raises:
        BrokenProcessPool: a worker died (out of memory, killed). The pool is started anew, so a retry can succeed.
    """
    global _pool  # noqa: PLW0603
    pool = _pool
    if pool is None:
        return function(*args, **kwargs)
    try:
        return pool.submit(function, *args, **kwargs).result()
    except BrokenProcessPool:
        if _pool is pool:
            _pool = _start_pool(_n_workers)
        raise


def map_in_workers(function: Callable[..., R], /, *arguments: Iterable[Any]) -> list[R]:
    """Run a function for each set of arguments in the worker processes, as many at a time as there are workers.

    Returns:
        The results, in order.
    """
    calls = list(zip(*arguments, strict=True))
    if _pool is None:
        return [function(*call) for call in calls]
    with ThreadPoolExecutor(_n_workers) as waiting:
        return list(waiting.map(lambda call: run_in_worker(function, *call), calls))


def _start_pool(n_workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(n_workers, mp_context=_PlainContext(), initializer=_end_with_parent)


def _end_with_parent() -> None:
    """Let the worker end when the run's process is killed: it would wait for work for ever."""
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
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            return SpawnProcess._Popen(process_obj)
        finally:
            sys.modules["__main__"] = main


class _PlainContext(SpawnContext):
    Process = _PlainProcess
