"""Given name and surname of a full name.

Takes the folded words of a name, gives the two parts it is compared by; East Asian order and particles are heeded.
"""

from __future__ import annotations

import re

from cleaners.names.lexicon import load_lexicon
from cleaners.names.runs import is_given

_PINYIN = re.compile(
    r"(?:(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?(?:iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|ei|ao|ou|an|en|in|un"
    r"|ia|ie|iu|ua|ui|uo|ue|er|a|e|i|o|u)){1,2}"
)


def split_name(words: list[str]) -> tuple[str, str]:
    """Given name and surname of the folded words of a full name; middle names are left out.

    Chinese, Korean and Vietnamese names are split in their own order: family name first.
    """
    lexicon = load_lexicon()
    names = [word for word in words if word not in lexicon.particles]
    if len(names) < 2:
        return "", " ".join(words)
    first, last = names[0], names[-1]
    if (
        first in lexicon.family_first
        and not is_given(last)
        and ("-" in last or _PINYIN.fullmatch(last) or len(names) == 3)
    ):
        return "-".join(names[1:]), first
    for i, word in enumerate(words[1:], 1):
        if word in lexicon.particles:
            return first, " ".join(words[i:])
    return first, re.sub(r"^(?:al|el|as|ad|an|ash)-", "", last)
