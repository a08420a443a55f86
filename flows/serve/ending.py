"""The end of a long-running command: SIGTERM and Ctrl-C stop it in order, and within seconds whatever hangs.

A terminal, systemd and a container send one signal and wait. As process 1 of a container a program gets no signal that it does
not take itself.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer

# From the signal on: what ends in order has ended by then, a run that is stopped is gone on with by the next. Docker waits 10 s
# unless told otherwise, systemd 90.
MAX_END_SECONDS = 9.0
SIGNALS = (signal.SIGTERM, signal.SIGINT)


def stop(signum: int, _: object = None) -> None:
    """End what runs as Ctrl-C does; what has not ended in MAX_END_SECONDS is killed.

    Raises:
        KeyboardInterrupt: always.
    """
    for one in SIGNALS:
        signal.signal(one, signal.SIG_IGN)  # a second one would interrupt the clearing up
    watchdog = Timer(MAX_END_SECONDS, _kill_all, [128 + signum])
    watchdog.daemon = True
    watchdog.start()
    raise KeyboardInterrupt


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Take SIGTERM and Ctrl-C while the block runs, and leave it quietly when one comes."""
    for one in SIGNALS:
        signal.signal(one, stop)
    with suppress(KeyboardInterrupt):
        yield


def wait_for_signal() -> None:
    """Wait for what `stopped_by_signals` takes."""
    while True:
        signal.pause()


def _kill_all(code: int) -> None:
    """Kill every process below this one, and end."""
    for pid in list_descendants(os.getpid()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    os._exit(code)


def list_descendants(pid: int) -> list[int]:
    """The processes that a process started, and those that these started; none where the system does not say."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(status.parent.name))
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found
