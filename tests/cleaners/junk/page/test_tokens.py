"""Arrays of tokens: a word has one hash wherever it stands; distinct values are those of numpy, sorted."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cleaners.junk.page.tokens import _MAX_TOKEN_CHARS, sort_distinct, tokenize


@given(values=st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5), max_size=30))
def test_distinct_values_are_those_that_numpy_finds(values):
    given_values = np.array(values, np.uint64)
    found = sort_distinct(given_values)
    assert found.dtype == np.uint64
    assert found.tolist() == np.unique(given_values).tolist()
    assert given_values.tolist() == values


@given(before=st.text(" a,Bé中", max_size=20), word=st.text("abÉz", min_size=1, max_size=70))
def test_a_word_has_one_hash_wherever_it_stands(before, word):
    tokens = tokenize(f"{before} {word.upper()}")
    assert tokens.ends[-1] - tokens.starts[-1] == len(word)
    assert tokens.hashes[-1] == tokenize(word).hashes[0] == tokenize(word[:_MAX_TOKEN_CHARS]).hashes[0]
    assert len(word) > 60 or tokens.hashes[-1] != tokenize(f"{word}x").hashes[0]
