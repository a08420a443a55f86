"""An interrupted run goes on where it stopped, if it has the same to do, and ends as an undisturbed one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.run import Run
from flows.settings import Settings
from flows.steps import resume
from flows.steps.discover import plan_run
from flows.steps.plan import Plan
from flows.steps.resume import continue_interrupted, do_once, n_done
from flows.steps.versions import find_versions
from tests.conftest import OF_A_RUN, SEEDS, read_tables

pytestmark = pytest.mark.slow


def begin(output: Path, run_id: str, **settings: object) -> tuple[Run, Plan]:
    chosen = Settings.model_validate({"sources": [str(SEEDS)], "output": str(output), "workers": 1, **settings})
    run = Run(run_id, chosen, output, output / "_staging" / run_id, None, find_versions(chosen))
    return run, plan_run(run)


def test_a_step_is_done_once_and_its_result_kept(tmp_path: Path) -> None:
    run, plan = begin(tmp_path, "1")
    run = continue_interrupted(run, plan)
    calls = []
    for _ in range(2):
        assert do_once(run, "learn", lambda: len(calls) or calls.append(1) or 7) == 7
    assert calls == [1]
    assert n_done(run) == 1


def test_a_step_that_fails_is_not_done(tmp_path: Path) -> None:
    run, plan = begin(tmp_path, "1")
    continue_interrupted(run, plan)
    with pytest.raises(ZeroDivisionError):
        do_once(run, "learn", lambda: 1 // 0)
    assert do_once(run, "learn", lambda: 3) == 3


def test_the_same_work_is_taken_over_and_other_work_is_not(tmp_path: Path) -> None:
    first, plan = begin(tmp_path, "1")
    do_once(continue_interrupted(first, plan), "learn", lambda: 1)
    second = continue_interrupted(*begin(tmp_path, "2"))
    assert (second.run_id, n_done(second)) == ("1", 1)
    assert [folder.name for folder in (tmp_path / "_staging").iterdir()] == ["1"]
    wider_gate = {"cleaning": {"quality": {"max_reject_share": 1.0}}}
    assert continue_interrupted(*begin(tmp_path, "3", **wider_gate)).run_id == "1"
    other = continue_interrupted(*begin(tmp_path, "4", cleaning={"strip": {"salvage_min_words": 31}}))
    assert (other.run_id, n_done(other)) == ("4", 0)
    assert [folder.name for folder in (tmp_path / "_staging").iterdir()] == ["4"]


def test_markers_of_another_start_of_the_machine_are_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = continue_interrupted(*begin(tmp_path, "1"))
    do_once(run, "learn", lambda: 1)
    monkeypatch.setattr(resume, "_boot", lambda: "another")
    assert n_done(run) == 0
    assert do_once(run, "learn", lambda: 2) == 2


def test_a_run_whose_snapshot_was_moved_already_is_not_taken_over(tmp_path: Path) -> None:
    run = continue_interrupted(*begin(tmp_path, "1"))
    do_once(run, "learn", lambda: 1)
    (tmp_path / "runs" / "1").mkdir(parents=True)
    assert continue_interrupted(*begin(tmp_path, "2")).run_id == "2"


@pytest.mark.parametrize("step", ["extract-0", "strip-0", "match"])
def test_killed_after_a_step_the_next_run_goes_on_and_ends_alike(
    tmp_path: Path, step: str, seed_tables, run_pipeline
) -> None:
    """A real process, killed with its children as soon as the step's marker is there."""
    script = f"from pathlib import Path; from tests.conftest import run_steps; run_steps([{str(SEEDS)!r}], Path({str(tmp_path)!r}), 'first')"
    process = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
    marker = tmp_path / "_staging" / "first" / "work" / "done" / f"{step}.json"
    deadline = time.monotonic() + 60
    while not marker.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "latest").exists()
    run = run_pipeline([SEEDS], tmp_path, run_id="second")
    assert run.run_id == "first"
    ended = read_tables(tmp_path / "latest")
    for name in ("articles", "removed_spans", "clusters", "duplicate_pairs", "name_mentions", "name_flags", "rejects"):
        mine, theirs = (getattr(tables, name).drop(*OF_A_RUN, strict=False) for tables in (ended, seed_tables))
        assert mine.equals(theirs), name
    assert not (tmp_path / "_staging" / "first").exists()
