from __future__ import annotations

import numpy as np
import pytest

from cleaners.stories import StoriesConfig, read_terms
from cleaners.stories.terms import BODY_SHIFT, LEAD_SHIFT, N_SLOTS, TITLE_SHIFT, WORD_SLOTS, slots_of, stem
from tests.cleaners.stories.texts import BANK, FERRY, terms_of

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
    terms = terms_of("Ferry aground", "The ferry ran aground. " + "Nothing else happened that day. " * 40, CONFIG)
    slots = slots_of(terms)
    assert (np.diff(slots) > 0).all()
    (ferry,) = np.intersect1d(slots, slots_of(terms_of("ferry", "ferry", CONFIG))[:1])
    term = int(terms[slots == ferry][0])
    assert (term >> BODY_SHIFT & 63, term >> LEAD_SHIFT & 15, term >> TITLE_SHIFT) == (2, 2, 1)
    happened = [term for term in terms.tolist() if term % N_SLOTS < WORD_SLOTS and term >> BODY_SHIFT & 63 == 40]
    assert happened, "a word of the body alone"
    assert all(term >> TITLE_SHIFT == 0 for term in happened)


def test_word_pairs_stand_behind_words() -> None:
    slots = slots_of(terms_of("White House", "Budget talks failed.", CONFIG))
    assert np.count_nonzero(slots < WORD_SLOTS) == 5
    assert np.count_nonzero(slots >= WORD_SLOTS) == 3  # no pair of title and text


def test_a_title_that_the_text_repeats_counts_once() -> None:
    text = "The ferry ran aground off the island on Tuesday."
    assert np.array_equal(
        terms_of("Ferry aground", f"Ferry aground\n{text}", CONFIG), terms_of("Ferry aground", text, CONFIG)
    )


def test_without_a_title_the_first_words_stand_in() -> None:
    terms = terms_of(None, "The ferry ran aground. " + "It had left the town at dawn. " * 9, CONFIG)
    assert np.count_nonzero(terms >> np.uint32(TITLE_SHIFT)) > 5


def test_articles_are_read_together_as_they_are_alone() -> None:
    texts = [text for _, text in (*FERRY, *BANK)] + [
        "",
        "Ferry\naground",
        "Ferry\n\naground \u2019tis O\u2019Neill\u2019s 2,000 covid19",
    ]
    titles = ["Ferry aground", None, "", *(title for title, _ in BANK), "Ferry", None, None]
    together = read_terms(titles, texts, CONFIG)
    alone = [terms_of(title, text, CONFIG) for title, text in zip(titles, texts, strict=True)]
    assert [part.tolist() for part in together.split()] == [part.tolist() for part in alone]
    assert together.lengths.tolist() == [len(part) for part in alone]
    many = read_terms(titles * 200, texts * 200, CONFIG)
    assert many.values.tolist() == together.values.tolist() * 200


def test_words_end_where_spaces_and_other_signs_stand() -> None:
    expected = slots_of(terms_of(None, "ferry aground", CONFIG))
    for text in ("ferry\naground", "Ferry  AGROUND.", "(ferry)-aground!", "ferry\u00a0aground\u2019"):
        assert np.array_equal(slots_of(terms_of(None, text, CONFIG)), expected), text
    assert len(terms_of(None, "covid19", CONFIG)) == len(terms_of(None, "covid 19", CONFIG)) == 3


def test_no_articles_have_no_terms() -> None:
    assert read_terms([], [], CONFIG).split() == []


@pytest.mark.parametrize("text", ["", "!!! ... ---", "\n\n"])
def test_a_text_without_words_has_no_terms(text: str) -> None:
    assert len(terms_of(None, text, CONFIG)) == 0


@pytest.mark.parametrize("text", ["a" * 2_000_000, "1," * 1_000_000, "a'" * 1_000_000, "word " * 400_000])
def test_long_texts_are_read_as_far_as_they_count(text: str) -> None:
    assert len(terms_of(text, text, CONFIG)) < 4_000
