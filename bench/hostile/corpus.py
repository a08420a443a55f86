"""The hostile corpus as a whole: its classes, written to disk and run through the steps in a worker process."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

import flows.ingest.inputs
import flows.steps.documents
import flows.steps.extract
import flows.steps.strip
from bench.hostile import containers, documents, places
from bench.hostile.documents import File
from cleaners.quality import RunCounts
from flows.ingest.sources import discover_inputs
from flows.run import Run
from flows.settings import InputConfig
from flows.steps.plan import Shard
from flows.store.restore import input_of
from flows.workers.marks import Tries, mark_document

GATES_OPEN = {"quality": {"max_reject_share": 1.0, "max_removed_share": 1.0}}


class Outcome(NamedTuple):
    """Outcome of a class: its cases (files), rows published, rows rejected by reason, files that are neither, and what
    it took at worst.
    """

    name: str
    n_cases: int
    n_articles: int
    reasons: dict[str, int]
    lost: list[str]
    slowest_seconds: float
    slowest_document: str
    peak_mb: float


def list_classes(line_bytes: int, longest_line_bytes: int, bomb_bytes: int) -> dict[str, Callable[[], Iterator[File]]]:
    """Every class of files.

    Args:
        line_bytes: length of long lines.
        longest_line_bytes: length of those that are longer than any document may be.
        bomb_bytes: what gzip bombs unpack to.
    """
    return {
        "broken encodings": lambda: documents.make_encodings(230),
        "control characters": lambda: documents.make_control_characters(80),
        "lone surrogates": lambda: documents.make_surrogates(60),
        "invisible characters": lambda: documents.make_invisible(72),
        "long lines": lambda: documents.make_long_lines(36, line_bytes),
        "longest lines": lambda: documents.make_long_lines(9, longest_line_bytes),
        "deep pages": lambda: documents.make_deep_pages(72),
        "entities": lambda: documents.make_entities(40),
        "gzip": lambda: documents.make_gzips(66, bomb_bytes),
        "wrong suffixes": lambda: documents.make_wrong_suffixes(100),
        "mutants": lambda: documents.make_mutants(200),
        "JSON lines": lambda: containers.make_json_lines(120),
        "Parquet": lambda: containers.make_parquets(72),
        "WARC": lambda: containers.make_warcs(108),
        "injection": lambda: places.make_injections(100),
    }


def write_class(folder: Path, files: Iterator[File]) -> int:
    """Write the files of a class; returns how many."""
    folder.mkdir(parents=True)
    n = 0
    for n, (name, data) in enumerate(files, 1):  # noqa: B007 -- the count is what is wanted
        (folder / name).write_bytes(data)
    return n


def run_class(name: str, landing: Path, output: Path, n_cases: int, run_steps: Callable[..., object]) -> Outcome:
    """Run a class through the steps in a fresh worker, and say what became of each case."""
    run_steps([landing], output, n_workers=1, extract=timed_extract, strip=timed_strip, cleaning=GATES_OPEN)
    snapshot = (output / "latest").resolve()
    articles, rejects = (pl.read_parquet(snapshot / table / "*.parquet") for table in ("articles", "rejects"))
    timings = [json.loads(path.read_text()) for path in (output / "timings").glob("*.json")]
    slowest: dict[str, Any] = max(
        timings, key=lambda timing: timing["seconds"], default={"seconds": 0.0, "document": ""}
    )
    reasons = dict(rejects["reason"].value_counts(sort=True).iter_rows())
    peak = max((timing["peak_mb"] for timing in timings), default=0.0)
    return Outcome(
        name,
        n_cases,
        articles.height,
        reasons,
        find_lost(landing, snapshot),
        float(slowest["seconds"]),
        str(slowest["document"]),
        float(peak),
    )


def find_lost(landing: Path, snapshot: Path) -> list[str]:
    """The files of a landing zone of which a snapshot holds neither an article nor a reject."""
    tables = [
        pl.read_parquet(snapshot / table / "*.parquet", columns=["source_uri"]) for table in ("articles", "rejects")
    ]
    rows = pl.concat(tables)
    seen = {*rows["source_uri"], *rows.select(input_of(pl.col("source_uri"))).to_series()}
    found = discover_inputs([str(landing)], InputConfig())
    return sorted({*found.inputs["source_uri"], *found.rejects["source_uri"]} - seen)


def timed_extract(run: Run, shard: Shard, tries: Tries) -> RunCounts:
    """`extract_shard`, its slowest document written down."""
    return _timed("extract", flows.steps.extract.extract_shard, run, shard, tries)


def timed_strip(run: Run, shard: Shard, tries: Tries) -> RunCounts:
    """`strip_shard`, its slowest document written down; documents are taken singly, so that each has its time."""
    return _timed("strip", flows.steps.strip.strip_shard, run, shard, tries._replace(singly=True))


def _timed(step: str, work: Callable[..., RunCounts], run: Run, shard: Shard, tries: Tries) -> RunCounts:
    worst: tuple[float, str] = (0.0, "")
    at, since = "", time.process_time()

    def mark(name: str = "") -> None:
        nonlocal worst, at, since
        now = time.process_time()
        if at:
            worst = max(worst, (now - since, at))
        at, since = name, now
        mark_document(name)

    for module in (flows.ingest.inputs, flows.steps.documents, flows.steps.extract, flows.steps.strip):
        module.mark_document = mark  # type: ignore[attr-defined]
    try:
        counts = work(run, shard, tries)
    finally:
        for module in (flows.ingest.inputs, flows.steps.documents, flows.steps.extract, flows.steps.strip):
            module.mark_document = mark_document  # type: ignore[attr-defined]
    mark()
    folder = run.output / "timings"
    folder.mkdir(exist_ok=True)
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    timing = {"seconds": worst[0], "document": worst[1], "peak_mb": peak}
    (folder / f"{step}-{shard.number}.json").write_text(json.dumps(timing))
    return counts
