"""The time of publication: with its zone where any source has it, the article's own, and not after the fetching."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml.html import fromstring

from cleaners.extract.page.evidence import Value
from cleaners.extract.page.instants import choose_instant, read_days, read_times, refine_day

FETCHED = datetime(2025, 5, 20, 12, tzinfo=UTC)


def choose(*values: str) -> tuple[datetime | None, str | None, tuple[str, ...]]:
    sources = ("json_ld", "meta", "time")
    return choose_instant([Value(v, s) for v, s in zip(values, sources, strict=False)], FETCHED)


def test_the_first_is_taken() -> None:
    found = choose("2025-05-14T07:30:00+02:00", "2025-05-14T08:00:00Z")
    assert found == (datetime(2025, 5, 14, 5, 30, tzinfo=UTC), "json_ld", ())


def test_the_same_time_with_a_zone_outranks_the_one_without() -> None:
    found = choose("2025-05-14 18:11:01.0", "2025-05-14T18:11:01+02:00")
    assert found == (datetime(2025, 5, 14, 16, 11, 1, tzinfo=UTC), "meta", ())


def test_a_time_that_cannot_be_the_same_does_not() -> None:
    found = choose("2025-05-14 18:11:01", "2025-05-16T09:00:00Z")
    assert found == (datetime(2025, 5, 14, 18, 11, 1, tzinfo=UTC), "json_ld", ("time_without_zone", "instants_differ"))


def test_a_day_stays_a_day() -> None:
    assert choose("2025-05-14", "soon")[::2] == (datetime(2025, 5, 14, tzinfo=UTC), ("day_only",))


def test_a_date_after_the_fetching_is_refused() -> None:
    assert choose("2025-06-01T00:00:00Z", "2025-05-14T08:00:00Z")[1:] == ("meta", ("date_refused",))
    assert choose("2025-06-01T00:00:00Z") == (None, None, ("date_refused",))
    # East of Greenwich a day, or a time without zone, can be ahead.
    assert choose("2025-05-21")[0] == datetime(2025, 5, 21, tzinfo=UTC)


def times(body: str) -> list[str]:
    return read_times(fromstring(f"<html><body>{body}</body></html>"))


def test_a_time_element_that_says_so_is_read() -> None:
    posted = '<time class="entry-date published" datetime="2025-01-27T12:13:17+01:00">27. 1.</time>'
    assert times(f"<article><h1>A</h1>{posted}</article>") == ["2025-01-27T12:13:17+01:00"]
    assert times('<time itemprop="datePublished" datetime="2025-01-27">27. 1.</time>') == ["2025-01-27"]


@pytest.mark.parametrize(
    "body",
    [
        '<aside><time class="published" datetime="2025-01-27">x</time></aside>',
        '<div class="related-posts"><time class="entry-date" datetime="2025-01-27">x</time></div>',
        '<article class="teaser"><h2>B</h2><time class="published" datetime="2025-01-27">x</time></article>',
        '<time class="updated modified-date" datetime="2025-01-27">x</time>',
        '<time datetime="2025-01-27">x</time>',
        '<time class="published">x</time>',
    ],
)
def test_times_of_others_and_of_changes_are_not(body: str) -> None:
    assert times(body) == []


def test_a_day_gets_the_time_of_an_element_that_has_the_same_day() -> None:
    day = datetime(2025, 5, 14, tzinfo=UTC)
    tree = fromstring(
        '<html><body><time class="updated" datetime="2025-05-14T20:00:00Z">x</time>'
        '<time datetime="2025-05-13T08:00:00Z">x</time><time datetime="2025-05-14T09:00:00+02:00">x</time></body></html>'
    )
    assert refine_day(day, tree, FETCHED) == (datetime(2025, 5, 14, 7, tzinfo=UTC), "time", ())
    assert refine_day(day, fromstring("<p>x</p>"), FETCHED) == (day, "markup", ("day_only",))
    assert refine_day(None, tree, FETCHED).value is None


def test_days_behind_titles_are_read_where_their_order_is_sure() -> None:
    assert read_days(["14.05.2025", "2025-5-4", "05/06/2025", "14.05.25", "32.13.2025", None]) == [
        "2025-05-14",
        "2025-05-04",
    ]
