"""Passages owned by another document: takes a page and learned evidence, gives what is another document's beginning.

When this page holds, not at its own beginning, the first words of another document, the passage is that document's; a
passage of several documents that is foreign to each has no owner here. Removes it as far as they agree, with its headline.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from cleaners.junk.config import StripConfig
from cleaners.junk.detectors.cohesion import share_own
from cleaners.junk.detectors.headlines import is_headline_like
from cleaners.junk.detectors.rules import RuleDescription
from cleaners.junk.detectors.witnesses import has_witness
from cleaners.junk.evidence.counts import LEAD_TOKENS, OWNER, SAMPLE
from cleaners.junk.evidence.keys import OWNER_N, OwnedTokens
from cleaners.junk.page.page import Page, Passage
from cleaners.junk.page.segments import bound
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


# For each other owner the n-grams shared with it: (position here, position there).
Shared = dict[int, list[tuple[int, int]]]


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

    def find_shared(self, keys: Sequence[U64], article_ids: Sequence[str]) -> list[Shared]:
        """The n-grams that documents share with others.

        Args:
            keys: `owner_keys` of each document.
            article_ids: of the documents, which are no owners of their own.

        Returns:
            For each document and each other owner the n-grams shared: (position here, position there), in order of position
            here; owners in the order of their first one.
        """
        found: list[Shared] = [{} for _ in keys]
        if not found or not len(self._keys):
            return found
        bounds = bound(len(one) for one in keys)
        grams = np.concatenate(keys)
        known, first = self._table.find(grams)
        n_rows = np.minimum(np.searchsorted(self._keys, grams[known], side="right") - first, _MAX_OWNERS)
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
        begins = np.flatnonzero(np.diff(page, prepend=-1) | np.append(True, owners[1:] != owners[:-1])[: len(owners)])
        pairs = list(zip((here[order] - bounds[page]).tolist(), self._positions[rows[order]].tolist(), strict=True))
        ends = np.append(begins[1:], len(order))
        places = np.argsort(order[begins])
        for number, owner, low, high in zip(
            page[begins[places]].tolist(),
            owners[begins[places]].tolist(),
            begins[places].tolist(),
            ends[places].tolist(),
            strict=True,
        ):
            found[number][owner] = pairs[low:high]
        return found


def _is_in_order(rows: pl.DataFrame) -> bool:
    """Tell whether rows are sorted by key, then by position, then by owner."""
    is_behind = np.ones(max(len(rows) - 1, 0), dtype=bool)
    for column in ("value", "n", "key"):
        values = rows[column].to_numpy()
        is_behind = (values[1:] > values[:-1]) | ((values[1:] == values[:-1]) & is_behind)
    return bool(is_behind.all())


def is_version(pairs: list[tuple[int, int]], n_tokens: int) -> bool:
    """Tell whether another is a version of the same story: both begin alike, or most of this one stands in the other.

    Args:
        pairs: n-grams shared, (position here, position there).
        n_tokens: tokens of this document, its title included.

    """
    if pairs[0][0] < LEAD_TOKENS // 2 and pairs[0][1] < LEAD_TOKENS:
        return True
    expected = min(n_tokens, LEAD_TOKENS) + max(0, n_tokens - LEAD_TOKENS) / SAMPLE
    least = _VERSION_SHARE * expected
    return len(pairs) >= least and len({here for here, _ in pairs}) >= least


def find_own_lead(page: Page, tokens: Tokens, owned: OwnedTokens, shared: Shared) -> int:
    """Find the end of this document's own beginning that others hold further down: they took it from here.

    Returns:
        Offset of its end, 0 where no document took it.

    """
    last = -1
    for pairs in shared.values():
        if pairs[0][0] <= _MAX_OWNER_START and pairs[0][1] > LEAD_TOKENS:
            last = max(last, next(_runs(pairs))[-1][0] + OWNER_N - 1 - owned.n_title)
    return int(tokens.ends[min(last, len(tokens.ends) - 1)]) if last >= 0 else 0


def count_owners(owned: OwnedTokens, shared: Shared) -> tuple[I64, I64]:
    """Count for each token of a text the other documents that share a passage around it, and those that begin with it.

    Versions of the same story do not count.
    """
    counts = np.zeros((2, len(owned.hashes) + 1), dtype=np.int64)
    for pairs in shared.values():
        if is_version(pairs, len(owned.hashes)):
            continue
        for run in _runs(pairs):
            first, last = run[0][0], run[-1][0] + OWNER_N
            begins = run[0][1] <= _MAX_OWNER_START and first > run[0][1] + owned.n_title
            counts[: 1 + begins, first] += 1
            counts[: 1 + begins, last] -= 1
    running = np.cumsum(counts, axis=1)[:, owned.n_title : -1]
    return running[0], running[1]


def find_owned(
    page: Page, tokens: Tokens, owned: OwnedTokens, shared: Shared, config: StripConfig
) -> Iterator[Passage]:
    """Propose the passages of a page that are the beginning of other documents, or shared by several.

    Args:
        page: the document.
        tokens: of its text.
        owned: of its title and text.
        shared: for each other document, the n-grams shared, from `OwnerIndex.find_shared`.
        config: thresholds.

    """
    runs: list[tuple[int, int]] = []
    for pairs in shared.values():
        # Most share a phrase: too little whatever the rest says.
        if pairs[-1][0] - pairs[0][0] + OWNER_N < config.owner_min_tokens or is_version(pairs, len(owned.hashes)):
            continue
        # One that holds this document's beginning may have taken the rest from here too.
        may_be_copy = pairs[0][0] < LEAD_TOKENS // 2
        for run in _runs(pairs):
            first, last = run[0][0], run[-1][0] + OWNER_N - 1
            if last - first + 1 < config.owner_min_tokens or not _is_dense(run):
                continue
            if last < owned.n_title:  # the title alone is shared
                continue
            start, end = _extent(page, tokens, first - owned.n_title, last - owned.n_title)
            own_share = share_own(page, start, end)
            if run[0][1] <= _MAX_OWNER_START and first > run[0][1] + owned.n_title:
                if own_share <= config.owner_max_own_share and has_witness(page, start, end, config):
                    yield Passage(start, end, "owned-passage", "related_article", 0.85, is_certain=False)
            elif (
                not may_be_copy
                and first > LEAD_TOKENS
                and last - first >= config.shared_min_tokens
                and own_share <= config.shared_max_own_share
                and has_witness(page, start, end, config)
            ):
                runs.append((start, end))
    yield from _shared(runs, config)


def _runs(pairs: list[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Chains of shared n-grams along which both sides advance; sampling leaves gaps."""
    run: list[tuple[int, int]] = []
    for here, there in pairs:
        if run:
            step, other = here - run[-1][0], there - run[-1][1]
            if not (0 < step <= _MAX_GAP and other > 0 and abs(step - other) <= _MAX_SHIFT):
                yield run
                run = []
        run.append((here, there))
    if run:
        yield run


def _is_dense(run: list[tuple[int, int]]) -> bool:
    """Separate a shared passage from a few common phrases far apart, such as a ministry's name and a reporter's phrase."""
    return len(run) >= _MIN_DENSITY * (run[-1][1] - run[0][1]) / SAMPLE


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
