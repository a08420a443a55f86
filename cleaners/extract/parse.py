"""A page's source to its tree: takes decoded HTML, gives lxml's elements, or nothing where the parser finds no page.

As trafilatura's `load_html` reads it, with a parser of our own. Drops comments and processing instructions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from cleaners.extract.rebind import rebind

if TYPE_CHECKING:
    from lxml.html import HtmlElement, HTMLParser

CONTROLS = bytes([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20)])
BEGINNING = 50  # characters in which trafilatura looks for the name of the format


def parse_page(source: str) -> HtmlElement | None:
    """Parse a page.

    Args:
        source: the page, decoded.

    Returns:
        Its root; null for what is not an HTML page.
    """
    source = source.replace("\x00", "")
    beginning = source[:BEGINNING].lower()
    source = _repairer()(source, beginning)
    tree = _parse(source)
    if tree is None or not len(tree):
        # The parser refuses strings that declare an encoding, and takes their bytes.
        tree = _parse(source.encode("utf-8", "surrogatepass"))
    return tree if tree is not None and ("html" in beginning or len(tree) > 1) else None


class _InvalidCharacters:
    """Trafilatura's expression for what XML cannot hold, asked only of pages that hold any: a third of its time."""

    def __init__(self, expression: re.Pattern[str]) -> None:
        self._expression = expression

    def sub(self, new: str, source: str) -> str:
        encoded = source.encode("utf-8", "surrogatepass")
        if len(encoded.translate(None, CONTROLS)) == len(encoded) and not ("\ufffe" in source or "\uffff" in source):
            return source
        return self._expression.sub(new, source)


@cache
def _repairer() -> Callable[[str, str], str]:
    """Trafilatura's `repair_faulty_html`."""
    from trafilatura import utils

    return rebind(utils.repair_faulty_html, INVALID_XML_CHARS=_InvalidCharacters(utils.INVALID_XML_CHARS))


def _parse(source: str | bytes) -> HtmlElement | None:
    from lxml.html import fromstring

    with suppress(Exception):  # what breaks a parser is no page
        return fromstring(source, parser=_parser())
    return None


@cache
def _parser() -> HTMLParser:
    """Trafilatura's parser, but every element of one class: lxml.html asks a Python function for the class of each."""
    from lxml.etree import ElementDefaultClassLookup
    from lxml.html import HtmlElement, HTMLParser

    parser = HTMLParser(
        collect_ids=False, default_doctype=False, encoding="utf-8", remove_comments=True, remove_pis=True
    )
    parser.set_element_class_lookup(ElementDefaultClassLookup(element=HtmlElement))
    return parser
