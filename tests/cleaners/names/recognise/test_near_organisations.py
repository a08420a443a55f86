import time

import pytest

from cleaners.names.recognise.near_organisations import NearMiss
from cleaners.names.recognise.organisations import Organisations
from cleaners.names.recognise.pieces import split_runs

NAMES = ("Volkswagen", "Goldman Sachs", "Lockheed Martin", "Deutsche Bank", "World Bank", "Intel")
KNOWN = Organisations(tuple((name, name) for name in NAMES))


def find(text: str) -> list[NearMiss]:
    return KNOWN.find(text, split_runs(text))[1]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Shares of Volkswagon rose.", [("Volkswagon", "Volkswagen")]),
        ("He left Goldman Sacks.", [("Goldman Sacks", "Goldman Sachs")]),
        (
            "Lockhead Martin and Deutsch Bank fell.",
            [("Lockhead Martin", "Lockheed Martin"), ("Deutsch Bank", "Deutsche Bank")],
        ),
        ("Volkswagen, Goldman Sachs and Lockheed Martin rose.", []),
        ("Volkswagens stood before the World Band and Intell.", []),
        ("The nurse Ylva Volkswagon wept.", []),
        ("Mr Sacks met Mr Martin.", []),
        ("Rivals-Volkswagon and @Volkswagon", []),
    ],
)
def test_names_a_letter_off_are_found(text: str, found: list[tuple[str, str]]) -> None:
    assert [(text[m.start : m.end], m.canonical) for m in find(text)] == found


def test_time_is_linear_in_the_capitalised_words() -> None:
    began = time.process_time()
    text = "Volkswagen Goldman " * 10_000
    assert find(text) == []
    assert time.process_time() - began < 2


def test_a_word_is_found_where_no_run_begins_and_again_in_a_run_met_before() -> None:
    text = "The pro-Volkswagon side lost. Volkswagen won, and Volkswagon said so."
    for _ in range(2):
        misses = find(text)
        assert [text[miss.start : miss.end] for miss in misses if text[miss.start - 1] != "-"] == ["Volkswagon"]
    assert find("the volkswagon") == []
