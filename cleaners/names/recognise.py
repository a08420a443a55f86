"""The recogniser of people in one English news text: capitalised runs, judged by the company they keep.

Takes a text, gives the spans that may be a person with given name, surname, role and a strength. Titles, roles, ages,
speech verbs, known given names and the surname used alone later in the text speak for a person; words of places and
organisations speak against. No surname is known beforehand.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

from cleaners.names.compare import fold
from cleaners.names.lexicon import Lexicon, load_lexicon

STRONG = 2  # strength from which a span is a person on the evidence of its own text


class PersonSpan(NamedTuple):
    """A span that may be a person; `given` is empty where the surname stands alone."""

    start: int
    end: int
    given: str  # folded, middle names left out
    surname: str  # folded, with its particles
    role: str  # folded, "" where none is given
    strength: int  # 0 a guess, 1 likely, 2 or more a person
    is_titled: bool  # stands behind a title or an office


class _Token(NamedTuple):
    start: int
    end: int
    text: str
    key: str  # folded


_UPPER = "".join(chr(c) for c in [*range(0x41, 0x530), *range(0x1E00, 0x1F00)] if chr(c).isupper())
_LETTER = r"[^\W\d_]"
_PARTICLE = r"(?:de|del|della|dello|delle|der|den|di|da|das|do|dos|du|la|le|van|von|zu|zur|ten|ter|bin|ibn|bint|al|el|y|af|av|op)"
_TOKEN = (
    r"(?:(?:Mrs?|Ms|Dr|Prof|Sen|Rep|Gov|Gen|Col|Lt|Capt|Maj|Sgt|Adm|Rev|Hon|Jr|Sr)\."
    rf"|[{_UPPER}]\.(?:-?[{_UPPER}]\.)*(?!\w)"
    rf"|[{_UPPER}]\.(?=[{_UPPER}]{_LETTER})"
    rf"|(?:al|el|as|ad|an|ash|ul|ur)-[{_UPPER}]{_LETTER}+"
    rf"|[{_UPPER}](?:{_LETTER}|['’ʼ\-](?={_LETTER}))*)"
)
_TOKEN_PATTERN = re.compile(rf"{_TOKEN}|(?<=[ \u00a0]){_PARTICLE}(?=[ \u00a0])|(?<![^ \u00a0]){_PARTICLE}(?=[ \u00a0])")
_CAPS_PARTICLE = re.compile(rf"{_PARTICLE}", re.IGNORECASE)
_RUN = re.compile(
    rf"(?<![\w@#/&$.'’\-]){_TOKEN}(?:[ \u00a0]?(?:(?<=[ \u00a0.]){_PARTICLE}[ \u00a0]){{0,3}}(?<=[ \u00a0.]){_TOKEN})*"
)
_POSSESSIVE = re.compile(r"['’ʼ][sS]$")
_INITIALS = re.compile(rf"(?:[{_UPPER}]\.?-?){{1,3}}")
_LOWER_WORDS = re.compile(r"(?<![\w'’\-])[a-z][a-z'’\-]*")
_BEFORE = re.compile(r"((?:[\w'’\-.]+[ \u00a0]){0,3})([\w'’\-]+)(?:,)?[ \u00a0]$")
_AFTER_ROLE = re.compile(
    r"[,;(][ \u00a0]?(?:the[ \u00a0]|an?[ \u00a0]|who is[ \u00a0])?((?:[\w'’\-.]+[ \u00a0]?){1,6})"
)
_TABLE = re.compile(r"\d|\(|^\W*--")  # results and signatures hold capitals for another reason
_AGE = re.compile(r"(?:, (?:aged )?\d{2}(?:,|\.|$)| \(\d{2}\))")
_NEXT_WORD = re.compile(r"[ \u00a0]([a-z]+)")
_PINYIN = re.compile(
    r"(?:(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?(?:iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|ei|ao|ou|an|en|in|un"
    r"|ia|ie|iu|ua|ui|uo|ue|er|a|e|i|o|u)){1,2}"
)


def find_people(text: str, headline_capitals: float) -> list[PersonSpan]:
    """Every span of a text that may be a person, in order.

    Args:
        text: the article's text; offsets are code points of it.
        headline_capitals: share of capitalised words from which a line is a headline in title case.
    """
    lexicon = load_lexicon()
    lower_words = set(_LOWER_WORDS.findall(text))
    headlines = _title_case_lines(text, headline_capitals)
    fulls: list[PersonSpan] = []
    singles: list[tuple[_Token, str, bool]] = []
    single_counts: dict[str, int] = {}
    in_headline: list[PersonSpan] = []
    for run in _RUN.finditer(text):
        if text[run.end() : run.end() + 1] == "." and text[run.end() + 1 : run.end() + 2].isalnum():
            continue  # an address: Mydrivers.com
        line_is_headline = _inside(headlines, run.start())
        for piece in _pieces(run):
            for segment, role, is_titled, thing, after_the in _segments(piece, text, lexicon, lower_words):
                names = [t for t in segment if t.key not in lexicon.particles]
                if len(names) == 1:
                    if thing or names[0].key in lexicon.given and not is_titled and len(names[0].key) < 3:
                        continue
                    token = segment[-1]
                    if is_titled and (title := _naming_title(piece, token, lexicon)):
                        fulls.append(PersonSpan(title.start, token.end, title.key, token.key, role, STRONG, True))
                        continue
                    singles.append((token, role, is_titled))
                    single_counts[token.key] = single_counts.get(token.key, 0) + 1
                elif 2 <= len(names) <= 4:
                    span = _full_name(segment, names, role, is_titled, thing, after_the, text, lexicon)
                    if span is not None:
                        (in_headline if line_is_headline else fulls).append(span)
    fulls = [_with_backing(span, single_counts) for span in fulls]
    forms = {(s.given, s.surname) for s in fulls if s.strength >= 1}
    fulls += [s for s in in_headline if (s.given, s.surname) in forms or s.is_titled]
    surnames = {s.surname for s in fulls if s.strength >= 1} | {
        s.surname.rsplit(" ", 1)[-1] for s in fulls if s.strength >= 1
    }
    found = list(fulls)
    for token, role, is_titled in singles:
        if token.key in surnames:
            found.append(PersonSpan(token.start, token.end, "", token.key, role, STRONG, is_titled))
        elif is_titled:
            found.append(PersonSpan(token.start, token.end, "", token.key, role, STRONG, True))
        else:
            found.append(PersonSpan(token.start, token.end, "", token.key, role, 0, False))
    found.sort()
    return found


def split_name(words: list[str]) -> tuple[str, str]:
    """Given name and surname of the folded words of a full name; middle names are left out.

    Chinese, Korean and Vietnamese names are split in their own order: family name first.
    """
    lexicon = load_lexicon()
    names = [word for word in words if word not in lexicon.particles]
    if len(names) < 2:
        return "", " ".join(words)
    first, last = names[0], names[-1]
    if (
        first in lexicon.family_first
        and not _is_given(last, lexicon)
        and ("-" in last or _PINYIN.fullmatch(last) or len(names) == 3)
    ):
        return "-".join(names[1:]), first
    for i, word in enumerate(words[1:], 1):
        if word in lexicon.particles:
            return first, " ".join(words[i:])
    return first, re.sub(r"^(?:al|el|as|ad|an|ash)-", "", last)


def _naming_title(piece: list[_Token], token: _Token, lexicon: Lexicon) -> _Token | None:
    """The title right before a name that has no other part: "Pope Francis"."""
    at = piece.index(token) if token in piece else 0
    return piece[at - 1] if at and piece[at - 1].key in lexicon.naming_titles else None


def _pieces(run: re.Match[str]) -> list[list[_Token]]:
    """The tokens of a run, parted at possessives: "Poland's Marcin Nowak" holds one name."""
    pieces: list[list[_Token]] = [[]]
    for match in _TOKEN_PATTERN.finditer(run.string, run.start(), run.end()):
        text, end = match.group(), match.end()
        possessive = _POSSESSIVE.search(text)
        if possessive:
            text, end = text[: possessive.start()], end - 2
        if text:
            pieces[-1].append(_Token(match.start(), end, text, fold(text)))
        if possessive:
            pieces.append([])
    return [piece for piece in pieces if piece]


def _segments(
    piece: list[_Token], text: str, lexicon: Lexicon, lower_words: set[str]
) -> list[tuple[list[_Token], str, bool, bool, bool]]:
    """The parts of a run that may be names: (tokens, role, is_titled, is followed by a thing, follows "the")."""
    caps = len(piece) > 1 and all(t.text.isupper() or t.key in lexicon.particles for t in piece)
    kinds = [_kind(t, i, piece, caps, lexicon) for i, t in enumerate(piece)]
    # A word of office, place or thing behind a given name is a surname: Stephen King, Tiger Woods, Theresa May.
    for i in range(1, len(piece)):
        last = i == len(piece) - 1
        behind_given = kinds[i - 1] == "G" and (i == 1 or kinds[i - 2] in "RTNM")
        behind_initial = kinds[i - 1] == "I" and i > 1 and kinds[i - 2] == "G"
        if last and kinds[i] in "RTSNM" and (behind_given or behind_initial or kinds[i - 1] == "T"):
            kinds[i] = "A"
    office = max((i for i, k in enumerate(kinds[:-1]) if k in "RT"), default=-1)
    role, is_titled = "", office >= 0
    after_the = False
    start = office + 1
    if office >= 0:
        role = _role_words([t.key for t, k in zip(piece[: office + 1], kinds, strict=False) if k in "RMTW"], lexicon)
    else:
        before = text[max(0, piece[0].start - 60) : piece[0].start]
        after_the = before[-4:].lower() == "the "
        match = _BEFORE.search(before)
        if match:
            word = fold(match.group(2))
            if word in lexicon.roles or word in lexicon.titles:
                role = _role_words([*fold(match.group(1)).split(), word], lexicon)
                is_titled = kinds[0] not in "NSM"
    segments = []
    current: list[_Token] = []
    first = True
    for i in range(start, len(piece) + 1):
        kind = kinds[i] if i < len(piece) else "."
        if i < len(piece) and kind in "GWAIP":
            current.append(piece[i])
            continue
        if current:
            segment = _trim(current, text, lexicon, lower_words, keep_first=is_titled and first, caps=caps)
            if segment:
                segments.append(
                    (segment, role if first else "", is_titled and first, kind in "SR", after_the and first)
                )
            current = []
        first = first and kind == "M"
    return segments


def _kind(token: _Token, index: int, piece: list[_Token], caps: bool, lexicon: Lexicon) -> str:
    """One letter a token: Role, Title, Modifier, Not a name, thing Suffix, Given name, Initials, Particle, other Word."""
    key = token.key
    if key in lexicon.particles and index and (caps or token.text.islower()):
        return "P"
    if _is_initials(token.text) and (len(token.text.replace(".", "")) == 1 or not caps):
        if key in lexicon.not_names and not (len(key) == 1 and index and piece[index - 1].key in lexicon.given):
            return "N" if len(key) > 1 else "I"
        letters = token.text.replace(".", "").replace("-", "")
        if len(letters) == 1 or "." in token.text or index + 2 == len(piece):
            return "I"
        return "N"
    if key in lexicon.titles:
        return "T"
    if key in lexicon.given and key not in lexicon.not_names and key not in lexicon.roles:
        return "G"
    if key in lexicon.roles:
        return "R"
    if key in lexicon.not_names:
        is_first_of_two = key in lexicon.given and key not in lexicon.demonyms and index + 2 == len(piece)
        return "G" if is_first_of_two else "N"
    if key in lexicon.thing_suffixes:
        return "S"
    if key in lexicon.role_modifiers:
        return "M"
    if not caps and token.text.isupper() and len(token.text) > 1:
        return "N"  # an acronym
    if "-" in key and any(part in lexicon.not_names for part in key.split("-")):
        return "N"
    return "W"


def _trim(
    tokens: list[_Token], text: str, lexicon: Lexicon, lower_words: set[str], keep_first: bool, caps: bool
) -> list[_Token]:
    """A segment without what only stands next to the name: words of the sentence's start, particles, Jr."""
    while tokens and (tokens[0].key in lexicon.particles and tokens[0].text.islower()):
        tokens = tokens[1:]
    while tokens and (tokens[-1].key in lexicon.particles or tokens[-1].key in lexicon.suffixes):
        tokens = tokens[:-1]
    if not keep_first and len(tokens) > 1:
        first = tokens[0]
        # The first word of a sentence is capitalised whatever it is; the text itself tells a common word.
        if first.key not in lexicon.given and first.text.lower() in lower_words and len(tokens) > 2:
            tokens = tokens[1:]
        for i in range(1, len(tokens) - 1):
            if (
                _is_given(tokens[i].key, lexicon)
                and not _is_given(tokens[0].key, lexicon)
                and not _is_initials(tokens[0].text)
            ):
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


