"""Strings sought by their sequences: none that is there is missed, and most that are not there cost nothing."""

from hypothesis import given
from hypothesis import strategies as st

from cleaners.junk.detectors.captions import _ANCHORS, _LABELS
from cleaners.junk.page.page import Page, narrow_phrases
from cleaners.junk.page.phrases import Phrases, mark_sequences

LETTERS = st.text("ab é/\U0001f600\ud800\n", max_size=40)


@given(st.lists(LETTERS, max_size=4), st.lists(st.text("ab é/\U0001f600\ud800", max_size=5), max_size=8))
def test_no_string_that_is_there_is_missed(texts: list[str], parts: list[str]) -> None:
    phrases = Phrases(parts)
    narrowed = phrases.narrow(mark_sequences(texts))
    assert len(narrowed) == len(texts)
    for text, numbers in zip(texts, narrowed, strict=True):
        assert numbers == sorted(numbers)
        assert {phrases.all[number] for number in numbers} >= {part for part in parts if part in text}


def test_strings_that_are_not_there_are_left_out() -> None:
    texts = ["The ferry leaves the harbour on Monday, and comes back in the evening.", "The choir sang."]
    phrases = Phrases(["newsletter", "harbour", "hide caption", "/"])
    assert phrases.narrow(mark_sequences(texts)) == [[1, 3], [3]]


def test_many_pages_are_narrowed_as_each_by_itself() -> None:
    phrases = Phrases(["newsletter", "harbour"])
    texts = ["Our newsletter", "the harbour", "nothing", ""]
    pages = [Page(text) for text in texts]
    narrow_phrases(pages, [phrases])
    assert [page.narrow(phrases) for page in pages] == [Page(text).narrow(phrases) for text in texts]


@given(st.lists(st.sampled_from([*_ANCHORS, *_LABELS, "İ", "Σ", "ſ", " ", "ẞ", "\n"]), max_size=12))
def test_an_anchor_in_any_case_shows_in_small_letters(parts: list[str]) -> None:
    page = Page("".join(parts))
    for known in (_ANCHORS, _LABELS):
        narrowed = page.narrow(Phrases(part.lower() for part in known))
        assert {known[number] for number in narrowed} >= {part for part in known if part in page.text}
