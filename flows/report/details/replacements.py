"""The names that the normalised texts write otherwise than the articles do.

Takes a snapshot and the run's articles, gives one row an article and name: as written, as normalised, how often and why.
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.report.details.budget import Shown, count_bytes, keep_within
from flows.report.passages import one_line
from flows.store.rows import scan_table

MAX_REPLACEMENTS, REPLACEMENT_BYTES = 200, 120_000
_SAME = ["article_id", "surface", "replacement", "kind", "decided_by"]


@dataclass(frozen=True)
class ReplacementView:
    """A name of an article that its normalised text writes otherwise."""

    article_id: str
    label: str
    site: str
    surface: str
    replacement: str
    kind: str
    decided_by: str
    n_places: int


def view_replacements(snapshot: Path, articles: pl.DataFrame) -> Shown[ReplacementView]:
    """The replacements in a run's normalised texts, article by article, what an editor decided first.

    Args:
        snapshot: folder of the snapshot.
        articles: the run's `article_facts`.
    """
    rows = (
        scan_table(snapshot, "name_replacements")
        .join(articles.lazy().select("article_id", "label", "site"), on="article_id")
        .group_by(*_SAME, "label", "site")
        .agg(n_places=pl.len(), first=pl.col("start").min())
        .sort(pl.col("decided_by") != "editor", "label", "article_id", "first")
        .drop("first")
        .collect()
    )
    views = (
        ReplacementView(
            **{
                **row,
                "label": one_line(row["label"], 120),
                "site": one_line(row["site"], 100),
                "surface": one_line(row["surface"], 200),
                "replacement": one_line(row["replacement"], 200),
            }
        )
        for row in rows.head(MAX_REPLACEMENTS).iter_rows(named=True)
    )
    kept, _ = keep_within(
        REPLACEMENT_BYTES,
        views,
        lambda view: 400 + count_bytes(view.label, view.site, view.site, view.surface, view.replacement),
    )
    return Shown(tuple(kept), rows.height)
