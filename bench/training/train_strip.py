"""Train the learned layer of stripping: `python -m bench.training.train_strip CONTAMINATED ... --pages REAL ... OUT.npz`.

Takes contaminated articles with exact spans and real pages with labelled junk; gives `cleaners/junk/model/learned.npz`. Pages with
generated cards and furniture are learned from beside them. Every score that a later layer is trained on, and every figure
printed, comes from models that saw neither the site of the article nor the junk string nor the generated form: sites, strings and
forms are hashed into folds, and for each pair of folds a model leaves both out. Needs the `train` extra.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, vstack

from bench.training import cards, furniture
from bench.training.fitting import area, as_dataset, fit_hashed, fit_sparse, fit_trees, join_forests
from bench.training.placements import place_again
from bench.training.strip_sets import (
    AGAIN,
    FOLDS,
    Example,
    cells,
    details,
    figures,
    find_own_prose,
    load_examples,
    read_set,
    run_labels,
    score,
    strip_example,
    strip_rules,
    unit_labels,
)
from cleaners.junk.decide import LEARNED
from cleaners.junk.model import choice, learned
from cleaners.junk.model.features import RARITY_BITS
from cleaners.junk.model.forest import Forest
from cleaners.junk.model.likeness import find_likeness, hash_words
from cleaners.junk.model.measures import add_context, add_neighbours, is_firm, measure_units
from cleaners.junk.model.regions import choose_runs, propose_runs
from cleaners.junk.model.run_measures import measure_runs
from cleaners.junk.model.weights import (
    BOUNDARY_BITS,
    FOREST_PARTS,
    FORESTS,
    FURNITURE,
    KIND_BITS,
    KINDS,
    MIN_BOUNDARY,
    WORD_BITS,
    LearnedModel,
    Limits,
    to_probability,
)
from cleaners.junk.page.page import Page
from cleaners.junk.page.reading import Units, find_candidates, hash_boundaries, read, slot_index, split_units
from cleaners.junk.page.tokens import tokenize

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

# Most of the story's characters that may go, cross-validated, by group of documents.
MAX_DAMAGE = {
    "contaminated": 0.00117,
    "hard negatives": 0.0005,
    "news": 0.0037,
    "pages": 0.0039,
    "other languages": 0.0038,
}
THRESHOLDS = (0.79, 0.82, 0.85, 0.88, 0.91, 0.94, 0.96)
ROUNDS = {"units": 500, "context": 500, "pure": 240, "exact": 240}
RELIABILITY = (0.0, 0.7, 0.8, 0.9, 0.95, 0.98)
# Units are many: a fast rate uses as much of them in few trees.
RATES = {"units": 0.12, "context": 0.12, "pure": 0.06, "exact": 0.06}
# A unit of a contaminated article counts as so many of another: real pages have five times as many.
WEIGHT_CONTAMINATED = 1.5
# Log odds from which a real page's junk is taken for a kind that the other sets name.
SURE_KIND = 2.0
# Times that each contaminated set is placed again, with other stories beside the same junk.
AGAINS = 2
# Contaminated sets whose stories cards and furniture are put into; the other sets hold the same stories.
GENERATED = 2
CARD_PAGES, FURNITURE_PAGES = "cards", "furniture"
# Real news pages that a person labelled; the other pages are blogs, shops and how-tos.
_NEWS = ("sh-", "a4-", "fu-")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path, nargs="+", help="contaminated sets")
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--pages", type=Path, nargs="+", required=True, help="sets of real pages, with junk and neutral text"
    )
    parser.add_argument(
        "--report", type=Path, required=True, help="a set that is only scored, by the cross-validation's models"
    )
    parser.add_argument("--background", type=Path, required=True, help="clean articles, to learn how rare words are")
    parser.add_argument(
        "--held-out",
        type=Path,
        help="folder for the models that left out a fold of sites, for `bench.quality.ablation`",
    )
    args = parser.parse_args()
    note("examples")
    examples = load_examples(list_sets(args.train, args.pages, args.report))
    train(examples, args.report.name, measure_rarity(args.background), args.out, args.held_out)


def list_sets(train: list[Path], pages: list[Path], report: Path) -> list[tuple[str, list[dict[str, Any]]]]:
    """The sets to learn from and to score, each a batch: as they are, placed again, and with generated junk."""
    contaminated = [read_set(path) for path in train]
    real = [read_set(path) for path in pages]
    named = [(path.name, rows) for path, rows in zip([*train, *pages], [*contaminated, *real], strict=True)]
    again = [
        (AGAIN, place_again(rows, 100 * number + place))
        for number in range(AGAINS)
        for place, rows in enumerate(contaminated, 1)
    ]
    made = [
        (name, module.generate(rows, seed))
        for seed, rows in enumerate(contaminated[:GENERATED])
        for name, module in ((CARD_PAGES, cards), (FURNITURE_PAGES, furniture))
    ]
    return [*named, (report.name, read_set(report)), *again, *made]


def note(what: str) -> None:
    print(f"[{time.process_time():.0f} s] {what}", flush=True)


def train(examples: list[Example], report: str, rarity: F64, out: Path, held_out: Path | None) -> None:
    """Train all layers, print cross-validated figures, write the model. The set named `report` is not learned from."""
    folds: list[dict[str, Any]] = [{} for _ in range(FOLDS)]  # parts of the models that left out a fold of sites
    is_train = np.array([example.set_name != report for example in examples])

    note("boundaries")
    boundary_cv, boundary = train_boundaries(examples, is_train, folds)
    cuts = []
    for example, scores in zip(examples, boundary_cv, strict=True):
        candidates = find_candidates(example.reading)
        cuts.append(split_units(example.reading, candidates, scores, MIN_BOUNDARY, [learned.edges(example.findings)]))
    report_edges(examples, cuts)

    note("words")
    words_cv, words = train_words(examples, cuts, is_train, folds)
    likenesses = [find_likeness(example.reading, cut, rarity) for example, cut in zip(examples, cuts, strict=True)]
    tables = [
        measure_units(example.reading, cut, likeness, [example.findings], scores)
        for example, cut, likeness, scores in zip(examples, cuts, likenesses, words_cv, strict=True)
    ]
    note("units")
    logits_cv, (units, context) = train_units(examples, cuts, tables, is_train, folds)

    runs = [
        propose_runs(cut, logits, table, example.findings)
        for example, cut, table, logits in zip(examples, cuts, tables, logits_cv, strict=True)
    ]
    measured = [
        measure_runs([run], [cut], [logits], [table], [likeness], [example.findings]) if run else None
        for example, run, cut, logits, table, likeness in zip(
            examples, runs, cuts, logits_cv, tables, likenesses, strict=True
        )
    ]
    note("runs")
    runs_cv, region_forest = train_runs(examples, cuts, runs, measured, is_train, folds)
    note("kinds")
    kinds = train_kinds(examples, cuts, is_train)
    model = LearnedModel(
        *boundary, *words, kinds, rarity, units, context, region_forest, thresholds=((0.9, 0.9, 0.9), (0.9, 0.9, 0.9))
    )
    note("thresholds")
    judged = [Judged(*each) for each in zip(examples, cuts, logits_cv, runs, runs_cv, strict=True)]
    model = tune(group_examples(judged, report), model)
    print("chosen thresholds", model.thresholds)
    for name, some in group_examples(judged, report).items():
        chosen = [one.example for one in some]
        both = [strip_example(*one, model) for one in some]
        for what, removed in (("rules", [strip_rules(one) for one in chosen]), ("both, cross-validated", both)):
            tally = score(chosen, removed)
            print(f"{what} | {name} | {len(chosen)} documents | {figures(tally)}")
            print(json.dumps(details(tally)))
    report_reliability(group_examples(judged, report)["news"], model)
    write_model(out, model)
    if held_out:
        held_out.mkdir(parents=True, exist_ok=True)
        for fold, parts in enumerate(folds):
            write_model(held_out / f"fold-{fold}.npz", model._replace(**parts))


class Judged(NamedTuple):
    """A document with its cross-validated scores: of units, and of runs whether each is all junk and all of the junk."""

    example: Example
    cut: Units
    logits: F64
    runs: list[tuple[int, int]]
    scores: tuple[F64, F64]


def group_examples(judged: list[Judged], report: str) -> dict[str, list[Judged]]:
    """The documents by what their figures are reported under; one may be in several groups."""
    groups: dict[str, list[Judged]] = {}
    for one in judged:
        name, row = one.example.set_name, one.example.row
        is_real, is_other = "junk" in row, row.get("language") != "en"
        if name == report:
            names = ["report"]
        elif name == AGAIN:
            names = ["versions of stories"] if "-version-" in row["id"] else []
        elif name in (CARD_PAGES, FURNITURE_PAGES):
            names = [f"{name}, forms held out"]
        elif is_real and row["id"].startswith("ps-"):
            names = []  # an extractor's labels
        elif is_real and is_other:
            names = ["other languages"]
        elif is_real:
            names = ["pages", "news"] if row["id"].startswith(_NEWS) else ["pages"]
        else:
            names = ["contaminated", *(["hard negatives"] if row.get("hard_negative") else [])]
        for group in names:
            groups.setdefault(group, []).append(one)
    return groups


def tune(groups: dict[str, list[Judged]], model: LearnedModel) -> LearnedModel:
    """The thresholds with the best F1 of contaminated articles and real pages that keep the damage of every group.

    Whole units are counted, before the one decision spares anything: what it leaves out can only lower the damage.
    """
    tried: list[Limits] = [(short, long, label) for short, long, label in product(THRESHOLDS, repeat=3)]
    value = np.zeros((len(tried), len(tried)))
    for name, most in MAX_DAMAGE.items():
        # Bare pages, furnished ones: junk removed and story removed by thresholds; then junk and story in all.
        tallies, total = np.zeros((2, len(tried), 2)), np.zeros(2)
        for one in groups.get(name, []):
            junk, solid, is_firm_unit = _count_units(one)
            total += (junk.sum(), solid.sum() - junk.sum())
            page = int(choice.is_furnished(find_own_prose(one.example, one.cut)))
            for number, limits in enumerate(tried):
                cut = is_firm_unit | choose_units(one, limits)
                hit = junk[cut].sum()
                tallies[page, number] += (hit, solid[cut].sum() - hit)
        hit, wrong = (tallies[0, :, None, place] + tallies[1, None, :, place] for place in (0, 1))
        value += 2 * hit / np.maximum(1.0, hit + wrong + total[0])
        # What is over the limit costs more than it can bring.
        value -= 20 * np.maximum(0.0, wrong / max(1.0, total[1]) / most - 1)
    bare, furnished = np.unravel_index(int(value.argmax()), value.shape)
    return model._replace(thresholds=(tried[bare], tried[furnished]))


def choose_units(one: Judged, limits: Limits) -> npt.NDArray[np.bool_]:
    """The units that the layer would cut."""
    chosen = choice.find_labels(one.cut, find_own_prose(one.example, one.cut), one.logits, limits[2])
    if one.runs:
        pure, exact = one.scores
        accepted = choice.is_accepted(one.runs, one.cut, pure, one.example.findings, limits)
        for number in choose_runs(one.runs, pure, exact, accepted):
            chosen[one.runs[number][0] : one.runs[number][1]] = True
    return chosen


def report_reliability(some: list[Judged], model: LearnedModel) -> None:
    """Print how right the layer's confidences are on documents, cross-validated: spans and their characters by confidence."""
    bins: dict[float, list[tuple[float, float, float]]] = {}
    for one in some:
        junk, solid, _ = _count_units(one)
        passages = choice.choose_passages(
            one.example.reading,
            one.cut,
            find_own_prose(one.example, one.cut),
            one.logits,
            one.runs,
            *one.scores,
            one.example.findings,
            model,
        )
        for passage in passages:
            if passage.rule_id.startswith(LEARNED) and passage.doubt is None:
                low, high = np.searchsorted(one.cut.starts, (passage.start, passage.end))
                counted, right = float(solid[low:high].sum()), float(junk[low:high].sum())
                if counted:
                    bound = max(limit for limit in RELIABILITY if passage.confidence >= limit)
                    bins.setdefault(bound, []).append((passage.confidence, counted, right))
    for bound, spans in sorted(bins.items()):
        mean, counted, right = (sum(column) for column in zip(*spans, strict=True))
        n_right = sum(part[2] >= 0.9 * part[1] for part in spans)
        print(
            f"confidence from {bound}: {len(spans)} spans, mean {mean / len(spans):.3f}, "
            f"junk spans {n_right / len(spans):.3f}, junk characters {right / counted:.4f}"
        )


