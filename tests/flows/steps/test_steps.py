"""The steps of a run, file to file: what is new, what is skipped, what is replaced, and that nothing is lost."""

from __future__ import annotations

import gzip
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from flows.store.snapshots import latest_snapshot
from tests.conftest import OF_A_RUN, SEEDS, read_tables, run_steps

pytestmark = pytest.mark.slow

STORIES = [
    "The harbour board said on Monday that it had approved a second crane for the eastern quay. Work begins in March and "
    "should end before the winter storms, according to the chief engineer, who presented the plan to the council.",
    "A committee of the regional parliament rejected the budget amendment by nine votes to four. Its chair told reporters "
    "that the vote would be repeated once the audit office had published its figures for the past financial year.",
    "Researchers at the coastal institute measured a drop of two degrees in the bay since the dam was opened. Fishermen "
    "had reported smaller catches for three seasons, and the ministry now wants to pay them for the lost income.",
]


def tree_state(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(folder)): (path.lstat().st_mtime_ns, path.lstat().st_ino)
        for path in sorted(folder.rglob("*"))
    }


def test_the_second_run_finds_nothing_new_and_changes_nothing(tmp_path: Path, run_pipeline: Callable) -> None:
    assert run_pipeline([SEEDS], tmp_path)
    before = tree_state(tmp_path)
    assert run_pipeline([SEEDS], tmp_path, run_id="second") is None
    assert tree_state(tmp_path) == before


def test_ids_do_not_depend_on_place_order_or_company(tmp_path: Path, run_pipeline: Callable, seed_tables) -> None:
    elsewhere = tmp_path / "some" / "where" / "else"
    elsewhere.mkdir(parents=True)
    names = sorted(path.name for path in SEEDS.iterdir())
    random.Random(3).shuffle(names)
    for name in names:
        shutil.copy(SEEDS / name, elsewhere / name)
    (elsewhere / "another.txt").write_text(STORIES[0])
    run_pipeline([elsewhere / name for name in [*names, "another.txt"]], tmp_path / "out")
    here = read_tables(tmp_path / "out" / "latest")
    ids = set(seed_tables.articles["article_id"])
    assert ids < set(here.articles["article_id"])
    # The confidence of a flag depends on all the papers there are; what it says of whom does not.
    with_company = ["run_id", "confidence", "evidence"]
    for name in ("removed_spans", "clusters", "name_flags"):
        mine = getattr(here, name).filter(pl.col("article_id").is_in(list(ids))).drop(with_company, strict=False)
        theirs = getattr(seed_tables, name).drop(with_company, strict=False)
        assert mine.sort(mine.columns[:3]).equals(theirs.sort(theirs.columns[:3])), name


def test_every_kind_of_input_becomes_an_article_or_a_reject(tmp_path: Path, run_pipeline: Callable) -> None:
    landing = tmp_path / "landing"
    (landing / "deep").mkdir(parents=True)
    page = f"<html><head><title>Crane</title></head><body><article><h1>Crane</h1><p>{STORIES[0]}</p><p>{STORIES[1]}</p></article></body></html>"
    (landing / "deep" / "page.html.gz").write_bytes(gzip.compress(page.encode()))
    (landing / "latin.txt").write_bytes(STORIES[1].replace("budget", "café budget").encode("cp1252"))
    (landing / "empty.txt").write_text(" \n")
    (landing / "noise.txt").write_bytes(random.Random(1).randbytes(4096))
    (landing / "notes.docx").write_bytes(b"PK\x03\x04 something")
    with (landing / "feed.jsonl").open("w") as feed:
        feed.write(json.dumps({"text": STORIES[2], "url": "https://a.example/1", "site": "a.example"}) + "\n")
        feed.write("{broken\n")
        feed.write(json.dumps({"html": page, "url": "https://b.example/2"}) + "\n")
    run_pipeline([landing], tmp_path / "out")
    tables = read_tables(tmp_path / "out" / "latest")
    assert tables.articles.height == 4
    assert dict(tables.rejects.select(pl.col("source_uri").str.split("/").list.last(), "reason").rows()) == {
        "empty.txt": "empty",
        "noise.txt": "binary",
        "notes.docx": "unsupported_format",
        "feed.jsonl#1": "malformed_record",
    }
    assert "café budget" in tables.articles.filter(pl.col("source_uri").str.ends_with("latin.txt"))["text"].item()


def test_folders_may_be_named_like_patterns(tmp_path: Path, run_pipeline: Callable) -> None:
    landing = tmp_path / "news [2026] *"
    landing.mkdir()
    (landing / "one.txt").write_text(STORIES[0])
    output = tmp_path / "out [x] ?"
    run_pipeline([landing], output, run_id="1")
    (landing / "two.txt").write_text(STORIES[1])
    assert run_pipeline([landing], output, run_id="2")
    snapshot = latest_snapshot(output)
    assert snapshot
    assert snapshot.manifest["tables"]["articles"]["rows"] == 2


