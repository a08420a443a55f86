"""The step `divide`: a run's articles in the parts that the snapshot keeps them in, files of a bounded size by time.

Takes the slices that stripping left, gives for each part its articles, spans and mentions. A part's files are never written again
while its articles hold, so that a later run costs what it brings, not what there is.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from cleaners.document import DOCUMENT_SCHEMA
from flows.run import Run
from flows.store.files import write_parquet
from flows.store.tables import TABLES
from flows.workers.pool import map_in_workers, run_in_worker

# A part has one row group of articles, or some 130 MB of text: names judges it with its neighbours at a time.
ARTICLES_A_PART = 32_768
WORDS_A_PART = 20_000_000


def divide_articles(run: Run) -> int:
    """Divide the run's articles into parts by time of publication.

    Runs in the flow's own process and holds no rows.

    Args:
        run: the run, its shards stripped.

    Returns:
        Parts.
    """
    shutil.rmtree(run.work("parts"), ignore_errors=True)  # of a run that was interrupted here
    names = run_in_worker(_plan_parts, run)
    map_in_workers(_gather_part, [run] * len(names), range(len(names)), names)
    return len(names)


def part_file(run: Run, folder: str, name: str) -> Path:
    """The file of a part's rows while the run works; `folder` is that of the slices which they are gathered from."""
    return run.work("parts", folder, f"{name}.parquet")


def part_names(run: Run) -> list[str]:
    """The parts of the run that were gathered."""
    return sorted(path.stem for path in run.work("parts", "articles").glob("*.parquet"))


def replaced_article_ids(run: Run) -> pl.Series:
    """Ids of earlier articles that this run's inputs replace: read again, rejected now, or embedded in one of those."""
    new = run.scan("articles").select("article_id").collect()["article_id"]
    rejected = run.scan("rejects").select("article_id").drop_nulls().collect()["article_id"]
    replaced = pl.concat([new, rejected]).unique()
    previous = run.previous_snapshot
    if not previous:
        return replaced
    parents = (
        previous.scan("articles", DOCUMENT_SCHEMA).select("article_id", "parent_article_id").drop_nulls().collect()
    )
    while True:
        children = parents.filter(
            pl.col("parent_article_id").is_in(replaced.implode()) & ~pl.col("article_id").is_in(replaced.implode())
        )
        if children.is_empty():
            return replaced
        replaced = pl.concat([replaced, children["article_id"]])


def _plan_parts(run: Run) -> list[str]:
    """Write down which article is in which part.

    Returns:
        The names of the parts, which their files bear in every table; none for a run without articles.
    """
    weight = pl.max_horizontal(1 / ARTICLES_A_PART, pl.col("n_words") / WORDS_A_PART)
    dealt = (
        run.scan("articles")
        .select("article_id", "published_at", "n_words")
        .collect()
        .sort("published_at", "article_id", nulls_last=True)
        .select("article_id", part=(weight.cum_sum() - weight + 1e-9).floor().cast(pl.Int64))
        .with_columns(pl.col("part").rank("dense").cast(pl.Int64) - 1)
    )
    write_parquet(dealt, run.work("parts.parquet"))
    n_parts = 0 if dealt.is_empty() else int(dealt["part"].max()) + 1  # type: ignore[arg-type]
    if n_parts > 1:
        paths = sorted(run.work("articles").glob("*.parquet"))
        held = pl.scan_parquet(paths, glob=False, include_file_paths="slice").select("article_id", "slice")
        touched = held.join(dealt.lazy(), on="article_id").select("slice", "part").unique().collect()
        names = pl.col("slice").str.split("/").list.last()
        write_parquet(touched.with_columns(names), run.work("slices.parquet"))
    return [run.run_id] if n_parts == 1 else [f"{run.run_id}-{number:04d}" for number in range(n_parts)]


def _gather_part(run: Run, number: int, name: str) -> None:
    """Bring together what the slices hold of a part."""
    ids = pl.scan_parquet(run.work("parts.parquet"), glob=False).filter(pl.col("part") == number).select("article_id")
    slices = run.work("slices.parquet")
    is_ours = pl.col("part") == number
    chosen = pl.read_parquet(slices, glob=False).filter(is_ours)["slice"].to_list() if slices.exists() else None
    for folder in (table.slices for table in TABLES.values() if table.slices):
        rows = pl.concat([pl.scan_parquet(path, glob=False) for path in _slices(run, folder, chosen)])
        write_parquet(
            rows.join(ids, on="article_id", how="semi").collect(engine="streaming"), part_file(run, folder, name)
        )


def _slices(run: Run, folder: str, chosen: list[str] | None) -> Iterable[Path]:
    return [path for path in sorted(run.work(folder).glob("*.parquet")) if chosen is None or path.name in chosen]
