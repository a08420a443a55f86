"""Sites are measured by every run and named when they leave their band; a hard figure stops the publication."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from cleaners.document import REJECT_SCHEMA
from flows.report.page import write_report
from flows.steps.gates import list_broken_gates
from flows.store.files import write_parquet
from flows.store.rows import read_breaches
from tests.conftest import read_tables

pytestmark = pytest.mark.slow

# Small bands' worth of history, so that six runs show what fifty would.
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


def test_a_run_that_strips_again_says_nothing_about_its_sites(tmp_path: Path, run_pipeline: Callable) -> None:
    path = feed(tmp_path / "in", 1)
    run_pipeline([path], tmp_path / "out", run_id="1")
    run_pipeline([path], tmp_path / "out", run_id="2", cleaning={"strip": {"salvage_min_words": 31}})
    tables = read_tables(tmp_path / "out" / "latest")
    assert tables.articles["run_id"].unique().to_list() == ["2"]
    assert tables.site_health["run_id"].unique().to_list() == ["1"]


# The peak is /proc's: that of `getrusage` begins at the size of the process that started this one, here pytest itself.
PEAK = """
import sys
from pathlib import Path
from flows.run import Run
from flows.settings import Settings
from flows.steps.health import judge_run
from flows.run import Versions
folder = Path(sys.argv[1])
figures = judge_run(Run("r", Settings(sources=["in"]), folder, folder, None, Versions("a", "b", {"match": "c", "names": "d"})))
assert figures.filter(metric="articles")["value"].to_list() == [960.0]
print(int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) // 1024)
"""
N_SLICES, ARTICLES_A_SLICE = 40, 24


def write_stripped(folder: Path, n_chars: int) -> Path:
    """The intermediate files of a run whose articles have so many characters each."""
    work = folder / "work"
    for number in range(N_SLICES):
        ids = [f"{number}-{place}" for place in range(ARTICLES_A_SLICE)]
        texts = [f"{one} {'It rained. ' * (n_chars // 11)}" for one in ids]  # no two alike: Parquet would keep one
        articles = {
            "article_id": ids,
            "site": "a.example",
            "text": texts,
            "n_words": n_chars // 6,
            "n_removed_chars": 0,
            "body_confidence": 0.9,
        }
        parent = pl.lit(None, pl.String)
        write_parquet(
            pl.DataFrame(articles).with_columns(parent_article_id=parent), work / "articles" / f"{number:02d}.parquet"
        )
    clusters = pl.scan_parquet(work / "articles" / "*.parquet").select("article_id", is_canonical=True).collect()
    spans = {"article_id": pl.String, "start": pl.Int64, "end": pl.Int64, "salvaged_article_id": pl.String}
    write_parquet(clusters, work / "clusters.parquet")
    write_parquet(pl.DataFrame(schema=spans), work / "removed_spans" / "00.parquet")
    write_parquet(pl.DataFrame(schema=REJECT_SCHEMA), work / "rejects" / "00.parquet")
    write_parquet(pl.DataFrame(schema={"input_id": pl.String}), work / "restored.parquet")
    return folder


def test_sites_are_judged_without_holding_the_texts(tmp_path: Path) -> None:
    peaks = []
    for n_chars in (500, 200_000):
        folder = write_stripped(tmp_path / str(n_chars), n_chars)
        done = subprocess.run(
            [sys.executable, "-c", PEAK, str(folder)],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"POLARS_MAX_THREADS": "2"},
        )
        peaks.append(int(done.stdout))
    # 190 MB of texts, some of which are read ahead; carried to the end they come to all of that.
    assert peaks[1] < peaks[0] + 100, peaks
