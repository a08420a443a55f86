"""Cutting and restoring: takes a text and spans, gives the text without them, and back. Removes exactly the spans.

`fit_white_space` decides which white space goes with a cut, so that what is left has no doubled blanks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from cleaners.junk.page.page import Extent


def splice(text: str, spans: Iterable[Extent]) -> str:
    """The text without the spans.

    Args:
        text: the extracted text.
        spans: (start, end) in code points, sorted, not overlapping.

    """
    kept: list[str] = []
    position = 0
    for start, end in spans:
        if not position <= start <= end <= len(text):
            raise ValueError(f"span {start}..{end} overlaps, is out of order or lies outside a text of {len(text)}")
        kept.append(text[position:start])
        position = end
    kept.append(text[position:])
    return "".join(kept)


def restore(cleaned: str, removed: Iterable[tuple[int, str]]) -> str:
    """The extracted text again.

    Args:
        cleaned: what `splice` left.
        removed: (start in the extracted text, removed characters) of every span, sorted by start.

    """
    parts: list[str] = []
    length = taken = 0
    for start, removed_text in removed:
        chunk = cleaned[taken : taken + start - length]
        if length + len(chunk) != start:
            raise ValueError(f"a span starts at {start}, but only {length + len(chunk)} characters come before it")
        parts += (chunk, removed_text)
        taken += len(chunk)
        length = start + len(removed_text)
    parts.append(cleaned[taken:])
    return "".join(parts)


def fit_white_space(text: str, spans: Sequence[Extent]) -> list[Extent]:
    """Give every cut the white space that goes with it.

    White space between neighbouring spans goes to the former. Of the white space before and after a cut the break with
    more line ends stays (the one before where they are equal); at either end of the text both go.

    Args:
        text: the extracted text.
        spans: sorted, not overlapping, none empty.

    Returns:
        As many spans, each holding its own, touching where only white space was between them.

    """
    fitted: list[Extent] = []
    index = 0
    while index < len(spans):
        last = index
        while last + 1 < len(spans) and not text[spans[last][1] : spans[last + 1][0]].strip():
            last += 1
        start, end = _fit_region(text, spans[index][0], spans[last][1])
        bounds = [start, *(spans[number][0] for number in range(index + 1, last + 1)), end]
        fitted += pairwise(bounds)
        index = last + 1
    return fitted


def _fit_region(text: str, start: int, end: int) -> Extent:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    before, after = start, end
    while before and text[before - 1].isspace():
        before -= 1
    while after < len(text) and text[after].isspace():
        after += 1
    if before == 0 or after == len(text):
        return before, after
    if text.count("\n", end, after) > text.count("\n", before, start) or (before < start and after == end):
        # The larger break stays. Words never run together: with nothing after the cut the space before it stays.
        return (before, end) if after > end else (start, end)
    return start, after if before < start else end
