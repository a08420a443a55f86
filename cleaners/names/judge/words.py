"""Words of many texts at once, read from the texts once for every use.

Takes texts, gives their tokens as numbers, and of these the words that a pattern finds in each token: what costs time is done once
a different token, not once a place.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl

# Letters and figures as Python's `\w` has them, without decimals and the underscore; numbers of two figures and more.
WORDS = r"[\p{L}\p{Nl}\p{No}]{3,}|\p{Nd}{2,}"
# Every word of these, and of all others that are sought here, lies within one such token, and its edges are no others there.
_STRETCH = r"[\w\p{No}]{2,}"
_LOWER = r"\b\p{Ll}{2,}\b"

Ints = np.ndarray[tuple[int], np.dtype[Any]]


class Tokens(NamedTuple):
    """Tokens of texts in order: the text of each, and which it is of the different ones."""

    n_texts: int
    rows: Ints
    numbers: Ints
    different: pl.Series


class Words(NamedTuple):
    """Words of texts, each once a text, in order of text and word."""

    n_texts: int
    rows: Ints  # the text of each
    numbers: Ints  # which it is of the different ones
    n: Ints  # how often the text holds it
    different: pl.Series  # sorted


def cut_texts(texts: pl.Series) -> Tokens:
    """Cut texts into tokens; null is a text without any."""
    found = texts.fill_null("").str.extract_all(_STRETCH)
    rows = np.repeat(np.arange(len(texts), dtype=np.int32), found.list.len().to_numpy())
    tokens = found.explode().drop_nulls().cast(pl.Categorical(pl.Categories.random()))
    different = tokens.unique()
    place = np.zeros(len(different), dtype=np.int32)
    place[different.to_physical().to_numpy()] = np.arange(len(different))
    return Tokens(len(texts), rows, place[tokens.to_physical().to_numpy()], different.cast(pl.String))


def find_words(tokens: Tokens) -> Words:
    """The words in lower case, as they are compared."""
    return _pick(tokens, tokens.different.str.to_lowercase().str.extract_all(WORDS))


def find_lower_words(tokens: Tokens, of: pl.Series) -> Words:
    """Those of some words that the texts write in lower case."""
    found = tokens.different.str.extract_all(_LOWER)
    return _pick(tokens, found.list.set_intersection(of.unique().implode()))


def count_texts(words: Words, is_counted: Ints) -> pl.DataFrame:
    """The columns `word` and `n`, in how many of the texts that are counted it stands; letters and decimals alone make a word.

    Args:
        words: as `find_words` gives them.
        is_counted: of each text.
    """
    if words.different.str.contains(r"[\p{Nl}\p{No}]").any():  # few texts hold such figures
        tokens = Tokens(words.n_texts, words.rows, words.numbers, words.different)
        words = _pick(tokens, words.different.str.extract_all(r"\p{L}{3,}|\d{2,}"))
    n = np.bincount(words.numbers[is_counted[words.rows]], minlength=len(words.different))
    return pl.DataFrame({"word": words.different, "n": n}).filter(pl.col("n") > 0)


def _pick(tokens: Tokens, found: pl.Series) -> Words:
    """Words from tokens.

    Args:
        tokens: of some texts.
        found: words in each different token.
    """
    lengths = found.list.len().to_numpy().astype(np.int64)
    each = found.explode().drop_nulls()
    different = each.unique().sort()
    numbers = each.cast(pl.Enum(different)).to_physical().to_numpy()
    starts = np.cumsum(lengths) - lengths
    # Most tokens are one word or none; the words of the others stand beside each other in `numbers`.
    is_one, is_more = (lengths == 1)[tokens.numbers], np.flatnonzero((lengths > 1)[tokens.numbers])
    of_more = tokens.numbers[is_more]
    n_more = lengths[of_more]
    within = np.arange(n_more.sum()) - np.repeat(np.cumsum(n_more) - n_more, n_more)
    rows = np.concatenate((tokens.rows[is_one], np.repeat(tokens.rows[is_more], n_more)))
    places = np.concatenate((starts[tokens.numbers[is_one]], np.repeat(starts[of_more], n_more) + within))
    n_words = max(len(different), 1)
    # Short numbers are sorted twice as fast; those of some thousands of texts are short.
    of_key = np.dtype(np.uint32 if tokens.n_texts * n_words < 2**32 else np.uint64)
    keys: Ints = rows.astype(of_key) * of_key.type(n_words)
    keys = np.sort(keys + numbers[places].astype(of_key))
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))[: len(keys)])
    n = np.diff(first, append=len(keys))
    row, number = np.divmod(keys[first], of_key.type(n_words))
    return Words(tokens.n_texts, row.astype(np.int64), number.astype(np.int64), n, different)
