"""Names checked against every other text of the batch and the authority file.

Takes articles (and their mentions, near-duplicate clusters, editors' decisions), gives every mention with its
canonical name, a flag with its evidence for each name that does not agree, and each article's people and replacements.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import polars as pl

from cleaners.names.answer import Answer, CheckedNames
from cleaners.names.authority import Periods, core_authority
from cleaners.names.collector import pause_collector
from cleaners.names.config import NamesConfig
from cleaners.names.decisions import Decided, Decision
from cleaners.names.judge.forms import Person
from cleaners.names.judge.offices import find_role_conflicts
from cleaners.names.judge.scene import Scene, set_scene
from cleaners.names.judge.suspects import Suspect, find_suspects
from cleaners.names.judge.verdicts import (
    Verdict,
    admit,
    close,
    confirm,
    doubt,
    in_case_of,
    judge,
    surname_of,
    verdict_on_conflict,
    verdict_on_form,
    verdict_on_organisation,
    verdict_on_single,
)
from cleaners.names.lexicon.compare import fold
from cleaners.names.lexicon.relate import Key
from cleaners.names.recognise.mentions import NEAR_MISS, find_mentions

MAX_MISSPELT_TEXTS = 2  # texts with one misspelling of an organisation from which it is another's name; a choice


def check_names(
    articles: pl.DataFrame | pl.LazyFrame,
    config: NamesConfig,
    mentions: pl.DataFrame | pl.LazyFrame | None = None,
    clusters: pl.DataFrame | None = None,
    authority: pl.DataFrame | None = None,
    decisions: pl.DataFrame | None = None,
    earlier_flags: pl.DataFrame | None = None,
    judged: pl.Series | None = None,
) -> CheckedNames:
    """Check every name against the other texts. The cost is near-linear in the mentions (inverted index).

    Args:
        articles: `article_id`, `text` and, if known, `published_at`, which the window of time goes by. Of a lazy frame
            only the texts that hold a suspect name or bear witness on one are read, and a sample.
        config: settings of the step.
        mentions: mentions of these articles as `find_mentions` gives them; found here when None. A lazy frame is read here, and
            not held once its rows are laid out.
        clusters: `article_id`, `cluster_id`: near-duplicates are one witness; identical texts alone when None.
        authority: authority file as `load_authority` gives it; the package's own when None.
        decisions: editors' decisions as `load_decisions` gives them.
        earlier_flags: `article_id` and `start` of the flags of an earlier run: they stay until their confidence falls
            below `keep_confidence`.
        judged: ids of the articles to judge, to which the others only bear witness; all when None.

    Returns:
        mentions, flags, replacements and, one row an article, its people and normalised text, of the articles judged.
    """
    with pause_collector():
        return _check(articles, config, mentions, clusters, authority, Decided(decisions), earlier_flags, judged)


def _check(
    articles: pl.DataFrame | pl.LazyFrame,
    config: NamesConfig,
    mentions: pl.DataFrame | pl.LazyFrame | None,
    clusters: pl.DataFrame | None,
    authority: pl.DataFrame | None,
    decided: Decided,
    earlier_flags: pl.DataFrame | None,
    judged: pl.Series | None,
) -> CheckedNames:
    known = decided.extend(core_authority() if authority is None else authority)
    if mentions is None:
        mentions = find_mentions(articles.lazy().collect(), config, known)
    found = mentions.lazy().collect()
    del mentions
    organisations = found.filter(pl.col("entity") == "organisation").select(_Organisation._fields)
    people = found.filter(pl.col("entity") == "person")
    del found
    scene = set_scene(articles, people, _clusters(articles, clusters), known, config, judged)
    del people  # as rows in the scene
    earlier = set() if earlier_flags is None else set(_flagged(earlier_flags).select("article_id", "start").iter_rows())
    verdicts = _judge_suspects(scene, decided, earlier)
    answer = Answer()
    periods = Periods(known)
    _add_people(answer, scene, verdicts, decided, _single_aliases(known), periods)
    misspelt = organisations.filter(pl.col("strength") == NEAR_MISS)
    texts_of = Counter(surface for surface, _ in misspelt.select("surface", "article_id").unique().iter_rows())
    for article_id, start, end, surface, canonical, strength in organisations.iter_rows():
        if article_id in scene.judged:
            is_off = strength == NEAR_MISS
            if is_off and texts_of[surface] > MAX_MISSPELT_TEXTS:
                continue
            time = periods.place(canonical, surface, scene.day_of.get(article_id))
            if time == -1:
                continue  # nobody called it so yet
            verdict = verdict_on_organisation(surface, canonical, is_misspelt=is_off, is_outdated=time == 1)
            verdict = _decide_organisation(verdict, decided, article_id, start, surface)
            answer.add(article_id, start, end, surface, "organisation", verdict, verdict.canonical)
    del scene, verdicts  # a third of a gigabyte for forty thousand articles
    return answer.frames(
        articles if judged is None else articles.lazy().filter(pl.col("article_id").is_in(judged.implode()))
    )


def _flagged(earlier: pl.DataFrame) -> pl.DataFrame:
    """The flags of an earlier run without its doubts, which keep no flag."""
    return earlier.filter(pl.col("kind") != "namesake") if "kind" in earlier.columns else earlier


def _decide_organisation(verdict: Verdict, decided: Decided, article_id: str, start: int, surface: str) -> Verdict:
    """A verdict on an organisation as an editor decided; the same where nobody did."""
    decision = decided.on(article_id, start, surface)
    found = verdict if verdict.kind else None
    if decision is not None:
        return _as_decided(decision, found, surface) or verdict
    if found and decided.are_two_people(surface, verdict.canonical):
        return close(verdict, surface, "two_people")
    return verdict


class _Plain(dict[str, Verdict]):
    """Verdicts with nothing to say but the canonical name."""

    def __missing__(self, canonical: str) -> Verdict:
        verdict = self[canonical] = Verdict(canonical)
        return verdict


class _Organisation(NamedTuple):
    """A mention of an organisation, as `find_mentions` gives it."""

    article_id: str
    start: int
    end: int
    surface: str
    canonical: str
    strength: int


def _judge_suspects(scene: Scene, decided: Decided, earlier: set[tuple[str, int]]) -> dict[tuple[str, Key], Verdict]:
    """A verdict for each article and form that is flagged, an editor's word before the model's."""
    verdicts: dict[tuple[str, Key], Verdict] = {}

    def was_flagged(suspect: Suspect) -> bool:
        places = scene.names_in(suspect.article_id).places.get(suspect.form.key, ())
        return any((article_id, start) in earlier for article_id, start, _ in places)

    for suspect in find_suspects(scene):
        if suspect.is_flagged(scene.config, was_flagged(suspect)):
            verdict = judge(suspect)
        elif suspect.is_doubted(scene.config):
            verdict = doubt(suspect)
        else:
            continue
        name = suspect.form.display()
        if decided.are_two_people(name, verdict.canonical):
            verdict = close(verdict, name, "two_people")
        verdicts[(suspect.article_id, suspect.form.key)] = verdict
    verdicts |= _judge_kin(scene, verdicts)
    for conflict in find_role_conflicts(scene):
        verdicts.setdefault((conflict.article_id, conflict.form.key), verdict_on_conflict(conflict))
    if decided:
        for mention, key in scene.judged_mentions():
            decision = decided.on(mention.article_id, mention.start, mention.surface)
            if decision is not None and key is not None and mention.given:
                found = verdicts.get((mention.article_id, key))
                settled = _as_decided(decision, found, scene.forms[key].display())
                if settled is not None:
                    verdicts[(mention.article_id, key)] = settled
    return verdicts


def _judge_kin(scene: Scene, verdicts: dict[tuple[str, Key], Verdict]) -> dict[tuple[str, Key], Verdict]:
    """Verdicts on those who share a misspelled surname with somebody in a text, and whom no other text names."""
    found: dict[tuple[str, Key], Verdict] = {}
    for (article_id, key), verdict in verdicts.items():
        surname = surname_of(verdict.canonical)
        if verdict.kind != "misspelling" or not verdict.is_error or fold(surname) == key[1]:
            continue
        for kin in scene.names_in(article_id).people:
            if kin[1] == key[1] and (article_id, kin) not in verdicts and scene.forms[kin].support == 1:
                given = scene.forms[kin].display().rpartition(" ")[0]
                found[(article_id, kin)] = verdict._replace(canonical=f"{given} {surname}")
    return found


def _as_decided(decision: Decision, found: Verdict | None, name: str) -> Verdict | None:
    """A verdict as an editor decided; None where there is nothing to close."""
    if decision.is_for:
        return confirm(found, decision)
    if decision.decision == "alias":
        return admit(found, decision)
    return None if found is None else close(found, name, decision.decision)


def _add_people(
    answer: Answer,
    scene: Scene,
    verdicts: dict[tuple[str, Key], Verdict],
    decided: Decided,
    single_aliases: dict[str, str],
    periods: Periods,
) -> None:
    """The mentions of people with what is known of each; guesses that nothing confirmed are left out."""
    forms = scene.forms
    displays: dict[Key, str] = {}
    plain = _Plain()
    usual: dict[tuple[Key, str], Verdict] = {}  # of forms that no suspicion fell on
    for mention, attached_key in scene.judged_mentions():
        key, surface = attached_key, mention.surface
        suspected = verdicts.get((mention.article_id, key)) if key is not None else None
        if key is not None and suspected is None and not forms[key].is_person:
            if mention.given:
                continue
            key = None
        if key is None:
            canonical = single_aliases.get(fold(surface))
            is_common = bool(mention.role) and mention.surname in scene.words.common  # "Private Parts"
            if canonical is not None or (mention.is_titled and not is_common):
                _add_person(answer, decided, mention, verdict_on_single(surface, canonical), surname_alone=True)
            continue
        if key not in displays:
            displays[key] = forms[key].display()
        verdict = suspected or usual.get((key, surface))
        if verdict is None:
            verdict = usual[(key, surface)] = verdict_on_form(forms[key], surface, displays[key])
        if (
            verdict.kind == "alias"
            and periods.place(verdict.canonical, surface, scene.day_of.get(mention.article_id)) == 0
        ):
            verdict = plain[verdict.canonical]  # the name of that time
        if not mention.given and not _differs_in_surname(verdict, mention.surname):
            verdict = plain[verdict.canonical]
        _add_person(answer, decided, mention, verdict, surname_alone=not mention.given)


def _add_person(answer: Answer, decided: Decided, mention: Person, verdict: Verdict, *, surname_alone: bool) -> None:
    """One mention; a decision on this very mention goes before everything."""
    decision = decided.on(mention.article_id, mention.start, mention.surface) if decided else None
    if decision is not None and verdict.decision is None:
        verdict = _as_decided(decision, verdict if verdict.kind else None, mention.surface) or verdict
    replacement = None
    if verdict.is_replaced:
        expected = surname_of(verdict.canonical) if surname_alone else verdict.canonical
        replacement = in_case_of(mention.surface, expected)
    answer.add(mention.article_id, mention.start, mention.end, mention.surface, "person", verdict, replacement)


def _clusters(articles: pl.DataFrame | pl.LazyFrame, clusters: pl.DataFrame | None) -> dict[str, str]:
    """Cluster of each article; without clusters, articles of one and the same text are one."""
    if clusters is not None:
        return dict(clusters.select("article_id", "cluster_id").iter_rows())
    grouped = articles.lazy().select("article_id", pl.col("article_id").min().over("text").alias("cluster_id"))
    return dict(grouped.collect().iter_rows())


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
    """Tell whether a flag on the full name also holds for the surname alone."""
    if verdict.kind not in ("misspelling", "transliteration", "diacritics"):
        return False
    return fold(surname_of(verdict.expected or verdict.canonical)) != surname
