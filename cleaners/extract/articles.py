"""The step itself: takes raw records, gives documents and rejects; one bad record never stops a batch."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import polars as pl

from cleaners.document import DOCUMENT_SCHEMA, REJECT_SCHEMA, SOURCED_FIELDS, UTC_MICROSECONDS, make_id
from cleaners.errors import Rejected
from cleaners.extract.config import ExtractConfig
from cleaners.extract.page.addresses import host_of
from cleaners.extract.page.page import Page, extract_page
from cleaners.extract.text.language import identify_language
from cleaners.extract.text.plain import count_words, find_agency, find_title
from cleaners.text import TextConfig, drop_surrogates, repair_text

# The output of a reader of inputs: one row a record, its content decoded. `media` is "html" or "text".
RAW_SCHEMA = pl.Schema(
    {
        "article_id": pl.String(),
        "source_uri": pl.String(),
        "media": pl.String(),
        "content": pl.String(),
        "url": pl.String(),
        "title": pl.String(),
        "site": pl.String(),
        "authors": pl.List(pl.String()),
        "published_at": UTC_MICROSECONDS,
        "fetched_at": UTC_MICROSECONDS,
        "raw_sha256": pl.String(),
        "n_bytes": pl.Int64(),
    }
)


class Extracted(NamedTuple):
    """Documents, and a reject for each record that is none; together one row a record but for embedded articles."""

    documents: pl.DataFrame
    rejects: pl.DataFrame


def extract_articles(
    records: pl.DataFrame,
    config: ExtractConfig,
    text_config: TextConfig | None = None,
    watch: Callable[[str], None] | None = None,
) -> Extracted:
    """Turn raw records into documents.

    What a record says of itself (title, site, authors, dates) outranks what its page says.

    Args:
        records: frame with `RAW_SCHEMA`.
        config: thresholds of extraction.
        text_config: how the text is repaired; the defaults when not given.
        watch: called with each record's `article_id` before work on it begins.

    Returns:
        `documents` with `DOCUMENT_SCHEMA` in the records' order, each followed by the articles that infinite scroll
        appended to its page (origin embedded), and `rejects` with stage `extract`.
    """
    # Its warnings name pages that become rejects here, with the reason.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    logging.getLogger("htmldate").setLevel(logging.CRITICAL)
    repair = text_config or TextConfig()
    documents, rejects = [], []
    for record in records.iter_rows(named=True):
        if watch:
            watch(record["article_id"])
        try:
            documents += _documents(record, config, repair)
        except Rejected as reject:
            rejects.append(_reject(record, reject))
        except Exception as error:  # whatever a page does to a parser, the others must live
            detail = f"{type(error).__name__}: {error}"[:500]
            rejects.append(_reject(record, Rejected("extract", "failed", detail)))
    return Extracted(pl.DataFrame(documents, DOCUMENT_SCHEMA), pl.DataFrame(rejects, REJECT_SCHEMA))


def _documents(record: dict[str, Any], config: ExtractConfig, repair: TextConfig) -> list[dict[str, Any]]:
    """The document of a record, then those of the articles appended to its page."""
    if record["media"] != "html":
        return [_document(record, _from_text(record, config, repair), config, repair)]
    page = extract_page(record["content"], record["url"], record["fetched_at"], config)
    main = _document(record, _from_page(page, repair), config, repair)
    return [main, *_embedded(main, page.appended, config, repair)]


def _document(
    record: dict[str, Any], found: dict[str, Any], config: ExtractConfig, repair: TextConfig
) -> dict[str, Any]:
    n_words = count_words(found["text"], max(config.min_words, config.min_language_words))
    if n_words < config.min_words:
        detail = f"{n_words} words, fewer than {config.min_words}: {found['text']:.80}"
        raise Rejected("extract", "too_short", detail)
    stated = ("title", "site", "authors", "published_at")
    sources = {**found["metadata_sources"], **{field: "input" for field in stated if record[field]}}
    kept = ("article_id", "source_uri", "url", "fetched_at", "raw_sha256")
    return {
        **{column: record[column] for column in kept},
        "parent_article_id": None,
        **found,
        "title": _repaired(record["title"], repair) or found["title"],
        "site": record["site"] or found["site"],
        "authors": record["authors"] or found["authors"],
        "published_at": record["published_at"] or found["published_at"],
        "metadata_sources": sources,
        "agency": find_agency(found["text"]),
        "language": identify_language(found["text"], n_words, config),
    }


def _embedded(
    main: dict[str, Any], appended: tuple[Page, ...], config: ExtractConfig, repair: TextConfig
) -> Iterator[dict[str, Any]]:
    """Rows of the articles appended to a page; what the input says of the page does not hold of them."""
    known = {main["article_id"]}
    for number, page in enumerate(appended):
        found = _from_page(page, repair)
        article_id = make_id(main["article_id"], "appended", found["canonical_url"] or str(number))
        if article_id in known:
            continue
        known.add(article_id)
        yield {
            **found,
            "article_id": article_id,
            "origin": "embedded",
            "parent_article_id": main["article_id"],
            "source_uri": main["source_uri"],
            "url": None,
            "site": found["site"] or main["site"],
            "metadata_sources": {**found["metadata_sources"], "site": (found["site"] or main["site"]) and "parent"},
            "agency": find_agency(found["text"]),
            "fetched_at": main["fetched_at"],
            "language": identify_language(found["text"], count_words(found["text"], config.min_language_words), config),
            "raw_sha256": main["raw_sha256"],
        }


def _from_page(page: Page, repair: TextConfig) -> dict[str, Any]:
    return {
        "origin": "page",
        "text": repair_text(page.text, repair).strip(),
        "title": _repaired(page.metadata.title, repair),
        "authors": [author for name in page.metadata.authors if (author := _repaired(name, repair))],
        "canonical_url": _repaired(page.metadata.canonical_url, repair),
        "site": _repaired(page.metadata.site, repair),
        "published_at": page.metadata.published_at,
        "extractor": page.extractor,
        "body_confidence": page.confidence,
        "metadata_sources": {**page.metadata.sources, "doubts": list(page.metadata.doubts)},
    }


def _from_text(record: dict[str, Any], config: ExtractConfig, repair: TextConfig) -> dict[str, Any]:
    text = repair_text(record["content"], repair).rstrip()
    title, site = find_title(text, config), None if record["site"] else host_of(record["url"])
    sources = {"title": title and "text", "site": site and "address"}
    return {
        "origin": "text",
        "text": text,
        "title": title,
        "authors": [],
        "canonical_url": None,
        "site": site,
        "published_at": None,
        "extractor": "plain text",
        "body_confidence": None,
        "metadata_sources": {**dict.fromkeys(SOURCED_FIELDS), **sources, "doubts": []},
    }


def _repaired(text: str | None, repair: TextConfig) -> str | None:
    """Repair a field of one line."""
    return " ".join(repair_text(text, repair).split()) or None if text else None


def _reject(record: dict[str, Any], reject: Rejected) -> dict[str, Any]:
    return {
        "source_uri": record["source_uri"],
        "stage": reject.stage,
        "reason": reject.reason,
        "detail": drop_surrogates(reject.detail),
        "raw_sha256": record["raw_sha256"],
        "n_bytes": record["n_bytes"],
        "article_id": record["article_id"],
        "url": record["url"],
        "site": record["site"] or host_of(record["url"]),
    }