def test_rejects_alone_are_published_once(tmp_path: Path, run_pipeline: Callable) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    (landing / "empty.txt").write_text("")
    assert run_pipeline([landing], tmp_path / "out", run_id="1")
    tables = read_tables(tmp_path / "out" / "latest")
    assert (tables.articles.height, tables.rejects["reason"].to_list()) == (0, ["empty"])
    assert run_pipeline([landing], tmp_path / "out", run_id="2") is None
    (landing / "one.txt").write_text(STORIES[0])
    assert run_pipeline([landing], tmp_path / "out", run_id="3")
    assert read_tables(tmp_path / "out" / "latest").articles.height == 1


def test_a_later_run_adds_to_the_snapshot_and_links_what_did_not_change(tmp_path: Path, run_pipeline: Callable) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    (landing / "one.txt").write_text(STORIES[0])
    (landing / "empty.txt").write_text("")
    run_pipeline([landing], tmp_path / "out", run_id="20260101T000000Z-0001")
    first = tmp_path / "out" / "latest" / "articles" / "20260101T000000Z-0001.parquet"
    inode = first.stat().st_ino
    (landing / "two.txt").write_text(STORIES[1])
    run_pipeline([landing], tmp_path / "out", run_id="20260102T000000Z-0001")
    tables = read_tables(tmp_path / "out" / "latest")
    assert sorted(tables.articles["run_id"]) == ["20260101T000000Z-0001", "20260102T000000Z-0001"]
    assert tables.rejects.height == 1
    assert tables.clusters.height == 2
    assert (tmp_path / "out" / "latest" / "articles" / first.name).stat().st_ino == inode
    assert tables.run_summary["run_id"].n_unique() == 2


def test_a_story_that_ran_before_is_found_again(tmp_path: Path, run_pipeline: Callable) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    (landing / "one.txt").write_text("\n".join(STORIES))
    run_pipeline([landing], tmp_path / "out", run_id="1")
    (landing / "copy.txt").write_text("\n".join(STORIES))
    (landing / "near.txt").write_text("\n".join(STORIES).replace("Monday", "Tuesday"))
    run_pipeline([landing], tmp_path / "out", run_id="2")
    tables = read_tables(tmp_path / "out" / "latest")
    assert tables.clusters["cluster_id"].n_unique() == 1
    assert sorted(tables.clusters["match"]) == ["exact", "near", "single"]
    assert tables.duplicate_pairs.height >= 2


def same_rows(mine: pl.DataFrame, theirs: pl.DataFrame) -> bool:
    mine, theirs = (rows.drop(*OF_A_RUN, "code_version", strict=False) for rows in (mine, theirs))
    return mine.sort(mine.columns[:3]).equals(theirs.sort(theirs.columns[:3]))


