"""Search for the junk in a document: the findings of every detector, weighed into one decision."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol, cast

import numpy as np
import polars as pl

from cleaners.document import Row
from cleaners.junk.config import StripConfig
from cleaners.junk.decide import Decision, cut_at, decide
from cleaners.junk.detectors.captions import find_captions, sought_phrases
from cleaners.junk.detectors.cards import find_cards
from cleaners.junk.detectors.credits import find_agency, find_bylines
from cleaners.junk.detectors.labels import find_site_labels
from cleaners.junk.detectors.languages import doubt_english_rules, is_english, mark_function_words
from cleaners.junk.detectors.owners import OwnerIndex, Shared, count_owners, find_own_leads, find_owned, list_long
from cleaners.junk.detectors.rules import find_by_rules, known_rules
from cleaners.junk.detectors.templates import TemplateIndex, find_templates
from cleaners.junk.detectors.widgets import find_widgets, widget_headings
from cleaners.junk.evidence.keys import KeyedPage, key_pages
from cleaners.junk.evidence.parts import Wanted, list_wanted
from cleaners.junk.model.learned import ExaminedPage, revise
from cleaners.junk.model.measures import Findings, list_headings
from cleaners.junk.model.weights import load_model
from cleaners.junk.page.page import Page, Passage, narrow_phrases
from cleaners.junk.page.phrases import Phrases
from cleaners.junk.page.segments import Bools, bound, split_batches
from cleaners.junk.page.tokens import I64, U64


class Indexes(NamedTuple):
    """Learned evidence, ready to look up."""

    templates: TemplateIndex
    owners: OwnerIndex


class EvidenceSource(Protocol):
    """The evidence of an archive that is too large for the memory."""

    def __call__(self, wanted: Wanted) -> pl.DataFrame:
        """The rows with some keys."""

    def narrow(self, keys: U64) -> U64:
        """Some keys without most of those that no row has, in any order."""


class KnownEvidence:
    """Evidence that is known, looked up for the documents at hand."""

    def __init__(self, evidence: pl.DataFrame | EvidenceSource, config: StripConfig) -> None:
        self._source, self._config = evidence, config
        self._whole = self._index(evidence) if isinstance(evidence, pl.DataFrame) else None

    def of(self, pages: Sequence[KeyedPage]) -> Indexes:
        """Return what concerns some pages."""
        if self._whole or isinstance(self._source, pl.DataFrame):
            return cast(Indexes, self._whole)
        return self._index(self._source(list_wanted(pages, self._source.narrow)))

    def _index(self, rows: pl.DataFrame) -> Indexes:
        return Indexes(TemplateIndex(rows, self._config), OwnerIndex(rows))


def find_junk(
    documents: Sequence[Row], indexes: Indexes, config: StripConfig, pages: Sequence[KeyedPage] | None = None
) -> list[Decision]:
    """Decide by every detector what to remove from each document and what to report.

    Args:
        documents: rows of `DOCUMENT_SCHEMA`; some dozen at once take less time than one by one.
        indexes: learned evidence.
        config: thresholds.
        pages: of `key_pages`, where they are known.

    Returns:
        For each document the passages to remove, with the agency credit that then closes it; and passages to report.

    """
    examined = examine(documents, key_pages(documents) if pages is None else pages, indexes, config)
    if config.use_learned_layer:
        proposed = revise(examined, load_model(), config)
    else:
        proposed = [list(one.findings.passages) for one in examined]
    return [_decide(one.page, passages, config) for one, passages in zip(examined, proposed, strict=True)]


def _decide(page: Page, proposed: list[Passage], config: StripConfig) -> Decision:
    removed, suspected = decide(page, proposed, config)
    # The layer may take a credit for a part of the labels before it.
    end = _solid_end(page.text, len(page.text))
    kept_end = _kept_end(page.text, removed, end)
    agency = find_agency(page.text, kept_end) or (find_agency(page.text, end) if end > kept_end else None)
    if agency is None or any(one.card and one.start <= agency.start < one.end for one in removed):
        return Decision(removed, suspected)
    kept = [passage if passage.start >= agency.end else cut_at(page.text, passage, agency.start) for passage in removed]
    before = [cut_at(page.text, passage, agency.start) for passage in suspected]
    return Decision(
        sorted([*(passage for passage in kept if passage), agency], key=lambda passage: passage.start),
        [passage for passage in before if passage],
    )


def examine(
    documents: Sequence[Row], pages: Sequence[KeyedPage], indexes: Indexes, config: StripConfig
) -> list[ExaminedPage]:
    """Collect what rules, cards, repetition and ownership propose for pages, and how many documents hold their words."""
    shared = indexes.owners.find_shared(
        [(one.owned, one.owner_keys) for one in pages], [document["article_id"] for document in documents]
    )
    for some in split_batches(len(one.page.text) for one in pages):
        narrow_phrases([one.page for one in pages[some]], _list_sought())
    tokens, owned = [one.tokens for one in pages], [one.owned for one in pages]
    is_common = mark_function_words(np.concatenate([np.zeros(0, np.uint64), *(one.hashes for one in tokens)]))
    looked_up = map(
        _LookedUp,
        indexes.templates.count(pages),
        list_long(shared, config).split(len(pages)),
        count_owners(owned, shared),
        find_own_leads(tokens, owned, shared),
        np.split(is_common, bound(len(one.hashes) for one in tokens)[1:-1]),
    )
    return [
        ExaminedPage(one.page, one.tokens, _gather(one, document["language"], known, indexes, config), one.title)
        for document, one, known in zip(documents, pages, looked_up, strict=True)
    ]


@lru_cache(maxsize=1)
def _list_sought() -> tuple[Phrases, ...]:
    return known_rules().cues, *sought_phrases(), widget_headings(), list_headings()


class _LookedUp(NamedTuple):
    """Findings for a page that all pages of its batch are looked up for together."""

    repeated: I64
    shared: Shared
    owners: I64
    own_end: int
    is_common: Bools


def _gather(
    keyed: KeyedPage, language: str | None, known: _LookedUp, indexes: Indexes, config: StripConfig
) -> Findings:
    """The findings on one page. In a text that is not English, what depends on English words is in doubt."""
    page, tokens, owned = keyed.page, keyed.tokens, keyed.owned
    proposed = [*find_by_rules(page), *find_captions(page), *find_widgets(page), *find_cards(page), *find_bylines(page)]
    proposed += find_templates(page, tokens, known.repeated, known.own_end, indexes.templates, config)
    proposed += find_site_labels(keyed, indexes.templates)
    proposed += find_owned(page, tokens, owned, known.shared, config)
    english = is_english(tokens, language, proposed, known.is_common)
    if not english:
        proposed = doubt_english_rules(proposed, config)
    n_site = indexes.templates.n_documents(page.site)
    return Findings(proposed, known.repeated, known.owners[0], known.owners[1], n_site, english)


def _kept_end(text: str, chosen: list[Passage], end: int) -> int:
    """Return where the text, which ends at `end`, ends once the passages at its end are cut."""
    for passage in reversed(chosen):
        if text[passage.end : end].strip():
            break
        end = _solid_end(text, passage.start)
    return end


def _solid_end(text: str, end: int) -> int:
    while end > 0 and text[end - 1].isspace():
        end -= 1
    return end
