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
from cleaners.junk.model.likeness import Likeness, find_likeness, hash_words
from cleaners.junk.model.measures import Findings, add_context, add_neighbours, is_soft, measure_units
from cleaners.junk.model.outline import find_prose
from cleaners.junk.model.regions import choose_runs, measure_runs, propose_runs
from cleaners.junk.page.page import Card, Page, Passage
from cleaners.junk.page.reading import Reading, Units, find_candidates, hash_boundaries, read, split_units
from cleaners.junk.page.tokens import Tokens

F64 = npt.NDArray[np.float64]
F32 = npt.NDArray[np.float32]

BOUNDARY_BITS = 15
WORD_BITS = 16
KIND_BITS = 13
MIN_BOUNDARY = 0.2
FURNITURE = "page_furniture"
_BATCH = 32  # pages judged together
# Log odds of a page's most suspicious unit up to which its surroundings and runs are not looked at.
QUIET = -1.5
# Least probability of a run that lies so far in a passage whose own text shows what it is and leaves its end open, a card for
# instance. Cross-validated: F1 of contaminated articles .938 -> .941, damage .110 -> .119 %; at .65 .941 and .138 %.
WITNESSED, SHOWN = 0.75, 0.9
# Characters from which a run counts as long.
LONG_RUN = 300
FORESTS = ("units", "context", "runs")
KINDS = (
    *("signup_banner", "comments_ui", "share_ui", "hashtags", "top_stories_widget"),
    *("read_more_link", "ad_marker", "cookie_notice", "caption_credit", "related_article", FURNITURE),
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
            "the page's own labels, navigation, players or author lines",
        ),
        strict=True,
    )
)


Limits = tuple[float, float, float]


class LearnedModel(NamedTuple):
    """Weights of the learned layer.

    `rarity` says how rare words are in the news, `units` scores units by their own evidence, `context` by what that says of the
    page around them, `runs` whether a run is all junk and whether it is all of the junk; `thresholds` are the least probabilities
    of a short and of a long run and of a single label, first of a bare page, then of a furnished one.
    """

    boundary: F64
    boundary_intercept: float
    words: F64
    words_intercept: float
    kinds: F64
    rarity: F64
    units: Forest
    context: Forest
    runs: Forest
    thresholds: tuple[Limits, Limits]


