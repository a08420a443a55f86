"""Keys of pages: takes documents, gives their tokens, labels and n-grams, hashed once for all that count or look them up.

Some dozen documents are laid end to end, so that a call of array code serves all of them. Flags nothing by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from cleaners.junk.evidence.label_counts import Label, list_labels
from cleaners.junk.page.page import Page
from cleaners.junk.page.segments import bound, split_batches, spread
from cleaners.junk.page.tokens import U64, Tokens, hash_ngrams, hash_text, mix_with, tokenize_all

TEMPLATE_N = 5
OWNER_N = 8


class OwnedTokens(NamedTuple):
    """Tokens of a document with its title in front where the text does not repeat it; `n_title` of them are title."""

    hashes: U64
    n_title: int


class KeyedPage(NamedTuple):
    """A page with the keys of its evidence.

    `owner_keys` are the 8-grams of `owned`, `template_keys` the 5-grams of the text as its site's; without a site there are none,
    and no labels.
    """

    page: Page
    tokens: Tokens
    labels: list[Label]
    owned: OwnedTokens
    owner_keys: U64
    template_keys: U64


def key_pages(documents: Sequence[Mapping[str, str | None]]) -> list[KeyedPage]:
    """Read documents and hash their words.

    Args:
        documents: with `site`, `title` and `text`; some dozen at once take less time than one by one.
    """
    sizes = [len(row["text"] or "") for row in documents]
    return [page for batch in split_batches(sizes) for page in _key_some(documents[batch])]


def _key_some(documents: Sequence[Mapping[str, str | None]]) -> list[KeyedPage]:
    pages = [Page(row["text"] or "", row["title"], row["site"]) for row in documents]
    tokens = tokenize_all([page.text for page in pages])
    titles = tokenize_all([page.title or "" for page in pages])
    owned = [own_tokens(*each) for each in zip(tokens, [title.hashes for title in titles], strict=True)]
    salts = np.array([hash_text(page.site or "") for page in pages], dtype=np.uint64)
    owner_keys = _hash_each([one.hashes for one in owned], OWNER_N)
    template_keys = _hash_each([one.hashes for one in tokens], TEMPLATE_N, salts)
    return [
        KeyedPage(page, words, list_labels(page), own, owners, templates)
        if page.site is not None
        else KeyedPage(page, words, [], own, owners, templates[:0])
        for page, words, own, owners, templates in zip(pages, tokens, owned, owner_keys, template_keys, strict=True)
    ]


def own_tokens(tokens: Tokens, title: U64) -> OwnedTokens:
    """Tokens by which a document is known as the owner of a passage: its title, then its text."""
    if not len(title) or np.array_equal(title, tokens.hashes[: len(title)]):
        return OwnedTokens(tokens.hashes, 0)
    return OwnedTokens(np.concatenate((title, tokens.hashes)), len(title))


def _hash_each(hashes: Sequence[U64], n: int, salts: U64 | None = None) -> list[U64]:
    """The n-grams of several texts; as those of one owner each, where salts are given."""
    if not hashes:
        return []
    bounds = bound(len(one) for one in hashes)
    grams = hash_ngrams(np.concatenate(hashes), n)
    if salts is not None:
        grams = mix_with(grams, spread(salts, bounds)[: len(grams)])
    return [grams[low : max(high - n + 1, low)] for low, high in pairwise(bounds.tolist())]
