"""One target of `bench.hostile.fuzz` under atheris, which has to see the modules while they are imported; started by that
command.
"""

from __future__ import annotations

import random
import sys

import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

with atheris.instrument_imports(include=["flows", "cleaners"]):
    from bench.hostile.fuzz import TARGETS, read_bytes
    from bench.hostile.stories import make_page


def main() -> None:
    """Fuzz the target that is named first, with the options that follow; the process ends with it."""
    target = TARGETS[sys.argv[1]]

    def try_one(data: bytes) -> None:
        target(data)

    read_bytes("a.html", make_page(random.Random(0)).encode())  # what is loaded once is not the first input's time
    atheris.Setup([sys.argv[0], *sys.argv[2:]], try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
