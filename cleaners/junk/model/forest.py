"""Boosted trees as arrays: takes a table, gives scores; no library is needed to apply a trained model.

Every condition of every tree is tried at once, and each that fails crosses out the leaves on its left side; the first leaf left
over in a tree is the one its row reaches (Lucchese and others, QuickScorer, SIGIR 2015). Removes nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

MAX_LEAVES = 16
_MAX_ROWS = 512
_CHUNK = 128_000  # rows times trees at a time, so that what is tried at once stays in the processor's cache


class Forest(NamedTuple):
    """Trees of at most 16 leaves as arrays (conditions, trees); a tree with fewer conditions is filled up with true ones.

    A condition holds where the value of `feature` is at most `threshold`; where it fails, only the leaves whose bits stand in
    `mask` remain. `value` is (trees, 16); leaves are numbered from the left. A score is a sum of leaves' values.
    """

    feature: npt.NDArray[np.int32]
    threshold: F32
    mask: npt.NDArray[np.uint16]
    value: F32

    def part(self, first: int, last: int | None) -> Forest:
        """The trees from one on, up to another; scores of parts add up."""
        return Forest(
            self.feature[:, first:last], self.threshold[:, first:last], self.mask[:, first:last], self.value[first:last]
        )

    def score(self, table: F32, n_outputs: int = 1) -> F64:
        """Log odds of rows, all finite, (rows, outputs): the trees in as many equal parts, one an output."""
        n_trees = self.feature.shape[1]
        columns = np.ascontiguousarray(table.T)
        offsets = (np.arange(n_trees, dtype=np.int32) * MAX_LEAVES)[:, None]
        total = np.empty((len(table), n_outputs))
        crossed = ~self.mask
        size = max(min(_MAX_ROWS, _CHUNK // n_trees), 1)
        for first in range(0, len(table), size):
            part = columns[:, first : first + size]
            gone = np.zeros((n_trees, part.shape[1]), dtype=np.uint16)
            for feature, threshold, leaves in zip(self.feature, self.threshold, crossed, strict=True):
                gone |= (part[feature] > threshold[:, None]).view(np.uint8) * leaves[:, None]
            leaf = np.bitwise_count(gone & ~(gone + np.uint16(1)))  # all on its left are gone
            values = self.value.take(leaf + offsets)
            total[first : first + size] = values.reshape(n_outputs, -1, part.shape[1]).sum(axis=1, dtype=np.float64).T
        return total
