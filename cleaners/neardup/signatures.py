"""Articles to MinHash signatures, the same bits that datasketch computes.

Takes article texts, gives a signature each; removes nothing. Signatures are kept with the snapshot and can be loaded
with `datasketch.MinHash(hashvalues=signature, scheme="affine32", seed=1, hashfunc=cleaners.neardup.hash_shingle)`.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import polars as pl

from cleaners.document import sha256_hex
from cleaners.neardup.config import NearDuplicateConfig
from cleaners.neardup.shingles import HashedSets, UInt32s, count_words, hash_shingles, normalise_texts

SEED = 1
SCHEME = "affine32"
EMPTY = np.uint32(0xFFFFFFFF)  # datasketch's value for a set without elements

SIGNATURE_SCHEMA = pl.Schema(
    {
        "article_id": pl.String(),
        "n_words": pl.Int64(),
        "n_shingles": pl.Int64(),
        "text_digest": pl.String(),
        "signature": pl.List(pl.UInt32),
    }
)


def sign_articles(articles: pl.DataFrame, config: NearDuplicateConfig | None = None) -> pl.DataFrame:
    """Compute the MinHash signatures of articles.

    Args:
        articles: one row an article, with article_id and text.
        config: shingle lengths and number of permutations.

    Returns:
        One row an article, in the order given: article_id; n_words; n_shingles, distinct ones; text_digest, the first
        24 hexadecimal digits of the SHA-256 of the normalised text, null where it has no word; signature,
        n_permutations values of 32 bits.
    """
    config = config or NearDuplicateConfig()
    normalised = normalise_texts(articles["text"])
    shingles = hash_shingles(normalised, config.words_per_shingle, config.characters_per_shingle)
    signatures = sign_sets(shingles, config.n_permutations)
    digests = [sha256_hex(text)[:24] if text else None for text in normalised.to_list()]
    return pl.DataFrame(
        [
            articles["article_id"].cast(pl.String),
            count_words(normalised).alias("n_words"),
            pl.Series("n_shingles", shingles.sizes, dtype=pl.Int64),
            pl.Series("text_digest", digests, dtype=pl.String),
            pl.Series("signature", signatures, dtype=pl.Array(pl.UInt32, config.n_permutations)).cast(
                pl.List(pl.UInt32)
            ),
        ]
    )


def sign_sets(sets: HashedSets, n_permutations: int) -> UInt32s:
    """MinHash signatures of sets of hashes: a matrix of one row a set, one column a permutation."""
    signatures = np.full((len(sets.sizes), n_permutations), EMPTY, np.uint32)
    multipliers, summands = _permutations(n_permutations)
    mixed = _finalise(sets.values)
    for i in np.flatnonzero(sets.sizes):
        # Blocks keep the table in the processor's cache and bound the memory of a huge text.
        for start in range(int(sets.offsets[i]), int(sets.offsets[i + 1]), 512):
            block = mixed[start : min(start + 512, int(sets.offsets[i + 1]))]
            table = block[:, None] * multipliers
            table += summands
            np.minimum(signatures[i], table.min(axis=0), out=signatures[i])
    return signatures


def stack_signatures(signatures: pl.Series) -> UInt32s:
    """Read the signature column into a matrix: one row an article, one column a permutation."""
    values = signatures.cast(pl.List(pl.UInt32)).explode(empty_as_null=False).to_numpy().astype(np.uint32, copy=False)
    return values.reshape(len(signatures), len(values) // max(1, len(signatures)))


@lru_cache(maxsize=4)
def _permutations(n_permutations: int) -> tuple[UInt32s, UInt32s]:
    from datasketch import MinHash  # .85 s, so only where signatures are made

    multipliers, summands = MinHash(num_perm=n_permutations, seed=SEED, scheme=SCHEME).permutations
    return np.ascontiguousarray(multipliers, np.uint32), np.ascontiguousarray(summands, np.uint32)


def _finalise(hashes: UInt32s) -> UInt32s:
    """MurmurHash3's 32-bit finaliser, which datasketch's affine schemes put before the permutations."""
    mixed = (hashes ^ (hashes >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    mixed = (mixed ^ (mixed >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return mixed ^ (mixed >> np.uint32(16))
