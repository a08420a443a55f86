"""Arrays of tokens: distinct values are those of numpy, sorted."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cleaners.junk.page.tokens import sort_distinct


@given(values=st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5), max_size=30))
def test_distinct_values_are_those_that_numpy_finds(values):
    given_values = np.array(values, np.uint64)
    found = sort_distinct(given_values)
    assert found.dtype == np.uint64
    assert found.tolist() == np.unique(given_values).tolist()
    assert given_values.tolist() == values
