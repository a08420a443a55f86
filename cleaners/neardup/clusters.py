"""Articles to clusters of copies: which articles ran before, in the same words or nearly.

Takes articles, gives one cluster row each, the verified pairs behind it and the pairs that share much but are no copies;
removes nothing. A cluster is named after
its canonical article, and every member was checked against it: resemblance is never passed on along a chain.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from cleaners.errors import CopydeskError
from cleaners.neardup import kernel
from cleaners.neardup.config import NearDuplicateConfig
from cleaners.neardup.sketch.bands import find_candidates
from cleaners.neardup.sketch.signatures import Signatures, compute_signatures, read_signatures
from cleaners.neardup.tables import tabulate_clusters, tabulate_pairs, tabulate_related
from cleaners.neardup.text.fold import Int64s, normalise_texts, sort_unique
from cleaners.neardup.verdict.grouping import Verifier, group_articles
from cleaners.neardup.verdict.verify import describe_articles

OPTIONAL_COLUMNS = ("title", "site", "published_at")


class NearDuplicates(NamedTuple):
    """The clusters among some articles.

    Attributes:
        clusters: one row an article, sorted by article_id; the columns of `cleaners.schemas.Clusters` without run_id.
        pairs: one row a verified pair within a cluster, sorted; the columns of `cleaners.schemas.DuplicatePairs`.
        related: one row a compared pair that shares a statement, a gallery or a form and is no copy, sorted; the
            columns of `cleaners.schemas.RelatedPairs`.
    """

    clusters: pl.DataFrame
    pairs: pl.DataFrame
    related: pl.DataFrame


def find_near_duplicates(
    articles: pl.DataFrame,
    config: NearDuplicateConfig | None = None,
    signatures: pl.DataFrame | None = None,
    previous: pl.DataFrame | None = None,
) -> NearDuplicates:
    """Group articles into clusters of copies.

    Two articles are exact copies when their normalised texts are equal, near-duplicates when the trained decision
    says so. The canonical article of a cluster is the most complete one (most words), then the earliest published, then
    the one of the site that `config.preferred_sites` names first, then the one with the smallest id. A pair is decided
    by its two articles alone, and the order of the rows changes nothing.

    Args:
        articles: one row an article: article_id, text; title, site, published_at where known.
        config: what counts as a copy.
        signatures: `sign_articles` of the same articles with the same config, in any order; computed when None.
        previous: (article_id, cluster_id) of an earlier snapshot, and previous_cluster_id if it has that; articles it
            does not know are new.

    Returns:
        Clusters, pairs and related pairs. Cost is linear in the number of articles, also when all are alike.

    Raises:
        CopydeskError: an article_id is missing or occurs twice, or has no signature.
    """
    config = config or NearDuplicateConfig()
    articles = _complete(articles)
    if signatures is None:
        signed = compute_signatures(articles["text"], config, keep_readings=True)
    else:
        kernel.prepare(int(articles["text"].str.len_bytes().sum()))
        signed = _align(articles, signatures, config)
    order = _rank(articles, signed, config)
    first = _find_copies(articles, signed, order, config)
    # Exact copies stand behind the best of them; only that one is compared any further.
    compared = np.flatnonzero(first == np.arange(len(order)))
    rows = order[compared]
    candidates = find_candidates(signed.matrix, signed.n_shingles, config, rows)
    readings = signed.readings
    del signed  # a gigabyte for two million articles
    involved = sort_unique(np.concatenate(candidates))
    described = np.sort(rows[involved])
    place = np.full(len(rows), -1, np.int64)
    place[involved] = np.searchsorted(described, rows[involved])
    verifier = Verifier(describe_articles(articles, config, described, readings), place, config)
    del readings
    head = group_articles(len(rows), candidates, verifier, config)
    verified, declined = (
        pairs.with_columns(
            pl.Series(side, compared[pairs[side].to_numpy()], dtype=pl.Int64) for side in ("left", "right")
        )
        for pairs in (verifier.list_verified(head), verifier.list_declined(head))
    )
    del verifier, candidates  # half a gigabyte for a million
    place = np.full(len(order), -1, np.int64)
    place[compared] = np.arange(len(compared))
    canonical = compared[head[place[first]]]
    ranked = articles.select("article_id", "published_at")[order]
    return NearDuplicates(
        clusters=tabulate_clusters(ranked["article_id"], first, canonical, verified, previous),
        pairs=tabulate_pairs(ranked, first, canonical, verified),
        related=tabulate_related(ranked, declined),
    )


def _complete(articles: pl.DataFrame) -> pl.DataFrame:
    ids = articles["article_id"]
    if ids.null_count() or ids.n_unique() != len(ids):
        twice = ids.filter(ids.is_duplicated()).head(1).to_list()
        raise CopydeskError(
            f"find_near_duplicates: article_id {twice[0] if twice else None!r} is missing or occurs more than once.",
            "Drop the repeated rows, or number records without an id, before looking for near-duplicates.",
        )
    missing = [pl.lit(None, pl.String).alias(name) for name in OPTIONAL_COLUMNS if name not in articles.columns]
    return articles.with_columns(missing).select(
        pl.col("article_id", "title", "text", "site").cast(pl.String),
        pl.col("published_at").cast(pl.Datetime("us", "UTC")),
    )


def _align(articles: pl.DataFrame, signatures: pl.DataFrame, config: NearDuplicateConfig) -> Signatures:
    """Read a table of signatures in the order of the articles."""
    numbered = signatures.select("article_id").with_row_index("row")
    rows = articles.select("article_id").join(numbered, on="article_id", how="left", maintain_order="left")
    unsigned = rows.filter(pl.col("row").is_null())["article_id"]
    if len(unsigned):
        raise CopydeskError(
            f"find_near_duplicates: {len(unsigned)} articles have no signature, first {unsigned[0]!r}.",
            "Sign them with sign_articles and the same config, or pass signatures=None.",
        )
    widths = signatures["signature"].list.len().unique().to_list()
    if widths not in ([], [config.n_permutations]):
        raise CopydeskError(
            f"find_near_duplicates: signatures of {widths} values, the config asks for {config.n_permutations}.",
            "Sign the articles again with this config.",
        )
    return read_signatures(signatures[rows["row"]])


def _rank(articles: pl.DataFrame, signed: Signatures, config: NearDuplicateConfig) -> Int64s:
    """Row numbers of the articles, the one to keep first: see `find_near_duplicates`."""
    places = {site: place for place, site in enumerate(config.preferred_sites)}
    place = pl.col("site").replace_strict(places, default=len(places), return_dtype=pl.Int64) if places else pl.lit(0)
    preference = articles.select("article_id", "published_at", pl.Series("n_words", signed.n_words), place=place)
    ranked = preference.with_row_index("row").sort(
        ["n_words", "published_at", "place", "article_id"],
        descending=[True, False, False, False],
        nulls_last=[False, True, False, False],
    )
    return ranked["row"].to_numpy().astype(np.int64)


def _find_copies(articles: pl.DataFrame, signed: Signatures, order: Int64s, config: NearDuplicateConfig) -> Int64s:
    """Return for each article, best first, the number of the best one with the same text.

    Where a text is too short to be known by it, titles must agree too; a text without a word is no copy of another.
    """
    words = pl.DataFrame({"digest": signed.digests, "n_words": signed.n_words})
    texts = words.with_columns(articles["title"])[order].with_row_index("number")
    short = texts.filter(pl.col("n_words") < config.minimum_words_without_title)
    titles = short.select("number", short_title=normalise_texts(short["title"]))
    worded = (
        texts.drop_nulls("digest")
        .join(titles, on="number", how="left", maintain_order="left")
        .select("number", first=pl.col("number").min().over("digest", pl.col("short_title").fill_null("")))
    )
    first = np.arange(len(order))
    first[worded["number"].to_numpy()] = worded["first"].to_numpy()
    return first
