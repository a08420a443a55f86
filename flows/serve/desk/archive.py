"""What a snapshot has to decide, read once, and what editors said of it, joined with it.

Takes an output folder and the texts of the editors' files, gives frames in memory.
"""

import csv
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from cleaners.names import load_decisions, pair_names
from flows.query.flags import FLAGS, read_flags
from flows.query.suspected import OPEN, PASSAGES, read_suspected
from flows.store.rows import IS_DOUBTFUL
from flows.store.snapshots import lock_snapshot, name_latest

CLOSING = ("two_people", "alias")  # decisions that settle every flag on the two names
_SAID = ["flag_id", *(f"said_{name}" for name in ("decision", "canonical", "at", "by", "note"))]
# What the search looks at.
FLAGS_HAY = ("surface", "canonical", "office", "label", "lead", "before", "after", "tail")
PASSAGES_HAY = ("text", "label", "reason")


class Archive(NamedTuple):
    """What a snapshot has to decide: its name (None before the first publication), its flags and passages, to be searched."""

    name: str | None
    flags: pl.DataFrame
    passages: pl.DataFrame


class Names(NamedTuple):
    """The flags with what is said of each (`state`: open, decided or closed by a decision on another), and what was decided.

    A row of `decided` is what one editor said at once of one error: said, surface, canonical, kind, note, at, by, the flags' ids
    parted by commas, site, label and article of the first, and `status` (in effect, next run or gone).
    """

    flags: pl.DataFrame
    decided: pl.DataFrame


def read_archive(output: Path) -> Archive:
    """Read the latest snapshot's flags and passages, with their contexts; it is not removed meanwhile."""
    if name_latest(output) is None:
        flags, passages, name = pl.DataFrame(schema=FLAGS), pl.DataFrame(schema=PASSAGES), None
    else:
        with lock_snapshot(output) as snapshot:
            flags = read_flags(snapshot, IS_DOUBTFUL | pl.col("decision").is_not_null())
            passages, name = read_suspected(snapshot), snapshot.path.name
    day = pl.col("published_at").dt.date()
    return Archive(
        name,
        _searchable(flags, FLAGS_HAY).with_columns(day=day),
        _searchable(passages, PASSAGES_HAY).with_columns(day=day),
    )


def judge_flags(flags: pl.DataFrame, text: str) -> Names:
    """Join the flags with what is said of them."""
    record = load_decisions(text)
    said = record.select("flag_id", "decision", "canonical", "decided_at", "decided_by", "note")
    pairs = [
        pair_names(surface, canonical)
        for surface, canonical in record.filter(pl.col("decision").is_in(CLOSING))
        .select("surface", "canonical")
        .iter_rows()
    ]
    ever = {row.get("flag_id") for row in csv.DictReader(text.splitlines())}
    taken_back = pl.Series(sorted(ever - set(record["flag_id"]) - {None}), dtype=pl.String).implode()
    joined = flags.join(said.rename(dict(zip(said.columns, _SAID, strict=True))), on="flag_id", how="left")
    is_settled = pl.col("decision").is_not_null() & ~pl.col("flag_id").is_in(taken_back)
    state = (
        pl.when(pl.col("said_decision").is_not_null() | is_settled)
        .then(pl.lit("decided"))
        .when(pl.col("pair").is_in(pl.Series(pairs, dtype=pl.String).implode()))
        .then(pl.lit("closed"))
        .otherwise(pl.lit("open"))
    )
    return Names(joined.with_columns(state=state), _list_decided(record, flags))


def _list_decided(record: pl.DataFrame, flags: pl.DataFrame) -> pl.DataFrame:
    """The decisions that stand, the last first, and what became of them in the snapshot."""
    found = record.reverse().rename({"decision": "said", "decided_at": "at", "decided_by": "by"})
    found = found.join(flags.select("flag_id", "decision", "label", "site", "day"), on="flag_id", how="left")
    is_kept = pl.col("decision").eq_missing(pl.col("said"))
    is_gone = pl.col("label").is_null()
    rows = found.group_by("said", "surface", "canonical", "kind", "note", "at", "by", maintain_order=True).agg(
        pl.col("flag_id").str.join(","),
        pl.col("label", "site", "day").drop_nulls().first(),
        pl.col("article_id").sort_by(is_gone).first(),
        status=pl.when(is_gone.all())
        .then(pl.lit("gone"))
        .when((is_kept | is_gone).all())
        .then(pl.lit("in effect"))
        .otherwise(pl.lit("next run")),
    )
    return _searchable(rows, ("surface", "canonical", "label", "note", "by"))


def list_labelled(passages: pl.DataFrame) -> pl.DataFrame:
    """The passages that have a label, in the columns of what was decided on names."""
    rows = passages.filter(pl.col("said_label").is_not_null()).select(
        "label", "site", "passage_id", "article_id", "day",
        said="said_label",
        surface=pl.col("text").str.slice(0, 160),
        kind="likely_category",
        at="said_at",
        by="said_by",
        status=pl.lit("label"),
    )  # fmt: skip
    return _searchable(rows, ("surface", "label", "by"))


def label_passages(spans: pl.DataFrame, labels: list[dict[str, Any]]) -> pl.DataFrame:
    """Join the passages with the last label of each."""
    last = {row["passage_id"]: row for row in labels}
    rows = [
        (row["passage_id"], row["label"], row["labelled_at"], row["labelled_by"])
        for row in last.values()
        if row["label"] != OPEN
    ]
    columns = dict.fromkeys(("passage_id", "said_label", "said_at", "said_by"), pl.String)
    return spans.join(pl.DataFrame(rows, schema=columns, orient="row"), on="passage_id", how="left")


def _searchable(rows: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """Rows with what the search looks at, in small letters."""
    hay = pl.concat_str(columns, separator=" ", ignore_nulls=True).str.to_lowercase()
    return rows.with_columns(hay=hay)
