"""Flags with their witnesses: one text of each story, also where two people hold one office."""

from __future__ import annotations

from pathlib import Path

from flows.query.flags import group_flags, read_flags
from flows.store.snapshots import read_snapshot
from tests.flows.snapshots import article, cluster, flag, mention, write_snapshot


def test_a_conflict_of_offices_shows_both_sides(tmp_path: Path) -> None:
    own = article("own", "Treasury Secretary Martin Cardwell left.")
    usual = article("usual", "Transport Secretary Martin Cardwell came.", site="one.example")
    holder = article("holder", "The budget is sound, Treasury Secretary Helen Brandt said.", site="two.example")
    evidence = {
        "articles": [usual["article_id"], holder["article_id"], "f" * 24],
        "holder": "Helen Brandt",
        "office": "Treasury Secretary",
        "usual_office": "Transport Secretary",
    }
    raised = flag(own, "Martin Cardwell", "Martin Cardwell", is_error=False, evidence=evidence)
    snapshot = write_snapshot(
        tmp_path / "snapshot",
        articles=[own, usual, holder],
        name_flags=[raised | {"kind": "role_conflict"}],
        name_mentions=[
            mention(usual, "Martin Cardwell", "Martin Cardwell"),
            mention(holder, "Helen Brandt", "Helen Brandt"),
        ],
    )
    (row,) = read_flags(read_snapshot(snapshot)).iter_rows(named=True)
    assert [(one["site"], one["surface"]) for one in row["witnesses"]] == [
        ("one.example", "Martin Cardwell"),
        ("two.example", "Helen Brandt"),
    ]
    assert row["reason"] == "called Treasury Secretary, elsewhere Transport Secretary; that is Helen Brandt"


def test_copies_are_one_witness_and_the_own_story_is_none(tmp_path: Path) -> None:
    own = article("own", "Philip Cardwell left.")
    copies = [article(f"copy{n}", f"Martin Cardwell came, paper {n} says.") for n in range(3)]
    mine = article("mine", "Martin Cardwell left.")
    evidence = {"articles": [row["article_id"] for row in (*copies, mine)]}
    snapshot = write_snapshot(
        tmp_path / "snapshot",
        articles=[own, mine, *copies],
        clusters=[*cluster(copies), *cluster([own, mine])],
        name_flags=[flag(own, "Philip Cardwell", "Martin Cardwell", is_error=True, evidence=evidence)],
        name_mentions=[mention(row, "Martin Cardwell", "Martin Cardwell") for row in (*copies, mine)],
    )
    (row,) = read_flags(read_snapshot(snapshot)).iter_rows(named=True)
    assert [one["before"] + one["surface"] for one in row["witnesses"]] == ["Martin Cardwell"]


def test_evidence_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    own = article("own", "Philip Cardwell left, and Philip Cardwell came back.")
    first = flag(own, "Philip Cardwell", "Martin Cardwell", is_error=True) | {"evidence": "{"}
    second = first | {"flag_id": "e" * 24, "start": 26, "end": 41, "evidence": "[1]", "confidence": 0.5}
    snapshot = write_snapshot(tmp_path / "snapshot", articles=[own], name_flags=[second, first])
    flags = read_flags(read_snapshot(snapshot))
    assert flags["confidence"].to_list() == [0.9, 0.5]
    assert flags["witnesses"].list.len().to_list() == [0, 0]
    (error,) = group_flags(flags).iter_rows(named=True)
    assert (error["n_flags"], error["n_articles"], error["rows"]) == (2, 1, [0, 1])
