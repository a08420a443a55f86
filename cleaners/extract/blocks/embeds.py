"""Posts of social networks set into a story: takes blocks, gives those of embedded posts.

Known by the classes that the networks' own embed codes bring (their documentation says which), or by the signature of a quoted
post: the writer's handle in brackets. Wording and language do not matter.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from cleaners.extract.blocks.blocks import Blocks

Mask = npt.NDArray[np.bool_]

EMBED_CODE = re.compile(
    r"(?:^|\s)(?:twitter-(?:tweet|video)|instagram-media|tiktok-embed|fb-(?:post|video)|bluesky-embed|mastodon-embed|reddit-embed-bq"
    r"|reddit-card|text-post-media|telegram-post|truthsocial-embed|imgur-embed-pub)(?:\s|$)"
)
SIGNATURE = re.compile(r"\(@[\w.]{2,40}\)")
MAX_SIGNED = 400  # characters of the line that holds the handle: a network's post and its signature
LEVELS = 6  # elements above a block that are looked at


def find_embeds(page: Blocks, start: int, n: int) -> Mask:
    """Tell which blocks are posts of social networks.

    Args:
        page: the page's blocks.
        start: index of the first block looked at.
        n: how many are looked at.
    """
    blocks = page.blocks[start : start + n]
    coded, quotes = _find_boxes(page)
    around = [_boxes_around(page, block.node, coded, quotes) for block in blocks]
    signed = {
        quote
        for block, (_, quote) in zip(blocks, around, strict=True)
        if quote >= 0 and len(block.text) <= MAX_SIGNED and block.n_links and SIGNATURE.search(block.text)
    }
    return np.array([is_coded or quote in signed for is_coded, quote in around], bool)


def _find_boxes(page: Blocks) -> tuple[set[int], set[int]]:
    """The elements that embed codes made, and all block quotations."""
    coded, quotes = set(), set()
    for k, node in enumerate(page.nodes):
        if node.tag == "blockquote":
            quotes.add(k)
        if len(node.names) > 5 and EMBED_CODE.search(node.names):
            coded.add(k)
    return coded, quotes


def _boxes_around(page: Blocks, node: int, coded: set[int], quotes: set[int]) -> tuple[bool, int]:
    """Whether an embed code's element holds one, and the nearest block quotation, -1 for none."""
    is_coded, quote = False, -1
    if not coded and not quotes:
        return is_coded, quote
    for _ in range(LEVELS):
        if node < 0:
            break
        is_coded |= node in coded
        quote = node if quote < 0 and node in quotes else quote
        node = page.nodes[node].parent
    return is_coded, quote
