"""The step `assemble`: takes the intermediate files of a run and the last snapshot, leaves whole tables in staging.

Every row is checked against its contract. A file whose rows still hold is a hard link to the last snapshot's, so that a run writes
what it brings and what it changes.
"""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from cleaners import schemas
from cleaners.codes import ENTITIES
from cleaners.document import SCHEMA_VERSION, time_of_run
from cleaners.errors import ContractBroken
from cleaners.neardup import NearDuplicateConfig
from cleaners.neardup.sketch.segments import describe_scheme
from flows.run import Run
from flows.steps.carry_over import carry_over_files, find_stale, merge_parts
from flows.steps.changes import find_replaced, list_changes, note_changes, read_replaced
from flows.steps.gates import measure_outcome
from flows.steps.health import judge_run
from flows.steps.parts import part_file, part_names
from flows.store.archive import INDEX, find_parts
from flows.store.digests import SUMS, SUMS_KEY
from flows.store.evidence import INDEX as EVIDENCE
from flows.store.evidence import find_segments
from flows.store.files import write_json, write_parquet
from flows.store.snapshots import Snapshot, name_latest
from flows.store.story_index import INDEX as STORIES
from flows.store.story_index import list_files as list_story_files
from flows.store.tables import (
    CHANGES,
    MENTIONS,
    TABLES,
    describe_columns,
    describe_file,
    describe_table,
    list_tables,
)
from flows.store.views import write_views
from flows.workers.pool import map_in_workers, run_in_worker


def begin_snapshot(run: Run) -> None:
    """Remove what a run left that was interrupted here, and find the articles that it replaces."""
    for table in TABLES:
        shutil.rmtree(run.staging / "snapshot" / table, ignore_errors=True)
    (run.staging / "snapshot" / SUMS).unlink(missing_ok=True)
    shutil.rmtree(run.work(CHANGES), ignore_errors=True)
    find_replaced(run)


def list_files(run: Run) -> list[tuple[str, str]]:
    """List what `write_part` writes: parts of the run's articles, names of earlier parts that were judged again, whole tables."""
    new = part_names(run)
    again = sorted(path.stem for path in run.work("name_mentions").glob("*.parquet"))
    return [
        *(("", name) for name in new),
        *(("name_mentions", name) for name in again if name not in new),
        *((table, run.run_id) for table in list_tables("whole")),
    ]


def write_part(run: Run, table: str, name: str) -> dict[str, dict[str, Any]]:
    """Write a file of a table, or of every table in parts where none is named; give the entries in the manifest by table."""
    if not table:
        return {part: entry for part in list_tables("parts") if (entry := _write_part_of(run, part, name))}
    file = run.work(table, f"{name}.parquet") if table == "name_mentions" else run.work(f"{table}.parquet")
    return {table: _write_table(run, table, pl.read_parquet(file, glob=False), name)}


def _write_part_of(run: Run, table: str, name: str) -> dict[str, Any] | None:
    """Write a part's file of a table; None where it has no rows there, and no run needs the file."""
    slices = TABLES[table].slices
    file = part_file(run, slices, name) if slices else run.work(table, f"{name}.parquet")
    rows = pl.read_parquet(file, glob=False)
    if table == "articles":
        named = pl.read_parquet(run.work("named", f"{name}.parquet"), glob=False)
        rows = rows.join(named, on="article_id", how="left").join(read_replaced(run), on="article_id", how="left")
        rows = rows.with_columns(
            pl.col("people").fill_null([]),
            pl.col("published_run").fill_null(run.run_id),
            pl.when(pl.col("published_run").is_null())
            .then(time_of_run(pl.lit(run.run_id)))
            .otherwise("published_run_at")
            .alias("published_run_at"),
            code_version=pl.lit(run.code_version),
        )
    if rows.height or table in ("articles", "name_mentions", MENTIONS):
        return _write_table(run, table, rows, name)
    return None


def _write_table(run: Run, table: str, rows: pl.DataFrame, name: str) -> dict[str, Any]:
    """Write a file of a table, its contract checked; give its entry in the manifest.

    Raises:
        ContractBroken: some rows break it.
    """
    contract = schemas.TABLES.get(table)
    if contract:
        filled = {"run_id": run.run_id, "changed_run": None}
        missing = filled.keys() & set(contract.column_names()) - set(rows.columns)
        rows = rows.with_columns(pl.lit(filled[column], pl.String).alias(column) for column in missing)
        rows = rows.select(contract.column_names()).cast(dict(contract.create_empty().schema))  # type: ignore[arg-type]
        rows, failures = contract.filter(rows)
        if len(failures):
            raise ContractBroken(
                f"{len(failures)} rows of {table} break their contract: {failures.counts()}.",
                "Nothing was published. Please report this with the input that caused it.",
            )
    if table in ENTITIES and table != "articles":
        rows = note_changes(run, table, name, rows)
    staged = run.staging / "snapshot"
    path = staged / table / f"{name}.parquet"
    descriptions, metadata = describe_table(table)
    ordered = rows.sort(TABLES[table].sort_key, maintain_order=contract is None)
    write_parquet(ordered, path, descriptions=descriptions, metadata=metadata)
    return describe_file(staged, path, rows.height)


