"""The step `stories`: takes the terms of the articles that are to be grouped, leaves the story and the event of each article.

One worker puts the stories together, in the order of time, and holds the window alone.
"""

import shutil
from collections.abc import Iterator
from datetime import datetime

import polars as pl

from cleaners.stories import Arrival, Frequencies, Grouper, Placed
from cleaners.stories.summary import tabulate_stories
from cleaners.stories.terms import UInt32s
from cleaners.stories.window import Member
from flows.run import Run
from flows.steps.parts import replaced_article_ids
from flows.steps.terms import PLACED_SCHEMA, known_stories, open_index, previous_rows, run_time, terms_file
from flows.store.files import write_parquet
from flows.store.story_index import (
    StoryIndex,
    read_terms_of,
    split_lists,
    split_terms,
    write_index,
)
from flows.workers.pool import run_in_worker

CENTRAL_SCHEMA = pl.Schema({"story_id": pl.String(), "central_article_id": pl.String()})


def group_stories(run: Run) -> int:
    """Give every cluster of the archive its story.

    Runs in the flow's own process and holds no rows.

    Args:
        run: the run, its articles matched and their terms read.

    Returns:
        Stories of two clusters or more.
    """
    shutil.rmtree(run.index_folder("stories"), ignore_errors=True)  # of a run that was interrupted here
    return run_in_worker(_group, run)


def _group(run: Run) -> int:
    """Put the stories together and write what the snapshot needs of them."""
    index = open_index(run)
    lots = pl.read_parquet(run.work("stories", "lots.parquet"), glob=False)
    frequencies = index.frequencies or Frequencies()
    grouper = Grouper(run.settings.cleaning.stories, frequencies)
    if index.frequencies is None:
        frequencies.begin_archive(list(_terms_of_first_day(run, lots)))
    _take_members(run, grouper, index)
    clusters = dict(lots.filter("is_new").select("article_id", "cluster_id").iter_rows())
    placed = [
        (clusters[row.article_id], row.story_id, row.event_id, row.score) for row in _place_new(run, grouper, lots)
    ]
    known = pl.read_parquet(run.work("stories", "known.parquet"), glob=False)
    merged = grouper.merged
    both = pl.concat([known, pl.DataFrame(placed, PLACED_SCHEMA, orient="row")]).with_columns(
        pl.col("story_id").replace(merged)
    )
    n_stories = _write_stories(run, both, grouper)
    horizon = _find_horizon(run) - run.settings.cleaning.stories.window_days
    members = [member for member in grouper.window.members.values() if member.seen >= horizon]
    write_index(run.index_folder("stories"), run.run_id, members, frequencies, index.segments)
    return n_stories


def _terms_of_first_day(run: Run, lots: pl.DataFrame) -> Iterator[UInt32s]:
    """The terms of the articles of the first day that there is."""
    new = lots.filter("is_new")
    first = new.filter(pl.col("seen").floor() == pl.col("seen").floor().min())
    for number in first["lot"].unique().sort():
        terms = split_terms(pl.read_parquet(terms_file(run, number), glob=False))
        yield from (terms[name] for name in first.filter(pl.col("lot") == number)["article_id"])


def _take_members(run: Run, grouper: Grouper, index: StoryIndex) -> None:
    """Take the articles of the index that hold still into the window."""
    known = pl.read_parquet(run.work("stories", "seen.parquet"), glob=False).select("article_id")
    again = replaced_article_ids(run).to_frame("article_id")
    rows = index.members.join(known, on="article_id", how="semi").join(again, on="article_id", how="anti")
    terms = read_terms_of(index.segments, rows["article_id"])
    rows = rows.sort("seen", "article_id")
    grouper.take(
        [
            Member(**facts, heavy=heavy, terms=terms[facts["article_id"]])
            for facts, heavy in zip(rows.drop("heavy").iter_rows(named=True), split_lists(rows["heavy"]), strict=True)
        ]
    )


def _place_new(run: Run, grouper: Grouper, lots: pl.DataFrame) -> list[Placed]:
    """Place the new articles in the order of time; those that are read again are held when the window reaches them."""
    known = known_stories(run).select("article_id", "story_id", "event_id")
    stories = {name: (story, event) for name, story, event in known.iter_rows()}
    placed: list[Placed] = []
    for (number,), lot in lots.group_by("lot", maintain_order=True):
        terms = split_terms(pl.read_parquet(terms_file(run, int(str(number))), glob=False))
        rows = lot.select("article_id", "is_new", "seen").iter_rows()
        placed += grouper.add(
            [
                Arrival(name, seen, terms[name], *(() if is_new else stories[name]))
                for name, is_new, seen in rows
                if is_new or name in stories
            ]
        )
    return placed


def _write_stories(run: Run, placed: pl.DataFrame, grouper: Grouper) -> int:
    """Write the story of each article, and the central articles; give how many stories have two clusters or more."""
    clusters = pl.read_parquet(run.work("clusters.parquet"), glob=False).select("article_id", "cluster_id")
    seen = pl.read_parquet(run.work("stories", "seen.parquet"), glob=False)
    stories = tabulate_stories(clusters, seen, placed, previous_rows(run, "stories"))
    write_parquet(stories, run.work("stories.parquet"))
    write_parquet(
        pl.DataFrame(list(grouper.centrals.items()), CENTRAL_SCHEMA, orient="row"), run.work("centrals.parquet")
    )
    sizes = stories.join(clusters, on="article_id").group_by("story_id").agg(pl.col("cluster_id").n_unique())
    return sizes.filter(pl.col("cluster_id") > 1).height


def _find_horizon(run: Run) -> float:
    """The day of the latest article; one that says a later time than the run's is not counted."""
    seen = pl.read_parquet(run.work("stories", "seen.parquet"), glob=False)["seen_at"]
    now = run_time(run)
    last = seen.filter(seen <= now).max()
    assert last is None or isinstance(last, datetime)
    return (last or now).timestamp() / 86_400
