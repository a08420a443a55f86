"""Placed clusters to the two tables of stories: takes who is in which story, gives a row an article and a row a story.

Every member of a near-duplicate cluster is in the story of its cluster. Pure frames; nothing is read.
"""

from __future__ import annotations

import polars as pl

MAX_PEOPLE = 12

# Columns of `cleaners.schemas.Stories`.
STORY_COLUMNS = ("article_id", "story_id", "event_id", "seen_at", "score", "is_first", "previous_story_id")


def tabulate_stories(
    clusters: pl.DataFrame, seen: pl.DataFrame, placed: pl.DataFrame, previous: pl.DataFrame
) -> pl.DataFrame:
    """Give each article the story of its cluster.

    Args:
        clusters: article_id, cluster_id.
        seen: article_id, seen_at.
        placed: cluster_id, story_id, event_id, score; one row a cluster.
        previous: article_id, story_id, previous_story_id of the last snapshot, for what changed its story.

    Returns:
        The columns of `cleaners.schemas.Stories`, one row an article.
    """
    before = previous.select("article_id", "previous_story_id", earlier="story_id")
    return (
        clusters.select("article_id", "cluster_id")
        .join(placed, on="cluster_id")
        .join(seen, on="article_id")
        .join(before, on="article_id", how="left")
        .with_columns(
            previous_story_id=pl.when(pl.col("earlier") != pl.col("story_id"))
            .then("earlier")
            .otherwise("previous_story_id")
        )
        .sort("story_id", "seen_at", "article_id")
        .with_columns(is_first=pl.col("story_id").is_first_distinct())
        .select(STORY_COLUMNS)
    )


def summarise_stories(
    stories: pl.DataFrame, clusters: pl.DataFrame, articles: pl.DataFrame, centrals: pl.DataFrame
) -> pl.DataFrame:
    """Summarise each story.

    Args:
        stories: as `tabulate_stories` gives them.
        clusters: article_id, cluster_id.
        articles: article_id, site, title, people.
        centrals: story_id, central_article_id, of as many stories as are known; the first article stands in for others.

    Returns:
        The columns of `cleaners.schemas.StorySummary`, one row a story.
    """
    rows = stories.join(clusters.select("article_id", "cluster_id"), on="article_id").join(articles, on="article_id")
    rows = rows.sort("story_id", "seen_at", "article_id")
    summary = rows.group_by("story_id", maintain_order=True).agg(
        first_article_id=pl.col("article_id").first(),
        first_at=pl.col("seen_at").first(),
        last_at=pl.col("seen_at").last(),
        first_site=pl.col("site").first(),
        n_papers=pl.col("site").drop_nulls().n_unique(),
        n_articles=pl.len(),
        n_clusters=pl.col("cluster_id").n_unique(),
        n_events=pl.col("event_id").n_unique(),
    )
    # A central article that was read again may be in another story by now.
    still = centrals.join(
        stories, left_on=["story_id", "central_article_id"], right_on=["story_id", "article_id"], how="semi"
    )
    titles = articles.select(central_article_id="article_id", title=pl.col("title").str.strip_chars().replace("", None))
    return (
        summary.join(still.select("story_id", "central_article_id"), on="story_id", how="left")
        .with_columns(pl.coalesce("central_article_id", "first_article_id").alias("central_article_id"))
        .join(titles, on="central_article_id", how="left")
        .join(_list_people(rows, summary), on="story_id", how="left")
        .with_columns(
            pl.col("people").fill_null([]),
            pl.col("n_papers", "n_articles", "n_clusters", "n_events").cast(pl.Int64),
            span_days=(pl.col("last_at") - pl.col("first_at")).dt.total_microseconds() / 86_400e6,
        )
        .drop("first_article_id")
    )


def _list_people(rows: pl.DataFrame, summary: pl.DataFrame) -> pl.DataFrame:
    """The people that half of a story's clusters or more mention, the most mentioned first."""
    named = rows.select("story_id", "cluster_id", "people").explode("people").drop_nulls("people").unique()
    return (
        named.group_by("story_id", "people")
        .agg(n=pl.len())
        .join(summary.select("story_id", "n_clusters"), on="story_id")
        .filter(2 * pl.col("n") >= pl.col("n_clusters"))
        .sort("story_id", "n", "people", descending=[False, True, False])
        .group_by("story_id", maintain_order=True)
        .agg(pl.col("people").head(MAX_PEOPLE))
    )
