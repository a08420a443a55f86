"""Names checked against every other text of the batch and the authority file.

Takes articles (and their mentions and near-duplicate clusters), gives every mention with its canonical name, a flag
with its evidence for each name that does not agree, the people of each article and the text with variants normalised.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import polars as pl

from cleaners.document import make_id
from cleaners.names.authority import core_authority
from cleaners.names.compare import fold
from cleaners.names.config import NamesConfig
from cleaners.names.forms import Key
from cleaners.names.mentions import find_mentions
from cleaners.names.scene import Scene, set_scene
from cleaners.names.suspects import find_suspects
from cleaners.names.verdicts import (
    Verdict,
    in_case_of,
    judge,
    surname_of,
    verdict_on_form,
    verdict_on_organisation,
    verdict_on_single,
)

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
CHECKED_ARTICLES = pl.Schema(
    [("article_id", pl.String()), ("people", pl.List(pl.String)), ("text_normalised", pl.String())]
)


class CheckedNames(NamedTuple):
    """What `check_names` gives; the columns of the first two are those of the published tables."""

    mentions: pl.DataFrame
    flags: pl.DataFrame
    articles: pl.DataFrame


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
    scene = set_scene(articles, people, cluster_of, known, config)
    verdicts = {(s.article_id, s.form.key): judge(s) for s in find_suspects(scene) if s.is_flagged(config)}
    answer = _Answer()
    _add_people(answer, scene, verdicts, _single_aliases(known))
    organisations = found.filter(pl.col("entity") == "organisation")
    for article_id, start, end, surface, canonical in organisations.select(_Organisation._fields).iter_rows():
        verdict = verdict_on_organisation(surface, canonical)
        answer.add(article_id, start, end, surface, "organisation", verdict, verdict.canonical)
    return answer.frames(articles)


class _Organisation(NamedTuple):
    """A mention of an organisation, as `find_mentions` gives it."""

    article_id: str
    start: int
    end: int
    surface: str
    canonical: str


class _Answer:
    """Collects the rows of the three frames."""

    def __init__(self) -> None:
        self._mentions: list[tuple[str, int, int, str, str, str, str | None]] = []
        self._flags: list[tuple[str, str, int, int, str, str, str, bool, float, str, None]] = []
        self._people: dict[str, set[str]] = defaultdict(set)
        self._edits: dict[str, list[tuple[int, int, str]]] = defaultdict(list)

    def add(
        self,
        article_id: str,
        start: int,
        end: int,
        surface: str,
        entity: str,
        verdict: Verdict,
        replacement: str | None,
    ) -> None:
        """One mention with its verdict; `replacement` is what the normalised text says if the verdict replaces it."""
        flag_id = None
        if verdict.kind is not None:
            flag_id = make_id(article_id, str(start), str(end), verdict.kind, verdict.canonical)
            flag = (verdict.canonical, verdict.kind, verdict.is_error, verdict.confidence, verdict.evidence, None)
            self._flags.append((flag_id, article_id, start, end, surface, *flag))
        self._mentions.append((article_id, start, end, surface, verdict.canonical, entity, flag_id))
        if entity == "person":
            self._people[article_id].add(verdict.canonical)
        if verdict.is_replaced and replacement and replacement != surface:
            self._edits[article_id].append((start, end, replacement))

    def frames(self, articles: pl.DataFrame) -> CheckedNames:
        """The rows as frames, in order of article and place."""
        rows = [
            (article_id, sorted(self._people.get(article_id, ())), _replaced(text, self._edits.get(article_id, [])))
            for article_id, text in articles.select("article_id", pl.col("text").fill_null("")).iter_rows()
        ]
        return CheckedNames(
            pl.DataFrame(self._mentions, schema=MENTIONS, orient="row").sort("article_id", "start"),
            pl.DataFrame(self._flags, schema=FLAGS, orient="row").sort("article_id", "start"),
            pl.DataFrame(rows, schema=CHECKED_ARTICLES, orient="row"),
        )


def _add_people(
    answer: _Answer, scene: Scene, verdicts: dict[tuple[str, Key], Verdict], single_aliases: dict[str, str]
) -> None:
    """The mentions of people with what is known of each; guesses that nothing confirmed are left out."""
    forms = scene.forms
    displays: dict[Key, str] = {}
    usual: dict[tuple[Key, str], Verdict] = {}  # of forms that no suspicion fell on
    for mention, attached_key in scene.attached:
        key, surface = attached_key, mention.surface
        suspected = verdicts.get((mention.article_id, key)) if key is not None else None
        place = (mention.article_id, mention.start, mention.end, surface, "person")
        if key is not None and suspected is None and not forms[key].is_person:
            if mention.given:
                continue
            key = None
        if key is None:
            canonical = single_aliases.get(fold(surface))
            is_common = bool(mention.role) and mention.surname in scene.words.common  # "Private Parts"
            if canonical is not None or (mention.is_titled and not is_common):
                verdict = verdict_on_single(surface, canonical)
                answer.add(*place, verdict, in_case_of(surface, surname_of(verdict.canonical)))
            continue
        if key not in displays:
            displays[key] = forms[key].display()
        verdict = suspected or usual.get((key, surface))
        if verdict is None:
            verdict = usual[(key, surface)] = verdict_on_form(forms[key], surface, displays[key])
        if mention.given:
            answer.add(*place, verdict, in_case_of(surface, verdict.canonical))
        elif _differs_in_surname(verdict, mention.surname):
            answer.add(*place, verdict, in_case_of(surface, surname_of(verdict.canonical)))
        else:
            answer.add(*place, Verdict(verdict.canonical), None)


def _clusters(articles: pl.DataFrame, clusters: pl.DataFrame | None) -> dict[str, str]:
    """Cluster of each article; without clusters, articles of one and the same text are one."""
    if clusters is not None:
        return dict(clusters.select("article_id", "cluster_id").iter_rows())
    grouped = articles.select("article_id", pl.col("article_id").min().over("text").alias("cluster_id"))
    return dict(grouped.iter_rows())


def _single_aliases(authority: pl.DataFrame) -> dict[str, str]:
    """Single words that the authority file gives as a name of just one person."""
    claimed: dict[str, str | None] = {}
    persons = authority.filter(pl.col("entity") == "person").select("canonical", "aliases")
    for canonical, aliases in persons.iter_rows():
        for alias in aliases:
            if " " not in alias:
                claimed[fold(alias)] = canonical if claimed.get(fold(alias), canonical) == canonical else None
    return {alias: canonical for alias, canonical in claimed.items() if canonical}


def _differs_in_surname(verdict: Verdict, surname: str) -> bool:
    """Whether a flag on the full name also holds for the surname alone."""
    if verdict.kind not in ("misspelling", "transliteration", "diacritics"):
        return False
    return fold(surname_of(verdict.canonical)) != surname


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
