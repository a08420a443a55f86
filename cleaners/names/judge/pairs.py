"""Pairs of names to be weighed: a form in one text, and a better-known one that it may stand for.

Takes a scene, gives each pair with the texts that bear witness on it. Found through the index of forms, never by comparing all
with all.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import NamedTuple

from cleaners.names.judge.forms import Form
from cleaners.names.judge.scene import Scene
from cleaners.names.lexicon.compare import fold
from cleaners.names.lexicon.relate import Key

MAX_TEXTS = 400  # texts of one person that are looked at; the logarithm of their number says little more beyond
MAX_NEIGHBOURS = 50  # texts above which a person shared by two of them says nothing

# A slip is seldom repeated by papers that do not copy each other: how many times as well known the other form must be.
_MIN_RATIO = {"wrong_given": 4, "given_slip": 4, "misspelling": 2}


class Witnesses(NamedTuple):
    """Texts of one person that bear witness on a name in another text."""

    compared: tuple[str, ...]  # evenly spread over all of them
    support: int  # independent ones of all


class Pair(NamedTuple):
    """A form in one text and what it may stand for, not weighed yet."""

    article_id: str
    form: Form
    expected: Form
    kind: str
    witnesses: Witnesses

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts that are compared."""
        return (self.article_id, *self.witnesses.compared)


def iter_pairs(scene: Scene) -> Iterator[Pair]:
    """Every form that is less known than what it may stand for, in each text that is judged."""
    finder = WitnessFinder(scene)
    for key in sorted(scene.forms):
        form = scene.forms[key]
        if form.canonical is not None or scene.judged.isdisjoint(form.articles):
            continue
        for kind, expected in _explanations(scene, form):
            if form.support > max(1, expected.support // _MIN_RATIO.get(kind, 1)):
                continue  # two texts that repeat one error are few beside those that know better
            if form.support >= expected.support and not (expected.canonical and form.support <= 1):
                continue
            for article_id in form.articles:
                if article_id in scene.judged:
                    yield Pair(article_id, form, expected, kind, finder.find(article_id, expected))


def _explanations(scene: Scene, form: Form) -> Iterator[tuple[str, Form]]:
    """The forms that a form may stand for, with the kind of the difference.

    Of a surname that many bear, only those are compared who stand in a text with a person that the form's text names too, or
    hold its office: the others would never be sure enough, and the cost would grow with the square of the block.
    """
    yield from scene.index.expected_for(form)
    if form.support > 1 or not scene.index.is_crowded(form):
        return
    article_id = form.articles[0]
    near: set[Key] = set()
    for key in scene.names_in(article_id).people:
        articles = scene.forms[key].articles
        if key != form.key and len(articles) <= MAX_NEIGHBOURS:
            for other in articles:
                near.update(k for k in scene.names_in(other).people if k[1] == form.key[1])
    for role in scene.roles.get((article_id, form.key), ()):
        near.update(scene.bearers.get((form.key[1], fold(role)), ()))
    for key in sorted(near - {form.key}):
        kind = scene.index.compare(form, scene.forms[key])
        if kind is not None:
            yield kind, scene.forms[key]


class WitnessFinder:
    """Finds the texts of the expected person, of the best known a sample, that are no copies and lie within the window."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._known: dict[Key, _Known] = {}

    def find(self, article_id: str, expected: Form) -> Witnesses:
        """The witnesses on an expected name in a text; mostly all that there are."""
        scene = self._scene
        known = self._known.get(expected.key)
        if known is None:
            known = self._known[expected.key] = self._look_up(expected)
        cluster, day = scene.cluster_of.get(article_id, article_id), scene.day_of.get(article_id)
        window = scene.config.window_days
        is_all_near = day is None or max(known.last - day, day - known.first) <= window
        if is_all_near and cluster not in known.clusters:
            return known.all
        days, clusters = scene.day_of, scene.cluster_of
        others = [other for other in known.texts if clusters.get(other, other) != cluster]
        if day is not None:
            others = [other for other in others if abs(days.get(other, day) - day) <= window]
        return self._witnesses(others)

    def _look_up(self, expected: Form) -> _Known:
        texts = spread_texts(expected.articles, MAX_TEXTS)
        days = [day for text in texts if (day := self._scene.day_of.get(text)) is not None]
        return _Known(
            texts, self._clusters(texts), min(days, default=inf), max(days, default=-inf), self._witnesses(texts)
        )

    def _clusters(self, texts: list[str]) -> set[str]:
        return {self._scene.cluster_of.get(text, text) for text in texts}

    def _witnesses(self, texts: list[str]) -> Witnesses:
        return Witnesses(tuple(spread_texts(texts, self._scene.config.max_compared_texts)), len(self._clusters(texts)))


class _Known(NamedTuple):
    """The texts of one person that are looked at."""

    texts: list[str]
    clusters: set[str]
    first: float  # day; infinite where none has a date
    last: float
    all: Witnesses


def spread_texts(articles: list[str], limit: int) -> list[str]:
    """At most `limit` articles, evenly spread over the sorted ids (ids are digests: as good as drawn by lot)."""
    if len(articles) <= limit:
        return articles
    return [articles[i * len(articles) // limit] for i in range(limit)]
