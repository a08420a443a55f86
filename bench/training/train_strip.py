"""Train the learned layer of stripping: `python -m bench.training.train_strip TRAIN.jsonl.gz ... OUT.npz --report DEV.jsonl`.

Takes contaminated texts with exact spans; gives `cleaners/junk/model/learned.npz`. Every score that a later layer is trained on,
and every figure printed, comes from models that saw neither the site of the article nor the junk string: articles and
junk strings are hashed into folds, and for each pair of folds a model leaves both out. Needs the `train` extra.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, vstack

from bench.training.fitting import area, as_dataset, fit_hashed, fit_sparse, fit_trees, join_forests
from bench.training.strip_sets import (
    AGAIN,
    FOLDS,
    Example,
    cells,
    details,
    figures,
    load_examples,
    read_set,
    run_labels,
    score,
    strip_example,
    strip_rules,
    unit_labels,
)
from cleaners.junk.model import learned
from cleaners.junk.model.features import RARITY_BITS
from cleaners.junk.model.forest import Forest
from cleaners.junk.model.learned import BOUNDARY_BITS, KIND_BITS, KINDS, MIN_BOUNDARY, WORD_BITS, LearnedModel
from cleaners.junk.model.likeness import find_likeness, hash_words
from cleaners.junk.model.measures import add_neighbours, measure_units
from cleaners.junk.model.regions import measure_runs, propose_runs
from cleaners.junk.page.page import Page
from cleaners.junk.page.reading import Units, find_candidates, hash_boundaries, read, slot_index, split_units
from cleaners.junk.page.tokens import tokenize

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

# Shares of the article's characters, cross-validated, that the thresholds are tuned to: all articles, hard negatives.
DAMAGE = 0.0011
HARD_DAMAGE = 0.0005
THRESHOLDS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9)
ROUNDS = {"units": 160, "windows": 160, "pure": 160, "exact": 160}
# Times that each set is placed again, with other stories beside the same junk.
AGAINS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path, nargs="+")
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--report", type=Path, required=True, help="a set that is only scored, by the cross-validation's models"
    )
    parser.add_argument("--background", type=Path, required=True, help="clean articles, to learn how rare words are")
    parser.add_argument("--no-words", action="store_true", help="without features of words: a lower bound")
    parser.add_argument("--damage", type=float, default=DAMAGE)
    args = parser.parse_args()
    note("examples")
    again = [(path, 100 * number + place) for number in range(AGAINS) for place, path in enumerate(args.train, 1)]
    examples = load_examples([*args.train, args.report], again)
    train(examples, args.report.name, measure_rarity(args.background), args.out, not args.no_words, args.damage)


def note(what: str) -> None:
    print(f"[{time.process_time():.0f} s] {what}", flush=True)


def train(examples: list[Example], report: str, rarity: F64, out: Path, with_words: bool, damage: float) -> None:
    """Train all layers, print cross-validated figures, write the model. The set named `report` is not learned from."""
    is_report = np.array([example.set_name == report for example in examples])
    is_train = ~is_report
    # Sets placed again are learned from and not counted.
    is_again = np.array([example.set_name == AGAIN for example in examples])

    note("boundaries")
    boundary_cv, boundary = train_boundaries(examples, is_train)
    cuts = []
    for example, scores in zip(examples, boundary_cv, strict=True):
        candidates = find_candidates(example.reading)
        cuts.append(split_units(example.reading, candidates, scores, MIN_BOUNDARY, learned.edges(example.findings)))
    report_edges(examples, cuts)

    note("words")
    words_cv, words = train_words(examples, cuts, is_train)
    if not with_words:
        words_cv = [np.zeros_like(scores) for scores in words_cv]
    likenesses = [find_likeness(example.reading, cut, rarity) for example, cut in zip(examples, cuts, strict=True)]
    tables = [
        measure_units(example.reading, cut, likeness, example.findings, scores)
        for example, cut, likeness, scores in zip(examples, cuts, likenesses, words_cv, strict=True)
    ]
    note("units")
    logits_cv, forest = train_units(examples, cuts, tables, is_train)

    runs = [
        propose_runs(cut, logits, table, example.findings)
        for example, cut, table, logits in zip(examples, cuts, tables, logits_cv, strict=True)
    ]
    measured = [
        measure_runs(run, cut, logits, table, likeness, example.findings) if run else None
        for example, run, cut, logits, table, likeness in zip(
            examples, runs, cuts, logits_cv, tables, likenesses, strict=True
        )
    ]
    note("runs")
    runs_cv, region_forest = train_runs(examples, cuts, runs, measured, is_train)
    note("kinds")
    kinds = train_kinds(examples, cuts, is_train)
    model = LearnedModel(*boundary, *words, kinds, rarity, forest, region_forest, thresholds=(0.9, 0.9))
    note("thresholds")
    counted = np.flatnonzero(is_train & ~is_again).tolist()
    model = tune(counted, examples, cuts, runs, runs_cv, model, damage)
    print("chosen thresholds", model.thresholds)
    versions = [number for number in np.flatnonzero(is_again).tolist() if "-version-" in examples[number].row["id"]]
    parts = (("train", counted), ("report", np.flatnonzero(is_report).tolist()), ("versions of stories", versions))
    for what, chosen in parts:
        some = [examples[number] for number in chosen]
        both = [strip_example(examples[n], cuts[n], runs[n], runs_cv[n], model) for n in chosen]
        for name, removed in (("rules", [strip_rules(one) for one in some]), ("both, cross-validated", both)):
            tally = score(some, removed)
            print(f"{name} | {what} | {figures(tally)}")
            print(json.dumps(details(tally)))
    write_model(out, model)


def tune(
    counted: list[int],
    examples: list[Example],
    cuts: list[Units],
    runs: list[list[tuple[int, int]]],
    runs_cv: list[tuple[F64, F64]],
    model: LearnedModel,
    damage: float,
) -> LearnedModel:
    """The thresholds of short and long runs with the best F1 and exact documents that keep the damage."""
    best: tuple[float, LearnedModel] | None = None
    some = [examples[number] for number in counted]
    for short in THRESHOLDS:
        for long in THRESHOLDS:
            tuned = model._replace(thresholds=(short, long))
            tally = score(some, [strip_example(examples[n], cuts[n], runs[n], runs_cv[n], tuned) for n in counted])
            if short == long:
                print("thresholds", short, figures(tally))
            value = 2 * tally["hit"] / (tally["removed"] + tally["junk"]) + 0.3 * tally["exact"] / tally["docs"]
            is_safe = tally["wrong"] <= damage * tally["article"]
            is_safe &= tally["hard_wrong"] <= HARD_DAMAGE * tally["hard_article"]
            if is_safe and (best is None or value > best[0]):
                best = (value, tuned)
    assert best is not None, "no threshold keeps the damage"
    return best[1]


def measure_rarity(background: Path) -> F64:
    """Measure how rare words are in clean articles: 0 in one of eight or more, 1 in none; by the word's place in the table."""
    held = np.zeros(2**RARITY_BITS)
    rows = read_set(background)
    for row in rows:
        held[np.unique(slot_index(tokenize(row["text"]).hashes, 0, RARITY_BITS))] += 1
    scale = np.log(len(rows) + 1.0)
    rarity: F64 = np.clip((np.log((len(rows) + 1) / (held + 1)) - 2) / (scale - 2), 0.0, 1.0)
    return rarity


