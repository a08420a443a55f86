"""A page's source to its tree: takes decoded HTML, gives lxml's elements, or nothing where the parser finds no page.

As trafilatura's `load_html` reads it, with a parser of our own. Drops comments and processing instructions.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement, HTMLParser

BEGINNING = 50  # characters in which trafilatura looks for the name of the format


def parse_page(source: str) -> HtmlElement | None:
    """Parse a page.

    Args:
        source: the page, decoded.

    Returns:
        Its root; null for what is not an HTML page.
    """
    from trafilatura.utils import repair_faulty_html

    source = source.replace("\x00", "")
    beginning = source[:BEGINNING].lower()
    source = repair_faulty_html(source, beginning)
    tree = _parse(source)
    if tree is None or not len(tree):
        # The parser refuses strings that declare an encoding, and takes their bytes.
        tree = _parse(source.encode("utf-8", "surrogatepass"))
    return tree if tree is not None and ("html" in beginning or len(tree) > 1) else None


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
