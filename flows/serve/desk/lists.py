"""A page of a list: which rows an editor wants to see, and the part of them that a page holds."""

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

import polars as pl

PAGE_ROWS = 20
MAX_WORDS = 8  # that a search looks for


class Filters(NamedTuple):
    """Which rows a page shows; an empty filter lets all through."""

    site: str = ""
    kind: str = ""
    person: str = ""
    day: str = ""
    q: str = ""
    flag: str = ""


class Listing(NamedTuple):
    """One page of a list: its rows, its number from 1, how many pages and rows there are, and what can be filtered by."""

    rows: list[dict[str, Any]]
    page: int
    n_pages: int
    n_rows: int
    choices: dict[str, list[str]]


def matches(filters: Filters) -> pl.Expr:
    """Tell whether a row is wanted."""
    wanted = pl.lit(value=True)
    if filters.site:
        wanted = wanted & (pl.col("site") == filters.site)
    if filters.kind:
        wanted = wanted & (pl.coalesce(pl.col("^kind$|^likely_category$")) == filters.kind)
    if day := read_day(filters.day):
        wanted = wanted & (pl.col("day") == day)
    if person := filters.person.strip().lower():
        names = pl.concat_str(["surface", "canonical"], separator=" ", ignore_nulls=True).str.to_lowercase()
        wanted = wanted & names.str.contains(person, literal=True)
    if filters.flag:
        wanted = wanted & pl.col("flag_id").is_in(filters.flag.split(","))
    for word in filters.q.lower().split()[:MAX_WORDS]:
        wanted = wanted & pl.col("hay").str.contains(word, literal=True)
    return wanted


def turn_to(
    rows: pl.DataFrame,
    page: int,
    choices: dict[str, list[str]],
    complete: Callable[[dict[str, Any]], dict[str, Any]] = lambda row: row,
) -> Listing:
    """One page of some rows; a page beyond the last is the last."""
    n_pages = max(1, -(-rows.height // PAGE_ROWS))
    page = min(max(1, page), n_pages)
    shown = rows.slice((page - 1) * PAGE_ROWS, PAGE_ROWS)
    return Listing([complete(row) for row in shown.iter_rows(named=True)], page, n_pages, rows.height, choices)


def read_day(text: str) -> date | None:
    """A day as forms send it; None where it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
