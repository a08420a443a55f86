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
from cleaners.junk.reading import OTHER, QUOTE, STOP, Reading, Units, slot_index
from cleaners.junk.tables import load_words
from cleaners.junk.tokens import I64, U64, hash_words_of, tokenize

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
    *("rare_5", "rare_before_5", "rare_after_5", "rare_title_5", "rare_lead_5", "rare_before_11", "rare_after_11"),
    *("names_5", "names_seen_5", "names_before_5", "names_after_5", "names_11", "names_seen_11"),
    # cues
    *("since_ago", "until_ago", "since_heading", "since_firm", "until_firm", "is_ago", "is_heading"),
    # what the detectors proposed
    *("firm", "template", "owned", "card", "attached", "soft", "soft_max", "caption", "firm_caption", "firm_signup"),
    # words
    *("words",),
)
# Columns of its neighbours that the second model reads too.
NEIGHBOUR_FEATURES = (
    *("tokens", "words", "repeated_3", "owners", "seen_5", "before_11", "after_11", "ends_stop", "initials", "firm"),
    *("soft", "break_before", "lead_5", "is_heading", "caption", "firm_caption", "firm_signup"),
)
_COLUMN = {name: number for number, name in enumerate(FEATURES)}
# Kinds of passages that have a column of their own: what stands beside a credit or a button is often part of it.
_FIRM_KINDS = {"caption_credit": ("firm_caption",), "signup_banner": ("firm_signup",)}
_SOFT_KINDS = {"template": "template", "owned": "owned", "shared": "owned", "caption": "caption"}
RARITY_BITS = 16
_FAR = 1000.0  # tokens: a cue further off tells nothing
_AGE = re.compile(r"\b(?:\d{1,3}|an?|one) (?:sec|min|hour|hr|day|week|month|year)\w* ago\b")
_CLOSERS = frozenset('.!?…"”’)')
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
    weights: F64  # how rare the word is in the news, 0 to 1
    is_name: npt.NDArray[np.bool_]
    vocabulary: U64  # hashes of the words, by their number


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
    slots = np.repeat(np.arange(len(parts)), [len(values) for values, _ in parts])
    places = slot_index(np.concatenate([values for values, _ in parts]), slots, n_bits)
    return places, np.concatenate([owner for _, owner in parts])


