"""The words before a place in a text.

Takes a text and a position, gives the words before it in the same line, the office among them, and whether a sentence begins.
"""

from __future__ import annotations

import re

from cleaners.names.lexicon.compare import fold
from cleaners.names.lexicon.kinds import role_words
from cleaners.names.lexicon.lexicon import Lexicon

_WORD = re.compile(r"[\w'’\-.]+")


def word_before(text: str, position: int) -> str:
    """The last of `words_before`, which is mostly enough; "" where there is none."""
    if not position or text[position - 1] not in " \u00a0":
        return ""
    before = text[max(0, position - 60) : position - 1]
    word = before[before.rfind(" ") + 1 :]
    if word.isalpha():
        return word
    word = word[max(word.rfind("\n"), word.rfind("\u00a0")) + 1 :]
    if word.isalpha():
        return word
    bare = word.removesuffix(",")
    return word if _WORD.fullmatch(bare) and "." not in bare else ""


def words_before(text: str, position: int) -> list[str]:
    """The up to four words before a position, with nothing but spaces between; the last may end in a comma."""
    before = text[max(0, position - 60) : position].rpartition("\n")[2]
    if before[-1:] not in (" ", "\u00a0"):
        return []
    words: list[str] = []
    for word in reversed(before[:-1].replace("\u00a0", " ").rsplit(" ", 4)[-4:]):
        bare = word if words else word.removesuffix(",")
        if not _WORD.fullmatch(bare) or (not words and "." in bare):
            break
        words.append(word)
    return words[::-1]


def opens_sentence(text: str, start: int) -> bool:
    """Tell whether a position is the beginning of a sentence or line."""
    before = text[max(0, start - 4) : start].rstrip(" \u00a0\"“‘'(")
    return before[-1:] in ("", "\n", ".", "!", "?", ":", "*")


def role_before(text: str, start: int, lexicon: Lexicon) -> str:
    """The office in lower case right before a position: "the striker Roe"."""
    last = word_before(text, start).removesuffix(",")
    word = fold(last)
    if not word or not (word in lexicon.roles or word in lexicon.titles):
        return ""
    return role_words([*words_before(text, start)[:-1], last], lexicon)
