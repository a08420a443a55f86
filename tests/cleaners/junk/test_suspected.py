"""Passages reported instead of cut: doubtful passages, documents that would lose too much, offsets in the published text."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners import clean
from cleaners.config import CleaningConfig
from cleaners.junk import StripConfig, find, gather_evidence, learn_evidence, strip_articles
from cleaners.junk.decide import decide
from cleaners.junk.model.doubts import UNRELATED, UNSURE, find_doubtful
from cleaners.junk.page.page import Page, Passage
from cleaners.junk.page.reading import find_candidates, read, split_units
from cleaners.junk.page.tokens import tokenize
from cleaners.schemas import TABLES
from tests.cleaners.junk.conftest import make_frame, make_row

CONFIG = StripConfig()
STORY = [
    "The harbour board of Lindmouth voted on Tuesday to rebuild the eastern ferry quay after the storm in March.",
    "Board members said the ferry would sail from the fish market of Lindmouth until the quay is rebuilt.",
    "The harbour master told the board that the planking of the quay had been due for repair before the storm.",
    "Fishermen at the market have asked the harbour board for a second crane on the ferry quay.",
]
ALIEN = [
    "Violinist Marta Quill returned to the concert stage in Vienna with the Sibelius concerto on Sunday evening.",
    "Critics praised her reading, the orchestra's warm strings and conductor Pavel Haas, who had rehearsed for weeks.",
    "Tickets had been gone within minutes; Quill plays Brahms and Bartok next winter in Prague and Budapest.",
]


def _doubtful(start: int, end: int, **values: object) -> Passage:
    return replace(Passage(start, end, "learned-related-article", "related_article", 0.5, doubt="why"), **values)  # type: ignore[arg-type]


def _judge(
    runs: list[tuple[int, int]], pure: list[float], passages: list[Passage] | None = None
) -> list[tuple[int, str]]:
    text = "\n".join([*STORY[:2], *ALIEN, *STORY[2:]])
    page = Page(text, "Board rebuilds ferry quay")
    reading = read([page], [tokenize(text)])
    units = split_units(reading, find_candidates(reading)[:0], np.zeros(0), 0.5, [[]])
    assert len(units.starts) == 7
    return find_doubtful(page, units, runs, np.array(pure), np.full(len(runs), 0.5), passages or [], CONFIG)


def test_a_run_that_is_rather_junk_is_reported_and_one_that_is_hardly_is_not() -> None:
    assert _judge([(0, 1), (3, 4), (5, 6)], [0.29, 0.31, 0.9]) == [(1, UNSURE), (2, UNSURE)]


def test_a_foreign_story_is_reported_at_little_probability_and_a_part_of_the_story_is_not() -> None:
    assert _judge([(2, 5)], [0.05]) == [(0, UNRELATED)]
    assert _judge([(5, 7)], [0.05]) == []  # as long, but of the same matter
    assert _judge([(2, 3)], [0.05]) == []  # as foreign, but short
    assert _judge([(2, 5)], [0.005]) == []


def test_what_is_cut_is_not_reported_too() -> None:
    assert _judge([(2, 5)], [0.5], [Passage(len(STORY[0]) + 120, len(STORY[0]) + 300, "x", "ad_marker", 0.9)]) == []


def test_reported_runs_do_not_overlap() -> None:
    found = _judge([(1, 5), (2, 5), (2, 4)], [0.4, 0.5, 0.1])
    assert len(found) == 1


def test_what_a_detector_is_not_sure_of_is_reported() -> None:
    page = Page("aa\nbb\ncc\ndd")
    unsure = Passage(3, 8, "widget-lines", "top_stories_widget", 0.5)
    removed, suspected = decide(page, [unsure, Passage(0, 2, "ad-line", "ad_marker", 0.9)], CONFIG)
    assert [(p.start, p.end) for p in removed] == [(0, 2)]
    assert [(p.start, p.end, p.rule_id) for p in suspected] == [(3, 8, "widget-lines")]
    assert "0.60" in (suspected[0].doubt or "")


def test_a_document_that_would_lose_too_much_is_reported_and_keeps_its_text() -> None:
    page = Page("word " * 40 + "Advertisement")
    uncertain = Passage(0, 190, "template-related-article", "related_article", 0.85, is_certain=False)
    firm = Passage(200, 213, "ad-line", "ad_marker", 0.95)
    removed, suspected = decide(page, [uncertain, firm], CONFIG)
    assert removed == [firm]
    assert [(p.start, p.end) for p in suspected] == [(0, 189)]
    assert "89% of the document, more than the 75%" in (suspected[0].doubt or "")
    loose = CONFIG.model_copy(update={"max_uncertain_share": 0.9})
    assert decide(page, [uncertain, firm], loose).suspected == []


def test_a_site_of_one_text_in_versions_goes_to_review_whole() -> None:
    """Six pages that share all but a sentence: repetition would empty them."""
    shared = "\n".join([*ALIEN, *STORY[2:]])
    rows = [make_row(f"v{n}", f"{STORY[n % 4]} Number {n}.\n{shared}", site="gull.example") for n in range(6)]
    documents = make_frame(rows)
    config = StripConfig(use_learned_layer=False, max_uncertain_share=0.2)
    evidence = learn_evidence([gather_evidence(documents, config)], config)
    # Sketches count versions of one story once; here each version counts.
    evidence = evidence.with_columns(
        value=pl.when(pl.col("kind") == 1).then(pl.lit(0xFF, pl.UInt64)).otherwise("value")
    )
    result = strip_articles(documents, evidence, config)
    assert result.articles["text"].to_list() == [row["text"] for row in rows]
    assert set(result.suspected_spans["article_id"]) == set(result.articles["article_id"])
    assert result.suspected_spans["reason"].str.contains("more than the 20%").all()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(["aa bb.", "Cc dd!", "\n", " ", "中文。", "REUTERS", "ee"]), max_size=30),
    st.lists(st.tuples(st.integers(0, 90), st.integers(1, 30), st.booleans()), max_size=8),
)
def test_suspected_spans_stand_in_the_published_text(pieces: list[str], extents: list[tuple[int, int, bool]]) -> None:
    text = " ".join(pieces)
    passages = [
        _doubtful(start, min(start + size, len(text)), doubt="why" if is_doubt else None, confidence=0.9)
        for start, size, is_doubt in extents
        if start < min(start + size, len(text))
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(find, "revise", lambda pages, *_: [passages for _ in pages])
        result = strip_articles(make_frame([make_row("a", text)]), None, CONFIG)
    assert not result.rejects.filter(pl.col("reason") == "failed").height, result.rejects["detail"].to_list()
    if not result.articles.height:
        return
    cleaned = result.articles["text"].item()
    rows = result.suspected_spans.to_dicts()
    assert [row["span_no"] for row in rows] == list(range(len(rows)))
    for row in rows:
        assert cleaned[row["start"] : row["end"]] == row["text"] == row["text"].strip() != ""
        assert row["reason"]
    assert all(left["end"] <= right["start"] for left, right in pairwise(rows))
    contract = TABLES["suspected_spans"]
    assert contract.is_valid(result.suspected_spans.with_columns(run_id=pl.lit("r")).select(contract.column_names()))


def test_nothing_suspected_is_lost_or_invented() -> None:
    """A doubtful passage between two cuts: its offsets move by what is cut before it."""
    text = f"Advertisement\n{STORY[0]}\n{ALIEN[0]}\nAdvertisement\n{STORY[1]}"
    start = text.index(ALIEN[0])
    with pytest.MonkeyPatch.context() as patch:
        real = find.revise
        doubtful = _doubtful(start, start + len(ALIEN[0]) + 10)
        patch.setattr(find, "revise", lambda *given: [[*found, doubtful] for found in real(*given)])
        result = strip_articles(make_frame([make_row("a", text)]), None, CONFIG)
    (row,) = result.suspected_spans.to_dicts()
    assert result.articles["text"].item() == "\n".join([STORY[0], ALIEN[0], STORY[1]])
    assert (row["start"], row["text"]) == (len(STORY[0]) + 1, ALIEN[0])
    assert (row["category"], row["likely_category"]) == ("suspected", "related_article")


def test_the_library_gives_the_table() -> None:
    text = (
        "Die Behörde teilte mit, der Hafen bleibe bis zum Frühjahr geschlossen, weil die Kaimauer nach dem Sturm erst "
    )
    text += "gesichert werden müsse und die Fähre in dieser Zeit vom Fischmarkt aus fahren solle, sagte der Leiter am Montag.\n"
    config = CleaningConfig(strip=StripConfig(use_learned_layer=False))
    cleaned = clean([text + "Sign up for our newsletter and get the latest news in your inbox."], config=config)
    assert cleaned.removed_spans.is_empty()
    assert cleaned.suspected_spans["likely_category"].to_list() == ["signup_banner"]
