"""Stripping and salvage as a whole: frames, rejects, embedded articles, and the property that nothing vanishes."""

import time
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.quality.reconstruct import find_broken
from cleaners.document import DOCUMENT_SCHEMA, SOURCED_FIELDS, make_id, sha256_hex
from cleaners.junk import StripConfig, find, gather_evidence, learn_evidence, restore, strip_articles
from tests.cleaners.junk.conftest import make_frame, make_row

CONFIG = StripConfig()
STORY = (
    "The harbour board approved the new ferry terminal on Tuesday after a debate of four hours.\n"
    "Work begins in spring, the board said, and the old quay stays open until the last pier is built.\n"
    "Residents of the island asked for a later boat on Fridays."
)
BODY = (
    "Farmers in the valley began the apple harvest two weeks early because the summer was dry and hot. Growers expect "
    "smaller fruit but a sweeter crop, and cider makers have raised the price they pay. Pickers arrive on Monday."
)
CARD = f"Related Articles\n\nValley News\n3 hours ago\n- Valley News\nApple harvest begins early\n{BODY} REUTERS"
PIECES = [
    *STORY.split("\n"),
    "Advertisement",
    "Share on Facebook",
    "Sign up for our newsletter and get the latest news in your inbox.",
    "#harbour #ferry",
    "Comments (0)",
    "Read more: Ferry prices to rise",
    CARD,
    "Top stories\nFerry sinks off the cape\nMayor resigns over quay\nSchool opens after flood",
    "“Quoted words,” she said. ADVERTISEMENT The end",
    "中文句子。另一句。",
    "\u00a0",
    "",
]


def test_junk_goes_and_the_story_stays() -> None:
    text = f"Share\nTweet\n{STORY}\n\nAdvertisement\n\nComments are closed."
    result = strip_articles(make_frame([make_row("a", text)]), None, CONFIG)
    row = result.articles.row(0, named=True)
    assert row["text"] == STORY
    assert row["text_sha256"] == sha256_hex(STORY)
    assert row["n_words"] == len(STORY.split())
    assert row["n_removed_chars"] == len(text) - len(STORY)
    assert result.removed_spans["category"].to_list() == ["share_ui", "ad_marker", "comments_ui"]
    assert result.removed_spans["span_no"].to_list() == [0, 1, 2]


def test_a_card_becomes_an_article_of_its_own() -> None:
    text = f"{STORY}\n{CARD}"
    result = strip_articles(make_frame([make_row("a", text, site="island.example")]), None, CONFIG)
    parent, child = result.articles.to_dicts()
    assert parent["text"] == STORY
    assert (child["origin"], child["parent_article_id"]) == ("embedded", make_id("a"))
    assert (child["site"], child["title"], child["agency"]) == ("Valley News", "Apple harvest begins early", "REUTERS")
    assert child["text"] == BODY
    assert child["article_id"] == make_id(make_id("a"), "embedded", str(text.index(BODY)))
    assert child["published_at"] == datetime(2031, 5, 4, 9, tzinfo=UTC)
    assert (child["source_uri"], child["raw_sha256"]) == (parent["source_uri"], parent["raw_sha256"])
    spans = result.removed_spans.filter(pl.col("salvaged_article_id").is_not_null())
    assert spans["salvaged_article_id"].to_list() == [child["article_id"]]


def test_an_age_counts_from_the_publication_only_with_a_time_of_day() -> None:
    text = f"{STORY}\n{CARD}"
    exact, midnight = datetime(2031, 5, 4, 10, 30, tzinfo=UTC), datetime(2031, 5, 4, tzinfo=UTC)
    rows = [
        make_row("exact", text, fetched_at=None, published_at=exact),
        make_row("date", text, fetched_at=None, published_at=midnight),
    ]
    children = strip_articles(make_frame(rows), None, CONFIG).articles.filter(pl.col("origin") == "embedded")
    assert children["published_at"].to_list() == [exact - timedelta(hours=3), None]


