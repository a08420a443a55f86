from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cleaners.stories import Frequencies, StoriesConfig
from cleaners.stories.likeness import FEATURES, Comparer, square_lengths, weigh_counts
from cleaners.stories.terms import WORD_SLOTS, slots_of
from tests.cleaners.stories.texts import BANK, FERRY, MUSEUM, terms_of

CONFIG = StoriesConfig()
IDF = Frequencies().idf


Report = tuple[str | None, str]


def compare(one: Report, *others: Report, judge: bool = False) -> npt.NDArray[np.float64]:
    """Features of an article beside others, or the log-odds."""
    comparer = Comparer()
    own, *theirs = (terms_of(title, text, CONFIG) for title, text in (one, *others))
    squares = square_lengths([own, *theirs], IDF)
    shared = comparer.find_shared([(own, theirs)])
    work = comparer.judge if judge else comparer.measure
    return work(shared, np.repeat(squares[:1], len(theirs), axis=0), squares[1:], IDF)


def test_an_article_is_all_like_itself() -> None:
    measured = compare(FERRY[0], FERRY[0], BANK[0])
    assert measured.shape == (2, len(FEATURES))
    assert np.allclose(measured[0], 1, atol=1e-5)
    assert (measured >= 0).all()
    assert (measured[1] < 0.3).all()


def test_odds_are_those_of_two_events_or_one_whichever_comes_first() -> None:
    odds = compare(FERRY[0], *FERRY[1:], *BANK, *MUSEUM, judge=True)
    assert (odds[:2] > 0).all()
    assert (odds[2:] < -3).all()
    back = [compare(other, FERRY[0], judge=True)[0] for other in FERRY[1:]]
    assert np.allclose(odds[:2], back, atol=1e-4)


def test_others_change_nothing_about_a_pair() -> None:
    together = compare(FERRY[0], *BANK, FERRY[1], *MUSEUM, judge=True)
    assert together[2] == compare(FERRY[0], FERRY[1], judge=True)[0]


def test_several_articles_are_compared_at_a_time() -> None:
    ferry, bank, museum = (terms_of(*reports[0], CONFIG) for reports in (FERRY, BANK, MUSEUM))
    shared = Comparer().find_shared([(ferry, [bank, ferry]), (bank, [museum, bank])])
    assert shared.starts[0] == 0
    assert shared.starts[2] - shared.starts[1] == len(ferry)
    assert len(shared.one) - shared.starts[3] == len(bank)
    assert np.array_equal(slots_of(shared.one), slots_of(shared.other))


def test_lengths_are_those_of_the_weights() -> None:
    terms = terms_of(*FERRY[0], CONFIG)
    slots, (body, lead, title) = slots_of(terms), weigh_counts(terms)
    is_word = slots < WORD_SLOTS
    parts = [body * is_word, body * ~is_word, lead, title]
    expected = [np.square(IDF[slots] * part).sum() for part in parts]
    assert np.allclose(square_lengths([terms], IDF)[0], expected, rtol=1e-5)


def test_an_article_of_one_word_or_none_is_measured() -> None:
    for one in ((None, "Aground."), (None, "...")):
        measured = compare(one, FERRY[0], (None, "..."), (None, "Ferry."))
        assert measured.shape == (3, len(FEATURES))
        assert np.isfinite(measured).all()
