"""The learned layer: takes a page and what the detectors found, gives the passages to decide on.

Adds junk that no rule covers (`learned-<kind>`), shortens or refuses passages whose end was guessed or that only repetition
and ownership show; passages that say themselves what they are pass untouched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cleaners.junk.config import StripConfig
from cleaners.junk.model.choice import choose_passages, cover_run, find_likely_labels, list_kept
from cleaners.junk.model.doubts import find_doubtful
from cleaners.junk.model.features import COLUMN
from cleaners.junk.model.likeness import Likeness, find_likeness, hash_words
from cleaners.junk.model.measures import Findings, add_context, add_neighbours, is_soft, measure_units
from cleaners.junk.model.regions import propose_runs
from cleaners.junk.model.run_measures import measure_runs
from cleaners.junk.model.weights import BOUNDARY_BITS, MIN_BOUNDARY, WORD_BITS, LearnedModel, to_probability
from cleaners.junk.page.page import Page, Passage
from cleaners.junk.page.reading import Reading, Units, find_candidates, hash_boundaries, read, split_units
from cleaners.junk.page.segments import bound, split_batches, spread
from cleaners.junk.page.tokens import U64, Tokens

F64 = npt.NDArray[np.float64]
F32 = npt.NDArray[np.float32]

# Log odds of a page's most suspicious unit up to which its surroundings and runs are not looked at. Of 1,500 articles, 244
# contaminated ones and 300 real pages the same passages are cut as without it; four of 135 suspected ones are not reported.
QUIET = -1.5
# The same after the first trees of the forest. Of 600 articles, 244 contaminated ones and 120 real pages 61, 14 and 0 % end there,
# none of which the whole forest finds louder than QUIET.
EARLY_TREES, EARLY_QUIET = 100, -2.5


class ExaminedPage(NamedTuple):
    """A page with what the detectors say of it, for the learned layer to revise."""

    page: Page
    tokens: Tokens
    findings: Findings
    title: U64 | None = None  # hashes of its words, where they are known


def revise(
    examined: Sequence[ExaminedPage], model: LearnedModel, config: StripConfig | None = None
) -> list[list[Passage]]:
    """The passages to decide on, in place of those the detectors proposed, page by page.

    Args:
        examined: pages; many at once take less time, for each step's code and weights stay at hand.
        model: of `load_model`.
        config: from when on doubtful runs are reported too; none without it.

    Returns:
        For each page the firm passages as they are; then, for each run of units that is surely enough junk, the uncertain
        passages in it, cut to it, and the run itself; then the doubtful runs, with their `doubt`. A page without words keeps what
        was proposed.

    """
    revised = [list(one.findings.passages) for one in examined]
    worded = [number for number, one in enumerate(examined) if len(one.tokens.starts)]
    for some in split_batches(len(examined[number].page.text) for number in worded):
        batch = worded[some]
        for number, passages in zip(batch, _judge([examined[number] for number in batch], model, config), strict=True):
            revised[number] = passages
    return revised


class CutPages(NamedTuple):
    """Pages cut into units, with their evidence, end to end; or one of them."""

    reading: Reading
    units: Units
    likeness: Likeness
    table: F32

    def part(self, number: int) -> CutPages:
        """One page alone."""
        return CutPages(
            self.reading.part(number),
            self.units.part(number, self.reading),
            self.likeness.part(number, self.units),
            self.table[slice(*self.units.bounds[number : number + 2])],
        )


def _judge(examined: list[ExaminedPage], model: LearnedModel, config: StripConfig | None) -> list[list[Passage]]:
    """The learned judgement of pages, a step at a time over all of them; each has a token at least."""
    findings = [one.findings for one in examined]
    revised = [list_kept(one) for one in findings]
    cut = _cut_pages(examined, model)
    bounds = cut.units.bounds
    wide = add_neighbours(cut.table, bounds)
    logits = model.units.part(0, EARLY_TREES).score(wide)[:, 0]
    is_doubted = np.array([any(map(is_soft, one.passages)) for one in findings])
    is_loud = is_doubted | (np.maximum.reduceat(logits, bounds[:-1]) > EARLY_QUIET)
    if not is_loud.any():
        return revised
    rows = spread(is_loud, bounds)
    logits[rows] += model.units.part(EARLY_TREES, None).score(wide.T.compress(rows, axis=1).T)[:, 0]
    loud = np.flatnonzero(is_loud & (is_doubted | (np.maximum.reduceat(logits, bounds[:-1]) > QUIET))).tolist()
    if not loud:
        return revised
    rows = spread(np.isin(np.arange(len(findings)), loud), bounds)
    own = bound(np.diff(bounds)[loud])
    table = cut.table.T.compress(rows, axis=1).T
    judged = model.context.score(add_context(table, logits[rows], own))[:, 0]
    is_prose = table[:, COLUMN["prose"]] > 0
    may_label = find_likely_labels(judged, is_prose, own, model)
    tables, surer = np.split(table, own[1:-1]), np.split(judged, own[1:-1])
    runs = [
        propose_runs(cut.units.part(number, cut.reading), logit, page, findings[number])
        for number, page, logit in zip(loud, tables, surer, strict=True)
    ]
    # Most of these pages have no run and no label in the end: what they kept stands.
    left = [place for place, run in enumerate(runs) if run or may_label[place]]
    if not left:
        return revised
    some = [cut.part(loud[place]) for place in left]
    runs = [runs[place] for place in left]
    surer = [surer[place] for place in left]
    measured = measure_runs(
        runs,
        [page.units for page in some],
        surer,
        [page.table for page in some],
        [page.likeness for page in some],
        [findings[loud[place]] for place in left],
    )
    chances = to_probability(model.runs.score(measured, 2))
    of_run = np.split(chances, np.cumsum([len(run) for run in runs])[:-1])
    for place, page, logit, run, chance in zip(left, some, surer, runs, of_run, strict=True):
        number = loud[place]
        revised[number] = _revise_page(page, findings[number], logit, run, chance, model, config)
    return revised


def _cut_pages(examined: list[ExaminedPage], model: LearnedModel) -> CutPages:
    findings = [one.findings for one in examined]
    titles = [one.title for one in examined if one.title is not None]
    known = titles if len(titles) == len(examined) else None
    reading = read([one.page for one in examined], [one.tokens for one in examined], known)
    candidates = find_candidates(reading)
    chances = score_boundaries(reading, candidates, model)
    units = split_units(reading, candidates, chances, MIN_BOUNDARY, [edges(one) for one in findings])
    likeness = find_likeness(reading, units, model.rarity)
    table = measure_units(reading, units, likeness, findings, score_words(reading, units, model))
    return CutPages(reading, units, likeness, table)


def _revise_page(
    page: CutPages,
    findings: Findings,
    logits: F64,
    runs: list[tuple[int, int]],
    chance: F64,
    model: LearnedModel,
    config: StripConfig | None,
) -> list[Passage]:
    pure, exact = chance[:, 0], chance[:, 1]
    reading, units = page.reading, page.units
    is_prose = page.table[:, COLUMN["prose"]] > 0
    passages = choose_passages(reading, units, is_prose, logits, runs, pure, exact, findings, model)
    if runs and config:
        for number, doubt in find_doubtful(reading.page, units, runs, pure, exact, passages, config):
            doubtful = cover_run(reading, units, runs[number], float(pure[number]), findings, model)[-1]
            passages.append(replace(doubtful, doubt=doubt))
    return passages


def edges(findings: Findings) -> list[int]:
    """Offsets at which the detectors' passages begin and end."""
    return [edge for passage in findings.passages for edge in (passage.start, passage.end)]


def score_boundaries(reading: Reading, candidates: npt.NDArray[np.int64], model: LearnedModel) -> F64:
    """Probability that a sentence begins before each candidate token."""
    places = hash_boundaries(reading, candidates, BOUNDARY_BITS)
    return to_probability(model.boundary[places].sum(axis=1) + model.boundary_intercept)


def score_words(reading: Reading, units: Units, model: LearnedModel) -> F64:
    """Log odds of each unit by its words alone."""
    places, owner = hash_words(reading, units, WORD_BITS)
    n_units = len(units.starts)
    counts = np.maximum(np.bincount(owner, minlength=n_units), 1)
    scores: F64 = np.bincount(owner, weights=model.words[places], minlength=n_units) / np.sqrt(counts)
    return scores + model.words_intercept
