"""The texts of a batch as evidence: how rare its words are, whole texts as vectors, what stands around a mention.

Takes articles and the places where a name stands, gives the TF-IDF vectors of whole texts (the same story?) and the words around
a name. Made, and texts read, only where a name is suspect.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import polars as pl

from cleaners.names.judge.clauses import RAREST, WORD, Surroundings, Weights
from cleaners.names.judge.vectors import TextVectors

_CAPITALISED = re.compile(r"[A-Z](?<!\w.)[^\W\d_]{2,}")  # begins with letters: sought faster than a boundary

MAX_SURROUNDINGS = 20_000  # mentions whose words are held, some 5 kB each

Place = tuple[str, int, int]  # article id, start, end


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
        self.word_weights = Weights(words.iter_rows(), counted.height)
        weights = pl.Series("weight", list(self.word_weights.values()), dtype=pl.Float64)
        self._weights = words.select("word").with_columns(weights)
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
                self.word_weights.length(beside),
            )
        return found


def _texts(articles: pl.DataFrame) -> dict[str, str]:
    return dict(articles.select("article_id", pl.col("text").fill_null("")).iter_rows())
