"""The recogniser of people in one English news text: capitalised runs, judged by the company they keep.

Takes a text, gives the spans that may be a person with given name, surname, role and a strength. Titles, roles, ages,
speech verbs, known given names and the surname used alone later in the text speak for a person; words of places and
organisations speak against. No surname is known beforehand.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Container
from typing import NamedTuple

from cleaners.names.lexicon.compare import fold
from cleaners.names.lexicon.kinds import is_given, is_initials, role_words
from cleaners.names.lexicon.lexicon import Lexicon, load_lexicon
from cleaners.names.lexicon.split import split_name
from cleaners.names.recognise.around import opens_sentence, role_before, word_before
from cleaners.names.recognise.capitals import Segment, find_segments
from cleaners.names.recognise.pieces import Token
from cleaners.names.recognise.things import is_quoted, is_thing, stands_inside

# Strength of a full name that stands as things do, before "Foundation", behind "the" or "in"; below all others.
AGAINST = -6
NO_PERSON = -1  # strength of a single word that nothing in its own text takes for a person
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
_TABLE = re.compile(r"\d|\(|^\W*--|,.*,.*,")  # results, signatures and lists hold capitals for another reason
# A name alone in its line before a dateline in capitals: the reporter.
_BYLINE_BEFORE = re.compile(r"(?:^|\n)[ \t]*(?:[Bb][Yy][ \t]+)?$")
_BYLINE_AFTER = re.compile(r"[ \t]{0,20}\n\s{0,20}[A-Z]{3,}")
# The credit of a photograph: "(Photo: Jane Roe, AP)", "Jane Roe/Agency", "AP Photo/Jane Roe".
_CREDIT_BEFORE = ("/", "/ ", "photo: ", "photos: ", "photo ", "photo by ", "graph: ", "graph by ", " via ")
_CREDIT_AFTER = re.compile(r" ?/ ?[A-Z]|,? (?:AP|AFP|Reuters|Getty Images|via (?:AP|Getty|Reuters))\b")
_VOWEL = re.compile(r"[aeiouyw]")
_AGE = re.compile(r"(?:, (?:aged )?\d{2}(?:,|\.|$)| \(\d{2}\))")
# A score, a club's or a country's name in brackets, a relative clause.
_RESULT = re.compile(r" \((?:\d|[A-Z][a-z]+(?: [A-Z][a-z]+)?[,)]|U\.S\.\))|,? who\b")
# Separators of the names in a list or in a table of results: brackets, figures, "and".
_BETWEEN_LISTED = re.compile(r"(?:\s?\([^()\n]{1,30}\))?[\s\d.,;:/–\-]*+(?:(?:and|&|beat|bt|vs?\.?)\s[\s\d.\-]*+)?")
_MAX_BETWEEN = 45
_FIGURE_AFTER = re.compile(r"(?: not out| run out| lbw)? \d")
_NEXT_WORD = re.compile(r"[ \u00a0]([a-z]+)")
_MAX_HEADLINE_WORDS = 25
_CLOSING = frozenset('.!?"”')
_CLAUSE = frozenset(
    {"and", "but", "or", "who", "which", "that", "where", "when", "is", "was", "has", "had", "said", "says"}
)


def find_people(text: str, headline_capitals: float, aliases: Container[str] = frozenset()) -> list[PersonSpan]:
    """Every span of a text that may be a person, in order.

    Args:
        text: the article's text; offsets are code points of it.
        headline_capitals: share of capitalised words from which a line is a headline in title case.
        aliases: folded words that stand for a person by themselves; other words alone, of which the text says nothing,
            are left out.
    """
    lexicon = load_lexicon()
    headlines = _title_case_lines(text, headline_capitals)
    fulls: list[PersonSpan] = []
    in_headline: list[tuple[PersonSpan | None, Segment]] = []
    singles: list[PersonSpan] = []
    in_capitals: dict[int, list[Token]] = {}
    segments, lone = find_segments(text)
    for segment in segments:
        names = segment.names
        if len(names) == 1:
            token, title = segment.tokens[-1], segment.title
            if segment.precedes_thing or len(token.text) < 2 or (title is not None and _is_office(token, lexicon)):
                continue
            if title is not None and title.key in lexicon.naming_titles:
                fulls.append(PersonSpan(title.start, token.end, title.key, token.key, segment.role, STRONG, True))
            else:
                strength = STRONG if title is not None else 0
                surname = " ".join(each.key for each in segment.tokens)  # De Wilde, Van der Meer
                start = segment.tokens[0].start
                singles.append(PersonSpan(start, token.end, "", surname, segment.role, strength, bool(title)))
        elif len(names) >= 2:
            span = _full_name(segment, names, text, lexicon) if len(names) <= 4 else None
            if span is not None and all(token.text.isupper() for token in names):
                in_capitals[span.start] = names
            if _inside(headlines, names[0].start):
                in_headline.append((span, segment))
            elif span is not None:
                fulls.append(span)
    alone = {span.surname for span in singles}.union(lone)
    fulls = _with_neighbours([_with_backing(span, alone) for span in fulls], text)
    likely = [span for span in fulls if span.strength >= 1]
    forms = {(span.given, span.surname) for span in likely}
    fulls += filter(None, (_in_headline(span, segment, forms) for span, segment in in_headline))
    # A surname alone is the person named in full, or with a title, somewhere in the text.
    of_likely = {name for span in likely for name in _surnames(span)}
    # "SURNAME RETURNS" in a headline is no full name.
    parted: set[int] = set()
    for span in fulls:
        if span.start in in_capitals and span.strength < STRONG and (span.given, span.surname) not in forms:
            known = [token for token in in_capitals[span.start] if token.key in of_likely]
            singles += [PersonSpan(t.start, t.end, "", t.key, "", 0, False) for t in known]
            parted.update({span.start} if known else ())
    fulls = [span for span in fulls if span.start not in parted]
    of_guess = {name for span in fulls for name in _surnames(span)}
    titled = {span.surname for span in singles if span.is_titled}
    named = []

    def strength_of(surname: str) -> int:
        return STRONG if surname in titled or surname in of_likely else 0 if surname in of_guess else NO_PERSON

    for span in singles:
        strength = strength_of(span.surname)
        if strength > NO_PERSON or span.surname in aliases:
            named.append(span._replace(strength=strength, is_titled=span.surname in titled))
    for surname, places in lone.items():
        strength = strength_of(surname)
        if strength > NO_PERSON or surname in aliases:
            for start, end in places:
                role = role_before(text, start, lexicon)
                named.append(PersonSpan(start, end, "", surname, role, strength, surname in titled))
    return sorted(fulls + named)


def _is_office(token: Token, lexicon: Lexicon) -> bool:
    """Tell whether a word behind a title is an office and hardly anybody's surname: "Mr. President"."""
    return token.key in lexicon.offices and token.key not in lexicon.per_million


