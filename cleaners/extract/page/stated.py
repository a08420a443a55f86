"""Metas and JSON-LD as trafilatura reads them, at a bounded cost: takes a parsed page, gives what they say. Removes nothing.

Its lists of authors and its search of scripts that are no valid JSON cost the square of their length.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from cleaners.extract.engine.rebind import rebind

if TYPE_CHECKING:
    from lxml.html import HtmlElement
    from trafilatura.settings import Document

# Characters of a page's broken scripts that are searched: of 856 real pages 14 have any, the longest 18,750.
MAX_BROKEN = 40_000
MAX_AUTHORS = 2_000  # characters of the list of authors that is still added to: 856 real pages have 136 at most


def read_metas(tree: HtmlElement) -> Document:
    """Read the metas of a page.

    Args:
        tree: the parsed page; it is not changed.
    """
    return _meta_reader()(tree)


def add_json_ld(tree: HtmlElement, found: Document) -> Document:
    """Add what the JSON-LD of a page says of title, authors and site.

    Args:
        tree: the parsed page; it is not changed.
        found: what is known of the page.
    """
    from trafilatura import metadata

    left = MAX_BROKEN

    def search_broken(text: str, known: Document) -> Document:
        nonlocal left
        text = text[:left]
        left -= len(text)
        return _searcher()(text, known) if text else known

    # A page has a budget of its own, which the function that reads it must know.
    read = rebind(metadata.extract_meta_json, extract_json=_reader(), extract_json_parse_error=search_broken)
    return read(tree, found)


@cache
def _meta_reader() -> Callable[[HtmlElement], Document]:
    """Trafilatura's `examine_meta`, its list of authors bounded."""
    from trafilatura import metadata

    opengraph = rebind(metadata.extract_opengraph, normalize_authors=add_author)
    return rebind(metadata.examine_meta, normalize_authors=add_author, extract_opengraph=opengraph)


@cache
def _reader() -> Callable[..., Document]:
    """Trafilatura's `extract_json`, its list of authors bounded."""
    from trafilatura import json_metadata

    parents = rebind(json_metadata.process_parent, normalize_authors=add_author)
    return rebind(json_metadata.extract_json, process_parent=parents)


@cache
def _searcher() -> Callable[[str, Document], Document]:
    """Trafilatura's search of broken JSON-LD, its list of authors bounded."""
    from trafilatura import json_metadata

    authors = rebind(json_metadata.extract_json_author, normalize_authors=add_author)
    return rebind(json_metadata.extract_json_parse_error, extract_json_author=authors)


def add_author(authors: str | None, name: str) -> str | None:
    """Trafilatura's `normalize_authors`, which reads all authors again for each name; a long list stays as it is."""
    from trafilatura.json_metadata import normalize_authors

    return normalize_authors(authors, name[:MAX_AUTHORS]) if len(authors or "") < MAX_AUTHORS else authors
