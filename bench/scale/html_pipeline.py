"""The whole pipeline on pages, beside trafilatura alone and datatrove:
`python -m bench.scale.html_pipeline FOLDER ... --work WORK`.

Both read every .html and .html.gz file below the folders with two processes: the pipeline from discovery to the published
snapshot, without Prefect; trafilatura with its defaults, nothing kept but the texts. Whole processes, in turn; the ratio is of
pages a second. With `--times 5` each page is there five times, under five names: what a run costs whatever it reads (some six
seconds of processes, models and tables) is divided by more pages.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median

from bench.scale.watching import watch

PROCESSES = 2
ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--work", type=Path, required=True, help="folder for the output")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--times", type=int, default=1, help="copies of each page")
    parser.add_argument(
        "--peers", default="", help="interpreter with the extra `peers`: datatrove with trafilatura too"
    )
    parser.add_argument("--alone", action="store_true", help="trafilatura alone, here and once (the bench calls it)")
    args = parser.parse_args()
    if args.alone:
        print(extract_alone(args.folders))
        return
    output = args.work / "html-output"
    folders = [str(folder.resolve()) for folder in args.folders]
    if args.times > 1:
        folders = [str(copy_pages(args.folders, args.times, args.work / "html-copies").resolve())]
    pages = len(list_pages([Path(folder) for folder in folders]))
    ratios = []
    for _ in range(args.rounds):
        shutil.rmtree(output, ignore_errors=True)
        ours = watch([sys.executable, "-m", "bench.scale.stage_run", str(output), *folders])["total"]
        theirs = watch(
            [sys.executable, "-m", "bench.scale.html_pipeline", *folders, "--work", str(args.work), "--alone"]
        )["total"]
        ratios.append(theirs["seconds"] / ours["seconds"])
        costs = [("copydesk", ours), ("trafilatura", theirs)]
        if args.peers:
            costs.append(("datatrove", measure_datatrove([Path(folder) for folder in folders], args.work, args.peers)))
        for name, cost in costs:
            print(
                f"{name}: {pages / cost['seconds']:.1f} pages/s, {cost['seconds']} s, {cost['cpu_seconds']} s of CPU",
                flush=True,
            )
    for folder in (output, args.work / "html-copies"):
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{pages} pages, {args.rounds} rounds: Copydesk at {median(ratios):.2f} of trafilatura's throughput")


def list_pages(folders: list[Path]) -> list[Path]:
    """Every page below the folders."""
    return sorted(path for folder in folders for kind in ("*.html", "*.html.gz") for path in folder.rglob(kind))


def copy_pages(folders: list[Path], times: int, target: Path) -> Path:
    """Every page so many times, under so many names."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for number in range(times):
        for folder in folders:
            for path in list_pages([folder]):
                shutil.copy(path, target / f"{number}-{folder.name}-{path.name}")
    return target


def measure_datatrove(folders: list[Path], work: Path, python: str) -> dict[str, float]:
    """Measure what datatrove's pipeline costs on the same pages: trafilatura, filters, MinHash."""
    feed, scratch = work / "html-feed", work / "html-datatrove"
    for folder in (feed, scratch):
        shutil.rmtree(folder, ignore_errors=True)
    feed.mkdir(parents=True)
    pages = list_pages(folders)
    for number in range(PROCESSES):
        rows = ({"id": path.name, "text": _read(path).decode("utf-8", "replace")} for path in pages[number::PROCESSES])
        (feed / f"{number}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    command = [python, "-m", "bench.scale.pipeline_peers", "datatrove-pages", str(feed), str(scratch)]
    cost: dict[str, float] = watch(command)["total"]
    for folder in (feed, scratch):
        shutil.rmtree(folder, ignore_errors=True)
    return cost


def extract_alone(folders: list[Path]) -> int:
    """Extract every page with trafilatura's defaults.

    Returns:
        How many gave a text.
    """
    with ProcessPoolExecutor(PROCESSES) as pool:
        return sum(pool.map(_extract, list_pages(folders), chunksize=8))


def _extract(path: Path) -> bool:
    from trafilatura import extract

    return bool(extract(_read(path)))


def _read(path: Path) -> bytes:
    page = path.read_bytes()
    return gzip.decompress(page) if path.suffix == ".gz" else page


if __name__ == "__main__":
    main()
