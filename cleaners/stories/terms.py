"""Articles to terms: takes titles and texts, gives hashed words and word pairs with where they stand; removes nothing.

Words are lightly stemmed and hashed to a slot; neighbours make a pair. One term is one 32-bit number: its slot, and how often it
stands in body, lead and title. Nothing can be read back from it. Many articles are read at once, as columns.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from cleaners.stories.config import StoriesConfig

UInt32s = npt.NDArray[np.uint32]
Intps = npt.NDArray[np.intp]

# Two words of a thousand share a slot with another word of one text: no cosine moves by a hundredth.
WORD_SLOTS = 1 << 18
N_SLOTS = 2 * WORD_SLOTS  # pairs behind words
# 19 bits of slot, 6 of the count in the body, 4 in the lead, 3 in the title.
BODY_SHIFT, LEAD_SHIFT, TITLE_SHIFT = 19, 25, 29
MAX_BODY, MAX_LEAD, MAX_TITLE = 63, 15, 7
MAX_TITLE_WORDS = 30
FIRST_WORDS = 12  # of a text without a title, in its place
CHARACTERS_A_WORD = 12  # no text is read further than so many a word that counts

ARTICLES_AT_ONCE = 512  # read together: some 2 MB of text; their numbers and a word's slot fit in 32 bits
_LETTER = r"[\p{L}\p{Nl}\p{No}]"
_WORD = rf"{_LETTER}{{1,40}}(?:['’]{_LETTER}{{1,10}})?|\d[\d.,]{{0,20}}"
_NONE: Intps = np.zeros(0, np.intp)
_MAX_KNOWN = 500_000  # words whose slot is kept: 50 MB


class Terms(NamedTuple):
    """Terms of articles, one article behind the other: all of them, and how many each has."""

    values: UInt32s
    lengths: Intps

    def split(self) -> list[UInt32s]:
        """The terms of each article, without a copy."""
        return np.split(self.values, np.cumsum(self.lengths)[:-1]) if len(self.lengths) else []


class _Slots(dict[str, int]):
    """Slots of words; numbers are words too."""

    def __missing__(self, word: str) -> int:
        if len(self) > _MAX_KNOWN:
            self.clear()
        slot = self[word] = zlib.crc32(stem(word).encode()) >> 14
        return slot


_SLOTS = _Slots()


def stem(word: str) -> str:
    """Cut the commonest endings of an English word in small letters: 's, s, ies, ing, ed, e."""
    word = word.replace("’", "'").removesuffix("'s").rstrip(".,")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word[-1] == "s" and word[-2] not in "su":
        word = word[:-1]
    if len(word) > 5 and word.endswith("ing"):
        word = word[:-3]
    elif len(word) > 4 and word.endswith("ed"):
        word = word[:-2]
    return word[:-1] if len(word) > 3 and word[-1] == "e" else word


def read_terms(titles: Sequence[str | None], texts: Sequence[str], config: StoriesConfig) -> Terms:
    """Read the terms of articles.

    Args:
        titles: the headline of each; the first words of the text stand in where there is none.
        texts: the text of each; a headline that it repeats first counts once.
        config: how many words are read.

    Returns:
        One number a term, those of an article ascending by slot.
    """
    parts = [
        _read_some(titles[start : start + ARTICLES_AT_ONCE], texts[start : start + ARTICLES_AT_ONCE], config)
        for start in range(0, len(texts), ARTICLES_AT_ONCE)
    ]
    values = [part.values for part in parts]
    return Terms(join_terms(values).values, np.concatenate([_NONE, *(part.lengths for part in parts)]))


def join_terms(articles: Sequence[UInt32s]) -> Terms:
    """Put the terms of articles one behind the other."""
    lengths = np.array([len(terms) for terms in articles], np.intp)
    return Terms(np.concatenate([_NONE.astype(np.uint32), *articles]), lengths)


def slots_of(terms: UInt32s) -> Intps:
    """The slots of terms."""
    return (terms & np.uint32(N_SLOTS - 1)).astype(np.intp)


