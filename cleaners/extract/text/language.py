"""The language of a text: takes a string, gives an ISO 639-1 code, null where there is too little to tell.

Plain English is known by its small words, for a twentieth of what identifying it costs; everything else is identified. Removes
nothing.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files

from cleaners.extract.config import ExtractConfig

# Of 3,480 texts with this share of English function words or more py3langid calls none anything but English (the least share from
# which on that holds is .04); of other languages the list holds a word in a hundred (`rules/junk_language.toml`).
PLAINLY_ENGLISH = 0.1
# From this share on a text is English, lists and tables among them: of 9,923 texts, whole and in pieces of 60 words, none that
# py3langid calls another language has more than .033.
SURELY_ENGLISH = 0.06
MIN_WORDS = 30


def identify_language(text: str, n_words: int, config: ExtractConfig) -> str | None:
    """Tell the language of a text.

    Args:
        text: of an article.
        n_words: its words.
        config: words below which no language is given, and how much is looked at.

    Returns:
        The code, null where there are too few words or no linguistic content.
    """
    if n_words < config.min_language_words:
        return None
    beginning = text[: config.language_characters]
    if is_plainly_english(beginning, SURELY_ENGLISH):
        return "en"
    import py3langid

    language = str(py3langid.classify(beginning)[0])
    return None if language == "zxx" else language  # zxx: no linguistic content


def is_plainly_english(text: str, least_share: float = PLAINLY_ENGLISH) -> bool:
    """Tell whether the small words of a text show that it is English.

    Args:
        text: some hundred characters or more; of less than 30 words nothing is said.
        least_share: of its words that are small ones.
    """
    words = text.lower().split()
    return len(words) >= MIN_WORDS and sum(map(_english_words().__contains__, words)) >= least_share * len(words)


@lru_cache(maxsize=1)
def _english_words() -> frozenset[str]:
    table = tomllib.loads((files("cleaners") / "rules" / "junk_language.toml").read_text(encoding="utf-8"))
    return frozenset(table["words"]["english_function_words"])
