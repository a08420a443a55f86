"""Suspect names with their truth, for training and for measuring the verdicts on names.

Takes real documents, gives pairs of a suspect and whether it is wrong. Errors are names of well-supported people that are
changed here (another given name, a slip of the keyboard), or recorded in the set; the rest occurs by itself: suspects that
were not changed, and people of different given names whose surnames are one slip apart.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from cleaners.names import NamesConfig, find_mentions
from cleaners.names.judge.forms import Form
from cleaners.names.judge.scene import Scene, set_scene
from cleaners.names.judge.suspects import Suspect, iter_suspects, weigh_suspect
from cleaners.names.lexicon.compare import are_given_variants, deletion_keys, fold, relate_part
from cleaners.names.lexicon.lexicon import load_lexicon
from cleaners.names.lexicon.relate import Key
from cleaners.neardup import NearDuplicateConfig, find_near_duplicates

CHANGED_PEOPLE = 110  # a seed: few enough that most of the batch stays as it was
MIN_ARTICLES = 3  # of a person whose name is changed: two must remain


@dataclass(frozen=True)
class Pair:
    """A suspect with its truth."""

    kind: str
    features: dict[str, float]
    is_error: bool
    weight: float  # how many such suspects one run over the documents would meet
    surname: str  # of the expected person
    source: str  # the set of documents
    article: str = ""
    form: str = ""  # the suspect name
    month: str = ""
    is_recorded: bool = False  # of a set whose errors are recorded: what the scorer counts


def collect_pairs(
    articles: pl.DataFrame, authority: pl.DataFrame, source: str, seeds: Iterable[int]
) -> tuple[list[Pair], int]:
    """Suspects that occur by themselves, and those that the changes of every seed raise.

    Returns:
        the pairs, and how many changed names raised no suspicion at all.
    """
    config = NamesConfig()
    clusters = find_near_duplicates(articles, NearDuplicateConfig()).clusters
    cluster_of: dict[str, str] = dict(clusters.select("article_id", "cluster_id").iter_rows())
    mentions = find_mentions(articles, config, authority)
    scene = set_scene(articles, _people(mentions), cluster_of, authority, config)
    pairs = [
        Pair(s.kind, s.features, False, 1.0, s.expected.key[1], source)
        for s in iter_suspects(scene)
        if s.kind not in ("misspelling", "given_slip")
        or s.form.support > 1  # one text alone: hardly anything but a real misprint
    ]
    pairs += near_namesakes(scene, source)
    seeds = list(seeds)
    n_missed = 0
    for seed in seeds:
        changed, truth = change_names(articles, mentions, scene, random.Random(seed))
        found = pl.concat(
            [
                mentions.filter(~pl.col("article_id").is_in(list(truth))),
                find_mentions(changed.filter(pl.col("article_id").is_in(list(truth))), config, authority),
            ]
        ).sort("article_id", "start")
        raised: set[str] = set()
        for s in iter_suspects(set_scene(changed, _people(found), cluster_of, authority, config)):
            if truth.get(s.article_id) == (s.form.key, s.expected.key):
                raised.add(s.article_id)
                pairs.append(Pair(s.kind, s.features, True, 1 / len(seeds), s.expected.key[1], source))
        n_missed += len(truth.keys() - raised)
    return pairs, n_missed


def collect_natural(
    articles: pl.DataFrame,
    authority: pl.DataFrame,
    source: str,
    seeds: Iterable[int],
    errors: dict[str, list[tuple[int, int]]],
    ignored: dict[str, list[tuple[int, int]]],
) -> list[Pair]:
    """Suspects of a set at natural base rates, whose errors are recorded, and those that the changes of every seed raise.

    Args:
        articles: the documents.
        authority: authority file.
        source: name of the set.
        seeds: of the changes made here; texts with a recorded error are not changed again.
        errors: spans of recorded errors by document.
        ignored: spans of errors that nobody planted.
    """
    config = NamesConfig()
    clusters = find_near_duplicates(articles, NearDuplicateConfig()).clusters
    cluster_of: dict[str, str] = dict(clusters.select("article_id", "cluster_id").iter_rows())
    month_of: dict[str, str] = dict(
        articles.select("article_id", pl.col("published_at").dt.strftime("%Y-%m").fill_null("")).iter_rows()
    )
    mentions = find_mentions(articles, config, authority)
    scene = set_scene(articles, _people(mentions), cluster_of, authority, config)

    def is_at(spans: dict[str, list[tuple[int, int]]], suspect: Suspect) -> bool:
        places = scene.names_in(suspect.article_id).places.get(suspect.form.key, ())
        return any(start < e and s < end for _, start, end in places for s, e in spans.get(suspect.article_id, ()))

    def pair(suspect: Suspect, is_error: bool, weight: float, *, is_recorded: bool) -> Pair:
        where = (suspect.article_id, " ".join(suspect.form.key), month_of[suspect.article_id], is_recorded)
        return Pair(suspect.kind, suspect.features, is_error, weight, suspect.expected.key[1], source, *where)

    pairs = [pair(s, is_at(errors, s), 1.0, is_recorded=True) for s in iter_suspects(scene) if not is_at(ignored, s)]
    seeds = list(seeds)
    for seed in seeds:
        changed, truth = change_names(articles, mentions, scene, random.Random(seed))
        truth = {article_id: names for article_id, names in truth.items() if article_id not in errors}
        found = pl.concat(
            [
                mentions.filter(~pl.col("article_id").is_in(list(truth))),
                find_mentions(changed.filter(pl.col("article_id").is_in(list(truth))), config, authority),
            ]
        )
        batch = set_scene(changed, _people(found), cluster_of, authority, config, pl.Series(list(truth)))
        pairs += [
            pair(s, True, 1 / len(seeds), is_recorded=False)
            for s in iter_suspects(batch)
            if truth[s.article_id] == (s.form.key, s.expected.key)
        ]
    return pairs


def near_namesakes(scene: Scene, source: str) -> list[Pair]:
    """People of different given names whose surnames are one slip apart: two people for certain.

    They stand for those who share the given name too; each weighs as much as two people are likely to share one.
    """
    people = [form for form in scene.forms.values() if form.is_person and form.articles and len(form.key[0]) > 2]
    n_of = Counter(form.key[0] for form in people)
    chance = sum(n * (n - 1) for n in n_of.values()) / max(len(people) * (len(people) - 1), 1)
    known: dict[str, list[Form]] = {}
    for form in people:
        if form.support >= scene.config.min_support and len(form.key[1]) >= 4:
            for key in deletion_keys(form.key[1]):
                known.setdefault(key, []).append(form)
    pairs = []
    for form in sorted(people, key=lambda f: f.key):
        near = {other.key: other for key in deletion_keys(form.key[1]) for other in known.get(key, ())}
        for other in near.values():
            is_slip = relate_part(form.key[1], other.key[1], scene.config.min_edit_length_two) == "near"
            if not is_slip or form.support > other.support or are_given_variants(form.key[0], other.key[0]):
                continue
            s = weigh_suspect(scene, form.articles[0], form, other, "misspelling")
            pairs.append(Pair(s.kind, s.features, False, chance, other.key[1], source))
    return pairs


def change_names(
    articles: pl.DataFrame, mentions: pl.DataFrame, scene: Scene, rng: random.Random
) -> tuple[pl.DataFrame, dict[str, tuple[Key, Key]]]:
    """Articles with some names changed, and for each changed article the wrong and the right name."""
    lexicon = load_lexicon()
    text_of: dict[str, str] = dict(articles.select("article_id", "text").iter_rows())
    people = _people(mentions)
    spans: dict[str, list[tuple[int, int, str, str, str]]] = {}
    for row in people.select("article_id", "start", "end", "surface", "given", "surname").iter_rows():
        spans.setdefault(row[0], []).append(row[1:])
    keys = [
        key
        for key, form in sorted(scene.forms.items())
        if form.support >= MIN_ARTICLES and form.is_person and len(key[0]) > 2 and len(key[1]) >= 4
        if key[0] not in lexicon.titles and " " not in key[1]
    ]
    others = sorted({key[0] for key in keys if key[0] in lexicon.given and key[0] not in lexicon.ambiguous_given})
    rng.shuffle(keys)
    truth: dict[str, tuple[Key, Key]] = {}
    for key in keys[:CHANGED_PEOPLE]:
        free = [article_id for article_id in scene.forms[key].articles if article_id not in truth]
        if not free:
            continue
        chosen = rng.choice(free)
        wrong = _wrong_name(key, others, rng)
        for article_id in free:
            if scene.cluster_of.get(article_id) == scene.cluster_of.get(chosen):
                text_of[article_id] = _replaced(text_of[article_id], spans[article_id], key, wrong)
                truth[article_id] = (wrong, key)
    changed = articles.with_columns(pl.col("article_id").replace_strict(text_of).alias("text"))
    return changed, truth


def _wrong_name(key: Key, others: list[str], rng: random.Random) -> Key:
    given, surname = key
    if rng.random() < 0.5:
        return rng.choice([other for other in others if not are_given_variants(given, other)]), surname
    if rng.random() < 0.25 and len(given) >= 4:
        return _slip(given, rng), surname
    return given, _slip(surname, rng)


def _slip(word: str, rng: random.Random) -> str:
    """A slip of the keyboard inside a word: a letter dropped, doubled, replaced, or two swapped."""
    slipped = word
    while slipped == word:
        i = rng.randrange(1, len(word) - 1)
        middle = rng.choice(["", word[i] * 2, rng.choice("aeioustnrlmdb"), word[i + 1] + word[i]])
        slipped = word[:i] + middle + word[i + (2 if middle[:1] == word[i + 1] and len(middle) == 2 else 1) :]
    return slipped


def _replaced(text: str, spans: list[tuple[int, int, str, str, str]], key: Key, wrong: Key) -> str:
    """The text with a person's full name changed, and the surname alone where that is what is wrong."""
    for start, end, surface, given, surname in sorted(spans, reverse=True):
        words = surface.split()
        if (given, surname) == key and fold(words[0]) == given and fold(words[-1]) == surname:
            changed = [wrong[0].title(), *words[1:]] if wrong[0] != key[0] else [*words[:-1], wrong[1].title()]
            new = " ".join(changed)
        elif not given and surname == key[1] != wrong[1]:
            new = wrong[1].title()
        else:
            continue
        text = text[:start] + new + text[end:]
    return text


def _people(mentions: pl.DataFrame) -> pl.DataFrame:
    return mentions.filter(pl.col("entity") == "person").sort("article_id", "start")
