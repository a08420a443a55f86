"""The plan of a run: pieces of inputs, dealt to shards."""

from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from flows.run import Run


class Piece(NamedTuple):
    """One input, or a part of a container: a stretch of it, or the `part`-th of `n_parts` strides through its records."""

    source_uri: str
    name: str
    format: str
    n_bytes: int
    raw_sha256: str
    part: int
    n_parts: int
    stretch: tuple[int, int, int] | None = None


PIECE_SCHEMA = pl.Schema(
    {
        "source_uri": pl.String(),
        "name": pl.String(),
        "format": pl.String(),
        "n_bytes": pl.Int64(),
        "raw_sha256": pl.String(),
        "part": pl.Int64(),
        "n_parts": pl.Int64(),
        "stretch": pl.List(pl.Int64),
        "size": pl.Int64(),
    }
)


class Shard(NamedTuple):
    """Inputs that one worker takes at a time; which they are stands in a file of the run, for they may be many."""

    number: int
    n_bytes: int

    @property
    def name(self) -> str:
        """The beginning of the names of the shard's files in each folder of intermediate files."""
        return f"{self.number:05d}"


class Plan(NamedTuple):
    """Work of a run. Inputs are new, known, or restored: taken out of the snapshot to be stripped again."""

    shards: tuple[Shard, ...]
    n_inputs: int
    n_known_inputs: int
    n_restored_inputs: int
    digest: str  # of what lies in the shards

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing at all is to be done."""
        return not self.shards


def read_pieces(run: Run, shard: Shard) -> Iterator[Piece]:
    """Read the pieces of a shard, in order."""
    mine = pl.scan_parquet(run.work("pieces.parquet"), glob=False).filter(pl.col("shard") == shard.number)
    for row in mine.select(Piece._fields).collect().iter_rows(named=True):
        yield Piece(**{**row, "stretch": tuple(row["stretch"]) if row["stretch"] else None})
