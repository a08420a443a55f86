"""Runs of any size: inputs read in stretches, slices, lots and parts give what one piece would, and what holds stays."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from bench.scale.news_corpus import make_articles
from cleaners.names import NamesConfig
from cleaners.neardup import NearDuplicateConfig
from cleaners.text import TextConfig
from flows.ingest.formats import read_records
from flows.ingest.sources import discover_inputs
from flows.run import Run, Versions
from flows.settings import Settings
from flows.steps import extract, learn, match, parts
from flows.steps import names as names_module
from flows.steps.discover import plan_run
from flows.steps.plan import Piece, read_pieces
from flows.store.archive import list_parts
from flows.store.snapshots import latest_snapshot
from tests.conftest import read_tables

pytestmark = pytest.mark.slow

N = 330
TABLES = ("articles", "removed_spans", "suspected_spans", "clusters", "duplicate_pairs", "name_mentions", "name_flags")


def write_news(path: Path, start: int, stop: int) -> Path:
    path.write_text("".join(f"{json.dumps(article)}\n" for article in make_articles(start, stop, 1_000)))
    return path


def make_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds so low that a few hundred articles pass them all."""
    monkeypatch.setattr(extract, "SLICE_BYTES", 60_000)
    monkeypatch.setattr(learn, "KEYS_AT_ONCE", 20_000)
    monkeypatch.setattr(match, "ARTICLES_AT_ONCE", 90)
    monkeypatch.setattr(match, "LOOKUPS_AT_ONCE", 2_000)
    monkeypatch.setattr(match, "KEYS_AT_ONCE", 150)
    monkeypatch.setattr(match, "PAIRS_AT_ONCE", 4)
    monkeypatch.setattr(parts, "ARTICLES_A_PART", 100)


def plan_of(folder: Path, source: Path, **settings) -> tuple[Run, list[list[Piece]]]:
    chosen = Settings(sources=[str(source)], **settings)
    run = Run("r", chosen, folder, folder / "staging", None, Versions("a", "b", {"match": "c", "names": "d"}))
    return run, [list(read_pieces(run, shard)) for shard in plan_run(run).shards]


def read_all(run: Run, pieces: list[Piece]) -> pl.DataFrame:
    config = run.settings.input
    return pl.concat([batch.records for piece in pieces for batch in read_records(piece, config, TextConfig())])


