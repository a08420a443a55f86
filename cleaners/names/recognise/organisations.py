"""Known organisations by their spellings: takes a text and its runs of capitalised words, gives where they stand.

A run says by itself whether one may begin in it, and runs come again: most texts are read at a few places alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

from cleaners.names.lexicon.kinds import MAX_KEPT_CHARS
from cleaners.names.recognise.near_organisations import NearMiss, NearOrganisations, Spellings

_BEGINS = re.compile(r"(?<![\w@#.\-])\w")

_OPENING = 3  # letters by which spellings are looked up

Hit = tuple[int, int, str]  # start, end, canonical name


class Organisations:
    """Known organisations, ready to be found.

    Args:
        spellings: every name and alias with its canonical name.
    """

    def __init__(self, spellings: Spellings) -> None:
        self.canonical_of = dict(spellings)
        self._near = NearOrganisations(spellings)
        self._pattern = make_pattern(spellings)
        self._small = [spelling for spelling in self.canonical_of if not spelling[0].isupper()]
        self._by_opening: dict[str, list[str]] = {}
        for spelling in self.canonical_of:
            self._by_opening.setdefault(spelling[:_OPENING], []).append(spelling)
        self._short = tuple(spelling for spelling in self._by_opening if len(spelling) < _OPENING)
        self._read_again = lru_cache(maxsize=50_000)(self._read_run)

    def find(self, text: str, parts: Sequence[str]) -> tuple[list[Hit], list[NearMiss]]:
        """Find the places of known spellings, the longest at each, none over another, and of those a letter off; both in order.

        Args:
            text: the article's text.
            parts: of `split_runs`.
        """
        outside = "\n".join(parts[::2])
        holds_capital = outside != outside.lower()  # few texts do, outside their runs
        runs = parts[1::2]
        read = self._read_again if len(max(runs, key=len, default="")) <= MAX_KEPT_CHARS else self._read_run
        known = [(place, *each) for place, each in enumerate(map(read, runs)) if each]
        near = [runs[place] for place, _, is_near in known if is_near]
        misses = self._near.find(text, [*near, outside] if holds_capital else near) if near or holds_capital else []
        if self._pattern is None:
            return [], misses
        if holds_capital or any(spelling in text for spelling in self._small):
            matches = self._pattern.finditer(text)
            return [(one.start(), one.end(), self.canonical_of[one.group()]) for one in matches], misses
        if not known:
            return [], misses
        found: list[Hit] = []
        bounds = list(accumulate(map(len, parts)))
        for start in [bounds[2 * place] + begin for place, begins, _ in known for begin in begins]:
            match = self._pattern.match(text, start) if not found or start >= found[-1][1] else None
            if match:
                found.append((start, match.end(), self.canonical_of[match.group()]))
        return found, misses

    def _read_run(self, run: str) -> tuple[tuple[int, ...], bool] | None:
        """Where in a run a spelling may begin, and whether a word of it is near one; None of most, where neither is."""
        starts = (0,) if run.isalpha() else [match.start() for match in _BEGINS.finditer(run)]
        begins = tuple(start for start in starts if self._may_begin(run, start))
        is_near = self._near.holds_near(run)
        return (begins, is_near) if begins or is_near else None

    def _may_begin(self, run: str, start: int) -> bool:
        """Tell whether a spelling goes on as a run does from a place, as far as the shorter of them reaches."""
        if len(run) - start < _OPENING or run.startswith(self._short, start):
            return True
        some = self._by_opening.get(run[start : start + _OPENING], ())
        return any(spelling.startswith(run[start:]) or run.startswith(spelling, start) for spelling in some)


def make_pattern(spellings: Spellings) -> re.Pattern[str] | None:
    """One pattern for all spellings, grouped by first letters, with which it begins: so the engine skips what begins with none."""
    if not spellings:
        return None
    by_letter: dict[str, list[str]] = {}
    for spelling, _ in spellings:
        by_letter.setdefault(spelling[0], []).append(spelling[1:])
    groups = [
        rf"{re.escape(letter)}(?<![\w@#.\-]{re.escape(letter)})(?:"
        + "|".join(re.escape(rest) for rest in sorted(rests, key=len, reverse=True))
        + ")"
        for letter, rests in sorted(by_letter.items())
    ]
    return re.compile(rf"(?:{'|'.join(groups)})(?![\w@])")
