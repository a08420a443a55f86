from __future__ import annotations

import numpy as np

from cleaners.stories import Frequencies, StoriesConfig
from cleaners.stories.frequencies import load_prior
from cleaners.stories.terms import slots_of
from tests.cleaners.stories.texts import terms_of

CONFIG = StoriesConfig()
TERMS = terms_of("Ferry aground", "The Zandvoorder ferry ran aground.", CONFIG)


def slot_of(word: str) -> int:
    return int(slots_of(terms_of(None, word, CONFIG))[0])


def test_common_words_weigh_little_from_the_first_article_on() -> None:
    idf = Frequencies().idf
    assert idf[slot_of("the")] < 0.3
    assert 2 < idf[slot_of("ferry")] < idf[slot_of("zandvoorder")]
    assert load_prior().n == 1_000


def test_a_day_is_weighed_by_the_days_before_it() -> None:
    frequencies = Frequencies()
    before = frequencies.idf.copy()
    frequencies.begin(10)
    frequencies.add([TERMS] * 50)
    assert np.array_equal(frequencies.idf, before)
    frequencies.begin(11)
    assert frequencies.idf[slot_of("zandvoorder")] < before[slot_of("zandvoorder")] - 2
    again = Frequencies(frequencies.day, frequencies.settled, frequencies.pending)
    assert np.array_equal(again.idf, frequencies.idf)


def test_the_first_day_is_weighed_by_itself_and_counted_once() -> None:
    frequencies = Frequencies()
    frequencies.begin_archive([TERMS] * 50)
    weighed = frequencies.idf.copy()
    assert weighed[slot_of("zandvoorder")] < Frequencies().idf[slot_of("zandvoorder")] - 2
    frequencies.begin(10)
    frequencies.add([TERMS] * 50)
    frequencies.begin(11)
    assert np.array_equal(frequencies.idf, weighed)
    frequencies.add([TERMS])
    frequencies.begin(12)
    assert frequencies.settled.n == 51
