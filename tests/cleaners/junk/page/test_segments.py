"""Arrays of pages laid end to end give what each page gives alone."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cleaners.junk.page.segments import (
    BATCH,
    MAX_CHARS,
    add_up,
    bound,
    is_early,
    list_last,
    since,
    split_batches,
    spread,
    until,
    windows,
)

pages = st.lists(st.lists(st.tuples(st.booleans(), st.integers(1, 900)), max_size=12), min_size=1, max_size=5)


@given(pages)
def test_no_sum_window_or_distance_reaches_into_another_page(rows: list[list[tuple[bool, int]]]) -> None:
    bounds = bound(len(page) for page in rows)
    marked = np.array([mark for page in rows for mark, _ in page], dtype=bool)
    sizes = np.array([size for page in rows for _, size in page], dtype=float)
    end = np.cumsum(sizes)
    begin = end - sizes
    near, far = windows(sizes[None], (1, 3), bounds)
    behind, ahead = (
        np.expm1(distance(marked, begin, end, bounds)) if len(sizes) else sizes for distance in (since, until)
    )
    assert add_up(sizes, bounds).tolist() == [sum(size for _, size in page) for page in rows]
    for page, low in zip(rows, bounds.tolist(), strict=False):
        for place, (_, _) in enumerate(page):
            row = low + place
            assert near[0, row] == sum(size for _, size in page[max(place - 1, 0) : place + 2])
            assert far[0, row] == sum(size for _, size in page[max(place - 3, 0) : place + 4])
            before = [number for number in range(place) if page[number][0]]
            after = [number for number in range(place + 1, len(page)) if page[number][0]]
            between = sum(size for _, size in page[before[-1] + 1 : place]) if before else 1000
            until_next = sum(size for _, size in page[place + 1 : after[0]]) if after else 1000
            assert np.isclose(behind[row], min(between, 1000))
            assert np.isclose(ahead[row], min(until_next, 1000))


def test_rows_of_a_page_are_found_by_its_bounds() -> None:
    bounds = bound([2, 0, 3])
    assert bounds.tolist() == [0, 2, 2, 5]
    assert list_last(bounds).tolist() == [1, 4]
    assert spread(np.array([[1, 2], [3, 4], [5, 6]]), bounds).tolist() == [[1, 2], [1, 2], [5, 6], [5, 6], [5, 6]]
    marked = np.array([True, True, False, True, True])
    assert is_early(marked, bounds, 1).tolist() == [True, False, False, True, False]


@given(st.lists(st.sampled_from([0, 10, MAX_CHARS // 3, MAX_CHARS, 3 * MAX_CHARS]), max_size=200))
def test_batches_have_few_pages_and_no_more_text_than_one_long_page(sizes: list[int]) -> None:
    batches = [sizes[batch] for batch in split_batches(sizes)]
    assert [size for batch in batches for size in batch] == sizes
    assert all(0 < len(batch) <= BATCH for batch in batches)
    assert all(sum(batch) <= MAX_CHARS or len(batch) == 1 for batch in batches)
    assert all(len(one) == BATCH or sum(one) + following[0] > MAX_CHARS for one, following in pairwise(batches))
