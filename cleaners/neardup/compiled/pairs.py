"""Signatures to candidate pairs, and what pairs have in common, in machine code.

Takes signatures and sets, gives arrays as `bands.py` and `shingles.py` do, bit for bit; decides nothing.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call"
# ruff: noqa: ANN001, ANN201, ANN202

from __future__ import annotations

import numpy as np
from numba import types

from cleaners.neardup import constants
from cleaners.neardup.compiled.types import (
    I64S,
    MATRIX,
    OUT_COUNTS,
    OUT_I64S,
    OUT_MATRIX64,
    OUT_U32S,
    OUT_U64S,
    U8S,
    U32S,
    U64S,
    compiled,
    inline,
)

# Of one type throughout: numba makes a float of a signed and an unsigned number.
KEY_MULTIPLIER, BUCKET, REST = np.uint64(constants.KEY_MULTIPLIER), constants.BUCKET, constants.REST
ZERO, KEY_SHIFT, HALF = (np.uint64(n) for n in (0, 29, 32))
MUCH_LARGER = 16
DIGIT_BITS, LOWEST_DIGIT, N_DIGITS = np.uint64(11), np.uint64((1 << 11) - 1), 1 << 11  # three of them name a bucket


@inline
def _find_by_halving(values, value, low, high):
    """The first place from `low` on, before `high`, whose value is not less."""
    while low < high:
        middle = (low + high) // 2
        if values[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@inline
def _count_by_halving(few, many):
    n, low = 0, 0
    for value in few:
        low = _find_by_halving(many, value, low, len(many))
        n += low < len(many) and many[low] == value
    return n


@compiled(types.void, I64S, U32S, I64S, I64S, U32S, I64S, OUT_I64S)
def count_shared(left_offsets, left_values, left, right_offsets, right_values, right, shared):
    """`shingles.count_shared`."""
    for pair in range(len(left)):
        ours = left_values[left_offsets[left[pair]] : left_offsets[left[pair] + 1]]
        theirs = right_values[right_offsets[right[pair]] : right_offsets[right[pair] + 1]]
        if len(theirs) > MUCH_LARGER * len(ours):  # else many notices would each walk through one huge document
            shared[pair] = _count_by_halving(ours, theirs)
            continue
        i, j, n = 0, 0, 0
        while i < len(ours) and j < len(theirs):  # without a branch on what is found
            a, b = ours[i], theirs[j]
            i += a <= b
            j += b <= a
            n += a == b
        shared[pair] = n


@compiled(types.void, I64S, U32S, U8S, I64S, I64S, OUT_COUNTS)
def count_marked(offsets, values, marks, left, right, shared):
    """`shingles.count_marked`, added to a matrix."""
    for pair in range(len(left)):
        counts = shared[pair]
        i, last_i = offsets[left[pair]], offsets[left[pair] + 1]
        j, last_j = offsets[right[pair]], offsets[right[pair] + 1]
        if last_j - j > MUCH_LARGER * (last_i - i):
            while i < last_i:
                j = _find_by_halving(values, values[i], j, last_j)
                if j < last_j and values[j] == values[i]:
                    counts[4 * np.int64(marks[i]) + np.int64(marks[j])] += 1
                i += 1
            continue
        while i < last_i and j < last_j:
            a, b = values[i], values[j]
            counts[4 * np.int64(marks[i]) + np.int64(marks[j])] += a == b
            i += a <= b
            j += b <= a


@compiled(types.void, MATRIX, I64S, MATRIX, I64S, OUT_I64S)
def count_agreeing(signatures_left, left, signatures_right, right, agreeing):
    """Values that the signatures of each pair have in common."""
    for pair in range(len(left)):
        ours, theirs = signatures_left[left[pair]], signatures_right[right[pair]]
        n = 0
        for i in range(len(ours)):
            n += ours[i] == theirs[i]
        agreeing[pair] = n


@compiled(types.void, MATRIX, I64S, types.int64, types.int64, OUT_MATRIX64)
def key_bands(matrix, rows, first_band, rows_per_band, keys):
    """`bands._key` of some bands, a row of `keys` each, of the signatures in `rows`."""
    n_columns = matrix.shape[1]
    for place in range(len(rows)):
        values = matrix[rows[place]]
        for band in range(len(keys)):
            first = (first_band + band) * rows_per_band
            key = ZERO
            for column in range(first, first + rows_per_band):
                key = (key ^ np.uint64(values[column])) * KEY_MULTIPLIER
                key ^= key >> KEY_SHIFT
            following = first + rows_per_band
            keys[band, place] = (key & BUCKET) | np.uint64(values[following if following < n_columns else 0])


@inline
def _sort_by_digit(values, sorted_values, counts, down):
    """Sort values by the eleven bits above `down`; equal ones keep their order."""
    counts[:] = 0
    for i in range(len(values)):
        counts[(values[i] >> down) & LOWEST_DIGIT] += 1
    place = 0
    for digit in range(N_DIGITS):
        place, counts[digit] = place + counts[digit], place
    for i in range(len(values)):
        digit = (values[i] >> down) & LOWEST_DIGIT
        sorted_values[counts[digit]] = values[i]
        counts[digit] += 1


@compiled(types.void, U64S, OUT_U64S)
def file_keys(keys, filed):
    """`bands._file`: the buckets of keys, each with its place, in order."""
    spare, counts = np.empty(len(keys), np.uint64), np.empty(N_DIGITS, np.int64)
    for i in range(len(keys)):
        spare[i] = (keys[i] & BUCKET) | np.uint64(i)
    down = HALF
    _sort_by_digit(spare, filed, counts, down)
    _sort_by_digit(filed, spare, counts, down + DIGIT_BITS)
    _sort_by_digit(spare, filed, counts, down + DIGIT_BITS + DIGIT_BITS)


@compiled(types.Tuple((types.int64, types.int64)), U64S, I64S, types.int64, OUT_U64S, OUT_I64S)
def pair_up_buckets(filed, rows, small_bucket, codes, large):
    """The small buckets of `bands._pair_up_buckets` as pairs in `codes`, the places of the others in `large`; how many."""
    n_codes, n_large, start = 0, 0, 0
    n = len(filed)
    while start < n:
        bucket = filed[start] & BUCKET
        stop = start + 1
        while stop < n and filed[stop] & BUCKET == bucket:
            stop += 1
        if stop - start > small_bucket:
            for i in range(start, stop):
                large[n_large] = np.int64(filed[i] & REST)
                n_large += 1
        else:
            for i in range(start + 1, stop):
                right = np.uint64(rows[np.int64(filed[i] & REST)])
                for j in range(start, i):
                    codes[n_codes] = (np.uint64(rows[np.int64(filed[j] & REST)]) << HALF) | right
                    n_codes += 1
        start = stop
    return n_codes, n_large


@compiled(types.void, I64S, I64S, U32S, OUT_U32S)
def copy_runs(starts, stops, values, out):
    """The values from each start to its stop, end to end."""
    place = 0
    for run in range(len(starts)):
        for i in range(starts[run], stops[run]):
            out[place] = values[i]
            place += 1
