"""Predict the bodies of hand-labelled pages, through the functions that the flow calls.

Reads the ids and addresses of the gold file, never its bodies; the whole input is one batch.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl

from cleaners.decoding import decode_text
from cleaners.document import make_id, sha256_hex
from cleaners.errors import Rejected
from cleaners.extract import RAW_SCHEMA, ExtractConfig, extract_articles
from cleaners.text import TextConfig


def predict(gold: Path, html_dir: Path, out: Path, *, strip: bool = True) -> None:
    """Write `{id, articleBody}` for every id of the gold file, an empty body for a page that was rejected.

    Args:
        gold: JSON object, id to an object with `url`.
        html_dir: folder of the pages, `ID.html.gz`.
        out: JSON lines to write.
        strip: whether the strip step follows extraction, as in the flow.
    """
    texts = read_pages(gold, html_dir)
    if strip:
        texts = strip_pages(texts)
    bodies = dict(texts.filter(pl.col("origin") != "embedded").select("source_uri", "text").iter_rows())
    with out.open("w", encoding="utf-8") as lines:
        for key in _addresses(gold):
            lines.write(json.dumps({"id": key, "articleBody": bodies.get(key, "")}, ensure_ascii=False) + "\n")


def read_pages(gold: Path, html_dir: Path) -> pl.DataFrame:
    """The pages of a set as extracted documents, their ids in `source_uri`; a page that is rejected is missing."""
    addresses = _addresses(gold)
    records = []
    for key, url in addresses.items():
        data = gzip.decompress((html_dir / f"{key}.html.gz").read_bytes())
        try:
            content = decode_text(data, TextConfig())
        except Rejected:
            continue
        digest = sha256_hex(data)
        records.append(
            {
                "article_id": make_id("article", digest, key),
                "source_uri": key,
                "media": "html",
                "content": content,
                "url": url,
                "raw_sha256": digest,
                "n_bytes": len(data),
            }
        )
    return extract_articles(pl.DataFrame(records, RAW_SCHEMA), ExtractConfig()).documents


def _addresses(gold: Path) -> dict[str, str | None]:
    return {key: row.get("url") for key, row in json.loads(gold.read_text(encoding="utf-8")).items()}


def strip_pages(documents: pl.DataFrame) -> pl.DataFrame:
    """The articles of a set after the strip step, evidence learned of the whole set; no embedded ones."""
    from cleaners.junk import StripConfig, gather_evidence, learn_evidence, strip_articles

    config = StripConfig()
    evidence = learn_evidence([gather_evidence(documents, config)], config)
    # An embedded article that was salvaged is a row of its own; the page's body is the page's own row.
    return strip_articles(documents, evidence, config).articles.filter(pl.col("origin") != "embedded")
