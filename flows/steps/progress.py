"""Progress of a run, announced once and shown by every listener: the terminal, the Prefect UI."""

import time
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


class Estimate:
    """Estimate of how long a step will still take: what is left at the pace of what is done.

    Args:
        clock: seconds that never run backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun: dict[str, tuple[float, int]] = {}

    def __call__(self, step: str, done: int, total: int) -> float | None:
        """Seconds left of a step, None before its first part is done; to be called when the step begins, too."""
        begun, first = self._begun.setdefault(step, (self._clock(), done))
        if done <= first:
            return None
        return (self._clock() - begun) / (done - first) * (total - done)


def in_words(seconds: float) -> str:
    """A rough time: `40 s`, `12 min`, `3 h 20 min`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
