"""Section pages are refused with their reason; live blogs and stories with a box of links are not."""

import pytest

from cleaners.errors import Rejected
from cleaners.extract import ExtractConfig
from cleaners.extract.page.page import Page, extract_page
from cleaners.health import DOUBTFUL_BELOW
from tests.cleaners.extract.blocks.test_blocks import STORY

NAMES = ("kiln", "yard", "gate", "crane", "shed", "mill")


def cards(*, linked: bool) -> str:
    heads = [f"<a href='/{name}'>The {name} is sold</a>" if linked else f"The {name} is sold" for name in NAMES]
    return "".join(
        f"<div class='card'><h2>{head}</h2><p>The {name} of the works went to a family from the valley. It will be a museum.</p></div>"
        for head, name in zip(heads, NAMES, strict=True)
    )


def extract(body: str, kind: str = "website") -> Page:
    head = f"<title>Valley</title><meta property='og:type' content='{kind}'>"
    return extract_page(
        f"<html><head>{head}</head><body><main><h1>Valley</h1>{body}</main></body></html>", None, None, ExtractConfig()
    )


def test_a_page_of_teasers_is_refused() -> None:
    with pytest.raises(Rejected) as refused:
        extract(cards(linked=True))
    assert "section page" in refused.value.detail


def test_entries_without_links_are_a_story_and_so_is_what_calls_itself_one() -> None:
    assert "The mill of the works" in extract(cards(linked=False)).text
    stated = extract(cards(linked=True), "article")
    assert "The mill of the works" in stated.text
    assert stated.confidence < DOUBTFUL_BELOW


def test_a_story_above_teasers_stays() -> None:
    story = "".join(f"<p>{paragraph}</p>" for paragraph in STORY)
    assert STORY[2] in extract(f"<div class='story'>{story}</div>{cards(linked=True)}").text
