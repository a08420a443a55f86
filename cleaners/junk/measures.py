"""Evidence a unit: takes a page cut into units and what the detectors found, gives a table of numbers; removes nothing.

Repetition over the site, other documents that hold the words, the words' likeness to the rest of the page, distance from
cues, what the rules proposed, shape and place. Array code throughout: no Python loop over units or tokens.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cleaners.junk.page import Passage
from cleaners.junk.reading import N_CLASSES, Reading, Units, slot_index
from cleaners.junk.tables import load_words
from cleaners.junk.tokens import I64, U64, tokenize

F64 = npt.NDArray[np.float64]
F32 = npt.NDArray[np.float32]

FEATURES = (
    # shape
    *("tokens", "chars", "initials", "capitals", "digits", "stops", "quotes", "marks", "mean_token"),
    *("begins_capital", "begins_mark", "begins_quote", "ends_stop", "ends_quote", "ends_other"),
    # layout
    *("break_before", "break_after", "score_before", "score_after", "line_units", "place", "from_start", "to_end"),
    *("page_units", "page_lines", "page_mean_line"),
    # repetition and ownership
    *("repeated_2", "repeated_3", "repeated_share", "owners", "owners_lead", "owners_max"),
    # likeness
    *("content", "seen", "seen_before", "seen_after", "seen_title", "seen_lead"),
    *("seen_5", "before_5", "after_5", "title_5", "lead_5", "seen_11", "before_11", "after_11"),
    # cues
    *("since_ago", "until_ago", "since_heading", "since_firm", "until_firm", "is_ago", "is_heading"),
    # what the detectors proposed
    *("firm", "template", "owned", "card", "attached", "soft", "soft_max"),
    # words
    *("words",),
)
# Columns of its neighbours that the second model reads too.
NEIGHBOUR_FEATURES = (
    *("tokens", "words", "repeated_3", "owners", "seen_5", "before_11", "after_11", "ends_stop", "initials", "firm"),
    *("soft", "break_before", "lead_5", "is_heading"),
)
_COLUMN = {name: number for number, name in enumerate(FEATURES)}
_FAR = 1000.0  # tokens: a cue further off tells nothing
_AGE = re.compile(r"\b(?:\d{1,3}|an?|one) (?:sec|min|hour|hr|day|week|month|year)\w* ago\b")
_HEADINGS = ("related articles", "related stories", "more on this topic", "more from", "more in")


class Findings(NamedTuple):
    """What the other detectors know of a page: passages, and for each token the documents that hold its words.

    `repeated` counts documents of the site, `owners` other documents that share a passage, `owners_lead` those of them
    that begin with it; `n_site` is the number of the site's documents.
    """

    passages: Sequence[Passage]
    repeated: I64
    owners: I64
    owners_lead: I64
    n_site: int


class Likeness(NamedTuple):
    """Distinct content words by unit: sorted pairs of word number and unit, for likeness of any run to the rest."""

    words: I64
    units: I64
    counts: I64


def is_firm(passage: Passage) -> bool:
    """Whether a passage says itself what it is and where it ends, so that no model is asked."""
    return passage.is_certain and passage.is_bounded and not passage.is_attached


def is_soft(passage: Passage) -> bool:
    """Whether a passage's end is guessed, or only repetition and ownership show it."""
    return not (passage.is_attached or is_firm(passage))


def hash_words(reading: Reading, units: Units, n_bits: int) -> tuple[npt.NDArray[np.int64], I64]:
    """Hashed word features of units: single words, pairs, the first and last; (features,) places and their units."""
    hashes, unit = reading.tokens.hashes, units.unit_of_token
    if not len(hashes):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    same = unit[1:] == unit[:-1]
    pairs = hashes[:-1] * np.uint64(0x9E3779B97F4A7C15) + hashes[1:]
    first = np.flatnonzero(np.concatenate((np.ones(1, dtype=bool), ~same)))
    last = np.append(first[1:] - 1, len(hashes) - 1)
    has_pair = last > first
    size = np.minimum(np.log2(last - first + 1.0).astype(np.int64), 6).astype(np.uint64)
    shape = reading.shapes.astype(np.uint64)
    parts = (
        (hashes, unit),
        (pairs[same], unit[1:][same]),
        (hashes[first], unit[first]),
        (pairs[first[has_pair]], unit[first[has_pair]]),
        (hashes[last], unit[last]),
        (pairs[last[has_pair] - 1], unit[last[has_pair]]),
        (size * np.uint64(64) + shape[first] * np.uint64(8) + shape[last], unit[first]),
    )
    places = np.concatenate([slot_index(values, slot, n_bits) for slot, (values, _) in enumerate(parts)])
    return places, np.concatenate([owner for _, owner in parts])


