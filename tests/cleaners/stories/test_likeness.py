from __future__ import annotations

import numpy as np

from cleaners.stories import Frequencies, StoriesConfig
from cleaners.stories.likeness import FEATURES, Comparer, Weighed, join_weighed, weigh_terms
from tests.cleaners.stories.texts import BANK, FERRY, MUSEUM, terms_of

CONFIG = StoriesConfig()
IDF = Frequencies().idf


def weigh(*articles: tuple[str | None, str]) -> Weighed:
    return join_weighed([weigh_terms(terms_of(title, text, CONFIG), IDF) for title, text in articles])


def test_an_article_is_all_like_itself() -> None:
    measured = Comparer().measure(weigh(FERRY[0]), weigh(FERRY[0], BANK[0]))
    assert measured.shape == (2, len(FEATURES))
    assert np.allclose(measured[0], 1, atol=1e-5)
    assert (measured >= 0).all()
    assert (measured[1] < 0.3).all()


def test_odds_are_those_of_two_events_or_one_whichever_comes_first() -> None:
    comparer = Comparer()
    odds = comparer.judge(weigh(FERRY[0]), weigh(*FERRY[1:], *BANK, *MUSEUM))
    assert (odds[:2] > 0).all()
    assert (odds[2:] < -3).all()
    back = [comparer.judge(weigh(other), weigh(FERRY[0]))[0] for other in FERRY[1:]]
    assert np.allclose(odds[:2], back, atol=1e-4)


def test_others_change_nothing_about_a_pair() -> None:
    comparer = Comparer()
    together = comparer.judge(weigh(FERRY[0]), weigh(*BANK, FERRY[1], *MUSEUM))
    assert np.isclose(together[2], comparer.judge(weigh(FERRY[0]), weigh(FERRY[1]))[0], atol=1e-4)


def test_an_article_of_one_word_is_measured() -> None:
    measured = Comparer().measure(weigh((None, "Aground.")), weigh(FERRY[0], (None, "Ferry.")))
    assert np.isfinite(measured).all()
