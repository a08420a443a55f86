"""No pattern is slow on hostile text: each on its own beginning and on a share of the families.

`python -m bench.hostile` runs all of them on all families at 1 MB, which takes minutes.
"""

import re
import time

import pytest

from bench.hostile import FAMILIES, find_patterns, find_slow, list_runs, make_sample
from cleaners.junk import StripConfig, gather_evidence, learn_evidence, strip_articles
from tests.junk.conftest import make_frame, make_row

SIZE = 200_000
EVERY = 8  # each pattern is tried on an eighth of the families here, all families on some pattern
WHOLE = [
    "Valley News 3 hours ago - Valley News ",
    "He left. 3 hours ago ",
    "It is. Read more: ",
    "Aa bb.\nREUTERS\n",
    "#a Share\n",
]


def test_no_pattern_is_slow() -> None:
    slow = []
    for number, (name, run, units) in enumerate(list_runs()):
        families = dict(list(FAMILIES.items())[number % EVERY :: EVERY])
        own = {family: unit for family, unit in units.items() if family not in FAMILIES}
        slow += find_slow(name, run, families | own, SIZE)
    assert not slow


def test_a_slow_pattern_is_found() -> None:
    slow = re.compile(r"\s+$")
    assert list(find_slow("x", lambda text: [*slow.finditer(text + "a")], {"spaces": " "}, 100_000))


def test_patterns_are_discovered_and_sampled() -> None:
    found = find_patterns()
    names = " ".join(found)
    for module in ("junk.cards", "extract.plain", "cleaners.text", "names.runs", "junk.widgets._inline_pattern()"):
        assert module in names
    assert len(found) > 80
    assert make_sample(re.compile(r"(?:ab|c)+\d{2,}[xy]\s?(?=z)")) == "ab11x "


@pytest.mark.parametrize("unit", WHOLE)
def test_stripping_a_hostile_text_takes_linear_time(unit: str) -> None:
    seconds = []
    for size in (60_000, 240_000):
        documents = make_frame([make_row("a", unit * (size // len(unit)), site="s")])
        started = time.process_time()
        evidence = learn_evidence([gather_evidence(documents, StripConfig())], StripConfig())
        result = strip_articles(documents, evidence, StripConfig())
        seconds.append(time.process_time() - started)
        assert "failed" not in result.rejects["reason"]
    assert seconds[1] < 8 * seconds[0] + 0.3
