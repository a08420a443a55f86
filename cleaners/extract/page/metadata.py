"""Metadata that a page states about itself: takes a parsed page, gives title, authors, address, site and date; removes nothing.

Each value is chosen among what the page's sources say, in a fixed order that the modules beside this one state, and bears the
name of its source; what the sources disagree on is a doubt. Structured data and metas come first, trafilatura's and htmldate's
heuristics fill the gaps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from cleaners.dates import parse_timestamp
from cleaners.extract.page.addresses import find_canonical, host_of
from cleaners.extract.page.authors import Field, choose_authors, read_element, read_field, read_nodes
from cleaners.extract.page.elements import find_author
from cleaners.extract.page.evidence import Names, Value, clean, list_words, name_site, words_of
from cleaners.extract.page.instants import Instant, choose_instant, read_days, read_times, refine_day
from cleaners.extract.page.json_ld import Node, is_article_node, list_strings, list_types, read_json_ld
from cleaners.extract.page.titles import Title, choose_title

if TYPE_CHECKING:
    from lxml.html import HtmlElement

Metas = dict[str, list[str]]

# Metas by their names in small letters, the surest first.
TITLE_METAS = (
    *(
        "og:title",
        "dc.title",
        "dcterms.title",
        "headline",
        "citation_title",
        "parsely-title",
        "sailthru.title",
        "title",
    ),
    "twitter:title",
)
AUTHOR_METAS = (
    *(
        "author",
        "article:author",
        "og:author",
        "og:article:author",
        "article:author_name",
        "authors",
        "byl",
        "dc.creator",
    ),
    *("dcterms.creator", "dcsext.author", "sailthru.author", "parsely-author", "citation_author", "cxenseparse:author"),
    *("mrf:authors", "rbauthors", "articleauthor", "shareaholic:article_author_name", "creator"),
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
    *("date", "dc.date.created", "article:published", "cxenseparse:recs:publishtime", "publication_date"),
)
SITE_METAS = (
    "og:site_name",
    "application-name",
    "twitter:site",
    "publisher",
    "dc.publisher",
    "apple-mobile-web-app-title",
)
OPENGRAPH = ("og:", "article:")
MAX_METAS = 40  # of one name
MAX_HEADINGS = 10


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
    sources: dict[str, str | None]  # of each field by its name, a code of `METADATA_SOURCES`
    doubts: tuple[str, ...]  # codes of `METADATA_DOUBTS`
    names_people: bool  # whether `authors` are people


def read_metadata(tree: HtmlElement, url: str | None, fetched_at: datetime | None) -> PageMetadata:
    """Read a page's metadata.

    Args:
        tree: the parsed page; it is not changed.
        url: where it was fetched from, if known.
        fetched_at: when, if known: no date after it is believed.

    Returns:
        The metadata; `is_article` says that the page's structured data calls it an article.
    """
    metas = _read_metas(tree)
    headings = [text for h1 in _first_headings(tree) if (text := clean(h1.text_content()))]
    all_nodes = list(read_json_ld(tree))
    nodes = _own_nodes(all_nodes, [*metas.get("og:title", ()), *headings])
    articles = list(filter(is_article_node, nodes))
    canonical, canonical_source = find_canonical(tree, _first(metas, "og:url"), url)
    address = url or canonical or _first(metas, "og:url")
    names = name_site(_site_names(metas, all_nodes), {host_of(url), host_of(canonical)})
    title = _title(tree, metas, articles, headings, names)
    authors = choose_authors(_author_fields(tree, metas, all_nodes, articles, names), tree)
    instant = _published(tree, nodes, metas, title, address, fetched_at)
    site, site_source = _site(url, canonical, metas)
    return PageMetadata(
        title=title.value,
        authors=authors.names,
        canonical_url=canonical,
        site=site,
        published_at=instant.value,
        is_article=bool(articles) or (_first(metas, "og:type") or "").casefold() in {"article", "newsarticle"},
        titles=_all_forms(metas, "title", title.value),
        descriptions=_all_forms(metas, "description"),
        sources={
            "title": title.source,
            "authors": authors.source,
            "canonical_url": canonical_source,
            "site": site_source,
            "published_at": instant.source,
        },
        doubts=(*(("title_differs",) if title.differs else ()), *authors.doubts, *instant.doubts),
        names_people=authors.are_people,
    )


def with_byline(metadata: PageMetadata, names: Sequence[str]) -> PageMetadata:
    """Give a page that names no person as its author the people of a byline found beside its story."""
    if metadata.names_people or not names:
        return metadata
    doubts = tuple(doubt for doubt in metadata.doubts if doubt not in {"author_is_outlet", "byline_unread"})
    sources = {**metadata.sources, "authors": "byline"}
    return metadata._replace(authors=[*names], sources=sources, doubts=doubts, names_people=True)


def _first(metas: Metas, name: str) -> str | None:
    return next(iter(metas.get(name, ())), None)


def _source(name: str) -> str:
    return "opengraph" if name.startswith(OPENGRAPH) else "meta"


def _read_metas(tree: HtmlElement) -> Metas:
    """The contents of the page's metas by their names in small letters, in page order."""
    metas: Metas = {}
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop")
        content = (element.get("content") or "").strip()
        if name and content:
            values = metas.setdefault(name.strip().casefold(), [])
            if len(values) < MAX_METAS:
                values.append(content)
    return metas


def _first_headings(tree: HtmlElement) -> Iterator[HtmlElement]:
    for number, heading in enumerate(tree.iter("h1")):
        if number >= MAX_HEADINGS:
            break
        yield heading


