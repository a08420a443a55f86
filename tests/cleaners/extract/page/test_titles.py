"""A title is the headline: without the names of site, section, writer and day, and with all of its own."""

from __future__ import annotations

import time

import pytest

from cleaners.extract.page.evidence import Value, name_site
from cleaners.extract.page.titles import choose_title

HEADLINE = "Harbour board closes the old pier"
SITE = name_site(["The Harbour Post"], ["harbourpost.example"])


def choose(title: str, *bounds: Value) -> str | None:
    return choose_title([Value(title, "opengraph")], bounds, SITE).value


@pytest.mark.parametrize(
    "added",
    [
        *(
            " - The Harbour Post",
            " | harbourpost.example",
            " – Harbour Post",
            " — Harbour Post Online",
            " - Harbourpost.example",
        ),
        *(" – HP – 14.05.2025", " * The Post * by Mona Lund", " | Business | HP", "：Harbour", " -- Region"),
    ],
)
def test_what_a_site_adds_is_cut_where_a_heading_bounds_the_headline(added: str) -> None:
    assert choose(HEADLINE + added, Value(HEADLINE, "heading")) == HEADLINE
    assert choose(HEADLINE + added, Value(HEADLINE.upper(), "json_ld")) == HEADLINE


@pytest.mark.parametrize(
    "added", [" - The Harbour Post", " | harbourpost.example", " – Harbour Post – 14.05.2025", " | by Mona Lund"]
)
def test_the_site_its_day_and_its_writer_are_cut_without_a_heading_too(added: str) -> None:
    assert choose(HEADLINE + added) == HEADLINE


@pytest.mark.parametrize("added", [" | Harbourpost Blog", " | Our Harbourpost.example Desk", " | Harbour Po"])
def test_a_name_that_holds_the_site_is_cut_behind_a_stroke_alone(added: str) -> None:
    assert choose(HEADLINE + added) == HEADLINE
    assert choose(HEADLINE + added.replace("|", "-").replace(".example", "")) != HEADLINE
    assert choose("Opinion | The Harbourpost view on old piers") == "Opinion | The Harbourpost view on old piers"


def test_a_kicker_is_cut_where_the_heading_lacks_it() -> None:
    assert choose(f"Ferries | {HEADLINE}", Value(HEADLINE, "heading")) == HEADLINE
    assert choose(f"Ferries | {HEADLINE}", Value(HEADLINE, "json_ld")) == f"Ferries | {HEADLINE}"
    assert choose(f"Harbour Post | {HEADLINE}") == HEADLINE


@pytest.mark.parametrize(
    ("title", "heading"),
    [
        ("Travel - around the harbour", "Travel"),
        ("The pier: a history - and what comes now", "The pier: a history of Lindmere"),
        ("Harbour board closes the old pier for two years", HEADLINE),
        ("Closed - reopened - closed again", "News"),
        ("Ferries | Boats", ""),
    ],
)
def test_a_headline_keeps_what_is_its_own(title: str, heading: str) -> None:
    assert choose(title, Value(heading, "heading")) == title


def test_marks_around_the_headline_stay() -> None:
    assert (
        choose("„Unsere Fähre bleibt!“ - Die Post des Nordens", Value("„Unsere Fähre bleibt!“", "heading"))
        == "„Unsere Fähre bleibt!“"
    )
    assert choose("Is it closed? (video) | HP", Value("Is it closed? (video)", "heading")) == "Is it closed? (video)"


def test_a_script_without_blanks_is_bounded_too() -> None:
    assert (
        choose("旧港の桟橋、二年間閉鎖　市が発表：港新聞", Value("旧港の桟橋、二年間閉鎖 市が発表", "heading"))
        == "旧港の桟橋、二年間閉鎖 市が発表"
    )


def test_an_attribute_cut_at_a_quotation_mark_gives_way_to_the_heading() -> None:
    title = choose_title([Value("Board calls pier", "opengraph")], [Value('Board calls pier "lost"', "heading")], SITE)
    assert (title.value, title.source) == ('Board calls pier "lost"', "heading")


@pytest.mark.parametrize("ellipsis", ["…", "...", " …"])
def test_a_title_cut_at_an_ellipsis_gives_way_to_the_headline_that_goes_on(ellipsis: str) -> None:
    stated = [Value(HEADLINE[:20] + ellipsis, "opengraph")]
    assert choose_title(stated, [Value(HEADLINE, "json_ld")], SITE)[:2] == (HEADLINE, "json_ld")
    assert choose_title(stated, [Value("Another one", "json_ld")], SITE).value == HEADLINE[:20] + ellipsis


def test_a_title_that_is_the_site_alone_gives_way() -> None:
    stated = [Value("The Harbour Post", "opengraph"), Value(HEADLINE, "json_ld")]
    assert choose_title(stated, [], SITE)[:2] == (HEADLINE, "json_ld")
    assert choose_title(stated[:1], [], SITE).value == "The Harbour Post"
    assert choose_title([], [], SITE)[:2] == (None, None)


def test_other_headlines_are_a_doubt_and_the_day_is_kept() -> None:
    stated = [Value(f"{HEADLINE} – HP – 14.05.2025", "opengraph")]
    same = choose_title(stated, [Value(HEADLINE, "heading")], SITE)
    assert (same.differs, same.added_date) == (False, "14.05.2025")
    assert choose_title(stated, [Value("No more ferries", "heading")], SITE).differs


@pytest.mark.parametrize("unit", ["| ", "- ", "a | ", "a", "· ", "«", " ", "：", "a - "])
def test_a_hostile_title_takes_no_longer_than_its_length_allows(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    started = time.process_time()
    choose(text, *[Value(text, "heading")] * 10, Value("a a", "json_ld"))
    assert time.process_time() - started < 1
