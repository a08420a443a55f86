"""Trafilatura's precise mode: takes a parsed page, gives the body that it keeps, or nothing where that is too little.

Removes what `bare_extraction` in its fast precise mode removes, by the same steps of trafilatura's: only the copies that no
step reads and the searches that find nothing are left out, which are a third of the time. A test checks that both give the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from cleaners.extract.engine.kinds import ByKind
from cleaners.extract.engine.rebind import rebind

if TYPE_CHECKING:
    from lxml.etree import _Element
    from lxml.html import HtmlElement
    from trafilatura.settings import Extractor

# Elements that trafilatura prunes from the whole page for their class or id, and patterns that find all of those names.
PRUNED = ("div", "section", "aside", "details", "ol", "ul", "dl", "list")
COMMENTS = re.compile(r"^(?:[Cc]omment|comol|disqus|dsq)|(?:article|post)-comments", re.M)
WIDGETS = re.compile(r"mvp-post-add|infinite-?scroll|elementor-share")
# A thread of a forum, whose posts stand where elsewhere the comments are.
MAX_TYPES = 400  # characters of a list of types
FORUM = re.compile(rf'"@type"\s*:\s*(?:\[[^\]]{{0,{MAX_TYPES}}})?"DiscussionForumPosting"')
# Elements that trafilatura takes out one by one: from so many on the pieces of text that they leave are joined at once, for
# finding each piece, or adding it to those before, takes the square of their number.
MANY_TAKEN_OUT = 2_000
DENSE = ("div", "list", "p")  # elements that trafilatura deletes where they are mostly links, in this order and twice


def keep_precisely(page: HtmlElement) -> _Element | None:
    """Take what trafilatura's precise mode keeps of a page, without its comparison with other extractors.

    Args:
        page: the parsed page; it is taken apart.

    Returns:
        The body in trafilatura's own XML; null where there is too little.
    """
    from trafilatura.htmlprocessing import convert_tags, prune_unwanted_nodes, tree_cleaning
    from trafilatura.xpaths import RAW_TREE_PRUNE_XPATH

    options = _options()
    names = _list_names(page)
    has_comments = COMMENTS.search(names) is not None
    is_forum = has_comments and is_forum_page(page)
    try:
        if WIDGETS.search(names):
            page = prune_unwanted_nodes(page, RAW_TREE_PRUNE_XPATH)
        if has_comments:
            page = prune_unwanted_nodes(page, [search_by_kind("REMOVE_COMMENTS_AND_LISTS_XPATH")])
        joins = prepare_large(page)
        page = convert_tags(tree_cleaning(page, options), options)
        page = join_texts(page) if joins else page
        if has_comments and not is_forum:
            page = prune_unwanted_nodes(page, [search_by_kind("REMOVE_COMMENTS_XPATH")])
        body, text = _extractor(joins)(page, options)
    except (TypeError, ValueError):  # as there
        return None
    return body if len(text) >= options.min_output_size else None


def is_forum_page(tree: HtmlElement) -> bool:
    """Tell whether a page calls itself a thread of a forum."""
    scripts = tree.iterfind(".//script[@type='application/ld+json']")
    return any(FORUM.search(script.text or "") for script in scripts)


def prepare_large(tree: HtmlElement) -> bool:
    """Take out of a page what trafilatura takes out too, if that is much, and join the text around it.

    Args:
        tree: the parsed page; it is changed.

    Returns:
        Whether it was much.
    """
    from lxml.etree import strip_elements

    if tree.xpath("count(.//*)") < MANY_TAKEN_OUT:  # of any kind: found out in a tenth of the time
        return False
    cleaned, inline = _list_taken_out()
    if next(islice(tree.iter(*cleaned, *inline, "a"), MANY_TAKEN_OUT, None), None) is None:
        return False
    strip_elements(tree, *cleaned, with_tail=False)
    join_texts(tree)
    return True


def join_texts(tree: HtmlElement) -> HtmlElement:
    """Make one text of the pieces that stripped elements left side by side."""
    for element in tree.iter():
        element.text, element.tail = element.text, element.tail
    return tree


def _list_names(tree: HtmlElement) -> str:
    """The classes and ids of elements that could be pruned, one a line."""
    names: set[str] = set()
    for element in tree.iter(*PRUNED):
        names.update((element.get("class") or "", element.get("id") or ""))
    return "\n".join(names)


@cache
def _list_taken_out() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The elements that trafilatura drops whatever is in them, and those of which it keeps the text."""
    from trafilatura.htmlprocessing import REND_TAG_MAPPING
    from trafilatura.settings import MANUALLY_CLEANED, MANUALLY_STRIPPED

    # A form, a figure with a table and a formula can stay.
    cleaned = set(MANUALLY_CLEANED) - {"form", "figure", "math"}
    return tuple(sorted(cleaned)), ("span", *MANUALLY_STRIPPED, *REND_TAG_MAPPING)


