"""Signatures to candidate pairs, by bands.

Takes signatures in order of preference, gives pairs worth a closer look; decides nothing. Articles that agree in a
whole band share a bucket; each is paired with the bucket's head and a few neighbours, so that cost is linear in the
bucket's size.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from cleaners.neardup.config import NearDuplicateConfig
from cleaners.neardup.shingles import Int64s, UInt32s, UInt64s


def find_candidates(signatures: UInt32s, n_shingles: Int64s, config: NearDuplicateConfig) -> tuple[Int64s, Int64s]:
    """Pairs of articles that share a bucket and whose signatures promise enough containment.

    Args:
        signatures: one row an article, the preferred (see `clusters.py`) first; one column a permutation.
        n_shingles: distinct shingles of each article; articles without any are no candidates.
        config: bands, neighbours, least containment.

    Returns:
        Row numbers `left < right`, each pair once, sorted.
    """
    rows = np.flatnonzero(n_shingles)
    if not len(rows):
        return rows, rows
    keys = [_band_keys(signatures, rows, band, config.rows_per_band) for band in range(config.n_bands)]
    pairs = np.zeros(0, np.uint64)
    for band in range(config.n_bands):
        # The next band orders a bucket: neighbours then agree in more than the bucket's own key.
        found = _pair_up_buckets(rows, keys[band], keys[(band + 1) % config.n_bands], config.bucket_neighbours)
        pairs = _sort_unique(np.concatenate([pairs, found]))
    left = (pairs >> np.uint64(32)).astype(np.int64)
    right = (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)
    promising = estimate_containment(signatures, n_shingles, left, right) >= config.minimum_containment
    return left[promising], right[promising]


def estimate_containment(signatures: UInt32s, n_shingles: Int64s, left: Int64s, right: Int64s) -> np.ndarray:
    """Containment of the smaller set in the other, estimated from signatures and sizes (at most 1)."""
    estimates = np.zeros(len(left))
    for start in range(0, len(left), 100_000):
        part = slice(start, start + 100_000)
        a, b = left[part], right[part]
        jaccard = (signatures[a] == signatures[b]).mean(axis=1)
        smaller = np.minimum(n_shingles[a], n_shingles[b])
        estimates[part] = np.minimum(1.0, jaccard / (1 + jaccard) * (n_shingles[a] + n_shingles[b]) / smaller)
    return estimates


def _band_keys(signatures: UInt32s, rows: Int64s, band: int, rows_per_band: int) -> UInt64s:
    keys = np.zeros(len(rows), np.uint64)
    for column in range(band * rows_per_band, (band + 1) * rows_per_band):
        keys = (keys ^ signatures[rows, column]) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(29)
    return keys


def _pair_up_buckets(rows: Int64s, keys: UInt64s, order_keys: UInt64s, neighbours: int) -> UInt64s:
    """Pairs `left << 32 | right` of each article with the head of its bucket and its next neighbours there."""
    shared = pl.Series(keys).is_duplicated().to_numpy()
    rows, keys, order_keys = rows[shared], keys[shared], order_keys[shared]
    if not len(rows):
        return np.zeros(0, np.uint64)
    order = np.lexsort((rows, order_keys, keys))
    rows, keys = rows[order], keys[order]
    opens = np.diff(keys, prepend=keys[:1] ^ np.uint64(1)) != 0
    heads = np.minimum.reduceat(rows, np.flatnonzero(opens))[np.cumsum(opens) - 1]
    found = [_encode(heads, rows)]
    for step in range(1, neighbours + 1):
        together = keys[step:] == keys[:-step]
        found.append(_encode(rows[step:][together], rows[:-step][together]))
    return _sort_unique(np.concatenate(found))


def _sort_unique(pairs: UInt64s) -> UInt64s:
    pairs = np.sort(pairs)  # far faster than numpy.unique, which hashes
    distinct: UInt64s = pairs[np.diff(pairs, prepend=pairs[:1] ^ np.uint64(1)) != 0]
    return distinct


def _encode(a: Int64s, b: Int64s) -> UInt64s:
    a, b = np.minimum(a, b), np.maximum(a, b)
    apart = a != b
    pairs: UInt64s = (a[apart].astype(np.uint64) << np.uint64(32)) | b[apart].astype(np.uint64)
    return pairs
