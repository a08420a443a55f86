"""What grouping by event needs of earlier runs: the articles of the last days, their terms, and how rare each term is.

index/stories/<run_id>.members.parquet      articles of the window: time, story, event, heavy words; whole
index/stories/<run_id>.terms.parquet        terms of the articles that the run brought; kept while one of them is in the window
index/stories/<run_id>.frequencies.parquet  in how many articles each term stands, settled and of the last day; whole
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from cleaners.stories import Frequencies
from cleaners.stories.frequencies import Counts
from cleaners.stories.terms import N_SLOTS, Terms, UInt32s, join_terms
from cleaners.stories.window import Member
from flows.store.files import write_parquet

INDEX = "index/stories"
MAX_SEGMENTS = 32  # files of terms; above it they become one
MEMBER_SCHEMA = pl.Schema(
    {
        "article_id": pl.String(),
        "seen": pl.Float64(),
        "story_id": pl.String(),
        "event_id": pl.String(),
        "total": pl.Float64(),
        "n": pl.Int64(),
        "heavy": pl.List(pl.UInt32()),
    }
)
TERMS_SCHEMA = pl.Schema({"article_id": pl.String(), "terms": pl.List(pl.UInt32())})


class StoryIndex(NamedTuple):
    """The index of a snapshot: `members` of MEMBER_SCHEMA, the files of their terms, the frequencies."""

    members: pl.DataFrame
    segments: list[Path]
    frequencies: Frequencies | None


def read_index(folder: Path | None) -> StoryIndex:
    """Read the index of a snapshot; None, or a folder without one, gives an empty one."""
    members = [pl.read_parquet(path, glob=False) for path in sorted(folder.glob("*.members.parquet"))] if folder else []
    counts = sorted(folder.glob("*.frequencies.parquet")) if folder else []
    return StoryIndex(
        members[-1] if members else pl.DataFrame(schema=MEMBER_SCHEMA),
        sorted(folder.glob("*.terms.parquet")) if folder else [],
        _read_frequencies(counts[-1]) if counts else None,
    )


def read_terms_of(segments: list[Path], ids: pl.Series) -> dict[str, UInt32s]:
    """Read the terms of some articles."""
    found: dict[str, UInt32s] = {}
    for path in segments:
        rows = pl.scan_parquet(path, glob=False).filter(pl.col("article_id").is_in(ids.implode())).collect()
        found |= split_terms(rows)
    return found


def tabulate_terms(ids: Sequence[str], terms: Terms) -> pl.DataFrame:
    """The terms of articles as a frame of TERMS_SCHEMA."""
    return pl.DataFrame({"article_id": ids, "terms": _join_lists(terms)}, TERMS_SCHEMA)


def split_terms(rows: pl.DataFrame) -> dict[str, UInt32s]:
    """The terms of each article of a frame of TERMS_SCHEMA."""
    return dict(zip(rows["article_id"].to_list(), split_lists(rows["terms"]), strict=True))


def split_lists(column: pl.Series) -> list[UInt32s]:
    """The lists of a column as arrays, which share their memory."""
    values = column.explode(empty_as_null=False).to_numpy()
    return Terms(values, column.list.len().to_numpy().astype(np.intp)).split()


def _join_lists(lists: Terms) -> pl.Series:
    """A column of lists of arrays that stand one behind the other; numbers are not taken up one by one."""
    starts = pl.Series(np.concatenate(([0], np.cumsum(lists.lengths))))
    # Arrow's arrays by way of polars': `pyarrow.array` would import pandas.
    joined = pl.from_arrow(pa.LargeListArray.from_arrays(starts.to_arrow(), pl.Series(lists.values).to_arrow()))
    assert isinstance(joined, pl.Series)
    return joined


def write_index(folder: Path, name: str, members: list[Member], frequencies: Frequencies, earlier: list[Path]) -> None:
    """Write the index of a new snapshot.

    Args:
        folder: its folder.
        name: of the files, unique to the run.
        members: the articles of the window.
        frequencies: the frequencies.
        earlier: files of terms of the last snapshot; those that hold a member are taken over.
    """
    folder.mkdir(parents=True, exist_ok=True)
    columns = {name: [getattr(member, name) for member in members] for name in MEMBER_SCHEMA if name != "heavy"}
    heavy = _join_lists(join_terms([member.heavy for member in members]))
    frame = pl.DataFrame({**columns, "heavy": heavy}, MEMBER_SCHEMA)
    write_parquet(frame, folder / f"{name}.members.parquet")
    known: set[str] = set()
    kept = []
    for path in earlier:
        held = pl.scan_parquet(path, glob=False).select("article_id").collect()
        if held.join(frame, on="article_id", how="semi").height:
            kept.append(path)
            known |= set(held["article_id"])
    if len(kept) >= MAX_SEGMENTS:
        kept, known = [], set()
    for path in kept:
        os.link(path, folder / path.name)
    new = [member for member in members if member.article_id not in known]
    terms = tabulate_terms([member.article_id for member in new], join_terms([member.terms for member in new]))
    write_parquet(terms, folder / f"{name}.terms.parquet")
    _write_frequencies(frequencies, folder / f"{name}.frequencies.parquet")


def list_files(folder: Path) -> dict[Path, int]:
    """The files of an index and their rows."""
    return {
        path: int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
        for path in sorted(folder.glob("*.parquet"))
    }


def _write_frequencies(frequencies: Frequencies, path: Path) -> None:
    """Write what the archive's articles hold; the row of slot N_SLOTS counts the articles themselves."""
    settled, pending = frequencies.settled, frequencies.pending
    slots = np.flatnonzero(settled.held + pending.held)
    frame = pl.DataFrame(
        {
            "slot": np.append(slots, N_SLOTS).astype(np.uint32),
            "settled": np.append(settled.held[slots], settled.n).astype(np.float32),
            "pending": np.append(pending.held[slots], pending.n).astype(np.float32),
        }
    )
    write_parquet(frame.with_columns(day=pl.lit(frequencies.day, pl.Int64)), path)


def _read_frequencies(path: Path) -> Frequencies:
    rows = pl.read_parquet(path, glob=False)
    slots = rows["slot"].to_numpy()
    counts = []
    for column in ("settled", "pending"):
        held = np.zeros(N_SLOTS + 1, np.float32)
        held[slots] = rows[column].to_numpy()
        counts.append(Counts(float(held[N_SLOTS]), held[:N_SLOTS].copy()))
    return Frequencies(rows["day"][0], *counts)
