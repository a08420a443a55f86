"""Going on where an interrupted run stopped: which staging folder a run may take over, and which of its steps are done.

A step's marker is written when its files are; a run with the same inputs, code, settings and predecessor finds it and does
not do the step again. Nothing here decides what is published.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import polars as pl

from cleaners.document import REJECT_SCHEMA
from flows.run import Run
from flows.steps.plan import Plan
from flows.steps.versions import flow_version
from flows.store.files import write_json

R = TypeVar("R")

_locks: dict[Path, Lock] = {}  # of the steps that were begun in this process, by their markers

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def continue_interrupted(run: Run, plan: Plan) -> Run:
    """Take over the staging folder of an interrupted run that had the same to do; clear away every other.

    The caller holds the output lock, so no one else writes there.

    Args:
        run: the run that begins; its staging folder holds what discovery found.
        plan: what it has to do.

    Returns:
        The interrupted run under its own id, or `run` itself where there is none to go on with.
    """
    key = _key(run, plan)
    chosen = run
    for folder in sorted((run.output / "_staging").iterdir()):
        is_ours = folder == run.staging
        was_moved = (run.output / "runs" / folder.name).exists()
        if not is_ours and not was_moved and chosen is run and _read(folder / "work" / "plan.json") == {"key": key}:
            chosen = run._replace(run_id=folder.name, staging=folder)
        elif not is_ours:
            shutil.rmtree(folder)
    if chosen is run:
        write_json({"key": key}, run.work("plan.json"))
    else:
        shutil.rmtree(run.staging)
    return chosen


def n_done(run: Run) -> int:
    """Steps that an interrupted run left done."""
    return sum(_result(path) is not None for path in run.work("done").glob("*.json"))


def do_once(run: Run, step: str, work: Callable[[], R]) -> R:
    """Do a step and mark it done, or give the result that an interrupted run left; wait where another thread is at it.

    Args:
        run: the run.
        step: the step's name, unique within the run.
        work: does the step, whole, and returns a number, a string, or a tuple of such.
    """
    marker = run.work("done", f"{step}.json")
    with _locks.setdefault(marker, Lock()):
        found = _result(marker)
        if found is not None:
            return found[0]  # type: ignore[no-any-return]
        result = work()
        marker.parent.mkdir(parents=True, exist_ok=True)
        write_json({"boot": _boot(), "result": result}, marker)
        return result


def _result(marker: Path) -> list[Any] | None:
    """The marked result, boxed; None where there is none to trust.

    After a loss of power a marker may have reached the disk before the files it speaks of: only those of this boot count.
    """
    found = _read(marker)
    return [found["result"]] if found and found.get("boot") == _boot() else None


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _key(run: Run, plan: Plan) -> str:
    """Digest of everything that the steps before assembly depend on."""
    rejects = pl.read_parquet(run.work("rejects", "discover.parquet"), glob=False).select(REJECT_SCHEMA.names())
    parts = (repr(run.versions), flow_version(), str(run.previous), repr(plan), repr(rejects.rows()))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()


@cache
def _boot() -> str:
    """Return the id of this start of the machine; empty where the system does not say, as outside Linux."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
