"""Sites are measured by every run and named when they leave their band; a hard figure stops the publication."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import polars as pl

from flows.publish import list_broken_gates
from flows.report import write_report
from flows.site_health import read_breaches
from tests.conftest import read_tables

# Small bands' worth of history, so that six runs tell what fifty would.
SOON = {"cleaning": {"quality": {"sites": {"min_records": 3, "min_runs": 3}}}}
OPENINGS = (
    "council",
    "harbour board",
    "school",
    "hospital",
    "theatre",
    "railway",
    "library",
    "museum",
    "market",
    "court",
)


def feed(folder: Path, day: int, *, walled: bool = False, n: int = 8) -> Path:
    folder.mkdir(exist_ok=True)
    rows = []
    for number in range(n):
        what = OPENINGS[(day * 3 + number) % len(OPENINGS)]
        text = (
            f"The {what} of the {day}th district met {number + 2} times this year before it agreed on a plan. Its chair, in "
            f"office since {1950 + 7 * day + number}, said that some {day * 37 + number * 11} people had written letters, and "
            f"that the {number + 3}th draft would be read again in the spring. Nobody from the ministry came to the hall."
        )
        text = "Please subscribe." if walled and number > 1 else text
        rows.append(json.dumps({"text": text, "url": f"https://a.example/{day}/{number}", "site": "a.example"}))
    path = folder / f"day-{day}.jsonl"
    path.write_text("\n".join(rows))
    return path


def test_a_site_that_turned_into_a_wall_is_named_with_what_was_expected(tmp_path: Path, run_pipeline: Callable) -> None:
    for day in range(1, 5):
        run_pipeline([feed(tmp_path / "in", day)], tmp_path / "out", run_id=f"run-{day}", **SOON)
    steady = read_tables(tmp_path / "out" / "latest").site_health
    assert steady["run_id"].n_unique() == 4
    assert steady.filter(~pl.col("passed")).height == 0
    assert steady.filter(run_id="run-4")["passed"].null_count() == 0
    run_pipeline([feed(tmp_path / "in", 5, walled=True)], tmp_path / "out", run_id="run-5", **SOON)
    latest = tmp_path / "out" / "latest"
    (breach,) = read_breaches(latest, "run-5").filter(metric="reject_share").rows(named=True)
    assert (breach["site"], breach["value"], breach["n_records"]) == ("a.example", 0.75, 8)
    assert breach["upper"] < 0.75
    assert list_broken_gates(latest, "run-5") == []
    (phrase,) = list_broken_gates(latest, "run-5", ("reject_share",))
    assert phrase.startswith("a.example: reject_share is 0.75 share, expected 0.0 to ")
    assert "see its rows of rejects" in phrase
    page = write_report(latest, "run-5", tmp_path / "report.html").read_text()
    assert "Out of their usual band" in page
    table = page.partition('aria-label="Health of the sites"')[2].partition("</table>")[0]
    assert '<th scope="row">a.example</th><td class="n">8</td>' in table
    assert re.search(r'out of its band: </span>75%</strong><br><span class="soft">0% to \d+%</span>', table)
    assert "Over the last 5 runs" in page


def test_a_run_that_strips_anew_says_nothing_about_its_sites(tmp_path: Path, run_pipeline: Callable) -> None:
    path = feed(tmp_path / "in", 1)
    run_pipeline([path], tmp_path / "out", run_id="1")
    run_pipeline([path], tmp_path / "out", run_id="2", cleaning={"strip": {"salvage_min_words": 31}})
    tables = read_tables(tmp_path / "out" / "latest")
    assert tables.articles["run_id"].unique().to_list() == ["2"]
    assert tables.site_health["run_id"].unique().to_list() == ["1"]
