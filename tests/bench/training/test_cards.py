"""Pages with cards: exact spans, whole stories, one form a page, cards of other sites, pages without junk."""

import re
from itertools import pairwise

import pytest

from bench.training.cards import CLEAN_FORMS, FORMS, WORDS, generate

TOPICS = ("ferry", "budget", "orchard", "tunnel", "bakery", "glacier", "museum", "harvest", "stadium", "library")


def make_rows(layout: str = "lines", gap: str = "\n", count: int = 30) -> list[dict[str, object]]:
    rows = []
    for number in range(count):
        topic = f"{TOPICS[number % len(TOPICS)]} {number}"
        parts = [
            f"The {topic} made news for the {day}th time this month. Those who came by on day {day} had seen nothing like the {topic}. "
            f"“It was a long day for the {topic},” said one of them, who stayed until {day} at night."
            for day in range(1, 9)
        ]
        story, banner = gap.join(parts), f"Sign up for letter {number}"
        rows.append(
            {"id": f"d{number}", "source": "gull", "layout": layout, "title": f"How the {topic} was saved"}
            | {"origin": f"o{number}", "origin_url": f"https://www.site{number % 11}.com/story-{number}"}
            | {"hard_negative": None, "gold_text": story, "contaminated_text": banner + gap + story}
            | {
                "spans": [
                    {"start": 0, "end": len(banner), "text": banner, "kind": "signup_banner", "placement": "start"}
                ]
            }
        )
    return rows


def solid(text: str) -> str:
    return "".join(text.split())


@pytest.fixture(scope="module")
def pages() -> list[dict[str, object]]:
    return generate(make_rows(), 3, 1500)


def test_spans_are_exact_and_sorted_and_the_rest_is_the_story(pages: list[dict]) -> None:
    for page in pages:
        text, position, kept = page["contaminated_text"], 0, ""
        for span in page["spans"]:
            assert position <= span["start"] < span["end"]
            assert text[span["start"] : span["end"]] == span["text"] == span["text"].strip()
            kept += text[position : span["start"]]
            position = span["end"]
        assert solid(kept + text[position:]) == solid(page["gold_text"])
        assert "Sign up for letter" not in text


def test_pages_depend_on_the_seed_alone() -> None:
    rows = make_rows()
    assert generate(rows, 5, 80) == generate(rows, 5, 80)
    texts = {page["contaminated_text"] for page in generate(rows, 5, 80)}
    assert sum(page["contaminated_text"] in texts for page in generate(rows, 6, 80)) < 40


def test_every_form_comes_and_a_site_keeps_to_one(pages: list[dict]) -> None:
    forms = {page["form"] for page in pages}
    assert forms == {"/".join(form) for form in FORMS} | {f"clean/{form}" for form in CLEAN_FORMS}
    by_site: dict[str, set[str]] = {}
    for page in pages:
        if page["spans"]:
            by_site.setdefault(page["source"], set()).add((page["form"], page["layout"]))
    assert all(len(found) == 1 for found in by_site.values())


def test_a_page_without_spans_says_so_in_its_form(pages: list[dict]) -> None:
    for page in pages:
        assert page["form"].startswith("clean/") == (not page["spans"])
    assert 0.3 < sum(not page["spans"] for page in pages) / len(pages) < 0.5


def test_cards_are_of_other_sites_with_owners_and_without(pages: list[dict]) -> None:
    cards = [(page, span) for page in pages for span in page["spans"] if span["kind"] == "related_article"]
    for page, span in cards:
        assert not page["origin_url"].startswith(f"https://www.{span['from_site']}/")
    urls = {page["origin_url"] for page in pages}
    assert {span["in_corpus"] for _, span in cards} == {True, False}
    assert all((span["from_url"] in urls) == span["in_corpus"] for _, span in cards)


def test_kinds_placements_layouts_and_sizes(pages: list[dict]) -> None:
    spans = [span for page in pages for span in page["spans"]]
    assert {span["kind"] for span in spans} == {"related_article", "top_stories_widget", "read_more_link"}
    assert {span["placement"] for span in spans} == {"start", "middle", "inline", "end"}
    assert {page["layout"] for page in pages} == {"lines", "paragraphs", "one_line"}
    assert all("\n" not in page["contaminated_text"] for page in pages if page["layout"] == "one_line")
    sizes = [len(span["text"]) for span in spans if span["kind"] == "related_article"]
    assert min(sizes) >= 80
    assert max(sizes) > 1000


def test_texts_of_ownerless_cards_stand_on_one_page_alone(pages: list[dict]) -> None:
    once = [span for page in pages for span in page["spans"] if span.get("is_once")]
    assert once
    assert not any(span["in_corpus"] for span in once)
    for span in once:
        sentences = re.findall(r"Those who came by on day \d had seen nothing like the \w+ \d+", span["text"])
        assert all(sum(one + "." in page["contaminated_text"] for page in pages) == 1 for one in sentences)


def test_other_languages_have_words_of_their_own() -> None:
    rows = [{**row, "language": ("de", "fr", "fi")[number % 3]} for number, row in enumerate(make_rows())]
    pages = generate(rows, 2, 300)
    assert {page["language"] for page in pages} == {"de", "fr"}
    texts = {
        name: "\n".join(page["contaminated_text"] for page in pages if page["language"] == name)
        for name in ("de", "fr")
    }
    assert "Mehr" in texts["de"]
    assert "Lire" in texts["fr"]
    assert "Read" not in texts["de"]
    assert {frozenset(words) for words in WORDS.values()} == {frozenset(WORDS["en"])}


def test_cards_side_by_side_have_white_space_alone_between_them(pages: list[dict]) -> None:
    gaps = [
        page["contaminated_text"][one["end"] : other["start"]]
        for page in pages
        for one, other in pairwise(page["spans"])
    ]
    assert sum(not gap.strip() for gap in gaps) > len(gaps) / 2


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_rows_give_what_they_can(count: int) -> None:
    pages = generate(make_rows(count=count), 1)
    assert len(pages) == 2 * count


def test_a_text_in_one_line_gets_paragraphs() -> None:
    pages = generate(make_rows("one_line", " "), 2)
    assert any(page["gold_text"].count("\n") > 3 for page in pages)
