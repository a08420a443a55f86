"""Cutting and restoring, on any text and any spans."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.junk.page.splice import fit_white_space, restore, splice

TEXTS = st.text(alphabet=st.sampled_from("ab .\n\t\u00a0é😀中"), max_size=60)


@st.composite
def text_and_spans(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]]]:
    text = draw(TEXTS)
    cuts = sorted(set(draw(st.lists(st.integers(0, len(text)), max_size=8))))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    return text, [(start, end) for start, end in pairs if text[start:end].strip()]


@given(text_and_spans())
def test_restoring_gives_the_text_again(case: tuple[str, list[tuple[int, int]]]) -> None:
    text, spans = case
    for chosen in (spans, fit_white_space(text, spans)):
        removed = [(start, text[start:end]) for start, end in chosen]
        assert restore(splice(text, chosen), removed) == text


@given(text_and_spans())
def test_white_space_goes_with_the_cut_and_words_stay(case: tuple[str, list[tuple[int, int]]]) -> None:
    text, spans = case
    fitted = fit_white_space(text, spans)
    assert len(fitted) == len(spans)
    assert all(start < end for start, end in fitted)
    assert all(left[1] <= right[0] for left, right in pairwise(fitted))
    solid = {place for start, end in spans for place in range(start, end) if not text[place].isspace()}
    assert solid == {place for start, end in fitted for place in range(start, end) if not text[place].isspace()}
    left = splice(text, fitted)
    if fitted and fitted[-1][1] == len(text):
        assert left == left.rstrip()
    if fitted and fitted[0][0] == 0:
        assert left == left.lstrip()


@pytest.mark.parametrize(
    ("text", "junk", "left"),
    [
        ("One.\nAD\nTwo.", "AD", "One.\nTwo."),
        ("One.\n\nAD\n\nTwo.", "AD", "One.\n\nTwo."),
        ("One.\nAD\n\nTwo.", "AD", "One.\n\nTwo."),
        ("One.\n\nAD\nTwo.", "AD", "One.\n\nTwo."),
        ("One. AD Two.", "AD", "One. Two."),
        ("One.\nTwo.\n\nAD\n", "AD", "One.\nTwo."),
        ("AD\n\nOne.", "AD", "One."),
        ("One.\nAD Two.", "AD", "One.\nTwo."),
        ("One. AD\nTwo.", "AD", "One.\nTwo."),
    ],
)
def test_no_doubled_blanks(text: str, junk: str, left: str) -> None:
    start = text.index(junk)
    assert splice(text, fit_white_space(text, [(start, start + len(junk))])) == left


def test_overlapping_spans_are_refused() -> None:
    with pytest.raises(ValueError, match="overlaps"):
        splice("abcdef", [(0, 3), (2, 4)])


def test_a_span_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="starts at 9"):
        restore("abc", [(9, "x")])
