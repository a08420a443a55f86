"""The outline of pages: where their story runs, and what stands around it; takes units, gives numbers; removes nothing.

Prose is told from labels, links and captions by shape alone, in any language with stops: a unit of eight tokens or more that
ends with one. The main run is the stretch with the most prose and the least else (Kadane's maximum sum).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from cleaners.junk.page.reading import DIGIT, QUOTE, STOP, Reading, Units, slot_index
from cleaners.junk.page.segments import Bools, add_through, add_up, since, spread, until, windows
from cleaners.junk.page.tokens import I64, U64, KeyTable, sort_distinct

F64 = npt.NDArray[np.float64]

OUTLINE_FEATURES = (
    *("prose", "prose_before", "prose_after", "since_prose", "until_prose", "prose_3", "prose_8"),
    *("in_main", "from_main", "main_share", "line_tokens", "line_prose", "size_to_prose"),
    *("label_3", "label_8", "words_3", "words_8", "twins", "page_repeat", "title_share", "title_cover", "starts_digit"),
)
MIN_PROSE = 8  # tokens; the same least size that a lead's sentence has
MAX_LABEL = 6  # tokens; "Sign up for our newsletter" has five
_TWIN_BITS = 14  # places of hashed n-grams: some 1,000 stand on a page
_GRAM = 4  # tokens
_BASE = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, odd; `slot_index` mixes what it gives


def measure_outline(reading: Reading, units: Units, n_tokens: F64, words: F64) -> F64:
    """The columns of `OUTLINE_FEATURES`, (units, features).

    Args:
        reading: the pages.
        units: their units.
        n_tokens: tokens of each, at least 1.
        words: score of each by its words alone.

    """
    n_units, bounds = len(units.starts), units.bounds
    if not n_units:
        return np.zeros((0, len(OUTLINE_FEATURES)))
    is_prose = find_prose(reading, units, n_tokens)
    tokens_prose = np.where(is_prose, n_tokens, 0.0)
    total_prose = spread(np.maximum(add_up(tokens_prose, bounds), 1.0), bounds)
    behind = add_through(tokens_prose, bounds)
    end = np.cumsum(n_tokens)
    begin = end - n_tokens
    total = np.maximum(add_up(n_tokens, bounds), 1.0)
    is_label = (n_tokens <= MAX_LABEL) & ~is_prose
    medians = np.array([_median(n_tokens[low:high][is_prose[low:high]]) for low, high in pairwise(bounds.tolist())])
    low, high = (spread(edge, bounds) for edge in find_main(is_prose, n_tokens, bounds))
    place = np.arange(n_units)
    in_main = (place >= low) & (place < high)
    to_main, past_main = np.maximum(begin[low] - end, 0.0), np.maximum(begin - end[high - 1], 0.0)
    from_main = np.where(place < low, -np.log1p(to_main), np.log1p(past_main))
    line = np.maximum(np.cumsum(units.breaks >= 2) - 1, 0)
    line_tokens = np.bincount(line, weights=n_tokens)[line]
    line_prose = np.bincount(line, weights=tokens_prose)[line] / line_tokens
    twins, repeat = _repeated(reading, units, n_tokens)
    share, cover = _in_title(reading, units, n_tokens)
    first_digit = (reading.classes[units.starts] & DIGIT) > 0
    near = np.stack((tokens_prose, n_tokens, is_label, np.ones(n_units), words * n_tokens))
    (prose_3, tokens_3, labels_3, units_3, words_3), (prose_8, tokens_8, labels_8, units_8, words_8) = windows(
        near, (3, 8), bounds
    )
    return np.stack(
        [
            is_prose,
            (behind - tokens_prose) / total_prose,
            1.0 - behind / total_prose,
            since(is_prose, begin, end, bounds),
            until(is_prose, begin, end, bounds),
            prose_3 / tokens_3,
            prose_8 / tokens_8,
            in_main,
            from_main,
            spread(add_up(n_tokens * in_main, bounds) / total, bounds),
            np.log1p(line_tokens),
            line_prose,
            np.log(n_tokens / spread(medians, bounds)),
            labels_3 / units_3,
            labels_8 / units_8,
            words_3 / tokens_3,
            words_8 / tokens_8,
            twins,
            repeat,
            share,
            cover,
            first_digit,
        ]
    ).T


def _median(tokens: F64) -> float:
    """The median size of a page's prose, (sentences,)."""
    if not len(tokens):
        return float(MIN_PROSE)
    ordered = np.sort(tokens)
    return max(float(ordered[(len(tokens) - 1) // 2] + ordered[len(tokens) // 2]) / 2, 1.0)


def find_prose(reading: Reading, units: Units, n_tokens: F64) -> Bools:
    """Tell which units read as a sentence: long enough, and a stop at the end or before the closing quotation mark."""
    last = reading.classes[units.ends - 1]
    before = reading.classes[np.maximum(units.ends - 2, 0)]
    ends_stop = ((last & STOP) > 0) | (((last & QUOTE) > 0) & ((before & (STOP | QUOTE)) > 0))
    return ends_stop & (n_tokens >= MIN_PROSE)


def find_main(is_prose: Bools, n_tokens: F64, bounds: I64) -> tuple[I64, I64]:
    """The run of each page's units with most prose and least else; the whole page where none is prose.

    Args:
        is_prose: of `find_prose`.
        n_tokens: of each unit.
        bounds: of the pages, in units; each has one at least.

    Returns:
        The first unit of each run, and the one past its last.
    """
    n_pages, place = len(bounds) - 1, np.arange(len(is_prose))
    page = spread(np.arange(n_pages), bounds)
    # A label costs its tokens and as many as half another label, so that a list of links is no bridge and a subhead is one.
    value = np.where(is_prose, n_tokens, -3.0 - n_tokens)
    behind = add_through(value, bounds)
    # The least sum before any unit up to each; whole numbers, and pages lie so far apart that none reaches into the next.
    before = behind - value
    apart = page * (2.0 * np.abs(value).sum() + 1.0)
    least = np.minimum.accumulate(before - apart) + apart
    gain = behind - least
    last = _find_first(gain == spread(np.maximum.reduceat(gain, bounds[:-1]), bounds), page, place, n_pages)
    first = _find_first(before == spread(least[last], bounds), page, place, n_pages)
    has_prose = add_up(is_prose, bounds) > 0
    return np.where(has_prose, first, bounds[:-1]), np.where(has_prose, last + 1, bounds[1:])


def _find_first(marked: Bools, page: I64, place: I64, n_pages: int) -> I64:
    """The first marked unit of each page; each has one."""
    first = np.full(n_pages, len(place))
    np.minimum.at(first, page[marked], place[marked])
    return first


def _repeated(reading: Reading, units: Units, n_tokens: F64) -> tuple[F64, F64]:
    """How often a unit's own words stand on its page again, whole, and the share of its n-grams that do."""
    hashes, unit = reading.tokens.hashes, units.unit_of_token
    n_units, n_pages = len(units.starts), len(reading.pages)
    if not len(hashes):
        return np.zeros(n_units), np.zeros(n_units)
    begin = np.searchsorted(unit, np.arange(n_units))
    position = np.arange(len(hashes)) - begin[unit]
    with np.errstate(over="ignore"):
        mixed = hashes * (np.uint64(2) * position.astype(np.uint64) + np.uint64(1))
        running = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(mixed)))
    ends = np.append(begin, len(hashes))
    sums = _make_own(running[ends[1:]] - running[ends[:-1]], units.bounds)
    _, number, counts = np.unique(sums, return_inverse=True, return_counts=True)
    twins: F64 = np.log(counts[number].astype(np.float64))
    if len(hashes) < _GRAM:
        return twins, np.zeros(n_units)
    grams = np.zeros(len(hashes) - _GRAM + 1, dtype=np.uint64)
    for step in range(_GRAM):
        grams = grams * _BASE + hashes[step : step + len(grams)]
    page = spread(np.arange(n_pages), reading.bounds)
    whole = np.flatnonzero(page[: len(grams)] == page[_GRAM - 1 :])
    places = slot_index(grams[whole], 0, _TWIN_BITS) + (page[whole] << _TWIN_BITS)
    held = np.bincount(places, minlength=n_pages << _TWIN_BITS)[places] > 1
    share: F64 = np.bincount(unit[whole], weights=held, minlength=n_units) / n_tokens
    return twins, share


def _make_own(hashes: U64, bounds: I64) -> U64:
    """The hashes, different on each page."""
    return hashes * _BASE + spread(np.arange(1, len(bounds)), bounds).astype(np.uint64)


def _in_title(reading: Reading, units: Units, n_tokens: F64) -> tuple[F64, F64]:
    """Share of a unit's tokens that the title has, and of the title's that the unit has."""
    n_units = len(units.starts)
    of_page = np.repeat(np.arange(len(reading.titles)), [len(title) for title in reading.titles])
    words, first = np.unique(
        np.concatenate(reading.titles) * _BASE + (of_page + 1).astype(np.uint64), return_index=True
    )
    sizes = np.bincount(of_page[first], minlength=len(reading.titles))
    if not len(words) or not len(reading.tokens.hashes):
        return np.zeros(n_units), np.zeros(n_units)
    held, at = KeyTable(words).find(_make_own(reading.tokens.hashes, reading.bounds))
    unit = units.unit_of_token[held]
    share: F64 = np.bincount(unit, minlength=n_units) / n_tokens
    pairs: I64 = sort_distinct(unit * len(words) + at) // len(words)
    cover: F64 = np.bincount(pairs, minlength=n_units) / np.maximum(spread(sizes, units.bounds), 1)
    return share, cover
