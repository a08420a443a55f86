"""Evidence that many documents give together: takes document frames, gives hashed counts that detectors look up.

Two kinds of evidence: token 5-grams and short labels repeated over a site's documents (its templates), and token 8-grams
with the document they begin (its owner). Evidence merges across shards and snapshots. Flags nothing by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from cleaners.junk.config import StripConfig
from cleaners.junk.evidence.keys import KeyedPage, key_pages
from cleaners.junk.evidence.label_counts import label_keys
from cleaners.junk.page.segments import BATCH
from cleaners.junk.page.tokens import U64, hash_text, sort_distinct

# Leads are kept whole so that a passage's first word is found; the rest is sampled, for it only has to show its extent.
LEAD_TOKENS = 96
SAMPLE = 4

SITE, TEMPLATE, OWNER, RECENT, RECENT_GRAM = 0, 1, 2, 3, 4

# `n` is the number of documents (SITE, TEMPLATE), the position in the owner (OWNER), or 64 times the runs since, plus the
# place of the document's sketch (RECENT); `value` a 64-bit set of document sketches, merged by OR (SITE, TEMPLATE), or the
# hash of the document's id (OWNER, RECENT, RECENT_GRAM). The key of RECENT is the site's, as that of SITE.
EVIDENCE_SCHEMA = pl.Schema({"kind": pl.UInt8, "key": pl.UInt64, "n": pl.UInt32, "value": pl.UInt64})

_PARTITIONS = 16

# A site that gives a page or two a run has its template only over several runs: of its last few documents the 5-grams that
# no other one holds are kept too, so that the next document meets them. At most 5 x 1,000 rows of 21 bytes a site.
RECENT_DOCUMENTS = 5
RECENT_GRAMS = 1000  # of one document, half from each end: templates stand there
RECENT_SITE_DOCUMENTS = 50  # a site of more documents has shown what it repeats


def gather_evidence(documents: pl.DataFrame, config: StripConfig) -> pl.DataFrame:
    """Count what one shard of documents shows about templates and owners.

    Args:
        documents: frame with `article_id`, `site`, `title` and `text`.
        config: settings of the strip step.

    Returns:
        Frame of `EVIDENCE_SCHEMA`; about 10 kB a document of 330 words. Linear in the length of the texts.

    """
    recent: dict[int, list[_Recent]] = {}
    stretches: list[_Stretch] = []
    for some in documents.select("article_id", "site", "title", "text").iter_slices(BATCH):
        rows = [row for row in some.to_dicts() if row["text"]]
        for row, keyed in zip(rows, key_pages(rows), strict=True):
            site = keyed.page.site
            if site is not None:
                labels = label_keys(keyed.labels, site)
                _add_templates(stretches, keyed.template_keys, labels, site)
                _add_recent(recent.setdefault(hash_text(site), []), keyed.template_keys, labels, row["article_id"])
            _add_leads(stretches, keyed, row["article_id"])
    return pl.concat([_to_frame(stretches), _to_frame(_list_recent(recent))])


def learn_evidence(
    shards: Sequence[pl.DataFrame], config: StripConfig, earlier: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Merge the evidence of shards with what earlier snapshots learned, and drop what cannot matter.

    Kept are 5-grams seen in two documents of a site or more (a third may come in a later run), those of the last few
    documents of a small site, passages that two documents share, and a sample of every document's beginning, by which a
    later run knows it again.

    Args:
        shards: frames of `gather_evidence`, in any order.
        config: settings of the strip step.
        earlier: the result of an earlier call. A document that is learned again counts once for the templates.

    Returns:
        Frame of `EVIDENCE_SCHEMA`, sorted by kind and key, the same for any order of the shards.

    """
    earlier = pl.DataFrame(schema=EVIDENCE_SCHEMA) if earlier is None else earlier
    is_small = pl.col("kind").is_in([SITE, RECENT])
    recent = choose_recent(pl.concat([earlier.clear(), *(frame.filter(is_small) for frame in shards)]), earlier)
    is_gram, is_counted = pl.col("kind") == RECENT_GRAM, pl.col("kind") == TEMPLATE
    met = count_met(earlier.filter(is_gram), earlier.filter(is_counted), recent)
    frames = [
        *(frame.filter(pl.col("kind") != RECENT) for frame in shards),
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
                | ((pl.col("kind") == OWNER) & ((n_owners >= 2) | is_kept_lead()))
                | (
                    (pl.col("kind") == RECENT_GRAM)
                    & pl.col("value").is_in(recent.chosen["value"].implode())
                    & ~pl.col("key").is_in(repeated.implode())
                )
            )
        )
    return pl.concat(kept).sort("kind", "key", "n", "value")


