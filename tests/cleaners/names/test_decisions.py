"""Decisions of editors, as the check honours them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest

from cleaners.errors import ConfigError
from cleaners.names import CheckedNames, NamesConfig, check_names, core_authority, load_authority, load_decisions
from tests.cleaners.names.test_check import NO_AUTHORITY, paper, story

RUN = "The yard of Qualcom said on Monday that it would build two more ships, and that its workers would stay."
HEADER = "decided_at,decision,flag_id,article_id,start,end,surface,kind,canonical,note\n"


def check(texts: Sequence[str], decisions: pl.DataFrame, authority: pl.DataFrame = NO_AUTHORITY) -> CheckedNames:
    frame = pl.DataFrame([paper(*one) for one in enumerate(texts)], schema=["article_id", "text"], orient="row")
    return check_names(frame, NamesConfig(), authority=authority, decisions=decisions)


def decide(flag: dict[str, object], *words: str) -> pl.DataFrame:
    row = ",".join(
        str(flag[name]) for name in ("flag_id", "article_id", "start", "end", "surface", "kind", "canonical")
    )
    return load_decisions(HEADER + "".join(f",{word},{row},\n" for word in words))


def flagged(texts: Sequence[str], authority: pl.DataFrame = NO_AUTHORITY) -> dict[str, object]:
    (flag,) = check(texts, load_decisions(""), authority).flags.filter("is_error").iter_rows(named=True)
    return flag


def test_an_alias_is_the_same_person_here_and_in_texts_to_come() -> None:
    texts = story("Martin Cardwell", "Martin Cardwell", "Philip Cardwell")
    decisions = decide(flagged(texts), "alias")
    later = "Cranes for Vanmouth were ordered by Philip Cardwell in May. Cardwell paid for them himself."
    checked = check([*texts, later], decisions)
    assert set(checked.flags.select("kind", "is_error", "canonical").iter_rows()) == {
        ("alias", False, "Martin Cardwell")
    }
    people = {tuple(names) for names in checked.articles["people"]}
    assert people == {("Martin Cardwell",)}
    assert checked.replacements.is_empty()


def test_an_alias_keeps_what_the_authority_file_says_of_the_person() -> None:
    known = load_authority("canonical,aliases,roles\nMartin Cardwell,M. J. Cardwell,Transport Secretary\n")
    flag = flagged(story("Martin Cardwell", "Martin Cardwell", "Philip Cardwell"))
    checked = check(story("Martin Cardwell", "Philip Cardwell"), decide(flag, "alias"), known)
    assert not checked.flags["is_error"].any()


def test_a_decision_that_was_taken_back_counts_no_more() -> None:
    texts = story("Martin Cardwell", "Martin Cardwell", "Philip Cardwell")
    flag = flagged(texts)
    assert not check(texts, decide(flag, "reject")).flags["is_error"].any()
    assert check(texts, decide(flag, "reject", "reopen")).flags["is_error"].to_list() == [True]
    assert check(texts, decide(flag, "reject", "reopen", "two_people")).flags["decision"].to_list() == ["two_people"]


@pytest.mark.parametrize(
    ("word", "is_error", "text"),
    [
        ("reject", False, RUN),
        ("two_people", False, RUN),
        ("alias", False, RUN),
        ("accept", True, RUN.replace("Qualcom", "Qualcomm")),
    ],
)
def test_organisations_are_decided_too(word: str, is_error: bool, text: str) -> None:
    flag = flagged([RUN], core_authority())
    assert (flag["surface"], flag["canonical"]) == ("Qualcom", "Qualcomm")
    checked = check([RUN], decide(flag, word), core_authority())
    assert checked.flags.select("decision", "is_error").rows() == [(word, is_error)]
    assert (checked.articles["text_normalised"][0] or RUN) == text


def test_an_unknown_word_is_refused() -> None:
    row = {
        "flag_id": "a" * 24,
        "article_id": "b" * 24,
        "start": 0,
        "end": 4,
        "surface": "x",
        "kind": "alias",
        "canonical": "y",
    }
    with pytest.raises(ConfigError, match="perhaps"):
        decide(row, "perhaps")
