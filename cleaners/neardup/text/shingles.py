"""Texts to sets of hashed shingles.

Takes texts, gives one set of 32-bit shingle hashes a text; removes nothing. A shingle is some folded words in a row, or
some characters in scripts that write without spaces.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from cleaners.neardup import kernel
from cleaners.neardup.config import NearDuplicateConfig
from cleaners.neardup.constants import MULTIPLIER
from cleaners.neardup.text.chunks import run_all
from cleaners.neardup.text.fold import CHARACTER_MARK, Bools, Int64s, UInt64s, normalise_texts, sort_unique
from cleaners.neardup.text.words import (
    MASK64,
    HashedSets,
    Words,
    count_up,
    end_sets,
    hash_word,
    mix,
    mix_all,
    split_keys,
)

ELEMENTS_AT_ONCE = 1 << 18  # their keys stay in the processor's cache


class Reading(NamedTuple):
    """The words of some texts and their shingles."""

    words: Words
    shingles: HashedSets


def hash_shingle(shingle: bytes) -> int:
    """Compute the documented 32-bit hash of a shingle: give it to `datasketch.MinHash(hashfunc=hash_shingle)`.

    A polynomial of the hashes of its words (`words.hash_word`), `((w0 * M) + w1) * M + w2 ...` modulo 2**64, mixed by
    MurmurHash3's 64-bit finaliser, of which the upper 32 bits are kept.

    Args:
        shingle: a shingle in UTF-8, as `list_shingles` gives it.
    """
    total = 0
    for word in shingle.split(b" "):
        total = (total * MULTIPLIER + hash_word(word)) & MASK64
    return mix(total) >> 32


def list_shingles(text: str, config: NearDuplicateConfig) -> list[bytes]:
    """List the shingles of one text in reading order, repeats included: what `hash_shingles` hashes.

    A text with fewer words than a shingle is one shingle as a whole; a text without a word has none.

    Args:
        text: any text.
        config: the lengths of a shingle.
    """
    words = normalise_texts(pl.Series([text], dtype=pl.String))[0].split(" ")
    if words == [""]:
        return []
    shingles = []
    for i, word in enumerate(words):
        n = config.characters_per_shingle if word.startswith(CHARACTER_MARK) else config.words_per_shingle
        if i + n <= len(words):
            shingles.append(" ".join(words[i : i + n]).encode())
    return shingles or [" ".join(words).encode()]


def hash_shingles(words: Words, config: NearDuplicateConfig, chosen: Bools | None = None) -> HashedSets:
    """Hash the shingles of texts to sets.

    Args:
        words: the texts' words.
        config: the lengths of a shingle.
        chosen: for each word whether to take the shingle that begins with it; None takes all.
    """
    n_texts = len(words.offsets) - 1
    chosen = np.ones(len(words.hashes), bool) if chosen is None else chosen
    compiled = kernel.find()
    if compiled is not None:
        values, ends = np.empty(len(words.hashes), np.uint32), np.empty(n_texts, np.int64)
        runs = (config.words_per_shingle, config.characters_per_shingle)
        compiled.hash_shingles(words.offsets, words.hashes, words.is_character, chosen, *runs, values, ends)
        return end_sets(values, ends)
    sizes = np.diff(words.offsets)
    totals, whole = _hash_runs(words, config.words_per_shingle)
    if words.is_character.any():
        others, others_whole = _hash_runs(words, config.characters_per_shingle)
        totals = np.where(words.is_character, others, totals)
        whole = np.where(words.is_character, others_whole, whole)
    n_whole = np.diff(count_up(whole)[words.offsets])
    without = np.flatnonzero((n_whole == 0) & (sizes > 0))
    without = without[chosen[words.offsets[without]]]
    whole &= chosen
    keys = _key(np.repeat(np.arange(n_texts, dtype=np.uint64), sizes)[whole], totals[whole])
    if len(without):
        keys = np.concatenate([keys, _hash_whole_texts(words, without)])
    return split_keys(sort_unique(keys), n_texts)


def find_quoted(words: Words, config: NearDuplicateConfig) -> Bools:
    """Mark the words with which a shingle begins that holds a quoted word."""
    found = _reach(words.is_quoted, config.words_per_shingle)
    if words.is_character.any():
        found = np.where(words.is_character, _reach(words.is_quoted, config.characters_per_shingle), found)
    return found


def find_opening(words: Words, n: int) -> Bools:
    """Mark the first `n` words of each text."""
    places = words.offsets[:-1, None] + np.arange(n)
    found = np.zeros(len(words.hashes), bool)
    found[places[places < words.offsets[1:, None]]] = True
    return found


def count_shared(left_sets: HashedSets, left: Int64s, right_sets: HashedSets, right: Int64s) -> Int64s:
    """Count for each pair how many elements of set `left` are also in set `right`.

    Args:
        left_sets: the sets that `left` numbers.
        left: set numbers, one a pair; give the smaller sets here, the cost is theirs.
        right_sets: the sets that `right` numbers.
        right: set numbers, one a pair.
    """
    compiled = kernel.find()
    shared = np.zeros(len(left), np.int64)
    order = np.argsort(right, kind="stable")  # queries in the order of the keys are answered from the cache
    costs = np.cumsum(left_sets.sizes[left[order]] + right_sets.sizes[right[order]])
    blocks = np.searchsorted(costs, np.arange(ELEMENTS_AT_ONCE, costs[-1] if len(costs) else 0, ELEMENTS_AT_ONCE))

    def count(pairs: Int64s) -> None:
        if compiled is None:
            shared[pairs] = _count_shared(left_sets, left[pairs], right_sets, right[pairs])
            return
        found = np.empty(len(pairs), np.int64)
        compiled.count_shared(*left_sets, left[pairs], *right_sets, right[pairs], found)
        shared[pairs] = found

    run_all(count, [pairs for pairs in np.split(order, blocks) if len(pairs)])
    return shared


def _count_shared(left_sets: HashedSets, left: Int64s, right_sets: HashedSets, right: Int64s) -> Int64s:
    """`count_shared` where `right` is sorted."""
    opens = np.diff(right, prepend=-1) != 0
    place = np.cumsum(opens).astype(np.uint64) - np.uint64(1)
    elements, owners = _gather(right_sets, right[opens])
    keys = (owners.astype(np.uint64) << np.uint64(32)) | right_sets.values[elements]
    elements, owners = _gather(left_sets, left)
    if not len(keys):
        return np.zeros(len(left), np.int64)
    queries = (place[owners] << np.uint64(32)) | left_sets.values[elements]
    found = np.searchsorted(keys, queries)
    hit = keys[np.minimum(found, len(keys) - 1)] == queries
    return np.bincount(owners[hit], minlength=len(left))


def _reach(flags: Bools, n: int) -> Bools:
    """Mark each place whose flag, or one of the `n - 1` after it, is set; runs over the ends of texts, where no shingle begins."""
    reached = flags.copy()
    for step in range(1, n):
        reached[: max(0, len(flags) - step)] |= flags[step:]
    return reached


def _hash_runs(words: Words, n: int) -> tuple[UInt64s, Bools]:
    """The polynomial of `n` words from each word on, not yet mixed, and whether its text has as many."""
    totals = words.hashes.copy()
    whole = np.ones(len(totals), bool)
    for step in range(1, n):
        totals *= np.uint64(MULTIPLIER)
        totals[: max(0, len(totals) - step)] += words.hashes[step:]
        last = words.offsets[1:] - step
        whole[last[last >= words.offsets[:-1]]] = False
    return totals, whole


def _hash_whole_texts(words: Words, numbers: Int64s) -> UInt64s:
    """Keys of the texts that are shorter than a shingle."""
    sizes = np.diff(words.offsets)[numbers]
    totals = np.zeros(len(numbers), np.uint64)
    for step in range(int(sizes.max())):
        longer = np.flatnonzero(sizes > step)
        totals[longer] = totals[longer] * np.uint64(MULTIPLIER) + words.hashes[words.offsets[numbers[longer]] + step]
    return _key(numbers.astype(np.uint64), totals)


def _key(owners: UInt64s, totals: UInt64s) -> UInt64s:
    keys = mix_all(totals)
    keys >>= np.uint64(32)
    keys |= owners << np.uint64(32)
    return keys


def _gather(sets: HashedSets, numbers: Int64s) -> tuple[Int64s, Int64s]:
    """Return where the elements of the numbered sets stand, one after another, and which of `numbers` each belongs to."""
    sizes = sets.sizes[numbers]
    owners = np.repeat(np.arange(len(numbers)), sizes)
    within = np.arange(len(owners)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return sets.offsets[numbers][owners] + within, owners
