"""The tables of a snapshot as data: how each is kept and sorted, and its description in the manifest and in its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple

from cleaners.document import SCHEMA_VERSION
from flows.store.files import file_sha256

MENTIONS = "index/mentions"  # what recognition found, for later runs; `name_mentions` is what was made of it
CHANGES = "changes"  # of as many runs as snapshots are kept


class Table(NamedTuple):
    """One table of a snapshot.

    Args:
        kind: `whole`: each run writes it whole, of the intermediate file of its name. `growing`: rows never change, each run adds a
            file, of the intermediate folder of its name. `parts`: rows never change, each run adds a file for each part of its
            articles; a part bears one name in all its tables.
        sort_key: columns that its files are sorted by.
        slices: of a table in parts, the intermediate folder that its parts are gathered from; none where a step writes parts.
    """

    kind: Literal["whole", "growing", "parts"]
    sort_key: tuple[str, ...]
    slices: str = ""


# Columns, types and descriptions stand in `cleaners/schemas.py`.
TABLES = {
    "articles": Table("parts", ("site", "published_at", "article_id"), slices="articles"),
    "removed_spans": Table("parts", ("article_id", "span_no"), slices="removed_spans"),
    "suspected_spans": Table("parts", ("article_id", "span_no"), slices="suspected_spans"),
    "clusters": Table("whole", ("cluster_id", "article_id")),
    "duplicate_pairs": Table("whole", ("left_id", "right_id")),
    "related_pairs": Table("whole", ("left_id", "right_id")),
    "stories": Table("whole", ("story_id", "seen_at", "article_id")),
    "story_summary": Table("whole", ("story_id",)),
    "name_mentions": Table("parts", ("article_id", "start")),
    "name_flags": Table("whole", ("article_id", "start", "flag_id")),
    "name_replacements": Table("whole", ("article_id", "start")),
    "rejects": Table("growing", ("source_uri", "stage", "reason")),
    "run_summary": Table("growing", ("stage", "metric")),
    "site_health": Table("growing", ("site", "metric")),
    CHANGES: Table("growing", ("run", "id", "entity")),
    MENTIONS: Table("parts", ("article_id",), slices="mentions"),
}


def list_tables(kind: Literal["whole", "growing", "parts"]) -> list[str]:
    """The tables of a kind."""
    return [name for name, table in TABLES.items() if table.kind == kind]


def describe_file(staged: Path, path: Path, rows: int) -> dict[str, Any]:
    """Describe a written file as the manifest does: path, rows, bytes, digest."""
    return {
        "path": path.relative_to(staged).as_posix(),
        "rows": rows,
        "bytes": path.stat().st_size,
        "sha256": file_sha256(path),
    }


def describe_columns() -> dict[str, list[str]]:
    """Describe the columns of each published table as the manifest does: name and type, in order."""
    from cleaners import schemas

    return {
        table: [f"{name}: {dtype}" for name, dtype in schema.create_empty().schema.items()]
        for table, schema in schemas.TABLES.items()
    }


def describe_table(table: str) -> tuple[dict[str, str], dict[str, str]]:
    """Give the descriptions of a table's columns, and what its files say of it; none for an index."""
    from cleaners import schemas

    schema = schemas.TABLES.get(table)
    if schema is None:
        return {}, {}
    descriptions = {name: column.description or "" for name, column in schema.columns().items()}
    return descriptions, {
        "schema_version": SCHEMA_VERSION,
        "table": table,
        "description": (schema.__doc__ or "").strip(),
    }
