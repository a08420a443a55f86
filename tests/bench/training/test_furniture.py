"""Pages with furniture: exact spans, whole stories, the page's language, one form a page, and wordings that are whole."""

import re

import pytest

from bench.training.furniture import CLEAN_FORMS, FORMS, WORDINGS, generate
from bench.training.pages import choose
from tests.bench.training.test_cards import make_rows, solid

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl")


def make_pages(count: int = 900) -> list[dict[str, object]]:
    rows = make_rows(count=35)
    return generate([{**row, "language": LANGUAGES[number % 7]} for number, row in enumerate(rows)], 4, count)


@pytest.fixture(scope="module")
def pages() -> list[dict[str, object]]:
    return make_pages()


def test_spans_are_exact_and_sorted_and_the_rest_is_the_story(pages: list[dict]) -> None:
    for page in pages:
        text, position, kept = page["contaminated_text"], 0, ""
        for span in page["spans"]:
            assert position <= span["start"] < span["end"]
            assert text[span["start"] : span["end"]] == span["text"] == span["text"].strip()
            assert span["kind"] == FORMS[span["form"]].kind
            kept += text[position : span["start"]]
            position = span["end"]
        assert solid(kept + text[position:]) == solid(page["gold_text"])


def test_pages_depend_on_the_seed_alone(pages: list[dict]) -> None:
    assert make_pages() == pages


def test_a_page_is_of_one_form_or_mixed(pages: list[dict]) -> None:
    assert {page["form"] for page in pages} <= {*FORMS, "mixed", *(f"clean/{form}" for form in CLEAN_FORMS)}
    for page in pages:
        forms = {span["form"] for span in page["spans"]}
        assert page["form"].startswith("clean/") == (not forms)
        assert page["form"] in ("mixed", "clean/plain", "clean/lookalike") or forms == {page["form"]}
    assert {span["form"] for page in pages for span in page["spans"]} == set(FORMS)
    assert {page["language"] for page in pages} == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_form_and_closed_brackets(language: str) -> None:
    assert set(WORDINGS[language]) == set(FORMS)
    for wordings in WORDINGS[language].values():
        for wording in wordings:
            assert wording.count("[") == wording.count("]")
            assert wording.count("<") == len(re.findall(r"<\w+>", wording))


def test_every_slot_is_filled(pages: list[dict]) -> None:
    for page in pages:
        for span in page["spans"]:
            assert not re.search(r"<\w+>|\[|\]", span["text"])


def test_choices_are_made_from_the_inside() -> None:
    class First:
        @staticmethod
        def choice(found: list[str]) -> str:
            return found[0]

    assert choose(First(), "[Read [also|more]|See]: x\n[|y]\nz") == "Read also: x\nz"  # type: ignore[arg-type]


def test_stories_in_other_languages_are_left_out() -> None:
    assert generate([{**row, "language": "fi"} for row in make_rows()], 1) == []
