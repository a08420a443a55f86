"""Relation of two names, letter by letter: folding, romanisation, edit distance, nicknames.

Takes two spellings, gives a word for their relation; nothing here knows a document. A difference that another
alphabet explains is a transliteration, one that a slip of the keyboard explains is a misspelling.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from cleaners.names.lexicon.lexicon import load_lexicon

# Letters that Unicode does not decompose, as English papers write them.
_PLAIN = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i", "’": "'", "ʼ": "'"}
)

# Spellings of one sound in romanised Arabic, Cyrillic, Hebrew, Greek and Persian (ALA-LC, BGN/PCGN, press usage), each
# behind letters without which it cannot match: letters are sought faster than a pattern.
_ROMANISATION = [
    (letters, re.compile(pattern), replacement)
    for letters, pattern, replacement in [
        ("", r"['`-]", ""),
        ("e", r"^(?:y|j)e", "e"),
        ("y", r"(?<=[aeiou])y(?=[aeou])", ""),
        ("sk", r"(?:skyy|skyj|skyi|skij|skiy|skii|skii|sky|ski)$", "ski"),
        ("", r"(?:iy|ij|yy|yi|ii|yj)$", "i"),
        ("ch", r"shch|sch", "sh"),
        ("h", r"kh|gh|dh(?=a)", "h"),
        ("llah", r"h(?=[ou]llah$)", ""),
        ("tch", r"tch", "ch"),
        ("ij", r"ij(?=.)", "i"),
        ("th", r"th", "t"),
        ("o", r"oo|ou", "u"),
        ("", r"ee|ei|ey|ie|iy|y|ae|ai|ay", "i"),
        ("w", r"(?<=[aou])w(?=[aiou])", "w"),
        ("", r"q|c(?=[aou])", "k"),
        ("ks", r"ks", "x"),
        ("", r"(.)\1", r"\1"),
        ("e", r"e", "i"),
        ("o", r"o", "u"),
        ("h", r"h$", ""),
    ]
]
# Spellings of one sound in romanised Korean (Revised Romanisation, McCune-Reischauer, press usage).
_KOREAN_SOUNDS = [
    (re.compile(pattern), replacement)
    for pattern, replacement in [
        (r"ck", "k"),
        (r"eo|ou|oo|woo|eu", "u"),
        (r"ee|ui", "i"),
        (r"ai", "ae"),
        (r"^g|(?<=-)g", "k"),
        (r"^d|(?<=-)d", "t"),
        (r"^b|(?<=-)b", "p"),
        (r"^j|(?<=-)j", "ch"),
        (r"-", ""),
    ]
]
_CYRILLIC_SURNAME = re.compile(r"(?:ov|ova|ev|eva|yev|in|ina|sk[iy]+|skaya|enko|enka|chuk|vich|yan|ian|shvili|dze)$")
_ARABIC_SURNAME = re.compile(r"^(?:al|el|abd|abu|bin|ibn)|(?:[auo]llah|uddin|eddin|afi|awi|ari|ani)$")
_ARABIC_GIVEN = re.compile(r"(?:[aiou]llah|[ue]ddin)$")
_INDIC_SURNAME = re.compile(
    r"(?:[dt]haran|swam[iy]|nathan|krishnan?|murth[iy]|rajan|subramani[ay]n|subramaniam|lingam|singhe?|sinha|ward[ae]n[ae]|tunga|suriya"
    r"|ratne|sekar[ae]?|appa|[ai]yya|iah)$"
)
_GAELIC_SURNAME = re.compile(r"^(?:mac|mc|o')")
_SHORT_VOWELS = frozenset({"arabic", "persian"})
_ROMANISED = frozenset({"slavic", "arabic", "persian", "hebrew", "greek"})


@lru_cache(maxsize=200_000)
def fold(name: str) -> str:
    """Lower case without diacritics, with straight apostrophes and no full stops: the key names are compared by."""
    lowered = name.casefold().translate(_PLAIN)
    if lowered.isascii():
        return lowered.replace(".", "")
    # Twice: a mathematical capital has no case until it is decomposed, and folding can compose again.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", lowered).casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).replace(".", "")


@lru_cache(maxsize=200_000)
def romanisation_key(folded: str) -> str:
    """The same key for spellings that differ only in how another alphabet was written in ours."""
    for letters, pattern, replacement in _ROMANISATION:
        if letters in folded:
            folded = pattern.sub(replacement, folded)
    return folded


def korean_key(folded: str) -> str:
    """The same key for spellings of a Korean given name that differ only in how it was romanised."""
    for pattern, replacement in _KOREAN_SOUNDS:
        folded = pattern.sub(replacement, folded)
    return folded


def without_umlauts(folded: str) -> str:
    """A folded name with the written-out umlauts (Juergen, Schroeder) as bare vowels."""
    return re.sub(r"([aou])e", r"\1", folded)


def is_romanised(given: str, surname: str) -> bool:
    """Tell whether a (folded) name looks as if it came from another alphabet."""
    lexicon = load_lexicon()
    if _GAELIC_SURNAME.match(surname):
        return False
    if lexicon.given.get(given, "") in _ROMANISED or _ARABIC_GIVEN.search(given):
        return True
    return bool(_CYRILLIC_SURNAME.search(surname) and len(surname) > 5) or bool(
        (_ARABIC_SURNAME.search(surname) or _INDIC_SURNAME.search(surname)) and given not in lexicon.given
    )


def are_equivalents(left: str, right: str) -> bool:
    """Tell whether two folded given names are one name in two languages: Dmitry and Dmytro."""
    return right in load_lexicon().equivalents.get(left, ())


def is_transposed(left: str, right: str) -> bool:
    """Tell whether two folded parts have the same letters in another order, as slips do and alphabets never."""
    return left != right and len(left) == len(right) and sorted(left) == sorted(right)


def is_doubling(left: str, right: str) -> bool:
    """Tell whether two folded parts differ by doubled letters alone, as slips do and alphabets seldom."""
    return left != right and undoubled(left) == undoubled(right)


def undoubled(folded: str) -> str:
    """A folded name with every doubled letter once."""
    return re.sub(r"(.)\1", r"\1", folded)


def are_one_arabic_name(left: str, right: str) -> bool:
    """Tell whether two folded given names are one Arabic or Persian name: its short vowels are written as each paper likes."""
    origin = load_lexicon().given
    if origin.get(left) not in _SHORT_VOWELS or origin.get(right) not in _SHORT_VOWELS or left[0] != right[0]:
        return False
    return _skeleton(left) == _skeleton(right)


def _skeleton(name: str) -> str:
    """The consonants of a name, doubled ones once, and whether a vowel ends it."""
    consonants = re.sub(r"[aeiou]", "", name[:-1]) + name[-1]
    return undoubled(consonants)


def edit_distance(left: str, right: str, cutoff: int = 3) -> int:
    """Edits between two strings, a swap of neighbours being one (optimal string alignment), at most `cutoff + 1`."""
    from rapidfuzz.distance import OSA

    return int(OSA.distance(left, right, score_cutoff=cutoff))


def deletion_keys(name: str) -> Iterator[str]:
    """The name and the name short of one letter each: two names one edit apart share at least one of them."""
    yield name
    for i in range(len(name)):
        yield name[:i] + name[i + 1 :]


def relate_part(left: str, right: str, min_edit_length_two: int) -> str:
    """Return how two folded name parts relate.

    Returns:
        same | romanised (another alphabet may explain it) | near (a slip may explain it) | different
    """
    if left == right:
        return "same"
    if left.replace("-", "").replace("'", "").replace(" ", "") == right.replace("-", "").replace("'", "").replace(
        " ", ""
    ):
        return "same"
    shorter = min(len(left), len(right))
    if left + "s" == right or right + "s" == left:
        return "different"  # a plural, or two common names: Richard and Richards
    if romanisation_key(left) == romanisation_key(right) and shorter >= 3:
        return "romanised"
    if shorter < 3:
        return "different"
    distance = edit_distance(left, right, 2)
    if distance == 1 and shorter >= 4:
        return "near"
    if distance == 2 and shorter >= min_edit_length_two and left[0] == right[0]:
        return "near"
    return "different"


@lru_cache(maxsize=200_000)
def are_given_variants(left: str, right: str) -> bool:
    """Tell whether two folded given names may be one person's: initials, nicknames, shortenings, first and middle names."""
    if left == right:
        return True
    heads, others = left.replace("-", " ").split(), right.replace("-", " ").split()
    if not heads or not others:
        return True
    if set(heads) & set(others):
        # Jean of Jean-Marc; but Jean-Marc and Jean-Luc, Duck-soo and Duck-jin, J. D. and J. B. are two names.
        return len(heads) == 1 or len(others) == 1 or all(map(are_given_variants, heads, others))
    first, second = heads[0], others[0]
    if _is_initials(first) or _is_initials(second):
        is_all = any(len(parts) > 1 and all(map(_is_initials, parts)) for parts in (heads, others))  # J. D.
        return first[0] == second[0] or (len(heads) != len(others) and not is_all)
    nicknames = load_lexicon().nicknames
    mine = nicknames.get(first, frozenset())
    theirs = nicknames.get(second, frozenset())
    if (
        second in mine
        or first in theirs
        or any(first in nicknames.get(n, ()) and second in nicknames.get(n, ()) for n in mine & theirs)
    ):
        return True
    shorter, longer = sorted((first, second), key=len)
    if len(shorter) >= 3 and len(longer) - len(shorter) >= 2 and longer.startswith(shorter):
        return True
    # Pet forms keep the first syllable and end in -ie or -y: Monnie for Monica, Berney for Bernard.
    stem = re.sub(r"(?:ie|ey|y|i)$", "", shorter)
    undoubled = re.sub(r"(.)\1$", r"\1", stem)
    is_pet_form = stem != shorter and len(stem) >= 4 and len(undoubled) >= 3
    return is_pet_form and longer.startswith(undoubled)


def _is_initials(part: str) -> bool:
    """Tell whether a folded part is nothing but initials: j, jd, and em of E. M."""
    return len(part) == 1 or (len(part) == 2 and (not set(part) & set("aeiouy") or part not in load_lexicon().given))
