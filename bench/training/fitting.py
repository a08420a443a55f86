"""Fitting of the learned layer's parts: takes tables and labels, gives weights and forests as the package keeps them.

Ridge logistic regressions over hashed words by L-BFGS, boosted trees by LightGBM; a fixed seed and no race, so that the same
tables give the same weights. Needs the `train` extra.
"""

from __future__ import annotations

from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from cleaners.junk.model.forest import MAX_LEAVES, Forest

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

TREES = {
    "objective": "binary",
    "num_leaves": 15,
    "max_depth": 6,
    "max_bin": 63,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "num_threads": 2,
    "deterministic": True,
    "force_col_wise": True,
    "seed": 0,
    "verbose": -1,
}


def fit_hashed(places: I64, labels: F64, n_bits: int, ridge: float) -> tuple[F64, float]:
    """Ridge logistic regression over binary hashed features, (rows, slots) places."""
    n_slots = places.shape[1]
    rows = csr_matrix(
        (np.ones(places.size), places.ravel(), np.arange(0, places.size + 1, n_slots)),
        shape=(len(places), 2**n_bits),
    )
    return fit_sparse(rows, labels, ridge)


def fit_sparse(rows: csr_matrix, labels: F64, ridge: float) -> tuple[F64, float]:
    """Ridge logistic regression over sparse rows; weights and intercept."""
    signs = 2 * labels - 1
    used, columns = np.unique(rows.indices, return_inverse=True)
    compact = csr_matrix((rows.data, columns, rows.indptr), shape=(rows.shape[0], len(used)))
    transposed = compact.T.tocsr()

    def loss(beta: F64) -> tuple[float, F64]:
        margin = signs * (compact @ beta[:-1] + beta[-1])
        value = np.logaddexp(0, -margin).sum() + ridge / 2 * (beta[:-1] @ beta[:-1])
        slope = -signs / (1 + np.exp(np.clip(margin, -30, 30)))
        return value, np.append(transposed @ slope + ridge * beta[:-1], slope.sum())

    found = minimize(loss, np.zeros(len(used) + 1), jac=True, method="L-BFGS-B", options={"maxiter": 40}).x
    weights = np.zeros(rows.shape[1])
    weights[used] = found[:-1]
    return weights, float(found[-1])


def as_dataset(x: npt.NDArray[np.float32], y: F64, weight: F64) -> lgb.Dataset:
    """A table cut into bins once; forests are fitted to parts of it."""
    return lgb.Dataset(x.astype(np.float64), y, weight=weight, params=TREES, free_raw_data=False).construct()


def fit_trees(data: lgb.Dataset, kept: npt.NDArray[np.bool_], rounds: int, rate: float) -> Forest:
    """A forest of so many trees, each of which corrects its forerunners by so much, fitted to some rows."""
    part = data.subset(np.flatnonzero(kept).tolist())
    return to_forest(lgb.train({**TREES, "learning_rate": rate}, part, num_boost_round=rounds).dump_model())


def to_forest(dump: dict[str, Any]) -> Forest:
    """The trees of a dump as arrays of conditions and of the leaves that each leaves over when it fails."""
    n_trees = len(dump["tree_info"])
    shape = (MAX_LEAVES - 1, n_trees)
    feature, mask = np.zeros(shape, np.int32), np.full(shape, 0xFFFF, np.uint16)
    threshold = np.full(shape, np.inf, np.float32)
    value = np.zeros((n_trees, MAX_LEAVES), np.float32)

    def fill(node: dict[str, Any], tree: int, conditions: list[int], leaves: list[float]) -> None:
        if "leaf_value" in node:
            leaves.append(node["leaf_value"])
            return
        assert node["decision_type"] == "<="
        place, before = len(conditions), len(leaves)
        conditions.append(place)
        feature[place, tree] = node["split_feature"]
        # Tables are of single precision: rounded down, the threshold parts them as the double does.
        rounded = np.float32(node["threshold"])
        threshold[place, tree] = rounded if rounded <= node["threshold"] else np.nextafter(rounded, np.float32(-np.inf))
        fill(node["left_child"], tree, conditions, leaves)
        mask[place, tree] = 0xFFFF & ~((1 << len(leaves)) - (1 << before))
        fill(node["right_child"], tree, conditions, leaves)

    for tree, info in enumerate(dump["tree_info"]):
        leaves: list[float] = []
        fill(info["tree_structure"], tree, [], leaves)
        value[tree, : len(leaves)] = leaves
    return Forest(feature, threshold, mask, value)


def join_forests(forests: list[Forest], weight: float) -> Forest:
    """One forest of the trees of several; each leaf counts as much as `weight` says."""
    return Forest(
        np.concatenate([forest.feature for forest in forests], axis=1),
        np.concatenate([forest.threshold for forest in forests], axis=1),
        np.concatenate([forest.mask for forest in forests], axis=1),
        (np.concatenate([forest.value for forest in forests]) * weight).astype(np.float32),
    )


def area(scores: F64, labels: F64) -> float:
    """Area under the ROC curve, from ranks."""
    ranks = np.argsort(np.argsort(scores)) + 1
    n_positive = int(labels.sum())
    total = int(ranks[labels == 1].sum()) - n_positive * (n_positive + 1) / 2
    return total / (n_positive * (len(labels) - n_positive))
