"""Cards of other articles: takes a page, gives passages such as 'Publisher / 3 hours ago / - Publisher / headline / body'.

A card with a body carries what salvage needs: headline, publisher, age and where the body stands. A teaser (headline,
standfirst, 'N hours ago') has none. Cards by their lines: `card_lines`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from cleaners.junk.detectors.card_lines import find_card_lines
from cleaners.junk.detectors.cohesion import find_return
from cleaners.junk.detectors.headlines import find_headline_end, is_headline_like
from cleaners.junk.detectors.rules import RuleDescription
from cleaners.junk.page.page import Card, Extent, Page, Passage, split_sentences
from cleaners.junk.rule_files import load_words

DESCRIPTIONS = (
    RuleDescription(
        id="card-publisher",
        category="related_article",
        description="A card of another article: the publisher, its age ('3 hours ago'), a dash and the publisher again, "
        "then headline and body. Salvaged as an article of its own when the body is long enough.",
        any_language=True,
    ),
    RuleDescription(
        id="card-teaser-inline",
        category="related_article",
        description="A teaser of another article without line breaks: the sentence before an age between two sentences.",
    ),
)

_UNITS = {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "hr": 3600, "day": 86400, "week": 604800}
_UNITS |= {"month": 2629746, "year": 31556952}  # Gregorian means
_AGE = r"(?P<count>\d{1,3}|an?|one) (?P<unit>second|sec|minute|min|hour|hr|day|week|month|year)s? ago"
_MARK = re.compile(rf"(?<!\w){_AGE}\s+[-–—|•·]\s+")
_AGE_INLINE = re.compile(rf"(?<=[.!?\"”’] ){_AGE}(?=\s+[A-Z\"“‘]|\s*\Z)")
_MAX_PUBLISHER_WORDS = 7
# Cards of one page; each is compared with what stands around it. 856 real pages have 41 ages in words at most, cards or not.
MAX_CARDS = 100
# Rules that show another article by its words alone; a template is a promotion, a rule's match a link.
_STORY_RULES = ("learned-", "owned-", "shared-")
_HEADINGS = frozenset({"more on this topic", "more on this story", "more from"})


def find_cards(page: Page) -> Iterator[Passage]:
    """Cards and teasers in a page."""
    if " ago" not in page.lower:
        yield from find_card_lines(page)
        return
    marks: list[tuple[int, re.Match[str]]] = []
    for mark in _MARK.finditer(page.text):
        start = _publisher_start(page.text, mark)
        if start is not None and (not marks or start >= marks[-1][1].end()):
            marks.append((start, mark))
            if len(marks) > MAX_CARDS:
                break
    earlier: list[Extent] = []
    for number, (start, mark) in enumerate(marks[:MAX_CARDS]):
        limit = marks[number + 1][0] if number + 1 < len(marks) else len(page.text)
        card = _publisher_card(page, start, mark, limit, earlier)
        earlier.append((card.start, card.end))
        yield card
    if not marks:
        yield from find_card_lines(page)
        yield from _find_inline_teasers(page)


def read_story(text: str, passage: Passage) -> Card | None:
    """The story in a removed passage that no card announces: a headline on its first line or glued in front, then the body.

    Args:
        text: the extracted text.
        passage: a removed passage.

    Returns:
        Headline and body, or None for what repetition, ownership or the learned layer did not call another article.

    """
    if passage.category != "related_article" or not passage.rule_id.startswith(_STORY_RULES):
        return None
    start = passage.start
    while True:  # 'Related stories' over it is no part of it
        first_end = _line_end(text, start, passage.end)
        heading = text[start:first_end].strip(" :").casefold()
        if first_end == passage.end or heading not in load_words()["widget_headings"] | _HEADINGS:
            break
        start = _skip(text, first_end, passage.end)
    if first_end < passage.end and is_headline_like(text[start:first_end]):
        body_start = _skip(text, first_end, passage.end)
    else:
        body_start = find_headline_end(text, start, first_end) or start
    return Card((body_start, passage.end), text[start:body_start].strip() or None, None, None)


def parse_age(match: re.Match[str]) -> timedelta:
    """The age that '3 hours ago' names."""
    count = int(match["count"]) if match["count"].isdigit() else 1
    return timedelta(seconds=count * _UNITS[match["unit"].lower()])


def _publisher_start(text: str, mark: re.Match[str]) -> int | None:
    """Return where the publisher stands before its age, if the same words stand behind the dash too."""
    before = text[max(0, mark.start() - 80) : mark.start()].rstrip()
    words = re.findall(r"\S+", text[mark.end() : mark.end() + 80])
    for size in range(min(len(words), _MAX_PUBLISHER_WORDS), 0, -1):
        name = " ".join(words[:size])
        if before.endswith(name) and not before[: -len(name)][-1:].isalnum():
            return max(0, mark.start() - 80) + len(before) - len(name)
    return None


def _publisher_card(page: Page, start: int, mark: re.Match[str], limit: int, earlier: list[Extent]) -> Passage:
    text = page.text
    site = text[start : mark.start()].strip()
    name_end = mark.end() + len(site)
    head_start = _skip(text, name_end, limit)
    line_end = _line_end(text, head_start, limit)
    is_inline = "\n" not in text[start:head_start]
    if not is_inline:
        title: str | None = text[head_start:line_end].strip() or None
        body_start = _skip(text, line_end, limit)
        body_end = _line_end(text, body_start, limit)
    else:
        body_start = find_headline_end(text, head_start, line_end) or head_start
        title = text[head_start:body_start].strip() or None
        # The article may go on in the same line behind the card.
        body_end = find_return(page, start, body_start, line_end, earlier)
    while body_end > body_start and text[body_end - 1].isspace():
        body_end -= 1
    end = min(limit, max(body_end, body_end if is_inline else line_end, name_end))
    card = Card((body_start, max(body_start, body_end)), title, site, parse_age(mark))
    return Passage(
        start, end, "card-publisher", "related_article", 0.9 if is_inline else 0.99, is_bounded=not is_inline, card=card
    )


def _find_inline_teasers(page: Page) -> Iterator[Passage]:
    for age in _AGE_INLINE.finditer(page.text):
        earliest = max(0, age.start() - 600)
        line_start = page.text.rfind("\n", earliest, age.start()) + 1
        sentences = list(split_sentences(page.text, max(line_start, earliest), age.start()))
        if len(sentences) < 2:
            continue
        start, end = sentences[-1]
        standfirst = find_headline_end(page.text, start, end)
        if standfirst is not None:
            yield Passage(start, age.end(), "card-teaser-inline", "related_article", 0.85, is_bounded=False)


def _skip(text: str, position: int, limit: int) -> int:
    while position < limit and text[position].isspace():
        position += 1
    return position


def _line_end(text: str, position: int, limit: int) -> int:
    end = text.find("\n", position, limit)
    return limit if end < 0 else end
