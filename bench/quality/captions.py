"""Test of whether captions that no rule has seen are cut:
`python -m bench.quality.captions HTML_FOLDER STORIES.jsonl KNOWN.jsonl[.gz] ...`.

Takes the captions of real pages' figures, leaves out those that share a sentence with the known sets, puts one between two
sentences of each clean story, cleans all as one batch, and counts what was cut of captions and of stories.
"""

from __future__ import annotations

import argparse
import gzip
import random
from pathlib import Path
from typing import Any

from bench.quality.contamination import find_spans, read_rows
from bench.training.strip_sets import read_set
from cleaners.document import make_id
from cleaners.junk.detectors.captions import find_captions
from cleaners.junk.page.page import Page
from cleaners.junk.page.tokens import hash_ngrams, tokenize

SEED = 4
MIN_CHARS, MAX_CHARS = 25, 320


def main() -> None:
    """Print the share of captions cut whole, of their characters, and of the stories' characters cut besides."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("html", type=Path)
    parser.add_argument("stories", type=Path)
    parser.add_argument("known", type=Path, nargs="+")
    arguments = parser.parse_args()
    known = {
        gram
        for path in arguments.known
        for row in read_set(path)
        for gram in hash_ngrams(tokenize(row["contaminated_text"]).hashes, 8).tolist()
    }
    captions = [
        caption
        for caption in read_captions(arguments.html)
        if known.isdisjoint(hash_ngrams(tokenize(caption).hashes, 8).tolist())
    ]
    chance = random.Random(SEED)
    rows = place_captions(read_rows(arguments.stories), captions, chance)
    cut: dict[str, set[int]] = {}
    for span in find_spans(rows).iter_rows(named=True):
        cut.setdefault(span["article_id"], set()).update(range(span["start"], span["end"]))
    for name, is_counted in (("with a credit", True), ("without", False)):
        some = [row for row in rows if has_credit(row["caption"]) == is_counted]
        whole = hit = size = wrong = story = 0
        for row in some:
            gone, text = cut.get(make_id(row["id"]), set()), row["contaminated_text"]
            solid = {place for place in range(len(text)) if not text[place].isspace()}
            inside = solid & set(range(row["start"], row["start"] + len(row["caption"])))
            whole += inside <= gone
            hit, size = hit + len(inside & gone), size + len(inside)
            wrong, story = wrong + len((solid - inside) & gone), story + len(solid - inside)
        if some:
            print(
                f"captions {name}: {len(some)}, whole {whole / len(some):.3f}, characters {hit / size:.3f}; "
                f"of the stories {100 * wrong / story:.3f} %"
            )


def has_credit(caption: str) -> bool:
    """Tell whether a caption closes with a credit, to the detector's eye."""
    return any(passage.end >= len(caption) - 1 for passage in find_captions(Page(caption)))


def read_captions(folder: Path) -> list[str]:
    """The distinct captions of the figures of a folder's pages, in order."""
    from lxml import html

    captions: dict[str, None] = {}
    for path in sorted(folder.glob("*.html*")):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for figure in html.fromstring(content).iter("figcaption"):
            text = " ".join(" ".join(figure.itertext()).split())
            if MIN_CHARS <= len(text) <= MAX_CHARS:
                captions[text] = None
    return list(captions)


def place_captions(rows: list[dict[str, Any]], captions: list[str], chance: random.Random) -> list[dict[str, Any]]:
    """Clean stories with a caption each, between two sentences of one paragraph."""
    chance.shuffle(captions)
    placed = []
    for row, caption in zip(rows, captions, strict=False):
        text = row["gold_text"]
        page = Page(text)
        breaks = [
            after for (_, end), (after, _) in zip(page.sentences, page.sentences[1:], strict=False) if text[end] == " "
        ]
        if breaks:
            start = chance.choice(breaks)
            changed = f"{text[:start]}{caption} {text[start:]}"
            placed.append({**row, "contaminated_text": changed, "caption": caption, "start": start})
    return placed


if __name__ == "__main__":
    main()
