"""How rare a term is: takes the terms of articles day by day, gives inverse document frequencies.

An article is weighed by those of earlier days alone, so that it makes no difference how a day is cut into runs. A small archive
leans on the counts that come with the package (`frequencies.npz`, hashes alone).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cleaners.stories.terms import N_SLOTS, Intps, UInt32s, slots_of

Float32s = npt.NDArray[np.float32]

# The package's counts weigh as much as so many articles of the archive's own. Measured on BASIL: 300 to 3,000 differ by .004.
PRIOR_ARTICLES = 1_000.0


class Counts(NamedTuple):
    """Articles, and how many of them hold each slot: `held` is (N_SLOTS,)."""

    n: float
    held: Float32s


class Frequencies:
    """Document frequencies of an archive that grows.

    `settled` are those of all days before the one that articles are coming from, `pending` those of that day.
    """

    def __init__(self, day: int | None = None, settled: Counts | None = None, pending: Counts | None = None) -> None:
        self.day = day
        self.settled = settled or no_counts()
        self.pending = pending or no_counts()
        # Kept from day to day: of half a million slots a day's articles have some thousand.
        self._log_held = _log_held(self.settled, np.arange(N_SLOTS))
        self.idf = self._weigh()
        self._is_counted = False  # whether the articles of the day are settled already

    def begin_archive(self, first_day: Sequence[UInt32s]) -> None:
        """Count the articles of an archive's first day before they are weighed: there are none of a day before."""
        self._settle(_count(no_counts(), first_day))
        self._is_counted = True

    def begin(self, day: int) -> None:
        """Begin the articles of a day: those of the day before are settled."""
        if day == self.day:
            return
        self._is_counted = self.day is None and self._is_counted
        if self.pending.n:
            self._settle(self.pending)
            self.pending = no_counts()
        self.day = day

    def add(self, articles: Sequence[UInt32s]) -> None:
        """Count articles of the day, given the terms of each."""
        if not self._is_counted:
            self.pending = _count(self.pending, articles)

    def _settle(self, counts: Counts) -> None:
        slots = np.flatnonzero(counts.held > 0)
        self.settled.held[slots] += counts.held[slots]
        self.settled = Counts(self.settled.n + counts.n, self.settled.held)
        self._log_held[slots] = _log_held(self.settled, slots)
        self.idf = self._weigh()

    def _weigh(self) -> Float32s:
        """An array of its own for each day: who keeps what it gave knows by it whether that holds still."""
        idf: Float32s = np.float32(np.log(load_prior().n + self.settled.n + 1)) - self._log_held
        np.maximum(idf, 0, out=idf)
        return idf


def no_counts() -> Counts:
    """Counts of no article."""
    return Counts(0.0, np.zeros(N_SLOTS, np.float32))


@lru_cache(maxsize=1)
def load_prior() -> Counts:
    """Load the counts of the package, scaled to PRIOR_ARTICLES."""
    content = (files("cleaners.stories") / "frequencies.npz").read_bytes()
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        held, n = arrays["held"].astype(np.float32), float(arrays["n"])
    return Counts(PRIOR_ARTICLES, held * np.float32(PRIOR_ARTICLES / n))


def _count(counts: Counts, articles: Sequence[UInt32s]) -> Counts:
    """Count articles in place."""
    if articles:
        np.add.at(counts.held, slots_of(np.concatenate(articles)), np.float32(1))
    return Counts(counts.n + len(articles), counts.held)


def _log_held(counts: Counts, slots: Intps) -> Float32s:
    logs: Float32s = np.log(load_prior().held[slots] + counts.held[slots] + np.float32(0.5))
    return logs
