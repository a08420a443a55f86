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
from cleaners.junk.page.tokens import U64, Tokens, hash_ngrams, hash_text, lengthen_ngrams, mix_with, tokenize_all

TEMPLATE_N = 5
OWNER_N = 8


class OwnedTokens(NamedTuple):
    """Tokens of a document with its title in front where the text does not repeat it; `n_title` of them are title."""

    hashes: U64
    n_title: int


class KeyedPage(NamedTuple):
    """A page with the keys of its evidence.

    `owner_keys` are the 8-grams of `owned`, `template_keys` the 5-grams of the text as its site's; without a site there are none,
    and no labels. `title` are the hashes of its title's words.
    """

    page: Page
    tokens: Tokens
    labels: list[Label]
    owned: OwnedTokens
    owner_keys: U64
    template_keys: U64
    title: U64


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
    titles = [one.hashes for one in tokenize_all([page.title or "" for page in pages])]
    owned = [own_tokens(*each) for each in zip(tokens, titles, strict=True)]
    salts = np.array([hash_text(page.site or "") for page in pages], dtype=np.uint64)
    return [
        KeyedPage(page, words, list_labels(page), own, owners, templates, title)
        if page.site is not None
        else KeyedPage(page, words, [], own, owners, templates[:0], title)
        for page, words, own, owners, templates, title in zip(
            pages, tokens, owned, *_hash_each(owned, salts), titles, strict=True
        )
    ]


def own_tokens(tokens: Tokens, title: U64) -> OwnedTokens:
    """Tokens by which a document is known as the owner of a passage: its title, then its text."""
    hashes = tokens.hashes
    if not len(title) or (len(hashes) and title[0] == hashes[0] and np.array_equal(title, hashes[: len(title)])):
        return OwnedTokens(hashes, 0)
    return OwnedTokens(np.concatenate((title, hashes)), len(title))


def _hash_each(owned: Sequence[OwnedTokens], salts: U64) -> tuple[list[U64], list[U64]]:
    """The keys of owners and of templates of several texts; `salts` are those of their sites."""
    if not owned:
        return [], []
    hashes = np.concatenate([one.hashes for one in owned])
    bounds = bound(len(one.hashes) for one in owned)
    short = hash_ngrams(hashes, TEMPLATE_N)
    long = lengthen_ngrams(short, TEMPLATE_N, hashes, OWNER_N)
    short = mix_with(short, spread(salts, bounds)[: len(short)])
    pages = list(pairwise(bounds.tolist()))
    return (
        [long[low : max(high - OWNER_N + 1, low)] for low, high in pages],
        [
            short[low + one.n_title : max(high - TEMPLATE_N + 1, low + one.n_title)]
            for one, (low, high) in zip(owned, pages, strict=True)
        ],
    )