def train_boundaries(examples: list[Example], is_train: npt.NDArray[np.bool_]) -> tuple[list[F64], tuple[F64, float]]:
    """Learn whether a sentence break is missing here: from where line breaks were, with the breaks taken out, and at span edges."""
    places, labels, article, junk = [], [], [], []
    for example in (one for one, used in zip(examples, is_train, strict=True) if used):
        page = example.reading.page
        flat = Page(page.text.replace("\n", " "), page.title, page.site)
        reading = read(flat, example.reading.tokens)
        begins = {start for start, _ in flat.sentences}
        candidates = find_candidates(reading)
        starts = reading.word_starts[candidates]
        is_inner = np.array([start not in begins for start in starts.tolist()], dtype=bool)
        candidates, starts = candidates[is_inner], starts[is_inner]
        gold = {start for start, _ in page.lines}
        near = np.array(example.junk_fold[starts])
        for span in example.spans:
            after = span["end"]
            while after < len(page.text) and page.text[after].isspace():
                after += 1
            gold |= {span["start"], after}
            near[starts == after] = example.junk_fold[span["end"] - 1]
        places.append(hash_boundaries(reading, candidates, BOUNDARY_BITS))
        labels.append(np.array([start in gold for start in starts.tolist()], dtype=float))
        article.append(np.full(len(candidates), example.fold))
        junk.append(near)
    x, y = np.concatenate(places), np.concatenate(labels)
    of_article, of_junk = np.concatenate(article), np.concatenate(junk)
    models = {}
    for cell in cells():
        kept = (of_article != cell[0]) & (of_junk != cell[1])
        models[cell] = fit_hashed(x[kept], y[kept], BOUNDARY_BITS, 1.0)
    scores = []
    for example in examples:
        candidates = find_candidates(example.reading)
        table = hash_boundaries(example.reading, candidates, BOUNDARY_BITS)
        folds = example.junk_fold[example.reading.word_starts[candidates]]
        before = example.junk_fold[np.maximum(example.reading.word_starts[candidates] - 2, 0)]
        is_after = example.is_junk[np.maximum(example.reading.word_starts[candidates] - 2, 0)]
        folds = np.where(is_after & ~example.is_junk[example.reading.word_starts[candidates]], before, folds)
        logits = np.zeros(len(candidates))
        for fold in range(FOLDS):
            weights, intercept = models[example.fold, fold]
            mine = folds == fold
            logits[mine] = weights[table[mine]].sum(axis=1) + intercept
        scores.append(learned.to_probability(logits))
    return scores, fit_hashed(x, y, BOUNDARY_BITS, 1.0)


