"""An HTML page to its story: takes the page's source, gives text and metadata, or says why it is no article.

Removes what lies outside the story by trafilatura's precise mode, or its default where that finds too little.
"""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Callable, Iterator
from copy import copy
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple, cast

from cleaners.errors import Rejected
from cleaners.extract.blocks.blocks import Blocks, split_blocks
from cleaners.extract.blocks.describe import PageFacts
from cleaners.extract.blocks.rewrite import rewrite_story
from cleaners.extract.config import ExtractConfig
from cleaners.extract.engine.cascade import keep_by_trafilatura
from cleaners.extract.engine.precise import keep_precisely
from cleaners.extract.page.addresses import is_front_page
from cleaners.extract.page.appended import Appended, cut_appended
from cleaners.extract.page.metadata import PageMetadata, read_metadata, with_byline
from cleaners.extract.page.parse import parse_page, slim_page
from cleaners.extract.text.plain import WORD, count_words

if TYPE_CHECKING:
    from lxml.etree import _Element
    from lxml.html import HtmlElement

# trafilatura's own XML: elements that start a line, and those that keep their line ends.
LINE_ELEMENTS = frozenset({"p", "head", "item", "list", "quote", "table", "row", "lb", "code", "fw", "ab", "graphic"})
VERBATIM_ELEMENTS = frozenset({"code", "pre"})
# Titles and descriptions that blocks are compared with; 856 real pages have 28 at most.
MAX_STATED = 100
UNJUDGED = (
    0.4  # confidence in a body whose blocks could not be judged, below what is doubtful: 4 of 8 labelled ones are right
)
SENTENCE = re.compile(r"[.!?…。！？।؟][\"'”’»)\]*]*\s*$")


# Gives the tree of a page as it was before trafilatura took it apart.
ParseAgain = Callable[[], "HtmlElement"]


class Page(NamedTuple):
    """The story of a page."""

    text: str
    metadata: PageMetadata
    extractor: str
    confidence: float = 0.0  # that the text is the page's story, whole and alone
    appended: tuple[Page, ...] = ()  # the articles that infinite scroll put below it


class OpenedPage(NamedTuple):
    """A page parsed, with what trafilatura keeps of it."""

    blocks: Blocks
    title: str  # of the title element
    parse_again: ParseAgain
    metadata: PageMetadata
    facts: PageFacts
    mode: str
    text: str
    appended: tuple[Appended, ...]  # cut out of the tree, not yet opened


def extract_page(source: str, url: str | None, fetched_at: datetime | None, config: ExtractConfig) -> Page:
    """Extract the story of a page.

    Args:
        source: the page, decoded.
        url: where it was fetched from, if known.
        fetched_at: when it was fetched, if known.
        config: thresholds.

    Returns:
        The story, one paragraph a line, without markup; the headline is in the metadata, not in the text.

    Raises:
        Rejected: stage `extract`, reason `no_article`.
    """
    page = open_page(source, url, fetched_at, config)
    story = _read_story(page, url, config)
    return story._replace(appended=tuple(_read_appended(page.appended, story.metadata, fetched_at, config)))


def _read_story(page: OpenedPage, url: str | None, config: ExtractConfig) -> Page:
    """Give the story of an opened page, or refuse it."""
    metadata = page.metadata
    n_words = count_words(page.text, max(config.min_words, config.block_page_words))
    _refuse_block_page(page, n_words, config)
    if not n_words:
        raise Rejected("extract", "no_article", "no text outside navigation and boilerplate")
    if is_front_page(url) and not metadata.is_article:
        raise Rejected("extract", "no_article", "the front page of a site")
    text, confidence = page.text, UNJUDGED
    if n_words >= config.min_words and not _has_sentence(text, config.min_sentence_words):
        n_words = count_words(text)
        raise Rejected("extract", "no_article", f"{n_words} words in lines without a sentence: a list, not a story")
    if config.judges_blocks:
        rewritten = rewrite_story(page.blocks, text.split("\n"), page.facts, config)
        if rewritten.is_section and not metadata.is_article:
            raise Rejected(
                "extract", "no_article", "a section page: short texts under headlines that lead to other pages"
            )
        story = "\n".join(rewritten.lines)
        # What was an article before must be one after.
        if _has_sentence(story, config.min_sentence_words) and count_words(story, config.min_words) >= min(
            n_words, config.min_words
        ):
            text = story
            confidence = UNJUDGED if rewritten.confidence is None else rewritten.confidence
            metadata = with_byline(metadata, rewritten.authors)
    return Page(text, metadata, f"trafilatura {_version()} {page.mode}", confidence)


def _read_appended(
    appended: tuple[Appended, ...], of_page: PageMetadata, fetched_at: datetime | None, config: ExtractConfig
) -> Iterator[Page]:
    """Give the stories of the appended articles; one without a story is a teaser and goes with what lies outside."""
    for article in appended:
        try:
            opened = _open_appended(article, fetched_at, config)
            story = _read_story(opened, article.address, config)
        except Rejected:
            continue
        if count_words(story.text, config.min_words) >= config.min_words:
            yield story._replace(metadata=story.metadata._replace(site=of_page.site or story.metadata.site))


def open_page(source: str, url: str | None, fetched_at: datetime | None, config: ExtractConfig) -> OpenedPage:
    """Parse a page, read its metadata and take what trafilatura keeps of it, without a repeated headline.

    Args:
        source: the page, decoded.
        url: where it was fetched from, if known.
        fetched_at: when it was fetched, if known.
        config: when trafilatura's default mode is tried.

    Raises:
        Rejected: stage `extract`, reason `no_article`, for what is not an HTML page.
    """
    tree = parse_page(source)
    if tree is None:
        raise Rejected("extract", "no_article", "not an HTML page: the parser finds no document in it")
    metadata = read_metadata(tree, url, fetched_at)

    def prepare(tree: HtmlElement) -> list[Appended]:
        appended = cut_appended(tree, metadata, url, config) if config.splits_appended else []
        slim_page(tree)
        return appended

    def parse_again() -> HtmlElement:
        tree = cast("HtmlElement", parse_page(source))
        prepare(tree)
        return tree

    appended = prepare(tree)
    return _take_apart(tree, metadata, parse_again, config)._replace(appended=tuple(appended))


