"""Artifacts of a run in the Prefect UI: complete, under stable keys, capped, and never steered by an article's text."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest

from cleaners.codes import METADATA_DOUBTS
from flows.report.artifacts import list_artifacts, summary_rows
from flows.report.figures import summarise_run
from flows.report.model import BreachFigures, RunFigures
from tests.conftest import Tables, read_tables
from tests.flows.report.test_summary import EVIL
from tests.flows.snapshots import RUN_ID, article, cluster, cut, flag, reject, write_snapshot

KEYS = ["copydesk-funnel", "copydesk-removals", "copydesk-clusters", "copydesk-names", "copydesk-health"]


def pages_of(figures: RunFigures, output: str = "/srv/news") -> dict[str, str]:
    pages = list_artifacts(figures, output)
    assert [page.key for page in pages] == KEYS
    assert all(figures.run_id.split("-")[0] in page.description.replace("\\", "") for page in pages)
    return {page.key: page.markdown for page in pages}


def pictures_of(text: str) -> list[ElementTree.Element]:
    found = re.findall(r"!\[[^\]]+\]\(data:image/svg\+xml;base64,([^)]+)\)", text)
    return [ElementTree.fromstring(base64.b64decode(each)) for each in found]


@pytest.fixture(scope="module")
def seed_figures(seed_tables: Tables) -> RunFigures:
    snapshot = seed_tables.snapshot.resolve()
    return summarise_run(snapshot, snapshot.name)


def test_the_seeds_pages(seed_figures: RunFigures) -> None:
    pages = pages_of(seed_figures)
    (funnel,) = pictures_of(pages["copydesk-funnel"])
    words = [element.text for element in funnel.iter("{http://www.w3.org/2000/svg}text")]
    assert words[0::2] == [
        "inputs found", "new", "rejected", "cleaned", "embedded", "duplicates", "flagged", "published",
    ]  # fmt: skip
    assert words[1::2] == ["5", "5", "0", "5", "3", "1", "1", "8"]
    table = [line.split(" | ") for line in pages["copydesk-funnel"].splitlines() if line.startswith("| ")]
    assert [cells[1].rstrip(" |") for cells in table[2:]] == ["5", "5", "0", "5", "3", "1", "1", "8", "31\\.5%"]
    for removal in seed_figures.removals:
        assert f"| {removal.rule_id} |" in pages["copydesk-removals"]
    by_site = pages["copydesk-removals"].partition("## By site")[2]
    assert "card-publisher 9,891" in by_site
    assert "## Articles of this run that ran more than once: 1\n" in pages["copydesk-clusters"]
    assert "| Robert Lutnick | Howard Lutnick | wrong\\_given | 1 | 1 |" in pages["copydesk-names"]
    assert "    copydesk review flags.csv --take --output /srv/news\n" in pages["copydesk-names"]
    assert pages["copydesk-health"].count("None.") == 3


def test_removals_by_site_add_up(seed_figures: RunFigures) -> None:
    for total in ("n_passages", "n_chars"):
        by_rule, by_site = (
            sum(getattr(row, total) for row in rows) for rows in (seed_figures.removals, seed_figures.removals_by_site)
        )
        assert by_rule == by_site
    assert all(sum(n for _, n in row.by_rule) == row.n_chars for row in seed_figures.removals_by_site)


def test_the_trend_shows_the_runs_before(tmp_path: Path, run_pipeline) -> None:
    from tests.flows.steps.test_health import feed

    for day in (1, 2):
        run_pipeline([feed(tmp_path / "in", day, n=3 + day)], tmp_path / "out", run_id=f"run-{day}")
    snapshot = (tmp_path / "out" / "latest").resolve()
    recorded = read_tables(snapshot).run_summary.filter(pl.col("metric").is_in(["duplicates", "articles_flagged"]))
    assert recorded.height == 4
    doubts = read_tables(snapshot).run_summary.filter(pl.col("metric").str.starts_with("doubt_"))
    assert set(doubts["metric"]) == {f"doubt_{code}" for code in METADATA_DOUBTS}
    figures = summarise_run(snapshot, "run-2")
    assert [(run.run_id, run.found, run.published) for run in figures.totals] == [("run-1", 1, 4), ("run-2", 1, 5)]
    assert len(pictures_of(pages_of(figures)["copydesk-funnel"])) == 2
    rows = {row["figure"]: row for row in summary_rows(figures)}
    assert (rows["published"]["value"], rows["published"]["run before"]) == (5, 4)
    assert summarise_run(snapshot, "run-1").totals == figures.totals[:1]


def test_a_text_stays_text(tmp_path: Path) -> None:
    rows = [article(f"evil{n}", f"{EVIL} {EVIL}", title=EVIL, site=EVIL, source_uri=EVIL) for n in range(2)]
    snapshot = write_snapshot(
        tmp_path / "snapshot",
        articles=rows,
        removed_spans=[span for row in rows for span in cut(row, [EVIL])],
        clusters=cluster(rows),
        name_flags=[flag(rows[0], EVIL, EVIL, is_error=True), flag(rows[1], EVIL, EVIL, is_error=False)],
        rejects=[reject(EVIL, EVIL)],
    )
    figures = summarise_run(snapshot, RUN_ID)
    figures = replace(figures, breaches=(BreachFigures(EVIL, "yield", 1.0, "articles", "2 to 3", "look at it"),))
    seen = 0
    for text in pages_of(figures).values():
        assert "<b>" not in text
        assert "\x1b" not in text
        assert "\u202e" not in text
        in_tables = [line[1:-1] for line in text.splitlines() if line.startswith("|")]
        bare = [re.sub(r"\\.", "", cell) for line in in_tables for cell in re.split(r" \| ", line)]
        for character in "[]`|":
            assert all(character not in cell.strip("-| ") for cell in bare), character
        # Every row of a table has as many cells as its heading.
        for table in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
        seen += "http\\://evil\\.example" in text
    assert seen == 4  # all but the funnel, which has no text of an article


def test_long_lists_are_cut_and_say_so(tmp_path: Path) -> None:
    rows, spans, flags = [], [], []
    for number in range(300):
        row = article(
            f"n{number}", f"Story {number} of Ann Lee. {'word ' * 400}", title="Long title " * 60, site="s" * 300
        )
        spans += cut(row, [f" of Ann Lee. {'word ' * 400}"], rule_id=f"rule-{number}")
        flags.append(flag(row, f"Story {number}"[:7], f"Ann {number}", is_error=True))
        rows.append(row)
    snapshot = write_snapshot(tmp_path / "snapshot", articles=rows, removed_spans=spans, name_flags=flags)
    pages = pages_of(summarise_run(snapshot, RUN_ID))
    assert "Showing 50 of 300." in pages["copydesk-removals"]
    assert "and 297 more" in pages["copydesk-removals"].partition("## By site")[2]
    assert "Showing 50 of 300." in pages["copydesk-names"]
    assert max(len(text) for text in pages.values()) < 64_000


def test_rows_of_the_table(seed_figures: RunFigures, tmp_path: Path) -> None:
    rows = {row["figure"]: row["value"] for row in summary_rows(seed_figures)}
    assert (rows["cleaned"], rows["embedded"], rows["published"], rows["name errors"]) == (5, 3, 8, 1)
    nothing = summary_rows(summarise_run(write_snapshot(tmp_path / "snapshot"), RUN_ID))
    assert "found" not in {row["figure"] for row in nothing}
    assert {row["value"] for row in nothing} == {0}
