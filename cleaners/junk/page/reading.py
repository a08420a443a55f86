"""A page as arrays: takes a page with its tokens, gives units (lines, sentences, clauses without a break) and their counts.

A unit is a sentence, cut further where a learned boundary says that a sentence break is missing and where a detector's
passage begins or ends. Removes nothing; the learned layer judges units and runs of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cleaners.junk.page.page import Page
from cleaners.junk.page.tokens import I64, U64, Tokens

F64 = npt.NDArray[np.float64]

# Classes of characters, by their bit.
UPPER, DIGIT, STOP, QUOTE, OTHER, SPACE = (1 << bit for bit in range(6))
_TABLE_SIZE = 0x10000
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SLOT = np.array(0xBF58476D1CE4E5B9, dtype=np.uint64)


class Reading(NamedTuple):
    """A text as arrays.

    `classes` is (characters + 1,), `shapes` and `gaps` are (tokens,): 0 small letters, 1 initial capital, 2 capitals,
    3 digits, 4 one capital letter; and what stands before the token: 0 a space, 1 a stop or a break, 2 other marks, 3 a
    quotation mark, 4 a mark such as `#`, `|`, `•`, 5 nothing.
    """

    page: Page
    tokens: Tokens
    classes: npt.NDArray[np.uint8]
    shapes: npt.NDArray[np.int64]
    gaps: npt.NDArray[np.int64]
    word_starts: I64


class Units(NamedTuple):
    """Units of a page, all arrays (units,): offsets, how each begins, and the tokens' unit (tokens,).

    `breaks` says what stands before a unit: 3 a blank line or the text's beginning, 2 a line break, 1 the end of a
    sentence, 0 nothing; `scores` how surely a sentence begins there.
    """

    starts: I64
    ends: I64
    breaks: I64
    scores: F64
    unit_of_token: I64


def read(page: Page, tokens: Tokens) -> Reading:
    """Lay a page out as arrays. Linear in its length."""
    codes = np.frombuffer(page.text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    classes = np.append(_classes()[np.minimum(codes, _TABLE_SIZE - 1)], np.uint8(SPACE))
    first, last = tokens.starts, tokens.ends - 1
    lengths = tokens.ends - tokens.starts
    is_upper = (classes[first] & UPPER) > 0
    shapes = np.where((classes[first] & DIGIT) > 0, 3, np.where(is_upper, 1, 0))
    shapes = np.where(is_upper & (lengths == 1), 4, shapes)
    shapes = np.where(is_upper & (lengths > 1) & ((classes[last] & UPPER) > 0), 2, shapes)
    # Separators of two tokens: any class present between them. The end of the text ends the last stretch.
    before = np.concatenate((np.zeros(1, dtype=np.int64), tokens.ends[:-1])) if len(first) else first
    bounds = np.stack((before, first), axis=1).ravel()
    between = np.bitwise_or.reduceat(classes, bounds)[::2] if len(first) else np.zeros(0, dtype=np.uint8)
    between = np.where(before < first, between, np.uint8(0))
    gaps = np.where((between & SPACE) == 0, 5, 0)
    gaps = np.where((between & OTHER) > 0, 2, gaps)
    gaps = np.where((between & QUOTE) > 0, 3, gaps)
    gaps = np.where((between & STOP) > 0, 1, gaps)
    positions = np.arange(len(classes), dtype=np.int64)
    spaces = np.maximum.accumulate(np.where((classes & SPACE) > 0, positions, -1))
    return Reading(page, tokens, classes, shapes, gaps, spaces[first] + 1)


def find_candidates(reading: Reading) -> I64:
    """Tokens before which a sentence break may be missing: a capital, a digit or a mark, inside a sentence."""
    tokens = reading.tokens
    if not len(tokens.starts):
        return np.zeros(0, dtype=np.int64)
    before = np.concatenate((np.zeros(1, dtype=np.int64), tokens.ends[:-1]))
    may_begin = (reading.shapes > 0) | ((reading.gaps >= 2) & (reading.gaps <= 4))
    may_begin &= (reading.word_starts > before) | (before == 0)
    may_begin[0] = False
    return np.flatnonzero(may_begin)


def hash_boundaries(reading: Reading, candidates: I64, n_bits: int) -> npt.NDArray[np.int64]:
    """Hashed features of candidate boundaries, (candidates, slots): three tokens each side, their shapes and marks."""
    hashes = reading.tokens.hashes
    padded = np.concatenate((np.zeros(3, dtype=np.uint64), hashes, np.zeros(3, dtype=np.uint64)))
    kinds = np.concatenate((np.full(3, 7), reading.shapes + 8 * reading.gaps, np.full(3, 7))).astype(np.uint64)
    at = candidates + 3
    near = [padded[at + step] for step in range(-3, 3)]
    shape = [kinds[at + step] for step in range(-3, 3)]
    slots = [
        *near,
        near[2] * _MULTIPLIER + near[3],
        near[3] * _MULTIPLIER + near[4],
        near[1] * _MULTIPLIER + near[2],
        (shape[2] << np.uint64(12)) | (shape[3] << np.uint64(6)) | shape[4],
        (shape[1] << np.uint64(12)) | (shape[2] << np.uint64(6)) | shape[3],
        (shape[3] << np.uint64(12)) | (shape[4] << np.uint64(6)) | shape[5],
        near[3] * _MULTIPLIER + shape[4],
        near[3] * _MULTIPLIER + shape[2],
        near[2] * _MULTIPLIER + shape[3],
    ]
    return slot_index(np.stack(slots), np.arange(len(slots))[:, None], n_bits).T


def slot_index(values: U64, slots: int | npt.NDArray[np.int64], n_bits: int) -> npt.NDArray[np.int64]:
    """Places of hashed values in a table of `2 ** n_bits`, different for each slot; one slot for all, or one a value."""
    mixed = values + (np.asarray(slots).astype(np.uint64) + np.uint64(1)) * _SLOT
    mixed *= _MULTIPLIER
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed >>= np.uint64(64 - n_bits)
    return mixed.view(np.int64)


def split_units(reading: Reading, candidates: I64, scores: F64, min_score: float, edges: Iterable[int]) -> Units:
    """Cut a page into units.

    Args:
        reading: the page.
        candidates: tokens of `find_candidates`.
        scores: how surely a sentence begins before each, 0 to 1.
        min_score: least score that cuts.
        edges: offsets at which a unit must begin too: where passages of other detectors begin and end.

    """
    text = reading.page.text
    sentences = reading.page.sentences
    begins = np.array([start for start, _ in sentences], dtype=np.int64)
    places = reading.word_starts[candidates]
    cut = scores >= min_score
    marks = np.array(sorted({_next_solid(text, edge) for edge in edges} - {len(text)}), dtype=np.int64)
    starts = np.unique(np.concatenate((begins, places[cut], marks)))
    if len(sentences):
        starts = starts[starts >= begins[0]]
    followers = np.append(starts[1:], len(text))
    # The end of a unit is its last character that is not white space.
    solid = np.maximum.accumulate(
        np.where((reading.classes[:-1] & SPACE) == 0, np.arange(len(text), dtype=np.int64), 0)
    )
    ends = solid[followers - 1] + 1 if len(starts) else followers[:0]
    score = np.zeros(len(starts))
    known = np.searchsorted(starts, places)
    known = np.minimum(known, max(len(starts) - 1, 0))
    if len(starts) and len(places):
        is_there = starts[known] == places
        score[known[is_there]] = scores[is_there]
    breaks = np.zeros(len(starts), dtype=np.int64)
    # Every sentence begins a unit, and every line a sentence.
    breaks[np.searchsorted(starts, begins)] = 1
    lines = np.array([start for start, _ in reading.page.lines], dtype=np.int64)
    at_line = np.searchsorted(starts, lines)
    before = np.append(0, ends)[at_line].tolist()
    for unit, low, high in zip(at_line.tolist(), before, lines.tolist(), strict=True):
        breaks[unit] = 3 if unit == 0 or text.count("\n", low, high) > 1 else 2
    unit_of_token = np.maximum(np.searchsorted(starts, reading.tokens.starts, side="right") - 1, 0)
    return Units(starts, ends, breaks, score, unit_of_token)


def _next_solid(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


@lru_cache(maxsize=1)
def _classes() -> npt.NDArray[np.uint8]:
    """The class of each code point; letters of scripts without case, and what lies above, have none."""
    table = np.zeros(_TABLE_SIZE, dtype=np.uint8)
    for value in range(_TABLE_SIZE):
        character = chr(value)
        if character.isupper():
            table[value] = UPPER
        elif character.isdigit():
            table[value] = DIGIT
        elif character.isspace():
            table[value] = SPACE
        elif character in ".!?…。！？":
            table[value] = STOP
        elif character in "\"'“”‘’«»":
            table[value] = QUOTE
        elif not character.isalnum():
            table[value] = OTHER
    return table
