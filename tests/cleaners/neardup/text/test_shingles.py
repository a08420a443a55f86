import itertools
import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.neardup import NearDuplicateConfig, hash_shingle, list_shingles, sign_articles
from cleaners.neardup.text.fold import fold_texts, normalise_texts
from cleaners.neardup.text.shingles import count_shared, hash_shingles
from cleaners.neardup.text.words import collect_sets, hash_word, read_numbers, read_words
from tests.cleaners.neardup.texts import make_articles

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
    sets = hash_shingles(read_words(pl.Series("text", texts, dtype=pl.String)), CONFIG)
    assert len(sets.sizes) == len(texts)
    for i, text in enumerate(texts):
        expected = sorted({hash_shingle(shingle) for shingle in list_shingles(text, CONFIG)})
        assert sets.values[sets.offsets[i] : sets.offsets[i + 1]].tolist() == expected


def plainly(texts: list[str]) -> list[list[str]]:
    """The words by the plain way, one text after another."""
    return [text.split(" ") if text else [] for text in normalise_texts(pl.Series("t", texts, dtype=pl.String))]


@given(st.lists(TEXTS, max_size=6))
def test_the_folding_of_bytes_gives_the_words_of_the_plain_folding(texts):
    folded = fold_texts(pl.Series("text", texts, dtype=pl.String))
    bounds = folded.bounds.tolist()
    found = [re.split("[\x02\x03 ]", bytes(folded.data[a:b]).decode()) for a, b in itertools.pairwise(bounds)]
    assert [[word for word in words if word] for words in found] == plainly(texts)
    words = read_words(pl.Series("text", texts, dtype=pl.String))
    assert words.hashes.tolist() == [hash_word(word.encode()) for text in plainly(texts) for word in text]


def test_words_of_any_length_are_hashed_alike_both_ways():
    texts = [" ".join("abcdefghijk"[i % 11] * n for i, n in enumerate(range(first, 120, 7))) for first in range(1, 8)]
    hashes = read_words(pl.Series(texts)).hashes.tolist()
    assert hashes == [hash_word(word.encode()) for text in texts for word in text.split(" ")]


@pytest.mark.slow
def test_every_code_point_folds_alike_both_ways():
    characters = [chr(c) for c in range(0x20, 0x30000) if not 0xD800 <= c < 0xE000]
    for wrapped in ("{}", "a{}b", "A{}B c"):
        texts = [wrapped.format(c) for c in characters]
        folded = fold_texts(pl.Series(texts))
        found = bytes(folded.data).decode().translate({2: " ", 3: " "}).split()
        assert found == [word for text in plainly(texts) for word in text]


def test_a_name_begins_with_a_capital_whichever_way_it_is_folded():
    plain, odd = "Élan vital Müller's A320 den NATO\u00adStab x", " ¼ ก"  # the second folds to more bytes
    words = read_words(pl.Series([plain, plain + odd]))
    first, second = (words.is_name[a:b].tolist() for a, b in zip(words.offsets, words.offsets[1:], strict=False))
    assert first == [True, False, True, False, True, False, True, False]
    assert second[: len(first)] == first
    assert not any(second[len(first) :])


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("sold 1,200 at 4.6 on 3/4, 10:30.", ["1200", "4.6", "3/4", "10:30"]),
        ("A320 and 1st; 5,5,5 and 7. 8", ["320", "1", "555", "7", "8"]),
        ("٣٤ of ١٢", ["٣٤", "١٢"]),
        ("none", []),
    ],
)
def test_numbers_are_digits_with_single_signs_between_and_no_commas(text, numbers):
    def read(value: str) -> list[int]:
        return read_numbers(pl.Series([value])).values.tolist()

    assert read(text) == sorted(value for number in set(numbers) for value in read(number))
    assert len(set(read(text))) == len(set(numbers))


def test_texts_side_by_side_are_read_as_alone():
    texts = ["Born 12", "3 sons", "", "¼ Oslo", "5", None]
    numbers = read_numbers(pl.Series(texts))
    words = read_words(pl.Series(texts))
    for i, text in enumerate(texts):
        alone = read_words(pl.Series([text], dtype=pl.String))
        assert words.hashes[words.offsets[i] : words.offsets[i + 1]].tolist() == alone.hashes.tolist()
        own = numbers.values[numbers.offsets[i] : numbers.offsets[i + 1]]
        assert own.tolist() == read_numbers(pl.Series([text], dtype=pl.String)).values.tolist()


def test_many_chunks_equal_one(monkeypatch):
    texts = make_articles(
        *({"text": f"story number {i} of the day, told at length {i * 7}"} for i in range(50)), {"text": ""}
    )
    whole = sign_articles(texts)
    monkeypatch.setattr("cleaners.neardup.text.chunks.CHUNK_BYTES", 100)
    assert sign_articles(texts).equals(whole)


@given(st.lists(st.sets(st.integers(0, 12).map(str), max_size=8), min_size=2, max_size=6), st.data())
def test_count_shared_is_the_size_of_the_intersection(sets, data):
    words = read_words(pl.Series([" ".join(sorted(s)) for s in sets], dtype=pl.String))
    hashed = collect_sets(words.offsets, words.hashes)
    number = st.integers(0, len(sets) - 1)
    pairs = data.draw(st.lists(st.tuples(number, number), max_size=10))
    left, right = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    assert count_shared(hashed, left, hashed, right).tolist() == [len(sets[a] & sets[b]) for a, b in pairs]
