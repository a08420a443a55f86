"""Progress of a run, announced once and shown wherever somebody listens: the terminal, the Prefect UI."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Listener = Callable[[str, int, int], None]

_listeners: list[Listener] = []


def announce(step: str, done: int, total: int) -> None:
    """Say that `done` of `total` parts of a step are finished."""
    for listener in _listeners:
        listener(step, done, total)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call `listener(step, done, total)` at each announcement, in whatever thread it is made."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
