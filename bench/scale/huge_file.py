"""A landing zone of one huge file: `python -m bench.scale.huge_file 10000 FOLDER`, 10,000 megabytes of JSON lines.

Measures what discovering it costs, and extracting its first, middle and last shard: CPU time and peak memory of a process that does
nothing else. The articles are ten thousand made-up ones, again and again. FOLDER keeps the file.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path

from bench.scale.news_corpus import make_articles
from bench.scale.tiny_files import measure
from flows.run import Run
from flows.settings import Settings
from flows.steps import extract
from flows.steps.discover import plan_run
from flows.steps.plan import Shard
from flows.steps.versions import find_versions

ARTICLES = 10_000
MEGABYTE = 10**6


def main() -> None:
    """Print a line of JSON for each step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("megabytes", type=int)
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    path = args.folder / f"news-{args.megabytes}.jsonl"
    begun = time.perf_counter()
    n_articles = make_file(path, args.megabytes * MEGABYTE)
    print(
        json.dumps({"step": "make", "articles": n_articles, "wall_s": round(time.perf_counter() - begun, 1)}),
        flush=True,
    )
    output = args.folder / "out"
    shutil.rmtree(output, ignore_errors=True)
    settings = Settings(sources=[str(path)], output=str(output), workers=2)
    run = Run("20260101T000000Z-0001", settings, output, output / "_staging" / "run", None, find_versions(settings))
    plan = measure("discover", args.megabytes, plan_run, run, of="megabyte")
    for shard in (plan.shards[0], plan.shards[len(plan.shards) // 2], plan.shards[-1]):
        name = f"extract {shard.number + 1} of {len(plan.shards)}"
        measure(name, max(1, shard.n_bytes // MEGABYTE), extract_shard, run, shard, of="megabyte")
    shutil.rmtree(output)


def make_file(path: Path, n_bytes: int) -> int:
    """Write the file unless it is there; give the number of its articles, 0 where it was there."""
    if path.exists():
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    ends = [json.dumps({**article, "id": None})[1:] for article in make_articles(0, ARTICLES, ARTICLES)]
    part, number = path.with_suffix(".part"), 0
    with part.open("w", encoding="utf-8") as stream:
        while stream.tell() < n_bytes:
            stream.writelines(f'{{"number": {number + k}, {end}\n' for k, end in enumerate(ends))
            number += len(ends)
    part.replace(path)
    return number


def extract_shard(run: Run, shard: Shard) -> int:
    """One shard; only the number of its records travels back."""
    return extract.extract_shard(run, shard).n_records


if __name__ == "__main__":
    main()
