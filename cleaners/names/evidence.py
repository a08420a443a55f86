"""What the texts say about two names: do they speak of the same person?

Takes articles and the places where a name stands, gives cosines of TF-IDF vectors: of whole texts (the same story?)
and of the words around the names (the same person?). Vectors are made, and texts read, only where a name is suspect.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping

import polars as pl

_WORD = re.compile(r"[^\W\d_]{3,}|\d{2,}")


class Evidence:
    """TF-IDF vectors of texts and of contexts, made when first asked for.

    Args:
        articles: `article_id` and `text`; of a lazy frame only the texts that `read` names are read.
        sample: the articles whose words are counted.
        context_chars: characters on either side of a mention that make its context.
        cluster_of: cluster of each article; a word counts once for all copies of a text.
    """

    def __init__(
        self,
        articles: pl.DataFrame | pl.LazyFrame,
        sample: pl.DataFrame,
        context_chars: int,
        cluster_of: Mapping[str, str],
    ) -> None:
        self._articles = articles
        self._text = _texts(articles) if isinstance(articles, pl.DataFrame) else {}
        self._context_chars = context_chars
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
        self._idf = {word: math.log((n + 1) / (count + 0.5)) for word, count in words.iter_rows()}
        self._rare = math.log((n + 1) / 0.5)
        self._vectors: dict[str, dict[str, float]] = {}

    def read(self, article_ids: Iterable[str]) -> None:
        """Read the texts of some articles, those that are not held yet."""
        wanted = sorted(set(article_ids) - self._text.keys())
        if wanted:
            chosen = pl.Series(wanted, dtype=pl.String).implode()
            self._text |= _texts(self._articles.lazy().filter(pl.col("article_id").is_in(chosen)).collect())

    def text_vector(self, article_id: str) -> dict[str, float]:
        """Unit vector of a text's words."""
        if article_id not in self._vectors:
            self._vectors[article_id] = self._unit(Counter(_WORD.findall(self._text[article_id].lower())))
        return self._vectors[article_id]

    def context_vector(self, places: Iterable[tuple[str, int, int]], names: frozenset[str]) -> dict[str, float]:
        """Unit vector of the words around some mentions (article id, start, end), the names themselves left out."""
        words: Counter[str] = Counter()
        for article_id, start, end in places:
            text = self._text[article_id]
            before = text[max(0, start - self._context_chars) : start]
            after = text[end : end + self._context_chars]
            words.update(w for w in _WORD.findall(f"{before} {after}".lower()) if w not in names)
        return self._unit(words)

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
