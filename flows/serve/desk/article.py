"""One article, whole: as it came with what was removed, as it was published, with its names put right."""

from typing import Any, NamedTuple

import polars as pl

from cleaners.names import normalise_texts
from cleaners.schemas import NameReplacements, RemovedSpans, SuspectedSpans
from flows.query.contexts import About, read_articles
from flows.report.passages import Passage, list_passages
from flows.store.snapshots import Snapshot

VIEWS = {"before": "As it came", "after": "As published", "normalised": "Names put right"}


class ArticleView(NamedTuple):
    """An article as one of `VIEWS` shows it; `before`, `here` and `after` are the text around the marked place."""

    about: About
    article_id: str
    view: str
    passages: list[Passage]
    before: str
    here: str
    after: str
    n_removed: int
    place: str


def view_article(snapshot: Snapshot | None, article_id: str, view: str, start: int, end: int) -> ArticleView | None:
    """An article by its id; None where the snapshot has none.

    Args:
        snapshot: the latest.
        article_id: of the article.
        view: one of `VIEWS`, as published where it is another.
        start: of a place to mark in the published text, in code points.
        end: one past its last; 0 marks nothing.
    """
    found = next(iter(read_articles(snapshot, [article_id])), None) if snapshot else None
    if snapshot is None or found is None:
        return None
    about, text = found
    view = view if view in VIEWS else "after"
    spans = _rows(snapshot, "removed_spans", RemovedSpans.create_empty().schema, article_id)
    passages: list[Passage] = []
    if view == "before":
        passages = list_passages(
            text, spans, _rows(snapshot, "suspected_spans", SuspectedSpans.create_empty().schema, article_id)
        )
    if view == "normalised":
        schema = NameReplacements.create_empty().schema
        replaced = pl.DataFrame(_rows(snapshot, "name_replacements", schema, article_id), schema=schema)
        normalised = normalise_texts(pl.DataFrame({"article_id": [article_id], "text": [text]}), replaced)
        text, start, end = normalised["text_normalised"][0] if normalised.height else text, 0, 0
    start, end = (start, end) if 0 <= start < end <= len(text) else (len(text), len(text))
    place = f"&start={start}&end={end}" if start < end else ""
    parts = text[:start], text[start:end], text[end:]
    return ArticleView(about, article_id, view, passages, *parts, len(spans), place)


def _rows(snapshot: Snapshot, table: str, schema: pl.Schema, article_id: str) -> list[dict[str, Any]]:
    rows = snapshot.scan(table, schema).select(schema.names()).filter(article_id=article_id)
    return rows.collect().to_dicts()
