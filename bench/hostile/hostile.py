"""Every pattern on hostile text of 1 MB: `python -m bench.hostile.hostile [--size 1000000]`.

Finds the compiled patterns of `cleaners` by walking its modules, and the rules; runs each on one text in which long repeats of
what it looks for, and of what its quantifiers run over, follow each other. Prints those whose time grows faster than the text.
A pattern that the code shows short texts alone runs on texts of that length, one for each of these repeats; prints those that
take long.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from re import _parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

import cleaners
from cleaners.junk import load_rules
from cleaners.junk.detectors.rules import Rule, find_by_rules
from cleaners.junk.page.page import Page

FAMILIES = {
    "spaces": " ",
    "newlines": "\n",
    "letter": "a",
    "capital": "A",
    "initials": "a.",
    "names": "Ana ",
    "digits": "1",
    "quotes": '"',
    "stops": ". ",
    "hyphens": "a-",
    "open brackets": "([",
    "nested brackets": "(a[b",
    "slashes": "Ana/",
    "small words": "by and of ",
    "spaced digits": "1 ",
    "lines": "Aa bb\n",
}
# A pattern is linear where four times the text takes at most this many times the time; below MIN_SECONDS no verdict is given.
# A quadratic one takes sixteen times as long, and is found out on a short text before it could keep us for an hour.
MAX_GROWTH = 7.0
MIN_SECONDS = 0.15
STEPS = (64, 16, 4, 1)

MAX_ITEMS = 500  # gazetteers and weights hold no patterns
# Most seconds for a bounded pattern on one text of its bound.
MAX_BOUNDED_SECONDS = 3.0


class Bound(NamedTuple):
    """What the code shows a pattern at most, in characters; whether it tries it at the beginning of the text alone."""

    characters: int
    at_start: bool = False


# Patterns whose time may grow faster than the text, since the code never shows them a longer one than this.
BOUNDED = {
    "cleaners.extract.blocks.bylines": Bound(700),
    "cleaners.extract.blocks.conventions.load_block_rules": Bound(900, at_start=True),
    "cleaners.extract.page.page._block_rules": Bound(4_000),
    "cleaners.extract.text.plain.NOT_A_TITLE": Bound(160),
    "cleaners.extract.blocks.rewrite.NAME": Bound(90),
    "cleaners.junk.detectors.card_lines._meta": Bound(70, at_start=True),
    "cleaners.junk.detectors.captions._GOES_ON": Bound(60),
    "cleaners.junk.detectors.captions._credits": Bound(300),
    "cleaners.junk.decide._SENTENCE": Bound(900),
    "cleaners.names.recognise.pieces._TAIL": Bound(100),
}


class Slow(NamedTuple):
    """A pattern whose time grew faster than a text: by how much from a quarter of the size, and its seconds there."""

    name: str
    size: int
    growth: float
    seconds: float


def main() -> None:
    """Print what is slow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1_000_000, help="characters of the longest text")
    arguments = parser.parse_args()
    started, n, n_slow = time.perf_counter(), 0, 0
    for name, run, units in list_runs():
        n += 1
        if slow := find_slow(name, run, units, arguments.size):
            n_slow += 1
            print(
                f"{name}: {slow.growth:.1f} times the time for four times the text, {slow.size} characters", flush=True
            )
    for name, seconds in find_slow_bounded():
        n_slow += 1
        print(f"{name}: {seconds:.1f} s for one text of its bound", flush=True)
    print(f"{n} patterns on {arguments.size} characters, {n_slow} slow, {time.perf_counter() - started:.0f} s")


def list_runs() -> Iterator[tuple[str, Callable[[str], None], dict[str, str]]]:
    """Each unbounded pattern's name, how the code runs it, and hostile units: the families, and the pattern's own beginning."""
    for rule in load_rules():
        units = {f"example {number}": f"{text} " for number, text in enumerate(rule.positive[:2])}
        halves = {
            f"half example {number}": f"{text[: len(text) // 2]} " for number, text in enumerate(rule.positive[:2])
        }
        yield f"rule {rule.id}", _run_rule(rule), {**FAMILIES, **units, **halves}
    for name, pattern in find_patterns().items():
        if find_bound(name) is None:
            yield name, _run_pattern(pattern), list_units(pattern)


