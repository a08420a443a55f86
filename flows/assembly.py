"""The tables of a snapshot in staging: takes the intermediate files of a run and the last snapshot, leaves whole tables.

Every row is held against its contract. A file whose rows still hold is a hard link to the last snapshot's, so that a run writes
what it brings and what it changes.
"""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from cleaners.document import SCHEMA_VERSION
from cleaners.errors import ContractBroken
from cleaners.neardup import NearDuplicateConfig
from cleaners.neardup.segments import describe_scheme
from flows.archive import INDEX, find_parts
from flows.digests import SUMS, SUMS_KEY
from flows.evidence import INDEX as EVIDENCE
from flows.evidence import find_segments
from flows.naming import MENTIONS
from flows.outcome import measure_outcome
from flows.parts import ARTICLES_A_PART, part_file, part_names, replaced_article_ids
from flows.run import Run
from flows.site_health import judge_run
from flows.storage import (
    Snapshot,
    describe_columns,
    describe_table,
    file_sha256,
    hold_digest,
    name_latest,
    write_json,
    write_parquet,
)

# These are written whole by each run.
WHOLE_TABLES = ("clusters", "duplicate_pairs", "name_flags", "name_replacements")
# Rows of these never change; a run adds one file.
GROWING_TABLES = ("rejects", "run_summary", "site_health")
# Nor of these, a file for each part of a run's articles; names that a later run judges anew are written anew, part by part.
PARTED_TABLES = ("articles", "removed_spans", "suspected_spans", "name_mentions")
SORT_KEYS = {
    "articles": ["site", "published_at", "article_id"],
    "removed_spans": ["article_id", "span_no"],
    "suspected_spans": ["article_id", "span_no"],
    "clusters": ["cluster_id", "article_id"],
    "duplicate_pairs": ["left_id", "right_id"],
    "name_mentions": ["article_id", "start"],
    "name_flags": ["article_id", "start", "flag_id"],
    "name_replacements": ["article_id", "start"],
    "rejects": ["source_uri", "stage", "reason"],
    "run_summary": ["stage", "metric"],
    "site_health": ["site", "metric"],
}


def clear_tables(run: Run) -> None:
    """Remove what a run left that was interrupted here."""
    from cleaners.schemas import TABLES

    for table in TABLES:
        shutil.rmtree(run.staging / "snapshot" / table, ignore_errors=True)
    shutil.rmtree(run.staging / "snapshot" / MENTIONS, ignore_errors=True)
    (run.staging / "snapshot" / SUMS).unlink(missing_ok=True)


def list_files(run: Run) -> list[tuple[str, str]]:
    """What `write_part` writes: the parts of the run's articles, names that were judged anew of earlier ones, whole tables."""
    new = part_names(run)
    again = sorted(path.stem for path in run.work("name_mentions").glob("*.parquet"))
    return [
        *(("", name) for name in new),
        *(("name_mentions", name) for name in again if name not in new),
        *((table, run.run_id) for table in WHOLE_TABLES),
    ]


def write_part(run: Run, table: str, name: str) -> dict[str, dict[str, Any]]:
    """Write a file of a table, or of every parted table where none is named; give the entries in the manifest by table."""
    if not table:
        return _write_new_part(run, name)
    if table == "name_mentions":
        rows = pl.read_parquet(run.work(table, f"{name}.parquet"), glob=False)
    else:
        rows = pl.read_parquet(run.work(f"{table}.parquet"), glob=False)
        if table == "clusters":
            rows = rows.with_columns(pl.lit(run.run_id).alias("run_id"))
    return {table: _write_table(run, table, rows, name)}


def _write_new_part(run: Run, name: str) -> dict[str, dict[str, Any]]:
    """The files of one part of the run's articles."""
    stamp = pl.lit(run.run_id).alias("run_id")
    entries = {}
    for table in PARTED_TABLES:
        if table == "name_mentions":
            rows = pl.read_parquet(run.work(table, f"{name}.parquet"), glob=False)
        else:
            rows = pl.read_parquet(part_file(run, table, name), glob=False).with_columns(stamp)
        if table == "articles":
            named = pl.read_parquet(run.work("named", f"{name}.parquet"), glob=False)
            rows = rows.join(named, on="article_id", how="left").with_columns(
                pl.col("people").fill_null([]), code_version=pl.lit(run.code_version)
            )
        if rows.height or table in ("articles", "name_mentions"):
            entries[table] = _write_table(run, table, rows, name)
    target = run.staging / "snapshot" / MENTIONS / f"{name}.parquet"
    mentions = pl.read_parquet(part_file(run, "mentions", name), glob=False)
    write_parquet(mentions.sort("article_id", maintain_order=True), target)
    entries[MENTIONS] = _entry(run.staging / "snapshot", target, mentions.height)
    return entries


def _write_table(run: Run, table: str, rows: pl.DataFrame, name: str) -> dict[str, Any]:
    """Write a file of a table, its contract held; give its entry in the manifest.

    Raises:
        ContractBroken: some rows break it.
    """
    from cleaners.schemas import TABLES

    schema = TABLES[table]
    rows = rows.select(schema.column_names()).cast(dict(schema.create_empty().schema))  # type: ignore[arg-type]
    result, failures = schema.filter(rows)
    if len(failures):
        raise ContractBroken(
            f"{len(failures)} rows of {table} break their contract: {failures.counts()}.",
            "Nothing was published. Please report this with the input that caused it.",
        )
    staged = run.staging / "snapshot"
    path = staged / table / f"{name}.parquet"
    descriptions, metadata = describe_table(table)
    write_parquet(result.sort(SORT_KEYS[table]), path, descriptions=descriptions, metadata=metadata)
    return _entry(staged, path, result.height)


def finish_snapshot(run: Run, figures: pl.DataFrame, written: list[dict[str, dict[str, Any]]]) -> Path:
    """Write the tables that are no parts, take over what earlier runs left, and write the manifest."""
    from cleaners.schemas import TABLES

    staged = run.staging / "snapshot"
    previous = run.previous_snapshot
    stale = _find_stale(run, previous)
    tables: dict[str, dict[str, Any]] = {}
    for table in (*TABLES, MENTIONS):
        new = {entry["path"]: entry for entry in (part[table] for part in written if table in part)}
        entries = []
        if previous and table not in WHOLE_TABLES:
            entries = _carry_over(run, previous, table, stale, new)
        if table not in GROWING_TABLES:
            entries += [entry for entry in new.values() if entry not in entries]
            if not entries:
                entries = [_write_nothing(run, table)]
        else:
            rows = _rows_of(run, table, figures)
            if rows.height or not entries:
                entries.append(_write_table(run, table, rows, run.run_id))
        tables[table] = {"files": entries}
    _merge_parts(run, tables)
    columns = describe_columns()
    for table, held in tables.items():
        if table in columns:
            held["columns"] = columns[table]
        held["rows"] = sum(entry["rows"] for entry in held["files"])
    tables["index/inputs"] = _write_inputs(run, staged)
    tables[EVIDENCE] = describe_evidence(staged, previous)
    tables[INDEX] = describe_index(staged, previous, run.settings.cleaning.near_duplicates)
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "run_id": run.run_id,
        "previous_run_id": previous.run_id if previous else name_latest(run.output),  # also where it is read anew
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "code_version": run.code_version,
        "checks": run.versions.of_checks,
        "settings": run.settings.model_dump(mode="json"),
        "tables": tables,
        SUMS_KEY: SUMS,
    }
    write_json(manifest, staged / "manifest.json")
    return staged


def _rows_of(run: Run, table: str, figures: pl.DataFrame) -> pl.DataFrame:
    """This run's rows of a table that grows."""
    stamp = pl.lit(run.run_id).alias("run_id")
    if table == "run_summary":
        return pl.concat([figures, measure_outcome(run, figures.schema)]).with_columns(stamp)
    if table == "site_health":
        return judge_run(run).with_columns(stamp)
    # A file that breaks is told of by each part that reads it.
    is_first = pl.struct("source_uri", "stage", "reason", "detail").is_first_distinct()
    return run.scan(table).filter(is_first).with_columns(stamp).collect()


def _write_nothing(run: Run, table: str) -> dict[str, Any]:
    """The file of a table without a row."""
    from cleaners.schemas import TABLES

    if table in TABLES:
        return _write_table(run, table, TABLES[table].create_empty(), run.run_id)
    staged = run.staging / "snapshot"
    path = staged / table / f"{run.run_id}.parquet"
    write_parquet(run.scan("mentions").head(0).collect(), path)
    return _entry(staged, path, 0)


class _Stale(NamedTuple):
    """What no longer holds of the last snapshot: articles by id, rejects by the input they name."""

    articles: pl.Series
    inputs: pl.Series


def _find_stale(run: Run, previous: Snapshot | None) -> _Stale:
    read_again = pl.read_parquet(run.work("inputs.parquet"), glob=False)["source_uri"]
    replaced = replaced_article_ids(run)
    if not previous:
        return _Stale(replaced.clear(), read_again)
    held = pl.scan_parquet(previous.files("clusters"), glob=False).select("article_id")
    gone = held.join(replaced.to_frame("article_id").lazy(), on="article_id", how="semi").collect()
    return _Stale(gone["article_id"], read_again)


def _carry_over(
    run: Run, previous: Snapshot, table: str, stale: _Stale, new: dict[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """The earlier files of a table: linked where every row still holds, rewritten without the rows that do not.

    Those that were written anew, names of an earlier part that were judged anew, are among the entries of `new` by path.
    """
    staged = run.staging / "snapshot"
    descriptions, metadata = describe_table(table)
    entries: list[dict[str, Any]] = []
    has_articles = table in (*PARTED_TABLES, MENTIONS)
    for entry in previous.manifest["tables"].get(table, {}).get("files", []):
        if entry["path"] in new:
            entries.append(new[entry["path"]])
            continue
        source, target = previous.path / entry["path"], staged / entry["path"]
        again = run.work("found_again", source.name)
        source = again if table == MENTIONS and again.exists() else source
        rows = pl.scan_parquet(source, glob=False)
        n_rows = entry["rows"] if source != again else int(rows.select(pl.len()).collect().item())
        is_stale = pl.lit(False)
        if has_articles and len(stale.articles):
            is_stale = pl.col("article_id").is_in(stale.articles.implode()).fill_null(False)
        elif table == "rejects" and len(stale.inputs):
            is_stale = pl.col("source_uri").str.replace(r"#\d+$", "").is_in(stale.inputs.implode()).fill_null(False)
        can_be_stale = len(stale.articles) if has_articles else table == "rejects" and len(stale.inputs)
        n_stale = int(rows.select(is_stale.sum()).collect().item()) if can_be_stale else 0
        if n_stale == 0 and source != again:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(source, target)
            entries.append(entry)
        elif n_stale < n_rows or not n_rows:
            if source != again:
                hold_digest(source, entry)
            kept = rows.filter(~is_stale).collect()
            write_parquet(kept, target, descriptions=descriptions, metadata=metadata)
            entries.append(_entry(staged, target, kept.height))
    if table not in (*PARTED_TABLES, MENTIONS) and len(entries) > run.settings.max_files_per_table:
        middle = len(entries) // 2 + 1
        entries = [_merge_files(run, table, entries[:middle], f"merged-{run.run_id}"), *entries[middle:]]
    return entries


def _merge_parts(run: Run, tables: dict[str, dict[str, Any]]) -> None:
    """Put small parts of the older half together where there are many: an hourly schedule makes 8,760 files a year.

    A part bears one name in all its tables, before and after.
    """
    parts = tables["articles"]["files"]
    if len(parts) <= run.settings.max_files_per_table:
        return
    groups: list[list[str]] = [[]]
    n_rows = 0
    for entry in parts[: len(parts) // 2 + 1]:
        if n_rows + entry["rows"] > ARTICLES_A_PART and groups[-1]:
            groups.append([])
            n_rows = 0
        groups[-1].append(Path(entry["path"]).stem)
        n_rows += entry["rows"]
    merged = [group for group in groups if len(group) > 1]
    for number, group in enumerate(merged):
        name = f"merged-{run.run_id}" if len(merged) == 1 else f"merged-{run.run_id}-{number:03d}"
        for table in (*PARTED_TABLES, MENTIONS):
            files = tables[table]["files"]
            chosen = [entry for entry in files if Path(entry["path"]).stem in group]
            if chosen:
                place = files.index(chosen[0])
                rest = [entry for entry in files if entry not in chosen]
                tables[table]["files"] = [*rest[:place], _merge_files(run, table, chosen, name), *rest[place:]]


def _merge_files(run: Run, table: str, entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Write some files of a table as one in their place."""
    staged = run.staging / "snapshot"
    descriptions, metadata = describe_table(table)
    paths = [staged / entry["path"] for entry in entries]
    for path, entry in zip(paths, entries, strict=True):
        hold_digest(path, entry)
    rows = pl.concat([pl.read_parquet(path, glob=False) for path in paths])
    target = paths[0].with_name(f"{name}.parquet")
    write_parquet(rows, target, descriptions=descriptions, metadata=metadata)
    for path in paths:
        path.unlink()
    return _entry(staged, target, rows.height)


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
    return {"files": [_entry(staged, target, inputs.height)], "rows": inputs.height}


def _entry(staged: Path, path: Path, rows: int) -> dict[str, Any]:
    return {
        "path": path.relative_to(staged).as_posix(),
        "rows": rows,
        "bytes": path.stat().st_size,
        "sha256": file_sha256(path),
    }


def describe_index(staged: Path, previous: Snapshot | None, config: NearDuplicateConfig) -> dict[str, Any]:
    """What the manifest says of the archive index: its files, and what made its keys."""
    rows_of = {file: part.n_articles for part in find_parts(staged) for file in part.files if file.suffix == ".parquet"}
    files = [file for part in find_parts(staged) for file in part.files]
    entries = _entries_of(staged, previous, INDEX, {file: rows_of.get(file, 0) for file in files})
    return {"files": entries, "rows": sum(rows_of.values()), "scheme": describe_scheme(config)}


def describe_evidence(staged: Path, previous: Snapshot | None) -> dict[str, Any]:
    """What the manifest says of the learned evidence."""
    segments = find_segments(staged / EVIDENCE)
    rows_of = {segment.path: 0 for segment in segments}
    for path in sorted((staged / EVIDENCE).glob("*.parquet")):
        rows_of[path] = int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
    return {"files": _entries_of(staged, previous, EVIDENCE, rows_of), "rows": sum(rows_of.values())}


def _entries_of(staged: Path, previous: Snapshot | None, table: str, rows_of: dict[Path, int]) -> list[dict[str, Any]]:
    """Entries of files; those linked from the previous snapshot are not read again for their digests."""
    known = {}
    if previous:
        entries = previous.manifest["tables"].get(table, {}).get("files", [])
        known = {(previous.path / entry["path"]).stat().st_ino: entry for entry in entries}
    return [known.get(file.stat().st_ino) or _entry(staged, file, rows) for file, rows in rows_of.items()]
