from __future__ import annotations

import pytest

from flows.steps.progress import Estimate, announce, in_words, listening
from flows.steps.step import STEPS


def test_only_listeners_of_the_moment_hear() -> None:
    heard: list[tuple[str, int, int]] = []
    announce("strip", 1, 2)
    with listening(lambda *said: heard.append(said)):
        announce("strip", 2, 2)
    announce("match", 1, 1)
    assert heard == [("strip", 2, 2)]


def test_the_estimate_goes_by_the_pace_so_far() -> None:
    now = 100.0
    estimate = Estimate(lambda: now)
    assert estimate("strip", 0, 10) is None
    now = 130.0
    assert estimate("strip", 3, 10) == pytest.approx(70.0)
    now = 140.0
    assert estimate("strip", 10, 10) == 0.0
    assert estimate("match", 0, 1) is None


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 s"), (40, "40 s"), (90, "2 min"), (5_000, "83 min"), (12_000, "3 h 20 min")]
)
def test_times_are_said_roughly(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_the_bar_in_the_ui_moves_within_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    from flows import tasks

    shown: list[tuple[float, str]] = []
    monkeypatch.setattr(tasks, "create_progress_artifact", lambda percent, **_: shown.append((percent, "")) or "id")
    monkeypatch.setattr(
        tasks, "update_progress_artifact", lambda _, percent, description: shown.append((percent, description))
    )
    bar = tasks.ProgressArtifact()
    bar("discover", 1, 1)
    assert shown == []
    for done in range(101):
        bar("extract", done, 100)
    bar("learn", 0, 1)
    bar("learn", 1, 1)
    assert 5 <= len(shown) <= 10
    assert (shown[-2][1], shown[-1][1]) == ("extract: 100 of 100", "learn")
    for step in list(STEPS)[3:]:
        bar(step, 1, 1)
    assert shown[-1] == (pytest.approx(100.0), "publish")
    percents = [percent for percent, _ in shown]
    assert percents == sorted(percents)
