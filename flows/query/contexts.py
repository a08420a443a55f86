"""Articles and places in them, for a person to look at: who published it, the sentence around a place, what stands beside it.

Takes a snapshot and the ids of articles, gives their texts a file at a time, so that memory holds one file's; what is kept of
a text is some hundred characters.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

import polars as pl

from cleaners.junk.page.page import split_sentences
from cleaners.schemas import Articles
from flows.store.snapshots import Snapshot

SENTENCE_CHARS = 400  # on either side of a place: longer sentences are cut
BESIDE_CHARS = 200  # before and after the sentence: two or three more

_COLUMNS = ["article_id", "title", "source_uri", "site", "url", "canonical_url", "agency", "published_at"]


class About(NamedTuple):
    """What an editor needs to know of an article; `label` is its headline, else the name of its input."""

    article_id: str
    label: str
    site: str
    address: str  # of the page, empty where it is not known
    agency: str
    published_at: datetime | None


class Context(NamedTuple):
    """A place within its sentence, and the text before and after that."""

    lead: str
    before: str
    surface: str
    after: str
    tail: str


def read_articles(snapshot: Snapshot, ids: Iterable[str]) -> Iterator[tuple[About, str]]:
    """Read some articles with their texts, file by file.

    Args:
        snapshot: where they are.
        ids: `article_id` of those wanted; ids that are not there are passed over.
    """
    wanted = pl.Series(sorted(set(ids)), dtype=pl.String)
    if wanted.is_empty():
        return
    schema = Articles.create_empty().schema
    for path in snapshot.files("articles"):
        rows = pl.scan_parquet(path, glob=False)
        missing = [pl.lit(None, schema[name]).alias(name) for name in _COLUMNS if name not in rows.collect_schema()]
        found = rows.with_columns(missing).filter(pl.col("article_id").is_in(wanted.implode()))
        for row in found.select(*_COLUMNS, "text").collect().iter_rows(named=True):
            yield _describe(row), row["text"]


def _describe(row: dict[str, Any]) -> About:
    address = next(
        (one for one in (row["url"], row["canonical_url"]) if one and one.startswith(("http://", "https://"))), ""
    )
    name = row["source_uri"].rstrip("/").rpartition("/")[2]
    label = " ".join((row["title"] or "").split()) or name
    return About(row["article_id"], label, row["site"] or "", address, row["agency"] or "", row["published_at"])


def find_context(text: str, start: int, end: int) -> Context:
    """The sentence around a place in a text, and what stands beside it, each cut at the ends of words.

    Args:
        text: of the article.
        start: of the place, in code points.
        end: one past its last.
    """
    first, last = _line_of(text, start, end)
    for begin, stop in split_sentences(text, first, last):
        if begin <= start < stop:
            first = begin
        if begin < end <= stop:
            last = stop
            break
    first, last = max(first, start - SENTENCE_CHARS), min(last, end + SENTENCE_CHARS)
    return Context(
        _cut_front(text, max(0, first - BESIDE_CHARS), first),
        _cut_front(text, first, start) if first == start - SENTENCE_CHARS > 0 else text[first:start],
        text[start:end],
        _cut_end(text, end, last) if last == end + SENTENCE_CHARS else text[end:last],
        _cut_end(text, last, min(len(text), last + BESIDE_CHARS)),
    )


def _line_of(text: str, start: int, end: int) -> tuple[int, int]:
    """The line around a place, no further than a sentence may reach on either side."""
    first = text.rfind("\n", max(0, start - 2 * SENTENCE_CHARS), start) + 1 or max(0, start - 2 * SENTENCE_CHARS)
    last = text.find("\n", end, end + 2 * SENTENCE_CHARS)
    return first, last if last >= 0 else min(len(text), end + 2 * SENTENCE_CHARS)


def _cut_front(text: str, start: int, end: int) -> str:
    part = text[start:end]
    if start == 0 or not part:
        return part
    return f"… {part.lstrip() if text[start - 1].isspace() else part.partition(' ')[2]}"


def _cut_end(text: str, start: int, end: int) -> str:
    part = text[start:end]
    if end == len(text) or not part:
        return part
    return f"{part.rstrip() if text[end].isspace() else part.rpartition(' ')[0]} …"
