"""JSON-LD is read as browsers and search engines do, whatever stands around or in it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from lxml.html import fromstring

from cleaners.extract.page.json_ld import is_article_node, list_strings, read_json_ld

ARTICLE = '{"@type": "NewsArticle", "headline": "The \\"old\\" pier, closed"}'
READ = [{"@type": "NewsArticle", "headline": 'The "old" pier, closed'}]


def read(script: str, kind: str = "application/ld+json") -> list[dict[str, Any]]:
    return list(read_json_ld(fromstring(f'<html><head><script type="{kind}">{script}</script></head><p>x</p></html>')))


@pytest.mark.parametrize(
    "script",
    [
        ARTICLE,
        f"//<![CDATA[\n{ARTICLE}\n//]]>",
        f"/*<![CDATA[*/{ARTICLE}/*]]>*/",
        f"<![CDATA[{ARTICLE}]]>",
        f"<!--\n{ARTICLE}\n-->",
        f"{ARTICLE};",
        ARTICLE.replace("}", ",}"),
        ARTICLE.replace('"headline"', '/* of the print */ "headline"'),
        ARTICLE.replace('"headline"', '// of the print\n"headline"'),
        f"[{ARTICLE},]",
    ],
)
def test_what_stands_around_an_object_is_passed_over(script: str) -> None:
    assert read(script) == READ


@pytest.mark.parametrize("kind", ["application/ld+json; charset=utf-8", "Application/LD+JSON", " application/ld+json "])
def test_the_media_type_may_have_parameters(kind: str) -> None:
    assert read(ARTICLE, kind) == READ


def test_what_looks_like_a_comment_in_a_string_stays() -> None:
    assert read('{"@type": "WebPage", "url": "https://a.example/x,]", "name": "it\\\'s /* here */",}') == [
        {"@type": "WebPage", "url": "https://a.example/x,]", "name": "it's /* here */"}
    ]


def test_several_documents_in_one_script_are_all_read() -> None:
    assert read(f"{ARTICLE}\n{ARTICLE}") == READ * 2


def test_of_what_stays_broken_the_strings_are_read() -> None:
    broken = (
        '{"@type": "NewsArticle", "description": "He said "no" twice", "datePublished": "2025-05-14", '
        '"headline": "Pier closed", "author": {"@type": "Person", "name": "Mona Lund"}}'
    )
    (node,) = read(broken)
    assert (node["headline"], node["datePublished"], node["author"]) == ("Pier closed", "2025-05-14", "Mona Lund")
    assert read('{"@type": "NewsArticle", "headline": "He said "no" twice"}') == [{"@type": "NewsArticle"}]
    assert read('{"name": "no article", broken') == []


@pytest.mark.parametrize("key", ["@graph", "mainEntity", "mainEntityOfPage", "hasPart", "about"])
def test_an_article_inside_another_object_is_found(key: str) -> None:
    assert read(f'{{"@type": "WebPage", "{key}": [{ARTICLE}]}}')[1:] == READ


def test_types_may_be_lists_or_addresses() -> None:
    assert is_article_node({"@type": ["Thing", "http://schema.org/NewsArticle"]})
    assert not is_article_node({"@type": "WebPage"})


def test_strings_in_lists_and_references_of_html_are_read() -> None:
    assert list_strings(["It&amp;#8217;s", {"@value": "b"}, 3, None]) == ["It’s", "b"]


@pytest.mark.parametrize(
    "unit",
    ['"\\"', "/*", ",", '" ', '{"author":', "// ", ", ", '"author":[{', "<!-- ", '{"a":1} ', "[", "\\", '"@type":"'],
)
def test_a_hostile_script_takes_no_longer_than_its_length_allows(unit: str) -> None:
    started = time.process_time()
    read(unit * (400_000 // len(unit)))
    assert time.process_time() - started < 2
