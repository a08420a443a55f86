from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from cleaners.schemas import StorySummary
from cleaners.stories.summary import summarise_stories, tabulate_stories

CLUSTERS = pl.DataFrame({"article_id": ["a", "a2", "b", "c"], "cluster_id": ["a", "a", "b", "c"]})
HOURS = {"a": 8, "a2": 6, "b": 12, "c": 7}
SEEN = pl.DataFrame(
    {"article_id": list(HOURS), "seen_at": [datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in HOURS.values()]},
    schema_overrides={"seen_at": pl.Datetime("us", "UTC")},
)
PLACED = pl.DataFrame(
    {
        "cluster_id": ["a", "b", "c"],
        "story_id": ["a", "a", "c"],
        "event_id": ["a", "b", "c"],
        "score": [None, 0.9, None],
    }
)
NO_ROWS = pl.DataFrame(schema={"article_id": pl.String, "story_id": pl.String, "previous_story_id": pl.String})
ABOUT = pl.DataFrame(
    {
        "article_id": ["a", "a2", "b", "c"],
        "site": ["one.example", "two.example", None, "one.example"],
        "title": ["Ferry aground", "Ferry aground", " ", "Choir sings"],
        "people": [["Ines Halvorsen"], ["Ines Halvorsen", "Bo Lund"], ["Ines Halvorsen"], []],
    }
)


def test_copies_are_in_the_story_of_their_cluster_and_may_be_first() -> None:
    rows = tabulate_stories(CLUSTERS, SEEN, PLACED, NO_ROWS)
    assert rows.select("article_id", "story_id", "is_first").rows() == [
        ("a2", "a", True), ("a", "a", False), ("b", "a", False), ("c", "c", True),
    ]  # fmt: skip


def test_the_story_before_is_kept_where_it_changed() -> None:
    before = pl.DataFrame(
        {"article_id": ["a", "b", "c"], "story_id": ["a", "b", "c"], "previous_story_id": [None, None, "x"]}
    )
    rows = tabulate_stories(CLUSTERS, SEEN, PLACED, before)
    assert dict(rows.select("article_id", "previous_story_id").iter_rows()) == {
        "a": None,
        "a2": None,
        "b": "b",
        "c": "x",
    }


def test_a_story_is_summarised() -> None:
    rows = tabulate_stories(CLUSTERS, SEEN, PLACED, NO_ROWS)
    centrals = pl.DataFrame({"story_id": ["a", "c"], "central_article_id": ["a", "b"]})
    summary = summarise_stories(rows, CLUSTERS, ABOUT, centrals)
    assert set(summary.columns) == set(StorySummary.column_names())
    one, other = summary.sort("story_id").rows(named=True)
    assert (one["title"], one["central_article_id"], one["first_site"]) == ("Ferry aground", "a", "two.example")
    assert (one["n_papers"], one["n_articles"], one["n_clusters"], one["n_events"]) == (2, 3, 2, 2)
    assert one["people"] == ["Ines Halvorsen", "Bo Lund"]
    assert one["span_days"] == 0.25
    # A central article that is in another story by now is none: the first article stands in.
    assert (other["central_article_id"], other["people"]) == ("c", [])
