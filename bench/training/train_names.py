"""Train the decision on suspect names: `python -m bench.training.train_names DOCUMENTS.jsonl AUTHORITY.csv OUT.json`.

Takes real documents, gives `cleaners/names/judge/decision.json`: a logistic regression a kind, and what was measured on people
and on sources that the model did not see (no surname, no source on both sides). Confidence is calibrated on those
judgements: on a set at natural base rates where one is given, else for batches with about as many errors as
`errors_per_1000` says.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from bench.quality.names import read_articles, read_rows
from bench.training.name_pairs import CHANGED_PEOPLE, Pair, collect_natural, collect_pairs
from cleaners.names import core_authority, load_authority

Array = npt.NDArray[np.float64]
Model = dict[str, float]

FEATURES = {
    "wrong_given": [
        "log_support", "log_own_support", "log_rivals", "surname_share", "log_per_million", "own_strength", "is_given_known",
        "is_expected_in_text", "is_kin_in_text", "is_surname_ahead", "log_alone", "is_aged", "is_kin", "apposition",
        "words_strange", "likeness_best", "likeness_mean", "list_likeness", "shared_people", "capitals_near", "words_beside",
        "words_usual", "words_covered", "role_agreement", "office_rarity",
    ],
    "misspelling": [
        "likeness_best", "likeness_mean", "log_support", "log_own_support", "is_expected_in_text", "surname_share",
        "log_own_per_million", "role_agreement", "capitals_near", "words_beside", "words_usual",
    ],
}  # fmt: skip
KINDS = {"wrong_given": ("wrong_given", "given_slip"), "misspelling": ("misspelling",)}
# Set by hand: the reversed, re-romanised or re-accented name of a known person is hardly ever another person's.
BY_HAND = {
    "swapped_order": {"intercept": 1.5, "likeness_best": 4.0, "is_given_known": -0.7},
    "transliteration": {"intercept": 2.0},
    "diacritics": {"intercept": 2.0},
}
SEEDS = range(4)
NATURAL_SEEDS = range(2)
RIDGE = 1.0  # on standardised features; chosen among 0.3, 1 and 5 by recall of unseen people at natural base rates
FOLDS = 10
BINS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
PRECISIONS = (0.95, 0.9, 0.85, 0.8)  # precisions at which recall is reported where errors are recorded
RATES = (1, 2, 3, 5)  # false flags per 1,000 documents at which recall is reported


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", type=Path)
    parser.add_argument("authority", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--groups",
        nargs="+",
        help="only documents whose group_id begins with one of these: those that were not changed",
    )
    parser.add_argument(
        "--also", type=Path, help="a near-duplicate set (JSON lines): its untouched originals are a second source"
    )
    parser.add_argument(
        "--natural",
        type=Path,
        nargs=3,
        metavar=("DOCUMENTS", "GOLD", "IGNORE"),
        help="a set at natural base rates with its recorded errors, and the spans of those that nobody planted (JSON lines): "
        "confidence is calibrated on it",
    )
    parser.add_argument("--pairs", type=Path, help="JSON lines: the pairs, read where the file is there, else written")
    parser.add_argument("--ablate", action="store_true", help="print recall without each feature")
    args = parser.parse_args()
    pairs, n_documents = _read_pairs(args.pairs) if args.pairs and args.pairs.exists() else _collect(args)
    if args.pairs and not args.pairs.exists():
        _write_pairs(args.pairs, pairs, n_documents)
    models: dict[str, Model] = {}
    figures: dict[str, object] = {}
    for kind, features in FEATURES.items():
        rows = [pair for pair in pairs if pair.kind in KINDS[kind]]
        models[kind], figures[kind] = train(rows, features, n_documents)
        print(kind, json.dumps(figures[kind], indent=1), json.dumps(models[kind]))
        if args.ablate:
            print_ablation(rows, features, n_documents)
    card = {
        "about": "Logistic regressions over the features of cleaners/names/judge/suspects.py, "
        "made by bench/training/train_names.py.",
        "data": f"{sum(n_documents.values())} documents of English news in {len(n_documents)} sources, {len(SEEDS)} runs of "
        f"{CHANGED_PEOPLE} changed people a source ({len(NATURAL_SEEDS)} of the set at natural base rates, beside its recorded "
        "errors); the rest occurs by itself. swapped_order, transliteration and diacritics are set by hand.",
        "trained": datetime.now(UTC).date().isoformat(),
        "figures": figures,
    }
    weights = {**models, "given_slip": models["wrong_given"], **BY_HAND}
    args.out.write_text(json.dumps({**card, "weights": weights}, indent=1) + "\n", encoding="utf-8")


def _collect(args: argparse.Namespace) -> tuple[list[Pair], dict[str, int]]:
    """The pairs of every set, and how many documents each has."""
    articles = read_articles(args.documents)
    if args.groups:
        group = pl.read_ndjson(args.documents, schema={"group_id": pl.String})["group_id"]
        articles = articles.filter(group.str.contains(f"^(?:{'|'.join(args.groups)})"))
    authority = load_authority(args.authority.read_text(encoding="utf-8"), with_core=True)
    pairs, n_missed = collect_pairs(articles, authority, "first", SEEDS)
    n_documents = {"first": articles.height}
    if args.also:
        originals = _read_originals(args.also, articles)
        more, also_missed = collect_pairs(originals, core_authority(), "second", SEEDS)
        pairs, n_missed, n_documents["second"] = pairs + more, n_missed + also_missed, originals.height
    if args.natural:
        natural = read_articles(args.natural[0])
        pairs += collect_natural(natural, authority, "natural", NATURAL_SEEDS, *map(_read_spans, args.natural[1:]))
        n_documents["natural"] = natural.height
    print(f"{n_missed} changed names of {len(SEEDS)} runs raised no suspicion")
    return pairs, n_documents


def _read_spans(path: Path) -> dict[str, list[tuple[int, int]]]:
    """The spans of errors by document: gold of the scorer without variants, or its file of what is set aside."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for row in read_rows(path):
        if row.get("is_error", True):
            spans.setdefault(row["doc_id"], []).append((row["start"], row["end"]))
    return spans


