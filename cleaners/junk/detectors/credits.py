"""Bylines and agency credits: takes a page, gives passages whose words move to `authors`, `site` or `agency`.

Removes an outlet's name or an author's line between the title and the first paragraph, and an agency's name in capitals
that closes the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cleaners.junk.detectors.rules import RuleDescription
from cleaners.junk.page.page import Extent, Page, Passage
from cleaners.junk.rule_files import load_words

DESCRIPTIONS = (
    RuleDescription(
        id="byline-outlet",
        category="byline",
        description="A line between the title and the first paragraph that holds only an outlet's name or initials.",
        examples=("Ft", "Reuters", "The Guardian"),
        any_language=True,
    ),
    RuleDescription(
        id="byline-author",
        category="byline",
        description="A line between the title and the first paragraph that names the author; kept in `authors`.",
        examples=("By Ana Lund", "By Ana Lund and Per Holm"),
    ),
    RuleDescription(
        id="agency-closing",
        category="agency_credit",
        description="An agency's name in capitals that closes the text; kept in `agency`.",
        examples=("BLOOMBERG", "REUTERS"),
        any_language=True,
    ),
)

_NAME = r"[A-Z][\w.’'-]*(?: (?:de|da|van|von|bin|al|der|den|la|le|[A-Z][\w.’'-]*)){1,4}"
_AUTHOR_LINE = re.compile(
    rf"(?:By|BY) (?P<names>{_NAME}(?:(?:, | and | & |, and ){_NAME}){{0,4}})(?:,? [A-Z][\w ]{{2,40}})?"
)
_CLOSING = re.compile(r"(?:(?<=[.!?\"”’'])[ \n]+|\n)\(?([A-Z]{2,20}(?:[ /][A-Z]{2,20}){0,3})\)?\s*\Z")
_MIN_PARAGRAPH_WORDS = 12


def find_bylines(page: Page) -> Iterator[Passage]:
    """Bylines at the head of a page: only among the short lines before its first paragraph."""
    first = 0
    if page.lines and _is_title(page, page.lines[0]):
        first = 1
    for number in range(first, min(len(page.lines) - 1, first + 2)):
        start, end = page.lines[number]
        line = page.text[start:end]
        if len(line) > 120:
            return
        following = page.text[slice(*page.lines[number + 1])]
        author = _AUTHOR_LINE.fullmatch(line)
        if author:
            yield Passage(start, end, "byline-author", "byline", 0.95, kept_as=author["names"])
        elif _is_outlet(line) and len(following.split()) >= _MIN_PARAGRAPH_WORDS:
            yield Passage(start, end, "byline-outlet", "byline", 0.9)
        else:
            return


def split_authors(names: str) -> list[str]:
    """The authors of a byline, in order."""
    return [name.strip() for name in re.split(r", and |, | and | & ", names) if name.strip()]


def find_agency(text: str, end: int) -> Passage | None:
    """The agency credit that closes a text.

    Args:
        text: the extracted text.
        end: where the text ends once what follows is cut.

    """
    closing = _CLOSING.search(text, max(0, end - 100), end)
    if closing is None or closing[1] not in load_words()["agencies"]:
        return None
    return Passage(closing.start(1), end, "agency-closing", "agency_credit", 0.95, kept_as=closing[1])


def _is_title(page: Page, line: Extent) -> bool:
    """Tell whether the first line is the headline: the known title, or a line before the text that reads as one."""
    text = page.text[slice(*line)]
    if _AUTHOR_LINE.fullmatch(text) or _is_outlet(text):
        return False
    if page.title:
        return text.casefold() == page.title.strip().casefold()
    words = text.split()
    return 3 <= len(words) <= 25 and not text.endswith((".", "!", "?", ":", ",", "”", '"'))


def _is_outlet(line: str) -> bool:
    return line.casefold().strip(" .|-–—") in load_words()["outlets"]
