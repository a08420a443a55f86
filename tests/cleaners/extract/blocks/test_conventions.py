"""Text that convention takes out of the story, and the names that dropped lines give."""

import time
import tomllib
from importlib.resources import files

import pytest

from cleaners.extract import ExtractConfig
from cleaners.extract.blocks.bylines import find_authors
from cleaners.extract.blocks.conventions import load_block_rules
from cleaners.extract.page.page import extract_page
from tests.cleaners.extract.blocks.test_blocks import STORY, page

RULES = tomllib.loads((files("cleaners") / "rules/page_blocks.toml").read_text(encoding="utf-8"))["rule"]
# The model keeps everything: what goes, goes by convention.
CONFIG = ExtractConfig()
OPEN = {"drop_below": 0.0, "rescue_from": 1.0}


def lines_of(html, **settings):
    return extract_page(html, None, None, ExtractConfig(**OPEN, **settings)).text.split("\n")


@pytest.mark.parametrize("row", RULES, ids=lambda row: row["id"])
def test_each_wording_catches_its_example_and_not_its_counterexample(row):
    rule = next(rule for rule in load_block_rules() if rule.rule_id == row["id"])
    assert rule.pattern.match(row["example"])
    assert not rule.pattern.match(row["counter"])
    assert not rule.cues or any(cue in row["example"].casefold() for cue in rule.cues)
    assert all(cue == cue.casefold() for cue in rule.cues)
    assert rule.switch in ExtractConfig.model_fields


@pytest.mark.parametrize("row", RULES, ids=lambda row: row["id"])
def test_wordings_are_dropped_unless_their_switch_keeps_them(row):
    label, colon, rest = row["example"].partition(": ")
    example = f"{label}{colon}<a href='/other'>{rest}</a>" if row.get("linked") else row["example"]
    html = page([*STORY[:5], example, STORY[5]] if row.get("linked") else [*STORY, example])
    assert row["example"] not in lines_of(html)
    assert row["example"] in lines_of(html, **{row["switch"]: True})
    assert row["counter"] in lines_of(page([*STORY[:5], row["counter"], STORY[5]]))


def test_a_note_counts_as_one_only_at_the_edges():
    note = "This story has been updated with the county's answer."
    assert note in lines_of(page([*STORY[:3], note, *STORY[3:]]))


def test_a_note_before_another_one_is_at_the_end_too():
    notes = [
        "Reporting by Ines Aram in Tolne; she has covered the port since the first of its two great fires in the old town.",
        "Nora Quist can be reached at quist@tolne.example. Follow her on the networks under the name of the paper, day and night.",
        "Copyright 2024 Tolne Courier. All rights reserved, in print and on the air, on this and on the other side of the sea.",
    ]
    assert lines_of(page([*STORY, *notes])) == STORY
    assert lines_of(page([*STORY[:3], *notes, *STORY[3:]])) == [*STORY[:3], *notes, *STORY[3:]]


def test_a_first_line_that_its_class_calls_the_deck_goes_unless_all_paragraphs_bear_it():
    deck = "Traffic stood still for half of a morning on both banks."
    html = page([f"</p><p class='article-deck'>{deck}</p><p>", *STORY])
    assert lines_of(html) == STORY
    assert lines_of(page(STORY).replace("<p>", "<p class='article-deck'>")) == STORY


def test_a_byline_above_the_story_goes_and_names_its_author():
    byline = "Von Nora Quist und Per Alm"
    found = extract_page(page([byline, *STORY]), None, None, ExtractConfig(**OPEN))
    assert found.text.split("\n") == STORY
    assert found.metadata.authors == ["Nora Quist", "Per Alm"]


def test_tables_of_data_go_and_tables_of_layout_stay():
    data = "<table><tr><th>Ferry</th><th>Seats</th></tr><tr><td>Old Anna</td><td>220</td></tr></table>"
    html = page([*STORY[:5], f"</p>{data}<p>", STORY[5]])
    assert lines_of(html) == STORY
    assert "Old Anna\t220" in lines_of(html, keep_tables=True)
    layout = f"<table><tr><td>{''.join(f'<p>{paragraph}</p>' for paragraph in STORY)}</td></tr></table>"
    assert " ".join(lines_of(page([f"</p>{layout}<p>"]))) == " ".join(STORY)


