"""Texts to hashed words and numbers, in arrays, without a Python object a word.

Takes texts, gives the 64-bit hash of every word in reading order, with which of them began with a capital, and the hashes
of the numbers; removes nothing. The hash of a word is a polynomial over its eight-byte blocks, so that all words of
many texts are hashed at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from cleaners.neardup.fold import (
    BLANK,
    CHARACTER_MARK,
    PADDING,
    Bools,
    Folded,
    Int64s,
    Raw,
    UInt8s,
    UInt32s,
    UInt64s,
    find_digits,
    fold_texts,
    sort_unique,
)

WORD_MULTIPLIER = 0x9E3779B97F4A7C15  # odd, so that no bit of a block is lost
LENGTH_MULTIPLIER = 0xD6E8FEB86659FD93
LAST_MULTIPLIER = 0xFF51AFD7ED558CCD
MASK64 = (1 << 64) - 1
BYTES_KEPT = np.array([(1 << 8 * n) - 1 for n in range(9)], np.uint64)  # of a block, the lowest n bytes
BLOCKS_IN_TURN = 4  # of all words at once; what few words have beyond is added up word by word
IS_BETWEEN_DIGITS = np.isin(np.arange(256), [ord(c) for c in ".,/:"])


class Words(NamedTuple):
    """The words of some texts: those of text `i` are numbered `offsets[i]` to `offsets[i + 1]`.

    Attributes:
        offsets: one more than there are texts.
        hashes: `hash_word` of each.
        is_name: whether it began with a capital letter.
        is_character: whether it is a character of a script without spaces.
    """

    offsets: Int64s
    hashes: UInt64s
    is_name: Bools
    is_character: Bools


class HashedSets(NamedTuple):
    """Sets of hashes, one a text: set `i` is `values[offsets[i]:offsets[i + 1]]`, sorted and without repeats."""

    offsets: Int64s
    values: UInt32s

    @property
    def sizes(self) -> Int64s:
        """Elements of each set."""
        return np.diff(self.offsets)


def read_words(texts: pl.Series, raw: Raw | None = None) -> Words:
    """Split texts into words and hash them.

    Args:
        texts: strings; null counts as empty.
        raw: `join_texts` of them, if the caller has it already.
    """
    folded = fold_texts(texts, raw)
    is_word = np.zeros(len(folded.data) + 1, bool)  # nothing stands before the first byte; the last one is a blank
    np.greater(folded.data, np.uint8(BLANK), out=is_word[1:])
    edges = np.flatnonzero(is_word[1:] != is_word[:-1])
    starts, ends = edges[0::2], edges[1::2]
    is_mark = folded.data == ord(CHARACTER_MARK)
    return Words(
        offsets=np.searchsorted(starts, folded.bounds),
        hashes=_hash_words(folded, starts, ends),
        is_name=folded.is_capital[starts],
        is_character=is_mark[starts] if is_mark.any() else np.zeros(len(starts), bool),
    )


def hash_word(word: bytes) -> int:
    """Compute the 64-bit hash of one word, as `read_words` does for all at once.

    The word is cut into blocks of eight bytes, the last filled up with zeros; block `i` (from 0, its first byte the
    lowest) counts `WORD_MULTIPLIER**(i + 1)` times, the length `LENGTH_MULTIPLIER` times; the sum modulo 2**64, with its
    upper half laid over the lower, is multiplied once more.

    Args:
        word: a word of a normalised text, in UTF-8.
    """
    total, power = len(word) * LENGTH_MULTIPLIER, 1
    for start in range(0, len(word), 8):
        power = power * WORD_MULTIPLIER & MASK64
        total += int.from_bytes(word[start : start + 8], "little") * power
    total &= MASK64
    return (total ^ (total >> 32)) * LAST_MULTIPLIER & MASK64


def mix(total: int) -> int:
    """Mix 64 bits by MurmurHash3's finaliser."""
    total = ((total ^ (total >> 33)) * 0xFF51AFD7ED558CCD) & MASK64
    total = ((total ^ (total >> 33)) * 0xC4CEB9FE1A85EC53) & MASK64
    return total ^ (total >> 33)


def mix_all(totals: UInt64s) -> UInt64s:
    """`mix` of many."""
    mixed = totals ^ (totals >> np.uint64(33))
    mixed *= np.uint64(0xFF51AFD7ED558CCD)
    mixed ^= mixed >> np.uint64(33)
    mixed *= np.uint64(0xC4CEB9FE1A85EC53)
    mixed ^= mixed >> np.uint64(33)
    return mixed


