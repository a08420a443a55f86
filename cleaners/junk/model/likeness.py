"""Likeness of a passage to the rest of its document: hashed words shared with windows and with the title."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy import typing as npt

from cleaners.junk.model.features import COLUMN, F64, RARITY_BITS
from cleaners.junk.page.reading import Reading, Units, slot_index
from cleaners.junk.page.segments import is_early, spread, windows
from cleaners.junk.page.tokens import I64, U64, sort_distinct


class Likeness(NamedTuple):
    """Distinct content words by unit: sorted pairs of word number and unit, for likeness of any run to the rest.

    A word of two pages has two numbers. `bounds` is (pages + 1,), the first pair of each page.
    """

    words: I64
    units: I64
    counts: I64
    weights: F64  # how rare the word is in the news, 0 to 1
    is_name: npt.NDArray[np.bool_]
    in_title: npt.NDArray[np.bool_]
    bounds: I64

    def part(self, number: int, units: Units) -> Likeness:
        """The pairs of one page alone; `units` are those of all pages."""
        own = slice(*self.bounds[number : number + 2])
        first = self.words[own][:1]
        return Likeness(
            self.words[own] - first if len(first) else first,
            self.units[own] - units.bounds[number],
            self.counts[own],
            self.weights[own],
            self.is_name[own],
            self.in_title[own],
            self.bounds[number : number + 2] - self.bounds[number],
        )


def hash_words(reading: Reading, units: Units, n_bits: int) -> tuple[npt.NDArray[np.int64], I64]:
    """Hashed word features of units: single words, pairs, the first and last; (features,) places and their units."""
    hashes, unit = reading.tokens.hashes, units.unit_of_token
    if not len(hashes):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    same = unit[1:] == unit[:-1]
    pairs = hashes[:-1] * np.uint64(0x9E3779B97F4A7C15) + hashes[1:]
    first = np.flatnonzero(np.concatenate((np.ones(1, dtype=bool), ~same)))
    last = np.append(first[1:] - 1, len(hashes) - 1)
    has_pair = last > first
    size = np.minimum(np.log2(last - first + 1.0).astype(np.int64), 6).astype(np.uint64)
    shape = reading.shapes.astype(np.uint64)
    parts = (
        (hashes, unit),
        (pairs[same], unit[1:][same]),
        (hashes[first], unit[first]),
        (pairs[first[has_pair]], unit[first[has_pair]]),
        (hashes[last], unit[last]),
        (pairs[last[has_pair] - 1], unit[last[has_pair]]),
        (size * np.uint64(64) + shape[first] * np.uint64(8) + shape[last], unit[first]),
    )
    slots = np.repeat(np.arange(len(parts)), [len(values) for values, _ in parts])
    places = slot_index(np.concatenate([values for values, _ in parts]), slots, n_bits)
    return places, np.concatenate([owner for _, owner in parts])


def find_likeness(reading: Reading, units: Units, rarity: F64) -> Likeness:
    """Pairs of content words (five letters or more, or capitals) and units, each once."""
    tokens, n_pages, n_units = reading.tokens, len(reading.pages), len(units.starts)
    lengths = tokens.ends - tokens.starts
    is_capital = (reading.shapes == 1) | (reading.shapes == 2)
    content = np.flatnonzero(((lengths >= 5) | ((lengths >= 3) & is_capital)) & (reading.shapes != 3))
    # A page and a word in one number, so that one sort tells all words of all pages apart; 57 bits of a hash are left at least.
    shift = np.uint64((n_pages - 1).bit_length())
    page = spread(np.arange(n_pages, dtype=np.uint64), reading.bounds)[content]
    keys = _join_keys(page, tokens.hashes[content], shift)
    order = np.argsort(keys)
    ordered = keys[order]
    is_new = np.diff(ordered, prepend=~ordered[:1]) != 0
    own, words = ordered[is_new], np.empty(len(keys), dtype=np.int64)
    words[order] = np.cumsum(is_new) - 1
    pairs = sort_distinct(words * max(n_units, 1) + units.unit_of_token[content])
    numbers, owners = pairs // max(n_units, 1), pairs % max(n_units, 1)
    counts = np.bincount(numbers)[numbers] if len(numbers) else numbers
    # A name is written with a capital wherever it stands in its sentence; most often is enough.
    share = np.bincount(words, weights=is_capital[content], minlength=len(own)) / np.bincount(words, minlength=len(own))
    weights = rarity[slot_index(tokens.hashes[content[order[is_new]]], 0, RARITY_BITS)]
    in_title = _find_titles(reading, own, shift)
    firsts = np.searchsorted(own, _join_keys(np.arange(n_pages, dtype=np.uint64), np.zeros(n_pages, np.uint64), shift))
    bounds = np.searchsorted(numbers, np.append(firsts, len(own)))
    return Likeness(numbers, owners, counts, weights[numbers], (share > 0.5)[numbers], in_title[numbers], bounds)


def _join_keys(pages: U64, hashes: U64, shift: np.uint64) -> U64:
    """Numbers that sort by page, then by hash, whose last bits give way to the page."""
    return (pages << (np.uint64(64) - shift)) | (hashes >> shift)


def _find_titles(reading: Reading, own: U64, shift: np.uint64) -> npt.NDArray[np.bool_]:
    """Tell which words of the pages stand in their page's title.

    Args:
        reading: the pages.
        own: page and word, of `_join_keys`, sorted.
        shift: bits of the page.

    """
    held = np.zeros(len(own), dtype=bool)
    if not len(own):
        return held
    pages = np.repeat(np.arange(len(reading.titles), dtype=np.uint64), [len(title) for title in reading.titles])
    keys = _join_keys(pages, np.concatenate(reading.titles), shift)
    rows = np.minimum(np.searchsorted(own, keys), len(own) - 1)
    held[rows[own[rows] == keys]] = True
    return held


def put_likeness(table: F64, units: Units, likeness: Likeness, n_tokens: F64) -> None:
    """Fill the columns of the features that compare each unit with its neighbourhood, the lead and the title."""
    n_units = len(units.starts)
    words, owner, counts, weights, is_name, of_title, _ = likeness
    # Pairs are sorted by word and unit: a word's first and last unit tell whether it stands further off.
    begin = np.flatnonzero(np.diff(words, prepend=-1))
    before = np.repeat(owner[begin], counts[begin]) < owner - 2
    after = np.repeat(owner[begin + counts[begin] - 1], counts[begin]) > owner + 2
    # The lead: the first units of a page that are sentences, by their length.
    in_lead = is_early(n_tokens >= 8, units.bounds, 4)[owner]
    lead_count = np.bincount(words, weights=in_lead, minlength=int(words[-1]) + 1 if len(words) else 0)
    of_lead = (lead_count[words] - in_lead) > 0 if len(words) else np.zeros(0, dtype=bool)

    # Sums by unit of the words, of rare words and of names, all at once: (kinds, units).
    flags = np.stack((np.ones(len(owner), dtype=bool), before | after, before, after, of_title, of_lead)).astype(
        np.float64
    )
    kinds = np.concatenate((flags, flags * weights, flags[:4] * is_name))
    places = (np.arange(len(kinds))[:, None] * n_units + owner).ravel()
    totals = np.bincount(places, weights=kinds.ravel(), minlength=len(kinds) * n_units).astype(np.float64)
    sums = totals.reshape(len(kinds), n_units)
    five, eleven = windows(sums, (2, 5), units.bounds)
    at = COLUMN["content"]
    table[:, at] = np.log1p(sums[0])
    table[:, at + 1 : at + 6] = (sums[1:6] / np.maximum(sums[0], 1.0)).T
    table[:, at + 6 : at + 11] = (five[1:6] / np.maximum(five[0], 1.0)).T
    table[:, at + 11 : at + 14] = (eleven[1:4] / np.maximum(eleven[0], 1.0)).T
    table[:, at + 14 : at + 19] = (five[7:12] / np.maximum(five[6], 0.1)).T
    table[:, at + 19 : at + 21] = (eleven[8:10] / np.maximum(eleven[6], 0.1)).T
    table[:, at + 21] = np.log1p(five[12])
    table[:, at + 22 : at + 25] = (five[13:16] / np.maximum(five[12], 1.0)).T
    table[:, at + 25] = np.log1p(eleven[12])
    table[:, at + 26] = eleven[13] / np.maximum(eleven[12], 1.0)