def _open_appended(article: Appended, fetched_at: datetime | None, config: ExtractConfig) -> OpenedPage:
    metadata = read_metadata(article.tree, article.address, fetched_at)
    slim_page(article.tree)
    again = copy(article.tree)
    return _take_apart(article.tree, metadata, lambda: again, config)


def _take_apart(
    tree: HtmlElement, metadata: PageMetadata, parse_again: ParseAgain, config: ExtractConfig
) -> OpenedPage:
    """Split a page into blocks, then let trafilatura take it apart: copying each costs more than parsing one in 25 again."""
    title = tree.find(".//title")
    headlines = [" ".join(" ".join(h1.itertext()).split()) for h1 in tree.iter("h1")]
    facts = PageFacts(
        tuple(filter(None, dict.fromkeys((*metadata.titles, *headlines))))[:MAX_STATED],
        metadata.descriptions[:MAX_STATED],
        tuple(metadata.authors),
        metadata.site or "",
    )
    blocks = split_blocks(tree)
    mode, text = _extract_best(tree, parse_again, config)
    text = _without_headline(text, [metadata.title or "", *headlines])
    return OpenedPage(
        blocks, (title.text or "").strip() if title is not None else "", parse_again, metadata, facts, mode, text, ()
    )


def _extract_best(tree: HtmlElement, parse_again: ParseAgain, config: ExtractConfig) -> tuple[str, str]:
    """Precise mode, or the default where it yields too little."""
    # Before the post-pass the comparison with other extractors gains nothing (docs/models-extraction.md) and costs a third.
    body = keep_precisely(tree) if config.judges_blocks else keep_by_trafilatura(tree, is_precise=True)
    precise = _write(body, is_precise=True)
    n_words = count_words(precise, config.fallback_words)
    if n_words < config.fallback_words:
        broad = _write(keep_by_trafilatura(parse_again(), is_precise=False), is_precise=False)
        if count_words(broad) >= config.fallback_gain * max(1, n_words):
            return "default", broad
    return "precision", precise


def _write(body: _Element | None, *, is_precise: bool) -> str:
    if body is None:
        return ""
    # Where nothing else is found, the default mode gives the page as one paragraph with a line for each text in it.
    return "\n".join(_lines(body, keeps_breaks=not is_precise and len(body) == 1))


def _lines(body: _Element, *, keeps_breaks: bool) -> list[str]:
    """Write trafilatura's body one paragraph a line, cells of a row between tabs, without its list and table marks."""
    from lxml.etree import iterwalk

    parts: list[str] = []
    verbatim, cells = int(keeps_breaks), 0
    for event, element in iterwalk(body, events=("start", "end")):
        tag = element.tag
        mark = "\n" if tag in LINE_ELEMENTS else ""
        step = 1 if event == "start" else -1
        verbatim += step * (tag in VERBATIM_ELEMENTS)
        cells += step * (tag == "cell")
        if event == "end" and tag == "cell":
            mark = "\t"
        text = (element.text if event == "start" else element.tail) or ""
        if not verbatim:  # a line end within a paragraph is a space in HTML
            text = text.replace("\n", " ").replace("\t", " ")
        parts.append((mark + text).replace("\n", " ") if cells else mark + text)
    lines = "".join(parts).split("\n")
    clean = ("\t".join(" ".join(html.unescape(cell).split()) for cell in line.split("\t")).strip() for line in lines)
    return [line for line in clean if line]


def _without_headline(text: str, headlines: list[str]) -> str:
    """Drop first lines that repeat the headline word for word: it is in `title`. 10 % of pages have one."""
    known = {_words(headline) for headline in headlines} - {()}
    while "\n" in text:
        first, rest = text.split("\n", 1)
        if _words(first) not in known:
            break
        text = rest
    return text


def _words(line: str) -> tuple[str, ...]:
    return tuple(WORD.findall(line.casefold())) if len(line) <= 1_000 else ()


def _has_sentence(text: str, min_words: int) -> bool:
    for line in text.split("\n"):
        n_words = count_words(line)
        if n_words >= 3 * min_words or (n_words >= min_words and SENTENCE.search(line)):
            return True
    return False


def _refuse_block_page(page: OpenedPage, n_words: int, config: ExtractConfig) -> None:
    """Refuse walls, challenges and error pages."""
    if n_words >= config.block_page_words or page.metadata.is_article:
        return
    visible = page.text or " ".join(
        " ".join(page.parse_again().xpath("//body//text()[not(parent::script or parent::style)]")).split()
    )
    fields = {"title": f"{page.title[:400]}\n{(page.metadata.title or '')[:400]}", "text": visible[:4_000]}
    for rule_id, field, pattern in _block_rules():
        if pattern.search(fields[field]):
            shown = page.title or visible
            raise Rejected("extract", "no_article", f"a wall or an error page ({rule_id}): {shown:.80}")


@cache
def _block_rules() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    table = tomllib.loads((files("cleaners") / "rules" / "block_pages.toml").read_text(encoding="utf-8"))
    return tuple((row["id"], row["field"], re.compile(row["pattern"], re.I | re.M)) for row in table["rule"])


@cache
def _version() -> str:
    from importlib.metadata import version

    return version("trafilatura")