@pytest.mark.parametrize("row", RULES, ids=lambda row: row["id"])
def test_hostile_blocks_take_no_time(row):
    rule = next(rule for rule in load_block_rules() if rule.rule_id == row["id"])
    started = time.process_time()
    for text in ("_" * 900, "by " * 300, row["example"][:10] * 90, "(" * 900, "may earn a " * 80, "contributed " * 75):
        rule.pattern.match(text[: rule.characters])
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("line", "authors"),
    [
        ("By Nora Quist and Per Alm", ["Nora Quist", "Per Alm"]),
        ("BY NORA QUIST", ["Nora Quist"]),
        ("By Nora Quist, Staff Writer", ["Nora Quist"]),
        ("Written by: Nora Quist | Tolne Courier", ["Nora Quist"]),
        ("By Nora Quist March 5, 2024", ["Nora Quist"]),
        ("By Nora QuistMar 5, 2024", ["Nora Quist"]),
        ("Von Jan van der Berg", ["Jan van der Berg"]),
        ("By Nora Quist Nora Quist", ["Nora Quist"]),
        ("Nora Quist is a reporter at the Tolne Courier. She covers the port.", ["Nora Quist"]),
        ("Ian McEwing covers courts for the Tolne Courier, where he has worked since 2011.", ["Ian McEwing"]),
        ("By our staff", []),
        ("By the Associated Press", []),
        ("By Tuesday the bridge was open again", []),
        ("Tolne Courier", []),
        ("The bridge is a landmark for writers and painters", []),
        ("By Nora Quist " + "and so on " * 60, []),
    ],
)
def test_the_names_of_bylines_and_bios(line, authors):
    assert find_authors([line]) == authors


def test_a_byline_outranks_a_bio():
    assert find_authors(["Per Alm is an editor at the Courier.", "By Nora Quist"]) == ["Nora Quist"]


def test_a_dropped_bio_names_the_author_of_a_page_that_names_none():
    bio = "Nora Quist is a reporter at the Tolne Courier. Follow her on social media."
    html = page([*STORY, f"</p><div class='about-writer'><p>{bio}</p></div><p>"])
    found = extract_page(html, None, None, CONFIG)
    assert found.text.split("\n") == STORY
    assert found.metadata.authors == ["Nora Quist"]


def test_a_bio_that_markup_calls_the_author_gives_the_name_alone():
    html = page().replace("<header>", "<header><span class='author'>Nora Quist is a reporter at the Courier</span>")
    assert extract_page(html, None, None, CONFIG).metadata.authors == ["Nora Quist"]


def test_a_heading_or_a_link_at_the_end_leads_nowhere():
    after = "</p><h3>More from the harbour</h3><p><a href='/x'>Seven things to know about ferries</a>"
    assert lines_of(page([*STORY, after])) == STORY
    inside = page([*STORY[:3], "</p><h3>What the skipper said</h3><p>", *STORY[3:]])
    assert "What the skipper said" in lines_of(inside)


def test_a_standfirst_in_the_body_goes_and_comes_back_with_its_switch():
    deck = "Thousands must take the ferry after a barge struck a pillar of the bridge"
    html = page(before=f"<h2 class='article-subline'>{deck}</h2>").replace(
        "<meta property='og:type'", f"<meta name='description' content='{deck}'><meta property='og:type'", 1
    )
    assert deck not in lines_of(html)
    assert deck in extract_page(html, None, None, ExtractConfig(keep_standfirst=True)).text


def test_a_writer_whom_the_story_names_is_no_bio():
    last = "Ines Aram is a reporter at the Tolne Courier by training."
    assert last in lines_of(page([*STORY, last]))  # she leads the engineers in the story
    assert "Ida Holm was a columnist of the Courier until 2019." in lines_of(
        page([*STORY, "Ida Holm was a columnist of the Courier until 2019."])
    )
