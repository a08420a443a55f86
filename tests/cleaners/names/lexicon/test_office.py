import pytest

from cleaners.names.lexicon.office import read_office


@pytest.mark.parametrize(
    ("role", "other", "is_one"),
    [
        ("Sen.", "Republican Senator", True),
        ("Congresswoman", "Rep.", True),
        ("former Secretary of State", "Secretary of State", True),
        ("White House Press Secretary", "press secretary", True),
        ("Secretary", "Commerce Secretary", True),
        ("deputy press secretary", "press secretary", False),
        ("Treasury Secretary", "Commerce Secretary", False),
        ("Senator", "state Senator", True),
        ("Governor", "Senator", False),
    ],
)
def test_offices_are_one_however_papers_write_them(role: str, other: str, is_one: bool) -> None:
    mine, theirs = read_office(role), read_office(other)
    assert mine is not None
    assert theirs is not None
    assert mine.agrees_with(theirs) is theirs.agrees_with(mine) is is_one


def test_an_office_of_two_words_has_no_portfolio() -> None:
    for role in ("Prime Minister", "Attorney General", "the new Governor"):
        office = read_office(role)
        assert office is not None
        assert office.portfolio <= {"the"}


def test_words_that_name_no_office_are_none() -> None:
    assert read_office("former") is None
    assert read_office("") is None


def test_the_key_tells_deputies_from_their_chiefs() -> None:
    keys = [read_office(role) for role in ("deputy press secretary", "Press Secretary")]
    assert [office.key for office in keys if office] == ["deputy press secretary", "press secretary"]
