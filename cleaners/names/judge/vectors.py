"""Texts as TF-IDF vectors, laid out some thousands at a time: are two of them the same story?

Takes the words of texts and their weights, gives cosines of whole texts, and which words some texts hold. A text is a
stretch of two arrays, the numbers of its words and their weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from cleaners.names.judge.words import Words

Numbers = np.ndarray[tuple[int], np.dtype[np.signedinteger[Any]]]
Values = np.ndarray[tuple[int], np.dtype[np.float64]]
Bools = np.ndarray[tuple[int], np.dtype[np.bool_]]


class _Group(NamedTuple):
    """Some texts end to end."""

    ids: tuple[str, ...]
    numbers: Numbers
    values: Values
    starts: list[int]  # of each, at a weight of nothing, for sums begin there


class TextVectors:
    """Unit vectors of the words of texts, some 3 kB each.

    Args:
        weights: of words, of any word.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = weights
        self._number: dict[str, int] = {}
        self._stretches: dict[str, tuple[Numbers, Values]] = {}
        # The numbers behind those of all words are of what stands before each text of a group, and of words in no text.
        self._dense = np.zeros(2)  # one vector laid out, all zero between two calls
        self._is_held = np.zeros(2, dtype=bool)  # by a text of `_group`
        self._group = _Group((), np.zeros(0, np.int64), np.zeros(0), [])

    def __contains__(self, article_id: str) -> bool:
        return article_id in self._stretches

    def add(self, article_ids: Sequence[str], words: Words) -> None:
        """Lay out some texts. The cost is linear in their length."""
        number = self._number
        of_word = np.array([number.setdefault(word, len(number)) for word in words.different], dtype=np.int32)
        weight = np.array([self._weights[word] for word in words.different], dtype=np.float64)
        # In order of words, so that sums are the same in every run.
        values = weight[words.numbers] * (1 + np.log(words.n))
        lengths = np.sqrt(np.bincount(words.rows, values**2, minlength=words.n_texts))
        values /= lengths[words.rows]
        numbers = of_word[words.numbers]
        starts = np.searchsorted(words.rows, np.arange(words.n_texts + 1)).tolist()
        for article_id, start, end in zip(article_ids, starts, starts[1:], strict=False):
            self._stretches[article_id] = (numbers[start:end], values[start:end])
        self._dense = np.zeros(len(number) + 2)
        self._is_held = np.zeros(len(number) + 2, dtype=bool)
        self._group = _Group((), numbers[:0], values[:0], [])

    def n_words(self, article_id: str) -> int:
        """Different words of a text."""
        return len(self._stretches[article_id][0])

    def cosines(self, article_id: str, others: Sequence[str], without: Iterable[str] = ()) -> list[float]:
        """Cosines of a text and each of some others, some words left out of the product."""
        if not others:
            return []
        numbers, values = self._stretches[article_id]
        group = self._take(others)
        dense = self._dense
        dense[numbers] = values
        dense[[self._number[word] for word in without if word in self._number]] = 0.0
        products = dense[group.numbers] * group.values
        dense[numbers] = 0.0
        sums: list[float] = np.add.reduceat(products, group.starts).tolist()
        return sums

    def number(self, words: Iterable[str]) -> Numbers:
        """The numbers of some words, -1 of those in none of the texts laid out so far."""
        return np.array([self._number.get(word, -1) for word in words], dtype=np.int64)

    def are_held(self, numbers: Numbers, article_ids: Sequence[str]) -> Bools:
        """Tell of words by their numbers whether any of some texts holds them."""
        self._take(article_ids)
        return self._is_held[numbers]

    def _take(self, article_ids: Sequence[str]) -> _Group:
        """Some texts end to end; kept for the next call, which mostly wants the same ones."""
        ids = tuple(article_ids)
        if ids != self._group.ids:
            self._is_held[self._group.numbers] = False
            stretches = [self._stretches[article_id] for article_id in ids]
            before = (np.array([len(self._number)]), np.zeros(1))
            self._group = _Group(
                ids,
                np.concatenate([before[0][:0], *(part for numbers, _ in stretches for part in (before[0], numbers))]),
                np.concatenate([before[1][:0], *(part for _, values in stretches for part in (before[1], values))]),
                [0, *accumulate(len(numbers) + 1 for numbers, _ in stretches[:-1])],
            )
            self._is_held[self._group.numbers] = True
        return self._group
