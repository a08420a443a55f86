import pytest

from cleaners.names.recognise.full_names import AGAINST, STRONG
from cleaners.names.recognise.recognise import find_people
from cleaners.names.recognise.things import is_quoted, is_thing, stands_inside


def place(text: str, name: str) -> tuple[int, int]:
    start = text.index(name)
    return start, start + len(name)


@pytest.mark.parametrize(
    "text",
    [
        "She moved to Ann Halden, Ohio, last year.",
        "He lives near Ann Halden, North Carolina.",
        "They hired Peter Halden, a law firm in Boston.",
        "They hired Peter Halden, the London-based consulting firm that failed.",
        "It was Peter Halden & Co. who paid.",
        "The Peter Halden stadium was full.",
        "A suit by Peter Halden’s employees failed.",
    ],
)
def test_words_around_a_name_make_it_a_thing(text: str) -> None:
    name = "Ann Halden" if "Ann" in text else "Peter Halden"
    assert is_thing(text, place(text, name)[1], "")


@pytest.mark.parametrize(
    "text",
    [
        "They hired Peter Halden, a pediatric resident at a hospital in Boston.",
        "They hired Peter Halden, the company president.",
        "They hired Peter Halden, Ohio State's coach.",
        "If they like Peter Halden, California is going to be his.",
        "What Peter Halden shares with others is his.",
    ],
)
def test_other_words_leave_it_a_person(text: str) -> None:
    assert not is_thing(text, place(text, "Peter Halden")[1], "")


def test_noun_of_a_thing_before_it_makes_a_name_a_thing() -> None:
    assert is_thing("the law firm Peter Halden", 25, "firm")
    assert not is_thing("the lawyer Peter Halden", 23, "lawyer")


@pytest.mark.parametrize(
    ("text", "is_inside"),
    [
        ("in Ann Halden, where", True),
        ("in Ann Halden’s case", False),
        ("in Ann Halden Jr.’s case", False),
        ("in Ann Halden", True),
    ],
)
def test_a_name_that_owns_something_stands_in_no_place(text: str, is_inside: bool) -> None:
    assert stands_inside(text, place(text, "Ann Halden")[1], "in") is is_inside


@pytest.mark.parametrize(
    ("text", "quoted"), [("“Ann Halden,” a play", True), ('"Ann Halden"', True), ("“Ann Halden said so”", False)]
)
def test_a_name_alone_between_quotation_marks_is_a_title(text: str, quoted: bool) -> None:
    assert is_quoted(text, *place(text, "Ann Halden")) is quoted


def strengths(text: str) -> dict[str, int]:
    return {text[s.start : s.end]: s.strength for s in find_people(text, 0.7)}


def test_a_name_that_stands_as_things_do_is_none_unless_its_surname_stands_alone() -> None:
    assert strengths("The end of the Peter Halden era is near.") == {"Peter Halden": AGAINST}
    backed = strengths("The end of the Peter Halden era is near. Halden was indicted.")
    assert backed["Peter Halden"] > AGAINST
    assert strengths("They spoke in Peter Halden.") == {"Peter Halden": AGAINST}
    assert strengths("They believed in Mayor Peter Halden.")["Peter Halden"] >= STRONG


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A Georgia Republican said so.", []),
        ("Roman Catholic bishops came on Easter Sunday.", []),
        ("The Lakeview Sun-Times wrote it.", []),
        ("“Thank you, Mr. President,” he said.", []),
        ("In Washington, D.C. Peter Halden said so.", ["Peter Halden"]),
        ("1988 D Peter Halden +5", ["Peter Halden"]),
        ("Billy Sunday, 43, said so.", ["Billy Sunday"]),
        ("Georgia Halden, 43, said so.", ["Georgia Halden"]),
    ],
)
def test_states_faiths_papers_and_offices_are_nobodys_names(text: str, found: list[str]) -> None:
    assert [name for name, strength in strengths(text).items() if strength >= 1] == found
