"""Text that must never stand in a file of the repository."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOCK_FILES = {"uv.lock", "poetry.lock", "pylock.toml", "Pipfile.lock", "package-lock.json"}
# Written in pieces, so that this file does not hold what it forbids.
FORBIDDEN = re.compile(
    "|".join(
        [
            "--(extra-)?" + "index-url",
            "--find" + "-links",
            "files.python" + "hosted",
            "py" + r"pi\.org",
            "BEGIN [A-Z ]*PRIVATE" + " KEY",
            "/home" + "/[a-z]+/",
            "/wo" + "rk/",
        ]
    )
)


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_lock_file_that_records_addresses() -> None:
    assert not {path.name for path in tracked_files()} & LOCK_FILES


def test_no_registry_machine_path_or_credential() -> None:
    for path in tracked_files():
        if path.parent.name == "seeds":
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found = FORBIDDEN.search(text)
        assert not found, f"{path.relative_to(ROOT)}: {found and found.group()}"


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_has_a_hash(name: str) -> None:
    requirements = re.split(r"\n(?=[a-z0-9])", (ROOT / name).read_text(encoding="utf-8").strip())
    assert len(requirements) > 50
    assert [line for line in requirements if "==" not in line or "--hash=sha256:" not in line] == []
