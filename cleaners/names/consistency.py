"""Names checked against every other text of the batch and the authority file.

Takes articles (and their mentions and near-duplicate clusters), gives every mention with its canonical name, a flag
with its evidence for each name that does not agree, the people of each article and the text with variants normalised.
"""

from __future__ import annotations

import json
import unicodedata
from collections import defaultdict
from typing import NamedTuple

import polars as pl

from cleaners.document import make_id
from cleaners.names.authority import core_authority
from cleaners.names.compare import fold, is_romanised, relate_part
from cleaners.names.config import NamesConfig
from cleaners.names.evidence import Evidence
from cleaners.names.forms import Form, FormIndex, Key, collect_forms, recase
from cleaners.names.lexicon import load_lexicon
from cleaners.names.mentions import find_mentions
from cleaners.names.recognise import STRONG, split_name
from cleaners.names.suspects import Place, Suspect, find_suspects

MENTIONS = pl.Schema(
    {
        "article_id": pl.String,
        "start": pl.Int64,
        "end": pl.Int64,
        "surface": pl.String,
        "canonical": pl.String,
        "entity": pl.String,
        "flag_id": pl.String,
    }
)
FLAGS = pl.Schema(
    {
        "flag_id": pl.String,
        "article_id": pl.String,
        "start": pl.Int64,
        "end": pl.Int64,
        "surface": pl.String,
        "canonical": pl.String,
        "kind": pl.String,
        "is_error": pl.Boolean,
        "confidence": pl.Float64,
        "evidence": pl.String,
        "decision": pl.String,
    }
)
CHECKED_ARTICLES = pl.Schema({"article_id": pl.String, "people": pl.List(pl.String), "text_normalised": pl.String})

# Differences that are no errors and are replaced in `text_normalised`.
_VARIANTS = frozenset({"transliteration", "diacritics"})


class CheckedNames(NamedTuple):
    """What `check_names` gives; the columns of the first two are those of the published tables."""

    mentions: pl.DataFrame
    flags: pl.DataFrame
    articles: pl.DataFrame


class _Verdict(NamedTuple):
    """What is known of a form in one text."""

    canonical: str
    kind: str | None = None  # None: nothing to flag
    is_error: bool = False
    confidence: float = 1.0
    evidence: str = ""
    is_replaced: bool = False


def check_names(
    articles: pl.DataFrame,
    config: NamesConfig,
    mentions: pl.DataFrame | None = None,
    clusters: pl.DataFrame | None = None,
    authority: pl.DataFrame | None = None,
) -> CheckedNames:
    """Check every name against the other texts. The cost is near-linear in the mentions (inverted index).

    Args:
        articles: `article_id`, `text` (and `title`, `site`, `published_at`, which are not needed yet).
        config: settings of the step.
        mentions: mentions of these articles as `find_mentions` gives them; found here when None.
        clusters: `article_id`, `cluster_id`: near-duplicates are one witness; identical texts alone when None.
        authority: authority file as `load_authority` gives it; the package's own when None.

    Returns:
        mentions, flags and, one row an article, its people and normalised text.
    """
    known = core_authority() if authority is None else authority
    found = find_mentions(articles, config, known) if mentions is None else mentions
    found = found.sort("article_id", "start")
    cluster_of = _clusters(articles, clusters)
    people = found.filter(pl.col("entity") == "person")
    forms = collect_forms(people, cluster_of, known)
    attached = _attach(people, forms)
    places: dict[tuple[str, Key], list[Place]] = defaultdict(list)
    roles: dict[tuple[str, Key], set[str]] = defaultdict(set)
    for row, key in attached:
        if key is not None:
            places[(row["article_id"], key)].append((row["article_id"], row["start"], row["end"]))
            if row["role"]:
                roles[(row["article_id"], key)].add(row["role"])
    suspects = find_suspects(
        forms, FormIndex(forms, config), places, cluster_of, roles, Evidence(articles, config.context_chars), config
    )
    verdicts = {(s.article_id, s.form.key): _judge(s) for s in suspects if s.is_flagged(config)}
    return _assemble(articles, found, attached, forms, verdicts, known)


def _clusters(articles: pl.DataFrame, clusters: pl.DataFrame | None) -> dict[str, str]:
    """Cluster of each article; without clusters, articles of one and the same text are one."""
    if clusters is not None:
        return dict(clusters.select("article_id", "cluster_id").iter_rows())
    grouped = articles.select("article_id", pl.col("article_id").min().over("text").alias("cluster_id"))
    return dict(grouped.iter_rows())


