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
_CHUNK = 512  # rows at a time, so that what is tried at once stays in the processor's cache


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
        """Log odds of rows, (rows, outputs): the trees in as many equal parts, one an output."""
        n_trees = self.feature.shape[1]
        columns = np.ascontiguousarray(table.T)
        offsets = (np.arange(n_trees, dtype=np.int32) * MAX_LEAVES)[:, None]
        total = np.empty((len(table), n_outputs))
        for first in range(0, len(table), _CHUNK):
            part = columns[:, first : first + _CHUNK]
            remaining = np.full((n_trees, part.shape[1]), 0xFFFF, dtype=np.uint16)
            for feature, threshold, mask in zip(self.feature, self.threshold, self.mask, strict=True):
                # All bits where the condition holds, else the mask.
                holds = (part[feature] <= threshold[:, None]).view(np.uint8).astype(np.uint16)
                remaining &= (np.uint16(0) - holds) | mask[:, None]
            leaf = np.bitwise_count((remaining & (~remaining + np.uint16(1))) - np.uint16(1))
            values = self.value.ravel()[leaf + offsets]
            total[first : first + _CHUNK] = values.reshape(n_outputs, -1, part.shape[1]).sum(axis=1, dtype=np.float64).T
        return total
