"""A text to its places on its page: takes blocks and lines, gives for each word of the lines its place in the blocks.

Anchors are runs of words that stand once on each side, in the same order on both; between anchors shorter runs decide.
Linear but for the sorting of anchors: repeated text without an anchor stays unmatched, it is never compared by pairs.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from itertools import chain, count
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cleaners.extract.blocks.blocks import Array, Block, Numbers

RUNS = (5, 2, 1)  # words of an anchor, over the whole texts and in what lies between anchors
WORD_OR_END = re.compile(r"\w+|\n")
MAX_GAPS = 4_000  # gaps looked into; a page of nothing but differences costs no more
HASH_BASE = np.uint64(0x9E3779B97F4A7C15)
LAST_BITS = np.uint64(0xFFFF)


class Aligned(NamedTuple):
    """Places of an extracted text's words among the blocks."""

    words: Numbers  # word numbers of all blocks, in page order
    owners: Numbers  # the block of each
    places: Numbers  # for each word of the text its index in `words`, or -1
    lines: Numbers  # the line of each word of the text
    kept: Array  # share of each block's words that the text holds
    strings: list[list[str]]  # the words of each block in small letters
    numbers: dict[str, int]  # of the words


def align_blocks(blocks: list[Block], lines: list[str]) -> Aligned:
    """Find the words of a text's lines in the blocks of its page.

    Args:
        blocks: the page's blocks.
        lines: the text extracted from it.
    """
    texts = [block.text for block in blocks]
    split = _split_words(list(dict.fromkeys([*texts, *lines])))  # most lines are the text of a block
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    page, owner = _number(texts, split, numbers)
    text, of_line = _number(lines, split, numbers)
    places = align_words(page, text)
    n_words = np.bincount(owner, minlength=len(blocks))
    held = np.bincount(owner[places[places >= 0]], minlength=len(blocks))
    return Aligned(
        page, owner, places, of_line, held / np.maximum(n_words, 1), [split[text] for text in texts], numbers
    )


def _split_words(texts: list[str]) -> dict[str, list[str]]:
    """The words of each of several texts without line ends, in small letters: one search for all of them."""
    words = iter(WORD_OR_END.findall("\n".join([*texts, ""]).casefold()))
    return {text: list(iter(words.__next__, "\n")) for text in texts}


def _number(texts: list[str], split: dict[str, list[str]], numbers: defaultdict[str, int]) -> tuple[Numbers, Numbers]:
    """Number the words of texts, and say of which text each is."""
    of_texts = [split[text] for text in texts]
    lengths = np.fromiter(map(len, of_texts), np.int64, len(texts))
    numbered = np.fromiter(map(numbers.__getitem__, chain.from_iterable(of_texts)), np.int64, int(lengths.sum()))
    return numbered, np.repeat(np.arange(len(texts)), lengths)


def align_words(page: Numbers, text: Numbers) -> Numbers:
    """Find where the words of a text stand on the page it was taken from.

    Args:
        page: word numbers of the page, in its order.
        text: word numbers of the text.

    Returns:
        For each word of `text` its index in `page`, -1 where it has none; indices increase.
    """
    places = np.full(len(text), -1, np.int64)
    gaps = [(0, len(page), 0, len(text), 0)]
    n_gaps = 0
    while gaps and n_gaps < MAX_GAPS:
        n_gaps += 1
        p0, p1, t0, t1, level = gaps.pop()
        p0, p1, t0, t1 = _match_ends(page, text, places, p0, p1, t0, t1)
        while level < len(RUNS) and p0 < p1 and t0 < t1:
            anchors = _anchors(page[p0:p1], text[t0:t1], RUNS[level])
            if anchors:
                break
            level += 1
        else:
            continue
        p_from, t_from = p0, t0
        for p_at, t_at, n_anchors in anchors:
            p, t = p0 + p_at, t0 + t_at
            inside = max(0, p_from - p, t_from - t)  # of these anchors that stand in the run of those before
            if inside >= n_anchors:
                continue
            p, t = p + inside, t + inside
            n = min(p1 - p, t1 - t)
            differs = page[p : p + n] != text[t : t + n]
            n = int(differs.argmax()) if differs.any() else n
            places[t : t + n] = np.arange(p, p + n)
            if p > p_from and t > t_from:
                gaps.append((p_from, p, t_from, t, level))
            p_from, t_from = p + n, t + n
        if p_from < p1 and t_from < t1:
            gaps.append((p_from, p1, t_from, t1, level))
    return places


