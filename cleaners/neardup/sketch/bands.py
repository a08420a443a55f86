"""Signatures to candidate pairs, by bands.

Takes signatures in order of preference, gives pairs worth a closer look; decides nothing. Articles that agree in a
whole band share a bucket. In a small bucket all are paired; a large one is split by one more value of the signature, and
each article paired with the head of its part and a few neighbours, so that cost is linear in the bucket's size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from cleaners.neardup import kernel
from cleaners.neardup.config import NearDuplicateConfig
from cleaners.neardup.constants import BUCKET, KEY_MULTIPLIER, REST
from cleaners.neardup.text.chunks import run_all
from cleaners.neardup.text.fold import Bools, Float64s, Int64s, UInt32s, UInt64s, sort_unique

SIDE = np.uint64(32)

PAIRS_AT_ONCE = 1 << 11  # whose signatures, a mebibyte a side, stay in the processor's cache
BANDS_AT_ONCE = 8  # few enough that their columns of a million articles fit into memory again and again


class Pairs(NamedTuple):
    """Pairs of articles by number, `left < right`, each once, sorted."""

    left: Int64s
    right: Int64s


def find_candidates(
    signatures: UInt32s, n_shingles: Int64s, config: NearDuplicateConfig, rows: Int64s | None = None
) -> Pairs:
    """Pairs of articles that share a bucket and whose signatures promise enough containment.

    Args:
        signatures: one row an article; one column a permutation.
        n_shingles: distinct shingles of each article; articles without any are no candidates.
        config: bands, neighbours, least containment.
        rows: rows of the articles to compare, the preferred (see `clusters.py`) first; None takes all as they come.

    Returns:
        Pairs of places in `rows`.
    """
    rows = np.arange(len(signatures)) if rows is None else rows
    filled = np.flatnonzero(n_shingles[rows])
    if not len(filled):
        return Pairs(filled, filled)
    chosen = rows[filled]

    def find(bands: Int64s) -> UInt64s:
        keys = _key_rows(signatures, chosen, bands, config)
        return sort_unique(np.concatenate([_pair_up_buckets(filled, own, config) for own in keys]))

    groups = np.array_split(np.arange(config.n_bands), -(-config.n_bands // BANDS_AT_ONCE))
    left, right = decode_pairs(sort_unique(np.concatenate(run_all(find, groups))))
    promising = estimate_containment(signatures, n_shingles, rows[left], rows[right]) >= config.minimum_containment
    return Pairs(left[promising], right[promising])


def key_bands(signatures: UInt32s, config: NearDuplicateConfig) -> Iterator[UInt64s]:
    """Keys of each band: in the upper 32 bits a hash of its values, the bucket's name, in the lower the next value.

    Args:
        signatures: one row an article.
        config: bands and their rows.
    """
    wrapped = np.asfortranarray(np.concatenate([signatures, signatures[:, :1]], axis=1))
    for band in range(config.n_bands):
        yield _key(wrapped, band, config.rows_per_band)


def estimate_containment(signatures: UInt32s, n_shingles: Int64s, left: Int64s, right: Int64s) -> Float64s:
    """Containment of the smaller set in the other, estimated from signatures and sizes (at most 1)."""
    return estimate_between(signatures, n_shingles, left, signatures, n_shingles, right)


def estimate_between(
    signatures: UInt32s, n_shingles: Int64s, left: Int64s, others: UInt32s, n_others: Int64s, right: Int64s
) -> Float64s:
    """`estimate_containment` of pairs whose right sides are numbers of other signatures."""
    estimates = np.zeros(len(left))

    def estimate(part: slice) -> None:
        a, b = left[part], right[part]
        agreeing = _count_agreeing(signatures, a, others, b)
        jaccard = agreeing / signatures.shape[1]
        smaller = np.minimum(n_shingles[a], n_others[b])
        estimates[part] = np.minimum(1.0, jaccard / (1 + jaccard) * (n_shingles[a] + n_others[b]) / smaller)

    run_all(estimate, [slice(start, start + PAIRS_AT_ONCE) for start in range(0, len(left), PAIRS_AT_ONCE)])
    return estimates


def encode_pairs(a: Int64s, b: Int64s) -> UInt64s:
    """One number a pair, in whatever order its two come; pairs of one article with itself are left out."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    apart = low != high
    codes: UInt64s = (low[apart].astype(np.uint64) << SIDE) | high[apart].astype(np.uint64)
    return codes


def decode_pairs(codes: UInt64s) -> Pairs:
    """The pairs of `encode_pairs`."""
    return Pairs((codes >> SIDE).astype(np.int64), (codes & REST).astype(np.int64))


