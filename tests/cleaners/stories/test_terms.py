from __future__ import annotations

import numpy as np
import pytest

from cleaners.stories import StoriesConfig, read_terms
from cleaners.stories.terms import BODY_SHIFT, LEAD_SHIFT, N_SLOTS, TITLE_SHIFT, WORD_SLOTS, slots_of, stem

CONFIG = StoriesConfig()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("ministers", "minister"), ("minister's", "minister"), ("parties", "party"), ("voted", "vot"), ("voting", "vot"), ("vote", "vot"),
        ("boss", "boss"), ("virus", "virus"), ("king", "king"), ("red", "red"), ("6.5", "6.5"), ("2,000,", "2,000"),
    ],
)  # fmt: skip
def test_the_commonest_endings_are_cut(word: str, expected: str) -> None:
    assert stem(word) == expected


def test_terms_say_where_they_stand() -> None:
    terms = read_terms("Ferry aground", "The ferry ran aground. " + "Nothing else happened that day. " * 40, CONFIG)
    slots = slots_of(terms)
    assert (np.diff(slots) > 0).all()
    (ferry,) = np.intersect1d(slots, slots_of(read_terms("ferry", "ferry", CONFIG))[:1])
    term = int(terms[slots == ferry][0])
    assert (term >> BODY_SHIFT & 63, term >> LEAD_SHIFT & 15, term >> TITLE_SHIFT) == (2, 2, 1)
    happened = [term for term in terms.tolist() if term % N_SLOTS < WORD_SLOTS and term >> BODY_SHIFT & 63 == 40]
    assert happened, "a word of the body alone"
    assert all(term >> TITLE_SHIFT == 0 for term in happened)


def test_word_pairs_stand_behind_words() -> None:
    slots = slots_of(read_terms("White House", "Budget talks failed.", CONFIG))
    assert np.count_nonzero(slots < WORD_SLOTS) == 5
    assert np.count_nonzero(slots >= WORD_SLOTS) == 3  # no pair of title and text


def test_a_title_that_the_text_repeats_counts_once() -> None:
    text = "The ferry ran aground off the island on Tuesday."
    assert np.array_equal(
        read_terms("Ferry aground", f"Ferry aground\n{text}", CONFIG), read_terms("Ferry aground", text, CONFIG)
    )


def test_without_a_title_the_first_words_stand_in() -> None:
    terms = read_terms(None, "The ferry ran aground. " + "It had left the town at dawn. " * 9, CONFIG)
    assert np.count_nonzero(terms >> np.uint32(TITLE_SHIFT)) > 5


@pytest.mark.parametrize("text", ["", "!!! ... ---", "\n\n"])
def test_a_text_without_words_has_no_terms(text: str) -> None:
    assert len(read_terms(None, text, CONFIG)) == 0


@pytest.mark.parametrize("text", ["a" * 2_000_000, "1," * 1_000_000, "a'" * 1_000_000, "word " * 400_000])
def test_long_texts_are_read_as_far_as_they_count(text: str) -> None:
    assert len(read_terms(text, text, CONFIG)) < 4_000
