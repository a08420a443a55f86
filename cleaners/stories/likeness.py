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
    """Terms of one or more articles with their weights, words before pairs.

    Attributes:
        slots: of all terms.
        body: their weights, of words in the body and of pairs.
        bounds: number of the first word and of the first pair of each article, in turn.
        lead_slots: of the words of the leads.
        lead_weights: their weights in the lead.
        title_weights: their weights in the title; 0 for those that are not in it.
        lead_starts: number of the first word of each article's lead among these.
        lead: their numbers among the terms.
        squares: (articles, 4), squared lengths of body, pairs, lead and title.
    """

    slots: npt.NDArray[np.intp]
    body: Float32s
    bounds: npt.NDArray[np.intp]
    lead_slots: npt.NDArray[np.intp]
    lead_weights: Float32s
    title_weights: Float32s
    lead_starts: npt.NDArray[np.intp]
    lead: npt.NDArray[np.intp]
    squares: Float32s


@lru_cache(maxsize=1)
def load_decision() -> Decision:
    """Load the trained weights that come with the package."""
    data = json.loads(files("cleaners.stories").joinpath("decision.json").read_text(encoding="utf-8"))
    return Decision(np.array([data["weights"][name] for name in FEATURES]), float(data["intercept"]))


def weigh_terms(terms: UInt32s, idf: Float32s) -> Weighed:
    """Weigh the terms of an article, which has one at least."""
    slots = slots_of(terms)
    n_words = int(np.searchsorted(slots, WORD_SLOTS))
    body = idf[slots] * _LOGS[(terms >> np.uint32(BODY_SHIFT)) & np.uint32(MAX_BODY)]
    lead = np.flatnonzero(terms >> np.uint32(LEAD_SHIFT))
    marked, lead_slots = terms[lead], slots[lead]
    lead_idf = idf[lead_slots]
    lead_weights = lead_idf * _LOGS[(marked >> np.uint32(LEAD_SHIFT)) & np.uint32(MAX_LEAD)]
    title_weights = lead_idf * _LOGS[marked >> np.uint32(TITLE_SHIFT)]
    parts = (body[:n_words], body[n_words:], lead_weights, title_weights)
    return Weighed(
        slots=slots,
        body=body,
        bounds=np.array([0, n_words]),
        lead_slots=lead_slots,
        lead_weights=lead_weights,
        title_weights=title_weights,
        lead_starts=np.zeros(1, np.intp),
        lead=lead,
        squares=np.array([[np.dot(part, part) for part in parts]], np.float32),
    )


def join_weighed(articles: list[Weighed]) -> Weighed:
    """Put articles one behind the other."""
    if len(articles) == 1:
        return articles[0]
    columns = list(zip(*articles, strict=True))
    slots, body, bounds, lead_slots, lead_weights, title_weights, lead_starts, lead, squares = columns
    ends = np.cumsum([len(part) for part in slots])
    starts = np.concatenate(([0], ends[:-1]))
    n_lead = [len(part) for part in lead]
    return Weighed(
        slots=np.concatenate(slots),
        body=np.concatenate(body),
        bounds=np.concatenate(bounds) + np.repeat(starts, 2),
        lead_slots=np.concatenate(lead_slots),
        lead_weights=np.concatenate(lead_weights),
        title_weights=np.concatenate(title_weights),
        lead_starts=np.concatenate(lead_starts) + np.concatenate(([0], np.cumsum(n_lead)[:-1])),
        lead=np.concatenate(lead) + np.repeat(starts, n_lead),
        squares=np.concatenate(squares),
    )


class Comparer:
    """Compares one article with others; holds the tables that this takes, so that they are made once."""

    def __init__(self, decision: Decision | None = None) -> None:
        self._decision = decision or load_decision()
        self._body, self._lead, self._title = (np.zeros(N_SLOTS, np.float32) for _ in range(3))

    def measure(self, one: Weighed, others: Weighed) -> Float64s:
        """Measure an article beside others: FEATURES of each pair, (others, features), all 0 to 1."""
        slots, lead_slots = one.slots, one.lead_slots
        self._body[slots], self._lead[lead_slots], self._title[lead_slots] = (
            one.body,
            one.lead_weights,
            one.title_weights,
        )
        own_body, own_pairs, own_lead, own_title = np.maximum(one.squares[0], _TINY)
        body, pairs, lead, title = others.squares.T
        shared_body = self._body[others.slots]
        dots = _sum(shared_body * others.body, others.bounds)
        # Squared weights: a share of what is rare, not of what is long.
        lead_found = _sum(self._lead[others.slots] ** 2, others.bounds[::2])
        starts = others.lead_starts
        in_lead, in_title = self._lead[others.lead_slots], self._title[others.lead_slots]
        found = np.stack(
            (
                _cosine(dots[::2], own_body, body),
                _cosine(dots[1::2], own_pairs, pairs),
                _cosine(_sum(in_lead * others.lead_weights, starts), own_lead, lead),
                _cosine(_sum(in_title * others.title_weights, starts), own_title, title),
                np.maximum(
                    lead_found / own_lead,
                    _sum(others.lead_weights**2 * (shared_body[others.lead] > 0), starts) / np.maximum(lead, _TINY),
                ),
                np.maximum(
                    _sum(in_title**2, starts) / own_title,
                    _sum(others.title_weights**2 * (in_lead > 0), starts) / np.maximum(title, _TINY),
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
