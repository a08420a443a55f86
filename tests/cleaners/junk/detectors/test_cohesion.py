"""How much of a passage the rest of its page speaks of: read piece by piece, no further than needed."""

import pytest

from cleaners.junk.detectors.cohesion import PIECE, share_own
from cleaners.junk.page.page import Page

FERRY = "The ferry between Aldport and Brenholm leaves the harbour twice a day."
VIOLIN = "Violinist Marta Quell played Sibelius in Vienna on Sunday evening."
OTHER = "Nothing else is known of these islands.\n"


@pytest.mark.parametrize("n_lines", [0, 1, 3 * PIECE // len(OTHER)])
def test_words_are_sought_in_the_whole_rest(n_lines: int) -> None:
    before = FERRY + "\n" + OTHER * n_lines
    page = Page(f"{before}{FERRY} {VIOLIN}\n{OTHER * n_lines}")
    start = len(before)
    assert share_own(page, start, start + len(FERRY), 1.0) == 1.0
    assert share_own(page, start + len(FERRY), len(before) + len(FERRY) + len(VIOLIN) + 1, 1.0) == 0.0


def test_the_rest_is_read_no_further_than_needed() -> None:
    passage = f"{FERRY} {VIOLIN}"
    near, far = FERRY + "\n", VIOLIN + "\n"
    page = Page(far + OTHER * PIECE + near + passage)
    start = len(page.text) - len(passage)
    shares = [share_own(page, start, len(page.text), enough) for enough in (0.1, 1.0)]
    assert 0.1 < shares[0] < shares[1] == 1.0
