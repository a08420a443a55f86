"""Prose beside what trafilatura kept: takes a page's blocks and what it kept of each, gives what reads as the same story.

Pages hold one story in several containers, or set its paragraphs as bare text beside one box of real paragraphs; trafilatura
may then keep a small part. Removes nothing: the judgement of blocks decides on what is added as on all else.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cleaners.extract.blocks.blocks import CONTEXT_BIT, HIDDEN_BIT, Array, Block, Blocks, Node
from cleaners.extract.blocks.describe import MARGIN, SENTENCE_END

Mask = npt.NDArray[np.bool_]

HALF = 0.5  # share of its words that makes a block kept
PROSE_CHARACTERS, PROSE_UNSPACED = 40, 15  # of the shortest sentence looked at; the second in scripts without blanks
# Where no story stands: menus, forms, captions, boxes beside.
OUTSIDE = HIDDEN_BIT | sum(
    CONTEXT_BIT[tag] for tag in ("nav", "footer", "aside", "figcaption", "form", "button", "table")
)
NAMED, LEVELS = 2, 4  # nearest elements with a class or id that show a block's kind, and how far up they are looked for
MOST = 0.5  # of the kept characters in elements of one kind: these are the story's paragraphs
SMALL_PART = 0.5  # trafilatura's text is extended where it is less than this share of the prose of its kinds


def find_prose(blocks: list[Block]) -> Mask:
    """Tell which blocks read as sentences of a story: long enough, an end, not mostly links, no menu, form or box.

    Args:
        blocks: the page's blocks.
    """
    return np.array([_is_prose(block) for block in blocks], bool)


def extend_kept(page: Blocks, kept: Array, prose: Mask) -> Array:
    """Count as kept the prose near it in elements of its own kind, and all of like kinds where what was kept is a small part of it.

    Args:
        page: the page's blocks.
        kept: share of each block's words that trafilatura's text holds.
        prose: which blocks read as sentences.

    Returns:
        The shares, 1 for blocks that were added; the same array where nothing was. Time is linear in the blocks.
    """
    is_kept = kept >= HALF
    beside = np.flatnonzero(prose & ~is_kept).tolist()
    if not beside or not is_kept.any():
        return kept
    lengths = page.lengths
    of_kept = float(lengths[is_kept].sum())
    like = _same_kind(page, lengths, np.flatnonzero(is_kept).tolist(), beside)
    if _is_small(of_kept, float(lengths[beside].sum())):
        held = {page.blocks[k].node for k in np.flatnonzero(is_kept & prose).tolist()}
        kinds = {kind for node in held for kind in _named_kinds(page.nodes, node, LEVELS)}
        alike = [k for k in beside if kinds.intersection(_named_kinds(page.nodes, page.blocks[k].node, NAMED))]
        like += alike if _is_small(of_kept, float(lengths[alike].sum())) else []
    if not like:
        return kept
    extended = kept.copy()
    extended[like] = 1.0
    return extended


def _is_small(kept: float, beside: float) -> bool:
    return kept < SMALL_PART * (kept + beside)


def _same_kind(page: Blocks, lengths: Array, kept: list[int], beside: list[int]) -> list[int]:
    """Blocks near the story whose element, or the nearest one with a class, is of the kind that holds most of what was kept."""
    characters: dict[int, float] = {}
    for k in kept:
        for kind in _named_kinds(page.nodes, page.blocks[k].node, 1):
            characters[kind] = characters.get(kind, 0.0) + lengths[k]
    total = sum(characters.values())
    main = {kind for kind, n in characters.items() if n >= MOST * total}
    near = [k for k in beside if kept[0] - MARGIN <= k <= kept[-1] + MARGIN]
    return [k for k in near if main.intersection(_named_kinds(page.nodes, page.blocks[k].node, 1))]


def _is_prose(block: Block) -> bool:
    text = block.text
    n = len(text)
    if n < (PROSE_CHARACTERS if text.isascii() else PROSE_UNSPACED) or block.context & OUTSIDE:
        return False
    if n < PROSE_CHARACTERS and " " in text:
        return False
    return block.link_characters < HALF * n and SENTENCE_END.search(text[-8:]) is not None


def _named_kinds(nodes: list[Node], node: int, n: int) -> list[int]:
    """Kinds of the nearest elements with a class or id at an element and above it."""
    found: list[int] = []
    for _ in range(LEVELS):
        if node < 0 or len(found) == n:
            break
        if nodes[node].names.strip():
            found.append(nodes[node].kind)
        node = nodes[node].parent
    return found
