"""Names across runs: a later batch speaks about earlier articles, within a window of time, and flags keep their ids."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from flows.steps import names
from tests.cleaners.names.test_check import STORY, UNRELATED, story
from tests.conftest import read_tables

pytestmark = pytest.mark.slow

ORCHID = [text.format(name="Diana Marlow", last="Marlow") for text in UNRELATED]


def feed(path: Path, texts: list[str], day: str | None) -> Path:
    rows = [
        {"text": text, "url": f"https://paper{i}.example/{path.stem}", "site": f"paper{i}.example", "published_at": day}
        for i, text in enumerate(texts)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def flags_of(output: Path) -> list[tuple[str, str]]:
    return read_tables(output / "latest").name_flags.filter("is_error").select("surface", "canonical").rows()


def test_a_later_batch_raises_a_flag_on_an_earlier_article(tmp_path: Path, run_pipeline: Callable) -> None:
    out = tmp_path / "out"
    wrong = STORY[2].format(name="Philip Cardwell", last="Cardwell")
    run_pipeline([feed(tmp_path / "a.jsonl", [wrong], "2026-03-02T08:00:00Z")], out, run_id="1")
    assert flags_of(out) == []
    before = read_tables(out / "latest").articles
    right = story("Martin Cardwell", "Martin Cardwell")
    run_pipeline([feed(tmp_path / "b.jsonl", right, "2026-03-03T08:00:00Z")], out, run_id="2")
    assert flags_of(out) == [("Philip Cardwell", "Martin Cardwell")]
    tables = read_tables(out / "latest")
    assert tables.articles.filter(pl.col("run_id") == "1").equals(before)
    flag = tables.name_flags.row(0, named=True)
    assert flag["article_id"] == before["article_id"][0]
    run_pipeline([feed(tmp_path / "c.jsonl", ORCHID, "2026-03-04T08:00:00Z")], out, run_id="3")
    assert read_tables(out / "latest").name_flags["flag_id"].to_list() == [flag["flag_id"]]


def test_texts_of_other_years_bear_no_witness(tmp_path: Path, run_pipeline: Callable) -> None:
    out = tmp_path / "out"
    wrong = STORY[2].format(name="Philip Cardwell", last="Cardwell")
    run_pipeline([feed(tmp_path / "a.jsonl", [wrong], "2019-03-02T08:00:00Z")], out, run_id="1")
    right = story("Martin Cardwell", "Martin Cardwell")
    run_pipeline([feed(tmp_path / "b.jsonl", right, "2026-03-03T08:00:00Z")], out, run_id="2")
    assert flags_of(out) == []
    # Rows that no new article reaches stay as they were.
    tables = read_tables(out / "latest")
    assert set(tables.name_mentions["article_id"]) == set(tables.articles["article_id"])


def test_a_flag_stays_though_no_new_article_reaches_it(tmp_path: Path, run_pipeline: Callable) -> None:
    out = tmp_path / "out"
    papers = story("Martin Cardwell", "Martin Cardwell", "Philip Cardwell")
    run_pipeline([feed(tmp_path / "a.jsonl", papers, "2015-03-02T08:00:00Z")], out, run_id="1")
    before = read_tables(out / "latest")
    assert flags_of(out) == [("Philip Cardwell", "Martin Cardwell")]
    run_pipeline([feed(tmp_path / "b.jsonl", ORCHID, "2026-03-03T08:00:00Z")], out, run_id="2")
    after = read_tables(out / "latest")
    assert after.name_flags.equals(before.name_flags)
    assert before.name_mentions.height < after.name_mentions.height


def test_workers_that_share_a_part_find_what_one_finds(
    tmp_path: Path, run_pipeline: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = [*story("Martin Cardwell", "Martin Cardwell", "Philip Cardwell"), *ORCHID]
    source = feed(tmp_path / "a.jsonl", papers, "2026-03-02T08:00:00Z")
    run_pipeline([source], tmp_path / "one")
    monkeypatch.setattr(names, "MIN_SHARE", 2)
    run_pipeline([source], tmp_path / "two", workers=2)
    one, two = read_tables(tmp_path / "one" / "latest"), read_tables(tmp_path / "two" / "latest")
    assert flags_of(tmp_path / "one") == [("Philip Cardwell", "Martin Cardwell")]
    for table in ("name_flags", "name_mentions", "name_replacements"):
        assert getattr(one, table).equals(getattr(two, table))
    assert one.articles["people"].equals(two.articles["people"])
