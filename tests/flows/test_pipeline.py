"""The run and its engines: what there is to do may be found out before there is an engine to do it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from cleaners.errors import CopydeskError
from flows import pipeline
from flows.pipeline import begin_run, run_pipeline
from flows.settings import Settings
from flows.steps.engine import PlainEngine
from flows.steps.step import Step
from tests.conftest import SEEDS


class ListingEngine(PlainEngine):
    """Lists the steps that it does once."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[str] = []

    def once(self, step: Step, work: Callable[[], Any]) -> Any:
        self.steps.append(step.name)
        return work()


def test_a_run_goes_on_from_what_was_found_out_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(sources=[str(SEEDS)], output=str(tmp_path / "out"), workers=1)
    plans = []
    plan_run = pipeline.plan_run
    monkeypatch.setattr(pipeline, "plan_run", lambda run: plans.append(plan_run(run)) or plans[-1])
    engine = ListingEngine()
    with begin_run(settings, PlainEngine()) as begun:
        assert (begun.plan.is_empty, begun.plan.n_inputs) == (False, 5)
        with pytest.raises(CopydeskError, match="Another run"):  # of other settings, on the same output
            run_pipeline(settings.model_copy(update={"dry_run": True}), PlainEngine())
        result = run_pipeline(settings.model_copy(), engine)
    assert (result.status, result.run_id, len(plans)) == ("published", begun.run.run_id, 1)
    assert engine.steps[0] == "discover", "an engine shows every step"
    with begin_run(settings, PlainEngine()) as again:
        assert again.plan.is_empty
    assert not (tmp_path / "out" / "_staging").exists()
    assert run_pipeline(settings, engine).status == "nothing_new", "nothing is left of the run before"
    assert len(plans) == 3


class MeetingEngine(PlainEngine):
    """Lets steps begin only once the others of a group have begun, and one fail."""

    def __init__(self, *together: str, failing: str = "") -> None:
        super().__init__()
        self._together, self._failing = together, failing
        self._meeting = Barrier(len(together), timeout=60)

    def once(self, step: Step, work: Callable[[], Any]) -> Any:
        if step.name in self._together:
            self._meeting.wait()
        if step.name == self._failing:
            raise CopydeskError("No names.", "Mend it.")
        return work()


def test_steps_that_do_not_wait_for_each_other_go_on_side_by_side(tmp_path: Path) -> None:
    settings = Settings(sources=[str(SEEDS)], output=str(tmp_path), workers=1)
    assert run_pipeline(settings, MeetingEngine("stories", "names")).status == "published"


def test_a_step_that_fails_stops_the_run_and_what_went_on_beside_it_stays_done(tmp_path: Path) -> None:
    settings = Settings(sources=[str(SEEDS)], output=str(tmp_path), workers=1)
    with pytest.raises(CopydeskError, match="No names"):
        run_pipeline(settings, MeetingEngine("stories", "names", failing="names"))
    assert not (tmp_path / "latest").exists()
    result = run_pipeline(settings, PlainEngine())
    # Of all that stands before names one shard was extracted and stripped.
    assert (result.status, result.n_steps_resumed) == (
        "published",
        len(["extract", "learn", "strip", "match", "divide", "terms", "stories"]),
    )
