"""The watcher of a process tree: its figures, and processes that end while it looks."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bench.scale import watching

COMMAND = """
import json, subprocess, sys
print(json.dumps({"begin": "busy"}), flush=True)
subprocess.run([sys.executable, "-c", "sum(range(3_000_000))"])
print(json.dumps({"end": "busy"}), flush=True)
print(json.dumps({"n": 7}))
"""


def test_a_command_is_measured_with_its_children() -> None:
    figures = watching.watch([sys.executable, "-c", COMMAND])
    assert figures["n"] == 7
    assert figures["steps"]["busy"]["seconds"] > 0
    assert figures["total"]["peak_mb"] > 1


def test_a_process_that_ends_while_it_is_looked_at_stops_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(path: object, *_: object) -> list[str]:
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_text", gone)
    assert watching._tree(os.getpid()) == [os.getpid()]
    monkeypatch.setattr(Path, "iterdir", gone)
    assert watching._tree(os.getpid()) == [os.getpid()]