def test_a_teaser_is_cut_but_is_no_article() -> None:
    text = f"{STORY}\nValley News\n3 hours ago\n- Valley News\nApple harvest begins early\nThe summer was dry."
    result = strip_articles(make_frame([make_row("a", text)]), None, CONFIG)
    assert result.articles["text"].to_list() == [STORY]
    assert result.removed_spans["salvaged_article_id"].to_list() == [None]


def test_a_card_behind_a_card_is_salvaged_too() -> None:
    storm = (
        "Snow and wind closed the mountain pass on Sunday night. Ploughs worked until dawn, and drivers slept in cars."
    )
    storm += " A bakery near the summit handed out bread to everyone who knocked."
    text = f"{STORY}\nCoast Post\n1 hour ago\n- Coast Post\nStorm closes the pass\n{storm}\n\n{CARD}"
    result = strip_articles(make_frame([make_row("a", text)]), None, CONFIG)
    assert result.articles["text"].to_list() == [STORY, storm, BODY]


def test_an_article_goes_on_behind_a_card_in_its_line() -> None:
    lines = STORY.split("\n")
    back = "The board said the harbour ferry and the old quay stay open for island residents until spring."
    card = f"Valley News 2 days ago - Valley News Apple harvest begins early as summer was dry {BODY}"
    text = f"{' '.join(lines * 3)} Terminal engineers, harbour pilots, council members and dockers spoke. {card} {back}"
    padding = (
        "\nThe terminal debate of the island council drew harbour pilots, dockers, engineers, residents, owners of boats, "
        "merchants, teachers, tourists, anglers, lawyers and members of every board along the coast, the clerk noted, "
        "before spring elections; nobody expected Tuesday to end with applause from opponents of the approved project, "
        "whose construction still needs permits, money, patience, granite, timber, cranes, divers and calmer weather.\n"
        "Earlier surveys measured currents, sediment, noise, traffic, parking, jobs, tides, visitors, wages, fuel, "
        "emissions, timetables, luggage, ticketing, lighting, shelter, toilets, ramps, bollards, signage and drainage."
    )
    article = strip_articles(make_frame([make_row("a", text + padding)]), None, CONFIG).articles.row(0, named=True)
    assert "Farmers" not in article["text"]
    assert back in article["text"]


def test_a_byline_moves_to_the_authors() -> None:
    text = f"Board approves terminal\nBy Ana Lund and Per Holm\n{STORY}"
    row = make_row("a", text, title="Board approves terminal")
    article = strip_articles(make_frame([row]), None, CONFIG).articles.row(0, named=True)
    assert article["authors"] == ["Ana Lund", "Per Holm"]
    assert article["text"] == f"Board approves terminal\n{STORY}"


def test_the_source_of_authors_follows_the_byline() -> None:
    stated = {**dict.fromkeys(SOURCED_FIELDS), "title": "text", "doubts": []}
    for text, authors, expected in (
        (f"Board approves terminal\nBy Ana Lund\n{STORY}", [], "byline"),
        (f"Board approves terminal\n{STORY}", [], None),
        (f"Board approves terminal\nBy Ana Lund\n{STORY}", ["A. Lund"], "json_ld"),
    ):
        sources = {**stated, "authors": "json_ld"}
        row = make_row("a", text, title="Board approves terminal", authors=authors, metadata_sources=sources)
        article = strip_articles(make_frame([row]), None, CONFIG).articles.row(0, named=True)
        assert article["metadata_sources"] == {**sources, "authors": expected}


def test_known_authors_and_agency_are_kept() -> None:
    row = make_row("a", f"By Ana Lund\n{STORY} REUTERS", authors=["A. Lund"], agency="AP")
    article = strip_articles(make_frame([row]), None, CONFIG).articles.row(0, named=True)
    assert (article["authors"], article["agency"]) == (["A. Lund"], "AP")
    assert article["text"] == STORY


def test_a_document_of_junk_alone_is_a_reject() -> None:
    rows = [make_row("junk", "Share\nTweet\nComments (0)"), make_row("story", STORY)]
    result = strip_articles(make_frame(rows), None, CONFIG)
    assert result.articles["source_uri"].to_list() == ["story"]
    assert result.rejects.select("source_uri", "stage", "reason").rows() == [("junk", "strip", "nothing_left")]
    assert result.removed_spans.is_empty()


