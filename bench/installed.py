"""Installed packages by what brings them: the libraries of a run, Prefect with its server, each extra.

`python -m bench.installed` prints a row a group: packages that no row above has, their megabytes, the largest. What is installed is
counted, with the requirements of the installed versions; a package that is not there is not.
"""

import re
import sys
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement

# What Prefect brings or what its server needs, though our pyproject names it as well.
OF_PREFECT = ("prefect", "fastapi", "sqlalchemy", "uvicorn")
EXTRAS = ("fast", "dask", "s3", "dev", "build")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def list_required(name: str, extras: frozenset[str]) -> list[Requirement]:
    """The requirements of an installed package that apply here."""
    try:
        given = distribution(name).requires or []
    except PackageNotFoundError:
        return []
    found = [Requirement(line) for line in given]
    environments = [{"extra": extra} for extra in ("", *extras)]
    return [one for one in found if one.marker is None or any(one.marker.evaluate(e) for e in environments)]


def close_over(roots: list[Requirement]) -> set[str]:
    """The installed packages that some requirements bring, themselves included."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = list(roots)
    while waiting:
        one = waiting.pop()
        key = (canonical(one.name), frozenset(one.extras))
        if key not in seen:
            seen.add(key)
            waiting += list_required(*key)
    return {name for name, _ in seen if measure_megabytes(name) is not None}


def measure_megabytes(name: str) -> float | None:
    """The size of an installed package; None where it is not there."""
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        return None
    return sum(path.stat().st_size for file in files if (path := file.locate()).is_file()) / 1e6  # type: ignore[attr-defined]


def main() -> None:
    ours = [Requirement(line) for line in distribution("copydesk").requires or []]
    plain = [one for one in ours if one.marker is None]
    groups = {
        "run": [one for one in plain if canonical(one.name) not in OF_PREFECT],
        "serve": [one for one in plain if canonical(one.name) in OF_PREFECT],
    }
    for extra in EXTRAS:
        groups[extra] = [one for one in ours if one.marker and one.marker.evaluate({"extra": extra})]
    counted: set[str] = set()
    for group, roots in groups.items():
        new = close_over(roots) - counted
        counted |= new
        sizes = sorted(((measure_megabytes(name) or 0.0, name) for name in new), reverse=True)
        largest = ", ".join(f"{name} {size:.0f}" for size, name in sizes[:8])
        sys.stdout.write(f"{group}: {len(new)} packages, {sum(size for size, _ in sizes):.0f} MB: {largest}\n")
        if "-v" in sys.argv:
            sys.stdout.write(" ".join(sorted(new)) + "\n")


if __name__ == "__main__":
    main()