def _write_pairs(path: Path, pairs: list[Pair], n_documents: dict[str, int]) -> None:
    lines = [json.dumps(n_documents), *(json.dumps(asdict(pair), ensure_ascii=False) for pair in pairs)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _read_pairs(path: Path) -> tuple[list[Pair], dict[str, int]]:
    first, *rows = read_rows(path)
    return [Pair(**row) for row in rows], first


def train(pairs: list[Pair], features: list[str], n_documents: dict[str, int]) -> tuple[Model, dict[str, object]]:
    """A calibrated model, and its figures on surnames and on sources that the judging model did not see."""
    n = sum(n_documents.values())
    scores = scores_on_unseen(pairs, features, _surname_folds(pairs))
    is_natural = np.array([pair.is_recorded or "natural" not in n_documents for pair in pairs])
    slope, shift = platt(scores[is_natural], [pair for pair, counts in zip(pairs, is_natural, strict=True) if counts])
    model = fit(pairs, features)
    calibrated = {name: round(slope * weight, 3) for name, weight in model.items()}
    calibrated["intercept"] = round(slope * model["intercept"] + shift, 3)
    confidence = _sigmoid(slope * scores + shift)
    figures: dict[str, object] = {
        "positives": sum(pair.is_error for pair in pairs),
        "negatives": sum(not pair.is_error for pair in pairs),
        "errors_per_1000": round(1000 * sum(pair.weight for pair in pairs if pair.is_error) / n, 1),
        "unseen_people": recall_at_rates(confidence, pairs, n),
        "reliability": reliability(confidence, pairs),
    }
    if "natural" in n_documents:
        by_month = _sigmoid(slope * scores_on_unseen(pairs, features, _months(pairs)) + shift)
        recorded = [pair for pair, counts in zip(pairs, is_natural, strict=True) if counts]
        figures["natural_unseen_people"] = recall_at_precisions(confidence[is_natural], recorded)
        figures["natural_unseen_months"] = recall_at_precisions(by_month[is_natural], recorded)
        figures["reliability"] = reliability(*best_explanations(confidence[is_natural], recorded))
        figures["reliability_unseen_months"] = reliability(*best_explanations(by_month[is_natural], recorded))
    sources = np.array([pair.source for pair in pairs])
    if len(n_documents) > 1:
        by_source = scores_on_unseen(pairs, features, sources)
        figures["unseen_source"] = {
            source: recall_at_rates(
                _sigmoid(slope * by_source[sources == source] + shift),
                [pair for pair in pairs if pair.source == source],
                n_documents[source],
            )
            for source in n_documents
        }
    return calibrated, figures


def print_ablation(pairs: list[Pair], features: list[str], n_documents: dict[str, int]) -> None:
    """Recall at each rate of false flags without each feature, on unseen people."""
    for left_out in ["", *features]:
        kept = [name for name in features if name != left_out]
        scores = scores_on_unseen(pairs, kept, _surname_folds(pairs))
        figures = recall_at_rates(_sigmoid(scores), pairs, sum(n_documents.values()))
        print(f"without {left_out or 'nothing':24}", {k: v for k, v in figures.items() if k.startswith("R_at")})


def fit(pairs: list[Pair], features: list[str]) -> Model:
    """Ridge logistic regression by Newton's method; weights for the features as they are, and the intercept."""
    x, label, weight = _arrays(pairs, features)
    mean, spread = x.mean(axis=0), x.std(axis=0)
    spread[spread == 0] = 1.0
    z = np.column_stack([(x - mean) / spread, np.ones(len(x))])
    beta = _newton(z, label, weight, np.append(np.full(len(features), RIDGE), 1e-6))
    weights = beta[:-1] / spread
    intercept = float(beta[-1] - weights @ mean)
    return {"intercept": intercept} | {name: float(w) for name, w in zip(features, weights, strict=True)}


def platt(scores: Array, pairs: list[Pair]) -> tuple[float, float]:
    """Slope and shift that make a probability of scores on unseen people (Platt 1999)."""
    _, label, weight = _arrays(pairs, [])
    beta = _newton(np.column_stack([scores, np.ones(len(scores))]), label, weight, np.full(2, 1e-6))
    return float(beta[0]), float(beta[1])


def scores_on_unseen(pairs: list[Pair], features: list[str], side: npt.NDArray[np.generic]) -> Array:
    """Log-odds of each pair by a model that saw no pair of its side."""
    scores = np.zeros(len(pairs))
    for value in np.unique(side):
        model = fit([pair for pair, s in zip(pairs, side, strict=True) if s != value], features)
        held_out = side == value
        rows = [pair for pair, is_held in zip(pairs, held_out, strict=True) if is_held]
        x, _, _ = _arrays(rows, features)
        scores[held_out] = x @ np.array([model[name] for name in features]) + model["intercept"]
    return scores


def recall_at_rates(confidence: Array, pairs: list[Pair], n_documents: int) -> dict[str, float]:
    """Recall of the errors that became suspects at some rates of false flags per 1,000 documents, and at .5."""
    _, label, weight = _arrays(pairs, [])
    flagged = confidence >= 0.5
    figures = {
        "R": round(float(flagged[label == 1].mean()), 3),
        "false_per_1000": round(1000 * float(weight[flagged & (label == 0)].sum()) / n_documents, 2),
    }
    order = np.argsort(-confidence, kind="stable")
    false = np.cumsum(np.where(label[order] == 0, weight[order], 0.0)) * 1000 / n_documents
    for rate in RATES:
        n = int(np.searchsorted(false, rate, side="right"))
        figures[f"R_at_{rate}"] = round(float(label[order][:n].sum() / max(label.sum(), 1)), 3)
        figures[f"threshold_at_{rate}"] = round(float(confidence[order][min(n, len(order) - 1)]), 3)
    return figures


def best_explanations(confidence: Array, pairs: list[Pair]) -> tuple[Array, list[Pair]]:
    """The surest explanation of each name in each text, as the check shows it."""
    best: dict[tuple[str, str], int] = {}
    for i, pair in enumerate(pairs):
        key = (pair.article, pair.form)
        if key not in best or confidence[i] > confidence[best[key]]:
            best[key] = i
    chosen = sorted(best.values())
    return confidence[chosen], [pairs[i] for i in chosen]


def recall_at_precisions(confidence: Array, pairs: list[Pair]) -> dict[str, float]:
    """Recall of the recorded errors that became suspects, and the least confidence, at some precisions of what is shown."""
    confidence, pairs = best_explanations(confidence, pairs)
    _, label, _ = _arrays(pairs, [])
    order = np.argsort(-confidence, kind="stable")
    right = np.cumsum(label[order])
    precision = right / np.arange(1, len(order) + 1)
    figures: dict[str, float] = {"errors": int(label.sum())}
    for least in PRECISIONS:
        enough = np.flatnonzero(precision >= least)
        n = int(enough[-1]) if len(enough) else 0
        figures[f"R_at_P{least}"] = round(float(right[n] / max(label.sum(), 1)), 3) if len(enough) else 0.0
        figures[f"threshold_at_P{least}"] = round(float(confidence[order][n]), 3)
    return figures


def reliability(confidence: Array, pairs: list[Pair]) -> list[dict[str, float]]:
    """Mean confidence and share that is right, by bins of confidence; `n` as one run over the documents would meet."""
    _, label, weight = _arrays(pairs, [])
    rows = []
    for low, high in pairwise(BINS):
        inside = (confidence >= low) & ((confidence < high) | (high == BINS[-1]))
        n = float(weight[inside].sum())
        if n:
            rows.append(
                {
                    "from": low,
                    "to": high,
                    "n": round(n, 1),
                    "confidence": round(float((weight * confidence)[inside].sum()) / n, 3),
                    "right": round(float((weight * label)[inside].sum()) / n, 3),
                }
            )
    return rows


def _newton(z: Array, label: Array, weight: Array, penalty: Array) -> Array:
    beta = np.zeros(z.shape[1])
    for _ in range(60):
        p = _sigmoid(z @ beta)
        gradient = z.T @ (weight * (p - label)) + penalty * beta
        hessian = (z * (weight * p * (1 - p))[:, None]).T @ z + np.diag(penalty)
        step = np.linalg.solve(hessian, gradient)
        beta -= step
        if np.abs(step).max() < 1e-8:
            break
    return beta


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -35, 35))))


