"""1,000 and more hostile inputs through the steps: `python -m bench.hostile [CLASS...] [--megabytes 100]`.

Makes the corpus in a temporary folder, runs each class by itself, and prints a table: what became of it, how many CPU seconds the
slowest document took in one step, and the largest memory of the worker.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench.hostile.corpus import list_classes, run_class, write_class
from bench.hostile.places import write_places
from tests.conftest import run_steps

PLACES = "names and links"
LINE_BYTES = 1_000_000
BOMB_BYTES = 1_000_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("classes", nargs="*", help="which classes; default: all")
    parser.add_argument("--megabytes", type=int, default=100, help="length of the longest lines")
    arguments = parser.parse_args()
    print("| class | cases | articles | rejects, by reason | lost | slowest, CPU s | peak, MB |")
    print("| --- | ---: | ---: | --- | ---: | ---: | ---: |")
    classes = {**list_classes(LINE_BYTES, arguments.megabytes * 1_000_000, BOMB_BYTES), PLACES: None}
    total = [0, 0, 0]
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        for name, make in classes.items():
            if arguments.classes and name not in arguments.classes:
                continue
            landing, output = Path(folder, name.replace(" ", "-")), Path(folder, "output", name.replace(" ", "-"))
            n_cases = write_places(landing) if make is None else write_class(landing, make())
            found = run_class(name, landing, output, n_cases, run_steps)
            reasons = ", ".join(f"{n} {reason}" for reason, n in found.reasons.items())
            print(
                f"| {name} | {found.n_cases} | {found.n_articles} | {reasons} | {len(found.lost)} | "
                f"{found.slowest_seconds:.1f} | {found.peak_mb:.0f} |",
                flush=True,
            )
            for uri in found.lost:
                print(f"  lost: {uri.removeprefix(folder)!r}")
            for position, n in enumerate((found.n_cases, found.n_articles, len(found.lost))):
                total[position] += n
    print(f"| all | {total[0]} | {total[1]} | | {total[2]} | | |")


if __name__ == "__main__":
    main()
