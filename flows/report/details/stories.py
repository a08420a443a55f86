"""The stories of a run's day: how many papers tell each event, and in what order they came.

Takes a snapshot and the run's articles, gives the stories that these touch, those of most papers first; reads no text.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from flows.report.details.budget import Shown, count_bytes, keep_within
from flows.report.passages import one_line
from flows.store.rows import article_facts, scan_table

MAX_STORIES, STORY_BYTES = 60, 300_000
MAX_REPORTS = 40  # of one story, the latest


@dataclass(frozen=True)
class Report:
    """One article of a story; `notes` say whether it was first, is a copy of another, or of an earlier run."""

    label: str
    site: str
    seen: str
    notes: str
    starts_event: bool


@dataclass(frozen=True)
class StoryView:
    """A story and its timeline, oldest first; `n_earlier` articles before it are not shown."""

    story_id: str
    label: str
    n_papers: int
    n_articles: int
    n_clusters: int
    n_events: int
    span: str
    people: tuple[str, ...]
    sites: tuple[str, ...]
    n_earlier: int
    reports: tuple[Report, ...]


def view_stories(snapshot: Path, articles: pl.DataFrame) -> Shown[StoryView]:
    """The stories of two reports or more that hold an article of the run, by number of papers.

    Args:
        snapshot: folder of the snapshot.
        articles: the run's `article_facts`.
    """
    ours = pl.col("article_id").is_in(articles["article_id"].implode())
    touched = scan_table(snapshot, "stories").filter(ours).select("story_id").unique()
    found = (
        scan_table(snapshot, "story_summary")
        .filter(pl.col("n_clusters") > 1)
        .join(touched, on="story_id", how="semi")
        .sort("n_papers", "n_clusters", "last_at", "story_id", descending=[True, True, True, False])
        .collect()
    )
    shown = found.head(MAX_STORIES)
    members = (
        scan_table(snapshot, "stories")
        .join(shown.lazy().select("story_id"), on="story_id", how="semi")
        .join(article_facts(snapshot).select("article_id", "site", "label"), on="article_id")
        .join(scan_table(snapshot, "clusters").select("article_id", "is_canonical"), on="article_id")
        .with_columns(is_new=ours)
        .sort("story_id", "seen_at", "article_id")
        .with_columns(starts_event=pl.struct("story_id", "event_id").is_first_distinct())
        .collect()
    )
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in members.iter_rows(named=True):
        rows.setdefault(row["story_id"], []).append(row)
    views = (_view_story(about, rows[about["story_id"]]) for about in shown.iter_rows(named=True))
    return Shown(tuple(keep_within(STORY_BYTES, views, _story_bytes)[0]), found.height)


def _view_story(about: dict[str, Any], rows: list[dict[str, Any]]) -> StoryView:
    central = next((row["label"] for row in rows if row["article_id"] == about["central_article_id"]), rows[0]["label"])
    latest = rows[-MAX_REPORTS:]
    return StoryView(
        story_id=about["story_id"],
        label=one_line(central, 160),
        n_papers=about["n_papers"],
        n_articles=about["n_articles"],
        n_clusters=about["n_clusters"],
        n_events=about["n_events"],
        span=_say_span(about["span_days"]),
        people=tuple(one_line(name, 60) for name in about["people"]),
        sites=tuple(sorted({one_line(row["site"], 100) for row in rows})),
        n_earlier=len(rows) - len(latest),
        reports=tuple(
            Report(
                label=one_line(row["label"], 160),
                site=one_line(row["site"], 100),
                seen=_say_time(row["seen_at"]),
                notes=_note(row),
                starts_event=row["starts_event"] and about["n_events"] > 1,
            )
            for row in latest
        ),
    )


def _note(row: dict[str, Any]) -> str:
    notes = (("first", row["is_first"]), ("copy", not row["is_canonical"]), ("earlier run", not row["is_new"]))
    return ", ".join(note for note, is_so in notes if is_so)


def _say_span(days: float) -> str:
    """A span in words: hours below two days."""
    n, unit = (round(24 * days), "hour") if days < 2 else (round(days), "day")
    return f"within {n} {unit}{'' if n == 1 else 's'}" if n else "at one time"


def _say_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")


def _story_bytes(view: StoryView) -> int:
    reports = sum(260 + count_bytes(report.label, report.site) for report in view.reports)
    return 700 + count_bytes(view.label, *view.people, *view.sites) + reports
