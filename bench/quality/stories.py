"""Predict the stories of a file of articles, through the functions that the flow calls."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NamedTuple, cast

from cleaners.stories import StoriesConfig, group_articles, read_terms


class Row(NamedTuple):
    """An article of a file."""

    id: str
    title: str | None
    text: str
    published_at: str | None


def predict(in_path: Path, out_path: Path) -> None:
    """Write `{id, story_id, event_id}` for every article of a file, taken as one archive.

    Args:
        in_path: JSON lines, gzipped or not, with id, text, and title, published_at (ISO 8601) where known. An article without a
            date counts as the last one; a file without any date has no window.
        out_path: JSON lines to write.
    """
    config = StoriesConfig()
    rows = read_rows(in_path)
    last = max((seen for row in rows if (seen := seen_at(row.published_at)) is not None), default=0.0)
    days = [last if (seen := seen_at(row.published_at)) is None else seen for row in rows]
    terms = read_terms([row.title for row in rows], [row.text for row in rows], config).split()
    placed = group_articles(zip([row.id for row in rows], days, terms, strict=True), config)
    out_path.write_text(
        "".join(
            json.dumps({"id": row.article_id, "story_id": row.story_id, "event_id": row.event_id}) + "\n"
            for row in placed
        ),
        encoding="utf-8",
    )


def read_rows(path: Path) -> list[Row]:
    """Read the articles of a file; of a page as crude scrapers give it, the text with what clings to it."""
    with cast(
        IO[str], gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
    ) as lines:
        found = [json.loads(line) for line in lines if line.strip()]
    return [
        Row(
            str(row["id"]),
            row.get("title"),
            row.get("text") or row.get("contaminated_text") or "",
            row.get("published_at"),
        )
        for row in found
    ]


def seen_at(published_at: str | None) -> float | None:
    """A time in days since 1970; None where it is no time."""
    try:
        found = datetime.fromisoformat(published_at or "")
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() / 86_400
