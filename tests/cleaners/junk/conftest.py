"""Frames for the tests of stripping."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cleaners.document import DOCUMENT_SCHEMA, make_id, sha256_hex

SEEDS = Path(__file__).parents[3] / "seeds"


def make_row(name: str, text: str, **values: Any) -> dict[str, Any]:
    """A document row with everything but the named columns at a plain default."""
    return {
        **dict.fromkeys(DOCUMENT_SCHEMA.names()),
        "article_id": make_id(name),
        "origin": "text",
        "source_uri": name,
        "authors": [],
        "fetched_at": datetime(2031, 5, 4, 12, tzinfo=UTC),
        "language": "en",
        "text": text,
        "raw_sha256": sha256_hex(text),
        "extractor": "test",
        **values,
    }


def make_frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=DOCUMENT_SCHEMA)


@pytest.fixture(scope="session")
def seed_texts() -> dict[str, str]:
    return {path.name[:3]: path.read_bytes().decode("utf-8") for path in sorted(SEEDS.glob("*.txt"))}


@pytest.fixture
def frame() -> Callable[[list[dict[str, Any]]], pl.DataFrame]:
    return make_frame
