"""Texts to hashed words and numbers, in arrays, without a Python object a word.

Takes texts, gives the 64-bit hash of every word in reading order, with which of them began with a capital or stand in
quotation marks, and the hashes of the numbers; removes nothing. The hash of a word is a polynomial over its eight-byte
blocks, so that all words of many texts are hashed at once.
"""

from __future__ import annotations

from itertools import pairwise
from types import ModuleType
from typing import NamedTuple

import numpy as np
import polars as pl

from cleaners.neardup import kernel
from cleaners.neardup.constants import (
    BYTES_KEPT,
    IS_BETWEEN_DIGITS,
    LAST_MULTIPLIER,
    LENGTH_MULTIPLIER,
    LONGEST_UNCLOSED,
    MIXERS,
    OPENING,
    WORD_MULTIPLIER,
)
from cleaners.neardup.text.fold import (
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
    get_tables,
    join_texts,
    learn_characters,
    view_texts,
)

MASK64 = (1 << 64) - 1

BLOCKS_IN_TURN = 4  # of all words at once; what few words have beyond is added up word by word


class Words(NamedTuple):
    """The words of some texts: those of text `i` are numbered `offsets[i]` to `offsets[i + 1]`.

    Attributes:
        offsets: one more than there are texts.
        hashes: `hash_word` of each.
        is_name: whether it began with a capital letter.
        is_character: whether it is a character of a script without spaces.
        is_quoted: whether it stands in quotation marks.
    """

    offsets: Int64s
    hashes: UInt64s
    is_name: Bools
    is_character: Bools
    is_quoted: Bools


class HashedSets(NamedTuple):
    """Sets of hashes, one a text: set `i` is `values[offsets[i]:offsets[i + 1]]`, sorted and without repeats."""

    offsets: Int64s
    values: UInt32s

    @property
    def sizes(self) -> Int64s:
        """Elements of each set."""
        return np.diff(self.offsets)


def read_words(texts: pl.Series) -> Words:
    """Split texts into words and hash them.

    Args:
        texts: strings; null counts as empty.
    """
    compiled = kernel.find()
    return _read_words(texts) if compiled is None else _read_compiled(compiled, texts)


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
    for mixer in MIXERS:
        total = ((total ^ (total >> 33)) * mixer) & MASK64
    return total ^ (total >> 33)


def mix_all(totals: UInt64s) -> UInt64s:
    """`mix` of many."""
    mixed = totals ^ (totals >> np.uint64(33))
    for mixer in MIXERS:
        mixed *= np.uint64(mixer)
        mixed ^= mixed >> np.uint64(33)
    return mixed


def collect_sets(
    offsets: Int64s, hashes: UInt64s, chosen: Bools | None = None, numbers: Int64s | None = None
) -> HashedSets:
    """Make a set of 32-bit hashes of each text's 64-bit ones.

    Args:
        offsets: the hashes of text `i` are numbered `offsets[i]` to `offsets[i + 1]`.
        hashes: of which the upper 32 bits are kept.
        chosen: which of them to take; None takes all.
        numbers: of which texts, ascending; None takes all.
    """
    compiled = kernel.find()
    if compiled is not None:
        starts, stops = (offsets[:-1], offsets[1:]) if numbers is None else (offsets[numbers], offsets[numbers + 1])
        values, ends = np.empty(int((stops - starts).sum()) + 1, np.uint32), np.empty(len(starts), np.int64)
        is_chosen = np.ones(len(hashes), bool) if chosen is None else chosen
        compiled.collect_sets(starts, stops, hashes, is_chosen, values, ends)
        return end_sets(values, ends)
    values = (hashes >> np.uint64(32)).astype(np.uint32)
    if numbers is not None:
        sizes = np.diff(offsets)
        kept, offsets = mark_runs(sizes, numbers), count_up(sizes[numbers])
        values, chosen = values[kept], None if chosen is None else chosen[kept]
    if chosen is not None:
        values, offsets = values[chosen], count_up(chosen)[offsets]
    sort_runs(values, offsets)
    is_first = mark_first(values, offsets)
    return HashedSets(count_up(is_first)[offsets], values[is_first])


def choose_sets(sets: HashedSets, numbers: Int64s) -> HashedSets:
    """Take some of the sets, by their numbers, ascending."""
    compiled = kernel.find()
    offsets = count_up(sets.sizes[numbers])
    if compiled is None:
        return HashedSets(offsets, sets.values[mark_runs(sets.sizes, numbers)])
    values = np.empty(int(offsets[-1]), np.uint32)
    compiled.copy_runs(sets.offsets[numbers], sets.offsets[numbers + 1], sets.values, values)
    return HashedSets(offsets, values)


def mark_runs(sizes: Int64s, numbers: Int64s) -> Bools:
    """Mark, in runs of these sizes end to end, the places that belong to the runs of these numbers."""
    is_chosen = np.zeros(len(sizes), bool)
    is_chosen[numbers] = True
    return np.repeat(is_chosen, sizes)


def sort_runs(values: UInt32s | UInt64s, offsets: Int64s) -> None:
    """Sort what lies between each offset and the next, in place.

    Run by run in the processor's nearest cache: all at once, by keys that name the run, takes five to ten times as long.
    """
    bounds = offsets.tolist()
    for start, stop in pairwise(bounds):
        values[start:stop].sort()


def mark_first(values: UInt32s | UInt64s, offsets: Int64s) -> Bools:
    """Mark the first of equal values in each sorted run."""
    is_first = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=is_first[1:])
    is_first[offsets[:-1][offsets[:-1] < offsets[1:]]] = True
    return is_first


