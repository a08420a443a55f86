import json
import math
import random
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.training.name_pairs import Pair, _replaced, _slip
from bench.training.train_names import (
    FEATURES,
    _read_pairs,
    _sigmoid,
    _surname_folds,
    _write_pairs,
    best_explanations,
    fit,
    platt,
    recall_at_precisions,
    recall_at_rates,
    reliability,
    scores_on_unseen,
)
from cleaners.names.lexicon.compare import edit_distance

KINDS = {"wrong_given", "given_slip", "misspelling", "swapped_order", "transliteration", "diacritics"}


def test_decision_says_what_it_was_trained_on_and_how_good_it_is() -> None:
    decision = json.loads(files("cleaners.names.judge").joinpath("decision.json").read_text(encoding="utf-8"))
    assert set(decision["weights"]) == KINDS
    assert {"about", "data", "trained", "figures"} <= set(decision)
    for kind, features in FEATURES.items():
        assert set(decision["weights"][kind]) == {"intercept", *features}
        assert decision["figures"][kind]["natural_unseen_people"]["R_at_P0.85"] > 0.55
    assert decision["weights"]["wrong_given"]["words_covered"] > 0


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=12), st.integers(0, 99))
def test_slip_changes_a_word_by_one_edit(word: str, seed: int) -> None:
    if len(set(word)) == 1:
        return
    slipped = _slip(word, random.Random(seed))
    assert slipped != word
    assert edit_distance(word, slipped) == 1
    assert slipped[0] == word[0]


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (("philip", "cardwell"), "Philip Cardwell spoke. Cardwell left."),
        (("martin", "cardwlel"), "Martin Cardwlel spoke. Cardwlel left."),
    ],
)
def test_names_are_changed_where_they_stand(wrong: tuple[str, str], text: str) -> None:
    spans = [(0, 15, "Martin Cardwell", "martin", "cardwell"), (23, 31, "Cardwell", "", "cardwell")]
    assert _replaced("Martin Cardwell spoke. Cardwell left.", spans, ("martin", "cardwell"), wrong) == text


def pairs(n: int) -> list[Pair]:
    rng = random.Random(0)
    rows = []
    for i in range(n):
        is_error = i % 2 == 0
        features = {name: rng.random() * 0.1 for name in FEATURES["wrong_given"]}
        features["words_beside"] += 0.5 * is_error
        rows.append(Pair("wrong_given", features, is_error, 1.0, f"name{i // 2}", "first"))
    return rows


def test_fit_finds_what_parts_errors_from_namesakes() -> None:
    rows = pairs(80)
    model = fit(rows, FEATURES["wrong_given"])
    assert max((weight, name) for name, weight in model.items())[1] == "words_beside"
    scores = scores_on_unseen(rows, FEATURES["wrong_given"], _surname_folds(rows))
    figures = recall_at_rates(_sigmoid(scores), rows, 1000)
    assert figures["R"] == figures["R_at_1"] == 1.0
    assert figures["false_per_1000"] == 0.0


def test_calibrated_confidence_is_right_as_often_as_it_says() -> None:
    rng = random.Random(1)
    scores = np.array([rng.gauss(0, 2) for _ in range(20_000)])
    rows = [
        Pair("wrong_given", {}, rng.random() < 1 / (1 + math.exp(-(0.5 * score - 1))), 1.0, "roe", "first")
        for score in scores
    ]
    slope, shift = platt(scores, rows)
    assert (slope, shift) == (pytest.approx(0.5, abs=0.1), pytest.approx(-1, abs=0.15))
    for row in reliability(_sigmoid(slope * scores + shift), rows):
        if row["n"] > 300:
            assert row["right"] == pytest.approx(row["confidence"], abs=0.04)


def shown(article: str, form: str, is_error: bool) -> Pair:
    return Pair("wrong_given", {}, is_error, 1.0, "roe", "natural", article, form, "2020-01", True)


def test_of_several_explanations_the_surest_counts() -> None:
    rows = [shown("a", "jane roe", False), shown("a", "jane roe", True), shown("b", "jane roe", False)]
    confidence, kept = best_explanations(np.array([0.2, 0.9, 0.1]), rows)
    assert confidence.tolist() == [0.9, 0.1]
    assert kept == rows[1:]


def test_recall_is_that_of_the_last_place_where_precision_holds() -> None:
    rows = [
        shown(name, "jane roe", is_error)
        for name, is_error in zip("abcde", (True, True, False, True, False), strict=True)
    ]
    figures = recall_at_precisions(np.array([0.9, 0.8, 0.7, 0.6, 0.5]), rows)
    assert figures["errors"] == 3
    assert figures["R_at_P0.95"] == pytest.approx(2 / 3, abs=0.001)
    assert figures["threshold_at_P0.95"] == 0.8


def test_pairs_are_read_as_they_were_written(tmp_path: Path) -> None:
    rows = [shown("a", "jané roe", True), *pairs(4)]
    _write_pairs(tmp_path / "pairs.jsonl", rows, {"natural": 7})
    assert _read_pairs(tmp_path / "pairs.jsonl") == (rows, {"natural": 7})
