"""The desk without its pages: what is open, what a decision changes, and how much is read for a page."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import polars as pl
import pytest

from cleaners.names import load_decisions
from flows.query import contexts
from flows.serve.desk.board import Board
from flows.serve.desk.lists import Filters
from flows.settings import Settings
from flows.store.editors import add_decisions, read_decisions, read_labels
from flows.store.locks import output_lock
from tests.flows.archives import PEOPLE, WIDGET, make_archive

ALL = Filters()


def shown(board: Board, **filters: str) -> list[str]:
    return [row["surface"] for row in board.list_errors(Filters(**filters)).rows]


def ids_of(board: Board, surface: str) -> list[str]:
    rows = board.list_errors(ALL).rows
    return [flag["flag_id"] for row in rows if row["surface"] == surface for flag in row["flags"]]


def test_a_flag_has_its_sentence_and_each_independent_text(archive: Settings) -> None:
    error = Board(archive).list_errors(ALL).rows[0]
    (flag,) = error["flags"]
    assert (error["surface"], error["canonical"], error["n_articles"]) == (*PEOPLE[0][:2], 1)
    assert (flag["lead"], flag["before"]) == ("Exporters cheered. ", "The offer came from Transport Secretary ")
    assert flag["after"] == ", whom pier 0 trusts."
    assert flag["tail"].strip() == "Philip Cardwell left early."
    assert flag["address"] == "https://paper2.example/0"
    # The copy of the first text is the same witness.
    sites = [one["site"] for one in flag["witnesses"]]
    assert len(sites) == 2
    assert "paper1.example" in sites
    assert {one["surface"] for one in flag["witnesses"]} == {"Martin Cardwell"}


def test_one_error_of_many_articles_is_one_row(tmp_path: Path) -> None:
    settings = make_archive(tmp_path / "out", [PEOPLE[0], PEOPLE[0], PEOPLE[1]])
    board = Board(settings)
    first, second = board.list_errors(ALL).rows
    assert (first["surface"], first["n_flags"], first["n_articles"]) == ("Philip Cardwell", 2, 2)
    assert second["n_flags"] == 1
    assert (board.count().n_flags, board.count().n_errors) == (3, 2)
    assert board.decide([first["flags"][1]["flag_id"]], "accept", "dana") == 1
    assert [row["n_flags"] for row in board.list_errors(ALL).rows] == [1, 1]


def test_what_is_said_at_once_is_taken_back_at_once(tmp_path: Path) -> None:
    board = Board(make_archive(tmp_path / "out", [PEOPLE[0], PEOPLE[0], PEOPLE[1]]))
    assert board.decide(ids_of(board, "Philip Cardwell"), "accept", "dana", note="both") == 2
    (decided,) = board.list_decided(Filters(person="cardwell", q="dana both", site="paper2.example")).rows
    assert board.list_decided(Filters(q="brandt")).rows == []
    assert board.count().n_decided == 1
    assert board.decide(decided["flag_id"].split(","), "reopen", "dana") == 2
    assert board.count().n_flags == 3


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"site": "paper2.example"}, 3),
        ({"site": "paper1.example"}, 0),
        ({"kind": "wrong_given"}, 3),
        ({"kind": "misspelling"}, 0),
        ({"person": "CARDWELL"}, 1),
        ({"day": "2026-03-02"}, 1),
        ({"day": "someday"}, 3),
        ({"q": "exporters health secretary"}, 1),
        ({"q": "nowhere"}, 0),
    ],
)
def test_filters(archive: Settings, filters: dict[str, str], found: int) -> None:
    assert len(shown(Board(archive), **filters)) == found


def test_a_decision_is_kept_with_its_editor_and_can_be_taken_back(archive: Settings) -> None:
    board = Board(archive)
    ids = ids_of(board, "Ellen Brandt")
    assert board.decide(ids, "accept", "Dana Ruiz", canonical="Helene Brandt", note="see the gazette") == 1
    (row,) = load_decisions(read_decisions(archive)).iter_rows(named=True)
    assert (row["decided_by"], row["canonical"], row["note"]) == ("Dana Ruiz", "Helene Brandt", "see the gazette")
    assert row["decided_at"].startswith("20")
    assert "Ellen Brandt" not in shown(board)
    (decided,) = board.list_decided(ALL).rows
    assert (decided["said"], decided["by"], decided["status"]) == ("accept", "Dana Ruiz", "next run")
    board.decide(ids, "reopen", "Dana Ruiz")
    assert "Ellen Brandt" in shown(board)
    assert board.list_decided(ALL).rows == []
    assert len(read_decisions(archive).splitlines()) == 3  # nothing is forgotten


@pytest.mark.parametrize(("decision", "n_left"), [("two_people", 1), ("alias", 1), ("reject", 2)])
def test_what_settles_two_names_closes_every_flag_on_them(tmp_path: Path, decision: str, n_left: int) -> None:
    board = Board(make_archive(tmp_path / "out", [PEOPLE[0], PEOPLE[0], PEOPLE[1]]))
    one = board.list_errors(ALL).rows[0]["flags"][0]["flag_id"]
    board.decide([one], decision, "dana")
    assert board.count().n_flags == n_left
    board.decide([one], "reopen", "dana")
    assert board.count().n_flags == 3


def test_deciding_does_not_wait_for_a_run(archive: Settings) -> None:
    board = Board(archive)
    ids = ids_of(board, "Ellen Brandt")
    with output_lock(archive.folder):
        began = time.monotonic()
        assert board.decide(ids, "reject", "dana") == 1
        assert time.monotonic() - began < 2
    assert board.count().n_decided == 1


def test_a_flag_that_has_gone_takes_no_decision(archive: Settings, publish: Callable[..., Settings]) -> None:
    board = Board(archive)
    first, last = ids_of(board, "Philip Cardwell"), ids_of(board, "Owen Pallistor")
    board.decide(last, "accept", "dana")
    publish(PEOPLE[1:2], "r2")
    assert shown(board) == ["Ellen Brandt"]
    assert board.decide(last, "reject", "dana") == 0
    assert len(load_decisions(read_decisions(archive))) == 1
    (decided,) = board.list_decided(ALL).rows
    assert decided["status"] == "gone"
    assert first  # another article stands at its place by now


def test_a_passage_is_labelled_with_the_digests_of_its_text(archive: Settings) -> None:
    board = Board(archive)
    (passage,) = board.list_passages(ALL).rows
    assert (passage["text"], passage["tail"]) == (WIDGET, "\nThe crane was blue.")
    assert board.label(passage["passage_id"], "junk", "dana")
    (label,) = read_labels(archive)
    assert (label["label"], label["labelled_by"]) == ("junk", "dana")
    assert {len(label[name]) for name in ("passage_sha256", "text_sha256")} == {64}
    assert WIDGET not in Path(archive.folder, "decisions/passages.jsonl").read_text()
    assert board.list_passages(ALL).rows == []
    assert [row["said"] for row in board.list_decided(ALL).rows] == ["junk"]
    board.label(passage["passage_id"], "open", "dana")
    assert board.count().n_passages == 1
    assert not board.label("0" * 24, "junk", "dana")


def test_texts_are_read_once_a_snapshot(
    archive: Settings, publish: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    read = contexts.read_articles

    def counted(snapshot: object, ids: object) -> object:
        reads.append(1)
        return read(snapshot, ids)  # type: ignore[arg-type]

    monkeypatch.setattr("flows.query.flags.read_articles", counted)
    scans: list[object] = []
    scan = pl.scan_parquet
    monkeypatch.setattr(pl, "scan_parquet", lambda *given, **how: (scans.append(given), scan(*given, **how))[1])
    board = Board(archive)
    board.list_errors(ALL)
    board.count()
    n_scans = len(scans)
    for number in range(5):
        board.list_errors(Filters(q="pier"), number)
        board.decide(ids_of(board, "Ellen Brandt"), "reopen", "dana")
        board.count()
    assert (len(reads), len(scans)) == (1, n_scans)
    publish(PEOPLE[:1], "r2")
    assert shown(board) == ["Philip Cardwell"]
    assert len(reads) == 2


def test_pages_stay_quick_while_a_new_snapshot_is_read(
    archive: Settings, publish: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.serve.desk.board.FOLLOW_SECONDS", 0.01)
    board, ended, may_read = Board(archive), Event(), Event()
    assert len(shown(board)) == 3
    read = contexts.read_articles

    def slow(snapshot: object, ids: object) -> object:
        may_read.wait(20)
        return read(snapshot, ids)  # type: ignore[arg-type]

    monkeypatch.setattr("flows.query.flags.read_articles", slow)
    follower = Thread(target=board.follow, args=(ended,))
    follower.start()
    try:
        while not board._is_followed:
            time.sleep(0.01)
        publish(PEOPLE[:1], "r2")
        time.sleep(0.1)
        assert len(shown(board)) == 3  # nobody waits
        may_read.set()
        deadline = time.monotonic() + 20
        while len(shown(board)) != 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert shown(board) == ["Philip Cardwell"]
    finally:
        ended.set()
        may_read.set()
        follower.join()


def test_pages_of_a_long_list(tmp_path: Path) -> None:
    people = [(f"Philip Card{n}", f"Martin Card{n}", "Transport Secretary") for n in range(45)]
    board = Board(make_archive(tmp_path / "out", people))
    pages = [board.list_errors(ALL, number) for number in (1, 2, 3, 99, -4)]
    assert [len(page.rows) for page in pages] == [20, 20, 5, 5, 20]
    assert (pages[3].page, pages[3].n_pages, pages[3].n_rows) == (3, 3, 45)
    assert pages[0].rows[0]["confidence"] > pages[2].rows[-1]["confidence"]


def test_nothing_published_yet(tmp_path: Path) -> None:
    board = Board(Settings(output=str(tmp_path / "none")))
    assert board.list_errors(ALL).rows == board.list_passages(ALL).rows == board.list_decided(ALL).rows == []
    assert board.count() == (0, 0, 0, 0)


def test_two_desks_do_not_lose_each_others_decisions(archive: Settings) -> None:
    boards = [Board(archive), Board(archive)]
    for board, surface in zip(boards, ("Ellen Brandt", "Owen Pallistor"), strict=True):
        board.decide(ids_of(board, surface), "accept", "dana")
    assert {board.count().n_flags for board in boards} == {1}
    add_decisions(archive, [])
    assert load_decisions(read_decisions(archive)).height == 2
