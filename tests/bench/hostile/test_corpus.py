"""A sample of the hostile corpus through the steps: each case ends as an article or a reject, and nothing of it acts.

The whole corpus, its lines a hundred times as long: `python -m bench.hostile`.
"""

from __future__ import annotations

import csv
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from bench.hostile.corpus import GATES_OPEN, find_lost, list_classes, timed_extract, timed_strip, write_class
from bench.hostile.documents import File
from bench.hostile.places import write_places
from flows.query.review import export_flags
from flows.report.artifacts import list_artifacts, summary_rows
from flows.report.figures import summarise_run
from flows.settings import Settings
from tests.conftest import Tables, read_tables, run_steps

pytestmark = pytest.mark.slow

SHARE = 5  # one case of so many
LINE_BYTES = 30_000
MAX_LINE_BYTES = 21_000_000  # more than a document may have
BOMB_BYTES = 40_000_000
MAX_SECONDS = 60.0  # for one document in one step, on whatever machine runs this
MAX_MB = 1500.0
# Text that must not stand in a page as it came in.
LIVE = re.compile(r"<script>alert|<img src=x|<svg onload|<iframe srcdoc|<h1>copydesk|href=.?javascript:", re.IGNORECASE)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def sample(files: Iterator[File], seed: str) -> Iterator[File]:
    chosen = random.Random(seed)
    return (file for file in files if chosen.random() < 1 / SHARE)


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    n_cases = write_places(folder / "places")
    for name, make in list_classes(LINE_BYTES, MAX_LINE_BYTES, BOMB_BYTES).items():
        n_cases += write_class(folder / name, sample(make(), name))
    assert n_cases > 250
    return folder


@pytest.fixture(scope="module")
def ended(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    output = tmp_path_factory.mktemp("out")
    run_steps([landing], output, n_workers=1, extract=timed_extract, strip=timed_strip, cleaning=GATES_OPEN)
    return read_tables(output / "latest")


def test_the_corpus_has_a_thousand_cases_and_is_the_same_every_time() -> None:
    classes = list_classes(1_000, 1_000, 1_000)
    first = {name: [file for file, _ in make()] for name, make in classes.items() if name != "gzip"}
    assert sum(map(len, first.values())) > 1_200
    for name in ("mutants", "WARC"):
        assert list(classes[name]()) == list(classes[name]())


def test_every_case_is_an_article_or_a_reject_with_its_reason(landing: Path, ended: Tables) -> None:
    assert find_lost(landing, ended.snapshot) == []
    assert ended.articles.height > 150
    assert ended.rejects.filter(pl.col("detail") == "").height == 0
    assert not {"failed", "timed_out", "crashed_worker"} & set(ended.rejects["reason"])


def test_no_document_takes_long_or_much(ended: Tables) -> None:
    timings = [json.loads(path.read_text()) for path in (ended.snapshot.parent / "timings").glob("*.json")]
    assert timings
    slowest = max(timings, key=lambda timing: timing["seconds"])
    assert slowest["seconds"] < MAX_SECONDS, slowest
    assert max(timing["peak_mb"] for timing in timings) < MAX_MB


def test_good_records_around_a_bad_one_are_read(ended: Tables) -> None:
    of_file = (
        ended.articles.filter(pl.col("source_uri").str.contains("/WARC/"))
        .group_by(pl.col("source_uri").str.replace(r"#\d+$", ""))
        .agg(n=pl.col("url").str.contains(r"^https://a\.example/\d+/[012]$").sum())
    )
    assert of_file.height > 10
    assert of_file["n"].to_list() == [3] * of_file.height


def test_texts_hold_no_control_characters_and_no_halves(ended: Tables) -> None:
    for column in ("text", "title", "site", "url"):
        bad = ended.articles.filter(pl.col(column).str.contains(r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]"))
        assert bad.select("source_uri", column).rows() == [], column
    "".join(ended.articles["text"]).encode()  # a half of a surrogate pair would raise


def test_no_outside_file_comes_in_by_entity(ended: Tables) -> None:
    hostname = Path("/etc/hostname").read_text().strip() if Path("/etc/hostname").exists() else "no such name"
    pages = ended.articles.filter(pl.col("source_uri").str.contains("/entities/"))
    assert pages.height
    assert not any(hostname in text for text in pages["text"])


def test_nothing_acts_in_the_report_the_artifacts_or_the_review_file(ended: Tables, tmp_path: Path) -> None:
    report = (ended.snapshot / "report.html").read_text(encoding="utf-8")
    assert not LIVE.search(report), LIVE.search(report)
    figures = summarise_run(ended.snapshot, ended.run_summary["run_id"][0])
    pages = [page.markdown for page in list_artifacts(figures, str(ended.snapshot.parent))]
    for shown in (*pages, json.dumps(summary_rows(figures))):
        assert not LIVE.search(shown), LIVE.search(shown)
    target = tmp_path / "review.csv"
    settings = Settings(output=str(ended.snapshot.parent))
    assert export_flags(settings, target, with_variants=True) > 0
    with target.open(encoding="utf-8-sig", newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    assert [cell for cell in cells if cell.startswith(FORMULA)] == []
