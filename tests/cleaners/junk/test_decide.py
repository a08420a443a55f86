"""Passages that the last step of the decision spares, on real stories."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from cleaners import clean
from cleaners.junk.decide import holds_body
from cleaners.junk.page.page import Card, Passage
from tests.conftest import SEEDS

STORIES = [path.read_text(encoding="utf-8") for path in sorted(SEEDS.iterdir()) if not path.name.startswith("002")]
PHRASES = [
    "The company did not immediately respond to a request for comment.",
    "He spoke on condition of anonymity because he was not authorised to discuss the matter publicly.",
    "The ministry did not respond to a request for comment outside normal business hours.",
]


def paper_of(phrase: str) -> pl.DataFrame:
    """Eight stories of one site, each of some paragraphs of a seed, with the phrase among them."""
    texts = []
    for story in STORIES:
        paragraphs = [line for line in story.splitlines() if len(line.split()) > 20]
        for part in range(2):
            chosen = paragraphs[part::2]
            texts.append("\n".join([*chosen[:-1], phrase, chosen[-1]]))
    return pl.DataFrame({"text": texts, "site": ["a.example"] * len(texts)})


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_reporters_phrase_stays_in_every_story_that_has_it(phrase: str) -> None:
    cleaned = clean(paper_of(phrase))
    assert cleaned.articles.height == 2 * len(STORIES)
    assert cleaned.articles["text"].str.contains(phrase, literal=True).all()


def test_a_banner_that_repeats_as_often_goes() -> None:
    banner = "Sign up for our morning newsletter to get the stories that matter."
    cleaned = clean(paper_of(banner))
    assert not cleaned.articles["text"].str.contains(banner, literal=True).any()


def test_a_card_keeps_its_body_whatever_blanks_are_trimmed_from_its_passage() -> None:
    text = "Story. Card one - A body of words.  Card two - Another body."
    body = (text.index("A body"), text.index("Card two"))
    card = Card(body, "Card one", None, None)
    passage = Passage(
        text.index("Card one"), text.index("words.") + len("words."), "card-publisher", "related_article", 0.9
    )
    assert holds_body(text, passage, card)
    assert not holds_body(text, replace(passage, end=passage.end - 1), card)
    assert not holds_body(text, replace(passage, start=body[0] + 1), card)
