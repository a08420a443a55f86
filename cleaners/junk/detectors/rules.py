"""Rules as data: takes the `junk_*.toml` files of `cleaners.rules`, gives the passages of a page that they match.

Flags what the text itself shows to be junk. Long lines are skipped by line and sentence rules: junk is short.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cleaners.errors import ConfigError
from cleaners.junk.detectors.headlines import find_headline_end, find_link_end, is_headline_like, splits_sentence
from cleaners.junk.page.page import OPENERS, Extent, Page, Passage
from cleaners.junk.page.phrases import Phrases
from cleaners.junk.rule_files import read_tables

# A pattern that begins with a look behind: nothing or a line break, or a stop and a space, only.
_STOPS = r"\(\?<=\[((?:[^\]\\]|\\\])+)\](?: |\\s)\)"
_BEGINS = re.compile(rf"\(\?:\(\?<=\^\)\|\(\?<=\\n\)\|{_STOPS}\)|{_STOPS}")

_MAX_EXTENT = 2000  # characters: no rule reads a longer line or sentence

Scope = Literal["line", "sentence", "anywhere", "attached", "run_on"]


class Rule(BaseModel):
    """One rule: where its pattern must match for the match to be junk."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*(-[a-z0-9]+)*$", description="Stable name, written to removed_spans.")
    category: str = Field(description="One of the categories of removed_spans.")
    scope: Scope = Field(
        description="line: a whole line; sentence: a whole sentence (or a line of one); anywhere: any match; "
        "attached: a match that touches other junk of its category; run_on: from a match to where a sentence visibly begins "
        "behind the headline that follows it in the same line."
    )
    pattern: str = Field(
        "PHRASES",
        min_length=1,
        description="Python regular expression; bounded repeats, so that time is linear. `PHRASES` in it stands for any of the "
        "phrases.",
    )
    phrases: dict[str, tuple[str, ...]] = Field(
        {}, description="Closed lists of fixed strings by language (ISO 639-1), one of which the pattern holds."
    )
    ignore_case: bool = Field(False, description="Whether case does not matter.")
    cues: tuple[str, ...] = Field(
        (),
        description="Small-letter strings, one of which a text must hold before the rule is tried at all; "
        "for a rule of lines or sentences, each one that it matches. The phrases where not given.",
    )
    chain: bool = Field(
        False,
        description="A line rule that also matches as a link of a chain of such rules at the very end of the text.",
    )
    whole: bool = Field(
        False,
        description="Whether a line or sentence goes whole, though a word that begins sentences stands in the midst of it.",
    )
    any_language: bool = Field(
        False,
        description="Whether the pattern reads no English words, so that it cuts in texts of other languages too.",
    )
    confidence: float = Field(gt=0.0, le=1.0, description="How surely a match is junk, 0 to 1.")
    max_chars: int = Field(400, ge=1, le=_MAX_EXTENT, description="Longer lines and sentences are not tried.")
    description: str = Field(min_length=1, description="What it removes, for the reader of removed_spans.")
    positive: tuple[str, ...] = Field(min_length=1, description="Texts it must remove whole.")
    negative: tuple[str, ...] = Field(min_length=1, description="Texts it must leave alone.")

    @model_validator(mode="before")
    @classmethod
    def _take_cues_from_phrases(cls, row: object) -> object:
        if isinstance(row, dict) and row.get("phrases") and not row.get("cues"):
            phrases = {phrase.lower() for phrases in row["phrases"].values() for phrase in phrases}
            return {**row, "cues": tuple(sorted(phrases | {phrase.replace("'", "’") for phrase in phrases}))}
        return row

    @model_validator(mode="after")
    def _need_cues(self) -> Rule:
        if not self.cues:
            raise ValueError("no cues, and no phrases to take them from")
        if bool(self.phrases) != ("PHRASES" in self.pattern):
            raise ValueError("phrases, and a pattern with PHRASES in it, go together")
        return self

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern, compiled once in a process."""
        return _compile(self._filled, self.ignore_case)

    @cached_property
    def _filled(self) -> str:
        if not self.phrases:
            return self.pattern
        phrases = {phrase for phrases in self.phrases.values() for phrase in phrases}
        longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
        return self.pattern.replace(
            "PHRASES", "(?:" + "|".join(map(re.escape, longest_first)).replace("'", "['’]") + ")"
        )


class RuleDescription(BaseModel):
    """A row of docs/rules.md: a rule or a detector that can stand in `removed_spans.rule_id`."""

    model_config = ConfigDict(frozen=True)

    id: str
    category: str
    description: str
    examples: tuple[str, ...] = ()
    any_language: bool = False


@lru_cache(maxsize=1)
def load_rules() -> tuple[Rule, ...]:
    """All rules of the package, in the order of their files.

    Raises:
        ConfigError: a file is not TOML, a rule lacks a field, a pattern does not compile or an id comes twice.

    """
    rules: list[Rule] = []
    for name, table in read_tables():
        for row in table.get("rule", []):
            try:
                rule = Rule.model_validate(row)
                _ = rule.compiled
            except (ValidationError, re.error) as error:
                raise ConfigError(
                    f"cleaners/rules/{name}: rule {row.get('id')!r}: {error}", "Correct the rule."
                ) from error
            rules.append(rule)
    twice = {rule.id for rule in rules if sum(other.id == rule.id for other in rules) > 1}
    if twice:
        raise ConfigError(f"cleaners/rules: ids given twice: {', '.join(sorted(twice))}.", "Rename one of each.")
    return tuple(rules)


def find_by_rules(page: Page, rules: tuple[Rule, ...] | None = None) -> Iterator[Passage]:
    """Passages of a page that rules match; they may overlap.

    Args:
        page: the document.
        rules: the rules to try, by default all of the package.

    """
    cued = known_rules() if rules is None else CuedRules(rules)
    held = _HoldingExtents(page)
    chosen = cued.choose(cued.find_cues(page))
    for rule, cues in chosen:
        for start, end in _find(page, rule, cues, held):
            yield _passage(page, rule, start, end)
    yield from _find_chain(page, [rule for rule, _ in chosen if rule.chain])


def _find(page: Page, rule: Rule, cues: Sequence[str], held: _HoldingExtents) -> Iterator[Extent]:
    pattern = rule.compiled
    if rule.scope in ("line", "sentence"):
        for start, end in held.of(rule, cues):
            if pattern.fullmatch(page.text, start, end):
                yield start, end if rule.whole else _own_end(page.text, pattern, start, end)
        return
    for match in page.match_openings(pattern) if _is_opening(rule.pattern) else pattern.finditer(page.text):
        if rule.scope == "run_on":
            line_end = page.line_end(match.end())
            find_end = find_link_end if rule.any_language else find_headline_end
            headline_end = find_end(page.text, match.end(), line_end)
            if headline_end is None and is_headline_like(
                page.text[match.end() : min(line_end, match.end() + 400)].strip()[:300]
            ):
                headline_end = line_end  # nothing follows in its line
            if headline_end is not None:
                yield match.start(), headline_end
            continue
        if match.end() > match.start() and _ends_at_words(page.text, *match.span()):
            yield match.span()


class _HoldingExtents:
    """The lines and sentences of a page that rules may read, by the cues that they hold."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._extents: dict[str, list[Extent]] = {}
        self._lower: dict[str, list[str]] = {}

    def of(self, rule: Rule, cues: Sequence[str]) -> list[Extent]:
        """The lines or sentences that hold one of some cues; all of them where small letters are of another length."""
        page, scope = self._page, rule.scope
        if scope not in self._extents:
            extents = [
                one for one in (page.lines if scope == "line" else page.sentences) if one[1] - one[0] <= _MAX_EXTENT
            ]
            self._extents[scope] = extents
            self._lower[scope] = [page.lower[start:end] for start, end in extents]
        pairs = zip(self._extents[scope], self._lower[scope], strict=True)
        if len(page.lower) != len(page.text):
            return [extent for extent, _ in pairs if extent[1] - extent[0] <= rule.max_chars]
        short = [pair for pair in pairs if len(pair[1]) <= rule.max_chars]
        if len(cues) == 1:
            return [extent for extent, text in short if cues[0] in text]
        return [extent for extent, text in short if any(cue in text for cue in cues)]


