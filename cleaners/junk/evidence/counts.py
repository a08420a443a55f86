"""Evidence of many documents together: takes what each gave, gives hashed counts that detectors look up.

Counts merge across shards and snapshots. Flags nothing by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import polars as pl

from cleaners.junk.config import StripConfig
from cleaners.junk.evidence.gather import (
    EVIDENCE_SCHEMA,
    LEAD_TOKENS,
    OWNER,
    RECENT,
    RECENT_DOCUMENTS,
    RECENT_GRAM,
    SAMPLE,
    SAMPLED_TOGETHER,
    SITE,
    TEMPLATE,
    Gathered,
)

_PARTITIONS = 16

RECENT_SITE_DOCUMENTS = 50  # a site of more documents has shown what it repeats


def learn_evidence(
    shards: Sequence[Gathered], config: StripConfig, earlier: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Merge the evidence of shards with what earlier snapshots learned, and drop what cannot matter.

    Kept are 5-grams seen in two documents of a site or more (a third may come in a later run), those of the last few
    documents of a small site, passages that two documents share, and a sample of every document's beginning, by which a
    later run knows it again.

    Args:
        shards: of `gather_evidence`, in any order.
        config: settings of the strip step.
        earlier: the result of an earlier call. A document that is learned again counts once for the templates.

    Returns:
        Frame of `EVIDENCE_SCHEMA`, sorted by kind and key, the same for any order of the shards.

    """
    earlier = pl.DataFrame(schema=EVIDENCE_SCHEMA) if earlier is None else earlier
    recent = choose_recent(pl.concat([earlier.clear(), *(shard.whole() for shard in shards)]), earlier)
    is_gram, is_counted = pl.col("kind") == RECENT_GRAM, pl.col("kind") == TEMPLATE
    met = count_met(earlier.filter(is_gram), earlier.filter(is_counted), recent)
    frames = [
        *(shard.to_frame().filter(pl.col("kind") != RECENT) for shard in shards),
        earlier.filter(pl.col("kind") != RECENT),
        met,
    ]
    kept = [recent.chosen]
    for part in range(_PARTITIONS):  # a part of the keys at a time bounds memory to the input and a sixteenth of it
        merged = merge_rows(pl.concat([frame.filter(pl.col("key") % _PARTITIONS == part) for frame in frames]))
        n_owners = pl.len().over("kind", "key")
        repeated = merged.filter((pl.col("kind") == TEMPLATE) & (pl.col("n") >= 2))["key"]
        kept.append(
            merged.filter(
                (pl.col("kind") == SITE)
                | ((pl.col("kind") == TEMPLATE) & (pl.col("n") >= min(2, config.template_min_documents)))
                | ((pl.col("kind") == OWNER) & ((n_owners >= 2) | is_kept_lead(pl.col("key"), pl.col("n"))))
                | (
                    (pl.col("kind") == RECENT_GRAM)
                    & pl.col("value").is_in(recent.chosen["value"].implode())
                    & ~pl.col("key").is_in(repeated.implode())
                )
            )
        )
    return pl.concat(kept).sort("kind", "key", "n", "value")


class Recent(NamedTuple):
    """Documents of small sites: the last to keep (rows of kind RECENT), and the earlier ones that were not learned again."""

    chosen: pl.DataFrame
    known: pl.DataFrame


def choose_recent(new: pl.DataFrame, earlier: pl.DataFrame) -> Recent:
    """Choose the recent documents to keep; those there were are a run older.

    Args:
        new: what this run gathered; rows of the kinds SITE and RECENT are looked at.
        earlier: what earlier runs learned; the same.
    """
    is_recent = pl.col("kind") == RECENT
    fresh = new.filter(is_recent).unique(["key", "value"])
    known = earlier.filter(is_recent).join(fresh, on="value", how="anti")
    sites = pl.concat([earlier, new]).filter(pl.col("kind") == SITE)
    small = sites.group_by("key").agg(n_site=pl.col("n").sum()).filter(pl.col("n_site") <= RECENT_SITE_DOCUMENTS)
    chosen = (
        pl.concat([fresh, known.with_columns(n=pl.col("n") + 64)])
        .join(small, on="key", how="semi")
        .sort("key", pl.col("n") // 64, "value")
        .group_by("key", maintain_order=True)
        .head(RECENT_DOCUMENTS)
        .select(EVIDENCE_SCHEMA.names())
    )
    return Recent(chosen, known)


def count_met(grams: pl.DataFrame, counted: pl.DataFrame, recent: Recent) -> pl.DataFrame:
    """Count what earlier documents of small sites contain and was not counted yet.

    Args:
        grams: earlier rows of kind RECENT_GRAM.
        counted: earlier rows of kind TEMPLATE, those of the same keys at least.
        recent: the recent documents.

    Returns:
        Rows of kind TEMPLATE.
    """
    return (
        grams.join(counted, on="key", how="anti")
        .join(recent.known.select("value", place=pl.col("n") % 64), on="value")
        .select(
            kind=pl.lit(TEMPLATE, pl.UInt8),
            key="key",
            n=pl.lit(1, pl.UInt32),
            value=pl.lit(1, pl.UInt64) * pl.lit(2, pl.UInt64).pow(pl.col("place")),
        )
        .cast(dict(EVIDENCE_SCHEMA))  # type: ignore[arg-type]
    )


def is_kept_lead(key: Any, n: Any) -> Any:  # noqa: ANN401 (columns or arrays)
    """Tell which rows of kind OWNER are kept although no other document holds them yet: a sample of a document's beginning."""
    return (n < LEAD_TOKENS) & (key % (SAMPLE * SAMPLED_TOGETHER) < SAMPLED_TOGETHER)


def merge_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """One row a key for counts, one row a key and document for owners (its first position) and recent documents."""
    is_owner = pl.col("kind") >= OWNER
    counts = frame.filter(~is_owner).group_by("kind", "key").agg(pl.col("n").sum(), pl.col("value").bitwise_or())
    owners = frame.filter(is_owner).group_by("kind", "key", "value").agg(pl.col("n").min())
    return pl.concat([counts.select(EVIDENCE_SCHEMA.names()), owners.select(EVIDENCE_SCHEMA.names())])
