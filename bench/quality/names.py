"""Predicts name flags for a file of documents through the functions the flow calls.

Reads id, title, text, site and published_at, never a gold field; the whole input is one batch.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl

from cleaners.names import NamesConfig, check_names, load_authority
from cleaners.neardup import NearDuplicateConfig, find_near_duplicates


def predict(documents: Path, authority: Path, out: Path) -> None:
    """Write one row a flag: `{doc_id, start, end, surface, kind, canonical, is_error, confidence}`.

    Args:
        documents: JSON lines with id, title, text, site, published_at.
        authority: CSV with canonical, aliases, roles, qid.
        out: JSON lines to write.
    """
    articles = read_articles(documents)
    known = load_authority(authority.read_text(encoding="utf-8"), with_core=True)
    clusters = find_near_duplicates(articles, NearDuplicateConfig()).clusters
    checked = check_names(articles, NamesConfig(), clusters=clusters, authority=known)
    columns = ["start", "end", "surface", "kind", "canonical", "is_error", "confidence"]
    flags = checked.flags.select(pl.col("article_id").alias("doc_id"), *columns)
    with out.open("w", encoding="utf-8") as stream:
        for row in flags.iter_rows(named=True):
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def read_articles(path: Path) -> pl.DataFrame:
    """The documents as articles: JSON lines with id, title, text, site, published_at."""
    rows = read_rows(path)
    return pl.DataFrame(
        {
            "article_id": [row["id"] for row in rows],
            "title": [row.get("title") for row in rows],
            "text": [row["text"] for row in rows],
            "site": [row.get("site") for row in rows],
            "published_at": [row.get("published_at") for row in rows],
        },
        schema_overrides={"title": pl.String, "site": pl.String, "published_at": pl.String},
    ).with_columns(pl.col("published_at").str.to_datetime(time_unit="us", time_zone="UTC", strict=False))


def read_rows(path: Path) -> list[Any]:
    """The rows of JSON lines, gzipped or not."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in data.splitlines() if line.strip()]
