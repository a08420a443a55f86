"""The three functions for notebooks and other programs, on strings or on a polars frame.

Takes texts, gives frames; the same steps as the flow, with one batch as the whole world. Nothing is written anywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

import polars as pl

from cleaners.config import CleaningConfig
from cleaners.document import make_id, sha256_hex
from cleaners.errors import CopydeskError
from cleaners.extract import RAW_SCHEMA, extract_articles
from cleaners.junk import gather_evidence, learn_evidence, strip_articles
from cleaners.names import CheckedNames
from cleaners.names import check_names as check_names_of_frame
from cleaners.neardup import NearDuplicates
from cleaners.neardup import find_near_duplicates as find_near_duplicates_of_frame

Texts = str | Sequence[str] | pl.DataFrame


class Cleaned(NamedTuple):
    """Frames with the columns of the published tables: `articles`, `removed_spans`, `suspected_spans` and `rejects`."""

    articles: pl.DataFrame
    removed_spans: pl.DataFrame
    suspected_spans: pl.DataFrame
    rejects: pl.DataFrame


def clean(
    documents: Texts, *, media: Literal["text", "html"] = "text", config: CleaningConfig | None = None
) -> Cleaned:
    """Extract, repair and strip documents, and salvage the articles embedded in them.

    Args:
        documents: one text, several, or a frame with a column `text` or `html` and, if known, `url`, `title`, `site`,
            `published_at`. They are cleaned as one batch: what repeats over a site's documents is junk.
        media: what strings are; a frame's column says it itself.
        config: settings of the steps.

    Returns:
        The cleaned articles in the order of the documents, each followed by those salvaged from it; every removed
        passage with rule and confidence; what may be junk but stays, with the reason; what did not become an article,
        with the reason.

    Raises:
        CopydeskError: the frame has neither a column `text` nor `html`.
    """
    config = config or CleaningConfig()
    records = make_records(documents, media)
    extracted = extract_articles(records, config.extract, config.text)
    evidence = learn_evidence([gather_evidence(extracted.documents, config.strip)], config.strip)
    stripped = strip_articles(extracted.documents, evidence, config.strip)
    return Cleaned(
        stripped.articles,
        stripped.removed_spans,
        stripped.suspected_spans,
        pl.concat([extracted.rejects, stripped.rejects], how="vertical_relaxed"),
    )


def find_near_duplicates(articles: Texts, *, config: CleaningConfig | None = None) -> NearDuplicates:
    """Find which texts are copies of one another, or nearly.

    Args:
        articles: texts, or a frame with `text` and, if known, `article_id`, `title`, `site`, `published_at`; the
            `articles` of `clean` as they are.
        config: settings of the steps.

    Returns:
        `clusters`, a row an article, and `pairs`, a row a verified pair with its evidence.
    """
    return find_near_duplicates_of_frame(_articles(articles), (config or CleaningConfig()).near_duplicates)


def check_names(articles: Texts, *, config: CleaningConfig | None = None) -> CheckedNames:
    """Compare the names in some texts with each other and with the authority file.

    Args:
        articles: as for `find_near_duplicates`.
        config: settings of the steps.

    Returns:
        `mentions`, `flags` with their evidence, and `articles` with people and the normalised text.
    """
    config = config or CleaningConfig()
    frame = _articles(articles)
    clusters = find_near_duplicates_of_frame(frame, config.near_duplicates).clusters
    return check_names_of_frame(frame, config.names, clusters=clusters)


def make_records(documents: Texts, media: str) -> pl.DataFrame:
    """The frame that extraction takes, of strings or of a frame with a column `text` or `html`."""
    if isinstance(documents, pl.DataFrame):
        column = next((name for name in ("text", "html") if name in documents.columns), None)
        if column is None:
            raise CopydeskError(
                f"The frame has the columns {', '.join(documents.columns)}.", "It needs one called text or html."
            )
        frame = documents.rename({column: "content"}).with_columns(media=pl.lit(column))
    else:
        frame = pl.DataFrame({"content": _listed(documents)}, schema={"content": pl.String}).with_columns(
            media=pl.lit(media)
        )
    frame = frame.with_columns(pl.col("content").fill_null(""))
    contents = frame["content"].to_list()
    digests = [sha256_hex(content) for content in contents]
    given: dict[str, list[str] | list[int]] = {
        "article_id": _ids(digests, frame["url"].to_list() if "url" in frame.columns else [""] * len(digests)),
        "source_uri": [f"memory#{number}" for number in range(len(digests))],
        "raw_sha256": digests,
        "n_bytes": [len(content.encode("utf-8", "surrogatepass")) for content in contents],
    }
    frame = frame.drop(set(given) & set(frame.columns)).with_columns(**{k: pl.Series(v) for k, v in given.items()})
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in RAW_SCHEMA.items() if name not in frame.columns]
    return frame.with_columns(missing).select(RAW_SCHEMA.names()).cast(dict(RAW_SCHEMA))  # type: ignore[arg-type]


def _articles(texts: Texts) -> pl.DataFrame:
    """The frame that the later steps take."""
    frame = (
        texts if isinstance(texts, pl.DataFrame) else pl.DataFrame({"text": _listed(texts)}, schema={"text": pl.String})
    )
    if "text" not in frame.columns:
        raise CopydeskError(f"The frame has the columns {', '.join(frame.columns)}.", "It needs one called text.")
    columns = {"title": pl.String(), "site": pl.String(), "published_at": pl.Datetime("us", "UTC")}
    frame = frame.with_columns(
        [pl.lit(None, dtype).alias(name) for name, dtype in columns.items() if name not in frame.columns]
    )
    if "article_id" not in frame.columns:
        digests = [sha256_hex(text or "") for text in frame["text"]]
        frame = frame.with_columns(article_id=pl.Series(_ids(digests, [""] * len(digests)), dtype=pl.String))
    return frame


def _ids(digests: list[str], names: list[str | None]) -> list[str]:
    """Stable ids; the second of two equal documents is distinguished by its number."""
    seen: Counter[tuple[str, str | None]] = Counter()
    ids = []
    for digest, name in zip(digests, names, strict=True):
        seen[digest, name] += 1
        again = (str(seen[digest, name]),) if seen[digest, name] > 1 else ()
        ids.append(make_id("article", digest, name or "", *again))
    return ids


def _listed(texts: str | Sequence[str]) -> list[str]:
    return [texts] if isinstance(texts, str) else list(texts)
