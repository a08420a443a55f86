"""Each value of a page's metadata says where it was read, and what its sources disagree on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from lxml.html import fromstring

from cleaners.codes import METADATA_DOUBTS, METADATA_SOURCES
from cleaners.document import SOURCED_FIELDS
from cleaners.extract.page.metadata import PageMetadata, read_metadata, with_byline

URL = "https://www.harbourpost.example/news/pier"
HEADLINE = "Harbour board closes the old pier"


def read(head: str = "", body: str = f"<h1>{HEADLINE}</h1>", url: str | None = URL, **node: Any) -> PageMetadata:
    script = (
        f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **node})}</script>' if node else ""
    )
    source = f"<html><head><title>{HEADLINE} | HP</title>{head}{script}</head><body>{body}<p>Text.</p></body></html>"
    found = read_metadata(fromstring(source), url, None)
    assert set(found.sources) == set(SOURCED_FIELDS)
    assert set(filter(None, found.sources.values())) <= set(METADATA_SOURCES)
    assert set(found.doubts) <= set(METADATA_DOUBTS)
    return found


def meta(name: str, content: str) -> str:
    return f'<meta property="{name}" content="{content}">'


def test_every_value_has_its_source() -> None:
    head = meta("og:title", f"{HEADLINE} - Harbour Post") + '<link rel="canonical" href="/news/pier?utm_source=x">'
    found = read(head + meta("author", "Mona Lund"), datePublished="2025-05-14T07:30:00+02:00")
    assert (found.title, found.authors, found.published_at) == (
        HEADLINE,
        ["Mona Lund"],
        datetime(2025, 5, 14, 5, 30, tzinfo=UTC),
    )
    assert (found.canonical_url, found.site) == (URL, "harbourpost.example")
    assert found.sources == {
        "title": "opengraph", "authors": "meta", "published_at": "json_ld", "canonical_url": "link", "site": "address",
    }  # fmt: skip
    assert found.doubts == ()


def test_a_page_that_says_nothing_has_no_sources() -> None:
    found = read_metadata(fromstring("<html><body><p>Text.</p></body></html>"), None, None)
    assert (found.title, found.authors, found.published_at, found.site) == (None, [], None, None)
    assert not any(found.sources.values())


@pytest.mark.parametrize(
    ("found", "doubts"),
    [
        (
            {"headline": "No more ferries", "body": "<h1>Pier shut</h1>", "head": meta("og:title", HEADLINE)},
            {"title_differs"},
        ),
        ({"author": {"@type": "Person", "name": "The Newsroom"}}, {"author_is_outlet"}),
        ({"datePublished": "2025-05-14T07:30:00"}, {"time_without_zone"}),
        ({"datePublished": "2025-05-14"}, {"day_only"}),
        (
            {"datePublished": "2025-05-14", "head": meta("article:published_time", "2025-03-01")},
            {"day_only", "instants_differ"},
        ),
        ({"datePublished": "2199-05-14T07:30:00Z"}, {"date_refused"}),
    ],
)
def test_doubts(found: dict[str, Any], doubts: set[str]) -> None:
    assert set(read(**found).doubts) == doubts


def test_the_article_of_the_pages_own_headline_counts() -> None:
    nodes = [
        {"@type": "NewsArticle", "headline": "Swans rescued", "author": "Erik Dahl", "datePublished": "2025-05-01"},
        {"@type": "NewsArticle", "headline": HEADLINE, "author": "Mona Lund", "datePublished": "2025-05-14"},
    ]
    found = read(
        head=f'<script type="application/ld+json">{json.dumps(nodes)}</script>{meta("og:title", HEADLINE + " | HP")}'
    )
    assert (found.authors, found.published_at) == (["Mona Lund"], datetime(2025, 5, 14, tzinfo=UTC))


@pytest.mark.parametrize(
    "head",
    [
        meta("twitter:label1", "Written by") + meta("twitter:data1", "Mona Lund"),
        '<script type="application/ld+json">[{"@type": "WebPage"}, {"@type": "Person", "name": "Mona Lund"}]</script>',
        meta("author", "The Harbour Post") + meta("parsely-author", "mona-lund"),
        meta("article:author", "https://social.example/harbourpost") + meta("byl", "By Mona Lund"),
    ],
)
def test_a_writer_is_found_where_publishing_systems_put_them(head: str) -> None:
    found = read(head + meta("og:site_name", "Harbour Post"))
    assert (found.authors, found.names_people) == (["Mona Lund"], True)


def test_a_byline_beside_the_story_outranks_an_outlet_and_no_person() -> None:
    outlet = read(author={"@type": "Organization", "name": "Harbour Post"})
    assert (outlet.authors, outlet.sources["authors"]) == (["Harbour Post"], "json_ld")
    named = with_byline(outlet, ["Mona Lund"])
    assert (named.authors, named.sources["authors"], named.doubts) == (["Mona Lund"], "byline", ())
    assert with_byline(named, ["Erik Dahl"]) is named
    assert with_byline(outlet, []) is outlet


def test_the_day_behind_a_title_dates_a_page_that_says_nothing_else() -> None:
    found = read(meta("og:title", f"{HEADLINE} – HP – 14.05.2025"))
    assert (found.title, found.published_at) == (HEADLINE, datetime(2025, 5, 14, tzinfo=UTC))
    assert found.sources["published_at"] == "opengraph"
