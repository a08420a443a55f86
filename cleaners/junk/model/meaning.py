"""Meaning of a passage beside its title, its lead and the rest of its page, read from a static table of word vectors.

Takes a page cut into units, gives a table of numbers; removes nothing. The table (`meaning.npz`) holds hashes of words, never
words. Array code throughout: no Python loop over units or tokens.
"""

from __future__ import annotations

import io
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cleaners.junk.page.reading import Reading, Units
from cleaners.junk.page.tokens import I64, U64, hash_words_of

F32 = npt.NDArray[np.float32]

# Units on both sides of a unit that are read with it.
WINDOWS = (0, 1, 3, 6)
# The lead: so many units of so many tokens or more, the first of the page; as in `likeness.py`.
_LEAD_UNITS, _LEAD_TOKENS = 4, 8
# Units before and behind a border whose meaning is compared.
_BORDER = 4
MEANING_FEATURES = (
    *(f"lead_{reach}" for reach in WINDOWS),
    *(f"rest_{reach}" for reach in WINDOWS),
    *(f"lead_{reach}_over_median" for reach in WINDOWS),
    *(f"rest_{reach}_over_median" for reach in WINDOWS),
    "before",
    "after",
    "border_before",
    "border_after",
    "known",
)
_RAW = 2 * len(WINDOWS)
_TINY = 1e-6  # squared length under which a side is nothing
_ROUNDING = 1e-5  # share of a squared length that rounding may leave of a difference
_SLOT_BITS = 18  # eight slots a word: half a megabyte more, and no binary search


class MeaningTable(NamedTuple):
    """Vectors of words, found by hash.

    `hashes` is (words + 1,), sorted, 0 behind the last; `vectors` (words + 1, dimensions) are directions times weights, zeros
    behind the last. `slots` (2 ** 18 + 1,) is the first row of each slot, by the upper bits of the hash. A common word ("the") is
    in no table: it says nothing and costs time.
    """

    hashes: npt.NDArray[np.uint32]
    vectors: F32
    slots: npt.NDArray[np.int32]


@lru_cache(maxsize=1)
def load_meaning() -> MeaningTable:
    """The table of the package."""
    content = (resources.files("cleaners.junk.model") / "meaning.npz").read_bytes()
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        wide = arrays["vectors"].astype(np.float32)
        return make_table(arrays["hashes"], wide, arrays["weights"].astype(np.float32) / np.float32(255))


def make_table(hashes: npt.NDArray[np.uint32], directions: F32, weights: F32) -> MeaningTable:
    """A table of words.

    Args:
        hashes: upper halves of the token hashes, (words,), sorted.
        directions: of any length, (words, dimensions).
        weights: how much each word says of a text's subject, (words,), 0 to 1.

    """
    length = np.sqrt(np.vecdot(directions, directions))
    vectors = directions * (weights / np.maximum(length, np.float32(_TINY)))[:, None]
    slots = np.searchsorted(hashes >> np.uint32(32 - _SLOT_BITS), np.arange((1 << _SLOT_BITS) + 1))
    return MeaningTable(
        np.append(hashes, np.uint32(0)),
        np.concatenate((vectors, np.zeros_like(vectors[:1]))),
        slots.astype(np.int32),
    )


def shorten(hashes: U64) -> npt.NDArray[np.uint32]:
    """The upper halves of token hashes: with 30,000 keys, one unknown word in 140,000 is taken for a known one."""
    return (hashes >> np.uint64(32)).astype(np.uint32)


def find_words(hashes: U64, table: MeaningTable) -> tuple[I64, I64]:
    """Which tokens the table knows, and their rows; both (tokens known,).

    Of the words in one slot the first two are found: with 30,000 in 2 ** 18 slots, all but some 60. Binary search finds
    all in four times the time.
    """
    short = shorten(hashes)
    rows = table.slots[short >> np.uint32(32 - _SLOT_BITS)]
    rows = rows + (table.hashes[rows] != short)
    known = np.flatnonzero(table.hashes[np.minimum(rows, len(table.hashes) - 1)] == short)
    return known, rows[known]


