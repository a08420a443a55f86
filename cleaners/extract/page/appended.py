"""Articles that infinite scroll appended to a page: takes a parsed page, cuts them out, gives each as a page of its own.

Cuts only what has a headline of its own, paragraphs, and proof that it is another article: another address, a JSON-LD
article of the same headline, or an article element with a date. Sections, live-blog posts and teasers have none of these.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from cleaners.extract.blocks.words import WORD
from cleaners.extract.config import ExtractConfig
from cleaners.extract.page.addresses import clean_url
from cleaners.extract.page.json_ld import is_article_node, read_json_ld
from cleaners.extract.page.metadata import PageMetadata

if TYPE_CHECKING:
    from lxml.html import HtmlElement

ADDRESS_ATTRIBUTES = (
    *("data-canonical", "data-canonical-url", "data-article-url", "data-permalink", "data-page-url", "data-url"),
    *("data-href", "data-uri", "itemid"),
)
ARTICLE_TYPE = re.compile(r"schema\.org/\w*(?:Article|Posting)$")
MAX_HEADLINES = 60  # looked at on one page
MIN_HEADLINE_WORDS = 3  # a shorter first-rank heading names the site or a section
MIN_PARAGRAPHS = 2
MAIN_SHARE = 0.5  # of a section's prose that its one article element must hold


class Appended(NamedTuple):
    """An article found below the page's own."""

    tree: HtmlElement  # a document of its own: its head says what the page says of the article
    address: str | None


class _Section(NamedTuple):
    headline: HtmlElement
    words: tuple[str, ...]
    element: HtmlElement


def cut_appended(tree: HtmlElement, metadata: PageMetadata, url: str | None, config: ExtractConfig) -> list[Appended]:
    """Cut the appended articles out of a page.

    Args:
        tree: the parsed page, its scripts still in it; the appended articles are taken out of it.
        metadata: what the page says of itself.
        url: where it was fetched from, if known.
        config: how many words of prose make an article.

    Returns:
        The appended articles in page order; none on nearly all pages. Time is linear in the page.
    """
    sections = _find_sections(tree)
    if len(sections) < 2:
        return []
    own = _find_own(sections, metadata)
    base = metadata.canonical_url or url or ""
    if _count_prose(sections[own].element) < config.appended_words:
        return []
    titles = {_words(title) for title in (metadata.title, *metadata.titles) if title} | {sections[own].words}
    stated = {_words(str(node["headline"])): node for node in read_json_ld(tree) if _has_headline(node)}
    found = []
    for section in sections[own + 1 :]:
        if section.words in titles or _count_prose(section.element) < config.appended_words:
            continue
        node = stated.get(section.words)
        address = _address(section, node, base)
        if address or node or _is_dated_article(section.element):
            found.append((section, node, address))
    return [_cut(section, node, address) for section, node, address in found]


def _find_sections(tree: HtmlElement) -> list[_Section]:
    """The largest element around each headline that holds no other one, in page order."""
    headlines = [(h1, words) for h1 in tree.iter("h1") if len(words := _words(h1.text_content())) >= MIN_HEADLINE_WORDS]
    if len(headlines) < 2:  # some sites give the articles below the first headlines of the second rank
        for article in tree.iter("article"):
            heading = next(article.iter("h1", "h2"), None)
            if heading is not None and _stated_address(article) and heading not in [h for h, _ in headlines]:
                headlines.append((heading, _words(heading.text_content())))
    headlines = headlines[:MAX_HEADLINES]
    below: dict[Any, int] = {}
    for headline, _ in headlines:
        for element in headline.iterancestors():
            below[element] = below.get(element, 0) + 1
    sections = []
    for headline, words in headlines:
        element = headline
        for parent in headline.iterancestors():
            if below[parent] > 1 or parent.tag in ("body", "html"):
                break
            element = parent
        sections.append(_Section(headline, words, element))
    return sections