def _count_units(one: Judged) -> tuple[F64, F64, npt.NDArray[np.bool_]]:
    """Characters of junk and characters at all of each unit, and whether a firm passage takes it."""
    example, cut = one.example, one.cut
    counts = example.is_solid & example.is_counted
    junk, solid = (
        np.diff(np.append(0, np.cumsum(mask, dtype=np.float64))[np.stack((cut.starts, cut.ends))], axis=0)[0]
        for mask in (counts & example.is_junk, counts)
    )
    is_firm_unit = np.zeros(len(cut.starts), dtype=bool)
    for passage in example.findings.passages:
        if is_firm(passage):
            low = int(np.searchsorted(cut.ends, passage.start, side="right"))
            is_firm_unit[low : int(np.searchsorted(cut.starts, passage.end, side="left"))] = True
    return junk, solid, is_firm_unit


def measure_rarity(background: Path) -> F64:
    """Measure how rare words are in clean articles: 0 in one of eight or more, 1 in none; by the word's place in the table."""
    held = np.zeros(2**RARITY_BITS)
    rows = read_set(background)
    for row in rows:
        held[np.unique(slot_index(tokenize(row["text"]).hashes, 0, RARITY_BITS))] += 1
    scale = np.log(len(rows) + 1.0)
    rarity: F64 = np.clip((np.log((len(rows) + 1) / (held + 1)) - 2) / (scale - 2), 0.0, 1.0)
    return rarity


