import time

import pytest

from cleaners.names.recognise.near_organisations import NearOrganisations

NAMES = ("Volkswagen", "Goldman Sachs", "Lockheed Martin", "Deutsche Bank", "World Bank", "Intel")
NEAR = NearOrganisations(tuple((name, name) for name in NAMES))


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
    assert [(text[m.start : m.end], m.canonical) for m in NEAR.find(text)] == found


def test_time_is_linear_in_the_capitalised_words() -> None:
    began = time.process_time()
    assert NEAR.find("Volkswagen Goldman " * 10_000) == []
    assert time.process_time() - began < 2
