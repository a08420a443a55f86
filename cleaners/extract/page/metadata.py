"""Metadata that a page states about itself: takes a parsed page, gives title, authors, address, site and date; removes nothing.

Structured data (JSON-LD, OpenGraph, HTML meta) comes first, trafilatura's and htmldate's heuristics fill the gaps.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import cache
from html import unescape
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from cleaners.dates import parse_timestamp
from cleaners.extract.page.stated import add_json_ld, read_metas

if TYPE_CHECKING:
    from lxml.etree import XPath
    from lxml.html import HtmlElement
    from trafilatura.settings import Document

# Query parameters that say where a reader came from, not what the page shows: of analytics (`utm_` is Google's, `mtm_`
# and `pk_` Matomo's), advertising clicks, mailings, and the share buttons of news sites.
TRACKING = re.compile(
    r"utm_.*|mtm_.*|pk_.*|hsa_.*|_hs(?:enc|mi)|fb(?:clid|_\w+)|[gd]clid|g(?:ad_source|braid)|wbraid|msclkid|yclid|twclid"
    r"|ttclid|li_fat_id|igshid|igsh|mc_[ce]id|mkt_tok|oly_(?:anon|enc)_id|vero_id|wickedid|s_cid|cmpid|icid|ncid|ocid"
    r"|smid|smtyp|xtor|ito|at_(?:medium|campaign|custom\d|link_\w+|ptr_\w+|format|bbc_team)|ns_\w+|_ga|_gl|ref_?src|__twitter_impression"
    r"|sr_share|soc_src|soc_trk|guccounter|guce_referrer(?:_sig)?|spm|rss|feed(?:Type|Name)|partner|ftag|taid|fbclid",
    re.I,
)
DATE_METAS = (
    *("article:published_time", "og:article:published_time", "og:published_time", "datepublished", "date.published"),
    *(
        "parsely-pub-date",
        "sailthru.date",
        "publishdate",
        "publish-date",
        "published_time",
        "pubdate",
        "dcterms.created",
    ),
    *("dc.date.issued", "dcterms.issued", "dc.date", "dcterms.date", "article.published", "citation_publication_date"),
)
ARTICLE_TYPE = re.compile(r"(?:Article|Posting|Report|Review)$|^(?:Liveblog|Blog)Posting$")
TITLE_SEPARATOR = re.compile(r"(?<!\s)\s+[-–—|·•:»«]\s+|(?<!\s)\s*\|\s*|\|\s*")
BIO_BEHIND = re.compile(r"(?<!\s)\s++(?:is an?|was an?|is the|has been|covers|writes|reports)\s.*", re.S)
SPACES = re.compile(r"\s+")

# Elements where trafilatura looks for an author, without its costly expressions and what they skip.
AUTHOR_NAMES = {
    "class": ("uthor", "yline", "riter", "byl", "BBL", "name", "ted-by", "zuozhe", "bianji", "xiaobian"),
    "id": ("uthor", "zuozhe", "bianji", "xiaobian"),
    "itemprop": ("author",),
    "rel": ("author",),
}
ASIDE_ELEMENTS = frozenset({"a", "div", "section", "span"})
ASIDE_CLASS = re.compile(
    r"^[Cc]omments|commentlist|comments-list|sidebar|is-hidden|quote|embedly-instagram|article-(?:share|support)|print|category"
    r"|meta-date|meta-reviewer|^title$|^date$"
)
ASIDE_ID = re.compile(r"^comments|comment-?list|ProductReviews")


class PageMetadata(NamedTuple):
    """Metadata that a page states about itself; null where it states nothing."""

    title: str | None
    authors: list[str]
    canonical_url: str | None
    site: str | None
    published_at: datetime | None
    is_article: bool
    titles: tuple[str, ...]  # every form of the headline
    descriptions: tuple[str, ...]


def read_metadata(tree: HtmlElement, url: str | None, fetched_at: datetime | None) -> PageMetadata:
    """Read a page's metadata.

    Args:
        tree: the parsed page; it is not changed.
        url: where it was fetched from, if known.
        fetched_at: when, if known: no date after it is believed.

    Returns:
        The metadata; `is_article` says that the page's structured data calls it an article.
    """
    metas = _metas(tree)
    found = _find_names(tree)
    nodes = _own_nodes(list(read_json_ld(tree)), (found.title, metas.get("og:title")))
    is_article = any(map(is_article_node, nodes)) or metas.get("og:type", "").casefold() in {"article", "newsarticle"}
    return PageMetadata(
        title=_without_site(_clean(found.title), _clean(found.sitename)),
        authors=_people(nodes) or [BIO_BEHIND.sub("", name) for name in split_authors(found.author)],
        canonical_url=_canonical(tree, metas, url),
        site=host_of(url) or host_of(found.url) or _clean(found.sitename),
        published_at=_published(tree, nodes, metas) or _find_date(tree, url or found.url, fetched_at),
        is_article=is_article,
        titles=_stated(metas, "title", _clean(found.title)),
        descriptions=_stated(metas, "description"),
    )


def host_of(url: str | None) -> str | None:
    """Return the host of an address in small letters, without `www.`; null where there is none."""
    if not url:
        return None
    try:
        host = urlsplit(url if "//" in url else f"//{url}").hostname
    except ValueError:
        return None
    host = (host or "").casefold().removeprefix("www.")
    return host if "." in host or host == "localhost" else None


def clean_url(url: str) -> str | None:
    """Return an address without fragment and tracking parameters; null where it is no web address.

    Args:
        url: an absolute address.
    """
    try:
        parts = urlsplit(url.strip())
        if parts.scheme.casefold() not in {"http", "https"} or not parts.hostname:
            return None
        pairs = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return None
    kept = [(key, value) for key, value in pairs if not TRACKING.fullmatch(key)]
    # A query that loses nothing stays as it is written: encoding it again could change it.
    query = parts.query if len(kept) == len(pairs) else urlencode(kept)
    return urlunsplit((parts.scheme.casefold(), parts.netloc.casefold(), parts.path or "/", query, ""))


def split_authors(names: str | None) -> list[str]:
    """Split a field of authors at semicolons; each name once, in order, without the marks around it."""
    return list(dict.fromkeys(name for part in (names or "").split(";") if (name := _clean(part.strip(" ,|·–-")))))


def is_front_page(url: str | None) -> bool:
    """Tell whether an address is a site's front page."""
    if not url or not host_of(url):
        return False
    parts = urlsplit(url)
    return re.fullmatch(r"/*(?:(?:index|home|default)(?:\.\w+)?/?)?", parts.path) is not None and not parts.query


