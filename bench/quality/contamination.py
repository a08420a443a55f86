"""Predictions for the text contamination set: takes its JSON lines, gives removed spans by kind, and nothing else.

The whole file is one batch that goes through the functions the flow calls. No gold field is read.
"""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from cleaners.document import DOCUMENT_SCHEMA, make_id, sha256_hex
from cleaners.junk import StripConfig, Stripped, gather_evidence, learn_evidence, strip_articles

# Kinds that a whole article has besides, but the set keeps as article.
NO_KIND = ("byline", "agency_credit")


def predict(in_path: Path, out_path: Path) -> None:
    """Strip the documents of `in_path` and write `{id, removed: [{start, end, kind, confidence}]}` lines.

    Args:
        in_path: JSON lines with id, source (the site), title, published, language (or null) and contaminated_text; gzipped or not.
        out_path: where the predictions go, one line a document; offsets in code points of contaminated_text.

    """
    rows = read_rows(in_path)
    spans = find_spans(rows)
    removed: dict[str, list[dict[str, Any]]] = {}
    for span in spans.filter(~pl.col("category").is_in(NO_KIND)).iter_rows(named=True):
        removed.setdefault(span["article_id"], []).append(
            {"start": span["start"], "end": span["end"], "kind": span["category"], "confidence": span["confidence"]}
        )
    with out_path.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps({"id": row["id"], "removed": removed.get(make_id(row["id"]), [])}) + "\n")


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The documents of a set, gzipped or not; a clean text (`text`, `site`) counts as one without junk."""
    lines = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    return [
        row
        if "contaminated_text" in row
        else {
            "id": row["id"],
            "source": row.get("site"),
            "title": row.get("title"),
            "contaminated_text": row["text"],
            "spans": [],
        }
        for row in rows
    ]


def find_spans(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """The removed spans of a set, cleaned as one batch; `article_id` is `make_id(row["id"])`."""
    return strip_rows(rows).removed_spans


def strip_rows(
    rows: list[dict[str, Any]], config: StripConfig | None = None, *, with_evidence: bool = True
) -> Stripped:
    """Strip a set as one batch; `article_id` is `make_id(row["id"])`.

    Args:
        rows: of `read_rows`.
        config: thresholds; the defaults where not given.
        with_evidence: whether what repeats over the batch is known.

    """
    config = config or StripConfig()
    documents = pl.DataFrame([as_document(row) for row in rows], schema=DOCUMENT_SCHEMA)
    evidence = learn_evidence([gather_evidence(documents, config)], config) if with_evidence else None
    return strip_articles(documents, evidence, config)


def as_document(row: dict[str, Any]) -> dict[str, Any]:
    text = row["contaminated_text"]
    published = row.get("published")
    moment = datetime.fromisoformat(published) if published else None
    return {
        **dict.fromkeys(DOCUMENT_SCHEMA.names()),
        "article_id": make_id(row["id"]),
        "origin": "text",
        "source_uri": row["id"],
        "site": row.get("source"),
        "title": row.get("title"),
        "authors": [],
        "language": row.get("language"),
        "published_at": moment.replace(tzinfo=moment.tzinfo or UTC) if moment else None,
        "text": text,
        "raw_sha256": sha256_hex(text),
        "extractor": "bench",
    }
