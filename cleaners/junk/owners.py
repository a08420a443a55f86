"""Passages owned by another document: takes a page and learned evidence, gives what is another document's beginning.

When this page holds, not at its own beginning, the first words of another document, the passage is that document's.
Removes it as far as both agree, with a headline before it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import polars as pl

from cleaners.junk.config import StripConfig
from cleaners.junk.evidence import LEAD_TOKENS, OWNER, OWNER_N, OwnedTokens
from cleaners.junk.headlines import is_headline_like
from cleaners.junk.page import Page, Passage
from cleaners.junk.rules import RuleDescription
from cleaners.junk.tokens import U64, Tokens, hash_ngrams, hash_text

DESCRIPTIONS = (
    RuleDescription(
        id="owned-passage",
        category="related_article",
        description="A passage that is the beginning of another document of the collection, inside this one.",
    ),
)

# An owner begins with the passage: its first shared word is among these many of its own.
_MAX_OWNER_START = 24


class OwnerIndex:
    """Learned owners of passages, ready to look up.

    Args:
        evidence: frame of `learn_evidence`.

    """

    def __init__(self, evidence: pl.DataFrame) -> None:
        rows = evidence.filter(pl.col("kind") == OWNER).sort("key", "n", "value")
        self._keys: U64 = rows["key"].to_numpy()
        self._positions = rows["n"].to_numpy().astype(np.int64)
        self._owners: U64 = rows["value"].to_numpy()

    def find_shared(self, hashes: U64, article_id: str) -> dict[int, list[tuple[int, int]]]:
        """For each other owner, the n-grams shared: (position here, position there), in order of position here."""
        grams = hash_ngrams(hashes, OWNER_N)
        shared: dict[int, list[tuple[int, int]]] = defaultdict(list)
        if not len(grams) or not len(self._keys):
            return shared
        first = np.searchsorted(self._keys, grams, side="left")
        last = np.minimum(np.searchsorted(self._keys, grams, side="right"), first + 32)
        own = hash_text(article_id)
        for here in np.flatnonzero(last > first).tolist():
            for row in range(int(first[here]), int(last[here])):
                owner = int(self._owners[row])
                if owner != own:
                    shared[owner].append((here, int(self._positions[row])))
        return shared


def find_owned(
    page: Page, tokens: Tokens, owned: OwnedTokens, article_id: str, index: OwnerIndex, config: StripConfig
) -> Iterator[Passage]:
    """Passages of a page that are the beginning of other documents."""
    for pairs in index.find_shared(owned.hashes, article_id).values():
        yield from _passages(page, tokens, owned.n_title, pairs, config)


def _passages(
    page: Page, tokens: Tokens, n_title: int, pairs: list[tuple[int, int]], config: StripConfig
) -> Iterator[Passage]:
    # A version of this very story begins as this one does: its beginning is no foreign passage.
    if min(here for here, _ in pairs) < LEAD_TOKENS // 2 and min(pairs)[1] <= min(pairs)[0] + LEAD_TOKENS:
        return
    run: list[tuple[int, int]] = []
    for pair in [*pairs, (1 << 40, 0)]:
        # Both sides advance together; sampling leaves gaps, an inner cut shifts one side.
        if run and not (0 < pair[0] - run[-1][0] <= 120 and abs((pair[0] - run[-1][0]) - (pair[1] - run[-1][1])) <= 40):
            passage = _passage(page, tokens, n_title, run, config)
            if passage:
                yield passage
            run = []
        run.append(pair)


def _passage(
    page: Page, tokens: Tokens, n_title: int, run: list[tuple[int, int]], config: StripConfig
) -> Passage | None:
    (first, owner_start), (last, _) = run[0], run[-1]
    size = last - first + OWNER_N
    if size < config.owner_min_tokens or owner_start > _MAX_OWNER_START or first < owner_start + n_title:
        return None
    start = int(tokens.starts[first - n_title])
    end = int(tokens.ends[min(last - n_title + OWNER_N, len(tokens.ends)) - 1])
    start, end = _snap(page, start, end)
    return Passage(start, end, "owned-passage", "related_article", 0.85, is_certain=False)


def _snap(page: Page, start: int, end: int) -> tuple[int, int]:
    """Widen to whole sentences, and take the headline on the line before."""
    for sentence in page.sentences:
        if sentence[0] <= start < sentence[1]:
            start = sentence[0]
        if sentence[0] < end <= sentence[1]:
            end = sentence[1]
    for number, line in enumerate(page.lines):
        if line[0] == start and number > 0 and is_headline_like(page.text[slice(*page.lines[number - 1])]):
            return page.lines[number - 1][0], end
    return start, end
