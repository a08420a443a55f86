"""Runs of units that may be junk: takes units with their scores, gives proposed runs, their evidence and a choice.

Viterbi paths at several biases propose runs, the detectors' uncertain passages more; a second model scores each. What is
chosen does not overlap; a doubtful run is not chosen at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cleaners.junk.model.features import FEATURES
from cleaners.junk.model.likeness import Likeness
from cleaners.junk.model.measures import Findings, is_soft
from cleaners.junk.page.reading import Units
from cleaners.junk.page.tokens import I64

F64 = npt.NDArray[np.float64]
F32 = npt.NDArray[np.float32]
Run = tuple[int, int]

BIASES = (-3.0, -1.5, 0.0, 1.5, 3.0)
_SWITCH = 1.5  # log odds that a path pays to enter or leave a run
_FIRM_LOGIT = 6.0
_MAX_RUNS = 60
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


def propose_runs(units: Units, logits: F64, table: F32, findings: Findings) -> list[Run]:
    """Runs of units (first, one past the last) worth judging, sorted, each once.

    Args:
        units: of the page.
        logits: log odds that each unit is junk.
        table: evidence of the units.
        findings: of the other detectors.

    """
    is_cut = table[:, _COLUMN["firm"]] > 0.5
    scores = np.where(is_cut, _FIRM_LOGIT, np.clip(logits, -_FIRM_LOGIT, _FIRM_LOGIT))
    runs: set[Run] = set()
    for bias in BIASES:
        runs.update(_viterbi((scores + bias).tolist()))
    soft = _soft_runs(units, findings)
    crossed = {
        pair
        for low, high in soft
        for first, last in runs
        if first < high and low < last
        for pair in ((low, last), (first, high))
        if pair[0] < pair[1]
    }
    plain = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(~is_cut)))
    known = sorted(run for run in runs | crossed | set(soft) if plain[run[1]] > plain[run[0]])
    if len(known) > _MAX_RUNS:
        total = np.concatenate((np.zeros(1), np.cumsum(scores)))
        known = sorted(sorted(known, key=lambda run: (-(total[run[1]] - total[run[0]]), run))[:_MAX_RUNS])
    return known


def measure_runs(
    runs: Sequence[Run], units: Units, logits: F64, table: F32, likeness: Likeness, findings: Findings
) -> F32:
    """The evidence of runs, (runs, features)."""
    if not runs:
        return np.zeros((0, len(REGION_FEATURES)), dtype=np.float32)
    n_units = len(units.starts)
    first = np.array([run[0] for run in runs], dtype=np.int64)
    last = np.array([run[1] for run in runs], dtype=np.int64)
    size = (last - first).astype(np.float64)
    tokens = np.expm1(table[:, _COLUMN["tokens"]].astype(np.float64))

    def total(values: npt.NDArray[np.generic]) -> F64:
        running = np.concatenate((np.zeros(1), np.cumsum(values, dtype=np.float64)))
        sums: F64 = running[last] - running[first]
        return sums

    n_tokens = np.maximum(total(tokens), 1.0)
    padded = np.concatenate((np.full(3, -8.0), logits, np.full(3, -8.0)))
    mean = total(logits) / size
    breaks, scores = np.append(units.breaks, 3), np.append(units.scores, 1.0)
    firm = np.concatenate((np.zeros(1), table[:, _COLUMN["firm"]], np.zeros(1)))
    columns: list[npt.NDArray[np.generic]] = [
        np.log1p(size),
        np.log1p(n_tokens),
        n_tokens / max(float(tokens.sum()), 1.0),
        mean,
        total(logits * tokens) / n_tokens,
        np.array([logits[low:high].min() for low, high in runs]),
        np.array([logits[low:high].max() for low, high in runs]),
        np.sqrt(np.maximum(total(logits * logits) / size - mean * mean, 0.0)),
        logits[first],
        logits[last - 1],
        padded[first + 2],
        padded[last + 3],
        (padded[first] + padded[first + 1] + padded[first + 2]) / 3,
        (padded[last + 3] + padded[last + 4] + padded[last + 5]) / 3,
        breaks[first],
        scores[first],
        breaks[last],
        scores[last],
        first == 0,
        last == n_units,
        *(total(table[:, _COLUMN[name]] * tokens) / n_tokens for name in _MEANS),
        *(table[first, _COLUMN[name]] for name in _EDGES),
        *(table[last - 1, _COLUMN[name]] for name in _EDGES),
        firm[first],
        firm[last + 1],
        *(np.append(table[:, _COLUMN[name]], 0.0)[last] for name in ("firm_caption", "firm_signup")),
    ]
    inner = [np.array([logits[part].mean() for part in parts]) for parts in _ends_of(runs)]
    page = [np.full(len(runs), np.log1p(size)) for size in (n_units, int(np.sum(units.breaks >= 2)))]
    return np.column_stack(
        [*columns, *_soft_columns(runs, units, findings), *_own_columns(runs, likeness, n_units), *inner, *page]
    ).astype(np.float32)


def choose_runs(runs: Sequence[Run], pure: F64, exact: F64, is_accepted: npt.NDArray[np.bool_]) -> list[int]:
    """Numbers of the accepted runs that are kept: those that surely take most first, none overlapping another."""
    chosen: list[int] = []
    gain = (pure * (0.2 + exact) * np.array([high - low for low, high in runs])).tolist()
    for number in sorted(np.flatnonzero(is_accepted).tolist(), key=lambda row: (-gain[row], runs[row])):
        low, high = runs[number]
        if all(high <= runs[other][0] or runs[other][1] <= low for other in chosen):
            chosen.append(number)
    return sorted(chosen, key=lambda number: runs[number])


def _viterbi(scores: list[float]) -> list[Run]:
    """Runs of the best path through two states, where changing state costs.

    Of both states only the lead of being in a run counts: what is further ahead than a change costs changes over.
    """
    lead, leads = -_SWITCH, []
    for score in scores:
        leads.append(lead)
        lead = min(max(lead, -_SWITCH), _SWITCH) + score
    runs: list[Run] = []
    state, end = lead > 0, len(scores)
    for place in range(len(scores) - 1, -1, -1):
        before = leads[place] >= -_SWITCH if state else leads[place] > _SWITCH
        if state and not before:
            runs.append((place, end))
        elif not state:
            end = place
        state = before
    if state:
        runs.append((0, end))
    return runs


def _soft_runs(units: Units, findings: Findings) -> list[Run]:
    runs = []
    for passage in findings.passages:
        if is_soft(passage):
            low = int(np.searchsorted(units.ends, passage.start, side="right"))
            high = int(np.searchsorted(units.starts, passage.end, side="left"))
            if low < high:
                runs.append((low, high))
    return runs


def _soft_columns(runs: Sequence[Run], units: Units, findings: Findings) -> list[npt.NDArray[np.generic]]:
    soft = [passage for passage in findings.passages if is_soft(passage)]
    extents = _soft_runs(units, Findings(soft, *findings[1:]))
    starts, ends = {low for low, _ in extents}, {high for _, high in extents}
    confidence: dict[Run, float] = {}
    for extent, passage in zip(extents, soft, strict=False):
        confidence[extent] = max(passage.confidence, confidence.get(extent, 0.0))
    return [
        np.array([low in starts for low, _ in runs]),
        np.array([high in ends for _, high in runs]),
        np.array([confidence.get(run, 0.0) for run in runs]),
    ]


def _ends_of(runs: Sequence[Run]) -> tuple[list[slice], list[slice]]:
    """The first three units of each run, and the last three."""
    return (
        [slice(low, min(low + 3, high)) for low, high in runs],
        [slice(max(high - 3, low), high) for low, high in runs],
    )


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
