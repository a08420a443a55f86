import numpy as np
import polars as pl

from cleaners.neardup import NearDuplicateConfig
from cleaners.neardup.sketch.bands import estimate_containment, find_candidates
from cleaners.neardup.sketch.signatures import sign_sets
from cleaners.neardup.text.shingles import hash_shingles
from cleaners.neardup.text.words import read_words

CONFIG = NearDuplicateConfig()


def sign(texts: list[str]):
    sets = hash_shingles(read_words(pl.Series(texts)), CONFIG)
    return sign_sets(sets, CONFIG.n_permutations), sets.sizes


def words(seed: int, n: int) -> str:
    return " ".join(f"w{x}" for x in np.random.default_rng(seed).integers(0, 5000, n))


def test_similar_texts_are_paired_once_and_others_not():
    base = words(1, 300)
    signatures, sizes = sign([base, base.rsplit(" ", 120)[0], words(2, 300), words(3, 300)])
    left, right = find_candidates(signatures, sizes, CONFIG)
    assert list(zip(left.tolist(), right.tolist(), strict=True)) == [(0, 1)]


def test_texts_without_words_are_no_candidates():
    signatures, sizes = sign(["", "...", ""])
    left, right = find_candidates(signatures, sizes, CONFIG)
    assert len(left) == len(right) == 0


def test_one_bucket_with_everything_costs_a_line_not_a_square():
    n = 2000
    base = words(1, 200)
    signatures, sizes = sign([f"{base} ending{i}" for i in range(n)])
    left, _ = find_candidates(signatures, sizes, CONFIG)
    assert n - 1 <= len(left) <= n * CONFIG.n_bands * (CONFIG.bucket_neighbours + 1)
    assert len(left) < n * n / 20
    assert set(range(1, n)) <= {b for a, b in zip(*find_candidates(signatures, sizes, CONFIG), strict=True) if a == 0}


def test_containment_estimate_of_an_excerpt_is_near_one():
    base = words(1, 600)
    signatures, sizes = sign([base, " ".join(base.split()[:200])])
    estimate = estimate_containment(signatures, sizes, np.array([0]), np.array([1]))[0]
    assert 0.75 <= estimate <= 1.0


def test_wrongly_ordered_band_settings_still_find_equal_signatures():
    signatures, sizes = sign([words(1, 50)] * 3)
    config = NearDuplicateConfig(n_bands=1, rows_per_band=16, bucket_neighbours=0, small_bucket=2)
    left, right = find_candidates(signatures, sizes, config)
    assert list(zip(left.tolist(), right.tolist(), strict=True)) == [(0, 1), (0, 2)]
