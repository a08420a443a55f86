"""Candidate pairs to decisions: is the shorter text a copy of the longer one, or of a part?

Takes pairs of articles, gives six plain features and a probability each; removes nothing. What is quoted counts for
nothing: two reports of one statement share its words and are no copies. The weights in
`decision.json` come from `bench/training/train_neardup.py`; articles without a title or a date are decided by a model that was
trained without it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import polars as pl

from cleaners.neardup.config import NearDuplicateConfig
from cleaners.neardup.text.chunks import Chunk, map_chunks
from cleaners.neardup.text.fold import Bools, Float64s, Int64s, UInt8s
from cleaners.neardup.text.shingles import (
    ALL,
    N_MARKED,
    OPENS,
    QUOTED,
    Reading,
    count_marked,
    count_shared,
    read_shingles,
)
from cleaners.neardup.text.words import (
    HashedSets,
    choose_sets,
    collect_sets,
    count_up,
    join_sets,
    mark_runs,
    read_numbers,
    read_words,
)

# A share of one or two facts says little: the wider share counts as so many further facts. Measured: 4 against 0
# saves a third of the false pairs and a sixth of the missed ones of the development batch; more changes nothing.
WEIGHT_OF_WIDER = 4.0

FEATURES = ("shared_opening", "shared_facts", "shared_numbers", "shared_title", "log_words", "log_days")
RISING = ("shared_opening", "shared_facts", "shared_numbers")  # what grows with shared shingles and names


class Described(NamedTuple):
    """Facts that the decision needs of some articles, in their order."""

    ids: pl.Series
    n_words: Int64s
    shingles: HashedSets
    marks: UInt8s
    n_quoted: Int64s
    n_opening: Int64s
    words: HashedSets
    names: HashedSets
    numbers: HashedSets
    titles: HashedSets
    published_days: Float64s


class _Texts(NamedTuple):
    """Facts that the decision needs of some texts."""

    n_words: Int64s
    shingles: HashedSets
    marks: UInt8s
    n_quoted: Int64s
    n_opening: Int64s
    words: HashedSets
    names: HashedSets
    numbers: HashedSets


class _Shared(NamedTuple):
    """How much the texts of pairs share.

    Attributes:
        shingles: of the shorter, also in the longer.
        quoted: of these, in quotation marks in the one or the other.
        quoted_there: of these, in the longer alone.
        openings: shingles of the opening of the shorter, and of the longer, in the other text, quoted in neither.
        openings_quoted: those that only the other text quotes.
        names: of the shorter.
    """

    shingles: Int64s
    quoted: Int64s
    quoted_there: Int64s
    openings: tuple[Int64s, Int64s]
    openings_quoted: tuple[Int64s, Int64s]
    names: Int64s


class Decision(NamedTuple):
    """A logistic regression over some of `FEATURES`."""

    features: tuple[str, ...]
    weights: Float64s
    intercept: float

    def weigh(self) -> dict[str, float]:
        """The weight of each feature."""
        return dict(zip(self.features, self.weights.tolist(), strict=True))


def describe_articles(
    articles: pl.DataFrame,
    config: NearDuplicateConfig,
    rows: Int64s | None = None,
    readings: Mapping[int, Reading] = MappingProxyType({}),
) -> Described:
    """Read what the decision needs out of articles.

    Args:
        articles: article_id, title, text, published_at.
        config: shingle lengths.
        rows: which of the articles, ascending; None takes all.
        readings: what signing kept of all these articles' texts; what it does not hold is read.
    """
    rows = np.arange(len(articles)) if rows is None else rows
    # Texts are taken chunk by chunk: polars would copy those of all rows at once.
    parts = map_chunks(lambda chunk: _describe_chosen(chunk, rows, readings.get(chunk.start), config), articles["text"])
    articles = articles.select("article_id", "title", "published_at")[rows]
    n_words = np.concatenate([part.n_words for part in parts])
    marks, n_quoted, n_opening = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("marks", "n_quoted", "n_opening")
    )
    sets = {name: [getattr(part, name) for part in parts] for name in ("shingles", "words", "names", "numbers")}
    parts.clear()  # then each kind is freed as soon as it is joined
    titles = read_words(articles["title"])
    microseconds = articles["published_at"].cast(pl.Datetime("us")).to_physical().cast(pl.Float64)
    return Described(
        ids=articles["article_id"],
        n_words=n_words,
        shingles=join_sets(sets.pop("shingles")),
        marks=marks,
        n_quoted=n_quoted,
        n_opening=n_opening,
        words=join_sets(sets.pop("words")),
        names=join_sets(sets.pop("names")),
        numbers=join_sets(sets.pop("numbers")),
        titles=collect_sets(titles.offsets, titles.hashes),
        published_days=microseconds.fill_null(np.nan).to_numpy() / 86_400e6,
    )


def measure_pairs(described: Described, left: Int64s, right: Int64s) -> pl.DataFrame:
    """Measure pairs of articles; S is the text with fewer shingles (then the smaller id).

    Args:
        described: the articles that `left` and `right` number.
        left: one article of each pair.
        right: the other.

    Returns:
        One row a pair: jaccard; containment (of S's shingles); quoted (share of the shared shingles that stand in
        quotation marks in S or the other); prose_containment (of those of S's shingles that do in neither); shared_opening
        (share of the first OPENING_SHINGLES of one text that stand in the other, quoted in neither; of the two texts the
        larger share); shared_facts (share of S's numbers and names found in the other); shared_numbers (the same for
        numbers alone); shared_title (share of the shorter title's words found in the other's); log_words (ln of S's
        words); log_days (ln of 1 + days apart). shared_title and log_days are null where a title or a date is missing;
        shares of prose, opening and facts are drawn towards the next wider share (see WEIGHT_OF_WIDER).
    """
    short, long = _sort_sides(described, left, right)
    shared = count_marked(described.shingles, described.marks, short, long)
    here, there = np.divmod(np.arange(N_MARKED), ALL + 1)
    is_prose = ((here | there) & QUOTED) == 0

    def count(kinds: Bools) -> Int64s:
        counted: Int64s = shared[:, kinds].sum(axis=1)
        return counted

    found = _Shared(
        shingles=shared.sum(axis=1),
        quoted=count(~is_prose),
        quoted_there=count(((there & QUOTED) > 0) & ((here & QUOTED) == 0)),
        openings=(count(is_prose & ((here & OPENS) > 0)), count(is_prose & ((there & OPENS) > 0))),
        openings_quoted=(
            count((here == OPENS) & ((there & QUOTED) > 0)),
            count((there == OPENS) & ((here & QUOTED) > 0)),
        ),
        names=count_shared(described.names, short, described.words, long),
    )
    return _tabulate(described, short, long, found)


def bound_pairs(described: Described, left: Int64s, right: Int64s, config: NearDuplicateConfig) -> Float64s:
    """Give a probability that each pair cannot exceed, from what is cheap to compare: numbers, titles, lengths, dates.

    Args:
        described: the articles that `left` and `right` number.
        left: one article of each pair.
        right: the other.
        config: the least shares.

    Returns:
        The probability if all shingles and names of the shorter text stood in the other.
    """
    if any(weight < 0 for model in load_decisions() for name, weight in model.weigh().items() if name in RISING):
        return np.ones(len(left))
    short, long = _sort_sides(described, left, right)
    most = _Shared(
        shingles=described.shingles.sizes[short],
        quoted=described.n_quoted[short],
        quoted_there=np.zeros(len(short), np.int64),
        openings=(described.n_opening[short], described.n_opening[long]),
        openings_quoted=(np.zeros(len(short), np.int64), np.zeros(len(short), np.int64)),
        names=described.names.sizes[short],
    )
    return judge_pairs(_tabulate(described, short, long, most), config)


def judge_pairs(features: pl.DataFrame, config: NearDuplicateConfig) -> Float64s:
    """Give the probability that each pair is a near-duplicate; 0 where they share too little.

    Args:
        features: as `measure_pairs` gives them.
        config: the least shares.
    """
    missing = {name: features[name].is_null().to_numpy() for name in ("shared_title", "log_days")}
    probabilities = np.zeros(len(features))
    for decision in load_decisions():
        rows = np.ones(len(features), bool)
        for name, is_missing in missing.items():
            rows &= ~is_missing if name in decision.features else is_missing
        if not rows.any():  # as most often: every call costs polars a query
            continue
        values = features.filter(pl.Series(rows)).select(decision.features).to_numpy()
        probabilities[rows] = 1 / (1 + np.exp(-(values @ decision.weights + decision.intercept)))
    return np.where(clear_floors(features, config), probabilities, 0.0)


def clear_floors(features: pl.DataFrame, config: NearDuplicateConfig) -> Bools:
    """Which pairs share enough for the trained decision, which saw no others: equal facts and titles alone make no copy.

    Args:
        features: as `measure_pairs` gives them.
        config: the least shares of words, of prose and of an opening.
    """
    clears: Bools = features["containment"].to_numpy() >= config.minimum_containment
    clears &= features["prose_containment"].to_numpy() >= config.minimum_prose_containment
    clears &= features["shared_opening"].to_numpy() >= config.minimum_opening
    return clears


@lru_cache(maxsize=1)
def load_decisions() -> tuple[Decision, ...]:
    """Load the trained decisions that come with the package, one for each set of features that can be known."""
    data = json.loads(files("cleaners.neardup.verdict").joinpath("decision.json").read_text(encoding="utf-8"))
    return tuple(
        Decision(tuple(model["weights"]), np.array(list(model["weights"].values())), model["intercept"])
        for model in data["models"]
    )


def _describe_chosen(chunk: Chunk, rows: Int64s, reading: Reading | None, config: NearDuplicateConfig) -> _Texts:
    """Describe the texts of a chunk that are among `rows`, from what was read of all its texts or else by reading them."""
    first, last = np.searchsorted(rows, [chunk.start, chunk.start + len(chunk.texts)])
    numbers = rows[first:last] - chunk.start
    texts = chunk.texts.gather(numbers)
    if reading is None:
        words = read_words(texts)
        reading, numbers = read_shingles(words, config), np.arange(len(texts))
    return _describe_read(texts, reading, numbers)


def _describe_read(texts: pl.Series, reading: Reading, numbers: Int64s) -> _Texts:
    """Describe texts that have these numbers among those read."""
    offsets, hashes, is_name, *_ = reading.words
    shingles = choose_sets(reading.shingles, numbers)
    is_chosen = mark_runs(reading.shingles.sizes, numbers)
    marks = reading.marks if is_chosen.all() else reading.marks[is_chosen]
    counted = (count_up(found) for found in ((marks & QUOTED) > 0, marks == OPENS))
    n_quoted, n_opening = (np.diff(counts[shingles.offsets]) for counts in counted)
    # Capitalised words and numbers are what tells two notices of one form apart. Scripts without case give no names.
    return _Texts(
        n_words=np.diff(offsets)[numbers],
        shingles=shingles,
        marks=marks,
        n_quoted=n_quoted,
        n_opening=n_opening,
        words=collect_sets(offsets, hashes, numbers=numbers),
        names=collect_sets(offsets, hashes, is_name, numbers),
        numbers=read_numbers(texts),
    )


def _sort_sides(described: Described, left: Int64s, right: Int64s) -> tuple[Int64s, Int64s]:
    """The shorter of each pair, and the longer."""
    sizes = described.shingles.sizes
    swapped = sizes[right] < sizes[left]
    equal = np.flatnonzero(sizes[right] == sizes[left])
    if len(equal):
        swapped[equal] = (described.ids.gather(right[equal]) < described.ids.gather(left[equal])).to_numpy()
    return np.where(swapped, right, left), np.where(swapped, left, right)


def _tabulate(described: Described, short: Int64s, long: Int64s, found: _Shared) -> pl.DataFrame:
    """The features of pairs that share so much."""
    sizes, shared, names = described.shingles.sizes, found.shingles, found.names
    containment = _share(shared, sizes[short], np.zeros(len(short)))
    # What the longer text quotes counts in neither: as a block it may stand in the shorter one without its marks.
    n_prose = sizes[short] - described.n_quoted[short] - found.quoted_there
    prose = _share(shared - found.quoted + WEIGHT_OF_WIDER * containment, n_prose + WEIGHT_OF_WIDER, containment)
    n_opening = described.n_opening
    openings = [
        _share(part - quoted + WEIGHT_OF_WIDER * prose, n_opening[side] - quoted + WEIGHT_OF_WIDER, prose)
        for part, quoted, side in zip(found.openings, found.openings_quoted, (short, long), strict=True)
    ]
    n_numbers, n_names = described.numbers.sizes[short], described.names.sizes[short]
    numbers = count_shared(described.numbers, short, described.numbers, long)
    facts = _share(numbers + names + WEIGHT_OF_WIDER * containment, n_numbers + n_names + WEIGHT_OF_WIDER, containment)

    titles = described.titles.sizes
    title = count_shared(described.titles, short, described.titles, long)
    days = np.abs(described.published_days[short] - described.published_days[long])
    return pl.DataFrame(
        {
            "jaccard": _share(shared, sizes[short] + sizes[long] - shared, np.zeros(len(short))),
            "containment": containment,
            "quoted": _share(found.quoted, shared, np.zeros(len(short))),
            "prose_containment": prose,
            "shared_opening": np.maximum(*openings),
            "shared_facts": facts,
            "shared_numbers": _share(numbers + WEIGHT_OF_WIDER * facts, n_numbers + WEIGHT_OF_WIDER, facts),
            "shared_title": _share(title, np.minimum(titles[short], titles[long]), np.full(len(short), np.nan)),
            "log_words": np.log(np.maximum(1, described.n_words[short])),
            "log_days": np.log1p(days),
        }
    ).with_columns(pl.col("shared_title", "log_days").fill_nan(None))


def _share(part: np.ndarray, whole: np.ndarray, otherwise: Float64s) -> Float64s:
    return np.where(whole > 0, part / np.maximum(whole, 1e-12), otherwise)
