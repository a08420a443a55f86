"""Files of the last snapshot in the next one: linked where nothing changed, merged where they are many."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from flows.run import Run
from flows.steps.changes import read_replaced
from flows.steps.parts import ARTICLES_A_PART
from flows.store.files import write_parquet
from flows.store.snapshots import Snapshot, check_digest
from flows.store.tables import CHANGES, MENTIONS, TABLES, describe_file, describe_table, list_tables


class Stale(NamedTuple):
    """Rows of the last snapshot that no longer hold: articles by id, rejects by the input they name."""

    articles: pl.Series
    inputs: pl.Series


def find_stale(run: Run) -> Stale:
    """Find the articles of the last snapshot, and its rejects, that this run replaces."""
    read_again = pl.read_parquet(run.work("inputs.parquet"), glob=False)["source_uri"]
    return Stale(read_replaced(run)["article_id"], read_again)


def carry_over_files(
    run: Run, previous: Snapshot, table: str, stale: Stale, new: dict[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """The earlier files of a table: linked where every row still holds, rewritten without the rows that do not.

    Those that were written again, names of an earlier part that were judged again, are among the entries of `new` by path.
    """
    staged = run.staging / "snapshot"
    descriptions, metadata = describe_table(table)
    entries: list[dict[str, Any]] = []
    has_articles = TABLES[table].kind == "parts"
    earlier = previous.manifest["tables"].get(table, {}).get("files", [])
    if table == CHANGES:  # a file a run, this one's to come
        earlier = earlier[max(0, len(earlier) + 1 - run.settings.keep_snapshots) :]
    for entry in earlier:
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
                check_digest(source, entry)
            kept = rows.filter(~is_stale).collect()
            write_parquet(kept, target, descriptions=descriptions, metadata=metadata)
            entries.append(describe_file(staged, target, kept.height))
    if not has_articles and table != CHANGES and len(entries) > run.settings.max_files_per_table:
        middle = len(entries) // 2 + 1
        entries = [_merge_files(run, table, entries[:middle], f"merged-{run.run_id}"), *entries[middle:]]
    return entries


def merge_parts(run: Run, tables: dict[str, dict[str, Any]]) -> None:
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
        for table in list_tables("parts"):
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
        check_digest(path, entry)
    rows = pl.concat([pl.read_parquet(path, glob=False) for path in paths])
    target = paths[0].with_name(f"{name}.parquet")
    write_parquet(rows, target, descriptions=descriptions, metadata=metadata)
    for path in paths:
        path.unlink()
    return describe_file(staged, target, rows.height)
