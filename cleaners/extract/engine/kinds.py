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

    def __init__(self, expressions: Sequence[XPath]) -> None:
        """Prepare expressions, such as `.//*[self::div][contains(@class, 'x')]`."""
        self._expressions = expressions
        written = "\n".join(expression.path for expression in expressions)
        self._tags = frozenset(first or second for first, second in TAG_TEST.findall(written))
        # ExaminedPage of all elements where one of the expressions names no tag.
        self._tags_sought = () if UNNAMED.search(written) else tuple(sorted(self._tags))
        self._attributes = frozenset(ATTRIBUTE.findall(written))
        self._is_found: dict[Kind, bool] = {}

    def __call__(self, tree: _Element) -> list[_Element]:
        """Find the elements below one."""
        elements: list[_Element] = []
        kinds: list[Kind] = []
        tags, attributes = self._tags, self._attributes
        for element in tree.iterdescendants(*self._tags_sought):
            tag = element.tag
            # In the order of the source: `@id|@class` is the first of them.
            own = [item for item in element.items() if item[0] in attributes]
            if own or tag in tags:
                elements.append(element)
                kinds.append((tag if tag in tags else "", *own))
        known = self._is_found
        unknown = [kind for kind in dict.fromkeys(kinds) if kind not in known]
        try:
            answers = dict(zip(unknown, self._evaluate(unknown), strict=True))
        except ValueError:  # a name or value that XML cannot hold, and a parsed page can
            return [element for expression in self._expressions for element in expression(tree)]
        self._remember(answers)
        return [
            element
            for element, kind in zip(elements, kinds, strict=True)
            if (answers[kind] if kind in answers else known[kind])
        ]

    def _remember(self, answers: dict[Kind, bool]) -> None:
        """Keep the answers about kinds, but not about long ones, of which a hostile page could hold any number."""
        short = {
            kind: found for kind, found in answers.items() if sum(len(value) for _, value in kind[1:]) <= MAX_KIND_CHARS
        }
        if len(self._is_found) + len(short) > MAX_KINDS:
            # A new one: another thread may still read the old one.
            self._is_found = dict(islice(short.items(), MAX_KINDS))
        else:
            self._is_found.update(short)

    def _evaluate(self, kinds: list[Kind]) -> list[bool]:
        """Evaluate the expressions on one element of each kind."""
        from lxml.etree import Element, SubElement

        if not kinds:
            return []
        root = Element("root")
        elements = [SubElement(root, tag or "other", dict(attributes)) for tag, *attributes in kinds]
        found = {element for expression in self._expressions for element in expression(root)}
        return [element in found for element in elements]
