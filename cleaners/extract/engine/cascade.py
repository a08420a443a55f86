"""Trafilatura's cascade: takes a parsed page, gives the body that its default or its whole precise mode keeps. Removes the rest.

Its main extractor, readability, justext and its own last resorts, each where the one before finds too little. As in
`bare_extraction`, but for bounds on large pages and expressions evaluated by kind of element.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from cleaners.extract.engine.precise import (
    is_forum_page,
    list_body_searches,
    make_deleter,
    prepare_large,
    search_by_kind,
)
from cleaners.extract.engine.rebind import rebind

if TYPE_CHECKING:
    from lxml.etree import _Element
    from lxml.html import HtmlElement
    from trafilatura.settings import Extractor

MAX_COMPARED = 5_000  # elements of a page that other extractors are tried on too: 856 real pages have 4,975 at most
PRUNING = ("OVERALL_DISCARD_XPATH", "DISCARD_IMAGE_ELEMENTS", "TEASER_DISCARD_XPATH", "PRECISION_DISCARD_XPATH")


def keep_by_trafilatura(tree: HtmlElement, *, is_precise: bool) -> _Element | None:
    """Take what trafilatura keeps of a page.

    Args:
        tree: the parsed page; it is not changed.
        is_precise: its precise mode with the comparison with other extractors, else its default mode.

    Returns:
        The body in trafilatura's own XML; null where there is none.
    """
    # Its comparison with other extractors takes the square of the page's paragraphs.
    is_large = next(islice(tree.iter(), MAX_COMPARED, None), None) is not None
    from trafilatura.settings import Document

    # No `deduplicate`: its memory of earlier pages would make the result depend on their order.
    document = _bare_extraction()(
        tree,
        fast=is_large,
        favor_precision=is_precise,
        include_comments=False,
        include_tables=True,
        include_formatting=False,
    )
    return document.body if isinstance(document, Document) else None


@cache
def _bare_extraction() -> Callable[..., object]:
    """Trafilatura's `bare_extraction`, its search for a forum's threads and its cleaning of large pages bounded."""
    from trafilatura import core, main_extractor
    from trafilatura.htmlprocessing import tree_cleaning

    def clean(page: HtmlElement, options: Extractor) -> HtmlElement:
        if options.focus != "recall":  # which takes nothing out where all paragraphs would go
            prepare_large(page)
        return tree_cleaning(page, options)

    prune = rebind(
        main_extractor.prune_unwanted_sections,
        delete_by_link_density=make_deleter(),
        **{name: [search_by_kind(name)] for name in PRUNING},
    )
    extract = rebind(main_extractor._extract, prune_unwanted_sections=prune, BODY_XPATH=list_body_searches())
    recover = rebind(main_extractor.recover_wild_text, prune_unwanted_sections=prune)
    content = rebind(main_extractor.extract_content, _extract=extract, recover_wild_text=recover)
    compare = rebind(core._extract_and_compare, extract_content=content)
    prepare = rebind(core._prepare_tree, tree_cleaning=clean)
    retry = rebind(core._recall_retry, _prepare_tree=prepare, _extract_and_compare=compare)
    sequence = rebind(
        core.trafilatura_sequence,
        _forum_thread_page=is_forum_page,
        _prepare_tree=prepare,
        _extract_and_compare=compare,
        _recall_retry=retry,
    )
    return rebind(core.bare_extraction, trafilatura_sequence=sequence)
