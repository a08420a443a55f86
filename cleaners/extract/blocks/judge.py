"""Numbers of blocks to probabilities: takes described blocks, gives for each how likely it is the story's.

Boosted trees over the features and over two models of hashed words (class names, text), evaluated with numpy from the
weights in `blocks.npz`. `bench/training/train_blocks.py` made them; docs/models-extraction.md is their card.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from io import BytesIO
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cleaners.extract.blocks.blocks import Array, Numbers
from cleaners.extract.blocks.describe import FEATURES, Described

WEIGHTS = "blocks.npz"
# The first forest alone decides where it is sure; its trees are the first third.
FIRST_SHARE, SURE = 3, 3.0
MAX_LEAVES = 16  # of a tree: a bit each
ONE = np.uint16(1)


class Weights(NamedTuple):
    """The trees as arrays (conditions, trees), and the models of words.

    A condition fails where the value of `feature` is more than `threshold`: then only the leaves whose bits stand in `right` can
    be reached, those that are not on its left side. A tree with fewer conditions is filled up with ones that never fail.
    """

    feature: Numbers
    threshold: Array
    right: npt.NDArray[np.uint16]
    value: Array  # (trees, MAX_LEAVES), of the leaves from the left
    names: npt.NDArray[np.float32]  # weight of each bucket of class name words, the intercept last
    words: npt.NDArray[np.float32]  # of text words, the intercept last

    def part(self, first: int, last: int | None) -> Weights:
        """The trees from one on, up to another."""
        some = np.s_[:, first:last]
        return self._replace(
            feature=self.feature[some],
            threshold=self.threshold[some],
            right=self.right[some],
            value=self.value[first:last],
        )


def judge_blocks(described: Described, weights: Weights | None = None) -> Array:
    """Return the probability of each described block to be part of the story.

    Args:
        described: blocks as numbers.
        weights: a model; the package's own when not given.
    """
    if not len(described.features):
        return np.empty(0)
    model = weights or load_weights()
    rows = add_words(described, model)
    n_first = -(-len(model.value) // FIRST_SHARE)
    said = _evaluate(rows, model.part(0, n_first))
    open_rows = np.flatnonzero(np.abs(said) * FIRST_SHARE < SURE)
    scores = said * FIRST_SHARE
    scores[open_rows] = said[open_rows] + _evaluate(rows[open_rows], model.part(n_first, None))
    probabilities: Array = 1 / (1 + np.exp(-scores))
    return probabilities


def _evaluate(rows: Array, trees: Weights) -> Array:
    """Sum what some trees say of each row: the first leaf that no condition crossed out is the one a row reaches.

    (Lucchese and others, QuickScorer, SIGIR 2015.)
    """
    columns = np.ascontiguousarray(rows.T)
    left = np.full((len(trees.value), len(rows)), 0xFFFF, np.uint16)
    for feature, threshold, right in zip(trees.feature, trees.threshold, trees.right, strict=True):
        fails = (columns[feature] > threshold[:, None]).view(np.uint8).astype(np.uint16)
        left &= (fails - ONE) | right[:, None]  # all bits where it does not fail
    leaf = np.bitwise_count((left & (~left + ONE)) - ONE)
    reached = trees.value.ravel()[leaf + np.arange(0, trees.value.size, MAX_LEAVES)[:, None]]
    sums: Array = np.ascontiguousarray(reached.T).sum(axis=1)
    return sums


def add_words(described: Described, model: Weights) -> Array:
    """Append what the two models of words say to the features."""
    columns = [described.features]
    for hashes, weights in ((described.name_hashes, model.names), (described.word_hashes, model.words)):
        of_buckets = weights[np.fromiter(chain.from_iterable(hashes), np.int64)]
        starts = np.cumsum([0, *map(len, hashes[:-1])])  # a block has one bucket at least
        columns.append((np.add.reduceat(of_buckets, starts) + weights[-1])[:, None])
    return np.hstack(columns)


@cache
def load_weights() -> Weights:
    """Read the package's model."""
    with np.load(BytesIO((files("cleaners.extract.blocks") / WEIGHTS).read_bytes())) as table:
        if int(table["n_features"]) != len(FEATURES):
            raise ValueError(f"{WEIGHTS} was trained on other features: run bench/training/train_blocks.py")
        arrays = {name: table[name] for name in Weights._fields}
        kinds = {"feature": np.int64, "names": np.float32, "words": np.float32}
        return Weights(**{name: array.astype(kinds.get(name, array.dtype)) for name, array in arrays.items()})
