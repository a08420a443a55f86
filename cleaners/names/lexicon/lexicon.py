"""The word lists behind the recogniser of names, read once from the package's data files.

Takes nothing, gives a `Lexicon`: given names with their origin, nicknames, and the closed word classes of
`lexicon.toml`. No name is recognised by a list of surnames: `surnames.csv` (US Census 1990, public domain) only says
how common one is, for the chance that two people share it.
"""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Lexicon:
    """Word lists in lower case, without diacritics."""

    given: dict[str, str]  # name -> origin ("" where it says nothing about the script)
    ambiguous_given: frozenset[str]  # given names that are as often a word, a place or a surname
    nicknames: dict[str, frozenset[str]]  # name -> every form it is exchanged with
    equivalents: dict[str, frozenset[str]]  # name -> its spellings in neighbouring languages, itself among them
    titles: frozenset[str]
    office_titles: dict[str, str]  # title or form of an office -> the office
    office_noise: frozenset[str]
    office_ranks: frozenset[str]
    naming_titles: frozenset[str]  # those that are part of a name without a surname
    roles: frozenset[str]  # with their plurals: "Tories Jane Roe and John Doe"
    offices: frozenset[str]  # the roles that stand before a surname alone
    role_modifiers: frozenset[str]
    thing_suffixes: frozenset[str]
    surname_things: frozenset[str]  # thing suffixes that are surnames too
    paper_words: frozenset[str]  # two of them with a hyphen are a newspaper
    thing_nouns: frozenset[str]  # say in lower case what a thing is
    thing_followers: frozenset[str]  # stand in lower case behind the name of a firm or a place
    place_prefixes: frozenset[str]
    namesake_things: frozenset[str]  # phrases: things that bear what looks like a person's name
    compound_tails: frozenset[str]
    not_names: frozenset[str]
    countries: frozenset[str]
    states: frozenset[str]
    given_states: frozenset[str]  # states that are given names as often
    state_initials: frozenset[str]
    party_letters: frozenset[str]
    demonyms: frozenset[str]  # no part of a name even where they look like a given name
    never_surnames: frozenset[str]  # plurals of offices, words of party and faith: no surname even behind a given name
    particles: frozenset[str]
    opening_given: frozenset[str]  # particles that are a given name where they open one
    suffixes: frozenset[str]
    speech_verbs: frozenset[str]
    organisation_heads: frozenset[str]
    family_first: frozenset[str]
    korean_families: frozenset[str]  # those that are other names too; a given name of two syllables must follow
    hungarian_given: frozenset[str]  # a family name stands before them as often as behind
    state_offices: frozenset[str]  # offices that one person holds at a time
    per_million: dict[str, int]  # surname -> bearers in a million people; only those that twenty bear


@cache
def load_lexicon() -> Lexicon:
    """The word lists of the package, read once a process."""
    package = files("cleaners.names.lexicon")
    lists: dict[str, str] = tomllib.loads(package.joinpath("lexicon.toml").read_text(encoding="utf-8"))
    phrases = frozenset(" ".join(phrase.split()) for phrase in lists.pop("namesake_things").split(";"))
    words = {key: frozenset(value.split()) for key, value in lists.items()}
    given: dict[str, str] = {}
    ambiguous = set()
    for row in csv.DictReader(package.joinpath("given_names.csv").read_text(encoding="utf-8").splitlines()):
        given[row["name"]] = row["origin"]
        if row["is_ambiguous"]:
            ambiguous.add(row["name"])
    exchanged: dict[str, set[str]] = {}
    for row in csv.DictReader(package.joinpath("nicknames.csv").read_text(encoding="utf-8").splitlines()):
        short = row["nicknames"].split()
        given.setdefault(row["name"], "")
        for nickname in short:
            given.setdefault(nickname, "")
            exchanged.setdefault(row["name"], set()).add(nickname)
            exchanged.setdefault(nickname, set()).add(row["name"])
    equivalents: dict[str, frozenset[str]] = {}
    for row in csv.DictReader(package.joinpath("equivalents.csv").read_text(encoding="utf-8").splitlines()):
        spellings = frozenset(row["names"].split())
        for spelling in spellings:
            equivalents[spelling] = equivalents.get(spelling, frozenset()) | spellings
    plurals = frozenset(plural for head in words["role_heads"] if (plural := _plural(head)))
    return Lexicon(
        given=given,
        ambiguous_given=frozenset(ambiguous),
        nicknames={name: frozenset(others) for name, others in exchanged.items()},
        equivalents=equivalents,
        titles=words["titles"],
        office_titles={title: office for title, _, office in (pair.partition("=") for pair in words["office_titles"])},
        office_noise=words["office_noise"],
        office_ranks=words["office_ranks"],
        naming_titles=words["naming_titles"],
        roles=words["role_heads"] | plurals,
        offices=words["offices"],
        role_modifiers=words["role_modifiers"],
        thing_suffixes=words["thing_suffixes"] | words["surname_things"],
        surname_things=words["surname_things"],
        paper_words=words["paper_words"],
        thing_nouns=words["thing_nouns"],
        thing_followers=words["thing_followers"],
        place_prefixes=words["place_prefixes"],
        namesake_things=phrases,
        compound_tails=words["compound_tails"],
        not_names=words["not_names"]
        | words["demonyms"]
        | words["party_words"]
        | words["states"]
        | words["countries"]
        | words["faiths_and_days"]
        | {f"{w}s" for w in words["not_names"] if w.endswith("an")},
        countries=words["countries"],
        states=words["states"],
        given_states=words["given_states"],
        state_initials=words["state_initials"],
        party_letters=words["party_letters"],
        demonyms=words["demonyms"],
        never_surnames=words["party_words"] | words["faiths_and_days"] | plurals,
        particles=words["particles"],
        opening_given=words["opening_given"],
        suffixes=words["suffixes"],
        speech_verbs=words["speech_verbs"],
        organisation_heads=words["organisation_heads"],
        family_first=words["family_first"],
        korean_families=words["family_first"] | words["korean_families"],
        hungarian_given=words["hungarian_given"],
        state_offices=words["state_offices"],
        per_million={
            row["surname"]: int(row["per_million"])
            for row in csv.DictReader(package.joinpath("surnames.csv").read_text(encoding="utf-8").splitlines())
        },
    )


def _plural(role: str) -> str:
    """The plural of a noun of office, empty where it might be a verb: heads, hosts, coaches."""
    if role.endswith("man"):
        return f"{role[:-2]}en"
    if role.endswith("y") and role[-2] not in "aeou":
        return f"{role[:-1]}ies"
    return f"{role}s" if role.endswith(("er", "or", "ist", "ian", "ant", "dent", "mp", "crat", "can")) else ""
