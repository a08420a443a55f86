"""What many documents tell together: takes document frames, gives hashed counts that detectors look up.

Two kinds of evidence: token 5-grams repeated over a site's documents (its templates), and token 8-grams with the
document they begin (its owner). Evidence merges across shards and snapshots. Flags nothing by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from cleaners.junk.config import StripConfig
from cleaners.junk.tokens import U64, Tokens, hash_ngrams, hash_text, mix_with, tokenize

TEMPLATE_N = 5
OWNER_N = 8
# Leads are kept whole so that a passage's first word is found; the rest is sampled, for it only has to show its extent.
LEAD_TOKENS = 96
SAMPLE = 4

SITE, TEMPLATE, OWNER = 0, 1, 2

# `n` is the number of documents (SITE, TEMPLATE) or the position in the owner (OWNER); `value` a 64-bit set of document
# sketches, merged by OR (SITE, TEMPLATE), or the hash of the owner's id (OWNER).
EVIDENCE_SCHEMA = pl.Schema({"kind": pl.UInt8, "key": pl.UInt64, "n": pl.UInt32, "value": pl.UInt64})

_PARTITIONS = 16


class OwnedTokens(NamedTuple):
    """Tokens of a document with its title in front where the text does not repeat it; `n_title` of them are title."""

    hashes: U64
    n_title: int


def gather_evidence(documents: pl.DataFrame, config: StripConfig) -> pl.DataFrame:
    """Count what one shard of documents can tell about templates and owners.

    Args:
        documents: frame with `article_id`, `site`, `title` and `text`.
        config: settings of the strip step.

    Returns:
        Frame of `EVIDENCE_SCHEMA`; about 10 kB a document of 330 words. Linear in the length of the texts.

    """
    frames: list[pl.DataFrame] = []
    columns: dict[str, list[U64]] = {"kind": [], "key": [], "n": [], "value": []}
    pending = 0
    for article_id, site, title, text in documents.select("article_id", "site", "title", "text").iter_rows():
        if not text:
            continue
        tokens = tokenize(text)
        pending += len(tokens.hashes)
        if site is not None:
            _add_templates(columns, tokens, site)
        _add_leads(columns, owned_tokens(tokens, title), article_id)
        if pending > 2_000_000:  # bounds the memory of a shard of any size
            frames.append(_merge(_to_frame(columns)))
            columns = {name: [] for name in columns}
            pending = 0
    frames.append(_to_frame(columns))
    return _merge(pl.concat(frames))


def learn_evidence(
    shards: Sequence[pl.DataFrame], config: StripConfig, earlier: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Merge the evidence of shards with what earlier snapshots learned, and drop what cannot matter.

    Kept are 5-grams seen in two documents of a site or more (a third may come in a later run), passages that two
    documents share, and a sample of every document's beginning, by which a later run knows it again.

    Args:
        shards: frames of `gather_evidence`, in any order.
        config: settings of the strip step.
        earlier: the result of an earlier call, over other documents.

    Returns:
        Frame of `EVIDENCE_SCHEMA`, sorted by kind and key, the same for any order of the shards.

    """
    frames = [*shards, *([earlier] if earlier is not None else [])]
    kept = [pl.DataFrame(schema=EVIDENCE_SCHEMA)]
    for part in range(_PARTITIONS):  # a part of the keys at a time bounds memory to the input and a sixteenth of it
        merged = _merge(pl.concat([frame.filter(pl.col("key") % _PARTITIONS == part) for frame in frames] or kept))
        n_owners = pl.len().over("kind", "key")
        kept.append(
            merged.filter(
                (pl.col("kind") == SITE)
                | ((pl.col("kind") == TEMPLATE) & (pl.col("n") >= min(2, config.template_min_documents)))
                | ((pl.col("kind") == OWNER) & ((n_owners >= 2) | ((pl.col("n") < LEAD_TOKENS) & _is_sampled())))
            )
        )
    return pl.concat(kept).sort("kind", "key", "n", "value")


def owned_tokens(tokens: Tokens, title: str | None) -> OwnedTokens:
    """Tokens by which a document is known as the owner of a passage: its title, then its text."""
    heading = tokenize(title).hashes if title else np.zeros(0, dtype=np.uint64)
    if not len(heading) or np.array_equal(heading, tokens.hashes[: len(heading)]):
        return OwnedTokens(tokens.hashes, 0)
    return OwnedTokens(np.concatenate((heading, tokens.hashes)), len(heading))


def _add_templates(columns: dict[str, list[U64]], tokens: Tokens, site: str) -> None:
    salt = hash_text(site)
    grams = np.unique(mix_with(hash_ngrams(tokens.hashes, TEMPLATE_N), salt))
    # Versions of one story share most 5-grams, hence mostly the least of them: they count as one document.
    sketch = 1 << (int(grams[0] % np.uint64(64)) if len(grams) else 0)
    keys = np.concatenate((np.array([salt], dtype=np.uint64), grams))
    columns["kind"].append(np.concatenate(([SITE], np.full(len(grams), TEMPLATE))).astype(np.uint64))
    columns["key"].append(keys)
    columns["n"].append(np.ones(len(keys), dtype=np.uint64))
    columns["value"].append(np.full(len(keys), sketch, dtype=np.uint64))


def _add_leads(columns: dict[str, list[U64]], owned: OwnedTokens, article_id: str) -> None:
    grams = hash_ngrams(owned.hashes, OWNER_N)
    positions = np.arange(len(grams), dtype=np.uint64)
    chosen = (positions < LEAD_TOKENS) | (grams % np.uint64(SAMPLE * _PARTITIONS) < _PARTITIONS)
    columns["kind"].append(np.full(int(chosen.sum()), OWNER, dtype=np.uint64))
    columns["key"].append(grams[chosen])
    columns["n"].append(positions[chosen])
    columns["value"].append(np.full(int(chosen.sum()), hash_text(article_id), dtype=np.uint64))


def _is_sampled() -> pl.Expr:
    return pl.col("key") % (SAMPLE * _PARTITIONS) < _PARTITIONS


def _to_frame(columns: dict[str, list[U64]]) -> pl.DataFrame:
    empty = np.zeros(0, dtype=np.uint64)
    return pl.DataFrame(
        {name: np.concatenate(parts) if parts else empty for name, parts in columns.items()}, schema=EVIDENCE_SCHEMA
    )


def _merge(frame: pl.DataFrame) -> pl.DataFrame:
    """One row a key for counts, one row a key and owner for owners (its first position)."""
    is_owner = pl.col("kind") == OWNER
    counts = frame.filter(~is_owner).group_by("kind", "key").agg(pl.col("n").sum(), pl.col("value").bitwise_or())
    owners = frame.filter(is_owner).group_by("kind", "key", "value").agg(pl.col("n").min())
    return pl.concat([counts.select(EVIDENCE_SCHEMA.names()), owners.select(EVIDENCE_SCHEMA.names())])
