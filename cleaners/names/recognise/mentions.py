"""Mentions of people and organisations in a frame of articles.

Takes articles, gives one row a mention with its offsets and what the consistency check needs: given name, surname,
role, strength. Organisations are those of the authority file and those whose abbreviation the text introduces.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import polars as pl

from cleaners.names.authority import core_authority
from cleaners.names.collector import frame_of, pause_collector
from cleaners.names.config import NamesConfig
from cleaners.names.lexicon.compare import fold
from cleaners.names.lexicon.lexicon import load_lexicon
from cleaners.names.recognise.full_names import STRONG
from cleaners.names.recognise.near_organisations import Spellings
from cleaners.names.recognise.organisations import Organisations
from cleaners.names.recognise.pieces import split_runs
from cleaners.names.recognise.recognise import NO_PERSON, find_people

MENTION_SCHEMA = pl.Schema(
    {
        "article_id": pl.String,
        "start": pl.Int64,
        "end": pl.Int64,
        "surface": pl.String,
        "entity": pl.String,
        "canonical": pl.String,  # of organisations and of aliases that stand for one person; null otherwise
        "given": pl.String,  # folded; empty where the surname stands alone
        "surname": pl.String,  # folded
        "role": pl.String,  # office as written, empty where none is given
        "strength": pl.Int64,  # 0 a guess, 1 likely, 2 or more certain on the text's own evidence
        "is_titled": pl.Boolean,
    }
)


# A row of `MENTION_SCHEMA`.
_Mention = tuple[str, int, int, str, str, str | None, str, str, str, int, bool]

NEAR_MISS = 1  # strength of a known organisation with one letter off
_ABBREVIATION = re.compile(r"\(([A-Z][A-Za-z]?[A-Z]{1,6})\)")
_JOINERS = frozenset({"of", "and", "for", "the", "on", "in", "de", "&"})


def find_mentions(
    articles: pl.DataFrame,
    config: NamesConfig,
    authority: pl.DataFrame | None = None,
    watch: Callable[[str], None] | None = None,
) -> pl.DataFrame:
    """Find every mention of a person or a known organisation. The cost is linear in the texts' length.

    Args:
        articles: `article_id` and `text`; one shard of any size, since nothing depends on the other articles.
        config: settings of the step.
        authority: authority file as `load_authority` gives it; the package's own when None.
        watch: called with each `article_id` before work on it begins.

    Returns:
        mentions, columns as in `MENTION_SCHEMA`, in order of article and `start`; no two overlap. Rows of strength
        below 2 are guesses that `check_names` confirms or drops.
    """
    known = core_authority() if authority is None else authority
    organisations = _know_organisations(_spellings(known, "organisation"))
    people = {fold(alias): canonical for alias, canonical in _spellings(known, "person")}
    rows: list[_Mention] = []
    with pause_collector():
        for article_id, text in articles.select("article_id", "text").iter_rows():
            if watch:
                watch(article_id)
            rows.extend(_mentions_of(article_id, text or "", config, organisations, people))
    return frame_of(rows, MENTION_SCHEMA)


def _mentions_of(
    article_id: str,
    text: str,
    config: NamesConfig,
    organisations: Organisations,
    people: dict[str, str],
) -> list[_Mention]:
    """The mentions of one text as rows of `MENTION_SCHEMA`."""
    found: list[_Mention] = []
    taken: list[tuple[int, int]] = []

    def add_organisation(start: int, end: int, canonical: str, strength: int = STRONG) -> None:
        if not any(start < e and s < end for s, e in taken[-8:]):
            taken.append((start, end))
            found.append(
                (article_id, start, end, text[start:end], "organisation", canonical, "", "", "", strength, False)
            )

    parts = split_runs(text)
    introduced = _introduced(text, organisations.canonical_of)
    pattern_hits, misses = organisations.find(text, parts)
    for abbreviation, (long_start, long_end, canonical) in introduced.items():
        pattern_hits.append((long_start, long_end, canonical))
        pattern_hits += [
            (m.start(), m.end(), canonical) for m in re.finditer(rf"(?<![\w@#.]){re.escape(abbreviation)}(?!\w)", text)
        ]
    for start, end, canonical in sorted(pattern_hits, key=lambda hit: (hit[0], -hit[1])):
        add_organisation(start, end, canonical)
    for miss in misses:
        if not any(miss.start < e and s < miss.end for s, e in taken):
            add_organisation(*miss, strength=NEAR_MISS)
    ordered = sorted(taken)
    at = 0
    last_end = -1
    for span in find_people(text, config.headline_capitals, people, parts):
        while at < len(ordered) and ordered[at][1] <= span.start:
            at += 1
        if at < len(ordered) and ordered[at][0] < span.end:
            continue
        if span.start < last_end:
            continue
        surface = text[span.start : span.end]
        alias_of = people.get(fold(surface)) if not span.given else None
        if not span.given and span.strength <= NO_PERSON and alias_of is None:
            continue
        last_end = span.end
        strength = max(span.strength, STRONG) if alias_of else span.strength
        start, end, given, surname, role = span[:5]
        found.append(
            (article_id, start, end, surface, "person", alias_of, given, surname, role, strength, span.is_titled)
        )
    return sorted(found)


def _introduced(text: str, canonical_of: dict[str, str]) -> dict[str, tuple[int, int, str]]:
    """Abbreviations of organisations that the text introduces: abbreviation -> (start, end, canonical) of the name.

    The initials of the words before the bracket must spell the abbreviation (Schwartz and Hearst 2003, words only).
    """
    heads = load_lexicon().organisation_heads
    introduced: dict[str, tuple[int, int, str]] = {}
    for match in _ABBREVIATION.finditer(text):
        abbreviation = match.group(1)
        if abbreviation in introduced:
            continue
        words = list(re.finditer(r"[\w'’&\-]+", text[max(0, match.start() - 120) : match.start()]))
        offset = max(0, match.start() - 120)
        letters = list(abbreviation.casefold())
        at = len(words)
        while letters and at:
            at -= 1
            word = words[at].group()
            parts = [p for p in word.casefold().split("-") if p]
            if word[0].casefold() == letters[-1] and word not in _JOINERS:
                letters.pop()
            elif len(parts) > 1 and letters[-len(parts) :] == [p[0] for p in parts]:
                del letters[-len(parts) :]
            elif word == "of" and letters[-1] == "o":
                letters.pop()
            elif word not in _JOINERS:
                break
        if letters or at == len(words):
            continue
        start, end = offset + words[at].start(), offset + words[-1].end()
        name = text[start:end]
        if "\n" in name or not name[0].isupper():
            continue
        if name in canonical_of:
            introduced[abbreviation] = (start, end, canonical_of[name])
        elif any(word.casefold() in heads for word in name.split()):
            introduced[abbreviation] = (start, end, canonical_of.get(abbreviation, name))
    return introduced


def _spellings(authority: pl.DataFrame, entity: str) -> Spellings:
    """(spelling, canonical) of every name and alias; a spelling that two names claim belongs to neither."""
    claimed: dict[str, str | None] = {}
    for canonical, aliases in authority.filter(pl.col("entity") == entity).select("canonical", "aliases").iter_rows():
        for spelling in [canonical, *aliases]:
            claimed[spelling] = canonical if claimed.get(spelling, canonical) == canonical else None
    return tuple((spelling, canonical) for spelling, canonical in claimed.items() if canonical)


@lru_cache(maxsize=8)
def _know_organisations(spellings: Spellings) -> Organisations:
    """The known organisations with what was looked up in earlier frames: a shard is read in many slices."""
    return Organisations(spellings)
