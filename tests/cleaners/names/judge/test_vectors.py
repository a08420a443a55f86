"""Texts as vectors: cosines, words left out, words that no text holds."""

import math

import polars as pl
import pytest

from cleaners.names.judge.clauses import RAREST, Weights
from cleaners.names.judge.vectors import TextVectors
from cleaners.names.judge.words import cut_texts, find_words

WEIGHTS = Weights([("harbour", 1), ("ferry", 3)], 5)
HARBOUR, FERRY = WEIGHTS["harbour"], WEIGHTS["ferry"]


def vectors(*texts: str) -> TextVectors:
    found = TextVectors(WEIGHTS)
    for number, text in enumerate(texts):
        found.add([f"a{number}"], find_words(cut_texts(pl.Series([text]))))
    return found


def test_a_cosine_weighs_shared_words() -> None:
    found = vectors("Harbour, ferry!", "ferry", "harbour FERRY", "")
    assert found.cosines("a0", ["a1", "a2", "a3"]) == pytest.approx([FERRY / math.hypot(HARBOUR, FERRY), 1, 0])
    assert found.n_words("a0") == 2
    assert found.n_words("a3") == 0


def test_a_word_said_again_weighs_more_and_one_not_counted_as_the_rarest() -> None:
    found = vectors("ferry ferry mole", "mole")
    again = 1 + math.log(2)
    assert found.cosines("a0", ["a1"]) == pytest.approx([RAREST / math.hypot(RAREST, FERRY * again)])


def test_words_left_out_of_one_product_are_in_the_next() -> None:
    found = vectors("Harbour ferry", "harbour")
    assert found.cosines("a0", ["a1"], {"harbour", "elsewhere"}) == [0]
    assert found.cosines("a0", ["a1"]) == pytest.approx([HARBOUR / math.hypot(HARBOUR, FERRY)])


def test_words_that_some_texts_hold() -> None:
    found = vectors("Harbour ferry", "pier 12 ½½½", "lighthouse")
    numbers = found.number(["pier", "ferry", "12", "½½½", "lighthouse", "nowhere"])
    assert found.are_held(numbers, ["a0", "a1"]).tolist() == [True, True, True, True, False, False]
    assert found.are_held(numbers, ["a2"]).tolist() == [False, False, False, False, True, False]
    assert not found.are_held(numbers, []).any()
    assert found.are_held(found.number([]), ["a0"]).tolist() == []
