"""Train the stories step: `python -m bench.training.train_stories frequencies OUT.npz TEXTS ...`, or `decision OUT.json STORIES`.

The first counts in how many articles each hashed word stands. The second takes a folder of articles with known stories
(`documents.jsonl`; `gold.jsonl`: id, set, story) and gives `cleaners/stories/decision.json`: a logistic regression over the
features of `cleaners/stories/likeness.py`. Printed is BCubed F1 of the groups, cross-validated by event (each article judged by
weights that saw no pair of its event) and by set (weights of the other sets). Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bench.quality.stories import Row, read_rows, seen_at
from cleaners.stories import Frequencies, StoriesConfig, group_articles, read_terms
from cleaners.stories.likeness import FEATURES, Comparer, Decision, square_lengths
from cleaners.stories.terms import N_SLOTS, UInt32s, slots_of

Array = npt.NDArray[np.float64]

CONFIG = StoriesConfig()
FOLDS = 10
# A pair of one event weighs so much more than another: the groups are best where even odds are these. Cross-validated by event:
# BASIL .947 at 1, .982 at 3, .981 at 4.5, .984 at 7; the ten undated events .951, .933, .933, .947.
WEIGHT_OF_SAME = 3.0
RIDGE = 1.0  # on the features as they are: cosines and shares, all 0 to 1
# Of Newton: it converges in some ten steps.
MAX_STEPS, TOLERANCE = 100, 1e-9


class Known(NamedTuple):
    """Articles with known stories: id, time in days, terms, set and story of each."""

    ids: list[str]
    days: list[float]
    terms: list[UInt32s]
    sets: npt.NDArray[np.str_]
    stories: npt.NDArray[np.int64]


class Pairs(NamedTuple):
    """All pairs of one set: features, whether they are of one story, and the stories of both."""

    features: Array
    is_same: npt.NDArray[np.bool_]
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    frequencies = commands.add_parser("frequencies")
    frequencies.add_argument("out", type=Path)
    frequencies.add_argument("texts", type=Path, nargs="+")
    decision = commands.add_parser("decision")
    decision.add_argument("out", type=Path)
    decision.add_argument("stories", type=Path)
    args = parser.parse_args()
    if args.command == "frequencies":
        count_frequencies(args.out, args.texts)
    else:
        train_decision(args.out, args.stories)


def count_frequencies(out: Path, texts: list[Path]) -> None:
    """Count in how many articles each slot stands; slots of one article alone are left out."""
    held, n = np.zeros(N_SLOTS, np.uint32), 0
    for path in texts:
        rows = read_rows(path)
        np.add.at(held, slots_of(read_terms(*titles_and_texts(rows), CONFIG).values), np.uint32(1))
        n += len(rows)
    held[held < 2] = 0
    np.savez_compressed(out, held=held.astype(np.uint16), n=np.uint32(n))
    print(f"{n} articles, {np.count_nonzero(held)} slots, {out.stat().st_size} bytes")


def train_decision(out: Path, folder: Path) -> None:
    """Train the weights, print their cross-validation, write them."""
    known = read_known(folder)
    pairs = {name: measure_pairs(known, name) for name in sorted(set(known.sets))}
    scores = {
        **{f"by event, {name}": score for name, score in validate_by_event(known, pairs).items()},
        **{f"by set, {name}": score for name, score in validate_by_set(known, pairs).items()},
    }
    weights = fit(list(pairs.values()))
    shipped = {name: score_groups(known, weights, known.sets == name) for name in pairs}
    for name, score in {**scores, **{f"seen, {name}": score for name, score in shipped.items()}}.items():
        print(f"{name}: {json.dumps(score)}")
    about = (
        "A logistic regression over the features of cleaners/stories/likeness.py, trained by "
        "bench/training/train_stories.py; BCubed of the groups, cross-validated."
    )
    named = {name: round(float(weight), 3) for name, weight in zip(FEATURES, weights.weights, strict=True)}
    found = {"about": about, "weights": named, "intercept": round(weights.intercept, 3), "cross_validated": scores}
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(named, found["intercept"])


def read_known(folder: Path) -> Known:
    """Read articles with known stories."""
    rows = read_rows(folder / "documents.jsonl")
    gold = {
        found["id"]: found
        for found in map(json.loads, (folder / "gold.jsonl").read_text(encoding="utf-8").splitlines())
    }
    names = sorted({found["story"] for found in gold.values()})
    days = [seen_at(row.published_at) or 0.0 for row in rows]
    return Known(
        [row.id for row in rows],
        days,
        read_terms(*titles_and_texts(rows), CONFIG).split(),
        np.array([gold[row.id]["set"] for row in rows]),
        np.array([names.index(gold[row.id]["story"]) for row in rows]),
    )


def titles_and_texts(rows: list[Row]) -> tuple[list[str | None], list[str]]:
    """The titles and the texts of articles."""
    return [row.title for row in rows], [row.text for row in rows]


def measure_pairs(known: Known, name: str) -> Pairs:
    """Measure all pairs of a set, weighed by what is common in that set."""
    rows = np.flatnonzero(known.sets == name)
    frequencies = Frequencies()
    frequencies.begin_archive([known.terms[row] for row in rows])
    comparer, idf = Comparer(), frequencies.idf
    features, left, right = [], [], []
    terms = [known.terms[row] for row in rows]
    squares = square_lengths(terms, idf)
    for place in range(1, len(rows)):
        others = rows[place:]
        shared = comparer.find_shared([(terms[place - 1], terms[place:])])
        own = np.repeat(squares[place - 1 : place], len(others), axis=0)
        features.append(comparer.measure(shared, own, squares[place:], idf))
        left.append(np.full(len(others), known.stories[rows[place - 1]]))
        right.append(known.stories[others])
    measured, one, other = (np.concatenate(part) for part in (features, left, right))
    return Pairs(measured, one == other, one, other)


def fit(parts: list[Pairs], without: npt.NDArray[np.int64] | None = None) -> Decision:
    """Fit the weights, by ridge logistic regression and Newton's method; pairs of the stories in `without` are left out."""
    x, y = (np.concatenate([part[number] for part in parts]) for number in (0, 1))
    if without is not None:
        seen = ~np.isin(np.concatenate([part.left for part in parts]), without)
        seen &= ~np.isin(np.concatenate([part.right for part in parts]), without)
        x, y = x[seen], y[seen]
    x, weight = np.column_stack([x, np.ones(len(x))]), np.where(y, WEIGHT_OF_SAME, 1.0)
    penalty = RIDGE * np.diag([*np.ones(x.shape[1] - 1), 0.0])  # none on the intercept
    found = np.zeros(x.shape[1])
    for _ in range(MAX_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(x @ found, -50, 50)))
        slope = x.T @ (weight * (chance - y)) + penalty @ found
        bend = (x * (weight * chance * (1 - chance))[:, None]).T @ x + penalty
        step = np.linalg.solve(bend, slope)
        found -= step
        if np.abs(step).max() < TOLERANCE:
            break
    return Decision(found[:-1], float(found[-1]))