def _attach(people: pl.DataFrame, forms: dict[Key, Form]) -> list[tuple[dict[str, object], Key | None]]:
    """Each mention of a person with the full form that it stands for in its text: the last one of that surname before
    it, else the first after it; None where the text has no full form."""
    attached: list[tuple[dict[str, object], Key | None]] = []
    for _, part in people.group_by("article_id", maintain_order=True):
        rows = part.to_dicts()
        first: dict[str, Key] = {}
        for row in rows:
            if row["given"] and _may_lend_surname(forms[(row["given"], row["surname"])]):
                for name in {row["surname"], row["surname"].rsplit(" ", 1)[-1]}:
                    first.setdefault(name, (row["given"], row["surname"]))
        last: dict[str, Key] = {}
        for row in rows:
            if row["given"]:
                key = (row["given"], row["surname"])
                if _may_lend_surname(forms[key]):
                    for name in {row["surname"], row["surname"].rsplit(" ", 1)[-1]}:
                        last[name] = key
                attached.append((row, key))
            else:
                attached.append((row, last.get(row["surname"]) or first.get(row["surname"])))
    return attached


def _may_lend_surname(form: Form) -> bool:
    return form.is_person or form.strength >= 1


def _judge(suspect: Suspect) -> _Verdict:
    """The verdict on a suspect that is sure enough to be flagged."""
    expected, kind = suspect.expected, suspect.kind
    is_error = kind != "transliteration"
    if kind == "swapped_order" and _is_family_first(expected.key):
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
    return _Verdict(
        canonical=expected.display(),
        kind="misspelling" if kind == "given_slip" else kind,
        is_error=is_error,
        confidence=round(suspect.confidence, 4),
        evidence=json.dumps(evidence, ensure_ascii=False, sort_keys=True),
        is_replaced=not is_error or kind == "swapped_order" or expected.canonical is not None,
    )


def _is_family_first(key: Key) -> bool:
    return key[1] in load_lexicon().family_first


def _assemble(
    articles: pl.DataFrame,
    found: pl.DataFrame,
    attached: list[tuple[dict[str, object], Key | None]],
    forms: dict[Key, Form],
    verdicts: dict[tuple[str, Key], _Verdict],
    authority: pl.DataFrame,
) -> CheckedNames:
    """The three frames of the answer from mentions and verdicts."""
    single_aliases = _single_aliases(authority)
    displays = _marked_displays(forms)
    mention_rows: list[tuple[object, ...]] = []
    flag_rows: list[tuple[object, ...]] = []
    people: dict[str, set[str]] = defaultdict(set)
    edits: dict[str, list[tuple[int, int, str]]] = defaultdict(list)

    def emit(row: dict[str, object], entity: str, verdict: _Verdict, replacement: str | None) -> None:
        article_id, start, end, surface = (
            str(row["article_id"]),
            int(str(row["start"])),
            int(str(row["end"])),
            str(row["surface"]),
        )
        flag_id = None
        if verdict.kind is not None:
            flag_id = make_id(article_id, str(start), str(end), verdict.kind, verdict.canonical)
            flag_rows.append(
                (
                    flag_id,
                    article_id,
                    start,
                    end,
                    surface,
                    verdict.canonical,
                    verdict.kind,
                    verdict.is_error,
                    verdict.confidence,
                    verdict.evidence,
                    None,
                )
            )
        mention_rows.append((article_id, start, end, surface, verdict.canonical, entity, flag_id))
        if verdict.is_replaced and replacement and replacement != surface:
            edits[article_id].append((start, end, replacement))

    for row, key in attached:
        surface = str(row["surface"])
        if (
            key is not None
            and not row["given"]
            and not forms[key].is_person
            and (row["article_id"], key) not in verdicts
        ):
            key = None
        if key is None:
            canonical = single_aliases.get(fold(surface))
            if canonical is None and not row["is_titled"]:
                continue
            verdict = _verdict_of_single(surface, canonical)
            emit(row, "person", verdict, _in_case_of(surface, _surname_of(verdict.canonical)))
            people[str(row["article_id"])].add(verdict.canonical)
            continue
        form = forms[key]
        suspected = verdicts.get((str(row["article_id"]), key))
        if suspected is None and not form.is_person:
            continue
        verdict = suspected or _verdict_of_form(form, surface, displays[key])
        people[str(row["article_id"])].add(verdict.canonical)
        if row["given"]:
            emit(row, "person", verdict, _in_case_of(surface, verdict.canonical))
        elif _differs_in_surname(verdict, str(row["surname"])):
            emit(row, "person", verdict, _in_case_of(surface, _surname_of(verdict.canonical)))
        else:
            emit(row, "person", _Verdict(verdict.canonical), None)
    for row in found.filter(pl.col("entity") == "organisation").to_dicts():
        verdict = _verdict_of_organisation(str(row["surface"]), str(row["canonical"]))
        emit(row, "organisation", verdict, verdict.canonical)
    checked = articles.select("article_id", pl.col("text").fill_null("")).iter_rows()
    article_rows = [
        (article_id, sorted(people.get(article_id, ())), _replaced(text, edits.get(article_id, [])))
        for article_id, text in checked
    ]
    return CheckedNames(
        pl.DataFrame(mention_rows, schema=MENTIONS, orient="row").sort("article_id", "start"),
        pl.DataFrame(flag_rows, schema=FLAGS, orient="row").sort("article_id", "start"),
        pl.DataFrame(article_rows, schema=CHECKED_ARTICLES, orient="row"),
    )