def find_likeness(reading: Reading, units: Units) -> Likeness:
    """Pairs of content words (five letters or more, or capitals) and units, each once."""
    tokens = reading.tokens
    lengths = tokens.ends - tokens.starts
    is_content = (lengths >= 5) | ((lengths >= 3) & ((reading.shapes == 1) | (reading.shapes == 2)))
    is_content &= reading.shapes != 3
    n_units = len(units.starts)
    _, words = np.unique(tokens.hashes[is_content], return_inverse=True)
    keys = np.unique(words.astype(np.int64) * n_units + units.unit_of_token[is_content])
    numbers, owners = keys // max(n_units, 1), keys % max(n_units, 1)
    counts = np.bincount(numbers)[numbers] if len(numbers) else numbers
    return Likeness(numbers, owners, counts)


def measure_units(reading: Reading, units: Units, likeness: Likeness, findings: Findings, words: F64) -> F32:
    """The table of evidence, (units, features).

    Args:
        reading: the page.
        units: its units.
        likeness: its content words by unit.
        findings: of the other detectors.
        words: score of each unit by its words alone.

    """
    n_units = len(units.starts)
    table = np.zeros((n_units, len(FEATURES)), dtype=np.float64)

    def put(**columns: npt.NDArray[np.generic] | float) -> None:
        for name, values in columns.items():
            table[:, _COLUMN[name]] = values

    unit = units.unit_of_token

    def per_token(values: npt.NDArray[np.generic]) -> F64:
        return np.bincount(unit, weights=values, minlength=n_units).astype(np.float64)

    n_tokens = np.maximum(per_token(np.ones(len(unit))), 1.0)
    shapes = reading.shapes
    bits = (reading.classes[:, None] >> np.arange(N_CLASSES, dtype=np.uint8)) & 1
    running = np.zeros((len(reading.classes) + 1, N_CLASSES), dtype=np.int32)
    np.cumsum(bits, axis=0, out=running[1:])
    chars = running[units.ends] - running[units.starts]
    size = (units.ends - units.starts).astype(np.float64)
    first, last = reading.classes[units.starts], reading.classes[units.ends - 1]
    put(
        tokens=np.log1p(n_tokens),
        chars=np.log1p(size),
        initials=per_token(shapes == 1) / n_tokens,
        capitals=per_token(shapes == 2) / n_tokens,
        digits=per_token(shapes == 3) / n_tokens,
        stops=chars[:, 2],
        quotes=chars[:, 3],
        marks=chars[:, 4] / n_tokens,
        mean_token=size / n_tokens,
        begins_capital=(first & 1) > 0,
        begins_mark=(first & 16) > 0,
        begins_quote=(first & 8) > 0,
        ends_stop=(last & 4) > 0,
        ends_quote=(last & 8) > 0,
        ends_other=(last & 16) > 0,
    )
    line = np.cumsum(units.breaks >= 2) - 1
    n_lines = int(line[-1]) + 1 if n_units else 1
    line_units = np.bincount(np.maximum(line, 0))[np.maximum(line, 0)] if n_units else line
    token_end = np.cumsum(n_tokens)
    total = float(token_end[-1]) if n_units else 1.0
    put(
        break_before=units.breaks,
        break_after=np.append(units.breaks[1:], 3),
        score_before=units.scores,
        score_after=np.append(units.scores[1:], 1.0),
        line_units=np.log1p(line_units),
        place=(token_end - n_tokens) / total,
        from_start=np.log1p(token_end - n_tokens),
        to_end=np.log1p(total - token_end),
        page_units=np.log1p(n_units),
        page_lines=np.log1p(n_lines),
        page_mean_line=np.log1p(total / n_lines),
    )
    repeated = findings.repeated
    put(
        repeated_2=per_token(repeated >= 2) / n_tokens,
        repeated_3=per_token(repeated >= 3) / n_tokens,
        repeated_share=per_token(repeated) / n_tokens / max(findings.n_site, 10),
        owners=per_token(findings.owners > 0) / n_tokens,
        owners_lead=per_token(findings.owners_lead > 0) / n_tokens,
        owners_max=np.log1p(per_token(findings.owners) / n_tokens),
    )
    _put_likeness(table, reading, units, likeness, n_tokens)
    _put_cues(table, reading, units, n_tokens, token_end)
    _put_passages(table, units, findings.passages, n_tokens, token_end)
    put(words=words)
    return table.astype(np.float32)