@lru_cache(maxsize=1)
def load_model() -> LearnedModel:
    """The model of the package."""
    content = (resources.files("cleaners.junk.model") / "learned.npz").read_bytes()
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        forests = {name: Forest(*(arrays[f"{name}_{part}"] for part in Forest._fields)) for name in FORESTS}
        bare, furnished = ((float(short), float(long), float(unit)) for short, long, unit in arrays["thresholds"])
        return LearnedModel(
            boundary=arrays["boundary"] * float(arrays["boundary_scale"]),
            boundary_intercept=float(arrays["boundary_intercept"]),
            words=arrays["words"] * float(arrays["words_scale"]),
            words_intercept=float(arrays["words_intercept"]),
            kinds=arrays["kinds"] * float(arrays["kinds_scale"]),
            rarity=arrays["rarity"] / 255.0,
            thresholds=(bare, furnished),
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
        passages in it, cut to it, and the run itself; then the doubtful runs, with their `doubt`. A page without words keeps what
        was proposed.

    """
    revised = [list(one.findings.passages) for one in examined]
    worded = [number for number, one in enumerate(examined) if len(one.tokens.starts)]
    for first in range(0, len(worded), _BATCH):
        batch = worded[first : first + _BATCH]
        for number, passages in zip(batch, _judge([examined[number] for number in batch], model, config), strict=True):
            revised[number] = passages
    return revised


class CutPage(NamedTuple):
    """A page cut into units, with their evidence."""

    examined: ExaminedPage
    reading: Reading
    units: Units
    likeness: Likeness
    table: F32


def _judge(examined: list[ExaminedPage], model: LearnedModel, config: StripConfig | None) -> list[list[Passage]]:
    """The learned judgement of pages, a step at a time over all of them; each has a token at least."""
    pages = _cut_pages(examined, model)
    first = _score(model.units, [add_neighbours(page.table) for page in pages])
    revised = [list_kept(one.findings) for one in examined]
    loud = [
        number
        for number, (page, logits) in enumerate(zip(pages, first, strict=True))
        if logits.max() > QUIET or any(is_soft(passage) for passage in page.examined.findings.passages)
    ]
    if not loud:
        return revised
    some = [pages[number] for number in loud]
    logits = _score(
        model.context, [add_context(page.table, first[number]) for number, page in zip(loud, some, strict=True)]
    )
    runs = [
        propose_runs(page.units, logit, page.table, page.examined.findings)
        for page, logit in zip(some, logits, strict=True)
    ]
    measured = [
        measure_runs(run, page.units, logit, page.table, page.likeness, page.examined.findings)
        for page, logit, run in zip(some, logits, runs, strict=True)
    ]
    judged = to_probability(model.runs.score(np.concatenate(measured), 2))
    chances = np.split(judged, np.cumsum([len(table) for table in measured])[:-1])
    for number, page, logit, run, chance in zip(loud, some, logits, runs, chances, strict=True):
        revised[number] = _revise_page(page, logit, run, chance, model, config)
    return revised


def _cut_pages(examined: list[ExaminedPage], model: LearnedModel) -> list[CutPage]:
    readings = [read(one.page, one.tokens) for one in examined]
    candidates = [find_candidates(reading) for reading in readings]
    scores = [score_boundaries(*each, model) for each in zip(readings, candidates, strict=True)]
    units = [
        split_units(reading, places, chances, MIN_BOUNDARY, edges(one.findings))
        for reading, places, chances, one in zip(readings, candidates, scores, examined, strict=True)
    ]
    likenesses = [find_likeness(*each, model.rarity) for each in zip(readings, units, strict=True)]
    tables = [
        measure_units(reading, cut, likeness, one.findings, score_words(reading, cut, model))
        for one, reading, cut, likeness in zip(examined, readings, units, likenesses, strict=True)
    ]
    return [CutPage(*each) for each in zip(examined, readings, units, likenesses, tables, strict=True)]


def _score(forest: Forest, tables: list[F32]) -> list[F64]:
    """Log odds of the units of several pages."""
    return np.split(forest.score(np.concatenate(tables))[:, 0], np.cumsum([len(table) for table in tables])[:-1])


def _revise_page(
    page: CutPage,
    logits: F64,
    runs: list[tuple[int, int]],
    chance: F64,
    model: LearnedModel,
    config: StripConfig | None,
) -> list[Passage]:
    pure, exact = chance[:, 0], chance[:, 1]
    one, reading, units, _, _ = page
    passages = choose_passages(reading, units, logits, runs, pure, exact, one.findings, model)
    if runs and config:
        for number, doubt in find_doubtful(one.page, units, runs, pure, exact, passages, config):
            doubtful = cover_run(reading, units, runs[number], float(pure[number]), one.findings, model)[-1]
            passages.append(replace(doubtful, doubt=doubt))
    return passages


def choose_passages(
    reading: Reading,
    units: Units,
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
        logits: log odds that each unit is junk.
        runs: of `propose_runs`.
        pure: probability that a run is all junk.
        exact: probability that it is all of the junk besides.
        findings: of the other detectors.
        model: thresholds and weights of kinds.

    """
    passages = list_kept(findings)
    limits = model.thresholds[is_furnished(reading, units)]
    is_left = find_labels(reading, units, logits, limits[2])
    if runs:
        for number in choose_runs(runs, pure, exact, is_accepted(runs, units, pure, findings, limits)):
            low, high = runs[number]
            is_left[low:high] = False
            passages += cover_run(reading, units, runs[number], float(pure[number]), findings, model)
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


def is_furnished(reading: Reading, units: Units) -> bool:
    """Tell whether most of a page's units are no sentences: a crude scrape with its navigation, not an article's text.

    On such pages other evidence is as strong and junk is likelier: the median share is .64 on real news pages, .35 in articles
    with junk placed in them.
    """
    n_tokens = np.bincount(units.unit_of_token, minlength=len(units.starts)).astype(np.float64)
    return bool(find_prose(reading, units, n_tokens).mean() < 0.5)


def find_labels(reading: Reading, units: Units, logits: F64, threshold: float) -> npt.NDArray[np.bool_]:
    """Tell which units are no sentence and surely enough junk by themselves; a sentence goes with its run alone.

    Measured on unseen news sites: of the characters of other units above .88 that no accepted run holds 4 % are story, of
    sentences 19 %.
    """
    n_tokens = np.bincount(units.unit_of_token, minlength=len(units.starts)).astype(np.float64)
    return (to_probability(logits) >= threshold) & ~find_prose(reading, units, n_tokens)


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
    runs: list[tuple[int, int]], units: Units, pure: F64, findings: Findings, limits: Limits
) -> npt.NDArray[np.bool_]:
    """Tell whether each run is surely enough junk for its length, or for what a detector's own text shows of it."""
    starts = np.array([units.starts[low] for low, _ in runs])
    ends = np.array([units.ends[high - 1] for _, high in runs])
    size = ends - starts
    shown = np.zeros(len(runs))
    for passage in findings.passages:
        if passage.is_certain and passage.doubt is None and is_soft(passage):
            share = np.minimum(ends, passage.end) - np.maximum(starts, passage.start)
            np.maximum(shown, share / size, out=shown)
    accepted: npt.NDArray[np.bool_] = pure >= np.where(size >= LONG_RUN, limits[1], limits[0])
    return accepted | ((shown >= SHOWN) & (pure >= WITNESSED))


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
