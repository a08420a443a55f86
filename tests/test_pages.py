"""The pages of the documentation: each says for whom it is, stands once in the navigation, and its links lead somewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from cleaners.junk.detectors.rules import Rule, find_by_rules
from cleaners.junk.page.page import Page

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")])
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def name_page(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def list_anchors(page: Path) -> list[str]:
    """The anchors of a page's headings, as the site and GitHub make them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return [re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip()) for heading in headings]


def list_nav(entry: Any) -> list[str]:
    """The pages of a navigation, however deep."""
    if isinstance(entry, str):
        return [entry]
    return [page for below in (entry.values() if isinstance(entry, dict) else entry) for page in list_nav(below)]


@pytest.mark.parametrize("page", PAGES, ids=name_page)
def test_a_page_says_for_whom_it_is(page: Path) -> None:
    title, empty, first = page.read_text(encoding="utf-8").split("\n")[:3]
    assert title.startswith("# ")
    assert empty == ""
    assert first.startswith("For "), first


def test_the_navigation_has_each_page_once() -> None:
    nav = re.search(r"^nav:\n.*", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert nav
    listed = list_nav(yaml.safe_load(nav.group())["nav"])
    assert sorted(listed) == sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=name_page)
def test_links_and_anchors_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.exists(), target
        if anchor:
            assert anchor in list_anchors(other), target


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name != "lab"], ids=name_page)
def test_files_that_a_page_names_are_there(page: Path) -> None:
    for name in re.findall(
        r"`((?:cleaners|flows|bench|tests|docs)/[\w./*]+)`", FENCE.sub("", page.read_text(encoding="utf-8"))
    ):
        assert "__pycache__" in name or list(ROOT.glob(name)), name


def test_the_rule_of_the_recipe_removes_its_examples_and_no_other() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (block,) = [block for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL) if "[[rule]]" in block]
    (table,) = tomllib.loads(block)["rule"]
    rule = Rule(**table)
    for example in rule.positive:
        ((start, end),) = [(found.start, found.end) for found in find_by_rules(Page(example), (rule,))]
        assert example[start:end].strip() == example
    assert not [example for example in rule.negative if list(find_by_rules(Page(example), (rule,)))]
