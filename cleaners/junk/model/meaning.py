"""Meaning of a passage beside its title, its lead and the rest of its page, read from a static table of word vectors.

Takes pages cut into units, gives a table of numbers; removes nothing. The table (`meaning.npz`) holds hashes of words, never
words. Array code throughout: no Python loop over units or tokens.
"""

from __future__ import annotations

import io
from functools import lru_cache
from importlib import resources
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cleaners.junk.page.reading import Reading, Units
from cleaners.junk.page.segments import bound, is_early, spread
from cleaners.junk.page.tokens import I64, U64

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
_STEPS = 256  # units of a page up to which those of all pages are added a step at a time
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
    rows = table.slots.take(short >> np.uint32(32 - _SLOT_BITS)).astype(np.int64)
    rows += table.hashes.take(rows) != short
    known = np.flatnonzero(table.hashes.take(rows, mode="clip") == short)
    return known, rows[known]


def find_meaning(reading: Reading, units: Units, table: MeaningTable | None = None) -> F32:
    """Features of meaning, (units, `MEANING_FEATURES`), all finite; cosines, 0 where a side has no known word.

    Args:
        reading: the pages.
        units: their units.
        table: word vectors; the package's without it.

    """
    table = load_meaning() if table is None else table
    n_units, n_pages = len(units.starts), len(reading.pages)
    found = np.zeros((n_units, len(MEANING_FEATURES)), dtype=np.float32, order="F")
    if not n_units or not len(reading.tokens.hashes):
        return found
    sums, n_known, n_tokens = _add_words(reading, units, table)
    vectors, titles = sums[:n_units], sums[n_units:]
    is_lead = is_early(n_tokens >= _LEAD_TOKENS, units.bounds, _LEAD_UNITS)
    own = np.where(is_lead[:, None], vectors, np.float32(0))
    running, own_running = np.split(_running(np.concatenate((vectors, own), axis=1), units.bounds), 2, axis=1)

    # A page of n units has n + 1 rows of sums: before each unit, and of all.
    page = spread(np.arange(n_pages), units.bounds)
    here, low, high = (
        np.arange(n_units),
        spread(units.bounds[:-1], units.bounds),
        spread(units.bounds[1:], units.bounds),
    )
    reach = np.array(WINDOWS)[:, None]
    first, last = np.maximum(here - reach, low) + page, np.minimum(here + reach + 1, high) + page
    of_window = running.take(last, axis=0)
    of_window -= running.take(first, axis=0)  # (windows, units, dimensions)
    square = np.vecdot(of_window, of_window)

    # What a window is compared with never holds its own units: neither the lead nor the rest of the page.
    ends = units.bounds[1:] + np.arange(n_pages)
    leads, wholes = own_running[ends] + titles, running[ends]  # (pages, dimensions)
    lead_dot, whole_dot = np.empty_like(square), np.empty_like(square)
    for number, (start, end) in enumerate(pairwise(units.bounds.tolist())):
        lead_dot[:, start:end] = of_window[:, start:end] @ leads[number]
        whole_dot[:, start:end] = of_window[:, start:end] @ wholes[number]
    sizes, whole_size = (spread(np.vecdot(each, each), units.bounds) for each in (leads, wholes))
    lead_size = np.tile(sizes, (len(WINDOWS), 1))
    # Further on no window reaches the lead.
    last_lead = np.full(n_pages, -n_units)
    last_lead[page[is_lead]] = here[is_lead]
    near = np.flatnonzero(here <= last_lead[page] + WINDOWS[-1])
    other = leads[page[near]] - own_running.take(last[:, near], axis=0)
    other += own_running.take(first[:, near], axis=0)
    lead_size[:, near] = np.vecdot(other, other)
    lead_dot[:, near] = np.vecdot(of_window[:, near], other)
    rest_size = whole_size - 2 * whole_dot + square
    # Differences of sums of 32 bits: what is left of rounding is nothing.
    rest_size[rest_size < _ROUNDING * whole_size] = 0
    lead_size[lead_size < _ROUNDING * sizes] = 0
    raw = found[:, :_RAW]
    raw[:, : len(WINDOWS)] = _cosine(lead_dot, square, lead_size).T
    raw[:, len(WINDOWS) :] = _cosine(whole_dot - square, square, rest_size).T
    medians = np.stack([_median(raw[start:end]) for start, end in pairwise(units.bounds.tolist())])
    found[:, _RAW : 2 * _RAW] = raw - spread(medians, units.bounds)

    # What stands before and behind each border, (units + pages, dimensions).
    border_page = np.repeat(np.arange(n_pages), np.diff(units.bounds) + 1)
    place = np.arange(n_units + n_pages)
    top, bottom = (units.bounds[:-1] + np.arange(n_pages))[border_page], ends[border_page]
    before = running - running.take(np.maximum(place - _BORDER, top), axis=0)
    after = running.take(np.minimum(place + _BORDER, bottom), axis=0) - running
    before_size, after_size = np.vecdot(before, before), np.vecdot(after, after)
    border = _cosine(np.vecdot(before, after), before_size, after_size)
    at, above, below = 2 * _RAW, here + page, here + page + 1
    found[:, at] = _cosine(np.vecdot(vectors, before[above]), square[0], before_size[above])
    found[:, at + 1] = _cosine(np.vecdot(vectors, after[below]), square[0], after_size[below])
    found[:, at + 2] = border[above]
    found[:, at + 3] = border[below]
    found[:, at + 4] = n_known[:n_units] / np.maximum(n_tokens, 1)
    return found


