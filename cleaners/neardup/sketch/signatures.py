"""Articles to MinHash signatures, the same bits that datasketch computes.

Takes article texts, gives a signature each; removes nothing. Signatures are kept with the snapshot and can be loaded
with `load_minhash`: `datasketch.MinHash(hashvalues=..., scheme="affine32", seed=1, hashfunc=cleaners.neardup.hash_shingle)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from cleaners.neardup import kernel
from cleaners.neardup.config import NearDuplicateConfig
from cleaners.neardup.constants import EMPTY, FINALISERS
from cleaners.neardup.text.chunks import Chunk, map_chunks
from cleaners.neardup.text.fold import Int64s, UInt32s
from cleaners.neardup.text.shingles import Reading, hash_shingle, hash_shingles, read_shingles
from cleaners.neardup.text.words import HashedSets, Words, read_words

if TYPE_CHECKING:
    from datasketch import MinHash

SEED = 1
SCHEME = "affine32"
ELEMENTS_AT_ONCE = 1 << 16  # two tables of so many stay in the processor's cache
BYTES_KEPT_READ = 1 << 26  # of texts, whose words and shingles take twice as much; more are read again when described

SIGNATURE_SCHEMA = pl.Schema(
    {
        "article_id": pl.String(),
        "n_words": pl.Int64(),
        "n_shingles": pl.Int64(),
        "text_digest": pl.String(),
        "signature": pl.List(pl.UInt32),
    }
)


class Signatures(NamedTuple):
    """Signatures of some texts, in their order.

    Attributes:
        n_words: words of each text.
        n_shingles: distinct shingles of each.
        digests: the column text_digest; beside readings null also for texts that equal no other.
        matrix: one row a text, one column a permutation.
        readings: what was read of each chunk of the texts, by its start; empty unless wanted.
    """

    n_words: Int64s
    n_shingles: Int64s
    digests: pl.Series
    matrix: UInt32s
    readings: Mapping[int, Reading] = MappingProxyType({})


def sign_articles(articles: pl.DataFrame, config: NearDuplicateConfig | None = None) -> pl.DataFrame:
    """Compute the MinHash signatures of articles.

    Args:
        articles: one row an article, with article_id and text.
        config: shingle lengths and number of permutations.

    Returns:
        One row an article, in the order given: article_id; n_words; n_shingles, distinct ones; text_digest, the first
        24 hexadecimal digits of the SHA-256 of the text's word hashes in order, null where it has no word; signature,
        n_permutations values of 32 bits.
    """
    signed = compute_signatures(articles["text"], config or NearDuplicateConfig())
    n_permutations = signed.matrix.shape[1]
    return pl.DataFrame(
        [
            articles["article_id"].cast(pl.String),
            pl.Series("n_words", signed.n_words),
            pl.Series("n_shingles", signed.n_shingles),
            signed.digests.alias("text_digest"),
            pl.Series("signature", signed.matrix, dtype=pl.Array(pl.UInt32, n_permutations)).cast(pl.List(pl.UInt32)),
        ]
    )


def compute_signatures(texts: pl.Series, config: NearDuplicateConfig, keep_readings: bool = False) -> Signatures:
    """Compute the signatures of texts, as `sign_articles` gives them, in arrays.

    Args:
        texts: strings; null counts as empty.
        config: shingle lengths and number of permutations.
        keep_readings: whether to hand on the words and shingles, where the texts are few enough for the memory.
    """
    n_bytes = int(texts.str.len_bytes().sum())
    kernel.prepare(n_bytes)
    keep_readings = keep_readings and n_bytes <= BYTES_KEPT_READ
    matrix = np.empty((len(texts), config.n_permutations), np.uint32)  # filled in place: it is the largest by far

    def sign(chunk: Chunk) -> Signatures:
        words = read_words(chunk.texts)
        reading = read_shingles(words, config) if keep_readings else None
        shingles = reading.shingles if reading else hash_shingles(words, config)
        matrix[chunk.start : chunk.start + len(chunk.texts)] = sign_sets(shingles, config.n_permutations)
        digests = pl.Series("text_digest", [] if keep_readings else _digest(words), dtype=pl.String)
        readings = {chunk.start: reading} if reading else {}
        return Signatures(np.diff(words.offsets), shingles.sizes, digests, matrix[:0], readings)

    parts = map_chunks(sign, texts)
    n_words = np.concatenate([part.n_words for part in parts])
    readings = {start: reading for part in parts for start, reading in part.readings.items()}
    return Signatures(
        n_words,
        np.concatenate([part.n_shingles for part in parts]),
        _digest_alike(n_words, matrix, readings) if keep_readings else pl.concat([part.digests for part in parts]),
        matrix,
        readings,
    )


def read_signatures(signed: pl.DataFrame) -> Signatures:
    """Read a table of signatures into arrays, in its order."""
    return Signatures(
        signed["n_words"].to_numpy(),
        signed["n_shingles"].to_numpy(),
        signed["text_digest"],
        stack_signatures(signed["signature"]),
    )


def sign_sets(sets: HashedSets, n_permutations: int) -> UInt32s:
    """MinHash signatures of sets of hashes: a matrix of one row a set, one column a permutation."""
    compiled = kernel.find()
    if compiled is not None:
        matrix = np.empty((len(sets.sizes), n_permutations), np.uint32)
        compiled.sign_sets(*sets, *_permutations(n_permutations), matrix)
        return matrix
    signatures = np.full((len(sets.sizes), n_permutations), EMPTY, np.uint32)
    filled = np.flatnonzero(sets.sizes)
    mixed = _finalise(sets.values)
    start = 0
    while start < len(filled):
        already = sets.offsets[filled[start]]
        fits = int(np.searchsorted(sets.offsets[filled], already + ELEMENTS_AT_ONCE, side="right")) - 1
        rows = filled[start : max(start + 1, fits)]
        signatures[rows] = _permute(
            mixed[already : sets.offsets[rows[-1] + 1]], sets.offsets[rows] - already, n_permutations
        )
        start += len(rows)
    return signatures


def stack_signatures(signatures: pl.Series) -> UInt32s:
    """Read the signature column into a matrix: one row an article, one column a permutation."""
    values = signatures.cast(pl.List(pl.UInt32)).explode(empty_as_null=False).to_numpy().astype(np.uint32, copy=False)
    return values.reshape(len(signatures), len(values) // max(1, len(signatures)))


def load_minhash(signature: UInt32s) -> MinHash:
    """Make a `datasketch.MinHash` of a stored signature: to compare it there, go on updating it, or put it into an index.

    Args:
        signature: n_permutations values, as `sign_articles` gives them.
    """
    from datasketch import MinHash

    return MinHash(hashvalues=np.asarray(signature, np.uint32), scheme=SCHEME, seed=SEED, hashfunc=hash_shingle)


@lru_cache(maxsize=4)
def _permutations(n_permutations: int) -> tuple[UInt32s, UInt32s]:
    """Datasketch's permutations, drawn as it draws them; importing it for them would take half a second of every command."""
    draw = np.random.RandomState(SEED)
    multipliers = draw.randint(0, 1 << 31, n_permutations, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return multipliers, draw.randint(0, 1 << 32, n_permutations, dtype=np.uint32)


def _digest(words: Words, numbers: Iterable[int] | None = None) -> list[str | None]:
    """The text_digest of each text, or of those with these numbers."""
    data = words.hashes.astype("<u8", copy=False).data.cast("B")
    bounds = (words.offsets * 8).tolist()
    chosen = range(len(bounds) - 1) if numbers is None else numbers
    parts = (data[bounds[number] : bounds[number + 1]] for number in chosen)
    return [sha256(part).hexdigest()[:24] if part else None for part in parts]


def _digest_alike(n_words: Int64s, matrix: UInt32s, readings: Mapping[int, Reading]) -> pl.Series:
    """The text_digest of texts that may equal another, as their signatures begin alike; null for the others."""
    digests = np.full(len(n_words), None, object)
    beginnings = pl.DataFrame({"n_words": n_words, "first": matrix[:, 0].copy(), "second": matrix[:, 1].copy()})
    is_alike = beginnings.is_duplicated().to_numpy()
    for start, reading in readings.items():
        numbers = np.flatnonzero(is_alike[start : start + len(reading.shingles.sizes)])
        digests[start + numbers] = _digest(reading.words, numbers.tolist())
    return pl.Series("text_digest", digests.tolist(), dtype=pl.String)


def _permute(mixed: UInt32s, starts: Int64s, n_permutations: int) -> UInt32s:
    """The least permuted value of each set, a row a set; sets lie end to end, from `starts` on."""
    smallest = np.empty((n_permutations, len(starts)), np.uint32)
    permuted = np.empty_like(mixed)
    for row, (multiplier, summand) in enumerate(zip(*_permutations(n_permutations), strict=True)):
        np.multiply(mixed, multiplier, out=permuted)
        np.add(permuted, summand, out=permuted)
        np.minimum.reduceat(permuted, starts, out=smallest[row])
    return smallest.T


def _finalise(hashes: UInt32s) -> UInt32s:
    """MurmurHash3's 32-bit finaliser, which datasketch's affine schemes put before the permutations."""
    mixed = (hashes ^ (hashes >> np.uint32(16))) * np.uint32(FINALISERS[0])
    mixed = (mixed ^ (mixed >> np.uint32(13))) * np.uint32(FINALISERS[1])
    return mixed ^ (mixed >> np.uint32(16))
