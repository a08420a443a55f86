"""Train the near-duplicate decision: `python -m bench.training.train_neardup PAIRS DOCUMENTS OUT.json --batch DUPS`.

Takes labelled real pairs (a, b, near_duplicate, unsure) with their documents, and a batch with known clusters of
which the candidate pairs are used with little weight; gives `cleaners/neardup/verdict/decision.json`: one logistic regression
for each set of features that can be known. The figures printed are of ten-fold cross-validation over the real pairs,
which share no document.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from bench.quality.dups import read_articles
from cleaners.neardup import NearDuplicateConfig, sign_articles
from cleaners.neardup.sketch.bands import find_candidates
from cleaners.neardup.sketch.signatures import stack_signatures
from cleaners.neardup.verdict.verify import FEATURES, describe_articles, measure_pairs

Array = npt.NDArray[np.float64]

OPTIONAL = ("shared_title", "log_days")
UNSURE_WEIGHT = 0.5
# Without a date a false match costs this much more than a missed one: many notices differ in their date
# alone. Measured by cross-validation: 3 against 1 raises F1 without dates from .915 to .977.
COST_WITHOUT_DATE = 3.0
RIDGE = 1.0  # on standardised features
FOLDS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("documents", type=Path)
    parser.add_argument("--batch", type=Path, help="articles with cluster_id, one JSON object a line")
    parser.add_argument(
        "--batch-weight", type=float, default=1.0, help="weight of the whole batch against the real pairs"
    )
    parser.add_argument(
        "--batch-weight-undated",
        type=float,
        default=0.2,
        help="the same for decisions without dates, which a batch that weighs more makes worse on real pairs (.977 to .935)",
    )
    parser.add_argument("out", type=Path)
    args = parser.parse_args()

    real = measure_real_pairs(args.pairs, args.documents)
    batch = [measure_batch(args.batch)] if args.batch else []
    models = []
    for missing in ((), ("shared_title",), ("log_days",), OPTIONAL):
        features = [name for name in FEATURES if name not in missing]
        weight = args.batch_weight if "log_days" in features else args.batch_weight_undated
        known = [real, *(pairs.with_columns(weight=pl.lit(weight * len(real) / len(pairs))) for pairs in batch)]
        scores = cross_validate(known, features)
        print(" + ".join(features), json.dumps(scores))
        weights, intercept = fit(pl.concat(known), features)
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


def measure_real_pairs(pairs: Path, documents: Path) -> pl.DataFrame:
    """Measure the labelled pairs."""
    articles = read_articles(documents)
    described = describe_articles(articles, NearDuplicateConfig())
    place = {article_id: i for i, article_id in enumerate(described.ids)}
    with pairs.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    left, right = (np.array([place[row[side]] for row in rows]) for side in "ab")
    unsure = pl.Series("unsure", [row["unsure"] == "1" for row in rows])
    return measure_pairs(described, left, right).select(
        *FEATURES,
        pl.Series("label", [float(row["near_duplicate"]) for row in rows]),
        unsure,
        pl.Series("weight", np.where(unsure.to_numpy(), UNSURE_WEIGHT, 1.0)),
    )


def measure_batch(path: Path) -> pl.DataFrame:
    """Measure the candidate pairs of a batch with known clusters; each weighs 1."""
    config = NearDuplicateConfig()
    articles = read_articles(path)
    cluster = pl.read_ndjson(path, schema={"id": pl.String, "cluster_id": pl.String})["cluster_id"].to_numpy()
    signed = sign_articles(articles, config)
    left, right = find_candidates(stack_signatures(signed["signature"]), signed["n_shingles"].to_numpy(), config)
    described = describe_articles(articles, config)
    return measure_pairs(described, left, right).select(
        *FEATURES,
        pl.Series("label", (cluster[left] == cluster[right]).astype(np.float64)),
        pl.lit(False).alias("unsure"),
        pl.lit(1.0).alias("weight"),
    )


def cross_validate(known: list[pl.DataFrame], features: list[str]) -> dict[str, float]:
    """Precision, recall and F1 over the sure real pairs, each predicted by a model that did not see it."""
    real, *rest = known
    fold = np.random.default_rng(0).permutation(len(real)) % FOLDS
    hit = np.zeros(len(real), bool)
    for k in range(FOLDS):
        weights, intercept = fit(pl.concat([real.filter(pl.Series(fold != k)), *rest]), features)
        hit[fold == k] = real.filter(pl.Series(fold == k)).select(features).to_numpy() @ weights + intercept >= 0
    sure = ~real["unsure"].to_numpy()
    label = real["label"].to_numpy() == 1
    true = int((hit & label & sure).sum())
    precision, recall = true / max(1, (hit & sure).sum()), true / max(1, (label & sure).sum())
    f1 = 2 * precision * recall / max(1e-12, precision + recall)
    return {"pairs": int(sure.sum()), "P": round(precision, 3), "R": round(recall, 3), "F1": round(f1, 3)}


def fit(pairs: pl.DataFrame, features: list[str]) -> tuple[Array, float]:
    """Ridge logistic regression by Newton's method; weights for the features as they are, and the intercept."""
    pairs = pairs.drop_nulls(features)
    x, label = pairs.select(features).to_numpy(), pairs["label"].to_numpy()
    cost = 1.0 if "log_days" in features else COST_WITHOUT_DATE
    weight = pairs["weight"].to_numpy() * np.where(label == 0, cost, 1.0)
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
