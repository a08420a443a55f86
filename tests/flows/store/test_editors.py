"""The files of the editors: many add to them at once, older ones are taken over, nothing is lost on the way to a bucket."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cleaners.document import make_id
from cleaners.errors import ConfigError, CopydeskError
from cleaners.names import load_decisions
from flows.settings import Settings
from flows.store import locks
from flows.store.editors import add_decisions, add_labels, decisions_file, read_decisions, read_labels
from flows.store.remote import pull_latest


def decision(number: int, **changes: str) -> dict[str, Any]:
    return {
        "decision": "accept",
        "flag_id": make_id("flag", str(number)),
        "article_id": make_id("article", str(number)),
        "start": 0,
        "end": 15,
        "surface": "Philip Cardwell",
        "kind": "wrong_given",
        "canonical": "Martin Cardwell",
        "decided_at": "2026-03-02T08:00:00+00:00",
        "decided_by": "dana",
        "note": "",
    } | changes


def test_many_hands_lose_nothing(tmp_path: Path) -> None:
    settings = Settings(output=str(tmp_path / "out"))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: add_decisions(settings, [decision(number)]), range(40)))
        list(pool.map(lambda number: add_labels(settings, [{"passage_id": str(number), "label": "junk"}]), range(40)))
    assert load_decisions(read_decisions(settings)).height == 40
    assert len(read_labels(settings)) == 40


def test_a_file_of_an_earlier_version_gains_the_column(tmp_path: Path) -> None:
    settings = Settings(output=str(tmp_path))
    old = [name for name in decision(0) if name != "decided_by"]
    line = ",".join(str(decision(0)[name]) for name in old)
    decisions_file(settings).write_text(f"{','.join(old)},desk\n{line},foreign\n", encoding="utf-8-sig")
    add_decisions(settings, [decision(1, note="a\nb")])
    frame = load_decisions(read_decisions(settings))
    assert frame["decided_by"].to_list() == ["", "dana"]
    assert frame["note"].to_list() == ["", "a b"]
    assert "foreign" in read_decisions(settings)  # a newsroom's own column


def test_what_could_not_be_read_back_is_not_added(tmp_path: Path) -> None:
    settings = Settings(output=str(tmp_path))
    add_decisions(settings, [decision(0)])
    before = read_decisions(settings)
    for wrong in ({"decision": "perhaps"}, {"flag_id": "7"}, {"canonical": " "}):
        with pytest.raises(ConfigError):
            add_decisions(settings, [decision(1), decision(2, **wrong)])
    assert read_decisions(settings) == before


def test_the_last_word_counts_and_can_be_taken_back(tmp_path: Path) -> None:
    settings = Settings(output=str(tmp_path))
    for word in ("accept", "reopen"):
        add_decisions(settings, [decision(0, decision=word)])
    assert load_decisions(read_decisions(settings)).is_empty()
    add_decisions(settings, [decision(0, decision="reject")])
    assert load_decisions(read_decisions(settings))["decision"].to_list() == ["reject"]


def test_a_file_that_is_held_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(output=str(tmp_path))
    monkeypatch.setattr(locks, "RECORD_SECONDS", 0.1)
    with locks.record_lock(decisions_file(settings)), pytest.raises(CopydeskError, match="holds"):
        add_decisions(settings, [decision(0)])


@pytest.mark.slow
def test_two_mirrors_of_a_bucket_add_to_one_file(s3_output: str, tmp_path: Path) -> None:
    desks = [Settings(output=s3_output, mirror=str(tmp_path / name)) for name in ("a", "b")]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: add_decisions(desks[number % 2], [decision(number)]), range(8)))
    add_labels(desks[0], [{"passage_id": "1", "label": "junk"}])
    for desk in desks:
        pull_latest(desk)
        assert load_decisions(read_decisions(desk)).height == 8
        assert [row["label"] for row in read_labels(desk)] == ["junk"]
