"""Evidence a run of units: takes the runs of some pages, gives a table of numbers; removes nothing.

The scores of a run's units and of those about it, means of their evidence, and whose words the run holds: its own or the page's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from cleaners.junk.model.features import FEATURES
from cleaners.junk.model.likeness import Likeness
from cleaners.junk.model.measures import Findings, is_soft
from cleaners.junk.model.regions import Run, list_soft_runs
from cleaners.junk.page.reading import Units
from cleaners.junk.page.segments import bound, sum_up
from cleaners.junk.page.tokens import I64

F64 = npt.NDArray[np.float64]
F32 = npt.NDArray[np.float32]

_SIDE = 4  # units on each side of a run whose words are compared with each other
_EDGE = 3  # units on each side of an edge whose words are looked for elsewhere


_MEANS = (
    *("repeated_2", "repeated_3", "repeated_share", "owners", "owners_lead", "firm", "template", "owned", "card"),
    *("words", "seen_5", "lead_5", "title_5", "is_ago", "is_heading", "ends_stop", "initials", "line_units"),
    *("caption", "firm_caption", "firm_signup"),
)
_EDGES = (
    "words",
    "tokens",
    "ends_stop",
    "is_ago",
    "is_heading",
    "firm",
    "before_11",
    "after_11",
    "initials",
    "firm_caption",
    "firm_signup",
)
_OWN = (
    *("own", "own_before", "own_after", "inner", "bridge"),
    *("own_first_3", "own_last_3", "own_max_3", "outer_before_3", "outer_after_3", "alien_before_3", "alien_after_3"),
    *("rare_own", "rare_before", "rare_after", "names", "names_own", "names_before", "names_after", "rare_bridge"),
)
REGION_FEATURES = (
    *("units", "tokens", "share", "logit", "logit_tokens", "logit_min", "logit_max", "logit_spread"),
    *("logit_first", "logit_last", "logit_before", "logit_after", "logit_before_3", "logit_after_3"),
    *("break_before", "score_before", "break_after", "score_after", "at_start", "at_end"),
    *(f"mean_{name}" for name in _MEANS),
    *(f"first_{name}" for name in _EDGES),
    *(f"last_{name}" for name in _EDGES),
    *(
        "before_firm",
        "after_firm",
        "after_firm_caption",
        "after_firm_signup",
        "soft_start",
        "soft_end",
        "soft_confidence",
    ),
    *_OWN,
    *("logit_first_3", "logit_last_3", "page_units", "page_lines"),
)
_COLUMN = {name: number for number, name in enumerate(FEATURES)}


def measure_runs(
    runs: Sequence[Sequence[Run]],
    units: Sequence[Units],
    logits: Sequence[F64],
    tables: Sequence[F32],
    likeness: Sequence[Likeness],
    findings: Sequence[Findings],
) -> F32:
    """The evidence of the runs of some pages, page by page, (runs, features); the arguments are by page."""
    n_runs = [len(own) for own in runs]
    if not any(n_runs):
        return np.zeros((0, len(REGION_FEATURES)), dtype=np.float32)
    n_units = np.array([len(own) for own in logits])
    bounds = bound(n_units)
    page = np.repeat(np.arange(len(runs)), n_runs)
    first, last = np.array([run for own in runs for run in own], dtype=np.int64).T + bounds[page]
    size = (last - first).astype(np.float64)
    logit, table = np.concatenate(logits), np.concatenate(tables)
    tokens = np.expm1(table[:, _COLUMN["tokens"]].astype(np.float64))
    means = table[:, [_COLUMN[name] for name in _MEANS]].T * tokens
    running = sum_up(np.stack((tokens, logit, logit * tokens, logit * logit, *means)), bounds)
    n_tokens, sum_logits, weighted, squares, *sums = running[:, last + page] - running[:, first + page]
    n_tokens = np.maximum(n_tokens, 1.0)
    mean = sum_logits / size
    breaks, scores = (
        np.concatenate(column) for column in zip(*((own.breaks, own.scores) for own in units), strict=True)
    )
    ends = np.stack((first, last), axis=1).ravel()  # reductions from each first unit to the one before the last
    padded = np.append(logit, 0.0)
    edges = table[:, [_COLUMN[name] for name in _EDGES]].T
    at_start, at_end = first == bounds[page], last == bounds[page + 1]
    behind = np.where(at_end, 0, last)
    before_3, after_3 = (_near(logit, place, bounds, page) for place in (first - 3, last))
    firm, caption, signup = (table[:, _COLUMN[name]] for name in ("firm", "firm_caption", "firm_signup"))
    columns: list[npt.NDArray[np.generic]] = [
        np.log1p(size),
        np.log1p(n_tokens),
        n_tokens / np.maximum([tokens[low:high].sum() for low, high in pairwise(bounds.tolist())], 1.0)[page],
        mean,
        weighted / n_tokens,
        np.minimum.reduceat(padded, ends)[::2],
        np.maximum.reduceat(padded, ends)[::2],
        np.sqrt(np.maximum(squares / size - mean * mean, 0.0)),
        logit[first],
        logit[last - 1],
        before_3[2],
        after_3[0],
        (before_3[0] + before_3[1] + before_3[2]) / 3,
        (after_3[0] + after_3[1] + after_3[2]) / 3,
        breaks[first],
        scores[first],
        np.where(at_end, 3, breaks[behind]),
        np.where(at_end, 1.0, scores[behind]),
        at_start,
        at_end,
        *(each / n_tokens for each in sums),
        *edges[:, first],
        *edges[:, last - 1],
        np.where(at_start, np.float32(0), firm[first - 1]),
        *(np.where(at_end, np.float32(0), each[behind]) for each in (firm, caption, signup)),
        *_join(_soft_columns, runs, units, findings),
        *_join(_own_columns, runs, likeness, n_units.tolist()),
        *(_mean_of(logit, start, np.minimum(last - first, 3)) for start in (first, np.maximum(last - 3, first))),
        np.log1p(n_units)[page],
        np.log1p([int(np.sum(own.breaks >= 2)) for own in units])[page],
    ]
    return np.stack([column.astype(np.float32) for column in columns], axis=1)


def _join(
    measure: Callable[..., Sequence[npt.NDArray[np.generic]]], runs: Sequence[Sequence[Run]], *by_page: Sequence[Any]
) -> npt.NDArray[np.generic]:
    """The columns of the runs of each page, one page after the other, (columns, runs)."""
    return np.concatenate([measure(own, *each) for own, *each in zip(runs, *by_page, strict=True) if own], axis=1)


def _near(logits: F64, first: I64, bounds: I64, page: I64) -> list[F64]:
    """The scores of three units from each place on; those beyond the page are surely story."""
    near = []
    for place in (first, first + 1, first + 2):
        is_there = (place >= bounds[page]) & (place < bounds[page + 1])
        near.append(np.where(is_there, logits[np.where(is_there, place, 0)], -8.0))
    return near


def _mean_of(logits: F64, start: I64, size: I64) -> F64:
    """The mean of one to three scores from each place on."""
    total = logits[start]
    for step in (1, 2):
        total = total + np.where(step < size, logits[np.where(step < size, start + step, 0)], 0.0)
    mean: F64 = total / size
    return mean


def _soft_columns(runs: Sequence[Run], units: Units, findings: Findings) -> list[npt.NDArray[np.generic]]:
    soft = [passage for passage in findings.passages if is_soft(passage)]
    extents = list_soft_runs(units, Findings(soft, *findings[1:]))
    starts, ends = {low for low, _ in extents}, {high for _, high in extents}
    confidence: dict[Run, float] = {}
    for extent, passage in zip(extents, soft, strict=False):
        confidence[extent] = max(passage.confidence, confidence.get(extent, 0.0))
    return [
        np.array([low in starts for low, _ in runs]),
        np.array([high in ends for _, high in runs]),
        np.array([confidence.get(run, 0.0) for run in runs]),
    ]


def _own_columns(runs: Sequence[Run], likeness: Likeness, n_units: int) -> list[npt.NDArray[np.generic]]:
    """Share of a run's words that the rest holds, before it, behind it; words it repeats; likeness of both sides."""
    if not len(likeness.words):
        return list(np.zeros((len(_OWN), len(runs))))
    size = int(likeness.words.max()) + 1
    order = np.argsort(likeness.units, kind="stable")
    words, units = likeness.words[order], likeness.units[order]
    weight, named = np.zeros(size), np.zeros(size, dtype=bool)
    weight[likeness.words] = likeness.weights
    named[likeness.words] = likeness.is_name
    low, high = np.array(runs, dtype=np.int64).T
    # How many units hold each word before the places that count: (words, places), then (words, runs).
    places = np.unique(np.concatenate((low, high, np.maximum(low - _SIDE, 0), np.minimum(high + _SIDE, n_units))))
    steps = np.searchsorted(places, units, side="right") + words * (len(places) + 1)
    running = np.bincount(steps, minlength=size * (len(places) + 1)).reshape(size, -1).cumsum(axis=1)
    before, until, far_before, far_until = (
        running[:, np.searchsorted(places, place)]
        for place in (low, high, np.maximum(low - _SIDE, 0), np.minimum(high + _SIDE, n_units))
    )
    inside = until - before
    outside = running[:, -1:] - inside
    held = inside > 0
    rare, names = weight[:, None] * held, named[:, None] & held
    n_held, n_rare = np.maximum(held.sum(axis=0), 1), np.maximum(rare.sum(axis=0), 0.1)
    n_names = names.sum(axis=0)
    others = (outside > 0, before > 0, outside > before)
    left, right = before > far_before, far_until > until
    both = left & right
    least = np.minimum(left.sum(axis=0), right.sum(axis=0))
    least_rare = np.minimum(weight @ left, weight @ right)
    return [
        *((held & other).sum(axis=0) / n_held for other in others),
        (inside > 1).sum(axis=0) / n_held,
        both.sum(axis=0) / np.maximum(least, 1),
        *_near_columns(low, high, words, units, outside, held, n_units),
        *((rare * other).sum(axis=0) / n_rare for other in others),
        np.log1p(n_names),
        *((names & other).sum(axis=0) / np.maximum(n_names, 1) for other in others),
        weight @ both / np.maximum(least_rare, 0.1),
    ]