@cache
def _options() -> Extractor:
    from trafilatura.settings import Extractor

    # No `dedup`: its memory of earlier pages would make the result depend on their order.
    return Extractor(output_format="python", fast=True, precision=True, comments=False, formatting=False)


@cache
def _extractor(joins: bool) -> Callable[[HtmlElement, Extractor], tuple[_Element, str]]:
    """Trafilatura's `extract_content`, its expressions evaluated by kind of element and only as far as needed."""
    from trafilatura import main_extractor

    def prune_and_join(tree: HtmlElement, *arguments: Any, **options: Any) -> HtmlElement:  # noqa: ANN401
        return join_texts(_prune_sections(tree, *arguments, **options))

    pruned = prune_and_join if joins else _prune_sections
    extract = rebind(main_extractor._extract, prune_unwanted_sections=pruned, BODY_XPATH=list_body_searches())
    recover = rebind(main_extractor.recover_wild_text, prune_unwanted_sections=pruned)
    return rebind(main_extractor.extract_content, _extract=extract, recover_wild_text=recover)


@cache
def search_by_kind(name: str) -> Callable[[HtmlElement], list[_Element]]:
    """One of trafilatura's lists of expressions, evaluated by kind of element."""
    from trafilatura import xpaths

    by_kind = ByKind(getattr(xpaths, name))
    return lambda tree: by_kind(tree)[0]


@cache
def list_body_searches() -> list[Callable[[HtmlElement], list[_Element]]]:
    """Trafilatura's expressions for the body, each looking no further than to the first element, which alone is taken."""
    from trafilatura.xpaths import BODY_XPATH

    return [ByKind([expression]).find_first for expression in BODY_XPATH]


def _prune_sections(
    tree: HtmlElement, potential_tags: set[str], options: Extractor, keep_teasers: bool = False
) -> HtmlElement:
    """Trafilatura's `prune_unwanted_sections` in precise mode without images: by name in one search, then what is mostly links."""
    from lxml.etree import strip_tags
    from trafilatura.htmlprocessing import link_density_test_tables, prune_unwanted_nodes
    from trafilatura.xml import delete_element

    boilerplate, imprecise, teasers = _unwanted()(tree)
    tree = prune_unwanted_nodes(tree, [lambda _: boilerplate], with_backup=True)
    tree = prune_unwanted_nodes(tree, [lambda _: imprecise if keep_teasers else [*imprecise, *teasers]])
    n_changes, seen = 0, dict.fromkeys(DENSE, -1)
    for tag in 2 * DENSE:
        if seen[tag] < n_changes:  # else nothing went since these were looked at
            seen[tag] = n_changes
            n_changes += _delete_dense(tree, tag)
    for table in [table for table in tree.iter("table") if link_density_test_tables(table)]:
        delete_element(table, keep_tail=False)
    while len(tree) > 0 and tree[-1].tag == "head":
        delete_element(tree[-1], keep_tail=False)
    for tag in ("head", "quote"):
        _delete_dense(tree, tag)
    strip_tags(tree, "span", "ref")
    return tree


@cache
def _unwanted() -> ByKind:
    """What trafilatura prunes for its names: boilerplate, what precise mode prunes too, teasers."""
    from trafilatura import xpaths

    imprecise = [*xpaths.DISCARD_IMAGE_ELEMENTS, *xpaths.PRECISION_DISCARD_XPATH]
    return ByKind(xpaths.OVERALL_DISCARD_XPATH, imprecise, xpaths.TEASER_DISCARD_XPATH)


def _delete_dense(tree: HtmlElement, tag: str) -> bool:
    """Delete the elements of a tag that are mostly links; tell whether there were any."""
    n_before = sum(1 for _ in tree.iter(tag))
    if n_before:
        make_deleter()(tree, tag, backtracking=tag == "div", favor_precision=True)
    return sum(1 for _ in tree.iter(tag)) < n_before


@cache
def make_deleter() -> Callable[..., HtmlElement]:
    """Trafilatura's `delete_by_link_density`, links looked for before they are counted."""
    from trafilatura import htmlprocessing

    test = htmlprocessing.link_density_test

    def test_linked(element: HtmlElement, favor_precision: bool = False) -> tuple[bool, bool]:
        """Trafilatura's test, its search of a path only where there is a link at all."""
        return test(element, favor_precision) if _has_link(element) else (False, False)

    return rebind(htmlprocessing.delete_by_link_density, link_density_test=test_linked)


def _has_link(element: HtmlElement) -> bool:
    return len(element) > 0 and next(element.iterdescendants("ref"), None) is not None
