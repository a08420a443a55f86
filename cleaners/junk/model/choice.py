"""Choice of what the layer cuts: takes a page's scored units and runs, gives the passages to decide on; removes nothing itself.

A run goes where it is surely enough junk for its length, or where a detector's own text shows it; a single label by its own score.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cleaners.junk.model.likeness import hash_words
from cleaners.junk.model.measures import Findings, is_soft
from cleaners.junk.model.regions import choose_runs
from cleaners.junk.model.weights import FURNITURE, KIND_BITS, KINDS, LearnedModel, Limits, to_probability
from cleaners.junk.page.page import Card, Passage
from cleaners.junk.page.reading import Reading, Units
from cleaners.junk.page.segments import spread
from cleaners.junk.page.tokens import I64

F64 = npt.NDArray[np.float64]

# Least probability of a run that lies so far in a passage whose own text shows what it is and leaves its end open, a card for
# instance. Cross-validated: F1 of contaminated articles .938 -> .941, damage .110 -> .119 %; at .65 .941 and .138 %.
WITNESSED, SHOWN = 0.5, 0.9
# Least confidence of such a passage: how far a caption reaches before its credit (.5 to .55) is no more than a guess.
WITNESS = 0.8
# Characters from which a run counts as long.
LONG_RUN = 300


def choose_passages(
    reading: Reading,
    units: Units,
    is_prose: npt.NDArray[np.bool_],
    logits: F64,
    runs: list[tuple[int, int]],
    pure: F64,
    exact: F64,
    findings: Findings,
    model: LearnedModel,
) -> list[Passage]:
    """The passages that are sure of themselves or in doubt, and those of the runs and units that are surely enough junk.

    Args:
        reading: the page.
        units: its units.
        is_prose: of `find_prose`.
        logits: log odds that each unit is junk.
        runs: of `propose_runs`.
        pure: probability that a run is all junk.
        exact: probability that it is all of the junk besides.
        findings: of the other detectors.
        model: thresholds and weights of kinds.

    """
    passages = list_kept(findings)
    limits = model.thresholds[is_furnished(is_prose)]
    is_left = find_labels(units, is_prose, logits, limits[2])
    if runs:
        for number in choose_runs(runs, pure, exact, is_accepted(runs, units, pure, findings, limits)):
            low, high = runs[number]
            is_left[low:high] = False
            passages += cover_run(reading, units, runs[number], float(pure[number]), findings, model)
    if not is_left.any():
        return passages
    steps = np.diff(np.concatenate(([0], is_left.astype(np.int8), [0])))
    for low, high in zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True):
        chance = float(to_probability(logits[low:high]).mean())
        passages += cover_run(reading, units, (low, high), chance, findings, model)
    return passages


def list_kept(findings: Findings) -> list[Passage]:
    """The passages that stand whatever the layer says: sure of themselves or in doubt, or sure in a text that is not English."""
    return [
        passage for passage in findings.passages if not is_soft(passage) or passage.doubt or not findings.is_english
    ]


def is_furnished(is_prose: npt.NDArray[np.bool_]) -> bool:
    """Tell whether most of a page's units are no sentences: a crude scrape with its navigation, not an article's text.

    On such pages other evidence is as strong and junk is likelier: the median share is .64 on real news pages, .35 in articles
    with junk placed in them.
    """
    return bool(is_prose.mean() < 0.5)


def find_labels(units: Units, is_prose: npt.NDArray[np.bool_], logits: F64, threshold: float) -> npt.NDArray[np.bool_]:
    """Tell which units are no sentence and surely enough junk by themselves; a sentence goes with its run alone.

    Measured on unseen news sites: of the characters of other units above .88 that no accepted run holds 4 % are story, of
    sentences 19 %.
    """
    chosen: npt.NDArray[np.bool_] = (to_probability(logits) >= threshold) & ~is_prose
    if not chosen.any():
        return chosen
    # Nothing but a missing break parts it from both neighbours: a word of their sentence, unless one of them goes too.
    inside = (units.breaks == 0) & (np.append(units.breaks[1:], 3) == 0)
    alone = ~np.append(False, chosen[:-1]) & ~np.append(chosen[1:], False)
    left: npt.NDArray[np.bool_] = chosen & ~(inside & alone)
    return left


def find_likely_labels(logits: F64, is_prose: npt.NDArray[np.bool_], bounds: I64, model: LearnedModel) -> list[bool]:
    """Tell which pages `find_labels` may find a label on; `bounds` are those of the pages, in units, each of which has one."""
    n_prose = np.add.reduceat(is_prose, bounds[:-1], dtype=np.int64)
    limits = np.where(n_prose / np.diff(bounds) < 0.5, *(model.thresholds[kind][2] for kind in (True, False)))
    likely: list[bool] = np.logical_or.reduceat(
        (to_probability(logits) >= spread(limits, bounds)) & ~is_prose, bounds[:-1]
    ).tolist()
    return likely


def is_accepted(
    runs: list[tuple[int, int]], units: Units, pure: F64, findings: Findings, limits: Limits
) -> npt.NDArray[np.bool_]:
    """Tell whether each run is surely enough junk for its length, or for what a detector's own text shows of it."""
    starts = np.array([units.starts[low] for low, _ in runs])
    ends = np.array([units.ends[high - 1] for _, high in runs])
    size = ends - starts
    shown = np.zeros(len(runs))
    for passage in findings.passages:
        if passage.is_certain and passage.confidence >= WITNESS and passage.doubt is None and is_soft(passage):
            share = np.minimum(ends, passage.end) - np.maximum(starts, passage.start)
            np.maximum(shown, share / size, out=shown)
    accepted: npt.NDArray[np.bool_] = pure >= np.where(size >= LONG_RUN, limits[1], limits[0])
    return accepted | ((shown >= SHOWN) & (pure >= WITNESSED))


