"""Gain and cost of each detector: `python -m bench.quality.ablation CONTAMINATION.jsonl[.gz] [...]`.

Strips the sets (each as one batch) whole, then with one detector left out in turn; prints a Markdown table of character F1, damage,
hard negatives, documents exactly right and processor time, and the ten worst documents by id with what went wrong.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

from bench.quality.contamination import NO_KIND, read_rows, strip_rows
from bench.quality.review import junk_mask, solid_mask
from cleaners.document import make_id
from cleaners.junk import StripConfig, Stripped, find, load_rules
from cleaners.junk.detectors.rules import find_by_rules
from cleaners.junk.rule_files import read_tables

N_WORST = 10


class Score(NamedTuple):
    """Counts over documents, in characters that are not white space."""

    junk: int = 0
    removed: int = 0
    hit: int = 0
    article: int = 0
    hard_article: int = 0
    hard_wrong: int = 0
    documents: int = 0
    exact: int = 0

    def plus(self, other: Score) -> Score:
        """The sum of two scores."""
        return Score(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def cells(self) -> str:
        """F1, precision, recall, damage, hard negatives and exact documents as cells of a table."""
        wrong = self.removed - self.hit
        return (
            f"{2 * self.hit / max(self.removed + self.junk, 1):.4f} | {self.hit / max(self.removed, 1):.4f} | "
            f"{self.hit / max(self.junk, 1):.4f} | {wrong / max(self.article, 1):.3%} | "
            f"{self.hard_wrong / max(self.hard_article, 1):.3%} | {self.exact / max(self.documents, 1):.3f}"
        )


def main() -> None:
    """Print the table and the worst documents."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+")
    sets = [read_rows(path) for path in parser.parse_args().sets]
    print("| left out | F1 | precision | recall | damage | hard negatives | exact | seconds |\n|" + " --- |" * 8)
    whole: list[Stripped] = []
    strip_rows(sets[0][:20])  # what is loaded once is no detector's cost
    detectors: dict[str, dict[str, Any] | None] = {"nothing": None, **list_detectors()}
    for name, leave_out in detectors.items():
        started = time.process_time()
        results = [strip_without(rows, leave_out) for rows in sets]
        seconds = time.process_time() - started
        score = Score()
        for rows, result in zip(sets, results, strict=True):
            for row in score_documents(rows, result).values():
                score = score.plus(row)
        print(f"| {name} | {score.cells()} | {seconds:.2f} |", flush=True)
        whole = whole or results
    print()
    for rows, result in zip(sets, whole, strict=True):
        report_worst(rows, result)


def list_detectors() -> dict[str, dict[str, Any]]:
    """Each detector with what takes its place in `cleaners.junk.strip`."""
    detectors: dict[str, dict[str, Any]] = {}
    for file, table in read_tables():
        ids = {row["id"] for row in table.get("rule", [])}
        if ids:
            detectors[f"rules of {file}"] = {"find_by_rules": _rules_without(ids)}
    every = {rule.id for rule in load_rules()}
    nothing: dict[str, dict[str, Any]] = {
        "all rules": {"find_by_rules": _rules_without(every)},
        "cards": {"find_cards": _nothing},
        "widgets": {"find_widgets": _nothing},
        "bylines": {"find_bylines": _nothing},
        "closing agency credits": {"find_agency": _none},
        "site templates": {"find_templates": _nothing},
        "owned and shared passages": {"find_owned": _nothing},
        "templates, owners and their counts": {"gather_evidence": None},
        "learned layer": {"use_learned_layer": False},
    }
    return {**detectors, **nothing}


def strip_without(rows: list[dict[str, Any]], leave_out: dict[str, Any] | None) -> Stripped:
    """Strip a set without a detector; None leaves nothing out."""
    changes = dict(leave_out or {})
    config = StripConfig(use_learned_layer=changes.pop("use_learned_layer", True))
    learns = changes.pop("gather_evidence", True) is not None
    with ExitStack() as stack:
        for name, replacement in changes.items():
            stack.enter_context(patch.object(find, name, replacement))
        return strip_rows(rows, config, with_evidence=learns)


def score_documents(rows: list[dict[str, Any]], result: Stripped) -> dict[str, Score]:
    """The score of each document of a set, by its id."""
    cuts: dict[str, list[tuple[int, int]]] = {}
    for span in result.removed_spans.iter_rows(named=True):
        if span["category"] not in NO_KIND:
            cuts.setdefault(span["article_id"], []).append((span["start"], span["end"]))
    scores = {}
    for row in rows:
        solid, junk = solid_mask(row), junk_mask(row)
        cut = np.zeros(len(solid), dtype=bool)
        for start, end in cuts.get(make_id(row["id"]), []):
            cut[start:end] = True
        wrong = int((solid & cut & ~junk).sum())
        n_article = int((solid & ~junk).sum())
        is_hard = bool(row.get("hard_negative"))
        scores[row["id"]] = Score(
            junk=int((solid & junk).sum()),
            removed=int((solid & cut).sum()),
            hit=int((solid & cut & junk).sum()),
            article=n_article,
            hard_article=n_article * is_hard,
            hard_wrong=wrong * is_hard,
            documents=1,
            exact=int((cut[solid] == junk[solid]).all()),
        )
    return scores


def report_worst(rows: list[dict[str, Any]], result: Stripped) -> None:
    """Print the documents with most wrong characters: what is left or lost, by kind and placement, and what is suspected."""
    scores = score_documents(rows, result)
    by_id = {row["id"]: row for row in rows}
    suspected = Counter(result.suspected_spans["article_id"].to_list())
    worst = sorted(scores, key=lambda key: scores[key].hit * 2 - scores[key].removed - scores[key].junk)[:N_WORST]
    print("| document | layout | junk left | article lost | where | suspected passages |\n|" + " --- |" * 6)
    for key in worst:
        row, score = by_id[key], scores[key]
        solid = solid_mask(row)
        cut = np.zeros(len(solid), dtype=bool)
        for span in result.removed_spans.filter(article_id=make_id(key)).iter_rows(named=True):
            cut[span["start"] : span["end"]] = True
        where: Counter[str] = Counter()
        for gold in row["spans"]:
            extent = slice(gold["start"], gold["end"])
            left = int((solid & ~cut)[extent].sum())
            if left:
                part = "" if left == int(solid[extent].sum()) else "a part of "
                where[f"{part}a {gold['kind']}, {gold.get('placement', '?')}"] += left
        missed = "; ".join(f"{what} ({n:,})" for what, n in where.most_common(3))
        lost = score.removed - score.hit
        print(
            f"| {key} | {row.get('layout') or ''} | {score.junk - score.hit:,} | {lost:,} | {missed} | "
            f"{suspected[make_id(key)]} |"
        )


def _rules_without(ids: set[str]) -> Callable[..., Any]:
    kept = tuple(rule for rule in load_rules() if rule.id not in ids)
    return lambda page: find_by_rules(page, kept)


def _nothing(*_: object) -> tuple[()]:
    return ()


def _none(*_: object) -> None:
    return None


if __name__ == "__main__":
    main()
