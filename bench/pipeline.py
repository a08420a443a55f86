"""The whole pipeline measured, step by step: `python -m bench.pipeline run 10000 --work FOLDER`."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from bench.news_corpus import write_corpus
from bench.watching import watch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("run",))
    parser.add_argument("sizes", type=int, nargs="+")
    parser.add_argument("--work", type=Path, required=True)
    args = parser.parse_args()
    for size in args.sizes:
        print(json.dumps(measure(size, args.work), indent=1))


def measure(size: int, work: Path) -> dict[str, Any]:
    corpus, output = work / f"news-{size}", work / f"output-{size}"
    if not corpus.exists():
        write_corpus(corpus, size)
    shutil.rmtree(output, ignore_errors=True)
    first = watch([sys.executable, "-m", "bench.stage_run", str(output), str(corpus)], {"POLARS_MAX_THREADS": "2"})
    more = work / f"news-{size}-more"
    if not more.exists():
        write_corpus(more, size // 100, first=size, of=size)
    second = watch([sys.executable, "-m", "bench.stage_run", str(output), str(corpus), str(more)])
    return {"articles": size, "first": first, "second": second}


if __name__ == "__main__":
    main()
