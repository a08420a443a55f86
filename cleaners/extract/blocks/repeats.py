"""Blocks of a story whose exact text stands in it more than once: takes blocks, gives those that are no story.

A placeholder in place of each embedded post says the same every time, in whatever language; a paragraph is written once. Of
a body that the page holds twice the first copy stays.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

from cleaners.extract.blocks.blocks import Blocks
from cleaners.extract.blocks.describe import SENTENCE_END
from cleaners.extract.text.plain import UNSPACED

Mask = npt.NDArray[np.bool_]

MANY = 3  # copies from which on a sentence is a placeholder even among the paragraphs
# Of a placeholder's sentence: labels ("Pros"), questions and steps of a plan come again in rightful stories.
MIN_WORDS, MIN_UNSPACED = 12, 30
# Repeated sentences that differ, and their share of the story's characters, from which on the page holds its body twice.
BODY, WHOLE_BODY = 3, 0.4
LISTED = frozenset({"li", "td", "th", "dd", "dt"})


def find_repeats(page: Blocks, start: int, is_story: Mask) -> Mask:
    """Tell which blocks of the story repeat another and are no story.

    Args:
        page: the page's blocks.
        start: index of the first block of the mask.
        is_story: which blocks are the story's so far.

    Returns:
        All copies of a placeholder, with what stands in its box; the later copies of paragraphs of a body that stands there twice.
        Time is linear in the blocks.
    """
    ruled = np.zeros(len(is_story), bool)
    story = np.flatnonzero(is_story).tolist()
    texts = {k: page.blocks[start + k].text for k in story}
    counts = Counter(texts.values())
    again = [k for k in story if counts[texts[k]] > 1 and _is_statement(page, start + k)]
    if not again:
        return ruled
    seen: set[str] = set()
    repeated = sum(len(texts[k]) for k in again)
    if len({texts[k] for k in again}) >= BODY and repeated > WHOLE_BODY * sum(map(len, texts.values())):
        for k in again:
            ruled[k] = texts[k] in seen
            seen.add(texts[k])
        return ruled
    boxes: dict[int, list[int]] = {}
    for k in story:
        boxes.setdefault(_box(page, start + k), []).append(k)
    for k in again:
        box = boxes[_box(page, start + k)]
        if all(counts[texts[other]] > 1 for other in box):
            ruled[box] = True
        ruled[k] |= counts[texts[k]] >= MANY
    return ruled


def _box(page: Blocks, k: int) -> int:
    """The element around that of a block."""
    return page.nodes[page.blocks[k].node].parent


def _is_statement(page: Blocks, k: int) -> bool:
    block = page.blocks[k]
    if page.nodes[block.node].tag in LISTED or SENTENCE_END.search(block.text[-8:]) is None or "?" in block.text[-3:]:
        return False
    return block.text.count(" ") + 1 >= MIN_WORDS or len(UNSPACED.findall(block.text)) >= MIN_UNSPACED
