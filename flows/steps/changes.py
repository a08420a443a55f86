"""What a run changed in the published tables: rows of `changes`, and the column `changed_run` of the tables that have one.

Takes the rows of a table before and after the run. The rows of one entity (`cleaners.codes.ENTITIES`) that share an id change
together, so that whoever has an earlier copy takes out the rows with the ids recorded since and puts today's in.
"""

from typing import NamedTuple

import polars as pl

from cleaners.codes import ENTITIES
from cleaners.document import time_of_run
from cleaners.schemas import TABLES, default_of
from flows.run import Run
from flows.steps.parts import part_names, replaced_article_ids
from flows.store.files import write_parquet
from flows.store.snapshots import Snapshot
from flows.store.tables import CHANGES, list_tables

_IDS = pl.Schema({"id": pl.String(), "kind": pl.String()})
_OF_A_RUN = ("changed_run", "run_id")  # they say which run it was, not what a row says


class Compared(NamedTuple):
    """Rows of a table after a run, with the run that last changed each where the contract says so, and what changed by id."""

    rows: pl.DataFrame
    changes: pl.DataFrame


def compare_rows(table: str, before: pl.LazyFrame, rows: pl.DataFrame, run_id: str) -> Compared:
    """Compare rows of a table with those of the last snapshot, by primary key.

    Args:
        table: an entity.
        before: the rows that the new ones take the place of, in today's columns.
        rows: the new ones, with or without `changed_run` and `run_id`.
        run_id: the run that wrote them.
    """
    contract, group = TABLES[table], ENTITIES[table]
    key = contract.primary_key()
    said = [name for name in contract.column_names() if name not in _OF_A_RUN]
    has_run = "changed_run" in contract.column_names()
    columns: list[str | pl.Expr] = [*key, pl.col(group).alias("id"), pl.struct(said).hash().alias("hash")]
    old = before.select(
        *columns, pl.col("changed_run") if has_run else default_of(table, "changed_run").cast(pl.String)
    ).collect()
    new = rows.select(columns)
    both = new.join(old, on=key, how="full", suffix="_before", maintain_order="left")
    is_same = (pl.col("hash") == pl.col("hash_before")).fill_null(False)
    if has_run:
        ours = both.filter(pl.col("hash").is_not_null())
        last = pl.when(is_same).then("changed_run").otherwise(pl.lit(run_id))
        rows = rows.with_columns(ours.select(last.alias("changed_run")).to_series())
    different = both.filter(~is_same)
    touched = pl.concat([different["id"], different["id_before"]]).drop_nulls().unique()
    moved = different.filter(pl.col("id") != pl.col("id_before"))["id_before"].unique()
    is_here, was_there = (pl.col("id").is_in(frame["id"].unique().implode()) for frame in (new, old))
    kind = (
        pl.when(is_here & was_there)
        .then(pl.lit("changed"))
        .when(is_here)
        .then(pl.lit("added"))
        .when(pl.col("id").is_in(moved.implode()))
        .then(pl.lit("merged"))
        .otherwise(pl.lit("removed"))
    )
    return Compared(rows, touched.to_frame("id").select("id", kind.alias("kind")))


def find_replaced(run: Run) -> None:
    """Write down the articles of the last snapshot that this run replaces, and which run published each first."""
    columns = ["article_id", "published_run", "published_run_at"]
    ids, previous = replaced_article_ids(run), run.previous_snapshot
    schema = TABLES["articles"].create_empty().schema
    held = previous.scan("articles", schema) if previous else pl.LazyFrame(schema=schema)
    replaced = held.select(columns).join(ids.to_frame("article_id").lazy(), on="article_id", how="semi").collect()
    write_parquet(replaced, run.work("replaced.parquet"))


def read_replaced(run: Run) -> pl.DataFrame:
    """What `find_replaced` wrote: article_id, published_run, published_run_at."""
    return pl.read_parquet(run.work("replaced.parquet"), glob=False)


def note_changes(run: Run, table: str, name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Compare the rows of a new file with those of the last snapshot; give them with `changed_run`.

    What changed is left for `list_changes`. Of a table in parts the rows are those of the part `name`.
    """
    previous, schema = run.previous_snapshot, rows.schema
    before = previous.scan(table, schema) if previous else pl.LazyFrame(schema=schema)
    if previous and table in list_tables("parts"):
        gone = read_replaced(run).lazy()
        part = previous.path / table / f"{name}.parquet"
        if part in previous.files(table):
            before = pl.scan_parquet(part, glob=False).join(gone, on="article_id", how="anti")
        else:  # those of articles that were read again
            ours = rows.lazy().select("article_id").unique().join(gone, on="article_id", how="semi")
            before = before.join(ours, on="article_id", how="semi")
    compared = compare_rows(table, before, rows, run.run_id)
    write_parquet(compared.changes, run.work(CHANGES, table, f"{name}.parquet"))
    return compared.rows


def list_changes(run: Run) -> pl.DataFrame:
    """The rows of `changes` of a run, its files compared."""
    now = run.scan("articles").select("article_id").collect()["article_id"]
    gone = read_replaced(run)["article_id"]
    is_old, is_new = (pl.col("id").is_in(ids.implode()) for ids in (gone, now))
    kind = pl.when(~is_old).then(pl.lit("added")).when(is_new).then(pl.lit("changed")).otherwise(pl.lit("removed"))
    articles = pl.concat([now, gone]).unique().to_frame("id").select("id", kind.alias("kind"))
    found = [articles.with_columns(entity=pl.lit("articles"))]
    for table in ENTITIES:
        paths = sorted(run.work(CHANGES, table).glob("*.parquet"))
        found += [pl.read_parquet(path, glob=False).with_columns(entity=pl.lit(table)) for path in paths]
    previous = run.previous_snapshot
    if previous:
        found.append(_find_unmentioned(run, previous, gone))
    snapshots = [(run.run_id, "added"), *([(previous.run_id, "changed")] if previous else [])]
    found.append(pl.DataFrame(snapshots, _IDS, orient="row").with_columns(entity=pl.lit("snapshot")))
    rows = pl.concat(found).with_columns(run=pl.lit(run.run_id))
    return rows.with_columns(time=time_of_run(pl.col("run")))


def _find_unmentioned(run: Run, previous: Snapshot, gone: pl.Series) -> pl.DataFrame:
    """The articles that had mentions and are gone, or have none after they were read again."""
    table = "name_mentions"
    held = previous.scan(table, TABLES[table].create_empty().schema).select("article_id").unique()
    held = held.filter(pl.col("article_id").is_in(gone.implode()))
    new = [pl.scan_parquet(run.work(table, f"{part}.parquet"), glob=False) for part in part_names(run)]
    now = pl.concat([rows.select("article_id") for rows in new]) if new else held.clear()
    left = held.join(now, on="article_id", how="anti").collect()
    return left.select(id="article_id", kind=pl.lit("removed"), entity=pl.lit(table))
