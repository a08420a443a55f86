"""The articles that a new one may tell the same event as: those of the last days, found by their heaviest words.

Takes articles, gives numbers of those that share heavy words; forgets articles that left the window. Many articles are looked up
at a time in array code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cleaners.stories.frequencies import Float32s
from cleaners.stories.likeness import Float64s, square_lengths, weigh_counts
from cleaners.stories.terms import WORD_SLOTS, UInt32s, join_terms, list_ranges, slots_of

# Of the articles that share one heavy word, so many of the latest are looked at: a word of more is no mark of an event.
MAX_POSTINGS = 256
_NUMBER_BITS = 40  # of a posting: its slot before, the number of its article behind
_NUMBER = (1 << _NUMBER_BITS) - 1


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

    def __init__(self, days: float, candidates: int) -> None:
        self._days, self._candidates = days, candidates
        self.members: dict[int, Member] = {}
        self._first = self._next = self._n_swept = 0
        # Slot and number of each heavy word, ascending.
        self._postings: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        # Of each article from the number `_first` on: its time, its squared lengths, whether these are of `_idf`.
        self._seen: Float64s = np.zeros(0)
        self._squares: Float32s = np.zeros((0, 4), np.float32)
        self._is_squared = np.zeros(0, bool)
        self._idf: Float32s | None = None

    def add(self, members: Sequence[Member]) -> range:
        """Add articles; give their numbers."""
        numbers = range(self._next, self._next + len(members))
        self._next = numbers.stop
        self.members.update(zip(numbers, members, strict=True))
        self._seen = np.append(self._seen, [member.seen for member in members])
        self._squares = np.concatenate((self._squares, np.zeros((len(members), 4), np.float32)))
        self._is_squared = np.append(self._is_squared, np.zeros(len(members), bool))
        # Two ascending stretches, which a stable sort merges.
        self._postings = np.sort(np.append(self._postings, np.sort(self._post(numbers))), kind="stable")
        return numbers

    def find_candidates(self, numbers: Sequence[int], idf: Float32s) -> list[list[int]]:
        """Find the earlier articles near in time that share the most weight of heavy words with some articles.

        Returns:
            The numbers of those of each article, ascending.
        """
        own = self._post(numbers)
        slots = own >> _NUMBER_BITS
        ends = np.searchsorted(self._postings, own)
        starts = np.maximum(np.searchsorted(self._postings, slots << _NUMBER_BITS), ends - MAX_POSTINGS)
        found = ends - starts
        others = (self._postings[list_ranges(starts, found)] & _NUMBER) - self._first
        article = np.repeat(np.repeat(np.arange(len(numbers)), [len(self.members[n].heavy) for n in numbers]), found)
        seen = self._seen[np.asarray(numbers, np.intp) - self._first]
        near = np.flatnonzero(np.abs(self._seen[others] - seen[article]) <= self._days)
        pairs = article[near] * len(self._seen) + others[near]
        order = np.argsort(pairs, kind="stable")
        pairs, weights = pairs[order], np.repeat(idf[slots].astype(np.float64), found)[near[order]]
        first = np.flatnonzero(np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)])
        shared = np.add.reduceat(weights, first) if len(first) else weights
        article, others = np.divmod(pairs[first], len(self._seen))
        ranked = np.lexsort((-shared, article))  # stable: equal ones by number
        rank = np.arange(len(ranked)) - np.searchsorted(article, article)
        chosen = np.sort(ranked[rank < self._candidates])
        ends = np.searchsorted(article[chosen], np.arange(1, len(numbers) + 1))
        return [part.tolist() for part in np.split(others[chosen] + self._first, ends)[:-1]]

    def square_lengths(self, numbers: Sequence[int], idf: Float32s) -> Float32s:
        """Squared lengths of some articles, (articles, 4), as `likeness` gives them; kept while `idf` is the same."""
        if self._idf is not idf:
            self._idf = idf
            self._is_squared[:] = False
        places = np.asarray(numbers, np.intp) - self._first
        new = np.unique(places[~self._is_squared[places]])
        if len(new):
            terms = [self.members[number].terms for number in (new + self._first).tolist()]
            self._squares[new] = square_lengths(terms, idf)
            self._is_squared[new] = True
        return self._squares[places]

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
        held = self._postings & _NUMBER
        self._postings = self._postings[(self._seen >= seen - self._days)[held - self._first]]
        n_gone = min(self.members, default=self._next) - self._first
        self._first += n_gone
        self._seen = self._seen[n_gone:].copy()
        self._squares, self._is_squared = self._squares[n_gone:].copy(), self._is_squared[n_gone:].copy()

    def _post(self, numbers: Sequence[int]) -> npt.NDArray[np.int64]:
        """The postings of articles, in their order."""
        heavy = [self.members[number].heavy for number in numbers]
        slots = join_terms(heavy).values.astype(np.int64)
        return (slots << _NUMBER_BITS) | np.repeat(np.asarray(numbers, np.int64), [len(part) for part in heavy])


def find_heavy(articles: Sequence[UInt32s], idf: Float32s, most: int) -> list[UInt32s]:
    """Find the slots of the heaviest words of articles, ascending, `most` of each; those of a lead count twice."""
    terms, lengths = join_terms(articles)
    is_word = terms & np.uint32(WORD_SLOTS) == 0
    ends = np.cumsum(np.bincount(np.repeat(np.arange(len(articles)), lengths)[is_word], minlength=len(articles)))
    terms = terms[is_word]
    slots = slots_of(terms)
    body, lead, _ = weigh_counts(terms)
    rare = idf.take(slots)
    weights = rare * body
    weights += rare * lead
    # The heaviest are the least; of equal weights the lower slot. Bits of positive floats are in the order of the floats.
    keys = ~weights.view(np.uint32).astype(np.uint64) << np.uint64(32) | slots.astype(np.uint64)
    heavy = []
    for words in np.split(keys, ends[:-1]):
        chosen = np.partition(words, most - 1)[:most] if len(words) > most else words
        heavy.append(np.sort(chosen.astype(np.uint32)))
    return heavy
