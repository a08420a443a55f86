import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.neardup import NearDuplicateConfig, hash_shingle, list_shingles
from cleaners.neardup.shingles import count_shared, count_words, hash_shingles, normalise_texts

CONFIG = NearDuplicateConfig()
# Letters, marks, case pairs that fold to two letters, scripts without spaces, invisible characters, separators.
TEXTS = st.text(
    st.one_of(
        st.sampled_from("abcABC ßİſﬁ\u0301\u0308\u00ad\u200d\x1f\x85\u2028\n\t '-.,0٣½中国日本ーカกำลังမြန်мирШ한국어नि"),
        st.characters(exclude_categories=("Cs",)),
    ),
    max_size=80,
)


def shingles(text: str) -> list[str]:
    return [shingle.decode() for shingle in list_shingles(text, CONFIG)]


def test_words_in_a_row_folded_and_without_punctuation():
    assert shingles("The Mayor's “STRASSE” — Straße, 1,200!") == [
        "the mayor s",
        "mayor s strasse",
        "s strasse strasse",
        "strasse strasse 1",
        "strasse 1 200",
    ]


def test_compatibility_forms_and_invisible_characters_fold_away():
    assert shingles("Ｆｉｎａｌ ｓｃｏｒｅ １２") == shingles("ﬁnal sc\u00adore\u200b 12") == ["final score 12"]


def test_combining_marks_stay_with_their_word_and_composed_equals_decomposed():
    assert shingles("Café de Zürich") == shingles("Cafe\u0301 de Zu\u0308rich") == ["café de zürich"]
    assert len(shingles("हिन्दी में समाचार")) == 1


@pytest.mark.parametrize("text", ["中国人民银行今天宣布", "กรุงเทพมหานคร", "ニュースをカタカナで"])
def test_scripts_without_spaces_give_character_shingles(text):
    found = shingles(text)
    assert len(found) > 2
    assert all(len(shingle.split(" ")) == CONFIG.characters_per_shingle for shingle in found)


@pytest.mark.parametrize(
    ("text", "expected"), [("", []), ("  \n", []), ("!?… 🙂", []), ("Flood", ["flood"]), ("A b.", ["a b"])]
)
def test_short_texts_are_one_shingle_and_empty_ones_none(text, expected):
    assert shingles(text) == expected


@given(st.lists(TEXTS, max_size=6))
def test_bytes_path_equals_the_listed_shingles(texts):
    normalised = normalise_texts(pl.Series("text", texts, dtype=pl.String))
    sets = hash_shingles(normalised, CONFIG.words_per_shingle, CONFIG.characters_per_shingle)
    assert len(sets.sizes) == len(texts)
    for i, text in enumerate(texts):
        expected = sorted({hash_shingle(shingle) for shingle in list_shingles(text, CONFIG)})
        assert sets.values[sets.offsets[i] : sets.offsets[i + 1]].tolist() == expected


def test_many_chunks_equal_one(monkeypatch):
    texts = normalise_texts(
        pl.Series([f"story number {i} of the day, told at length {i * 7}" for i in range(50)] + [""])
    )
    whole = hash_shingles(texts, 3, 5)
    monkeypatch.setattr("cleaners.neardup.shingles.CHUNK_BYTES", 100)
    parts = hash_shingles(texts, 3, 5)
    assert np.array_equal(whole.values, parts.values)
    assert np.array_equal(whole.offsets, parts.offsets)


@given(st.lists(st.sets(st.integers(0, 12).map(str), max_size=8), min_size=2, max_size=6), st.data())
def test_count_shared_is_the_size_of_the_intersection(sets, data):
    hashed = hash_shingles(pl.Series([" ".join(sorted(s)) for s in sets], dtype=pl.String), 1, 1)
    number = st.integers(0, len(sets) - 1)
    pairs = data.draw(st.lists(st.tuples(number, number), max_size=10))
    left, right = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    assert count_shared(hashed, left, hashed, right).tolist() == [len(sets[a] & sets[b]) for a, b in pairs]


def test_count_words():
    texts = normalise_texts(pl.Series(["", "One", "one, two; THREE", None]))
    assert count_words(texts).to_list() == [0, 1, 3, 0]
