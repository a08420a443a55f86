"""Arrays of several pages laid end to end: sums, windows and distances that never reach into the next page.

`bounds` is (pages + 1,): where each page begins in the array, and where the last one ends. Removes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from cleaners.junk.page.tokens import I64

Number = TypeVar("Number", bound=np.generic)
F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BATCH = 128  # pages laid end to end: what is at work stays in the processor's cache; 64 take 6 % longer, 256 some 2 %
# Characters of them, unless one alone has more; stripping 64 texts of 2,000 to 100,000 takes 60 to 200 bytes a character at most.
MAX_CHARS = 1_000_000
_FAR = 1000.0  # tokens: what is further off means nothing


def split_batches(sizes: Iterable[int]) -> Iterator[slice]:
    """The rows to lay end to end at once, by the characters of each page."""
    first = end = total = 0
    for end, size in enumerate(sizes, 1):
        if end - 1 > first and (end - 1 - first == BATCH or total + size > MAX_CHARS):
            yield slice(first, end - 1)
            first, total = end - 1, 0
        total += size
    if end > first:
        yield slice(first, end)


def bound(lengths: Iterable[int]) -> I64:
    """The bounds of pages of so many rows each."""
    return np.cumsum([0, *lengths])


def spread(values: npt.NDArray[Number], bounds: I64) -> npt.NDArray[Number]:
    """The value of its page for each row, (rows, ...); values are (pages, ...)."""
    return np.repeat(values, np.diff(bounds), axis=0)


def add_up(values: npt.NDArray[np.generic], bounds: I64) -> F64:
    """The sum of each page, (pages,); exact for whole numbers."""
    running = np.append(0.0, np.cumsum(values, dtype=np.float64))
    return np.diff(running[bounds])


def add_through(values: F64, bounds: I64) -> F64:
    """The sums of each page up to each row, with it; exact for whole numbers."""
    running = np.append(0.0, np.cumsum(values))
    own: F64 = running[1:] - spread(running[bounds[:-1]], bounds)
    return own


def sum_up(values: F64, bounds: I64) -> F64:
    """Sums on a page of all rows before each row, and of all of them, (kinds, rows + pages); values are (kinds, rows).

    Each page's begin at nothing, so that they are the same whatever pages are laid beside it.
    """
    running = np.zeros((len(values), values.shape[1] + len(bounds) - 1))
    for number, (low, high) in enumerate(pairwise(bounds.tolist())):
        np.cumsum(values[:, low:high], axis=1, out=running[:, low + number + 1 : high + number + 1])
    return running


def list_last(bounds: I64) -> I64:
    """The last row of each page that has any."""
    return bounds[1:][np.diff(bounds) > 0] - 1


def is_early(marked: Bools, bounds: I64, n: int) -> Bools:
    """Tell which marked rows are among the first `n` of their page."""
    running = np.append(0, np.cumsum(marked))
    is_among: Bools = marked & (running[1:] - spread(running[bounds[:-1]], bounds) <= n)
    return is_among


def windows(values: F64, reaches: Sequence[int], bounds: I64) -> list[F64]:
    """For each reach the sums over each row and as many on both sides, (kinds, rows) like the values."""
    n_rows = values.shape[1]
    running = np.zeros((len(values), n_rows + 1))
    np.cumsum(values, axis=1, out=running[:, 1:])
    here, first, end = np.arange(n_rows), spread(bounds[:-1], bounds), spread(bounds[1:], bounds)
    return [
        running[:, np.minimum(here + reach + 1, end)] - running[:, np.maximum(here - reach, first)] for reach in reaches
    ]


def since(marked: Bools, begin: F64, end: F64, bounds: I64) -> F64:
    """Tokens between a unit and the last marked one before it on its page, as ln(1 + n).

    Args:
        marked: a truth a unit.
        begin: tokens before each unit, counted over all pages.
        end: the same with its own.
        bounds: of the pages, in units.

    """
    if not marked.any():
        return np.full(len(marked), np.log1p(_FAR))
    ends = np.where(marked, end, -np.inf)
    last = np.append(-np.inf, np.maximum.accumulate(ends)[:-1])
    of_page = spread(begin[np.minimum(bounds[:-1], len(begin) - 1)], bounds)
    distance: F64 = np.log1p(np.where(last > of_page, np.minimum(begin - last, _FAR), _FAR))
    return distance


def until(marked: Bools, begin: F64, end: F64, bounds: I64) -> F64:
    """Tokens between a unit and the next marked one on its page, as ln(1 + n); arguments as for `since`."""
    if not marked.any():
        return np.full(len(marked), np.log1p(_FAR))
    starts = np.where(marked, begin, np.inf)
    following = np.append(np.minimum.accumulate(starts[::-1])[::-1][1:], np.inf)
    of_page = spread(end[np.maximum(bounds[1:] - 1, 0)], bounds)
    distance: F64 = np.log1p(np.where(following < of_page, np.minimum(following - end, _FAR), _FAR))
    return distance