def test_one_failing_document_does_not_fail_the_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    real = find.find_widgets

    def fail(page: object) -> object:
        if "poison" in page.text:  # type: ignore[attr-defined]
            raise RuntimeError("boom")
        return real(page)  # type: ignore[arg-type]

    monkeypatch.setattr(find, "find_widgets", fail)
    rows = [make_row("bad", "poison " + STORY), make_row("good", STORY)]
    result = strip_articles(make_frame(rows), None, CONFIG)
    assert result.articles["source_uri"].to_list() == ["good"]
    assert result.rejects.select("reason", "detail").rows() == [("failed", "RuntimeError: boom")]


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        "Valley News 3 hours ago - Valley News ",
        "3 hours ago - ",
        "Share\n",
        "Sign up\n",
        "Most read\nA b c d\n",
        "Trending Asia ",
    ],
)
def test_time_is_linear_on_a_hostile_document(unit: str) -> None:
    seconds = []
    for size in (20_000, 80_000):
        started = time.process_time()  # of this process: others share the machine
        result = strip_articles(make_frame([make_row("a", unit * (size // len(unit)))]), None, CONFIG)
        seconds.append(time.process_time() - started)
        assert "failed" not in result.rejects["reason"]
    assert seconds[1] < 10 * seconds[0] + 0.5


def test_an_empty_frame_gives_empty_frames_of_the_same_schema() -> None:
    empty = strip_articles(make_frame([]), None, CONFIG)
    full = strip_articles(make_frame([make_row("a", f"{STORY}\nAdvertisement")]), None, CONFIG)
    assert [frame.schema for frame in empty] == [frame.schema for frame in full]
    assert empty.articles.columns[: len(DOCUMENT_SCHEMA)] == DOCUMENT_SCHEMA.names()


def test_the_frame_of_the_caller_is_left_alone() -> None:
    documents = make_frame([make_row("a", f"{STORY}\nAdvertisement")])
    before = documents.clone()
    strip_articles(documents, None, CONFIG)
    assert documents.equals(before)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12), st.sampled_from(["\n", "\n\n", " ", "\r\n"]))
def test_splicing_back_gives_the_extracted_text(pieces: list[str], separator: str) -> None:
    text = separator.join(pieces)
    result = strip_articles(make_frame([make_row("a", text)]), None, CONFIG)
    assert not result.rejects.filter(pl.col("reason") == "failed").height, result.rejects["detail"].to_list()
    for article in result.articles.to_dicts():
        spans = result.removed_spans.filter(pl.col("article_id") == article["article_id"]).sort("span_no")
        assert (spans["end"] - spans["start"] == spans["text"].str.len_chars()).all()
        extracted = restore(article["text"], spans.select("start", "text").rows())
        assert extracted == text or extracted in text
        for start, end in spans.select("start", "end").rows():
            assert not (0 < start < len(extracted) and extracted[start - 1].isalnum() and extracted[start].isalnum())
            assert not (0 < end < len(extracted) and extracted[end - 1].isalnum() and extracted[end].isalnum())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=40)), min_size=1, max_size=8),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(["\n", "\n\n", " ", "\r\n", "\u2028"]),
    st.sampled_from([None, "en", "de"]),
)
def test_a_batch_with_evidence_loses_no_character(pages: list[list[str]], separator: str, language: str | None) -> None:
    """Several pages of a site, alike in part, in any characters: repetition, ownership and the learned layer all speak."""
    rows = [
        make_row(f"p{number}", separator.join(pieces * (1 + number % 2)), site="s", language=language)
        for number, pieces in enumerate(pages)
    ]
    documents = make_frame(rows)
    evidence = learn_evidence([gather_evidence(documents, CONFIG)], CONFIG)
    result = strip_articles(documents, evidence, CONFIG)
    assert not result.rejects.filter(pl.col("reason") == "failed").height, result.rejects["detail"].to_list()
    assert find_broken(documents, result) == []
