"""Summary that is printed after a run: complete, capped, and never steered by an article's text."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from flows.report.figures import summarise_run
from flows.report.model import RunFigures
from flows.report.summary import print_summary
from tests.conftest import Tables
from tests.flows.snapshots import RUN_ID, article, cluster, cut, flag, reject, write_snapshot

EVIL = "\x1b[31mred\x1b]0;owned\x07 [red]loud[/red] [link=http://evil.example]x[/link] | cell `code` <b>bold</b> \u202etxet"


def print_to_text(figures: RunFigures, snapshot: Path, width: int, **console: object) -> str:
    out = io.StringIO()
    places = [("Snapshot", str(snapshot)), ("Report", str(snapshot / "report.html"))]
    print_summary(figures, places, Console(file=out, width=width, **console))
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
    paths = ("Snapshot", "Report")
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


def test_long_lists_say_how_many_more(tmp_path: Path) -> None:
    rows, spans = [], []
    for number in range(70):
        row = article(f"n{number}", f"Story {number} of the day. Sign up", title=f"Story {number}")
        spans += cut(row, [" Sign up"], rule_id=f"rule-{number}")
        rows.append(row)
    snapshot = write_snapshot(tmp_path / "snapshot", articles=rows, removed_spans=spans)
    figures = summarise_run(snapshot, RUN_ID)
    assert "and 60 more, in the report" in print_to_text(figures, snapshot, 100)


def test_a_run_that_did_nothing_says_so(tmp_path: Path) -> None:
    snapshot = write_snapshot(tmp_path / "snapshot")
    text = print_to_text(summarise_run(snapshot, RUN_ID), snapshot, 80)
    for said in ("Removed: nothing", "Matched: no article", "Flagged: no name error"):
        assert said in text
    assert "Rejected" not in text
