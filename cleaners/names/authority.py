"""The authority file of names: who is called what, and which spellings are theirs.

Takes CSV text or rows, gives a frame of canonical names with aliases, roles, identifier and source; a small core
ships with the package. A wrong identifier is worse than none: the core has one only where it is beyond doubt.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from datetime import date
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
        # Aliases that were names for a time; None where there is no such bound.
        ("periods", pl.List(pl.Struct({"alias": pl.String, "first": pl.Date, "last": pl.Date}))),
    ]
)
EPOCH = date(1970, 1, 1)


def load_authority(rows: str | Iterable[Mapping[str, str | None]], *, with_core: bool = False) -> pl.DataFrame:
    """Read an authority file.

    Args:
        rows: CSV text with a header, or its rows as mappings. Columns: `canonical`, and optionally `aliases` and
            `roles` (each parted by `|`), `qid`, `source`, `entity` (person or organisation; person when empty). An alias that was
            the name for a time has its first and last day behind it, either of them optional: `Twitter[..2023-07-23]`.
        with_core: append the package's own core, for names that `rows` does not know.

    Returns:
        one row a canonical name, columns as in `AUTHORITY_SCHEMA`.

    Raises:
        ConfigError: a column is missing, a canonical name is empty, an entity is unknown or a day is none.
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
        dated = [_read_period(part, number, canonical) for part in _parts(record.get("aliases"))]
        columns["aliases"].append([str(period["alias"]) for period in dated if period["alias"] != canonical])
        columns["periods"].append([period for period in dated if period["first"] or period["last"]])
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


class Periods:
    """When an alias was the name: of dated aliases alone."""

    def __init__(self, authority: pl.DataFrame) -> None:
        self._days: dict[tuple[str, str], tuple[float, float]] = {}
        for canonical, periods in (
            authority.filter(pl.col("periods").list.len() > 0).select("canonical", "periods").iter_rows()
        ):
            for period in periods:
                first, last = period["first"], period["last"]
                self._days[canonical, fold(period["alias"])] = (
                    (first - EPOCH).days if first else -math.inf,
                    (last - EPOCH).days + 1 if last else math.inf,
                )

    def place(self, canonical: str, surface: str, day: float | None) -> int | None:
        """Place a text in the time of an alias.

        Args:
            canonical: the name of the authority file.
            surface: the alias as the text has it.
            day: days since 1970 of the text, None where it has no date.

        Returns:
            0 within its time, -1 before, 1 after; None where the alias has no dates. A text without a date lies within.
        """
        days = self._days.get((canonical, fold(surface)))
        if days is None:
            return None
        return 0 if day is None else (day >= days[1]) - (day < days[0])


@cache
def core_authority() -> pl.DataFrame:
    """The authority file that ships with the package."""
    return load_authority(files("cleaners.names").joinpath("authority.csv").read_text(encoding="utf-8"))


def _read_period(alias: str, number: int, canonical: str) -> dict[str, str | date | None]:
    """An alias with its first and last day, None where it has none."""
    name, bracket, days = alias.removesuffix("]").rpartition("[")
    start, dots, end = days.partition("..")
    if not (alias.endswith("]") and name.strip() and bracket and dots):
        return {"alias": alias, "first": None, "last": None}
    try:
        first, last = (date.fromisoformat(day.strip()) if day.strip() else None for day in (start, end))
        if first and last and last < first:
            raise ValueError
    except ValueError:
        raise ConfigError(
            f"Row {number} of the authority file ({canonical}) has an alias `{alias}` whose days cannot be read.",
            "Write the first and the last day as in `Twitter[2006-07-15..2023-07-23]`; leave out the one that there is not.",
        ) from None
    return {"alias": name.strip(), "first": first, "last": last}


def _parts(value: str | None) -> list[str]:
    return [part.strip() for part in (value or "").split("|") if part.strip()]
