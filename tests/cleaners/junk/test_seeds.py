"""The five seeds: what must go, to the character, and nothing else."""

from itertools import pairwise

import polars as pl
import pytest

from cleaners.document import make_id
from cleaners.junk import StripConfig, Stripped, gather_evidence, learn_evidence, restore, strip_articles
from tests.cleaners.junk.conftest import make_frame, make_row

CONFIG = StripConfig()
NAMES = ("000", "001", "002", "003", "004")


@pytest.fixture(scope="module")
def stripped(seed_texts: dict[str, str]) -> Stripped:
    documents = make_frame([make_row(name, text) for name, text in seed_texts.items()])
    evidence = learn_evidence([gather_evidence(documents, CONFIG)], CONFIG)
    return strip_articles(documents, evidence, CONFIG)


def _spans(stripped: Stripped, article_id: str) -> list[dict[str, object]]:
    return stripped.removed_spans.filter(pl.col("article_id") == article_id).to_dicts()


def _solid(text: str, start: int, end: int) -> tuple[int, int]:
    """The extent without the white space at its edges."""
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("000", []),
        ("001", [(63, 65, "byline")]),
        ("003", [(6805, 6876, "read_more_link")]),
        ("004", []),
    ],
)
def test_only_the_junk_goes(
    stripped: Stripped, seed_texts: dict[str, str], name: str, expected: list[tuple[int, int, str]]
) -> None:
    found = [
        (*_solid(seed_texts[name], span["start"], span["end"]), span["category"])  # type: ignore[arg-type]
        for span in _spans(stripped, make_id(name))
    ]
    assert found == expected


def test_the_page_with_everything(stripped: Stripped, seed_texts: dict[str, str]) -> None:
    text = seed_texts["002"]
    found = [
        (*_solid(text, span["start"], span["end"]), span["category"])  # type: ignore[arg-type]
        for span in _spans(stripped, make_id("002"))
    ]
    assert found == [
        (1975, 2106, "signup_banner"),
        (7040, 7049, "agency_credit"),
        (7050, 7058, "hashtags"),
        (7060, 7118, "share_ui"),
        (7119, 7146, "comments_ui"),
        (7147, 7163, "related_article"),
        (7165, 8623, "related_article"),
        (8625, 10796, "related_article"),
        (10798, 17056, "related_article"),
    ]
    spans = _spans(stripped, make_id("002"))[1:]
    assert all(left["end"] == right["start"] for left, right in pairwise(spans))
    article = stripped.articles.filter(pl.col("article_id") == make_id("002")).row(0, named=True)
    assert article["agency"] == "BLOOMBERG"
    assert article["text"] == text[:1975] + text[2107:7039]


def test_three_articles_are_salvaged(stripped: Stripped) -> None:
    embedded = stripped.articles.filter(pl.col("origin") == "embedded")
    assert embedded["parent_article_id"].to_list() == [make_id("002")] * 3
    assert embedded["site"].to_list() == ["Straits Times"] * 3
    assert embedded["agency"].to_list() == ["REUTERS"] * 3
    assert embedded["title"].to_list() == [
        "Trump floats meeting with Putin and Zelensky if initial Putin talks go well",
        "Trump floats meeting with Putin and Zelenskiy if initial Putin talks go well",
        "Trump, European leaders comment on videoconference on Ukraine",
    ]
    salvaged = stripped.removed_spans["salvaged_article_id"].drop_nulls().to_list()
    assert salvaged == embedded["article_id"].to_list()
    first, second, third = embedded["text"].to_list()
    assert second.replace("Zelenskiy", "Zelensky") == first
    assert first.startswith("WASHINGTON - U.S. President Donald Trump said")
    assert first.endswith('very friendly," he said.')
    assert third.startswith("Donald Trump joined a teleconference")
    assert 'in Ukraine ... "Everything concerning' not in third  # the story reads "all of Ukraine ..."
    assert 'all of Ukraine ... "Everything concerning Ukraine' in third
    assert third.endswith('negotiations with Ukraine."')
    for junk in ("Sign up", "File Photo", "MACDOUGALL", "Top stories", "Swipe", "Haidilao", "REUTERS"):
        assert not any(junk in text for text in (first, second, third))


def test_every_extracted_text_can_be_restored(stripped: Stripped, seed_texts: dict[str, str]) -> None:
    parents = {row["article_id"]: row for row in stripped.articles.to_dicts()}
    for name in NAMES:
        row = parents[make_id(name)]
        spans = [(span["start"], span["text"]) for span in _spans(stripped, row["article_id"])]
        assert restore(row["text"], spans) == seed_texts[name]  # type: ignore[arg-type]
    for row in (row for row in parents.values() if row["origin"] == "embedded"):
        spans = [(span["start"], span["text"]) for span in _spans(stripped, row["article_id"])]
        assert restore(row["text"], spans) in seed_texts["002"]  # type: ignore[arg-type]


def test_counts_agree(stripped: Stripped) -> None:
    sums = stripped.removed_spans.group_by("article_id").agg(pl.col("text").str.len_chars().sum().alias("n"))
    joined = stripped.articles.join(sums, on="article_id", how="left").with_columns(pl.col("n").fill_null(0))
    assert joined["n_removed_chars"].to_list() == joined["n"].to_list()
    assert stripped.rejects.is_empty()
