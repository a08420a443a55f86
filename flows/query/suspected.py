"""Suspected passages with the text around them, and editors' labels of them.

Takes a snapshot, gives one row a passage that was left in its article, the surest junk first. A label is data for training: no
published text changes by it.
"""

from collections import defaultdict
from typing import Any

import polars as pl

from cleaners.document import make_id, sha256_hex
from cleaners.schemas import SuspectedSpans
from flows.query.contexts import BESIDE_CHARS, read_articles
from flows.store.snapshots import Snapshot

OPEN = "open"  # a label that was taken back
LABELS = {
    "junk": "it does not belong to the story",
    "story": "it does",
    OPEN: "the last label is taken back",
}
MAX_CHARS = 4_000  # of a passage that a page shows
PASSAGES = pl.Schema(
    {
        "passage_id": pl.String(),
        "article_id": pl.String(),
        "start": pl.Int64(),
        "end": pl.Int64(),
        "passage_sha256": pl.String(),
        "text_sha256": pl.String(),
        "rule_id": pl.String(),
        "likely_category": pl.String(),
        "confidence": pl.Float64(),
        "reason": pl.String(),
        "text": pl.String(),
        "label": pl.String(),
        "site": pl.String(),
        "address": pl.String(),
        "published_at": pl.Datetime("us", "UTC"),
        "lead": pl.String(),
        "tail": pl.String(),
    }
)
# What a label says of its passage: enough to find it again, and to know whether the text is still the same.
LABELLED = (
    "passage_id",
    "article_id",
    "start",
    "end",
    "passage_sha256",
    "text_sha256",
    "rule_id",
    "likely_category",
    "site",
)


def read_suspected(snapshot: Snapshot) -> pl.DataFrame:
    """The suspected passages of a snapshot: columns as in `PASSAGES`, the surest first.

    `passage_id` is of the article and the passage's own characters: the same when the passage moves.
    """
    schema = SuspectedSpans.create_empty().schema
    spans = snapshot.scan("suspected_spans", schema).select(schema.names()).collect()
    by_article: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for span in spans.iter_rows(named=True):
        by_article[span["article_id"]].append(span)
    rows = []
    for about, text in read_articles(snapshot, by_article):
        whole = sha256_hex(text)
        for span in by_article[about.article_id]:
            digest = sha256_hex(span["text"])
            rows.append(
                {name: span[name] for name in PASSAGES if name in span}
                | {name: getattr(about, name) for name in ("label", "site", "address", "published_at")}
                | {
                    "passage_id": make_id(about.article_id, digest, "passage"),
                    "passage_sha256": digest,
                    "text_sha256": whole,
                    "text": span["text"][:MAX_CHARS] + " …" * (len(span["text"]) > MAX_CHARS),
                    "lead": text[max(0, span["start"] - BESIDE_CHARS) : span["start"]],
                    "tail": text[span["end"] : span["end"] + BESIDE_CHARS],
                }
            )
    frame = pl.DataFrame(rows, schema=PASSAGES)
    return frame.sort(["confidence", "article_id", "start"], descending=[True, False, False])