def read_json_ld(tree: HtmlElement) -> Iterator[dict[str, Any]]:
    """Yield every object of the page's JSON-LD that has a type, outer ones first; broken scripts are passed over."""
    for script in tree.iterfind(".//script[@type='application/ld+json']"):
        try:
            queue = deque([json.loads((script.text or "").strip().removesuffix(";"), strict=False)])
        except (ValueError, RecursionError):
            continue
        while queue:
            node = queue.popleft()
            if isinstance(node, list):
                queue.extendleft(reversed(node))
            elif isinstance(node, dict):
                if "@type" in node:
                    yield node
                queue += [node[key] for key in ("@graph", "mainEntity", "mainEntityOfPage") if key in node]


def is_article_node(node: dict[str, Any]) -> bool:
    """Tell whether an object of JSON-LD is an article."""
    types = node.get("@type")
    return any(isinstance(t, str) and ARTICLE_TYPE.search(t) for t in (types if isinstance(types, list) else [types]))


def _find_names(tree: HtmlElement) -> Document:
    """Find title, authors and site in trafilatura's own order, without its search for tags, licences and dates."""
    from trafilatura import metadata

    found = read_metas(tree)
    if found.author and " " not in found.author:
        found.author = None  # a login or the site, not a person
    with suppress(Exception):  # of a page whose JSON-LD has an odd shape the rest still counts
        found = add_json_ld(tree, found)
    found.title = found.title or metadata.extract_title(tree)
    found.author = found.author or _find_author(tree)
    found.url = found.url or metadata.extract_url(tree)
    found.sitename = (found.sitename or metadata.extract_sitename(tree) or "").lstrip("@")
    found.clean_and_trim()
    return found


def _find_author(tree: HtmlElement) -> str | None:
    """Find an author by trafilatura's rules in the few elements that could name one: they cost a quarter of a pass on the rest."""
    from lxml.html import Element
    from trafilatura.metadata import extract_author

    few = Element("html")
    taken: set[HtmlElement] = set()
    for element in (found.getparent() for found in _author_path()(tree)):
        around = list(element.iterancestors())
        if taken.isdisjoint(around) and not any(map(_is_aside, (element, *around))):
            taken.add(element)
            copied = deepcopy(element)
            copied.tail = None
            few.append(copied)
    return extract_author(few) if taken else None


