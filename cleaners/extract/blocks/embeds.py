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

CODES = (
    *("twitter-tweet", "twitter-video", "instagram-media", "tiktok-embed", "fb-post", "fb-video", "bluesky-embed"),
    *("mastodon-embed", "reddit-embed-bq", "reddit-card", "text-post-media", "telegram-post", "truthsocial-embed"),
    "imgur-embed-pub",
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
    written = "\n".join(names for _, names in page.kinds)
    codes = {code for code in CODES if code in written}
    is_coded = [bool(codes) and not codes.isdisjoint(names.split()) for _, names in page.kinds]
    is_quote = [tag == "blockquote" for tag, _ in page.kinds]
    if not any(is_coded) and not any(is_quote):
        return np.zeros(n, bool)
    blocks = page.blocks[start : start + n]
    around = [_boxes_around(page, block.node, is_coded, is_quote) for block in blocks]
    signed = {
        quote
        for block, (_, quote) in zip(blocks, around, strict=True)
        if quote >= 0 and len(block.text) <= MAX_SIGNED and block.n_links and SIGNATURE.search(block.text)
    }
    return np.array([coded or quote in signed for coded, quote in around], bool)


def _boxes_around(page: Blocks, node: int, is_coded: list[bool], is_quote: list[bool]) -> tuple[bool, int]:
    """Whether an embed code's element holds one, and the nearest block quotation, -1 for none.

    Args:
        page: the page's blocks.
        node: the element of a block.
        is_coded: which kinds of elements embed codes make.
        is_quote: which kinds are block quotations.
    """
    coded, quote = False, -1
    for _ in range(LEVELS):
        if node < 0:
            break
        kind = page.nodes[node].kind
        coded |= is_coded[kind]
        quote = node if quote < 0 and is_quote[kind] else quote
        node = page.nodes[node].parent
    return coded, quote
