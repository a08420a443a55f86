"""Cards, widgets, bylines and the one decision, on small pages."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners.junk import StripConfig
from cleaners.junk.decide import decide
from cleaners.junk.detectors import widgets
from cleaners.junk.detectors.cards import find_cards
from cleaners.junk.detectors.credits import find_agency, find_bylines
from cleaners.junk.detectors.headlines import find_headline_end
from cleaners.junk.detectors.owners import Shared, find_owned
from cleaners.junk.detectors.widgets import find_widgets
from cleaners.junk.evidence.keys import own_tokens
from cleaners.junk.page.page import Page, Passage
from cleaners.junk.page.tokens import tokenize

CONFIG = StripConfig()
PARAGRAPH = "The harbour board approved the new ferry terminal on Tuesday after a debate of four hours."


def cut(text: str, passages: list[Passage]) -> list[str]:
    return [text[passage.start : passage.end] for passage in passages]


def test_a_list_of_headlines_ends_where_the_story_goes_on() -> None:
    widget = "Most read\nFerry sinks off the cape\nMayor resigns over quay\nSchool opens after flood"
    text = f"{PARAGRAPH}\n{widget}\n{PARAGRAPH}"
    assert cut(text, list(find_widgets(Page(text)))) == [widget]


def test_a_list_of_headlines_ends_before_the_page_s_own() -> None:
    widget = "Top stories\nFerry sinks off the cape\nMayor resigns over quay"
    text = f"{widget}\nTerminal approved at last\n{PARAGRAPH}"
    assert cut(text, list(find_widgets(Page(text, title="Terminal approved at last")))) == [widget]


def test_a_glued_list_ends_at_the_opening_quotation_mark() -> None:
    widget = "Top stories Swipe. Select. Stay informed. Asia Ferry sinks off the cape Business Mayor resigns over quay"
    text = f'{PARAGRAPH} {widget} "We are ready," she said.'
    assert cut(text, list(find_widgets(Page(text)))) == [widget + " "]


@pytest.mark.parametrize(
    "text",
    [
        "Trending topics change by the hour, the study says.",
        f"Most read\n{PARAGRAPH}\n{PARAGRAPH}",
        "The most popular Asia routes and Business seats sold out.",
    ],
)
def test_prose_about_popularity_is_no_list(text: str) -> None:
    assert not list(find_widgets(Page(text)))


def test_teasers_go_but_a_live_blog_stays() -> None:
    teaser = "Storm closes the mountain pass\nDrivers slept in their cars until dawn.\n15 hours ago"
    text = f"{PARAGRAPH}\n{teaser}\n{PARAGRAPH}"
    assert cut(text, list(find_cards(Page(text)))) == [teaser]
    live = f"{PARAGRAPH}\n5 minutes ago\nFirst boats leave\nThe island is cut off.\n12 minutes ago\nWind rises\nIt is cold."
    assert not list(find_cards(Page(live)))


@pytest.mark.parametrize(
    "text",
    [
        "The ship left three days ago - Valley News has learned - and is late.",
        "He moved here 3 years ago - and never left.",
        "Valley News\n3 hours ago\n- Coast Post\nStorm closes the pass",
    ],
)
def test_an_age_without_the_publisher_on_both_sides_is_no_card(text: str) -> None:
    assert not list(find_cards(Page(text)))


@pytest.mark.parametrize(
    ("line", "rule"), [("Ft", "byline-outlet"), ("Reuters", "byline-outlet"), ("By Ana Lund", "byline-author")]
)
def test_bylines_stand_between_title_and_text(line: str, rule: str) -> None:
    text = f"Board approves terminal\n\n{line}\n\n{PARAGRAPH}\n{PARAGRAPH}"
    assert [(text[p.start : p.end], p.rule_id) for p in find_bylines(Page(text))] == [(line, rule)]
    late = f"{PARAGRAPH}\n{PARAGRAPH}\n{PARAGRAPH}\n{line}\n{PARAGRAPH}"
    assert not list(find_bylines(Page(late)))


@pytest.mark.parametrize("line", ["Harbour", "Analysis", "May", "By noon they were gone"])
def test_other_short_lines_are_no_byline(line: str) -> None:
    assert not list(find_bylines(Page(f"Board approves terminal\n\n{line}\n\n{PARAGRAPH}")))


@pytest.mark.parametrize(
    ("text", "agency"),
    [
        (f"{PARAGRAPH} REUTERS", "REUTERS"),
        (f"{PARAGRAPH}\nAFP", "AFP"),
        (f"{PARAGRAPH} NATO", None),
        ("He works for REUTERS", None),
        (f"{PARAGRAPH} Reuters", None),
    ],
)
def test_only_an_agency_in_capitals_behind_the_last_sentence_is_a_credit(text: str, agency: str | None) -> None:
    found = find_agency(text, len(text))
    assert (found.kept_as if found else None) == agency


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        (
            "Storm closes the mountain pass overnight The snow fell until dawn.",
            "Storm closes the mountain pass overnight ",
        ),
        ("Storm closes the mountain pass WASHINGTON - Snow fell.", "Storm closes the mountain pass "),
        ("Storm closes the mountain pass “We slept here,” he said.", "Storm closes the mountain pass "),
        ("Storm closes the road to The Hague again", None),
    ],
)
def test_the_end_of_a_glued_headline(text: str, headline: str | None) -> None:
    end = find_headline_end(text, 0, len(text))
    assert (None if end is None else text[:end]) == headline


def _passage(start: int, end: int, **values: object) -> Passage:
    return replace(Passage(start, end, "r", "ad_marker", 0.9), **values)  # type: ignore[arg-type]


def test_decision_drops_the_doubtful_and_trims() -> None:
    page = Page("aa\nbb\ncc\ndd")
    assert decide(page, [_passage(0, 3), _passage(6, 8, confidence=0.1)], CONFIG).removed == [_passage(0, 2)]


def test_decision_spares_a_page_that_repetition_would_empty() -> None:
    page = Page("word\n" * 40)
    uncertain = _passage(0, 190, is_certain=False)
    assert decide(page, [uncertain], CONFIG).removed == []
    assert decide(page, [replace(uncertain, end=40)], CONFIG).removed == [replace(uncertain, end=39)]
    assert decide(page, [replace(uncertain, is_certain=True)], CONFIG).removed != []


def test_attached_passages_need_a_neighbour_of_their_category() -> None:
    page = Page("aa\nbb\ncc\ndd")
    button = _passage(3, 5, is_attached=True)
    assert decide(page, [button], CONFIG).removed == []
    assert decide(page, [button, _passage(0, 2, category="share_ui")], CONFIG).removed == [
        _passage(0, 2, category="share_ui"),
    ]
    assert decide(page, [button, _passage(0, 2)], CONFIG).removed[0].end == 5


def test_overlapping_passages_are_parted_and_neighbours_joined() -> None:
    page = Page("aa\nbb\ncc\ndd")
    other = _passage(3, 8, category="share_ui")
    found = decide(page, [_passage(0, 5), replace(other, end=11)], CONFIG).removed
    assert [(p.start, p.end, p.category) for p in found] == [(0, 2, "ad_marker"), (3, 11, "share_ui")]
    assert len(decide(page, [_passage(0, 2), _passage(3, 5)], CONFIG).removed) == 1


def test_a_long_title_that_others_share_proposes_nothing_of_the_text() -> None:
    """Found by fuzzing: a page whose title held the story many times over."""
    title = " ".join(f"word{number}" for number in range(600))
    page = Page("The council met on Monday and agreed to repair the bridge before the winter.", title, None)
    tokens = tokenize(page.text)
    owned = own_tokens(tokens, tokenize(title).hashes)
    numbers = (0, 300, 359, 0, 59, 60, 300)  # 60 n-grams of the title, which another document begins with
    shared = Shared(*(np.array([number]) for number in numbers), np.array([True]), np.array([False]))
    assert list(find_owned(page, tokens, owned, shared, StripConfig())) == []


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "Most read",
                "Top stories",
                "more in Sport",
                "World",
                "Business ",
                "Ferry sinks",
                ". ",
                "” ",
                "\n",
                " ",
                "!",
            ]
        ),
        max_size=14,
    )
)
def test_a_pattern_of_beginnings_is_tried_at_every_one(parts: list[str]) -> None:
    page = Page("".join(parts))
    pattern = widgets._inline_pattern()
    found = [match.span() for match in page.match_openings(pattern)]
    assert found == [match.span() for match in pattern.finditer(page.text)]
