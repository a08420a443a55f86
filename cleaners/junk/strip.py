"""Strip and salvage: takes documents and learned evidence, gives clean articles, removed and suspected spans, rejects.

Removes junk as `decide` chooses and reports what is doubtful; makes an article of its own of every embedded card with a
body, and strips that too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import polars as pl

from cleaners.codes import SUSPECTED
from cleaners.document import DOCUMENT_SCHEMA, REJECT_SCHEMA, Row, sha256_hex
from cleaners.junk.config import StripConfig
from cleaners.junk.decide import Decision, holds_body
from cleaners.junk.detectors.cards import read_story
from cleaners.junk.detectors.credits import split_authors
from cleaners.junk.detectors.rules import load_rules
from cleaners.junk.evidence.gather import EVIDENCE_SCHEMA
from cleaners.junk.evidence.keys import KeyedPage, key_pages
from cleaners.junk.find import EvidenceSource, KnownEvidence, find_junk
from cleaners.junk.page.page import Extent, Passage
from cleaners.junk.page.reading import count_words
from cleaners.junk.page.segments import BATCH, split_batches
from cleaners.junk.page.splice import fit_white_space, splice
from cleaners.junk.salvage import salvage

# Articles inside an article inside an article; deeper ones are cut, not salvaged, so that a page of nothing but cards has an end.
MAX_DEPTH = 2
_LOOKED_UP = 4_096  # documents for which learned evidence is looked up together; their tokens and keys take some 60 MB

STRIPPED_SCHEMA = DOCUMENT_SCHEMA.copy()
STRIPPED_SCHEMA.update(n_words=pl.Int64(), n_removed_chars=pl.Int64(), text_sha256=pl.String())
SPAN_SCHEMA = pl.Schema(
    {
        "article_id": pl.String,
        "span_no": pl.Int64,
        "start": pl.Int64,
        "end": pl.Int64,
        "text": pl.String,
        "rule_id": pl.String,
        "category": pl.String,
        "confidence": pl.Float64,
        "salvaged_article_id": pl.String,
    }
)
SUSPECTED_SCHEMA = pl.Schema(
    {
        "article_id": pl.String,
        "span_no": pl.Int64,
        "start": pl.Int64,
        "end": pl.Int64,
        "text": pl.String,
        "rule_id": pl.String,
        "category": pl.String,
        "likely_category": pl.String,
        "confidence": pl.Float64,
        "reason": pl.String,
    }
)

Found = tuple[Row, list[Row], list[Row]]


class Stripped(NamedTuple):
    """Result of stripping a shard.

    `articles` has the columns of DOCUMENT_SCHEMA (its `text` cleaned) with `n_words`, `n_removed_chars` and
    `text_sha256`; `removed_spans`, `suspected_spans` and `rejects` have those of their tables without `run_id`.
    """

    articles: pl.DataFrame
    removed_spans: pl.DataFrame
    suspected_spans: pl.DataFrame
    rejects: pl.DataFrame


def strip_articles(
    documents: pl.DataFrame,
    evidence: pl.DataFrame | EvidenceSource | None,
    config: StripConfig,
    watch: Callable[[str], None] | None = None,
    at_once: int = BATCH,
) -> Stripped:
    """Remove what is not the story, and salvage the stories inside.

    Args:
        documents: frame of `DOCUMENT_SCHEMA`.
        evidence: result of `learn_evidence`, or what looks it up; None to use rules alone.
        config: thresholds.
        watch: called before work begins on a document, with its `article_id`, or on several, with an empty string.
        at_once: documents that the detectors look at together; the result is the same, but one by one takes longer.

    Returns:
        Clean articles (embedded ones right behind their parents), removed and suspected spans and rejects, in the order of
        the documents.
        A document on which a detector fails, or of which nothing is left, is a reject; the others go on.

    Raises:
        ConfigError: a rule file is faulty.

    """
    load_rules()  # a faulty rule file stops here, with its name, and not as a reject of every document
    evidence = pl.DataFrame(schema=EVIDENCE_SCHEMA) if evidence is None else evidence
    known = KnownEvidence(evidence, config)
    articles: list[Row] = []
    spans: list[Row] = []
    suspected: list[Row] = []
    rejects: list[Row] = []
    for document, found in _strip_all(documents, known, config, watch, at_once):
        if isinstance(found, Exception):
            rejects.append(_reject(document, "failed", f"{type(found).__name__}: {found}"))
            continue
        for article, removed, doubtful in found:
            if article["text"].strip():
                articles.append(article)
                spans += removed
                suspected += doubtful
            else:
                rejects.append(
                    _reject(article, "nothing_left", f"{article['n_removed_chars']} characters, all removed")
                )
    for some in split_batches(len(article["text"]) for article in articles):
        batch = articles[some]
        for article, n_words in zip(batch, count_words([article["text"] for article in batch]), strict=True):
            article["n_words"] = n_words
    return Stripped(
        pl.DataFrame(articles, schema=STRIPPED_SCHEMA),
        pl.DataFrame(spans, schema=SPAN_SCHEMA),
        pl.DataFrame(suspected, schema=SUSPECTED_SCHEMA),
        pl.DataFrame(rejects, schema=REJECT_SCHEMA),
    )


def _strip_all(
    documents: pl.DataFrame,
    known: KnownEvidence,
    config: StripConfig,
    watch: Callable[[str], None] | None,
    at_once: int,
) -> Iterator[tuple[Row, list[Found] | Exception]]:
    """Each document with its clean articles and their spans, or with the error that it raised."""

    def begin(batch: list[Row]) -> None:
        if watch:
            watch(batch[0]["article_id"] if len(batch) == 1 else "")

    for part in documents.select(DOCUMENT_SCHEMA.names()).iter_slices(_LOOKED_UP):
        rows = part.to_dicts()
        pages: list[KeyedPage] = []
        for start in range(0, len(rows), at_once):
            batch = rows[start : start + at_once]
            begin(batch)
            pages += key_pages(batch)
        indexes = known.of(pages)
        for start in range(0, len(rows), at_once):
            batch = rows[start : start + at_once]
            begin(batch)
            decisions: list[Decision | None]
            try:
                decisions = [*find_junk(batch, indexes, config, pages[:at_once])]
            except Exception:
                decisions = [None] * len(batch)  # one of them fails: each is tried by itself
            del pages[:at_once]  # they hold much that only their judgement needs
            for document, decision in zip(batch, decisions, strict=True):
                try:
                    found = find_junk([document], indexes, config)[0] if decision is None else decision
                    yield document, list(_strip_document(document, found, known, config))
                except Exception as error:
                    yield document, error


def _strip_document(
    document: Row, decision: Decision, known: KnownEvidence, config: StripConfig, depth: int = 0
) -> Iterator[Found]:
    """The clean article with its removed and its suspected spans, then those of the articles inside it, `depth` articles deep."""
    text = document["text"] or ""
    chosen, suspected = decision
    fitted = fit_white_space(text, [(passage.start, passage.end) for passage in chosen])
    cleaned = splice(text, fitted)
    rows: list[Row] = []
    embedded: list[Row] = []
    for number, (passage, (start, end)) in enumerate(zip(chosen, fitted, strict=True)):
        # An embedded article is not cut up further, so that there is an end.
        card = passage.card or (read_story(text, passage) if document["origin"] != "embedded" else None)
        if card and (depth >= MAX_DEPTH or not holds_body(text, passage, card)):
            card = None  # a part of a card that the layer cut in two: the other part holds the body
        salvaged = salvage(document, card, config) if card else None
        if salvaged:
            embedded.append(salvaged)
        rows.append(
            {
                "article_id": document["article_id"],
                "span_no": number,
                "start": start,
                "end": end,
                "text": text[start:end],
                "rule_id": passage.rule_id,
                "category": passage.category,
                "confidence": passage.confidence,
                "salvaged_article_id": salvaged["article_id"] if salvaged else None,
            }
        )
    yield _article(document, cleaned, chosen), rows, _list_suspected(document["article_id"], cleaned, suspected, fitted)
    if embedded:
        pages = key_pages(embedded)
        decisions = find_junk(embedded, known.of(pages), config, pages)
        for child, inside in zip(embedded, decisions, strict=True):
            yield from _strip_document(child, inside, known, config, depth + 1)


def _list_suspected(article_id: str, cleaned: str, suspected: list[Passage], removed: list[Extent]) -> list[Row]:
    """Rows of suspected passages, their offsets moved to the cleaned text; none overlaps what is removed."""
    rows: list[Row] = []
    number = shift = 0
    for passage in suspected:
        while number < len(removed) and removed[number][1] <= passage.start:
            shift += removed[number][1] - removed[number][0]
            number += 1
        start, end = passage.start - shift, passage.end - shift
        rows.append(
            {
                "article_id": article_id,
                "span_no": len(rows),
                "start": start,
                "end": end,
                "text": cleaned[start:end],
                "rule_id": passage.rule_id,
                "category": SUSPECTED,
                "likely_category": passage.category,
                "confidence": passage.confidence,
                "reason": passage.doubt,
            }
        )
    return rows


def _article(document: Row, cleaned: str, removed: list[Passage]) -> Row:
    authors = [
        name
        for passage in removed
        if passage.rule_id == "byline-author"
        for name in split_authors(passage.kept_as or "")
    ]
    agencies = [passage.kept_as for passage in removed if passage.category == "agency_credit"]
    return {
        **document,
        "text": cleaned,
        "authors": list(document["authors"] or []) or authors,
        "metadata_sources": _sources(document, authors),
        "agency": document["agency"] or next(iter(agencies), None),
        "n_words": 0,  # counted for many at once
        "n_removed_chars": len(document["text"] or "") - len(cleaned),
        "text_sha256": sha256_hex(cleaned),
    }


def _sources(document: Row, authors: list[str]) -> Row | None:
    """Where the metadata come from, with the byline that was cut where nothing else names an author."""
    sources: Row | None = document["metadata_sources"]
    if sources is None or document["authors"]:
        return sources
    return {**sources, "authors": "byline" if authors else None}


def _reject(document: Row, reason: str, detail: str) -> Row:
    return {
        "source_uri": document["source_uri"],
        "stage": "strip",
        "reason": reason,
        "detail": detail,
        "raw_sha256": document["raw_sha256"],
        "n_bytes": None,
        "article_id": document["article_id"],
        "url": document["url"],
        "site": document["site"],
    }
