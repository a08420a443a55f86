"""Short labels before a colon or on a line of their own: takes a page, gives them with what follows; flags nothing by itself.

'Lire aussi : ...' over a hundred documents of a site is its template as a banner is, though the headline behind it changes. What a
label leads to is counted with it: headlines speak for a link, sentences for a speaker, a heading of the story, an update.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cleaners.junk.detectors.headlines import is_headline_like
from cleaners.junk.page.page import Page
from cleaners.junk.page.tokens import U64, hash_text
from cleaners.junk.rule_files import load_words

MAX_CHARS, MAX_WORDS = 40, 6
MIN_HEADLINE_WORDS = 4
_MAX_LABELS = 200  # of one page
_COLON = re.compile(r"(?P<label>[^\W\d_][^\n:|.!?;\"“”«»]{1,38}?) ?[:|»>] ?(?=\S|$)")
_MARK = re.compile(r"[:|»>]")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_STOPS = (".", "!", "?", "…", "”", '"', "»", ")", ",", ";")


class Label(NamedTuple):
    """A label and its unit: what follows it in its cell, or the headlines in the cells behind it.

    `leads_to_headlines` tells whether all that follows reads as headlines.
    """

    start: int
    label_end: int
    end: int
    text: str
    leads_to_headlines: bool


def list_labels(page: Page) -> list[Label]:
    """List the labels of a page behind its first paragraph, with their units; nothing above it is known from a kicker."""
    cells, text = page.cells, page.text
    first = next((number for number, cell in enumerate(cells) if _is_prose(text[slice(*cell)])), len(cells))
    found: list[Label] = []
    for number in range(first + 1, len(cells)):
        if len(found) >= _MAX_LABELS:
            break
        start, end = cells[number]
        if end - start > MAX_CHARS and not _MARK.search(text, start, start + MAX_CHARS + 3):
            continue  # a paragraph
        colon = _COLON.match(text, start, min(end, start + MAX_CHARS + 3))
        if colon and _is_label(colon["label"]):
            if colon.end() < end:
                leads = is_link_text(text[colon.end() : end])
                found.append(Label(start, colon.end(), end, colon["label"].strip(), leads))
                continue
        elif end - start > MAX_CHARS or not _is_label(text[start:end]) or text[start:end].endswith(_STOPS):
            continue
        last = number
        while last + 1 < len(cells) and is_link_text(text[slice(*cells[last + 1])]):
            last += 1
        name = colon["label"] if colon else text[start:end]
        found.append(Label(start, end, cells[last][1], name.strip(), last > number))
    return found


def label_keys(labels: Sequence[Label], site: str, *, both: bool = False) -> U64:
    """Keys of a page's labels: a label with headlines behind it is counted under one, a label with anything else under another.

    Args:
        labels: of `list_labels`.
        site: of the page.
        both: whether to give both keys of each, to look them up.

    """
    leads: dict[str, bool] = {}
    for label in labels:
        name = label.text.casefold()
        leads[name] = leads.get(name, True) and label.leads_to_headlines
    keys = {key_of(site, name, leads=leads[name]) for name in leads}
    if both:
        keys |= {key_of(site, name, leads=not leads[name]) for name in leads}
    return np.array(sorted(keys), dtype=np.uint64)


def key_of(site: str, label: str, *, leads: bool) -> int:
    """The key under which a site's label is counted."""
    return hash_text(f"{site}\n{'headlines' if leads else 'other'}\n{label.casefold()}")


def is_link_text(text: str) -> bool:
    """Tell whether a text reads as the headline of a link: some words, not many, and no sentence's end."""
    return is_headline_like(text) and len(text.split()) >= MIN_HEADLINE_WORDS and not text.rstrip().endswith(_STOPS)


def _is_label(text: str) -> bool:
    words = text.split()
    return (
        1 <= len(words) <= MAX_WORDS
        and text[0].isalpha()
        and len(text) <= MAX_CHARS
        and _LETTERS.search(text) is not None
        and text.casefold().strip() not in load_words()["story_labels"]
    )


def _is_prose(text: str) -> bool:
    return len(text.split(None, 10)) >= 10 and text.rstrip('"”’») ').endswith((".", "!", "?", "…"))
