"""Snapshots of other versions: older ones are carried on in today's columns, newer ones are left alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import dataframely as dy
import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import cleaners.schemas
from cleaners.document import SCHEMA_VERSION
from cleaners.errors import CopydeskError
from cleaners.schemas import TABLES
from flows.cli.main import app
from flows.run import Run
from flows.steps import assemble
from flows.store import snapshots, upgrade
from flows.store.upgrade import open_previous
from flows.store.verify import verify_snapshot
from tests.conftest import SEEDS, run_steps

pytestmark = pytest.mark.slow

OLD_RUN = "20260306T120000Z-0100"


@pytest.fixture
def old_output(tmp_path: Path) -> Path:
    """An output folder as version 0.1.0 left it: four records and a picture read, three articles published."""
    output = tmp_path / "output"
    shutil.copytree(Path(__file__).parent / "snapshot_0_1_0", output / "runs" / OLD_RUN)
    (output / "latest").symlink_to(Path("runs") / OLD_RUN)
    return output


def read_everywhere(output: Path, table: str) -> list[tuple[list[str], int]]:
    """Columns and rows of a table as each kind of reader sees them, by one glob."""
    pattern = str(output / "latest" / table / "*.parquet")
    relation = duckdb.sql(f"select * from read_parquet('{pattern}')")
    frames = [
        pl.read_parquet(pattern),
        pq.read_table(output / "latest" / table),
        pd.read_parquet(output / "latest" / table),
    ]
    names = [frames[0].columns, frames[1].column_names, list(frames[2].columns)]
    return [*zip(names, map(len, frames), strict=True), (relation.columns, len(relation.fetchall()))]


def all_agree(output: Path, *, without: tuple[str, ...] = ()) -> None:
    for table in TABLES.keys() - without:
        views = read_everywhere(output, table)
        assert views == views[:1] * 4, table


def state(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_snapshot_of_version_0_1_0_is_carried_on(old_output: Path) -> None:
    all_agree(old_output, without=("related_pairs", "changes", "stories", "story_summary"))
    before = state(old_output / "runs" / OLD_RUN)
    rejects = pl.read_parquet(old_output / "latest/rejects/*.parquet")
    assert "url" not in rejects.columns
    run = run_steps([SEEDS], old_output)
    assert run
    all_agree(old_output)
    assert set(pl.read_parquet(old_output / "latest/duplicate_pairs/*.parquet")["relation"]) == {"copy"}
    first_runs = pl.read_parquet(old_output / "latest/articles/*.parquet").group_by("published_run", "run_id").len()
    assert sorted(first_runs.rows()) == [(run.run_id, run.run_id, 8), (OLD_RUN, OLD_RUN, 3)]
    since = pl.read_parquet(old_output / "latest/changes/*.parquet")
    assert set(since.filter(entity="snapshot")["id"]) == {OLD_RUN, run.run_id}
    assert since.filter(entity="articles").height == 8
    assert pl.read_parquet(old_output / "latest/articles/*.parquet").height == 3 + 8
    # Its articles are grouped by event with the new ones.
    assert pl.read_parquet(old_output / "latest/stories/*.parquet").height == 3 + 8
    after = pl.read_parquet(old_output / "latest/rejects/*.parquet")
    assert after.columns == TABLES["rejects"].column_names()
    assert after.select(rejects.columns).equals(rejects)
    assert verify_snapshot(old_output / "runs" / run.run_id).is_intact
    assert state(old_output / "runs" / OLD_RUN) == before
    # A file with today's columns stays the same; any other was written once: the next run links it.
    linked = (old_output / "latest/removed_spans" / f"{OLD_RUN}.parquet").stat()
    assert linked.st_ino == (old_output / "runs" / OLD_RUN / "removed_spans" / f"{OLD_RUN}.parquet").stat().st_ino
    written = (old_output / "latest/rejects" / f"{OLD_RUN}.parquet").stat().st_ino
    (old_output.parent / "more.txt").write_text(
        "The ferry sails again in spring, the harbour master said on Tuesday. " * 5
    )
    assert run_steps([old_output.parent / "more.txt"], old_output, "20260401T000000Z-0001")
    assert (old_output / "latest/rejects" / f"{OLD_RUN}.parquet").stat().st_ino == written
    assert sorted(path.name for path in old_output.iterdir()) == [".lock", "latest", "runs"]


def test_the_commands_read_a_snapshot_of_version_0_1_0(old_output: Path, tmp_path: Path) -> None:
    for command in (
        ["report", "--write", str(tmp_path / "report.html")],
        ["verify"],
        ["rules"],
        ["review", str(tmp_path / "f.csv")],
    ):
        result = CliRunner().invoke(app, [*command, "--output", str(old_output)])
        assert result.exit_code == 0, result.output


@pytest.mark.parametrize("default", [None, "none given"])
def test_a_column_can_be_added(default: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_steps([SEEDS], tmp_path)

    class WithSection(TABLES["articles"]):  # type: ignore[misc]
        section = dy.String(
            nullable=default is None, metadata={"default": default}, description="Section of the paper."
        )

    monkeypatch.setitem(cleaners.schemas.TABLES, "articles", WithSection)
    write_table = assemble._write_table

    def write_with_section(run: Run, table: str, rows: pl.DataFrame, name: str) -> dict[str, Any]:
        return write_table(run, table, rows.with_columns(section=pl.lit("news")), name)

    monkeypatch.setattr(assemble, "_write_table", write_with_section)
    (tmp_path / "more.txt").write_text("The ferry sails again in spring, the harbour master said on Tuesday. " * 5)
    assert run_steps([tmp_path / "more.txt"], tmp_path, "20260401T000000Z-0001")
    sections = pl.read_parquet(tmp_path / "latest/articles/*.parquet").sort("run_id")["section"].to_list()
    assert sections == [default] * 8 + ["news"]
    views = read_everywhere(tmp_path, "articles")
    assert views == views[:1] * 4


@pytest.mark.parametrize("is_later_version", [True, False])
def test_a_later_version_can_drop_a_column(
    is_later_version: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_steps([SEEDS], tmp_path)
    kept = {name: column for name, column in TABLES["rejects"].columns().items() if name != "url"}
    monkeypatch.setitem(cleaners.schemas.TABLES, "rejects", type("Rejects", (dy.Schema,), dict(kept)))
    (tmp_path / "more.txt").write_text("Too short.")
    if not is_later_version:  # a column that this version does not know is a newer one's
        with pytest.raises(CopydeskError, match=r"A newer version of Copydesk wrote .* rejects has url"):
            run_steps([tmp_path / "more.txt"], tmp_path, "20260401T000000Z-0001")
        return
    for module in (upgrade, snapshots):
        monkeypatch.setattr(module, "SCHEMA_VERSION", str(int(SCHEMA_VERSION) + 1))
    assert run_steps([tmp_path / "more.txt"], tmp_path, "20260401T000000Z-0001")
    assert pl.read_parquet(tmp_path / "latest/rejects/*.parquet").columns == list(kept)


def test_an_older_program_leaves_a_newer_snapshot_alone(old_output: Path) -> None:
    manifest_file = old_output / "runs" / OLD_RUN / "manifest.json"
    manifest = json.loads(manifest_file.read_text())
    manifest_file.write_text(json.dumps({**manifest, "schema_version": str(int(SCHEMA_VERSION) + 1)}))
    before = state(old_output / "runs")
    for rebuild in (False, True):
        with pytest.raises(CopydeskError, match="A newer version of Copydesk wrote"):
            run_steps([SEEDS], old_output, rebuild=rebuild)
    for command in (["reindex"], ["report", "--write", str(old_output / "r.html")]):
        result = CliRunner().invoke(app, [*command, "--output", str(old_output)])
        assert result.exit_code == 1
        assert "newer version" in result.output
    assert state(old_output / "runs") == before


def test_carrying_over_is_done_again_where_it_was_interrupted(old_output: Path) -> None:
    carried = open_previous(old_output)
    assert carried
    (carried.path / "manifest.json").unlink()
    again = open_previous(old_output)
    assert again
    assert (again.path, again.manifest) == (carried.path, carried.manifest)
