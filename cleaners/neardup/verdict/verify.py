"""Candidate pairs to decisions: is the shorter text the story that the longer one tells?

Takes pairs of articles, gives six plain features and a probability each; removes nothing. The weights in
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
from cleaners.neardup.text.fold import Float64s, Int64s
from cleaners.neardup.text.shingles import Reading, count_shared, hash_shingles
from cleaners.neardup.text.words import HashedSets, choose_sets, collect_sets, join_sets, read_numbers, read_words

# A share of one or two facts says little: the wider share counts as so many further facts. Measured: 4 against 0
# saves a third of the false pairs and a sixth of the missed ones of the development batch; more changes nothing.
WEIGHT_OF_WIDER = 4.0

FEATURES = ("containment", "shared_facts", "shared_numbers", "shared_title", "log_words", "log_days")
RISING = ("containment", "shared_facts", "shared_numbers")  # what grows with shared shingles and names


class Described(NamedTuple):
    """Facts that the decision needs of some articles, in their order."""

    ids: pl.Series
    n_words: Int64s
    shingles: HashedSets
    words: HashedSets
    names: HashedSets
    numbers: HashedSets
    titles: HashedSets
    published_days: Float64s


class _Texts(NamedTuple):
    """Facts that the decision needs of some texts."""

    n_words: Int64s
    shingles: HashedSets
    words: HashedSets
    names: HashedSets
    numbers: HashedSets


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
    sets = {name: [getattr(part, name) for part in parts] for name in ("shingles", "words", "names", "numbers")}
    parts.clear()  # then each kind is freed as soon as it is joined
    titles = read_words(articles["title"])
    microseconds = articles["published_at"].cast(pl.Datetime("us")).to_physical().cast(pl.Float64)
    return Described(
        ids=articles["article_id"],
        n_words=n_words,
        shingles=join_sets(sets.pop("shingles")),
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
        One row a pair: jaccard; containment (of S's shingles); shared_facts (share of S's numbers and names found in
        the other); shared_numbers (the same for numbers alone); shared_title (share of the shorter title's words found
        in the other's); log_words (ln of S's words); log_days (ln of 1 + days apart). shared_title and log_days are
        null where a title or a date is missing; shares of facts are drawn towards the next wider share (see
        WEIGHT_OF_WIDER).
    """
    short, long = _sort_sides(described, left, right)
    shared = count_shared(described.shingles, short, described.shingles, long)
    names = count_shared(described.names, short, described.words, long)
    return _tabulate(described, short, long, shared, names)


def bound_pairs(described: Described, left: Int64s, right: Int64s, config: NearDuplicateConfig) -> Float64s:
    """Give a probability that each pair cannot exceed, from what is cheap to compare: numbers, titles, lengths, dates.

    Args:
        described: the articles that `left` and `right` number.
        left: one article of each pair.
        right: the other.
        config: the least containment.

    Returns:
        The probability if all shingles and names of the shorter text stood in the other.
    """
    if any(weight < 0 for model in load_decisions() for name, weight in model.weigh().items() if name in RISING):
        return np.ones(len(left))
    short, long = _sort_sides(described, left, right)
    n_shingles, n_names = described.shingles.sizes[short], described.names.sizes[short]
    return judge_pairs(_tabulate(described, short, long, n_shingles, n_names), config)


def judge_pairs(features: pl.DataFrame, config: NearDuplicateConfig) -> Float64s:
    """Give the probability that each pair is a near-duplicate; 0 below the least containment.

    Args:
        features: as `measure_pairs` gives them.
        config: the least containment.
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
    # Equal facts and titles alone make no copy, and the decision was trained on pairs above this line only.
    probabilities[features["containment"].to_numpy() < config.minimum_containment] = 0.0
    return probabilities


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
        reading, numbers = Reading(words, hash_shingles(words, config)), np.arange(len(texts))
    return _describe_read(texts, reading, numbers)


def _describe_read(texts: pl.Series, reading: Reading, numbers: Int64s) -> _Texts:
    """Describe texts that have these numbers among those read."""
    offsets, hashes, is_name, _ = reading.words
    # Capitalised words and numbers are what tells two notices of one form apart. Scripts without case give no names.
    return _Texts(
        n_words=np.diff(offsets)[numbers],
        shingles=choose_sets(reading.shingles, numbers),
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


def _tabulate(described: Described, short: Int64s, long: Int64s, shared: Int64s, names: Int64s) -> pl.DataFrame:
    """The features of pairs that share so many shingles and so many of the shorter one's names."""
    sizes = described.shingles.sizes
    containment = _share(shared, sizes[short], np.zeros(len(short)))
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
            "shared_facts": facts,
            "shared_numbers": _share(numbers + WEIGHT_OF_WIDER * facts, n_numbers + WEIGHT_OF_WIDER, facts),
            "shared_title": _share(title, np.minimum(titles[short], titles[long]), np.full(len(short), np.nan)),
            "log_words": np.log(np.maximum(1, described.n_words[short])),
            "log_days": np.log1p(days),
        }
    ).with_columns(pl.col("shared_title", "log_days").fill_nan(None))


def _share(part: np.ndarray, whole: np.ndarray, otherwise: Float64s) -> Float64s:
    return np.where(whole > 0, part / np.maximum(whole, 1e-12), otherwise)
