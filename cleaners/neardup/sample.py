"""The sample that machine code must read as arrays do before it is used."""

from __future__ import annotations

import numpy as np
import polars as pl

from cleaners.neardup.config import NearDuplicateConfig
from cleaners.neardup.sketch.bands import find_candidates
from cleaners.neardup.sketch.signatures import compute_signatures
from cleaners.neardup.text.shingles import count_shared
from cleaners.neardup.text.words import collect_sets, read_numbers, read_words

# Texts that are read both ways before machine code is trusted. numba recognises what it compiled by the one file it stands in
# and would miss a constant that changed in another; and a compiler may fail on a processor that was never tried.
SAMPLE = (
    "The ferry Solvang left at 12:30 with 1,200 on board, and an uncharacteristically-long-word.",
    "Zürich: ŁÓDŹ, Straße, ﬁnal\u00adly ½ 𝐁𝐨𝐥𝐝 ３４",
    "The ferry Solvang left at 12:30 with 1,200 on board; no more was said.",
    '"No more," he said, ﬁnally, "was said. “Nobody spoke («or wrote»),” she said: "No.',
    "",
)


def read_sample() -> list[list[int]]:
    """Read the sample with the present code."""
    texts, config = pl.Series(SAMPLE), NearDuplicateConfig(minimum_containment=0.0)
    signed, words = compute_signatures(texts, config), read_words(texts)
    names = collect_sets(words.offsets, words.hashes, words.is_name)
    pairs = find_candidates(signed.matrix, signed.n_shingles, config)
    shared = count_shared(names, *pairs[:1], names, *pairs[1:])
    return [
        np.asarray(values).ravel().tolist()
        for values in (signed.matrix, signed.n_shingles, words.is_quoted, *names, *read_numbers(texts), *pairs, shared)
    ]
