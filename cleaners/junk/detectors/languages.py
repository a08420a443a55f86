"""Texts that are not English: takes a text and what the detectors found in it, gives the same passages, some in doubt.

English shows by its own small words, whatever the page claims. In any other language only detectors that do not depend on it
cut by themselves, and only what they are sure of; what English rules match there is cut where the learned layer confirms it, and
else reported. Removes nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

import numpy as np

from cleaners.junk.config import StripConfig
from cleaners.junk.detectors import cards, credits, labels, owners, templates, widgets
from cleaners.junk.detectors.rules import load_rules
from cleaners.junk.page.page import Passage
from cleaners.junk.page.segments import Bools
from cleaners.junk.page.tokens import U64, KeyTable, Tokens, tokenize
from cleaners.junk.rule_files import load_words

ENGLISH = "en"
# Share of its tokens that are English function words. Of 9,900 English texts of 100 words or more, columns of share prices and
# fixtures aside, the least has .05; of texts in 8 other languages the most has .01
# (tests/cleaners/junk/detectors/test_languages.py).
SURELY_ENGLISH = 0.05
SURELY_OTHER = 0.02
# Fewer tokens show nothing: then the page's own word for its language counts, and a text without one is taken as English.
MIN_TOKENS = 30

OTHER_LANGUAGE = (
    "the text is not English: a rule of English words matches, or a detector is not sure enough without them"
)


def is_english(
    tokens: Tokens, language: str | None, passages: Iterable[Passage] = (), is_common: Bools | None = None
) -> bool:
    """Tell whether a text is English, by its words where they show it, else by what is known of it.

    Args:
        tokens: of the text.
        language: what the document says or another detector found, an ISO 639-1 code; None where unknown.
        passages: what is proposed to be cut; its words do not count where enough others do, for the junk of a page may be
            English though its story is not.
        is_common: of `mark_function_words`, where it is known.

    """
    common = mark_function_words(tokens.hashes) if is_common is None else is_common
    extents = [(passage.start, passage.end) for passage in passages]
    if extents:
        is_own = np.ones(len(tokens.starts), dtype=bool)
        for first, last in np.searchsorted(tokens.starts, extents).tolist():
            is_own[first:last] = False
        if np.count_nonzero(is_own) >= MIN_TOKENS:
            common = common[is_own]
    if len(common) >= MIN_TOKENS:
        share = np.count_nonzero(common) / len(common)
        if share >= SURELY_ENGLISH:
            return True
        if share <= SURELY_OTHER:
            return False
    return language in (None, ENGLISH)


def mark_function_words(hashes: U64) -> Bools:
    """Tell which tokens are English function words."""
    is_common = np.zeros(len(hashes), dtype=bool)
    is_common[_function_words().find(hashes)[0]] = True
    return is_common


def doubt_english_rules(passages: Iterable[Passage], config: StripConfig) -> list[Passage]:
    """The passages found in a text of another language, in doubt unless their detector needs no English to be sure.

    Args:
        passages: what the detectors propose.
        config: how sure they must be.

    """
    return [
        passage
        if passage.rule_id in _any_language()
        and passage.is_bounded
        and passage.confidence >= config.other_language_confidence
        else replace(passage, doubt=OTHER_LANGUAGE)
        for passage in passages
        if not passage.is_attached
    ]


@lru_cache(maxsize=1)
def _any_language() -> frozenset[str]:
    """Rules and detectors that read structure, names and repetition, not English words."""
    detectors = [row for module in (cards, credits, labels, owners, templates, widgets) for row in module.DESCRIPTIONS]
    return frozenset(row.id for row in (*load_rules(), *detectors) if row.any_language)


@lru_cache(maxsize=1)
def _function_words() -> KeyTable:
    return KeyTable(np.unique(tokenize(" ".join(sorted(load_words()["english_function_words"]))).hashes))
