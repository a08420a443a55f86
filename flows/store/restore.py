"""Documents out of a snapshot: the extracted texts of published articles, put together again from their spans.

When only stripping changed, an article need not be read and extracted again: what it lost stands in `removed_spans`.
"""

from typing import NamedTuple

import polars as pl

from cleaners.document import DOCUMENT_SCHEMA, REJECT_SCHEMA
from cleaners.junk import restore
from cleaners.junk.salvage import SALVAGE_EXTRACTOR
from flows.store.snapshots import Snapshot

PUBLISHED_FORMAT = "published"  # of a piece that is a file of the last snapshot's articles
# Spans whose names stripping puts into the article's own columns.
BYLINE_RULE = "byline-author"
AGENCY_CATEGORY = "agency_credit"


class PublishedFile(NamedTuple):
    """A file of the last snapshot's articles with documents to restore."""

    path: str
    n_documents: int
    n_bytes: int


def input_of(source_uri: pl.Expr) -> pl.Expr:
    """The input that a record's address names: what stands before `#n`."""
    return source_uri.str.replace(r"#\d+$", "")


def find_restorable(previous: Snapshot, inputs: pl.DataFrame) -> tuple[list[str], list[PublishedFile]]:
    """Say which inputs can be restored from the snapshot, and from which of its files.

    Args:
        previous: the last snapshot.
        inputs: rows of its `index/inputs` whose extraction still holds.

    Returns:
        The `input_id`s whose every record became an article or was rejected before stripping, and the files.
    """
    lost = (
        previous.scan("rejects", REJECT_SCHEMA)
        .filter(pl.col("stage").is_in(["strip", "contracts"]))
        .select(source_uri=input_of(pl.col("source_uri")))
        .collect()
    )
    whole = inputs.join(lost, on="source_uri", how="anti")
    wanted = whole.select("source_uri").lazy()
    found = []
    for path in previous.files("articles"):
        of_inputs = (
            pl.scan_parquet(path, glob=False)
            .filter(pl.col("extractor") != SALVAGE_EXTRACTOR)
            .select(source_uri=input_of(pl.col("source_uri")), n=pl.col("text").str.len_bytes())
            .join(wanted, on="source_uri", how="semi")
        )
        n_documents, n_bytes = of_inputs.select(pl.len(), pl.col("n").sum()).collect().row(0)
        if n_documents:
            found.append(PublishedFile(str(path), n_documents, n_bytes))
    return whole["input_id"].to_list(), found


def restore_documents(previous: Snapshot, path: str, part: int, n_parts: int, wanted: pl.DataFrame) -> pl.DataFrame:
    """The documents of one file of articles, as extraction gave them.

    Args:
        previous: the snapshot that holds the file.
        path: the file.
        part: which part of its documents, from 0.
        n_parts: how many parts they are dealt into.
        wanted: the inputs to restore, by `source_uri`.

    Returns:
        A frame of `DOCUMENT_SCHEMA`.
    """
    articles = (
        pl.scan_parquet(path, glob=False)
        .filter(pl.col("extractor") != SALVAGE_EXTRACTOR)
        .with_columns(input=input_of(pl.col("source_uri")))
        .join(wanted.lazy().select(input="source_uri"), on="input", how="semi")
        .select(DOCUMENT_SCHEMA.names())
        .collect()
        .sort("article_id")
        .gather_every(n_parts, part)
    )
    spans = (
        previous.scan("removed_spans", pl.Schema())
        .join(articles.lazy().select("article_id"), on="article_id", how="semi")
        .select("article_id", "start", "text", "rule_id", "category")
        .sort("article_id", "start")
        .collect()
    )
    removed = {
        str(article_id): list(rows.select("start", "text").iter_rows())
        for (article_id,), rows in spans.group_by(["article_id"], maintain_order=True)
    }
    texts = [
        restore(text, removed.get(article_id, ())) for article_id, text in articles.select("article_id", "text").rows()
    ]
    # Values that stripping itself put into these columns stand in what it removed.
    bylines = _texts_of(spans, pl.col("rule_id") == BYLINE_RULE)
    credits = _texts_of(spans, pl.col("category") == AGENCY_CATEGORY)
    authors, agencies = [], []
    for article_id, names, agency in articles.select("article_id", "authors", "agency").rows():
        authors.append([name for name in names if name.casefold() not in bylines.get(article_id, "")])
        agencies.append(None if agency and agency.casefold() in credits.get(article_id, "") else agency)
    return articles.with_columns(
        pl.Series("text", texts, pl.String),
        pl.Series("authors", authors, pl.List(pl.String)),
        pl.Series("agency", agencies, pl.String),
    )


def _texts_of(spans: pl.DataFrame, chosen: pl.Expr) -> dict[str, str]:
    """The chosen removed passages of each article, in small letters."""
    joined = spans.filter(chosen).group_by("article_id").agg(pl.col("text").str.to_lowercase().str.join("\n"))
    return dict(joined.iter_rows())