def train_boundaries(
    examples: list[Example], is_train: npt.NDArray[np.bool_], folds: list[dict[str, Any]]
) -> tuple[list[F64], tuple[F64, float]]:
    """Learn whether a sentence break is missing here: from where line breaks were, with the breaks taken out, and at span edges."""
    places, labels, article, junk = [], [], [], []
    for example in (one for one, used in zip(examples, is_train, strict=True) if used):
        page = example.reading.page
        flat = Page(page.text.replace("\n", " "), page.title, page.site)
        reading = read([flat], [example.reading.tokens])
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

    def fit(cell: tuple[int, int]) -> tuple[F64, float]:
        kept = _left(cell, of_article, of_junk)
        return fit_hashed(x[kept], y[kept], BOUNDARY_BITS, 1.0)

    models = fit_cells(fit)
    for fold, parts in enumerate(folds):
        parts["boundary"], parts["boundary_intercept"] = models[fold, fold]
    scores = []
    for example in examples:
        candidates = find_candidates(example.reading)
        table = hash_boundaries(example.reading, candidates, BOUNDARY_BITS)
        mine_fold = example.junk_fold[example.reading.word_starts[candidates]]
        before = example.junk_fold[np.maximum(example.reading.word_starts[candidates] - 2, 0)]
        is_after = example.is_junk[np.maximum(example.reading.word_starts[candidates] - 2, 0)]
        is_own = ~example.is_junk[example.reading.word_starts[candidates]]
        mine_fold = np.where(is_after & is_own, before, mine_fold)
        logits = np.zeros(len(candidates))
        for fold in range(FOLDS):
            mine = mine_fold == fold
            if not mine.any():
                continue
            weights, intercept = models[example.fold, fold]
            logits[mine] = weights[table[mine]].sum(axis=1) + intercept
        scores.append(to_probability(logits))
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
    examples: list[Example], cuts: list[Units], is_train: npt.NDArray[np.bool_], folds: list[dict[str, Any]]
) -> tuple[list[F64], tuple[F64, float]]:
    """Score of units by their words."""
    rows = [word_rows(example, cut, WORD_BITS) for example, cut in zip(examples, cuts, strict=True)]
    known = [number for number, used in enumerate(is_train) if used]
    labelled = [unit_labels(examples[number], cuts[number]) for number in known]
    share = np.concatenate([share for share, _ in labelled])
    is_known = ~np.isnan(share)
    x = stack_rows([rows[number] for number in known])[np.flatnonzero(is_known)]
    y = (share >= 0.5).astype(float)[is_known]
    of_junk = np.concatenate([fold for _, fold in labelled])[is_known]
    of_article = np.concatenate([np.full(len(cuts[number].starts), examples[number].fold) for number in known])[
        is_known
    ]

    def fit(cell: tuple[int, int]) -> tuple[F64, float]:
        kept = np.flatnonzero(_left(cell, of_article, of_junk))
        return fit_sparse(x[kept], y[kept], 0.3)

    models = fit_cells(fit)
    for fold, parts in enumerate(folds):
        parts["words"], parts["words_intercept"] = models[fold, fold]
    scores = []
    for example, cut, row in zip(examples, cuts, rows, strict=True):
        _, of_unit = unit_labels(example, cut)
        values = np.zeros(len(cut.starts))
        for fold in range(FOLDS):
            mine = of_unit == fold
            if not mine.any():
                continue
            weights, intercept = models[example.fold, fold]
            values[mine] = (row @ weights)[mine] + intercept
        scores.append(values)
    return scores, fit_sparse(x, y, 0.3)