def _full_name(
    segment: list[_Token],
    names: list[_Token],
    role: str,
    is_titled: bool,
    thing: bool,
    after_the: bool,
    text: str,
    lexicon: Lexicon,
) -> PersonSpan | None:
    """A segment of two to four names as a person, with the strength that its own surroundings give it."""
    if _is_initials(names[-1].text) and len(names[-1].text) < 3:
        return None
    start, end = segment[0].start, segment[-1].end
    first, last = names[0].key, names[-1].key
    given, surname = split_name([t.key for t in segment])
    following = text[end : end + 80]
    strength = 0
    if surname == first != last:
        strength += 2
    elif _is_initials(names[0].text):
        strength += 1 if "." in names[0].text or len(names[0].text) == 1 else 0
    elif _is_given(first, lexicon):
        strength += 1 if first in lexicon.ambiguous_given else 2
    elif _is_given(last, lexicon) and last not in lexicon.ambiguous_given and len(names) == 2:
        strength += 1  # perhaps in the other order
    match = _BEFORE.search(text[max(0, start - 60) : start])
    before = fold(match.group(2)) if match else ""
    if is_titled:
        strength += 2
    if not role:
        role = _role_after(following, lexicon)
        strength += 2 if role else 0
    if _AGE.match(following):
        strength += 2
    word = _NEXT_WORD.match(following)
    if (word and word.group(1) in lexicon.speech_verbs) or before in lexicon.speech_verbs:
        strength += 1
    if after_the and not is_titled:
        strength -= 2
    if thing:
        strength -= 3
    if last in lexicon.thing_suffixes or last in lexicon.not_names:
        strength -= 1
    return PersonSpan(start, end, given, surname, role, strength, is_titled)