def collect_sets(offsets: Int64s, hashes: UInt64s, chosen: Bools | None = None) -> HashedSets:
    """Make a set of 32-bit hashes of each text's 64-bit ones.

    Args:
        offsets: the hashes of text `i` are numbered `offsets[i]` to `offsets[i + 1]`.
        hashes: of which the upper 32 bits are kept.
        chosen: which of them to take; None takes all.
    """
    n = len(offsets) - 1
    owners = np.repeat(np.arange(n, dtype=np.uint64), np.diff(offsets))
    keys = (owners << np.uint64(32)) | (hashes >> np.uint64(32))
    return split_keys(sort_unique(keys if chosen is None else keys[chosen]), n)


def split_keys(keys: UInt64s, n: int) -> HashedSets:
    """Make `n` sets of distinct, sorted keys `set << 32 | hash`."""
    starts = np.searchsorted(keys, np.arange(n + 1, dtype=np.uint64) << np.uint64(32))
    return HashedSets(starts.astype(np.int64), keys.astype(np.uint32))


def join_sets(parts: list[HashedSets]) -> HashedSets:
    """The sets of all parts, one after another."""
    sizes = np.concatenate([part.sizes for part in parts])
    return HashedSets(count_up(sizes), np.concatenate([part.values for part in parts]))


def count_up(sizes: Int64s | Bools) -> Int64s:
    """Where parts of these sizes begin when they lie end to end, and where the last ends."""
    ends = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=ends[1:])
    return ends


def read_numbers(raw: Raw) -> HashedSets:
    """Hash the numbers of texts to sets: digits in a row, single `.`, `/` or `:` between them; commas do not count.

    Args:
        raw: the texts, as `join_texts` gives them.
    """
    digits = find_digits(raw)
    if not len(digits):
        return HashedSets(np.zeros(len(raw.bounds), np.int64), np.zeros(0, np.uint32))
    gap = np.diff(digits)
    between = raw.data[digits[:-1] + 1]
    linked = (gap == 2) & IS_BETWEEN_DIGITS[between]
    opens = np.flatnonzero(np.concatenate([np.ones(1, bool), ~((gap == 1) | linked)]))
    # A sign between two digits counts with the first of them.
    values = raw.data[digits].astype(np.uint64)
    values[:-1] += np.where(linked & (between != ord(",")), between, 0).astype(np.uint64) << np.uint64(8)
    lengths = np.diff(np.append(opens, len(digits)))
    place = np.arange(len(digits)) - np.repeat(opens, lengths)
    totals = np.add.reduceat(values * _powers(int(lengths.max()))[place], opens)
    owner = np.searchsorted(raw.bounds, digits[opens], side="right") - 1
    return collect_sets(np.searchsorted(owner, np.arange(len(raw.bounds))), mix_all(totals))


def _hash_words(folded: Folded, starts: Int64s, ends: Int64s) -> UInt64s:
    """`hash_word` of the words between `starts` and `ends`."""
    blocks = _read_blocks(folded.data)
    lengths = ends - starts
    totals = blocks[starts]
    totals &= BYTES_KEPT[np.minimum(lengths, 8)]
    totals *= np.uint64(WORD_MULTIPLIER)
    longer, done = np.flatnonzero(lengths > 8), 8
    for power in _powers(BLOCKS_IN_TURN)[1:]:
        values = blocks[starts[longer] + done] & BYTES_KEPT[np.minimum(lengths[longer] - done, 8)]
        totals[longer] += values * power
        done += 8
        longer = longer[lengths[longer] > done]
        if not len(longer):
            break
    if len(longer):
        totals[longer] += _hash_rest(blocks, starts[longer], lengths[longer], done)
    totals += lengths.astype(np.uint64) * np.uint64(LENGTH_MULTIPLIER)
    totals ^= totals >> np.uint64(32)
    totals *= np.uint64(LAST_MULTIPLIER)
    hashes: UInt64s = totals
    return hashes


def _hash_rest(blocks: UInt64s, starts: Int64s, lengths: Int64s, done: int) -> UInt64s:
    """What the blocks from the byte `done` on add to the hashes of words that are longer, all at once."""
    more = (lengths - done - 1) // 8 + 1
    first = np.cumsum(more) - more
    block = np.arange(int(more.sum())) - np.repeat(first, more) + done // 8
    left = np.repeat(lengths, more) - 8 * block
    values = blocks[np.repeat(starts, more) + 8 * block] & BYTES_KEPT[np.minimum(left, 8)]
    sums: UInt64s = np.add.reduceat(values * _powers(int(block.max()) + 1)[block], first)
    return sums


def _read_blocks(data: UInt8s) -> UInt64s:
    """The eight bytes from each byte on, as one number; the padding makes the last of them whole."""
    return np.ndarray((len(data) - PADDING + 8,), "<u8", np.ascontiguousarray(data), 0, (1,))


def _powers(n: int) -> UInt64s:
    """The first `n` powers of the multiplier, from its first."""
    return np.cumprod(np.full(n, WORD_MULTIPLIER, np.uint64), dtype=np.uint64)
