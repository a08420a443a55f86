"""Many texts in pieces that fit the processor's cache, some at a time.

Takes texts and a function of some of them, gives its results in order; decides nothing. Numpy lets go of the interpreter
inside its loops, so threads use all cores.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import NamedTuple, TypeVar

import numpy as np
import polars as pl

A = TypeVar("A")
R = TypeVar("R")

CHUNK_BYTES = 1 << 20
KEPT_BYTES = 1 << 23


class Chunk(NamedTuple):
    """Some of the texts, and where they begin among all."""

    start: int
    texts: pl.Series


def map_chunks(function: Callable[[Chunk], R], texts: pl.Series) -> list[R]:
    """Apply a function to texts, about a mebibyte at a time, on as many threads as polars uses.

    Args:
        function: takes some of the texts.
        texts: strings.

    Returns:
        The results, in order; at least one, also of no texts.
    """
    sizes = np.cumsum(texts.str.len_bytes().fill_null(0).to_numpy().astype(np.int64))
    # A text belongs to the chunk in which it begins: no chunk is larger than its size and one text.
    begins = np.concatenate([np.zeros(min(1, len(sizes)), np.int64), sizes[:-1]]) // CHUNK_BYTES
    starts = np.flatnonzero(np.diff(begins, prepend=-1)).tolist() or [0]
    chunks = [
        Chunk(start, texts.slice(start, stop - start))
        for start, stop in zip(starts, [*starts[1:], len(texts)], strict=True)
    ]
    return run_all(function, chunks)


def run_all(function: Callable[[A], R], arguments: list[A]) -> list[R]:
    """Apply a function to each argument, on as many threads as polars uses; the results in order."""
    _keep_freed_memory()
    if len(arguments) <= 1 or pl.thread_pool_size() == 1:
        return [function(argument) for argument in arguments]
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        return list(pool.map(function, arguments))


@lru_cache(maxsize=1)
def _keep_freed_memory() -> None:
    """Let the C library reuse arrays of a few mebibytes: from one freed on, it no longer returns such to the system.

    Returned memory comes back as fresh pages at the next step of each chunk, a tenth of the time of a batch. Other C
    libraries than glibc make nothing of it.
    """
    np.empty(KEPT_BYTES, np.uint8)
