"""Articles before and after: the extracted text in pieces, the removed and the suspected ones marked.

Takes a snapshot and the run's articles, gives those that lost most. Where the budget of bytes ends, the middles of long
passages are left out first, then articles.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from cleaners.errors import CopydeskError
from flows.report.details.budget import Shown, collect_by_id, count_bytes, keep_within, scan_rows
from flows.report.passages import Passage, list_passages, one_line, visible
from flows.store.rows import article_facts

MAX_ARTICLES, ARTICLE_BYTES = 250, 1_500_000
MAX_PASSAGES = 80  # of one article


@dataclass(frozen=True)
class Piece:
    """A passage as shown: beginning, a middle that can be unfolded (empty if left out), end; and the white space round a cut."""

    lead: str
    head: str
    fold: str
    tail: str
    trail: str
    n_folded: int
    rule_id: str | None
    category: str | None
    confidence: float | None
    salvaged_article_id: str | None
    reason: str | None


@dataclass(frozen=True)
class ArticleView:
    """An article before and after: its extracted text in pieces."""

    article_id: str
    label: str
    site: str
    parent_article_id: str | None
    parent_label: str | None
    link: str | None
    source_uri: str
    n_words: int
    n_removed_chars: int
    n_suspected: int
    rules: tuple[str, ...]
    pieces: tuple[Piece, ...]
    n_more_passages: int


def view_articles(snapshot: Path, articles: pl.DataFrame) -> Shown[ArticleView]:
    """The articles of a run that lost most, before and after.

    Args:
        snapshot: folder of the snapshot.
        articles: the run's `article_facts`.

    Returns:
        Views in order of removed characters.

    Raises:
        CopydeskError: the removed spans do not fit their articles.
    """
    chosen = articles.sort(["n_removed_chars", "article_id"], descending=[True, False]).head(MAX_ARTICLES)
    ids = chosen["article_id"]
    rows = collect_by_id(
        scan_rows(snapshot, "articles", ids).select("article_id", "parent_article_id", "source_uri", "url", "text")
    )
    spans, suspected = (_spans_by_id(snapshot, table, ids) for table in ("removed_spans", "suspected_spans"))
    parents = pl.Series([row["parent_article_id"] for row in rows.values()], dtype=pl.String).drop_nulls()
    parent_facts = collect_by_id(article_facts(snapshot).filter(pl.col("article_id").is_in(parents.implode())))
    views = [
        _view_article(
            facts,
            row,
            spans.get(facts["article_id"], []),
            suspected.get(facts["article_id"], []),
            parent_facts.get(row["parent_article_id"]),
        )
        for facts in chosen.iter_rows(named=True)
        for row in [rows[facts["article_id"]]]
    ]
    bare = [replace(view, pieces=tuple(replace(piece, fold="") for piece in view.pieces)) for view in views]
    kept, left = keep_within(ARTICLE_BYTES, bare, _article_bytes)
    for number, view in enumerate(views[: len(kept)]):
        folds = count_bytes(*(piece.fold for piece in view.pieces))
        if folds <= left:
            kept[number] = view
            left -= folds
    return Shown(tuple(kept), articles.height)


def _spans_by_id(snapshot: Path, table: str, ids: pl.Series) -> dict[str, list[dict[str, Any]]]:
    spans: dict[str, list[dict[str, Any]]] = {}
    for span in scan_rows(snapshot, table, ids).collect(engine="streaming").iter_rows(named=True):
        spans.setdefault(span["article_id"], []).append(span)
    return spans


def _view_article(
    facts: dict[str, Any],
    row: dict[str, Any],
    spans: list[dict[str, Any]],
    suspected: list[dict[str, Any]],
    parent: dict[str, Any] | None,
) -> ArticleView:
    try:
        passages = list_passages(row["text"], spans, suspected)
    except CopydeskError as error:
        raise CopydeskError(f"Article {facts['article_id']}: {error.message}", error.hint) from error
    return ArticleView(
        article_id=facts["article_id"],
        label=one_line(facts["label"]),
        site=one_line(facts["site"], 100),
        parent_article_id=row["parent_article_id"],
        parent_label=one_line(parent["label"], 120) if parent else None,
        link=_web_link(row["url"]),
        source_uri=one_line(row["source_uri"], 400),
        n_words=facts["n_words"],
        n_removed_chars=facts["n_removed_chars"],
        n_suspected=len(suspected),
        rules=tuple(sorted({span["rule_id"] for span in (*spans, *suspected)})),
        pieces=tuple(_fold(passage) for passage in passages[:MAX_PASSAGES]),
        n_more_passages=max(0, len(passages) - MAX_PASSAGES),
    )


def _article_bytes(view: ArticleView) -> int:
    texts = (view.label, view.site, view.site, view.source_uri, view.link or "", view.parent_label or "", *view.rules)
    pieces = sum(300 + count_bytes(piece.head, piece.fold, piece.tail, piece.reason or "") for piece in view.pieces)
    return 900 + count_bytes(*texts) + pieces


def _web_link(url: str | None) -> str | None:
    """An address that is safe to link to: http(s) only, of a sane length."""
    if not url or len(url) > 2000 or visible(url) != url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def _fold(passage: Passage) -> Piece:
    """Show a long passage by its ends, most of what was removed; a salvaged story is shown as an article of its own."""
    is_marked = passage.rule_id is not None
    head, tail = (600, 250) if is_marked and not passage.salvaged_article_id else (260, 160)
    text = visible(passage.text)
    body = text.strip() if is_marked else text
    start = text.find(body)
    if len(body) > (head + tail) * 3 // 2:
        first = body.rfind(" ", head // 2, head) + 1 or head
        last = body.find(" ", len(body) - tail, len(body) - tail // 2) + 1 or len(body) - tail
    else:
        first = last = len(body)
    return Piece(
        lead=text[:start],
        head=body[:first],
        fold=body[first:last],
        tail=body[last:],
        trail=text[start + len(body) :],
        n_folded=last - first,
        rule_id=passage.rule_id,
        category=passage.category,
        confidence=passage.confidence,
        salvaged_article_id=passage.salvaged_article_id,
        reason=passage.reason,
    )
