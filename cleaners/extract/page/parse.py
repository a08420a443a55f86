"""A page's source to its tree: takes decoded HTML, gives lxml's elements, or nothing where the parser finds no page.

As trafilatura's `load_html` reads it, with a parser of our own. Drops comments, processing instructions and what a tag has of
attributes beyond the bound; of a parsed page what no reader sees.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from cleaners.extract.engine.rebind import rebind
from cleaners.extract.page.bound import bound_attributes

if TYPE_CHECKING:
    from lxml.etree import XPath
    from lxml.html import HtmlElement, HTMLParser

CONTROLS = bytes([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20)])
# A half of a pair as three bytes, which is no UTF-8: strings that hold one are parsed as strings.
SURROGATE = re.compile(rb"\xed[\xa0-\xbf]")
# Classes and styles of what is there for screen readers alone.
UNSEEN = re.compile(r"(?:^|[\s_-])(?<!not-)(?:sr-only|visually-?_?hidden|screen-?reader(?:-only|-text)?)(?:$|\s)", re.I)
CLIPPED = re.compile(r"clip(?:-path)?:\s{0,3}(?:rect\(\s{0,3}[01](?:px)?[ ,]|inset\((?:50|100)%)")
HEAD = 4_096  # characters in which trafilatura looks for faults
BEGINNING = 50  # characters in which trafilatura looks for the name of the format


def parse_page(source: str) -> HtmlElement | None:
    """Parse a page.

    Args:
        source: the page, decoded.

    Returns:
        Its root; null for what is not an HTML page.
    """
    data = source.encode("utf-8", "surrogatepass")
    # Characters that XML cannot hold are looked for in the bytes: an expression takes several times as long.
    is_valid = len(data.translate(None, CONTROLS)) == len(data) and not ("\ufffe" in source or "\uffff" in source)
    if not is_valid:
        source = source.replace("\x00", "")
    beginning = source[:BEGINNING].lower()
    repaired = _repair(source, beginning, is_valid=is_valid)
    if not is_valid or repaired is not source:
        data = repaired.encode("utf-8", "surrogatepass")
    data = bound_attributes(data)
    tree = _parse(data.decode("utf-8", "surrogatepass")) if SURROGATE.search(data) else None
    if tree is None or not len(tree):
        tree = _parse(data)
    return tree if tree is not None and ("html" in beginning or len(tree) > 1) else None


def _repair(source: str, beginning: str, *, is_valid: bool) -> str:
    """Repair a page; the same object where nothing is wrong.

    In a page without what XML cannot hold trafilatura finds faults in the first line and in what begins in `HEAD` characters;
    it copies all of the page for that.
    """
    repair = _repairer(is_valid)
    head = source[: 2 * HEAD]
    if not is_valid or "\n" not in head:
        return repair(source, beginning)
    repaired = repair(head, beginning)
    return source if repaired == head else repaired + source[2 * HEAD :]


class _Nothing:
    """An expression that matches nothing."""

    def sub(self, new: str, source: str) -> str:
        return source


@cache
def _repairer(is_valid: bool) -> Callable[[str, str], str]:
    """Trafilatura's `repair_faulty_html`, for pages without what XML cannot hold, or with it."""
    from trafilatura import utils

    return rebind(utils.repair_faulty_html, INVALID_XML_CHARS=_Nothing()) if is_valid else utils.repair_faulty_html


def _parse(source: str | bytes) -> HtmlElement | None:
    from lxml.html import fromstring

    with suppress(Exception):  # what breaks a parser is no page
        return fromstring(source, parser=_parser())
    return None


@cache
def _parser() -> HTMLParser:
    """Trafilatura's parser, but every element of one class: lxml.html calls a Python function for the class of each."""
    from lxml.etree import ElementDefaultClassLookup
    from lxml.html import HtmlElement, HTMLParser

    parser = HTMLParser(
        collect_ids=False, default_doctype=False, encoding="utf-8", remove_comments=True, remove_pis=True
    )
    parser.set_element_class_lookup(ElementDefaultClassLookup(element=HtmlElement))
    return parser


def slim_page(tree: HtmlElement) -> None:
    """Drop what no reader sees: scripts and styles, and words for screen readers within a sentence ("opens in a new tab").

    Trafilatura copies and searches the tree many times: without scripts it takes a tenth less.

    Args:
        tree: the parsed page; it is changed. Structured data stays, for it tells a forum.
    """
    for element in list(tree.iter("script", "style", "svg", "link", "meta")):
        if element.getparent() is not None and element.get("type") != "application/ld+json":
            element.drop_tree()
    for attribute in _unseen_path()(tree):
        span = attribute.getparent()
        if UNSEEN.search(span.get("class") or "") or CLIPPED.search(span.get("style") or ""):
            span.clear(keep_tail=True)


@cache
def _unseen_path() -> XPath:
    from lxml.etree import XPath

    classes = " or ".join(f"contains(., '{part}')" for part in ("sr-only", "sually", "creen-", "creenr"))
    return XPath(f"//span/@class[{classes}] | //span/@style[contains(., 'clip')]")
