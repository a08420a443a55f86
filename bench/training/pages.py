"""Stories without junk, and pages made of them: takes rows of a contaminated set and texts to place, gives new rows.

Shared by the generators of cards and of furniture. Development only; no text of the sets leaves it but the stories.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cleaners.extract.config import ExtractConfig
from cleaners.extract.text.language import identify_language
from cleaners.junk.page.page import Page

Row = dict[str, Any]
# What stands between two paragraphs, by layout.
BREAKS = {"lines": "\n", "paragraphs": "\n\n", "one_line": " "}
# Second-level labels below which anyone registers a name.
_PUBLIC_LABELS = frozenset(("ac", "co", "com", "gov", "net", "org"))
_MIN_STORY = 200
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
# A sentence that ends here for certain: no ordinal ("am 3."), initial or abbreviation.
_SURE_END = re.compile(r"(?:[^\W\d]{5}\.|[!?…])[\"'”’»)]*$")


class Story(NamedTuple):
    """An article without junk: its paragraphs, each of sentences."""

    row: Row
    site: str
    title: str
    paragraphs: list[list[str]]


class Junk(NamedTuple):
    """A text that is no part of the story, and what its span says besides its place."""

    text: str
    kind: str
    facts: dict[str, Any]


class Block(NamedTuple):
    """Junk that stands side by side before a sentence (the first sentence of a paragraph: before the paragraph)."""

    paragraph: int
    sentence: int
    junk: list[Junk]
    gap: str  # between two of the block
    glue: tuple[str, str]  # before and behind the block


def recover_stories(rows: list[Row]) -> list[Story]:
    """The clean articles of a set, each once, with paragraphs where any row of it has them."""
    best: dict[str, Story] = {}
    for row in rows:
        paragraphs = split_text(clean_text(row))
        key = url_of(row)
        if not row.get("title") or sum(map(len, map(" ".join, paragraphs))) < _MIN_STORY:
            continue
        if key not in best or len(best[key].paragraphs) < len(paragraphs):
            best[key] = Story(row, site_of(key), " ".join(row["title"].split()), paragraphs)
    return list(best.values())


def language_of(story: Story) -> str:
    """The language that a story's row names, or that its text is in; empty where that can not be said."""
    if story.row.get("language"):
        return str(story.row["language"])
    text = " ".join(" ".join(sentences) for sentences in story.paragraphs)
    return identify_language(text, len(text.split()), ExtractConfig()) or ""


def group_languages(stories: list[Story], languages: Iterable[str]) -> dict[str, list[Story]]:
    """The stories of each language of some, in the order of their codes."""
    found: dict[str, list[Story]] = {language: [] for language in sorted(languages)}
    for story in stories:
        found.get(language_of(story), []).append(story)
    return {language: group for language, group in found.items() if group}


def choose_language(chance: random.Random, stories: dict[str, list[Story]]) -> str:
    """A language, rare ones a little more often than their stories are."""
    return chance.choices(list(stories), [len(group) ** 0.7 for group in stories.values()])[0]


def url_of(row: Row) -> str:
    """The address of a row's article, under the names that the sets have for it."""
    return str(row.get("origin_url") or row.get("url") or row["id"])


def clean_text(row: Row) -> str:
    """A row's story: as the set gives it, or its text without junk and neutral passages."""
    if row.get("gold_text"):
        return str(row["gold_text"])
    text, kept, position = str(row["contaminated_text"]), "", 0
    pairs = [(span["start"], span["end"]) for span in row.get("spans", ())]
    for start, end in sorted([*pairs, *(row.get("junk") or ()), *(row.get("neutral") or ())]):
        kept += text[position : max(position, start)] + ("\n" if row.get("layout") != "one_line" else " ")
        position = max(position, end)
    return kept + text[position:]


def split_text(text: str) -> list[list[str]]:
    """Paragraphs of sentences; a text in one line has paragraphs of two or three sentences."""
    lines = [" ".join(line.split()) for line in text.split("\n") if line.strip()]
    paragraphs = [[line[slice(*one)] for one in Page(line).sentences] for line in lines]
    if len(paragraphs) == 1:
        sentences, paragraphs = paragraphs[0], []
        while sentences:
            size = 2 + len(sentences[0]) % 2
            paragraphs.append(sentences[:size])
            sentences = sentences[size:]
    return paragraphs


def site_of(url: str) -> str:
    """The registrable domain of a URL, near enough to keep two sites apart."""
    labels = (urlsplit(url).hostname or url).split(".")
    size = 3 if len(labels) > 2 and labels[-2] in _PUBLIC_LABELS else 2
    return ".".join(labels[-size:])


def choose_place(chance: random.Random, paragraphs: list[list[str]], placement: str) -> tuple[int, int, str]:
    """A place of a kind (start, middle, inline, end), and its kind; the end where the story has no such place."""
    if placement == "start":
        return 0, 0, placement
    if placement == "inline":
        inside = [
            (number, place)
            for number, sentences in enumerate(paragraphs)
            for place in range(1, len(sentences))
            if _SURE_END.search(sentences[place - 1])
        ]
        if inside:
            return *chance.choice(inside), placement
    if placement == "middle" and len(paragraphs) > 1:
        return chance.randrange(1, len(paragraphs)), 0, placement
    return len(paragraphs), 0, "end"


def choose(chance: random.Random, wording: str) -> str:
    """Make every choice of a wording, the inner ones first."""
    while match := _CHOICE.search(wording):
        wording = wording[: match.start()] + chance.choice(match[1].split("|")) + wording[match.end() :]
    return "\n".join(" ".join(line.split()) for line in wording.split("\n") if line.strip())


def compose(paragraphs: list[list[str]], blocks: list[Block], layout: str) -> tuple[str, str, list[dict[str, Any]]]:
    """Write a page: its text, the story alone, and the exact spans of the blocks."""
    gap = BREAKS[layout]
    places: dict[tuple[int, int], list[Block]] = defaultdict(list)
    for block in blocks:
        places[block.paragraph, block.sentence].append(block)
    text = ""
    glue: str | None = None  # what a block has behind it, till something follows
    spans: list[dict[str, Any]] = []
    for number, sentences in enumerate([*paragraphs, [""]]):
        for place, sentence in enumerate(sentences):
            own = " " if place else gap
            for block in places.get((number, place), []):
                for item, junk in enumerate(block.junk):
                    before = block.gap if item else block.glue[0] if glue is None else glue
                    text += before if text else ""
                    spans.append(
                        {"start": len(text), "end": len(text) + len(junk.text), "kind": junk.kind}
                        | {"text": junk.text, **junk.facts}
                    )
                    text += junk.text
                glue = block.glue[1]
            if sentence:
                text += (own if glue is None else glue) if text else ""
                text += sentence
                glue = None
    return text, gap.join(" ".join(sentences) for sentences in paragraphs), spans
