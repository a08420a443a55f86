"""Texts to sets of hashed shingles.

Takes texts, gives one set of 32-bit shingle hashes a text; removes nothing. Case, punctuation and compatibility forms
are folded away first; a shingle is some words in a row, or some characters in scripts that write without spaces.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from cleaners.neardup.config import NearDuplicateConfig

UInt32s = npt.NDArray[np.uint32]
UInt64s = npt.NDArray[np.uint64]
Int64s = npt.NDArray[np.int64]
Float64s = npt.NDArray[np.float64]

# Scripts written without spaces between words: each character, with its combining marks, is a token of its own,
# marked with CHARACTER_MARK so that its shingles take more tokens. U+30FC lengthens a kana vowel and belongs to no
# one script.
UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\x{30FC}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*"
CHARACTER_MARK = "\x1f"
BETWEEN_WORDS = r"[^\p{L}\p{M}\p{N}]+"

MULTIPLIER = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2**64
MASK64 = (1 << 64) - 1
CHUNK_BYTES = 8 << 20


class HashedSets(NamedTuple):
    """Sets of hashes, one a text: set `i` is `values[offsets[i]:offsets[i + 1]]`, sorted and without repeats."""

    offsets: Int64s
    values: UInt32s

    @property
    def sizes(self) -> Int64s:
        """Elements of each set."""
        return np.diff(self.offsets)


def normalise_texts(texts: pl.Series) -> pl.Series:
    """Fold texts so that only their words are left, one space between two.

    Compatibility forms (NFKC) and case (full folding, so that `Straße` equals `STRASSE`) are folded, invisible format
    characters dropped, everything that is neither letter, mark nor number becomes a space. Characters of scripts
    without spaces stand alone behind U+001F.

    Args:
        texts: strings; null counts as empty.
    """
    folded = pl.Series("text", [_fold(text) for text in texts.to_list()], dtype=pl.String)
    folded = folded.str.replace_all(r"\p{Cf}+", "").str.replace_all(BETWEEN_WORDS, " ")
    folded = folded.str.replace_all(UNSPACED, " " + CHARACTER_MARK + "${0} ")
    return folded.str.replace_all(" +", " ").str.strip_chars(" ")


def hash_shingle(shingle: bytes) -> int:
    """Compute the documented 32-bit hash of a shingle: give it to `datasketch.MinHash(hashfunc=hash_shingle)`.

    A polynomial of the bytes, `sum(byte[i] * MULTIPLIER**i) mod 2**64`, mixed by MurmurHash3's 64-bit finaliser, of
    which the upper 32 bits are kept. A polynomial, because all shingles of a text then come from one running sum.

    Args:
        shingle: a shingle in UTF-8, as `list_shingles` gives it.
    """
    total = 0
    for byte in reversed(shingle):
        total = (total * MULTIPLIER + byte) & MASK64
    total = ((total ^ (total >> 33)) * 0xFF51AFD7ED558CCD) & MASK64
    total = ((total ^ (total >> 33)) * 0xC4CEB9FE1A85EC53) & MASK64
    return (total ^ (total >> 33)) >> 32


def list_shingles(text: str, config: NearDuplicateConfig) -> list[bytes]:
    """List the shingles of one text in reading order, repeats included: what `hash_shingles` hashes.

    A text with fewer words than a shingle is one shingle as a whole; a text without a word has none.

    Args:
        text: any text.
        config: the lengths of a shingle.
    """
    tokens = normalise_texts(pl.Series([text], dtype=pl.String))[0].split(" ")
    if tokens == [""]:
        return []
    shingles = []
    for i, token in enumerate(tokens):
        n = config.characters_per_shingle if token.startswith(CHARACTER_MARK) else config.words_per_shingle
        if i + n <= len(tokens):
            shingles.append(" ".join(tokens[i : i + n]).encode())
    return shingles or [" ".join(tokens).encode()]


def hash_shingles(normalised: pl.Series, words: int, characters: int) -> HashedSets:
    """Hash the shingles of normalised texts to sets, on their bytes, without a Python object a word.

    Args:
        normalised: texts as `normalise_texts` gives them, or other tokens with one space between two.
        words: words in a shingle.
        characters: characters in a shingle of a script without spaces.
    """
    lengths = normalised.str.len_bytes().fill_null(0).to_numpy().astype(np.int64)
    sizes, values = [np.zeros(1, np.int64)], [np.zeros(0, np.uint32)]
    start = 0
    while start < len(lengths):
        fits = int(np.searchsorted(np.cumsum(lengths[start:] + 1), CHUNK_BYTES, side="right"))
        stop = start + max(1, fits)
        chunk = _hash_chunk(normalised[start:stop].fill_null("").to_list(), words, characters)
        sizes.append(chunk.sizes)
        values.append(chunk.values)
        start = stop
    return HashedSets(np.cumsum(np.concatenate(sizes)), np.concatenate(values))


def count_words(normalised: pl.Series) -> pl.Series:
    """Words (in scripts without spaces: characters) of normalised texts."""
    return (normalised.str.count_matches(" ", literal=True) + (normalised != "").cast(pl.UInt32)).cast(pl.Int64)


def count_shared(left_sets: HashedSets, left: Int64s, right_sets: HashedSets, right: Int64s) -> Int64s:
    """For each pair, how many elements of set `left` are also in set `right`.

    Args:
        left_sets: the sets that `left` numbers.
        left: set numbers, one a pair; give the smaller sets here, the cost is theirs.
        right_sets: the sets that `right` numbers.
        right: set numbers, one a pair.
    """
    shared = np.zeros(len(left), np.int64)
    if not len(left):
        return shared
    owner = np.repeat(np.arange(len(right_sets.sizes), dtype=np.uint64), right_sets.sizes)
    keys = (owner << np.uint64(32)) | right_sets.values
    order = np.argsort(right, kind="stable")  # queries in the order of the keys are answered from the cache
    costs = np.cumsum(left_sets.sizes[left[order]])
    start = 0
    while start < len(order):
        already = costs[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(costs, already + 4_000_000, side="right")))
        pairs = order[start:stop]
        elements, owners = _gather(left_sets, left[pairs])
        queries = (right[pairs].astype(np.uint64)[owners] << np.uint64(32)) | left_sets.values[elements]
        found = np.searchsorted(keys, queries)
        hit = keys[np.minimum(found, len(keys) - 1)] == queries if len(keys) else np.zeros(len(queries), bool)
        shared[pairs] = np.bincount(owners[hit], minlength=len(pairs))
        start = stop
    return shared


def _fold(text: str | None) -> str:
    if not text:
        return ""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _hash_chunk(texts: list[str], words: int, characters: int) -> HashedSets:
    joined = ("\n".join(texts) + "\n").encode()
    data = np.frombuffer(joined, np.uint8)
    # Powers and inverse powers of the multiplier: hash(start, end) = (sum[end] - sum[start]) / MULTIPLIER**start.
    powers = _powers(MULTIPLIER, len(data))
    sums = np.zeros(len(data) + 1, np.uint64)
    np.cumsum(data * powers, out=sums[1:])
    inverses = _powers(pow(MULTIPLIER, -1, 1 << 64), len(data))

    separator = (data == 0x20) | (data == 0x0A)
    ends = np.flatnonzero(separator)
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])
    text_of = np.cumsum(data[ends] == 0x0A) - (data[ends] == 0x0A)
    filled = ends > starts  # an empty text leaves an empty token
    starts, ends, text_of = starts[filled], ends[filled], text_of[filled]
    n_tokens = np.bincount(text_of, minlength=len(texts))
    after_text = np.cumsum(n_tokens)[text_of]  # number of the first token that is no longer this text's

    length = np.where(data[starts] == ord(CHARACTER_MARK), characters, words)
    first = np.arange(len(starts))
    whole = first + length <= after_text
    has_shingle = np.bincount(text_of[whole], minlength=len(texts)) > 0
    opens_short_text = (first == after_text - n_tokens[text_of]) & ~has_shingle[text_of]
    length = np.where(opens_short_text, n_tokens[text_of], length)
    first = np.flatnonzero(whole | opens_short_text)
    begin, end = starts[first], ends[first + length[first] - 1]
    hashes = _mix((sums[end] - sums[begin]) * inverses[begin])
    keys = np.sort((text_of[first].astype(np.uint64) << np.uint64(32)) | hashes)
    keys = keys[np.diff(keys, prepend=keys[:1] ^ np.uint64(1)) != 0]
    sizes = np.bincount((keys >> np.uint64(32)).astype(np.int64), minlength=len(texts))
    return HashedSets(np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)]), keys.astype(np.uint32))


def _powers(base: int, n: int) -> UInt64s:
    factors = np.full(n, base, np.uint64)
    factors[0] = 1
    return np.cumprod(factors, dtype=np.uint64)


def _mix(polynomials: UInt64s) -> UInt64s:
    mixed = (polynomials ^ (polynomials >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    mixed = (mixed ^ (mixed >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return (mixed ^ (mixed >> np.uint64(33))) >> np.uint64(32)


def _gather(sets: HashedSets, numbers: Int64s) -> tuple[Int64s, Int64s]:
    """Where the elements of the numbered sets stand, one after another, and which of `numbers` each belongs to."""
    sizes = sets.sizes[numbers]
    owners = np.repeat(np.arange(len(numbers)), sizes)
    within = np.arange(len(owners)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return sets.offsets[numbers][owners] + within, owners
