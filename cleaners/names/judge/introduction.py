"""How a text introduces a person: what stands behind the name, whether the surname was thought to be known already.

Takes a text and the places of one name, gives a few facts. A reader is given an age or an occupation of somebody unknown;
a headline gives the surname alone of somebody known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from cleaners.names.lexicon.compare import fold

MAX_APPOSITION = 90  # characters behind a name that describe its bearer, about half a sentence

_WORD = re.compile(r"[^\W\d_]{3,}")
_APPOSITION = re.compile(r"(?:['’]s)?,? ?(?:—|–|-|,|\(|who\b|whose\b|is an?\b|was an?\b)([^.;\n\"“”]{3,})")
_KIN = re.compile(
    r"\b(?:father|mother|dad|mom|mum|son|daughter|brother|sister|twin|wife|husband|widow|widower|cousin|uncle|aunt|nephew|niece|"
    r"grandfather|grandmother|grandson|granddaughter|stepson|stepdaughter|parents|siblings?|(?:brother|sister|father|mother|son|"
    r"daughter)-in-law)\b"
)
KIN_CHARS = 60  # characters on either side in which kinship is sought
_AGE = re.compile(r",? (?:aged )?\(?\d{2}(?:[,.);]|-year-old)|,? \d{2}-year-old")


class Introduction(NamedTuple):
    """Facts about the first full mention of a name in a text."""

    is_surname_ahead: bool  # the surname alone stands before it
    n_alone: int  # times that the surname alone stands for it
    is_aged: bool
    is_kin: bool  # a word of kinship stands beside it: most who are kin to somebody known bear the surname too
    apposition: frozenset[str]  # words in lower case that describe the bearer


def read_introduction(text: str, places: Sequence[tuple[str, int, int]], surname: str) -> Introduction:
    """Read how a text introduces a name.

    Args:
        text: the article's text.
        places: article id, start and end of the name's mentions, full and by surname alone, in order.
        surname: folded.
    """
    alone = [fold(text[start:end]) == surname for _, start, end in places]
    if all(alone):
        return Introduction(False, len(alone), False, False, frozenset())
    first = alone.index(False)
    end = places[first][2]
    behind = text[end : end + MAX_APPOSITION]
    described = _APPOSITION.match(behind)
    words = frozenset(_WORD.findall(described.group(1).lower())) if described else frozenset[str]()
    around = text[max(0, places[first][1] - KIN_CHARS) : end + KIN_CHARS]
    return Introduction(first > 0, sum(alone), _AGE.match(behind) is not None, _KIN.search(around) is not None, words)
