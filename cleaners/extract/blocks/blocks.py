"""A parsed page to its text blocks: takes the tree, gives each piece of text between two line breaks, in page order.

A block is what a browser would put on lines of its own: the text of a paragraph, heading, list item or table cell. Drops
scripts, form fields and frames; everything else that can be read is a block, navigation too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from lxml.etree import _Element

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

# Elements whose text a reader does not see as part of the page.
UNREAD = frozenset(
    {
        *(
            "script",
            "style",
            "noscript",
            "template",
            "svg",
            "math",
            "head",
            "iframe",
            "object",
            "embed",
            "select",
            "option",
        ),
        *("textarea", "canvas", "audio", "video", "map", "datalist", "title", "meta", "link"),
    }
)
INLINE = frozenset(
    {
        *(
            "a",
            "abbr",
            "acronym",
            "b",
            "bdi",
            "bdo",
            "big",
            "cite",
            "code",
            "data",
            "del",
            "dfn",
            "em",
            "font",
            "i",
            "ins",
        ),
        *(
            "kbd",
            "label",
            "mark",
            "q",
            "s",
            "samp",
            "small",
            "span",
            "strike",
            "strong",
            "sub",
            "sup",
            "time",
            "tt",
            "u",
        ),
        *("var", "wbr", "nobr", "ruby", "rt", "rp", "rb", "img", "picture", "source", "input"),
    }
)
BOLD = frozenset({"b", "strong"})
# Traits that an ancestor gives the text in it; a bit each.
CONTEXTS = ("a", "figure", "figcaption", "blockquote", "aside", "nav", "footer", "header", "form", "table", "li", "article", "main",
            "section", "button", "dl", "details", "em", "i")  # fmt: skip
CONTEXT_BIT = {tag: 1 << k for k, tag in enumerate(CONTEXTS)}
HIDDEN_BIT = 1 << len(CONTEXTS)
BOLD_BIT = 1 << (len(CONTEXTS) + 1)
LINK_OR_BOLD = 1 | BOLD_BIT
HIDDEN = re.compile(r"display:\s*none|visibility:\s*hidden", re.I)
NUMBER, DIGITS = re.compile(r"\d+"), frozenset("0123456789")
MAX_DEPTH = 400  # nesting followed; deeper markup is no page made for readers


class Block(NamedTuple):
    """A piece of text on lines of its own."""

    text: str
    node: int  # the element that sets it on its own line, by its place in `Blocks.nodes`
    link_characters: int
    bold_characters: int
    n_links: int
    context: int  # bits of the ancestors


class Node(NamedTuple):
    """An element that holds blocks."""

    tag: str
    names: str  # its class and id, as written
    parent: int
    depth: int
    kind: int  # its place in `Blocks.kinds`


# Made without their Python constructors, for the half of the time.
_new_block: Callable[[tuple[str, int, int, int, int, int]], Block] = partial(tuple.__new__, Block)
_new_node: Callable[[tuple[str, str, int, int, int]], Node] = partial(tuple.__new__, Node)

Kind = tuple[str, str]  # tag, class and id; a number in a name counts elements, it does not show their kind


@dataclass(frozen=True)
class Blocks:
    """The blocks of a page and the elements around them, in page order, and what many steps read of them as columns."""

    blocks: list[Block]
    nodes: list[Node]
    kinds: list[Kind]
    behind: list[int]  # for each element the first one behind it and all it holds

    @cached_property
    def lengths(self) -> Array:
        """Characters of each block."""
        return np.array([len(block.text) for block in self.blocks], float)

    @cached_property
    def at(self) -> Numbers:
        """The element of each block."""
        return np.array([block.node for block in self.blocks], np.int64)

    @cached_property
    def links(self) -> Array:
        """Characters in links of each block."""
        return np.array([block.link_characters for block in self.blocks], float)

    @cached_property
    def parents(self) -> Numbers:
        """The element around each element, -1 for the first."""
        return np.array([node.parent for node in self.nodes], np.int64)

    def sum_below(self, values: Array) -> Array:
        """Sum whole numbers of the blocks over each element and all below it."""
        before = np.concatenate([[0.0], np.cumsum(np.bincount(self.at, values, len(self.nodes)))])
        below: Array = before[self.behind] - before[:-1]
        return below


def split_blocks(tree: _Element) -> Blocks:
    """Split a page into its blocks.

    Args:
        tree: the parsed page; it is not changed.

    Returns:
        The blocks in page order, white space single, none empty. Time is linear in the page.
    """
    from lxml.etree import iterwalk

    body = tree.find("body")
    nodes: list[Node] = [Node("body", "", -1, 0, 0)]
    kinds: dict[Kind, int] = {("body", ""): 0}
    written: dict[tuple[str, str | None, str | None], tuple[str, int]] = {}  # names and kind of an element as written
    behind = [0]
    blocks: list[Block] = []
    pieces: list[str] = []  # of the block that is open; none before its first text
    n_links = linked = bold = 0  # links that start in the block, characters in links, in bold type
    # Of the open elements: node, context, whether it sets its text on lines of its own.
    stack: list[tuple[int, int, bool]] = [(0, 0, True)]
    piece_node, piece_context = 0, 0

    def close() -> None:
        nonlocal linked, bold
        text = " ".join("".join(pieces).split())
        n = len(text)
        blocks.append(
            _new_block((text, piece_node, min(linked, n), min(bold, n), n_links, piece_context))
            if linked or bold
            else _new_block((text, piece_node, 0, 0, n_links, piece_context))
        )
        pieces.clear()
        linked = bold = 0

    walk = iterwalk(body if body is not None else tree, events=("start", "end", "comment", "pi"))
    for event, element in walk:
        if event == "start":
            tag = element.tag
            node, context, _ = stack[-1]
            if tag in UNREAD or len(stack) > MAX_DEPTH:
                walk.skip_subtree()
                stack.append((node, context, tag not in UNREAD and tag not in INLINE))
                continue
            if tag in CONTEXT_BIT:
                context |= CONTEXT_BIT[tag]
            is_block = tag not in INLINE
            if is_block:
                if pieces:
                    close()
                n_links = 0
                if tag != "br":
                    said = dict(element.items())
                    own = tag, said.get("class"), said.get("id")
                    known = written.get(own)
                    if known is None:
                        names = f"{own[1] or ''} {own[2] or ''}"
                        known = written[own] = names, kinds.setdefault((tag, _without_numbers(names)), len(kinds))
                    if ("style" in said and HIDDEN.search(said["style"])) or "hidden" in said:
                        context |= HIDDEN_BIT
                    nodes.append(_new_node((tag, known[0], node, len(stack), known[1])))
                    behind.append(0)
                    node = len(nodes) - 1
            elif tag == "a":
                n_links += 1
            elif tag in BOLD:
                context |= BOLD_BIT
            stack.append((node, context, is_block))
            text = element.text
        else:
            if event == "end":
                node, _, is_block = stack.pop()
                behind[node] = len(nodes)
                if is_block:
                    if pieces:
                        close()
                    n_links = 0
            text = element.tail
        if not text:
            continue
        if not text.isspace():
            node, context, _ = stack[-1]
            if pieces:
                piece_context &= context
            else:
                piece_node, piece_context = node, context
            if context & LINK_OR_BOLD:
                n = len(text.strip())
                linked += n if context & 1 else 0
                bold += n if context & BOLD_BIT else 0
            pieces.append(text)
        elif pieces:
            pieces.append(text)
    if pieces:
        close()
    behind[0] = len(nodes)
    return Blocks(blocks, nodes, list(kinds), behind)


def _without_numbers(names: str) -> str:
    return names if names.isascii() and DIGITS.isdisjoint(names) else NUMBER.sub("0", names)
