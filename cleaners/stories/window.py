"""The articles that a new one may tell the same event as: those of the last days, found by their heaviest words.

Takes articles one by one, gives numbers of those that share heavy words; forgets articles that left the window.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cleaners.stories.frequencies import Float32s
from cleaners.stories.likeness import Weighed
from cleaners.stories.terms import UInt32s

# Of the articles that share one heavy word, so many of the latest are looked at: a word of more is no mark of an event.
MAX_POSTINGS = 256


@dataclass(slots=True)
class Member:
    """An article of the window.

    `seen` is its time in days; `heavy` the slots it is found by; `total` and `n` add up the log-odds with the articles of its
    story.
    """

    article_id: str
    seen: float
    terms: UInt32s
    heavy: UInt32s
    story_id: str
    event_id: str
    total: float = 0.0
    n: int = 0


class Window:
    """Articles of the last days; numbers rise as articles are added."""

    def __init__(self, days: float, heavy_terms: int, candidates: int) -> None:
        self._days, self._heavy_terms, self._candidates = days, heavy_terms, candidates
        self.members: dict[int, Member] = {}
        self._postings: dict[int, array[int]] = defaultdict(lambda: array("q"))
        self._next = self._n_swept = 0

    def add(self, member: Member) -> int:
        """Add an article; give its number."""
        number = self._next
        self._next += 1
        self.members[number] = member
        for slot in member.heavy.tolist():
            self._postings[slot].append(number)
        return number

    def find_heavy(self, article: Weighed) -> UInt32s:
        """The slots of an article's heaviest words, ascending; those of its lead count twice."""
        n_words = int(article.bounds[1])
        weights = article.body[:n_words].copy()
        weights[article.lead] += article.lead_weights
        # A stable order: equal weights by slot.
        chosen = np.sort(np.argsort(-weights, kind="stable")[: self._heavy_terms])
        return article.slots[chosen].astype(np.uint32)

    def find_candidates(self, heavy: UInt32s, seen: float, idf: Float32s) -> list[int]:
        """The numbers of the articles near in time that share the most weight of heavy words, ascending."""
        found: list[npt.NDArray[np.int64]] = []
        weights: list[Float32s] = []
        for slot in heavy.tolist():
            postings = self._postings.get(slot)
            if postings:
                numbers = np.array(postings[-MAX_POSTINGS:], np.int64)
                found.append(numbers)
                weights.append(np.full(len(numbers), idf[slot]))
        if not found:
            return []
        numbers, place = np.unique(np.concatenate(found), return_inverse=True)
        shared = np.bincount(place, np.concatenate(weights))
        ranked = numbers[np.lexsort((numbers, -shared))].tolist()
        near = (number for number in ranked if number in self.members and self.is_near(number, seen))
        return sorted(number for _, number in zip(range(self._candidates), near, strict=False))

    def is_near(self, number: int, seen: float) -> bool:
        """Tell whether an article lies within the window of a time."""
        member = self.members.get(number)
        return member is not None and abs(member.seen - seen) <= self._days

    def sweep(self, seen: float) -> None:
        """Forget what lies before the window of a time, now and then: once as many were added as it holds."""
        if self._next - self._n_swept < max(1_000, len(self.members) // 2):
            return
        self._n_swept = self._next
        self.members = {n: member for n, member in self.members.items() if member.seen >= seen - self._days}
        first = min(self.members, default=self._next)
        for slot, postings in list(self._postings.items()):
            kept = [number for number in postings if number >= first and number in self.members]
            if kept:
                self._postings[slot] = array("q", kept)
            else:
                del self._postings[slot]