def add_neighbours(table: F32) -> F32:
    """The table with columns of the two units before and the two behind, (units, features + 4 * neighbours)."""
    columns = table[:, [_COLUMN[name] for name in NEIGHBOUR_FEATURES]]
    shifted = []
    for step in (-2, -1, 1, 2):
        moved = np.full_like(columns, -1.0)
        if step < 0:
            moved[-step:] = columns[:step]
        else:
            moved[:-step] = columns[step:]
        shifted.append(moved)
    return np.concatenate([table, *shifted], axis=1)


def _put_likeness(table: F64, reading: Reading, units: Units, likeness: Likeness, n_tokens: F64) -> None:
    n_units = len(units.starts)
    words, owner, counts = likeness
    keys = words * n_units + owner
    begin = np.searchsorted(words, words, side="left")
    low, high = np.maximum(owner - 2, 0), np.minimum(owner + 2, n_units - 1)
    before = np.searchsorted(keys, words * n_units + low, side="left") - begin
    after = begin + counts - np.searchsorted(keys, words * n_units + high, side="right")
    # The lead: the first units that are sentences, by their length.
    long_units = np.flatnonzero(n_tokens >= 8)[:4]
    in_lead = np.isin(owner, long_units)
    lead_count = np.bincount(words, weights=in_lead, minlength=int(words[-1]) + 1 if len(words) else 0)
    of_lead = (lead_count[words] - in_lead) > 0 if len(words) else np.zeros(0, dtype=bool)
    of_title = _in_title(reading, likeness, units)

    def per_unit(values: npt.NDArray[np.generic]) -> F64:
        return np.bincount(owner, weights=values, minlength=n_units).astype(np.float64)

    content = per_unit(np.ones(len(owner)))
    flags = (before + after > 0, before > 0, after > 0, of_title, of_lead)
    sums = np.stack([content, *(per_unit(flag) for flag in flags)], axis=1)
    table[:, _COLUMN["content"]] = np.log1p(content)
    at = _COLUMN["seen"]
    table[:, at : at + 5] = sums[:, 1:] / np.maximum(content, 1.0)[:, None]
    five, eleven = _window(sums, 2), _window(sums, 5)
    at = _COLUMN["seen_5"]
    table[:, at : at + 5] = five[:, 1:] / np.maximum(five[:, :1], 1.0)
    at = _COLUMN["seen_11"]
    table[:, at : at + 3] = eleven[:, 1:4] / np.maximum(eleven[:, :1], 1.0)


def _in_title(reading: Reading, likeness: Likeness, units: Units) -> npt.NDArray[np.bool_]:
    if not reading.page.title or not len(likeness.words):
        return np.zeros(len(likeness.words), dtype=bool)
    tokens = reading.tokens
    lengths = tokens.ends - tokens.starts
    is_content = (lengths >= 5) | ((lengths >= 3) & ((reading.shapes == 1) | (reading.shapes == 2)))
    is_content &= reading.shapes != 3
    vocabulary: U64 = np.unique(tokens.hashes[is_content])
    return np.isin(vocabulary, tokenize(reading.page.title).hashes)[likeness.words]


