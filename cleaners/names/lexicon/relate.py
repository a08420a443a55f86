"""Relation of two full names: one name, a variant of it, an error, or two names.

Takes two names as written or their folded keys, gives one word; nothing here knows a document. Whether an error was
really made is for the texts to say (`suspects.py`): this only says what kind of error it would be.
"""

from __future__ import annotations

from collections.abc import Callable

from cleaners.names.lexicon.compare import (
    are_equivalents,
    are_given_variants,
    are_one_arabic_name,
    edit_distance,
    fold,
    is_doubling,
    is_romanised,
    is_transposed,
    korean_key,
    relate_part,
    without_umlauts,
)
from cleaners.names.lexicon.kinds import is_given
from cleaners.names.lexicon.lexicon import load_lexicon
from cleaners.names.lexicon.split import is_korean, split_name

Key = tuple[str, str]  # folded given name, folded surname

RELATIONS = {
    "same": "the same letters, whatever their case, marks and punctuation",
    "variant": "initials, nicknames, shortenings, middle names: legitimate",
    "diacritics": "a written-out umlaut",
    "transliteration": "another way to write a name of another script",
    "swapped_order": "given name and surname changed places",
    "misspelling": "one or two letters off",
    "given_slip": "two given names one or two letters apart",
    "wrong_given": "the surname with another given name: an error, or two people",
    "different": "two names",
}


def relate_names(left: str, right: str, min_edit_length_two: int = 7) -> str:
    """Return how two names relate, by their letters alone.

    Args:
        left: a full name, with or without title, middle names and suffix.
        right: another.
        min_edit_length_two: letters from which two edits still make a misspelling.

    Returns:
        One of `RELATIONS`.
    """
    return relate_keys(name_key(left), name_key(right), min_edit_length_two, is_given)


def name_key(name: str) -> Key:
    """The folded given name and surname of a name as written; titles and suffixes are left out."""
    lexicon = load_lexicon()
    words = [word for word in fold(name.replace(",", " ")).split() if word]
    while len(words) > 2 and words[0] in lexicon.titles:
        words = words[1:]
    while len(words) > 2 and words[-1] in lexicon.suffixes:
        words = words[:-1]
    return split_name(words)


def relate_keys(key: Key, other: Key, min_edit_length_two: int, is_known_given: Callable[[str], bool]) -> str:
    """`relate_names` of two keys; `is_known_given` says which folded words are given names."""
    (given, surname), (other_given, other_surname) = key, other
    by_surname = relate_part(surname, other_surname, min_edit_length_two)
    by_given = relate_part(given, other_given, min_edit_length_two)
    is_equivalent = by_given != "same" and (are_equivalents(given, other_given) or _are_one_korean_name(key, other))
    if is_equivalent or (by_given in ("near", "different") and are_one_arabic_name(given, other_given)):
        by_given = "romanised"
    if by_surname == by_given == "same":
        return "same"
    if (given, surname) == (other_surname, other_given):
        return "swapped_order"
    if by_surname == "different":
        return "different"
    if all(without_umlauts(a) == without_umlauts(b) for a, b in zip(key, other, strict=True)):
        return "diacritics"
    if by_given in ("same", "romanised") and by_surname in ("same", "romanised"):
        # Sadam and Saddam are one name; Letwin and Lettwin are a name and a slip, however Russian the ending.
        is_doubled = any(map(is_doubling, key, other))
        is_slip = any(map(is_transposed, key, other)) or (is_doubled and load_lexicon().given.get(given) == "")
        if is_equivalent and not is_slip:
            return "transliteration"
        if not is_slip and (is_romanised(given, surname) or is_romanised(other_given, other_surname)):
            return "transliteration"
        slips = [edit_distance(a, b) for a, b in zip(key, other, strict=True)]
        return "misspelling" if all(map(_may_be_slip, slips, key, other)) else "different"
    if by_surname in ("near", "romanised"):
        return "misspelling" if by_given == "same" else "different"
    if are_given_variants(given, other_given):
        return "variant"
    if by_given in ("near", "romanised"):
        return "given_slip" if is_known_given(given) and is_known_given(other_given) else "misspelling"
    return "wrong_given"


def _are_one_korean_name(key: Key, other: Key) -> bool:
    """Tell whether two names are one Korean name in two romanisations: Lee Jae-myung, Lee Jae Myeong."""
    return key[1] == other[1] and is_korean(*key) and is_korean(*other) and korean_key(key[0]) == korean_key(other[0])


def _may_be_slip(distance: int, left: str, right: str) -> bool:
    """Tell whether two parts that sound alike are close enough for one to be a slip for the other."""
    return distance == 0 or (distance <= 2 and min(len(left), len(right)) > 3)
