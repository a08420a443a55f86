"""A landing zone of very many tiny files: `python -m bench.scale.tiny_files 100000 FOLDER [--discover-alone]`.

Makes so many texts of a hundred words, a thousand a folder, and measures what discovering and extracting them costs: CPU
time and peak memory of a process that does nothing else. FOLDER keeps the files, so that they are made once.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.scale.news_corpus import ADJECTIVES, CITIES, NOUNS, VERBS
from flows.run import Run
from flows.settings import Settings
from flows.steps import extract
from flows.steps.discover import plan_run
from flows.steps.plan import Plan
from flows.steps.versions import find_versions

FILES_A_FOLDER = 1_000
SENTENCES = 8


def main() -> None:
    """Print a line of JSON for each step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--discover-alone", action="store_true", help="do not extract")
    args = parser.parse_args()
    landing = args.folder / f"landing-{args.files}"
    begun = time.perf_counter()
    n_made = make_files(landing, args.files)
    print(json.dumps({"step": "make", "files": n_made, "wall_s": round(time.perf_counter() - begun, 1)}), flush=True)
    output = args.folder / "out"
    shutil.rmtree(output, ignore_errors=True)
    settings = Settings(sources=[str(landing)], output=str(output), workers=2)
    run = Run("20260101T000000Z-0001", settings, output, output / "_staging" / "run", None, find_versions(settings))
    plan = measure("discover", args.files, plan_run, run)
    if not args.discover_alone:
        measure("extract", args.files, extract_all, run, plan)
    shutil.rmtree(output)


def make_files(folder: Path, n_files: int) -> int:
    """Write the files that are not there yet; give their number."""
    n_made = 0
    for number in range(n_files):
        path = folder / f"{number // FILES_A_FOLDER:04d}" / f"{number:07d}.txt"
        if number % FILES_A_FOLDER == 0:
            is_there = path.parent.is_dir()
            path.parent.mkdir(parents=True, exist_ok=True)
        if not is_there:
            path.write_text(make_text(number), encoding="utf-8")
            n_made += 1
    return n_made


def make_text(number: int) -> str:
    """A text of its number alone."""
    rng = random.Random(number)
    sentences = [
        f"The {rng.choice(ADJECTIVES)} {rng.choice(NOUNS)} in {rng.choice(CITIES)} {rng.choice(VERBS)} the "
        f"{rng.choice(ADJECTIVES)} {rng.choice(NOUNS)} of {rng.randint(2, 9_999)} on {rng.choice(ADJECTIVES)} terms."
        for _ in range(SENTENCES)
    ]
    return "\n\n".join(" ".join(sentences[at : at + 2]) for at in range(0, SENTENCES, 2)) + "\n"


def extract_all(run: Run, plan: Plan) -> int:
    """Every shard, one after the other."""
    return sum(extract.extract_shard(run, shard).n_records for shard in plan.shards)


def measure(step: str, n_files: int, work: Callable[..., Any], *args: Any, of: str = "file") -> Any:  # noqa: ANN401
    """Do a step in a process of its own; print what it took, in all and for each file, and what its memory grew by."""
    theirs, ours = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_do, args=(ours, work, args))
    process.start()
    result, figures = theirs.recv()
    process.join()
    each = {f"us_a_{of}": round(1e6 * figures["cpu_s"] / n_files, 1)}
    print(json.dumps({"step": step, f"{of}s": n_files, **figures, **each}), flush=True)
    return result


def _do(answer: Any, work: Callable[..., Any], args: tuple[Any, ...]) -> None:  # noqa: ANN401
    idle_mb = _peak_mb()
    begun, cpu = time.perf_counter(), time.process_time()
    result = work(*args)
    figures = {
        "cpu_s": round(time.process_time() - cpu, 1),
        "wall_s": round(time.perf_counter() - begun, 1),
        "idle_mb": idle_mb,
        "peak_mb": _peak_mb(),
    }
    answer.send((result, figures))


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
