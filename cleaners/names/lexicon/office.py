"""Offices as papers write them, compared: "Sen.", "Republican Senator", "the senator" are one.

Takes a role as written, gives the office without what papers add or leave out; the words of it are data in `lexicon.toml`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from cleaners.names.lexicon.compare import fold
from cleaners.names.lexicon.lexicon import load_lexicon

# Offices of two words, which are no secretary or minister of a portfolio "general" or "prime".
_JOINED = re.compile(
    r"(?:(?<=attorney)|(?<=solicitor)|(?<=secretary)|(?<=governor)) (?=general\b)|(?<=prime) (?=minister\b)"
)


class Office(NamedTuple):
    """An office without what papers add to it or leave out."""

    head: str  # secretary
    ranks: frozenset[str]  # deputy
    portfolio: frozenset[str]  # state

    @property
    def key(self) -> str:
        """The office as one string."""
        return " ".join([*sorted(self.ranks), *sorted(self.portfolio), self.head])

    def agrees_with(self, other: Office) -> bool:
        """Tell whether two texts may mean one office: "Secretary" and "Commerce Secretary", but no deputy."""
        is_part = self.portfolio <= other.portfolio or other.portfolio <= self.portfolio
        return self.head == other.head and self.ranks == other.ranks and is_part


@lru_cache(maxsize=20_000)
def read_office(role: str) -> Office | None:
    """The office that a role as written names; None where nothing is left of it."""
    lexicon = load_lexicon()
    written = _JOINED.sub("-", fold(role).replace("'s", ""))
    words = [lexicon.office_titles.get(word, word) for word in written.split()]
    words = [word for word in words if word not in lexicon.office_noise]
    if "of" in words[1:]:
        at = words.index("of")
        words = [*words[: at - 1], *words[at + 1 :], words[at - 1]]
    if not words:
        return None
    ranks = frozenset(word for word in words[:-1] if word in lexicon.office_ranks)
    return Office(words[-1], ranks, frozenset(words[:-1]) - ranks)
