"""Versions of what made a row: a change redoes the steps it can touch, and no others."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import cleaners
from cleaners.errors import CopydeskError
from flows.settings import Settings
from flows.steps.step import STEPS
from flows.steps.versions import find_versions

STEP_CODE = {step.name: step.code for step in STEPS.values() if step.code}

PACKAGE = Path(cleaners.__file__).parent
# Import-only: the package itself, its errors (a class changes no row).
SHARED = {"errors.py", "__init__.py"}


def changed_steps(**settings: object) -> set[str]:
    before, after = find_versions(Settings()), find_versions(Settings.model_validate(settings))
    digests = [{"extract": found.extract, "strip": found.strip, **found.checks} for found in (before, after)]
    return {step for step in digests[0] if digests[0][step] != digests[1][step]}


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        ({"workers": 7, "output": "elsewhere", "sources": ["x"]}, set()),
        ({"cleaning": {"quality": {"min_records": 51}}}, set()),
        ({"cleaning": {"strip": {"salvage_min_words": 31}}}, {"strip"}),
        ({"cleaning": {"text": {"detect_bytes": 70_000}}}, {"extract"}),
        ({"input": {"columns": {"text": ["story"]}}}, {"extract"}),
    ],
)
def test_settings_touch_their_own_step(settings: dict[str, object], steps: set[str]) -> None:
    assert changed_steps(**settings) == steps


def test_the_authority_file_touches_the_names(tmp_path: Path) -> None:
    authority = tmp_path / "names.csv"
    authority.write_text("canonical,aliases\nJane Roe,J. Roe\n")
    first = find_versions(Settings(authority=str(authority)))
    assert changed_steps(authority=str(authority)) == {"names"}
    authority.write_text("canonical,aliases\nJane Roe,\n")
    assert find_versions(Settings(authority=str(authority))).checks["names"] != first.checks["names"]


def test_a_missing_authority_file_says_so() -> None:
    with pytest.raises(CopydeskError, match=r"nowhere\.csv"):
        find_versions(Settings(authority="nowhere.csv"))


def test_an_articles_version_names_both_steps_that_made_it() -> None:
    versions = find_versions(Settings())
    assert versions.of_articles.startswith(versions.of_extracted)
    assert versions.of_articles.endswith(f"{versions.extract}.{versions.strip}")


@pytest.mark.parametrize("step", list(STEP_CODE))
def test_a_step_imports_nothing_that_its_digest_does_not_cover(step: str) -> None:
    covered = STEP_CODE[step]
    modules = [path for path in PACKAGE.rglob("*.py") if str(path.relative_to(PACKAGE)).startswith(covered)]
    assert modules
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                if name.startswith("cleaners."):
                    file = name.removeprefix("cleaners.").replace(".", "/")
                    file = f"{file}.py" if (PACKAGE / f"{file}.py").exists() else f"{file}/"
                    assert file.startswith(covered) or file in SHARED, f"{path.name} imports {name}"


@pytest.mark.parametrize(
    "path", [path for path in PACKAGE.rglob("*.toml") if path.parent.name == "rules"], ids=lambda path: path.name
)
def test_every_rule_file_belongs_to_a_step(path: Path) -> None:
    name = str(path.relative_to(PACKAGE))
    assert any(name.startswith(files) for files in STEP_CODE.values())