def _count_agreeing(signatures: UInt32s, left: Int64s, others: UInt32s, right: Int64s) -> Int64s:
    compiled = kernel.find()
    if compiled is None:
        counted: Int64s = np.count_nonzero(signatures[left] == others[right], axis=1)
        return counted
    agreeing = np.empty(len(left), np.int64)
    compiled.count_agreeing(np.asarray(signatures), left, np.asarray(others), right, agreeing)
    return agreeing


def _key(columns: UInt32s, band: int, rows_per_band: int) -> UInt64s:
    first, following = band * rows_per_band, (band + 1) * rows_per_band
    keys = np.zeros(len(columns), np.uint64)
    for column in range(first, following):
        keys = (keys ^ columns[:, column]) * np.uint64(KEY_MULTIPLIER)
        keys ^= keys >> np.uint64(29)
    return (keys & BUCKET) | columns[:, following]


def _key_rows(signatures: UInt32s, rows: Int64s, bands: Int64s, config: NearDuplicateConfig) -> Iterable[UInt64s]:
    """Keys of some bands in a row, of some of the articles."""
    compiled = kernel.find()
    if compiled is not None:
        keys = np.empty((len(bands), len(rows)), np.uint64)
        compiled.key_bands(signatures, rows, int(bands[0]), config.rows_per_band, keys)
        return keys
    first, last = int(bands[0]) * config.rows_per_band, (int(bands[-1]) + 1) * config.rows_per_band
    few = np.empty((len(rows), last - first + 1), np.uint32, order="F")
    few[:, :-1] = signatures[:, first:last][rows]
    few[:, -1] = signatures[rows, last % signatures.shape[1]]
    return (_key(few, i, config.rows_per_band) for i in range(len(bands)))


def _pair_up_buckets(rows: Int64s, keys: UInt64s, config: NearDuplicateConfig) -> UInt64s:
    """Pairs of each article with those in its bucket, or with its part's head and next neighbours if that is large."""
    filed = _file(keys)
    pairs, large = _pair_up_small(rows, filed, config)
    found = [pairs]
    large = large[np.argsort(keys[large], kind="stable")]
    part = keys[large]
    for step in range(1, config.bucket_neighbours + 1):
        same = part[step:] == part[:-step]
        found.append(encode_pairs(rows[large[step:][same]], rows[large[:-step][same]]))
    opens = _opens(part)
    heads = large[np.flatnonzero(opens)][np.cumsum(opens) - 1]
    return np.concatenate([*found, encode_pairs(rows[heads], rows[large])])


def _file(keys: UInt64s) -> UInt64s:
    """The buckets of keys, each with its place in the lower half, in order: in a bucket, in order of preference."""
    compiled = kernel.find()
    if compiled is None:
        return np.sort((keys & BUCKET) | np.arange(len(keys), dtype=np.uint64))
    filed = np.empty(len(keys), np.uint64)
    compiled.file_keys(keys, filed)
    return filed


def _pair_up_small(rows: Int64s, filed: UInt64s, config: NearDuplicateConfig) -> tuple[UInt64s, Int64s]:
    """All pairs in small buckets; and the places of the articles in large ones, bucket by bucket."""
    compiled = kernel.find()
    if compiled is not None:
        codes, large = np.empty(len(rows) * (config.small_bucket - 1) // 2, np.uint64), np.empty(len(rows), np.int64)
        n_codes, n_large = compiled.pair_up_buckets(filed, rows, config.small_bucket, codes, large)
        return codes[:n_codes].copy(), large[:n_large].copy()
    buckets = filed >> SIDE
    sizes = count_equal(buckets)
    together, buckets, sizes = (filed[sizes > 1] & REST).astype(np.int64), buckets[sizes > 1], sizes[sizes > 1]
    found = [np.zeros(0, np.uint64)]
    small, buckets = together[sizes <= config.small_bucket], buckets[sizes <= config.small_bucket]
    for step in range(1, config.small_bucket):
        same = buckets[step:] == buckets[:-step]
        found.append(encode_pairs(rows[small[step:][same]], rows[small[:-step][same]]))
    return np.concatenate(found), together[sizes > config.small_bucket]


def count_equal(values: UInt64s) -> Int64s:
    """Count for each of some sorted values how often it occurs."""
    opens = np.flatnonzero(_opens(values))
    sizes = np.diff(np.append(opens, len(values)))
    return np.repeat(sizes, sizes)


def _opens(values: UInt64s) -> Bools:
    """Mark where the sorted values change."""
    opens = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=opens[1:])
    return opens
