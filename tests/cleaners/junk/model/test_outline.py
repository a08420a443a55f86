"""The outline of a page: prose in any language, the main run of story, what stands twice."""

import numpy as np
import pytest

from cleaners.junk.model.outline import OUTLINE_FEATURES, find_main, find_prose, measure_outline
from cleaners.junk.page.page import Page
from cleaners.junk.page.reading import Reading, Units, find_candidates, read, split_units
from cleaners.junk.page.tokens import tokenize

NAVIGATION = ["Home", "Sport", "Weather", "Listen live"]
STORY = [
    "The harbour board of Lindmouth voted on Tuesday to rebuild the eastern ferry quay.",
    "A year of work",
    "Board members said that the ferry would sail from the fish market until then.",
    "Fishermen at the market have asked the board for a second crane.",
]
LINKS = ["Most read", "Quay closed after storm", "Second crane for fishermen", "Home"]


def _cut(lines: list[str], title: str | None = None) -> tuple[Reading, Units, np.ndarray]:
    text = "\n".join(lines)
    reading = read([Page(text, title)], [tokenize(text)])
    units = split_units(reading, find_candidates(reading)[:0], np.zeros(0), 0.5, [[]])
    assert len(units.starts) == len(lines)
    n_tokens = np.maximum(np.bincount(units.unit_of_token, minlength=len(lines)), 1).astype(float)
    return reading, units, n_tokens


def _column(lines: list[str], name: str, title: str | None = None) -> list[float]:
    table = measure_outline(*_cut(lines, title), np.zeros(len(lines)))
    assert table.shape == (len(lines), len(OUTLINE_FEATURES))
    assert np.isfinite(table).all()
    column: list[float] = table[:, OUTLINE_FEATURES.index(name)].tolist()
    return column


def test_the_main_run_holds_the_story_with_its_subheads_and_neither_navigation_nor_links() -> None:
    lines = [*NAVIGATION, *STORY, *LINKS]
    assert _column(lines, "in_main") == [0.0] * 4 + [1.0] * 4 + [0.0] * 4
    outside = _column(lines, "from_main")
    assert all(value <= 0 for value in outside[:4])
    assert all(value >= 0 for value in outside[8:])
    assert outside[8] < outside[-1]


def test_a_page_without_prose_is_a_run_of_its_own() -> None:
    first, end = find_main(np.zeros(3, dtype=bool), np.ones(3), np.array([0, 3]))
    assert (first.tolist(), end.tolist()) == ([0], [3])
    assert _column(LINKS, "in_main") == [1.0] * len(LINKS)


@pytest.mark.parametrize(
    ("line", "is_prose"),
    [
        ("The board will hear the fishermen of the market in June.", True),
        ("„Der Kai wird bis zum Sommer des nächsten Jahres neu gebaut.“", True),
        ("港の理事会は火曜日に東の桟橋を建て直すことを決めた。", True),
        ("Quay closed after storm, and no ferry sails from the market", False),
        ("Listen live.", False),
    ],
)
def test_prose_is_seen_by_its_shape_in_any_language(line: str, is_prose: bool) -> None:
    assert find_prose(*_cut([line])).tolist() == [is_prose]


def test_what_stands_twice_on_a_page_is_counted_whatever_stands_between() -> None:
    twins = _column([*NAVIGATION, *STORY, *LINKS], "twins")
    assert [place for place, value in enumerate(twins) if value > 0] == [0, 11]


def test_likeness_to_the_title_is_of_the_unit_and_of_the_title() -> None:
    share = _column([*STORY, *LINKS], "title_share", "Quay closed after storm")
    cover = _column([*STORY, *LINKS], "title_cover", "Quay closed after storm")
    assert share[5] == cover[5] == 1.0
    assert max(share[6:]) == 0.0
