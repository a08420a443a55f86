"""The forms of names in a batch and the pairs of them that may be one person.

Takes mentions, clusters and the authority file, gives each form with its independent support, and for a form the
better-supported forms that look like it, found through an inverted index and never by comparing all with all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import repeat
from typing import NamedTuple

import polars as pl

from cleaners.names.collector import shared_columns
from cleaners.names.config import NamesConfig
from cleaners.names.judge.batch_words import BatchWords
from cleaners.names.lexicon.compare import are_given_variants, deletion_keys, fold, is_doubling, romanisation_key
from cleaners.names.lexicon.lexicon import load_lexicon
from cleaners.names.lexicon.relate import Key, relate_keys
from cleaners.names.lexicon.split import split_name
from cleaners.names.recognise.full_names import AGAINST, STRONG

JOINED = 3  # strength that a form loses where it is two names


class Person(NamedTuple):
    """A mention of a person, as `find_mentions` gives it."""

    article_id: str
    start: int
    end: int
    surface: str
    given: str
    surname: str
    role: str
    is_titled: bool
    strength: int


def read_people(people: pl.DataFrame) -> list[Person]:
    """The mentions of people of a frame, in its order."""
    columns = shared_columns(people.select(Person._fields))
    # As `Person(*row)` a row, which would call a function of Python's for each.
    return list(map(tuple.__new__, repeat(Person), zip(*columns, strict=True)))


@dataclass(eq=False, slots=True)
class Form:
    """One spelling of a full name, without regard to case and diacritics."""

    key: Key
    articles: list[str] = field(default_factory=list)  # sorted, each once
    clusters: set[str] = field(default_factory=set)
    strength: int = -9
    n_mentions: int = 0
    n_against: int = 0  # mentions that stand as things do
    surfaces: Counter[str] = field(default_factory=Counter)
    canonical: str | None = None  # from the authority file
    is_alias: bool = False  # the authority file knows this spelling as another name of `canonical`
    authority_roles: tuple[str, ...] = ()

    @property
    def support(self) -> int:
        """Independent texts that hold the form."""
        return len(self.clusters)

    @property
    def is_person(self) -> bool:
        """Tell whether the batch or the authority file takes the form for a person."""
        return self.canonical is not None or self.strength >= STRONG or (self.strength == 1 and self.support >= 2)

    @property
    def is_family_first(self) -> bool:
        """Tell whether the texts write the family name first."""
        surname = self.key[1]
        return bool(self.surfaces) and all(fold(surface).split()[0] == surname for surface in self.surfaces)

    def display(self) -> str:
        """The form as a reader expects it: the authority's, else the most usual spelling, not in capitals."""
        if self.canonical is not None and not self.is_alias:
            return self.canonical
        if not self.surfaces:
            return " ".join(part.title() for part in self.key if part)
        if len(self.surfaces) == 1:
            only = next(iter(self.surfaces))
            return recase(only) if only.isupper() else only
        mixed = {s: n for s, n in self.surfaces.items() if not s.isupper()}
        if mixed:
            return min(mixed, key=lambda s: (-mixed[s], -len(s), s))
        return recase(min(self.surfaces, key=lambda s: (-self.surfaces[s], s)))


def recase(capitals: str) -> str:
    """A name in capitals in the usual case: particles in lower case, O'Neill and Jean-Pierre as written."""
    particles = load_lexicon().particles
    words = [word.lower() if word.lower() in particles else _capitalised(word) for word in capitals.split()]
    return " ".join(words)


def _capitalised(word: str) -> str:
    cased = word.title()
    return "Mc" + cased[2:].capitalize() if cased.startswith("Mc") and len(cased) > 4 else cased


