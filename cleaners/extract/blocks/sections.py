"""Section pages: takes the blocks of a story, tells whether they are teasers of other stories; removes nothing."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from cleaners.extract.blocks.blocks import Block, Blocks

HEADING = re.compile(r"h[1-6]")
MIN_TEASERS = 4  # a story may hold a box of three
TEASER_SHARE = 0.8  # of a story's characters in teasers: the rest says what the section is about
MAX_TEASER = 600  # characters of a teaser's text; entries of a live blog are longer
ALL_LINK = 0.8  # share of a headline in links that makes it lead to another page
MIN_WORDS = 3  # of a headline that is no heading: shorter links lead on ("Read more") or to a section
LEVELS = 4  # elements above a block that may hold it and its headline


def is_section(page: Blocks, story: list[int]) -> bool:
    """Tell whether a story consists of teasers: elements of one kind, each with a linked headline and a short text.

    Args:
        page: the page's blocks.
        story: indices of the blocks that are the story's, in page order.
    """
    linked = _linked_headlines(page)
    if len(linked) < MIN_TEASERS:
        return False
    # The smallest element around each block that holds a linked headline.
    around = {node for headline in linked for node in _upwards(page, page.blocks[headline].node)}
    cards: Counter[int] = Counter()
    total = 0
    for k in story:
        block = page.blocks[k]
        total += len(block.text)
        card = next((node for node in _upwards(page, block.node) if node in around), None)
        if card is not None:
            cards[card] += len(block.text)
    kinds: dict[int, list[int]] = {}
    for card, characters in cards.items():
        if characters <= MAX_TEASER:
            kinds.setdefault(page.nodes[card].kind, []).append(characters)
    return any(len(sizes) >= MIN_TEASERS and sum(sizes) >= TEASER_SHARE * total for sizes in kinds.values())


def _linked_headlines(page: Blocks) -> list[int]:
    all_link = np.flatnonzero(page.links >= ALL_LINK * page.lengths).tolist()
    return [k for k in all_link if _is_headline(page, page.blocks[k])]


def _is_headline(page: Blocks, block: Block) -> bool:
    """A heading, or words of a link that are no sentence: some sites set headlines as links alone."""
    nodes = (block.node, max(page.nodes[block.node].parent, 0))
    return block.text.count(" ") + 1 >= MIN_WORDS or any(HEADING.fullmatch(page.nodes[node].tag) for node in nodes)


def _upwards(page: Blocks, node: int) -> list[int]:
    """An element and those around it, at most `LEVELS`."""
    found: list[int] = []
    while node > 0 and len(found) < LEVELS:
        found.append(node)
        node = page.nodes[node].parent
    return found
