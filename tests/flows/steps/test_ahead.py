"""A head start: what is done before the engine is there is not done again, and nothing is begun after."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event, Thread

import pytest

from flows import pipeline
from flows.pipeline import begin_run, go_ahead, run_pipeline
from flows.settings import Settings
from flows.steps.ahead import HeadStart
from flows.steps.engine import Engine, PlainEngine
from flows.steps.resume import do_once
from flows.steps.step import STEPS
from tests.conftest import SEEDS
from tests.flows.steps.test_resume import begin


def test_no_step_is_begun_once_another_engine_goes_on() -> None:
    done: list[str] = []
    is_at_it, may_end = Event(), Event()

    def steps(engine: Engine) -> None:
        engine.once(STEPS["extract"], lambda: done.append("extract"))
        engine.once(STEPS["learn"], lambda: (is_at_it.set(), may_end.wait(10), done.append("learn")))
        engine.once(STEPS["strip"], lambda: done.append("strip"))

    head_start = HeadStart()
    head_start.start(steps, PlainEngine())
    assert is_at_it.wait(10)
    head_start.stop()
    may_end.set()
    head_start.end()
    assert done == ["extract", "learn"], "the step under way went on"


def test_a_failure_is_left_to_the_engine_that_does_the_step_again() -> None:
    tried: list[str] = []

    def steps(engine: Engine) -> None:
        engine.once(STEPS["learn"], lambda: tried.append("learn") or 1 // 0)
        engine.once(STEPS["strip"], lambda: tried.append("strip"))

    head_start = HeadStart()
    head_start.start(steps, PlainEngine())
    head_start.end()
    assert tried == ["learn"], "nothing goes on behind a failure"
    with pytest.raises(ZeroDivisionError):
        steps(PlainEngine())
    assert tried == ["learn", "learn"]


def test_a_step_that_another_thread_is_at_is_waited_for(tmp_path: Path) -> None:
    run, _ = begin(tmp_path, "1")
    is_at_it, may_end = Event(), Event()
    ahead = Thread(target=lambda: do_once(run, "learn", lambda: is_at_it.set() or (may_end.wait(10) and 7)))
    ahead.start()
    assert is_at_it.wait(10)
    found: list[int] = []
    second = Thread(target=lambda: found.append(do_once(run, "learn", lambda: 8)))
    second.start()
    may_end.set()
    second.join()
    ahead.join()
    assert found == [7]


def test_a_run_with_a_head_start_does_each_step_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(sources=[str(SEEDS)], output=str(tmp_path / "out"), workers=1)
    extracted = []
    extract_shard = pipeline.extract_shard
    monkeypatch.setattr(pipeline, "extract_shard", lambda *args: extracted.append(1) or extract_shard(*args))
    with begin_run(settings, PlainEngine()) as begun:
        go_ahead(begun, PlainEngine())
        deadline = time.monotonic() + 60
        while not begun.run.work("done", "extract-0.json").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        result = run_pipeline(settings, PlainEngine())
    assert (result.status, result.n_steps_resumed, len(extracted)) == ("published", 0, 1)
