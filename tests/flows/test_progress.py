from __future__ import annotations

import pytest

from flows.progress import Estimate, announce, in_words, listening


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
