"""Doubts of the learned layer: takes a page's judged runs, gives those to report though they are not cut; removes nothing.

Two kinds: a run that is rather junk, but not surely enough, and a long one that speaks of other things than its page,
whatever the layer makes of its borders: an unrelated story without a cue.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cleaners.junk.config import StripConfig
from cleaners.junk.detectors.cohesion import share_own
from cleaners.junk.model.regions import Run, choose_runs
from cleaners.junk.page.page import Page, Passage
from cleaners.junk.page.reading import Units

F64 = npt.NDArray[np.float64]

UNSURE = "by its words, place and repetition it may be no part of the story, but not surely enough to cut"
UNRELATED = (
    "it speaks of other things than the title and the rest of the page, but nothing marks where it begins and ends"
)


def find_doubtful(
    page: Page,
    units: Units,
    runs: Sequence[Run],
    pure: F64,
    exact: F64,
    passages: Sequence[Passage],
    config: StripConfig,
) -> list[tuple[int, str]]:
    """Choose the runs worth a look.

    Args:
        page: the document.
        units: its units.
        runs: of `propose_runs`.
        pure: probability that a run is all junk.
        exact: probability that it is all of the junk besides.
        passages: what is proposed to be cut; a run that touches it is not reported.
        config: thresholds.

    Returns:
        Numbers of runs that do not overlap, in order, each with the reason for the report.

    """
    is_cut = np.zeros(len(page.text) + 1, dtype=np.int64)
    for passage in passages:
        is_cut[passage.start : passage.end] = 1
    n_cut = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(is_cut)))
    starts = np.array([units.starts[low] for low, _ in runs])
    ends = np.array([units.ends[high - 1] for _, high in runs])
    is_free = n_cut[ends] == n_cut[starts]
    is_unsure = is_free & (pure >= config.review_confidence)
    is_alien = is_free & (pure >= config.review_unrelated_confidence) & (ends - starts >= config.review_unrelated_chars)
    chosen = choose_runs(runs, pure, exact, is_unsure)
    taken = [runs[number] for number in chosen]
    found = [(number, UNSURE) for number in chosen]
    for number in choose_runs(runs, pure, exact, is_alien & ~is_unsure):
        low, high = runs[number]
        if any(low < last and first < high for first, last in taken):
            continue
        most = config.review_unrelated_share
        if share_own(page, int(starts[number]), int(ends[number]), most) <= most:
            found.append((number, UNRELATED))
    return sorted(found)
