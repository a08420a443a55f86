"""Comparison of the texts around two names: do they speak of the same person?

Takes articles and the places where a name stands, gives cosines of TF-IDF vectors of whole texts (the same story?) and
what the clauses around two names share (the same person?). Made, and texts read, only where a name is suspect.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import polars as pl

_WORD = re.compile(r"[^\W\d_]{3,}|\d{2,}")
_CAPITALISED = re.compile(r"\b[A-Z][^\W\d_]{2,}")

MAX_VECTORS = 4_000  # texts held as vectors, some 15 kB each
MAX_SURROUNDINGS = 20_000  # mentions whose words are held, some 5 kB each
SHARE_OF_TEXT = 0.05  # of a text's words that stand right beside one name; smooths shares of few mentions too
RAREST = 8.0  # weight of a word that no text counted holds, as among 1,500 texts

Place = tuple[str, int, int]  # article id, start, end


class Surroundings(NamedTuple):
    """The words around one mention or several, in lower case."""

    words: frozenset[str]  # within `context_chars`
    capitalised: frozenset[str]  # of these, the capitalised: other people, places, clubs, parties
    beside: frozenset[str]  # within `beside_chars`: office, club, the person coordinated with


class Nearness(NamedTuple):
    """Measures of what the clauses around two names have in common; 0 where nothing."""

    capitals: float  # logarithm of the sum of weights of the capitalised words shared with the best mention
    beside: float  # cosine of the nearest words
    covered: float  # share of the words that the texts of the other name hold anywhere
    usual: float  # how far the words beside are those that usually stand beside the other, sum of log-odds
    strange: float  # logarithm of the weight of the words of the apposition that no clause of the other holds


class Evidence:
    """TF-IDF vectors of texts and of contexts, made on first use.

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
                pl.col("text").fill_null("").str.to_lowercase().str.extract_all(r"\p{L}{3,}|\d{2,}").list.unique()
            )
            .to_series()
            .explode()
            .drop_nulls()
            .value_counts(name="n")
        )
        n = max(counted.height, 1)
        # Few texts tell rare words from frequent ones no less, only in smaller steps.
        self._scale = scale = RAREST / math.log((n + 1) / 0.5)
        self._idf = {word: scale * math.log((n + 1) / (count + 0.5)) for word, count in words.iter_rows()}
        self._rare = RAREST
        self._vectors: dict[str, dict[str, float]] = {}
        self._surroundings: dict[Place, Surroundings] = {}

    def read(self, article_ids: Iterable[str]) -> None:
        """Read the texts of some articles, those that are not held yet."""
        wanted = sorted(set(article_ids) - self._text.keys())
        if wanted:
            chosen = pl.Series(wanted, dtype=pl.String).implode()
            self._text |= _texts(self._articles.lazy().filter(pl.col("article_id").is_in(chosen)).collect())

    def text_vector(self, article_id: str) -> dict[str, float]:
        """Unit vector of a text's words."""
        if article_id not in self._vectors:
            if len(self._vectors) >= MAX_VECTORS:
                self._vectors.clear()
            self._vectors[article_id] = self._unit(Counter(_WORD.findall(self._text[article_id].lower())))
        return self._vectors[article_id]

    def text(self, article_id: str) -> str:
        """A text that was read."""
        return self._text[article_id]

    def compare_surroundings(
        self,
        mine: Iterable[Place],
        theirs: Iterable[Place],
        their_articles: Iterable[str],
        names: frozenset[str],
        apposition: frozenset[str] = frozenset(),
    ) -> Nearness:
        """Measure what the clauses around the mentions of one name share with those around each mention of another.

        Args:
            mine: mentions of the one name.
            theirs: mentions of the other.
            their_articles: the texts that hold the other.
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
                best_capitals = max(best_capitals, math.fsum(map(self._weight, shared)))
            n_theirs += 1
            unknown -= other.words
            near = beside & other.beside
            usual_of.update(near)
            if near:
                cosine_beside = self._length(near) ** 2 / (length * self._length(other.beside - names))
                best_beside = max(best_beside, cosine_beside)
        bare = words
        for article_id in their_articles:
            bare = bare.difference(self.text_vector(article_id))
        total = math.fsum(map(self._weight, words)) or 1.0
        return Nearness(
            capitals=math.log1p(best_capitals),
            beside=best_beside,
            covered=1.0 - math.fsum(map(self._weight, bare)) / total if words else 0.0,
            usual=math.fsum(self._odds(word, n / n_theirs) for word, n in usual_of.items()),
            strange=math.log1p(math.fsum(map(self._weight, unknown))),
        )

    def _odds(self, word: str, share: float) -> float:
        """Log-odds of a word beside a name, a share of whose mentions has it, against its share of all places."""
        usual = math.exp(-self._weight(word) / self._scale) * SHARE_OF_TEXT
        return max(math.log((share + SHARE_OF_TEXT) / (usual + SHARE_OF_TEXT)), 0.0)

    def _weight(self, word: str) -> float:
        return self._idf.get(word, self._rare)

    def _length(self, words: Iterable[str]) -> float:
        """Length of the vector of some words; exact sums, since sets have no order."""
        return math.sqrt(math.fsum(self._weight(word) ** 2 for word in words))

    def _around(self, place: Place) -> Surroundings:
        """The words around a mention, the mention left out."""
        found = self._surroundings.get(place)
        if found is None:
            article_id, start, end = place
            text, chars, near = self._text[article_id], self._context_chars, self._beside_chars
            before, after = text[max(0, start - chars) : start], text[end : end + chars]
            if len(self._surroundings) >= MAX_SURROUNDINGS:
                self._surroundings.clear()
            found = self._surroundings[place] = Surroundings(
                frozenset(_WORD.findall(f"{before} {after}".lower())),
                frozenset(word.lower() for word in _CAPITALISED.findall(f"{before} {after}")),
                frozenset(_WORD.findall(f"{before[-near:]} {after[:near]}".lower())),
            )
        return found

    def _unit(self, words: Counter[str]) -> dict[str, float]:
        idf, rare, log = self._idf, self._rare, math.log
        weights = {w: idf.get(w, rare) if n == 1 else (1 + log(n)) * idf.get(w, rare) for w, n in words.items()}
        norm = math.hypot(*weights.values()) or 1.0
        return {w: x / norm for w, x in weights.items()}


def _texts(articles: pl.DataFrame) -> dict[str, str]:
    return dict(articles.select("article_id", pl.col("text").fill_null("")).iter_rows())


def cosine(left: dict[str, float], right: dict[str, float], without: frozenset[str] = frozenset()) -> float:
    """Cosine of two unit vectors, some words left out of the product."""
    if len(left) > len(right):
        left, right = right, left
    return sum(x * right[w] for w, x in left.items() if w in right and w not in without)
