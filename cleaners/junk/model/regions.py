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

F64 = npt.NDArray[np.float64]
F32 = npt.NDArray[np.float32]
Run = tuple[int, int]

BIASES = (-3.0, -1.5, 0.0, 1.5, 3.0)
_SWITCH = 1.5  # log odds that a path pays to enter or leave a run
_FIRM_LOGIT = 6.0
_MAX_RUNS = 60

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
    """Runs of the best path through two states, where changing state costs."""
    off, on = 0.0, -_SWITCH
    from_on: list[tuple[bool, bool]] = []
    for score in scores:
        to_off, to_on = on - _SWITCH > off, on >= off - _SWITCH
        off, on = max(off, on - _SWITCH), max(on, off - _SWITCH) + score
        from_on.append((to_off, to_on))
    runs: list[Run] = []
    state, end = on > off, len(scores)
    for place in range(len(scores) - 1, -1, -1):
        before = from_on[place][1] if state else from_on[place][0]
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
    rows = []
    if not len(likeness.words):
        return list(np.zeros((len(_OWN), len(runs))))
    size = int(likeness.words.max()) + 1 if len(likeness.words) else 1
    order = np.argsort(likeness.units, kind="stable")
    words, units = likeness.words[order], likeness.units[order]
    weight = np.zeros(size)
    weight[likeness.words] = likeness.weights
    named = np.zeros(size, dtype=bool)
    named[likeness.words] = likeness.is_name
    bounds = np.searchsorted(units, np.arange(n_units + 1))
    everywhere = np.bincount(words, minlength=size)
    for low, high in runs:
        inside = np.bincount(words[bounds[low] : bounds[high]], minlength=size)
        before = np.bincount(words[: bounds[low]], minlength=size)
        outside = everywhere - inside
        held = inside > 0
        n_held = max(int(held.sum()), 1)
        n_rare, n_named = max(weight[held].sum(), 0.1), int((held & named).sum())
        left, right = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
        left[words[bounds[max(low - 4, 0)] : bounds[low]]] = True
        right[words[bounds[high] : bounds[min(high + 4, n_units)]]] = True
        both = left & right
        bridge = both.sum() / max(min(left.sum(), right.sum()), 1)
        # The three units on both sides of both edges: whose words do they hold?
        first = max(low - 3, 0)
        near = slice(bounds[first], bounds[min(high + 3, n_units)])
        place, n_near = units[near] - first, min(high + 3, n_units) - first
        is_out = outside[words[near]] > np.where((units[near] < low) | (units[near] >= high), 1, 0)
        sums = np.zeros((3, n_near + 1))
        for row, weights in enumerate((None, is_out, held[words[near]])):
            np.cumsum(np.bincount(place, weights=weights, minlength=n_near), out=sums[row, 1:])
        start, end = low - first, high - first
        three = min(3, end - start)
        slides = sums[:2, start + three : end + 1] - sums[:2, start : end + 1 - three]
        sides = (sums[:, start] - sums[:, 0], sums[:, n_near] - sums[:, end])
        shares = slides[1] / np.maximum(slides[0], 1.0)
        rows.append(
            (
                (held & (outside > 0)).sum() / n_held,
                (held & (before > 0)).sum() / n_held,
                (held & (outside > before)).sum() / n_held,
                (inside > 1).sum() / n_held,
                bridge,
                shares[0],
                shares[-1],
                shares.max(),
                *(side[1] / max(side[0], 1.0) for side in sides),
                *(side[2] / max(side[0], 1.0) for side in sides),
                (weight * (held & (outside > 0))).sum() / n_rare,
                (weight * (held & (before > 0))).sum() / n_rare,
                (weight * (held & (outside > before))).sum() / n_rare,
                np.log1p(n_named),
                (named & held & (outside > 0)).sum() / max(n_named, 1),
                (named & held & (before > 0)).sum() / max(n_named, 1),
                (named & held & (outside > before)).sum() / max(n_named, 1),
                weight[both].sum() / max(min(weight[left].sum(), weight[right].sum()), 0.1),
            )
        )
    return list(np.array(rows, dtype=np.float64).reshape(len(runs), len(_OWN)).T)
