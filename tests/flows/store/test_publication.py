"""Published snapshots keep their contracts, are read alike by four tools, and go when they are old; kills: test_killed_runs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from cleaners.document import SCHEMA_VERSION
from cleaners.errors import ContractBroken
from cleaners.schemas import TABLES
from flows.store.files import file_sha256
from flows.store.publication import drop_old_snapshots
from flows.store.snapshots import latest_snapshot, lock_snapshot
from tests.conftest import SEEDS, Tables, read_tables

pytestmark = pytest.mark.slow

COUNCIL = (
    "Its mayor, who had asked for the repair twice, said that the work would begin in March and end before the winter."
)
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("table", TABLES)
def test_every_table_keeps_its_contract(seed_tables: Tables, table: str) -> None:
    assert TABLES[table].is_valid(pl.read_parquet(seed_tables.snapshot / table / "*.parquet"))


@pytest.mark.parametrize("table", TABLES)
def test_four_tools_read_the_same_rows(seed_tables: Tables, table: str) -> None:
    pattern = str(seed_tables.snapshot / table / "*.parquet")
    frame = pl.read_parquet(pattern)
    by_duckdb = duckdb.sql(f"select * from read_parquet('{pattern}')").pl()
    by_arrow = pq.read_table(seed_tables.snapshot / table)
    by_pandas = pd.read_parquet(seed_tables.snapshot / table)
    assert by_duckdb.height == by_arrow.num_rows == len(by_pandas) == frame.height
    assert (
        by_arrow.column_names
        == list(by_pandas.columns)
        == by_duckdb.columns
        == frame.columns
        == TABLES[table].column_names()
    )
    text = next(name for name, dtype in frame.schema.items() if dtype == pl.String)
    assert (
        by_arrow[text].to_pylist()
        == list(by_pandas[text].astype(object).where(by_pandas[text].notna(), None))
        == frame[text].to_list()
    )


@pytest.mark.parametrize("table", TABLES)
def test_the_files_describe_themselves(seed_tables: Tables, table: str) -> None:
    for path in (seed_tables.snapshot / table).glob("*.parquet"):
        schema = pq.read_schema(path)
        assert schema.metadata[b"schema_version"].decode() == SCHEMA_VERSION
        for field in schema:
            assert field.metadata[b"description"].decode() == TABLES[table].columns()[field.name].description


def test_spans_spliced_back_give_the_extracted_text(seed_tables: Tables) -> None:
    for row in seed_tables.articles.filter(origin="text").iter_rows(named=True):
        pieces, kept, position = [], row["text"], 0
        for span in seed_tables.removed_spans.filter(article_id=row["article_id"]).sort("start").iter_rows(named=True):
            gap = span["start"] - position
            pieces += [kept[:gap], span["text"]]
            kept, position = kept[gap:], span["end"]
        source = Path(SEEDS / row["source_uri"].split("/")[-1]).read_text(encoding="utf-8")
        assert "".join([*pieces, kept]) == source
        assert row["n_removed_chars"] == len(source) - len(row["text"])


def test_the_manifest_holds_digests_and_counts(seed_tables: Tables) -> None:
    manifest = json.loads((seed_tables.snapshot / "manifest.json").read_text())
    assert manifest["schema_version"] == SCHEMA_VERSION
    for table in manifest["tables"].values():
        for entry in table["files"]:
            path = seed_tables.snapshot / entry["path"]
            assert (entry["sha256"], entry["bytes"]) == (file_sha256(path), path.stat().st_size)
            assert entry["rows"] == (pq.read_metadata(path).num_rows if path.suffix == ".parquet" else 0)
        assert table["rows"] == sum(entry["rows"] for entry in table["files"])
    assert manifest["tables"]["articles"]["rows"] == 8


def test_references_between_tables_hold(seed_tables: Tables) -> None:
    ids = set(seed_tables.articles["article_id"])
    for frame in (seed_tables.removed_spans, seed_tables.clusters, seed_tables.name_mentions, seed_tables.name_flags):
        assert set(frame["article_id"]) <= ids
    assert set(seed_tables.clusters["article_id"]) == ids
    assert set(seed_tables.removed_spans["salvaged_article_id"].drop_nulls()) <= ids
    assert set(seed_tables.articles["parent_article_id"].drop_nulls()) <= ids
    assert set(seed_tables.name_mentions["flag_id"].drop_nulls()) <= set(seed_tables.name_flags["flag_id"])
    texts = dict(seed_tables.articles.select("article_id", "text").iter_rows())
    for mention in seed_tables.name_mentions.iter_rows(named=True):
        assert texts[mention["article_id"]][mention["start"] : mention["end"]] == mention["surface"]


def test_a_broken_contract_publishes_nothing(
    tmp_path: Path, run_pipeline: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.steps import match

    find = match.find_near_duplicates

    def break_clusters(*arguments: object) -> object:
        found = find(*arguments)
        return found._replace(clusters=found.clusters.with_columns(similarity=pl.lit(2.0)))

    monkeypatch.setattr(match, "find_near_duplicates", break_clusters)
    with pytest.raises(ContractBroken, match="clusters"):
        run_pipeline([SEEDS], tmp_path)
    assert not (tmp_path / "latest").exists()


def test_old_snapshots_go_and_the_latest_stays(tmp_path: Path) -> None:
    for name in ("1", "2", "3", "4"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    (tmp_path / "latest").symlink_to(Path("runs") / "1")
    assert drop_old_snapshots(tmp_path, keep=2).removed == ["2"]
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["1", "3", "4"]


def test_many_small_files_are_merged(tmp_path: Path, run_pipeline: Callable) -> None:
    story = (
        "The council of the river town met for the {} time this year and agreed to repair the old bridge before winter."
    )
    for number in range(5):
        (tmp_path / f"{number}.txt").write_text(
            f"{story.format(number)} Its mayor, in office since {1990 + number}, voted against."
        )
        run_pipeline([tmp_path / f"{number}.txt"], tmp_path / "out", run_id=f"run-{number}", max_files_per_table=2)
    snapshot = latest_snapshot(tmp_path / "out")
    assert snapshot
    assert len(snapshot.files("articles")) <= 3
    assert read_tables(snapshot.path).articles["source_uri"].n_unique() == 5


def test_a_snapshot_that_a_reader_holds_is_not_removed(tmp_path: Path, run_pipeline: Callable) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    output = tmp_path / "out"
    for number in (1, 2, 3):
        (landing / f"{number}.txt").write_text(
            f"Story {number} of the council, which met on Monday to speak of the bridge. " + COUNCIL
        )
        run_pipeline([landing], output, run_id=str(number))
    with lock_snapshot(output, "1") as snapshot:
        dropped = drop_old_snapshots(output, keep=1)
        assert (dropped.removed, dropped.held, dropped.n_kept) == (["2"], ["1"], 2)
        assert pl.read_parquet(snapshot.files("articles")).height == 1
    assert drop_old_snapshots(output, keep=1).removed == ["1"]
    # Any program can hold one: `flock` is a part of every Linux.
    (landing / "4.txt").write_text("Story 4 of the council, which met on Tuesday to speak of it. " + COUNCIL)
    run_pipeline([landing], output, run_id="4")
    reader = subprocess.Popen(
        ["flock", "-s", str(output / "runs" / "3" / "manifest.json"), "sh", "-c", "echo held; read x"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert reader.stdout
    assert reader.stdout.readline() == b"held\n"
    assert drop_old_snapshots(output, keep=1).held == ["3"]
    reader.communicate(b"done\n")
    assert drop_old_snapshots(output, keep=1).removed == ["3"]
