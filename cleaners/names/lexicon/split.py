"""Given name and surname of a full name.

Takes the folded words of a name, gives the two parts it is compared by; East Asian order and particles are heeded.
"""

from __future__ import annotations

import re

from cleaners.names.lexicon.kinds import is_given, is_pinyin
from cleaners.names.lexicon.lexicon import load_lexicon

_VIETNAMESE_MIDDLE = frozenset({"van", "thi"})
_SYLLABLE = (
    r"(?:kk|tt|pp|ss|jj|ch|sh|[gkndtrlmbpsjhy])?"
    r"(?:yae|yeo|wae|woo|yoo|you|ae|ya|eo|ye|wa|oe|yo|wo|we|wi|yu|yi|eu|ui|oo|ee|ou|a|e|o|i|u)"
    r"(?:ng|ck|[nmklptw])?h?"
)
# One syllable, or two with a hyphen between them, in the romanisations of Korean that papers use.
_KOREAN = re.compile(rf"{_SYLLABLE}(?:-{_SYLLABLE})?")


def is_korean(given: str, surname: str) -> bool:
    """Tell whether a folded name is written as Korean names are: family name of the list, given name of Korean syllables."""
    return surname in load_lexicon().korean_families and all(map(_KOREAN.fullmatch, given.split("-")))


def split_name(words: list[str]) -> tuple[str, str]:
    """Given name and surname of the folded words of a full name; middle names are left out.

    Chinese, Korean and Vietnamese names are split in their own order: family name first.
    """
    lexicon = load_lexicon()
    names = [
        word
        for i, word in enumerate(words)
        if word not in lexicon.particles or (not i and word in lexicon.opening_given)
    ]
    if len(names) < 2:
        return "", " ".join(words)
    n_initials = next((i for i, word in enumerate(names) if len(word) > 1), 0)
    if 1 < n_initials < len(names):
        names = ["-".join(names[:n_initials]), *names[n_initials:]]  # J. D.
    elif len(names[0]) == 2 and not set(names[0]) & set("aeiouy") and names[0] not in lexicon.titles:
        names = ["-".join(names[0]), *names[1:]]  # JD
    first, last = names[0], names[-1]
    if first in lexicon.family_first and not is_given(last) and ("-" in last or is_pinyin(last) or len(names) == 3):
        return "-".join(names[1:]), first
    if first in lexicon.family_first and len(words) == 3 and words[1] in _VIETNAMESE_MIDDLE:
        return "-".join(words[1:]), first
    is_korean = (len(names) == 2 and "-" in last) or len(names) == 3
    if is_korean and first in lexicon.korean_families and all(_KOREAN.fullmatch(word) for word in names[1:]):
        return "-".join(names[1:]), first
    for i, word in enumerate(words[1:], 1):
        if word in lexicon.particles:
            return first, " ".join(words[i:])
    return first, re.sub(r"^(?:al|el|as|ad|an|ash)-", "", last)
