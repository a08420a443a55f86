"""Lists cut to a budget of bytes, so that the page of a large run still opens at once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import polars as pl
from markupsafe import escape

from flows.store.rows import scan_table

Item = TypeVar("Item")


@dataclass(frozen=True)
class Shown(Generic[Item]):
    """The items of a list that are shown, and how many there are."""

    items: tuple[Item, ...]
    total: int


def keep_within(budget: int, items: Iterable[Item], size: Callable[[Item], int]) -> tuple[list[Item], int]:
    """The first items that fit into a budget of bytes, and what is left of it."""
    kept: list[Item] = []
    for item in items:
        cost = size(item)
        if cost > budget:
            break
        kept.append(item)
        budget -= cost
    return kept, budget


def count_bytes(*texts: str) -> int:
    """Bytes of some texts in the page, once escaped."""
    return sum(len(escape(text).encode()) for text in texts)


def scan_rows(snapshot: Path, table: str, article_ids: pl.Series) -> pl.LazyFrame:
    """The rows of some articles in one table."""
    return scan_table(snapshot, table).filter(pl.col("article_id").is_in(article_ids.implode()))


def collect_by_id(rows: pl.LazyFrame) -> dict[str, dict[str, Any]]:
    """Rows by their `article_id`."""
    return {row["article_id"]: row for row in rows.collect(engine="streaming").iter_rows(named=True)}
