"""Each site of a run compared with its own earlier runs, a row a site, with its bands.

Takes a snapshot and a run id, gives sites out of their band first, then those with most records.
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from cleaners.codes import UNITS
from flows.report.details.budget import Shown
from flows.report.passages import one_line
from flows.store.rows import scan_table

MAX_HEALTH = 200


@dataclass(frozen=True)
class Measure:
    """One figure of a site: its value and its band in words; `band` is empty where the site has too little history."""

    value: str
    band: str
    is_out: bool


@dataclass(frozen=True)
class HealthView:
    """One site's figures, in the order of `UNITS`; None where the run has none."""

    site: str
    n_records: int
    measures: tuple[Measure | None, ...]


def view_health(snapshot: Path, run_id: str) -> Shown[HealthView]:
    """The sites of a run with their figures and bands.

    Args:
        snapshot: folder of the snapshot.
        run_id: the run.
    """
    rows = scan_table(snapshot, "site_health", run_id).collect()
    sites = (
        rows.group_by("site")
        .agg(n_records=pl.col("n_records").max(), n_out=(~pl.col("passed")).sum())
        .sort(["n_out", "n_records", "site"], descending=[True, True, False])
    )
    shown = sites.head(MAX_HEALTH)
    found = {
        (row["site"], row["metric"]): _read_measure(row)
        for row in rows.filter(pl.col("site").is_in(shown["site"].implode())).iter_rows(named=True)
    }
    views = (
        HealthView(one_line(site, 100), n_records, tuple(found.get((site, metric)) for metric in UNITS))
        for site, n_records in shown.select("site", "n_records").iter_rows()
    )
    return Shown(tuple(views), sites.height)


def _read_measure(row: dict[str, object]) -> Measure:
    unit = str(row["unit"])
    bounds = [_show(bound, unit) for bound in (row["lower"], row["upper"]) if isinstance(bound, float)]
    return Measure(_show(row["value"], unit), " to ".join(bounds), row["passed"] is False)


def _show(value: object, unit: str) -> str:
    number = float(str(value))
    return f"{number:.0%}" if unit == "share" else f"{number:,.0f}"
