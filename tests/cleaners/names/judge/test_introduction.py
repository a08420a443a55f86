import pytest

from cleaners.names.judge.introduction import Introduction, read_introduction


def introduce(text: str, *names: str) -> Introduction:
    places, at = [], 0
    for name in names:
        at = text.index(name, at)
        places.append(("a", at, at + len(name)))
        at += len(name)
    return read_introduction(text, places, "bremsk")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ylva Bremsk, a nurse in Vanmouth, wept.", {"nurse", "vanmouth", "wept"}),
        ("Ylva Bremsk, president of the port society. It rained.", {"president", "the", "port", "society"}),
        ("Ylva Bremsk spoke to reporters.", set()),
    ],
)
def test_what_describes_the_bearer_stands_behind_the_name(text: str, words: set[str]) -> None:
    assert introduce(text, "Ylva Bremsk").apposition == words


def test_an_age_is_given_of_somebody_unknown() -> None:
    assert introduce("Ylva Bremsk, 43, was not hurt.", "Ylva Bremsk").is_aged
    assert not introduce("Ylva Bremsk was not hurt.", "Ylva Bremsk").is_aged


def test_a_surname_ahead_takes_the_person_for_known() -> None:
    found = introduce("Bremsk quits. Ylva Bremsk said so. Bremsk left.", "Bremsk", "Ylva Bremsk", "Bremsk")
    assert found.is_surname_ahead
    assert found.n_alone == 2


def test_kin_of_somebody_known_bear_the_surname_too() -> None:
    assert introduce("Ylva Bremsk, the slain man's mother, wept.", "Ylva Bremsk").is_kin
    assert not introduce("Ylva Bremsk, a nurse, wept.", "Ylva Bremsk").is_kin


def test_a_name_without_a_full_mention_is_not_introduced() -> None:
    assert introduce("Bremsk quits.", "Bremsk") == Introduction(False, 1, False, False, frozenset())
