"""Every rule against its own examples, hostile input, and the page that explains it."""

import inspect
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners.codes import JUNK_CATEGORIES
from cleaners.errors import ConfigError
from cleaners.junk import describe_rules, load_rules
from cleaners.junk.detectors import cards, owners, widgets
from cleaners.junk.detectors import credits as agency_credits
from cleaners.junk.detectors import rules as rules_module
from cleaners.junk.detectors.rules import Rule, find_by_rules
from cleaners.junk.page.page import Page
from cleaners.junk.rule_files import load_words

RULES = load_rules()
BEFORE, AFTER = "The ministers met on Monday. ", " The talks went on for hours."

# Every pattern is tried whole on these, whatever its cues: repeats of what its quantifiers run over.
HOSTILE = {
    "letters": "a",
    "capitals": "A",
    "words": "word ",
    "names": "Ana Lund ",
    "slashes": "Ana/",
    "brackets": "(",
    "tags": "#tag ",
    "spaces": " ",
    "stops": ". ",
    "share": "Share ",
    "sign up": "Sign up ",
    "newsletters": "newsletter news ",
    "inbox": "Get news in your inbox ",
    "photo": "Photo: ",
    "agency": "AP/",
    "lines": "Sign up for news\n",
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_positive_examples_are_removed_whole(rule: Rule) -> None:
    for example in rule.positive:
        contexts = [("", ""), ("", AFTER), (BEFORE, AFTER), (BEFORE, ""), (BEFORE + "\n", "\n" + AFTER)]
        assert any(_covers(rule, before, example, after) for before, after in contexts), example


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_negative_examples_stay(rule: Rule) -> None:
    for example in rule.negative:
        assert not list(find_by_rules(Page(example), (rule,))), example
        assert not [
            passage
            for passage in find_by_rules(Page(BEFORE + "\n" + example + "\n" + AFTER), (rule,))
            if passage.start < len(BEFORE) + 1 + len(example) and passage.end > len(BEFORE) + 1
        ], example


# The cue of an attached rule may stand in its neighbour.
@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.scope != "attached"], ids=lambda rule: rule.id)
def test_positive_examples_hold_a_cue(rule: Rule) -> None:
    for example in rule.positive:
        assert any(cue in example.lower() for cue in rule.cues), example
    assert all(cue == cue.lower() for cue in rule.cues)


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_time_is_linear_on_hostile_input(name: str) -> None:
    """200 kB of one thing, every rule tried: four times the text may take some four times the time, never sixteen."""
    always = tuple(rule.model_copy(update={"cues": ("",)}) for rule in RULES)
    unit = HOSTILE[name]
    small, large = unit * (50_000 // len(unit)), unit * (200_000 // len(unit))
    quick = _seconds(small, always)
    slow = _seconds(large, always)
    assert slow < 10 * quick + 0.5


def test_ids_are_unique_and_categories_known() -> None:
    rows = describe_rules()
    ids = [row.id for row in rows]
    assert len(ids) == len(set(ids))
    assert {row.category for row in rows} <= set(JUNK_CATEGORIES)
    assert {rule.id for rule in RULES} <= set(ids)


def test_every_passage_a_detector_can_propose_is_described() -> None:
    described = {row.id for row in describe_rules()}

    for module in (cards, agency_credits, owners, widgets):
        source = re.sub(r"DESCRIPTIONS = \(.*?\n\)\n", "", inspect.getsource(module), flags=re.S)
        named = set(re.findall(r'"((?:card|widget|byline|agency|owned|shared)-[a-z-]+)"', source))
        assert named
        assert named <= described


def test_word_lists_are_read() -> None:
    words = load_words()
    assert "ft" in words["outlets"]
    assert "REUTERS" in words["agencies"]
    assert all(heading == heading.lower() for heading in words["widget_headings"])


def test_a_faulty_rule_names_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {**RULES[0].model_dump(), "id": "broken", "pattern": "("}
    monkeypatch.setattr(rules_module, "read_tables", lambda: iter([("junk_x.toml", {"rule": [row]})]))
    load_rules.cache_clear()
    try:
        with pytest.raises(ConfigError, match=r"junk_x\.toml.*broken"):
            load_rules()
    finally:
        load_rules.cache_clear()


def test_text_about_newsletters_and_comments_stays() -> None:
    story = (
        "The publisher said its newsletter had 40,000 subscribers, who sign up on its site and pay $5 a month.\n"
        "The company declined to comment. “No comment,” a spokeswoman said by email.\n"
        "Users share posts on Facebook and Twitter, the study found, and print sales fell.\n"
        "The cookies that Anna bakes for the school sold out; the advertisement had run for a week.\n"
        "Related work by the same team, published in 2029, found no such effect."
    )
    assert not list(find_by_rules(Page(story)))


def _covers(rule: Rule, before: str, example: str, after: str) -> bool:
    page = Page(before + example + after)
    start, end = len(before), len(before) + len(example)
    for passage in find_by_rules(page, (rule.model_copy(update={"cues": ("",)}),)):
        if rule.scope == "run_on" and passage.start == start:
            return True
        if passage.start <= start and page.text[passage.start : start].strip() == "" and passage.end >= end:
            return not page.text[end : passage.end].strip()
    return False


def _seconds(text: str, rules: tuple[Rule, ...]) -> float:
    started = time.process_time()
    for _ in find_by_rules(Page(text), rules):
        pass
    return time.process_time() - started


# Texts that rules read, mixed: their examples with other white space, marks and letters whose small form is longer between them.
PIECES = sorted({text for rule in RULES for text in (*rule.positive, *rule.negative)})
BETWEEN = ["", " ", "\n", ". ", ".\n", ".) ", "! ", "\u201d ", " \u0130 ", "a ", "\n\n(", " / "]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(BETWEEN), st.booleans()), max_size=8))
def test_rules_find_the_same_where_every_place_is_tried(parts: list[tuple[str, str, bool]]) -> None:
    text = "".join((piece.lower() if is_small else piece) + between for piece, between, is_small in parts)
    found = list(find_by_rules(Page(text)))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rules_module, "_is_opening", lambda _: False)
        patched.setattr(
            rules_module._HoldingExtents,
            "of",
            lambda held, rule, _: [
                (start, end)
                for start, end in (held._page.lines if rule.scope == "line" else held._page.sentences)
                if end - start <= rule.max_chars
            ],
        )
        chosen = [rule for rule in RULES if any(cue in text.lower() for cue in rule.cues)]
        plain = list(find_by_rules(Page(text), tuple(chosen)))
    assert found == plain


def test_rules_that_require_a_beginning_are_known_by_their_pattern() -> None:
    assert {rule.id for rule in RULES if rules_module._is_opening(rule.pattern)} >= {
        "related-heading",
        "read-more-inline",
    }
    assert not rules_module._is_opening(r"(?<=[a-z] )Advertisement")
    assert not rules_module._is_opening(r"(?<=\w)Advertisement")
