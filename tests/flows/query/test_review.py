"""Flags out to an editor and decisions back, and what the next run makes of them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from cleaners.errors import ConfigError, CopydeskError
from cleaners.names import normalise_texts
from flows.cli.main import app
from flows.query.review import export_flags, take_decisions
from flows.run import Run
from flows.settings import Settings
from flows.steps import names
from tests.cleaners.names.test_check import STORY, story
from tests.conftest import read_tables
from tests.flows.steps.test_names import feed

pytestmark = pytest.mark.slow

UNRELATED_TAIL = (
    "The meeting took place in the old customs house, which the city bought for the purpose last year. Both sides want to "
    "come together again before the summer, and neither would say more about what had been agreed behind closed doors."
)


@pytest.fixture
def reviewed(tmp_path: Path, run_pipeline: Callable) -> tuple[Settings, Path]:
    """A snapshot with one error, and its flags as exported."""
    papers = story("Martin Cardwell", "Martin Cardwell", "Philip Cardwell")
    run_pipeline([feed(tmp_path / "a.jsonl", papers, "2026-03-02T08:00:00Z")], tmp_path / "out", run_id="1")
    settings = Settings(output=str(tmp_path / "out"))
    assert export_flags(settings, tmp_path / "flags.csv") == 1
    return settings, tmp_path / "flags.csv"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def decide(path: Path, **changes: str) -> None:
    rows = rows_of(path)
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(row | changes for row in rows)


def run_again(settings: Settings, run_pipeline: Callable, run_id: str = "2") -> object:
    source = Path(settings.output).parent / "a.jsonl"
    return run_pipeline([source], Path(settings.output), run_id=run_id)


def test_a_flag_is_exported_with_its_context(reviewed: tuple[Settings, Path]) -> None:
    (row,) = rows_of(reviewed[1])
    assert (row["surface"], row["canonical"], row["kind"]) == ("Philip Cardwell", "Martin Cardwell", "wrong_given")
    assert row["before"].endswith("put forward by Transport Secretary")
    assert row["after"].startswith(". The terminal's cranes")
    assert row["evidence"] == "decided by other texts; 2 independent texts against 1; same office: Transport Secretary"
    assert row["witnesses"].count("paper") == 2
    assert row["decision"] == ""


def test_a_conflict_of_offices_is_exported_and_changes_no_text(tmp_path: Path, run_pipeline: Callable) -> None:
    papers = [
        *story("Martin Cardwell", "Martin Cardwell"),
        "The budget passed the lower house by nine votes after a night of speeches. Treasury Secretary Helen Brandt thanked the "
        "members who had stayed, and said that the new duties on spirits would pay for two hospitals and a school of nursing.",
        "Savers will pay less tax from June, Treasury Secretary Helen Brandt told a bankers' dinner in the old exchange. Nobody in "
        "the hall had expected it, and shares of the larger lenders rose by a tenth before the market closed on Thursday evening.",
        STORY[2].format(name="Martin Cardwell", last="Cardwell").replace("Transport", "Treasury"),
    ]
    run_pipeline([feed(tmp_path / "a.jsonl", papers, "2026-03-02T08:00:00Z")], tmp_path / "out", run_id="1")
    settings, path = Settings(output=str(tmp_path / "out")), tmp_path / "flags.csv"
    assert export_flags(settings, path) == 1
    (row,) = rows_of(path)
    assert (row["surface"], row["canonical"], row["kind"]) == ("Martin Cardwell", "Martin Cardwell", "role_conflict")
    assert row["evidence"].endswith("called Treasury Secretary, elsewhere Transport Secretary; that is Helen Brandt")
    decide(path, decision="reject")
    assert take_decisions(settings, path).n_decided == 1
    assert export_flags(settings, path) == 0
    run_again(settings, run_pipeline)
    assert read_tables(Path(settings.output) / "latest").name_replacements.is_empty()


def test_an_accepted_flag_is_replaced_in_the_normalised_text(
    reviewed: tuple[Settings, Path], run_pipeline: Callable
) -> None:
    settings, path = reviewed
    assert read_tables(Path(settings.output) / "latest").name_replacements.is_empty()
    decide(path, decision="Accept")
    taken = take_decisions(settings, path)
    assert (taken.n_decided, taken.n_open) == (1, 0)
    assert run_again(settings, run_pipeline) is not None  # a decision alone is worth a run
    tables = read_tables(Path(settings.output) / "latest")
    assert tables.name_flags["decision"].to_list() == ["accept"]
    row = tables.name_replacements.row(0, named=True)
    assert (row["surface"], row["replacement"], row["decided_by"]) == ("Philip Cardwell", "Martin Cardwell", "editor")
    texts = normalise_texts(tables.articles, tables.name_replacements)
    assert texts["text_normalised"].to_list() == [STORY[2].format(name="Martin Cardwell", last="Cardwell")]
    # The text stays, as the article was published.
    assert STORY[2].format(name="Philip Cardwell", last="Cardwell") in tables.articles["text"].to_list()
    assert run_again(settings, run_pipeline, "3") is None
    assert export_flags(settings, path) == 0
    assert export_flags(settings, path, with_decided=True) == 1


def test_an_editor_may_correct_the_expected_name(reviewed: tuple[Settings, Path], run_pipeline: Callable) -> None:
    settings, path = reviewed
    decide(path, decision="accept", canonical="Martyn Cardwell")
    take_decisions(settings, path)
    run_again(settings, run_pipeline)
    tables = read_tables(Path(settings.output) / "latest")
    assert tables.name_replacements["replacement"].to_list() == ["Martyn Cardwell"]


@pytest.mark.parametrize("decision", ["reject", "two_people"])
def test_a_flag_turned_down_is_no_error_and_stays_on_record(
    reviewed: tuple[Settings, Path], run_pipeline: Callable, decision: str
) -> None:
    settings, path = reviewed
    decide(path, decision=decision)
    take_decisions(settings, path)
    run_again(settings, run_pipeline)
    tables = read_tables(Path(settings.output) / "latest")
    flag = tables.name_flags.row(0, named=True)
    assert (flag["decision"], flag["is_error"], flag["canonical"]) == (decision, False, "Martin Cardwell")
    own = tables.name_mentions.filter(pl.col("flag_id") == flag["flag_id"])
    assert own["canonical"].to_list() == ["Philip Cardwell"]
    assert tables.name_replacements.is_empty()
    assert export_flags(settings, path) == 0


@pytest.mark.parametrize(("decision", "is_closed"), [("reject", False), ("two_people", True)])
def test_two_people_holds_for_every_article_a_rejection_for_one(
    reviewed: tuple[Settings, Path], run_pipeline: Callable, decision: str, is_closed: bool
) -> None:
    settings, path = reviewed
    decide(path, decision=decision)
    take_decisions(settings, path)
    another = STORY[2].format(name="Philip Cardwell", last="Cardwell").replace("Exporters", "Shippers")
    folder = Path(settings.output).parent
    # A near-copy of the flagged story: one witness, so that the name is still held by one text.
    run_pipeline([feed(folder / "b.jsonl", [another], "2026-03-03T08:00:00Z")], Path(settings.output), run_id="2")
    flags = read_tables(Path(settings.output) / "latest").name_flags
    assert flags.height == 2
    assert flags["is_error"].sum() == (0 if is_closed else 1)


def test_a_name_added_to_the_authority_corrects_without_a_majority(
    reviewed: tuple[Settings, Path], run_pipeline: Callable
) -> None:
    settings, path = reviewed
    decide(path, decision="add_to_authority")
    take_decisions(settings, path)
    folder = Path(settings.output).parent
    slip = [
        "The union leader met Transport Secretary Martin Cardwel on Sunday, and Cardwel spoke of new cranes. "
        + UNRELATED_TAIL
    ]
    # Ten years on no other text bears witness.
    run_pipeline([feed(folder / "b.jsonl", slip, "2036-03-03T08:00:00Z")], Path(settings.output), run_id="2")
    tables = read_tables(Path(settings.output) / "latest")
    assert "Martin Cardwel" in tables.name_flags.filter("is_error")["surface"].to_list()
    late = tables.articles.filter(pl.col("published_at").dt.year() == 2036)
    assert "Secretary Martin Cardwell on" in late["text_normalised"][0]


def test_a_later_decision_on_a_flag_takes_the_place_of_an_earlier(
    reviewed: tuple[Settings, Path], run_pipeline: Callable
) -> None:
    settings, path = reviewed
    decide(path, decision="reject")
    take_decisions(settings, path)
    decide(path, decision="accept")
    taken = take_decisions(settings, path)
    run_again(settings, run_pipeline)
    assert read_tables(Path(settings.output) / "latest").name_flags["decision"].to_list() == ["accept"]
    assert [row["decision"] for row in rows_of(taken.file)] == ["reject", "accept"]  # nothing is forgotten


@pytest.mark.parametrize("title", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "＝1+1"])
def test_no_cell_is_a_formula_and_the_name_comes_back_as_it_was(
    tmp_path: Path, run_pipeline: Callable, title: str
) -> None:
    papers = story("Martin Cardwell", "Martin Cardwell", "Philip Cardwell")
    source = feed(tmp_path / "a.jsonl", papers, "2026-03-02T08:00:00Z")
    table = pl.read_ndjson(source).with_columns(title=pl.lit(title))
    table.write_ndjson(source)
    run_pipeline([source], tmp_path / "out", run_id="1")
    settings = Settings(output=str(tmp_path / "out"))
    export_flags(settings, tmp_path / "flags.csv")
    (row,) = rows_of(tmp_path / "flags.csv")
    assert "Cardwell" in row["canonical"]
    assert title.strip() in row["title"]
    assert not any(value.startswith(("=", "+", "-", "@", "\t", "＝")) for value in row.values())
    decide(tmp_path / "flags.csv", decision="accept", canonical="'-Cardwell")
    taken = take_decisions(settings, tmp_path / "flags.csv")
    assert rows_of(taken.file)[0]["canonical"] == "-Cardwell"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decision": "perhaps"}, "no decision `perhaps`"),
        ({"decision": "accept", "flag_id": "7"}, "no id"),
        ({"decision": "accept", "canonical": ""}, "no canonical"),
        ({"decision": "accept", "start": "x"}, "numbers"),
    ],
)
def test_a_row_that_cannot_be_understood_takes_nothing(
    reviewed: tuple[Settings, Path], changes: dict[str, str], message: str
) -> None:
    settings, path = reviewed
    decide(path, **changes)
    with pytest.raises(ConfigError, match=message):
        take_decisions(settings, path)
    assert not (Path(settings.output) / "decisions.csv").exists()


def test_the_command_writes_and_takes(reviewed: tuple[Settings, Path]) -> None:
    settings, path = reviewed
    written = CliRunner().invoke(app, ["review", str(path), "--output", settings.output])
    assert written.exit_code == 0
    assert written.output.startswith("1 errors written")
    decide(path, decision="accept")
    taken = CliRunner().invoke(app, ["review", str(path), "--take", "--output", settings.output])
    assert taken.output.startswith("1 decisions taken")


def test_what_is_decided_while_a_run_judges_is_of_the_next_run(
    reviewed: tuple[Settings, Path], run_pipeline: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, path = reviewed
    decide(path, decision="reject")
    plan = names._plan_windows

    def plan_late(run: Run) -> list[list[str]]:
        take_decisions(settings, path)  # beside the run, which holds the output
        return plan(run)

    monkeypatch.setattr(names, "_plan_windows", plan_late)
    other = feed(
        path.with_name("b.jsonl"), [STORY[1].format(name="Diana Marlow", last="Marlow")], "2026-03-03T08:00:00Z"
    )
    run_pipeline([other], Path(settings.output), run_id="2")
    assert read_tables(Path(settings.output) / "latest").name_flags["decision"].to_list() == [None]
    monkeypatch.undo()
    run_again(settings, run_pipeline, "3")
    assert read_tables(Path(settings.output) / "latest").name_flags["decision"].to_list() == ["reject"]


def test_review_before_the_first_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(CopydeskError, match="Nothing is published"):
        export_flags(Settings(output=str(tmp_path)), tmp_path / "flags.csv")


def test_a_file_of_decisions_in_the_settings_must_exist(tmp_path: Path) -> None:
    from flows.steps.versions import find_versions

    with pytest.raises(CopydeskError, match="no file of decisions"):
        find_versions(Settings(output=str(tmp_path), decisions=str(tmp_path / "none.csv")))
