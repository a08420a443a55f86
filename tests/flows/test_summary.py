"""What is printed after a run, and what the Prefect UI gets: complete, capped, and never steered by an article's text."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from flows.figures import RunFigures, summarise_run
from flows.summary import print_summary, render_markdown, summary_rows
from tests.conftest import Tables
from tests.flows.snapshots import RUN_ID, article, cluster, cut, flag, reject, write_snapshot

EVIL = "\x1b[31mred\x1b]0;owned\x07 [red]loud[/red] [link=http://evil.example]x[/link] | cell `code` <b>bold</b> \u202etxet"


def print_to_text(figures: RunFigures, snapshot: Path, width: int, **console: object) -> str:
    out = io.StringIO()
    print_summary(figures, snapshot, Console(file=out, width=width, **console))
    return out.getvalue()


@pytest.fixture(scope="module")
def seed_run(seed_tables: Tables) -> tuple[RunFigures, Path]:
    snapshot = seed_tables.snapshot.resolve()
    return summarise_run(snapshot, snapshot.name), snapshot


@pytest.fixture(scope="module")
def evil_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFigures, Path]:
    """A run of an outlet that writes markup and terminal controls wherever it can."""
    rows = [article(f"evil{n}", f"{EVIL} {EVIL}", title=EVIL, site=EVIL, source_uri=EVIL) for n in range(2)]
    snapshot = write_snapshot(
        tmp_path_factory.mktemp("output") / "snapshot",
        articles=rows,
        removed_spans=[span for row in rows for span in cut(row, [EVIL])],
        clusters=cluster(rows),
        name_flags=[flag(rows[0], EVIL, EVIL, is_error=True), flag(rows[1], EVIL, EVIL, is_error=False)],
        rejects=[reject(EVIL, EVIL)],
    )
    return summarise_run(snapshot, RUN_ID), Path("/output/runs/[bold]run")


@pytest.mark.parametrize("width", [80, 140])
def test_the_seeds_in_the_terminal(seed_run: tuple[RunFigures, Path], width: int) -> None:
    text = print_to_text(*seed_run, width)
    figures, snapshot = seed_run
    words = " ".join(text.split())
    assert "5 main and 3 embedded articles published, 0 inputs rejected; 8 in the snapshot" in text
    assert f"{figures.n_removed_chars:,} characters from 6 articles" in words
    assert "card-publisher 9,891" in words
    assert "China urges firms to avoid Nvidia H20 chips after Trump resumes sales" in words
    assert "Matched: 1 near-duplicate cluster, 1 article a copy of another" in words
    assert "Robert Lutnick, expected Howard Lutnick" in words
    assert "Volodymyr Zelenskyy" in words
    assert f"Snapshot  {snapshot}\n" in text
    assert f"Report    {snapshot}/report.html\n" in text
    assert "latest/articles/*.parquet')" in text
    paths = ("Snapshot", "Report", "Read it")
    assert max(len(line) for line in text.splitlines() if not line.startswith(paths)) <= width


def test_rejects_are_printed_with_their_meaning(evil_run: tuple[RunFigures, Path]) -> None:
    words = " ".join(print_to_text(*evil_run, 100).split())
    assert "Rejected: 1 input or record" in words
    assert "binary (read)" in words


def test_a_text_cannot_steer_the_terminal(evil_run: tuple[RunFigures, Path]) -> None:
    plain = print_to_text(*evil_run, 100)
    assert "[red]loud[/red]" in plain
    assert "[bold]run" in plain
    coloured = print_to_text(*evil_run, 100, force_terminal=True, color_system="truecolor")
    assert set(re.findall(r"\x1b[^m]*m?", coloured)) == {"\x1b[1m", "\x1b[2m", "\x1b[0m"}  # our own bold and dim
    for text in (plain, coloured):
        assert "\x07" not in text
        assert "\u202e" not in text


def test_a_text_stays_text_in_markdown(evil_run: tuple[RunFigures, Path]) -> None:
    text = render_markdown(evil_run[0])
    assert "<b>" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    for character in "[]`|":
        in_tables = [line[1:-1] for line in text.splitlines() if line.startswith("|")]
        bare = [re.sub(r"\\.", "", cell) for line in in_tables for cell in re.split(r" \| ", line)]
        assert all(character not in cell.strip("-| ") for cell in bare), character
    # Every row of a table has as many cells as its heading.
    for table in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
    assert "http\\://evil\\.example" in text


def test_markdown_holds_every_table(seed_run: tuple[RunFigures, Path]) -> None:
    figures = seed_run[0]
    text = render_markdown(figures)
    for heading in ("## Removed", "## Repeated stories", "## Names", "## Rejected"):
        assert f"\n{heading}\n" in text
    assert f"| removed | {figures.n_removed_chars} | characters |" in text
    assert "| error | wrong\\_given | Robert Lutnick | Howard Lutnick | 1 |" in text
    assert "## Rejected\n\nNone.\n" in text
    assert "Broken gates" not in text
    for removal in figures.removals:
        assert f"| {removal.rule_id} |" in text


def test_long_lists_say_how_many_more(tmp_path: Path) -> None:
    rows, spans = [], []
    for number in range(70):
        row = article(f"n{number}", f"Story {number} of the day. Sign up", title=f"Story {number}")
        spans += cut(row, [" Sign up"], rule_id=f"rule-{number}")
        rows.append(row)
    snapshot = write_snapshot(tmp_path / "snapshot", articles=rows, removed_spans=spans)
    figures = summarise_run(snapshot, RUN_ID)
    assert "and 60 more, in the report" in print_to_text(figures, snapshot, 100)
    assert "Showing 50 of 70." in render_markdown(figures)


def test_rows_of_the_table_artifact(seed_run: tuple[RunFigures, Path], tmp_path: Path) -> None:
    rows = {row["figure"]: row["value"] for row in summary_rows(seed_run[0])}
    assert (rows["cleaned"], rows["embedded"], rows["published"], rows["name errors"]) == (5, 3, 8, 1)
    nothing = summary_rows(summarise_run(write_snapshot(tmp_path / "snapshot"), RUN_ID))
    assert "found" not in {row["figure"] for row in nothing}
    assert {row["value"] for row in nothing} == {0}


def test_a_run_that_did_nothing_says_so(tmp_path: Path) -> None:
    snapshot = write_snapshot(tmp_path / "snapshot")
    text = print_to_text(summarise_run(snapshot, RUN_ID), snapshot, 80)
    for said in ("Removed: nothing", "Matched: no article", "Flagged: no name error"):
        assert said in text
    assert "Rejected" not in text