def fit_cells(fit: Callable[[tuple[int, int]], tuple[F64, float]]) -> dict[tuple[int, int], tuple[F64, float]]:
    """Models of every pair of folds, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(cells(), pool.map(fit, cells()), strict=True))


def _left(cell: tuple[int, int], of_article: I64, of_junk: I64) -> npt.NDArray[np.bool_]:
    """Tell which rows a cell's model may learn from: those of other sites and other strings."""
    left: npt.NDArray[np.bool_] = (of_article != cell[0]) & (of_junk != cell[1])
    return left


def word_rows(example: Example, cut: Units, n_bits: int) -> csr_matrix:
    places, owner = hash_words(example.reading, cut, n_bits)
    counts = np.maximum(np.bincount(owner, minlength=len(cut.starts)), 1)
    return csr_matrix((1 / np.sqrt(counts[owner]), (owner, places)), shape=(len(cut.starts), 2**n_bits))


def stack_rows(rows: list[csr_matrix]) -> csr_matrix:
    return vstack(rows).tocsr()


def train_units(
    examples: list[Example],
    cuts: list[Units],
    tables: list[npt.NDArray[np.float32]],
    is_train: npt.NDArray[np.bool_],
    folds: list[dict[str, Any]],
) -> tuple[list[F64], tuple[Forest, Forest]]:
    """Learn whether a unit is junk, by its own evidence and its neighbours', then by what that says of the page around it.

    The second forest reads the first one's scores, each from a model that saw neither the unit's site nor its string.
    """
    labelled = [unit_labels(example, cut) for example, cut in zip(examples, cuts, strict=True)]
    logits = [np.zeros(len(cut.starts)) for cut in cuts]
    forests = []
    for name in ("units", "context"):
        wide = [
            add_neighbours(table, cut.bounds) if name == "units" else add_context(table, first, cut.bounds)
            for table, cut, first in zip(tables, cuts, logits, strict=True)
        ]
        logits, forest = _train_forest(name, examples, cuts, labelled, wide, is_train, folds)
        forests.append(forest)
    return logits, (forests[0], forests[1])


