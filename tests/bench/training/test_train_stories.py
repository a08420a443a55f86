"""The training of the stories step, on events made up here."""

from __future__ import annotations

import json
from pathlib import Path

from bench.training.train_stories import fit, measure_pairs, read_known, score_groups, validate_by_event
from cleaners.stories.likeness import FEATURES
from tests.cleaners.stories.texts import EVENTS


def write_events(folder: Path) -> Path:
    rows = [(name, n, *report) for name, reports in EVENTS.items() for n, report in enumerate(reports)]
    documents = [{"id": f"{name}{n}", "title": title, "text": text} for name, n, title, text in rows]
    gold = [{"id": f"{name}{n}", "set": "ours", "story": name} for name, n, _, _ in rows]
    for file, lines in (("documents.jsonl", documents), ("gold.jsonl", gold)):
        (folder / file).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_the_weights_put_the_reports_of_an_event_together(tmp_path: Path) -> None:
    known = read_known(write_events(tmp_path))
    pairs = {"ours": measure_pairs(known, "ours")}
    assert pairs["ours"].is_same.sum() == 6
    decision = fit([pairs["ours"]])
    assert len(decision.weights) == len(FEATURES)
    assert (decision.weights > 0).all()
    assert decision.intercept < 0
    assert score_groups(known, decision, known.sets == "ours")["F1"] > 0.9
    assert validate_by_event(known, pairs)["ours"]["articles"] == 9


def test_pairs_of_events_that_are_left_out_do_not_count(tmp_path: Path) -> None:
    known = read_known(write_events(tmp_path))
    pairs = measure_pairs(known, "ours")
    without = known.stories[:1]
    touched = (pairs.left == without[0]) | (pairs.right == without[0])
    wrong = pairs._replace(is_same=pairs.is_same ^ touched)
    assert fit([wrong], without).intercept == fit([pairs], without).intercept
    assert fit([wrong]).intercept != fit([pairs]).intercept
