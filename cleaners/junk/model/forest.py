"""Boosted trees as arrays: takes a table, gives scores; no library is needed to apply a trained model.

Every condition of every tree is tried at once, and each that fails crosses out the leaves on its left side; the first leaf left
over in a tree is the one its row reaches (Lucchese and others, QuickScorer, SIGIR 2015). Removes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

MAX_LEAVES = 16
_MAX_ROWS = 512
_CHUNK = 128_000  # rows times trees at a time, so that what is tried at once stays in the processor's cache


class Conditions(NamedTuple):
    """The conditions of a forest, each once: trees share most of them, since a feature is parted at few values.

    `feature` is (conditions,), `threshold` (conditions, 1); `place` (conditions of a tree, trees) says which they are, and
    `crossed` (conditions of a tree, trees, 1) which leaves they cross out.
    """

    feature: npt.NDArray[np.int64]
    threshold: F32
    place: npt.NDArray[np.int64]
    crossed: npt.NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees of at most 16 leaves as arrays (conditions, trees); a tree with fewer conditions is filled up with true ones.

    A condition holds where the value of `feature` is at most `threshold`; where it fails, only the leaves whose bits stand in
    `mask` remain. `value` is (trees, 16); leaves are numbered from the left. A score is a sum of leaves' values.
    """

    feature: npt.NDArray[np.int32]
    threshold: F32
    mask: npt.NDArray[np.uint16]
    value: F32

    def part(self, first: int, last: int | None) -> Forest:
        """The trees from one on, up to another; scores of parts add up. The same part is the same object."""
        return _part(self, first, last)

    def score(self, table: F32, n_outputs: int = 1) -> F64:
        """Log odds of rows, all finite, (rows, outputs): the trees in as many equal parts, one an output."""
        n_trees = self.feature.shape[1]
        columns = np.ascontiguousarray(table.T)
        known = self._conditions
        ends = (np.arange(n_trees) * MAX_LEAVES - 1)[:, None]  # leaves are counted from 1
        total = np.empty((len(table), n_outputs))
        size = max(min(_MAX_ROWS, _CHUNK // n_trees), 1)
        for first in range(0, len(table), size):
            part = columns[:, first : first + size]
            fails = (part.take(known.feature, axis=0) > known.threshold).view(np.int8).astype(np.uint16)
            np.negative(fails, out=fails)  # every bit of those that fail
            gone = np.zeros((n_trees, part.shape[1]), dtype=np.uint16)
            crossed = np.empty_like(gone)
            for place, leaves in zip(known.place, known.crossed, strict=True):
                fails.take(place, axis=0, out=crossed, mode="clip")
                crossed &= leaves
                gone |= crossed
            leaf = np.bitwise_count(gone ^ (gone + np.uint16(1)))  # all on its left are gone
            values = self.value.take(leaf + ends, mode="clip")
            total[first : first + size] = values.reshape(n_outputs, -1, part.shape[1]).sum(axis=1, dtype=np.float64).T
        return total

    @cached_property
    def _conditions(self) -> Conditions:
        keys = (self.feature.astype(np.uint64) << np.uint64(32)) | self.threshold.view(np.uint32)
        distinct, place = np.unique(keys, return_inverse=True)
        return Conditions(
            (distinct >> np.uint64(32)).astype(np.int64),
            distinct.astype(np.uint32).view(np.float32)[:, None],
            place.reshape(keys.shape),
            ~self.mask[:, :, None],
        )


@lru_cache(maxsize=8)
def _part(forest: Forest, first: int, last: int | None) -> Forest:
    return Forest(
        forest.feature[:, first:last],
        np.ascontiguousarray(forest.threshold[:, first:last]),
        forest.mask[:, first:last],
        forest.value[first:last],
    )
