"""Signatures of one run to a segment of the archive index, and new signatures to what they resemble in one.

Takes signatures, gives for each band the articles in order of their keys, so that a bucket is found by halving; decides
nothing. A segment never changes; segments are merged band by band, so that no more than one band is in memory, and probed
band by band, by as many processes as there are bands. The arrays may be files mapped into memory: probing touches only
what it looks at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from cleaners.neardup.bands import BUCKET, REST, SIDE, Pairs, decode_pairs, estimate_between, key_bands
from cleaners.neardup.chunks import run_all
from cleaners.neardup.config import NearDuplicateConfig
from cleaners.neardup.fold import Bools, Int64s, UInt32s, UInt64s, sort_unique

SCHEME = 2  # of keys, files and hashes: raise it whenever segments of earlier versions must be built anew


class Band(NamedTuple):
    """The articles of a segment in the order of their keys in one band."""

    keys: UInt64s
    rows: UInt32s


class Segment(NamedTuple):
    """An immutable part of the archive index.

    Attributes:
        keys: a row a band, as `bands.key_bands` makes them, each row sorted.
        rows: the article of each key, by its row in `signatures`.
        signatures: one row an article, one column a permutation.
        n_shingles: distinct shingles of each article.
    """

    keys: UInt64s
    rows: UInt32s
    signatures: UInt32s
    n_shingles: Int64s


def describe_scheme(config: NearDuplicateConfig) -> str:
    """What two segments must have in common to be probed alike."""
    return (
        f"{SCHEME}: {config.words_per_shingle} words, {config.characters_per_shingle} characters, "
        f"{config.n_permutations} permutations, {config.n_bands} bands of {config.rows_per_band}"
    )


def sort_bands(signatures: UInt32s, n_shingles: Int64s, config: NearDuplicateConfig) -> Iterator[Band]:
    """Sort articles by their keys, band after band; articles without a shingle are in no bucket.

    Args:
        signatures: one row an article.
        n_shingles: distinct shingles of each article.
        config: bands and their rows.
    """
    rows = np.flatnonzero(n_shingles)
    for keys in key_bands(signatures[rows], config):
        order = np.argsort(keys, kind="stable")
        yield Band(keys[order], rows[order].astype(np.uint32))


def make_segment(signatures: UInt32s, n_shingles: Int64s, config: NearDuplicateConfig) -> Segment:
    """Make the segment of some articles in memory.

    Args:
        signatures: one row an article.
        n_shingles: distinct shingles of each article.
        config: bands and their rows.
    """
    keys, rows = zip(*sort_bands(signatures, n_shingles, config), strict=True)
    return Segment(np.stack(keys), np.stack(rows), signatures, n_shingles)


def merge_bands(bands: Iterable[Sequence[Band]], kept: list[Bools]) -> Iterator[Band]:
    """Merge segments into the bands of one, whose articles follow one another in the order of the segments.

    Args:
        bands: band after band, that of each segment; all made with one config.
        kept: for each segment, which of its articles to keep.
    """
    starts = np.cumsum([0, *(int(mask.sum()) for mask in kept)])
    places = [np.cumsum(mask) - 1 + start for mask, start in zip(kept, starts, strict=False)]
    for of_segments in bands:
        parts = []
        for band, mask, place in zip(of_segments, kept, places, strict=True):
            stays = mask[band.rows]
            parts.append(Band(band.keys[stays], place[band.rows[stays]].astype(np.uint32)))
        keys = np.concatenate([part.keys for part in parts])
        order = np.argsort(keys, kind="stable")
        yield Band(keys[order], np.concatenate([part.rows for part in parts])[order])


def probe_segment(
    segment: Segment, new: Segment, config: NearDuplicateConfig, bands: Sequence[int] | None = None
) -> Pairs:
    """Find the articles of a segment that new ones may repeat.

    Args:
        segment: made with the same config.
        new: the segment of the new articles.
        config: bands, neighbours, least containment.
        bands: where to look; None looks in all. What is found in some bands and in the others is what is found in all.

    Returns:
        Pairs of a new article's row and a row of the segment, whose signatures promise enough containment.
    """
    bands = range(len(segment.keys)) if bands is None else bands

    def probe(band: int) -> UInt64s:
        return _probe_band(Band(segment.keys[band], segment.rows[band]), Band(new.keys[band], new.rows[band]), config)

    codes = sort_unique(np.concatenate([np.zeros(0, np.uint64), *run_all(probe, list(bands))]))
    asked, rows = decode_pairs(codes)
    estimates = estimate_between(new.signatures, new.n_shingles, asked, segment.signatures, segment.n_shingles, rows)
    promising = estimates >= config.minimum_containment
    return Pairs(asked[promising], rows[promising])


def _probe_band(band: Band, new: Band, config: NearDuplicateConfig) -> UInt64s:
    """Codes `new << 32 | row` of the pairs that share a bucket: as in a batch, a large one is split by one more value."""
    asked = new.keys
    start = np.searchsorted(band.keys, asked & BUCKET, side="left")
    stop = np.searchsorted(band.keys, asked | REST, side="right")
    large = np.flatnonzero(stop - start >= config.small_bucket)
    start[large] = np.searchsorted(band.keys, asked[large], side="left")
    stop[large] = np.searchsorted(band.keys, asked[large], side="right")
    stop[large] = np.minimum(stop[large], start[large] + config.bucket_neighbours + 1)
    sizes = stop - start
    asking = np.repeat(new.rows, sizes).astype(np.uint64)
    places = np.arange(len(asking)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(start, sizes)
    codes: UInt64s = (asking << SIDE) | band.rows[places]
    return codes
