"""The texts of a batch as evidence: how rare its words are, whole texts as vectors, what stands around a mention.

Takes articles and the places where a name stands, gives the TF-IDF vectors of whole texts (the same story?) and the words around
a name. Made, and texts read, only where a name is suspect.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import polars as pl

from cleaners.names.judge.clauses import WORD, Surroundings, Weights
from cleaners.names.judge.vectors import TextVectors
from cleaners.names.judge.words import Words, count_texts, cut_texts, find_words

_CAPITALISED = re.compile(r"[A-Z](?<!\w.)[^\W\d_]{2,}")  # begins with letters: sought faster than a boundary

MAX_SURROUNDINGS = 20_000  # mentions whose words are held, some 5 kB each
MAX_AT_ONCE = 4_000  # texts cut into words at a time, some 20 kB each while it lasts

Place = tuple[str, int, int]  # article id, start, end


class Evidence:
    """The texts of a batch, read and laid out as vectors where they are needed.

    Args:
        articles: `article_id` and `text`; of a lazy frame only the texts that `read` names are read.
        sample: `article_id` and `text` of the articles whose words are counted.
        words: of these texts.
        context_chars: characters on either side of a mention that make its clause.
        beside_chars: the same for the words right beside it.
        cluster_of: cluster of each article; a word counts once for all copies of a text.
    """

    def __init__(
        self,
        articles: pl.DataFrame | pl.LazyFrame,
        sample: pl.DataFrame,
        words: Words,
        context_chars: int,
        beside_chars: int,
        cluster_of: Mapping[str, str],
    ) -> None:
        self._articles = articles
        self._text = _texts(articles if isinstance(articles, pl.DataFrame) else sample)
        self._context_chars, self._beside_chars = context_chars, beside_chars
        clusters = [cluster_of.get(article_id, article_id) for article_id in sample["article_id"]]
        is_counted = pl.Series(clusters, dtype=pl.String).is_first_distinct()
        self.word_weights = Weights(count_texts(words, is_counted.to_numpy()).iter_rows(), int(is_counted.sum()))
        self._vectors = TextVectors(self.word_weights)
        self._vectors.add(sample["article_id"].to_list(), words)
        self._surroundings: dict[Place, Surroundings] = {}

    def read(self, article_ids: Iterable[str]) -> None:
        """Read the texts of some articles, those that are not held yet."""
        wanted = sorted(set(article_ids) - self._text.keys())
        if wanted:
            chosen = pl.Series(wanted, dtype=pl.String).implode()
            self._text |= _texts(self._articles.lazy().filter(pl.col("article_id").is_in(chosen)).collect())

    def vectors(self, article_ids: Iterable[str]) -> TextVectors:
        """Vectors of some texts among others; reads those that are not held yet."""
        chosen = set(article_ids)
        self.read(chosen)
        wanted = sorted(article_id for article_id in chosen if article_id not in self._vectors)
        for start in range(0, len(wanted), MAX_AT_ONCE):
            ids = wanted[start : start + MAX_AT_ONCE]
            texts = pl.Series([self._text[article_id] for article_id in ids], dtype=pl.String)
            self._vectors.add(ids, find_words(cut_texts(texts)))
        return self._vectors

    def text(self, article_id: str) -> str:
        """A text that was read."""
        return self._text[article_id]

    def around(self, place: Place) -> Surroundings:
        """The words around a mention, the mention left out."""
        found = self._surroundings.get(place)
        if found is None:
            article_id, start, end = place
            text, chars, near = self._text[article_id], self._context_chars, self._beside_chars
            before, after = text[max(0, start - chars) : start], text[end : end + chars]
            if len(self._surroundings) >= MAX_SURROUNDINGS:
                self._surroundings.clear()
            clause = f"{before} {after}"
            beside = frozenset(WORD.findall(f"{before[-near:]} {after[:near]}".lower()))
            found = self._surroundings[place] = Surroundings(
                clause.lower(),
                frozenset(map(str.lower, _CAPITALISED.findall(clause))),
                beside,
                self.word_weights,
            )
        return found


def _texts(articles: pl.DataFrame) -> dict[str, str]:
    return dict(articles.select("article_id", pl.col("text").fill_null("")).iter_rows())
