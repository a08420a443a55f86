"""The step `terms`: takes the clusters of the archive, leaves the terms of the articles that are to be grouped by event.

The canonical article of each new cluster is compared with those of the days around it. Their terms lie in the index; where an
article is older than that, the ones around it are read again. Texts are read by the workers, some thousand at a time.
"""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from cleaners.document import UTC_MICROSECONDS, time_of_run
from cleaners.schemas import TABLES
from cleaners.stories import read_terms
from flows.run import Run
from flows.steps.parts import part_file, part_names, replaced_article_ids
from flows.store.files import write_parquet
from flows.store.story_index import INDEX, StoryIndex, read_index, tabulate_terms
from flows.workers.pool import map_in_workers, run_in_worker

ARTICLES_AT_ONCE = 4_096
MICROSECONDS_A_DAY = 86_400e6
FACTS = ("article_id", "published_at", "fetched_at")
FACT_SCHEMA = pl.Schema(
    {"article_id": pl.String(), "published_at": UTC_MICROSECONDS, "fetched_at": UTC_MICROSECONDS, "file": pl.String()}
)
PLACED_SCHEMA = pl.Schema(
    {"cluster_id": pl.String(), "story_id": pl.String(), "event_id": pl.String(), "score": pl.Float64()}
)


def read_terms_of_archive(run: Run) -> int:
    """Read the terms of the articles that are to be grouped.

    Runs in the flow's own process and holds no rows.

    Args:
        run: the run, its articles matched and in parts.

    Returns:
        Lots of articles that were read.
    """
    shutil.rmtree(run.work("stories"), ignore_errors=True)  # of a run that was interrupted here
    n_lots = run_in_worker(_plan, run)
    map_in_workers(_read_lot, [run] * n_lots, range(n_lots))
    return n_lots


def run_time(run: Run) -> datetime:
    """The time of a run, as its name says it; of a name that says none, now."""
    found = pl.select(time_of_run(pl.lit(run.run_id))).item()
    return found if isinstance(found, datetime) else datetime.now(UTC)


def known_stories(run: Run) -> pl.DataFrame:
    """The rows of the last snapshot for articles that hold still; none where the stories are put together again."""
    rows = previous_rows(run, "stories")
    if not _is_current(run):
        return rows.clear()
    return rows.join(replaced_article_ids(run).to_frame("article_id"), on="article_id", how="anti")


def previous_rows(run: Run, table: str) -> pl.DataFrame:
    """The rows of a table of the last snapshot; none where there is none."""
    schema = TABLES[table].create_empty().schema
    previous = run.previous_snapshot
    return previous.scan(table, schema).select(schema.names()).collect() if previous else pl.DataFrame(schema=schema)


def open_index(run: Run) -> StoryIndex:
    """The index of the last snapshot; empty where the stories are put together again."""
    previous = run.previous_snapshot
    return read_index(previous.path / INDEX if previous and _is_current(run) else None)


def terms_file(run: Run, number: int) -> Path:
    """The terms of the articles of a lot."""
    return run.work("stories", "terms", f"{number:05d}.parquet")


