"""The authority file of names: who is called what, and which spellings are theirs.

Takes CSV text or rows, gives a frame of canonical names with aliases, roles, identifier and source; a small core
ships with the package. A wrong identifier is worse than none: the core has one only where it is beyond doubt.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

import polars as pl

from cleaners.errors import ConfigError
from cleaners.names.lexicon.compare import fold

AUTHORITY_SCHEMA = pl.Schema(
    [
        ("canonical", pl.String()),
        ("aliases", pl.List(pl.String)),
        ("roles", pl.List(pl.String)),
        ("qid", pl.String()),
        ("source", pl.String()),
        ("entity", pl.String()),
    ]
)


def load_authority(rows: str | Iterable[Mapping[str, str | None]], *, with_core: bool = False) -> pl.DataFrame:
    """Read an authority file.

    Args:
        rows: CSV text with a header, or its rows as mappings. Columns: `canonical`, and optionally `aliases` and
            `roles` (each parted by `|`), `qid`, `source`, `entity` (person or organisation; person when empty).
        with_core: append the package's own core, for names that `rows` does not know.

    Returns:
        one row a canonical name, columns as in `AUTHORITY_SCHEMA`.

    Raises:
        ConfigError: a column is missing, a canonical name is empty or an entity is unknown.
    """
    records = list(csv.DictReader(rows.splitlines())) if isinstance(rows, str) else [dict(row) for row in rows]
    columns: dict[str, list[object]] = {name: [] for name in AUTHORITY_SCHEMA}
    seen = set()
    for number, record in enumerate(records, 1):
        canonical = (record.get("canonical") or "").strip()
        if not canonical:
            raise ConfigError(
                f"Row {number} of the authority file has no `canonical` name.", "Fill it in or delete the row."
            )
        entity = (record.get("entity") or "person").strip()
        if entity not in ("person", "organisation"):
            raise ConfigError(
                f"Row {number} of the authority file ({canonical}) has entity `{entity}`.",
                "Use `person` or `organisation`.",
            )
        seen.add(fold(canonical))
        columns["canonical"].append(canonical)
        columns["aliases"].append(_parts(record.get("aliases")))
        columns["roles"].append(_parts(record.get("roles")))
        columns["qid"].append((record.get("qid") or "").strip() or None)
        columns["source"].append((record.get("source") or "").strip() or None)
        columns["entity"].append(entity)
    frame = pl.DataFrame(columns, schema=AUTHORITY_SCHEMA)
    if with_core:
        core = core_authority()
        known = pl.Series([fold(name) in seen for name in core["canonical"]], dtype=pl.Boolean)
        frame = pl.concat([frame, core.filter(~known)])
    return frame


@cache
def core_authority() -> pl.DataFrame:
    """The authority file that ships with the package."""
    return load_authority(files("cleaners.names").joinpath("authority.csv").read_text(encoding="utf-8"))


def _parts(value: str | None) -> list[str]:
    return [part.strip() for part in (value or "").split("|") if part.strip()]