def test_small_pieces_give_what_one_piece_does(
    tmp_path: Path, run_pipeline: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = write_news(tmp_path / "news.jsonl", 0, N)
    run_pipeline([feed], tmp_path / "whole", run_id="run")
    whole = read_tables(tmp_path / "whole" / "latest")
    make_small(monkeypatch)
    run_pipeline([feed], tmp_path / "cut", run_id="run")
    cut = read_tables(tmp_path / "cut" / "latest")
    assert len(list((cut.snapshot / "articles").glob("*.parquet"))) == 4
    assert len(list((whole.snapshot / "articles").glob("*.parquet"))) == 1
    assert whole.removed_spans.height
    assert whole.duplicate_pairs.height
    for table in TABLES:
        mine, theirs = getattr(cut, table), getattr(whole, table)
        if table == "name_mentions":
            # The verdict on a name depends on all papers; where it stands does not.
            mine, theirs = (
                frame.select("article_id", "start", "end", "surface", "canonical") for frame in (mine, theirs)
            )
        if table == "duplicate_pairs":
            # Pairs that change no group may be met in one order and not in another.
            mine, theirs = (
                frame.filter(pl.col("left_id").is_in(whole.clusters["cluster_id"].implode()))
                for frame in (mine, theirs)
            )
            mine, theirs = mine.select("left_id", "right_id"), theirs.select("left_id", "right_id")
        assert mine.sort(mine.columns[:2]).equals(theirs.sort(theirs.columns[:2])), table


def test_a_later_run_leaves_the_files_of_earlier_parts_alone(
    tmp_path: Path, run_pipeline: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_small(monkeypatch)
    names = {"cleaning": {"names": {"window_articles": 100}}}
    assert NamesConfig().window_articles > 100
    run_pipeline([write_news(tmp_path / "a.jsonl", 0, N)], tmp_path / "out", run_id="1", **names)
    first = (tmp_path / "out" / "latest").resolve()
    run_pipeline([write_news(tmp_path / "b.jsonl", N, N + 20)], tmp_path / "out", run_id="2", **names)
    second = (tmp_path / "out" / "latest").resolve()
    kept = {
        table: sorted(
            path.name
            for path in (first / table).glob("*")
            if (second / table / path.name).exists() and path.samefile(second / table / path.name)
        )
        for table in ("articles", "removed_spans", "name_mentions", "index/mentions", "index/evidence", "index/archive")
    }
    n_parts = len(list((first / "articles").glob("*")))
    assert n_parts == 4
    assert len(kept["articles"]) == len(kept["removed_spans"]) == len(kept["index/mentions"]) == n_parts
    # The new articles reach a hundred back: into the last parts, not into the first ones.
    assert kept["name_mentions"][:2] == ["1-0000.parquet", "1-0001.parquet"]
    assert "1-0003.parquet" not in kept["name_mentions"]
    assert kept["index/evidence"] == ["1.arrow"]
    assert kept["index/archive"]
    after = read_tables(second)
    assert after.articles.height == after.articles["article_id"].n_unique() >= N + 20
    assert set(after.name_mentions["article_id"]) <= set(after.articles["article_id"])
    assert after.name_mentions.select("article_id", "start").is_duplicated().sum() == 0


def test_other_settings_of_matching_match_the_archive_again_in_lots(
    tmp_path: Path, run_pipeline: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_small(monkeypatch)
    feeds = [write_news(tmp_path / "a.jsonl", 0, 130), write_news(tmp_path / "b.jsonl", 130, 150)]
    other = {"cleaning": {"near_duplicates": {"words_per_shingle": 4}}}
    run_pipeline(feeds[:1], tmp_path / "out", run_id="1")
    run_pipeline(feeds[1:], tmp_path / "out", run_id="2", **other)
    run_pipeline(feeds, tmp_path / "whole", run_id="1", **other)
    columns = ["article_id", "cluster_id", "match", "similarity", "cluster_size"]
    changed, whole = (read_tables(tmp_path / name / "latest") for name in ("out", "whole"))
    assert changed.clusters.select(columns).equals(whole.clusters.select(columns))
    assert (changed.clusters["cluster_size"] > 1).any()
    snapshot = latest_snapshot(tmp_path / "out")
    config = NearDuplicateConfig(words_per_shingle=4)
    assert sum(part.n_articles for part in list_parts(snapshot, config) or []) == changed.articles.height


def test_small_parts_of_many_runs_are_judged_together(
    tmp_path: Path, run_pipeline: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[int] = []
    check = names_module.check_names

    def watch(articles: pl.LazyFrame, *rest: object) -> object:
        judged.append(articles.select(pl.len()).collect().item())
        return check(articles, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(names_module, "check_names", watch)
    for number in range(3):
        feed = write_news(tmp_path / f"{number}.jsonl", number * 8, number * 8 + 8)
        run_pipeline([feed], tmp_path / "out", run_id=str(number))
    assert len(judged) == 3
    assert judged[2] == read_tables(tmp_path / "out" / "latest").articles.height


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_large_file_is_read_in_stretches_each_record_once(tmp_path: Path, form: str) -> None:
    rows = [{"id": str(n), "text": f"Number {n}. " + "words of the story. " * (n % 40)} for n in range(12_000)]
    path = tmp_path / f"feed.{form}"
    if form == "jsonl":
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows) + "no JSON at all\n")
    else:
        pl.DataFrame(rows).write_parquet(path, row_group_size=500, compression="uncompressed")
    run, shards = plan_of(tmp_path, path, shard_bytes=2**20, workers=2)
    pieces = [piece for shard in shards for piece in shard]
    assert len(shards) > 2
    assert all(piece.stretch for piece in pieces)
    found = read_all(run, pieces)
    assert found["source_uri"].to_list() == [f"{path}#{n}" for n in range(12_000)]
    assert [text.split(".")[0] for text in found["content"]] == [f"Number {n}" for n in range(12_000)]
    rejects = [
        batch.rejects
        for piece in pieces
        for batch in read_records(piece, run.settings.input, TextConfig())
        if batch.rejects.height
    ]
    assert [reject["source_uri"].item() for reject in rejects] == ([f"{path}#12000"] if form == "jsonl" else [])


def test_a_packed_file_is_dealt_by_strides(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(b'{"text": "Story %d of the day."}\n' % n for n in range(90_000)), 1))
    run, shards = plan_of(tmp_path, path, shard_bytes=2**16, workers=3)
    pieces = [piece for shard in shards for piece in shard]
    assert [(piece.part, piece.n_parts, piece.stretch) for piece in pieces] == [(part, 3, None) for part in range(3)]
    assert discover_inputs([str(path)], run.settings.input).cuts == {}
    assert read_all(run, pieces)["content"].n_unique() == 90_000


def test_a_file_cut_short_after_discovery_says_so(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text("".join(f'{{"text": "Story {n} {"x" * 100}"}}\n' for n in range(30_000)))
    run, shards = plan_of(tmp_path, path, shard_bytes=2**20, workers=2)
    pieces = [piece for shard in shards for piece in shard]
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    rejects = [
        row
        for piece in pieces
        for batch in read_records(piece, run.settings.input, TextConfig())
        for row in batch.rejects.iter_rows(named=True)
    ]
    assert any("changed between discovery and reading" in row["detail"] for row in rejects)
    broken = [piece for piece in pieces if piece.stretch and piece.stretch[1] > path.stat().st_size]
    assert len([row for row in rejects if row["reason"] == "changed"]) == len(broken)


def test_many_small_files_make_few_shards_that_shrink_towards_the_end(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for n in range(500):
        (folder / f"{n:04d}.txt").write_text(f"Story {n}. " + "words " * (n % 50))
    _, shards = plan_of(tmp_path, folder, workers=2)
    assert 4 <= len(shards) <= 20
    sizes = [len(shard) for shard in shards]
    assert sizes[:-1] == sorted(sizes[:-1], reverse=True)
    assert max(sizes) < 500 / 2
    assert len({piece.source_uri for shard in shards for piece in shard}) == 500


def test_shards_of_a_large_file_shrink_and_each_is_one_stretch_of_it(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text("".join(f'{{"text": "Story {n} {"x" * 200}"}}\n' for n in range(60_000)))
    _, shards = plan_of(tmp_path, path, workers=2, shard_bytes=2**22)
    pieces = [piece for [piece] in shards]
    stretches = [piece.stretch or (0, 0, 0) for piece in pieces]
    assert [start for start, _, _ in stretches[1:]] == [stop for _, stop, _ in stretches[:-1]]
    assert (stretches[0][0], stretches[-1][1]) == (0, path.stat().st_size)
    sizes = [stop - start for start, stop, _ in stretches]
    assert max(sizes) < 2**22 + 2**19
    assert max(sizes[-2:]) < max(sizes) / 4
    assert [(piece.part, piece.n_parts) for piece in pieces] == [(n, len(pieces)) for n in range(len(pieces))]


def test_no_more_shards_than_requested(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text("".join(f'{{"text": "Story {n} {"x" * 200}"}}\n' for n in range(60_000)))
    _, shards = plan_of(tmp_path, path, workers=2, shard_bytes=2**16, max_shards=7)
    assert 4 <= len(shards) <= 7


# The peak is /proc's: that of `getrusage` begins at the size of the process that started this one, here pytest itself.
PEAK = """
import json, sys
from pathlib import Path
from flows.steps import learn
from flows.steps import extract
from flows.steps import strip
from flows.steps.discover import plan_run
from flows.run import Run
from flows.settings import Settings
from flows.run import Versions
extract.SLICE_BYTES = 500_000
learn.KEYS_AT_ONCE = 100_000  # of a million that the larger feed gives
path, folder = map(Path, sys.argv[1:])
# One shard for everything: memory must not grow with it.
settings = Settings(sources=[str(path)], workers=1, max_shards=1, shard_bytes=2**30)
run = Run("r", settings, folder, folder / "staging", None, Versions("a", "b", {"match": "c", "names": "d"}))
[shard] = plan_run(run).shards
extract.extract_shard(run, shard)
learn.learn_from_shards(run)
strip.strip_shard(run, shard)
print(int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) // 1024)
"""


def test_memory_does_not_grow_with_the_input(tmp_path: Path) -> None:
    peaks = []
    for n in (400, 1_600):
        folder = tmp_path / str(n)
        folder.mkdir()
        feed = write_news(folder / "news.jsonl", 0, n)
        done = subprocess.run(
            [sys.executable, "-c", PEAK, str(feed), str(folder)], capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout))
    # Four times the documents, some 2.5 MB of text and 12 of evidence more; a process that kept them would show it.
    assert peaks[1] < peaks[0] + 40, peaks
