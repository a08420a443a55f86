"""Words to buckets: takes class names and text of blocks, gives the numbers of their buckets for the models of words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

from cleaners.extract.blocks.blocks import NUMBER, Block, Blocks

WORD = re.compile(r"\w+")
NAME_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
NAME_BUCKETS = 1 << 13
WORD_BUCKETS = 1 << 15
MAX_NAMES_CHARS = 300  # characters of class and id that are read, and remembered
NAME_LEVELS = 5  # elements around a block whose names count
MAX_WORDS, FIRST_WORDS = 40, 12  # a longer block is known by its first words


class _Hashes(dict[str, tuple[int, bytes]]):
    """Of each word of a page, digits made zeros, its checksum, and what a pair adds to the checksum of the word before it."""

    def __missing__(self, word: str) -> tuple[int, bytes]:
        shown = (word if word.isalpha() else NUMBER.sub("0", word)).encode("utf-8", "surrogatepass")
        self[word] = found = crc32(shown), b" " + shown
        return found


def hash_names(page: Blocks, blocks: Iterable[Block]) -> list[list[int]]:
    """Buckets of the class and id words of the elements around blocks, the two nearest kept apart."""
    # Most blocks of a story share the elements around them, and are of one kind.
    around: dict[int, set[int]] = {}
    known: dict[tuple[int, str, str], list[int]] = {}
    hashes = []
    for block in blocks:
        element = page.nodes[block.node]
        kind = element.parent, element.tag, element.names
        if kind not in known:
            if element.parent not in around:
                around[element.parent] = _hash_around(page, element.parent)
            own = _hash_names(element.tag, element.names[:MAX_NAMES_CHARS], 0)
            known[kind] = sorted(around[element.parent].union(own))
        hashes.append(known[kind])
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


def hash_words(texts: Iterable[list[str]]) -> list[list[int]]:
    """Buckets of the words of each of several blocks, given in small letters, and of pairs of words, its ends marked."""
    known = _Hashes()
    hashes = []
    for words in texts:
        shown = words if len(words) <= MAX_WORDS else words[:FIRST_WORDS]
        parts = [known["^"], *map(known.__getitem__, shown), known["$"]]
        buckets = {crc32(after, before) % WORD_BUCKETS for (before, _), (_, after) in pairwise(parts)}
        hashes.append(sorted(buckets.union(checksum % WORD_BUCKETS for checksum, _ in parts[1:-1])))
    return hashes
