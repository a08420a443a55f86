"""Filter of many fixed strings by what a text may contain: takes a text, gives the few strings that are worth a search.

A text is marked once as the set of its four-character sequences; a string of which one is missing is not there. Removes nothing:
it shows rules and detectors whether they have anything to do.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Marks = npt.NDArray[np.bool_]

_BITS = 16  # 65,536 places: a page of 10,000 characters takes some 5,000 of them
_SHIFT = np.uint32(32 - _BITS)
# Odd, spread over 32 bits. Of sequences of three characters a real page of 9,000 leaves 76 of 461 phrases to be sought, of four 34,
# of five 40 (shorter phrases are always sought).
_FACTORS = (np.uint32(0x9E3779B1), np.uint32(0x85EBCA77), np.uint32(0xC2B2AE3D), np.uint32(0x27D4EB2F))
_WIDTH = len(_FACTORS)
_PROBES = 5  # of a phrase's nine on average; with three a fifth more is sought


def mark_sequences(text: str) -> Marks:
    """Mark the four-character sequences of a text; shape (65,536,). Linear in its length."""
    marks = np.zeros(1 << _BITS, dtype=np.bool_)
    marks[_hash_sequences(text).astype(np.int64)] = True  # numpy looks up places of 32 bits in three times the time
    return marks


class Phrases:
    """Fixed strings to seek in many texts.

    Args:
        phrases: any strings; those of less than four characters are always worth a search.

    """

    def __init__(self, phrases: Iterable[str]) -> None:
        self._all = tuple(phrases)
        hashes = [_hash_sequences(phrase) for phrase in self._all]
        self._short = [number for number, one in enumerate(hashes) if not len(one)]
        self._long = np.array([number for number, one in enumerate(hashes) if len(one)], dtype=np.int64)
        # Some sequences of each, from first to last; a phrase that has all of them is worth a search, (probes, phrases).
        probes = [one[np.linspace(0, len(one) - 1, _PROBES).round().astype(int)] for one in hashes if len(one)]
        self._probes = np.array(probes, dtype=np.int64).reshape(-1, _PROBES).T.copy()

    def narrow(self, marks: Marks) -> list[str]:
        """The strings that may stand in the text of some marks, in their order; all that do are among them."""
        return [self._all[number] for number in self.narrow_places(marks)]

    def narrow_places(self, marks: Marks) -> list[int]:
        """The same as places among the strings given."""
        return sorted([*self._short, *self._long[marks[self._probes].all(axis=0)].tolist()])


def _hash_sequences(text: str) -> npt.NDArray[np.uint32]:
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    size = len(points) - _WIDTH + 1
    if size <= 0:
        return np.zeros(0, dtype=np.uint32)
    total = points[:size] * _FACTORS[0]
    for offset, factor in enumerate(_FACTORS[1:], 1):
        total += points[offset : offset + size] * factor
    total >>= _SHIFT
    return total
