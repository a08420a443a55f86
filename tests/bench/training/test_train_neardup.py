"""The training of the near-duplicate decision, on pairs made up here."""

from __future__ import annotations

import numpy as np
import polars as pl

from bench.training.train_neardup import cross_validate, fit

FEATURES = ["shared_opening", "shared_facts"]


def made_up(n: int, seed: int) -> pl.DataFrame:
    """Pairs of which those that share much are near-duplicates; a fifth share too little for the weights to decide."""
    random = np.random.default_rng(seed)
    shares = random.random((n, 2))
    return pl.DataFrame(
        {
            "shared_opening": shares[:, 0],
            "shared_facts": shares[:, 1],
            "label": (shares.sum(axis=1) > 1).astype(np.float64),
            "unsure": np.zeros(n, bool),
            "weight": np.ones(n),
            "group": np.arange(n) // 2,
            "is_open": random.random(n) > 0.2,
        }
    )


def test_the_weights_follow_the_labels_and_a_dearer_false_match_raises_the_bar() -> None:
    pairs = made_up(400, 1)
    weights, intercept = fit(pairs, FEATURES)
    assert (weights > 1).all()
    dear = pairs.with_columns(weight=pl.when(pl.col("label") == 0).then(10.0).otherwise(1.0))
    stricter, lower = fit(dear, FEATURES)
    assert np.full(2, 0.5) @ stricter + lower < np.full(2, 0.5) @ weights + intercept


def test_each_set_is_scored_by_models_that_did_not_see_its_pairs() -> None:
    known = {"one": made_up(300, 1), "two": made_up(200, 2)}
    scores = cross_validate(known, FEATURES)
    assert [scores[name]["pairs"] for name in known] == [300, 200]
    assert all(score["P"] > 0.9 for score in scores.values())
    # What a floor declines is missed, whatever the weights say.
    assert all(0.65 < score["R"] < 0.9 for score in scores.values())
    shuffled = known["one"].with_columns(pl.col("label").shuffle(seed=3))
    assert cross_validate({"one": shuffled}, FEATURES)["one"]["P"] < 0.8
