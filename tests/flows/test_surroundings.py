"""Surroundings of the program: a user who may only read the output, and under a locale that knows ASCII alone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import run_steps
from tests.flows.steps.test_steps import STORIES

pytestmark = pytest.mark.slow

NOBODY = "65534"
# Reads what the tests and the interpreter are made of, wherever they lie, and writes nothing that is not its own.
AS_A_READER = [
    "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
    "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search", "--bounding-set=-all,+dac_read_search",
]  # fmt: skip
NAME = "Zürich – 東京.txt"
STORY = (
    "Œuvre de la Présidente — 東京\n\nThe harbour council of Zürich said on Monday that François Müller, the mayor, would "
    "leave his office in the spring, and that nobody had been named in his place so far. “It is naïve,” said Müller."
)
ASK = """
import json, sys
from typer.testing import CliRunner
from flows.cli.main import app
said = []
for words in json.load(sys.stdin):
    result = CliRunner().invoke(app, words)
    said.append((result.exit_code, result.output, repr(result.exception)))
print(json.dumps(said))
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that others may look into, with an output of two snapshots, sources, a backup, and room for anyone to write."""
    with tempfile.TemporaryDirectory(prefix="surroundings-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        (place / "landing").mkdir()
        for number, text in enumerate((STORY, STORIES[1])):
            (place / "landing" / (NAME if number == 0 else "1.txt")).write_text(text, encoding="utf-8")
            run_steps([place / "landing"], place / "out", f"2026010{number + 1}T000000Z-0001")
        shutil.copytree((place / "out" / "latest").resolve(), place / "backup")
        (place / "out" / ".lock").touch()
        (place / "free").mkdir(mode=0o777)
        (place / "free").chmod(0o777)
        yield place


def listing(folder: Path) -> list[tuple[str, bytes]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(str(path), path.read_bytes()) for path in files]


def test_a_user_who_may_only_read_reads_all_and_is_refused_what_writes(place: Path) -> None:
    output, free, document = place / "out", place / "free", place / "landing" / NAME
    prefix: list[str] = []
    if os.geteuid() == 0:
        prefix = AS_A_READER
        if not shutil.which("setpriv") or subprocess.run([*prefix, "true"], check=False).returncode:
            pytest.skip("this process may not become another user")
    else:
        subprocess.run(["chmod", "-R", "a-w", output], check=True)
    first = "20260101T000000Z-0001"
    readers = [
        ["inspect", document], ["similar", document], ["report", "--write", free / "report.html"], ["diff", first],
        ["verify"], ["verify", first], ["rules"], ["review", free / "flags.csv"],
    ]  # fmt: skip
    writers = [
        ["run", place / "landing"], ["retry"], ["gc"], ["reindex"], ["restore", place / "backup"],
        ["report", "--renew"], ["review", free / "flags.csv", "--take"],
    ]  # fmt: skip
    commands = [[*map(str, words), "--output", str(output)] for words in (*readers, *writers)] + [["schema"]]
    before = listing(output)
    environment = {
        **os.environ,
        "HOME": str(free),
        "PREFECT_HOME": str(free / "prefect"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    ended = subprocess.run(
        [*prefix, sys.executable, "-c", ASK],
        input=json.dumps(commands), capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    if os.geteuid():
        subprocess.run(["chmod", "-R", "u+w", output], check=True)
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)
    for words, (code, text, error) in zip(commands, said, strict=True):
        if words in commands[len(readers) : -1]:
            is_said = re.search(
                rf"Cannot write to the (output )?folder {re.escape(str(output))}: Permission denied\.", text
            )
            assert (code, is_said is not None) == (1, True), words
            assert "Let this user write to it" in text
        else:
            assert code == 0, (words, text, error)
    assert listing(output) == before
    assert (free / "report.html").stat().st_size > 10_000


def test_under_an_ascii_locale_names_and_texts_are_what_they_are(place: Path) -> None:
    output, document = str(place / "out"), str(place / "landing" / NAME)
    environment = {**os.environ, "LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"}
    environment.pop("PYTHONIOENCODING", None)

    def run_command(*words: str) -> str:
        command = [sys.executable, "-m", "flows.cli.main", *words, "--output", output]
        ended = subprocess.run(command, capture_output=True, check=False, env=environment)
        assert ended.returncode == 0, ended.stderr.decode()
        return ended.stdout.decode("utf-8")

    shown = run_command("inspect", document)
    assert "leave his office in the spring" in shown
    assert "François Müller" in shown
    assert "東京" in shown
    run_command("similar", document)
    assert "…" in run_command("rules")
    page = place / "free" / "Übersicht – 報告.html"
    assert str(page) in run_command("report", "20260101T000000Z-0001", "--write", str(page))
    assert "東京" in page.read_text(encoding="utf-8")
    assert set(pl.read_parquet(f"{output}/latest/articles/*.parquet")["source_uri"].str.split("/").list.last()) == {
        NAME, "1.txt"
    }  # fmt: skip
