"""The step `summaries`: takes the stories of the archive and the names found in their articles, leaves a row a story."""

import polars as pl

from cleaners.stories.summary import summarise_stories
from flows.run import Run
from flows.steps.parts import part_file, part_names, replaced_article_ids
from flows.steps.terms import previous_rows
from flows.store.files import write_parquet
from flows.workers.pool import run_in_worker

ABOUT_SCHEMA = pl.Schema(
    {"article_id": pl.String(), "site": pl.String(), "title": pl.String(), "people": pl.List(pl.String())}
)


def sum_up_stories(run: Run) -> int:
    """Write the summary of each story.

    Args:
        run: the run, its stories put together and its names judged.

    Returns:
        Stories.
    """
    return run_in_worker(_sum_up, run)


def _sum_up(run: Run) -> int:
    stories = pl.read_parquet(run.work("stories.parquet"), glob=False)
    clusters = pl.read_parquet(run.work("clusters.parquet"), glob=False).select("article_id", "cluster_id")
    now = pl.read_parquet(run.work("centrals.parquet"), glob=False)
    earlier = previous_rows(run, "story_summary").select(now.columns)
    centrals = pl.concat([now, earlier.join(now, on="story_id", how="anti")])
    summary = summarise_stories(stories, clusters, _read_facts(run), centrals)
    write_parquet(summary, run.work("story_summary.parquet"))
    return summary.height


def _read_facts(run: Run) -> pl.DataFrame:
    """The columns of the articles that a summary needs: those of the run, with the people just found, and the earlier ones."""
    frames = [
        pl.scan_parquet(part_file(run, "articles", name), glob=False)
        .select("article_id", "site", "title")
        .join(_named(run, name), on="article_id", how="left")
        for name in part_names(run)
    ]
    previous = run.previous_snapshot
    if previous:
        gone = replaced_article_ids(run).to_frame("article_id").lazy()
        earlier = pl.scan_parquet(previous.files("articles"), glob=False).select(ABOUT_SCHEMA.names())
        frames.append(earlier.join(gone, on="article_id", how="anti"))
    return pl.concat([pl.LazyFrame(schema=ABOUT_SCHEMA), *frames]).collect()


def _named(run: Run, name: str) -> pl.LazyFrame:
    return pl.scan_parquet(run.work("named", f"{name}.parquet"), glob=False).select("article_id", "people")
