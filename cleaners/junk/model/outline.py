"""The outline of a page: where its story runs, and what stands around it; takes units, gives numbers; removes nothing.

Prose is told from labels, links and captions by shape alone, in any language with stops: a unit of eight tokens or more that
ends with one. The main run is the stretch with the most prose and the least else (Kadane's maximum sum).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cleaners.junk.page.reading import DIGIT, QUOTE, STOP, Reading, Units, slot_index
from cleaners.junk.page.tokens import I64, hash_words_of

F64 = npt.NDArray[np.float64]

OUTLINE_FEATURES = (
    *("prose", "prose_before", "prose_after", "since_prose", "until_prose", "prose_3", "prose_8"),
    *("in_main", "from_main", "main_share", "line_tokens", "line_prose", "size_to_prose"),
    *("label_3", "label_8", "words_3", "words_8", "twins", "page_repeat", "title_share", "title_cover", "starts_digit"),
)
MIN_PROSE = 8  # tokens; the same least size that a lead's sentence has
MAX_LABEL = 6  # tokens; "Sign up for our newsletter" has five
_FAR = 1000.0  # tokens: what is further off means nothing
_TWIN_BITS = 14  # places of hashed n-grams: some 1,000 stand on a page
_GRAM = 4  # tokens
_BASE = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, odd; `slot_index` mixes what it gives


def measure_outline(reading: Reading, units: Units, n_tokens: F64, words: F64) -> F64:
    """The columns of `OUTLINE_FEATURES`, (units, features).

    Args:
        reading: the page.
        units: its units.
        n_tokens: tokens of each, at least 1.
        words: score of each by its words alone.

    """
    n_units = len(units.starts)
    if not n_units:
        return np.zeros((0, len(OUTLINE_FEATURES)))
    is_prose = find_prose(reading, units, n_tokens)
    tokens_prose = np.where(is_prose, n_tokens, 0.0)
    total_prose = max(float(tokens_prose.sum()), 1.0)
    behind = np.cumsum(tokens_prose)
    end = np.cumsum(n_tokens)
    begin = end - n_tokens
    total = max(float(end[-1]), 1.0)
    is_label = (n_tokens <= MAX_LABEL) & ~is_prose
    low, high = find_main(is_prose, n_tokens)
    place = np.arange(n_units)
    in_main = (place >= low) & (place < high)
    from_main = np.where(
        place < low, -np.log1p(np.maximum(begin[low] - end, 0.0)), np.log1p(np.maximum(begin - end[high - 1], 0.0))
    )
    line = np.maximum(np.cumsum(units.breaks >= 2) - 1, 0)
    line_tokens = np.bincount(line, weights=n_tokens)[line]
    line_prose = np.bincount(line, weights=tokens_prose)[line] / line_tokens
    median = float(np.median(n_tokens[is_prose])) if is_prose.any() else float(MIN_PROSE)
    twins, repeat = _repeated(reading, units, n_tokens)
    share, cover = _in_title(reading, units, n_tokens)
    first_digit = (reading.classes[units.starts] & DIGIT) > 0
    near = np.stack((tokens_prose, n_tokens, is_label, np.ones(n_units), words * n_tokens))
    (prose_3, tokens_3, labels_3, units_3, words_3), (prose_8, tokens_8, labels_8, units_8, words_8) = windows(
        near, (3, 8)
    )
    return np.column_stack(
        [
            is_prose,
            (behind - tokens_prose) / total_prose,
            1.0 - behind / total_prose,
            since(is_prose, begin, end),
            until(is_prose, begin, end),
            prose_3 / tokens_3,
            prose_8 / tokens_8,
            in_main,
            from_main,
            np.full(n_units, float(n_tokens[low:high].sum()) / total),
            np.log1p(line_tokens),
            line_prose,
            np.log(n_tokens / max(median, 1.0)),
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
    )


def find_prose(reading: Reading, units: Units, n_tokens: F64) -> npt.NDArray[np.bool_]:
    """Tell which units read as a sentence: long enough, and a stop at the end or before the closing quotation mark."""
    last = reading.classes[units.ends - 1]
    before = reading.classes[np.maximum(units.ends - 2, 0)]
    ends_stop = ((last & STOP) > 0) | (((last & QUOTE) > 0) & ((before & (STOP | QUOTE)) > 0))
    return ends_stop & (n_tokens >= MIN_PROSE)


def find_main(is_prose: npt.NDArray[np.bool_], n_tokens: F64) -> tuple[int, int]:
    """The run of units (first, one past the last) with the most prose and the least else; the whole page where none is."""
    if not is_prose.any():
        return 0, len(is_prose)
    # A label costs its tokens and as many as half another label, so that a list of links is no bridge and a subhead is one.
    value = np.where(is_prose, n_tokens, -3.0 - n_tokens)
    running = np.concatenate((np.zeros(1), np.cumsum(value)))
    least = np.minimum.accumulate(running)
    high = int(np.argmax(running[1:] - least[:-1])) + 1
    return int(np.argmin(running[:high])), high


def since(marked: npt.NDArray[np.bool_], begin: F64, end: F64) -> F64:
    """Tokens between a unit and the last marked one before it, as ln(1 + n)."""
    if not marked.any():
        return np.full(len(marked), np.log1p(_FAR))
    ends = np.where(marked, end, -np.inf)
    last = np.concatenate((np.full(1, -np.inf), np.maximum.accumulate(ends)[:-1]))
    distance: F64 = np.log1p(np.minimum(begin - last, _FAR))
    return distance


def until(marked: npt.NDArray[np.bool_], begin: F64, end: F64) -> F64:
    """Tokens between a unit and the next marked one, as ln(1 + n)."""
    if not marked.any():
        return np.full(len(marked), np.log1p(_FAR))
    starts = np.where(marked, begin, np.inf)
    following = np.append(np.minimum.accumulate(starts[::-1])[::-1][1:], np.inf)
    distance: F64 = np.log1p(np.minimum(following - end, _FAR))
    return distance


def windows(values: F64, reaches: Sequence[int]) -> list[F64]:
    """For each reach the sums over each unit and as many on both sides, (kinds, units) like the values."""
    n_units = values.shape[1]
    running = np.zeros((len(values), n_units + 1))
    np.cumsum(values, axis=1, out=running[:, 1:])
    here = np.arange(n_units)
    return [
        running[:, np.minimum(here + reach + 1, n_units)] - running[:, np.maximum(here - reach, 0)] for reach in reaches
    ]


def _repeated(reading: Reading, units: Units, n_tokens: F64) -> tuple[F64, F64]:
    """How often a unit's own words stand on the page again, whole, and the share of its n-grams that do."""
    hashes, unit = reading.tokens.hashes, units.unit_of_token
    n_units = len(units.starts)
    if not len(hashes):
        return np.zeros(n_units), np.zeros(n_units)
    begin = np.searchsorted(unit, np.arange(n_units))
    position = np.arange(len(hashes)) - begin[unit]
    with np.errstate(over="ignore"):
        mixed = hashes * (np.uint64(2) * position.astype(np.uint64) + np.uint64(1))
        running = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(mixed)))
        bounds = np.append(begin, len(hashes))
        sums = running[bounds[1:]] - running[bounds[:-1]]
    _, number, counts = np.unique(sums, return_inverse=True, return_counts=True)
    twins: F64 = np.log(counts[number].astype(np.float64))
    if len(hashes) < _GRAM:
        return twins, np.zeros(n_units)
    grams = np.zeros(len(hashes) - _GRAM + 1, dtype=np.uint64)
    for step in range(_GRAM):
        grams = grams * _BASE + hashes[step : step + len(grams)]
    places = slot_index(grams, 0, _TWIN_BITS)
    held = np.bincount(places, minlength=2**_TWIN_BITS)[places] > 1
    owner = unit[: len(grams)]
    share: F64 = np.bincount(owner, weights=held, minlength=n_units) / n_tokens
    return twins, share


def _in_title(reading: Reading, units: Units, n_tokens: F64) -> tuple[F64, F64]:
    """Share of a unit's tokens that the title has, and of the title's that the unit has."""
    n_units = len(units.starts)
    title = reading.page.title
    words = np.unique(hash_words_of(title)) if title else np.zeros(0, dtype=np.uint64)
    if not len(words) or not len(reading.tokens.hashes):
        return np.zeros(n_units), np.zeros(n_units)
    hashes = reading.tokens.hashes
    at = np.minimum(np.searchsorted(words, hashes), len(words) - 1)
    held = words[at] == hashes
    share: F64 = np.bincount(units.unit_of_token, weights=held, minlength=n_units) / n_tokens
    pairs: I64 = np.unique(units.unit_of_token[held] * len(words) + at[held]) // len(words)
    cover: F64 = np.bincount(pairs, minlength=n_units) / len(words)
    return share, cover