def _own_nodes(nodes: list[Node], titles: list[str]) -> list[Node]:
    """Leave out the articles of other headlines: infinite scroll and lists of links describe several on one page."""
    headlines = {id(node): _headline(node) for node in nodes if is_article_node(node)}
    known = [headline for headline in headlines.values() if headline]
    if len(set(known)) < 2:
        return nodes
    stated = [words_of(title) for title in titles]
    own = next((h for h in known if words_of(h) in stated), None)
    own = own or next((h for h in known if any(_begins(words, words_of(h)) for words in stated)), known[0])
    return [node for node in nodes if headlines.get(id(node)) in (None, own)]


def _headline(node: Node) -> str | None:
    return clean(next(iter(list_strings(node.get("headline"))), None))


def _begins(words: list[str], beginning: list[str]) -> bool:
    return bool(beginning) and words[: len(beginning)] == beginning


def _site_names(metas: Metas, nodes: list[Node]) -> list[str]:
    """What the page calls its site."""
    found = [value.lstrip("@") for name in SITE_METAS for value in metas.get(name, ())[:2] if "://" not in value]
    known = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str)}
    for node in nodes:
        if "WebSite" in list_types(node):
            found += list_strings(node.get("name"))
        publisher = node.get("publisher")
        for one in publisher if isinstance(publisher, list) else [publisher]:
            if isinstance(one, dict):
                found += list_strings(one.get("name") or known.get(str(one.get("@id")), {}).get("name"))
    return found[:MAX_METAS]


def _title(tree: HtmlElement, metas: Metas, articles: list[Node], headings: list[str], names: Names) -> Title:
    from trafilatura.metadata import extract_title

    stated = [Value(value, _source(name)) for name in TITLE_METAS for value in metas.get(name, ())[:1]]
    structured = [Value(headline, "json_ld") for node in articles if (headline := _headline(node))][:3]
    stated += structured
    if not stated and (found := clean(extract_title(tree))):
        stated = [Value(found, "heading" if found in headings else "title")]
    bounds = [*structured, *(Value(heading, "heading") for heading in headings)]
    bounds += [Value(value, "meta") for value in metas.get("twitter:title", ())[:1]]
    return choose_title(stated, bounds, names)


def _author_fields(
    tree: HtmlElement, metas: Metas, nodes: list[Node], articles: list[Node], names: Names
) -> Iterator[Field]:
    """What the sources of a page name as its authors, the surest first; each is read when it is needed."""
    yield Field(read_nodes(nodes, articles, names), "json_ld")
    for name in AUTHOR_METAS:
        if name in metas:
            yield Field(read_field(metas[name], names), _source(name))
    for number in ("1", "2"):  # of WordPress: `Written by` and the name
        if (_first(metas, f"twitter:label{number}") or "").casefold() in list_words("introductions"):
            yield Field(read_field(metas.get(f"twitter:data{number}", ()), names), "meta")
    people = [node for node in nodes if "Person" in list_types(node)]
    if len(people) == 1:  # whom the page describes beside itself, as WordPress does its author
        yield Field(read_nodes((), [{"author": people}], names), "json_ld")
    if found := find_author(tree):
        yield Field(read_element(found, names), "byline")


def _published(
    tree: HtmlElement, nodes: list[Node], metas: Metas, title: Title, address: str | None, fetched_at: datetime | None
) -> Instant:
    """When the page says it was published, else when its markup does."""
    structured = [node for node in nodes if is_article_node(node)] + [n for n in nodes if not is_article_node(n)]
    stated = [Value(value, "json_ld") for node in structured for value in list_strings(node.get("datePublished"))[:1]]
    stated += [Value(value, _source(name)) for name in DATE_METAS for value in metas.get(name, ())[:1]]
    stated += [Value(value, "time") for value in read_times(tree)]
    stated += [Value(day, title.source or "title") for day in read_days([title.added_date])]
    chosen = choose_instant(stated[:MAX_METAS], fetched_at)
    if chosen.value:
        return chosen
    found = refine_day(_find_date(tree, address, fetched_at), tree, fetched_at)
    return found._replace(doubts=(*chosen.doubts, *found.doubts))


def _find_date(tree: HtmlElement, url: str | None, fetched_at: datetime | None) -> datetime | None:
    """Search the page's markup for a date; no date a day or more after the page was fetched is believed.

    East of Greenwich a page's date is tomorrow's for half a day, and a clock may be wrong.
    """
    from htmldate import find_date

    # The extensive search costs more than all other metadata and guesses from the page's text.
    latest = ((fetched_at or datetime.now(UTC)) + timedelta(days=1)).strftime("%Y-%m-%d")
    try:
        found = find_date(tree, url=url, original_date=True, extensive_search=False, max_date=latest)
    except AssertionError:  # lxml's, where the page's root is one of the elements that htmldate removes
        return None
    return parse_timestamp(found)


def _all_forms(metas: Metas, ending: str, *others: str | None) -> tuple[str, ...]:
    values = [clean(values[0]) for name, values in metas.items() if name.endswith(ending)]
    return tuple(filter(None, dict.fromkeys([*others, *values])))


def _site(url: str | None, canonical: str | None, metas: Metas) -> tuple[str | None, str | None]:
    """The outlet: the host of the page's address, else the name that the page gives."""
    for host, source in (
        (host_of(url), "address"),
        (host_of(canonical), "link"),
        (host_of(_first(metas, "og:url")), "opengraph"),
    ):
        if host:
            return host, source
    for name in SITE_METAS:
        if value := clean((_first(metas, name) or "").lstrip("@")):
            return value, _source(name)
    return None, None
