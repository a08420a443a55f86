"""More placements of known junk: takes a contaminated set, gives the same junk and the same stories in other pairs.

Stories change places among the documents of a set, junk keeps its site, its order and its kind of place, and is put at other
breaks of its new story. Some stories come again, as updates and shorter versions: what these hold too is no junk of either.
No text is new.
"""

from __future__ import annotations

import random
from typing import Any

from cleaners.junk.page.page import Page

Row = dict[str, Any]
_BREAKS = {"lines": "\n", "paragraphs": "\n\n", "one_line": " "}
# One story in so many comes again, once to three times, if it has so many paragraphs or sentences.
_VERSIONS, _MIN_PARTS = 6, 8
# Fields that belong to the story, and go with it.
_OF_STORY = ("origin", "origin_url", "origin_dataset", "published", "title", "hard_negative", "gold_text")


def place_again(rows: list[Row], seed: int) -> list[Row]:
    """The documents of a set with other stories, contaminated again.

    Args:
        rows: of a contaminated set, with exact spans.
        seed: of the shuffle; the same seed gives the same documents.

    """
    chance = random.Random(seed)
    hosts = chance.sample(range(len(rows)), len(rows))
    placed = [_place(row, rows[host], chance) for row, host in zip(rows, hosts, strict=True)]
    versions = [
        _make_version(row, number, chance)
        for row in chance.sample(placed, len(placed) // _VERSIONS)
        for number in range(chance.choice((1, 1, 2, 3)))
    ]
    return [*placed, *(version for version in versions if version)]


def _make_version(row: Row, number: int, chance: random.Random) -> Row | None:
    """Another version of a document's story, without junk: another paragraph or none in front, some left out."""
    gap = _BREAKS[row["layout"]]
    paragraphs = [line.strip() for line in row["gold_text"].split("\n") if line.strip()]
    if len(paragraphs) < _MIN_PARTS:
        gap, text = " ", " ".join(paragraphs)
        paragraphs = [text[slice(*one)] for one in Page(text).sentences]
    if len(paragraphs) < _MIN_PARTS:
        return None
    lead = chance.randrange(_MIN_PARTS // 2)
    front = [paragraphs[chance.randrange(lead + 1, len(paragraphs))]] if chance.random() < 0.5 else []
    kept = [part for part in paragraphs[lead:] if part not in front and chance.random() > 0.15]
    if chance.random() < 0.3:
        kept = kept[: chance.randrange(len(kept) // 2, len(kept)) + 1]
    text = gap.join([*front, *kept])
    title = row["title"] if chance.random() < 0.5 else " ".join(text.split()[:9])
    source = row["source"] if chance.random() < 0.5 else row["source"] + "-other"
    changed = {"id": f"{row['id']}-version-{number}", "title": title, "source": source, "gold_text": text}
    return {**row, **changed, "contaminated_text": text, "spans": []}


def _place(row: Row, story: Row, chance: random.Random) -> Row:
    """One document: the junk of a row in the story of another."""
    gap = _BREAKS[row["layout"]]
    paragraphs = [line.strip() for line in story["gold_text"].split("\n") if line.strip()]
    # Pieces in order: the story's, and groups of junk that stand side by side.
    pieces: list[tuple[str, str, list[dict[str, Any]]]] = []
    groups: dict[tuple[int, int], list[list[dict[str, Any]]]] = {}
    first: list[list[dict[str, Any]]] = []
    last: list[list[dict[str, Any]]] = []
    sentences = [[part[slice(*one)] for one in Page(part).sentences] for part in paragraphs]
    long = [number for number, parts in enumerate(sentences) if len(parts) > 1]
    for group in _group(row):
        placement = group[0]["placement"]
        is_inline = placement == "inline" or (placement == "middle" and row["layout"] == "one_line")
        if placement == "start":
            first.append(group)
        elif is_inline and long:
            number = chance.choice(long)
            groups.setdefault((number, chance.randrange(1, len(sentences[number]))), []).append(group)
        elif placement != "end" and len(paragraphs) > 1:
            groups.setdefault((chance.randrange(1, len(paragraphs)), 0), []).append(group)
        else:
            last.append(group)
    pieces += [(gap, "", group) for group in first]
    for number, parts in enumerate(sentences):
        pieces += [(gap, "", group) for group in groups.get((number, 0), [])]
        for place, sentence in enumerate(parts):
            inside = groups.get((number, place), []) if place else []
            pieces += [(" ", "", group) for group in inside]
            pieces.append((" " if place else gap, sentence, []))
    pieces += [(gap, "", group) for group in last]
    text, spans = "", []
    for before, sentence, group in pieces:
        if sentence:
            text += (before if text else "") + sentence
        for number, span in enumerate(group):
            text += ((before if number == 0 else span["gap"]) if text else "") + span["text"]
            spans.append({**span, "start": len(text) - len(span["text"]), "end": len(text)})
    return {**row, **{name: story.get(name) for name in _OF_STORY}, "contaminated_text": text, "spans": spans}


def _group(row: Row) -> list[list[dict[str, Any]]]:
    """The junk of a document, what stands side by side together, each with its text and the white space before it."""
    text = row["contaminated_text"]
    groups: list[list[dict[str, Any]]] = []
    end = -1
    for span in sorted(row["spans"], key=lambda one: int(one["start"])):
        between = text[max(end, 0) : span["start"]]
        filled = {**span, "text": text[span["start"] : span["end"]], "gap": between}
        if groups and end >= 0 and not between.strip():
            groups[-1].append(filled)
        else:
            groups.append([filled])
        end = span["end"]
    return groups
