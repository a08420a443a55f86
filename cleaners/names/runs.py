"""Capitalised runs of a text, cut into the segments that may be names.

Takes a text, gives segments of tokens with the office, title or thing beside them. Words of office, place, calendar and
grammar end a segment; possessives part a run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from cleaners.names.compare import fold
from cleaners.names.lexicon import Lexicon, load_lexicon


class Token(NamedTuple):
    """A capitalised word, an initial or a particle."""

    start: int
    end: int
    text: str
    key: str  # folded


class Segment(NamedTuple):
    """Neighbouring tokens that may be one name."""

    tokens: list[Token]
    role: str | None  # office as written, "" where none is given, None where nobody has looked yet (a word alone)
    title: Token | None  # the title or office with a capital right before it
    is_titled: bool  # a title, an office or an occupation stands before it, with or without a capital
    precedes_thing: bool  # "Ford Foundation"
    follows_determiner: bool  # "the Beatles", "our Blue Moon"

    @property
    def names(self) -> list[Token]:
        """The tokens without particles."""
        if len(self.tokens) == 1:
            return self.tokens
        lexicon = load_lexicon()
        first, *others = self.tokens
        opens = first.key not in lexicon.particles or (first.key in lexicon.opening_given and first.text.istitle())
        return [first] * opens + [token for token in others if token.key not in lexicon.particles]


_UPPER = "".join(chr(c) for c in [*range(0x41, 0x530), *range(0x1E00, 0x1F00)] if chr(c).isupper())
_LETTER = r"[^\W\d_]"
_PARTICLE = r"(?:de|del|della|dello|delle|der|den|di|da|das|do|dos|du|la|le|van|von|zu|zur|ten|ter|bin|ibn|bint|al|el|y|af|av|op)"
_TOKEN = (
    r"(?:(?:Mrs?|Ms|Dr|Prof|Sen|Rep|Gov|Gen|Col|Lt|Capt|Maj|Sgt|Adm|Rev|Hon|Jr|Sr|St)\."
    rf"|[{_UPPER}]\.(?:-?[{_UPPER}]\.)*(?!\w)"
    rf"|[{_UPPER}]\.(?=[{_UPPER}]{_LETTER})"
    rf"|(?:al|el|as|ad|an|ash|ul|ur)-[{_UPPER}]{_LETTER}+"
    rf"|[{_UPPER}](?:{_LETTER}|['’ʼ\-](?={_LETTER}))*)"
)
_TOKEN_PATTERN = re.compile(rf"{_TOKEN}|(?<=[ \u00a0]){_PARTICLE}(?=[ \u00a0])|(?<![^ \u00a0]){_PARTICLE}(?=[ \u00a0])")
_RUN = re.compile(
    rf"(?<![\w@#/&$.'’\-]){_TOKEN}(?:[ \u00a0]?(?:(?<=[ \u00a0.]){_PARTICLE}[ \u00a0]){{0,3}}(?<=[ \u00a0.]){_TOKEN})*"
)
_POSSESSIVE = re.compile(r"['’ʼ][sS]$")
_TAIL = re.compile(r"(?:-[a-z]+)+$")
_MOST_WORD_CHARS = 100  # of a word with a tail; the pattern above looks back from every hyphen
_LOWER_WORDS = re.compile(r"(?<![\w'’\-])[a-z][a-z'’\-]*")
_DETERMINERS = frozenset({"the", "his", "her", "its", "our", "your", "their", "my", "this", "that"})
# The words that open most sentences; every one of them is among the lexicon's words that are no names.
_SENTENCE_OPENERS = frozenset(
    {
        "The",
        "He",
        "It",
        "In",
        "But",
        "She",
        "They",
        "We",
        "And",
        "This",
        "There",
        "If",
        "At",
        "On",
        "As",
        "For",
        "That",
        "You",
    }
)
_INITIALS = re.compile(rf"(?:[{_UPPER}]\.?-?){{1,3}}")
_WORD = re.compile(r"[\w'’\-.]+")


def find_segments(text: str) -> Iterator[Segment]:
    """Every segment of a text that may be a name, in order."""
    lexicon = load_lexicon()
    lower_words = _LowerWords(text)
    for run in _RUN.finditer(text):
        start, end = run.span()
        if text[end : end + 1] == "." and text[end + 1 : end + 2].isalnum():
            continue  # an address: Example.com
        word = text[start:end]
        if not word.isalpha():  # more than one token, or a possessive, a hyphen, initials
            pieces = [_plain_piece(start, word)] if word.replace(" ", "").isalpha() else _pieces(run)
            for piece in pieces:
                yield from _segments(piece, text, lexicon, lower_words)
        elif len(word) > 1 and word not in _SENTENCE_OPENERS:
            key = _lone_key(word)
            if key is not None:  # its role is left to who needs it
                yield Segment([Token(start, end, word, key)], None, None, False, False, False)


def is_given(key: str) -> bool:
    """Whether a folded word is a known given name, or a compound of one."""
    given = load_lexicon().given
    return key in given or ("-" in key and key.split("-", 1)[0] in given)


def is_initials(text: str) -> bool:
    """Whether a word is nothing but initials: J., J.K., JK."""
    n = len(text)
    return n <= 6 and (n <= 2 or "." in text) and _INITIALS.fullmatch(text) is not None


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


def role_words(words: list[str], lexicon: Lexicon) -> str:
    """The office itself as the paper writes it: the last noun of office with the modifiers before it, without country,
    article or title.
    """
    kept: list[str] = []
    for word in reversed(words):
        key = fold(word)
        if key in lexicon.titles and not kept:
            continue
        if not kept:
            if key not in lexicon.roles:
                return ""
            kept.append(word)
        elif key in lexicon.role_modifiers or key in lexicon.roles or key == "of":
            kept.append(word)
        else:
            break
    return " ".join(w for w in reversed(kept) if fold(w) not in {"former", "ex", "late", "then", "acting", "of"})


class _LowerWords:
    """The words that a text writes in lower case; collected when first asked for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._words: set[str] | None = None

    def __contains__(self, word: str) -> bool:
        if self._words is None:
            self._words = set(_LOWER_WORDS.findall(self._text))
        return word in self._words