def collect_forms(
    mentions: Iterable[Person], cluster_of: dict[str, str], authority: pl.DataFrame, words: BatchWords
) -> dict[Key, Form]:
    """Every full form of a batch, and every name of the authority file, by key; the mentions in order of article."""
    forms: dict[Key, Form] = {}
    seen: set[tuple[Key, str, str]] = set()
    for mention in mentions:
        if not mention.given:
            continue
        article_id, key = mention.article_id, (mention.given, mention.surname)
        form = forms.get(key)
        if form is None:
            form = forms[key] = Form(key)
        if not form.articles or form.articles[-1] != article_id:
            form.articles.append(article_id)
        cluster = cluster_of.get(article_id, article_id)
        form.clusters.add(cluster)
        form.strength = max(form.strength, mention.strength)
        form.n_mentions += 1
        form.n_against += mention.strength <= AGAINST
        if (key, cluster, mention.surface) not in seen:
            seen.add((key, cluster, mention.surface))
            form.surfaces[mention.surface] += 1
    for form in forms.values():
        form.strength += _batch_strength(form, words) - JOINED * _is_joined(form, forms)
        if 2 * form.n_against > form.n_mentions:
            form.strength = min(form.strength, AGAINST)
    aliases: list[tuple[Key, str, tuple[str, ...]]] = []
    for canonical, spellings, roles in (
        authority.filter(pl.col("entity") == "person").select("canonical", "aliases", "roles").iter_rows()
    ):
        offices = tuple(roles)
        key = split_name(fold(canonical).split())
        form = forms.setdefault(key, Form(key))
        form.canonical, form.authority_roles = canonical, offices
        aliases += [(split_name(fold(s).split()), canonical, offices) for s in spellings if " " in s]
    for key, canonical, offices in aliases:
        alias_form = forms.get(key)
        if alias_form is not None and alias_form.canonical is None:
            alias_form.canonical, alias_form.is_alias, alias_form.authority_roles = canonical, True, offices
    return forms


def _is_joined(form: Form, forms: dict[Key, Form]) -> bool:
    """Tell whether a form is another person's whole name and one more: "Jane Roe Doe" of "meets Jane Roe Doe aims to"."""
    for surface in form.surfaces:
        if surface.count(" ") != 2:
            return False
        words = fold(surface).split()
        whole = forms.get((words[0], words[1])) if len(words) == 3 else None
        if whole is None or whole.support <= form.support or words[1] in load_lexicon().given:
            return False
    return bool(form.surfaces)


def _batch_strength(form: Form, words: BatchWords) -> int:
    """Return what the batch adds to, or takes from, the strength that a form has from its own texts."""
    given, surname = form.key
    if given in words.common and all(part in words.common for part in surname.split()):
        return -2  # Blue Moon, Human Rights; Will Young has a role or an age in some text
    if given in load_lexicon().given:
        return 0
    if given in words.family:
        return -3  # two surnames beside each other, of two headlines
    if given in words.common:
        return -1 if form.strength < STRONG else 0  # Questioning Harper
    return 2 * (given in words.given) + (words.people_of.get(surname, 0) >= 1)


def _sound(key: Key) -> Key:
    """The same pair for the spellings of a name that differ in romanisation or in language alone."""
    given = min(load_lexicon().equivalents.get(key[0], (key[0],)))
    return romanisation_key(given), romanisation_key(key[1])


def _says_enough(form: Form) -> bool:
    """Tell whether a given name is long enough to tell two people apart: of two initials, or two letters behind a family name."""
    letters = form.key[0].replace("-", "")
    return len(letters) > 2 or (len(letters) == 2 and (form.is_family_first or letters not in load_lexicon().given))