def _in_headline(span: PersonSpan | None, segment: Segment, forms: Container[tuple[str, str]]) -> PersonSpan | None:
    """A name in a headline in title case, where capitals say nothing: one of the text's names, with the words behind it or without.

    "Jane Roe Abandons Bid" is Jane Roe where the text below names her.
    """
    if span is not None and ((span.given, span.surname) in forms or span.is_titled):
        return span
    second = segment.tokens.index(segment.names[1])
    given, surname = split_name([token.key for token in segment.tokens[: second + 1]])
    if len(segment.names) > 2 and (given, surname) in forms:
        start, end = segment.tokens[0].start, segment.tokens[second].end
        return PersonSpan(start, end, given, surname, segment.role, STRONG, segment.is_titled)
    if span is None:
        return None
    return span._replace(strength=AGAINST if span.is_like_thing else min(span.strength, 0))


def _surnames(span: PersonSpan) -> tuple[str, str]:
    """Return what a surname alone may look like: van Nistelrooy, Nistelrooy."""
    return span.surname, span.surname.rsplit(" ", 1)[-1]


def _full_name(segment: Segment, names: list[Token], text: str, lexicon: Lexicon) -> PersonSpan | None:
    """A segment of two to four names as a person, with the strength that its own surroundings give it."""
    if is_initials(names[-1].text) and len(names[-1].text) < 3:
        return None
    if names[0].text in ("A", "I"):
        return None  # the article or the pronoun far more often than an initial
    start, end = segment.tokens[0].start, segment.tokens[-1].end
    first, last = names[0].key, names[-1].key
    if not is_initials(names[0].text) and not is_given(first) and first.isascii() and not _VOWEL.search(first):
        return None  # an abbreviation of a table: "Ttl Exports"
    if f"{first} {names[1].key}" in lexicon.namesake_things:
        return None
    given, surname = split_name([t.key for t in segment.tokens])
    following = text[end : end + 80]
    strength = 0
    if surname == first != last:
        strength += 2
    elif is_initials(names[0].text):
        strength += 1 if "." in names[0].text or len(names[0].text) == 1 else 0
        strength += 1 if _FIGURE_AFTER.match(following) else 0  # a table of results
    elif is_given(first):
        strength += 1 if first in lexicon.ambiguous_given or first in lexicon.opening_given else 2
    last_word = word_before(text, start)
    before = fold(last_word.removesuffix(","))
    if segment.is_titled:
        strength += 2
    role = segment.role
    if not role:
        is_byline = _BYLINE_AFTER.match(following) and _BYLINE_BEFORE.search(text, max(0, start - 20), start)
        is_credit = _CREDIT_AFTER.match(following) or text[max(0, start - 9) : start].lower().endswith(_CREDIT_BEFORE)
        role = "reporter" if is_byline else "photographer" if is_credit else _role_after(following, lexicon)
        strength += 2 if role else 0
    if _AGE.match(following):
        strength += 2
    word = _NEXT_WORD.match(following)
    if (word and word.group(1) in lexicon.speech_verbs) or before in lexicon.speech_verbs:
        strength += 1
    if not segment.is_titled and names[-1].text.isupper():
        strength -= 1  # a headline in capitals
    is_unsure = strength < STRONG and not segment.is_titled and not is_given(first)
    if is_unsure and (before in ("in", "at") or opens_sentence(text, start)):
        strength -= 1  # a place, or a word whose capital says nothing
    if last in lexicon.thing_suffixes:
        strength -= 2
    elif last in lexicon.not_names and first in lexicon.ambiguous_given:
        strength -= 1
    if _RESULT.match(following):
        strength += 1
    preposition = "" if last_word.endswith(",") else before
    if segment.precedes_thing or (not role and is_thing(text, end, preposition)):
        strength = AGAINST
    is_like_thing = segment.follows_determiner or stands_inside(text, end, preposition) or is_quoted(text, start, end)
    is_like_thing = is_like_thing and not segment.is_titled
    return PersonSpan(start, end, given, surname, role, strength, segment.is_titled, is_like_thing)