def _find_own(sections: list[_Section], metadata: PageMetadata) -> int:
    """The section of the page's own article: the one whose headline the page calls its title, else the first with prose."""
    titles = {_words(title) for title in (metadata.title, *metadata.titles) if title}
    for k, section in enumerate(sections):
        if section.words in titles:
            return k
    return next((k for k, section in enumerate(sections) if _count_prose(section.element)), 0)


def _count_prose(element: HtmlElement) -> int:
    """Words of an element's paragraphs, none where these are fewer than a story has."""
    counts = [len(WORD.findall(p.text_content())) for p in element.iter("p")]
    return sum(counts) if sum(map(bool, counts)) >= MIN_PARAGRAPHS else 0


def _is_dated_article(section: HtmlElement) -> bool:
    """Tell whether a section is one article with a date, not a list of teasers."""
    articles = (
        [section] if _is_article_element(section) else list(filter(_is_article_element, section.iterdescendants()))
    )
    prose = MAIN_SHARE * _count_prose(section)
    main = [article for article in articles if _count_prose(article) >= prose]
    return bool(main) and section.find(".//h1") is not None and section.find(".//time[@datetime]") is not None


def _is_article_element(element: HtmlElement) -> bool:
    return element.tag == "article" or ARTICLE_TYPE.search(element.get("itemtype") or "") is not None


def _address(section: _Section, node: dict[str, Any] | None, base: str) -> str | None:
    """The section's own address where it is another page than the one it stands on."""
    link = section.headline.find(".//a[@href]")
    if link is None and section.headline.getparent() is not None and section.headline.getparent().tag == "a":
        link = section.headline.getparent()
    for stated in (
        *_stated_addresses(section.element),
        link.get("href") if link is not None else None,
        *_node_urls(node),
    ):
        try:
            address = clean_url(urljoin(base, stated.strip())) if stated and "/" in stated else None
        except ValueError:
            continue
        if address and _path(address) not in ("", _path(base)) and _host(address) == (_host(base) or _host(address)):
            return address.partition("#")[0]
    return None


def _stated_address(element: HtmlElement) -> str | None:
    return next(_stated_addresses(element), None)


def _stated_addresses(element: HtmlElement) -> Iterator[str]:
    """The addresses an element gives for itself: on itself, on what it wraps, in its microdata."""
    wrapped = element
    for _ in range(3):
        yield from filter(None, map(wrapped.get, ADDRESS_ATTRIBUTES))
        if len(wrapped) != 1:
            break
        wrapped = wrapped[0]
    for part in element.iterfind(".//*[@itemprop]"):
        if part.get("itemprop") in ("mainEntityOfPage", "url") and part.tag in ("meta", "link"):
            yield from filter(None, map(part.get, ("content", "href", "itemid")))


def _node_urls(node: dict[str, Any] | None) -> list[str]:
    values = [node.get(key) for key in ("url", "mainEntityOfPage", "@id")] if node else []
    return [v for value in values if isinstance(v := value.get("@id") if isinstance(value, dict) else value, str)]


def _has_headline(node: dict[str, Any]) -> bool:
    return is_article_node(node) and isinstance(node.get("headline"), str)


def _cut(section: _Section, node: dict[str, Any] | None, address: str | None) -> Appended:
    """Take a section out of its page and give it a document whose head says what the page says of it."""
    from lxml.html import Element, document_fromstring

    document: HtmlElement = document_fromstring("<html><head></head><body></body></html>")
    title = Element("title")
    title.text = " ".join(section.headline.text_content().split())
    document.head.append(title)
    kind = Element("meta", property="og:type", content="article")
    document.head.append(kind)
    if address:
        document.head.append(Element("link", rel="canonical", href=address))
    if node:
        script = Element("script", type="application/ld+json")
        script.text = json.dumps(node)
        document.head.append(script)
    section.element.drop_tree()
    section.element.tail = None
    document.body.append(section.element)
    return Appended(document, address)


def _words(text: str) -> tuple[str, ...]:
    return tuple(WORD.findall(text[:1_000].casefold()))


def _path(address: str) -> str:
    return urlsplit(address).path.rstrip("/")


def _host(address: str) -> str:
    return (urlsplit(address).hostname or "").removeprefix("www.")