class FormIndex:
    """Inverted index over the forms that may correct another."""

    def __init__(self, forms: dict[Key, Form], config: NamesConfig, words: BatchWords) -> None:
        self._config = config
        self._words = words
        self._forms = forms
        self._by_surname: dict[str, list[Form]] = {}
        self._by_near_surname: dict[str, dict[str, list[Form]]] = {}  # by given name, then by surname short of a letter
        self._by_romanisation: dict[Key, list[Form]] = {}
        self.people_of_surname: Counter[str] = Counter()
        self.support_of_surname: Counter[str] = Counter()
        titles = load_lexicon().titles
        for key in sorted(forms):
            form = forms[key]
            if form.is_person and len(key[0]) > 1:
                self.people_of_surname[key[1]] += 1
                self.support_of_surname[key[1]] += form.support
            trusted = (form.support >= config.min_support and form.is_person) or form.canonical is not None
            if not trusted or form.is_alias or key[0] in titles or not _says_enough(form):
                continue
            self._by_surname.setdefault(key[1], []).append(form)
            near = self._by_near_surname.setdefault(key[0], {})
            for deleted in set(deletion_keys(key[1])):
                near.setdefault(deleted, []).append(form)
            self._by_romanisation.setdefault(_sound(key), []).append(form)

    def is_given(self, name: str) -> bool:
        """Tell whether the lists or the batch know a folded given name."""
        return self._words.is_given(name)

    def is_crowded(self, form: Form) -> bool:
        """Tell whether too many bear a form's surname for all of them to be compared with it."""
        return len(self._by_surname.get(form.key[1], ())) > self._config.max_surname_forms

    def compare(self, form: Form, other: Form) -> str | None:
        """The kind of the difference between a form and one of its surname; None where the other may not correct it."""
        block = self._by_surname.get(form.key[1], ())
        if other not in block or any(are_given_variants(form.key[0], known.key[0]) for known in block):
            return None
        return self._kind(form, other)

    def expected_for(self, form: Form) -> Iterator[tuple[str, Form]]:
        """Forms that a form may stand for, each with the kind of the difference."""
        given, surname = form.key
        if given in load_lexicon().titles:
            return
        seen: set[Key] = {form.key}
        swapped = self._forms.get((surname, given))
        if swapped is not None and swapped in self._by_surname.get(given, ()):
            seen.add(swapped.key)
            yield "swapped_order", swapped
        if given in load_lexicon().family_first:  # Zhao Lijain: no syllables of Chinese, and so not split as such
            for other in self._by_surname.get(given, ()):
                flipped = relate_keys(
                    (surname, given), other.key, self._config.min_edit_length_two, self._words.is_given
                )
                if flipped in ("misspelling", "given_slip") and other.is_family_first and other.key not in seen:
                    seen.add(other.key)
                    yield "misspelling", other
        candidates: list[Form] = list(self._by_romanisation.get(_sound(form.key), ()))
        near = self._by_near_surname.get(given)
        if near is not None:
            for deleted in deletion_keys(surname):
                candidates += near.get(deleted, ())
        block = self._by_surname.get(surname, [])
        # A nickname of one of them is that one, and no error for another.
        is_crowded = len(block) > self._config.max_surname_forms
        if not is_crowded and not any(are_given_variants(given, other.key[0]) for other in block if other is not form):
            candidates += block
        for other in candidates:
            if other.key in seen:
                continue
            seen.add(other.key)
            kind = self._kind(form, other)
            if kind:
                yield kind, other

    def _kind(self, form: Form, other: Form) -> str | None:
        """The kind of the difference between a form and the one it may stand for, None for a legitimate variant."""
        given = form.key[0]
        kind = relate_keys(form.key, other.key, self._config.min_edit_length_two, self._words.is_given)
        if kind in ("same", "variant", "swapped_order", "different"):
            return None
        if kind == "transliteration" and self._is_doubled_once(form, other):
            return "misspelling"
        if kind not in ("given_slip", "wrong_given") and not (kind == "misspelling" and form.key[1] == other.key[1]):
            return kind
        if any(given in fold(surface).split()[1:-1] for surface in other.surfaces):
            return None  # a double surname without the given name: Garcia Lopez, Maria Garcia Lopez
        if any(other.key[0] in fold(surface).split()[1:-1] for surface in form.surfaces):
            return None  # the name by which the other is called stands second: Mohammad Javad Zarif
        if not _says_enough(form):
            return None  # an initial and the shortest pet names say too little to be wrong
        if kind == "wrong_given" and form.is_family_first != other.is_family_first:
            return None  # Li Ka-shing is not Ronald Li: no one slips into the other order and another name at once
        known = self._words.is_given
        is_name = known(given) or known(given.split("-")[0]) or form.strength >= STRONG
        return kind if kind != "wrong_given" or is_name else None

    def _is_doubled_once(self, form: Form, other: Form) -> bool:
        """Tell whether a surname of another alphabet differs by a doubled letter that no second text has.

        Alphabets differ from paper to paper, and so in several texts; one text alone has a slip.
        """
        is_alone = form.support == 1 and other.support > self._config.min_support
        return is_alone and form.key[0] == other.key[0] and is_doubling(form.key[1], other.key[1])
