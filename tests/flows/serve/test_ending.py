"""The end of a long-running command: at once where it can, within seconds where something hangs, also as process 1."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.serve.ending import list_descendants

SCRIPT = """
import signal, subprocess, sys, time
from flows.serve import ending

ending.MAX_END_SECONDS = 1.0
with ending.stopped_by_signals():
    try:
        child = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"])
        print(child.pid, flush=True)
        time.sleep(600)
    finally:
        if sys.argv[1] == "hangs":
            child.wait()
        child.kill()
print("ended in order", flush=True)
"""
ALONE = ["unshare", "--pid", "--fork", "--kill-child"]


def can_be_process_1() -> bool:
    return (
        bool(shutil.which("unshare"))
        and subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0
    )


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists() or ") Z " in Path(f"/proc/{pid}/stat").read_text()


@pytest.mark.parametrize("is_process_1", [False, True], ids=["plain", "process 1"])
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("how", ["ends", "hangs"])
def test_a_signal_ends_it_and_what_it_started(how: str, signum: signal.Signals, is_process_1: bool) -> None:
    if is_process_1 and not can_be_process_1():
        pytest.skip("no right to make a process 1")
    before = ALONE if is_process_1 else []
    process = subprocess.Popen([*before, sys.executable, "-c", SCRIPT, how], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    process.stdout.readline()
    below = list_descendants(process.pid)
    (main, *_) = below if is_process_1 else [process.pid]
    began = time.monotonic()
    os.kill(main, signum)
    said = process.stdout.read()
    code = process.wait(30)
    assert time.monotonic() - began < 15
    assert ("ended in order" in said) == (how == "ends")
    assert code == (0 if how == "ends" else 128 + signum)
    deadline = time.monotonic() + 10
    while not all(map(is_gone, below)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