def report_edges(examples: list[Example], cuts: list[Units]) -> None:
    found = total = n_units = 0
    for example, cut in zip(examples, cuts, strict=True):
        starts = set(cut.starts.tolist()) | {len(example.is_junk)}
        text = example.reading.page.text
        n_units += len(cut.starts)
        for span in example.spans:
            after = span["end"]
            while after < len(text) and text[after].isspace():
                after += 1
            total += 2
            found += (span["start"] in starts) + (after in starts)
    print(f"span edges found {found / total:.3f}, units a document {n_units / len(examples):.1f}")


def train_words(
    examples: list[Example], cuts: list[Units], is_train: npt.NDArray[np.bool_]
) -> tuple[list[F64], tuple[F64, float]]:
    """Score of units by their words."""
    rows = [word_rows(example, cut, WORD_BITS) for example, cut in zip(examples, cuts, strict=True)]
    known = [number for number, used in enumerate(is_train) if used]
    labelled = [unit_labels(examples[number], cuts[number]) for number in known]
    x = stack_rows([rows[number] for number in known])
    y = (np.concatenate([share for share, _ in labelled]) >= 0.5).astype(float)
    of_junk = np.concatenate([fold for _, fold in labelled])
    of_article = np.concatenate([np.full(len(cuts[number].starts), examples[number].fold) for number in known])
    models = {}
    for cell in cells():
        kept = (of_article != cell[0]) & (of_junk != cell[1])
        models[cell] = fit_sparse(x[np.flatnonzero(kept)], y[kept], 0.3)
    scores = []
    for example, cut, row in zip(examples, cuts, rows, strict=True):
        _, folds = unit_labels(example, cut)
        values = np.zeros(len(cut.starts))
        for fold in range(FOLDS):
            weights, intercept = models[example.fold, fold]
            mine = folds == fold
            values[mine] = (row @ weights)[mine] + intercept
        scores.append(values)
    return scores, fit_sparse(x, y, 0.3)


def word_rows(example: Example, cut: Units, n_bits: int) -> csr_matrix:
    places, owner = hash_words(example.reading, cut, n_bits)
    counts = np.maximum(np.bincount(owner, minlength=len(cut.starts)), 1)
    return csr_matrix((1 / np.sqrt(counts[owner]), (owner, places)), shape=(len(cut.starts), 2**n_bits))


def stack_rows(rows: list[csr_matrix]) -> csr_matrix:
    return vstack(rows).tocsr()


def train_units(
    examples: list[Example], cuts: list[Units], tables: list[npt.NDArray[np.float32]], is_train: npt.NDArray[np.bool_]
) -> tuple[list[F64], Forest]:
    """Learn whether a unit is junk, by its own evidence and with its neighbours'."""
    known = [number for number, used in enumerate(is_train) if used]
    labelled = [unit_labels(examples[number], cuts[number]) for number in range(len(examples))]
    y = (np.concatenate([labelled[number][0] for number in known]) >= 0.5).astype(float)
    of_junk = np.concatenate([labelled[number][1] for number in known])
    of_article = np.concatenate([np.full(len(cuts[number].starts), examples[number].fold) for number in known])
    sizes = np.concatenate([cuts[number].ends - cuts[number].starts for number in known])
    weight = np.clip(np.log1p(sizes) / 4, 0.3, 1.5)
    logits = [np.zeros(len(cut.starts)) for cut in cuts]
    forests = []
    for name, widen in (("units", lambda table: table), ("windows", add_neighbours)):
        wide = [widen(table) for table in tables]
        data = as_dataset(np.concatenate([wide[number] for number in known]), y, weight)
        for cell in cells():
            kept = (of_article != cell[0]) & (of_junk != cell[1])
            forest = fit_trees(data, kept, ROUNDS[name])
            for number, example in enumerate(examples):
                if example.fold == cell[0]:
                    mine = labelled[number][1] == cell[1]
                    if mine.any():
                        logits[number][mine] += forest.score(wide[number][mine])[:, 0] / 2
        forests.append(fit_trees(data, np.ones(len(y), dtype=bool), ROUNDS[name]))
    auc = area(np.concatenate([logits[number] for number in known]), y)
    print(f"units: {len(y)}, junk {y.mean():.3f}, cross-validated AUC {auc:.4f}")
    return logits, join_forests(forests, 1 / len(forests))


