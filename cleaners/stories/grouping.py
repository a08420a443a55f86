"""Articles to stories, one by one in the order of their time: each joins the story it is most like, or opens one.

Takes articles with their terms, gives a story, an event and a score each; removes nothing. A story is named after the article that
opened it, and keeps that name. Where an article is like two stories that are like each other, the later one becomes part of the
earlier one. Within a story an event is what lies within a few days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import floor, fsum
from typing import NamedTuple

import numpy as np

from cleaners.stories.config import StoriesConfig
from cleaners.stories.frequencies import Frequencies
from cleaners.stories.likeness import Comparer, Decision
from cleaners.stories.terms import UInt32s
from cleaners.stories.window import Member, Window, find_heavy

MERGE_MEMBERS = 8  # of two stories, the latest of each, that are compared before they become one
# Articles that are weighed and added together, and of them those that are compared together: some 50 MB of arrays.
BLOCK, COMPARED = 1_024, 64


class Arrival(NamedTuple):
    """An article that comes to be grouped: its id, its time in days, its terms; `story_id` and `event_id` where these are known."""

    article_id: str
    seen: float
    terms: UInt32s
    story_id: str | None = None
    event_id: str | None = None


class Placed(NamedTuple):
    """The place of an article: its story, its event, and how sure that is; None where it opened the story."""

    article_id: str
    story_id: str
    event_id: str
    score: float | None


@dataclass
class Story:
    """A story with an article in the window.

    `first` names its first article; `numbers` are its articles as they were added; `central` is the most central one at the time
    `joined`.
    """

    first: tuple[float, str]
    numbers: list[int] = field(default_factory=list)
    central: str = ""
    joined: float = 0.0


class Grouper:
    """Stories of an archive that grows; holds the articles of the window."""

    def __init__(self, config: StoriesConfig, frequencies: Frequencies, decision: Decision | None = None) -> None:
        self._config, self.frequencies = config, frequencies
        self._comparer = Comparer(decision)
        self.window = Window(config.window_days, config.candidates)
        self._stories: dict[str, Story] = {}
        self._merged: dict[str, str] = {}
        self._joined: set[str] = set()  # stories whose central article is to be found
        self._least, self._least_event = map(_log_odds, (config.minimum_probability, config.minimum_event_probability))

    @property
    def merged(self) -> dict[str, str]:
        """Stories that became part of another, and which one that is now."""
        return {story: self._now(story) for story in self._merged}

    @property
    def centrals(self) -> dict[str, str]:
        """The most central article of each story that an article joined or opened, at that time."""
        return {story_id: story.central for story_id, story in self._stories.items() if story.central}

    def take(self, members: Sequence[Member]) -> None:
        """Take articles whose stories are known into the window."""
        for number, member in zip(self.window.add(members), members, strict=True):
            self._enter(number, member)

    def add(self, arrivals: Sequence[Arrival]) -> list[Placed]:
        """Find the stories of articles; they come in the order of their time, then of their id.

        An article opens a story under its own id, or joins one. Those whose story is known are taken into the window alone.

        Returns:
            A row for each article whose story was not known, in their order.
        """
        return [placed for block in self._cut(arrivals) for placed in self._add_block(block)]

    def _cut(self, arrivals: Sequence[Arrival]) -> Iterator[list[Arrival]]:
        """Cut articles into blocks that are weighed alike: a new article of another day begins one."""
        block: list[Arrival] = []
        day = self.frequencies.day
        for arrival in arrivals:
            is_other_day = arrival.story_id is None and floor(arrival.seen) != day
            if block and (is_other_day or len(block) == BLOCK):
                yield block
                block = []
            if is_other_day:
                day = floor(arrival.seen)
            block.append(arrival)
        if block:
            yield block

    def _add_block(self, block: list[Arrival]) -> Iterator[Placed]:
        new = [arrival for arrival in block if arrival.story_id is None]
        if new:
            self.frequencies.begin(floor(new[0].seen))
            self.window.sweep(new[0].seen)
        heavy = find_heavy([arrival.terms for arrival in block], self.frequencies.idf, self._config.heavy_terms)
        members = [
            Member(name, seen, terms, slots, story_id or name, event_id or name)
            for (name, seen, terms, story_id, event_id), slots in zip(block, heavy, strict=True)
        ]
        entries = list(zip(self.window.add(members), members, block, strict=True))
        for start in range(0, len(block), COMPARED):
            yield from self._place_some(entries[start : start + COMPARED])
        self.frequencies.add([arrival.terms for arrival in new])
        self._settle_centrals()

    def _place_some(self, entries: list[tuple[int, Member, Arrival]]) -> Iterator[Placed]:
        """Compare articles of the window together, then place them one by one."""
        new = [number for number, _, arrival in entries if arrival.story_id is None]
        candidates = self.window.find_candidates(new, self.frequencies.idf)
        odds = dict(zip(new, self._judge(list(zip(new, candidates, strict=True))), strict=True))
        for number, member, _ in entries:
            if number in odds:
                yield self._place(number, member, odds[number])
            else:
                self._settle_centrals()
                self._enter(number, member)

    def _place(self, number: int, member: Member, known: dict[int, float]) -> Placed:
        """Place an article, given its log-odds with those that it may be of one story with."""
        scores = self._score_stories(number, member.seen, known)
        means = {story_id: _mean(found.values()) for story_id, found in scores.items()}
        # The likeliest first; equal ones by the age of the story.
        ranked = sorted(means, key=lambda story_id: (-means[story_id], self._stories[story_id].first))
        alike = [story_id for story_id in ranked if means[story_id] >= self._least]
        if not alike:
            self._enter(number, member)
            self._stories[member.article_id].central = member.article_id
            return Placed(member.article_id, member.article_id, member.article_id, None)
        best = alike[0]
        member.story_id, member.event_id = best, self._find_event(scores[best], member.seen) or member.article_id
        self._join(best, number, member, scores[best])
        for other in alike[1:]:
            self._merge(self._now(best), self._now(other), member.seen)
        return Placed(member.article_id, self._now(best), member.event_id, _probability(means[best]))

    def _score_stories(self, number: int, seen: float, known: dict[int, float]) -> dict[str, dict[int, float]]:
        """The log-odds of an article with the articles of each story that it may belong to."""
        likely = {self.window.members[other].story_id for other, odds in known.items() if odds >= self._least}
        numbers = {story_id: self._live(story_id, seen, self._config.members) for story_id in sorted(likely)}
        unknown = sorted({other for listed in numbers.values() for other in listed} - known.keys())
        if unknown:
            known = known | self._judge([(number, unknown)])[0]
        return {story_id: {other: known[other] for other in listed} for story_id, listed in numbers.items()}

    def _judge(self, pairs: list[tuple[int, list[int]]]) -> list[dict[int, float]]:
        """The log-odds of articles with others each."""
        members, idf = self.window.members, self.frequencies.idf
        lefts = [number for number, others in pairs for _ in others]
        rights = [other for _, others in pairs for other in others]
        if not rights:
            return [{} for _ in pairs]
        shared = self._comparer.find_shared(
            [(members[number].terms, [members[other].terms for other in others]) for number, others in pairs if others]
        )
        squares = self.window.square_lengths([*lefts, *rights], idf)
        odds = iter(self._comparer.judge(shared, squares[: len(lefts)], squares[len(lefts) :], idf).tolist())
        return [dict(zip(others, odds)) for _, others in pairs]  # noqa: B905 (each takes its own)

    def _find_event(self, scores: dict[int, float], seen: float) -> str | None:
        """The event of a story that an article belongs to; None where it opens one."""
        events: dict[str, list[float]] = defaultdict(list)
        for number, odds in scores.items():
            member = self.window.members[number]
            if abs(member.seen - seen) <= self._config.event_days:
                events[member.event_id].append(odds)
        means = {event_id: _mean(odds) for event_id, odds in events.items()}
        best = max(sorted(means), key=lambda event_id: means[event_id], default=None)
        return best if best is not None and means[best] >= self._least_event else None

    def _enter(self, number: int, member: Member) -> None:
        """Put an article of the window to its story."""
        member.story_id = self._now(member.story_id)
        story = self._stories.setdefault(member.story_id, Story((member.seen, member.article_id)))
        story.first = min(story.first, (member.seen, member.article_id))
        story.numbers.append(number)

    def _join(self, story_id: str, number: int, member: Member, scores: dict[int, float]) -> None:
        for other_number, odds in scores.items():
            other = self.window.members[other_number]
            other.total, other.n = other.total + odds, other.n + 1
        member.total, member.n = sum(scores.values()), len(scores)
        self._enter(number, member)
        self._mark(story_id, member.seen)

    def _mark(self, story_id: str, seen: float) -> None:
        """Note that a story has another central article, perhaps, as of a time."""
        self._stories[story_id].joined = seen
        self._joined.add(story_id)

    def _settle_centrals(self) -> None:
        """Find the central articles of the stories that grew."""
        for story_id in self._joined & self._stories.keys():
            story = self._stories[story_id]
            story.numbers = [number for number in story.numbers if number in self.window.members]
            story.central = self._find_central(story_id, story.joined)
        self._joined.clear()

    def _find_central(self, story_id: str, seen: float) -> str:
        """The article of a story that is most like the others of the window; of equal ones the first."""
        members = [self.window.members[number] for number in self._live(story_id, seen)]
        return min(members, key=lambda m: (-m.total / max(1, m.n), m.seen, m.article_id)).article_id

    def _merge(self, one: str, other: str, seen: float) -> None:
        """Make two stories one where their articles are as alike as those of one story; the earlier one's name stays."""
        if one == other:
            return
        left, right = (self._live(story_id, seen, MERGE_MEMBERS) for story_id in (one, other))
        odds = [value for found in self._judge([(number, right) for number in left]) for value in found.values()]
        if not odds or _mean(odds) < self._least:
            return
        kept, gone = sorted((one, other), key=lambda story_id: self._stories[story_id].first)
        story = self._stories.pop(gone)
        self._merged[gone] = kept
        for number in story.numbers:
            if number in self.window.members:
                self.window.members[number].story_id = kept
        numbers = sorted({*self._stories[kept].numbers, *story.numbers})
        self._stories[kept].numbers = numbers
        self._mark(kept, seen)

    def _live(self, story_id: str, seen: float, most: int | None = None) -> list[int]:
        """The numbers of a story's articles within the window of a time, ascending; the latest `most` of them."""
        numbers = reversed(self._stories[story_id].numbers)
        return list(islice((number for number in numbers if self.window.is_near(number, seen)), most))[::-1]

    def _now(self, story_id: str) -> str:
        while story_id in self._merged:
            story_id = self._merged[story_id]
        return story_id


def group_articles(
    articles: Iterable[tuple[str, float, UInt32s]], config: StoriesConfig, decision: Decision | None = None
) -> list[Placed]:
    """Group articles that come without an archive.

    Args:
        articles: id, time in days, terms; in any order.
        config: the step's settings.
        decision: other weights than the package's.

    Returns:
        One row an article, in the order of time and id.
    """
    rows = sorted(articles, key=lambda row: (row[1], row[0]))
    frequencies = Frequencies()
    grouper = Grouper(config, frequencies, decision)
    frequencies.begin_archive([terms for _, seen, terms in rows if floor(seen) == floor(rows[0][1])])
    placed = grouper.add([Arrival(*row) for row in rows])
    merged = grouper.merged
    return [row._replace(story_id=merged.get(row.story_id, row.story_id)) for row in placed]


def _log_odds(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def _mean(odds: Collection[float]) -> float:
    return fsum(odds) / len(odds)


def _probability(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-log_odds)))
