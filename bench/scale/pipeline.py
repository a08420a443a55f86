"""The whole pipeline measured, step by step, beside its peers, over growing corpora:
`python -m bench.scale.pipeline all --work FOLDER`.

    make 100000 ...    corpora of made-up news under FOLDER (a million: 2 GB, some four minutes on two cores)
    run 100000 ...     a first run, and a second with 1 % new articles: time, CPU, memory of each step
    flow 100000 ...    the same through Prefect, with its server, and a run that finds nothing new: what Prefect adds
    peers 10000 ...    datatrove and text-dedup on the same corpora (`--peers PYTHON`: an interpreter with the extra `peers`)
    report             tables from the figures in FOLDER/results, and the plot `docs/images/pipeline-scaling.svg`
    all                all of these, for --sizes

Figures are written to FOLDER/results as JSON as soon as they are there; a size that has them is not measured again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.scale.news_corpus import write_corpus
from bench.scale.plot_pipeline import draw
from bench.scale.watching import watch

Figures = dict[str, Any]

SIZES = (10_000, 100_000, 1_000_000)
NEW_SHARE = 100  # one article in so many is new in the second run
MAX_FOR_PEERS = 100_000
COPYDESK = "import sys; from flows.cli.main import main; sys.exit(main())"
PLOT = Path("docs/images/pipeline-scaling.svg")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("make", "run", "flow", "peers", "report", "all"))
    parser.add_argument("sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--work", type=Path, required=True, help="folder for corpora, outputs and figures")
    parser.add_argument("--peers", default="", help="interpreter with the extra `peers`")
    parser.add_argument("--plot", type=Path, default=PLOT)
    args = parser.parse_args()
    sizes: list[int] = args.sizes or list(SIZES)
    for size in sizes:
        if args.what != "report":
            make_corpora(size, args.work)
        if args.what in ("run", "all"):
            _once(args.work, f"run-{size}", lambda size=size: measure_runs(size, args.work))  # type: ignore[misc]
        if args.what in ("flow", "all"):
            _once(args.work, f"flow-{size}", lambda size=size: measure_flow(size, args.work))  # type: ignore[misc]
        if args.peers and args.what in ("peers", "all") and size <= MAX_FOR_PEERS:
            for system in ("datatrove", "text-dedup"):
                _once(
                    args.work,
                    f"{system}-{size}",
                    lambda size=size, system=system: measure_peer(system, size, args.work, args.peers),  # type: ignore[misc]
                )
    if args.what in ("report", "all"):
        results = read_results(args.work)
        print(tabulate(results))
        args.plot.parent.mkdir(parents=True, exist_ok=True)
        args.plot.write_text(draw([results[name]["first"] for name in _runs(results)]), encoding="utf-8")


def make_corpora(size: int, work: Path) -> tuple[Path, Path]:
    """A corpus of so many articles, and what is new a few days later."""
    corpus, more = work / f"news-{size}", work / f"news-{size}-more"
    for folder, count, first in ((corpus, size, 0), (more, max(1, size // NEW_SHARE), size)):
        if not folder.exists():
            unfinished = folder.with_name(f"{folder.name}-unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            write_corpus(unfinished, count, first=first, of=size)
            unfinished.rename(folder)
    return corpus, more


def measure_runs(size: int, work: Path) -> Figures:
    """The steps without Prefect, in the same worker processes."""
    corpus, more = make_corpora(size, work)
    output = work / f"output-{size}"
    shutil.rmtree(output, ignore_errors=True)
    command = [sys.executable, "-m", "bench.scale.stage_run", str(output), str(corpus)]
    first = watch(command)
    second = watch([*command, str(more)])
    n_bytes = sum(path.stat().st_size for path in (output / "latest").resolve().rglob("*") if path.is_file())
    shutil.rmtree(output)
    return {"size": size, "first": first, "second": second, "snapshot_mb": round(n_bytes / 1e6)}


def measure_flow(size: int, work: Path) -> Figures:
    """The flow as `copydesk run` runs it, and again when nothing is new: start, discovery and end."""
    corpus, _ = make_corpora(size, work)
    output = work / f"flow-{size}"
    shutil.rmtree(output, ignore_errors=True)
    environment = {"PREFECT_HOME": str(work / "prefect"), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    command = [sys.executable, "-c", COPYDESK, "run", str(corpus), "--output", str(output)]
    first = watch(command, environment)["total"]
    nothing = watch(command, environment)["total"]
    shutil.rmtree(output)
    return {"size": size, "first": first, "nothing_new": nothing}


def measure_peer(system: str, size: int, work: Path, python: str) -> Figures:
    """A peer's pipeline on the same corpus."""
    corpus, _ = make_corpora(size, work)
    scratch = work / f"{system}-{size}"
    shutil.rmtree(scratch, ignore_errors=True)
    found = watch([python, "-m", "bench.scale.pipeline_peers", system, str(corpus), str(scratch)])
    shutil.rmtree(scratch, ignore_errors=True)
    return {"size": size, **found}