def finish_snapshot(run: Run, figures: pl.DataFrame, written: list[dict[str, dict[str, Any]]]) -> Path:
    """Write the tables that grow, take over what earlier runs left, and write the manifest."""
    staged = run.staging / "snapshot"
    previous = run.previous_snapshot
    stale = find_stale(run)
    tables: dict[str, dict[str, Any]] = {}
    for name, table in TABLES.items():
        new = {entry["path"]: entry for entry in (part[name] for part in written if name in part)}
        entries = carry_over_files(run, previous, name, stale, new) if previous and table.kind != "whole" else []
        if table.kind == "growing":
            rows = _rows_of(run, name, figures)
            if rows.height or not entries:
                entries.append(_write_table(run, name, rows, run.run_id))
        else:
            entries += [entry for entry in new.values() if entry not in entries]
            if not entries:
                entries = [_write_table(run, name, _no_rows(run, name), run.run_id)]
        tables[name] = {"files": entries}
    merge_parts(run, tables)
    columns = describe_columns()
    for name, held in tables.items():
        if name in columns:
            held["columns"] = columns[name]
        held["rows"] = sum(entry["rows"] for entry in held["files"])
    tables["index/inputs"] = _write_inputs(run, staged)
    tables[EVIDENCE] = describe_evidence(staged, previous)
    tables[STORIES] = describe_stories(staged, previous)
    tables[INDEX] = describe_index(staged, previous, run.settings.cleaning.near_duplicates)
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "run_id": run.run_id,
        "previous_run_id": previous.run_id
        if previous
        else name_latest(run.output),  # also where everything is read again
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "code_version": run.code_version,
        "checks": run.versions.checks,
        "settings": run.settings.model_dump(mode="json"),
        "tables": tables,
        SUMS_KEY: SUMS,
    }
    write_json(manifest, staged / "manifest.json")
    write_views(staged)
    return staged


def _rows_of(run: Run, table: str, figures: pl.DataFrame) -> pl.DataFrame:
    """This run's rows of a table that grows."""
    if table == "run_summary":
        return pl.concat([figures, measure_outcome(run, figures.schema)])
    if table == "site_health":
        return judge_run(run)
    if table == CHANGES:
        return list_changes(run)
    rows = run.scan(table)
    if table == "rejects":  # a file that breaks is reported by each part that reads it
        rows = rows.filter(pl.struct("source_uri", "stage", "reason", "detail").is_first_distinct())
    return rows.collect()


def _no_rows(run: Run, table: str) -> pl.DataFrame:
    """The columns of a table without a row."""
    contract = schemas.TABLES.get(table)
    return contract.create_empty() if contract else run.scan(TABLES[table].slices).head(0).collect()


def _write_inputs(run: Run, staged: Path) -> dict[str, Any]:
    """The index of the inputs: what the next run needs to skip."""
    target = run.index_file("inputs")
    names = ("inputs.parquet", "restored.parquet")
    inputs = pl.concat([pl.read_parquet(run.work(name), glob=False) for name in names]).with_columns(
        code_version=pl.lit(run.code_version), run_id=pl.lit(run.run_id)
    )
    # What changed under the reader's hands is not known: whatever it is by then, the next run reads it.
    changed = run.scan("rejects").filter(pl.col("reason") == "changed").select("source_uri").collect()
    inputs = inputs.join(changed, on="source_uri", how="anti")
    previous = run.previous_snapshot
    if previous:
        earlier = pl.read_parquet(previous.files("index/inputs"), glob=False)
        inputs = pl.concat([earlier.join(inputs, on="input_id", how="anti"), inputs])
    write_parquet(inputs.sort("input_id"), target)
    return {"files": [describe_file(staged, target, inputs.height)], "rows": inputs.height}


def describe_index(staged: Path, previous: Snapshot | None, config: NearDuplicateConfig) -> dict[str, Any]:
    """Describe the archive index for the manifest: its files, and what made its keys."""
    rows_of = {file: part.n_articles for part in find_parts(staged) for file in part.files if file.suffix == ".parquet"}
    files = [file for part in find_parts(staged) for file in part.files]
    entries = _entries_of(staged, previous, INDEX, {file: rows_of.get(file, 0) for file in files})
    return {"files": entries, "rows": sum(rows_of.values()), "scheme": describe_scheme(config)}


def describe_evidence(staged: Path, previous: Snapshot | None) -> dict[str, Any]:
    """Describe the learned evidence for the manifest."""
    segments = find_segments(staged / EVIDENCE)
    rows_of = {segment.path: 0 for segment in segments}
    for path in sorted((staged / EVIDENCE).glob("*.parquet")):
        rows_of[path] = int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
    return {"files": _entries_of(staged, previous, EVIDENCE, rows_of), "rows": sum(rows_of.values())}


def describe_stories(staged: Path, previous: Snapshot | None) -> dict[str, Any]:
    """Describe the index of the stories for the manifest."""
    rows_of = list_story_files(staged / STORIES)
    return {"files": _entries_of(staged, previous, STORIES, rows_of), "rows": sum(rows_of.values())}


def assemble_snapshot(run: Run, figures: pl.DataFrame) -> Path:
    """Write the whole snapshot into staging and check every table against its contract.

    Runs in the flow's own process and holds no articles: its files are written by workers.

    Args:
        run: the run.
        figures: rows of `run_summary` without `run_id`.

    Returns:
        The staged snapshot's folder.

    Raises:
        ContractBroken: a table breaks its contract; nothing is published.
    """
    run_in_worker(begin_snapshot, run)
    files = list_files(run)
    written = map_in_workers(write_part, [run] * len(files), *zip(*files, strict=True))
    return run_in_worker(finish_snapshot, run, figures, written)


def _entries_of(staged: Path, previous: Snapshot | None, table: str, rows_of: dict[Path, int]) -> list[dict[str, Any]]:
    """Entries of files; those linked from the previous snapshot are not read again for their digests."""
    known = {}
    if previous:
        entries = previous.manifest["tables"].get(table, {}).get("files", [])
        known = {(previous.path / entry["path"]).stat().st_ino: entry for entry in entries}
    return [known.get(file.stat().st_ino) or describe_file(staged, file, rows) for file, rows in rows_of.items()]
