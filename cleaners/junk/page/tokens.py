"""Words of a text as arrays: takes a string, gives offsets and 64-bit hashes of its tokens and of their n-grams.

A token is a run of letters and digits of any script, compared without case; a CJK character is a token of its own.
Removes nothing: the evidence and the detectors that need repetition are built on it, without a Python loop per token.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]

_TABLE_SIZE = 0x20000  # planes 0 and 1 hold every script in daily use; what lies above counts as no letter
_BASE = 0x9E3779B97F4A7C15  # 2^64 / golden ratio, odd: multiplication by it is a bijection
_PART_BITS = 7  # what neighbouring keys of an archive have in common (`evidence/parts.py`)
_AT_ONCE = 1 << 15  # keys at a time: what is worked out of them stays in the processor's cache
_MIN_POWER_BITS, _MAX_POWER_BITS = 16, 20  # characters of usual batches, in bits: half a megabyte to eight, each way
_MAX_TOKEN_CHARS = 64  # characters of a token that enter its hash


AnyWhole = TypeVar("AnyWhole", np.uint64, np.int64)


class Tokens(NamedTuple):
    """Tokens of one text: code point offsets (start included, end excluded) and hashes, all of one length."""

    starts: I64
    ends: I64
    hashes: U64


def tokenize(text: str) -> Tokens:
    """Split a text into hashed tokens.

    Args:
        text: any string.

    Returns:
        Offsets in code points and 64-bit hashes, in order of position. Linear in the length of the text.

    """
    code_points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    kinds, lower = _tables()
    kind = kinds.take(code_points, mode="clip")  # what lies above the table is as its last place, no letter
    is_word = kind > 0
    is_edge = np.ones(len(kind) + 1, dtype=bool)  # between two characters: whether they are not of one token
    if len(kind):
        is_edge[1:-1] = ~(is_word[1:] & is_word[:-1])
        if kind.max() > 1:
            is_edge[1:-1] |= (kind[1:] == 2) | (kind[:-1] == 2)
    starts = np.flatnonzero(is_word & is_edge[:-1])
    ends = np.flatnonzero(is_word & is_edge[1:]) + 1
    if not len(starts):
        return Tokens(starts, ends, np.zeros(0, dtype=np.uint64))
    # Sums over the whole text of character times base to the power of its place; a token's hash is a difference of two, taken
    # back to the token's own places. All of 64 bits, which wrap round.
    powers, inverses = _powers(len(code_points))
    running = np.zeros(len(code_points) + 1, dtype=np.uint64)
    terms = lower.take(code_points, mode="clip")
    terms *= powers
    np.cumsum(terms, out=running[1:])
    sums = running[np.minimum(ends, starts + _MAX_TOKEN_CHARS)]
    sums -= running[starts]
    sums *= inverses[starts]
    return Tokens(starts, ends, _mix(sums))


def tokenize_all(texts: Sequence[str]) -> list[Tokens]:
    """Split several texts, in one pass over all of them; the same as one by one."""
    starts, ends, hashes = tokenize("\n".join(texts))
    firsts = np.cumsum([0, *(len(text) + 1 for text in texts)])
    bounds = np.searchsorted(starts, firsts)
    shift = np.repeat(firsts[:-1], np.diff(bounds))
    starts, ends = starts - shift, ends - shift
    return [Tokens(starts[low:high], ends[low:high], hashes[low:high]) for low, high in pairwise(bounds.tolist())]


def join_tokens(tokens: Sequence[Tokens], firsts: I64) -> Tokens:
    """The tokens of several texts as those of one, in which each text begins at an offset, (texts,) or one more."""
    if len(tokens) == 1:
        return tokens[0]
    shift = np.repeat(firsts[: len(tokens)], [len(one.starts) for one in tokens])
    return Tokens(
        np.concatenate([one.starts for one in tokens]) + shift,
        np.concatenate([one.ends for one in tokens]) + shift,
        np.concatenate([one.hashes for one in tokens]),
    )


def hash_ngrams(hashes: U64, n: int) -> U64:
    """Hashes of all runs of `n` tokens; shape (max(0, tokens - n + 1),)."""
    return lengthen_ngrams(np.zeros(len(hashes) + 1, dtype=np.uint64), 0, hashes, n)


def lengthen_ngrams(grams: U64, size: int, hashes: U64, n: int) -> U64:
    """Hashes of all runs of `n` tokens, from those of runs of `size`; shape (max(0, tokens - n + 1),)."""
    n_grams = max(len(hashes) - n + 1, 0)
    total = grams[:n_grams]
    for offset in range(size, n):
        total = _mix(total * np.uint64(_BASE) + hashes[offset : offset + n_grams])
    return total


@lru_cache(maxsize=1 << 13)  # a site's name and its labels come again
def hash_text(value: str) -> int:
    """A 64-bit hash of a string that is the same in every process and on every machine."""
    return int.from_bytes(hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def mix_with(values: U64, salts: U64) -> U64:
    """The same hashes, made particular to their owners (for instance a site); a salt each."""
    return _mix(values ^ salts)


def _mix(values: U64) -> U64:
    """Finaliser of splitmix64: spreads every input bit over the output."""
    mixed: U64 = values ^ (values >> np.uint64(30))
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def _powers(size: int) -> tuple[U64, U64]:
    """Powers of the base, and those of its inverse, as many as there are characters; those of usual sizes are kept."""
    bits = max((size - 1).bit_length(), _MIN_POWER_BITS)
    powers, inverses = _kept_powers(bits) if bits <= _MAX_POWER_BITS else _make_powers(size)
    return powers[:size], inverses[:size]


@lru_cache(maxsize=4)
def _kept_powers(bits: int) -> tuple[U64, U64]:
    return _make_powers(1 << bits)


def _make_powers(size: int) -> tuple[U64, U64]:
    factors = (np.full(size, factor, dtype=np.uint64) for factor in (_BASE, pow(_BASE, -1, 1 << 64)))
    powers, inverses = (np.append(np.uint64(1), np.cumprod(each[1:])) for each in factors)
    return powers, inverses


@lru_cache(maxsize=1)
def _tables() -> tuple[npt.NDArray[np.uint8], U64]:
    """Return for each code point: 0 no letter, 1 letter or digit, 2 CJK; and its lower case where that is one character."""
    kinds = np.zeros(_TABLE_SIZE, dtype=np.uint8)
    lower = np.arange(_TABLE_SIZE, dtype=np.uint64)
    for value in range(_TABLE_SIZE - 1):
        character = chr(value)
        if character.isalnum():
            kinds[value] = 1
            small = character.lower()
            if len(small) == 1:
                lower[value] = ord(small)
    for first, last in ((0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF)):
        kinds[first : last + 1][kinds[first : last + 1] == 1] = 2
    return kinds, lower


class KeyTable:
    """Sorted 64-bit keys with a coarse map in front, which excludes most values at once.

    Args:
        keys: sorted, repeated or not.

    """

    def __init__(self, keys: U64) -> None:
        self._keys = keys
        # Eight places a key at least, a byte each: one absent value in eight passes the map. At most 16 MB.
        self._shift = np.uint64(64 - min(int(len(keys) * 8).bit_length() + 1, 24))
        self._known = np.zeros(1 << (64 - int(self._shift)), dtype=bool)
        self._known[keys >> self._shift] = True

    def find(self, values: U64) -> tuple[I64, I64]:
        """Return which of the values are keys, and the first row of each such key; both (values found,)."""
        maybe = np.flatnonzero(self._known[(values >> self._shift).view(np.int64)])
        rows = np.searchsorted(self._keys, values[maybe])
        found = rows < len(self._keys)
        found[found] = self._keys[rows[found]] == values[maybe[found]]
        return maybe[found], rows[found]


class HeldKeys:
    """A bit for each place of 64-bit keys, many places a key: most keys that are not held are told at once, without sorting.

    Args:
        parts: the keys, in as many arrays as their first `part_bits` bits have values, in that order; none need be sorted.
        part_bits: bits by which the keys are parted.

    """

    def __init__(self, parts: Iterable[Sequence[U64]], part_bits: int) -> None:
        listed = [list(arrays) for arrays in parts]
        most = max((sum(map(len, arrays)) for arrays in listed), default=0)
        # Sixteen places a key where there are not too many: in 128 parts a map of 128 kB to 16 MB.
        bits = min(max((16 * most).bit_length(), 13), 20)
        self._shift = np.uint64(64 - part_bits - bits)
        below = np.uint64((1 << bits) - 1)
        bytes_of_part = np.empty((len(listed), 1 << (bits - 3)), dtype=np.uint8)
        for row, arrays in zip(bytes_of_part, listed, strict=True):
            is_held = np.zeros(1 << bits, dtype=bool)
            for keys in arrays:
                is_held[(keys >> self._shift) & below] = True
            row[:] = np.packbits(is_held, bitorder="little")
        self._map: npt.NDArray[np.uint8] = bytes_of_part.ravel()

    def narrow(self, keys: U64) -> U64:
        """The keys that may be held, in their order; all that are held are among them."""
        some = (keys[first : first + _AT_ONCE] for first in range(0, len(keys), _AT_ONCE))
        return np.concatenate([keys[:0], *map(self._narrow, some)])

    def _narrow(self, keys: U64) -> U64:
        places = keys >> self._shift
        bits = self._map.take((places >> np.uint64(3)).view(np.int64), mode="clip")
        bits >>= (places & np.uint64(7)).astype(np.uint8)
        bits &= np.uint8(1)
        narrowed: U64 = keys[bits.view(np.bool_)]
        return narrowed


def mark_repeated(keys: U64) -> npt.NDArray[np.bool_]:
    """Tell which keys stand more than once, (keys,).

    Most are told to stand once by two tables of places, which leave a tenth to sort: half the time of sorting all.
    """
    bits = max(len(keys).bit_length() + 1, 8)  # two to four places a key
    rows = np.arange(len(keys))
    for shift in (_PART_BITS, 64 - bits):
        places = ((keys[rows] << np.uint64(shift)) >> np.uint64(64 - bits)).view(np.int64)
        rows = rows[_share_places(places, 1 << bits)]
    order = np.argsort(keys[rows])
    again = np.flatnonzero(np.diff(keys[rows[order]]) == 0)
    is_repeated = np.zeros(len(keys), dtype=bool)
    is_repeated[rows[order[again]]] = is_repeated[rows[order[again + 1]]] = True
    return is_repeated


def _share_places(places: I64, n_places: int) -> npt.NDArray[np.bool_]:
    """Tell which rows have a place that another one has too."""
    holder = np.empty(n_places, dtype=np.int32)
    own = np.arange(len(places), dtype=np.int32)
    holder[places] = own
    is_shared = np.zeros(n_places, dtype=bool)
    is_shared[places[holder.take(places) != own]] = True
    return is_shared.take(places)


def sort_distinct(values: npt.NDArray[AnyWhole]) -> npt.NDArray[AnyWhole]:
    """Return the distinct values of an array, sorted.

    As `numpy.unique`, which since 2.3 puts them into a table first: where most are distinct, a fourth to an eighth of its time.
    """
    ordered = np.sort(values)
    if len(ordered) < 2:
        return ordered
    is_new = np.empty(len(ordered), dtype=bool)
    is_new[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=is_new[1:])
    distinct: npt.NDArray[AnyWhole] = ordered[is_new]
    return distinct
