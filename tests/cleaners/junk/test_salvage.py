"""Stories that no card announces: salvaged with headline and body when they are cut, and never cut up further."""

import pytest

from bench.quality.reconstruct import find_broken
from cleaners.junk import StripConfig, Stripped, find, strip_articles
from cleaners.junk.detectors.cards import read_story
from cleaners.junk.page.page import Card, Passage
from tests.cleaners.junk.conftest import make_frame, make_row

CONFIG = StripConfig()
STORY = (
    "The harbour board approved the new ferry terminal on Tuesday after a debate of four hours.\n"
    "Residents of the island asked for a later boat on Fridays."
)
BODY = (
    "Farmers in the valley began the apple harvest two weeks early because the summer was dry and hot. Growers expect "
    "smaller fruit but a sweeter crop, and cider makers have raised the price they pay. Pickers arrive on Monday."
)
HEADLINE = "Apple harvest begins early in the valley"


def cut_out(junk: str, monkeypatch: pytest.MonkeyPatch, **values: object) -> Stripped:
    text = f"{STORY}\n{junk}"
    values = {"rule_id": "learned-related-article", "category": "related_article", **values}
    passage = Passage(len(STORY) + 1, len(text), confidence=0.9, **values)  # type: ignore[arg-type]
    monkeypatch.setattr(find, "revise", lambda pages, *_: [[passage] if one.page.text == text else [] for one in pages])
    return strip_articles(make_frame([make_row("a", text)]), None, CONFIG)


@pytest.mark.parametrize(
    "junk", [f"{HEADLINE}\n{BODY}", f"Related stories\n\n{HEADLINE}\n\n{BODY}", f"{HEADLINE} The {BODY}"]
)
def test_a_cut_story_becomes_an_article(junk: str, monkeypatch: pytest.MonkeyPatch) -> None:
    result = cut_out(junk, monkeypatch)
    parent, child = result.articles.to_dicts()
    assert parent["text"] == STORY
    assert child["title"] == HEADLINE
    assert child["text"].endswith(BODY)
    assert HEADLINE not in child["text"]
    assert (child["origin"], child["site"], child["published_at"]) == ("embedded", None, None)
    assert result.removed_spans["salvaged_article_id"].to_list() == [child["article_id"]]


def test_a_teaser_a_template_and_other_junk_are_no_article(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cut_out(f"{HEADLINE}\nThe summer was dry.", monkeypatch).articles.height == 1
    assert cut_out(BODY, monkeypatch, rule_id="template-related-article").articles.height == 1
    assert cut_out(BODY, monkeypatch, category="signup_banner").articles.height == 1


def test_an_embedded_article_that_is_all_foreign_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer that calls every text another article: the child is rejected, not salvaged again for ever."""
    monkeypatch.setattr(
        find,
        "revise",
        lambda pages, *_: [
            [Passage(0, len(one.page.text), "learned-related-article", "related_article", 0.9, is_certain=True)]
            for one in pages
        ],
    )
    result = strip_articles(make_frame([make_row("a", f"{HEADLINE}\n{BODY}")]), None, CONFIG)
    assert result.articles.is_empty()
    assert result.rejects["reason"].to_list() == ["nothing_left", "nothing_left"]


def test_a_card_in_two_parts_is_salvaged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"{STORY}\n{BODY}\nThe ferry sails at noon.\n{BODY}"
    start, second = text.index(BODY), text.rindex(BODY)
    card = Card((start, start + len(BODY)), HEADLINE, "Valley News", None)
    parts = [
        Passage(first, last, "card-publisher", "related_article", 0.9, card=card)
        for first, last in ((start, start + len(BODY)), (second, len(text)))
    ]
    monkeypatch.setattr(find, "revise", lambda pages, *_: [parts if one.page.text == text else [] for one in pages])
    documents = make_frame([make_row("a", text)])
    result = strip_articles(documents, None, CONFIG)
    assert result.articles["text"].to_list() == [f"{STORY}\nThe ferry sails at noon.", BODY]
    assert find_broken(documents, result) == []


def test_a_story_without_a_headline_has_no_title() -> None:
    passage = Passage(0, len(BODY), "owned-passage", "related_article", 0.85)
    card = read_story(BODY, passage)
    assert card is not None
    assert (card.title, card.body) == (None, (0, len(BODY)))


def test_the_check_of_reconstruction_finds_what_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    result = cut_out(f"{HEADLINE}\n{BODY}", monkeypatch)
    documents = make_frame([make_row("a", f"{STORY}\n{HEADLINE}\n{BODY}")])
    assert find_broken(documents, result) == []
    spans = result.removed_spans.with_columns(text=result.removed_spans["text"].str.replace("Apple", "Maple"))
    assert find_broken(documents, result._replace(removed_spans=spans))
    assert find_broken(documents, result._replace(articles=result.articles.head(0)))


@pytest.mark.parametrize(
    "body",
    [
        '"We have waited long enough for this quay," the mayor said. "Nobody has shown us a contract, and we read about the plan '
        'in the paper like everybody else. It will be built all the same, whatever the court may say in spring."',
        "Support our journalism. Every day we aim to answer your questions and to provide you with news. Your donation helps us; "
        "please make a contribution today, and our newsroom will go on with its work for you.",
        "Ana Lund is a reporter who writes about ports. She was born in Lisbon and has lived in four countries since. Her book on "
        "lighthouses, which took ten years to write, came out last spring.",
    ],
)
def test_quotations_appeals_and_biographies_are_cut_but_not_salvaged(
    body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = cut_out(body, monkeypatch)
    assert result.articles["text"].to_list() == [STORY]
