"""The kinds of the words of a capitalised run: office, title, given name, thing and so on.

Takes the words of a run, gives a letter for each and the office among them; nothing here knows the text around it. Runs come
again and again, so that the latest are kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from cleaners.names.lexicon.compare import fold
from cleaners.names.lexicon.lexicon import Lexicon, load_lexicon

UPPER = "".join(chr(c) for c in [*range(0x41, 0x530), *range(0x1E00, 0x1F00)] if chr(c).isupper())
_INITIALS = re.compile(rf"(?:[{UPPER}]\.?-?){{1,3}}")
_PINYIN = re.compile(
    r"(?:(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?(?:iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|ei|ao|ou|an|en|in|un"
    r"|ia|ie|iu|ua|ui|uo|ue|er|a|e|i|o|u)){1,2}"
)
MAX_KEPT_CHARS = 80  # characters of a run that is kept: the kept ones take some megabytes at most
NAMING = frozenset("GWAIP")  # kinds of words that may be part of a name


class Judged(NamedTuple):
    """Facts that the words of a run show by themselves."""

    caps: bool  # all in capitals
    kinds: tuple[str, ...]  # a letter a word, see `_kind`
    office: int  # number of the last office or title with a word behind it, -1 where there is none
    role: str  # the office as written, "" where there is none
    stretches: tuple[
        tuple[int, int], ...
    ]  # of `list_stretches` behind the office; no word alone before a thing, where all is bare
    is_bare: bool  # the stretches are names as they stand: of two words at most, no particle, suffix or verb of speech


def judge_words(run: str) -> Judged:
    """Judge the words of a run by themselves.

    Args:
        run: the words, one space between them.
    """
    return _judge_again(run) if len(run) <= MAX_KEPT_CHARS else judge_run(run)


def judge_run(run: str) -> Judged:
    """The same, not kept."""
    lexicon = load_lexicon()
    words = run.split(" ")
    keys = [fold(word) for word in words]
    caps = len(words) > 1 and (words[-1].isupper() or keys[-1] in lexicon.particles)
    caps = caps and all(w.isupper() or k in lexicon.particles for w, k in zip(words, keys, strict=True))
    kinds = [_kind(i, words, keys, caps, lexicon) for i in range(len(words))]
    if kinds == ["S"] and keys[0] in lexicon.surname_things:
        kinds = ["W"]  # Woods alone, if the text names a Woods in full
    # A word of office, place or thing behind a given name is a surname: Stephen King, Tiger Woods, Theresa May.
    for i in range(1, len(words)):
        last = i == len(words) - 1
        behind_given = kinds[i - 1] == "G" and (i == 1 or kinds[i - 2] in "RTNM")
        behind_initial = kinds[i - 1] == "I" and i > 1 and kinds[i - 2] == "G"
        is_street = kinds[i] != "N" or keys[i] in lexicon.thing_suffixes  # King Street, but King Francis
        behind_title = kinds[i - 1] == "T" and not (is_street and keys[i - 1] in lexicon.naming_titles)
        is_thing = kinds[i] == "S" and keys[i] not in lexicon.surname_things  # Jiffy Lube, Davis Cup
        if (
            last
            and kinds[i] in "RTSNM"
            and keys[i] not in lexicon.never_surnames
            and not words[i].endswith(".")
            and not (keys[i - 1] in lexicon.not_names and kinds[i] in "NS")  # Easter Sunday, Will County
            and not (keys[i - 1] in lexicon.given_states and kinds[i] in "RTM")  # a Georgia Republican
            and (behind_title or ((behind_given or behind_initial) and not is_thing))
        ):
            kinds[i] = "A"
        elif keys[i - 1] in lexicon.place_prefixes and kinds[i - 1] == "N" and kinds[i] in "GW":
            kinds[i] = "N"
    if (
        kinds[-2:] == ["W", "N"]
        and keys[-2] in lexicon.family_first
        and is_pinyin(keys[-1])
        and set(kinds[:-2]) <= set("RTMN")
    ):
        kinds[-1] = "A"  # Liu He
    # A thing's word between an office and a last word is a given name: President Bill Hart.
    if len(words) > 2 and kinds[-1] == "W" and kinds[-2] == "S" and kinds[-3] in "RT":
        kinds[-2] = "A"
    office = next((i for i in range(len(kinds) - 2, -1, -1) if kinds[i] in "RT"), -1)
    role = ""
    if office >= 0:
        of_office = zip(words[: office + 1], kinds, keys, strict=False)
        role = role_words([w for w, k, key in of_office if k in "RMTW" or key in lexicon.role_modifiers], lexicon)
    stretches = list_stretches(kinds, office + 1)
    attached = (lexicon.particles, lexicon.suffixes, lexicon.speech_verbs)
    is_bare = all(last - first <= 2 for first, last in stretches) and all(each.isdisjoint(keys) for each in attached)
    if is_bare:  # "Ford Foundation": nobody's surname
        stretches = tuple(
            (low, high) for low, high in stretches if high - low > 1 or high == len(kinds) or kinds[high] not in "SR"
        )
    return Judged(caps, tuple(kinds), office, role, stretches, is_bare)


def list_stretches(kinds: Sequence[str], start: int) -> tuple[tuple[int, int], ...]:
    """Where words that may be part of a name stand next to each other, from a word on: the first, and one past the last."""
    found: list[tuple[int, int]] = []
    for place in range(start, len(kinds)):
        if kinds[place] in NAMING:
            if found and found[-1][1] == place:
                found[-1] = (found[-1][0], place + 1)
            else:
                found.append((place, place + 1))
    return tuple(found)


_judge_again = lru_cache(maxsize=20_000)(judge_run)


@lru_cache(maxsize=200_000)
def lone_key(word: str) -> str | None:
    """The folded word if it may be a name where it stands alone, the most frequent run by far; else None."""
    lexicon = load_lexicon()
    key = fold(word)
    kind = _kind(0, [word], [key], False, lexicon)
    is_name = kind in NAMING or (kind == "S" and key in lexicon.surname_things)
    return key if is_name and key not in lexicon.suffixes else None


@lru_cache(maxsize=200_000)
def class_of(key: str) -> str:
    """The letter of a folded word wherever it stands; ? for a given name only as the first of two."""
    lexicon = load_lexicon()
    if key in lexicon.titles or _is_compound_rank(key, lexicon):
        return "T"
    if key in lexicon.place_prefixes:
        return "N"
    if key in lexicon.given and key not in lexicon.not_names and key not in lexicon.roles:
        return "G"
    if key in lexicon.roles:
        return "R"
    if key in lexicon.not_names:
        return "?" if key in lexicon.given and key not in lexicon.demonyms else "N"
    if key in lexicon.thing_suffixes:
        return "S"
    if key in lexicon.role_modifiers:
        return "M"
    if "-" in key and lexicon.paper_words.issuperset(key.split("-")):
        return "S"  # Sun-Times
    return "N" if "-" in key and any(part in lexicon.not_names for part in key.split("-")) else "W"


def _is_compound_rank(key: str, lexicon: Lexicon) -> bool:
    """Tell whether a word is a rank of two: Lieutenant-Colonel, Vice-Admiral."""
    rank = key.rpartition("-")[2] if "-" in key and key not in lexicon.roles else ""
    return rank in lexicon.offices or rank == "general"


def is_given(key: str) -> bool:
    """Tell whether a folded word is a known given name, or a compound of one."""
    given = load_lexicon().given
    return key in given or ("-" in key and key.split("-", 1)[0] in given)


def is_pinyin(key: str) -> bool:
    """Tell whether a folded word is one or two syllables of Chinese in pinyin."""
    return _PINYIN.fullmatch(key) is not None


def is_initials(text: str) -> bool:
    """Tell whether a word is nothing but initials: J., J.K., JK."""
    n = len(text)
    return n <= 6 and (n <= 2 or "." in text) and _INITIALS.fullmatch(text) is not None


def role_words(words: list[str], lexicon: Lexicon) -> str:
    """The office itself as the paper writes it: the last noun of office with the modifiers before it, without country,
    article or title.
    """
    kept: list[str] = []
    for word in reversed(words):
        key = fold(word)
        if not kept:
            if key in lexicon.office_titles:
                kept.append(word)
                continue
            if key in lexicon.titles:
                continue
            if key not in lexicon.roles:
                return ""
            kept.append(word)
        elif key in lexicon.role_modifiers or key in lexicon.roles or key == "of":
            kept.append(word)
        else:
            break
    return " ".join(w for w in reversed(kept) if fold(w) not in {"former", "ex", "late", "then", "acting", "of"})


def _kind(index: int, words: Sequence[str], keys: Sequence[str], caps: bool, lexicon: Lexicon) -> str:
    """One letter a word: Role, Title, Modifier, Not a name, thing Suffix, Given name, Initials, Particle, other Word."""
    word, key = words[index], keys[index]
    if key in lexicon.particles and index and (caps or word.islower()):
        return "P"
    if is_initials(word) and key not in lexicon.roles and (len(word.replace(".", "")) == 1 or not caps):
        if key in lexicon.not_names and not (len(key) == 1 and index and keys[index - 1] in lexicon.given):
            return "N" if len(key) > 1 else "I"
        if key in lexicon.state_initials and not word.isalpha():
            return "N"  # D.C.
        opens_name = not index and len(words) > 2 and keys[1] in lexicon.given
        if opens_name and word.isalpha() and key in lexicon.party_letters:
            return "N"  # of a table: D Jane Roe
        letters = word.replace(".", "").replace("-", "")
        if len(letters) == 1 or "." in word or index + 2 == len(words):
            return "I"
        return "N"
    kind = class_of(key)
    if kind == "?":
        return "G" if index + 2 == len(words) else "N"
    return "N" if kind == "W" and not caps and word.isupper() and len(word) > 1 else kind  # an acronym
