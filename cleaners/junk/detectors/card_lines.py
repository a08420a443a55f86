"""Cards of other articles by their lines, in any order: takes a page, gives passages such as 'Headline / Harbour Post • 3h / body'.

What makes a card is a line that says whose it is and how old, in any separator: before the headline, between headline and
body, or behind the body. How far the body reaches is a guess, so that each passage is for the learned layer to judge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from cleaners.junk.detectors.headlines import is_headline_like
from cleaners.junk.detectors.rules import RuleDescription
from cleaners.junk.page.page import Card, Page, Passage
from cleaners.junk.rule_files import load_words

DESCRIPTIONS = (
    RuleDescription(
        id="card-lines",
        category="related_article",
        description="Headline and body of another article with a line of its outlet and age ('Harbour Post • 3h', '3 hours ago | "
        "Harbour Post') before, between or behind them, or with its age ('3 hours ago') or source ('Source: Harbour Post') behind.",
        any_language=True,
    ),
)

_CONFIDENCE = 0.85
_MAX_META, _MAX_BODY = 70, 3000  # characters
_MIN_BODY_WORDS = 4
_BODY_ENDS = (*".!?…", '."', ".”", "!”", "?”")
# Lines of one page at which a card is sought; 856 real pages have 41 ages in words at most.
_MAX_CARDS = 100
# A number in words, as it stands in an age.
_NUMBER = "an?|one|ein(?:e[mr]?)?|une?|una?|uma?|een"
_UNIT, _GLUED = re.compile(r"N ?([^\W\d_]+)"), re.compile(r"N(?=[^\W\d_])")


class Lines(NamedTuple):
    """Numbers of a card's lines: the first, its headline, its body, the last."""

    first: int
    headline: int
    body: int
    last: int


def find_card_lines(page: Page) -> Iterator[Passage]:
    """Propose the cards of a page that stand on lines of their own, behind its first line of prose."""
    found: list[tuple[Lines, str | None, bool]] = []
    is_live = False
    metas = list(_find_metas(page))
    if not metas:
        return
    lines = [page.text[start:end] for start, end in page.lines]
    story = next((number for number, line in enumerate(lines) if _is_body(line)), len(lines))
    for number, meta in metas:
        outlet = meta["front"] or meta["back"] or meta["source"]
        order = _order(lines, number, has_outlet=meta["age"] is not None and outlet is not None)
        # In a live blog an age stands before each entry, so that the first one follows no headline and body.
        is_live |= outlet is None and order is None
        if order and order.first > story:
            found.append((order, outlet, outlet is None))
    for order, outlet, is_bare in found[:_MAX_CARDS]:
        if not (is_bare and is_live):
            start, end = page.lines[order.first][0], page.lines[order.last][1]
            card = Card(page.lines[order.body], lines[order.headline], outlet, None)
            yield Passage(start, end, "card-lines", "related_article", _CONFIDENCE, is_bounded=False, card=card)


def _find_metas(page: Page) -> Iterator[tuple[int, re.Match[str]]]:
    """The lines that are an outlet, an age or a source, by number."""
    for number, (start, end) in enumerate(page.lines):
        if end - start <= _MAX_META:
            line = page.text[start:end]
            if _hint().search(line.lower()) and (meta := _meta().fullmatch(line)):
                yield number, meta


def _order(lines: list[str], number: int, *, has_outlet: bool) -> Lines | None:
    """The lines of the card that a line of its outlet, age or source belongs to, None where it has none."""

    def is_headline(place: int) -> bool:
        return 0 <= place < len(lines) and is_headline_like(lines[place]) and not _meta().fullmatch(lines[place])

    def is_body(place: int) -> bool:
        return 0 <= place < len(lines) and _is_body(lines[place])

    if has_outlet and is_headline(number - 1) and is_body(number + 1):
        return Lines(number - 1, number - 1, number + 1, number + 1)
    if has_outlet and is_headline(number + 1) and is_body(number + 2):
        return Lines(number, number + 1, number + 2, number + 2)
    if is_headline(number - 2) and is_body(number - 1):
        return Lines(number - 2, number - 2, number - 1, number)
    return None


def _is_body(line: str) -> bool:
    return line.endswith(_BODY_ENDS) and len(line) <= _MAX_BODY and len(line.split(None, 8)) > _MIN_BODY_WORDS


@lru_cache(maxsize=1)
def _hint() -> re.Pattern[str]:
    """A number with its unit or a label with a colon, in small letters: `_meta` costs twenty times as much."""
    words = load_words()
    units = "|".join(sorted({unit.lower() for age in words["ages"] for unit in _UNIT.findall(age)}))
    labels = "|".join(f"(?<={re.escape(label.lower())}:)" for label in sorted(words["source_labels"]))
    end = r"(?![^\W\d_])"
    return re.compile(rf"\d ?(?:{units}){end}|:(?:{labels})|\b(?:{_NUMBER}) (?:{units}){end}")


@lru_cache(maxsize=1)
def _meta() -> re.Pattern[str]:
    words = load_words()

    def any_of(names: frozenset[str]) -> str:
        return "|".join(map(re.escape, sorted(names, key=lambda one: (-len(one), one))))

    # "4d", but no "and".
    figures = _GLUED.sub(r"\\d{1,3}", any_of(words["ages"]))
    age = rf"(?i:{figures})".replace("N", rf"(?:\d{{1,3}}|{_NUMBER})")
    name = r"(?:[^\W\d_a-z][^\n|•·–—/:]{1,40}?|[\w-]{1,30}(?:\.[a-z]{2,12}){1,2})"
    gap = r"[\s|•·–—/,»▪~()\[\]:-]{1,5}"
    return re.compile(
        rf"[(\[]?(?:(?P<front>{name}){gap})?(?P<age>{age})(?! [Rr]ead)(?:{gap}(?P<back>{name}))?[)\]]?"
        rf"|(?i:{any_of(words['source_labels'])}): ?(?P<source>{name})"
    )
