"""How each table of a snapshot is kept: whole, growing or in parts; by what it is sorted; how the manifest describes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cleaners.document import SCHEMA_VERSION
from flows.store.files import file_sha256

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


def describe_file(staged: Path, path: Path, rows: int) -> dict[str, Any]:
    """Describe a written file as the manifest does: path, rows, bytes, digest."""
    return {
        "path": path.relative_to(staged).as_posix(),
        "rows": rows,
        "bytes": path.stat().st_size,
        "sha256": file_sha256(path),
    }


def describe_columns() -> dict[str, list[str]]:
    """The columns of each published table as the manifest says them: name and type, in order."""
    from cleaners.schemas import TABLES

    return {
        table: [f"{name}: {dtype}" for name, dtype in schema.create_empty().schema.items()]
        for table, schema in TABLES.items()
    }


def describe_table(table: str) -> tuple[dict[str, str], dict[str, str]]:
    """Descriptions of the columns of a table, and what its files say of it; none for an index."""
    from cleaners.schemas import TABLES

    schema = TABLES.get(table)
    if schema is None:
        return {}, {}
    descriptions = {name: column.description or "" for name, column in schema.columns().items()}
    return descriptions, {
        "schema_version": SCHEMA_VERSION,
        "table": table,
        "description": (schema.__doc__ or "").strip(),
    }