def read_results(work: Path) -> dict[str, Figures]:
    """All figures there are, by name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted((work / "results").glob("*.json"))}


def tabulate(results: dict[str, Figures]) -> str:
    """The figures as Markdown."""
    machine = next((found["machine"] for found in results.values()), describe_machine())
    parts = [f"Machine: {machine}.", ""]
    columns = ("articles", "documents/s", "CPU ms a document", "peak MB, all", "main alone", "anonymous")
    parts += [f"| {' | '.join((*columns, 'second run, 1 % new', 'of the first'))} |"]
    parts += ["| --- " * 8 + "|"]
    for name in _runs(results):
        size, first, second = (results[name][key] for key in ("size", "first", "second"))
        total, again = first["total"], second["total"]
        parts.append(
            f"| {size:,} | {size / total['seconds']:.0f} | {1000 * total['cpu_seconds'] / size:.2f} | {total['peak_mb']:,.0f} "
            f"| {total['main_mb']:,.0f} | {total['anonymous_mb']:,.0f} | {again['seconds']:.1f} s "
            f"| {again['seconds'] / total['seconds']:.1%} |"
        )
    for name in _runs(results):
        parts += [
            "",
            f"{results[name]['size']:,} articles, by step: seconds (CPU seconds), peak MB of all processes.",
            "",
        ]
        parts += ["| step | first run | | second run | |", "| --- | --- | --- | --- | --- |"]
        first, second = (results[name][key]["steps"] for key in ("first", "second"))
        for step, found in first.items():
            again = second.get(step, {})
            parts.append(f"| {step} | {_cell(found)} | {_cell(again)} |")
    others = [name for name in results if not name.startswith("run-")]
    if others:
        parts += ["", "| | articles | seconds | CPU seconds | documents/s | peak MB |", "| --- " * 6 + "|"]
    for name in others:
        found = results[name]
        for key in ("first", "nothing_new", "total"):
            if key in found:
                cost = found[key]
                kind = {"first": "through Prefect", "nothing_new": "through Prefect, nothing new"}.get(
                    key, name.rpartition("-")[0]
                )
                parts.append(
                    f"| {kind} | {found['size']:,} | {cost['seconds']:.1f} | {cost['cpu_seconds']:.1f} "
                    f"| {found['size'] / cost['seconds']:.0f} | {cost['peak_mb']:,.0f} |"
                )
    return "\n".join(parts)


def describe_machine() -> str:
    """Cores and kernel of this machine."""
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {platform.machine()}, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}"


def _runs(results: dict[str, Figures]) -> list[str]:
    return sorted((name for name in results if name.startswith("run-")), key=lambda name: int(results[name]["size"]))


def _cell(found: Figures) -> str:
    if not found:
        return " | "
    return f"{found['seconds']:.1f} ({found['cpu_seconds']:.1f}) | {found['peak_mb']:,.0f}"


def _once(work: Path, name: str, measure: Callable[[], Figures]) -> None:
    path = work / "results" / f"{name}.json"
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {**measure(), "machine": describe_machine()}
    path.write_text(json.dumps(found, indent=1), encoding="utf-8")
    print(f"{path}: {json.dumps(found.get('total') or found['first'].get('total') or found['first'])}", flush=True)


if __name__ == "__main__":
    main()
