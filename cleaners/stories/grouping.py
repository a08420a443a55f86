"""Articles to stories, one by one in the order of their time: each joins the story it is most like, or opens one.

Takes articles with their terms, gives a story, an event and a score each; removes nothing. A story is named after the article that
opened it, and keeps that name. Where an article is like two stories that are like each other, the later one becomes part of the
earlier one. Within a story an event is what lies within a few days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import floor
from typing import NamedTuple

import numpy as np

from cleaners.stories.config import StoriesConfig
from cleaners.stories.frequencies import Frequencies
from cleaners.stories.likeness import Comparer, Decision, Weighed, join_weighed, weigh_terms
from cleaners.stories.terms import UInt32s
from cleaners.stories.window import Member, Window

MERGE_MEMBERS = 8  # of two stories, the latest of each, that are compared before they become one
NO_TERMS = np.zeros(0, np.uint32)


class Placed(NamedTuple):
    """The place of an article: its story, its event, and how sure that is; None where it opened the story."""

    article_id: str
    story_id: str
    event_id: str
    score: float | None


@dataclass
class Story:
    """A story with an article in the window: `numbers` of its articles as they were added, its first one, its central one."""

    first: tuple[float, str]
    numbers: list[int] = field(default_factory=list)
    central: str = ""


class Grouper:
    """Stories of an archive that grows; holds the articles of the window."""

    def __init__(self, config: StoriesConfig, frequencies: Frequencies, decision: Decision | None = None) -> None:
        self._config, self.frequencies = config, frequencies
        self._comparer = Comparer(decision)
        self.window = Window(config.window_days, config.heavy_terms, config.candidates)
        self._stories: dict[str, Story] = {}
        self._merged: dict[str, str] = {}
        self._weighed: dict[int, Weighed] = {}
        self._weighed_by = frequencies.idf
        self._least, self._least_event = map(_log_odds, (config.minimum_probability, config.minimum_event_probability))

    @property
    def merged(self) -> dict[str, str]:
        """Stories that became part of another, and which one that is now."""
        return {story: self._now(story) for story in self._merged}

    @property
    def centrals(self) -> dict[str, str]:
        """The most central article of each story that an article joined or opened, at that time."""
        return {story_id: story.central for story_id, story in self._stories.items() if story.central}

    def take(self, member: Member) -> None:
        """Take an article whose story is known into the window."""
        story = self._stories.setdefault(member.story_id, Story((member.seen, member.article_id)))
        story.first = min(story.first, (member.seen, member.article_id))
        story.numbers.append(self.window.add(member))

    def add_grouped(self, article_id: str, seen: float, terms: UInt32s, story_id: str, event_id: str) -> None:
        """Take an article whose story is known into the window, of which the terms alone are known."""
        article = weigh_terms(terms, self.frequencies.idf) if len(terms) else None
        heavy = self.window.find_heavy(article) if article else NO_TERMS
        self.take(Member(article_id, seen, terms, heavy, self._now(story_id), event_id))

    def add(self, article_id: str, seen: float, terms: UInt32s) -> Placed:
        """Find the story of an article; articles come in the order of their time, then of their id.

        Args:
            article_id: its id, which names the story that it may open.
            seen: its time in days.
            terms: as `read_terms` gives them.
        """
        self.window.sweep(seen)
        article = weigh_terms(terms, self.frequencies.idf) if len(terms) else None
        heavy = self.window.find_heavy(article) if article else NO_TERMS
        scores = self._score_stories(article, heavy, seen) if article else {}
        member = Member(article_id, seen, terms, heavy, article_id, article_id)
        # The likeliest first; equal ones by the age of the story.
        means = {story_id: float(np.mean(list(found.values()))) for story_id, found in scores.items()}
        ranked = sorted(means, key=lambda story_id: (-means[story_id], self._stories[story_id].first))
        alike = [story_id for story_id in ranked if means[story_id] >= self._least]
        if not alike:
            self.take(member)
            self._stories[article_id].central = article_id
            return Placed(article_id, article_id, article_id, None)
        best = alike[0]
        member.story_id, member.event_id = best, self._find_event(scores[best], seen) or article_id
        self._join(best, member, scores[best])
        for other in alike[1:]:
            self._merge(self._now(best), self._now(other), seen)
        return Placed(article_id, self._now(best), member.event_id, _probability(means[best]))

    def _score_stories(self, article: Weighed, heavy: UInt32s, seen: float) -> dict[str, dict[int, float]]:
        """The log-odds of an article with the articles of each story that it may belong to."""
        candidates = self.window.find_candidates(heavy, seen, self.frequencies.idf)
        known = self._judge(article, candidates)
        likely = {self._story_of(number) for number in candidates if known[number] >= self._least}
        numbers = {story_id: self._live(story_id, seen, self._config.members) for story_id in sorted(likely)}
        unknown = sorted({number for listed in numbers.values() for number in listed} - known.keys())
        known |= self._judge(article, unknown)
        return {story_id: {number: known[number] for number in listed} for story_id, listed in numbers.items()}

    def _judge(self, article: Weighed, numbers: list[int]) -> dict[int, float]:
        if not numbers:
            return {}
        odds = self._comparer.judge(article, join_weighed([self._weigh(number) for number in numbers]))
        return dict(zip(numbers, odds.tolist(), strict=True))

    def _weigh(self, number: int) -> Weighed:
        """An article of the window with its weights of the day, which are kept: most are compared again and again."""
        if self._weighed_by is not self.frequencies.idf:
            self._weighed, self._weighed_by = {}, self.frequencies.idf
        found = self._weighed.get(number)
        if found is None:
            found = self._weighed[number] = weigh_terms(self.window.members[number].terms, self.frequencies.idf)
        return found

    def _find_event(self, scores: dict[int, float], seen: float) -> str | None:
        """The event of a story that an article belongs to; None where it opens one."""
        events: dict[str, list[float]] = defaultdict(list)
        for number, odds in scores.items():
            member = self.window.members[number]
            if abs(member.seen - seen) <= self._config.event_days:
                events[member.event_id].append(odds)
        means = {event_id: float(np.mean(odds)) for event_id, odds in events.items()}
        best = max(sorted(means), key=lambda event_id: means[event_id], default=None)
        return best if best is not None and means[best] >= self._least_event else None

    def _join(self, story_id: str, member: Member, scores: dict[int, float]) -> None:
        for number, odds in scores.items():
            other = self.window.members[number]
            other.total, other.n = other.total + odds, other.n + 1
        member.total, member.n = sum(scores.values()), len(scores)
        self.take(member)
        self._stories[story_id].central = self._find_central(story_id, member.seen)

    def _find_central(self, story_id: str, seen: float) -> str:
        """The article of a story that is most like the others of the window; of equal ones the first."""
        members = [self.window.members[number] for number in self._live(story_id, seen)]
        return min(members, key=lambda m: (-m.total / max(1, m.n), m.seen, m.article_id)).article_id

    def _merge(self, one: str, other: str, seen: float) -> None:
        """Make two stories one where their articles are as alike as those of one story; the earlier one's name stays."""
        if one == other:
            return
        left, right = (self._live(story_id, seen, MERGE_MEMBERS) for story_id in (one, other))
        odds = [value for number in left for value in self._judge(self._weigh(number), right).values()]
        if not odds or float(np.mean(odds)) < self._least:
            return
        kept, gone = sorted((one, other), key=lambda story_id: self._stories[story_id].first)
        story = self._stories.pop(gone)
        self._merged[gone] = kept
        for number in story.numbers:
            if number in self.window.members:
                self.window.members[number].story_id = kept
        numbers = sorted({*self._stories[kept].numbers, *story.numbers})
        self._stories[kept].numbers = numbers
        self._stories[kept].central = self._find_central(kept, seen)

    def _live(self, story_id: str, seen: float, most: int | None = None) -> list[int]:
        """The numbers of a story's articles within the window of a time, ascending; the latest `most` of them."""
        story = self._stories[story_id]
        story.numbers = [number for number in story.numbers if number in self.window.members]
        near = [number for number in story.numbers if self.window.is_near(number, seen)]
        return near if most is None else near[-most:]

    def _story_of(self, number: int) -> str:
        return self.window.members[number].story_id

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
    frequencies.begin_archive(terms for _, seen, terms in rows if floor(seen) == floor(rows[0][1]))
    placed = []
    for article_id, seen, terms in rows:
        frequencies.begin(floor(seen))
        placed.append(grouper.add(article_id, seen, terms))
        frequencies.add(terms)
    merged = grouper.merged
    return [row._replace(story_id=merged.get(row.story_id, row.story_id)) for row in placed]


def _log_odds(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def _probability(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-log_odds)))
