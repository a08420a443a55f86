"""Articles to terms: takes title and text, gives hashed words and word pairs with where they stand; removes nothing.

Words are lightly stemmed and hashed to a slot; neighbours make a pair. One term is one 32-bit number: its slot, and how often it
stands in body, lead and title. Nothing can be read back from it.
"""

from __future__ import annotations

import re
import zlib

import numpy as np
import numpy.typing as npt

from cleaners.stories.config import StoriesConfig

UInt32s = npt.NDArray[np.uint32]

# Two words of a thousand share a slot with another word of one text: no cosine moves by a hundredth.
WORD_SLOTS = 1 << 18
N_SLOTS = 2 * WORD_SLOTS  # pairs behind words
# 19 bits of slot, 6 of the count in the body, 4 in the lead, 3 in the title.
BODY_SHIFT, LEAD_SHIFT, TITLE_SHIFT = 19, 25, 29
MAX_BODY, MAX_LEAD, MAX_TITLE = 63, 15, 7
MAX_TITLE_WORDS = 30
FIRST_WORDS = 12  # of a text without a title, in its place
CHARACTERS_A_WORD = 12  # no text is read further than so many a word that counts

_WORD = re.compile(r"[^\W\d_]{1,40}(?:['’][^\W\d_]{1,10})?|\d[\d.,]{0,20}")
_MAX_KNOWN = 500_000  # words whose slot is kept: 50 MB


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


def read_terms(title: str | None, text: str, config: StoriesConfig) -> UInt32s:
    """Read the terms of an article.

    Args:
        title: its headline; the first words of the text stand in where there is none.
        text: its text; a headline that it repeats first counts once.
        config: how many words are read.

    Returns:
        One number a term, ascending by slot.
    """
    heading = (title or "").strip()
    if heading and text.startswith(heading):
        text = text[len(heading) :]
    body = _split(text, config.body_words)
    named = _split(heading, MAX_TITLE_WORDS)
    named = named if len(named) else body[:FIRST_WORDS]
    words = np.concatenate((named, body))
    slots, in_body = np.unique(words, return_counts=True)
    terms = slots | (np.minimum(in_body, MAX_BODY).astype(np.uint32) << np.uint32(BODY_SHIFT))
    for part, most, shift in (
        (words[: len(named) + config.lead_words], MAX_LEAD, LEAD_SHIFT),
        (named, MAX_TITLE, TITLE_SHIFT),
    ):
        held, counts = np.unique(part, return_counts=True)
        terms[np.searchsorted(slots, held)] |= np.minimum(counts, most).astype(np.uint32) << np.uint32(shift)
    pairs, n_pairs = np.unique(np.concatenate((_pair(named), _pair(body[: config.pair_words]))), return_counts=True)
    counted = np.minimum(n_pairs, MAX_BODY).astype(np.uint32) << np.uint32(BODY_SHIFT)
    return np.concatenate((terms, pairs | counted))


def slots_of(terms: UInt32s) -> npt.NDArray[np.intp]:
    """The slots of terms."""
    return (terms & np.uint32(N_SLOTS - 1)).astype(np.intp)


def _split(text: str, n: int) -> UInt32s:
    """Slots of the first `n` words of a text."""
    found = _WORD.findall(text[: n * CHARACTERS_A_WORD].lower())[:n]
    return np.array([_SLOTS[word] for word in found], np.uint32)


def _pair(slots: UInt32s) -> UInt32s:
    """Slots of neighbours."""
    return np.uint32(WORD_SLOTS) + (np.uint32(31) * slots[:-1] + np.uint32(17) * slots[1:]) % np.uint32(WORD_SLOTS)
