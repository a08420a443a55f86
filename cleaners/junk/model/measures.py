"""Evidence a unit: takes pages cut into units and what the detectors found, gives a table of numbers; removes nothing.

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

from cleaners.junk.model.features import COLUMN, F32, F64, FEATURES, NEIGHBOUR_FEATURES
from cleaners.junk.model.likeness import Likeness, put_likeness
from cleaners.junk.model.meaning import MEANING_FEATURES, find_meaning
from cleaners.junk.model.outline import MIN_PROSE, OUTLINE_FEATURES, measure_outline
from cleaners.junk.page.page import Page, Passage, find_all
from cleaners.junk.page.phrases import Phrases
from cleaners.junk.page.reading import OTHER, QUOTE, STOP, Reading, Units
from cleaners.junk.page.segments import Bools, Number, add_through, add_up, list_last, since, spread, until, windows
from cleaners.junk.page.tokens import I64
from cleaners.junk.rule_files import load_words

# Kinds of passages that have a column of their own: what stands beside a credit or a button is often part of it.
_FIRM_KINDS = {"caption_credit": ("firm_caption",), "signup_banner": ("firm_signup",)}
_SOFT_KINDS = {"template": "template", "owned": "owned", "shared": "owned", "caption": "caption"}

_AGE = re.compile(r"\b(?:\d{1,3}|an?|one) (?:sec|min|hour|hr|day|week|month|year)\w* ago\b")
_CLOSERS = frozenset('.!?…"”’)')
_HEADINGS = ("related articles", "related stories", "more on this topic", "more from", "more in")


class Findings(NamedTuple):
    """Findings of the other detectors on a page: passages, and for each token the documents that hold its words.

    `repeated` counts documents of the site, `owners` other documents that share a passage, `owners_lead` those of them
    that begin with it; `n_site` is the number of the site's documents. In a text that is not English every passage without a doubt
    is one that its detector is sure of.
    """

    passages: Sequence[Passage]
    repeated: I64
    owners: I64
    owners_lead: I64
    n_site: int
    is_english: bool = True


def is_firm(passage: Passage) -> bool:
    """Tell whether a passage shows by itself what it is and where it ends, so that no model is needed."""
    return passage.is_certain and passage.is_bounded and not passage.is_attached and passage.doubt is None


def is_soft(passage: Passage) -> bool:
    """Tell whether a passage is in doubt, its end is guessed, or only repetition and ownership show it."""
    return not (passage.is_attached or is_firm(passage))


def measure_units(reading: Reading, units: Units, likeness: Likeness, findings: Sequence[Findings], words: F64) -> F32:
    """The table of evidence, (units, features).

    Args:
        reading: the pages.
        units: their units.
        likeness: their content words by unit.
        findings: of the other detectors, a page each.
        words: score of each unit by its words alone.

    """
    n_units, bounds = len(units.starts), units.bounds
    table = np.zeros((n_units, len(FEATURES)), dtype=np.float64, order="F")  # filled, shifted and read column by column

    def put(**columns: npt.NDArray[np.generic] | float) -> None:
        for name, values in columns.items():
            table[:, COLUMN[name]] = values

    unit = units.unit_of_token

    shapes = reading.shapes
    repeated, owner_counts, owner_leads = (
        np.concatenate([one[column] for one in findings])
        for column in map(Findings._fields.index, ("repeated", "owners", "owners_lead"))
    )
    # Sums by unit, all at once; tokens are in the order of units.
    counted = np.zeros((9, len(unit) + 1), dtype=np.int64)
    for row, values in enumerate(
        (
            *(shapes == 1, shapes == 2, shapes == 3, repeated >= 2, repeated >= 3, repeated),
            *(owner_counts > 0, owner_leads > 0, owner_counts),
        )
    ):
        counted[row, 1:] = values
    np.cumsum(counted, axis=1, out=counted)
    tokens_of = np.searchsorted(unit, np.arange(n_units + 1))
    n_tokens = np.maximum(np.diff(tokens_of), 1).astype(np.float64)
    initials, capitals, digits, twice, thrice, often, owners, owners_lead, owners_sum = (
        np.diff(counted[:, tokens_of], axis=1) / n_tokens
    )
    # White space alone stands between a unit's end and the next one's start.
    edges = np.append(units.starts, len(reading.classes))
    marked = np.flatnonzero(reading.classes & (STOP | QUOTE | OTHER))
    kinds = reading.classes[marked]
    stops, quotes, marks = (
        np.diff(np.searchsorted(marked[(kinds & mark) > 0], edges)) for mark in (STOP, QUOTE, OTHER)
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
    line = np.maximum(np.cumsum(units.breaks >= 2) - 1, 0)
    n_lines = np.maximum(add_up(units.breaks >= 2, bounds), 1.0)
    token_end = np.cumsum(n_tokens)
    before = token_end - n_tokens - spread(np.append(0.0, token_end)[bounds[:-1]], bounds)  # on its page
    total = add_up(n_tokens, bounds)
    of_page = spread(total, bounds)
    put(
        break_before=units.breaks,
        break_after=_following(units.breaks, 3, bounds),
        score_before=units.scores,
        score_after=_following(units.scores, 1.0, bounds),
        line_units=np.log1p(np.bincount(line, minlength=1)[line]),
        place=before / of_page,
        from_start=np.log1p(before),
        to_end=np.log1p(of_page - before - n_tokens),
        page_units=spread(np.log1p(np.diff(bounds)), bounds),
        page_lines=spread(np.log1p(n_lines), bounds),
        page_mean_line=spread(np.log1p(total / n_lines), bounds),
    )
    put(
        repeated_2=twice,
        repeated_3=thrice,
        repeated_share=often / spread(np.array([max(one.n_site, 10) for one in findings]), bounds),
        owners=owners,
        owners_lead=owners_lead,
        owners_max=np.log1p(owners_sum),
    )
    put_likeness(table, units, likeness, n_tokens)
    _put_cues(table, reading, units, n_tokens, token_end)
    _put_passages(table, reading, units, findings, n_tokens, token_end)
    put(words=words)
    at = COLUMN[OUTLINE_FEATURES[0]]
    table[:, at : at + len(OUTLINE_FEATURES)] = measure_outline(reading, units, n_tokens, words)
    at = COLUMN[MEANING_FEATURES[0]]
    table[:, at : at + len(MEANING_FEATURES)] = find_meaning(reading, units)
    return table.astype(np.float32)


def _following(values: npt.NDArray[Number], last: float, bounds: I64) -> npt.NDArray[Number]:
    """The value of the next unit of its page; of the last one, what is given."""
    following = np.append(values[1:], values[:1])
    following[list_last(bounds)] = last
    return following


def add_neighbours(table: F32, bounds: I64) -> F32:
    """The table with columns of the two units before and the two behind, (units, features + 4 * neighbours).

    Args:
        table: of `measure_units`.
        bounds: of the pages, in units.

    """
    columns = table.T[[COLUMN[name] for name in NEIGHBOUR_FEATURES]]
    first, end, here = spread(bounds[:-1], bounds), spread(bounds[1:], bounds), np.arange(len(table))
    wide = [table.T]
    for step in (-2, -1, 1, 2):
        place = here + step
        is_there = (place >= first) & (place < end)
        wide.append(np.where(is_there, columns.take(np.where(is_there, place, 0), axis=1), np.float32(-1.0)))
    return np.concatenate(wide).T


def add_context(table: F32, logits: F64, bounds: I64) -> F32:
    """The table with what a first forest thinks of each unit's surroundings, (units, features + 23).

    Its scores from five units before to five behind; their means over 2, 5 and 12 units on both sides, weighted by tokens and
    not; where the story runs, that is the sentences that it surely leaves; how much of the page it would cut.

    Args:
        table: of `measure_units`.
        logits: of the first forest, log odds that each unit is junk.
        bounds: of the pages, in units; each has one at least.

    """
    n_tokens = np.maximum(np.round(np.expm1(table[:, COLUMN["tokens"]].astype(np.float64))), 1.0)
    capped = np.clip(logits, -8.0, 8.0)
    reach = 5
    # Beyond the page: surer of junk than any capped score.
    page = spread(np.arange(len(bounds) - 1), bounds)
    place = np.arange(len(table)) + reach * (2 * page + 1)
    padded = np.full(len(table) + 2 * reach * (len(bounds) - 1), 9.0)
    padded[place] = capped
    columns = [padded[place + step] for step in range(-reach, reach + 1)]
    near = np.stack((capped * n_tokens, n_tokens, capped, np.ones(len(table))))
    for weighted, tokens, plain, count in windows(near, (2, 5, 12), bounds):
        columns += [weighted / tokens, plain / count]
    end = np.cumsum(n_tokens)
    is_story, is_junk = (capped < -2.0) & (n_tokens >= MIN_PROSE), capped > 0
    story = np.where(is_story, n_tokens, 0.0)
    total, junk_tokens = np.maximum(add_up(story, bounds), 1.0), add_up(n_tokens * is_junk, bounds)
    columns += [
        (add_through(story, bounds) - story) / total[page],
        since(is_story, end - n_tokens, end, bounds),
        until(is_story, end - n_tokens, end, bounds),
        (add_up(is_junk, bounds) / np.diff(bounds))[page],
        (junk_tokens / np.maximum(add_up(n_tokens, bounds), 1.0))[page],
        np.log1p(total)[page],
    ]
    return np.concatenate([table.T, np.stack(columns).astype(np.float32)]).T


def _put_cues(table: F64, reading: Reading, units: Units, n_tokens: F64, token_end: F64) -> None:
    ages = [
        [match.start() for match in _AGE.finditer(page.lower)] if " ago" in page.lower else [] for page in reading.pages
    ]
    headings = [_find_headings(page) for page in reading.pages]
    is_age, is_heading = _holds(units, reading.locate(ages)), _holds(units, reading.locate(headings))
    begin = token_end - n_tokens
    table[:, COLUMN["is_ago"]] = is_age
    table[:, COLUMN["is_heading"]] = is_heading
    table[:, COLUMN["since_ago"]] = since(is_age, begin, token_end, units.bounds)
    table[:, COLUMN["until_ago"]] = until(is_age, begin, token_end, units.bounds)
    table[:, COLUMN["since_heading"]] = since(is_heading, begin, token_end, units.bounds)


def _holds(units: Units, offsets: I64) -> Bools:
    held = np.zeros(len(units.starts), dtype=bool)
    held[np.maximum(np.searchsorted(units.starts, offsets, side="right") - 1, 0)] = True
    return held


def _put_passages(
    table: F64, reading: Reading, units: Units, findings: Sequence[Findings], n_tokens: F64, token_end: F64
) -> None:
    size = (units.ends - units.starts).astype(np.float64)
    begin = token_end - n_tokens
    starts = reading.locate([[passage.start for passage in one.passages] for one in findings])
    ends = reading.locate([[passage.end for passage in one.passages] for one in findings])
    lows, highs = np.searchsorted(units.ends, starts, side="right"), np.searchsorted(units.starts, ends, side="left")
    passages = [passage for one in findings for passage in one.passages]
    for passage, start, end, low, high in zip(
        passages, starts.tolist(), ends.tolist(), lows.tolist(), highs.tolist(), strict=True
    ):
        if low >= high:
            continue
        some = slice(low, high)
        part = np.minimum(units.ends[some], end) - np.maximum(units.starts[some], start)
        share = np.maximum(part / size[some], 0.0)
        if is_firm(passage):
            names = ["firm", *_FIRM_KINDS.get(passage.category, ())]
        elif passage.is_attached:
            names = ["attached"]
        else:
            kind = passage.rule_id.split("-")[0]
            names = ["soft", _SOFT_KINDS.get(kind, "card")]
            column = table[some, COLUMN["soft_max"]]
            np.maximum(column, passage.confidence * (share >= 0.5), out=column)
        for name in names:
            column = table[some, COLUMN[name]]
            np.maximum(column, share, out=column)
    is_cut = table[:, COLUMN["firm"]] > 0.5
    table[:, COLUMN["since_firm"]] = since(is_cut, begin, token_end, units.bounds)
    table[:, COLUMN["until_firm"]] = until(is_cut, begin, token_end, units.bounds)


def _find_headings(page: Page) -> list[int]:
    """Offsets of the headings of lists of other articles, where a line or a sentence begins."""
    found: set[int] = set()
    headings = list_headings()
    for number in page.narrow(headings):
        heading = headings.all[number]
        for start in find_all(page.lower, heading):
            begins = start == 0 or page.lower[start - 1] == "\n" or _is_behind_stop(page.lower, start)
            end = start + len(heading)
            if begins and not _is_word(page.lower[end : end + 1]):
                found.add(start)
    return sorted(found)


def _is_behind_stop(text: str, start: int) -> bool:
    return text[start - 1] == " " and text[start - 2 : start - 1] in _CLOSERS


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


@lru_cache(maxsize=1)
def list_headings() -> Phrases:
    """The headings of lists of other articles, which are sought in every page."""
    return Phrases(sorted({*load_words()["widget_headings"], *_HEADINGS}))
