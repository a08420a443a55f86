"""A text to its places on its page: takes blocks and lines, gives for each word of the lines its place in the blocks.

Anchors are runs of words that stand once on each side, in the same order on both; between anchors shorter runs decide.
Linear but for the sorting of anchors: repeated text without an anchor stays unmatched, it is never compared by pairs.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cleaners.extract.blocks.blocks import Array, Block, Numbers

RUNS = (5, 2, 1)  # words of an anchor, over the whole texts and in what lies between anchors
WORD_OR_END = re.compile(r"\w+|\n")
NO_WORD = -1  # stands for the end of a text
MAX_GAPS = 4_000  # gaps looked into; a page of nothing but differences costs no more
HASH_BASE = np.uint64(0x9E3779B97F4A7C15)


class Aligned(NamedTuple):
    """Places of an extracted text's words among the blocks."""

    words: Numbers  # word numbers of all blocks, in page order
    owners: Numbers  # the block of each
    places: Numbers  # for each word of the text its index in `words`, or -1
    lines: Numbers  # the line of each word of the text
    kept: Array  # share of each block's words that the text holds
    strings: list[list[str]]  # the words of each block in small letters


def align_blocks(blocks: list[Block], lines: list[str]) -> Aligned:
    """Find the words of a text's lines in the blocks of its page.

    Args:
        blocks: the page's blocks.
        lines: the text extracted from it.
    """
    of_page, of_text = _split_words([block.text for block in blocks]), _split_words(lines)
    distinct = dict.fromkeys(chain(of_page, of_text))
    distinct.pop("\n", None)
    numbers = {word: n for n, word in enumerate(distinct)} | {"\n": NO_WORD}
    page, owner, ends = _number(of_page, numbers)
    text, of_line, _ = _number(of_text, numbers)
    places = align_words(page, text)
    n_words = np.bincount(owner, minlength=len(blocks))
    held = np.bincount(owner[places[places >= 0]], minlength=len(blocks))
    strings = [of_page[start:end] for start, end in zip([0, *(end + 1 for end in ends)], ends, strict=False)]
    return Aligned(page, owner, places, of_line, held / np.maximum(n_words, 1), strings)


def _split_words(texts: list[str]) -> list[str]:
    """The words of texts without line ends in small letters, a line end behind those of each: one search for all of them."""
    return WORD_OR_END.findall("\n".join([*texts, ""]).casefold())


def _number(words: list[str], numbers: dict[str, int]) -> tuple[Numbers, Numbers, list[int]]:
    """Number the words of several texts, with the text of each, and say where each text ends."""
    numbered = np.fromiter(map(numbers.__getitem__, words), np.int64, len(words))
    is_end = numbered == NO_WORD
    return numbered[~is_end], np.cumsum(is_end)[~is_end], np.flatnonzero(is_end).tolist()


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
        for p_at, t_at in anchors:
            p, t = p0 + p_at, t0 + t_at
            if t < t_from or p < p_from:  # inside the run of the anchor before
                continue
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


def _anchors(page: Numbers, text: Numbers, n: int) -> list[tuple[int, int]]:
    """Pair the runs of n words that stand once on each side, and keep the longest chain in the order of both."""
    if len(page) < n or len(text) < n:
        return []
    page_runs, page_at = _single_runs(page, n)
    text_runs, text_at = _single_runs(text, n)
    _, i, j = np.intersect1d(page_runs, text_runs, assume_unique=True, return_indices=True)
    order = np.argsort(text_at[j])
    p, t = page_at[i][order].tolist(), text_at[j][order].tolist()
    if np.all(np.diff(page_at[i][order]) > 0):
        return list(zip(p, t, strict=True))
    heads: list[int] = []  # the smallest page index that ends a chain of each length
    last: list[int] = []
    before: list[int] = []
    for k, at in enumerate(p):
        length = bisect_left(heads, at)
        heads[length : length + 1] = [at]
        last[length : length + 1] = [k]
        before.append(last[length - 1] if length else -1)
    chain, k = [], last[-1]
    while k >= 0:
        chain.append((p[k], t[k]))
        k = before[k]
    return chain[::-1]


def _single_runs(words: Numbers, n: int) -> tuple[npt.NDArray[np.uint64], Numbers]:
    """Hash the runs of n words that stand once, with their places."""
    hashed = np.zeros(len(words) - n + 1, np.uint64)
    for k in range(n):
        hashed = hashed * HASH_BASE + (words[k : len(words) - n + 1 + k].astype(np.uint64) + np.uint64(1))
    runs, places, counts = np.unique(hashed, return_index=True, return_counts=True)
    single = counts == 1
    return runs[single], places[single].astype(np.int64)
