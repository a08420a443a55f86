from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners.neardup import NearDuplicateConfig
from cleaners.neardup.sketch.bands import find_candidates
from cleaners.neardup.sketch.segments import (
    Band,
    join_bands,
    keep_promising,
    make_segment,
    merge_bands,
    pick_joined,
    probe_segment,
    sort_bands,
)

CONFIG = NearDuplicateConfig()


def make_signatures(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Signatures in families: each copies a share of the values of an earlier one."""
    random = np.random.default_rng(seed)
    signatures = random.integers(0, 2**32, (n, CONFIG.n_permutations), dtype=np.uint32)
    for i in range(1, n):
        if random.random() < 0.6:
            same = random.random(CONFIG.n_permutations) < random.choice([0.1, 0.3, 0.6, 1.0])
            signatures[i, same] = signatures[random.integers(0, i), same]
    return signatures, random.integers(0, 3, n) * 50


def segment_of(signatures: np.ndarray, sizes: np.ndarray):
    return make_segment(signatures, sizes, CONFIG)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 40), st.integers(0, 12))
def test_probing_finds_what_comparing_all_together_finds(seed, n_earlier, n_new):
    signatures, sizes = make_signatures(seed, n_earlier + n_new)
    config = CONFIG.model_copy(update={"small_bucket": 32})  # no bucket is large
    together = {(a, b) for a, b in zip(*find_candidates(signatures, sizes, config), strict=True) if a < n_earlier <= b}
    segment = segment_of(signatures[:n_earlier], sizes[:n_earlier])
    new, rows = probe_segment(segment, segment_of(signatures[n_earlier:], sizes[n_earlier:]), config)
    assert {(b, a + n_earlier) for a, b in zip(new.tolist(), rows.tolist(), strict=True)} == together


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 12), st.integers(1, 5), st.integers(2, 6))
def test_what_is_found_in_some_bands_and_in_the_others_is_what_is_found_in_all(seed, n_earlier, n_new, n_groups, small):
    config = CONFIG.model_copy(update={"small_bucket": small, "bucket_neighbours": 1})
    signatures, sizes = make_signatures(seed, n_earlier + n_new)
    earlier, new = (segment_of(signatures[part], sizes[part]) for part in (slice(n_earlier), slice(n_earlier, None)))
    groups = np.array_split(np.random.default_rng(seed).permutation(CONFIG.n_bands), n_groups)
    apart = [probe_segment(earlier, new, config, group.tolist()) for group in groups]
    found = {pair for pairs in apart for pair in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)}
    together = probe_segment(earlier, new, config)
    assert sorted(found) == list(zip(together.left.tolist(), together.right.tolist(), strict=True))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 30), st.integers(1, 30))
def test_merged_segments_are_those_of_all_that_is_kept(seed, n_first, n_second):
    signatures, sizes = make_signatures(seed, n_first + n_second)
    kept = np.random.default_rng(seed).random(n_first + n_second) < 0.7
    parts = [segment_of(signatures[:n_first], sizes[:n_first]), segment_of(signatures[n_first:], sizes[n_first:])]
    bands = [[Band(part.keys[band], part.rows[band]) for part in parts] for band in range(CONFIG.n_bands)]
    merged = list(merge_bands(bands, [kept[:n_first], kept[n_first:]]))
    expected = list(sort_bands(signatures[kept], sizes[kept], CONFIG))
    for band, other in zip(merged, expected, strict=True):
        assert np.array_equal(band.keys, other.keys)
        assert np.array_equal(band.rows, other.rows)


@pytest.mark.parametrize("n_earlier", [50, 3000])
def test_a_bucket_with_everything_gives_each_new_article_a_few(n_earlier):
    signatures = np.tile(make_signatures(1, 1)[0], (n_earlier + 20, 1))
    sizes = np.full(n_earlier + 20, 80)
    segment = segment_of(signatures[:n_earlier], sizes[:n_earlier])
    new, _ = probe_segment(segment, segment_of(signatures[n_earlier:], sizes[n_earlier:]), CONFIG)
    assert set(new.tolist()) == set(range(20))
    assert len(new) <= 20 * CONFIG.n_bands * (CONFIG.bucket_neighbours + 1)


def test_what_has_no_shingle_and_an_empty_segment_give_nothing():
    signatures, sizes = make_signatures(3, 8)
    empty = segment_of(signatures[:0], sizes[:0])
    assert len(probe_segment(empty, segment_of(signatures, sizes), CONFIG).left) == 0
    segment = segment_of(signatures, np.zeros(8, np.int64))
    assert segment.keys.shape == (CONFIG.n_bands, 0)
    probes = segment_of(signatures, np.full(8, 50))
    assert len(probe_segment(segment, probes, CONFIG).left) == len(probe_segment(probes, segment, CONFIG).left) == 0


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6), st.lists(st.integers(0, 25), min_size=1, max_size=5), st.integers(1, 3), st.integers(2, 5)
)
def test_segments_joined_in_one_sort_give_what_probing_each_in_each_gives(seed, n_of, n_groups, small):
    config = CONFIG.model_copy(update={"small_bucket": small, "bucket_neighbours": 1})
    signatures, sizes = make_signatures(seed, sum(n_of))
    random = np.random.default_rng(seed)
    signatures[random.random(len(signatures)) < 0.3] = signatures[:1]  # buckets that are large in some segments
    starts = np.cumsum([0, *n_of])
    segments = [segment_of(signatures[a:b], sizes[a:b]) for a, b in pairwise(starts.tolist())]
    groups = np.array_split(np.arange(CONFIG.n_bands), n_groups)
    of_all = [[Band(part.keys[band], part.rows[band]) for part in segments] for band in range(CONFIG.n_bands)]
    codes = [join_bands([of_all[band] for band in group], n_of, config) for group in groups]
    for number, new in enumerate(segments):
        joined = pick_joined(codes, starts, number)
        assert len(joined) == number
        for pairs, earlier in zip(joined, segments, strict=False):
            found, probed = keep_promising(pairs, new, earlier, config), probe_segment(earlier, new, config)
            assert np.array_equal(found.left, probed.left)
            assert np.array_equal(found.right, probed.right)