def _verdict_of_form(form: Form, surface: str, display: str) -> _Verdict:
    """A full name that no suspicion fell on: known to the authority file, or written with other marks, or just so."""
    if form.is_alias and form.canonical is not None:
        given, surname = split_name(fold(form.canonical).split())
        parts = {relate_part(form.key[0], given, 7), relate_part(form.key[1], surname, 7)}
        kind = "transliteration" if is_romanised(given, surname) and "different" not in parts else "alias"
        return _by_authority(form.canonical, kind)
    if surface.isupper() or _letters(surface) == _letters(display) or fold(surface) != fold(display):
        return _Verdict(display)
    if form.canonical is not None:
        return _by_authority(display, "diacritics")
    evidence = json.dumps({"decided_by": "other texts", "support": form.surfaces[display]}, sort_keys=True)
    return _Verdict(display, "diacritics", False, 0.9, evidence, True)


def _verdict_of_single(surface: str, canonical: str | None) -> _Verdict:
    """A surname alone in a text without the full name: the authority file may know it as a spelling of one person."""
    if canonical is None:
        return _Verdict(recase(surface) if surface.isupper() else surface)
    if fold(surface) == fold(_surname_of(canonical)):
        return _Verdict(canonical)
    return _by_authority(canonical, "transliteration")


def _verdict_of_organisation(surface: str, canonical: str) -> _Verdict:
    """Another spelling of the same letters is a variant; an abbreviation or a longer name is just another name."""
    if surface != canonical and fold(surface) == fold(canonical):
        return _by_authority(canonical, "alias")._replace(is_replaced=True)
    return _Verdict(canonical)


def _by_authority(canonical: str, kind: str) -> _Verdict:
    evidence = json.dumps({"decided_by": "authority", "authority": canonical}, ensure_ascii=False, sort_keys=True)
    return _Verdict(canonical, kind, False, 1.0, evidence, kind in _VARIANTS)


def _marked_displays(forms: dict[Key, Form]) -> dict[Key, str]:
    return {key: form.display() for key, form in forms.items()}


def _single_aliases(authority: pl.DataFrame) -> dict[str, str]:
    """Single words that the authority file gives as a name of just one person."""
    claimed: dict[str, str | None] = {}
    persons = authority.filter(pl.col("entity") == "person").select("canonical", "aliases")
    for canonical, aliases in persons.iter_rows():
        for alias in aliases:
            if " " not in alias:
                claimed[fold(alias)] = canonical if claimed.get(fold(alias), canonical) == canonical else None
    return {alias: canonical for alias, canonical in claimed.items() if canonical}


def _differs_in_surname(verdict: _Verdict, surname: str) -> bool:
    """Whether a flag on the full name also holds for the surname alone."""
    if verdict.kind not in ("misspelling", "transliteration", "diacritics"):
        return False
    return fold(_surname_of(verdict.canonical)) != surname


def _surname_of(canonical: str) -> str:
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


def _in_case_of(surface: str, canonical: str) -> str:
    return canonical.upper() if surface.isupper() and len(surface) > 1 else canonical


def _replaced(text: str, edits: list[tuple[int, int, str]]) -> str | None:
    """The text with some spans replaced, None where nothing changes."""
    if not edits:
        return None
    parts, position = [], 0
    for start, end, replacement in sorted(edits):
        parts += [text[position:start], replacement]
        position = end
    replaced = "".join([*parts, text[position:]])
    return None if replaced == text else replaced
