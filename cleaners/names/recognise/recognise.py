"""The recogniser of people in one English news text: capitalised runs, judged by the company they keep.

Takes a text, gives the spans that may be a person with given name, surname, role and a strength. Titles, roles, ages,
speech verbs, known given names and the surname used alone later in the text speak for a person; words of places and
organisations speak against. No surname is known beforehand.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Container, Sequence

from cleaners.names.lexicon.kinds import is_given
from cleaners.names.lexicon.lexicon import Lexicon, load_lexicon
from cleaners.names.lexicon.split import split_name
from cleaners.names.recognise.around import role_before
from cleaners.names.recognise.capitals import Segment, find_segments
from cleaners.names.recognise.full_names import AGAINST, STRONG, PersonSpan, judge_full_name
from cleaners.names.recognise.pieces import Token, split_runs

NO_PERSON = -1  # strength of a single word that nothing in its own text takes for a person

_TABLE = re.compile(r"\d|\(|^\W*--|,.*,.*,")  # results, signatures and lists hold capitals for another reason
# Separators of the names in a list or in a table of results: brackets, figures, "and".
_BETWEEN_LISTED = re.compile(r"(?:\s?\([^()\n]{1,30}\))?[\s\d.,;:/–\-]*+(?:(?:and|&|beat|bt|vs?\.?)\s[\s\d.\-]*+)?")
_MAX_BETWEEN = 45
_MAX_HEADLINE_WORDS = 25
_CLOSING = frozenset('.!?"”')


def find_people(
    text: str, headline_capitals: float, aliases: Container[str] = frozenset(), parts: Sequence[str] | None = None
) -> list[PersonSpan]:
    """Every span of a text that may be a person, in order.

    Args:
        text: the article's text; offsets are code points of it.
        headline_capitals: share of capitalised words from which a line is a headline in title case.
        aliases: folded words that stand for a person by themselves; other words alone, of which the text says nothing,
            are left out.
        parts: of `split_runs`, where they are known.
    """
    lexicon = load_lexicon()
    headlines = _title_case_lines(text, headline_capitals)
    fulls: list[PersonSpan] = []
    in_headline: list[tuple[PersonSpan | None, Segment]] = []
    singles: list[PersonSpan] = []
    in_capitals: dict[int, list[Token]] = {}
    segments, lone = find_segments(text, split_runs(text) if parts is None else parts)
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
            span = judge_full_name(segment, text, lexicon) if len(names) <= 4 else None
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
    for span in fulls if in_capitals else ():
        if span.start in in_capitals and span.strength < STRONG and (span.given, span.surname) not in forms:
            known = [token for token in in_capitals[span.start] if token.key in of_likely]
            singles += [PersonSpan(t.start, t.end, "", t.key, "", 0, False) for t in known]
            parted.update({span.start} if known else ())
    fulls = [span for span in fulls if span.start not in parted] if parted else fulls
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


def _with_backing(span: PersonSpan, alone: Container[str]) -> PersonSpan:
    """A surname that stands alone elsewhere in the text speaks for a person; a given name that does speaks less.

    Behind a given name it does so even where the full name stands as things do: "the Jane Roe era".
    """
    is_backed = span.surname in alone or (" " in span.surname and span.surname.rsplit(" ", 1)[-1] in alone)
    if span.strength <= AGAINST or (span.is_like_thing and not (is_backed and is_given(span.given))):
        return span._replace(strength=AGAINST)
    change = is_backed - 2 * span.is_like_thing
    return span._replace(strength=span.strength + change) if change else span


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


def _title_case_lines(text: str, share: float) -> list[tuple[int, int]]:
    """Spans of the lines where nearly every word has a capital without the line being in capitals."""
    lines = text.split("\n")
    if not any(line and line[-1] not in _CLOSING for line in lines):
        return []  # most texts: nothing but prose
    spans = []
    position = 0
    for line in lines:
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
