"""Verdicts on names: what a form stands for, whether it is flagged, and why.

Takes a suspect, a form or an organisation's spelling, gives the canonical name with the kind of the difference, its
confidence and its evidence. The authority file outranks any majority of texts.
"""

from __future__ import annotations

import json
import unicodedata
from typing import NamedTuple

from cleaners.names.decisions import Decision
from cleaners.names.judge.forms import Form, recase
from cleaners.names.judge.offices import CONFIDENCE, Conflict
from cleaners.names.judge.suspects import Suspect
from cleaners.names.lexicon.compare import fold, is_romanised, relate_part
from cleaners.names.lexicon.lexicon import load_lexicon
from cleaners.names.lexicon.relate import Key
from cleaners.names.lexicon.split import split_name

ORGANISATION_CONFIDENCE = 0.9  # of a known organisation with one letter off; set by hand

# Differences that are no errors and are replaced in `text_normalised`.
_VARIANTS = frozenset({"transliteration", "diacritics"})


class Verdict(NamedTuple):
    """Facts known about a form in one text."""

    canonical: str
    kind: str | None = None  # None: nothing to flag
    is_error: bool = False
    confidence: float = 1.0
    evidence: str = ""
    is_replaced: bool = False
    decision: str | None = None  # an editor's, None while open
    expected: str | None = None  # the name that was expected, where it is not the canonical one: a flag turned down
    decided_by: str = "authority"  # what lets a replacement be made


def doubt(suspect: Suspect) -> Verdict:
    """The verdict on a suspect who is most likely another person of that surname: the name stands for itself."""
    own = suspect.form.display()
    return judge(suspect)._replace(
        canonical=own, kind="namesake", is_error=False, is_replaced=False, expected=suspect.expected.display()
    )


def judge(suspect: Suspect) -> Verdict:
    """The verdict on a suspect that is sure enough to be flagged."""
    expected, kind = suspect.expected, suspect.kind
    is_error = kind not in _VARIANTS
    if kind == "swapped_order" and has_two_orders(expected.key):
        is_error = False
    decided = "authority" if expected.canonical else "other texts"
    evidence = {
        "decided_by": decided,
        "articles": list(suspect.evidence_articles),
        "support": expected.support,
        "own_support": suspect.form.support,
        "roles": list(suspect.shared_roles),
        "features": {name: round(value, 3) for name, value in suspect.features.items()},
    }
    if expected.canonical:
        evidence["authority"] = expected.canonical
    return Verdict(
        canonical=expected.display(),
        kind="misspelling" if kind == "given_slip" else kind,
        is_error=is_error,
        confidence=round(suspect.confidence, 4),
        evidence=json.dumps(evidence, ensure_ascii=False, sort_keys=True),
        is_replaced=not is_error or expected.canonical is not None,
        decided_by=decided,
    )


def verdict_on_conflict(conflict: Conflict) -> Verdict:
    """An office that is another person's: the name stands, an editor looks."""
    holder = conflict.holder.display()
    evidence = {
        "decided_by": "other texts",
        "articles": list(conflict.evidence_articles),
        "support": conflict.support,
        "office": conflict.office,
        "usual_office": conflict.usual,
        "holder": holder,
    }
    return Verdict(
        canonical=conflict.form.display(),
        kind="role_conflict",
        confidence=CONFIDENCE,
        evidence=json.dumps(evidence, ensure_ascii=False, sort_keys=True),
    )


def confirm(found: Verdict | None, decision: Decision) -> Verdict:
    """A flag as an editor accepted it, whether the batch still raises it or not."""
    evidence = json.dumps({"decided_by": "editor", "decision": decision.decision}, sort_keys=True)
    return Verdict(
        canonical=decision.canonical,
        kind=decision.kind or "misspelling",
        is_error=decision.kind not in _VARIANTS | {"alias"} if found is None else found.is_error,
        confidence=1.0,
        evidence=found.evidence if found is not None else evidence,
        is_replaced=True,
        decision=decision.decision,
    )


