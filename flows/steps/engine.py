"""Engines: how the work of a step is done. As Prefect's tasks (`flows/tasks.py`), here and now (`PlainEngine`), or timed."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Protocol, TypeVar

from flows.steps.plan import Shard
from flows.steps.step import Step

R = TypeVar("R")


class Engine(Protocol):
    """Does the work of each step."""

    def once(self, step: Step, work: Callable[[], R]) -> R:
        """Do a step that is one piece of work."""

    def each(self, step: Step, work: Callable[[Shard], R], shards: Sequence[Shard]) -> Iterator[tuple[Shard, R]]:
        """Do a step on every shard, some at a time; give each shard and its result when it is done, in any order."""


class PlainEngine:
    """Does the work here and now; shards in as many threads as there are workers to wait for."""

    def __init__(self, n_threads: int = 1) -> None:
        self._n_threads = n_threads

    def once(self, step: Step, work: Callable[[], R]) -> R:
        """Do a step that is one piece of work."""
        return work()

    def each(self, step: Step, work: Callable[[Shard], R], shards: Sequence[Shard]) -> Iterator[tuple[Shard, R]]:
        """Do a step on every shard."""
        with ThreadPoolExecutor(self._n_threads) as threads:
            futures = {threads.submit(work, shard): shard for shard in shards}
            for future in as_completed(futures):
                yield futures[future], future.result()
