"""Words of many texts at once: those that patterns find in each text by itself."""

import numpy as np
import polars as pl

from cleaners.names.judge.words import WORDS, count_texts, cut_texts, find_lower_words, find_words

TEXTS = [
    "The Harbour board met on 12 May; the board’s co-chair left.",
    None,
    "CO₂ fell by 12½ per cent in area51, km² by km², wrote MÜLLER_smith and e\u0301tude.",
    "",
    "Ida42Brandt abc²def İstanbul ΟΔΟΣ x",
]


def each(pattern: str, texts: pl.Series) -> list[list[str]]:
    return texts.fill_null("").str.extract_all(pattern).to_list()


def test_words_are_those_of_each_text_by_itself() -> None:
    texts = pl.Series(TEXTS)
    found = find_words(cut_texts(texts))
    for number, expected in enumerate(each(WORDS, texts.str.to_lowercase())):
        here = found.rows == number
        words = [found.different[place] for place in found.numbers[here].tolist()]
        assert words == sorted(set(expected))
        assert found.n[here].tolist() == [expected.count(word) for word in words]


def test_texts_are_counted_by_letters_and_decimals_alone() -> None:
    texts = pl.Series([*TEXTS, "abc and def²²² of abc²²²", "a board"])
    is_counted = np.array([True] * (len(texts) - 1) + [False])
    expected: dict[str, int] = {}
    for words in each(r"\p{L}{3,}|\d{2,}", texts[:-1].str.to_lowercase()):
        for word in set(words):
            expected[word] = expected.get(word, 0) + 1
    assert dict(count_texts(find_words(cut_texts(texts)), is_counted).iter_rows()) == expected
    assert expected["abc"] == 2  # with a raised figure behind it and without, counted once a text


def test_words_in_lower_case_stand_by_themselves() -> None:
    texts = pl.Series(TEXTS)
    wanted = ["board", "harbour", "area", "smith", "tude", "abc", "chair", "nowhere"]
    found = find_lower_words(cut_texts(texts), pl.Series(wanted))
    expected = [sorted(set(words) & set(wanted)) for words in each(r"\b\p{Ll}{2,}\b", texts)]
    for number, words in enumerate(expected):
        assert [found.different[place] for place in found.numbers[found.rows == number].tolist()] == words
    assert set(found.different) == {"board", "chair", "abc"}


def test_no_texts_have_no_words() -> None:
    tokens = cut_texts(pl.Series([], dtype=pl.String))
    assert len(find_words(tokens).rows) == 0
    assert count_texts(find_words(tokens), np.zeros(0, dtype=bool)).is_empty()
