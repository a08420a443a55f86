"""Train the near-duplicate decision: `python -m bench.training.train_neardup OUT.json --pairs FOLDER [FOLDER ...] --batch DUPS`.

Takes folders of labelled real pairs (`pairs.csv`: a, b, near_duplicate, unsure; `documents.jsonl.gz`), and a batch with known
clusters of which the candidate pairs are used; gives `cleaners/neardup/verdict/decision.json`: one logistic regression for
each set of features that can be known. The figures printed are of ten-fold cross-validation over all sets together; pairs
that share a document are in one fold.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from bench.neardup.neardup_peers import join_pairs
from bench.quality.dups import read_articles
from cleaners.neardup import NearDuplicateConfig, sign_articles
from cleaners.neardup.sketch.bands import find_candidates
from cleaners.neardup.sketch.signatures import stack_signatures
from cleaners.neardup.verdict.verify import FEATURES, clear_floors, describe_articles, measure_pairs

Array = npt.NDArray[np.float64]

OPTIONAL = ("shared_title", "log_days")
UNSURE_WEIGHT = 0.5
# A false match costs so many missed ones. Measured by cross-validation, with the batch three times as heavy as the first real
# pairs: with .75 the batch has F1 .997 and wire pairs .957, with 1 .996 and .957, with .5 .998 and .946. Without a date it
# costs more, for many notices differ in their date alone.
COST = 0.75
COST_WITHOUT_DATE = 2.0
RIDGE = 1.0  # on standardised features
FOLDS = 10
CONFIG = NearDuplicateConfig()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pairs", type=Path, nargs="+", required=True, help="folders of labelled real pairs")
    parser.add_argument("--batch", type=Path, help="articles with cluster_id, one JSON object a line")
    parser.add_argument(
        "--batch-weight", type=float, default=3.0, help="weight of the whole batch against the first real pairs"
    )
    parser.add_argument(
        "--batch-weight-undated",
        type=float,
        default=0.2,
        help="the same for decisions without dates, which trust numbers alone where a batch weighs more",
    )
    args = parser.parse_args()

    real = {folder.name: measure_real_pairs(folder) for folder in args.pairs}
    batch = {args.batch.name: measure_batch(args.batch)} if args.batch else {}
    n_first = len(next(iter(real.values())))
    models = []
    for missing in ((), ("shared_title",), ("log_days",), OPTIONAL):
        features = [name for name in FEATURES if name not in missing]
        is_dated = "log_days" in features
        cost = COST if is_dated else COST_WITHOUT_DATE
        dear = pl.col("weight") * pl.when(pl.col("label") == 0).then(cost).otherwise(1.0)
        share = n_first * (args.batch_weight if is_dated else args.batch_weight_undated)
        known = {name: pairs.with_columns(weight=dear) for name, pairs in real.items()}
        known |= {name: pairs.with_columns(weight=pl.lit(share / len(pairs))) for name, pairs in batch.items()}
        scores = cross_validate(known, features)
        print(" + ".join(features))
        for name, score in scores.items():
            print("  ", name, json.dumps(score))
        weights, intercept = fit(pl.concat(known.values()), features)
        models.append(
            {
                "weights": {name: round(float(w), 4) for name, w in zip(features, weights, strict=True)},
                "intercept": round(float(intercept), 4),
                "cross_validated": scores,
            }
        )
    about = (
        "Logistic regressions over the features of cleaners/neardup/verdict/verify.py, "
        "trained by bench/training/train_neardup.py."
    )
    args.out.write_text(json.dumps({"about": about, "models": models}, indent=1) + "\n", encoding="utf-8")


def measure_real_pairs(folder: Path) -> pl.DataFrame:
    """Measure the labelled pairs of a folder."""
    articles = read_articles(folder / "documents.jsonl.gz")
    place = {article_id: i for i, article_id in enumerate(articles["article_id"])}
    with (folder / "pairs.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    left, right = (np.array([place[row[side]] for row in rows]) for side in "ab")
    unsure = np.array([row["unsure"] == "1" for row in rows])
    groups = join_pairs(len(articles), zip(left.tolist(), right.tolist(), strict=True))[left]
    label = np.array([float(row["near_duplicate"]) for row in rows])
    return _tabulate(articles, left, right, label, unsure, groups)


def measure_batch(path: Path) -> pl.DataFrame:
    """Measure the candidate pairs of a batch with known clusters; each weighs 1, and goes by the cluster of its first article."""
    articles = read_articles(path)
    cluster = pl.read_ndjson(path, schema={"id": pl.String, "cluster_id": pl.String})["cluster_id"]
    signed = sign_articles(articles, CONFIG)
    left, right = find_candidates(stack_signatures(signed["signature"]), signed["n_shingles"].to_numpy(), CONFIG)
    groups = cluster.rank("dense").to_numpy().astype(np.int64)
    label = (groups[left] == groups[right]).astype(np.float64)
    return _tabulate(articles, left, right, label, np.zeros(len(left), bool), groups[left])


def _tabulate(
    articles: pl.DataFrame,
    left: npt.NDArray[np.int64],
    right: npt.NDArray[np.int64],
    label: Array,
    unsure: npt.NDArray[np.bool_],
    groups: npt.NDArray[np.int64],
) -> pl.DataFrame:
    """One row a pair: features, label, unsure, weight, group (whose pairs go together), and whether the weights decide it."""
    features = measure_pairs(describe_articles(articles, CONFIG), left, right)
    return features.select(
        *FEATURES,
        pl.Series("label", label),
        pl.Series("unsure", unsure),
        pl.Series("weight", np.where(unsure, UNSURE_WEIGHT, 1.0)),
        pl.Series("group", groups),
        is_open=pl.Series(clear_floors(features, CONFIG)),
    )


def cross_validate(known: dict[str, pl.DataFrame], features: list[str]) -> dict[str, dict[str, float]]:
    """Precision, recall and F1 over the sure pairs of each set, each predicted by a model that did not see its group."""
    folds = {}
    for name, pairs in known.items():
        groups = pairs["group"].rank("dense").to_numpy().astype(np.int64) - 1
        folds[name] = (np.random.default_rng(0).permutation(groups.max() + 1) % FOLDS)[groups]
    hits = {name: np.zeros(len(pairs), bool) for name, pairs in known.items()}
    for k in range(FOLDS):
        seen = pl.concat(pairs.filter(pl.Series(folds[name] != k)) for name, pairs in known.items())
        weights, intercept = fit(seen, features)
        for name, pairs in known.items():
            chosen = folds[name] == k
            judged = pairs.filter(pl.Series(chosen))
            above = judged.select(features).fill_null(0).to_numpy() @ weights + intercept >= 0
            hits[name][chosen] = above & judged["is_open"].to_numpy()
    return {name: _score(pairs, hits[name]) for name, pairs in known.items()}


def _score(pairs: pl.DataFrame, hit: npt.NDArray[np.bool_]) -> dict[str, float]:
    sure, label = ~pairs["unsure"].to_numpy(), pairs["label"].to_numpy() == 1
    true = int((hit & label & sure).sum())
    precision, recall = true / max(1, (hit & sure).sum()), true / max(1, (label & sure).sum())
    f1 = 2 * precision * recall / max(1e-12, precision + recall)
    return {"pairs": int(sure.sum()), "P": round(precision, 3), "R": round(recall, 3), "F1": round(f1, 3)}


def fit(pairs: pl.DataFrame, features: list[str]) -> tuple[Array, float]:
    """Ridge logistic regression by Newton's method; weights for the features as they are, and the intercept.

    Args:
        pairs: rows of `_tabulate`; those that a floor decides are left out.
        features: which to weigh.
    """
    pairs = pairs.filter("is_open").drop_nulls(features)
    x, label = pairs.select(features).to_numpy(), pairs["label"].to_numpy()
    weight = pairs["weight"].to_numpy()
    mean, spread = np.average(x, axis=0, weights=weight), x.std(axis=0)
    z = np.column_stack([(x - mean) / spread, np.ones(len(x))])
    penalty = np.append(np.full(len(features), RIDGE), 0.0)
    beta = np.zeros(z.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-z @ beta))
        gradient = z.T @ (weight * (p - label)) + penalty * beta
        hessian = (z * (weight * p * (1 - p))[:, None]).T @ z + np.diag(penalty)
        step = np.linalg.solve(hessian, gradient)
        beta -= step
        if np.abs(step).max() < 1e-9:
            break
    weights = beta[:-1] / spread
    return weights, float(beta[-1] - weights @ mean)


if __name__ == "__main__":
    main()
