"""Misspelled names of known organisations: "Volkswagon", "Goldman Sacks".

Takes a text and the known spellings, gives the places where one word of a name is a letter off. In a name of several words the
others stand as they should; a word alone must be long and nobody's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from cleaners.names.lexicon.compare import deletion_keys, edit_distance, fold
from cleaners.names.lexicon.lexicon import load_lexicon

MIN_WORD = 5  # letters of a word that may be off: shorter ones are one letter from many others
MIN_WORD_ALONE = 7  # the same where the name has no other word
MAX_KEPT = 100_000  # words that were looked up, some megabytes
MAX_WORDS = 3  # words of a name; longer ones are mostly plain words

_PERSON_BEFORE = re.compile(r"[A-Z][\w.]{0,18} $")
_WORD = re.compile(r"[A-Z][^\W\d_]{3,}")

Spellings = tuple[tuple[str, str], ...]  # (spelling, canonical)


class NearMiss(NamedTuple):
    """A place where a known organisation's name is a letter off."""

    start: int
    end: int
    canonical: str


class _Place(NamedTuple):
    """A word of a known name."""

    words: tuple[str, ...]
    position: int
    canonical: str


class NearOrganisations:
    """Known organisations, ready to be found with one letter off.

    Args:
        spellings: every name and alias with its canonical name.
    """

    def __init__(self, spellings: Spellings) -> None:
        lexicon = load_lexicon()
        things = lexicon.thing_suffixes | lexicon.roles | lexicon.role_modifiers | lexicon.organisation_heads
        self._index: dict[str, list[_Place]] = {}  # words of the names, by themselves short of a letter
        self._known: set[str] = set()
        self._far: set[str] = set()  # words that were looked up and are near none of them
        for spelling, canonical in spellings:
            words = tuple(fold(word) for word in spelling.split())
            self._known.update(words)
            is_short = spelling.isupper() and len(words) == 1
            if len(words) > MAX_WORDS or not spelling[0].isupper() or is_short:
                continue
            plain = things | lexicon.not_names if len(words) > 1 else things
            for position, word in enumerate(words):
                if len(word) >= MIN_WORD and word not in plain and word.isalpha():
                    for deleted in set(deletion_keys(word)):
                        self._index.setdefault(deleted, []).append(_Place(words, position, canonical))

    def find(self, text: str, holding: Iterable[str]) -> list[NearMiss]:
        """Find names with one word a letter off, in order. The cost is linear in the capitalised words.

        Args:
            text: the article's text.
            holding: parts of it that hold all words that may be off.
        """
        near = {word: places for part in holding for word in _WORD.findall(part) if (places := self._places(word))}
        if not near:
            return []
        found = []
        for match in _WORD.finditer(text):
            for place in near.get(match.group(), ()):
                span = _span(text, match.start(), match.end(), place)
                if span is not None:
                    found.append(NearMiss(*span, place.canonical))
                    break
        return found

    def holds_near(self, part: str) -> bool:
        """Tell whether a part of a text holds a word that is one edit from a known one."""
        return any(map(self._places, _WORD.findall(part)))

    def _places(self, word: str) -> tuple[_Place, ...]:
        """The known words that a word is one edit from."""
        if word in self._far:
            return ()
        places = self._look_up(fold(word))
        if not places:
            if len(self._far) >= MAX_KEPT:
                self._far.clear()
            self._far.add(word)
        return places

    def _look_up(self, key: str) -> tuple[_Place, ...]:
        lexicon = load_lexicon()
        if key in self._known:
            return ()
        is_name = key in lexicon.given or key in lexicon.per_million or key in lexicon.not_names
        near: dict[_Place, None] = {}
        for deleted in deletion_keys(key):
            for place in self._index.get(deleted, ()):
                right = place.words[place.position]
                is_inflected = (key[:-1] == right and key[-1] in "snr") or (right[:-1] == key and right[-1] in "sn")
                if is_inflected or key[0] != right[0] or edit_distance(key, right, 1) != 1:
                    continue
                if len(place.words) > 1 or (not is_name and len(right) >= MIN_WORD_ALONE):
                    near[place] = None
        return tuple(near)


def _span(text: str, start: int, end: int, place: _Place) -> tuple[int, int] | None:
    """Start and end of the whole name around its misspelled word; None where the other words do not stand there."""
    before = "".join(f"{word} " for word in place.words[: place.position])
    behind = "".join(f" {word}" for word in place.words[place.position + 1 :])
    from_ = start - len(before)
    if len(place.words) == 1 and _PERSON_BEFORE.search(text, max(0, start - 20), start):
        return None  # somebody's surname
    is_whole = (
        from_ >= 0 and text[from_:start].casefold() == before and text[end : end + len(behind)].casefold() == behind
    )
    edges = text[max(from_ - 1, 0) : max(from_, 0)] + text[end + len(behind) : end + len(behind) + 1]
    if not is_whole or any(c.isalnum() or c in "@#-_" for c in edges):
        return None
    return from_, end + len(behind)
