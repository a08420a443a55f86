"""The readers under coverage-guided fuzzing: `python -m bench.fuzz [TARGET...] [--seconds 60]`.

Needs atheris (`pip install atheris`), which is no dependency of the project: it is asked for by this command alone. Each target
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

from bench.hostile_corpus import containers, documents
from cleaners.document import sha256_hex
from cleaners.errors import ConfigError
from cleaners.extract import ExtractConfig, extract_articles
from cleaners.text import TextConfig
from flows.formats import read_records
from flows.inputs import InputConfig
from flows.planning import Piece
from flows.review import take_decisions
from flows.settings import Settings
from flows.sources import format_of

CONFIG = InputConfig(max_bytes=100_000)


class Found(NamedTuple):
    """How many records were read, and how many rejects there were of reading."""

    n_records: int
    n_rejects: int


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
                "bench.fuzz_one",
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
    """Read some bytes as a file of that name, and extract what comes; whatever they are, no error may get out."""
    kind = format_of(name, CONFIG)
    assert kind
    with tempfile.NamedTemporaryFile(dir=_memory(), suffix=name) as file:
        file.write(data)
        file.flush()
        piece = Piece(file.name, name, kind, len(data), sha256_hex(data), 0, 1)
        n_records = n_rejects = 0
        for batch in read_records(piece, CONFIG, TextConfig()):
            assert "failed" not in batch.rejects["reason"], batch.rejects["detail"].to_list()
            extracted = extract_articles(batch.records, ExtractConfig(), TextConfig())
            failed = extracted.rejects.filter(pl.col("reason") == "failed")
            assert failed.is_empty(), failed["detail"].to_list()
            ended = {*extracted.documents["article_id"], *extracted.rejects["article_id"]}
            assert ended >= set(batch.records["article_id"])
            n_records += batch.records.height
            n_rejects += batch.rejects.height
    return Found(n_records, n_rejects)


def take_review(data: bytes, folder: Path) -> None:
    """Take some bytes for an editor's reviewed file: taken, or refused with a reason, and then nothing is written."""
    source = folder / "reviewed.csv"
    source.write_bytes(data)
    settings = Settings(output=str(folder / "out"))
    kept = folder / "out" / "decisions.csv"
    before = kept.read_bytes() if kept.exists() else None
    try:
        take_decisions(settings, source)
    except ConfigError as error:
        assert error.message
        assert (kept.read_bytes() if kept.exists() else None) == before


def _review(data: bytes) -> None:
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        take_review(data, Path(folder))


TARGETS: dict[str, Callable[[bytes], object]] = {
    "text": lambda data: read_bytes("a.txt", data),
    "html": lambda data: read_bytes("a.html", data),
    "jsonl": lambda data: read_bytes("a.jsonl", data),
    "parquet": lambda data: read_bytes("a.parquet", data),
    "warc": lambda data: read_bytes("a.warc", data),
    "warc.gz": lambda data: read_bytes("a.warc.gz", data),
    "txt.gz": lambda data: read_bytes("a.txt.gz", data),
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
