"""Plain English is recognised by its small words; every other text is identified."""

from __future__ import annotations

import sys

import pytest

from cleaners.extract import ExtractConfig
from cleaners.extract.text.language import identify_language
from tests.cleaners.junk.detectors.test_languages import TEXTS

CONFIG = ExtractConfig()


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_each_language_is_named(language: str) -> None:
    text = TEXTS[language]
    assert identify_language(text, len(text.split()) + 12, CONFIG) == language


def test_plain_english_is_not_shown_to_the_identifier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "py3langid", None)  # importing it fails
    text = TEXTS["en"]
    assert identify_language(text, len(text.split()), CONFIG) == "en"
    with pytest.raises(ImportError):
        identify_language(TEXTS["nl"], 40, CONFIG)


def test_a_list_with_few_small_words_is_english_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "py3langid", None)
    text = (
        "Harbour festival timetable. Friday: brass band, lantern parade, fireworks. Saturday: swimming races, chess tent, "
        "pie contest, story hour for children. Sunday: boat blessing, market stalls, pipe music, closing concert by the pier, and a dance. "
        "Tickets: adults eight pounds, pupils four, from the office."
    )
    assert identify_language(text, len(text.split()), CONFIG) == "en"


def test_a_few_english_words_in_another_language_do_not_make_it_english() -> None:
    text = f"{TEXTS['de']} Sie nannten es The Long Goodbye from the Sea."
    assert identify_language(text, 60, CONFIG) == "de"


def test_a_short_text_has_no_language() -> None:
    assert identify_language("The end of it.", 4, CONFIG) is None
