"""Comparison of the texts around two names: do they speak of the same person?

Takes articles and the places where a name stands, gives the TF-IDF vectors of whole texts (the same story?) and what the
clauses around two names share (the same person?). Made, and texts read, only where a name is suspect.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import mul
from typing import NamedTuple

import polars as pl

from cleaners.names.judge.vectors import TextVectors

_WORD = re.compile(r"[^\W\d_]{3,}|\d{2,}")
_CAPITALISED = re.compile(r"[A-Z](?<!\w.)[^\W\d_]{2,}")  # begins with letters: sought faster than a boundary

MAX_SURROUNDINGS = 20_000  # mentions whose words are held, some 5 kB each
SHARE_OF_TEXT = 0.05  # of a text's words that stand right beside one name; smooths shares of few mentions too
RAREST = 8.0  # weight of a word that no text counted holds, as among 1,500 texts

Place = tuple[str, int, int]  # article id, start, end


class _Weights(dict[str, float]):
    """Weights of words; those of words that were not counted are as those of the rarest."""

    def __missing__(self, word: str) -> float:
        return RAREST


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The words around a mention, in lower case."""

    clause: str  # within `context_chars`, in lower case
    capitalised: frozenset[str]  # capitalised words of it: other people, places, clubs, parties
    beside: frozenset[str]  # within `beside_chars`: office, club, the person coordinated with
    beside_length: float  # of the vector of the words beside

    @cached_property
    def words(self) -> frozenset[str]:
        """The words within `context_chars`: wanted of half of the mentions."""
        return frozenset(_WORD.findall(self.clause))


class Nearness(NamedTuple):
    """Measures of what the clauses around two names have in common; 0 where nothing."""

    capitals: float  # logarithm of the sum of weights of the capitalised words shared with the best mention
    beside: float  # cosine of the nearest words
    covered: float  # share of the words that the texts of the other name hold anywhere
    usual: float  # how far the words beside are those that usually stand beside the other, sum of log-odds
    strange: float  # logarithm of the weight of the words of the apposition that no clause of the other holds


