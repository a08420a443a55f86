"""Runs of units that may be junk: takes units with their scores, gives proposed runs and a choice.

Viterbi paths at several biases propose runs, the detectors' uncertain passages more; a second model scores each by its evidence
(`run_measures`). What is chosen does not overlap; a doubtful run is not chosen at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cleaners.junk.model.features import FEATURES
from cleaners.junk.model.measures import Findings, is_soft
from cleaners.junk.page.reading import Units

F64 = npt.NDArray[np.float64]
F32 = npt.NDArray[np.float32]
Run = tuple[int, int]

BIASES = (-3.0, -1.5, 0.0, 1.5, 3.0)
_SWITCH = 1.5  # log odds that a path pays to enter or leave a run
_FIRM_LOGIT = 6.0
_MAX_RUNS = 60
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
    most = float(scores.max(initial=-_FIRM_LOGIT))
    for bias in BIASES:
        if most + bias > 0:  # else no unit gains anything
            runs.update(_viterbi((scores + bias).tolist()))
    soft = list_soft_runs(units, findings)
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


def list_soft_runs(units: Units, findings: Findings) -> list[Run]:
    """The units that each uncertain passage of a page touches; none of one that touches none."""
    runs = []
    for passage in findings.passages:
        if is_soft(passage):
            low = int(np.searchsorted(units.ends, passage.start, side="right"))
            high = int(np.searchsorted(units.starts, passage.end, side="left"))
            if low < high:
                runs.append((low, high))
    return runs
