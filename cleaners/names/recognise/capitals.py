"""Capitalised runs of a text, cut into the segments that may be names.

Takes a text, gives segments of tokens with the office, title or thing beside them, and the words alone in their run. Words of
office, place, calendar and grammar end a segment; possessives part a run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from cleaners.names.lexicon.compare import fold
from cleaners.names.lexicon.kinds import (
    MAX_KEPT_CHARS,
    NAMING,
    Judged,
    class_of,
    is_given,
    is_initials,
    judge_run,
    judge_words,
    list_stretches,
    lone_key,
    role_words,
)
from cleaners.names.lexicon.lexicon import Lexicon, load_lexicon
from cleaners.names.recognise.around import opens_sentence, word_before, words_before
from cleaners.names.recognise.pieces import Token, cut_run, is_plain, plain_piece

Lone = dict[
    str, list[tuple[int, int]]
]  # folded words alone in their run, most of which are no names -> starts and ends


class Segment(NamedTuple):
    """Neighbouring tokens that may be one name."""

    tokens: list[Token]
    names: list[Token]  # those without particles
    role: str  # office as written, "" where none is given
    title: Token | None  # the title or office with a capital right before it
    is_titled: bool  # a title, an office or an occupation stands before it, with or without a capital
    precedes_thing: bool  # "Ford Foundation"
    follows_determiner: bool  # "the Beatles", "our Blue Moon"
    before: str | None  # of `word_before`, where it is known


_make = tuple.__new__


class PlainRun(NamedTuple):
    """A run of several words and nothing between them but spaces, with what it says by itself."""

    tokens: tuple[Token, ...]  # as if it stood at the beginning of a text
    judged: Judged

    def place(self, start: int) -> list[Token]:
        """Its tokens where it begins at an offset."""
        # As `Token` makes them, in a third of the time.
        return [_make(Token, (start + first, start + end, word, key)) for first, end, word, key in self.tokens]


_LOWER_WORDS = re.compile(r"(?<![\w'’\-])[a-z][a-z'’\-]*")
_INNER = frozenset("_'’-")
_GOES_ON = frozenset("abcdefghijklmnopqrstuvwxyz'’-")
# Seeking a word takes a thirtieth of collecting all.
_MAX_SOUGHT = 16
_DETERMINERS = frozenset({"the", "his", "her", "its", "our", "your", "their", "my", "this"})


def find_segments(text: str, parts: Sequence[str]) -> tuple[list[Segment], Lone]:
    """Every segment of a text that may be a name, in order, and the words alone, which are a name only if the text says so.

    Args:
        text: the article's text.
        parts: of `split_runs`.
    """
    lexicon = load_lexicon()
    lower_words = _LowerWords(text)
    segments: list[Segment] = []
    lone: Lone = {}
    runs, bounds = parts[1::2], list(accumulate(map(len, parts)))
    read = _read_again if len(max(runs, key=len, default="")) <= MAX_KEPT_CHARS else _read_run
    known = list(map(read, runs))
    for place in [place for place, run in enumerate(known) if run is not None]:
        run, start, end, behind = known[place], bounds[2 * place], bounds[2 * place + 1], parts[2 * place + 2]
        if behind[:1] == "." and behind[1:2].isalnum():
            continue  # an address: Example.com
        if isinstance(run, str):
            lone.setdefault(run, []).append((start, end))
        elif type(run) is PlainRun and not behind[:1].isdigit():
            if run.judged.stretches:
                segments += _segments(run.place(start), run.judged, text, lexicon, lower_words)
        else:
            for piece in cut_run(text, start, end):
                judged = judge_words(" ".join([token.text for token in piece]))
                if judged.stretches:
                    segments += _segments(piece, judged, text, lexicon, lower_words)
    return segments, lone


def _read_run(run: str) -> str | PlainRun | bool | None:
    """What a run says by itself: the folded word if it is one that may be a name, the words of a plain run, True of a run to cut.

    None of a word that is no name; most runs are one.
    """
    if run.isalpha():
        return lone_key(run) if len(run) > 1 else None
    return PlainRun(tuple(plain_piece(0, run)), judge_run(run)) if is_plain(run) else True


# Runs come again and again.
_read_again = lru_cache(maxsize=50_000)(_read_run)


class _LowerWords:
    """The words that a text writes in lower case: the first few are sought, then all of them are collected."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._words: set[str] | None = None
        self._n_sought = 0

    def __contains__(self, word: str) -> bool:
        if self._words is None:
            self._n_sought += 1
            if self._n_sought <= _MAX_SOUGHT:
                return self._holds(word)
            self._words = set(_LOWER_WORDS.findall(self._text))
        return word in self._words

    def _holds(self, word: str) -> bool:
        """Tell whether the word stands in lower case by itself, as `_LOWER_WORDS` would find it."""
        if not _LOWER_WORDS.fullmatch(word):
            return False
        text = self._text
        place = text.find(word)
        while place >= 0:
            before, behind = text[max(0, place - 1) : place], text[place + len(word) : place + len(word) + 1]
            if not (before.isalnum() or before in _INNER) and behind not in _GOES_ON:
                return True
            place = text.find(word, place + 1)
        return False


