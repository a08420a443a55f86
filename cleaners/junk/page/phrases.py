"""Filter of many fixed strings by what a text may contain: takes a text, gives the few strings that are worth a search.

A text is marked as the set of its four-character sequences, many texts in one pass; a string of which one is missing is not
there. Removes nothing: it shows rules and detectors whether they have anything to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Marks = npt.NDArray[np.bool_]

_BITS = 15  # 32,768 places: a page of 10,000 characters takes some 5,000 of them, and 128 pages four megabytes
_SHIFT = np.uint32(32 - _BITS)
# Odd, spread over 32 bits. Of sequences of three characters a real page of 9,000 leaves 76 of 461 phrases to be sought, of four 34,
# of five 40 (shorter phrases are always sought).
_FACTORS = (np.uint32(0x9E3779B1), np.uint32(0x85EBCA77), np.uint32(0xC2B2AE3D), np.uint32(0x27D4EB2F))
_WIDTH = len(_FACTORS)
_PROBES = 8  # of a phrase's nine on average; with five a tenth more is sought on real pages


def mark_sequences(texts: Sequence[str]) -> Marks:
    """Mark the four-character sequences of some texts; shape (32,768, texts). Linear in their length."""
    # numpy looks up places of 32 bits in three times the time.
    places = _hash_sequences("\n".join(texts)).astype(np.int64)
    places *= len(texts)
    # Each text begins where its line does; sequences over its end are marked too, which costs a search at worst.
    places += np.repeat(np.arange(len(texts)), [len(text) + 1 for text in texts])[: len(places)]
    marks = np.zeros((1 << _BITS, len(texts)), dtype=np.bool_)
    marks.ravel()[places] = True
    return marks


class Phrases:
    """Fixed strings to seek in many texts.

    Args:
        phrases: any strings; those of less than four characters are always worth a search.

    """

    def __init__(self, phrases: Iterable[str]) -> None:
        self.all = tuple(phrases)
        hashes = [_hash_sequences(phrase) for phrase in self.all]
        self._short = [number for number, one in enumerate(hashes) if not len(one)]
        self._long = np.array([number for number, one in enumerate(hashes) if len(one)], dtype=np.int64)
        # Some sequences of each, from first to last; a phrase that has all of them is worth a search, (probes, phrases).
        probes = [one[np.linspace(0, len(one) - 1, _PROBES).round().astype(int)] for one in hashes if len(one)]
        self._probes = np.array(probes, dtype=np.int64).reshape(-1, _PROBES).T.copy()

    def narrow(self, marks: Marks) -> list[list[int]]:
        """For each text of some marks the numbers of the strings that may stand in it, in order; all that do are among them."""
        may_stand = np.zeros((len(self.all), marks.shape[1]), dtype=np.bool_)
        may_stand[self._short] = True
        if len(self._long):
            found = marks.take(self._probes[0], axis=0)
            for probes in self._probes[1:]:
                found &= marks.take(probes, axis=0)
            may_stand[self._long] = found
        texts, numbers = np.nonzero(may_stand.T)
        bounds = np.searchsorted(texts, np.arange(marks.shape[1] + 1)).tolist()
        held = numbers.tolist()
        return [held[first:last] for first, last in pairwise(bounds)]


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
