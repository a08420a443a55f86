"""People found by a spaCy model instead of the built-in recogniser; needs the extra `spacy` and a model of the user's.

Takes a text, gives the same spans as `find_people`, those that the model calls PERSON. It is far slower; titles and
offices before a name, and surnames alone, are judged as the built-in recogniser does.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from cleaners.errors import ConfigError
from cleaners.names.lexicon.compare import fold
from cleaners.names.lexicon.lexicon import load_lexicon
from cleaners.names.lexicon.split import split_name
from cleaners.names.recognise.capitals import role_before
from cleaners.names.recognise.recognise import STRONG, PersonSpan

if TYPE_CHECKING:
    from spacy.language import Language

_UNNEEDED = ("tagger", "parser", "attribute_ruler", "lemmatizer", "senter")


def find_people_by_spacy(text: str, model: str) -> list[PersonSpan]:
    """Every span of a text that a spaCy model takes for a person, in order.

    Args:
        text: the article's text; offsets are code points of it.
        model: the name of an installed spaCy model, such as `en_core_web_sm`.

    Raises:
        ConfigError: spaCy or the model is not installed.
    """
    lexicon = load_lexicon()
    spans = []
    for entity in _load(model)(text).ents:
        if entity.label_ not in ("PERSON", "PER"):
            continue
        start, end = entity.start_char, entity.end_char
        for tail in ("'s", "’s"):
            end -= len(tail) * text[start:end].endswith(tail)
        words = [fold(word) for word in text[start:end].split()]
        is_titled = bool(words) and words[0] in lexicon.titles
        while len(words) > 1 and (words[0] in lexicon.titles or words[-1] in lexicon.suffixes):
            words = words[1:] if words[0] in lexicon.titles else words[:-1]
        if not words:
            continue
        given, surname = split_name(words)
        role = role_before(text, start, lexicon)
        spans.append(PersonSpan(start, end, given, surname, role, STRONG, is_titled or bool(role)))
    return spans


@cache
def _load(model: str) -> Language:
    try:
        import spacy
    except ModuleNotFoundError as error:
        raise ConfigError(
            "spaCy is not installed.", "pip install 'copydesk[spacy]', or unset `spacy_model`."
        ) from error
    try:
        return spacy.load(model, exclude=_UNNEEDED)
    except OSError as error:
        raise ConfigError(
            f"There is no spaCy model {model}.",
            f"Install it (python -m spacy download {model}) or unset `spacy_model`.",
        ) from error