def train_runs(
    examples: list[Example],
    cuts: list[Units],
    runs: list[list[tuple[int, int]]],
    measured: list[Any],
    is_train: npt.NDArray[np.bool_],
) -> tuple[list[tuple[F64, F64]], Forest]:
    """Learn whether a run is all junk, and all of the junk."""
    labels = [run_labels(*each) for each in zip(examples, cuts, runs, strict=True)]
    known = [number for number, used in enumerate(is_train) if used and runs[number]]
    x = np.concatenate([measured[number] for number in known])
    of_junk = np.concatenate([labels[number][2] for number in known])
    of_article = np.concatenate([np.full(len(runs[number]), examples[number].fold) for number in known])
    # Each document counts about alike, however many runs it proposes.
    weight = np.concatenate([np.full(len(runs[number]), len(runs[number]) ** -0.5) for number in known])
    weight /= weight.mean()
    results = [(np.zeros(len(run)), np.zeros(len(run))) for run in runs]
    forests = []
    for target, name in enumerate(("pure", "exact")):
        y = np.concatenate([labels[number][target] for number in known])
        data = as_dataset(x, y, weight)
        for cell in cells():
            kept = (of_article != cell[0]) & (of_junk != cell[1])
            forest = fit_trees(data, kept, ROUNDS[name])
            for number, example in enumerate(examples):
                if example.fold == cell[0] and runs[number]:
                    mine = labels[number][2] == cell[1]
                    if mine.any():
                        results[number][target][mine] = learned.to_probability(
                            forest.score(measured[number][mine])[:, 0]
                        )
        forests.append(fit_trees(data, np.ones(len(y), dtype=bool), ROUNDS[name]))
        auc = area(np.concatenate([results[number][target] for number in known]), y)
        print(f"runs {name}: {len(y)}, share {y.mean():.3f}, cross-validated AUC {auc:.4f}")
    return results, join_forests(forests, 1.0)


def train_kinds(examples: list[Example], cuts: list[Units], is_train: npt.NDArray[np.bool_]) -> F64:
    """Weights of a unit's words for each kind, one against the others."""
    rows, labels = [], []
    for example, cut, used in zip(examples, cuts, is_train, strict=True):
        if not used:
            continue
        share, _ = unit_labels(example, cut)
        junk = np.flatnonzero(share >= 0.5)
        middle = (cut.starts[junk] + cut.ends[junk]) // 2
        kinds = [
            next((span["kind"] for span in example.spans if span["start"] <= place < span["end"]), None)
            for place in middle.tolist()
        ]
        rows.append(word_rows(example, cut, KIND_BITS)[junk])
        labels += kinds
    x = stack_rows(rows)
    return np.stack(
        [fit_sparse(x, np.array([kind == name for kind in labels], float), 0.3)[0] for name in KINDS], axis=1
    )


def write_model(path: Path, model: LearnedModel) -> None:
    arrays: dict[str, Any] = {}
    for name in ("boundary", "words", "kinds"):
        weights = getattr(model, name)
        scale = np.abs(weights).max() / 32767
        arrays[name] = np.round(weights / scale).astype(np.int16)
        arrays[f"{name}_scale"] = np.float64(scale)
    arrays |= {
        "boundary_intercept": np.float64(model.boundary_intercept),
        "words_intercept": np.float64(model.words_intercept),
        "thresholds": np.array(model.thresholds),
    }
    arrays["rarity"] = np.round(model.rarity * 255).astype(np.uint8)
    for name in ("units", "runs"):
        arrays |= {f"{name}_{part}": values for part, values in getattr(model, name)._asdict().items()}
    np.savez_compressed(path, **arrays)
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