def cover_run(
    reading: Reading,
    units: Units,
    run: tuple[int, int],
    confidence: float,
    findings: Findings,
    model: LearnedModel,
) -> list[Passage]:
    """The passages of a chosen run: the uncertain ones in it, cut to it, and the run itself under its most likely kind."""
    start, end = int(units.starts[run[0]]), int(units.ends[run[1] - 1])
    soft = [
        passage for passage in findings.passages if is_soft(passage) and passage.start < end and start < passage.end
    ]
    # The layer vouches for what it confirms.
    sure = round(confidence, 4)
    cut = [
        replace(_cut(passage, start, end, soft), confidence=max(passage.confidence, sure), doubt=None)
        for passage in soft
    ]
    overlap = {passage.category: 0 for passage in cut}
    for passage in cut:
        overlap[passage.category] += passage.end - passage.start
    kind = max(overlap, key=lambda name: overlap[name], default=None)
    if kind is None or overlap[kind] < (end - start) / 2:
        kind = _kind(reading, units, run, model)
    rule_id = f"learned-{kind.replace('_', '-')}"
    # Junk that no rule or card shows counts towards the share of a page that uncertain evidence may take.
    shown = sum(passage.end - passage.start for passage in cut if passage.is_certain)
    is_certain = shown >= (end - start) / 2
    return [*cut, Passage(start, end, rule_id, kind, sure, is_certain=is_certain)]


def _cut(passage: Passage, start: int, end: int, soft: list[Passage]) -> Passage:
    """A passage cut to a run; a card whose end was guessed reaches to the run's end, or to the next card."""
    first, last = max(passage.start, start), min(passage.end, end)
    if passage.card is None:
        return replace(passage, start=first, end=last)
    if not passage.is_bounded:
        last = min([end, *(other.start for other in soft if other.card and other.start > passage.start)])
    low = passage.card.body[0]
    return replace(
        passage,
        start=first,
        end=last,
        card=Card((low, max(low, last)), passage.card.title, passage.card.site, passage.card.age),
    )


def _kind(reading: Reading, units: Units, run: tuple[int, int], model: LearnedModel) -> str:
    places, owner = hash_words(reading, units, KIND_BITS)
    of_run = (owner >= run[0]) & (owner < run[1])
    scores = model.kinds[places[of_run]].sum(axis=0)
    kind = KINDS[int(np.argmax(scores))]
    # Words that tags are made of are those of any menu: tags say that they are.
    text = reading.page.lower[units.starts[run[0]] : units.ends[run[1] - 1]]
    return FURNITURE if kind == "hashtags" and "#" not in text and "tag" not in text else kind
