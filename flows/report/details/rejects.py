"""The inputs of a run that became no article, with what was seen of each."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.report.details.budget import Shown, count_bytes, keep_within
from flows.report.passages import one_line
from flows.store.rows import scan_table

MAX_REJECTS, REJECT_BYTES = 300, 150_000


@dataclass(frozen=True)
class RejectView:
    """An input that became no article."""

    source_uri: str
    stage: str
    reason: str
    detail: str
    n_bytes: int | None


def view_rejects(snapshot: Path, run_id: str) -> Shown[RejectView]:
    """The inputs of a run that became no article, by reason.

    Args:
        snapshot: folder of the snapshot.
        run_id: the run.
    """
    rejects = scan_table(snapshot, "rejects", run_id)
    total = rejects.select(pl.len()).collect().item()
    rows = (
        rejects.select("source_uri", "stage", "reason", "detail", "n_bytes")
        .sort("reason", "stage", "source_uri")
        .head(MAX_REJECTS)
        .collect()
    )
    views = (
        RejectView(**{**row, "source_uri": one_line(row["source_uri"], 400), "detail": one_line(row["detail"])})
        for row in rows.iter_rows(named=True)
    )
    kept, _ = keep_within(REJECT_BYTES, views, lambda view: 380 + count_bytes(view.source_uri, view.detail))
    return Shown(tuple(kept), total)
