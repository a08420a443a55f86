"""When a page was published: takes what it states and its time elements, gives one point in time with its source.

A stated time with a zone outranks the same one without; nothing after the fetching is believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from cleaners.dates import Timestamp, parse_timestamp, read_timestamp
from cleaners.extract.page.evidence import Value

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# The widest distance of a local time from UTC, which a time without a zone may be read wrong by.
MAX_OFFSET = timedelta(hours=14)
CLOCK_ERROR = timedelta(hours=1)  # of the page's clock or the scraper's; a choice
DAY = timedelta(days=1)
MAX_TIMES = 200  # time elements that are looked at
MAX_HEADINGS = 10
PUBLISHED = re.compile(r"(?i)publi|entry-date|post-?date|posted|pubdate|dateline|created|article-?date")
CHANGED = re.compile(r"(?i)modif|updat|edited|lastmod")
# Around what is not the article's own: other articles, comments, side bars.
ASIDE = re.compile(
    r"(?i)related|sidebar|recommend|more-|read-?more|teaser|card|widget|comment|latest|trending|popular|most-read|promo|carousel|newsletter"
)
ASIDE_ELEMENTS = frozenset(["aside", "nav", "footer"])


class Instant(NamedTuple):
    """A time of publication, null where the page gives none, with its source and the doubts about it."""

    value: datetime | None
    source: str | None
    doubts: tuple[str, ...]


class _Stated(NamedTuple):
    time: Timestamp
    source: str


def choose_instant(stated: Sequence[Value], fetched_at: datetime | None) -> Instant:
    """Choose the time of publication among what a page states.

    Args:
        stated: the times that the page calls those of its publication, the surest first.
        fetched_at: when it was fetched, if known; else now counts.

    Returns:
        The first that is believed; where it has a time of day without zone, the first with one that can be the same.
    """
    read = [_Stated(time, source) for value, source in stated if (time := read_timestamp(value))]
    believed = [one for one in read if is_believed(one.time, fetched_at)]
    refused = ("date_refused",) if len(believed) < len(read) else ()
    if not believed:
        return Instant(None, None, refused)
    first = believed[0]
    chosen = next((one for one in believed if _completes(one.time, first.time)), first)
    doubts = list(refused)
    if not chosen.time.has_time:
        doubts.append("day_only")
    elif not chosen.time.has_zone:
        doubts.append("time_without_zone")
    if any(abs(one.time.instant - chosen.time.instant) > DAY for one in believed):
        doubts.append("instants_differ")
    return Instant(chosen.time.instant, chosen.source, tuple(doubts))


def is_believed(time: Timestamp, fetched_at: datetime | None) -> bool:
    """Tell whether a page could have been published then: before it was fetched, read in whatever zone."""
    latest = fetched_at or datetime.now(UTC)
    return time.instant <= latest + (CLOCK_ERROR if time.has_zone else MAX_OFFSET)


def read_times(tree: HtmlElement) -> list[str]:
    """The times of a page's time elements that are the article's own, those that say so first.

    Args:
        tree: the parsed page; it is not changed.
    """
    marked: list[str] = []
    called: list[str] = []
    around_headings = {around for h1 in islice(tree.iter("h1"), MAX_HEADINGS) for around in h1.iterancestors()}
    for number, element in enumerate(tree.iter("time")):
        if number >= MAX_TIMES:
            break
        stated = element.get("datetime")
        if not stated:
            continue
        if "pubdate" in element.attrib or (element.get("itemprop") or "").casefold() == "datepublished":
            marked.append(stated)
        elif _is_own(element, around_headings):
            called.append(stated)
    return [*marked, *called[:1]]


def refine_day(day: datetime | None, tree: HtmlElement, fetched_at: datetime | None) -> Instant:
    """Give a day the time of day that a time element of the page has for it.

    Args:
        day: midnight UTC, found in the page's markup.
        tree: the parsed page; it is not changed.
        fetched_at: when it was fetched, if known.
    """
    if day is None:
        return Instant(None, None, ())
    for number, element in enumerate(tree.iter("time")):
        stated = element.get("datetime")
        if number >= MAX_TIMES:
            break
        if not stated or stated[:10] != day.strftime("%Y-%m-%d"):
            continue
        time = read_timestamp(stated)
        if time and time.has_time and is_believed(time, fetched_at) and not _is_changed(element):
            return Instant(time.instant, "time", () if time.has_zone else ("time_without_zone",))
    return Instant(day, "markup", () if day.time() != day.min.time() else ("day_only",))


def read_days(texts: Iterable[str | None]) -> list[str]:
    """The days that a site writes behind its titles, `14.05.2025` or `2025-05-14`, as ISO 8601; `5/6/2025` may be either."""
    days = []
    for text in filter(None, texts):
        numbers = re.split(r"[./-]", text)
        if "." in text and len(numbers[-1]) == 4:
            numbers.reverse()
        if len(numbers[0]) == 4:
            year, month, day = numbers
            stated = f"{year}-{month:0>2}-{day:0>2}"
            if parse_timestamp(stated):
                days.append(stated)
    return days


def _completes(one: Timestamp, first: Timestamp) -> bool:
    """Tell whether a time has the zone that another of the same publication leaves open."""
    return first.has_time and not first.has_zone and one.has_zone and abs(one.instant - first.instant) <= MAX_OFFSET


def _is_own(element: HtmlElement, around_headings: set[HtmlElement]) -> bool:
    """Tell whether a time element says that it is the time of publication, and stands in no list of other articles."""
    names = f"{element.get('class') or ''} {element.get('itemprop') or ''}"
    if not PUBLISHED.search(names) or CHANGED.search(names.replace("published", "")):
        return False
    for around in element.iterancestors():
        if around.tag in ("article", "main", "body"):
            return around.tag == "body" or around in around_headings
        if around.tag in ASIDE_ELEMENTS or ASIDE.search(f"{around.get('class') or ''} {around.get('id') or ''}"[:500]):
            return False
    return True


def _is_changed(element: HtmlElement) -> bool:
    return CHANGED.search(f"{element.get('class') or ''} {element.get('itemprop') or ''}") is not None