def validate_by_event(known: Known, pairs: dict[str, Pairs]) -> dict[str, dict[str, float]]:
    """Group each set by weights that saw no event of a fold, and score the articles of that fold."""
    folds = (np.random.default_rng(0).permutation(known.stories.max() + 1) % FOLDS)[known.stories]
    scores = {}
    for name in pairs:
        found = []
        for fold in range(FOLDS):
            weights = fit(list(pairs.values()), np.unique(known.stories[folds == fold]))
            found.append(score_articles(known, weights, known.sets == name)[folds[known.sets == name] == fold])
        scores[name] = summarise(np.concatenate(found))
    return scores


def validate_by_set(known: Known, pairs: dict[str, Pairs]) -> dict[str, dict[str, float]]:
    """Group each set by the weights of the others."""
    return {
        name: score_groups(known, fit([part for other, part in pairs.items() if other != name]), known.sets == name)
        for name in pairs
    }


def score_groups(known: Known, weights: Decision, chosen: npt.NDArray[np.bool_]) -> dict[str, float]:
    """BCubed of the groups among some articles."""
    return summarise(score_articles(known, weights, chosen))


def score_articles(known: Known, weights: Decision, chosen: npt.NDArray[np.bool_]) -> Array:
    """BCubed precision and recall of each of some articles, (articles, 2)."""
    rows = np.flatnonzero(chosen).tolist()
    articles = [(known.ids[row], known.days[row], known.terms[row]) for row in rows]
    found = {placed.article_id: placed.story_id for placed in group_articles(articles, CONFIG, weights)}
    pairs = [(known.stories[row], found[known.ids[row]]) for row in rows]
    both, gold, groups = Counter(pairs), Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    return np.array([(both[one, other] / groups[other], both[one, other] / gold[one]) for one, other in pairs])


def summarise(articles: Array) -> dict[str, float]:
    """Precision, recall and F1 of articles."""
    precision, recall = articles.mean(axis=0)
    f1 = 2 * precision * recall / (precision + recall)
    return {"articles": len(articles), "P": round(precision, 3), "R": round(recall, 3), "F1": round(f1, 3)}


if __name__ == "__main__":
    main()
