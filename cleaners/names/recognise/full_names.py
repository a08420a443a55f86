"""Full names in their surroundings: two to four words of a name, judged by what they are and by what stands around them.

Takes a segment and its text, gives the span that may be a person with given name, surname, office and a strength. What the
words say by themselves is kept, for names come again; behind most there is nothing but a verb, so that one look tells whether
more can follow.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from cleaners.names.lexicon.compare import fold
from cleaners.names.lexicon.kinds import MAX_KEPT_CHARS, is_given, is_initials, role_words
from cleaners.names.lexicon.lexicon import Lexicon, load_lexicon
from cleaners.names.lexicon.split import split_name
from cleaners.names.recognise.around import opens_sentence, word_before
from cleaners.names.recognise.capitals import Segment, without_particles
from cleaners.names.recognise.pieces import plain_piece
from cleaners.names.recognise.things import is_quoted, is_thing, stands_inside

# Strength of a full name that stands as things do, before "Foundation", behind "the" or "in"; below all others.
AGAINST = -6
STRONG = 2  # strength from which a span is a person on the evidence of its own text


class PersonSpan(NamedTuple):
    """A span that may be a person; `given` is empty where the surname stands alone."""

    start: int
    end: int
    given: str  # folded, middle names left out
    surname: str  # folded, with its particles
    role: str  # as written, "" where none is given
    strength: int  # below 0 hardly, 0 a guess, 1 likely, 2 or more a person
    is_titled: bool  # a title or an office stands before it, here or elsewhere in the text
    is_like_thing: bool = False  # it stands as things do: behind "the" or "in", between quotation marks


_AFTER_ROLE = re.compile(
    r"[,;(][ \u00a0]?(?:the[ \u00a0]|an?[ \u00a0]|who is[ \u00a0])?((?:[\w'’\-.]+[ \u00a0]?){1,6})"
)
# A name alone in its line before a dateline in capitals: the reporter.
_BYLINE_BEFORE = re.compile(r"(?:^|\n)[ \t]*(?:[Bb][Yy][ \t]+)?$")
_BYLINE_AFTER = re.compile(r"[ \t]{0,20}\n\s{0,20}[A-Z]{3,}")
# The credit of a photograph: "(Photo: Jane Roe, AP)", "Jane Roe/Agency", "AP Photo/Jane Roe".
_CREDIT_BEFORE = ("/", "/ ", "photo: ", "photos: ", "photo ", "photo by ", "graph: ", "graph by ", " via ")
_CREDIT_ENDS = tuple({ending[-2:] for ending in _CREDIT_BEFORE})
_CREDIT_AFTER = re.compile(r" ?/ ?[A-Z]|,? (?:AP|AFP|Reuters|Getty Images|via (?:AP|Getty|Reuters))\b")
_VOWEL = re.compile(r"[aeiouyw]")
_AGE = re.compile(r"(?:, (?:aged )?\d{2}(?:,|\.|$)| \(\d{2}\))")
# A score, a club's or a country's name in brackets, a relative clause.
_RESULT = re.compile(r" \((?:\d|[A-Z][a-z]+(?: [A-Z][a-z]+)?[,)]|U\.S\.\))|,? who\b")
_FIGURE_AFTER = re.compile(r"(?: not out| run out| lbw)? \d")
_NEXT_WORD = re.compile(r"[ \u00a0]([a-z]+)")
# What an office, an age, a credit, a result or a relative clause behind a name may begin with.
_TELLS = re.compile(r"[\t\n/,;(]| (?![a-uxyz])")
_CLAUSE = frozenset(
    {"and", "but", "or", "who", "which", "that", "where", "when", "is", "was", "has", "had", "said", "says"}
)


class _Name(NamedTuple):
    """Facts that the words of a full name show by themselves."""

    given: str
    surname: str
    strength: int
    is_given: bool  # its first word is a known given name
    is_initialled: bool  # its strength is that of initials
    is_capital: bool  # its last word is in capitals
    against: int  # points against a person: its last word is that of a thing, or no name


def judge_full_name(segment: Segment, text: str, lexicon: Lexicon) -> PersonSpan | None:
    """A segment of two to four names as a person, with the strength that its own surroundings give it; None where it is none."""
    words = " ".join([token.text for token in segment.tokens])
    name = _read_again(words) if len(words) <= MAX_KEPT_CHARS else _read_name(words)
    if name is None:
        return None
    start, end = segment.tokens[0].start, segment.tokens[-1].end
    following = text[end : end + 80] if _TELLS.match(text, end) else ""
    strength = name.strength
    if name.is_initialled and _FIGURE_AFTER.match(text, end):
        strength += 1  # a table of results
    last_word = word_before(text, start) if segment.before is None else segment.before
    before = fold(last_word.removesuffix(","))
    if segment.is_titled:
        strength += 2
    role = segment.role
    if not role:
        is_byline = _BYLINE_AFTER.match(following) and _BYLINE_BEFORE.search(text, max(0, start - 20), start)
        is_credit = _CREDIT_AFTER.match(following) or _is_credited(text, start)
        role = "reporter" if is_byline else "photographer" if is_credit else _role_after(following, lexicon)
        strength += 2 if role else 0
    if following and _AGE.match(following):
        strength += 2
    word = _NEXT_WORD.match(text, end, end + 80)
    if (word and word.group(1) in lexicon.speech_verbs) or before in lexicon.speech_verbs:
        strength += 1
    if name.is_capital and not segment.is_titled:
        strength -= 1  # a headline in capitals
    is_unsure = strength < STRONG and not segment.is_titled and not name.is_given
    if is_unsure and (before in ("in", "at") or opens_sentence(text, start)):
        strength -= 1  # a place, or a word whose capital says nothing
    strength -= name.against
    if following and _RESULT.match(following):
        strength += 1
    preposition = "" if last_word.endswith(",") else before
    if segment.precedes_thing or (not role and is_thing(text, end, preposition)):
        strength = AGAINST
    is_like_thing = segment.follows_determiner or stands_inside(text, end, preposition) or is_quoted(text, start, end)
    is_like_thing = is_like_thing and not segment.is_titled
    return PersonSpan(start, end, name.given, name.surname, role, strength, segment.is_titled, is_like_thing)


def _read_name(words: str) -> _Name | None:
    """What the words of a full name say by themselves; None where they are no name."""
    lexicon = load_lexicon()
    tokens = plain_piece(0, words)
    names = without_particles(tokens, lexicon)
    if is_initials(names[-1].text) and len(names[-1].text) < 3:
        return None
    if names[0].text in ("A", "I"):
        return None  # the article or the pronoun far more often than an initial
    first, last = names[0].key, names[-1].key
    opens_initialled, opens_given = is_initials(names[0].text), is_given(first)
    if not opens_initialled and not opens_given and first.isascii() and not _VOWEL.search(first):
        return None  # an abbreviation of a table: "Ttl Exports"
    if f"{first} {names[1].key}" in lexicon.namesake_things:
        return None
    given, surname = split_name([token.key for token in tokens])
    strength = against = 0
    is_twice = surname == first != last
    if is_twice:
        strength = 2
    elif opens_initialled:
        strength = 1 if "." in names[0].text or len(names[0].text) == 1 else 0
    elif opens_given:
        strength = 1 if first in lexicon.ambiguous_given or first in lexicon.opening_given else 2
    if last in lexicon.thing_suffixes:
        against = 2
    elif last in lexicon.not_names and first in lexicon.ambiguous_given:
        against = 1
    is_initialled = opens_initialled and not is_twice
    return _Name(given, surname, strength, opens_given, is_initialled, names[-1].text.isupper(), against)


_read_again = lru_cache(maxsize=20_000)(_read_name)


def _is_credited(text: str, start: int) -> bool:
    """Tell whether a picture's credit stands right before a name."""
    near = text[max(0, start - 2) : start].lower()
    return near.endswith(_CREDIT_ENDS) and text[max(0, start - 9) : start].lower().endswith(_CREDIT_BEFORE)


