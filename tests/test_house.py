"""The house: imports run one way, Prefect stays where it belongs, no files import each other in a circle."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOPS = ("cleaners", "flows", "bench")

# Rooms and modules of `flows`, lowest floor first; each may import what lies below it.
FLOORS = (
    {"settings"},
    {"store"},
    {"run"},
    {"workers"},
    {"faults"},
    {"ingest"},
    {"steps"},
    {"pipeline"},
    {"uplink"},
    {"tasks"},
    {"clean_news"},
    {"serve"},
    {"cli"},
)
# Rooms beside the floors: what each may import, and who may import it.
BESIDE = {
    "report": ({"store"}, {"pipeline", "tasks", "clean_news", "serve", "query", "cli"}),
    "query": ({"report", "steps", "ingest", "run", "store", "settings"}, {"serve", "cli"}),
}
PREFECT = {"prefect": {"clean_news", "tasks", "uplink", "serve"}, "prefect_dask": {"workers"}}
STEPS = ("extract", "junk", "neardup", "names", "stories")


def modules_below(*tops: str) -> dict[str, Path]:
    found = {}
    for path in (path for top in tops for path in (ROOT / top).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


MODULES = modules_below(*TOPS)


def list_imports(name: str) -> Iterator[str]:
    """List what a module imports, anywhere in it: inside functions and for types alone as well."""
    path = MODULES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (value.value for value in node.args if isinstance(value, ast.Constant))


@cache
def imports_of(name: str) -> set[str]:
    """What a module imports; read when a test wants it, not by every process that collects the tests."""
    return set(list_imports(name))


def ours(name: str) -> set[str]:
    return {target for target in imports_of(name) if target in MODULES} - {name}


def room(module: str) -> str:
    """The room of a module: the part after `flows` or `cleaners`."""
    return module.split(".")[1] if "." in module else ""


def floor(name: str) -> int:
    return next((number for number, rooms in enumerate(FLOORS) if name in rooms), -1)


def find_circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in a circle, the first one again at the end; empty where there is none."""
    done: set[str] = set()
    for start in graph:
        way: list[str] = []
        waiting: list[tuple[str, int]] = [(start, 0)]
        while waiting:
            module, depth = waiting.pop()
            del way[depth:]
            if module in way:
                return [*way[way.index(module) :], module]
            if module in done:
                continue
            way.append(module)
            targets = graph[module] - done
            waiting += [(target, depth + 1) for target in sorted(targets)]
            if not targets:
                done.add(module)
                while way and graph[way[-1]] <= done:
                    done.add(way.pop())
    return []


def test_a_circle_is_found() -> None:
    assert find_circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert set(find_circle({"a": {"b", "d"}, "b": {"c"}, "c": {"a"}, "d": set()})) == {"a", "b", "c"}
    assert find_circle({"a": {"b", "c"}, "b": {"d"}, "c": {"d"}, "d": set()}) == []


def test_no_files_import_each_other_in_a_circle() -> None:
    assert find_circle({name: ours(name) for name in MODULES}) == []


@pytest.mark.parametrize("module", sorted(name for name in MODULES if name.startswith("flows.")))
def test_imports_of_flows_run_one_way(module: str) -> None:
    here = room(module)
    for target in sorted(name for name in ours(module) if name.startswith("flows.")):
        there = room(target)
        if there == here:
            continue
        if here in BESIDE:
            assert there in BESIDE[here][0], f"{here} may not import {target}"
        elif there in BESIDE:
            assert here in BESIDE[there][1], f"{here} may not import {target}"
        else:
            assert -1 < floor(there) < floor(here), f"{here} may not import {target}"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_prefect_is_imported_where_it_belongs(module: str) -> None:
    for target in imports_of(module):
        allowed = PREFECT.get(target.split(".")[0])
        if allowed is not None and not module.startswith("bench"):
            assert module.startswith("flows.") and room(module) in allowed, f"{module} imports {target}"


@pytest.mark.parametrize("module", sorted(name for name in MODULES if name.startswith("cleaners")))
def test_cleaners_stand_by_themselves(module: str) -> None:
    for target in ours(module):
        assert target.split(".")[0] == "cleaners", f"{module} imports {target}"
        if room(module) in STEPS and room(target) in STEPS:
            assert room(target) == room(module), f"a step imports another: {module} imports {target}"
        assert room(module) not in {"codes", "document"}, f"{module} imports {target}"


@pytest.mark.parametrize(
    "folder",
    sorted(path for top in TOPS for path in (ROOT / top).iterdir() if (path / "__init__.py").is_file()),
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_a_file_name_is_its_own_within_a_room(folder: Path) -> None:
    names = Counter(path.name for path in folder.rglob("*.py"))
    twice = {name for name, count in names.items() if count > 1} - {"__init__.py", "__main__.py", "config.py"}
    assert not twice


@pytest.mark.parametrize(
    "module", ["flows.cli.main", "flows.serve.deploy", "flows.serve.automations", "flows.pipeline"]
)
def test_prefect_is_not_imported_before_its_settings_are_set(module: str) -> None:
    """Prefect reads the environment when it is first imported; the commands that serve set it in their functions."""
    code = f"import sys, {module}; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
