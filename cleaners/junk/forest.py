"""Boosted trees as arrays: takes a table, gives scores; no library is needed to ask a model that one has trained.

A tree's nodes stand in rows; a leaf leads to itself, so that all trees and rows go down together, a level at a time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Forest(NamedTuple):
    """Trees as arrays over all their nodes.

    A row goes to `left` where the value of `feature` is at most `threshold`, else to `left + 1`; a leaf has feature 0,
    an infinite threshold and itself as `left`. The score is the sum of the leaves' values, a logarithm of odds.
    """

    roots: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float64]
    left: npt.NDArray[np.int32]
    value: npt.NDArray[np.float64]
    depth: int

    def score(self, table: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Log odds of rows, (rows,)."""
        n_columns = table.shape[1]
        flat = np.ascontiguousarray(table, dtype=np.float64).ravel()
        base = (np.arange(len(table), dtype=np.int64) * n_columns)[:, None]
        node = np.broadcast_to(self.roots, (len(table), len(self.roots)))
        for _ in range(self.depth):
            node = self.left[node] + (flat[base + self.feature[node]] > self.threshold[node])
        total: npt.NDArray[np.float64] = self.value[node].sum(axis=1)
        return total
