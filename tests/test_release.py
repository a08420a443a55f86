"""The release: the wheel, installed away from the checkout, cleans the seeds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import polars as pl
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


def call(*command: object, cwd: Path, **environment: str) -> str:
    """A command in a folder, without what tells Python of the checkout; give what it printed."""
    given = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | environment
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False, env=given
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The binaries of an environment with the built wheel; the libraries are those of the tests."""
    python, home = Path(sys.executable), tmp_path / "venv"
    call(python, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path / "dist", cwd=ROOT)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    call(python, "-m", "venv", "--without-pip", home, cwd=tmp_path)
    call(
        python, "-m", "pip", "--python", home / "bin/python", "install", "--no-deps", "--no-index", wheel, cwd=tmp_path
    )
    (packages,) = home.glob("lib/python*/site-packages")
    # After the environment's own, and without the checkout: a path that a .pth file adds has no .pth files of its own read.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin"


def test_the_wheel_runs_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    places = call(
        installed / "python", "-c", "import cleaners, flows; print(cleaners.__file__, flows.__file__)", cwd=away
    )
    assert all(Path(place).is_relative_to(installed.parent) for place in places.split())
    said = call(installed / "copydesk", "run", ROOT / "seeds", "--workers", "1", "--direct", "--json", cwd=away)
    assert json.loads(said)["status"] == "published"
    assert pl.read_parquet(away / "output/latest/articles/*.parquet").height == 8
    assert (away / "output/latest/report.html").stat().st_size > 10_000
    assert call(installed / "copydesk", "--version", cwd=away).startswith("copydesk ")
