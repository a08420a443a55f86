"""The review's table as spreadsheets save it, and what it says when something has gone."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cleaners.errors import ConfigError
from cleaners.names import load_decisions
from flows.cli.main import app
from flows.query.review import export_flags, take_decisions
from flows.query.sheets import read_sheet
from flows.settings import Settings
from flows.store.editors import read_decisions
from flows.store.locks import output_lock
from tests.flows.archives import PEOPLE, make_archive

# Łukasz has a letter that Windows-1252 lacks, Müller has one that it has.
NAMES = [
    ("Robert Müller", "Ernst Müller", "Transport Secretary"),
    ("Jan Wałęga", "Łukasz Wałęga", "Treasury Secretary"),
    PEOPLE[0],
    PEOPLE[0],
]


@pytest.fixture
def reviewed(tmp_path: Path) -> tuple[Settings, Path]:
    settings = make_archive(tmp_path / "out", NAMES)
    assert export_flags(settings, tmp_path / "flags.csv") == 3
    return settings, tmp_path / "flags.csv"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def save_as(rows: list[dict[str, str]], delimiter: str, encoding: str) -> bytes:
    """The bytes of a table as a spreadsheet saves it; letters that the encoding lacks become question marks."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode(encoding, "replace")


def test_an_error_is_one_row_with_the_address_of_its_article(reviewed: tuple[Settings, Path]) -> None:
    rows = {row["surface"]: row for row in rows_of(reviewed[1])}
    assert len(rows) == 3
    cardwell = rows["Philip Cardwell"]
    assert cardwell["address"] == "https://paper2.example/2"
    assert cardwell["n_articles"] == "2"
    assert len(cardwell["flag_id"].split()) == len(cardwell["start"].split()) == 2
    assert cardwell["office"] == ""
    assert cardwell["witnesses"].count(" | ") == 1
    assert "Martin Cardwell" in cardwell["witnesses"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_every_way_of_saving_it_is_read(reviewed: tuple[Settings, Path], delimiter: str, encoding: str) -> None:
    settings, path = reviewed
    rows = [row | {"decision": "Accept", "note": "né à Brno"} for row in rows_of(path)]
    path.write_bytes(save_as(rows, delimiter, encoding))
    taken = take_decisions(settings, path, "dana")
    assert (taken.n_decided, taken.n_open, taken.gone) == (3, 0, ())
    record = load_decisions(read_decisions(settings))
    assert record.height == 4  # every article of the error
    assert set(record["decided_by"]) == {"dana"}
    assert set(record["note"]) == {"né à Brno"}
    pairs = {row[:2] for row in NAMES}
    assert set(record.select("surface", "canonical").iter_rows()) == pairs  # Łukasz too, from the flag itself


def test_a_name_put_right_in_the_table_counts(reviewed: tuple[Settings, Path]) -> None:
    settings, path = reviewed
    rows = [row | {"decision": "accept", "canonical": "Ernst Möller"} for row in rows_of(path)[:1]]
    path.write_bytes(save_as(rows, ";", "cp1252"))
    take_decisions(settings, path)
    assert load_decisions(read_decisions(settings))["canonical"].to_list() == ["Ernst Möller"]


def test_the_line_that_excel_writes_first_is_passed_over() -> None:
    sheet = read_sheet(b"sep=;\r\ndecision;flag_id\r\naccept;1\r\n;\r\n", ["decision", "flag_id"])
    assert (sheet.columns, sheet.rows) == (["decision", "flag_id"], [{"decision": "accept", "flag_id": "1"}])


@pytest.mark.parametrize(
    "content", [b"", b"\0\0\0\0", b"\xff\xfe\x00", b"\x81\x8d", b'"' * 9, b"PK\x03\x04" + bytes(300)]
)
def test_what_is_no_table_is_refused(reviewed: tuple[Settings, Path], content: bytes) -> None:
    settings, path = reviewed
    path.write_bytes(content)
    with pytest.raises(ConfigError):
        take_decisions(settings, path)
    assert read_decisions(settings) == ""


def test_a_decision_on_a_flag_that_has_gone_is_said_to_be_so(tmp_path: Path) -> None:
    settings, path = make_archive(tmp_path / "out"), tmp_path / "flags.csv"
    export_flags(settings, path)
    rows = [row | {"decision": "reject"} for row in rows_of(path)]
    path.write_bytes(save_as(rows, ",", "utf-8"))
    make_archive(settings.folder, PEOPLE[:1], run_id="r2")
    with output_lock(settings.folder):  # a run is at work
        result = CliRunner().invoke(app, ["review", str(path), "--take", "--output", settings.output])
    assert result.exit_code == 0, result.output
    assert "2 of them are on names that the archive no longer has: Ellen Brandt, Owen Pallistor" in result.output
    assert load_decisions(read_decisions(settings)).height == 3  # kept, should they come back
    assert export_flags(settings, path) == 0


def test_ids_that_were_torn_are_refused(reviewed: tuple[Settings, Path]) -> None:
    settings, path = reviewed
    rows = [row | {"decision": "accept", "start": "1"} for row in rows_of(path)]
    path.write_bytes(save_as(rows, ",", "utf-8"))
    with pytest.raises(ConfigError, match="as many ids"):
        take_decisions(settings, path)
