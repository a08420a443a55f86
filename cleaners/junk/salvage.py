"""Stories inside other stories: a passage that is cut becomes an article of its own."""

from __future__ import annotations

from datetime import datetime, time

from cleaners.document import DOCUMENT_SCHEMA, SOURCED_FIELDS, Row, make_id
from cleaners.junk.config import StripConfig
from cleaners.junk.detectors.witnesses import is_appeal, is_quotation, is_story_shaped
from cleaners.junk.page.page import Card

SALVAGE_EXTRACTOR = "copydesk salvage"


def salvage(parent: Row, card: Card, config: StripConfig) -> Row | None:
    """The document inside a card, not yet stripped; None for a mere teaser and for what does not read as an article."""
    start, end = card.body
    body = parent["text"][start:end].strip()
    if len(body.split()) < config.salvage_min_words or not reads_as_article(body, card):
        return None
    published_at = _published_at(parent, card)
    known = {"title": card.title, "site": card.site, "published_at": published_at}
    return {
        **dict.fromkeys(DOCUMENT_SCHEMA.names()),
        "article_id": make_id(parent["article_id"], "embedded", str(start)),
        "origin": "embedded",
        "parent_article_id": parent["article_id"],
        "source_uri": parent["source_uri"],
        "site": card.site,
        "title": card.title,
        "authors": [],
        "published_at": published_at,
        "fetched_at": parent["fetched_at"],
        "language": parent["language"],
        "text": body,
        "raw_sha256": parent["raw_sha256"],
        "extractor": SALVAGE_EXTRACTOR,
        "metadata_sources": {
            **dict.fromkeys(SOURCED_FIELDS),
            **{field: "card" for field, value in known.items() if value},
            "doubts": [],
        },
    }


def reads_as_article(body: str, card: Card) -> bool:
    """Tell whether a body is an article: a card announces it by its age, or it has a headline or a story's shape.

    A quotation, a statement and an appeal to the reader stand inside other articles too, and are none.
    """
    if card.age is not None:
        return True
    if is_quotation(body, 0, len(body)) or is_appeal(body):
        return False
    return card.title is not None or is_story_shaped(body)


def _published_at(parent: Row, card: Card) -> datetime | None:
    """An age counts back from when the page was fetched; from its own date only where that has a time of day."""
    if card.age is None:
        return None
    published: datetime | None = parent["published_at"]
    seen: datetime | None = parent["fetched_at"]
    if seen is None and published is not None and published.time() != time(0):
        seen = published
    return seen - card.age if seen else None
