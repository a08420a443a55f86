"""Frames of documents in a step: those that workers were lost on taken out, parts put together."""

from collections.abc import Callable

import polars as pl

from cleaners.document import REJECT_SCHEMA
from flows.workers.marks import Tries, mark_document


def set_aside(documents: pl.DataFrame, tries: Tries, step: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take out the documents on which workers were lost in a step.

    Returns:
        The other documents, and a reject (`REJECT_SCHEMA`) for each that was taken out.
    """
    if not tries.quarantined:
        return documents, pl.DataFrame(schema=REJECT_SCHEMA)
    quarantined = documents.filter(pl.col("article_id").is_in(list(tries.quarantined)))
    rows = [
        {**row, "stage": step, **tries.quarantined[row["article_id"]]._asdict()}
        for row in quarantined.iter_rows(named=True)
    ]
    sound = documents.filter(~pl.col("article_id").is_in(list(tries.quarantined)))
    return sound, pl.DataFrame([{name: row.get(name) for name in REJECT_SCHEMA} for row in rows], REJECT_SCHEMA)


def concat_frames(frames: list[pl.DataFrame], schema: pl.Schema) -> pl.DataFrame:
    """Put frames together that have the columns of a schema, brought to its order and types."""
    wanted = [frame if frame.schema == schema else _fitted(frame, schema) for frame in frames]
    return pl.concat(wanted) if wanted else pl.DataFrame(schema=schema)


def _fitted(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    return frame.select(schema.names()).cast(dict(schema))  # type: ignore[arg-type]


def try_singly(documents: pl.DataFrame, work: Callable[[pl.DataFrame], object]) -> None:
    """Do some work on each document by itself, for nothing but to see which one it hangs or dies on."""
    for one in documents.iter_slices(1):
        mark_document(one["article_id"].item())
        work(one)
