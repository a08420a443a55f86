"""Pages as arrays: takes pages with their tokens, gives units (lines, sentences, clauses without a break) and their counts.

Pages are laid end to end, so that a step of array code serves many at once. A unit is a sentence, cut further where a learned
boundary says that a sentence break is missing and where a detector's passage begins or ends. Removes nothing; the learned layer
judges units and runs of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cleaners.junk.page.page import Page
from cleaners.junk.page.segments import bound, spread
from cleaners.junk.page.tokens import I64, U64, Tokens, join_tokens, tokenize_all

F64 = npt.NDArray[np.float64]

# Classes of characters, by their bit; a line break is a space too.
UPPER, DIGIT, STOP, QUOTE, OTHER, SPACE, BREAK = (1 << bit for bit in range(7))
_TABLE_SIZE = 0x10000
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SLOT = np.array(0xBF58476D1CE4E5B9, dtype=np.uint64)


class Reading(NamedTuple):
    """Texts as arrays, end to end.

    `classes` is (characters + pages,): a line break stands behind each page. `shapes` and `gaps` are (tokens,): 0 small letters,
    1 initial capital, 2 capitals, 3 digits, 4 one capital letter; and what stands before the token: 0 a space, 1 a stop or a
    break, 2 other marks, 3 a quotation mark, 4 a mark such as `#`, `|`, `•`, 5 nothing. `chars` and `bounds`, both (pages + 1,),
    are the first character and the first token of each page. `titles` are the hashes of the words of each title, in order.
    """

    pages: tuple[Page, ...]
    tokens: Tokens
    classes: npt.NDArray[np.uint8]
    shapes: npt.NDArray[np.int64]
    gaps: npt.NDArray[np.int64]
    word_starts: I64
    chars: I64
    bounds: I64
    titles: tuple[U64, ...]

    @property
    def page(self) -> Page:
        """The page of a reading of one."""
        (page,) = self.pages
        return page

    def part(self, number: int) -> Reading:
        """The reading of one page alone."""
        first, low = self.chars[number], slice(*self.bounds[number : number + 2])
        tokens = Tokens(self.tokens.starts[low] - first, self.tokens.ends[low] - first, self.tokens.hashes[low])
        return Reading(
            (self.pages[number],),
            tokens,
            self.classes[first : self.chars[number + 1]],
            self.shapes[low],
            self.gaps[low],
            self.word_starts[low] - first,
            self.chars[number : number + 2] - first,
            self.bounds[number : number + 2] - self.bounds[number],
            self.titles[number : number + 1],
        )

    def locate(self, offsets: Sequence[Iterable[int]]) -> I64:
        """Offsets of each page as offsets into the joined text, page by page."""
        each = [list(own) for own in offsets]
        flat = np.array([place for own in each for place in own], dtype=np.int64)
        return flat + np.repeat(self.chars[:-1], [len(own) for own in each])


class Units(NamedTuple):
    """Units of pages, all arrays (units,): offsets, how each begins, and the tokens' unit (tokens,).

    `breaks` says what stands before a unit: 3 a blank line or the text's beginning, 2 a line break, 1 the end of a
    sentence, 0 nothing; `scores` how surely a sentence begins there. `bounds` (pages + 1,) is the first unit of each page.
    """

    starts: I64
    ends: I64
    breaks: I64
    scores: F64
    unit_of_token: I64
    bounds: I64

    def part(self, number: int, reading: Reading) -> Units:
        """The units of one page of a reading, alone."""
        low, first = slice(*self.bounds[number : number + 2]), reading.chars[number]
        return Units(
            self.starts[low] - first,
            self.ends[low] - first,
            self.breaks[low],
            self.scores[low],
            self.unit_of_token[slice(*reading.bounds[number : number + 2])] - self.bounds[number],
            self.bounds[number : number + 2] - self.bounds[number],
        )


def read(pages: Sequence[Page], tokens: Sequence[Tokens], titles: Sequence[U64] | None = None) -> Reading:
    """Lay pages out as arrays. Linear in their length.

    Args:
        pages: any number.
        tokens: of their texts.
        titles: hashes of the words of their titles, where they are known.

    """
    if titles is None:
        titles = [one.hashes for one in tokenize_all([page.title or "" for page in pages])]
    chars, bounds = bound(len(page.text) + 1 for page in pages), bound(len(one.starts) for one in tokens)
    text = "\n".join(page.text for page in pages)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    classes = np.append(_classes().take(codes, mode="clip"), np.uint8(SPACE | BREAK))
    joined = join_tokens(tokens, chars)
    first, last = joined.starts, joined.ends - 1
    lengths = joined.ends - joined.starts
    is_upper = (classes[first] & UPPER) > 0
    shapes = np.where((classes[first] & DIGIT) > 0, 3, np.where(is_upper, 1, 0))
    shapes = np.where(is_upper & (lengths == 1), 4, shapes)
    shapes = np.where(is_upper & (lengths > 1) & ((classes[last] & UPPER) > 0), 2, shapes)
    # Separators of two tokens: any class present between them. The end of the text ends the last stretch.
    before = _token_ends_before(joined, chars, bounds)
    between = np.where(before < first, classes[before], np.uint8(0))
    wide = np.flatnonzero(first - before > 1)  # most are one character
    if len(wide):
        stretches = np.stack((before[wide], first[wide]), axis=1).ravel()
        between[wide] = np.bitwise_or.reduceat(classes, stretches)[::2]
    gaps = np.where((between & SPACE) == 0, 5, 0)
    gaps = np.where((between & OTHER) > 0, 2, gaps)
    gaps = np.where((between & QUOTE) > 0, 3, gaps)
    gaps = np.where((between & STOP) > 0, 1, gaps)
    # A word begins behind the last space; before most tokens there is one.
    word_starts = first.copy()
    glued = np.flatnonzero((first > 0) & ((classes[first - 1] & SPACE) == 0))
    spaces = np.append(-1, np.flatnonzero(classes & SPACE))
    word_starts[glued] = spaces[np.searchsorted(spaces, first[glued]) - 1] + 1
    return Reading(tuple(pages), joined, classes, shapes, gaps, word_starts, chars, bounds, tuple(titles))


def count_words(texts: Sequence[str]) -> list[int]:
    """Count what white space parts in each of some texts, as `str.split` does; all at once in a third of the time."""
    joined = "\n".join(texts)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    is_space = np.append(True, (_classes()[np.minimum(codes, _TABLE_SIZE - 1)] & SPACE) > 0)
    begins = np.flatnonzero(is_space[:-1] & ~is_space[1:])
    counts: list[int] = np.diff(np.searchsorted(begins, bound(len(text) + 1 for text in texts))).tolist()
    return counts


def _token_ends_before(tokens: Tokens, chars: I64, bounds: I64) -> I64:
    """Where the token before each one ends; the beginning of the page for its first."""
    before = np.append(0, tokens.ends[:-1])[: len(tokens.ends)]
    filled = np.diff(bounds) > 0
    before[bounds[:-1][filled]] = chars[:-1][filled]
    return before


def find_candidates(reading: Reading) -> I64:
    """Tokens before which a sentence break may be missing: a capital, a digit or a mark, inside a sentence."""
    before = _token_ends_before(reading.tokens, reading.chars, reading.bounds)
    may_begin = (reading.shapes > 0) | ((reading.gaps >= 2) & (reading.gaps <= 4))
    may_begin &= reading.word_starts > before
    may_begin[reading.bounds[:-1][np.diff(reading.bounds) > 0]] = False
    return np.flatnonzero(may_begin)


def hash_boundaries(reading: Reading, candidates: I64, n_bits: int) -> npt.NDArray[np.int64]:
    """Hashed features of candidate boundaries, (candidates, slots): three tokens each side, their shapes and marks."""
    n_pages, n_tokens = len(reading.pages), len(reading.tokens.hashes)
    # Three empty places before each page and behind the last one.
    place = np.arange(n_tokens) + 3 * (spread(np.arange(n_pages), reading.bounds) + 1)
    padded = np.zeros(n_tokens + 3 * (n_pages + 1), dtype=np.uint64)
    padded[place] = reading.tokens.hashes
    kinds = np.full(len(padded), 7, dtype=np.uint64)
    kinds[place] = reading.shapes + 8 * reading.gaps
    at = place[candidates]
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


def split_units(
    reading: Reading, candidates: I64, scores: F64, min_score: float, edges: Sequence[Iterable[int]]
) -> Units:
    """Cut pages into units.

    Args:
        reading: the pages.
        candidates: tokens of `find_candidates`.
        scores: how surely a sentence begins before each, 0 to 1.
        min_score: least score that cuts.
        edges: for each page offsets at which a unit must begin too: where passages of other detectors begin and end.

    """
    begins = reading.locate([page.sentence_starts for page in reading.pages])
    lines = reading.locate([[start for start, _ in page.lines] for page in reading.pages])
    marks = reading.locate([_list_solid(page.text, own) for page, own in zip(reading.pages, edges, strict=True)])
    places = reading.word_starts[candidates]
    starts = np.unique(np.concatenate((begins, places[scores >= min_score], marks)))
    bounds = np.searchsorted(starts, reading.chars)
    # The end of a unit is its last character that is not white space.
    solid = np.flatnonzero((reading.classes & SPACE) == 0)
    ends = solid[np.searchsorted(solid, np.append(starts[1:], len(reading.classes))[: len(starts)]) - 1] + 1
    score = np.zeros(len(starts))
    known = np.searchsorted(starts, places)
    is_there = starts[np.minimum(known, len(starts) - 1)] == places if len(starts) else np.zeros(0, dtype=bool)
    score[known[is_there]] = scores[is_there]
    breaks = np.zeros(len(starts), dtype=np.int64)
    # Every sentence begins a unit, and every line a sentence.
    breaks[np.searchsorted(starts, begins)] = 1
    at_line = np.searchsorted(starts, lines)
    n_breaks = np.append(0, np.cumsum((reading.classes & BREAK) > 0))
    is_blank = n_breaks[lines] - n_breaks[np.append(0, ends)[at_line]] > 1
    breaks[at_line] = np.where(is_blank, 3, 2)
    breaks[bounds[:-1][np.diff(bounds) > 0]] = 3
    unit_of_token = np.maximum(np.searchsorted(starts, reading.tokens.starts, side="right") - 1, 0)
    return Units(starts, ends, breaks, score, unit_of_token, bounds)


def _list_solid(text: str, edges: Iterable[int]) -> list[int]:
    """The first characters that are not white space from some offsets on."""
    return sorted({_next_solid(text, edge) for edge in edges} - {len(text)})


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
        elif character == "\n":
            table[value] = SPACE | BREAK
        elif character.isspace():
            table[value] = SPACE
        elif character in ".!?…。！？":
            table[value] = STOP
        elif character in "\"'“”‘’«»":
            table[value] = QUOTE
        elif not character.isalnum():
            table[value] = OTHER
    return table
