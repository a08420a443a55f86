"""Runs that are proposed: the best paths through the scores of a page's units."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cleaners.junk.model.regions import _viterbi


@given(st.lists(st.sampled_from([-6.0, -2.0, -0.5, 0.0, 0.5, 2.0, 6.0]), min_size=1, max_size=12))
def test_the_best_path_gains_as_much_as_any(scores: list[float]) -> None:
    """Of all ways to mark units, with 1.5 lost where a run begins and where one ends before the page does."""

    def gain(marked: list[bool]) -> float:
        changes = sum(a != b for a, b in zip([False, *marked], marked, strict=False))
        return sum(score for score, mark in zip(scores, marked, strict=True) if mark) - 1.5 * changes

    every = [[bool(number >> place & 1) for place in range(len(scores))] for number in range(1 << len(scores))]
    found = [False] * len(scores)
    for low, high in _viterbi(scores):
        found[low:high] = [True] * (high - low)
    assert np.isclose(gain(found), max(map(gain, every)))
