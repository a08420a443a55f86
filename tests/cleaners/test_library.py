from __future__ import annotations

import polars as pl
import pytest

from cleaners import check_names, clean, find_near_duplicates
from cleaners.errors import CopydeskError
from tests.conftest import SEEDS

TEXTS = [path.read_text(encoding="utf-8") for path in sorted(SEEDS.iterdir())]


def test_three_lines_do_the_whole_job() -> None:
    cleaned = clean(TEXTS)
    stories = find_near_duplicates(cleaned.articles)
    names = check_names(cleaned.articles)
    assert cleaned.articles["origin"].to_list().count("embedded") == 3
    assert stories.clusters.filter(pl.col("cluster_size") > 1).height == 2
    assert names.flags.filter("is_error")["surface"].to_list() == ["Robert Lutnick"]


def test_a_single_string_and_a_page() -> None:
    page = f"<html><head><title>A page</title></head><body><article><p>{TEXTS[0]}</p></article></body></html>"
    assert clean(TEXTS[0]).articles.height == 1
    cleaned = clean(page, media="html")
    assert cleaned.articles["origin"].to_list() == ["page"]
    assert "<p>" not in cleaned.articles["text"].item()


def test_a_frame_keeps_what_it_knows() -> None:
    frame = pl.DataFrame({"text": TEXTS[:1], "url": ["https://a.example/x"], "site": ["A"]})
    row = clean(frame).articles.row(0, named=True)
    assert (row["url"], row["site"]) == ("https://a.example/x", "A")


def test_equal_strings_are_two_articles_of_one_story() -> None:
    clusters = find_near_duplicates([TEXTS[0], TEXTS[0], TEXTS[4]]).clusters
    assert clusters["article_id"].n_unique() == 3
    assert sorted(clusters["match"]) == ["exact", "single", "single"]


def test_what_is_no_article_is_a_reject() -> None:
    cleaned = clean(["", TEXTS[0]])
    assert cleaned.articles.height == 1
    assert cleaned.rejects.height == 1


def test_nothing_in_nothing_out() -> None:
    assert clean([]).articles.is_empty()
    assert find_near_duplicates([]).clusters.is_empty()
    assert check_names([]).flags.is_empty()


def test_a_frame_without_text_is_refused() -> None:
    with pytest.raises(CopydeskError, match="text or html"):
        clean(pl.DataFrame({"body": ["x"]}))
    with pytest.raises(CopydeskError, match="called text"):
        check_names(pl.DataFrame({"body": ["x"]}))
