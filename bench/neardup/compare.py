"""Near-duplicates beside their peers: `python -m bench.neardup.compare compare | grow | history | ceiling`.

Every measurement runs in a process of its own, warmed up on a few articles; rounds take the systems in turn, so that what
else the machine does falls on all of them. Time is from texts in memory to cluster labels.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import polars as pl

from bench.neardup.neardup_corpus import Generator
from bench.neardup.neardup_peers import PACKAGES, SYSTEMS, join_pairs, score
from cleaners.neardup import NearDuplicateConfig, kernel, sign_articles
from cleaners.neardup.sketch.bands import find_candidates
from cleaners.neardup.sketch.segments import describe_scheme, make_segment
from cleaners.neardup.sketch.signatures import read_signatures, stack_signatures
from cleaners.neardup.verdict.verify import describe_articles, measure_pairs
from flows.store.archive import INDEX, carry_over, find_parts, probe_archive, write_part
from flows.store.files import write_json, write_parquet

WARM_UP = 64
NEW_ARTICLES = 10_000
ARTICLES_A_RUN = 50_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    compare = commands.add_parser("compare", help="systems side by side on one corpus")
    compare.add_argument("corpus", help="JSON lines with cluster_id, a Parquet file, or a number of articles to make")
    compare.add_argument("--systems", nargs="+", default=list(SYSTEMS), choices=list(SYSTEMS))
    compare.add_argument("--rounds", type=int, default=3)
    compare.add_argument(
        "--among", type=Path, help="a made Parquet file whose articles stand around those of the corpus, unscored"
    )
    grow = commands.add_parser("grow", help="Copydesk alone, from corpus to larger corpus")
    grow.add_argument("sizes", nargs="+", type=int)
    history = commands.add_parser("history", help="a batch of 10,000 against histories of these sizes")
    history.add_argument("sizes", nargs="+", type=int)
    history.add_argument("--corpus", type=Path, help="a made Parquet file of as many articles and the batch")
    make = commands.add_parser("make", help="write a made-up corpus")
    make.add_argument("n_articles", type=int)
    make.add_argument("out", type=Path)
    ceiling = commands.add_parser("ceiling", help="the best that exact Jaccard can do")
    ceiling.add_argument("corpus")
    one = commands.add_parser("one", help="one measurement (the others call it)")
    one.add_argument("what")
    one.add_argument("corpus", type=Path)
    one.add_argument("--labels", type=Path)
    one.add_argument("--index", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if args.command == "compare":
            corpus = prepare(args.corpus, Path(folder))
            if args.among:
                corpus = mix(corpus, args.among, Path(folder))
            compare_systems(corpus, args.systems, args.rounds)
        elif args.command == "grow":
            for size in args.sizes:
                compare_systems(prepare(str(size), Path(folder)), ["copydesk"], 1)
        elif args.command == "history":
            measure_history(args.sizes, Path(folder), args.corpus)
        elif args.command == "make":
            Generator().write(args.out, args.n_articles)
        elif args.command == "ceiling":
            find_ceiling(prepare(args.corpus, Path(folder)))
        elif args.what == "probe":
            print(json.dumps(probe_once(args.corpus, args.index)))
        else:
            print(json.dumps(measure_once(args.what, args.corpus, args.labels)))


def prepare(corpus: str, folder: Path) -> Path:
    """Give the corpus as a Parquet file: made, converted, or as it is."""
    if corpus.endswith(".parquet"):
        return Path(corpus)
    path = folder / f"{Path(corpus).name}.parquet"
    if corpus.isdigit():
        if not path.exists():
            Generator().write(path, int(corpus))
        return path
    from bench.quality.dups import read_articles

    with gzip.open(corpus, "rt") if corpus.endswith(".gz") else Path(corpus).open() as lines:
        gold = pl.Series("cluster_id", [str(json.loads(line)["cluster_id"]) for line in lines])
    read_articles(Path(corpus)).with_columns(gold.rank("dense").cast(pl.Int64)).write_parquet(path)
    return path


def mix(corpus: Path, among: Path, folder: Path) -> Path:
    """A corpus dealt out among other articles, whose clusters are not known."""
    few = pl.read_parquet(corpus)
    others = pl.read_parquet(among, columns=few.columns).with_columns(cluster_id=pl.lit(None, pl.Int64))
    places = np.random.default_rng(1).permutation(len(few) + len(others))
    path = folder / "mixed.parquet"
    pl.concat([few, others], how="vertical_relaxed")[places].write_parquet(path)
    return path


def compare_systems(corpus: Path, systems: list[str], rounds: int) -> None:
    """Run the systems in turn and print a table: medians, and the median of each round's ratio to Copydesk."""
    clusters = pl.read_parquet(corpus, columns=["cluster_id"])["cluster_id"]
    is_scored, gold = clusters.is_not_null().to_numpy(), clusters.drop_nulls().to_numpy()
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in systems}
    quality: dict[str, dict[str, float]] = {}
    for round_number in range(rounds):
        for name in systems[round_number % len(systems) :] + systems[: round_number % len(systems)]:
            labels = corpus.with_name("labels.npy")
            figures[name].append(run_one(name, corpus, "--labels", str(labels)))
            quality[name] = score(gold, np.load(labels)[is_scored])
            print(name, figures[name][-1], quality[name], file=sys.stderr, flush=True)
    print(f"\n{len(gold):,} articles among {len(clusters):,}, {rounds} rounds, {describe_machine()}\n")
    print("| system | F1 | P | R | wrongly hidden | seconds | CPU seconds | times Copydesk (wall, CPU) | peak MB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in systems:
        ratios = [
            median(a[unit] / b[unit] for a, b in zip(figures[name], figures[systems[0]], strict=True))
            for unit in ("seconds", "cpu")
        ]
        wall, cpu, peak = (median(run[unit] for run in figures[name]) for unit in ("seconds", "cpu", "peak_mb"))
        q = quality[name]
        print(
            f"| {name} {version(PACKAGES[name])} | {q['F1']:.3f} | {q['P']:.3f} | {q['R']:.3f} | {q['hidden']:,} | {wall:.2f} | "
            f"{cpu:.2f} | {ratios[0]:.1f}, {ratios[1]:.1f} | {peak:,.0f} |"
        )


def run_one(what: str, corpus: Path, *options: str) -> dict[str, float]:
    """Measure in a fresh process."""
    command = [sys.executable, "-m", "bench.neardup.compare", "one", what, str(corpus), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{what} failed:\n{done.stderr[-2000:]}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def measure_once(name: str, corpus: Path, labels: Path) -> dict[str, float]:
    """Cluster a corpus with one system, here."""
    articles = pl.read_parquet(corpus).drop("cluster_id")
    system = SYSTEMS[name]
    if name == "copydesk":
        kernel.load()  # as the peers' machine code is loaded by the warm-up
    system(articles.head(WARM_UP))
    began, cpu = time.perf_counter(), time.process_time()
    found = system(articles)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    np.save(labels, found)
    return {"seconds": round(seconds, 3), "cpu": round(cpu, 3), "peak_mb": round(peak_mb())}


def measure_history(sizes: list[int], folder: Path, made: Path | None) -> None:
    """Publish histories of growing size, probe each with the same new batch, and search each for what is like one document."""
    corpus = made or folder / "history.parquet"
    if made is None:
        Generator().write(corpus, max(sizes) + NEW_ARTICLES)
    articles = pl.scan_parquet(corpus).drop("cluster_id")
    batch = articles.tail(NEW_ARTICLES).collect()
    signed, document = folder / "new.parquet", folder / "document.txt"
    sign_articles(batch).write_parquet(signed)
    document.write_text(batch["title"][0] + "\n\n" + batch["text"][0])
    print(f"\na batch of {NEW_ARTICLES:,}, {describe_machine()}\n")
    print(
        "| history | segments | index MB | candidates, us a new article | CPU us | private MB | `copydesk similar`, s | CPU s |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    done, here = 0, folder / "runs" / "0"
    for size in sorted(sizes):
        while done < size:
            n = min(ARTICLES_A_RUN, size - done)
            here = publish_history(articles.slice(done, n).collect(), here, folder / "runs" / str(done + n))
            done += n
        (folder / "latest").unlink(missing_ok=True)
        (folder / "latest").symlink_to(here)
        probes = [run_one("probe", signed, "--index", str(here)) for _ in range(3)]
        timings = [time_similar(document, folder) for _ in range(3)]
        wall, cpu, peak = (median(run[unit] for run in probes) for unit in ("seconds", "cpu", "private_mb"))
        index_mb = sum(path.stat().st_size for path in (here / INDEX).iterdir()) / 1e6
        each = 1e6 / NEW_ARTICLES
        print(
            f"| {size:,} | {len(find_parts(here))} | {index_mb:,.0f} | {wall * each:.0f} | {cpu * each:.0f} | {peak:,.0f} | "
            f"{median(run[0] for run in timings):.2f} | {median(run[1] for run in timings):.2f} |",
            flush=True,
        )


def publish_history(articles: pl.DataFrame, before: Path, after: Path) -> Path:
    """A snapshot of `before` and some articles more: their table and the index, no more than probing reads."""
    config = NearDuplicateConfig()
    added = write_part(after / INDEX, f"run-{after.name}", sign_articles(articles, config), config)
    no_ids = pl.Series("article_id", [], dtype=pl.String)
    carry_over(find_parts(before), after / INDEX, f"merged-{after.name}", no_ids, config, added)
    table = after / "articles"
    table.mkdir()
    for path in before.glob("articles/*"):
        os.link(path, table / path.name)
    write_parquet(articles.with_columns(source_uri=pl.lit("made")), table / f"{after.name}.parquet")
    files = [{"path": f"articles/{path.name}"} for path in sorted(table.iterdir())]
    index = {"files": [], "scheme": describe_scheme(config)}
    write_json({"run_id": after.name, "tables": {"articles": {"files": files}, INDEX: index}}, after / "manifest.json")
    shutil.rmtree(before, ignore_errors=True)
    return after


def time_similar(document: Path, output: Path) -> tuple[float, float]:
    """Wall and CPU seconds of the command, its start included."""
    began, cpu = time.perf_counter(), os.times()
    command = [sys.executable, "-m", "flows.cli.main", "similar", str(document), "--output", str(output)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    used = after.children_user + after.children_system - cpu.children_user - cpu.children_system
    return time.perf_counter() - began, used


def probe_once(signed: Path, index: Path) -> dict[str, float]:
    """Find the candidates of a signed batch in an index on disk."""
    new = read_signatures(pl.read_parquet(signed))
    config = NearDuplicateConfig()
    # Pages of mapped files are the system's to drop: what the process needs is its private memory.
    private, done = [private_mb()], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            private.append(private_mb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    began, cpu = time.perf_counter(), time.process_time()
    found = probe_archive(find_parts(index), make_segment(new.matrix, new.n_shingles, config), config)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    done.set()
    watcher.join()
    return {"seconds": seconds, "cpu": cpu, "private_mb": max(private), "candidates": found.height}


def find_ceiling(corpus: Path) -> None:
    """Connected components of exact Jaccard at each threshold, over every pair that shares a bucket: what a sketch can reach."""
    articles = pl.read_parquet(corpus)
    config = NearDuplicateConfig(minimum_containment=0.0, small_bucket=32, bucket_neighbours=64)
    signed = sign_articles(articles, config)
    left, right = find_candidates(stack_signatures(signed["signature"]), signed["n_shingles"].to_numpy(), config)
    jaccard = measure_pairs(describe_articles(articles, config), left, right)["jaccard"].to_numpy()
    gold = articles["cluster_id"].to_numpy()
    for threshold in np.arange(0.3, 0.96, 0.05):
        near = jaccard >= threshold
        found = join_pairs(len(gold), zip(left[near].tolist(), right[near].tolist(), strict=True))
        print(f"exact Jaccard >= {threshold:.2f}: {score(gold, found)}")


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def private_mb() -> float:
    status = Path("/proc/self/status").read_text().split()
    return int(status[status.index("RssAnon:") + 1]) / 1e3


def describe_machine() -> str:
    names: list[Any] = ["polars", "numpy", "pyarrow"]
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, " + ", ".join(
        f"{name} {version(name)}" for name in names
    )


if __name__ == "__main__":
    main()