class Evidence:
    """The texts of a batch, read and laid out as vectors where they are needed.

    Args:
        articles: `article_id` and `text`; of a lazy frame only the texts that `read` names are read.
        sample: the articles whose words are counted.
        context_chars: characters on either side of a mention that make its clause.
        beside_chars: the same for the words right beside it.
        cluster_of: cluster of each article; a word counts once for all copies of a text.
    """

    def __init__(
        self,
        articles: pl.DataFrame | pl.LazyFrame,
        sample: pl.DataFrame,
        context_chars: int,
        beside_chars: int,
        cluster_of: Mapping[str, str],
    ) -> None:
        self._articles = articles
        self._text = _texts(articles) if isinstance(articles, pl.DataFrame) else {}
        self._context_chars, self._beside_chars = context_chars, beside_chars
        clusters = [cluster_of.get(article_id, article_id) for article_id in sample["article_id"]]
        counted = sample.filter(pl.Series(clusters, dtype=pl.String).is_first_distinct())
        words = (
            counted.select(
                pl.col("text")
                .fill_null("")
                .str.to_lowercase()
                .str.extract_all(r"\p{L}{3,}|\d{2,}")
                .list.unique()
                .alias("word")
            )
            .to_series()
            .explode()
            .drop_nulls()
            .value_counts(name="n")
        )
        n = max(counted.height, 1)
        # Few texts tell rare words from frequent ones no less, only in smaller steps.
        self._scale = scale = RAREST / math.log((n + 1) / 0.5)
        self._weight = _Weights((word, scale * math.log((n + 1) / (count + 0.5))) for word, count in words.iter_rows())
        weights = pl.Series("weight", list(self._weight.values()), dtype=pl.Float64)
        self._weights = words.select("word").with_columns(weights)
        self._usual: dict[str, float] = {}  # shares of all places, of the words that were found beside two names
        self._surroundings: dict[Place, Surroundings] = {}

    def read(self, article_ids: Iterable[str]) -> None:
        """Read the texts of some articles, those that are not held yet."""
        wanted = sorted(set(article_ids) - self._text.keys())
        if wanted:
            chosen = pl.Series(wanted, dtype=pl.String).implode()
            self._text |= _texts(self._articles.lazy().filter(pl.col("article_id").is_in(chosen)).collect())

    def vectors(self, article_ids: Iterable[str]) -> TextVectors:
        """Vectors of some texts; reads those that are not held yet."""
        wanted = sorted(set(article_ids))
        self.read(wanted)
        texts = pl.DataFrame(
            {"article_id": wanted, "text": [self._text[article_id] for article_id in wanted]},
            schema={"article_id": pl.String, "text": pl.String},
        )
        return TextVectors(texts, self._weights, RAREST)

    def text(self, article_id: str) -> str:
        """A text that was read."""
        return self._text[article_id]

    def compare_surroundings(
        self,
        mine: Iterable[Place],
        theirs: Iterable[Place],
        their_articles: Sequence[str],
        vectors: TextVectors,
        names: frozenset[str],
        apposition: frozenset[str] = frozenset(),
    ) -> Nearness:
        """Measure what the clauses around the mentions of one name share with those around each mention of another.

        Args:
            mine: mentions of the one name.
            theirs: mentions of the other.
            their_articles: the texts that hold the other.
            vectors: of these texts.
            names: words left out, those of the names themselves.
            apposition: words that describe the one behind its name.
        """
        own = [self._around(place) for place in mine]
        words = frozenset[str]().union(*(each.words for each in own)) - names
        capitalised = frozenset[str]().union(*(each.capitalised for each in own)) - names
        beside = frozenset[str]().union(*(each.beside for each in own)) - names
        best_capitals = best_beside = 0.0
        n_theirs = 0
        usual_of: Counter[str] = Counter()
        unknown = set(apposition - names)
        length = self._length(beside)
        for place in theirs:
            other = self._around(place)
            shared = capitalised & other.capitalised
            if shared:
                best_capitals = max(best_capitals, self._sum(shared))
            n_theirs += 1
            if unknown:
                unknown -= other.words
            near = beside & other.beside
            if near:
                usual_of.update(near)
                is_apart = names.isdisjoint(other.beside)
                their_length = other.beside_length if is_apart else self._length(other.beside - names)
                best_beside = max(best_beside, self._length(near) ** 2 / (length * their_length))
        bare = vectors.held_by_none(words, their_articles)
        total = self._sum(words) or 1.0
        return Nearness(
            capitals=math.log1p(best_capitals),
            beside=best_beside,
            covered=1.0 - self._sum(bare) / total if words else 0.0,
            usual=math.fsum(self._odds(word, n / n_theirs) for word, n in usual_of.items()),
            strange=math.log1p(self._sum(unknown)),
        )

    def _odds(self, word: str, share: float) -> float:
        """Log-odds of a word beside a name, a share of whose mentions has it, against its share of all places."""
        usual = self._usual.get(word)
        if usual is None:
            usual = self._usual[word] = math.exp(-self._weight[word] / self._scale) * SHARE_OF_TEXT
        return max(math.log((share + SHARE_OF_TEXT) / (usual + SHARE_OF_TEXT)), 0.0)

    def _sum(self, words: Iterable[str]) -> float:
        """Sum of the weights of some words; exact, since sets have no order."""
        return math.fsum(map(self._weight.__getitem__, words))

    def _length(self, words: Iterable[str]) -> float:
        """Length of the vector of some words; exact sums, since sets have no order."""
        weights = list(map(self._weight.__getitem__, words))
        return math.sqrt(math.fsum(map(mul, weights, weights)))

    def _around(self, place: Place) -> Surroundings:
        """The words around a mention, the mention left out."""
        found = self._surroundings.get(place)
        if found is None:
            article_id, start, end = place
            text, chars, near = self._text[article_id], self._context_chars, self._beside_chars
            before, after = text[max(0, start - chars) : start], text[end : end + chars]
            if len(self._surroundings) >= MAX_SURROUNDINGS:
                self._surroundings.clear()
            clause = f"{before} {after}"
            beside = frozenset(_WORD.findall(f"{before[-near:]} {after[:near]}".lower()))
            found = self._surroundings[place] = Surroundings(
                clause.lower(),
                frozenset(map(str.lower, _CAPITALISED.findall(clause))),
                beside,
                self._length(beside),
            )
        return found


def _texts(articles: pl.DataFrame) -> dict[str, str]:
    return dict(articles.select("article_id", pl.col("text").fill_null("")).iter_rows())
