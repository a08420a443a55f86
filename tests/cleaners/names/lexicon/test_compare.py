import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.names.lexicon.compare import (
    are_equivalents,
    are_given_variants,
    deletion_keys,
    edit_distance,
    fold,
    is_romanised,
    is_transposed,
    korean_key,
    relate_part,
    romanisation_key,
)

LETTERS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("written", "key"),
    [("Erdoğan", "erdogan"), ("O’Neill", "o'neill"), ("Søren", "soren"), ("J.K.", "jk"), ("ÇİLLER", "ciller")],
)
def test_fold_leaves_the_letters_alone(written: str, key: str) -> None:
    assert fold(written) == key


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("zelensky", "zelenskiy"),
        ("zelenskyy", "zelenskiy"),
        ("qaddafi", "kaddafi"),
        ("mahmoud", "mahmud"),
        ("yeltsin", "eltsin"),
        ("sergei", "sergey"),
        ("hussein", "husain"),
        ("tarasov", "tarassov"),
    ],
)
def test_spellings_of_one_romanised_name_share_a_key(left: str, right: str) -> None:
    assert romanisation_key(left) == romanisation_key(right)


@pytest.mark.parametrize(("left", "right"), [("petrov", "pavlov"), ("hamid", "hamed"[::-1]), ("blair", "brown")])
def test_different_names_have_different_romanisation_keys(left: str, right: str) -> None:
    assert romanisation_key(left) != romanisation_key(right)


def test_only_names_from_other_alphabets_are_romanised() -> None:
    assert is_romanised("sergei", "lavrov")
    assert is_romanised("mahmoud", "abbas")
    assert not is_romanised("andrew", "middleton")


@pytest.mark.parametrize(
    ("left", "right", "relation"),
    [
        ("henman", "henman", "same"),
        ("jean-pierre", "jeanpierre", "same"),
        ("milburn", "mliburn", "near"),
        ("gough", "goagh", "near"),
        ("armstrong", "arnstromg", "near"),
        ("brown", "bruwm", "different"),  # two edits in five letters
        ("lee", "lea", "different"),  # too short to tell a slip from another name
        ("richard", "richards", "different"),
        ("rooney", "rooneys", "different"),
        ("blair", "brown", "different"),
    ],
)
def test_relation_of_name_parts(left: str, right: str, relation: str) -> None:
    assert relate_part(left, right, 7) == relation
    assert relate_part(right, left, 7) == relation


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("robert", "bob"),
        ("bill", "will"),  # both William
        ("j", "josh"),
        ("tj", "tom"),
        ("steven", "stephen"),
        ("alexandra", "alex"),
        ("margaret", "peggy"),
    ],
)
def test_nicknames_initials_and_short_forms_are_variants(left: str, right: str) -> None:
    assert are_given_variants(left, right)
    assert are_given_variants(right, left)


@pytest.mark.parametrize(("left", "right"), [("robert", "howard"), ("mary", "martin"), ("ian", "tony"), ("k", "josh")])
def test_other_given_names_are_no_variants(left: str, right: str) -> None:
    assert not are_given_variants(left, right)


@given(LETTERS, st.data())
def test_one_edit_always_shares_a_deletion_key(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from("abcxyz"))
    operation = data.draw(st.sampled_from(["delete", "insert", "replace"]))
    edited = {
        "delete": name[:at] + name[at + 1 :],
        "insert": name[:at] + letter + name[at:],
        "replace": name[:at] + letter + name[at + 1 :],
    }[operation]
    assert edit_distance(name, edited) <= 1
    assert set(deletion_keys(name)) & set(deletion_keys(edited))


@given(st.text(max_size=30))
def test_fold_twice_is_fold_once(name: str) -> None:
    assert fold(fold(name)) == fold(name)


def test_one_name_in_two_languages() -> None:
    assert are_equivalents("dmitry", "dmytro")
    assert are_equivalents("mykola", "nikolai")
    assert not are_equivalents("dmitry", "mykola")


def test_letters_in_another_order_are_transposed() -> None:
    assert is_transposed("papadopolous", "papadopoulos")
    assert not is_transposed("papadopulos", "papadopoulos")
    assert not is_transposed("same", "same")


@pytest.mark.parametrize(
    ("left", "right"), [("jae-myung", "jae-myeong"), ("suk-yeol", "seok-yul"), ("geun-hye", "keun-hye")]
)
def test_korean_spellings_of_one_name_have_one_key(left: str, right: str) -> None:
    assert korean_key(left) == korean_key(right)


@pytest.mark.parametrize(
    ("left", "right", "are_one"),
    [
        ("jean-marc", "jean-luc", False),
        ("jean", "jean-luc", True),
        ("duck-soo", "duck-jin", False),
        ("j-d", "j-b", False),
        ("j-d", "james", True),
        ("j-d", "robert", False),
    ],
)
def test_parts_of_a_double_name_must_agree(left: str, right: str, are_one: bool) -> None:
    assert are_given_variants(left, right) is are_given_variants(right, left) is are_one
