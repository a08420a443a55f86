"""The passages that a run suspects and left in the text: what a person may want to look at.

Takes a snapshot and the run's articles, gives the surest first, each with its article and the reason it stays.
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.report.details.budget import Shown, count_bytes, keep_within
from flows.report.passages import one_line
from flows.store.rows import scan_table

MAX_SUSPECTED, SUSPECTED_BYTES = 200, 150_000
TEXT_CHARS = 320


@dataclass(frozen=True)
class SuspectedView:
    """A suspected passage on one line, shortened."""

    article_id: str
    label: str
    site: str
    rule_id: str
    likely_category: str
    confidence: float
    reason: str
    text: str
    n_chars: int


def view_suspected(snapshot: Path, articles: pl.DataFrame) -> Shown[SuspectedView]:
    """The suspected passages of a run, the surest first.

    Args:
        snapshot: folder of the snapshot.
        articles: the run's `article_facts`.
    """
    spans = scan_table(snapshot, "suspected_spans").join(
        articles.lazy().select("article_id", "label", "site"), on="article_id"
    )
    total = spans.select(pl.len()).collect().item()
    rows = (
        spans.with_columns(n_chars=pl.col("end") - pl.col("start"))
        .sort(["confidence", "article_id", "start"], descending=[True, False, False])
        .head(MAX_SUSPECTED)
        .select("article_id", "label", "site", "rule_id", "likely_category", "confidence", "reason", "text", "n_chars")
        .collect()
    )
    views = (
        SuspectedView(
            **{
                **row,
                "label": one_line(row["label"], 120),
                "site": one_line(row["site"], 100),
                "text": one_line(row["text"], TEXT_CHARS),
            }
        )
        for row in rows.iter_rows(named=True)
    )
    kept, _ = keep_within(
        SUSPECTED_BYTES,
        views,
        lambda view: 520 + count_bytes(view.label, view.site, view.site, view.rule_id, view.reason, view.text),
    )
    return Shown(tuple(kept), total)
