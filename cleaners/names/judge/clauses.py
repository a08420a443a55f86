"""The clauses around the mentions of two names: do they speak of the same person?

Takes what stands around the mentions of an expected name, gives what those of a suspect share with it. The clauses of the expected
name are laid out once, by their words, however many suspects there are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter, mul
from typing import NamedTuple

WORD = re.compile(r"[^\W\d_]{3,}|\d{2,}")
SHARE_OF_TEXT = 0.05  # of a text's words that stand right beside one name; smooths shares of few mentions too
RAREST = 8.0  # weight of a word that no text counted holds, as among 1,500 texts
NEARLY = 1 - 1e-9  # of the largest running sum: exact sums decide from here on


class Weights(dict[str, float]):
    """Weights of words; those of words that were not counted are as those of the rarest.

    Args:
        counts: words, and how many texts hold each.
        n_texts: texts that were counted.
    """

    def __init__(self, counts: Iterable[tuple[str, int]], n_texts: int) -> None:
        n = max(n_texts, 1)
        # Few texts tell rare words from frequent ones no less, only in smaller steps.
        self._scale = scale = RAREST / math.log((n + 1) / 0.5)
        super().__init__((word, scale * math.log((n + 1) / (count + 0.5))) for word, count in counts)
        self._usual: dict[str, float] = {}  # shares of all places, of the words that were found beside two names

    def __missing__(self, word: str) -> float:
        return RAREST

    def odds(self, word: str, share: float) -> float:
        """Log-odds of a word beside a name, a share of whose mentions has it, against its share of all places."""
        usual = self._usual.get(word)
        if usual is None:
            usual = self._usual[word] = math.exp(-self[word] / self._scale) * SHARE_OF_TEXT
        return max(math.log((share + SHARE_OF_TEXT) / (usual + SHARE_OF_TEXT)), 0.0)

    def sum(self, words: Iterable[str]) -> float:
        """Sum of the weights of some words; exact, since sets have no order."""
        return math.fsum(map(self.__getitem__, words))

    def length(self, words: Iterable[str]) -> float:
        """Length of the vector of some words; exact sums, since sets have no order."""
        weights = list(map(self.__getitem__, words))
        return math.sqrt(math.fsum(map(mul, weights, weights)))


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The words around a mention, in lower case."""

    clause: str  # within `context_chars`, in lower case
    capitalised: frozenset[str]  # capitalised words of it: other people, places, clubs, parties
    beside: frozenset[str]  # within `beside_chars`: office, club, the person coordinated with
    weights: Weights

    @cached_property
    def beside_length(self) -> float:
        """Length of the vector of the words beside: wanted of half of the mentions, too."""
        return self.weights.length(self.beside)

    @cached_property
    def words(self) -> frozenset[str]:
        """The words within `context_chars`: wanted of half of the mentions."""
        return frozenset(WORD.findall(self.clause))


class Nearness(NamedTuple):
    """Measures of what the clauses around two names have in common; 0 where nothing."""

    capitals: float  # logarithm of the sum of weights of the capitalised words shared with the best mention
    beside: float  # cosine of the nearest words
    usual: float  # how far the words beside are those that usually stand beside the other, sum of log-odds
    strange: float  # logarithm of the weight of the words of the apposition that no clause of the other holds


class Clauses:
    """The clauses around the mentions of one name, by their words.

    Args:
        around: what stands around each mention.
        weights: of words.
    """

    def __init__(self, around: Sequence[Surroundings], weights: Weights) -> None:
        self._around, self._weights = around, weights
        self._capitals = _places_by_word(each.capitalised for each in around)
        self._beside = _places_by_word(each.beside for each in around)

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset[str]().union(*(each.words for each in self._around))

    def compare(
        self, capitalised: frozenset[str], beside: frozenset[str], names: frozenset[str], apposition: frozenset[str]
    ) -> Nearness:
        """Measure what the clauses around the mentions of another name share with these.

        Args:
            capitalised: capitalised words around the other name, in lower case.
            beside: words right beside it.
            names: words left out, those of the names themselves.
            apposition: words that describe the other one behind the name.
        """
        weights = self._weights
        beside, unknown = beside - names, apposition - names
        found = [(word, self._beside[word]) for word in beside if word in self._beside]
        n = len(self._around)
        return Nearness(
            capitals=math.log1p(self._best_capitals(capitalised - names)),
            beside=self._best_beside(beside, names, found) if found else 0.0,
            usual=math.fsum(weights.odds(word, len(places) / n) for word, places in found),
            strange=math.log1p(weights.sum(unknown - self._words)) if unknown else 0.0,
        )

    def _best_capitals(self, words: frozenset[str]) -> float:
        """Sum of the weights of the capitalised words shared with the mention that shares most."""
        sums: dict[int, float] = {}
        for word in words:
            for place in self._capitals.get(word, ()):
                sums[place] = sums.get(place, 0.0) + self._weights[word]
        least = NEARLY * max(sums.values(), default=0.0)
        shared = {words & self._around[place].capitalised for place, total in sums.items() if total >= least}
        return max(map(self._weights.sum, shared), default=0.0)

    def _best_beside(self, words: frozenset[str], names: frozenset[str], found: list[tuple[str, list[int]]]) -> float:
        """Cosine of the words beside and those beside the mention that is nearest."""
        squares: dict[int, float] = {}
        for word, places in found:
            square = self._weights[word] ** 2
            for place in places:
                squares[place] = squares.get(place, 0.0) + square
        named = {place for name in names for place in self._beside.get(name, ())}
        around, length = self._around, self._weights.length
        own = length(words)
        best = 0.0
        for place, square in sorted(squares.items(), key=itemgetter(1), reverse=True):
            if math.sqrt(square) < best * own * NEARLY:
                break  # the words beside the mention are at least those shared
            theirs = around[place].beside_length if place not in named else length(around[place].beside - names)
            best = max(best, length(words & around[place].beside) ** 2 / (own * theirs))
        return best


def _places_by_word(sets: Iterable[frozenset[str]]) -> dict[str, list[int]]:
    """The numbers of the sets that hold each word."""
    places: dict[str, list[int]] = {}
    for number, words in enumerate(sets):
        for word in words:
            places.setdefault(word, []).append(number)
    return places