@lru_cache(maxsize=1024)
def _is_opening(pattern: str) -> bool:
    """Tell whether a pattern says first that it matches only where a line or a sentence may begin."""
    begins = _BEGINS.match(pattern)
    return begins is not None and set((begins[1] or begins[2]).replace("\\", "")) <= set(OPENERS)


def _own_end(text: str, pattern: re.Pattern[str], start: int, end: int) -> int:
    """Return where a match ends, without the next sentence into which it may have run on for want of a stop."""
    shorter = find_headline_end(text, start, end)
    if shorter is None:
        return end
    shorter = start + len(text[start:shorter].rstrip())
    return shorter if not splits_sentence(text, shorter) and pattern.fullmatch(text, start, shorter) else end


def _find_chain(page: Page, rules: list[Rule]) -> Iterator[Passage]:
    """Rules that stand one after the other, without line breaks, between the last sentence and the end of the text."""
    if not rules or not page.sentences:
        return
    position, end = page.sentences[-1]
    if end - position > max(rule.max_chars for rule in rules):
        return
    links: list[Passage] = []
    while position < end:
        matches = [(match.end(), rule) for rule in rules if (match := rule.compiled.match(page.text, position, end))]
        longest = max(matches, key=lambda pair: pair[0], default=None)
        if longest is None or longest[0] == position or not _ends_at_words(page.text, position, longest[0]):
            return
        links.append(_passage(page, longest[1], position, longest[0]))
        position = longest[0]
        while position < end and page.text[position].isspace():
            position += 1
    yield from links