def _arrays(pairs: list[Pair], features: list[str]) -> tuple[Array, Array, Array]:
    x = np.array([[pair.features[name] for name in features] for pair in pairs])
    return x, np.array([float(pair.is_error) for pair in pairs]), np.array([pair.weight for pair in pairs])


def _surname_folds(pairs: list[Pair]) -> npt.NDArray[np.int64]:
    return np.array([int(hashlib.sha256(pair.surname.encode()).hexdigest(), 16) % FOLDS for pair in pairs])


def _months(pairs: list[Pair]) -> npt.NDArray[np.generic]:
    """The month of each pair; pairs of sets without are one fold."""
    return np.array([pair.month for pair in pairs])


def _read_originals(path: Path, others: pl.DataFrame) -> pl.DataFrame:
    """The untouched documents of a near-duplicate set, without those that stand among the others."""
    rows = read_rows(path)
    known = {text.rsplit("\n", 1)[-1][:100] for text in others["text"]}
    kept = [
        row
        for row in rows
        if row["role"] in ("single", "original")
        and "~" not in row["source_id"]  # words replaced by a machine
        and row["text"].rsplit("\n", 1)[-1][:100] not in known
    ]
    return pl.DataFrame(
        {
            "article_id": [row["id"] for row in kept],
            "text": [row["text"] for row in kept],
            "published_at": [row.get("published_at") for row in kept],
        },
        schema_overrides={"published_at": pl.String},
    ).with_columns(pl.col("published_at").str.to_datetime(time_unit="us", time_zone="UTC", strict=False))


if __name__ == "__main__":
    main()
