"""Path expressions evaluated once for each kind of element: takes some that look at tag and attributes, gives what they find.

Trafilatura evaluates a dozen regular expressions on every element of a story, from XPath; a page has many elements and few kinds,
which the pages of a site share. Removes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

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
        self._groups = groups
        written = "\n".join(expression.path for group in groups for expression in group)
        self._tags = frozenset(first or second for first, second in TAG_TEST.findall(written))
        # All elements where one of the expressions names no tag.
        self._tags_sought = () if UNNAMED.search(written) else tuple(sorted(self._tags))
        self._attributes = frozenset(ATTRIBUTE.findall(written))
        self._found_by: dict[Kind, int] = {}  # a bit for each group

    def __call__(self, tree: _Element) -> list[list[_Element]]:
        """Find the elements below one, those of each group."""
        elements = list(tree.iterdescendants(*self._tags_sought))
        kinds = list(map(self._kind_of, elements))
        try:
            known = self._look_up(kinds)
        except ValueError:  # a name or value that XML cannot hold, and a parsed page can
            return [[element for expression in group for element in expression(tree)] for group in self._groups]
        found = [(element, bits) for element, kind in zip(elements, kinds, strict=True) if (bits := known[kind])]
        return [[element for element, bits in found if bits >> k & 1] for k in range(len(self._groups))]

    def find_first(self, tree: _Element) -> list[_Element]:
        """Find the first element below one that any of the expressions finds, and look no further."""
        for element in tree.iterdescendants(*self._tags_sought):
            kind = self._kind_of(element)
            try:
                if self._look_up([kind])[kind]:
                    return [element]
            except ValueError:
                return [element for group in self._groups for expression in group for element in expression(tree)][:1]
        return []

    def _kind_of(self, element: _Element) -> Kind:
        tag = element.tag
        # In the order of the source: `@id|@class` is the first of them.
        own = [item for item in element.items() if item[0] in self._attributes]
        return (tag if tag in self._tags else "", *own)

    def _look_up(self, kinds: list[Kind]) -> dict[Kind, int]:
        """Tell by which groups elements of some kinds are found."""
        known = self._found_by
        unknown = [kind for kind in dict.fromkeys(kinds) if kind not in known]
        if not unknown:
            return known
        answers = dict(zip(unknown, self._evaluate(unknown), strict=True))
        self._remember(answers)
        return {kind: answers[kind] if kind in answers else known[kind] for kind in kinds}

    def _remember(self, answers: dict[Kind, int]) -> None:
        """Keep the answers about kinds, but not about long ones, of which a hostile page could hold any number."""
        short = {
            kind: found for kind, found in answers.items() if sum(len(value) for _, value in kind[1:]) <= MAX_KIND_CHARS
        }
        if len(self._found_by) + len(short) > MAX_KINDS:
            # A new one: another thread may still read the old one.
            self._found_by = dict(islice(short.items(), MAX_KINDS))
        else:
            self._found_by.update(short)

    def _evaluate(self, kinds: list[Kind]) -> list[int]:
        """Evaluate the expressions on one element of each kind."""
        from lxml.etree import Element, SubElement

        root = Element("root")
        elements = [SubElement(root, tag or "other", dict(attributes)) for tag, *attributes in kinds]
        found = [{element for expression in group for element in expression(root)} for group in self._groups]
        return [sum((element in group) << k for k, group in enumerate(found)) for element in elements]
