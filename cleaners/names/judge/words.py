"""Words of many texts at once, read from the texts once for every use.

Takes texts, gives their pieces between spaces as numbers, and of these the words that a pattern finds in each piece: what costs
time is done once a different piece, not once a place. A space is the edge of any word.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl

# Letters and figures as Python's `\w` has them, without decimals and the underscore; numbers of two figures and more.
WORDS = r"[\p{L}\p{Nl}\p{No}]{3,}|\p{Nd}{2,}"
_LOWER = r"\b\p{Ll}{2,}\b"

Ints = np.ndarray[tuple[int], np.dtype[Any]]


class Pieces(NamedTuple):
    """Pieces of texts between spaces, in order."""

    n_texts: int
    rows: Ints  # the text of each
    numbers: Ints  # which it is of the different ones
    different: pl.Series


class Words(NamedTuple):
    """Words of texts, each once a text, in order of text and word."""

    n_texts: int
    rows: Ints  # the text of each
    numbers: Ints  # which it is of the different ones
    n: Ints  # how often the text holds it
    different: pl.Series  # sorted


def cut_texts(texts: pl.Series) -> Pieces:
    """Cut texts at spaces; null is an empty text."""
    found = texts.fill_null("").str.split(" ")
    rows = np.repeat(np.arange(len(texts), dtype=np.int32), found.list.len().to_numpy())
    pieces = found.explode().cast(pl.Categorical(pl.Categories.random()))
    different = pieces.unique()
    place = np.zeros(len(different), dtype=np.int32)
    place[different.to_physical().to_numpy()] = np.arange(len(different))
    return Pieces(len(texts), rows, place[pieces.to_physical().to_numpy()], different.cast(pl.String))


def find_words(pieces: Pieces) -> Words:
    """The words in lower case, as they are compared."""
    return _pick(pieces, pieces.different.str.to_lowercase().str.extract_all(WORDS))


def find_lower_words(pieces: Pieces, of: pl.Series) -> Words:
    """Those of some words that the texts write in lower case."""
    return _pick(pieces, pieces.different.str.extract_all(_LOWER), of)


def count_texts(words: Words, is_counted: Ints) -> pl.DataFrame:
    """The columns `word` and `n`, in how many of the texts that are counted it stands; letters and decimals alone make a word.

    Args:
        words: as `find_words` gives them.
        is_counted: of each text.
    """
    if words.different.str.contains(r"[\p{Nl}\p{No}]").any():  # few texts hold such figures
        pieces = Pieces(words.n_texts, words.rows, words.numbers, words.different)
        words = _pick(pieces, words.different.str.extract_all(r"\p{L}{3,}|\d{2,}"))
    n = np.bincount(words.numbers[is_counted[words.rows]], minlength=len(words.different))
    return pl.DataFrame({"word": words.different, "n": n}).filter(pl.col("n") > 0)


def _pick(pieces: Pieces, found: pl.Series, of: pl.Series | None = None) -> Words:
    """Words of pieces.

    Args:
        pieces: of some texts.
        found: words in each different piece.
        of: the only ones that are wanted; all when None.
    """
    each = found.explode().drop_nulls()
    piece = np.repeat(np.arange(len(found)), found.list.len().to_numpy())
    if of is not None:
        is_wanted = each.is_in(of.implode())
        each, piece = each.filter(is_wanted), piece[is_wanted.to_numpy()]
    lengths = np.bincount(piece, minlength=len(found))
    different = each.unique().sort()
    numbers = each.cast(pl.Enum(different)).to_physical().to_numpy()
    starts = np.cumsum(lengths) - lengths
    # Most pieces are one word or none; the words of the others stand beside each other in `numbers`.
    is_one, is_more = (lengths == 1)[pieces.numbers], np.flatnonzero((lengths > 1)[pieces.numbers])
    of_more = pieces.numbers[is_more]
    n_more = lengths[of_more]
    within = np.arange(n_more.sum()) - np.repeat(np.cumsum(n_more) - n_more, n_more)
    rows = np.concatenate((pieces.rows[is_one], np.repeat(pieces.rows[is_more], n_more)))
    places = np.concatenate((starts[pieces.numbers[is_one]], np.repeat(starts[of_more], n_more) + within))
    n_words = max(len(different), 1)
    # Short numbers are sorted twice as fast; those of some thousands of texts are short.
    of_key = np.dtype(np.uint32 if pieces.n_texts * n_words < 2**32 else np.uint64)
    keys: Ints = rows.astype(of_key) * of_key.type(n_words)
    keys = np.sort(keys + numbers[places].astype(of_key))
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))[: len(keys)])
    n = np.diff(first, append=len(keys))
    row, number = np.divmod(keys[first], of_key.type(n_words))
    return Words(pieces.n_texts, row.astype(np.int64), number.astype(np.int64), n, different)
