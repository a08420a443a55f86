"""Types of the compiled functions' arguments, and how they are compiled.

Takes numba's types, gives those of arrays, read or written; decides nothing.
"""
# ruff: noqa: ANN401

from __future__ import annotations

from typing import Any

from numba import njit, types


def given(dtype: Any, n_dimensions: int = 1) -> Any:
    """An array that is only read."""
    return types.Array(dtype, n_dimensions, "C", readonly=True)


def compiled(*signature: Any) -> Any:
    """Compile for these types now, or read what was compiled before; none of what is compiled holds the interpreter."""
    return njit(signature[0](*signature[1:]), nogil=True, cache=True, error_model="numpy")


inline: Any = njit(nogil=True, error_model="numpy")

U8S, U32S, U64S, I64S, FLAGS = (given(t) for t in (types.uint8, types.uint32, types.uint64, types.int64, types.boolean))
MATRIX, OUT_MATRIX, OUT_MATRIX64 = given(types.uint32, 2), types.uint32[:, ::1], types.uint64[:, ::1]
OUT_U8S, OUT_U32S, OUT_U64S = types.uint8[::1], types.uint32[::1], types.uint64[::1]
OUT_I64S, OUT_FLAGS, OUT_COUNTS = types.int64[::1], types.boolean[::1], types.int64[:, ::1]
BLOCKS = types.Array(types.uint64, 1, "A", aligned=False)
