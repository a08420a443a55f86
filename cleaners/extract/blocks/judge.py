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


class Weights(NamedTuple):
    """The trees as one table of nodes, and the models of words."""

    roots: Numbers
    feature: Numbers
    threshold: Array
    left: Numbers  # the node for a value up to the threshold; a leaf leads to itself
    right: Numbers
    value: Array  # of a leaf; 0 elsewhere
    depth: int
    names: npt.NDArray[np.float32]  # weight of each bucket of class name words, the intercept last
    words: npt.NDArray[np.float32]  # of text words, the intercept last


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
    n_first = -(-len(model.roots) // FIRST_SHARE)
    said = _evaluate(rows, model, model.roots[:n_first])
    open_rows = np.flatnonzero(np.abs(said) * FIRST_SHARE < SURE)
    scores = said * FIRST_SHARE
    scores[open_rows] = said[open_rows] + _evaluate(rows[open_rows], model, model.roots[n_first:])
    probabilities: Array = 1 / (1 + np.exp(-scores))
    return probabilities


def _evaluate(rows: Array, model: Weights, roots: Numbers) -> Array:
    """Sum what the trees of some roots say of each row."""
    values, starts = rows.ravel(), (np.arange(len(rows)) * rows.shape[1])[:, None]
    node = np.tile(roots, (len(rows), 1))
    children = np.column_stack([model.left, model.right]).ravel()
    for _ in range(model.depth):
        is_right = values.take(model.feature.take(node) + starts) > model.threshold.take(node)
        node = children.take(2 * node + is_right)
    sums: Array = model.value[node].sum(axis=1)
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
        arrays = {name: table[name] for name in Weights._fields if name != "depth"}
        return Weights(
            **{
                **arrays,
                # Indices of another width would be widened at every step of every tree.
                **{name: arrays[name].astype(np.int64) for name in ("roots", "feature", "left", "right")},
                "names": arrays["names"].astype(np.float32),
                "words": arrays["words"].astype(np.float32),
                "depth": int(table["depth"]),
            }
        )
