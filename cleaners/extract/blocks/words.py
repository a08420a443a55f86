"""Words to buckets: takes class names and text of blocks, gives the numbers of their buckets for the models of words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

from cleaners.extract.blocks.blocks import Block, Blocks

WORD = re.compile(r"\w+")
NUMBER = re.compile(r"\d+")
NAME_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
NAME_BUCKETS = 1 << 13
WORD_BUCKETS = 1 << 15
MAX_NAMES_CHARS = 300  # characters of class and id that are read, and remembered
NAME_LEVELS = 5  # elements around a block whose names count
MAX_WORDS, FIRST_WORDS = 40, 12  # a longer block is known by its first words


def hash_names(page: Blocks, blocks: Iterable[Block]) -> list[list[int]]:
    """Buckets of the class and id words of the elements around blocks, the two nearest kept apart."""
    # Of the elements that hold the block's own one: most blocks of a story share them.
    around: dict[int, set[int]] = {}
    hashes = []
    for block in blocks:
        element = page.nodes[block.node]
        if element.parent not in around:
            around[element.parent] = _hash_around(page, element.parent)
        hashes.append(
            sorted(around[element.parent].union(_hash_names(element.tag, element.names[:MAX_NAMES_CHARS], 0)))
        )
    return hashes


def _hash_around(page: Blocks, node: int) -> set[int]:
    found: set[int] = set()
    for level in range(1, NAME_LEVELS):
        if node < 0:
            break
        element = page.nodes[node]
        found.update(_hash_names(element.tag, element.names[:MAX_NAMES_CHARS], min(level, 2)))
        node = element.parent
    return found


@lru_cache(4096)
def _hash_names(tag: str, names: str, level: int) -> tuple[int, ...]:
    words = {word.lower() for word in NAME_WORD.findall(names) if len(word) > 1}
    return tuple(crc32(f"{level} {word}".encode()) % NAME_BUCKETS for word in (*words, f"<{tag}>"))


def hash_words(words: list[str]) -> list[int]:
    """Buckets of a block's words, given in small letters, and pairs of words, its ends marked."""
    shown = words if len(words) <= MAX_WORDS else words[:FIRST_WORDS]
    shown = ["^", *(word if word.isalpha() else NUMBER.sub("0", word) for word in shown), "$"]
    pairs = [f"{a} {b}" for a, b in pairwise(shown)]
    return sorted({crc32(part.encode("utf-8", "surrogatepass")) % WORD_BUCKETS for part in (*shown[1:-1], *pairs)})
