"""Train the learned layer of stripping: `python -m bench.train_strip TRAIN.jsonl.gz ... OUT.npz --report DEV.jsonl`.

Takes contaminated texts with exact spans; gives `cleaners/junk/learned.npz`. Every score that a later stage is trained on,
and every figure printed, comes from models that saw neither the site of the article nor the junk string: articles and
junk strings are hashed into folds, and for each pair of folds a model leaves both out. Needs the `train` extra.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, vstack

from bench.quality.contamination import NO_KIND, as_document
from cleaners.document import DOCUMENT_SCHEMA
from cleaners.junk import StripConfig, gather_evidence, learn_evidence, learned
from cleaners.junk.decide import decide
from cleaners.junk.forest import Forest
from cleaners.junk.learned import BOUNDARY_BITS, KIND_BITS, KINDS, MIN_BOUNDARY, WORD_BITS, LearnedModel
from cleaners.junk.measures import (
    Findings,
    add_neighbours,
    find_likeness,
    hash_words,
    measure_units,
)
from cleaners.junk.owners import OwnerIndex
from cleaners.junk.page import Page
from cleaners.junk.reading import Reading, Units, find_candidates, hash_boundaries, read, split_units
from cleaners.junk.regions import measure_runs, propose_runs
from cleaners.junk.strip import Indexes, gather_findings
from cleaners.junk.templates import TemplateIndex
from cleaners.junk.tokens import hash_ngrams, hash_text, tokenize

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Span = dict[str, Any]

FOLDS = 4
MAX_NEIGHBOURS = 4
# Shares of the article's characters, cross-validated, that the thresholds are tuned to: all articles, hard negatives.
DAMAGE = 0.0014
HARD_DAMAGE = 0.0005
THRESHOLDS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97)
PURE = 0.99
TREES = {
    "objective": "binary",
    "learning_rate": 0.06,
    "num_leaves": 15,
    "max_depth": 6,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 0,
    "verbose": -1,
}
ROUNDS = {"units": 160, "windows": 160, "pure": 160, "exact": 160}


class Example(NamedTuple):
    """A document, its gold spans, and the folds of its article and of its junk."""

    set_name: str
    row: dict[str, Any]
    reading: Reading
    findings: Findings
    spans: list[Span]
    fold: int
    is_junk: npt.NDArray[np.bool_]
    junk_fold: npt.NDArray[np.int8]  # by character; of article characters a fold by chance, one for a document


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path, nargs="+")
    parser.add_argument("out", type=Path)
    parser.add_argument("--report", type=Path, help="a set that is only scored, by the cross-validation's models")
    parser.add_argument("--no-words", action="store_true", help="without features of words: a lower bound")
    parser.add_argument("--damage", type=float, default=DAMAGE)
    args = parser.parse_args()
    paths = [*args.train, *([args.report] if args.report else [])]
    examples = load_examples(paths)
    n_train = sum(example.set_name != (args.report.name if args.report else "") for example in examples)
    train(examples, n_train, args.out, not args.no_words, args.damage)


def note(what: str) -> None:
    print(f"[{time.process_time():.0f} s] {what}", flush=True)


def train(examples: list[Example], n_train: int, out: Path, with_words: bool, damage: float) -> None:
    """Train all stages, print cross-validated figures, write the model. Only the first `n_train` examples are learned."""
    is_train = np.arange(len(examples)) < n_train

    note("boundary_cv, boundary")
    boundary_cv, boundary = train_boundaries(examples, is_train)
    cuts = []
    for example, scores in zip(examples, boundary_cv, strict=True):
        candidates = find_candidates(example.reading)
        cuts.append(split_units(example.reading, candidates, scores, MIN_BOUNDARY, learned.edges(example.findings)))
    report_edges(examples, cuts)

    note("words_cv, words")
    words_cv, words = train_words(examples, cuts, is_train)
    if not with_words:
        words_cv = [np.zeros_like(scores) for scores in words_cv]
    likenesses = [find_likeness(example.reading, cut) for example, cut in zip(examples, cuts, strict=True)]
    tables = [
        measure_units(example.reading, cut, likeness, example.findings, scores)
        for example, cut, likeness, scores in zip(examples, cuts, likenesses, words_cv, strict=True)
    ]
    note("logits_cv, forests")
    logits_cv, forests = train_units(examples, cuts, tables, is_train)

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
    note("runs_cv, region_forests")
    runs_cv, region_forests = train_runs(examples, cuts, runs, measured, is_train)
    note("kinds")
    kinds = train_kinds(examples, cuts, is_train)
    model = LearnedModel(*boundary, *words, kinds, *forests, *region_forests, thresholds=(0.9, 0.9))
    note("best: tuple")
    model = tune(examples[:n_train], cuts, runs, runs_cv, model, damage)
    print("chosen thresholds", model.thresholds)
    everything = {
        "rules": [strip_rules(example) for example in examples],
        "both, cross-validated": [
            strip_example(example, cut, run, scores, model)
            for example, cut, run, scores in zip(examples, cuts, runs, runs_cv, strict=True)
        ],
    }
    for name, removed in everything.items():
        for set_name in sorted({example.set_name for example in examples}):
            of_set = [number for number, example in enumerate(examples) if example.set_name == set_name]
            tally = score([examples[n] for n in of_set], [removed[n] for n in of_set])
            print(f"{name} | {set_name} | {figures(tally)}")
        for what, part in (("train", is_train), ("report", ~is_train)):
            chosen = np.flatnonzero(part).tolist()
            if chosen:
                tally = score([examples[n] for n in chosen], [removed[n] for n in chosen])
                print(f"{name} | {what} | {figures(tally)}")
                print(json.dumps(details(tally)))
    write_model(out, model)


def tune(
    examples: list[Example],
    cuts: list[Units],
    runs: list[list[tuple[int, int]]],
    runs_cv: list[tuple[F64, F64]],
    model: LearnedModel,
    damage: float,
) -> LearnedModel:
    """The thresholds of short and long runs with the best F1 and exact documents that keep the damage."""
    best: tuple[float, LearnedModel] | None = None
    for short in THRESHOLDS:
        for long in THRESHOLDS:
            tuned = model._replace(thresholds=(short, long))
            each = zip(examples, cuts, runs, runs_cv, strict=False)
            tally = score(examples, [strip_example(*one, tuned) for one in each])
            if short == long:
                print("thresholds", short, figures(tally))
            value = 2 * tally["hit"] / (tally["removed"] + tally["junk"]) + 0.3 * tally["exact"] / tally["docs"]
            is_safe = tally["wrong"] <= damage * tally["article"]
            is_safe &= tally["hard_wrong"] <= HARD_DAMAGE * tally["hard_article"]
            if is_safe and (best is None or value > best[0]):
                best = (value, tuned)
    assert best is not None, "no threshold keeps the damage"
    return best[1]


def load_examples(paths: list[Path]) -> list[Example]:
    """Read sets; each is one batch of documents, as in `bench.quality`."""
    config = StripConfig()
    loaded: list[tuple[str, dict[str, Any], Reading, Findings]] = []
    for path in paths:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines if line.strip()]
        documents = pl.DataFrame([as_document(row) for row in rows], schema=DOCUMENT_SCHEMA)
        evidence = learn_evidence([gather_evidence(documents, config)], config)
        indexes = Indexes(TemplateIndex(evidence, config), OwnerIndex(evidence))
        for row, document in zip(rows, documents.iter_rows(named=True), strict=True):
            page = Page(document["text"], document["title"], document["site"])
            tokens = tokenize(page.text)
            findings = gather_findings(page, tokens, document["article_id"], indexes, config)
            loaded.append((path.name, row, read(page, tokens), findings))
    folded = fold_junk([(row["contaminated_text"], row["spans"]) for _, row, _, _ in loaded])
    examples = []
    for (name, row, reading, findings), pieces in zip(loaded, folded, strict=True):
        size = len(row["contaminated_text"])
        junk, junk_fold = np.zeros(size, dtype=bool), np.full(size, hash_text(row["id"]) % FOLDS, dtype=np.int8)
        for start, end, fold in pieces:
            junk[start:end] = True
            junk_fold[start:end] = fold
        host = urlsplit(row["origin_url"]).hostname or row["origin"]
        fold = hash_text("article " + host.removeprefix("www.")) % FOLDS
        examples.append(Example(name, row, reading, findings, row["spans"], fold, junk, junk_fold))
    return examples


def fold_junk(loaded: list[tuple[str, list[Span]]]) -> list[list[tuple[int, int, int]]]:
    """Extents of the sentences of each document's junk, with their folds.

    Sentences that are alike (equal, or sharing an 8-gram of tokens) and sentences that stand side by side in the junk of
    several documents are of one string and share a fold.
    """
    parent: dict[str, str] = {}

    def find(key: str) -> str:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    owner: dict[int, str] = {}
    pieces: list[list[tuple[int, int, str]]] = []
    neighbours: Counter[tuple[str, str]] = Counter()
    for text, spans in loaded:
        row: list[tuple[int, int, str]] = []
        for span in spans:
            inside = Page(text[span["start"] : span["end"]]).sentences
            keys = [" ".join(text[span["start"] + low : span["start"] + high].lower().split()) for low, high in inside]
            for key in keys:
                find(key)
                for gram in hash_ngrams(tokenize(key).hashes, 8).tolist():
                    parent[find(owner.setdefault(gram, key))] = find(key)
            neighbours.update(set(pairwise(keys)))
            # Each piece reaches to the next one.
            bounds = [span["start"] + low for low, _ in inside[1:]]
            row += zip([span["start"], *bounds], [*bounds, span["end"]], keys, strict=True)
        pieces.append(row)
    n_after = Counter(first for first, _ in neighbours)
    n_before = Counter(second for _, second in neighbours)
    for (first, second), count in neighbours.items():
        # A heading stands before many strings, an age behind many; a story's sentence has its own beside it.
        if count >= 2 and n_after[first] <= MAX_NEIGHBOURS and n_before[second] <= MAX_NEIGHBOURS:
            parent[find(first)] = find(second)
    return [[(start, end, hash_text(find(key)) % FOLDS) for start, end, key in row] for row in pieces]


def cells() -> Iterator[tuple[int, int]]:
    """Pairs of an article fold and a junk fold."""
    return ((article, junk) for article in range(FOLDS) for junk in range(FOLDS))


def train_boundaries(examples: list[Example], is_train: npt.NDArray[np.bool_]) -> tuple[list[F64], tuple[F64, float]]:
    """Is a sentence break missing here? Learned where line breaks were, with the breaks taken out, and at span edges."""
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


def unit_labels(example: Example, cut: Units) -> tuple[F64, I64]:
    """Share of junk of each unit, and the fold of its junk string (by chance for the article's own)."""
    running: F64 = np.concatenate((np.zeros(1), np.cumsum(example.is_junk, dtype=np.float64)))
    share: F64 = (running[cut.ends] - running[cut.starts]) / (cut.ends - cut.starts).astype(np.float64)
    middle = example.junk_fold[(cut.starts + cut.ends) // 2].astype(np.int64)
    return share, middle


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
) -> tuple[list[F64], tuple[Forest, Forest]]:
    """Is a unit junk? By its own evidence, and with its neighbours'."""
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
        x = np.concatenate([wide[number] for number in known])
        for cell in cells():
            kept = (of_article != cell[0]) & (of_junk != cell[1])
            forest = fit_trees(x[kept], y[kept], weight[kept], ROUNDS[name])
            for number, example in enumerate(examples):
                if example.fold == cell[0]:
                    mine = labelled[number][1] == cell[1]
                    if mine.any():
                        logits[number][mine] += forest.score(wide[number][mine]) / 2
        forests.append(fit_trees(x, y, weight, ROUNDS[name]))
    auc = area(np.concatenate([logits[number] for number in known]), y)
    print(f"units: {len(y)}, junk {y.mean():.3f}, cross-validated AUC {auc:.4f}")
    return logits, (forests[0], forests[1])


def area(scores: F64, labels: F64) -> float:
    """Area under the ROC curve, from ranks."""
    ranks = np.argsort(np.argsort(scores)) + 1
    n_positive = int(labels.sum())
    total = int(ranks[labels == 1].sum()) - n_positive * (n_positive + 1) / 2
    return total / (n_positive * (len(labels) - n_positive))


def fit_trees(x: npt.NDArray[np.float32], y: F64, weight: F64, rounds: int) -> Forest:
    booster = lgb.train(TREES, lgb.Dataset(x.astype(np.float64), y, weight=weight), num_boost_round=rounds)
    return to_forest(booster.dump_model())


def to_forest(dump: dict[str, Any]) -> Forest:
    """The trees of a dump as arrays: children stand side by side."""
    roots: list[int] = []
    feature: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    value: list[float] = []

    def add() -> int:
        feature.append(0)
        threshold.append(np.inf)
        left.append(len(left))
        value.append(0.0)
        return len(left) - 1

    def fill(place: int, node: dict[str, Any]) -> int:
        if "leaf_value" in node:
            value[place] = node["leaf_value"]
            return 0
        assert node["decision_type"] == "<="
        first = add()
        second = add()
        feature[place], threshold[place], left[place] = node["split_feature"], node["threshold"], first
        return 1 + max(fill(first, node["left_child"]), fill(second, node["right_child"]))

    depth = 0
    for tree in dump["tree_info"]:
        roots.append(add())
        depth = max(depth, fill(roots[-1], tree["tree_structure"]))
    return Forest(
        np.array(roots, np.int32),
        np.array(feature, np.int32),
        np.array(threshold, np.float64),
        np.array(left, np.int32),
        np.array(value, np.float64),
        depth,
    )


def run_labels(example: Example, cut: Units, runs: list[tuple[int, int]]) -> tuple[F64, F64, I64]:
    """Whether each run is all junk, whether it is all of the junk it touches, and the fold of its junk."""
    text = example.reading.page.text
    solid = np.array([not character.isspace() for character in text])
    junk = np.concatenate((np.zeros(1), np.cumsum(example.is_junk & solid)))
    all_solid = np.concatenate((np.zeros(1), np.cumsum(solid)))
    # Characters of the article between here and the junk's edges: a whole run has none of the junk beyond it.
    own = np.flatnonzero(~example.is_junk & solid)
    pure, exact, folds = [], [], []
    for low, high in runs:
        start, end = int(cut.starts[low]), int(cut.ends[high - 1])
        size = all_solid[end] - all_solid[start]
        is_pure = junk[end] - junk[start] >= PURE * size
        before, after = np.searchsorted(own, start), np.searchsorted(own, end)
        left = int(own[before - 1]) + 1 if before else 0
        right = int(own[after]) if after < len(own) else len(text)
        beyond = (junk[start] - junk[left]) + (junk[right] - junk[end])
        pure.append(float(is_pure))
        exact.append(float(is_pure and beyond == 0))
        inside = example.junk_fold[start:end][example.is_junk[start:end]]
        folds.append(int(np.bincount(inside).argmax()) if len(inside) else int(example.junk_fold[start]))
    return np.array(pure), np.array(exact), np.array(folds, dtype=np.int64)


def train_runs(
    examples: list[Example],
    cuts: list[Units],
    runs: list[list[tuple[int, int]]],
    measured: list[Any],
    is_train: npt.NDArray[np.bool_],
) -> tuple[list[tuple[F64, F64]], tuple[Forest, Forest]]:
    """Is a run all junk, and is it all of the junk?"""
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
        for cell in cells():
            kept = (of_article != cell[0]) & (of_junk != cell[1])
            forest = fit_trees(x[kept], y[kept], weight[kept], ROUNDS[name])
            for number, example in enumerate(examples):
                if example.fold == cell[0] and runs[number]:
                    mine = labels[number][2] == cell[1]
                    if mine.any():
                        results[number][target][mine] = learned.to_probability(forest.score(measured[number][mine]))
        forests.append(fit_trees(x, y, weight, ROUNDS[name]))
        auc = area(np.concatenate([results[number][target] for number in known]), y)
        print(f"runs {name}: {len(y)}, share {y.mean():.3f}, cross-validated AUC {auc:.4f}")
    return results, (forests[0], forests[1])


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


def strip_example(
    example: Example, cut: Units, runs: list[tuple[int, int]], scores: tuple[F64, F64], model: LearnedModel
) -> list[tuple[int, int]]:
    """What is removed from a document whose runs are already scored."""
    passages = learned.choose_passages(example.reading, cut, runs, *scores, example.findings, model)
    return decided(example, passages)


def strip_rules(example: Example) -> list[tuple[int, int]]:
    return decided(example, list(example.findings.passages))


def decided(example: Example, passages: list[Any]) -> list[tuple[int, int]]:
    chosen = decide(example.reading.page, passages, StripConfig()).removed
    return [(passage.start, passage.end) for passage in chosen if passage.category not in NO_KIND]


def score(examples: list[Example], removed: list[list[tuple[int, int]]]) -> Counter[str]:
    """Characters as the scorer counts them."""
    tally: Counter[str] = Counter()
    for example, spans in zip(examples, removed, strict=True):
        text = example.reading.page.text
        solid = np.array([not character.isspace() for character in text])
        cut = np.zeros(len(text), dtype=bool)
        for start, end in spans:
            cut[start:end] = True
        cut &= solid
        junk = example.is_junk & solid
        wrong, hit = int((cut & ~junk).sum()), int((cut & junk).sum())
        tally.update(docs=1, junk=int(junk.sum()), removed=int(cut.sum()), hit=hit, wrong=wrong)
        tally.update(article=int((solid & ~junk).sum()), exact=int(wrong == 0 and hit == junk.sum()))
        if example.row.get("hard_negative"):
            tally.update(hard_wrong=wrong, hard_article=int((solid & ~junk).sum()))
        for span in example.spans:
            part = slice(span["start"], span["end"])
            for name in (span["kind"], span["placement"], example.row["layout"] + " layout"):
                tally[f"{name} chars"] += int(solid[part].sum())
                tally[f"{name} hit"] += int((cut & solid)[part].sum())
    return tally


def figures(tally: Counter[str]) -> str:
    f1 = 2 * tally["hit"] / (tally["removed"] + tally["junk"])
    return (
        f"F1 {f1:.4f} P {tally['hit'] / max(1, tally['removed']):.4f} R {tally['hit'] / tally['junk']:.4f} "
        f"damage {100 * tally['wrong'] / tally['article']:.3f}% "
        f"hard {100 * tally['hard_wrong'] / max(1, tally['hard_article']):.3f}% exact {tally['exact'] / tally['docs']:.3f}"
    )


def details(tally: Counter[str]) -> dict[str, float]:
    names = sorted(name.removesuffix(" chars") for name in tally if name.endswith(" chars"))
    return {name: round(tally[f"{name} hit"] / max(1, tally[f"{name} chars"]), 3) for name in names}


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
    for name in ("units", "windows", "pure", "exact"):
        forest: Forest = getattr(model, name)
        arrays |= {
            f"{name}_roots": forest.roots,
            f"{name}_feature": forest.feature.astype(np.int16),
            f"{name}_threshold": forest.threshold,
            f"{name}_left": forest.left,
            f"{name}_value": forest.value.astype(np.float32),
            f"{name}_depth": np.int64(forest.depth),
        }
    np.savez_compressed(path, **arrays)
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
