"""A batch of articles laid out for judging its names.

Takes articles and their mentions of people, gives the forms with their index, the full form that each mention stands
for, the places and offices of every form in every text, and the texts as vectors.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import itemgetter
from typing import NamedTuple

import polars as pl

from cleaners.names.config import NamesConfig
from cleaners.names.judge.batch_words import BatchWords, learn_words
from cleaners.names.judge.contexts import Evidence, Place
from cleaners.names.judge.forms import Form, FormIndex, Person, collect_forms, read_people
from cleaners.names.judge.words import cut_texts, find_words
from cleaners.names.lexicon.compare import fold
from cleaners.names.lexicon.office import read_office
from cleaners.names.lexicon.relate import Key

MAX_COUNTED_ARTICLES = 6_000  # the frequencies of words are steady long before


Attached = tuple[Person, Key | None]  # a mention with the full form that it stands for in its text


class TextNames(NamedTuple):
    """The names in one text."""

    places: dict[Key, list[Place]]  # where a form, or its surname alone, stands
    people: frozenset[Key]  # full names of people
    n_full: int  # different full names


@dataclass(frozen=True)
class Scene:
    """Evidence that is weighed when names are judged."""

    config: NamesConfig
    judged: frozenset[str]  # articles whose names are judged; the others only bear witness
    forms: dict[Key, Form]
    index: FormIndex
    words: BatchWords
    attached: Mapping[str, list[Attached]]  # mentions in each text that names somebody
    roles: Mapping[tuple[str, Key], set[str]]  # offices that a text gives a form, as written
    bearers: Mapping[tuple[str, str], set[Key]]  # who holds an office, by surname and folded office
    holders: Mapping[str, int]  # surnames of those who hold an office anywhere, by the office's key
    cluster_of: Mapping[str, str]  # articles of one cluster are one witness
    evidence: Evidence
    day_of: Mapping[str, float]  # days since 1970 of the articles that have a date
    _read: dict[str, TextNames] = field(default_factory=dict)

    def names_in(self, article_id: str) -> TextNames:
        """The names in a text, laid out when they are first wanted: of most texts they never are."""
        found = self._read.get(article_id)
        if found is None:
            places: dict[Key, list[Place]] = {}
            full: set[Key] = set()
            for mention, key in self.attached.get(article_id, ()):
                if key is not None:
                    places.setdefault(key, []).append((article_id, mention.start, mention.end))
                    if mention.given:
                        full.add(key)
            people = frozenset(key for key in full if self.forms[key].is_person)
            found = self._read[article_id] = TextNames(places, people, len(full))
        return found

    def judged_mentions(self) -> Iterator[Attached]:
        """The mentions in the texts that are judged, in order."""
        for article_id, mentions in self.attached.items():
            if article_id in self.judged:
                yield from mentions

    def is_witness(self, article_id: str, other_id: str) -> bool:
        """Tell whether two articles lie within the window of time."""
        day, other_day = self.day_of.get(article_id), self.day_of.get(other_id)
        return day is None or other_day is None or abs(day - other_day) <= self.config.window_days


def set_scene(
    articles: pl.DataFrame | pl.LazyFrame,
    people: pl.DataFrame,
    cluster_of: dict[str, str],
    authority: pl.DataFrame,
    config: NamesConfig,
    judged: pl.Series | None = None,
) -> Scene:
    """Lay out a batch.

    Args:
        articles: `article_id`, `text` and, if known, `published_at`; of a lazy frame only the texts needed are read.
        people: the mentions of people in them, as `find_mentions` gives them.
        cluster_of: cluster of each article.
        authority: authority file as `load_authority` gives it.
        config: settings of the step.
        judged: ids of the articles whose names are judged; all when None.
    """
    facts = articles.lazy().drop("text", strict=False).collect()
    sample = _sample(articles, facts["article_id"])
    pieces = cut_texts(sample["text"])
    words = learn_words(pieces, sample.height / max(facts.height, 1), people)
    mentions = read_people(people.sort("article_id", "start"))
    forms = collect_forms(mentions, cluster_of, authority, words)
    to_judge = frozenset(facts["article_id"] if judged is None else judged)
    attached = attach_mentions(mentions, forms)
    roles: dict[tuple[str, Key], set[str]] = defaultdict(set)
    bearers: dict[tuple[str, str], set[Key]] = defaultdict(set)
    for mention, key in chain.from_iterable(attached.values()):
        if key is not None and mention.role:
            roles[(mention.article_id, key)].add(mention.role)
            bearers[(key[1], fold(mention.role))].add(key)
    holders: dict[str, set[str]] = defaultdict(set)
    for surname, role in bearers:
        office = read_office(role)
        if office is not None:
            holders[office.key].add(surname)
    return Scene(
        config=config,
        judged=to_judge,
        forms=forms,
        index=FormIndex(forms, config, words),
        words=words,
        attached=attached,
        roles=roles,
        bearers=bearers,
        holders={office: len(surnames) for office, surnames in holders.items()},
        cluster_of=cluster_of,
        evidence=Evidence(articles, sample, find_words(pieces), config.context_chars, config.beside_chars, cluster_of),
        day_of=_days(facts),
    )


def _sample(articles: pl.DataFrame | pl.LazyFrame, article_ids: pl.Series) -> pl.DataFrame:
    """The articles with the smallest ids and their texts (ids are digests: as good as drawn by lot)."""
    chosen = article_ids.sort().head(MAX_COUNTED_ARTICLES)
    rows = articles.lazy().select("article_id", "text").filter(pl.col("article_id").is_in(chosen.implode()))
    return rows.collect().sort("article_id")


def _days(articles: pl.DataFrame) -> dict[str, float]:
    """Days since 1970 of the articles with a date; none where the frame has no dates."""
    if "published_at" not in articles.columns or articles.schema["published_at"] == pl.Null:
        return {}
    dated = articles.select("article_id", pl.col("published_at").dt.epoch("s") / 86400).drop_nulls()
    return dict(dated.iter_rows())


def attach_mentions(mentions: list[Person], forms: dict[Key, Form]) -> dict[str, list[Attached]]:
    """The mentions of people by article, each with the full form that it stands for in its text.

    A surname alone stands for the last full name before it that has it, else for the first after it; None where the
    text has no such full name.
    """
    lends = {key for key, form in forms.items() if form.is_person or form.strength >= 1}
    found: dict[str, list[Attached]] = {}
    for article_id, group in groupby(mentions, key=itemgetter(0)):
        in_text = list(group)
        attached = found[article_id] = []
        first: dict[str, Key] = {}
        last: dict[str, Key] = {}
        for mention in in_text:
            key = (mention.given, mention.surname)
            if mention.given and key in lends:
                for name in _surnames(mention.surname):
                    first.setdefault(name, key)
        for mention in in_text:
            key = (mention.given, mention.surname)
            if not mention.given:
                attached.append((mention, last.get(mention.surname) or first.get(mention.surname)))
                continue
            if key in lends:
                for name in _surnames(mention.surname):
                    last[name] = key
            attached.append((mention, key))
    return found


def _surnames(surname: str) -> tuple[str, ...]:
    """Return what a surname alone may look like: van Nistelrooy, Nistelrooy."""
    return (surname, surname.rsplit(" ", 1)[-1]) if " " in surname else (surname,)
