"""Runs of capitalised words as tokens, without the tags that a page glued to them.

Takes a text, gives its runs; takes a run, gives its tokens in pieces, which possessives, adjectives and tags part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from cleaners.names.lexicon.compare import fold
from cleaners.names.lexicon.kinds import UPPER, is_given
from cleaners.names.lexicon.lexicon import load_lexicon


class Token(NamedTuple):
    """A capitalised word, an initial or a particle."""

    start: int
    end: int
    text: str
    key: str  # folded


_LETTER = r"[^\W\d_]"
_REST = rf"[a-z]*+{_LETTER}*+(?:['’ʼ\-]{_LETTER}++)*+"  # of a word: letters in strides, most of them plain ones
_PARTICLE = r"(?:de|del|della|dello|delle|der|den|di|da|das|do|dos|du|la|le|van|von|zu|zur|ten|ter|bin|ibn|bint|al|el|y|af|av|op)"
_TITLES = (
    *("Mrs", "Mr", "Ms", "Dr", "Prof", "Sen", "Rep", "Gov", "Gen", "Col", "Lt", "Capt", "Maj", "Sgt", "Adm", "Rev"),
    *("Hon", "Jr", "Sr", "St"),
)
_TOKEN = (
    rf"(?:(?=[A-Z][a-z]{{1,3}}\.)(?:{'|'.join(_TITLES)})\."  # few words are so short, with a stop behind them
    rf"|[{UPPER}]\.(?:-?[{UPPER}]\.)*(?!\w)"
    rf"|[{UPPER}]\.(?=[{UPPER}]{_LETTER})"
    rf"|(?:al|el|as|ad|an|ash|ul|ur)-[{UPPER}]{_LETTER}+"
    rf"|[{UPPER}]{_REST})"
)
# The same behind its first letter, for a pattern that begins with letters is sought faster than one that looks behind.
_AT_START = r"(?<![\w@#&$.'’\-].)"
_FIRST_TOKEN = (
    rf"(?=[a-z]{{1,3}}\.)(?:{'|'.join(f'(?<={title[0]}){title[1:]}' for title in _TITLES)})\."
    rf"|(?<=[{UPPER}])(?:\.(?:-?[{UPPER}]\.)*(?!\w)|\.(?=[{UPPER}]{_LETTER})|{_REST})"
)
_FIRST_ARTICLE = rf"(?:(?<=a)(?:l|s|d|n|sh)|(?<=e)l|(?<=u)[lr])-[{UPPER}]{_LETTER}+"
_MORE_TOKENS = rf"(?:[ \u00a0]?(?:(?<=[ \u00a0.]){_PARTICLE}[ \u00a0]){{0,3}}(?<=[ \u00a0.]){_TOKEN})*"
_TOKEN_PATTERN = re.compile(rf"{_TOKEN}|(?<=[ \u00a0]){_PARTICLE}(?=[ \u00a0])|(?<![^ \u00a0]){_PARTICLE}(?=[ \u00a0])")
_RUN = re.compile(rf"([{UPPER}aeu]{_AT_START}(?:{_FIRST_TOKEN}|{_FIRST_ARTICLE}){_MORE_TOKENS})")
# Few texts have an article before a hyphen ("al-Assad"); without one no small letter opens a run.
_ARTICLE = re.compile(rf"-(?<=[sdhlnr]-)[{UPPER}]")
_RUN_WITHOUT_ARTICLES = re.compile(rf"([{UPPER}]{_AT_START}(?:{_FIRST_TOKEN}){_MORE_TOKENS})")
_INNER_CAPITAL = re.compile(r"(?<=[a-z])[A-Z]")
_POSSESSIVE = re.compile(r"['’ʼ][sS]$")
_TAIL = re.compile(r"(?:-[a-z]+)+$")
_MAX_WORD_CHARS = 100  # of a word with a tail; the pattern above looks back from every hyphen
# Parts that open a surname whose second part has a capital too: MacDonald, FitzGerald, VanderMeer.
_OPENING_PARTS = frozenset({"mac", "fitz", "van", "von", "vander", "del", "des", "los", "las", "saint"})


def split_runs(text: str) -> list[str]:
    """A text in parts: what stands before the first run of capitalised words, that run, what stands before the next, and so on."""
    return (_RUN if _ARTICLE.search(text) else _RUN_WITHOUT_ARTICLES).split(text)


def is_plain(run: str) -> bool:
    """Tell whether a run is nothing but letters and spaces, the most frequent, with nothing glued together in it."""
    return run.replace(" ", "").isalpha() and not _INNER_CAPITAL.search(run)


def plain_piece(start: int, words: str) -> list[Token]:
    """The tokens of a run of nothing but letters and spaces."""
    tokens = []
    for word in words.split(" "):
        end = start + len(word)
        tokens.append(Token(start, end, word, fold(word)))
        start = end + 1
    return tokens


def cut_run(text: str, start: int, end: int) -> list[list[Token]]:
    """Cut a run that is not plain into the pieces that may hold names: at possessives, adjectives and tags.

    Args:
        text: the article's text.
        start: of the run.
        end: of the run.
    """
    run = text[start:end]
    pieces = [plain_piece(start, run)] if run.replace(" ", "").isalpha() else _pieces(text, start, end)
    if _INNER_CAPITAL.search(run) or text[end : end + 1].isdigit():
        return [part for piece in pieces for part in _unglued(piece, text)]
    return pieces


def _pieces(text: str, start: int, end: int) -> list[list[Token]]:
    """The tokens of a run, parted at possessives and adjectives: "Poland's Marcin Nowak", "Nowak-led Poland"."""
    pieces: list[list[Token]] = [[]]
    for match in _TOKEN_PATTERN.finditer(text, start, end):
        word, last = match.group(), match.end()
        cut = (_POSSESSIVE.search(word) if word[-1] in "sS" else None) or _adjective_tail(word)
        if cut:
            word, last = word[: cut.start()], match.start() + cut.start()
        if word:
            pieces[-1].append(Token(match.start(), last, word, fold(word)))
        if cut:
            pieces.append([])
    return [piece for piece in pieces if piece]


def _unglued(piece: list[Token], text: str) -> Iterator[list[Token]]:
    """The tokens of a piece without tags that a page glued to what follows: "Jane Roe Jane Ellen RoeTop aide quits".

    A word is glued where its first part stands as a word of its own elsewhere in the text; what precedes it is the tag. Where the
    text misspells that part, the tag is known by the given name with which it opens again.
    """
    keys = [token.key for token in piece]
    again = next((j for j in range(2, len(keys)) if keys[j] in keys[: j - 1] and is_given(keys[j])), None)
    for i, token in enumerate(piece):
        is_tag = again is not None and i > again
        at = _glue(token, text, is_first=not i, is_tag=is_tag)
        if at is None:
            continue
        key = fold(token.text[:at])
        named = next((j for j, other in enumerate(piece[:i]) if other.key == key), None)
        if named is None and is_tag and again is not None:
            named = again - 1
        if named is not None:
            yield piece[: named + 1]
        if at < len(token.text):
            tail = token.text[at:]
            yield from _unglued([Token(token.start + at, token.end, tail, fold(tail)), *piece[i + 1 :]], text)
        return
    yield piece


def _glue(token: Token, text: str, *, is_first: bool, is_tag: bool) -> int | None:
    """Place in a word where another is glued to it; None where it is one word."""
    ends = [glue.start() for glue in _INNER_CAPITAL.finditer(token.text)]
    if text[token.end : token.end + 1].isdigit():
        ends.append(len(token.text))
    for at in ends:
        key, tail = fold(token.text[:at]), fold(token.text[at:])
        if len(key) < 3 or key in _OPENING_PARTS or (is_first and is_given(key) and is_given(tail)):  # MaryAnn
            continue
        if is_first and tail and tail != key and not is_given(tail):
            continue  # no name before it that might be a tag's: ObamaCare
        if is_tag or re.search(rf"\b{re.escape(token.text[:at])}\b", text):
            return at
    return None


def _adjective_tail(text: str) -> re.Match[str] | None:
    """Match the tail that makes an adjective of a name: that of "Bezos-backed"."""
    tail = _TAIL.search(text) if "-" in text and len(text) <= _MAX_WORD_CHARS else None
    return tail if tail and set(tail.group()[1:].split("-")) & load_lexicon().compound_tails else None