def _with_backing(span: PersonSpan, alone: Container[str]) -> PersonSpan:
    """A surname that stands alone elsewhere in the text speaks for a person; a given name that does speaks less.

    Behind a given name it does so even where the full name stands as things do: "the Jane Roe era".
    """
    is_backed = any(name in alone for name in _surnames(span))
    if span.strength <= AGAINST or (span.is_like_thing and not (is_backed and is_given(span.given))):
        return span._replace(strength=AGAINST)
    return span._replace(strength=span.strength + is_backed - 2 * span.is_like_thing)


def _with_neighbours(fulls: list[PersonSpan], text: str) -> list[PersonSpan]:
    """Add to a name in a list of people one point for each neighbour that its own text makes sure of."""
    raised = list(fulls)
    for i in range(1, len(fulls)):
        left, right = fulls[i - 1], fulls[i]
        gap = text[left.end : right.start]
        if len(gap) <= _MAX_BETWEEN and _BETWEEN_LISTED.fullmatch(gap):
            if left.strength >= STRONG > right.strength >= 0:
                raised[i] = raised[i]._replace(strength=raised[i].strength + 1)
            if right.strength >= STRONG > left.strength >= 0:
                raised[i - 1] = raised[i - 1]._replace(strength=raised[i - 1].strength + 1)
    return raised


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


def _title_case_lines(text: str, share: float) -> list[tuple[int, int]]:
    """Spans of the lines where nearly every word has a capital without the line being in capitals."""
    spans = []
    position = 0
    for line in text.split("\n"):
        # Most lines end as prose does; of one that is too long, one word too many is enough.
        words = [] if line[-1:] in _CLOSING else line.split(None, _MAX_HEADLINE_WORDS)
        if 4 <= len(words) <= _MAX_HEADLINE_WORDS and not _TABLE.search(line):
            long_words = [w for w in words if len(w) > 3 and w[0].isalpha()]
            capitals = sum(w[0].isupper() for w in long_words)
            if len(long_words) >= 4 and capitals >= share * len(long_words) and not line.isupper():
                spans.append((position, position + len(line)))
        position += len(line) + 1
    return spans


def _inside(spans: list[tuple[int, int]], position: int) -> bool:
    at = bisect_right(spans, (position, 1 << 60)) - 1
    return at >= 0 and spans[at][0] <= position < spans[at][1]