def list_ranges(starts: Intps, lengths: Intps) -> Intps:
    """The numbers of stretches, one stretch behind the other."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)


def _read_some(titles: Sequence[str | None], texts: Sequence[str], config: StoriesConfig) -> Terms:
    slots, lengths = _split(titles, texts, config)
    ends = np.cumsum(lengths)
    named, body = (ends - lengths).reshape(-1, 2).T
    n_named, n_body = np.minimum(lengths.reshape(-1, 2), (MAX_TITLE_WORDS, config.body_words)).T
    is_untitled = n_named == 0
    n_named = np.where(is_untitled, np.minimum(n_body, FIRST_WORDS), n_named)
    # Heading and body of each article in turn.
    lengths = np.column_stack((n_named, n_body)).ravel()
    slots = slots[list_ranges(np.column_stack((np.where(is_untitled, body, named), body)).ravel(), lengths)]
    part = np.repeat(np.arange(len(lengths), dtype=np.uint32), lengths)
    place = list_ranges(np.zeros_like(lengths), lengths)
    article, is_body = part >> np.uint32(1), (part & np.uint32(1)).astype(bool)
    words = _count_words(article, slots, is_body, is_body & (place >= config.lead_words))
    is_pair = (part[1:] == part[:-1]) & ~(is_body[1:] & (place[1:] >= config.pair_words))
    pairs = _count_pairs(article[1:][is_pair], _pair(slots)[is_pair])
    return _join(*words, *pairs, len(texts))


def _split(titles: Sequence[str | None], texts: Sequence[str], config: StoriesConfig) -> tuple[UInt32s, Intps]:
    """Slots of the words of headings and bodies in turn, and how many words each of these has; a few more than are read."""
    strings = []
    for title, text in zip(titles, texts, strict=True):
        heading = (title or "").strip()
        body = text[: len(heading) + config.body_words * CHARACTERS_A_WORD].removeprefix(heading)
        strings += [heading[: MAX_TITLE_WORDS * CHARACTERS_A_WORD], body[: config.body_words * CHARACTERS_A_WORD]]
    # No word reaches over a space, so that what stands between two spaces is taken apart once for all texts.
    pieces = pl.Series(strings, dtype=pl.String).str.split(" ")
    coded = pieces.explode(empty_as_null=False).to_arrow().dictionary_encode()
    words = pl.Series(coded.dictionary, dtype=pl.String).str.to_lowercase().str.extract_all(_WORD)
    n_words = words.list.len().to_numpy().astype(np.intp)
    slots = np.array([_SLOTS[word] for word in words.explode(empty_as_null=False).to_list()], np.uint32)
    codes = pl.Series(coded.indices).to_numpy()  # the array itself would import pandas
    found = n_words[codes]
    ends = np.concatenate((_NONE, np.cumsum(found)))[np.cumsum(pieces.list.len().to_numpy()) - 1]
    return slots[list_ranges((np.cumsum(n_words) - n_words)[codes], found)], np.diff(ends, prepend=0)


def _pair(slots: UInt32s) -> UInt32s:
    """Slots of neighbours, from that of the first pair."""
    return (np.uint32(31) * slots[:-1] + np.uint32(17) * slots[1:]) % np.uint32(WORD_SLOTS)


def _count_words(
    article: UInt32s, slots: UInt32s, is_body: npt.NDArray[np.bool_], is_rest: npt.NDArray[np.bool_]
) -> tuple[UInt32s, UInt32s]:
    """The article and the term of each word; `is_body` beside the title, `is_rest` behind the lead."""
    bits = (~is_body).astype(np.uint32) << np.uint32(1) | (~is_rest).astype(np.uint32)
    keys = _sort((article << np.uint32(20)) | (slots << np.uint32(2)) | bits, article)
    words, first = _find_first(keys >> np.uint32(2))
    n_body = np.diff(first, append=len(keys))
    n_lead = np.add.reduceat(keys & np.uint32(1), first) if len(first) else first
    n_title = np.add.reduceat((keys >> np.uint32(1)) & np.uint32(1), first) if len(first) else first
    terms = words & np.uint32(WORD_SLOTS - 1)
    for counts, most, shift in (
        (n_body, MAX_BODY, BODY_SHIFT),
        (n_lead, MAX_LEAD, LEAD_SHIFT),
        (n_title, MAX_TITLE, TITLE_SHIFT),
    ):
        terms |= np.minimum(counts, most).astype(np.uint32) << np.uint32(shift)
    return words >> np.uint32(18), terms


def _count_pairs(article: UInt32s, pairs: UInt32s) -> tuple[UInt32s, UInt32s]:
    """The article and the term of each pair."""
    keys = _sort((article << np.uint32(18)) | pairs, article)
    found, first = _find_first(keys)
    counts = np.minimum(np.diff(first, append=len(keys)), MAX_BODY).astype(np.uint32) << np.uint32(BODY_SHIFT)
    return found >> np.uint32(18), ((found & np.uint32(WORD_SLOTS - 1)) + np.uint32(WORD_SLOTS)) | counts


def _sort(keys: UInt32s, article: UInt32s) -> UInt32s:
    """Sort keys in place, those of each article for themselves: five times as fast as all at once."""
    for part in np.split(keys, np.flatnonzero(article[1:] != article[:-1]) + 1):
        part.sort()
    return keys


def _find_first(ascending: UInt32s) -> tuple[UInt32s, Intps]:
    """The different numbers of an ascending array, and where each is first."""
    is_first = np.ones(len(ascending), bool)
    np.not_equal(ascending[1:], ascending[:-1], out=is_first[1:])
    first = np.flatnonzero(is_first)
    return ascending[first], first


def _join(words_of: UInt32s, words: UInt32s, pairs_of: UInt32s, pairs: UInt32s, n: int) -> Terms:
    """Put the pairs of each article behind its words."""
    n_words, n_pairs = np.bincount(words_of, minlength=n), np.bincount(pairs_of, minlength=n)
    values = np.empty(len(words) + len(pairs), np.uint32)
    values[np.arange(len(words)) + np.repeat(np.cumsum(n_pairs) - n_pairs, n_words)] = words
    values[np.arange(len(pairs)) + np.repeat(np.cumsum(n_words), n_pairs)] = pairs
    return Terms(values, n_words + n_pairs)