def list_units(pattern: re.Pattern[str]) -> dict[str, str]:
    """The families, and what the pattern itself begins with."""
    sample = make_sample(pattern)
    own = {
        "its own beginning": sample[: max(1, len(sample) // 2)],
        "itself": sample,
        "itself, spaced": f"{sample} ",
    }
    return {**FAMILIES, **{kind: unit for kind, unit in own.items() if unit}}


def find_bound(name: str) -> Bound | None:
    """What the code shows a pattern at most; None where that is the whole text."""
    return next((bound for start, bound in BOUNDED.items() if name.startswith(start)), None)


def find_slow_bounded() -> Iterator[tuple[str, float]]:
    """Find the bounded patterns that take long on a text of their bound, with their seconds."""
    for name, pattern in find_patterns().items():
        if bound := find_bound(name):
            run = _run_at_start(pattern) if bound.at_start else _run_pattern(pattern)
            units = list_units(pattern).values()
            texts = [(unit * (bound.characters // len(unit) + 1))[: bound.characters] for unit in units]
            seconds = max(_time(run, text) for text in texts)
            if seconds > MAX_BOUNDED_SECONDS:
                yield name, seconds


def find_slow(name: str, run: Callable[[str], None], units: dict[str, str], size: int) -> Slow | None:
    """Find where a pattern's time grows faster than a hostile text of up to `size` characters; None where it does not."""
    before = None
    for step in STEPS:
        text = mix(units, size // step)
        run(text[:1000])  # what is made once for all texts is not the pattern's time
        seconds = _time(run, text)
        if before is not None and seconds > max(MIN_SECONDS, MAX_GROWTH * before):
            seconds = min(seconds, _time(run, text))  # a busy machine: the best of two decides
            if seconds > max(MIN_SECONDS, MAX_GROWTH * before):
                return Slow(name, size // step, seconds / before, seconds)
        before = max(seconds, MIN_SECONDS / 64)
    return None


def mix(units: dict[str, str], size: int) -> str:
    """Long repeats of every unit, one after the other, a line each."""
    part = size // len(units)
    return "\n".join(unit * max(1, part // len(unit)) for unit in units.values())


def find_patterns() -> dict[str, re.Pattern[str]]:
    """Compiled patterns among the attributes of the modules of `cleaners`, also in containers and cached functions; each once."""
    found: dict[re.Pattern[str], str] = {}

    def walk(value: Any, name: str, depth: int = 0) -> None:  # noqa: ANN401
        if isinstance(value, re.Pattern):
            if isinstance(value.pattern, str):
                found.setdefault(value, name)
        elif depth < 4 and isinstance(value, (tuple, list, set, frozenset)) and len(value) <= MAX_ITEMS:
            for number, item in enumerate(value):
                walk(item, f"{name}[{number}]", depth + 1)
        elif depth < 4 and isinstance(value, dict) and len(value) <= MAX_ITEMS:
            for key, item in value.items():
                walk(item, f"{name}[{key!r}]", depth + 1)

    for module in pkgutil.walk_packages(cleaners.__path__, "cleaners."):
        loaded = importlib.import_module(module.name)
        for name, value in vars(loaded).items():
            walk(value, f"{module.name}.{name}")
            is_cached = hasattr(value, "cache_info") and getattr(value, "__module__", "") == module.name
            if is_cached and not inspect.signature(value).parameters:
                walk(value(), f"{module.name}.{name}()")
    rules = {rule.compiled for rule in load_rules()}
    return {name: pattern for pattern, name in found.items() if pattern not in rules}


def make_sample(pattern: re.Pattern[str]) -> str:
    """A text that begins as the pattern wants: first alternatives, each repeat once or as often as it must."""
    return "".join(_sample(_parser.parse(pattern.pattern, pattern.flags)))


def _sample(parsed: Any) -> Iterator[str]:  # noqa: ANN401
    for kind, value in parsed:
        name = str(kind)
        if name == "LITERAL":
            yield chr(value)
        elif name == "NOT_LITERAL":
            yield "x" if value != ord("x") else "y"
        elif name == "ANY":
            yield "x"
        elif name == "IN":
            yield _one_of(value)
        elif name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            low, _, inner = value
            yield "".join(_sample(inner)) * max(1, min(low, 8))
        elif name == "SUBPATTERN":
            yield from _sample(value[-1])
        elif name == "BRANCH":
            yield from _sample(value[1][0])
        elif name == "ATOMIC_GROUP":
            yield from _sample(value)


def _one_of(items: Any) -> str:  # noqa: ANN401
    """A character of a class."""
    for kind, value in items:
        name = str(kind)
        if name == "LITERAL":
            return chr(value)
        if name == "RANGE":
            return chr(value[0])
        if name == "CATEGORY":
            return {"CATEGORY_SPACE": " ", "CATEGORY_DIGIT": "1"}.get(str(value), "a")
    return "x"  # a class that is named by what it excludes


def _run_rule(rule: Rule) -> Callable[[str], None]:
    always = (rule.model_copy(update={"cues": ("",)}),)

    def run(text: str) -> None:
        for _ in find_by_rules(_page(text), always):
            pass

    return run


@lru_cache(maxsize=128)
def _page(text: str) -> Page:
    """A page cut into lines and sentences, which is not the rule's time."""
    page = Page(text)
    _ = page.lines, page.sentences
    return page


def _run_pattern(pattern: re.Pattern[str]) -> Callable[[str], None]:
    def run(text: str) -> None:
        for _ in pattern.finditer(text):
            pass
        pattern.fullmatch(text)

    return run


def _run_at_start(pattern: re.Pattern[str]) -> Callable[[str], None]:
    def run(text: str) -> None:
        pattern.match(text)

    return run


def _time(run: Callable[[str], None], text: str) -> float:
    started = time.process_time()
    run(text)
    return time.process_time() - started


if __name__ == "__main__":
    main()
