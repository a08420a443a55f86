"""The headline of a page: takes what its sources call it, gives it without the names of site, section, writer and day.

OpenGraph's title comes first, for it is written for readers elsewhere; heading and JSON-LD say where in it the headline ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from cleaners.extract.page.evidence import Names, Value, clean, has_name, is_site, words_of

# Between the headline and what a site adds to it. A colon or a stroke without blanks is a part of the headline.
SEPARATOR = re.compile(r"(?<=\S) ?[|｜»«•·*]+ ?|(?<=\S) (?:-{1,2}|[–—:/~]) |(?<=\S)(?:--|：)(?=\S)")
DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[./-]\d{1,2}[./-]\d{1,2}")
BY = re.compile(r"(?i)(?:by|von|par|por|di|door|av|af)\s+\S.{2,60}")
CLOSING = re.compile(r"[^\w\s|｜»•·*–—：/-]*")
OPENING = re.compile(r"[^\w\s|｜»•·*–—：:/-]{1,3}$")
ELLIPSIS = re.compile(r"\s?(?:…|\.\.\.)$")
MAX_CHARACTERS = 1_000  # of a title that is looked into
MAX_OTHERS = 12
MIN_WORDS = 2  # of a headline that another source bounds
# A headline that another source bounds has at least this share of the title's words, unless the rest names site, day or writer.
MIN_SHARE = 0.4
MIN_IDEOGRAPHS = 6  # of a headline in a script without blanks
# Marks between a headline and what stands before it (only a heading can tell that from the headline's own beginning) or behind.
BEFORE, BEHIND = "|｜»•·*–—-/:：", "|｜»«•·*–—-/：~"


class Title(NamedTuple):
    """The headline with its source; `added_date` is a day that the site wrote behind it."""

    value: str | None
    source: str | None
    differs: bool
    added_date: str | None


def choose_title(stated: Sequence[Value], bounds: Sequence[Value], names: Names) -> Title:
    """Choose a page's headline.

    Args:
        stated: what its sources call it, the surest first.
        bounds: headlines that bear nothing else: of JSON-LD, of Twitter's card, the first headings.
        names: what the site is called.

    Returns:
        The title; `differs` says that every heading and JSON-LD headline is another one.
    """
    # A page that is called by its site alone may have a headline elsewhere.
    first = next((value for value in stated if not is_site(value.value, names)), next(iter(stated), None))
    if first is None:
        return Title(None, None, differs=False, added_date=None)
    text, source = (clean(first.value) or "")[:MAX_CHARACTERS], first.source
    others = [Value(line, of) for value, of in bounds[:MAX_OTHERS] if (line := clean(value[:MAX_CHARACTERS]))]
    if whole_of := _unbroken(text, others):
        text, source = whole_of
    date = next((match[0] for part in _parts(text)[1:] if (match := DATE.fullmatch(part))), None)
    whole = text
    for bound in others:
        if bounded := _bound(text, bound, names):
            text = bounded
            break
    text = _without_ends(text, names)
    known = [words_of(other.value) for other in others]
    differs = bool(known) and not any(words == words_of(text) or words == words_of(whole) for words in known)
    return Title(text or None, source, differs, date)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in SEPARATOR.split(text)]


def _unbroken(text: str, others: list[Value]) -> Value | None:
    """The headline that goes on where a title was cut: at a quotation mark that ended the attribute, or at an ellipsis."""
    cut = ELLIPSIS.sub("", text)
    for other in others:
        rest = other.value[len(cut) :].lstrip()
        if other.value.startswith(cut) and (rest[:1] == '"' if cut == text else ELLIPSIS.sub("", other.value) != cut):
            return other
    return None


def _is_short(words: list[str]) -> bool:
    """Tell whether words are too few to be a headline for certain."""
    return not words or (len(words) < MIN_WORDS and len(words[0]) < MIN_IDEOGRAPHS)


def _bound(text: str, other: Value, names: Names) -> str | None:
    """The part of a title that has the words of another headline, where something else stands before or behind it."""
    words = words_of(other.value)
    spans = [match.span() for match in re.finditer(r"\w+", text)]
    own = [text[start:end].casefold() for start, end in spans]
    count = len(words)
    if _is_short(words) or count >= len(own):
        return None
    first = next((k for k in range(len(own) - count + 1) if own[k : k + count] == words), None)
    if first is None:
        return None
    start, end = spans[first][0], spans[first + count - 1][1]
    start -= len(text[:start]) - len(OPENING.sub("", text[:start]))
    end = next(CLOSING.finditer(text, end)).end()
    before, behind = text[:start].rstrip(), text[end:].lstrip()
    if (before and (before[-1] not in BEFORE or other.source != "heading")) or (behind and behind[0] not in BEHIND):
        return None
    tail = [part for part in _parts(f"x {behind}")[1:] if part]
    if count < MIN_SHARE * len(own) and (before or not all(_is_added(part, names, has_name) for part in tail)):
        return None
    return text[start:end].strip()


def _is_added(part: str, names: Names, is_named: Callable[[str, Names], bool] = is_site) -> bool:
    """Tell whether a part of a title names the site, a day or a writer."""
    return is_named(part, names) or DATE.fullmatch(part) is not None or BY.fullmatch(part) is not None


def _without_ends(text: str, names: Names) -> str:
    """Cut what names site, day or writer from the ends of a title, as long as the longer part stays."""
    while marks := list(SEPARATOR.finditer(text)):
        head, tail = text[: marks[-1].start()].strip(), text[marks[-1].end() :].strip()
        first, rest = text[: marks[0].start()].strip(), text[marks[0].end() :].strip()
        # Behind a stroke stands what the site adds, behind a dash perhaps the headline's own end.
        is_named = has_name if "|" in marks[-1][0] and len(tail) < len(head) else is_site
        if head and _is_added(tail, names, is_named) and len(tail) <= max(len(head), 40):
            text = head
        elif rest and is_site(first, names) and len(first) < len(rest):
            text = rest
        else:
            break
    return text