@lru_cache(maxsize=200_000)
def _lone_key(word: str) -> str | None:
    """The folded word if it may be a name where it stands alone, the most frequent run by far; else None."""
    lexicon = load_lexicon()
    token = Token(0, len(word), word, fold(word))
    kind = _kind(token, 0, [token], False, lexicon)
    is_name = kind in "GWAIP" or (kind == "S" and token.key in lexicon.surname_things)
    return token.key if is_name and token.key not in lexicon.suffixes else None


def role_before(text: str, start: int, lexicon: Lexicon) -> str:
    """The office in lower case right before a position: "the striker Roe"."""
    before = words_before(text, start)
    if not before:
        return ""
    last = before[-1].removesuffix(",")
    word = fold(last)
    return role_words([*before[:-1], last], lexicon) if word in lexicon.roles or word in lexicon.titles else ""


def _plain_piece(start: int, words: str) -> list[Token]:
    """The tokens of a run of nothing but letters and spaces, the most frequent of the longer ones."""
    tokens = []
    for word in words.split(" "):
        end = start + len(word)
        tokens.append(Token(start, end, word, fold(word)))
        start = end + 1
    return tokens


def _pieces(run: re.Match[str]) -> list[list[Token]]:
    """The tokens of a run, parted at possessives and adjectives: "Poland's Marcin Nowak", "Nowak-led Poland"."""
    pieces: list[list[Token]] = [[]]
    for match in _TOKEN_PATTERN.finditer(run.string, run.start(), run.end()):
        text, end = match.group(), match.end()
        cut = (_POSSESSIVE.search(text) if text[-1] in "sS" else None) or _adjective_tail(text)
        if cut:
            text, end = text[: cut.start()], match.start() + cut.start()
        if text:
            pieces[-1].append(Token(match.start(), end, text, fold(text)))
        if cut:
            pieces.append([])
    return [piece for piece in pieces if piece]


def _adjective_tail(text: str) -> re.Match[str] | None:
    """What makes an adjective of a name: the tail of "Bezos-backed"."""
    tail = _TAIL.search(text) if "-" in text and len(text) <= _MOST_WORD_CHARS else None
    return tail if tail and set(tail.group()[1:].split("-")) & load_lexicon().compound_tails else None