def _passage(page: Page, rule: Rule, start: int, end: int) -> Passage:
    return Passage(
        start,
        end,
        rule.id,
        rule.category,
        rule.confidence,
        is_bounded=rule.scope != "run_on" or rule.any_language or _is_closed(page, start, end),
        is_attached=rule.scope == "attached",
    )


def _is_closed(page: Page, start: int, end: int) -> bool:
    """Tell whether a link inside a paragraph closes with a stop of its own, so that its end is no guess."""
    closed = start + len(page.text[start:end].rstrip())
    return start in page.edges and closed in page.edges and page.text[closed - 1] in ".!?…"


def _ends_at_words(text: str, start: int, end: int) -> bool:
    """Tell whether a cut at both offsets leaves no half word."""
    cuts_start = 0 < start < len(text) and text[start - 1].isalnum() and text[start].isalnum()
    cuts_end = 0 < end < len(text) and text[end - 1].isalnum() and text[end].isalnum()
    return not (cuts_start or cuts_end)


class CuedRules:
    """Rules by their cues, so that a page meets only those that may match."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules
        self._of_cue: dict[str, list[int]] = {}
        for number, rule in enumerate(rules):
            for cue in rule.cues:
                self._of_cue.setdefault(cue, []).append(number)
        self.cues = Phrases(self._of_cue)

    def find_cues(self, page: Page) -> list[str]:
        """The cues that a page holds."""
        lower = page.lower
        return [cue for number in page.narrow(self.cues) if (cue := self.cues.all[number]) in lower]

    def choose(self, cues: Iterable[str]) -> list[tuple[Rule, list[str]]]:
        """The rules that have one of some cues, in their order, each with those that it has."""
        held: dict[int, list[str]] = {}
        for cue in cues:
            for number in self._of_cue[cue]:
                held.setdefault(number, []).append(cue)
        return [(self._rules[number], held[number]) for number in sorted(held)]


@lru_cache(maxsize=1)
def known_rules() -> CuedRules:
    """The rules of the package by their cues."""
    return CuedRules(load_rules())


@lru_cache(maxsize=1024)
def _compile(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE if ignore_case else 0)
