from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows.docs import generate_pages

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("name", ["data-dictionary.md", "configuration.md", "rules.md", "cli.md"])
def test_generated_pages_have_not_drifted(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == generate_pages()[name], "run: make docs"


def test_links_between_pages_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_readme_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    library = next(block for block in blocks if "from cleaners import" in block)
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    exec(compile(library, "README.md", "exec"), names)
    assert "from cleaners import clean, find_near_duplicates, check_names" in library
