"""A gate over every container: the rows it holds are records, rejects or passed over, whatever parts and workers it was read by.

Takes what discovery counted and what each part counted as it read; a difference stops the run and names the file.
"""

import shutil
from typing import NamedTuple

import polars as pl

from cleaners.errors import ContractBroken
from flows.ingest.sources import DOCUMENT_FORMATS
from flows.run import Run
from flows.steps.plan import Shard
from flows.store.files import write_parquet
from flows.store.restore import PUBLISHED_FORMAT

MAX_NAMED = 3  # files in the error

_SCHEMA = pl.Schema(
    {
        "source_uri": pl.String(),
        "part": pl.Int64(),
        "n_rows": pl.Int64(),
        "n_records": pl.Int64(),
        "n_rejects": pl.Int64(),
        "n_passed_over": pl.Int64(),
    }
)


class PartRead(NamedTuple):
    """Record of what was read of a part of a container.

    `n_rows` are the rows met, of whichever part; of a Parquet file those of its footer. Records are new and known ones.
    """

    source_uri: str
    part: int
    n_rows: int
    n_records: int
    n_rejects: int
    n_passed_over: int


def write_parts_read(run: Run, shard: Shard, parts: list[PartRead]) -> None:
    """Keep the counts of a shard for `check_containers`."""
    write_parquet(pl.DataFrame(parts, _SCHEMA, orient="row"), run.work("parts_read", f"{shard.name}.parquet"))


def check_containers(run: Run) -> None:
    """Compare the rows that each container holds with what became of them.

    Rows are counted at discovery (lines), in the footer (Parquet), or as they are met (packed lines, web archives). A container
    that changed or broke has a reject of its own, which says so; the others must come out even.

    Raises:
        ContractBroken: rows are missing, or were read twice. The next run reads the files again.
    """
    explained = run.scan("rejects").filter(pl.col("stage") == "read").select("source_uri")
    read = (
        run.scan("parts_read")
        .join(explained, on="source_uri", how="anti")
        .group_by("source_uri")
        .agg(
            n_met=pl.col("n_rows").max(),
            n_stretches=pl.col("n_rows").sum(),
            n_read=pl.sum_horizontal("n_records", "n_rejects", "n_passed_over").sum(),
            n_parts=pl.col("part").n_unique(),
        )
    )
    planned = (
        pl.scan_parquet(run.work("pieces.parquet"), glob=False)
        .filter(~pl.col("format").is_in([*DOCUMENT_FORMATS, PUBLISHED_FORMAT]))
        .join(explained, on="source_uri", how="anti")
        .group_by("source_uri")
        .agg(n_planned=pl.len(), format=pl.col("format").first(), is_stretch=pl.col("stretch").is_not_null().any())
    )
    counted = pl.scan_parquet(run.work("lines.parquet"), glob=False)
    is_in_stretches = pl.col("is_stretch") & (pl.col("format") == "jsonl")
    held = (
        planned.join(read, on="source_uri", how="left")  # also those of which no part was read
        .join(counted, on="source_uri", how="left")
        .with_columns(pl.col("n_met", "n_stretches", "n_read", "n_parts").fill_null(0))
        # A feed that grew since discovery holds more lines than were counted then; one that was cut has a reject.
        .with_columns(
            n_held=pl.max_horizontal("n_lines", pl.when(is_in_stretches).then("n_stretches").otherwise("n_met"))
        )
    )
    # One without any row has a reject that says so.
    is_off = (
        (pl.col("n_read") != pl.col("n_held")) | (pl.col("n_parts") != pl.col("n_planned")) | (pl.col("n_held") == 0)
    )
    off = held.filter(is_off)
    rows = off.sort("source_uri").collect()
    if rows.is_empty():
        return
    shutil.rmtree(run.work("done"), ignore_errors=True)  # the next run goes on with nothing of this
    named = "; ".join(
        f"{row['source_uri']} holds {row['n_held']} rows, and {row['n_read']} became records or rejects"
        for row in rows.head(MAX_NAMED).iter_rows(named=True)
    )
    more = f"; and {rows.height - MAX_NAMED} more files" if rows.height > MAX_NAMED else ""
    raise ContractBroken(
        f"Nothing was published, rows were lost in reading: {named}{more}.",
        "Run again: the files are read from their beginning. Please report it if it stays.",
    )
