"""The learned layer: takes a page and what the detectors found, gives the passages to decide on.

Adds junk that no rule covers (`learned-<kind>`), shortens or refuses passages whose end was guessed or that only repetition
and ownership show; passages that say themselves what they are pass untouched.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cleaners.junk.config import StripConfig
from cleaners.junk.detectors.rules import RuleDescription
from cleaners.junk.model.doubts import find_doubtful
from cleaners.junk.model.forest import Forest
from cleaners.junk.model.likeness import find_likeness, hash_words
from cleaners.junk.model.measures import Findings, add_neighbours, is_soft, measure_units
from cleaners.junk.model.regions import choose_runs, measure_runs, propose_runs
from cleaners.junk.page.page import Card, Page, Passage
from cleaners.junk.page.reading import Reading, Units, find_candidates, hash_boundaries, read, split_units
from cleaners.junk.page.tokens import Tokens

F64 = npt.NDArray[np.float64]

BOUNDARY_BITS = 15
WORD_BITS = 16
KIND_BITS = 13
MIN_BOUNDARY = 0.2
_BATCH = 32  # pages judged together
# Characters from which a run counts as long.
LONG_RUN = 300
KINDS = (
    *("signup_banner", "comments_ui", "share_ui", "hashtags", "top_stories_widget"),
    *("read_more_link", "ad_marker", "cookie_notice", "caption_credit", "related_article"),
)
DESCRIPTIONS = tuple(
    RuleDescription(
        id=f"learned-{kind.replace('_', '-')}",
        category=kind,
        description="A passage that the learned layer judges to be no part of the story, by its words, its likeness to "
        f"the rest of the page, repetition and place; most like {what}. Its confidence is the model's probability.",
    )
    for kind, what in zip(
        KINDS,
        (
            *("an invitation to sign up", "a comment section", "share buttons", "tags", "a list of headlines"),
            *("a link to another article", "a marker of an advertisement", "a cookie or terms notice"),
            *("a picture's caption or credit", "another article or its card"),
        ),
        strict=True,
    )
)


class LearnedModel(NamedTuple):
    """Weights of the learned layer.

    `rarity` says how rare words are in the news, `units` scores units, `runs` whether a run is all junk and whether it is all of
    the junk; `thresholds` are least probabilities of a short and of a long run.
    """

    boundary: F64
    boundary_intercept: float
    words: F64
    words_intercept: float
    kinds: F64
    rarity: F64
    units: Forest
    runs: Forest
    thresholds: tuple[float, float]


@lru_cache(maxsize=1)
def load_model() -> LearnedModel:
    """The model of the package."""
    content = (resources.files("cleaners.junk.model") / "learned.npz").read_bytes()
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        forests = {name: Forest(*(arrays[f"{name}_{part}"] for part in Forest._fields)) for name in ("units", "runs")}
        return LearnedModel(
            boundary=arrays["boundary"] * float(arrays["boundary_scale"]),
            boundary_intercept=float(arrays["boundary_intercept"]),
            words=arrays["words"] * float(arrays["words_scale"]),
            words_intercept=float(arrays["words_intercept"]),
            kinds=arrays["kinds"] * float(arrays["kinds_scale"]),
            rarity=arrays["rarity"] / 255.0,
            thresholds=(float(arrays["thresholds"][0]), float(arrays["thresholds"][1])),
            **forests,
        )


class ExaminedPage(NamedTuple):
    """A page with what the detectors say of it, for the learned layer to revise."""

    page: Page
    tokens: Tokens
    findings: Findings


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
        passages in it, cut to it, and the run itself; then the doubtful runs, with their `doubt`. A page that nothing speaks
        against keeps what was proposed.

    """
    revised = [list(one.findings.passages) for one in examined]
    doubtful = [number for number, one in enumerate(examined) if len(one.tokens.starts) and is_suspicious(one.findings)]
    for first in range(0, len(doubtful), _BATCH):
        batch = doubtful[first : first + _BATCH]
        for number, passages in zip(batch, _judge([examined[number] for number in batch], model, config), strict=True):
            revised[number] = passages
    return revised


