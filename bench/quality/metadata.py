"""Predict what pages say of themselves, and their bodies, through the functions that the flow calls.

Reads the ids and addresses of the gold file, never its fields; the whole input is one batch.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.quality.extraction import read_pages, strip_pages

FIELDS = ("title", "authors", "published_at", "language")


def predict(gold: Path, html_dir: Path, out: Path) -> None:
    """Write `{id, articleBody, title, authors, published_at, language}` for every page that is an article.

    A page that was rejected has an empty body, no authors and nulls; an instant is ISO 8601 in UTC.

    Args:
        gold: JSON object, id to an object with `url`.
        html_dir: folder of the pages, `ID.html.gz`.
        out: JSON lines to write.
    """
    articles = strip_pages(read_pages(gold, html_dir))
    found = {row["source_uri"]: row for row in articles.iter_rows(named=True)}
    with out.open("w", encoding="utf-8") as lines:
        for key in json.loads(gold.read_text(encoding="utf-8")):
            lines.write(json.dumps(_describe(key, found.get(key)), ensure_ascii=False) + "\n")


def _describe(key: str, row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return {"id": key, "articleBody": "", **dict.fromkeys(FIELDS), "authors": []}
    instant = row["published_at"]
    fields = {field: row[field] for field in FIELDS}
    return {"id": key, "articleBody": row["text"], **fields, "published_at": instant and instant.isoformat()}
