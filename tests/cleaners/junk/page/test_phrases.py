"""Strings sought by their sequences: none that is there is missed, and most that are not there cost nothing."""

from hypothesis import given
from hypothesis import strategies as st

from cleaners.junk.detectors.captions import _ANCHORS, _LABELS
from cleaners.junk.page.page import Page
from cleaners.junk.page.phrases import Phrases, mark_sequences

LETTERS = st.text("ab é/\U0001f600\ud800\n", max_size=40)


@given(LETTERS, st.lists(st.text("ab é/\U0001f600\ud800", max_size=5), max_size=8))
def test_no_string_that_is_there_is_missed(text: str, phrases: list[str]) -> None:
    narrowed = Phrases(phrases).narrow(mark_sequences(text))
    assert set(narrowed) >= {phrase for phrase in phrases if phrase in text}
    assert [phrase for phrase in phrases if phrase in narrowed] == narrowed or len(set(phrases)) < len(phrases)


def test_strings_that_are_not_there_are_left_out() -> None:
    marks = mark_sequences("The ferry leaves the harbour on Monday, and comes back in the evening.")
    assert Phrases(["newsletter", "harbour", "hide caption", "/"]).narrow(marks) == ["harbour", "/"]


@given(st.lists(st.sampled_from([*_ANCHORS, *_LABELS, "İ", "Σ", "ſ", " ", "ẞ", "\n"]), max_size=12))
def test_an_anchor_in_any_case_shows_in_small_letters(parts: list[str]) -> None:
    page = Page("".join(parts))
    for known in (_ANCHORS, _LABELS):
        narrowed = Phrases(part.lower() for part in known).narrow_places(page.marks)
        assert {known[number] for number in narrowed} >= {part for part in known if part in page.text}