def _segments(
    piece: list[Token], judged: Judged, text: str, lexicon: Lexicon, lower_words: _LowerWords
) -> Iterator[Segment]:
    """The parts of a piece that may be names."""
    kinds, office, stretches = judged.kinds, judged.office, judged.stretches
    role, is_titled, last = "", office >= 0, None
    after_the = False
    start = office + 1
    if office >= 0:
        role = judged.role
    else:
        last = word_before(text, piece[0].start)
        after_the = last.lower() in _DETERMINERS
        bare = last.removesuffix(",")
        word = fold(bare)
        if word in lexicon.roles or word in lexicon.titles:
            role = role_words([*words_before(text, piece[0].start)[:-1], bare], lexicon)
            is_titled = kinds[0] not in "NSM"
        elif word in ("for", "of") and kinds[0] in "MS":  # "Secretary of State Jane Roe"
            n_portfolio = next((i for i, k in enumerate(kinds) if k in NAMING), 0)
            held = role_words(words_before(text, piece[0].start)[:-1], lexicon)
            if held and n_portfolio:
                role = " ".join([held, last, *(t.text for t in piece[:n_portfolio])])
                is_titled, start = True, n_portfolio
                stretches = list_stretches(kinds, start)
    behind, first = start, True
    for low, high in stretches:
        first = first and all(kind == "M" for kind in kinds[behind:low])
        behind = high
        precedes_thing = high < len(piece) and (kinds[high] in "SR" or _opens_school(piece, kinds, high))
        current = piece[low:high]
        while current:
            segment, joined = current, list[Token]()
            if not judged.is_bare:
                current, joined = _part_joined(current, text)
                keep_first = is_titled and first
                segment = _trim(current, text, lexicon, lower_words, keep_first=keep_first, caps=judged.caps)
            if segment:
                beside = piece[start - 1] if office >= 0 and first else None
                yield Segment(
                    segment,
                    segment if judged.is_bare else without_particles(segment, lexicon),
                    role if first else "",
                    beside if beside and (class_of(beside.key) == "T" or beside.key in lexicon.offices) else None,
                    is_titled and first,
                    precedes_thing and not joined,
                    after_the and first and (kinds[start] != "M" or segment[0] is piece[start]),
                    last if segment[0] is piece[0] else None,
                )
            current = joined
            first = first and not joined


def without_particles(tokens: list[Token], lexicon: Lexicon) -> list[Token]:
    """The tokens of a name without its particles."""
    if len(tokens) == 1:
        return tokens
    first, *others = tokens
    opens = first.key not in lexicon.particles or (first.key in lexicon.opening_given and first.text.istitle())
    return [first] * opens + [token for token in others if token.key not in lexicon.particles]


def _opens_school(piece: list[Token], kinds: Sequence[str], i: int) -> bool:
    """Tell whether a word and the next are a school's: "Roe High School"."""
    return i + 1 < len(piece) and kinds[i + 1] == "S" and piece[i].key in ("high", "middle", "elementary")


def _part_joined(tokens: list[Token], text: str) -> tuple[list[Token], list[Token]]:
    """A run of two names without anything between them: "Jane Roe John Doe/Agency", or a tag: "Matt Roe Matthew (Matt)"."""
    is_named_again = tokens[-1].key == tokens[0].key and text.startswith(
        " (", tokens[-1].end
    )  # Robert Roe Robert (Bob)
    if len(tokens) > 2 and (is_named_again or text.startswith(f" ({tokens[0].text})", tokens[-1].end)):
        return tokens[:-1], tokens[-1:]
    if len(tokens) == 4:
        opens = [is_given(token.key) for token in tokens]
        if opens == [True, False, True, False] and not any(is_initials(token.text) for token in tokens):
            return tokens[:2], tokens[2:]
    return tokens, []


def _trim(
    tokens: list[Token], text: str, lexicon: Lexicon, lower_words: _LowerWords, keep_first: bool, caps: bool
) -> list[Token]:
    """A segment without what only stands next to the name: words of the sentence's start, particles, Jr."""
    while tokens and (tokens[0].key in lexicon.particles and tokens[0].text.islower()):
        tokens = tokens[1:]
    while tokens and (tokens[-1].key in lexicon.particles or tokens[-1].key in lexicon.suffixes):
        tokens = tokens[:-1]
    for i in range(2, len(tokens)):
        if tokens[i].key in lexicon.suffixes:  # Jr ends a name: "Robert Hale Jr. Announces"
            tokens = tokens[:i]
            break
    if not keep_first and len(tokens) > 1:
        first = tokens[0]
        if first.key in lexicon.speech_verbs and opens_sentence(text, first.start):
            return tokens[1:]  # "Said Roe:"
        # The first word of a sentence is capitalised whatever it is; the text itself shows a common word.
        if len(tokens) > 2 and first.key not in lexicon.given and first.text.lower() in lower_words:
            tokens = tokens[1:]
        for i in range(1, len(tokens) - 1):
            if is_given(tokens[i].key) and not is_given(tokens[0].key) and not is_initials(tokens[0].text):
                if tokens[0].key not in lexicon.family_first:
                    tokens = tokens[i:]
                break
    if caps:
        seen = 0
        for i, token in enumerate(tokens):
            seen += token.key not in lexicon.particles
            if seen == 2:
                return tokens[: i + 1]
    return tokens
