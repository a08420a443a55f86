"""People given an office that the other texts give to another person: "Treasury Secretary" for the Commerce Secretary.

Takes a scene, gives one conflict a text and person. No error of the name: an editor looks whether the office or the
name is wrong. Offices change hands, so only texts of the same time bear witness.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from cleaners.names.judge.forms import Form
from cleaners.names.judge.scene import Scene
from cleaners.names.lexicon.compare import fold
from cleaners.names.lexicon.lexicon import load_lexicon
from cleaners.names.lexicon.relate import Key

CONFIDENCE = 0.6  # set by hand: a change of office within the window looks the same


class Conflict(NamedTuple):
    """A person with an office that is another person's."""

    article_id: str
    form: Form
    office: str  # as this text says
    usual: str  # as the others say of this person
    holder: Form  # who holds the office by the others
    evidence_articles: tuple[str, ...]
    support: int  # independent texts that give the person the usual office


def find_role_conflicts(scene: Scene) -> list[Conflict]:
    """Every office that a single text gives to a person, and two independent ones or more to another.

    The person has, by two independent texts or more, another office of the same rank ("Secretary"), and the text speaks of
    the same matters as one of these.
    """
    texts_of: dict[str, dict[Key, set[str]]] = defaultdict(lambda: defaultdict(set))  # office -> person -> texts
    offices_of: dict[Key, set[str]] = defaultdict(set)
    written: dict[tuple[str, Key, str], str] = {}
    for (article_id, key), roles in scene.roles.items():
        for role in roles:
            office = fold(role)
            if _has_portfolio(office):
                texts_of[office][key].add(article_id)
                offices_of[key].add(office)
                written[(article_id, key, office)] = role
    found = []
    for key, offices in offices_of.items():
        if len(offices) < 2 or not scene.forms[key].is_person:
            continue
        for office in sorted(offices):
            (article_id, *others) = texts_of[office][key]
            if others or len(texts_of[office]) < 2 or article_id not in scene.judged:
                continue
            conflict = _weigh(scene, article_id, key, office, offices - {office}, texts_of, written)
            if conflict is not None:
                found.append(conflict)
    return sorted(found)


def _weigh(
    scene: Scene,
    article_id: str,
    key: Key,
    office: str,
    usual: set[str],
    texts_of: dict[str, dict[Key, set[str]]],
    written: dict[tuple[str, Key, str], str],
) -> Conflict | None:
    """The conflict, if two independent texts bear witness on either side."""
    own, here = scene.cluster_of.get(article_id), scene.names_in(article_id).places

    def witnesses(texts: set[str]) -> list[str]:
        return [a for a in texts if scene.cluster_of.get(a) != own and scene.is_witness(article_id, a)]

    def support(texts: set[str]) -> int:
        return len({scene.cluster_of.get(a, a) for a in witnesses(texts)})

    least = scene.config.min_support
    rank = office.rpartition(" ")[2]
    of_rank = [other for other in usual if other.rpartition(" ")[2] == rank]
    n_held, other = max(((support(texts_of[other][key]), other) for other in of_rank), default=(0, ""))
    if n_held < least:
        return None
    holders = [holder for holder in texts_of[office] if holder[1] != key[1] and holder not in here]
    n_holder, holder = max(((support(texts_of[office][one]), one) for one in holders), default=(0, key))
    if n_holder < least:
        return None
    mine, theirs = sorted(witnesses(texts_of[other][key])), sorted(witnesses(texts_of[office][holder]))
    likeness = scene.evidence.vectors([article_id, *mine]).cosines(article_id, mine)
    if max(likeness) < scene.config.min_likeness:
        return None
    return Conflict(
        article_id,
        scene.forms[key],
        written[(article_id, key, office)],
        written[(mine[0], key, other)],
        scene.forms[holder],
        (*mine[:3], *theirs[:3]),
        n_held,
    )


def _has_portfolio(office: str) -> bool:
    """Tell whether a folded role is an office that one person of a government holds, and that every country has its own of."""
    words = office.split()
    return len(words) > 1 and words[-1] in load_lexicon().state_offices and words[0] not in _EVERYWHERE


_EVERYWHERE = frozenset({"prime", "vice", "deputy", "first", "state", "junior", "assistant"})
