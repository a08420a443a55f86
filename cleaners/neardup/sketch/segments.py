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

from cleaners.neardup.config import NearDuplicateConfig
from cleaners.neardup.constants import BUCKET, REST
from cleaners.neardup.sketch.bands import SIDE, Pairs, count_equal, decode_pairs, estimate_between, key_bands
from cleaners.neardup.text.chunks import run_all
from cleaners.neardup.text.fold import Bools, Int64s, UInt32s, UInt64s, sort_unique

SCHEME = 2  # of keys, files and hashes: raise it whenever segments of earlier versions must be rebuilt


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
    """Describe what two segments must have in common to be probed alike."""
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
    return keep_promising(decode_pairs(codes), new, segment, config)


def join_bands(bands: Iterable[Sequence[Band]], n_articles: Sequence[int], config: NearDuplicateConfig) -> UInt64s:
    """Find what each of several segments shares a bucket with in those before it: for each what `probe_segment` looks at.

    One sort a band for all, where to probe each segment in each costs the square of their number.

    Args:
        bands: band after band, that of each segment; all made with one config.
        n_articles: articles of each segment; the rows of one follow those of the ones before it.
        config: neighbours.

    Returns:
        Codes `row << 32 | earlier row`, sorted, each once; see `pick_joined`.
    """
    starts = np.cumsum([0, *n_articles])
    return sort_unique(np.concatenate([np.zeros(0, np.uint64), *(_join_band(band, starts, config) for band in bands)]))


def pick_joined(codes: Sequence[UInt64s], starts: Int64s, number: int) -> list[Pairs]:
    """Pick the pairs of one segment from what `join_bands` found, perhaps in several groups of bands.

    Args:
        codes: of each group of bands.
        starts: the first row of each segment.
        number: the segment.

    Returns:
        For each segment before it the pairs of a row and an earlier row, each counted from the beginning of its segment.
    """
    first, last = (np.uint64(row) << SIDE for row in starts[number : number + 2].tolist())
    own = [some[slice(*np.searchsorted(some, (first, last)))] for some in codes]
    left, right = decode_pairs(sort_unique(np.concatenate([np.zeros(0, np.uint64), *own])))
    segment = np.searchsorted(starts, right, side="right") - 1
    chosen = [np.flatnonzero(segment == earlier) for earlier in range(number)]
    return [Pairs(left[at] - starts[number], right[at] - starts[earlier]) for earlier, at in enumerate(chosen)]


def keep_promising(pairs: Pairs, new: Segment, segment: Segment, config: NearDuplicateConfig) -> Pairs:
    """Keep the pairs of a new article's row and a row of a segment whose signatures promise enough containment."""
    new_rows, rows = pairs
    estimates = estimate_between(new.signatures, new.n_shingles, new_rows, segment.signatures, segment.n_shingles, rows)
    promising = estimates >= config.minimum_containment
    return Pairs(new_rows[promising], rows[promising])


def _join_band(band: Sequence[Band], starts: Int64s, config: NearDuplicateConfig) -> UInt64s:
    """Codes of one band. What counts for a bucket, and as its neighbours, is what one segment has of it."""
    keys = np.concatenate([part.keys for part in band])
    rows = np.concatenate([part.rows + np.uint64(start) for part, start in zip(band, starts, strict=False)])
    numbers = np.repeat(np.arange(len(band), dtype=np.uint64), [len(part.keys) for part in band])
    filed = (keys & BUCKET) | numbers
    order = np.argsort(filed, kind="stable")  # and those of one segment and bucket as they stand there, by key
    filed, keys, rows, numbers = filed[order], keys[order], rows[order], numbers[order]
    is_large = count_equal(filed) >= config.small_bucket
    found = [_pair_with_earlier(filed[~is_large], rows[~is_large], filed, numbers, rows)]
    if is_large.any():
        known, part = np.unique(keys[is_large], return_inverse=True)
        parts = (part.astype(np.uint64) << SIDE) | numbers[is_large]
        order = np.argsort(parts, kind="stable")
        parts, candidates = parts[order], rows[is_large][order]
        opens = np.flatnonzero(np.diff(parts, prepend=parts[:1] ^ np.uint64(1)))
        is_first = (
            np.arange(len(parts)) - np.repeat(opens, np.diff(np.append(opens, len(parts)))) <= config.bucket_neighbours
        )
        place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
        probing = np.flatnonzero(known[place] == keys)
        probes = (place[probing].astype(np.uint64) << SIDE) | numbers[probing]
        found.append(_pair_with_earlier(parts[is_first], candidates[is_first], probes, numbers[probing], rows[probing]))
    return np.concatenate(found)


def _pair_with_earlier(
    filed: UInt64s, rows: UInt64s, probes: UInt64s, numbers: UInt64s, probing_rows: UInt64s
) -> UInt64s:
    """Codes of the probing rows with an earlier segment's rows (lower half of the key) of the same bucket (upper half)."""
    return _encode(probing_rows, np.searchsorted(filed, probes - numbers), np.searchsorted(filed, probes), rows)


def _probe_band(band: Band, new: Band, config: NearDuplicateConfig) -> UInt64s:
    """Codes `new << 32 | row` of the pairs that share a bucket: as in a batch, a large one is split by one more value."""
    probes = new.keys
    start = np.searchsorted(band.keys, probes & BUCKET, side="left")
    stop = np.searchsorted(band.keys, probes | REST, side="right")
    large = np.flatnonzero(stop - start >= config.small_bucket)
    start[large] = np.searchsorted(band.keys, probes[large], side="left")
    stop[large] = np.searchsorted(band.keys, probes[large], side="right")
    stop[large] = np.minimum(stop[large], start[large] + config.bucket_neighbours + 1)
    return _encode(new.rows, start, stop, band.rows)


def _encode(probing_rows: UInt32s | UInt64s, start: Int64s, stop: Int64s, rows: UInt32s | UInt64s) -> UInt64s:
    """Codes of each probing row with the rows from `start` to `stop`."""
    sizes = stop - start
    repeated = np.repeat(probing_rows, sizes).astype(np.uint64)
    places = np.arange(len(repeated)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(start, sizes)
    codes: UInt64s = (repeated << SIDE) | rows[places]
    return codes