def find_likeness(reading: Reading, units: Units, rarity: F64) -> Likeness:
    """Pairs of content words (five letters or more, or capitals) and units, each once."""
    tokens = reading.tokens
    lengths = tokens.ends - tokens.starts
    is_content = (lengths >= 5) | ((lengths >= 3) & ((reading.shapes == 1) | (reading.shapes == 2)))
    is_content &= reading.shapes != 3
    n_units = len(units.starts)
    vocabulary, words = np.unique(tokens.hashes[is_content], return_inverse=True)
    keys = np.unique(words.astype(np.int64) * n_units + units.unit_of_token[is_content])
    numbers, owners = keys // max(n_units, 1), keys % max(n_units, 1)
    counts = np.bincount(numbers)[numbers] if len(numbers) else numbers
    # A name is written with a capital wherever it stands in its sentence; most often is enough.
    is_capital = ((reading.shapes == 1) | (reading.shapes == 2))[is_content]
    share = np.bincount(words, weights=is_capital) / np.maximum(np.bincount(words), 1) if len(words) else np.zeros(0)
    weights = rarity[slot_index(vocabulary, 0, RARITY_BITS)]
    return Likeness(numbers, owners, counts, weights[numbers], (share > 0.5)[numbers], vocabulary)


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

    shapes, repeated = reading.shapes, findings.repeated
    # Sums by unit, all at once; tokens are in the order of units.
    counted = np.zeros((9, len(unit) + 1))
    for row, values in enumerate(
        (
            *(shapes == 1, shapes == 2, shapes == 3, repeated >= 2, repeated >= 3, repeated),
            *(findings.owners > 0, findings.owners_lead > 0, findings.owners),
        )
    ):
        counted[row, 1:] = values
    np.cumsum(counted, axis=1, out=counted)
    bounds = np.searchsorted(unit, np.arange(n_units + 1))
    n_tokens = np.maximum(np.diff(bounds), 1).astype(np.float64)
    initials, capitals, digits, twice, thrice, often, owners, owners_lead, owners_sum = (
        np.diff(counted[:, bounds], axis=1) / n_tokens
    )
    # White space alone stands between a unit's end and the next one's start.
    stops, quotes, marks = (
        np.add.reduceat((reading.classes & mark) > 0, units.starts, dtype=np.int64) if n_units else np.zeros(0)
        for mark in (STOP, QUOTE, OTHER)
    )
    size = (units.ends - units.starts).astype(np.float64)
    first, last = reading.classes[units.starts], reading.classes[units.ends - 1]
    put(
        tokens=np.log1p(n_tokens),
        chars=np.log1p(size),
        initials=initials,
        capitals=capitals,
        digits=digits,
        stops=stops,
        quotes=quotes,
        marks=marks / n_tokens,
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
    put(
        repeated_2=twice,
        repeated_3=thrice,
        repeated_share=often / max(findings.n_site, 10),
        owners=owners,
        owners_lead=owners_lead,
        owners_max=np.log1p(owners_sum),
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
    words, owner, counts, weights, is_name, _ = likeness
    # Pairs are sorted by word and unit: a word's first and last unit tell whether it stands further off.
    begin = np.flatnonzero(np.diff(words, prepend=-1))
    before = np.repeat(owner[begin], counts[begin]) < owner - 2
    after = np.repeat(owner[begin + counts[begin] - 1], counts[begin]) > owner + 2
    # The lead: the first units that are sentences, by their length.
    long_units = np.flatnonzero(n_tokens >= 8)[:4]
    in_lead = np.isin(owner, long_units)
    lead_count = np.bincount(words, weights=in_lead, minlength=int(words[-1]) + 1 if len(words) else 0)
    of_lead = (lead_count[words] - in_lead) > 0 if len(words) else np.zeros(0, dtype=bool)
    of_title = _in_title(reading, likeness)

    # Sums by unit of the words, of rare words and of names, all at once: (kinds, units).
    flags = np.stack((np.ones(len(owner), dtype=bool), before | after, before, after, of_title, of_lead)).astype(
        np.float64
    )
    kinds = np.concatenate((flags, flags * weights, flags[:4] * is_name))
    places = (np.arange(len(kinds))[:, None] * n_units + owner).ravel()
    totals = np.bincount(places, weights=kinds.ravel(), minlength=len(kinds) * n_units).astype(np.float64)
    sums = totals.reshape(len(kinds), n_units)
    five, eleven = _window(sums, 2), _window(sums, 5)
    at = _COLUMN["content"]
    table[:, at] = np.log1p(sums[0])
    table[:, at + 1 : at + 6] = (sums[1:6] / np.maximum(sums[0], 1.0)).T
    table[:, at + 6 : at + 11] = (five[1:6] / np.maximum(five[0], 1.0)).T
    table[:, at + 11 : at + 14] = (eleven[1:4] / np.maximum(eleven[0], 1.0)).T
    table[:, at + 14 : at + 19] = (five[7:12] / np.maximum(five[6], 0.1)).T
    table[:, at + 19 : at + 21] = (eleven[8:10] / np.maximum(eleven[6], 0.1)).T
    table[:, at + 21] = np.log1p(five[12])
    table[:, at + 22 : at + 25] = (five[13:16] / np.maximum(five[12], 1.0)).T
    table[:, at + 25] = np.log1p(eleven[12])
    table[:, at + 26] = eleven[13] / np.maximum(eleven[12], 1.0)


def _in_title(reading: Reading, likeness: Likeness) -> npt.NDArray[np.bool_]:
    if not reading.page.title or not len(likeness.words):
        return np.zeros(len(likeness.words), dtype=bool)
    return np.isin(likeness.vocabulary, hash_words_of(reading.page.title))[likeness.words]


def _window(sums: F64, reach: int) -> F64:
    """Sums over each unit and as many on both sides, (kinds, units)."""
    n_units = sums.shape[1]
    running = np.concatenate((np.zeros((len(sums), 1)), np.cumsum(sums, axis=1)), axis=1)
    here = np.arange(n_units)
    total: F64 = running[:, np.minimum(here + reach + 1, n_units)] - running[:, np.maximum(here - reach, 0)]
    return total


def _put_cues(table: F64, reading: Reading, units: Units, n_tokens: F64, token_end: F64) -> None:
    lower = reading.page.lower
    ages = [match.start() for match in _AGE.finditer(lower)] if " ago" in lower else []
    headings = _find_headings(reading)
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
            names = ["firm", *_FIRM_KINDS.get(passage.category, ())]
        elif passage.is_attached:
            names = ["attached"]
        else:
            kind = passage.rule_id.split("-")[0]
            names = ["soft", _SOFT_KINDS.get(kind, "card")]
            column = table[some, _COLUMN["soft_max"]]
            np.maximum(column, passage.confidence * (share >= 0.5), out=column)
        for name in names:
            column = table[some, _COLUMN[name]]
            np.maximum(column, share, out=column)
    is_cut = table[:, _COLUMN["firm"]] > 0.5
    table[:, _COLUMN["since_firm"]] = _since(is_cut, token_end, n_tokens)
    table[:, _COLUMN["until_firm"]] = _until(is_cut, token_end, n_tokens)


def _find_headings(reading: Reading) -> list[int]:
    """Offsets of the headings of lists of other articles, where a line or a sentence begins."""
    headings, first_words = _headings()
    lower, found = reading.page.lower, []
    for token in np.flatnonzero(np.isin(reading.tokens.hashes, first_words)).tolist():
        start = int(reading.tokens.starts[token])
        begins = (
            start == 0
            or lower[start - 1] == "\n"
            or (lower[start - 1] == " " and lower[start - 2 : start - 1] in _CLOSERS)
        )
        if begins and any(
            lower.startswith(heading, start) and not _is_word(lower[start + len(heading) : start + len(heading) + 1])
            for heading in headings
        ):
            found.append(start)
    return found


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


@lru_cache(maxsize=1)
def _headings() -> tuple[tuple[str, ...], U64]:
    """The headings, and the hashes of their first words."""
    headings = tuple(sorted({*load_words()["widget_headings"], *_HEADINGS}))
    return headings, np.unique(np.concatenate([tokenize(heading).hashes[:1] for heading in headings]))