def end_sets(values: UInt32s, ends: Int64s) -> HashedSets:
    """Make sets of values end to end, from where each ends."""
    offsets = np.concatenate([np.zeros(1, np.int64), ends])
    return HashedSets(offsets, values[: offsets[-1]].copy())


def join_sets(parts: list[HashedSets]) -> HashedSets:
    """The sets of all parts, one after another."""
    sizes = np.concatenate([part.sizes for part in parts])
    return HashedSets(count_up(sizes), np.concatenate([part.values for part in parts]))


def count_up(sizes: Int64s | Bools) -> Int64s:
    """Return where parts of these sizes begin when they lie end to end, and where the last ends."""
    ends = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=ends[1:])
    return ends


def read_numbers(texts: pl.Series) -> HashedSets:
    """Hash the numbers of texts to sets: digits in a row, single `.`, `/` or `:` between them; commas do not count.

    Args:
        texts: strings; null counts as empty.
    """
    compiled = kernel.find()
    return _read_numbers(join_texts(texts)) if compiled is None else _read_numbers_compiled(compiled, view_texts(texts))


def _read_words(texts: pl.Series) -> Words:
    folded = fold_texts(texts)
    is_word = np.zeros(len(folded.data) + 1, bool)  # nothing stands before the first byte; the last one is a blank
    np.greater(folded.data, np.uint8(BLANK), out=is_word[1:])
    edges = np.flatnonzero(is_word[1:] != is_word[:-1])
    starts, ends = edges[0::2], edges[1::2]
    is_mark = folded.data == ord(CHARACTER_MARK)
    offsets = np.searchsorted(starts, folded.bounds)
    return Words(
        offsets=offsets,
        hashes=_hash_words(folded, starts, ends),
        is_name=folded.is_capital[starts],
        is_character=is_mark[starts] if is_mark.any() else np.zeros(len(starts), bool),
        is_quoted=_find_quoted(folded, starts, offsets),
    )


def _find_quoted(folded: Folded, starts: Int64s, offsets: Int64s) -> Bools:
    """Which words follow an opening mark and no other: up to the next, or LONGEST_UNCLOSED where that opens again or is missing."""
    marks = np.flatnonzero(folded.data < BLANK)
    is_opening = folded.data[marks] == OPENING
    words, texts = np.searchsorted(starts, marks), np.searchsorted(folded.bounds, marks, side="right")
    has_next = np.flatnonzero(texts[1:] == texts[:-1])
    last = offsets[texts]
    last[has_next] = words[has_next + 1]
    is_closed = np.zeros(len(marks), bool)
    is_closed[has_next] = ~is_opening[has_next + 1]
    ends = np.where(is_closed, last, np.minimum(last, words + LONGEST_UNCLOSED))
    steps = np.zeros(len(starts) + 1, np.int8)
    np.add.at(steps, words[is_opening], 1)
    np.subtract.at(steps, ends[is_opening], 1)
    return np.cumsum(steps[:-1], dtype=np.int8).view(bool)


def _read_compiled(compiled: ModuleType, texts: pl.Series) -> Words:
    """`_read_words` in machine code, but for the texts that tables alone do not fold."""
    raw = view_texts(texts)
    n_bytes = np.diff(raw.bounds)
    plain = np.empty(int(n_bytes.max(initial=0)) + PADDING, np.uint8)
    room = int(n_bytes.sum() + len(n_bytes)) // 2  # a word takes a byte and, but for the last, a blank
    hashes, is_name, is_quoted = np.empty(room, np.uint64), np.empty(room, bool), np.empty(room, bool)
    n_words = np.empty(len(n_bytes), np.int64)
    into = (plain, _read_blocks(plain), hashes, is_name, is_quoted, n_words)
    if not compiled.read_words(raw.data, raw.bounds, *get_tables(), *into):
        compiled.read_words(raw.data, raw.bounds, *learn_characters(raw), *into)
    odd = np.flatnonzero(n_words < 0)
    if not len(odd):
        n = int(n_words.sum())
        return Words(count_up(n_words), hashes[:n].copy(), is_name[:n].copy(), np.zeros(n, bool), is_quoted[:n].copy())
    others = _read_words(texts.gather(odd))
    n_found, is_odd = int(n_words[n_words > 0].sum()), n_words < 0
    n_words[odd] = np.diff(others.offsets)
    from_odd = np.repeat(is_odd, n_words)
    words = Words(
        count_up(n_words),
        np.empty(len(from_odd), np.uint64),
        from_odd.copy(),
        is_character=from_odd.copy(),
        is_quoted=from_odd.copy(),
    )
    words.hashes[~from_odd], words.hashes[from_odd] = hashes[:n_found], others.hashes
    words.is_name[~from_odd], words.is_name[from_odd] = is_name[:n_found], others.is_name
    words.is_character[from_odd] = others.is_character
    words.is_quoted[~from_odd], words.is_quoted[from_odd] = is_quoted[:n_found], others.is_quoted
    return words


def _read_numbers(raw: Raw) -> HashedSets:
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


def _read_numbers_compiled(compiled: ModuleType, raw: Raw) -> HashedSets:
    hashes = np.empty(len(raw.data) // 2 + len(raw.bounds), np.uint64)
    ends = np.empty(len(raw.bounds) - 1, np.int64)
    if not compiled.read_numbers(raw.data, raw.bounds, get_tables()[0], hashes, ends):
        compiled.read_numbers(raw.data, raw.bounds, learn_characters(raw)[0], hashes, ends)
    offsets = np.concatenate([np.zeros(1, np.int64), ends])
    return collect_sets(offsets, hashes[: offsets[-1]])


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
    """Return what the blocks from the byte `done` on add to the hashes of words that are longer, all at once."""
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
