"""A hostile document's cost grows with its size, not with the square: four times the size takes less than eight times as long.

All families, larger: `python -m bench.hostile.growth`.
"""

from __future__ import annotations

import pytest

from bench.hostile.families import list_families, make_document
from bench.hostile.growth import fit_exponent, measure_steps

pytestmark = pytest.mark.slow

SIZE = 128_000
# Texts that once cost more than their size.
MENDED = (
    *("page: attributes", "page: attributes with a >", "page: attributes without value"),
    *("page: headlines", "page: many span in a p", "page: many a in a p"),
    *("page: lists in JSON-LD", "page: JSON-LD of a forum", "page: JSON-LD authors in broken", "page: JSON-LD publishers in broken"),
    *("page: JSON-LD authors", "page: meta authors", "page: meta authors in one"),
    *("bare: many ul", "bare: JSON-LD of a forum", "text: combining marks of two classes"),
)  # fmt: skip


def cost(family: str, size: int) -> float:
    """CPU seconds of all steps."""
    return sum(measure_steps(*make_document(family, size)).values())


@pytest.mark.parametrize(
    ("family", "size"),
    [
        *((family, SIZE) for family in MENDED),
        ("page: bios in lower paragraphs", 2 * SIZE),
        ("bare: many table", 2 * SIZE),
    ],
)
def test_a_hostile_document_takes_linear_time(family: str, size: int) -> None:
    cost(family, 1_000)  # what is loaded once
    assert cost(family, size) < 8 * cost(family, size // 4) + 0.5


def test_a_text_of_nothing_but_cards_costs_no_more_than_some_plain_ones() -> None:
    cost("text: cards' marks", 1_000)
    # A hundred cards at most, and articles in them no deeper than two: 8 times the cost of plain sentences.
    assert cost("text: cards' marks", SIZE) < 16 * cost("text: sentences", SIZE)


def test_families_are_pages_and_texts_of_any_size() -> None:
    families = list_families()
    assert len(families) == len(set(families)) > 700
    for family in families:
        media, content = make_document(family, 500)
        assert (media == "text") == family.startswith("text: ")
        assert len(make_document(family, 20_000)[1]) > len(content) + 2_000, family


@pytest.mark.parametrize(
    ("points", "exponent"),
    [([(1, 0.1), (2, 0.2), (4, 0.4)], 1), ([(1, 0.1), (2, 0.4), (4, 1.6)], 2), ([(1, 0.001), (2, 9)], 0)],
)
def test_the_exponent_is_that_of_the_last_doublings(points: list[tuple[int, float]], exponent: float) -> None:
    assert fit_exponent(points) == pytest.approx(exponent)