def _train_forest(
    name: str,
    examples: list[Example],
    cuts: list[Units],
    labelled: list[tuple[F64, I64]],
    wide: list[npt.NDArray[np.float32]],
    is_train: npt.NDArray[np.bool_],
    folds: list[dict[str, Any]],
) -> tuple[list[F64], Forest]:
    known = [number for number, used in enumerate(is_train) if used]
    share = np.concatenate([labelled[number][0] for number in known])
    is_known = ~np.isnan(share)
    y = (share >= 0.5).astype(float)[is_known]
    of_junk = np.concatenate([labelled[number][1] for number in known])[is_known]
    of_article = np.concatenate([np.full(len(cuts[number].starts), examples[number].fold) for number in known])[
        is_known
    ]
    sizes = np.concatenate([cuts[number].ends - cuts[number].starts for number in known])[is_known]
    weight = np.clip(np.log1p(sizes) / 4, 0.3, 1.5)
    is_contaminated = ["junk" not in example.row and "form" not in example.row for example in examples]
    weight *= np.concatenate(
        [np.full(len(cuts[number].starts), WEIGHT_CONTAMINATED if is_contaminated[number] else 1.0) for number in known]
    )[is_known]
    data = as_dataset(np.concatenate([wide[number] for number in known])[is_known], y, weight)
    logits = [np.zeros(len(cut.starts)) for cut in cuts]
    for cell in cells():
        forest = fit_trees(data, _left(cell, of_article, of_junk), ROUNDS[name], RATES[name])
        if cell[0] == cell[1]:
            folds[cell[0]][name] = forest
        for number, example in enumerate(examples):
            if example.fold == cell[0]:
                mine = labelled[number][1] == cell[1]
                if mine.any():
                    logits[number][mine] = forest.score(wide[number][mine])[:, 0]
    auc = area(np.concatenate([logits[number] for number in known])[is_known], y)
    print(f"{name}: {len(y)}, junk {y.mean():.3f}, cross-validated AUC {auc:.4f}")
    return logits, fit_trees(data, np.ones(len(y), dtype=bool), ROUNDS[name], RATES[name])


