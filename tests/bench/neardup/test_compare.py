"""The near-duplicate bench: its made-up corpora and its scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bench.neardup.neardup_corpus import Generator
from bench.neardup.neardup_peers import copydesk, join_pairs, score

pytestmark = pytest.mark.slow


def test_a_made_up_corpus_is_the_same_again_and_copydesk_finds_its_stories(tmp_path: Path) -> None:
    for name in ("one", "two"):
        Generator(seed=3).write(tmp_path / name, 600)
    corpus, again = (pl.read_parquet(tmp_path / name) for name in ("one", "two"))
    assert corpus.equals(again)
    assert corpus["article_id"].n_unique() == 600
    assert 300 < corpus["cluster_id"].n_unique() < 550
    found = score(corpus["cluster_id"].to_numpy(), copydesk(corpus))
    assert found["F1"] > 0.97
    assert found["hidden"] <= 2


def test_scores_count_pairs_and_hidden_articles() -> None:
    gold, found = np.array([0, 0, 0, 1, 2]), np.array([5, 5, 6, 6, 7])
    assert score(gold, found) == {"P": 0.5, "R": 0.3333, "F1": 0.4, "hidden": 1}
    assert score(gold, gold)["F1"] == 1.0


def test_pairs_join_to_components() -> None:
    assert join_pairs(5, [(3, 1), (1, 0), (4, 2)]).tolist() == [0, 0, 2, 0, 2]