def _plan(run: Run) -> int:
    """Write down which articles are grouped, and which are read again to be compared with; give the number of lots."""
    seen, known = _find_seen(run), known_stories(run)
    write_parquet(seen.drop("file"), run.work("stories", "seen.parquet"))
    placed = _place_known(run, known, seen)
    write_parquet(placed, run.work("stories", "known.parquet"))
    clusters = pl.read_parquet(run.work("clusters.parquet"), glob=False).select("article_id", "cluster_id")
    heads = clusters.filter(pl.col("article_id") == pl.col("cluster_id"))
    new = heads.join(placed, on="cluster_id", how="anti").join(seen, on="article_id")
    days = new.select(day=pl.col("seen_at").dt.truncate("1d")).unique()
    window = range(-run.settings.cleaning.stories.window_days, run.settings.cleaning.stories.window_days + 1)
    near = pl.concat([days.select(pl.col("day").dt.offset_by(f"{k}d")) for k in window]).unique()
    again = (
        heads.join(placed, on="cluster_id", how="semi")
        .join(seen, on="article_id")
        .filter(pl.col("seen_at").dt.truncate("1d").is_in(near["day"].implode()))
        .join(open_index(run).members, on="article_id", how="anti")
    )
    lots = (
        pl.concat([new.with_columns(is_new=True), again.with_columns(is_new=False)])
        .with_columns(at=_days() - pl.when("is_new").then(0.0).otherwise(float(window[-1])))
        .sort("at", "article_id")
        .with_row_index("row")
        .select("article_id", "cluster_id", "file", "is_new", "at", seen=_days(), lot=pl.col("row") // ARTICLES_AT_ONCE)
    )
    write_parquet(lots.with_columns(pl.col("lot").cast(pl.Int64)), run.work("stories", "lots.parquet"))
    return 0 if lots.is_empty() else int(lots["lot"].max()) + 1  # type: ignore[arg-type]


def _find_seen(run: Run) -> pl.DataFrame:
    """When each article of the archive was seen, and the file that holds it."""
    files = [part_file(run, "articles", name) for name in part_names(run)]
    frames = [pl.scan_parquet(path, glob=False).select(*FACTS, file=pl.lit(str(path))) for path in files]
    previous = run.previous_snapshot
    if previous:
        gone = replaced_article_ids(run).to_frame("article_id").lazy()
        frames += [
            pl.scan_parquet(path, glob=False)
            .select(*FACTS, file=pl.lit(str(path)))
            .join(gone, on="article_id", how="anti")
            for path in previous.files("articles")
        ]
    times = known_stories(run).select("article_id", known_at="seen_at")
    now = pl.lit(run_time(run)).cast(UTC_MICROSECONDS)
    facts = pl.concat(frames).collect() if frames else pl.DataFrame(schema=FACT_SCHEMA)
    return facts.join(times, on="article_id", how="left").select(
        "article_id", "file", seen_at=pl.coalesce("known_at", "published_at", "fetched_at", now)
    )


def _is_current(run: Run) -> bool:
    """Tell whether the stories of the last snapshot still hold: they were made by this code."""
    previous = run.previous_snapshot
    return previous is not None and previous.manifest.get("checks", {}).get("stories") == run.versions.checks["stories"]


def _place_known(run: Run, known: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """The story of each cluster that has an article in one: that of the article that was seen first."""
    clusters = pl.scan_parquet(run.work("clusters.parquet"), glob=False).select("article_id", "cluster_id").collect()
    return (
        clusters.join(known.drop("seen_at"), on="article_id")
        .join(seen.select("article_id", "seen_at"), on="article_id")
        .sort("cluster_id", "seen_at", "article_id")
        .unique("cluster_id", keep="first", maintain_order=True)
        .select(PLACED_SCHEMA.names())
    )


def _read_lot(run: Run, number: int) -> None:
    """Read the terms of a lot's articles."""
    config = run.settings.cleaning.stories
    lot = pl.scan_parquet(run.work("stories", "lots.parquet"), glob=False).filter(pl.col("lot") == number).collect()
    frames = []
    for (file,), own in lot.group_by("file"):
        ids = own.select("article_id").lazy()
        articles = pl.scan_parquet(str(file), glob=False).select("article_id", "title", "text")
        held = articles.join(ids, on="article_id", how="semi").collect(engine="streaming")
        names, titles, texts = (held[column].to_list() for column in ("article_id", "title", "text"))
        frames.append(tabulate_terms(names, read_terms(titles, texts, config)))
    write_parquet(pl.concat(frames), terms_file(run, number))


def _days() -> pl.Expr:
    """`seen_at` in days since 1970."""
    return pl.col("seen_at").to_physical() / MICROSECONDS_A_DAY
