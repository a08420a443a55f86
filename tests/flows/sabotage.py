"""Steps that hang or die on documents which hold a given word: what native code does, without the native code."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import cleaners.extract.articles
import cleaners.junk.find
import cleaners.junk.strip
import cleaners.names.recognise.mentions
from cleaners.quality import RunCounts
from flows.ingest import jsonl
from flows.run import Run
from flows.steps import extract as extract_module
from flows.steps import strip as strip_module
from flows.steps.plan import Shard
from flows.workers.marks import Tries

HANG, DIE, HOG = "Hangwort", "Diewort", "Hogwort"
HOGGED_BYTES = 2**34


def spring(text: object) -> None:
    """Harm the worker in the way that the text names."""
    words = str(text)
    if HANG in words:
        time.sleep(600)
    if DIE in words:
        os.kill(os.getpid(), signal.SIGSEGV)
    if HOG in words:
        bytearray(HOGGED_BYTES)


def sabotaged(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which springs first on its first argument."""

    def run(first: Any, *rest: Any) -> Any:
        spring(first)
        return function(first, *rest)

    return run


def read_and_extract(run: Run, shard: Shard, tries: Tries) -> RunCounts:
    """`extract_shard` whose reader of records springs."""
    jsonl.make_record = sabotaged(jsonl.make_record)
    return extract_module.extract_shard(run, shard, tries)


def extract(run: Run, shard: Shard, tries: Tries) -> RunCounts:
    """`extract_shard` whose extractor springs."""
    cleaners.extract.articles._documents = sabotaged(cleaners.extract.articles._documents)
    return extract_module.extract_shard(run, shard, tries)


def gather(run: Run, shard: Shard, tries: Tries) -> RunCounts:
    """`extract_shard` whose gathering of evidence springs: the documents lie together in one frame."""
    extract_module.gather_evidence = sabotaged_frame(extract_module.gather_evidence)
    return extract_module.extract_shard(run, shard, tries)


def strip(run: Run, shard: Shard, tries: Tries) -> RunCounts:
    """`strip_shard` whose detectors spring."""
    cleaners.junk.strip.find_junk = sabotaged(cleaners.junk.find.find_junk)
    return strip_module.strip_shard(run, shard, tries)


def find_names(run: Run, shard: Shard, tries: Tries) -> RunCounts:
    """`strip_shard` whose recogniser of names springs."""
    recognise = cleaners.names.recognise.mentions.find_people
    cleaners.names.recognise.mentions.find_people = sabotaged(recognise)
    return strip_module.strip_shard(run, shard, tries)


def sabotaged_frame(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(frame: Any, *rest: Any) -> Any:
        spring("\n".join(frame["text"]))
        return function(frame, *rest)

    return run


def compute(seconds: float) -> float:
    """Be busy for some seconds, and give how many."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        sum(range(10_000))
    return time.monotonic() - begun


def die_once(run: Run, shard: Shard, tries: Tries) -> RunCounts:
    """`extract_shard` whose worker is killed in the middle, the first time."""
    marker = run.work("died")
    if not marker.exists():
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return extract_module.extract_shard(run, shard, tries)


def die_or_be_late(run: Run, number: int) -> None:
    """A part of a step: the first one kills its process at once, the others leave a file after a while."""
    if number == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.5)
    (run.staging / f"late-{number}").touch()


def has_imported(module: str) -> bool:
    """Tell whether this process has imported a module."""
    return module in sys.modules


_held: list[bytearray] = []


def hold_memory(n_bytes: int) -> int:
    """Keep memory for good, as fragments of freed memory are kept; return the process id."""
    _held.append(bytearray(b"x") * n_bytes)
    return os.getpid()


def always_die(run: Run, shard: Shard, tries: Tries) -> RunCounts:
    """A step that dies before it is at any document."""
    os.kill(os.getpid(), signal.SIGABRT)
    return RunCounts()
