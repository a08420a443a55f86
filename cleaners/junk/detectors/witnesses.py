"""What else speaks against a passage that others hold too: takes a page and a passage, tells by form, place and meaning.

A story's background, its quotations and its statements stand in other papers and in older articles: that others hold a passage
is no proof. Removes nothing; ownership and salvage look here for a second witness.
"""

from __future__ import annotations

import re
from functools import lru_cache

from cleaners.junk.config import StripConfig
from cleaners.junk.detectors.cohesion import is_unlike
from cleaners.junk.detectors.headlines import find_dateline_end, is_headline_like
from cleaners.junk.page.page import Page, split_sentences
from cleaners.junk.rule_files import load_words

_MAX_TAIL = 60  # characters behind a passage that ends the text: a credit, "Follow him on ..."
_MAX_LABEL = 80
# Share of a passage in quotation marks from which it is somebody's statement.
_QUOTED_SHARE = 0.5
_QUOTED = re.compile(r"[“„«][^“”„«»]{1,1500}[”“»]|\"[^\"]{1,1500}\"")
_MARK = re.compile(r"[“”\"«»]")
_WORD = re.compile(r"[^\W\d_]+")
_WORDS_PER_APPEAL = 30  # words of a text for each word that appeals or addresses the reader
_STORY_SENTENCES, _STORY_WORDS = 5, 100
_AGE = re.compile(
    r"(?<!\w)(?:\d{1,3}|an?|one) (?:sec|min|hour|hr|day|week|month|year)[a-z]{0,5} ago\b"
    r"|(?<!\w)\d{1,2} ?(?:h|hrs?|m|min|d)\b(?=\s*(?:\n|\Z|[|•·]))"
)


def has_witness(page: Page, start: int, end: int, config: StripConfig) -> bool:
    """Tell whether anything but repetition speaks against a passage: its form, its place or its meaning.

    Other papers and older articles hold a story's background, its quotations and its statements too.

    Args:
        page: the document.
        start: where the passage begins.
        end: where it ends.
        config: thresholds.

    """
    if has_card_form(page, start, end):
        return True
    if is_quotation(page.text, start, end):
        return False
    return is_at_end(page, start, end) or is_unlike(page, start, end, config.owner_unlike_share)


def is_at_end(page: Page, start: int, end: int) -> bool:
    """Tell whether a passage begins a line and little but white space follows it in the text."""
    return _begins_line(page.text, start) and len(page.text) - end <= _MAX_TAIL


def has_card_form(page: Page, start: int, end: int) -> bool:
    """Tell whether a passage begins with, or stands behind, a headline, a heading or an age, or bears words of a banner."""
    text = page.text
    opening = text[start : min(end, start + _MAX_LABEL)]
    before = text[max(0, start - _MAX_LABEL) : start].rstrip()
    if _begins_line(text, start):
        line_end = page.line_end(start)
        if line_end < end and is_headline_like(text[start:line_end]):
            return True
        before = before.rsplit("\n", 1)[-1]
    return (
        _opens_with_heading(opening)
        or _AGE.search(opening) is not None
        or _AGE.search(before[-20:]) is not None
        or ends_with_heading(before)
        or _banner().search(text, start, end) is not None
    )


def ends_with_heading(text: str) -> bool:
    """Tell whether a text closes with the heading of a list of other articles, on its own or behind a stop."""
    last = re.split(r"\n|(?<=[.!?”\"’)]) |  +", text.rstrip(" :»>"))[-1]
    return last.casefold() in load_words()["widget_headings"]


def _opens_with_heading(text: str) -> bool:
    words = text.casefold().split()
    return any(" ".join(words[:size]).rstrip(":") in load_words()["widget_headings"] for size in range(1, 6))


def is_quotation(text: str, start: int, end: int) -> bool:
    """Tell whether a passage quotes somebody for the most part, or lies within a quotation that began before it."""
    quoted = sum(match.end() - match.start() for match in _QUOTED.finditer(text, start, end))
    if quoted >= _QUOTED_SHARE * (end - start):
        return True
    first = _MARK.search(text, start, end)
    if first is None or first.start() == start:
        return False
    # A mark that closes without one that opens: behind a letter or a stop, before a space.
    return not text[first.start() - 1].isspace() and text[first.end() : first.end() + 1].strip() == ""


def is_appeal(text: str) -> bool:
    """Tell whether a text asks its reader for money, a subscription or a signup, as no story does: by its words and "you"."""
    words = _WORD.findall(text.casefold())
    appeals = sum(1 for word in words if word in load_words()["appeal_words"])
    readers = sum(1 for word in words if word in load_words()["reader_words"])
    return appeals > 0 and readers > 0 and (appeals + readers) * _WORDS_PER_APPEAL >= len(words)


def is_story_shaped(text: str) -> bool:
    """Tell whether a text without headline or age reads as an article: a dateline, or prose of some length."""
    if find_dateline_end(text, 0):
        return True
    n_sentences = sum(1 for _ in split_sentences(text, 0, len(text)))
    return n_sentences >= _STORY_SENTENCES and len(text.split()) >= _STORY_WORDS


@lru_cache(maxsize=1)
def _banner() -> re.Pattern[str]:
    words = "|".join(re.escape(word) for word in sorted(load_words()["banner_words"]))
    return re.compile(rf"\b(?:{words})\b", re.IGNORECASE)


def _begins_line(text: str, start: int) -> bool:
    return "\n" in text[len(text[:start].rstrip()) : start] or not text[:start].strip()
