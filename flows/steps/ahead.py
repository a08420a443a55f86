"""A head start: steps of a run that are done while the engine which is to show them is not there yet.

Prefect and its server take seconds to start, in which the workers would have nothing to do. What is done then is marked as done, as
an interrupted run leaves it (`flows/steps/resume.py`): the engine finds it, or waits for the step that is under way.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from threading import Event, Thread
from typing import TypeVar

from flows.steps.engine import Engine
from flows.steps.plan import Shard
from flows.steps.step import Step

R = TypeVar("R")


class HeadStart:
    """Steps done in a thread until another engine is there."""

    def __init__(self) -> None:
        self._is_over = Event()
        self._thread: Thread | None = None

    def start(self, steps: Callable[[Engine], object], engine: Engine) -> None:
        """Do steps by an engine, one after the other, until `stop` is called or one fails: whoever does that again will say why."""

        def run() -> None:
            with suppress(Exception):
                steps(_Stoppable(engine, self._is_over))

        self._thread = Thread(target=run)
        self._thread.start()

    def stop(self) -> None:
        """Begin no further step; the one under way goes on."""
        self._is_over.set()

    def end(self) -> None:
        """Begin no further step, and wait for the one under way."""
        self.stop()
        if self._thread:
            self._thread.join()


class _Over(Exception):
    """Another engine goes on."""


class _Stoppable:
    """An engine whose next step is not begun once an event is set."""

    def __init__(self, engine: Engine, is_over: Event) -> None:
        self._engine, self._is_over = engine, is_over

    def once(self, step: Step, work: Callable[[], R]) -> R:
        """Do a step that is one piece of work."""
        self._check()
        return self._engine.once(step, work)

    def each(self, step: Step, work: Callable[[Shard], R], shards: Sequence[Shard]) -> Iterator[tuple[Shard, R]]:
        """Do a step on every shard."""

        def do(shard: Shard) -> R:
            self._check()
            return work(shard)

        return self._engine.each(step, do, shards)

    def _check(self) -> None:
        if self._is_over.is_set():
            raise _Over
