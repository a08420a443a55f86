"""The totals of the latest runs, as `run_summary` recorded them: what trends are drawn from.

Takes a snapshot and a run id, gives one `RunTotals` a run, oldest first, and the figures worth a chart of their own.
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.store.rows import scan_table

TREND_RUNS = 30
# Metrics under which `run_summary` keeps each total of a run.
RECORDED = {
    "found": ("discover", "inputs_found"),
    "new": ("discover", "inputs_new"),
    "rejected": ("read", "records_rejected"),
    "cleaned": ("strip", "articles"),
    "embedded": ("strip", "embedded_articles"),
    "duplicates": ("match", "duplicates"),
    "flagged": ("names", "articles_flagged"),
    "extracted_chars": ("strip", "extracted_characters"),
    "removed_chars": ("strip", "removed_characters"),
}
# Totals that get a chart: what it is called, its unit.
CHARTS = (
    ("published", "articles published", "articles"),
    ("embedded", "found inside others", "articles"),
    ("duplicates", "repeat another article", "articles"),
    ("flagged", "with a name error", "articles"),
    ("rejected", "rejected", "records"),
    ("removed_share", "share of characters removed", "share"),
)


@dataclass(frozen=True)
class RunTotals:
    """The totals of one run; None where it did not record them (an older version, a step that was not reached)."""

    run_id: str
    found: float | None
    new: float | None
    rejected: float | None
    cleaned: float | None
    embedded: float | None
    duplicates: float | None
    flagged: float | None
    published: float | None
    removed_share: float | None


@dataclass(frozen=True)
class TrendFigures:
    """One figure over the latest runs, oldest first: (run id, value)."""

    label: str
    unit: str
    points: tuple[tuple[str, float], ...]


def read_totals(snapshot: Path, run_id: str) -> tuple[RunTotals, ...]:
    """The totals of a run and of those before it, at most `TREND_RUNS`, oldest first.

    Args:
        snapshot: folder of a snapshot.
        run_id: the latest run to count.
    """
    names = pl.DataFrame(
        [(stage, metric, name) for name, (stage, metric) in RECORDED.items()],
        schema=["stage", "metric", "name"],
        orient="row",
    )
    rows = (
        scan_table(snapshot, "run_summary")
        .filter(pl.col("run_id") <= run_id)
        .join(names.lazy(), on=["stage", "metric"])
        .select("run_id", "name", "value")
        .collect()
        .pivot(on="name", on_columns=list(RECORDED), index="run_id", values="value")
        .sort("run_id")
        .tail(TREND_RUNS)
        .with_columns(
            published=pl.col("cleaned") + pl.col("embedded"),
            removed_share=pl.col("removed_chars") / pl.col("extracted_chars").clip(1),
        )
    )
    return tuple(RunTotals(**row) for row in rows.select(list(RunTotals.__dataclass_fields__)).iter_rows(named=True))


def list_trends(totals: tuple[RunTotals, ...]) -> tuple[TrendFigures, ...]:
    """The figures that get a chart, each over the runs that recorded it."""
    trends = []
    for name, label, unit in CHARTS:
        points = tuple((run.run_id, value) for run in totals if (value := getattr(run, name)) is not None)
        if points:
            trends.append(TrendFigures(label, unit, points))
    return tuple(trends)
