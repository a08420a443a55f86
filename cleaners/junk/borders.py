"""Borders that no cut may cross: takes a page and the passages to remove, gives the passages that keep them.

1. A label goes with what it leads to, or nothing does. 2. A dateline stays with its story. 3. A bracket goes whole.
4. No cut begins or ends inside a sentence, unless both ends of the passage are marks of its own (brackets, dashes, capitals).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cleaners.junk.detectors.headlines import find_dateline_end, splits_sentence
from cleaners.junk.detectors.labels import list_borders
from cleaners.junk.evidence.label_counts import Label
from cleaners.junk.page.page import Extent, Page, Passage

_OPENING_MARKS, _CLOSING_MARKS = "([{#*•|<—–-", ")]}*•|>—–-:"
_STOPS = '.!?…:"”’»)]。！？*|•'
# A bracket that opens in a passage and does not close in it; what closes it behind.
_OPEN_BRACKET = re.compile(r"[(\[][^()\[\]\n]{1,300}\Z")
_CLOSE_BRACKET = re.compile(r"[^()\[\]\n]{0,300}[)\]]")
_MAX_BRACKET = 300  # characters
_MAX_BACK = 2  # words
_MAX_CAPITALS = 6  # words in capitals that mark themselves


def keep_borders(page: Page, passages: Sequence[Passage]) -> list[Passage]:
    """The passages, some longer, some shorter, some left out, sorted and apart as they came.

    Args:
        page: the document.
        passages: to remove; sorted, apart, without outer white space.

    """
    borders = list_borders(page) if passages else []
    whole = _keep_sentences(page, _close_brackets(page.text, _keep_labels(page, passages, borders)))
    return _free_labels(page.text, whole, borders)


def is_marked(text: str, start: int, end: int) -> bool:
    """Tell whether both ends of a passage are marks of its own: brackets, dashes, or words all in capitals."""
    passage = text[start:end]
    if passage[0] in _OPENING_MARKS and passage[-1] in _CLOSING_MARKS:
        return True
    return passage.isupper() and len(passage.split()) <= _MAX_CAPITALS


def _keep_labels(page: Page, passages: Sequence[Passage], borders: Sequence[Label]) -> list[Passage]:
    """Cut what a label leads to where the label is cut, and the label where all it leads to is cut."""
    if not borders:
        return list(passages)
    text, kept = page.text, list(passages)
    is_cut = np.zeros(len(text), dtype=bool)
    for passage in passages:
        is_cut[passage.start : passage.end] = True
    for label in borders:
        is_label_cut = bool(is_cut[label.start : label.label_end].mean() >= 0.5)
        is_rest_cut = bool(is_cut[label.label_end : label.end].mean() >= 0.5)
        if not (is_label_cut or is_rest_cut) or is_cut[label.start : label.end].all():
            continue
        model = next(one for one in kept if one.start < label.end and label.start < one.end)
        for start, end in _list_gaps(text, is_cut, label.start, label.end):
            kept.append(replace(model, start=start, end=end, card=None, kept_as=None))
        is_cut[label.start : label.end] = True
    return sorted(kept, key=lambda passage: passage.start)


def _free_labels(text: str, passages: list[Passage], borders: Sequence[Label]) -> list[Passage]:
    """Leave a label where a part of what it leads to is left, since a cut would have ended inside a sentence."""
    for label in reversed(borders):
        is_cut = np.zeros(len(text), dtype=bool)
        for passage in passages:
            is_cut[passage.start : passage.end] = True
        if not _list_gaps(text, is_cut, label.start, label.label_end) and _list_gaps(
            text, is_cut, label.label_end, label.end
        ):
            passages = [part for passage in passages for part in _around(text, passage, label.start, label.label_end)]
    return passages


def _around(text: str, passage: Passage, start: int, end: int) -> list[Passage]:
    """The parts of a passage before and behind an extent."""
    if passage.end <= start or end <= passage.start:
        return [passage]
    parts = []
    for low, high in ((passage.start, min(passage.end, start)), (max(passage.start, end), passage.end)):
        part = text[low:high] if low < high else ""
        if part.strip():
            first = low + len(part) - len(part.lstrip())
            parts.append(replace(passage, start=first, end=low + len(part.rstrip()), card=None, kept_as=None))
    return parts


def _list_gaps(text: str, is_cut: np.ndarray[tuple[int], np.dtype[np.bool_]], start: int, end: int) -> list[Extent]:
    """Extents between two offsets that are not cut and hold more than white space."""
    steps = np.diff(np.concatenate(([0], (~is_cut[start:end]).astype(np.int8), [0])))
    gaps = []
    for first, last in zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True):
        low, high = start + first, start + last
        solid = text[low:high].strip()
        if solid:
            low += len(text[low:high]) - len(text[low:high].lstrip())
            gaps.append((low, low + len(solid)))
    return gaps


def _close_brackets(text: str, passages: Sequence[Passage]) -> list[Passage]:
    """Cut a bracket to its end where a passage holds its beginning, in the same line and before the next passage."""
    kept = []
    for number, passage in enumerate(passages):
        opening = _OPEN_BRACKET.search(text, passage.start, passage.end)
        limit = passages[number + 1].start if number + 1 < len(passages) else len(text)
        closing = _CLOSE_BRACKET.match(text, passage.end, min(limit, passage.end + _MAX_BRACKET)) if opening else None
        kept.append(replace(passage, end=closing.end()) if closing and passage.card is None else passage)
    return kept


def _keep_sentences(page: Page, passages: Sequence[Passage]) -> list[Passage]:
    """Shorten regions of passages that touch to whole sentences, where they begin or end inside one."""
    kept: list[Passage] = []
    first = 0
    while first < len(passages):
        last = first
        while last + 1 < len(passages) and not page.text[passages[last].end : passages[last + 1].start].strip():
            last += 1
        start, end = _whole(page, passages[first].start, passages[last].end)
        for passage in passages[first : last + 1]:
            low, high = max(passage.start, start), min(passage.end, end)
            if low < high:
                kept.append(
                    passage if (low, high) == (passage.start, passage.end) else replace(passage, start=low, end=high)
                )
        first = last + 1
    return kept


def _whole(page: Page, start: int, end: int) -> Extent:
    """The part of a region that begins and ends where sentences do; none of it (an empty extent) where there is none."""
    text = page.text
    splits_start, splits_end = splits_sentence(text, start), splits_sentence(text, end)
    dateline = _dateline_around(page, end)
    if not (splits_start or splits_end or dateline):
        return start, end
    if not dateline and is_marked(text, start, end):
        return start, end
    if splits_start:
        number = bisect_right(page.sentence_starts, start)
        start = page.sentence_starts[number] if number < len(page.sentence_starts) else end
    if splits_end:
        number = bisect_right(page.sentence_starts, end) - 1  # the sentence that is cut in two
        first = max(start, page.sentence_starts[number])
        end = _back_off(text, first, end) or (page.sentences[number - 1][1] if number > 0 else start)
        dateline = dateline or _dateline_around(page, end)
    if dateline:
        end = min(end, dateline[0])
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, max(start, end)


def _back_off(text: str, start: int, end: int) -> int | None:
    """A place a word or two before an offset at which no sentence is split, None where there is none."""
    for _ in range(_MAX_BACK):
        end = text.rfind(" ", start, end)
        if end <= start:
            return None
        if not splits_sentence(text, end):
            return end
    return None


def _dateline_around(page: Page, place: int) -> Extent | None:
    """The dateline at the beginning of a line that an offset lies in or closes, None where it lies in none."""
    if not 0 < place <= len(page.text):
        return None
    number = bisect_left(page.lines, (place, 0)) - 1
    if number < 0:
        return None
    start, end = page.lines[number]
    dateline_end = find_dateline_end(page.text, start)
    return None if dateline_end is None or place > dateline_end or place >= end else (start, dateline_end)
