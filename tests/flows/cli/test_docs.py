from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from flows.cli.docs import generate_pages
from tests.conftest import Tables

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", ["data-dictionary.md", "configuration.md", "rules.md", "cli.md"])
def test_generated_pages_have_not_drifted(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == generate_pages()[name], "run: make docs"


def readme_blocks(language: str) -> list[str]:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", readme, flags=re.DOTALL)


def test_three_tools_find_the_same_stories(
    seed_tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "output").symlink_to(seed_tables.snapshot.parent)
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "reading.md").read_text(encoding="utf-8")
    rows = {}
    for tool in ("Polars", "DuckDB", "pandas"):
        (block,) = re.findall(rf"## {tool}\n\n```python\n(.*?)```", page, flags=re.DOTALL)
        names: dict[str, Any] = {}
        last = block.rstrip().replace("print(", "shown = (", 1)
        exec(compile(last, "docs/reading.md", "exec"), names)
        rows[tool] = len(names["shown"])
    assert rows == {"Polars": 7, "DuckDB": 7, "pandas": 7}


def test_the_readme_cleans_with_three_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = [block for block in readme_blocks("python") if "from cleaners import" in block]
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    exec(compile(block, "README.md", "exec"), names)
    assert len(names["cleaned"].articles) == 8
    assert names["names"].flags.filter("is_error").height == 1