def admit(found: Verdict | None, decision: Decision) -> Verdict:
    """A name that an editor knows as another one of the same person: no error, and the text keeps it."""
    evidence = json.dumps({"decided_by": "editor", "decision": decision.decision}, sort_keys=True)
    return Verdict(
        canonical=decision.canonical,
        kind="alias",
        evidence=found.evidence if found is not None else evidence,
        decision=decision.decision,
    )


def close(found: Verdict, name: str, decision: str) -> Verdict:
    """A flag that an editor turned down: it stays on record, and the name stands for itself."""
    expected = found.expected or found.canonical
    return found._replace(canonical=name, is_error=False, is_replaced=False, decision=decision, expected=expected)


def has_two_orders(key: Key) -> bool:
    """Tell whether a name is of a language that puts the family name first, and so is printed in both orders."""
    lexicon = load_lexicon()
    given, surname = key
    return surname in lexicon.family_first or lexicon.given.get(given) == "han" or given in lexicon.hungarian_given


def verdict_on_form(form: Form, surface: str, display: str) -> Verdict:
    """A full name that no suspicion fell on: known to the authority file, or written with other marks, or just so."""
    if form.is_alias and form.canonical is not None:
        given, surname = split_name(fold(form.canonical).split())
        parts = {relate_part(form.key[0], given, 7), relate_part(form.key[1], surname, 7)}
        kind = "transliteration" if is_romanised(given, surname) and "different" not in parts else "alias"
        return _by_authority(form.canonical, kind)
    if (
        surface == display
        or surface.isupper()
        or fold(surface) != fold(display)
        or _letters(surface) == _letters(display)
    ):
        return Verdict(display)
    if form.canonical is not None:
        return _by_authority(display, "diacritics")
    evidence = json.dumps({"decided_by": "other texts", "support": form.surfaces[display]}, sort_keys=True)
    return Verdict(display, "diacritics", False, 0.9, evidence, True, decided_by="other texts")


def verdict_on_single(surface: str, canonical: str | None) -> Verdict:
    """A surname alone in a text without the full name: the authority file may know it as a spelling of one person."""
    if canonical is None:
        return Verdict(recase(surface) if surface.isupper() else surface)
    if fold(surface) == fold(surname_of(canonical)):
        return Verdict(canonical)
    return _by_authority(canonical, "transliteration")


def verdict_on_organisation(
    surface: str, canonical: str, *, is_misspelt: bool = False, is_outdated: bool = False
) -> Verdict:
    """Judge another spelling of the same letters, or a name of earlier days, to be a variant; any other is just another name."""
    if is_misspelt:
        return _by_authority(canonical, "misspelling")._replace(
            is_error=True, confidence=ORGANISATION_CONFIDENCE, is_replaced=True
        )
    if surface != canonical and fold(surface) == fold(canonical):
        return _by_authority(canonical, "alias")._replace(is_replaced=True)
    if is_outdated:  # not replaced: "X, formerly Twitter"
        return _by_authority(canonical, "alias")._replace(is_replaced=False)
    return Verdict(canonical)


def _by_authority(canonical: str, kind: str) -> Verdict:
    evidence = json.dumps({"decided_by": "authority", "authority": canonical}, ensure_ascii=False, sort_keys=True)
    return Verdict(canonical, kind, False, 1.0, evidence, kind in _VARIANTS)


def surname_of(canonical: str) -> str:
    """The surname of a full name as written."""
    words = canonical.split()
    _, surname = split_name([fold(word) for word in words])
    n = len(surname.split())
    if words and fold(words[0]) == surname and len(words) > 1:
        return words[0]
    return " ".join(words[-n:])


def _letters(name: str) -> str:
    """The letters of a name with their marks, without case, spaces and punctuation."""
    return "".join(c for c in name.casefold() if c.isalpha() or unicodedata.combining(c))


def in_case_of(surface: str, canonical: str) -> str:
    """The canonical name in capitals where the mention is in capitals."""
    return canonical.upper() if surface.isupper() and len(surface) > 1 else canonical
