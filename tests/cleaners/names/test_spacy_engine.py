from __future__ import annotations

import sys
import types
from pathlib import Path

import polars as pl
import pytest

from cleaners.errors import ConfigError
from cleaners.names import NamesConfig, find_mentions, load_authority
from cleaners.names.spacy_engine import _load

NOBODY = load_authority("canonical\n")
TEXT = "The transport secretary Martin Cardwell's plan pleased Mr Hale. Van der Meer Holdings fell."


class Entity:
    def __init__(self, text: str, label: str) -> None:
        self.start_char = TEXT.index(text)
        self.end_char = self.start_char + len(text)
        self.label_ = label


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch):
    """A stand-in for spaCy: what it would find is given."""
    found = [Entity("Martin Cardwell's", "PERSON"), Entity("Mr Hale", "PERSON"), Entity("Van der Meer Holdings", "ORG")]

    def load(name: str, exclude: tuple[str, ...]):
        if name != "en_test":
            raise OSError(name)
        return lambda _: types.SimpleNamespace(ents=found)

    monkeypatch.setitem(sys.modules, "spacy", types.SimpleNamespace(load=load))
    _load.cache_clear()
    yield "en_test"
    _load.cache_clear()


def mentions(model: str) -> list[tuple]:
    frame = pl.DataFrame({"article_id": ["a"], "text": [TEXT]})
    found = find_mentions(frame, NamesConfig(spacy_model=model), NOBODY)
    return found.select("surface", "given", "surname", "role", "is_titled").rows()


def test_people_of_a_spacy_model_become_mentions(model: str) -> None:
    assert mentions(model) == [
        ("Martin Cardwell", "martin", "cardwell", "transport secretary", True),
        ("Mr Hale", "", "hale", "", True),
    ]


def test_a_missing_model_is_named(model: str) -> None:
    with pytest.raises(ConfigError, match="no spaCy model en_nowhere"):
        mentions("en_nowhere")


def test_without_spacy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    _load.cache_clear()
    with pytest.raises(ConfigError, match="not installed"):
        mentions("en_test")


def test_a_real_pipeline_of_spacy_gives_the_same_rows(tmp_path: Path) -> None:
    spacy = pytest.importorskip("spacy")
    _load.cache_clear()
    language = spacy.blank("en")
    ruler = language.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": name} for name in ("Martin Cardwell", "Hale")])
    language.to_disk(tmp_path / "model")
    assert [row[0] for row in mentions(str(tmp_path / "model"))] == ["Martin Cardwell", "Hale"]
    _load.cache_clear()