@cache
def _author_path() -> XPath:
    from lxml.etree import XPath

    # By attribute and not by element: five times as fast.
    paths = []
    for name, parts in AUTHOR_NAMES.items():
        tests = " or ".join(f"contains(., '{part}')" for part in parts)
        paths.append(f"//@{name}[{tests}]")
    return XPath(" | ".join(paths))


def _is_aside(element: HtmlElement) -> bool:
    """Tell whether what an element holds is of other writers: comments, side bars, quotes."""
    if element.tag not in ASIDE_ELEMENTS:
        return False
    return bool(ASIDE_CLASS.search(element.get("class") or "") or ASIDE_ID.search(element.get("id") or ""))


def _find_date(tree: HtmlElement, url: str | None, fetched_at: datetime | None) -> datetime | None:
    """Search the page's markup for a date; no date a day or more after the page was fetched is believed.

    East of Greenwich a page's date is tomorrow's for half a day, and a clock may be wrong.
    """
    from htmldate import find_date

    # The extensive search costs more than all other metadata and guesses from the page's text.
    latest = ((fetched_at or datetime.now(UTC)) + timedelta(days=1)).strftime("%Y-%m-%d")
    return parse_timestamp(find_date(tree, url=url, original_date=True, extensive_search=False, max_date=latest))


def _clean(value: str | None) -> str | None:
    return SPACES.sub(" ", value or "").strip() or None


def _without_site(title: str | None, site: str | None) -> str | None:
    """Cut ` - Site` from the end of a title where it names the site."""
    if not title or not site:
        return title
    for match in TITLE_SEPARATOR.finditer(title):
        if title[match.end() :].casefold() == site.casefold() and match.start():
            return title[: match.start()]
    return title


def _metas(tree: HtmlElement) -> dict[str, str]:
    """Each `meta` of the page by its name in small letters; the first of a name counts."""
    metas: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop")
        content = element.get("content")
        if name and content and content.strip():
            metas.setdefault(name.strip().casefold(), content.strip())
    return metas


def _own_nodes(nodes: list[dict[str, Any]], titles: tuple[str | None, ...]) -> list[dict[str, Any]]:
    """Leave out the articles of other headlines: infinite scroll and lists of links describe several on one page."""
    headlines = [
        _clean(node["headline"]) for node in nodes if is_article_node(node) and isinstance(node.get("headline"), str)
    ]
    if len(set(headlines)) < 2:
        return nodes
    own = next((headline for headline in headlines if headline in map(_clean, titles)), headlines[0])
    return [
        node
        for node in nodes
        if not is_article_node(node) or not isinstance(node.get("headline"), str) or _clean(node["headline"]) == own
    ]


def _stated(metas: dict[str, str], ending: str, *others: str | None) -> tuple[str, ...]:
    values = [SPACES.sub(" ", value) for name, value in metas.items() if name.endswith(ending)]
    return tuple(dict.fromkeys([*filter(None, others), *values]))


def _people(nodes: list[dict[str, Any]]) -> list[str]:
    """Name the persons whom the structured data of an article calls its authors; organisations are no authors."""
    names: list[str] = []
    for node in filter(is_article_node, nodes):
        authors = node.get("author")
        for author in authors if isinstance(authors, list) else [authors]:
            if isinstance(author, dict) and author.get("@type") == "Person" and isinstance(author.get("name"), str):
                names += split_authors(unescape(author["name"]))
    return list(dict.fromkeys(names))


def _published(tree: HtmlElement, nodes: list[dict[str, Any]], metas: dict[str, str]) -> datetime | None:
    stated = [node.get("datePublished") for node in nodes if is_article_node(node)]
    stated += [node.get("datePublished") for node in nodes if not is_article_node(node)]
    stated += [metas.get(name) for name in DATE_METAS]
    stated += [element.get("datetime") for element in tree.iterfind(".//time[@datetime]") if _is_publication(element)]
    return next((date for value in stated if isinstance(value, str) and (date := parse_timestamp(value))), None)


def _is_publication(element: HtmlElement) -> bool:
    return "pubdate" in element.attrib or (element.get("itemprop") or "").casefold() == "datepublished"


def _canonical(tree: HtmlElement, metas: dict[str, str], url: str | None) -> str | None:
    """Clean the page's own address; a front page given as the address of every page is a mistake of the site."""
    links = [e.get("href") for e in tree.iter("link") if "canonical" in (e.get("rel") or "").casefold().split()]
    for stated in (*links, metas.get("og:url")):
        if not stated:
            continue
        try:
            address = clean_url(urljoin(url or "", stated.strip()))
        except ValueError:
            continue
        if address and not (is_front_page(address) and not is_front_page(url)):
            return address
    return None
