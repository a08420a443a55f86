"""Texts as TF-IDF vectors, made for many texts at once: are two of them the same story?

Takes texts and the weights of words, gives cosines of whole texts, and which words none of some texts holds. A text is a stretch
of two arrays, the numbers of its words and their weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
import polars as pl

# Letters and figures as Python's `\w` has them, without decimals and the underscore; numbers of two figures and more.
WORDS = r"[\p{L}\p{Nl}\p{No}]{3,}|\p{Nd}{2,}"


Numbers = np.ndarray[tuple[int], np.dtype[np.uint32]]
Values = np.ndarray[tuple[int], np.dtype[np.float64]]


class _Group(NamedTuple):
    """Some texts end to end."""

    ids: tuple[str, ...]
    numbers: Numbers
    values: Values
    bounds: list[int]  # where each begins, and the last ends


class TextVectors:
    """Unit vectors of the words of some texts. The cost is linear in their length.

    Args:
        texts: `article_id` and `text`.
        weights: `word` and `weight`.
        rare: weight of a word that is not among them.
    """

    def __init__(self, texts: pl.DataFrame, weights: pl.DataFrame, rare: float) -> None:
        self._row = {article_id: row for row, article_id in enumerate(texts["article_id"])}
        counts = (
            texts.select(
                row=pl.int_range(pl.len(), dtype=pl.UInt32),
                word=pl.col("text").str.to_lowercase().str.extract_all(WORDS),
            )
            .explode("word")
            .drop_nulls()
            .group_by("row", "word")
            .len("n")
        )
        # Sorted, so that sums are the same in every run.
        known = counts.select("word").unique().sort("word").with_row_index("number")
        known = known.join(weights, on="word", how="left").with_columns(pl.col("weight").fill_null(rare))
        self._number = {word: number for number, word in enumerate(known["word"])}
        rows = counts.join(known, on="word").sort("row", "number")
        self._numbers = rows["number"].to_numpy()
        values = rows["weight"].to_numpy() * (1 + np.log(rows["n"].to_numpy()))
        of_row = rows["row"].to_numpy()
        lengths = np.sqrt(np.bincount(of_row, values**2, minlength=texts.height))
        self._values = values / lengths[of_row]
        self._starts = np.searchsorted(of_row, np.arange(texts.height + 1))
        self._dense = np.zeros(known.height)  # one vector laid out, all zero between two calls
        self._is_held = np.zeros(
            known.height + 1, dtype=bool
        )  # by a text of `_group`; the last is that of words in no text
        self._group = _Group((), self._numbers[:0], self._values[:0], [])

    def n_words(self, article_id: str) -> int:
        """Different words of a text."""
        return len(self._stretch(article_id)[0])

    def cosines(self, article_id: str, others: Sequence[str], without: Iterable[str] = ()) -> list[float]:
        """Cosines of a text and each of some others, some words left out of the product."""
        numbers, values = self._stretch(article_id)
        group = self._take(others)
        dense = self._dense
        dense[numbers] = values
        dense[[self._number[word] for word in without if word in self._number]] = 0.0
        products = dense[group.numbers] * group.values
        dense[numbers] = 0.0
        return [float(np.add.reduce(products[start:end])) for start, end in pairwise(group.bounds)]

    def held_by_none(self, words: Iterable[str], article_ids: Sequence[str]) -> list[str]:
        """The words that none of some texts holds."""
        wanted = list(words)
        self._take(article_ids)
        is_held = self._is_held[[self._number.get(word, -1) for word in wanted]].tolist() if wanted else []
        return [word for word, held in zip(wanted, is_held, strict=True) if not held]

    def _take(self, article_ids: Sequence[str]) -> _Group:
        """Some texts end to end; kept for the next call, which mostly wants the same ones."""
        ids = tuple(article_ids)
        if ids != self._group.ids:
            self._is_held[self._group.numbers] = False
            stretches = [self._stretch(article_id) for article_id in ids]
            bounds = [0, *accumulate(len(numbers) for numbers, _ in stretches)]
            self._group = _Group(
                ids,
                np.concatenate([self._numbers[:0], *(numbers for numbers, _ in stretches)]),
                np.concatenate([self._values[:0], *(values for _, values in stretches)]),
                bounds,
            )
            self._is_held[self._group.numbers] = True
        return self._group

    def _stretch(self, article_id: str) -> tuple[Numbers, Values]:
        row = self._row[article_id]
        start, end = self._starts[row], self._starts[row + 1]
        return self._numbers[start:end], self._values[start:end]