def _role_after(following: str, lexicon: Lexicon) -> str:
    """The office in an apposition: ", the US commerce secretary,"."""
    match = _AFTER_ROLE.match(following)
    if not match:
        return ""
    words = [word.strip(",;.") for word in match.group(1).split()]
    has_article = not match.group().startswith(match.group(1), 2)
    for i, word in enumerate(words):
        key = fold(word)
        if key in lexicon.roles:
            is_name = i and word[:1].isupper() and is_given(fold(words[i - 1]))  # ", Robin Cook and"
            last = i
            while last + 1 < len(words) and _goes_on(words, last + 1, lexicon):
                last += 1
            # "deputy press" is no office yet.
            while fold(words[last]) not in lexicon.roles:
                last -= 1
            return "" if is_name else role_words(words[: last + 1], lexicon)
        is_part = key in lexicon.role_modifiers or word[:1].isupper() or key.endswith("'s") or key == "of"
        if key in _CLAUSE or not (is_part or has_article):
            return ""
    return ""


def _goes_on(words: list[str], at: int, lexicon: Lexicon) -> bool:
    """Tell whether an office goes on at a word: with "secretary", or with "press" before it, behind "deputy"."""
    key = fold(words[at])
    if key in lexicon.role_modifiers and at + 1 < len(words):
        key = fold(words[at + 1])
    return key in lexicon.roles