def _near_columns(
    low: I64,
    high: I64,
    words: I64,
    units: I64,
    outside: I64,
    held: npt.NDArray[np.bool_],
    n_units: int,
) -> list[F64]:
    """Whose words the three units on both sides of both edges of runs hold.

    Args:
        low: first unit of each run.
        high: the one behind its last.
        words: of all pairs of a word and a unit, in the order of units.
        units: of the pairs.
        outside: units outside each run that hold a word, (words, runs).
        held: whether a run holds it, (words, runs).
        n_units: of the page.

    Returns:
        Of the first three units the share of words that others hold, of the last three, the most of any three; of the three
        before and the three behind the run the same, and the share that the run holds.
    """
    first, last = np.maximum(low - _EDGE, 0), np.minimum(high + _EDGE, n_units)
    bounds = np.searchsorted(units, np.arange(n_units + 1))
    # The pairs near each run, one run after the other.
    n_pairs = bounds[last] - bounds[first]
    run = np.repeat(np.arange(len(low)), n_pairs)
    pair = np.arange(len(run)) - np.repeat(np.cumsum(n_pairs) - n_pairs - bounds[first], n_pairs)
    word, unit = words[pair], units[pair]
    is_out = outside[word, run] > ((unit < low[run]) | (unit >= high[run]))
    # Sums over the units near each run, one run after the other.
    offset = np.cumsum(last - first) - (last - first)
    place, n_near = offset[run] + unit - first[run], int((last - first).sum())
    sums = np.zeros((3, n_near + 1))
    for row, weights in enumerate((None, is_out, held[word, run])):
        np.cumsum(np.bincount(place, weights=weights, minlength=n_near), out=sums[row, 1:])
    start, end = offset + low - first, offset + high - first
    three = np.minimum(_EDGE, high - low)
    n_slides = high - low - three + 1
    begins = np.cumsum(n_slides) - n_slides
    slide = np.arange(n_slides.sum()) + np.repeat(start - begins, n_slides)
    counts = sums[:2, slide + np.repeat(three, n_slides)] - sums[:2, slide]
    shares = counts[1] / np.maximum(counts[0], 1.0)
    sides = (sums[:, start] - sums[:, offset], sums[:, offset + last - first] - sums[:, end])
    return [
        shares[begins],
        shares[begins + n_slides - 1],
        np.maximum.reduceat(shares, begins),
        *(side[1] / np.maximum(side[0], 1.0) for side in sides),
        *(side[2] / np.maximum(side[0], 1.0) for side in sides),
    ]
