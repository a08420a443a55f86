"""Pairs of names to be weighed: a form in one text, and a better-known one that it may stand for.

Takes a scene, gives each pair with the texts that bear witness on it. Found through the index of forms, never by comparing all
with all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cleaners.names.judge.forms import Form
from cleaners.names.judge.scene import Scene
from cleaners.names.lexicon.compare import fold
from cleaners.names.lexicon.relate import Key

MAX_TEXTS = 400  # texts of one person that are looked at; the logarithm of their number says little more beyond
MAX_NEIGHBOURS = 50  # texts above which a person shared by two of them says nothing

# A slip is seldom repeated by papers that do not copy each other: how many times as well known the other form must be.
_MIN_RATIO = {"wrong_given": 4, "given_slip": 4, "misspelling": 2}


class Pair(NamedTuple):
    """A form in one text and what it may stand for, not weighed yet."""

    article_id: str
    form: Form
    expected: Form
    kind: str
    others: list[str]  # texts of the expected one that bear witness

    def texts(self, limit: int) -> Iterator[str]:
        """The texts that are compared, of the witnesses at most `limit`."""
        yield self.article_id
        yield from spread_texts(self.others, limit)


def iter_pairs(scene: Scene) -> Iterator[Pair]:
    """Every form that is less known than what it may stand for, in each text that is judged."""
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
                    yield Pair(article_id, form, expected, kind, find_witnesses(scene, article_id, expected))


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


def find_witnesses(scene: Scene, article_id: str, expected: Form) -> list[str]:
    """The texts of the expected person, of the best known a sample, that are no copies and lie within the window."""
    cluster_of, day_of, window = scene.cluster_of, scene.day_of, scene.config.window_days
    cluster, day = cluster_of.get(article_id, article_id), day_of.get(article_id)
    spread = spread_texts(expected.articles, MAX_TEXTS)
    others = [other for other in spread if cluster_of.get(other, other) != cluster]
    return others if day is None else [other for other in others if abs(day_of.get(other, day) - day) <= window]


def spread_texts(articles: list[str], limit: int) -> list[str]:
    """At most `limit` articles, evenly spread over the sorted ids (ids are digests: as good as drawn by lot)."""
    if len(articles) <= limit:
        return articles
    return [articles[i * len(articles) // limit] for i in range(limit)]
