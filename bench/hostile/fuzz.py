"""The readers under coverage-guided fuzzing: `python -m bench.hostile.fuzz [TARGET...] [--seconds 60]`.

Needs atheris (`pip install atheris`), which is no dependency of the project: this command alone needs it. Each target
runs in a process of its own; an input that lets an error out, or takes more than ten seconds, stops it and is
kept here as `fuzz-TARGET-...`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import polars as pl

from bench.hostile import containers, documents
from cleaners.document import sha256_hex
from cleaners.errors import ConfigError
from cleaners.extract import ExtractConfig, extract_articles
from cleaners.names import load_decisions
from cleaners.text import TextConfig
from flows.ingest.formats import read_records
from flows.ingest.sources import format_of
from flows.query.review import take_decisions
from flows.settings import InputConfig, Settings
from flows.steps.plan import Piece

CONFIG = InputConfig(max_bytes=100_000)


class Found(NamedTuple):
    """Outcome of a file: records and rejects of reading it, errors that a reader or the extractor did not foresee, and
    records that are neither article nor reject.
    """

    n_records: int
    n_rejects: int
    failures: list[str]
    lost: list[str]


class Reviewed(NamedTuple):
    """Outcome of an editor's file: why it was refused (None where it was taken), the decisions kept before and after."""

    refusal: str | None
    n_decided: int
    before: str
    after: str


def main() -> None:
    """Run the targets, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(TARGETS)}; default: all")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    arguments = parser.parse_args()
    for name in arguments.targets or TARGETS:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            corpus = Path(folder, "corpus")
            corpus.mkdir()
            for number, (_, data) in enumerate(SEEDS[name]()):
                if len(data) < CONFIG.max_bytes:
                    (corpus / str(number)).write_bytes(data)
            limits = [
                f"-max_total_time={arguments.seconds}",
                "-timeout=10",
                "-rss_limit_mb=3000",
                "-print_final_stats=1",
            ]
            command = [
                sys.executable,
                "-m",
                "bench.hostile.fuzz_one",
                name,
                *limits,
                f"-artifact_prefix={folder}/",
                str(corpus),
            ]
            done = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False
            )
            for artifact in Path(folder).glob("*-*"):
                shutil.copy(artifact, f"fuzz-{name}-{artifact.name}")
        lines = done.stdout.splitlines()
        n_runs = next((line.split()[-1] for line in lines if "number_of_executed_units" in line), "?")
        print(f"{name}: {n_runs} inputs, {'nothing found' if done.returncode == 0 else 'FOUND'}", flush=True)
        if done.returncode:
            print("\n".join(lines[-60:]))


def read_bytes(name: str, data: bytes) -> Found:
    """Read some bytes as a file of that name, and extract what comes; an error that gets out is a defect."""
    kind = format_of(name, CONFIG)
    assert kind
    failures, lost = [], []
    with tempfile.NamedTemporaryFile(dir=_memory(), suffix=name) as file:
        file.write(data)
        file.flush()
        piece = Piece(file.name, name, kind, len(data), sha256_hex(data), 0, 1)
        n_records = n_rejects = 0
        for batch in read_records(piece, CONFIG, TextConfig()):
            extracted = extract_articles(batch.records, ExtractConfig(), TextConfig())
            for rejects in (batch.rejects, extracted.rejects):
                failures += rejects.filter(pl.col("reason") == "failed")["detail"].to_list()
            ended = {*extracted.documents["article_id"], *extracted.rejects["article_id"]}
            lost += sorted({*batch.records["article_id"]} - ended)
            n_records += batch.records.height
            n_rejects += batch.rejects.height
    return Found(n_records, n_rejects, failures, lost)


def take_review(data: bytes, folder: Path) -> Reviewed:
    """Take some bytes for an editor's reviewed file; an error that gets out and is none of ours is a defect."""
    source, kept = folder / "reviewed.csv", folder / "out" / "decisions.csv"
    source.write_bytes(data)

    def read() -> str:
        return kept.read_text(encoding="utf-8") if kept.exists() else ""

    before = read()
    try:
        taken = take_decisions(Settings(output=str(folder / "out")), source)
    except ConfigError as error:
        return Reviewed(error.message, 0, before, read())
    return Reviewed(None, taken.n_decided, before, read())


def is_sound(found: Found) -> bool:
    """Tell whether nothing failed, and whatever was there left a record or a reject."""
    return not found.failures and not found.lost and found.n_records + found.n_rejects > 0


def is_settled(reviewed: Reviewed) -> bool:
    """Tell whether an editor's file was refused with a reason and nothing written, or taken with every decision readable."""
    if reviewed.refusal is not None:
        return bool(reviewed.refusal) and reviewed.after == reviewed.before
    n_before, n_after = (load_decisions(text).height for text in (reviewed.before, reviewed.after))
    return n_after <= n_before + reviewed.n_decided and (n_after > 0 or not reviewed.n_decided)


def _read(name: str) -> Callable[[bytes], None]:
    def target(data: bytes) -> None:
        found = read_bytes(name, data)
        assert is_sound(found), found

    return target


def _review(data: bytes) -> None:
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        reviewed = take_review(data, Path(folder))
        assert is_settled(reviewed), reviewed


TARGETS: dict[str, Callable[[bytes], None]] = {
    "text": _read("a.txt"),
    "html": _read("a.html"),
    "jsonl": _read("a.jsonl"),
    "parquet": _read("a.parquet"),
    "warc": _read("a.warc"),
    "warc.gz": _read("a.warc.gz"),
    "txt.gz": _read("a.txt.gz"),
    "review": _review,
}
SEEDS: dict[str, Callable[[], Iterable[documents.File]]] = {
    "text": lambda: documents.make_encodings(50),
    "html": lambda: documents.make_mutants(50),
    "jsonl": lambda: containers.make_json_lines(50),
    "parquet": lambda: containers.make_parquets(30),
    "warc": lambda: (file for file in containers.make_warcs(36) if file[0].endswith("warc")),
    "warc.gz": lambda: (file for file in containers.make_warcs(36) if file[0].endswith("gz")),
    "txt.gz": lambda: documents.make_gzips(22, 100_000),
    "review": lambda: [
        ("a.csv", b"decision,flag_id,article_id,start,end,surface,kind,canonical\naccept,a,b,1,2,c,d,e\n")
    ],
}


def _memory() -> str | None:
    """A folder in memory, where there is one."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


if __name__ == "__main__":
    main()
