"""Suspect names with the evidence for and against them, and the confidence that follows from it.

Takes forms, their index and the texts, gives one suspect a text and form: the expected form, the kind of the
difference, the features and a confidence by a small logistic regression whose weights are in `decision.json`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.resources import files
from itertools import groupby
from operator import attrgetter

from cleaners.names.config import NamesConfig
from cleaners.names.judge.forms import Form
from cleaners.names.judge.pairs import Pair, Witnesses, WitnessFinder, iter_pairs
from cleaners.names.judge.portrait import Portrait, Sketch
from cleaners.names.judge.scene import Scene
from cleaners.names.judge.vectors import TextVectors
from cleaners.names.lexicon.compare import are_given_variants, fold
from cleaners.names.lexicon.lexicon import load_lexicon
from cleaners.names.lexicon.office import read_office
from cleaners.names.lexicon.relate import Key

AUTHORITY_CONFIDENCE = 0.8  # of a name a letter off one of the authority file that no other text has; set by hand
OFFICE_CONFIDENCE = 0.95  # of a name behind the very office of the expected one; set by hand: such cases are few
FAMILY_FIRST_PER_MILLION = 5000  # about the least of the hundred Chinese surnames most used

# Capitalised words, joined to the name that follows: "Anna, Ben and" before "Carl Cole".
_COORDINATED = re.compile(r"(?:\b[A-Z][\w'’\-]+,? ){0,3}\b[A-Z][\w'’\-]+,? (?:and|&) $")


@dataclass(frozen=True)
class Suspect:
    """A form in one text that may stand for a better-known one."""

    article_id: str
    form: Form
    expected: Form
    kind: str
    features: dict[str, float]
    evidence_articles: tuple[str, ...]
    shared_roles: tuple[str, ...]

    @cached_property
    def confidence(self) -> float:
        """Return how surely the form stands for the expected one, by the model of its kind, the office or the authority file."""
        by_model = _confidence(self.kind, self.features)
        is_other = self.features["is_expected_in_text"] or self.features["is_kin_in_text"]
        if is_other:
            return by_model
        if self.features["is_office_held"]:
            return max(by_model, OFFICE_CONFIDENCE)
        # Without a text that bears witness the model has nothing to go by but the authority file's word.
        is_by_authority = self.expected.canonical is not None and not self.features["log_support"]
        is_slip = self.kind == "misspelling" and not self.features["is_part_attested"]
        return max(by_model, AUTHORITY_CONFIDENCE) if is_by_authority and is_slip else by_model

    def is_flagged(self, config: NamesConfig, was_flagged: bool = False) -> bool:
        """Tell whether the suspicion is sure enough to be shown to an editor, or to stay where an earlier run showed it."""
        is_slip = self.kind == "misspelling"
        fresh = config.min_misspelling_confidence if is_slip else config.min_confidence
        least = config.keep_confidence if was_flagged else fresh
        if self.kind in ("wrong_given", "given_slip") and not self.expected.canonical:
            return self.confidence >= least and self.features["likeness_best"] >= config.min_likeness
        return self.confidence >= least

    def is_doubted(self, config: NamesConfig) -> bool:
        """Tell whether two people of one surname are likely, and an error is not out of the question."""
        return (
            self.kind in ("wrong_given", "given_slip")
            and self.form.is_person
            and self.confidence >= config.doubt_confidence
        )


def find_suspects(scene: Scene) -> list[Suspect]:
    """Every suspect of a batch, scored; the best explanation for each text and form."""
    found: dict[tuple[str, Key], list[Suspect]] = {}
    for suspect in iter_suspects(scene):
        found.setdefault((suspect.article_id, suspect.form.key), []).append(suspect)
    return [_best(found[at]) for at in sorted(found)]


def _best(explanations: list[Suspect]) -> Suspect:
    """The surest explanation; of two names of one person (Charles, Charlie) the better known is the one expected."""
    best = max(explanations, key=lambda s: (s.confidence, s.expected.support, s.expected.key))
    given, surname = best.expected.key
    names = [s.expected for s in explanations if s.expected.key[1] == surname]
    names = [name for name in names if are_given_variants(given, name.key[0])]
    return replace(best, expected=max(names, key=lambda name: (name.canonical is not None, name.support, name.key)))


def iter_suspects(scene: Scene) -> Iterator[Suspect]:
    """Every explanation of every form that is less known than what it may stand for, weighed."""
    pairs = list(iter_pairs(scene))
    # One expected name after the other: what its witnesses say is laid out once.
    pairs.sort(key=lambda pair: (pair.expected.key[1], pair.expected.key[0], pair.article_id, pair.form.key))
    vectors = scene.evidence.vectors({article_id for pair in pairs for article_id in pair.texts})
    sketches: dict[tuple[str, Key], Sketch] = {}
    for expected, of_expected in groupby(pairs, key=attrgetter("expected")):
        portraits: dict[Witnesses, Portrait] = {}
        for pair in of_expected:
            portrait = portraits.get(pair.witnesses)
            if portrait is None:
                portrait = portraits[pair.witnesses] = Portrait(scene, expected, pair.witnesses.compared)
            sketch = sketches.get((pair.article_id, pair.form.key))
            if sketch is None:
                sketch = Sketch(scene, pair.article_id, pair.form, vectors)
                sketches[(pair.article_id, pair.form.key)] = sketch
            yield _weigh(scene, pair, sketch, portrait, vectors)


def weigh_suspect(scene: Scene, article_id: str, form: Form, expected: Form, kind: str) -> Suspect:
    """One suspect with its features."""
    pair = Pair(article_id, form, expected, kind, WitnessFinder(scene).find(article_id, expected))
    vectors = scene.evidence.vectors(pair.texts)
    portrait = Portrait(scene, expected, pair.witnesses.compared)
    return _weigh(scene, pair, Sketch(scene, article_id, form, vectors), portrait, vectors)


def _weigh(scene: Scene, pair: Pair, sketch: Sketch, portrait: Portrait, vectors: TextVectors) -> Suspect:
    """A suspect with its features."""
    article_id, form, expected, kind, (witnesses, support) = pair
    evidence, index = scene.evidence, scene.index
    in_text = scene.names_in(article_id)
    names = sketch.names | portrait.names
    likeness = sorted(zip(vectors.cosines(article_id, witnesses, names), witnesses, strict=True), reverse=True)
    introduced = sketch.introduction
    near = portrait.clauses.compare(sketch.capitalised, sketch.beside, names, introduced.apposition)
    my_roles, their_roles = sketch.roles, portrait.roles
    shared = {(m, t) for m in my_roles for t in their_roles if _are_one_office(m, t)}
    agreement = 1 if shared else -1 if my_roles and their_roles else 0
    kin = sketch.kin - {expected.key}
    has_its_surname = form.key[1] == expected.key[1]
    rivals = max(index.people_of_surname[expected.key[1]] - 1 - has_its_surname, 0)
    bearers = max(index.people_of_surname[form.key[1]] - 1, 0)
    features = {
        "log_per_million": math.log1p(_per_million(expected.key[1])),
        "log_own_per_million": math.log1p(_per_million(form.key[1])),
        "shared_people": math.log1p(portrait.share_people(in_text.people, frozenset((form.key[1], expected.key[1])))),
        "likeness_best": likeness[0][0] if likeness else 0.0,
        "likeness_mean": sum(x for x, _ in likeness[:3]) / 3,
        "capitals_near": near.capitals,
        "words_beside": near.beside,
        "words_covered": sketch.cover(witnesses, portrait.names),
        "log_support": math.log1p(support),
        "log_own_support": math.log(max(form.support, 1)),
        "log_rivals": math.log1p(rivals),
        # Misprints are seldom names: the part that differs is another person's name too.
        "is_part_attested": float(index.is_given(form.key[0]) if has_its_surname else bearers > 0),
        "is_expected_in_text": float(
            expected.key in in_text.places
            or any(_is_coordinated(evidence.text(article_id), start, expected.key[0]) for _, start, _ in sketch.places)
        ),
        "role_agreement": float(agreement),
        "office_rarity": max((_rarity(scene, m, t) for m, t in shared), default=0.0),
        "is_office_held": float(_is_office_held(scene, witnesses, my_roles, expected)),
        "own_strength": float(min(max(form.strength, -2), 6)),
        "is_kin_in_text": float(any(not are_given_variants(form.key[0], key[0]) for key in kin)),
        "is_surname_ahead": float(introduced.is_surname_ahead),
        "log_alone": math.log1p(introduced.n_alone),
        "is_aged": float(introduced.is_aged),
        "is_kin": float(introduced.is_kin),
        "apposition": math.log1p(len(introduced.apposition)),
        "words_usual": near.usual,
        "words_strange": near.strange,
        "is_given_known": float(index.is_given(form.key[0])),
        "surname_share": expected.support / max(index.support_of_surname[expected.key[1]], 1),
        "list_likeness": likeness[0][0] * _listness(in_text.n_full, vectors.n_words(article_id)) if likeness else 0.0,
    }
    return Suspect(
        article_id=article_id,
        form=form,
        expected=expected,
        kind=kind,
        features=features,
        evidence_articles=tuple(sorted(a for _, a in likeness[:5])),
        shared_roles=tuple(sorted({min(pair) for pair in shared})),
    )


def _are_one_office(role: str, other: str) -> bool:
    """Tell whether two roles as written may be one office."""
    mine, theirs = read_office(role), read_office(other)
    return mine is not None and theirs is not None and mine.agrees_with(theirs)


def _rarity(scene: Scene, role: str, other: str) -> float:
    """One by the surnames that hold an office anywhere; of two ways to write it the one that says more."""
    offices = [office for office in (read_office(role), read_office(other)) if office is not None]
    fullest = max(offices, key=lambda office: (len(office.portfolio), office.key))
    return 1 / max(scene.holders.get(fullest.key, 1), 1)


def _is_office_held(scene: Scene, witnesses: tuple[str, ...], mine: set[str], expected: Form) -> bool:
    """Tell whether the text gives its person the very office that the witnesses give to the expected one.

    The office has a portfolio and one holder at a time, so that two people of one surname hardly ever have it: "Transport
    Minister", "Secretary of State"; not "Minister".
    """
    for office in {read_office(role) for role in mine}:
        if office is None or not office.portfolio or office.head not in load_lexicon().state_offices:
            continue
        texts = {
            scene.cluster_of.get(a, a)
            for a in witnesses
            if any(read_office(role) == office for role in scene.roles.get((a, expected.key), ()))
        }
        if len(texts) >= scene.config.min_support or any(read_office(r) == office for r in expected.authority_roles):
            return True
    return False


def _is_coordinated(text: str, start: int, given: str) -> bool:
    """Tell whether another given name shares the surname that follows: "Anna and Ben Cole" names Anna Cole too."""
    if not text.endswith(("and ", "& ", "and \n", "& \n"), max(0, start - 60), start):
        return False
    listed = _COORDINATED.search(text, max(0, start - 60), start)
    return listed is not None and given in {fold(word) for word in re.findall(r"[\w'’\-]+", listed.group())}


def _listness(n_people: int, n_words: int) -> float:
    """Measure how far a text is a list of people, 0 to 1.

    Of the different words of a story one in thirty names a person, of results one in ten.
    """
    density = n_people / max(n_words, 1)
    return min(max((density - 0.03) / 0.07, 0.0), 1.0)


def _per_million(surname: str) -> int:
    """Bearers of a surname in a million people, 0 where hardly any person bears it."""
    lexicon = load_lexicon()
    last = surname.rsplit(" ", 1)[-1]
    # The census counts Americans: a few Chinese, Korean and Vietnamese surnames are a large share of their countries.
    return max(lexicon.per_million.get(last, 0), FAMILY_FIRST_PER_MILLION if last in lexicon.family_first else 0)


def _confidence(kind: str, features: Mapping[str, float]) -> float:
    """Logistic regression over the features of the kind's model."""
    weights = _models()[kind]
    return 1 / (
        1 + math.exp(-weights["intercept"] - sum(w * features[f] for f, w in weights.items() if f != "intercept"))
    )


@cache
def _models() -> dict[str, dict[str, float]]:
    models: dict[str, dict[str, float]] = json.loads(
        files("cleaners.names.judge").joinpath("decision.json").read_text(encoding="utf-8")
    )["weights"]
    return models