def _judge(examined: list[ExaminedPage], model: LearnedModel, config: StripConfig | None) -> list[list[Passage]]:
    """The learned judgement of pages, a step at a time over all of them; each has a token at least."""
    findings = [one.findings for one in examined]
    readings = [read(one.page, one.tokens) for one in examined]
    candidates = [find_candidates(reading) for reading in readings]
    scores = [score_boundaries(*each, model) for each in zip(readings, candidates, strict=True)]
    units = [
        split_units(reading, places, chances, MIN_BOUNDARY, edges(found))
        for reading, places, chances, found in zip(readings, candidates, scores, findings, strict=True)
    ]
    likenesses = [find_likeness(*each, model.rarity) for each in zip(readings, units, strict=True)]
    words = [score_words(*each, model) for each in zip(readings, units, strict=True)]
    tables = [measure_units(*each) for each in zip(readings, units, likenesses, findings, words, strict=True)]
    scored = model.units.score(np.concatenate([add_neighbours(table) for table in tables]))[:, 0]
    logits = np.split(scored, np.cumsum([len(table) for table in tables])[:-1])
    runs = [propose_runs(*each) for each in zip(units, logits, tables, findings, strict=True)]
    measured = [measure_runs(*each) for each in zip(runs, units, logits, tables, likenesses, findings, strict=True)]
    judged = to_probability(model.runs.score(np.concatenate(measured), 2))
    judgements = np.split(judged, np.cumsum([len(table) for table in measured])[:-1])
    revised = []
    for one, reading, cut, run, chance in zip(examined, readings, units, runs, judgements, strict=True):
        pure, exact = chance[:, 0], chance[:, 1]
        passages = choose_passages(reading, cut, run, pure, exact, one.findings, model)
        if run and config:
            for number, doubt in find_doubtful(one.page, cut, run, pure, exact, passages, config):
                doubtful = cover_run(reading, cut, run[number], float(pure[number]), one.findings, model)[-1]
                passages.append(replace(doubtful, doubt=doubt))
        revised.append(passages)
    return revised


def choose_passages(
    reading: Reading,
    units: Units,
    runs: list[tuple[int, int]],
    pure: F64,
    exact: F64,
    findings: Findings,
    model: LearnedModel,
) -> list[Passage]:
    """The passages that are sure of themselves, and those of the runs that are surely enough junk.

    Args:
        reading: the page.
        units: its units.
        runs: of `propose_runs`.
        pure: probability that a run is all junk.
        exact: probability that it is all of the junk besides.
        findings: of the other detectors.
        model: thresholds and weights of kinds.

    """
    passages = [passage for passage in findings.passages if not is_soft(passage)]
    if runs:
        for number in choose_runs(runs, pure, exact, is_accepted(runs, units, pure, model.thresholds)):
            passages += cover_run(reading, units, runs[number], float(pure[number]), findings, model)
    return passages


def is_suspicious(findings: Findings) -> bool:
    """Tell whether any cheap sign speaks for junk: a passage proposed, or words that other documents hold.

    Measured: applying the model to the other documents too finds nothing more, and costs half as much time again.
    """
    return bool(findings.passages) or bool((findings.repeated >= 2).any()) or bool((findings.owners > 0).any())


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


def is_accepted(
    runs: list[tuple[int, int]], units: Units, pure: F64, thresholds: tuple[float, float]
) -> npt.NDArray[np.bool_]:
    """Tell whether each run is surely enough junk for its length."""
    size = np.array([int(units.ends[high - 1] - units.starts[low]) for low, high in runs])
    return pure >= np.where(size >= LONG_RUN, thresholds[1], thresholds[0])


def to_probability(logits: F64) -> F64:
    """The logistic function."""
    probability: F64 = 1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0)))
    return probability


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
    cut = [replace(_cut(passage, start, end, soft), confidence=max(passage.confidence, sure)) for passage in soft]
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
    return KINDS[int(np.argmax(scores))]
