"""`cleaners/` is pure, and commands that need no flow start without Prefect."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "charset_normalizer", "cleaners", "dataframely", "datasketch", "ftfy", "htmldate", "lxml", "numba", "numpy", "polars", "py3langid", "pydantic",
    "rapidfuzz", "spacy", "trafilatura",
}  # fmt: skip
INPUT_OUTPUT = {
    "fsspec",
    "requests",
    "httpx",
    "urllib.request",
    "socket",
    "subprocess",
    "pathlib",
    "shutil",
    "tempfile",
    "os",
}


def imported_modules(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
    return names


@pytest.mark.parametrize("path", sorted((ROOT / "cleaners").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_cleaners_import_no_prefect_and_no_input_output(path: Path) -> None:
    modules = imported_modules(path)
    roots = {name.split(".")[0] for name in modules}
    assert not modules & INPUT_OUTPUT
    assert roots <= ALLOWED | set(sys.stdlib_module_names), roots - ALLOWED - set(sys.stdlib_module_names)


def test_cleaners_open_no_files() -> None:
    for path in (ROOT / "cleaners").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "open", path


@pytest.mark.parametrize(
    "module",
    [
        "cleaners",
        "cleaners.library",
        "flows.cli.main",
        "flows.steps.discover",
        "flows.steps.extract",
        "flows.steps.strip",
        "flows.steps.match",
        "flows.steps.names",
        "flows.query.inspect",
        "flows.store.publication",
    ],
)
def test_no_prefect_is_loaded(module: str) -> None:
    code = f"import sys, {module}; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0