def test_other_settings_of_stripping_strip_the_published_texts_again_without_reading_them(
    tmp_path: Path, run_pipeline: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = {"cleaning": {"strip": {"min_confidence": 0.9, "use_learned_layer": False}}}
    assert run_pipeline([SEEDS], tmp_path / "fresh", run_id="1", **changed)
    expected = read_tables(tmp_path / "fresh" / "latest")
    assert run_pipeline([SEEDS], tmp_path / "out", run_id="1")
    monkeypatch.setattr("flows.steps.extract.extract_articles", None)
    assert run_pipeline([SEEDS], tmp_path / "out", run_id="2", **changed)
    after = read_tables(tmp_path / "out" / "latest")
    assert after.articles["run_id"].unique().to_list() == ["2"]
    for name in ("articles", "removed_spans", "clusters", "name_flags"):
        assert same_rows(getattr(after, name), getattr(expected, name)), name
    assert run_pipeline([SEEDS], tmp_path / "out", run_id="3", **changed) is None


def test_other_settings_of_extraction_read_the_same_input_again(tmp_path: Path, run_pipeline: Callable) -> None:
    run_pipeline([SEEDS], tmp_path, run_id="1")
    before = read_tables(tmp_path / "latest")
    assert run_pipeline([SEEDS], tmp_path, run_id="2", cleaning={"text": {"detect_bytes": 70_000}})
    after = read_tables(tmp_path / "latest")
    assert after.articles["run_id"].unique().to_list() == ["2"]
    for name in ("articles", "removed_spans", "clusters"):
        assert same_rows(getattr(after, name), getattr(before, name)), name


def test_other_settings_of_the_names_desk_touch_no_article(tmp_path: Path, run_pipeline: Callable) -> None:
    run_pipeline([SEEDS], tmp_path, run_id="1")
    names = tmp_path / "names.csv"
    names.write_text("canonical,aliases\nJane Roe,J. Roe\n")
    assert run_pipeline([SEEDS], tmp_path, run_id="2", authority=str(names))
    after = read_tables(tmp_path / "latest")
    assert after.articles["run_id"].unique().to_list() == ["1"]
    assert after.run_summary.filter(metric="inputs_known", run_id="2")["value"].to_list() == [5]
    assert run_pipeline([SEEDS], tmp_path, run_id="3", authority=str(names)) is None


def test_only_what_was_rejected_is_tried_again(tmp_path: Path, run_pipeline: Callable) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    (landing / "one.txt").write_text(STORIES[0])
    (landing / "mended.txt").write_bytes(b"")
    (landing / "feed.jsonl").write_text("{broken\n" + json.dumps({"text": STORIES[1], "url": "https://a.example/1"}))
    run_pipeline([landing], tmp_path / "out", run_id="1")
    assert read_tables(tmp_path / "out" / "latest").rejects.height == 2
    (landing / "mended.txt").write_text(STORIES[2])
    (landing / "never-tried.txt").write_text(STORIES[2] + " And so on.")
    assert run_pipeline([], tmp_path / "out", run_id="2", retry=True)
    tables = read_tables(tmp_path / "out" / "latest")
    assert sorted(tables.articles["run_id"]) == ["1", "1", "2"]
    assert tables.rejects["reason"].to_list() == ["malformed_record"]


def test_an_appended_feed_adds_only_its_new_records(tmp_path: Path, run_pipeline: Callable) -> None:
    feed = tmp_path / "feed.jsonl"
    rows = [json.dumps({"text": story, "url": f"https://a.example/{n}"}) for n, story in enumerate(STORIES)]
    feed.write_text("\n".join(rows[:2]) + "\n")
    run_pipeline([feed], tmp_path / "out", run_id="1")
    feed.write_text("\n".join(rows) + "\n")
    run_pipeline([feed], tmp_path / "out", run_id="2")
    tables = read_tables(tmp_path / "out" / "latest")
    assert sorted(tables.articles["run_id"]) == ["1", "1", "2"]
    known = tables.run_summary.filter(metric="records_known", run_id="2")["value"].item()
    assert known == 2


def test_the_same_record_twice_is_kept_once_and_said(tmp_path: Path, run_pipeline: Callable) -> None:
    row = json.dumps({"text": STORIES[0], "url": "https://a.example/1"}) + "\n"
    (tmp_path / "a.jsonl").write_text(row + row)
    (tmp_path / "b.jsonl").write_text(row)
    run_pipeline([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], tmp_path / "out")
    tables = read_tables(tmp_path / "out" / "latest")
    assert tables.articles.height == 1
    assert tables.rejects["reason"].to_list() == ["identical_input"] * 2


@pytest.mark.parametrize("n_workers", [1, 3])
def test_shards_share_a_large_feed_and_lose_nothing(tmp_path: Path, n_workers: int) -> None:
    from flows.run import Run, Versions
    from flows.settings import Settings
    from flows.steps.discover import plan_run
    from flows.steps.extract import extract_shard

    rows = [json.dumps({"text": f"Number {n}. {STORIES[n % 3]}", "url": f"https://a.example/{n}"}) for n in range(1200)]
    (tmp_path / "feed.jsonl").write_text("\n".join(rows))
    settings = Settings(sources=[str(tmp_path / "feed.jsonl")], workers=n_workers, shard_bytes=2**16)
    run = Run("r", settings, tmp_path, tmp_path / "staging", None, Versions("a", "b", {"match": "c", "names": "d"}))
    plan = plan_run(run)
    assert len(plan.shards) == 2  # a file is cut no finer than DIGEST_CHUNK
    counts = [extract_shard(run, shard) for shard in plan.shards]
    assert sum(count.n_records for count in counts) == 1200
    documents = pl.read_parquet(run.work("extracted", "*.parquet"))
    assert documents["article_id"].n_unique() == 1200


def test_a_card_of_which_nothing_is_left_leaves_no_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.steps import strip as strip_module

    strip = strip_module.strip_articles

    def lose_the_embedded(*arguments: object) -> object:
        done = strip(*arguments)
        return done._replace(articles=done.articles.filter(pl.col("origin") != "embedded"))

    monkeypatch.setattr(strip_module, "strip_articles", lose_the_embedded)
    assert run_steps([SEEDS], tmp_path)
    tables = read_tables(tmp_path / "latest")
    assert tables.articles.height == 5
    assert tables.removed_spans["salvaged_article_id"].null_count() == tables.removed_spans.height


def test_an_article_appended_to_a_page_is_no_record_and_survives_stripping_again(
    tmp_path: Path, run_pipeline: Callable
) -> None:
    from tests.cleaners.extract.page.test_appended import LIBRARY, MAIN, page, section

    html = page(MAIN, section("Library lends tools from April", LIBRARY, attributes="data-url='/news/tools'"))
    # The same record twice: once is enough, and its appended article goes with it.
    row = json.dumps({"html": html, "url": "https://courier.example/news/bridge-shut"}) + "\n"
    (tmp_path / "feed.jsonl").write_text(row + row)
    assert run_pipeline([tmp_path / "feed.jsonl"], tmp_path / "out", run_id="1")
    first = read_tables(tmp_path / "out" / "latest")
    assert sorted(first.articles["origin"]) == ["embedded", "page"]
    assert first.rejects["reason"].to_list() == ["identical_input"]
    changed = {"cleaning": {"strip": {"use_learned_layer": False}}}
    assert run_pipeline([tmp_path / "feed.jsonl"], tmp_path / "out", run_id="2", **changed)
    again = read_tables(tmp_path / "out" / "latest")
    assert sorted(again.articles["text"]) == sorted(first.articles["text"])
    assert again.articles["run_id"].unique().to_list() == ["2"]
