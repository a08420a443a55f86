"""Commands that the documentation gives a reader, run on the published seeds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import Tables

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
EXAMPLES = [
    pytest.param(code, id=f"{page}-{number}")
    for page in ("docs/reading.md", "README.md")
    for number, code in enumerate(BLOCK.findall((ROOT / page).read_text(encoding="utf-8")))
]


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_runs(
    code: str, seed_tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "output").symlink_to(seed_tables.snapshot.parent)
    (tmp_path / "seeds").symlink_to(ROOT / "seeds")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "example", "exec"), {})
    if "print(" in code:
        assert capsys.readouterr().out.strip()
