"""Authors are people: outlets, agencies, desks, towns and logins are told from them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from lxml.html import fromstring

from cleaners.extract.page.authors import Field, choose_authors, read_element, read_field, read_names, read_nodes
from cleaners.extract.page.evidence import name_site

SITE = name_site(["The Harbour Post"], ["harbourpost.example"])


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("Mona Lund", ["Mona Lund"]),
        ("Mona Lund, Erik Dahl and Jo Quist", ["Mona Lund", "Erik Dahl", "Jo Quist"]),
        ("By Mona Lund & Erik Dahl", ["Mona Lund", "Erik Dahl"]),
        ("Mona Lund und Jo Quist, dpa", ["Mona Lund", "Jo Quist"]),
        ("Autorin: Mona Lund", ["Mona Lund"]),
        ("Mona Lund, Lindmere", ["Mona Lund"]),
        ("Mona Lund (mlu)", ["Mona Lund"]),
        ("Mona Lund / Journalist", ["Mona Lund"]),
        ("Mona Lund, Senior Reporter", ["Mona Lund"]),
        ("Mona Lund | The Harbour Journal", ["Mona Lund"]),
        ("Mona Lund is a reporter in Lindmere.", ["Mona Lund"]),
        ("mona-lund", ["Mona Lund"]),
        ("Suharti", ["Suharti"]),
        ("Dr. Fouzia van der Fort", ["Dr. Fouzia van der Fort"]),
        ("MONA LUND", ["MONA LUND"]),
        ("María R. Sahuquillo y Ortega", ["María R. Sahuquillo", "Ortega"][:1]),
        ("배윤경", ["배윤경"]),
        ("牛镛、岳弘彬", ["牛镛", "岳弘彬"]),
        *(
            (text, [])
            for text in ("The Harbour Post", "harbourpost.example", "Harbour Post Newsroom", "Web Desk", "105092")
        ),
        *(
            (text, [])
            for text in ("mlund", "@monalund", "https://a.example/mona-lund", "Reuters", "AFP Deutschland", "")
        ),
        *(
            (text, [])
            for text in ("MM-Redaktion", "Harbour Ltd", "Wp-Block-Post-Author", "MixmasterFred", "Harbour Post News")
        ),
    ],
)
def test_people_in_a_field(text: str, people: list[str]) -> None:
    assert list(read_names(text, SITE).people) == people


def test_an_office_is_kept_whole_and_a_code_is_not() -> None:
    assert read_names("The Harbour Post and AFP", SITE).offices == ("The Harbour Post and AFP",)
    assert read_names("mlund7", SITE) == ((), (), False)


def test_a_label_of_a_button_is_no_name() -> None:
    assert read_element("Follow; Mona Lund", SITE).people == ("Mona Lund",)
    assert read_element("Follow", SITE).people == ()


def people_of(author: Any, *others: dict[str, Any]) -> list[str]:
    article = {"@type": "NewsArticle", "author": author}
    return list(read_nodes([article, *others], [article], SITE).people)


@pytest.mark.parametrize(
    "author",
    [
        {"@type": "Person", "name": "Mona Lund, Erik Dahl"},
        {"@type": "Person", "name": ["Mona Lund", "Erik Dahl"]},
        [{"@type": "Person", "name": "Mona Lund"}, [{"@type": "Person", "name": "Erik Dahl"}]],
        ["Mona Lund", "Erik Dahl"],
        [{"@type": ["Person", "Organization"], "name": "Mona Lund"}, {"@id": "#erik"}],
        [{"@type": "Person", "givenName": "Mona", "familyName": "Lund"}, "#erik"],
        [{"@type": "Person", "name": "Mona Lund"}, {"name": "mona-lund"}, {"name": "Erik&#32;Dahl"}],
    ],
)
def test_people_of_structured_data(author: Any) -> None:
    assert people_of(author, {"@id": "#erik", "@type": "Person", "name": "Erik Dahl"}) == ["Mona Lund", "Erik Dahl"]


def test_what_stands_beside_people_as_their_like_stays_and_an_organisation_goes() -> None:
    agency = {"@type": "Person", "name": "AP"}
    assert people_of([{"@type": "Person", "name": "Mona Lund"}, agency]) == ["Mona Lund", "AP"]
    assert people_of([{"@type": "Organization", "name": "Sea Watch"}, {"name": "Mona Lund"}]) == ["Mona Lund"]


def choose(fields: list[Field], body: str = "<h1>Pier</h1>") -> tuple[list[str], str | None, tuple[str, ...], bool]:
    return choose_authors(fields, fromstring(f"<html><body>{body}</body></html>"))


def test_people_of_a_later_source_outrank_an_office_of_an_earlier_one() -> None:
    outlet, person = read_field(["The Harbour Post"], SITE), read_field(["Mona Lund"], SITE)
    assert choose([Field(outlet, "json_ld"), Field(person, "byline")]) == (["Mona Lund"], "byline", (), True)
    assert choose([Field(outlet, "json_ld")]) == (["The Harbour Post"], "json_ld", ("author_is_outlet",), False)
    assert choose([]) == ([], None, (), False)


@pytest.mark.parametrize(
    ("line", "authors"),
    [
        ("<p><strong>Mona Lund</strong></p>", []),
        ("<p>Mona Lund/Erik Dahl</p>", []),
        ("<p>Share this story</p>", ["The Harbour Post"]),
        ("<p>Web Desk</p>", ["The Harbour Post"]),
        ('<p><a href="/more">More News</a></p>', ["The Harbour Post"]),
    ],
)
def test_a_name_alone_above_the_story_speaks_against_the_outlet(line: str, authors: list[str]) -> None:
    body = f"<h1>Pier</h1>{line}<p>{'The board closed the pier. ' * 12}</p><p>Erik Dahl</p>"
    found = choose([Field(read_field(["The Harbour Post"], SITE), "meta")], body)
    assert found[0] == authors
    assert found[2] == (("author_is_outlet",) if authors else ("byline_unread",))


@pytest.mark.parametrize("unit", ["and ", "A B, ", "By ", "(", "a-", "Ann ", "; ", ".", " "])
def test_a_hostile_field_takes_no_longer_than_its_length_allows(unit: str) -> None:
    started = time.process_time()
    read_element(unit * (200_000 // len(unit)), SITE)
    read_names(unit * (200_000 // len(unit)), SITE)
    assert time.process_time() - started < 1