def _match_ends(
    page: Numbers, text: Numbers, places: Numbers, p0: int, p1: int, t0: int, t1: int
) -> tuple[int, int, int, int]:
    """Match the equal words at the end and at the start of a gap; return what is left of it."""
    n = min(p1 - p0, t1 - t0)
    differs = np.flatnonzero(page[p1 - n : p1][::-1] != text[t1 - n : t1][::-1])
    k = int(differs[0]) if len(differs) else n
    places[t1 - k : t1] = np.arange(p1 - k, p1)
    p1, t1, n = p1 - k, t1 - k, n - k
    differs = np.flatnonzero(page[p0 : p0 + n] != text[t0 : t0 + n])
    k = int(differs[0]) if len(differs) else n
    places[t0 : t0 + k] = np.arange(p0, p0 + k)
    return p0 + k, p1, t0 + k, t1


def _anchors(page: Numbers, text: Numbers, n: int) -> list[tuple[int, int, int]]:
    """Pair the runs of n words that stand once on each side, and keep the longest chain in the order of both.

    Returns:
        Where anchors begin on the page and in the text, and how many follow each other from there, one word on.
    """
    if len(page) < n or len(text) < n:
        return []
    of_page, of_text = _hash_runs(page, n), _hash_runs(text, n)
    # Most runs of a page are not the text's: the last bits of their hashes tell, before they are sorted.
    is_sought = np.zeros(int(LAST_BITS) + 1, bool)
    is_sought[of_text & LAST_BITS] = True
    page_runs, page_at = _single_runs(of_page, np.flatnonzero(is_sought[of_page & LAST_BITS]))
    text_runs, text_at = _single_runs(of_text, np.arange(len(of_text)))
    _, i, j = np.intersect1d(page_runs, text_runs, assume_unique=True, return_indices=True)
    order = np.argsort(text_at[j])
    p, t = page_at[i][order], text_at[j][order]
    if np.any(np.diff(p) < 0):
        chain = _find_longest_rise(p.tolist())
        p, t = p[chain], t[chain]
    first = np.flatnonzero(np.diff(p, prepend=-2) + np.diff(t, prepend=-2) != 2)  # both rise by one at least
    n_anchors = np.diff(first, append=len(p))
    return list(zip(p[first].tolist(), t[first].tolist(), n_anchors.tolist(), strict=True))


def _find_longest_rise(p: list[int]) -> list[int]:
    """The indices of the longest rising chain of numbers that differ."""
    heads: list[int] = []  # the smallest number that ends a chain of each length
    last: list[int] = []
    before: list[int] = []
    for k, at in enumerate(p):
        length = bisect_left(heads, at)
        heads[length : length + 1] = [at]
        last[length : length + 1] = [k]
        before.append(last[length - 1] if length else -1)
    longest, k = [], last[-1]
    while k >= 0:
        longest.append(k)
        k = before[k]
    return longest[::-1]


def _hash_runs(words: Numbers, n: int) -> npt.NDArray[np.uint64]:
    """Hash the runs of n words."""
    hashed = np.zeros(len(words) - n + 1, np.uint64)
    for k in range(n):
        hashed = hashed * HASH_BASE + (words[k : len(words) - n + 1 + k].astype(np.uint64) + np.uint64(1))
    return hashed


def _single_runs(runs: npt.NDArray[np.uint64], places: Numbers) -> tuple[npt.NDArray[np.uint64], Numbers]:
    """The runs that stand once among those at some places, in order, and where they stand."""
    single, first, counts = np.unique(runs[places], return_index=True, return_counts=True)
    return single[counts == 1], places[first[counts == 1]]
