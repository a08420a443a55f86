"""Cost of a process and its children while it runs: time, CPU and memory for each step that it announces.

Takes a command that prints `{"begin": step}` and `{"end": step}` as lines of JSON, gives the figures of each step. Memory is the
proportional set size from /proc: pages that processes share, such as mapped index files, count once over all of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

R = TypeVar("R")

EVERY_S = 0.2
# Of the time that a look at the memory may take: the kernel walks all mapped pages for it, for files of a gigabyte that was
# 15 % of a core at five looks a second, taken from the run that is measured.
MEMORY_SHARE = 0.02
TICKS = os.sysconf("SC_CLK_TCK")


def watch(command: Sequence[str], environment: dict[str, str] | None = None) -> dict[str, Any]:
    """Run a command and measure it.

    Returns:
        `steps`: for each step seconds, cpu_seconds, peak_mb (all processes), main_mb (the first process), anonymous_mb (what
        no file stands behind, all processes), of steps side by side each with what the others took meanwhile; `total` the same
        of the whole; what else the command printed as JSON.

    Raises:
        RuntimeError: the command failed.
    """
    begun = time.time()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
    watcher = _Watcher(process.pid)
    threading.Thread(target=watcher.run, daemon=True).start()
    printed: dict[str, Any] = {}
    assert process.stdout
    for line in process.stdout:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if not isinstance(event, dict):
            continue
        if "begin" in event:
            watcher.begin(event["begin"])
        elif "end" in event:
            watcher.end(event["end"])
        else:
            printed |= event
    process.wait()
    watcher.stop()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return {"steps": watcher.steps, "total": watcher.total(time.time() - begun), **printed}


def announced(name: str, work: Callable[[], R]) -> R:
    """Do a step of a command that is watched: say when it begins and when it ends."""
    print(json.dumps({"begin": name, "at": time.time()}), flush=True)
    result = work()
    print(json.dumps({"end": name, "at": time.time()}), flush=True)
    return result


class _Watcher:
    """Samples a process tree."""

    def __init__(self, pid: int) -> None:
        self.steps: dict[str, dict[str, float]] = {}
        self._pid = pid
        self._whole = {"peak_mb": 0.0, "main_mb": 0.0, "anonymous_mb": 0.0}
        self._cpu_of: dict[int, float] = {}
        self._begun: dict[str, tuple[float, float]] = {}  # time and CPU seconds when a step that is under way began
        self._is_done = threading.Event()
        self._lock = threading.Lock()

    def run(self) -> None:
        """Sample until stopped."""
        next_look = 0.0
        while not self._is_done.wait(EVERY_S):
            begun = time.monotonic()
            self._sample(with_memory=begun >= next_look)
            if begun >= next_look:
                next_look = begun + (time.monotonic() - begun) / MEMORY_SHARE

    def begin(self, step: str) -> None:
        """A step begins."""
        self._sample()
        with self._lock:
            self.steps[step] = {"peak_mb": 0.0, "main_mb": 0.0, "anonymous_mb": 0.0}
            self._begun[step] = (time.time(), sum(self._cpu_of.values()))

    def end(self, step: str) -> None:
        """A step ends."""
        self._sample()
        with self._lock:
            begun, cpu = self._begun.pop(step)
            self.steps[step]["seconds"] = round(time.time() - begun, 2)
            self.steps[step]["cpu_seconds"] = round(sum(self._cpu_of.values()) - cpu, 2)

    def stop(self) -> None:
        """Stop taking samples."""
        self._is_done.set()

    def total(self, seconds: float) -> dict[str, float]:
        """The figures of the whole."""
        return {"seconds": round(seconds, 2), "cpu_seconds": round(sum(self._cpu_of.values()), 2), **self._whole}

    def _sample(self, *, with_memory: bool = True) -> None:
        with self._lock:
            peak = main = anonymous = 0.0
            for pid in _tree(self._pid):
                self._cpu_of[pid] = max(self._cpu_of.get(pid, 0.0), _cpu(pid))
                memory = _memory(pid) if with_memory else None
                if memory:
                    peak += memory[0]
                    anonymous += memory[1]
                    main += memory[0] if pid == self._pid else 0
            found = {"peak_mb": round(peak), "main_mb": round(main), "anonymous_mb": round(anonymous)}
            for figures in (self._whole, *(self.steps[step] for step in self._begun)):
                for name in figures.keys() & found.keys():
                    figures[name] = max(figures[name], found[name])


def _tree(pid: int) -> list[int]:
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        try:  # it may end at any moment, its threads before it
            tasks = list(Path(f"/proc/{one}/task").iterdir())
        except OSError:
            continue
        for task in tasks:
            with suppress(OSError):
                waiting += map(int, (task / "children").read_text().split())
    return found


def _memory(pid: int) -> tuple[float, float] | None:
    """Proportional and anonymous megabytes."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines[1:] if line.split()[-1] == "kB"}
    return sizes.get("Pss", 0.0), sizes.get("Pss_Anon", sizes.get("Anonymous", 0.0))


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS
