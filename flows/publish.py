"""From the intermediate files of a run to a published snapshot: assembled in staging, checked, switched in one step.

A reader sees the last snapshot or the new one, never a mix: the folder is complete before `output/latest`, a symbolic
link, is replaced by an atomic rename. Files that did not change are hard links to the last snapshot's.
"""

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from cleaners.errors import ContractBroken, CopydeskError
from cleaners.neardup import NearDuplicateConfig
from cleaners.neardup.segments import describe_scheme
from cleaners.quality import Gate, RunCounts
from flows.archive import INDEX, find_parts
from flows.outcome import measure_outcome
from flows.planning import Plan
from flows.remote import push_snapshot
from flows.run import Run
from flows.site_health import judge_run, read_breaches
from flows.stages import replaced_article_ids
from flows.storage import (
    Snapshot,
    file_sha256,
    hold_digest,
    is_held,
    name_latest,
    read_manifest,
    write_json,
    write_parquet,
)

# Rows of these tables never change; a run adds one file. The rest are written whole by each run.
GROWING_TABLES = ("articles", "removed_spans", "suspected_spans", "rejects", "run_summary", "site_health")
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


class Dropped(NamedTuple):
    """What became of old snapshots: the runs removed, those spared because a reader holds them, how many are left."""

    removed: list[str]
    held: list[str]
    n_kept: int


def assemble_snapshot(run: Run, figures: pl.DataFrame) -> Path:
    """Write the whole snapshot into staging and hold every table against its contract.

    Args:
        run: the run.
        figures: rows of `run_summary` without `run_id`.

    Returns:
        The staged snapshot's folder.

    Raises:
        ContractBroken: a table breaks its contract; nothing is published.
    """
    from cleaners.schemas import SCHEMA_VERSION, TABLES

    staged = run.staging / "snapshot"
    previous = run.previous_snapshot
    replaced = replaced_article_ids(run)
    read_again = pl.read_parquet(run.work("inputs.parquet"), glob=False)["source_uri"]
    tables: dict[str, dict[str, Any]] = {}
    for table, schema in TABLES.items():
        shutil.rmtree(staged / table, ignore_errors=True)  # of a run that was interrupted here
        rows = _rows_of(run, table, figures).cast(dict(schema.create_empty().schema))  # type: ignore[arg-type]
        result, failures = schema.filter(rows.select(schema.column_names()))
        if len(failures):
            raise ContractBroken(
                f"{len(failures)} rows of {table} break their contract: {failures.counts()}.",
                "Nothing was published. Please report this with the input that caused it.",
            )
        descriptions = {name: column.description or "" for name, column in schema.columns().items()}
        metadata = {"schema_version": SCHEMA_VERSION, "table": table, "description": (schema.__doc__ or "").strip()}
        entries = []
        if table in GROWING_TABLES and previous:
            entries = _carry_over(run, previous, table, replaced, read_again, descriptions, metadata)
        if result.height or not entries:
            path = staged / table / f"{run.run_id}.parquet"
            write_parquet(result.sort(SORT_KEYS[table]), path, descriptions=descriptions, metadata=metadata)
            entries.append(_entry(staged, path, result.height))
        tables[table] = {"files": entries, "rows": sum(entry["rows"] for entry in entries)}
    for index in ("inputs", "evidence", "mentions"):
        tables[f"index/{index}"] = _index_files(run, staged, index)
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
    }
    write_json(manifest, staged / "manifest.json")
    return staged


def summarise_counts(plan: Plan, counts: RunCounts, gates: list[Gate]) -> pl.DataFrame:
    """Rows of `run_summary` without `run_id`: the plain counts, then the gates with their bounds."""
    plain = [
        ("discover", "inputs_found", plan.n_inputs, "inputs"),
        ("discover", "inputs_known", plan.n_known_inputs, "inputs"),
        ("discover", "inputs_restored", plan.n_restored_inputs, "inputs"),
        ("discover", "inputs_new", plan.n_inputs - plan.n_known_inputs - plan.n_restored_inputs, "inputs"),
        ("read", "records", counts.n_records, "records"),
        ("read", "records_known", counts.n_known, "records"),
        ("read", "records_rejected", counts.n_rejects, "records"),
        ("strip", "articles", counts.n_articles, "articles"),
        ("strip", "embedded_articles", counts.n_embedded, "articles"),
        ("strip", "extracted_characters", counts.n_extracted_chars, "characters"),
        ("strip", "removed_characters", counts.n_removed_chars, "characters"),
        ("strip", "salvaged_characters", counts.n_salvaged_chars, "characters"),
        ("strip", "suspected_spans", counts.n_suspected, "passages"),
        ("strip", "suspected_characters", counts.n_suspected_chars, "characters"),
    ]
    rows: list[tuple[object, ...]] = [
        (stage, metric, float(value), unit, None, None, None) for stage, metric, value, unit in plain
    ]
    rows += [(*gate, gate.passed) for gate in gates]
    schema = {
        "stage": pl.String,
        "metric": pl.String,
        "value": pl.Float64,
        "unit": pl.String,
        "lower": pl.Float64,
        "upper": pl.Float64,
        "passed": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def list_broken_gates(snapshot: Path, run_id: str, hard_site_metrics: Sequence[str] = ()) -> list[str]:
    """What a run's gates say of it, a phrase each broken gate: the figure, what was expected, and for a site what to do."""
    summary = pl.read_parquet(sorted((snapshot / "run_summary").glob("*.parquet")), glob=False)
    broken = summary.filter((pl.col("run_id") == run_id) & ~pl.col("passed"))
    phrases = [
        f"{row['stage']}/{row['metric']} is {row['value']:g} {row['unit']}, expected "
        + " and ".join(
            f"{word} {row[bound]:g}"
            for word, bound in (("at least", "lower"), ("at most", "upper"))
            if row[bound] is not None
        )
        for row in broken.iter_rows(named=True)
    ]
    sites = read_breaches(snapshot, run_id).filter(pl.col("metric").is_in(list(hard_site_metrics)))
    return phrases + [
        f"{row['site']}: {row['metric']} is {row['value']:.3g} {row['unit']}, expected {row['expected']} "
        f"({row['advice']})"
        for row in sites.iter_rows(named=True)
    ]


def switch_latest(run: Run) -> Path:
    """Move the staged snapshot to its place and let `output/latest` name it: the moment of publication.

    Returns:
        The published snapshot's folder.

    Raises:
        CopydeskError: the output is on object storage, and another run published there meanwhile, or it failed.
    """
    push_snapshot(run.settings, run.staging / "snapshot")
    return move_into_place(run.output, run.staging / "snapshot", run.run_id)


def move_into_place(output: Path, staged: Path, run_id: str) -> Path:
    """Publish a staged snapshot under a run's id; the caller holds the output lock.

    Returns:
        The published snapshot's folder.
    """
    runs = output / "runs"
    runs.mkdir(exist_ok=True)
    published = runs / run_id
    _sync_tree(staged)
    staged.rename(published)
    _sync_folder(runs)
    _point_latest(output, run_id)
    return published


def finish_publication(output: Path) -> Path | None:
    """Do the last step of a run that was killed between moving its snapshot and switching `output/latest`.

    Such a snapshot is whole and passed its gates; its staging folder is still there. The caller holds the output lock.

    Returns:
        The snapshot that is published now; None where there was nothing to finish.
    """
    latest = (output / "latest").resolve()
    for staging in sorted((output / "_staging").glob("*")):
        moved = output / "runs" / staging.name
        if not moved.is_dir() or moved.resolve() == latest:
            continue
        with suppress(CopydeskError):
            previous = read_manifest(moved).manifest.get("previous_run_id")
            if previous is None or previous == latest.name:
                _point_latest(output, staging.name)
                return moved
        shutil.rmtree(moved)  # it was published by nobody, and does not follow the latest one
    return None


def _point_latest(output: Path, run_id: str) -> None:
    link = output / f".latest-{run_id}"
    link.symlink_to(Path("runs") / run_id)
    link.replace(output / "latest")
    _sync_folder(output)


def clear_staging(output: Path) -> None:
    """Remove all intermediate files; the caller holds the output lock, so nobody is writing there."""
    shutil.rmtree(output / "_staging", ignore_errors=True)
    for link in output.glob(".latest-*"):
        link.unlink(missing_ok=True)


def drop_old_snapshots(output: Path, keep: int) -> Dropped:
    """Keep the newest `keep` snapshots, whatever `output/latest` names, and what a reader holds.

    The caller holds the output lock.
    """
    latest = (output / "latest").resolve()
    runs = sorted(path for path in (output / "runs").glob("*") if path.is_dir())
    removed, held = [], []
    for path in runs[:-keep]:
        if path.resolve() == latest:
            continue
        if is_held(path):
            held.append(path.name)
            continue
        # Out of the readers' sight at once; what is half deleted when the machine stops is cleared with the staging area.
        grave = output / "_staging" / f"dropped-{path.name}"
        grave.parent.mkdir(exist_ok=True)
        path.rename(grave)
        shutil.rmtree(grave)
        removed.append(path.name)
    return Dropped(removed, held, len(runs) - len(removed))


def _rows_of(run: Run, table: str, figures: pl.DataFrame) -> pl.DataFrame:
    """This run's rows of a table, from the intermediate files."""
    stamp = pl.lit(run.run_id).alias("run_id")
    if table == "run_summary":
        return pl.concat([figures, measure_outcome(run, figures.schema)]).with_columns(stamp)
    if table == "site_health":
        return judge_run(run).with_columns(stamp)
    if table == "articles":
        named = pl.scan_parquet(run.work("named.parquet"), glob=False)
        return (
            run.scan("articles")
            .join(named, on="article_id", how="left")
            .with_columns(pl.col("people").fill_null([]), stamp, code_version=pl.lit(run.code_version))
            .collect()
        )
    if table in {"removed_spans", "suspected_spans", "rejects"}:
        return run.scan(table).with_columns(stamp).collect()
    rows = pl.read_parquet(run.work(f"{table}.parquet"), glob=False)
    return rows.with_columns(stamp) if table == "clusters" else rows


def _carry_over(
    run: Run,
    previous: Snapshot,
    table: str,
    replaced: pl.Series,
    read_again: pl.Series,
    descriptions: dict[str, str],
    metadata: dict[str, str],
) -> list[dict[str, Any]]:
    """The earlier files of a growing table: linked where every row still holds, rewritten without the rows that do not."""
    staged = run.staging / "snapshot"
    entries: list[dict[str, Any]] = []
    for entry in previous.manifest["tables"].get(table, {}).get("files", []):
        source = previous.path / entry["path"]
        rows = pl.scan_parquet(source, glob=False)
        if table in {"articles", "removed_spans", "suspected_spans"}:
            stale = pl.col("article_id").is_in(replaced.implode())
        elif table == "rejects":
            stale = pl.col("source_uri").str.replace(r"#\d+$", "").is_in(read_again.implode())
        else:
            stale = pl.lit(False)
        n_stale = int(rows.select(stale.fill_null(False).sum()).collect().item())
        target = staged / entry["path"]
        if n_stale == 0:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(source, target)
            entries.append(entry)
        elif n_stale < entry["rows"]:
            hold_digest(source, entry)
            kept = rows.filter(~stale.fill_null(False)).collect()
            write_parquet(kept, target, descriptions=descriptions, metadata=metadata)
            entries.append(_entry(staged, target, kept.height))
    if len(entries) > run.settings.max_files_per_table:
        entries = _merge_older_half(run, entries, descriptions, metadata)
    return entries


def _merge_older_half(
    run: Run, entries: list[dict[str, Any]], descriptions: dict[str, str], metadata: dict[str, str]
) -> list[dict[str, Any]]:
    """One file in place of the older half: an hourly schedule makes 8,760 files a year."""
    staged = run.staging / "snapshot"
    middle = len(entries) // 2 + 1
    older, newer = entries[:middle], entries[middle:]
    paths = [staged / entry["path"] for entry in older]
    for path, entry in zip(paths, older, strict=True):
        hold_digest(path, entry)
    merged = pl.concat([pl.read_parquet(path, glob=False) for path in paths])
    target = paths[0].with_name(f"merged-{run.run_id}.parquet")
    write_parquet(merged, target, descriptions=descriptions, metadata=metadata)
    for path in paths:
        path.unlink()
    return [_entry(staged, target, merged.height), *newer]


def _index_files(run: Run, staged: Path, index: str) -> dict[str, Any]:
    """The file of an index: what the next run needs to skip, to strip and to match."""
    target = run.index_file(index)
    if index == "inputs":
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
    rows = int(pl.scan_parquet(target, glob=False).select(pl.len()).collect().item())
    return {"files": [_entry(staged, target, rows)], "rows": rows}


def _entry(staged: Path, path: Path, rows: int) -> dict[str, Any]:
    return {
        "path": path.relative_to(staged).as_posix(),
        "rows": rows,
        "bytes": path.stat().st_size,
        "sha256": file_sha256(path),
    }


def describe_index(staged: Path, previous: Snapshot | None, config: NearDuplicateConfig) -> dict[str, Any]:
    """What the manifest says of the archive index: its files, and what made its keys.

    Files linked from the previous snapshot are not read again for their digests.
    """
    known = {}
    if previous:
        entries = previous.manifest["tables"].get(INDEX, {}).get("files", [])
        known = {(previous.path / entry["path"]).stat().st_ino: entry for entry in entries}
    parts = find_parts(staged)
    return {
        "files": [
            known.get(file.stat().st_ino) or _entry(staged, file, part.n_articles if file.suffix == ".parquet" else 0)
            for part in parts
            for file in part.files
        ],
        "rows": sum(part.n_articles for part in parts),
        "scheme": describe_scheme(config),
    }


def _sync_tree(folder: Path) -> None:
    """Flush every file and folder to the disk, so that a power cut after the switch loses nothing."""
    for root, _, names in os.walk(folder):
        for name in names:
            with Path(root, name).open("rb") as handle:
                os.fsync(handle.fileno())
        _sync_folder(Path(root))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
