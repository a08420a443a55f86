"""Lists of other headlines: takes a page, gives passages of 'Top stories', 'Most read', 'Trending' and the like.

A heading from the word list must stand first; what follows must read as headlines. Removes heading, slogan, headlines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from cleaners.junk.detectors.headlines import find_headline_end, is_headline_like
from cleaners.junk.detectors.rules import RuleDescription
from cleaners.junk.page.page import Page, Passage
from cleaners.junk.page.phrases import Phrases
from cleaners.junk.rule_files import load_words

DESCRIPTIONS = (
    RuleDescription(
        id="widget-lines",
        category="top_stories_widget",
        description="A heading such as 'Most read' on a line of its own, or parted by blanks, and the headlines under it.",
        any_language=True,
    ),
    RuleDescription(
        id="widget-inline",
        category="top_stories_widget",
        description="The same list without line breaks, glued into a paragraph: heading, slogan or section labels before "
        "each headline. It ends where a sentence visibly begins.",
    ),
)

MAX_ITEMS = 40
_MORE_FROM = re.compile(r"More (?:from|in|on) [^\n.!?]{2,50}")


def find_widgets(page: Page) -> Iterator[Passage]:
    """Lists of headlines in a page, by line and inline."""
    headings = widget_headings()
    if not any(headings.all[number] in page.lower for number in page.narrow(headings)):
        return
    yield from _find_lines(page)
    yield from _find_inline(page)


def _find_lines(page: Page) -> Iterator[Passage]:
    words = load_words()
    cells, title = page.cells, " ".join((page.title or "").split())
    number = 0
    while number < len(cells):
        start, end = cells[number]
        line = page.text[start:end]
        heading = line.rstrip(" :").lower()
        if len(line) > 60 or not (heading in words["widget_headings"] or _MORE_FROM.fullmatch(line)):
            number += 1
            continue
        last, items = number, 0
        follower = number + 1
        if follower < len(cells) and page.text[slice(*cells[follower])] in words["widget_slogans"]:
            last, follower = follower, follower + 1
        while follower < len(cells) and items < MAX_ITEMS:
            text = page.text[slice(*cells[follower])]
            if text == title:  # below it the page's own story begins
                break
            if _is_item(text):
                last, items = follower, items + 1
            elif not (
                # One headline of two sentences among others.
                len(text.split()) <= 20
                and follower + 1 < len(cells)
                and _is_item(page.text[slice(*cells[follower + 1])])
                and items
            ):
                break
            follower += 1
        if items >= 2 or last > number:
            yield Passage(
                start,
                cells[last][1],
                "widget-lines",
                "top_stories_widget",
                0.9 if items >= 3 or last > number else 0.7,
                is_bounded=items >= 3 and (last + 1 == len(cells) or end < page.line_end(end)),
            )
        number = last + 1


def _is_item(line: str) -> bool:
    return is_headline_like(line) or (_label_length(line) > 0 and len(line.split()) <= 30)


def _find_inline(page: Page) -> Iterator[Passage]:
    for match in page.match_openings(_inline_pattern()):
        line_end = page.line_end(match.end())
        labels = [
            label.start()
            for label in _label_pattern().finditer(page.text, match.end(), min(line_end, match.end() + 4000))
        ]
        labels = _run(labels, match.end())
        has_slogan = match["slogan"] is not None
        if len(labels) < (1 if has_slogan else 3):
            continue
        end = find_headline_end(page.text, labels[-1], line_end)
        if end is None and line_end - labels[-1] <= 160:
            end = line_end
        if end is None:
            end = labels[-1]
        yield Passage(
            match.start(), end, "widget-inline", "top_stories_widget", 0.9 if has_slogan else 0.8, is_bounded=False
        )


def _run(labels: list[int], start: int) -> list[int]:
    """The labels that follow one another at the distance of a headline, the first right behind the heading."""
    run: list[int] = []
    for label in labels:
        if label - (run[-1] if run else start) > (200 if run else 3):
            break
        run.append(label)
    return run


def _label_length(line: str) -> int:
    first = line.split(" ", 1)[0]
    return len(first) if first in load_words()["section_labels"] and len(line) > len(first) else 0


@lru_cache(maxsize=1)
def widget_headings() -> Phrases:
    """The headings of lists of headlines, which are sought in every page."""
    return Phrases((*sorted(load_words()["widget_headings"]), "more from"))


@lru_cache(maxsize=1)
def _inline_pattern() -> re.Pattern[str]:
    words = load_words()
    headings = "|".join(re.escape(heading) for heading in sorted(words["widget_headings"], key=len, reverse=True))
    slogans = "|".join(re.escape(slogan) for slogan in sorted(words["widget_slogans"]))
    return re.compile(
        r"(?:(?<=^)|(?<=\n)|(?<=[.!?…\"”’] ))"
        rf"(?i:{headings}|more (?:from|in) [\w. ]{{2,30}}?):?(?: (?P<slogan>{slogans}))?(?= [A-Z0-9])"
    )


@lru_cache(maxsize=1)
def _label_pattern() -> re.Pattern[str]:
    labels = "|".join(re.escape(label) for label in sorted(load_words()["section_labels"], key=len, reverse=True))
    return re.compile(rf"(?<= )(?:{labels})(?= [A-Z0-9\"“‘'])")
