"""The learned layer: units, forests, runs, and what it may and may not change."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners.junk import StripConfig, gather_evidence, learn_evidence, strip_articles
from cleaners.junk.model.features import FEATURES
from cleaners.junk.model.forest import Forest
from cleaners.junk.model.learned import ExaminedPage, _cut_pages, revise
from cleaners.junk.model.likeness import find_likeness
from cleaners.junk.model.measures import Findings, add_neighbours, is_firm, measure_units
from cleaners.junk.model.regions import choose_runs, propose_runs
from cleaners.junk.model.weights import DESCRIPTIONS, KINDS, load_model
from cleaners.junk.page.page import Page, Passage
from cleaners.junk.page.reading import find_candidates, read, split_units
from cleaners.junk.page.tokens import tokenize
from tests.cleaners.junk.conftest import make_frame, make_row

STORY = (
    "The harbour board of Lindmouth voted on Tuesday to rebuild the eastern ferry quay. The quay has been closed since a "
    "storm in March tore away forty metres of planking.\n"
    "Board members said the ferry would sail from the fish market until the work is done. The harbour master, Ida Brandt, "
    "told the board that the planking had been due for repair since 2028.\n"
    "Fishermen at the market have asked for a second crane. The board will hear them in June."
)
texts = st.text(alphabet=st.sampled_from('abcdefgh ABC .,!?"“”#|•\n\n\t’é中٣-1'), max_size=400)


def findings_for(text: str, passages: list[Passage] | None = None, n_owners: int = 0) -> Findings:
    n = len(tokenize(text).starts)
    zeros = np.zeros(n, dtype=np.int64)
    return Findings(passages or [], zeros, np.full(n, n_owners, dtype=np.int64), zeros, 0)


def revised(text: str, findings: Findings) -> list[Passage]:
    return revise([ExaminedPage(Page(text), tokenize(text), findings)], load_model())[0]


@settings(max_examples=150, deadline=None)
@given(texts, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), max_size=3))
def test_units_tile_the_text_and_every_table_is_finite(text: str, cuts: list[tuple[int, int]]) -> None:
    page, tokens = Page(text), tokenize(text)
    passages = [
        Passage(min(pair), min(max(pair), len(text)), "x-y", "share_ui", 0.9, is_certain=False)
        for pair in cuts
        if min(pair) < min(max(pair), len(text))
    ]
    reading = read([page], [tokens])
    candidates = find_candidates(reading)
    scores = np.linspace(0.0, 1.0, len(candidates))
    units = split_units(reading, candidates, scores, 0.5, [[edge for one in passages for edge in (one.start, one.end)]])
    extents = list(zip(units.starts.tolist(), units.ends.tolist(), strict=True))
    covered = {place for start, end in extents for place in range(start, end)}
    assert all(start < end for start, end in extents)
    assert all(end <= start for (_, end), (start, _) in pairwise(extents))
    assert {place for place, character in enumerate(text) if not character.isspace()} <= covered
    findings = findings_for(text, passages)
    table = measure_units(
        reading, units, find_likeness(reading, units, load_model().rarity), [findings], np.zeros(len(units.starts))
    )
    assert table.shape == (len(units.starts), len(FEATURES))
    assert np.isfinite(add_neighbours(table, units.bounds)).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(texts, st.one_of(st.none(), texts)), min_size=2, max_size=5), st.integers(0, 400))
def test_pages_side_by_side_have_the_evidence_that_each_has_alone(
    each: list[tuple[str, str | None]], start: int
) -> None:
    """All but the last digits: a sum is rounded by where it begins."""
    pages = [Page(text, title) for text, title in [*each, (STORY, each[0][0])] if len(tokenize(text).starts)]
    tokens = [tokenize(page.text) for page in pages]
    findings = [
        findings_for(page.text, [Passage(start, len(page.text), "x-y", "share_ui", 0.9)] * (start < len(page.text)))
        for page in pages
    ]
    together = _cut_pages([ExaminedPage(*one) for one in zip(pages, tokens, findings, strict=True)], load_model())
    for number, one in enumerate(zip(pages, tokens, findings, strict=True)):
        alone, part = _cut_pages([ExaminedPage(*one)], load_model()), together.part(number)
        np.testing.assert_allclose(part.table, alone.table, rtol=1e-5, atol=1e-6)
        for mine, its in zip((*part.units, *part.likeness), (*alone.units, *alone.likeness), strict=True):
            np.testing.assert_allclose(mine, its, rtol=1e-12)
        for mine, its in zip(part.reading[1:], alone.reading[1:], strict=True):
            np.testing.assert_array_equal(mine, its)


@settings(max_examples=60, deadline=None)
@given(texts)
def test_what_it_proposes_lies_in_the_text(text: str) -> None:
    for passage in revised(text, findings_for(text, n_owners=1)):
        assert 0 <= passage.start < passage.end <= len(text)
        assert passage.category in KINDS
        assert 0.0 < passage.confidence <= 1.0


def test_a_page_without_any_cheap_evidence_is_left_alone() -> None:
    assert revised(STORY, findings_for(STORY)) == []


def test_a_page_that_others_quote_keeps_its_story() -> None:
    assert revised(STORY, findings_for(STORY, n_owners=1)) == []


def test_passages_that_are_sure_of_themselves_pass_untouched() -> None:
    firm = Passage(0, 11, "ad-line", "ad_marker", 0.95)
    attached = replace(firm, start=20, end=30, is_attached=True)
    found = revised(STORY, findings_for(STORY, [firm, attached]))
    assert firm in found
    assert attached in found
    assert is_firm(firm)
    assert not is_firm(attached)


def test_a_card_in_a_page_of_one_line_leaves_the_story_behind_it() -> None:
    own = STORY.replace("\n", " ")
    behind = (
        "Board members had hoped to reopen the quay by summer. The harbour master told them that oak planking takes a year "
        "to season, and that the ferry could sail from the market until then. Fishermen at the market said the second "
        "crane would let them land and load while the ferry is in harbour."
    )
    card = (
        "Wessex Echo 3 hours ago - Wessex Echo Violinist Returns To Stage After Long Illness The violinist Marta Quill played "
        "her first concert in two years on Sunday evening. Critics praised her reading of the Sibelius concerto and "
        "the orchestra's warm strings."
    )
    result = strip_articles(make_frame([make_row("a", f"{own} {card} {behind}")]), None, StripConfig())
    cleaned = result.articles["text"][0]
    assert cleaned.startswith(own)
    assert cleaned.endswith(behind)
    assert "Wessex Echo" not in cleaned


def test_a_banner_that_no_rule_knows_goes_where_the_site_repeats_it() -> None:
    banner = "Get the Lindmouth morning briefing in your inbox. Enter your email address below."
    stories = [
        STORY.replace("Lindmouth", name).replace("ferry", name.lower()) for name in ("Orsund", "Calder", "Penrick")
    ]
    rows = [
        make_row(name, f"{story}\n{banner}", site="gull.example") for name, story in zip("abc", stories, strict=True)
    ]
    documents, config = make_frame(rows), StripConfig()
    evidence = learn_evidence([gather_evidence(documents, config)], config)
    assert strip_articles(documents, evidence, config).articles["text"].to_list() == stories


def test_switched_off_the_guess_stands() -> None:
    config = StripConfig(use_learned_layer=False)
    result = strip_articles(make_frame([make_row("a", STORY)]), None, config)
    assert result.removed_spans.height == 0


def test_a_forest_sums_the_leaves_that_its_rows_reach() -> None:
    # The first tree: column 1 at most .5 -> -1; else column 0 at most 9 -> 2, else 4. The second has one leaf, .25.
    true = [0, 0]
    forest = Forest(
        feature=np.array([[1, 0], [0, 0], *[true] * 13], np.int32),
        threshold=np.array([[0.5, np.inf], [9.0, np.inf], *[[np.inf, np.inf]] * 13], np.float32),
        mask=np.array([[0b110, 0xFFFF], [0b101, 0xFFFF], *[[0xFFFF, 0xFFFF]] * 13], np.uint16),
        value=np.array([[-1.0, 2.0, 4.0, *[0.0] * 13], [0.25, *[0.0] * 15]], np.float32),
    )
    rows = np.array([[9.0, 0.5], [9.0, 0.6], [9.5, 0.6], [9.5, 0.4]], np.float32)
    assert forest.score(rows)[:, 0].tolist() == [-0.75, 2.25, 4.25, -0.75]
    assert forest.score(np.tile(rows, (100, 1)))[:, 0].tolist() == [-0.75, 2.25, 4.25, -0.75] * 100
    assert forest.score(rows, 2).tolist() == [[-1.0, 0.25], [2.0, 0.25], [4.0, 0.25], [-1.0, 0.25]]
    assert forest.score(rows[:0]).tolist() == []


def test_runs_follow_the_scores_and_never_overlap() -> None:
    page = Page(STORY)
    reading = read([page], [tokenize(STORY)])
    none = find_candidates(reading)[:0]
    units = split_units(reading, none, np.zeros(0), 0.5, [[]])
    logits = np.full(len(units.starts), -4.0)
    logits[2:4] = 5.0
    table = np.zeros((len(logits), len(FEATURES)), np.float32)
    runs = propose_runs(units, logits, table, findings_for(STORY))
    assert (2, 4) in runs
    chosen = choose_runs(
        [(0, 3), (2, 4), (4, 5)], np.full(3, 0.9), np.array([0.1, 0.9, 0.5]), np.array([True, True, True])
    )
    assert chosen == [1, 2]
    assert choose_runs([(0, 3)], np.ones(1), np.ones(1), np.array([False])) == []


def test_every_kind_is_described() -> None:
    assert sorted(row.category for row in DESCRIPTIONS) == sorted(KINDS)


@pytest.mark.parametrize("name", ["units", "runs"])
def test_forests_of_the_package_are_sound(name: str) -> None:
    forest: Forest = getattr(load_model(), name)
    assert forest.mask.shape == forest.feature.shape == forest.threshold.shape == (15, len(forest.value))
    # Whatever conditions fail, the last leaf that a tree has remains: what fails crosses out leaves on its left.
    assert (np.bitwise_and.reduce(forest.mask, axis=0) & 0x8000).all()
    assert np.isfinite(forest.value).all()
