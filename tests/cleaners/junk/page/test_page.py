"""Pages cut into lines and sentences."""

from hypothesis import given
from hypothesis import strategies as st

from cleaners.junk.page.page import Page, split_sentences

PARTS = [
    "The ferry left",
    "Mr",
    "said Ana",
    ".",
    "!",
    "...",
    '."',
    ". ",
    " ",
    "\n",
    "\n\n",
    "\r\n",
    "Then",
    "then",
    "5",
]


@given(st.lists(st.sampled_from(PARTS), max_size=14))
def test_sentences_are_those_of_each_line_by_itself(parts: list[str]) -> None:
    page = Page("".join(parts))
    assert page.sentences == [one for start, end in page.lines for one in split_sentences(page.text, start, end)]


def test_a_stop_that_closes_a_line_and_an_abbreviation_part_nothing() -> None:
    page = Page("Mr. Lund left. He came back.\n\nThe ferry waited.\nNobody said a word")
    assert [page.text[start:end] for start, end in page.sentences] == [
        "Mr. Lund left.",
        "He came back.",
        "The ferry waited.",
        "Nobody said a word",
    ]
