"""Path expressions evaluated once for each kind of element: takes some that look at tag and attributes, gives what they find.

Trafilatura evaluates a dozen regular expressions on every element of a story, from XPath; a page has many elements and few kinds,
which the pages of a site share. Removes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from cleaners.extract.engine.predicates import compile_test

if TYPE_CHECKING:
    from lxml.etree import XPath, _Element

TAG_TEST = re.compile(r"self::(\w+)|\.//(\w+)")
UNNAMED = re.compile(r"\.//\*\[(?!self::)")
ATTRIBUTE = re.compile(r"@([\w-]+)")
MAX_KINDS = 20_000  # remembered, some 10 MB; then all are forgotten
MAX_KIND_CHARS = 300  # characters of the attributes of a kind that is remembered

Kind = tuple[Any, ...]  # the tag, "" for those that no expression looks at; name and value of attributes


class ByKind:
    """Path expressions that find what the given ones find among the elements below one, in page order.

    Valid where the element's own tag and attributes alone decide whether an expression finds it.
    """

    def __init__(self, *groups: Sequence[XPath]) -> None:
        """Prepare groups of expressions, such as `.//*[self::div][contains(@class, 'x')]`, that are evaluated in one search."""
        self._tests = [list(map(compile_test, group)) for group in groups]
        written = "\n".join(expression.path for group in groups for expression in group)
        self._tags = frozenset(first or second for first, second in TAG_TEST.findall(written))
        # All elements where one of the expressions names no tag.
        self._tags_sought = () if UNNAMED.search(written) else tuple(sorted(self._tags))
        self._attributes = frozenset(ATTRIBUTE.findall(written))
        self._found_by: dict[Kind, int] = {}  # a bit for each group

    def __call__(self, tree: _Element) -> list[list[_Element]]:
        """Find the elements below one, those of each group."""
        found = [
            (element, bits) for element in tree.iterdescendants(*self._tags_sought) if (bits := self._bits_of(element))
        ]
        return [[element for element, bits in found if bits >> k & 1] for k in range(len(self._tests))]

    def find_first(self, tree: _Element) -> list[_Element]:
        """Find the first element below one that any of the expressions finds, and look no further."""
        return list(islice(filter(self._bits_of, tree.iterdescendants(*self._tags_sought)), 1))

    def _bits_of(self, element: _Element) -> int:
        kind = self._kind_of(element)
        bits = self._found_by.get(kind)
        if bits is None:
            bits = self._evaluate(kind)
            self._remember(kind, bits)
        return bits

    def _kind_of(self, element: _Element) -> Kind:
        tag = element.tag
        # In the order of the source: `@id|@class` is the first of them.
        own = [item for item in element.items() if item[0] in self._attributes]
        return (tag if tag in self._tags else "", *own)

    def _remember(self, kind: Kind, bits: int) -> None:
        """Keep the answer about a kind, but not about a long one, of which a hostile page could hold any number."""
        if sum(len(value) for _, value in kind[1:]) > MAX_KIND_CHARS:
            return
        if len(self._found_by) >= MAX_KINDS:
            self._found_by = {}  # a new one: another thread may still read the old one
        self._found_by[kind] = bits

    def _evaluate(self, kind: Kind) -> int:
        """Tell by which groups an element of a kind is found."""
        tag, *items = kind
        attributes = dict(items)
        return sum(any(test(tag, attributes) for test in group) << k for k, group in enumerate(self._tests))