def _window(sums: F64, reach: int) -> F64:
    running = np.concatenate((np.zeros((1, sums.shape[1])), np.cumsum(sums, axis=0)))
    here = np.arange(len(sums))
    total: F64 = running[np.minimum(here + reach + 1, len(sums))] - running[np.maximum(here - reach, 0)]
    return total


def _put_cues(table: F64, reading: Reading, units: Units, n_tokens: F64, token_end: F64) -> None:
    lower = reading.page.lower
    ages = [match.start() for match in _AGE.finditer(lower)] if " ago" in lower else []
    headings = [match.start() for match in _heading_pattern().finditer(lower)]
    is_age, is_heading = _holds(units, ages), _holds(units, headings)
    table[:, _COLUMN["is_ago"]] = is_age
    table[:, _COLUMN["is_heading"]] = is_heading
    table[:, _COLUMN["since_ago"]] = _since(is_age, token_end, n_tokens)
    table[:, _COLUMN["until_ago"]] = _until(is_age, token_end, n_tokens)
    table[:, _COLUMN["since_heading"]] = _since(is_heading, token_end, n_tokens)


def _holds(units: Units, offsets: list[int]) -> npt.NDArray[np.bool_]:
    held = np.zeros(len(units.starts), dtype=bool)
    if offsets:
        held[np.maximum(np.searchsorted(units.starts, np.array(offsets), side="right") - 1, 0)] = True
    return held


def _since(marked: npt.NDArray[np.bool_], token_end: F64, n_tokens: F64) -> F64:
    """Tokens between a unit and the last marked one before it."""
    ends = np.where(marked, token_end, -np.inf)
    last = np.concatenate((np.full(1, -np.inf), np.maximum.accumulate(ends)[:-1])) if len(ends) else ends
    distance: F64 = np.log1p(np.minimum(token_end - n_tokens - last, _FAR))
    return distance


def _until(marked: npt.NDArray[np.bool_], token_end: F64, n_tokens: F64) -> F64:
    starts = np.where(marked, token_end - n_tokens, np.inf)
    following = np.minimum.accumulate(starts[::-1])[::-1]
    following = np.append(following[1:], np.inf) if len(starts) else starts
    distance: F64 = np.log1p(np.minimum(following - token_end, _FAR))
    return distance


def _put_passages(table: F64, units: Units, passages: Sequence[Passage], n_tokens: F64, token_end: F64) -> None:
    size = (units.ends - units.starts).astype(np.float64)
    for passage in passages:
        low = int(np.searchsorted(units.ends, passage.start, side="right"))
        high = int(np.searchsorted(units.starts, passage.end, side="left"))
        if low >= high:
            continue
        some = slice(low, high)
        part = np.minimum(units.ends[some], passage.end) - np.maximum(units.starts[some], passage.start)
        share = np.maximum(part / size[some], 0.0)
        if is_firm(passage):
            names = ["firm"]
        elif passage.is_attached:
            names = ["attached"]
        else:
            kind = passage.rule_id.split("-")[0]
            names = ["soft", "template" if kind == "template" else "owned" if kind in ("owned", "shared") else "card"]
            column = table[some, _COLUMN["soft_max"]]
            np.maximum(column, passage.confidence * (share >= 0.5), out=column)
        for name in names:
            column = table[some, _COLUMN[name]]
            np.maximum(column, share, out=column)
    is_cut = table[:, _COLUMN["firm"]] > 0.5
    table[:, _COLUMN["since_firm"]] = _since(is_cut, token_end, n_tokens)
    table[:, _COLUMN["until_firm"]] = _until(is_cut, token_end, n_tokens)


@lru_cache(maxsize=1)
def _heading_pattern() -> re.Pattern[str]:
    headings = sorted({*load_words()["widget_headings"], *_HEADINGS}, key=len, reverse=True)
    return re.compile(r"(?:^|(?<=\n)|(?<=[.!?…\"”’)] ))(?:" + "|".join(map(re.escape, headings)) + r")\b")