class _Recent(NamedTuple):
    """A document of a shard: the hash of its id, the place of its sketch, 5-grams of its ends."""

    document: int
    place: int
    grams: U64


class _Stretch(NamedTuple):
    """Rows of one kind and value: their keys, and `n` of all of them or of each."""

    kind: int
    value: int
    keys: U64
    n: int | U64


def _add_templates(stretches: list[_Stretch], grams: U64, labels: U64, site: str) -> None:
    """Add the 5-grams and the labels of a document; both are counted alike."""
    sketch = 1 << _sketch_place(grams)
    stretches.append(_Stretch(SITE, sketch, np.array([hash_text(site)], dtype=np.uint64), 1))
    stretches.append(_Stretch(TEMPLATE, sketch, sort_distinct(np.concatenate((grams, labels))), 1))


def _sketch_place(grams: U64) -> int:
    """Versions of one story share most 5-grams, hence mostly the least of them: they count as one document."""
    return int(grams.min() % np.uint64(64)) if len(grams) else 0


def _add_recent(recent: list[_Recent], grams: U64, labels: U64, article_id: str) -> None:
    """Keep the few documents of a site whose ids' hashes are least: the same for any order."""
    document = hash_text(article_id)
    if len(recent) == RECENT_DOCUMENTS and document >= recent[-1].document:
        return
    half = RECENT_GRAMS // 2
    ends = grams if len(grams) <= RECENT_GRAMS else np.concatenate((grams[:half], grams[-half:]))
    kept = sort_distinct(np.concatenate((ends, labels)))
    recent.append(_Recent(document, _sketch_place(grams), kept))
    recent.sort(key=lambda document: document.document)
    del recent[RECENT_DOCUMENTS:]


def _list_recent(recent: dict[int, list[_Recent]]) -> list[_Stretch]:
    stretches = []
    for site, documents in recent.items():
        for document, place, grams in documents:
            stretches.append(_Stretch(RECENT, document, np.array([site], dtype=np.uint64), place))
            stretches.append(_Stretch(RECENT_GRAM, document, grams, place))
    return stretches


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


def _add_leads(stretches: list[_Stretch], keyed: KeyedPage, article_id: str) -> None:
    grams = keyed.owner_keys
    is_chosen = grams % np.uint64(SAMPLE * _PARTITIONS) < _PARTITIONS
    is_chosen[:LEAD_TOKENS] = True
    positions = np.flatnonzero(is_chosen)
    stretches.append(_Stretch(OWNER, hash_text(article_id), grams[positions], positions.view(np.uint64)))


def is_kept_lead() -> pl.Expr:
    """Rows of kind OWNER that are kept although no other document holds them yet: a sample of a document's beginning."""
    return (pl.col("n") < LEAD_TOKENS) & (pl.col("key") % (SAMPLE * _PARTITIONS) < _PARTITIONS)


def _to_frame(stretches: list[_Stretch]) -> pl.DataFrame:
    empty = np.zeros(0, dtype=np.uint64)
    sizes = [len(one.keys) for one in stretches]
    same = [one.n if isinstance(one.n, int) else 0 for one in stretches]
    n = np.repeat(np.array(same, dtype=np.uint32), sizes)
    is_counted = np.repeat(np.array([not isinstance(one.n, int) for one in stretches], dtype=bool), sizes)
    n[is_counted] = np.concatenate([empty, *(one.n for one in stretches if not isinstance(one.n, int))])
    return pl.DataFrame(
        {
            "kind": np.repeat(np.array([one.kind for one in stretches], dtype=np.uint8), sizes),
            "key": np.concatenate([empty, *(one.keys for one in stretches)]),
            "n": n,
            "value": np.repeat(np.array([one.value for one in stretches], dtype=np.uint64), sizes),
        },
        schema=EVIDENCE_SCHEMA,
    )


def merge_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """One row a key for counts, one row a key and document for owners (its first position) and recent documents."""
    is_owner = pl.col("kind") >= OWNER
    counts = frame.filter(~is_owner).group_by("kind", "key").agg(pl.col("n").sum(), pl.col("value").bitwise_or())
    owners = frame.filter(is_owner).group_by("kind", "key", "value").agg(pl.col("n").min())
    return pl.concat([counts.select(EVIDENCE_SCHEMA.names()), owners.select(EVIDENCE_SCHEMA.names())])
