"""Clauses around two names: what those of an expected name, laid out once, share with another's."""

import math
import random

import pytest

from cleaners.names.judge.clauses import RAREST, Clauses, Surroundings, Weights

WEIGHTS = Weights([("the", 100), ("mayor", 10), ("harbour", 5), ("board", 5), ("strike", 2)], 100)
NO_NAMES = frozenset[str]()


def around(beside: str, capitalised: str = "", clause: str = "") -> Surroundings:
    words = frozenset(beside.split())
    return Surroundings(f"{clause} {beside}", frozenset(capitalised.split()), words, WEIGHTS)


def cosine(left: str, right: str) -> float:
    mine, theirs = frozenset(left.split()), frozenset(right.split())
    return WEIGHTS.length(mine & theirs) ** 2 / (WEIGHTS.length(mine) * WEIGHTS.length(theirs))


def test_the_nearest_mention_counts() -> None:
    theirs = Clauses([around("the mayor", "leith"), around("harbour board strike", "leith aldoria council")], WEIGHTS)
    near = theirs.compare(
        frozenset({"aldoria", "council", "delta"}), frozenset({"harbour", "board"}), NO_NAMES, frozenset()
    )
    assert near.beside == pytest.approx(cosine("harbour board", "harbour board strike"))
    assert near.capitals == pytest.approx(math.log1p(2 * RAREST))  # of words that nobody counted
    assert near.usual == pytest.approx(WEIGHTS.odds("harbour", 1 / 2) + WEIGHTS.odds("board", 1 / 2))


def test_words_of_the_names_themselves_do_not_count() -> None:
    theirs = Clauses([around("mayor brandt"), around("mayor strike")], WEIGHTS)
    brandt = frozenset({"brandt"})
    near = theirs.compare(brandt, brandt | {"mayor"}, brandt, brandt)
    assert near.beside == pytest.approx(1.0)  # of "mayor" beside "mayor brandt": the name is left out of either
    assert near.capitals == near.strange == 0.0


def test_an_apposition_is_strange_as_far_as_no_clause_holds_it() -> None:
    theirs = Clauses([around("mayor", clause="a mayor who spoke to the board")], WEIGHTS)
    near = theirs.compare(frozenset(), frozenset({"mayor"}), NO_NAMES, frozenset({"board", "strike"}))
    assert near.strange == pytest.approx(math.log1p(WEIGHTS["strike"]))


def test_without_a_mention_nothing_is_shared() -> None:
    words = frozenset({"the", "mayor"})
    assert Clauses([], WEIGHTS).compare(words, words, NO_NAMES, frozenset()) == (0, 0, 0, 0)
    assert Clauses([around("the mayor")], WEIGHTS).compare(frozenset(), frozenset(), NO_NAMES, frozenset()) == (
        0,
        0,
        0,
        0,
    )


def test_the_nearest_of_many_mentions_is_found_as_one_by_one() -> None:
    rng = random.Random(7)
    words = [f"word{n}" for n in range(12)]
    weights = Weights([(word, n + 1) for n, word in enumerate(words)], 12)
    for _ in range(50):
        sets = [frozenset(rng.sample(words, rng.randint(1, 6))) for _ in range(10)]
        theirs = Clauses([Surroundings("", NO_NAMES, each, weights) for each in sets], weights)
        names = frozenset(rng.sample(words, 2))
        mine = frozenset(rng.sample(words, 5)) - names
        near = theirs.compare(NO_NAMES, mine, names, NO_NAMES)
        shared = [(mine & each, each - names) for each in sets if mine & each]
        lengths = [weights.length(both) ** 2 / (weights.length(mine) * weights.length(each)) for both, each in shared]
        assert near.beside == max(lengths, default=0.0)