def _add_words(reading: Reading, units: Units, table: MeaningTable) -> tuple[F32, I64, I64]:
    """Sums of the words' vectors, known words and tokens: of all units, and behind them the first two of the titles."""
    n_units, n_tokens = len(units.starts), len(reading.tokens.hashes)
    known, rows = find_words(np.concatenate((reading.tokens.hashes, *reading.titles)), table)
    starts = np.searchsorted(units.unit_of_token, np.arange(n_units))
    starts = np.concatenate((starts, n_tokens + bound(len(title) for title in reading.titles)))
    bounds = np.searchsorted(known, starts)
    n_known = np.diff(bounds)
    sums = np.zeros((len(n_known), table.vectors.shape[1]), dtype=np.float32)
    filled = np.flatnonzero(n_known)
    if len(filled):
        sums[filled] = np.add.reduceat(table.vectors.take(rows, axis=0), bounds[filled], axis=0)
    return sums, n_known, np.diff(starts[: n_units + 1])


def _running(vectors: F32, bounds: I64) -> F32:
    """Sums on a page of all units before each unit, and of all of it, (units + pages, dimensions).

    Each page's begin at nothing: sums of 32 bits over many pages would lose what one unit adds.
    """
    running = np.zeros((len(vectors) + len(bounds) - 1, vectors.shape[1]), dtype=np.float32)
    # The next unit of every page that has one, longest pages first, in place of a sum for each page.
    sizes = np.diff(bounds)
    order = np.argsort(-sizes, kind="stable")
    first, number = bounds[:-1][order], order
    most = min(int(sizes.max()), _STEPS)
    for step, n_pages in enumerate(np.searchsorted(-sizes[order], -np.arange(most), side="left").tolist()):
        unit = first[:n_pages] + step
        row = unit + number[:n_pages]
        running[row + 1] = running[row] + vectors[unit]
    for page in np.flatnonzero(sizes > _STEPS).tolist():  # the rest of a long one by itself
        low, high = int(bounds[page]) + _STEPS, int(bounds[page + 1])
        rest = vectors[low:high].copy()
        rest[0] += running[low + page]
        np.cumsum(rest, axis=0, out=running[low + page + 1 : high + page + 1])
    return running


def _cosine(dots: F32, left: F32, right: F32) -> F32:
    """Cosines of products and squared lengths; 0 where a side is nothing."""
    sizes = left * right
    cosines: F32 = np.where(sizes > _TINY, dots / np.sqrt(np.maximum(sizes, np.float32(_TINY))), np.float32(0))
    return cosines


def _median(columns: F32) -> F32:
    """The lower median of each column, of some rows."""
    middle = (len(columns) - 1) // 2
    median: F32 = np.partition(columns, middle, axis=0)[middle]
    return median