def train_runs(
    examples: list[Example],
    cuts: list[Units],
    runs: list[list[tuple[int, int]]],
    measured: list[Any],
    is_train: npt.NDArray[np.bool_],
    folds: list[dict[str, Any]],
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
            forest = fit_trees(data, _left(cell, of_article, of_junk), ROUNDS[name], RATES[name])
            if cell[0] == cell[1]:
                first = folds[cell[0]].get("runs")
                folds[cell[0]]["runs"] = join_forests([first, forest], 1.0) if first else forest
            for number, example in enumerate(examples):
                if example.fold == cell[0] and runs[number]:
                    mine = labels[number][2] == cell[1]
                    if mine.any():
                        results[number][target][mine] = to_probability(forest.score(measured[number][mine])[:, 0])
        forests.append(fit_trees(data, np.ones(len(y), dtype=bool), ROUNDS[name], RATES[name]))
        auc = area(np.concatenate([results[number][target] for number in known]), y)
        print(f"runs {name}: {len(y)}, share {y.mean():.3f}, cross-validated AUC {auc:.4f}")
    return results, join_forests(forests, 1.0)


def train_kinds(examples: list[Example], cuts: list[Units], is_train: npt.NDArray[np.bool_]) -> F64:
    """Weights of a unit's words for each kind, one against the others.

    Real pages' junk has no kind: it takes the one that its words are most like, where they surely are, else it is furniture.
    """
    rows, labels = [], []
    for example, cut, used in zip(examples, cuts, is_train, strict=True):
        if not used:
            continue
        share, _ = unit_labels(example, cut)
        junk = np.flatnonzero(np.nan_to_num(share) >= 0.5)
        middle = (cut.starts[junk] + cut.ends[junk]) // 2
        kinds = [
            next((span["kind"] for span in example.spans if span["start"] <= place < span["end"]), None)
            for place in middle.tolist()
        ]
        rows.append(word_rows(example, cut, KIND_BITS)[junk])
        labels += kinds
    x, known = stack_rows(rows), np.array([kind or "" for kind in labels], dtype=object)
    named = np.flatnonzero(known != "")

    def fit(some: I64, kinds: tuple[str, ...]) -> list[tuple[F64, float]]:
        return [fit_sparse(x[some], (known[some] == kind).astype(float), 0.3) for kind in kinds]

    first = fit(named, tuple(kind for kind in KINDS if kind != FURNITURE))
    scores = np.stack([x @ weights + intercept for weights, intercept in first], axis=1)
    guess = np.where(scores.max(axis=1) > SURE_KIND, np.array(KINDS, dtype=object)[scores.argmax(axis=1)], FURNITURE)
    known = np.where(known == "", guess, known)
    return np.stack([weights for weights, _ in fit(np.arange(len(known)), KINDS)], axis=1)


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
    for name in FORESTS:
        arrays |= {f"{name}_{part}": getattr(getattr(model, name), part) for part in FOREST_PARTS}
    np.savez_compressed(path, **arrays)
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
