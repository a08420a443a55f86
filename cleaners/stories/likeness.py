"""Two articles to the odds that they tell one event: takes terms, gives cosines and log-odds; removes nothing.

One article is compared with many at a time in array code. The weights in `decision.json` come from
`bench/training/train_stories.py`.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

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
    UInt32s,
    slots_of,
)

Float64s = npt.NDArray[np.float64]

FEATURES = ("body", "pairs", "lead", "title", "lead_in_body", "title_in_lead")
_TINY = np.float32(1e-12)
# Weight of a count: 1 + ln n, and nothing for none.
_LOGS = np.concatenate(([0.0], 1 + np.log(np.arange(1, MAX_BODY + 1)))).astype(np.float32)


class Decision(NamedTuple):
    """A logistic regression over FEATURES."""

    weights: Float64s
    intercept: float


class Weighed(NamedTuple):
    """Terms of one or more articles with their weights; article `i` has the terms from `starts[i]` on, words before pairs.

    `lead` are the numbers of the terms of the lead, `lead_starts` where each article's begin among these.
    """

    slots: npt.NDArray[np.intp]
    body: Float32s
    bounds: npt.NDArray[np.intp]  # first word and first pair of each article, in turn
    lead: npt.NDArray[np.intp]
    lead_starts: npt.NDArray[np.intp]
    lead_weights: Float32s
    title_weights: Float32s


@lru_cache(maxsize=1)
def load_decision() -> Decision:
    """Load the trained weights that come with the package."""
    data = json.loads(files("cleaners.stories").joinpath("decision.json").read_text(encoding="utf-8"))
    return Decision(np.array([data["weights"][name] for name in FEATURES]), float(data["intercept"]))


def weigh_terms(rows: list[UInt32s], idf: Float32s) -> Weighed:
    """Weigh the terms of articles, each of which has one at least."""
    terms = rows[0] if len(rows) == 1 else np.concatenate(rows)
    slots = slots_of(terms)
    sizes = np.array([len(row) for row in rows])
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    n_words = np.add.reduceat(slots < WORD_SLOTS, starts)
    body = idf[slots] * _LOGS[(terms >> np.uint32(BODY_SHIFT)) & np.uint32(MAX_BODY)]
    lead = np.flatnonzero(terms >> np.uint32(LEAD_SHIFT))
    marked = terms[lead]
    lead_idf = idf[slots[lead]]
    return Weighed(
        slots=slots,
        body=body,
        bounds=np.stack((starts, starts + n_words), axis=1).ravel(),
        lead=lead,
        lead_starts=np.searchsorted(lead, starts),
        lead_weights=lead_idf * _LOGS[(marked >> np.uint32(LEAD_SHIFT)) & np.uint32(MAX_LEAD)],
        title_weights=lead_idf * _LOGS[marked >> np.uint32(TITLE_SHIFT)],
    )


class Comparer:
    """Compares one article with others; holds the tables that this takes, so that they are made once."""

    def __init__(self, decision: Decision | None = None) -> None:
        self._decision = decision or load_decision()
        self._body, self._lead, self._title = (np.zeros(N_SLOTS, np.float32) for _ in range(3))

    def measure(self, one: Weighed, others: Weighed) -> Float64s:
        """Measure an article beside others: FEATURES of each pair, (others, features), all 0 to 1."""
        slots, lead_slots = one.slots, one.slots[one.lead]
        self._body[slots], self._lead[lead_slots], self._title[lead_slots] = (
            one.body,
            one.lead_weights,
            one.title_weights,
        )
        own = _sum_all(one)
        theirs_body = self._body[others.slots]
        dots = _sum(theirs_body * others.body, others.bounds)
        squares = _sum(others.body * others.body, others.bounds)
        # Squared weights: a share of what is rare, not of what is long.
        lead_found = _sum(self._lead[others.slots] ** 2, others.bounds[::2])
        there = others.slots[others.lead]
        lead, title, starts = others.lead_weights, others.title_weights, others.lead_starts
        lead_squares, title_squares = _sum(lead * lead, starts), _sum(title * title, starts)
        own_title = self._title[there]
        found = np.stack(
            (
                _cosine(dots[::2], own.body, squares[::2]),
                _cosine(dots[1::2], own.pairs, squares[1::2]),
                _cosine(_sum(self._lead[there] * lead, starts), own.lead, lead_squares),
                _cosine(_sum(own_title * title, starts), own.title, title_squares),
                np.maximum(
                    lead_found / max(own.lead, _TINY),
                    _sum(lead * lead * (theirs_body[others.lead] > 0), starts) / np.maximum(lead_squares, _TINY),
                ),
                np.maximum(
                    _sum(own_title * own_title, starts) / max(own.title, _TINY),
                    _sum(title * title * (self._lead[there] > 0), starts) / np.maximum(title_squares, _TINY),
                ),
            ),
            axis=1,
        )
        self._body[slots] = 0
        self._lead[lead_slots] = self._title[lead_slots] = 0
        return found.astype(np.float64)

    def judge(self, one: Weighed, others: Weighed) -> Float64s:
        """Judge an article beside others: the log-odds of each pair, (others,)."""
        return self.measure(one, others) @ self._decision.weights + self._decision.intercept


class _Squares(NamedTuple):
    body: np.float32
    pairs: np.float32
    lead: np.float32
    title: np.float32


def _sum_all(one: Weighed) -> _Squares:
    """The squared lengths of one article's vectors."""
    words, pairs = np.split(one.body, one.bounds[1:2])
    return _Squares(*(np.dot(part, part) for part in (words, pairs, one.lead_weights, one.title_weights)))


def _sum(values: Float32s, starts: npt.NDArray[np.intp]) -> Float32s:
    """Sums of stretches; an empty one is 0."""
    n = len(values)
    if not n:
        return np.zeros(len(starts), np.float32)
    is_empty = np.append(starts[1:], n) == starts
    sums: Float32s = np.add.reduceat(values, np.minimum(starts, n - 1))
    sums[is_empty] = 0
    return sums


def _cosine(dots: Float32s, own: np.float32, squares: Float32s) -> Float32s:
    cosines: Float32s = dots / np.sqrt(np.maximum(own * squares, _TINY))
    return cosines
