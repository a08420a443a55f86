"""What the layer cuts: a page is looked at for labels wherever it can have one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cleaners.junk.model.choice import find_labels, find_likely_labels, is_furnished
from cleaners.junk.model.weights import load_model
from cleaners.junk.page.reading import Units
from cleaners.junk.page.segments import bound


@given(st.lists(st.lists(st.tuples(st.floats(-6, 6), st.booleans()), min_size=1, max_size=6), min_size=1, max_size=4))
def test_no_label_is_found_on_a_page_that_can_have_none(pages: list[list[tuple[float, bool]]]) -> None:
    model = load_model()
    logits, is_prose = (np.array(column) for column in zip(*(unit for page in pages for unit in page), strict=True))
    likely = find_likely_labels(logits, is_prose, bound(map(len, pages)), model)
    for page, may_label in zip(pages, likely, strict=True):
        own, prose = (np.array(column) for column in zip(*page, strict=True))
        n = np.arange(len(page))
        units = Units(n, n + 1, np.full(len(page), 3), n * 0.0, n, np.array([0, len(page)]))
        assert may_label or not find_labels(units, prose, own, model.thresholds[is_furnished(prose)][2]).any()