def find_meaning(reading: Reading, units: Units, table: MeaningTable | None = None) -> F32:
    """Features of meaning, (units, `MEANING_FEATURES`), all finite; cosines, 0 where a side has no known word.

    Args:
        reading: the page.
        units: its units.
        table: word vectors; the package's without it.

    """
    table = load_meaning() if table is None else table
    n_units = len(units.starts)
    found = np.zeros((n_units, len(MEANING_FEATURES)), dtype=np.float32)
    if not n_units or not len(reading.tokens.hashes):
        return found
    hashes, unit = reading.tokens.hashes, units.unit_of_token
    # The title is one more unit behind the page, so that its words are looked up with the others.
    known, rows = find_words(np.concatenate((hashes, hash_words_of(reading.page.title or ""))), table)
    bounds = np.searchsorted(unit, np.arange(n_units + 1))
    n_tokens = np.diff(bounds)
    bounds = np.searchsorted(known, np.append(bounds, np.iinfo(np.int64).max))
    n_known = np.diff(bounds)
    sums = np.zeros((n_units + 1, table.vectors.shape[1]), dtype=np.float32)
    filled = np.flatnonzero(n_known)
    if len(filled):
        sums[filled] = np.add.reduceat(table.vectors.take(rows, axis=0), bounds[filled], axis=0)
    vectors, title = sums[:-1], sums[-1]
    running = _running(vectors)
    windows = _windows(n_units)
    of_window = running.take(windows[1], axis=0)
    of_window -= running.take(windows[0], axis=0)  # (windows, units, dimensions)
    square = np.vecdot(of_window, of_window)

    # What a window is compared with never holds its own units: neither the lead nor the rest of the page.
    leads = np.flatnonzero(n_tokens >= _LEAD_TOKENS)[:_LEAD_UNITS]
    lead = vectors[leads].sum(axis=0) + title
    lead_size = np.full(windows.shape[1:], np.vecdot(lead, lead), dtype=np.float32)
    lead_dot = of_window @ lead
    # Further on no window reaches the lead.
    near = min(int(leads[-1]) + WINDOWS[-1] + 1, n_units) if len(leads) else 0
    if near:
        own = np.zeros((near, len(lead)), dtype=np.float32)
        own[leads] = vectors[leads]
        own_running = _running(own)
        other = lead - own_running.take(np.minimum(windows[1, :, :near], near), axis=0)
        other += own_running.take(windows[0, :, :near], axis=0)
        lead_size[:, :near] = np.vecdot(other, other)
        lead_dot[:, :near] = np.vecdot(of_window[:, :near], other)
    whole = running[-1]
    whole_dot, whole_size = of_window @ whole, np.vecdot(whole, whole)
    rest_size = whole_size - 2 * whole_dot + square
    # Differences of sums of 32 bits: what is left of rounding is nothing.
    rest_size[rest_size < _ROUNDING * whole_size] = 0
    lead_size[lead_size < _ROUNDING * np.vecdot(lead, lead)] = 0
    raw = found[:, :_RAW]
    raw[:, : len(WINDOWS)] = _cosine(lead_dot, square, lead_size).T
    raw[:, len(WINDOWS) :] = _cosine(whole_dot - square, square, rest_size).T
    found[:, _RAW : 2 * _RAW] = raw - _median(raw)

    at = 2 * _RAW
    here = np.arange(n_units + 1)
    before = running - running.take(
        np.maximum(here - _BORDER, 0), axis=0
    )  # before each border, (units + 1, dimensions)
    after = running.take(np.minimum(here + _BORDER, n_units), axis=0) - running
    before_size, after_size = np.vecdot(before, before), np.vecdot(after, after)
    found[:, at] = _cosine(np.vecdot(vectors, before[:-1]), square[0], before_size[:-1])
    found[:, at + 1] = _cosine(np.vecdot(vectors, after[1:]), square[0], after_size[1:])
    border = _cosine(np.vecdot(before, after), before_size, after_size)
    found[:, at + 2] = border[:-1]
    found[:, at + 3] = border[1:]
    found[:, at + 4] = n_known[:-1] / np.maximum(n_tokens, 1)
    return found


@lru_cache(maxsize=256)
def _windows(n_units: int) -> I64:
    """First unit of each window and the one behind its last, (2, windows, units)."""
    here, reach = np.arange(n_units), np.array(WINDOWS)[:, None]
    return np.stack((np.maximum(here - reach, 0), np.minimum(here + reach + 1, n_units)))


def _running(vectors: F32) -> F32:
    """Sums of all units before each unit, and of all, (units + 1, dimensions)."""
    running = np.zeros((len(vectors) + 1, vectors.shape[1]), dtype=np.float32)
    np.cumsum(vectors, axis=0, out=running[1:])
    return running


def _cosine(dots: F32, left: F32, right: F32) -> F32:
    """Cosines of products and squared lengths; 0 where a side is nothing."""
    sizes = left * right
    cosines: F32 = np.where(sizes > _TINY, dots / np.sqrt(np.maximum(sizes, np.float32(_TINY))), np.float32(0))
    return cosines


def _median(columns: F32) -> F32:
    """The lower median of each column."""
    middle = (len(columns) - 1) // 2
    median: F32 = np.partition(columns, middle, axis=0)[middle]
    return median
