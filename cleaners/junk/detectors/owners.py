"""Passages owned by another document: takes a page and learned evidence, gives what is another document's beginning.

When this page holds, not at its own beginning, the first words of another document, the passage is that document's; a
passage of several documents that is foreign to each has no owner here. Removes it as far as they agree, with its headline.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl

from cleaners.junk.config import StripConfig
from cleaners.junk.detectors.cohesion import share_own
from cleaners.junk.detectors.headlines import is_headline_like
from cleaners.junk.detectors.rules import RuleDescription
from cleaners.junk.detectors.witnesses import has_witness
from cleaners.junk.evidence.gather import LEAD_TOKENS, OWNER, SAMPLE
from cleaners.junk.evidence.keys import OWNER_N, OwnedTokens
from cleaners.junk.page.page import Page, Passage
from cleaners.junk.page.segments import Bools, bound
from cleaners.junk.page.tokens import I64, U64, KeyTable, Tokens, hash_text

DESCRIPTIONS = (
    RuleDescription(
        id="owned-passage",
        category="related_article",
        description="A passage that is the beginning of another document of the collection, inside this one, and does "
        "not speak of what this one speaks of.",
        any_language=True,
    ),
    RuleDescription(
        id="shared-passage",
        category="related_article",
        description="A long passage that stands in several otherwise different documents and is foreign to this "
        "one by its words.",
        any_language=True,
    ),
)

# An owner begins with the passage: its first shared word is among these many of its own, for a caption or a banner may
# stand before it there.
_MAX_OWNER_START = 80
_MAX_GAP = 120
# Share of the sampled n-grams between both ends that must be common; a copy edited in every tenth word keeps .4 of its 8-grams.
_MIN_DENSITY = 0.4
# Tokens by which one side may be ahead of the other between two shared n-grams: a banner on one side only.
_MAX_SHIFT = 80
# Characters by which sampling may have missed a sentence's beginning or end.
_MAX_WIDENING = 160
# Share of a document's n-grams that another one holds when both are versions of one story.
_VERSION_SHARE = 0.5
_MAX_OWNERS = 32  # of one n-gram that are looked at


class Shared(NamedTuple):
    """Chains of n-grams that documents share with other owners, along which both sides advance; all (runs,).

    By page, then by owner, in the order of their first n-grams. `here` and `last` are the places of the first and the last n-gram
    on the page, `there` and `last_there` those in the owner, `n_grams` how many there are between; sampling leaves gaps. `lead` is
    the first place on the page that the owner shares, `is_first` tells whether the run begins there, `is_version` whether the owner
    is a version of the same story.
    """

    page: I64
    here: I64
    last: I64
    there: I64
    last_there: I64
    n_grams: I64
    lead: I64
    is_first: Bools
    is_version: Bools

    def part(self, rows: slice | Bools) -> Shared:
        """Some of the runs."""
        return Shared._make(column[rows] for column in self)

    def split(self, n_pages: int) -> list[Shared]:
        """The runs of each page."""
        bounds = np.searchsorted(self.page, np.arange(n_pages + 1)).tolist()
        return [self.part(slice(low, high)) for low, high in pairwise(bounds)]


class OwnerIndex:
    """Learned owners of passages, ready to look up.

    Args:
        evidence: frame of `learn_evidence`.

    """

    def __init__(self, evidence: pl.DataFrame) -> None:
        rows = evidence.filter(pl.col("kind") == OWNER)
        if not _is_in_order(
            rows
        ):  # as they come from a single segment they are, and sorting takes longer than checking
            rows = rows.sort("key", "n", "value")
        self._keys: U64 = rows["key"].to_numpy()
        self._table = KeyTable(self._keys)
        self._positions = rows["n"].to_numpy().astype(np.int64)
        self._owners: U64 = rows["value"].to_numpy()
        # How many rows to look at from the first of each key on.
        begins = np.flatnonzero(np.append(True, self._keys[1:] != self._keys[:-1])[: len(self._keys)])
        self._n_rows = np.zeros(len(self._keys), dtype=np.int64)
        self._n_rows[begins] = np.minimum(np.diff(np.append(begins, len(self._keys))), _MAX_OWNERS)

    def find_shared(self, pages: Sequence[tuple[OwnedTokens, U64]], article_ids: Sequence[str]) -> Shared:
        """The passages that documents share with others.

        Args:
            pages: the tokens of each document and their n-grams, `owner_keys`.
            article_ids: of the documents, which are no owners of their own.

        """
        bounds = bound(len(keys) for _, keys in pages)
        grams = np.concatenate([np.zeros(0, np.uint64), *(keys for _, keys in pages)])
        known, first = self._table.find(grams)
        n_rows = self._n_rows[first]
        # All rows of all n-grams found, one after the other.
        rows = np.arange(n_rows.sum()) + np.repeat(first - np.cumsum(n_rows) + n_rows, n_rows)
        here = np.repeat(known, n_rows)
        page = np.searchsorted(bounds, here, side="right") - 1
        owners = self._owners[rows]
        own = np.array([hash_text(article_id) for article_id in article_ids], dtype=np.uint64)
        others = np.flatnonzero(owners != own[page])
        # By page and owner, whose rows stay in order; an owner's place is that of its first row.
        order = others[np.lexsort((owners[others], page[others]))]
        page, owners = page[order], owners[order]
        is_new = np.diff(page, prepend=-1) > 0
        is_new[1:] |= owners[1:] != owners[:-1]
        n_tokens = np.array([len(owned.hashes) for owned, _ in pages], dtype=np.int64)
        places = here[order] - bounds[page]
        return _chain(page, places, self._positions[rows[order]], is_new, order, n_tokens)


def _chain(page: I64, here: I64, there: I64, is_new: Bools, order: I64, n_tokens: I64) -> Shared:
    """The runs of shared n-grams, given by page and owner.

    Args:
        page: of each n-gram.
        here: its place there.
        there: its place in the owner.
        is_new: whether it is the first of its page and owner.
        order: numbers, by whose first the owners of a page are sorted.
        n_tokens: tokens of each page, its title included.

    """
    step, other = np.diff(here, prepend=0), np.diff(there, prepend=0)
    goes_on = (step > 0) & (step <= _MAX_GAP) & (other > 0) & (np.abs(step - other) <= _MAX_SHIFT)
    begins = np.flatnonzero(is_new | ~goes_on)
    ends = np.append(begins[1:], len(page)) - 1
    # What concerns an owner: its first n-gram, how many there are and at how many places.
    owner = np.cumsum(is_new)[begins] - 1
    starts = np.flatnonzero(is_new)
    n_grams = np.diff(np.append(starts, len(page)))
    places = np.append(0, np.cumsum(is_new | (step > 0)))
    n_places = np.diff(places[np.append(starts, len(page))])
    n_own = n_tokens[page[starts]]
    least = _VERSION_SHARE * (np.minimum(n_own, LEAD_TOKENS) + np.maximum(0, n_own - LEAD_TOKENS) / SAMPLE)
    is_version = (here[starts] < LEAD_TOKENS // 2) & (there[starts] < LEAD_TOKENS)
    is_version |= (n_grams >= least) & (n_places >= least)
    sort = np.argsort(order[starts][owner], kind="stable")
    begins, ends, owner = begins[sort], ends[sort], owner[sort]
    return Shared(
        page[begins],
        here[begins],
        here[ends],
        there[begins],
        there[ends],
        ends - begins + 1,
        here[starts][owner],
        is_new[begins],
        is_version[owner],
    )


def _is_in_order(rows: pl.DataFrame) -> bool:
    """Tell whether rows are sorted by key, then by position, then by owner."""
    is_behind = np.ones(max(len(rows) - 1, 0), dtype=bool)
    for column in ("value", "n", "key"):
        values = rows[column].to_numpy()
        is_behind = (values[1:] > values[:-1]) | ((values[1:] == values[:-1]) & is_behind)
    return bool(is_behind.all())


def find_own_leads(tokens: Sequence[Tokens], owned: Sequence[OwnedTokens], shared: Shared) -> list[int]:
    """Find the end of each document's own beginning that others hold further down: they took it from here.

    Returns:
        For each document the offset of its end, 0 where no other took it.

    """
    is_taken = shared.is_first & (shared.here <= _MAX_OWNER_START) & (shared.there > LEAD_TOKENS)
    ends = [0] * len(tokens)
    for number, last in zip(shared.page[is_taken].tolist(), shared.last[is_taken].tolist(), strict=True):
        place = min(last + OWNER_N - 1 - owned[number].n_title, len(tokens[number].ends) - 1)
        if place >= 0:
            ends[number] = max(ends[number], int(tokens[number].ends[place]))
    return ends


def count_owners(owned: Sequence[OwnedTokens], shared: Shared) -> list[I64]:
    """Count for each token of some texts the other documents that share a passage around it, and those that begin with it.

    Versions of the same story do not count.

    Returns:
        For each text its counts, (2, tokens).
    """
    bounds = bound(len(one.hashes) + 1 for one in owned)
    runs = shared.part(~shared.is_version)
    titles = np.array([one.n_title for one in owned], dtype=np.int64)
    begins = (runs.there <= _MAX_OWNER_START) & (runs.here > runs.there + titles[runs.page])
    first, end = bounds[runs.page] + runs.here, bounds[runs.page] + runs.last + OWNER_N
    steps = [
        np.bincount(first[some], minlength=bounds[-1]) - np.bincount(end[some], minlength=bounds[-1])
        for some in (slice(None), begins)
    ]
    running = np.cumsum(steps, axis=1)
    return [
        running[:, low + one.n_title : high - 1]
        for one, (low, high) in zip(owned, pairwise(bounds.tolist()), strict=True)
    ]


def list_long(shared: Shared, config: StripConfig) -> Shared:
    """The runs that are long and dense enough to be a passage of another document; most share a phrase.

    A few common phrases far apart are none, such as a ministry's name and a reporter's phrase; versions of the story neither.
    """
    is_long = shared.last - shared.here + OWNER_N >= config.owner_min_tokens
    is_dense = shared.n_grams >= _MIN_DENSITY * (shared.last_there - shared.there) / SAMPLE
    return shared.part(is_long & is_dense & ~shared.is_version)


def find_owned(
    page: Page, tokens: Tokens, owned: OwnedTokens, shared: Shared, config: StripConfig
) -> Iterator[Passage]:
    """Propose the passages of a page that are the beginning of other documents, or shared by several.

    Args:
        page: the document.
        tokens: of its text.
        owned: of its title and text.
        shared: of `list_long`, its own part.
        config: thresholds.

    """
    runs: list[tuple[int, int]] = []
    shares: dict[tuple[int, int], float] = {}  # several owners often share one passage
    enough = max(config.owner_max_own_share, config.shared_max_own_share)
    for first, last, there, lead in zip(
        shared.here.tolist(),
        (shared.last + OWNER_N - 1).tolist(),
        shared.there.tolist(),
        shared.lead.tolist(),
        strict=True,
    ):
        if last < owned.n_title:  # the title alone is shared
            continue
        start, end = _extent(page, tokens, first - owned.n_title, last - owned.n_title)
        if (start, end) not in shares:
            shares[start, end] = share_own(page, start, end, enough)
        own_share = shares[start, end]
        if there <= _MAX_OWNER_START and first > there + owned.n_title:
            if own_share <= config.owner_max_own_share and has_witness(page, start, end, config):
                yield Passage(start, end, "owned-passage", "related_article", 0.85, is_certain=False)
        elif (
            # One that holds this document's beginning may have taken the rest from here too.
            lead >= LEAD_TOKENS // 2
            and first > LEAD_TOKENS
            and last - first >= config.shared_min_tokens
            and own_share <= config.shared_max_own_share
            and has_witness(page, start, end, config)
        ):
            runs.append((start, end))
    yield from _shared(runs, config)


def _shared(runs: list[tuple[int, int]], config: StripConfig) -> Iterator[Passage]:
    """Passages that enough other documents share, as far as the shortest of them reaches."""
    for start, end in sorted(set(runs)):
        holders = [run for run in runs if run[0] <= start and run[1] >= end]
        if len(holders) >= config.shared_min_documents - 1:
            yield Passage(start, end, "shared-passage", "related_article", 0.75, is_certain=False)


def _extent(page: Page, tokens: Tokens, first: int, last: int) -> tuple[int, int]:
    """Offsets of whole sentences around tokens, with the headline on the line before."""
    start, end = int(tokens.starts[max(first, 0)]), int(tokens.ends[min(last, len(tokens.ends) - 1)])
    for sentence in page.sentences:
        if sentence[0] <= start < sentence[1] and start - sentence[0] <= _MAX_WIDENING:
            start = sentence[0]
        if sentence[0] < end <= sentence[1] and sentence[1] - end <= _MAX_WIDENING:
            end = sentence[1]
    for number, line in enumerate(page.lines):
        if line[0] == start and number > 0 and _may_head(page.text[slice(*page.lines[number - 1])]):
            return page.lines[number - 1][0], end
    return start, end


def _may_head(line: str) -> bool:
    """Tell whether the line before a passage is its headline; a question closes a story more often."""
    return is_headline_like(line) and not line.rstrip("\"”’')").endswith(("?", "!"))
