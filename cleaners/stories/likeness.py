"""Two articles to the odds that they tell one event: takes terms, gives cosines and log-odds; removes nothing.

Many pairs are compared at a time in array code, by the terms that both articles of a pair have. The weights in `decision.json`
come from `bench/training/train_stories.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from cleaners.stories.frequencies import Float32s
from cleaners.stories.terms import (
    BODY_SHIFT,
    LEAD_SHIFT,
    MAX_BODY,
    MAX_LEAD,
    N_SLOTS,
    TITLE_SHIFT,
    WORD_SLOTS,
    Intps,
    UInt32s,
    join_terms,
    slots_of,
)

Float64s = npt.NDArray[np.float64]
_Number = TypeVar("_Number", np.float32, np.uint32)

FEATURES = ("body", "pairs", "lead", "title", "lead_in_body", "title_in_lead")
_TINY = np.float32(1e-12)
_SLOT = np.uint32(N_SLOTS - 1)
_IN_LEAD = np.uint32(1 << LEAD_SHIFT)  # the least term that stands in a lead
# Weight of a count: 1 + ln n, and nothing for none.
_LOGS = np.concatenate(([0.0], 1 + np.log(np.arange(1, MAX_BODY + 1)))).astype(np.float32)


class Decision(NamedTuple):
    """A logistic regression over FEATURES."""

    weights: Float64s
    intercept: float


class Shared(NamedTuple):
    """The terms that the articles of some pairs share, pair by pair: as they stand in `one` and in `other`.

    `starts` says where those of each pair begin.
    """

    one: UInt32s
    other: UInt32s
    starts: Intps


@lru_cache(maxsize=1)
def load_decision() -> Decision:
    """Load the trained weights that come with the package."""
    data = json.loads(files("cleaners.stories").joinpath("decision.json").read_text(encoding="utf-8"))
    return Decision(np.array([data["weights"][name] for name in FEATURES]), float(data["intercept"]))


def weigh_counts(terms: UInt32s) -> tuple[Float32s, Float32s, Float32s]:
    """What the counts of terms in body, lead and title weigh, without how rare the terms are."""
    lead = _LOGS.take((terms >> np.uint32(LEAD_SHIFT)) & np.uint32(MAX_LEAD))
    return _weigh_body(terms), lead, _LOGS.take(terms >> np.uint32(TITLE_SHIFT))


def square_lengths(articles: Sequence[UInt32s], idf: Float32s) -> Float32s:
    """Squared lengths of body, pairs, lead and title of articles, (articles, 4)."""
    terms, lengths = join_terms(articles)
    starts = np.cumsum(lengths) - lengths
    squares = np.square(_take(idf, terms) * _weigh_body(terms))
    bodies = _sum(squares, _bound_parts(terms, starts)).reshape(-1, 2)
    at = np.flatnonzero(terms >= _IN_LEAD)
    terms, starts = terms.take(at), np.searchsorted(at, starts)
    rare, (_, lead, title) = _take(idf, terms), weigh_counts(terms)
    return np.column_stack((bodies, *(_sum(np.square(rare * weights), starts) for weights in (lead, title))))


class Comparer:
    """Compares articles with others; holds the tables that this takes, so that they are made once."""

    def __init__(self, decision: Decision | None = None) -> None:
        self._decision = decision or load_decision()
        self._is_held, self._terms = np.zeros(N_SLOTS, bool), np.zeros(N_SLOTS, np.uint32)

    def find_shared(self, articles: Sequence[tuple[UInt32s, Sequence[UInt32s]]]) -> Shared:
        """Find what articles share with others, given the terms of each article and of those that it is compared with."""
        ones, others, ends = [], [], [np.zeros(1, np.intp)]
        n = 0
        for one, compared in articles:
            slots = slots_of(one)
            self._is_held[slots], self._terms[slots] = True, one
            terms = np.concatenate(compared)
            at = np.flatnonzero(self._is_held.take(terms & _SLOT))
            self._is_held[slots] = False
            shared = terms.take(at)
            ones.append(self._terms.take(shared & _SLOT))
            others.append(shared)
            ends.append(n + np.searchsorted(at, np.cumsum([len(other) for other in compared])))
            n += len(shared)
        return Shared(np.concatenate(ones), np.concatenate(others), np.concatenate(ends)[:-1])

    def measure(self, shared: Shared, squares: Float32s, other_squares: Float32s, idf: Float32s) -> Float64s:
        """Measure pairs.

        Args:
            shared: what the articles of each pair share.
            squares: of the one article of each pair, (pairs, 4), as `square_lengths` gives them.
            other_squares: of the other.
            idf: how rare each slot is.

        Returns:
            FEATURES of each pair, (pairs, features), all 0 to 1.
        """
        one, other, starts = shared
        bodies = np.square(_take(idf, one)) * _weigh_body(one) * _weigh_body(other)
        dots = _sum(bodies, _bound_parts(one, starts)).reshape(-1, 2)
        # Words of one lead at least; the rest stands in both bodies alone.
        at = np.flatnonzero((one | other) >= _IN_LEAD)
        one, other, starts = one.take(at), other.take(at), np.searchsorted(at, starts)
        rare = np.square(_take(idf, one))
        (_, lead, title), (_, other_lead, other_title) = weigh_counts(one), weigh_counts(other)
        sums = [
            _sum(rare * weights, starts)
            for weights in (
                lead * other_lead,
                title * other_title,
                # Squared weights: a share of what is rare, not of what is long.
                np.square(lead),
                np.square(other_lead),
                np.square(title) * (other_lead > 0),
                np.square(other_title) * (lead > 0),
            )
        ]
        cosines = np.column_stack((dots, *sums[:2])) / np.sqrt(np.maximum(squares * other_squares, _TINY))
        one_lead, one_title = np.maximum(squares[:, 2:], _TINY).T
        lead_of_other, title_of_other = np.maximum(other_squares[:, 2:], _TINY).T
        in_body = np.maximum(sums[2] / one_lead, sums[3] / lead_of_other)
        in_lead = np.maximum(sums[4] / one_title, sums[5] / title_of_other)
        return np.column_stack((cosines, in_body, in_lead)).astype(np.float64)

    def judge(self, shared: Shared, squares: Float32s, other_squares: Float32s, idf: Float32s) -> Float64s:
        """Judge pairs: the log-odds of each that it tells one event, (pairs,); see `measure`."""
        measured = self.measure(shared, squares, other_squares, idf)
        # Added up pair by pair: the others that a pair is measured with change no bit of it.
        odds: Float64s = (measured * self._decision.weights).sum(axis=1) + self._decision.intercept
        return odds


def _weigh_body(terms: UInt32s) -> Float32s:
    return _LOGS.take((terms >> np.uint32(BODY_SHIFT)) & np.uint32(MAX_BODY))


def _take(by_slot: Float32s, terms: UInt32s) -> Float32s:
    return by_slot.take(terms & _SLOT)


def _bound_parts(terms: UInt32s, starts: Intps) -> Intps:
    """Where the words and where the pairs of each stretch begin, in turn."""
    n_pairs = _sum((terms & np.uint32(WORD_SLOTS)) // np.uint32(WORD_SLOTS), starts)
    return np.column_stack((starts, np.append(starts[1:], len(terms)) - n_pairs)).ravel().astype(np.intp)


def _sum(values: npt.NDArray[_Number], starts: Intps) -> npt.NDArray[_Number]:
    """Sums of stretches; an empty one is 0."""
    n = len(values)
    if not n:
        return np.zeros(len(starts), values.dtype)
    is_empty = np.append(starts[1:], n) == starts
    sums = np.add.reduceat(values, np.minimum(starts, n - 1))
    sums[is_empty] = 0
    return sums
