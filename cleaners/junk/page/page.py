"""One document as the detectors see it: takes a text, gives its lines and sentences by offset; removes nothing.

Also the two small types that pass between detectors and the decision: a passage proposed, and the card inside it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

from cleaners.junk.page.phrases import Phrases, mark_sequences

_BREAK = re.compile("\n")
_GAP = re.compile(r"[ \u00a0]{2,}|\s{0,20}\t\s{0,20}")
# A sentence ends at a stop (with what closes a quotation or a bracket) before a space and anything but a small letter.
_OTHER_STOPS = "!?…。！？"
_BEHIND_STOP = r"[\"'”’»)\]*]{0,4}(?=\s+[^\sa-z])"
_STOP, _FULL_STOP = re.compile(rf"[.{_OTHER_STOPS}]{_BEHIND_STOP}"), re.compile(rf"\.{_BEHIND_STOP}")
# Behind these a rule may require the beginning of a line or a sentence.
OPENERS = ".!?…\"”’')]"
_OPENING = re.compile(rf"[{re.escape(OPENERS)}\n](?:(?<=\n)|\s)")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Gen|Sen|Rep|Gov|Lt|Col|Sgt|Capt|Rev|Hon|Jr|Sr|vs|No|Inc|Corp|Co|Ltd|Jan|Feb"
    r"|Mar|Apr|Aug|Sept?|Oct|Nov|Dec))\.$"
)

Extent = tuple[int, int]


@dataclass(frozen=True)
class Card:
    """Facts that a card gives about the article inside it."""

    body: Extent
    title: str | None
    site: str | None
    age: timedelta | None


@dataclass(frozen=True)
class Passage:
    """A passage that a detector proposes to remove.

    `is_certain` separates rules and cards, whose text says itself what it is, from repetition and ownership, which depend
    on what else was crawled; `is_bounded` separates passages whose ends the text shows from those whose end is guessed, which the
    learned layer may shorten or refuse. `kept_as` is what the passage says that goes to a column (an agency, an author).
    `doubt` says in plain words why a passage is not cut but reported; None for one to cut.
    """

    start: int
    end: int
    rule_id: str
    category: str
    confidence: float
    is_certain: bool = True
    is_bounded: bool = True
    is_attached: bool = False
    card: Card | None = None
    kept_as: str | None = None
    doubt: str | None = None


@dataclass(frozen=True)
class Page:
    """A text with its title and site, cut into lines and sentences on first use."""

    text: str
    title: str | None = None
    site: str | None = None
    lower: str = field(init=False)
    _narrowed: dict[Phrases, list[int]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lower", self.text.lower())

    def narrow(self, phrases: Phrases) -> list[int]:
        """The numbers of the phrases that may stand in the text in small letters, in order; all that do are among them."""
        if phrases not in self._narrowed:
            narrow_phrases([self], [phrases])
        return self._narrowed[phrases]

    @cached_property
    def lines(self) -> list[Extent]:
        """Lines that hold more than white space, without the white space around them."""
        found, start = [], 0
        for line in self.text.splitlines(keepends=True):
            solid = line.rstrip()
            if solid:
                end = start + len(solid)
                found.append((end - len(solid.lstrip()), end))
            start += len(line)
        return found

    @cached_property
    def cells(self) -> list[Extent]:
        """Lines, cut further where two blanks or a tab stand: what a scraper put beside each other in one line."""
        if "  " not in self.text and "\t" not in self.text and "\u00a0" not in self.text:
            return self.lines
        return [
            (start + first, start + last)
            for start, end in self.lines
            for first, last in _split_cells(self.text[start:end])
        ]

    def line_end(self, position: int) -> int:
        """Return the end of the line that contains an offset; found without reading the line again, however long it is."""
        number = bisect_left(self._breaks, position)
        return self._breaks[number] if number < len(self._breaks) else len(self.text)

    @cached_property
    def _breaks(self) -> list[int]:
        return [match.start() for match in _BREAK.finditer(self.text)]

    @cached_property
    def sentences(self) -> list[Extent]:
        """Sentences, none across a line break; a line without a stop is one sentence."""
        # Most texts have full stops alone, which are found in a fifth of the time.
        stop = _STOP if any(mark in self.text for mark in _OTHER_STOPS) else _FULL_STOP
        return list(_cut_lines(self.text, self.lines, stop))

    @cached_property
    def sentence_starts(self) -> list[int]:
        """Offsets at which the sentences begin, in order."""
        return [start for start, _ in self.sentences]

    @cached_property
    def openings(self) -> list[int]:
        """Offsets at which a line or a sentence may begin: first, behind line breaks, and behind a stop and a white space."""
        return [0, *(match.end() for match in _OPENING.finditer(self.text))]

    def match_openings(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Yield what `finditer` gives for a pattern that matches only at `openings`, in less time."""
        last_end = 0
        for place in self.openings:
            match = pattern.match(self.text, place) if place >= last_end else None
            if match:
                yield match
                last_end = match.end()

    @cached_property
    def edges(self) -> frozenset[int]:
        """Offsets at which a sentence or a line begins or ends."""
        return frozenset(edge for sentence in self.sentences for edge in sentence)


def narrow_phrases(pages: Sequence[Page], sets: Iterable[Phrases]) -> None:
    """Find for many pages at once what `Page.narrow` gives."""
    marks = mark_sequences([page.lower for page in pages])
    for phrases in sets:
        for page, numbers in zip(pages, phrases.narrow(marks), strict=True):
            page._narrowed[phrases] = numbers


def split_sentences(text: str, start: int, end: int) -> Iterator[Extent]:
    """Extents of the sentences in `text[start:end]`, without the white space between them."""
    return _cut_lines(text, [(start, end)], _STOP)


def _cut_lines(text: str, lines: Sequence[Extent], stop: re.Pattern[str]) -> Iterator[Extent]:
    """Extents of the sentences in some lines, by one search for their stops; one that closes a line counts for nothing."""
    if not lines:
        return
    stops = [match.span() for match in stop.finditer(text, lines[0][0], lines[-1][1])]
    number = 0
    for start, end in lines:
        first = start
        while number < len(stops) and stops[number][0] < end:
            place, last = stops[number]
            number += 1
            if last >= end:
                continue
            # No abbreviation has five letters: behind most words none is looked for.
            is_long = place >= 5 and text[place - 5 : place].isalpha()
            if text[place] == "." and not is_long and _ABBREVIATION.search(text, max(first, place - 6), place + 1):
                continue
            yield first, last
            first = last
            while first < end and text[first].isspace():
                first += 1
        if first < end:
            yield first, end


def _split_cells(line: str) -> Iterator[Extent]:
    first = 0
    for gap in _GAP.finditer(line):
        yield first, gap.start()
        first = gap.end()
    yield first, len(line)


def find_all(text: str, part: str) -> Iterator[int]:
    """Offsets at which a string stands in a text, one behind the other; they may overlap."""
    place = text.find(part)
    while place >= 0:
        yield place
        place = text.find(part, place + 1)
