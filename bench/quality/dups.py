"""Predict duplicate clusters of a file of articles, through the function that the flow calls."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import IO, cast

import polars as pl

from cleaners.neardup import find_near_duplicates

# Ids are the file's own, so they need not look like Copydesk's; gold columns are never read.
COLUMNS = ("id", "title", "text", "site", "published_at")


def predict(in_path: Path, out_path: Path) -> None:
    """Write `{id, cluster_id}` for every article of a file, taken as one batch.

    Args:
        in_path: JSON lines, gzipped or not, with id, text, and title, site, published_at (ISO 8601) where known.
        out_path: JSON lines to write.
    """
    clusters = find_near_duplicates(read_articles(in_path)).clusters
    out_path.write_text(
        "".join(
            json.dumps({"id": article_id, "cluster_id": cluster_id}) + "\n"
            for article_id, cluster_id in clusters.select("article_id", "cluster_id").iter_rows()
        ),
        encoding="utf-8",
    )


def read_articles(path: Path) -> pl.DataFrame:
    """Read the articles of a file as the frame that `find_near_duplicates` takes."""
    with cast(
        IO[str], gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
    ) as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    frame = pl.DataFrame(
        {name: [row.get(name) for row in rows] for name in COLUMNS}, schema=dict.fromkeys(COLUMNS, pl.String)
    )
    published = pl.col("published_at").str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    return frame.rename({"id": "article_id"}).with_columns(published)