def _with_backing(span: PersonSpan, single_counts: dict[str, int]) -> PersonSpan:
    """A surname that stands alone elsewhere in the text speaks for a person; a given name that does speaks less."""
    alone = single_counts.get(span.surname, 0) or single_counts.get(span.surname.rsplit(" ", 1)[-1], 0)
    return span._replace(strength=span.strength + 1) if alone else span


def _role_after(following: str, lexicon: Lexicon) -> str:
    """The office in an apposition: ", the US commerce secretary,"."""
    match = _AFTER_ROLE.match(following)
    if not match:
        return ""
    words = [fold(word.strip(",;.")) for word in match.group(1).split()]
    for i, word in enumerate(words):
        if word in lexicon.roles:
            return _role_words(words[: i + 1], lexicon)
    return ""


def _role_words(words: list[str], lexicon: Lexicon) -> str:
    """The office itself: the last noun of office with the modifiers before it, without country, article or title."""
    kept: list[str] = []
    for word in reversed(words):
        if word in lexicon.titles and not kept:
            continue
        if not kept:
            if word not in lexicon.roles:
                return ""
            kept.append(word)
        elif word in lexicon.role_modifiers or word in lexicon.roles or word == "of":
            kept.append(word)
        else:
            break
    return " ".join(w for w in reversed(kept) if w not in {"former", "ex", "late", "then", "acting", "of"})


def _is_given(key: str, lexicon: Lexicon) -> bool:
    return key in lexicon.given or ("-" in key and key.split("-", 1)[0] in lexicon.given)


def _is_initials(text: str) -> bool:
    return len(text) <= 6 and bool(_INITIALS.fullmatch(text)) and (len(text) == 1 or "." in text or len(text) == 2)


def _title_case_lines(text: str, share: float) -> list[tuple[int, int]]:
    """Spans of the lines where nearly every word has a capital without the line being in capitals."""
    spans = []
    position = 0
    for line in text.split("\n"):
        words = line.split()
        if 4 <= len(words) <= 25 and not _TABLE.search(line):
            long_words = [w for w in words if len(w) > 3 and w[0].isalpha()]
            capitals = sum(w[0].isupper() for w in long_words)
            if (
                len(long_words) >= 4
                and capitals >= share * len(long_words)
                and not line.isupper()
                and line[-1] not in '.!?"”'
            ):
                spans.append((position, position + len(line)))
        position += len(line) + 1
    return spans


def _inside(spans: list[tuple[int, int]], position: int) -> bool:
    at = bisect_right(spans, (position, 1 << 60)) - 1
    return at >= 0 and spans[at][0] <= position < spans[at][1]
