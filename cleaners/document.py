"""The frames between the steps: documents before anything was removed, and what did not become one.

Column names equal those of `cleaners.schemas.Articles` wherever both have them; here `text` is the extracted text.
"""

from __future__ import annotations

import hashlib
from typing import Any

import polars as pl

Row = dict[str, Any]

UTC_MICROSECONDS = pl.Datetime("us", "UTC")

# Of the published tables (`cleaners.schemas`): it rises whenever a column is dropped or changes its type or meaning.
SCHEMA_VERSION = "3"

# Where the fields of an article's metadata come from: codes of `METADATA_SOURCES`, and the codes of `METADATA_DOUBTS`.
SOURCED_FIELDS = ("title", "authors", "published_at", "canonical_url", "site")
METADATA_SOURCES_TYPE = pl.Struct({**dict.fromkeys(SOURCED_FIELDS, pl.String()), "doubts": pl.List(pl.String())})

# Names and types of the frame of extracted documents; every step that takes documents takes this frame.
DOCUMENT_SCHEMA = pl.Schema(
    {
        "article_id": pl.String(),
        "origin": pl.String(),
        "parent_article_id": pl.String(),
        "source_uri": pl.String(),
        "url": pl.String(),
        "canonical_url": pl.String(),
        "site": pl.String(),
        "title": pl.String(),
        "authors": pl.List(pl.String()),
        "agency": pl.String(),
        "published_at": UTC_MICROSECONDS,
        "fetched_at": UTC_MICROSECONDS,
        "language": pl.String(),
        "text": pl.String(),
        "raw_sha256": pl.String(),
        "extractor": pl.String(),
        "body_confidence": pl.Float64(),
        "metadata_sources": METADATA_SOURCES_TYPE,
    }
)


def time_of_run(run_id: pl.Expr) -> pl.Expr:
    """When a run began, as its name says (`20260301T060000Z-0001`); null where a person gave it another name."""
    return run_id.str.slice(0, 16).str.to_datetime("%Y%m%dT%H%M%SZ", time_unit="us", time_zone="UTC", strict=False)


# The columns of `cleaners.schemas.Rejects` but for the run.
REJECT_SCHEMA = pl.Schema(
    {
        "source_uri": pl.String(),
        "stage": pl.String(),
        "reason": pl.String(),
        "detail": pl.String(),
        "raw_sha256": pl.String(),
        "n_bytes": pl.Int64(),
        "article_id": pl.String(),
        "url": pl.String(),
        "site": pl.String(),
    }
)


def make_id(*parts: str) -> str:
    """A stable id of some strings: the first 24 hexadecimal digits of a SHA-256.

    96 bits: with 100 million articles the chance that any two share an id is 6e-14 (birthday bound).

    Args:
        parts: what makes the thing itself, in a fixed order; their boundaries count.
    """
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return digest.hexdigest()[:24]


def sha256_hex(data: bytes | str) -> str:
    """SHA-256 of bytes, or of a text in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data).hexdigest()
