"""No pattern is slow on long hostile text, and no step is: four times the text takes some four times the time.

Every pattern of `cleaners` is found by walking its modules, so that a new one is tried too.
"""

from __future__ import annotations

import re
import time

import pytest

from bench.hostile import hostile
from bench.hostile.hostile import find_patterns, find_slow, find_slow_bounded, list_runs, make_sample
from cleaners.junk import StripConfig, gather_evidence, learn_evidence, strip_articles
from tests.cleaners.junk.conftest import make_frame, make_row

pytestmark = pytest.mark.slow

SIZE = 250_000  # `python -m bench.hostile.hostile` takes four times as much
PARTS = 2  # a test each, so that two workers share them
WHOLE = {
    "cards": "Valley News 3 hours ago - Valley News ",
    "ages": "He left. 3 hours ago ",
    "links": "It is. Read more: ",
    "agencies": "Aa bb.\nREUTERS\n",
    "hashtags": "#a Share\n",
    "one line": "said the mayor of the town ",
    "paragraphs": "The mayor said that the bridge would be closed on Monday.\n",
}


@pytest.mark.parametrize("part", range(PARTS))
def test_no_pattern_is_slow(part: int) -> None:
    runs = list(list_runs())[part::PARTS]
    assert [slow for name, run, units in runs if (slow := find_slow(name, run, units, SIZE))] == []


def test_no_bounded_pattern_is_slow_on_what_it_is_shown() -> None:
    assert list(find_slow_bounded()) == []


def test_a_slow_bounded_pattern_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hostile, "MAX_BOUNDED_SECONDS", 0.01)
    monkeypatch.setattr(hostile, "find_patterns", lambda: {"x.y": re.compile(r"(?:\s*)*!")})
    monkeypatch.setitem(hostile.BOUNDED, "x", hostile.Bound(18))
    assert [name for name, _ in find_slow_bounded()] == ["x.y"]


def test_a_slow_pattern_is_found() -> None:
    slow = re.compile(r"\s+$")
    assert find_slow("x", lambda text: [*slow.finditer(text + "a")] and None, {"spaces": " "}, 200_000)


def test_patterns_are_discovered_and_sampled() -> None:
    found = find_patterns()
    names = " ".join(found)
    for module in (
        "junk.detectors.cards",
        "extract.text.plain",
        "cleaners.text",
        "names.recognise.capitals",
        "junk.detectors.widgets._inline_pattern()",
    ):
        assert module in names
    assert len(found) > 80
    assert make_sample(re.compile(r"(?:ab|c)+\d{2,}[xy]\s?(?=z)")) == "ab11x "


@pytest.mark.parametrize("unit", WHOLE.values(), ids=WHOLE)
def test_stripping_a_hostile_text_takes_linear_time(unit: str) -> None:
    seconds = []
    for size in (31_250, 125_000):
        documents = make_frame([make_row("a", unit * (size // len(unit)), site="s")])
        started = time.process_time()
        evidence = learn_evidence([gather_evidence(documents, StripConfig())], StripConfig())
        result = strip_articles(documents, evidence, StripConfig())
        seconds.append(time.process_time() - started)
        assert "failed" not in result.rejects["reason"]
    assert seconds[1] < 8 * seconds[0] + 0.3