def _segments(piece: list[Token], text: str, lexicon: Lexicon, lower_words: _LowerWords) -> Iterator[Segment]:
    """The parts of a piece that may be names."""
    caps = len(piece) > 1 and all(t.text.isupper() or t.key in lexicon.particles for t in piece)
    kinds = [_kind(t, i, piece, caps, lexicon) for i, t in enumerate(piece)]
    if kinds == ["S"] and piece[0].key in lexicon.surname_things:
        kinds = ["W"]  # Woods alone, if the text names a Woods in full
    # A word of office, place or thing behind a given name is a surname: Stephen King, Tiger Woods, Theresa May.
    for i in range(1, len(piece)):
        last = i == len(piece) - 1
        behind_given = kinds[i - 1] == "G" and (i == 1 or kinds[i - 2] in "RTNM")
        behind_initial = kinds[i - 1] == "I" and i > 1 and kinds[i - 2] == "G"
        is_street = kinds[i] != "N" or piece[i].key in lexicon.thing_suffixes  # King Street, but King Francis
        behind_title = kinds[i - 1] == "T" and not (is_street and piece[i - 1].key in lexicon.naming_titles)
        is_thing = kinds[i] == "S" and piece[i].key not in lexicon.surname_things  # Jiffy Lube, Davis Cup
        if (
            last
            and kinds[i] in "RTSNM"
            and not piece[i].text.endswith(".")
            and (behind_title or ((behind_given or behind_initial) and not is_thing))
        ):
            kinds[i] = "A"
        elif piece[i - 1].key in lexicon.place_prefixes and kinds[i - 1] == "N" and kinds[i] in "GW":
            kinds[i] = "N"
    # A thing's word between an office and a last word is a given name: President Bill Hart.
    if len(piece) > 2 and kinds[-1] == "W" and kinds[-2] == "S" and kinds[-3] in "RT":
        kinds[-2] = "A"
    office = next((i for i in range(len(kinds) - 2, -1, -1) if kinds[i] in "RT"), -1)
    role, is_titled = "", office >= 0
    after_the = False
    start = office + 1
    if office >= 0:
        role = role_words([t.text for t, k in zip(piece[: office + 1], kinds, strict=False) if k in "RMTW"], lexicon)
    else:
        before = words_before(text, piece[0].start)
        after_the = bool(before) and before[-1].lower() in _DETERMINERS
        if before:
            word = fold(before[-1].removesuffix(","))
            if word in lexicon.roles or word in lexicon.titles:
                role = role_words([*before[:-1], before[-1].removesuffix(",")], lexicon)
                is_titled = kinds[0] not in "NSM"
            elif word in ("for", "of") and kinds[0] in "MS":  # "Secretary of State Jane Roe"
                n_portfolio = next((i for i, k in enumerate(kinds) if k in "GWAIP"), 0)
                held = role_words(before[:-1], lexicon)
                if held and n_portfolio:
                    role = " ".join([held, before[-1], *(t.text for t in piece[:n_portfolio])])
                    is_titled, start = True, n_portfolio
    current: list[Token] = []
    first = True
    for i in range(start, len(piece) + 1):
        kind = kinds[i] if i < len(piece) else "."
        if i < len(piece) and kind in "GWAIP":
            current.append(piece[i])
            continue
        if current:
            segment = _trim(current, text, lexicon, lower_words, keep_first=is_titled and first, caps=caps)
            if segment:
                beside = piece[start - 1] if office >= 0 and first else None
                yield Segment(
                    tokens=segment,
                    role=role if first else "",
                    title=beside
                    if beside and (_class_of(beside.key) == "T" or beside.key in lexicon.offices)
                    else None,
                    is_titled=is_titled and first,
                    precedes_thing=kind in "SR",
                    follows_determiner=after_the and first,
                )
            current = []
        first = first and kind == "M"


def _kind(token: Token, index: int, piece: list[Token], caps: bool, lexicon: Lexicon) -> str:
    """One letter a token: Role, Title, Modifier, Not a name, thing Suffix, Given name, Initials, Particle, other Word."""
    key = token.key
    if key in lexicon.particles and index and (caps or token.text.islower()):
        return "P"
    if is_initials(token.text) and (len(token.text.replace(".", "")) == 1 or not caps):
        if key in lexicon.not_names and not (len(key) == 1 and index and piece[index - 1].key in lexicon.given):
            return "N" if len(key) > 1 else "I"
        letters = token.text.replace(".", "").replace("-", "")
        if len(letters) == 1 or "." in token.text or index + 2 == len(piece):
            return "I"
        return "N"
    kind = _class_of(key)
    if kind == "?":
        return "G" if index + 2 == len(piece) else "N"
    return "N" if kind == "W" and not caps and token.text.isupper() and len(token.text) > 1 else kind  # an acronym


@lru_cache(maxsize=200_000)
def _class_of(key: str) -> str:
    """The letter of a folded word wherever it stands; ? for a given name only as the first of two."""
    lexicon = load_lexicon()
    if key in lexicon.titles or _is_compound_rank(key, lexicon):
        return "T"
    if key in lexicon.place_prefixes:
        return "N"
    if key in lexicon.given and key not in lexicon.not_names and key not in lexicon.roles:
        return "G"
    if key in lexicon.roles:
        return "R"
    if key in lexicon.not_names:
        return "?" if key in lexicon.given and key not in lexicon.demonyms else "N"
    if key in lexicon.thing_suffixes:
        return "S"
    if key in lexicon.role_modifiers:
        return "M"
    return "N" if "-" in key and any(part in lexicon.not_names for part in key.split("-")) else "W"


def _is_compound_rank(key: str, lexicon: Lexicon) -> bool:
    """Whether a word is a rank of two: Lieutenant-Colonel, Vice-Admiral."""
    return "-" in key and key not in lexicon.roles and key.rpartition("-")[2] in lexicon.offices


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
        # The first word of a sentence is capitalised whatever it is; the text itself tells a common word.
        if first.key not in lexicon.given and first.text.lower() in lower_words and len(tokens) > 2:
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
