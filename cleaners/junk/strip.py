"""Strip and salvage: takes documents and learned evidence, gives clean articles, removed and suspected spans, rejects.

Removes junk as `decide` chooses and reports what is doubtful; makes an article of its own of every embedded card with a
body, and strips that too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, time
from typing import Any, NamedTuple, cast

import polars as pl

from cleaners.document import DOCUMENT_SCHEMA, REJECT_SCHEMA, make_id, sha256_hex
from cleaners.junk.captions import find_captions
from cleaners.junk.cards import find_cards, read_story
from cleaners.junk.config import StripConfig
from cleaners.junk.credits import find_agency, find_bylines, split_authors
from cleaners.junk.decide import Decision, cut_at, decide, holds_body
from cleaners.junk.evidence import EVIDENCE_SCHEMA, owned_tokens
from cleaners.junk.evidence_parts import Wanted, list_wanted
from cleaners.junk.languages import doubt_english_rules, is_english
from cleaners.junk.learned import Asked, load_model, revise
from cleaners.junk.measures import Findings
from cleaners.junk.owners import OwnerIndex, count_owners, find_own_lead, find_owned
from cleaners.junk.page import SUSPECTED, Card, Extent, Page, Passage
from cleaners.junk.rules import find_by_rules, load_rules
from cleaners.junk.splice import fit_white_space, splice
from cleaners.junk.templates import TemplateIndex, find_templates
from cleaners.junk.tokens import Tokens, tokenize
from cleaners.junk.widgets import find_widgets

BATCH = 64  # documents that the detectors look at together
_LOOKED_UP = 4_096  # documents for which learned evidence is looked up together; their tokens take some 30 MB
SALVAGE_EXTRACTOR = "copydesk salvage"

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

Row = dict[str, Any]
Found = tuple[Row, list[Row], list[Row]]


class Stripped(NamedTuple):
    """What stripping a shard gives.

    `articles` has the columns of DOCUMENT_SCHEMA (its `text` cleaned) with `n_words`, `n_removed_chars` and
    `text_sha256`; `removed_spans`, `suspected_spans` and `rejects` have those of their tables without `run_id`.
    """

    articles: pl.DataFrame
    removed_spans: pl.DataFrame
    suspected_spans: pl.DataFrame
    rejects: pl.DataFrame


class Indexes(NamedTuple):
    """Learned evidence, ready to look up."""

    templates: TemplateIndex
    owners: OwnerIndex


# Gives the rows of the evidence with some keys, of an archive whose evidence is too large for the memory.
EvidenceSource = Callable[[Wanted], pl.DataFrame]


class _Evidence:
    """What is known, asked for by the documents at hand."""

    def __init__(self, evidence: pl.DataFrame | EvidenceSource, config: StripConfig) -> None:
        self._source, self._config = evidence, config
        self._whole = self._index(evidence) if isinstance(evidence, pl.DataFrame) else None

    def of(self, documents: Sequence[Row], tokens: Sequence[Tokens]) -> Indexes:
        """What concerns some documents, given with the tokens of their texts."""
        if self._whole or isinstance(self._source, pl.DataFrame):
            return cast(Indexes, self._whole)
        return self._index(self._source(list_wanted(documents, tokens)))

    def _index(self, rows: pl.DataFrame) -> Indexes:
        return Indexes(TemplateIndex(rows, self._config), OwnerIndex(rows))


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
    known = _Evidence(evidence, config)
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
    return Stripped(
        pl.DataFrame(articles, schema=STRIPPED_SCHEMA),
        pl.DataFrame(spans, schema=SPAN_SCHEMA),
        pl.DataFrame(suspected, schema=SUSPECTED_SCHEMA),
        pl.DataFrame(rejects, schema=REJECT_SCHEMA),
    )


def find_junk(
    documents: Sequence[Row], indexes: Indexes, config: StripConfig, tokens: Sequence[Tokens] | None = None
) -> list[Decision]:
    """What to remove from each document and what to report, by every detector, decided.

    Args:
        documents: rows of `DOCUMENT_SCHEMA`; some dozen at once take less time than one by one.
        indexes: learned evidence.
        config: thresholds.
        tokens: of their texts, where they are known.

    Returns:
        For each document the passages to remove, with the agency credit that then closes it; and passages to report.

    """
    pages, english, proposed = [], [], []
    for number, document in enumerate(documents):
        page = Page(document["text"] or "", document["title"], document["site"])
        words = tokens[number] if tokens else tokenize(page.text)
        findings = gather_findings(page, words, document["article_id"], indexes, config)
        found = list(findings.passages)
        if not is_english(words, document["language"], found):
            found = doubt_english_rules(found, config)
        elif config.use_learned_layer:
            english.append((number, Asked(page, words, findings)))
        pages.append(page)
        proposed.append(found)
    revised = revise([asked for _, asked in english], load_model(), config) if english else []
    for (number, _), passages in zip(english, revised, strict=True):
        proposed[number] = passages
    return [_decide(page, passages, config) for page, passages in zip(pages, proposed, strict=True)]


def _decide(page: Page, proposed: list[Passage], config: StripConfig) -> Decision:
    removed, suspected = decide(page, proposed, config)
    agency = find_agency(page.text, _kept_end(page.text, removed))
    if agency is None:
        return Decision(removed, suspected)
    before = [cut_at(page.text, passage, agency.start) for passage in suspected]
    return Decision(
        sorted([*removed, agency], key=lambda passage: passage.start), [passage for passage in before if passage]
    )


def gather_findings(page: Page, tokens: Tokens, article_id: str, indexes: Indexes, config: StripConfig) -> Findings:
    """What rules, cards, repetition and ownership propose for a page, and how many documents hold its words."""
    proposed = [*find_by_rules(page), *find_captions(page), *find_widgets(page), *find_cards(page), *find_bylines(page)]
    owned = owned_tokens(tokens, page.title)
    shared = indexes.owners.find_shared(owned.hashes, article_id)
    own_end = find_own_lead(page, tokens, owned, shared)
    repeated = indexes.templates.count(tokens, page.site)
    proposed += find_templates(page, tokens, repeated, own_end, indexes.templates, config)
    proposed += find_owned(page, tokens, owned, shared, config)
    owners, owners_lead = count_owners(owned, shared)
    return Findings(proposed, repeated, owners, owners_lead, indexes.templates.n_documents(page.site))


def _strip_all(
    documents: pl.DataFrame,
    known: _Evidence,
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
        tokens = []
        for start in range(0, len(rows), at_once):
            batch = rows[start : start + at_once]
            begin(batch)
            tokens += [tokenize(document["text"] or "") for document in batch]
        indexes = known.of(rows, tokens)
        for start in range(0, len(rows), at_once):
            batch = rows[start : start + at_once]
            begin(batch)
            decisions: list[Decision | None]
            try:
                decisions = [*find_junk(batch, indexes, config, tokens[start : start + at_once])]
            except Exception:
                decisions = [None] * len(batch)  # one of them fails: each is tried by itself
            for document, decision in zip(batch, decisions, strict=True):
                try:
                    found = find_junk([document], indexes, config)[0] if decision is None else decision
                    yield document, list(_strip_document(document, found, known, config))
                except Exception as error:
                    yield document, error


def _strip_document(document: Row, decision: Decision, known: _Evidence, config: StripConfig) -> Iterator[Found]:
    """The clean article with its removed and its suspected spans, then those of the articles inside it."""
    text = document["text"] or ""
    chosen, suspected = decision
    fitted = fit_white_space(text, [(passage.start, passage.end) for passage in chosen])
    cleaned = splice(text, fitted)
    rows: list[Row] = []
    embedded: list[Row] = []
    for number, (passage, (start, end)) in enumerate(zip(chosen, fitted, strict=True)):
        # An embedded article is not cut up further, so that there is an end.
        card = passage.card or (read_story(text, passage) if document["origin"] != "embedded" else None)
        if card and not holds_body(text, passage, card):
            card = None  # a part of a card that the layer cut in two: the other part holds the body
        salvaged = _salvage(document, card, config) if card else None
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
        tokens = [tokenize(child["text"]) for child in embedded]
        decisions = find_junk(embedded, known.of(embedded, tokens), config, tokens)
        for child, inside in zip(embedded, decisions, strict=True):
            yield from _strip_document(child, inside, known, config)


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
        "agency": document["agency"] or next(iter(agencies), None),
        "n_words": len(cleaned.split()),
        "n_removed_chars": len(document["text"] or "") - len(cleaned),
        "text_sha256": sha256_hex(cleaned),
    }


def _salvage(parent: Row, card: Card, config: StripConfig) -> Row | None:
    """The document inside a card, not yet stripped; None for a mere teaser."""
    start, end = card.body
    body = parent["text"][start:end].strip()
    if len(body.split()) < config.salvage_min_words:
        return None
    return {
        **dict.fromkeys(DOCUMENT_SCHEMA.names()),
        "article_id": make_id(parent["article_id"], "embedded", str(start)),
        "origin": "embedded",
        "parent_article_id": parent["article_id"],
        "source_uri": parent["source_uri"],
        "site": card.site,
        "title": card.title,
        "authors": [],
        "published_at": _published_at(parent, card),
        "fetched_at": parent["fetched_at"],
        "language": parent["language"],
        "text": body,
        "raw_sha256": parent["raw_sha256"],
        "extractor": SALVAGE_EXTRACTOR,
    }


def _published_at(parent: Row, card: Card) -> datetime | None:
    """An age counts back from when the page was fetched; from its own date only where that has a time of day."""
    if card.age is None:
        return None
    published: datetime | None = parent["published_at"]
    seen: datetime | None = parent["fetched_at"]
    if seen is None and published is not None and published.time() != time(0):
        seen = published
    return seen - card.age if seen else None


def _kept_end(text: str, chosen: list[Passage]) -> int:
    """Where the text ends once the passages at its end are cut."""
    end = _solid_end(text, len(text))
    for passage in reversed(chosen):
        if text[passage.end : end].strip():
            break
        end = _solid_end(text, passage.start)
    return end


def _solid_end(text: str, end: int) -> int:
    while end > 0 and text[end - 1].isspace():
        end -= 1
    return end


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
