"""Borders that no cut crosses, whatever the detectors propose: sentences, labels, datelines."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners.junk import StripConfig
from cleaners.junk.borders import is_marked, keep_borders
from cleaners.junk.decide import decide
from cleaners.junk.detectors.headlines import find_dateline_end, splits_sentence
from cleaners.junk.detectors.labels import list_borders
from cleaners.junk.page.page import Page, Passage

PIECES = (
    "LISBON, March 3 (Reuters) - The harbour council voted on Tuesday to widen the eastern quay, after four years.",
    "Mayor Lena Voss said the work would begin in spring and cost 14 million crowns.",
    '"We have waited long enough," she said, and left.',
    "The ministry sent a letter in August, in which it wanted a study.",
    "Related News",
    "Lire aussi : Les tarifs du ferry vont augmenter",
    "Ferry fares to rise from spring",
    "Council shuns mayor, endorses Lund",
    "[Photo: Ana Lund]",
    "ADVERTISEMENT",
)
JOINTS = (" ", "\n", "\n\n", "  ")
texts = st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(JOINTS)), min_size=2, max_size=9).map(
    lambda parts: "".join(piece + joint for piece, joint in parts)
)
places = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.booleans()), min_size=1, max_size=4)


def propose(text: str, shares: list[tuple[float, float, bool]]) -> list[Passage]:
    """Passages anywhere in a text, from one word to the next or from any character to any other."""
    found = []
    for first, second, is_word in shares:
        start, end = sorted((int(first * len(text)), int(second * len(text))))
        if is_word:
            start, end = text.rfind(" ", 0, start) + 1, max(text.find(" ", end), end)
        if text[start:end].strip():
            found.append(Passage(start, end, "ad-line", "ad_marker", 0.95))
    return found


@settings(max_examples=300, deadline=None)
@given(texts, places)
def test_no_cut_begins_or_ends_inside_a_sentence(text: str, shares: list[tuple[float, float, bool]]) -> None:
    removed = decide(Page(text), propose(text, shares), StripConfig()).removed
    regions: list[list[int]] = []
    for passage in removed:
        if regions and not text[regions[-1][1] : passage.start].strip():
            regions[-1][1] = passage.end
        else:
            regions.append([passage.start, passage.end])
    for start, end in regions:
        assert is_marked(text, start, end) or not (splits_sentence(text, start) or splits_sentence(text, end))


@settings(max_examples=300, deadline=None)
@given(texts, places)
def test_a_label_goes_with_what_it_leads_to_and_a_dateline_stays(
    text: str, shares: list[tuple[float, float, bool]]
) -> None:
    page = Page(text)
    cut = {
        place
        for passage in decide(page, propose(text, shares), StripConfig()).removed
        for place in range(passage.start, passage.end)
    }
    for label in list_borders(page):
        solid = [place for place in range(label.start, label.end) if not text[place].isspace()]
        n_label = sum(place < label.label_end for place in solid)
        n_cut = sum(place in cut for place in solid if place < label.label_end)
        if n_cut == n_label:
            assert all(place in cut for place in solid)
    for start, end in page.lines:
        dateline = find_dateline_end(text, start)
        if dateline and dateline < end and not all(place in cut for place in range(dateline, dateline + 1)):
            assert not any(place in cut for place in range(start, dateline - 1))


@pytest.mark.parametrize(
    ("text", "is_split"),
    [
        ("The mayor |said so.", True),
        ("The mayor said so. |The court agreed.", False),
        ("The mayor said so |The court agreed.", False),
        ("The mayor of |Lisbon said so.", True),
        ("Burmistrz w |Gdyni tak powiedział.", True),
        ("The mayor, |Lena Voss, said so.", True),
        ("The mayor\n|said so.", False),
        ("The mayor  |said so.", False),
        ("The may|or said so.", True),
    ],
)
def test_a_sentence_is_split_where_nothing_shows_a_break(text: str, is_split: bool) -> None:
    place = text.index("|")
    assert splits_sentence(text.replace("|", ""), place) is is_split


def test_a_bracket_inside_a_sentence_goes() -> None:
    text = "The ferry (Image: Harbour Trust) leaves at noon."
    start, end = text.index("("), text.index(")") + 1
    passage = Passage(start, end, "caption-bracket-inline", "caption_credit", 0.9)
    assert keep_borders(Page(text), [passage]) == [passage]


def test_the_headlines_of_a_cut_label_go_with_it() -> None:
    story = "The council voted on Tuesday to widen the eastern quay, ending a long dispute."
    text = f"{story}  Related News  Ferry fares to rise from spring  Council shuns mayor, endorses Lund   \n{story}"
    start = text.index("Related")
    passage = Passage(start, start + len("Related News"), "related-heading", "related_article", 0.95)
    kept = keep_borders(Page(text), [passage])
    assert kept[-1].end == text.index("Lund") + len("Lund")
    assert not text[kept[0].end : kept[-1].start].strip()


def test_a_bracket_goes_whole() -> None:
    text = "The mayor left. (RELATED: Harbour Times Apologises For Headline) She returned at noon."
    start = text.index("(")
    passage = Passage(start, text.index(" Times"), "learned-read-more-link", "read_more_link", 0.9)
    assert keep_borders(Page(text), [passage])[0].end == text.index(")") + 1
