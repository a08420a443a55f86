"""Grouped articles to the published tables of clusters, duplicate pairs and related pairs.

Takes which article stands for which, gives one cluster row an article, one row a verified pair and one a declined pair;
removes nothing.
"""

from __future__ import annotations

import polars as pl

from cleaners.neardup.text.fold import Int64s
from cleaners.neardup.verdict.relations import DUPLICATE, OF_LONGER, RELATED, RULE
from cleaners.neardup.verdict.verify import FEATURES

FIGURES = ("probability", "containment", "prose_containment", "quoted", *FEATURES)

CLUSTER_SCHEMA = pl.Schema(
    {
        "article_id": pl.String(),
        "cluster_id": pl.String(),
        "is_canonical": pl.Boolean(),
        "match": pl.String(),
        "similarity": pl.Float64(),
        "cluster_size": pl.Int64(),
        "previous_cluster_id": pl.String(),
    }
)

RELATED_SCHEMA = pl.Schema(
    {
        "left_id": pl.String(),
        "right_id": pl.String(),
        "relation": pl.String(),
        "jaccard": pl.Float64(),
        "containment": pl.Float64(),
        "evidence": pl.String(),
    }
)


def tabulate_clusters(
    ids: pl.Series, first: Int64s, canonical: Int64s, verified: pl.DataFrame, previous: pl.DataFrame | None
) -> pl.DataFrame:
    """Write one row an article, sorted by article_id.

    Args:
        ids: the articles, best first.
        first: for each article the number of the best one with the same text.
        canonical: for each article the number of its canonical article.
        verified: features of the verified pairs; `left` is the better number, both are numbers of first ones.
        previous: (article_id, cluster_id[, previous_cluster_id]) of an earlier snapshot, or None.
    """
    numbers = pl.int_range(pl.len(), dtype=pl.Int64)
    members = pl.DataFrame({"article_id": ids, "canonical": canonical, "first": first}).with_columns(
        cluster_id=ids.gather(canonical), is_canonical=numbers == pl.col("canonical")
    )
    near = verified.select(canonical="left", first="right", similarity="containment")
    is_exact = pl.col("first") == pl.col("canonical")
    clusters = members.join(near, on=["canonical", "first"], how="left", maintain_order="left").select(
        "article_id",
        "cluster_id",
        "is_canonical",
        pl.when("is_canonical")
        .then(pl.lit("single"))
        .when(is_exact)
        .then(pl.lit("exact"))
        .otherwise(pl.lit("near"))
        .alias("match"),
        pl.when(is_exact).then(1.0).otherwise("similarity").alias("similarity"),
        pl.len().over("canonical").cast(pl.Int64).alias("cluster_size"),
    )
    return _compare_with(clusters, previous).sort("article_id")


def tabulate_pairs(articles: pl.DataFrame, first: Int64s, canonical: Int64s, verified: pl.DataFrame) -> pl.DataFrame:
    """Write one row a verified pair within a cluster, sorted: members with their canonical article, and others met.

    Args:
        articles: article_id and published_at, best first.
        first: for each article the number of the best one with the same text.
        canonical: for each article the number of its canonical article.
        verified: features of the verified pairs; `left` is the better number, both are numbers of first ones.
    """
    head, ids = pl.Series(canonical), articles["article_id"]
    together = verified.filter(head.gather(verified["left"]) == head.gather(verified["right"]))
    # A copy of another member was not compared again: its pair with the canonical article is that member's.
    copies = pl.DataFrame({"left": canonical, "first": first}).with_columns(
        copy=pl.int_range(pl.len(), dtype=pl.Int64), same_text_as=ids.gather(first)
    )
    copies = copies.filter(pl.col("copy") != pl.col("first"))
    near = copies.join(verified.rename({"right": "first"}), on=["left", "first"]).select(
        *(pl.col("copy").alias(name) if name == "right" else name for name in verified.columns), "same_text_as"
    )
    trained = pl.concat([together.with_columns(same_text_as=pl.lit(None, pl.String)), near]).with_columns(
        decision=pl.lit("trained"), relation=DUPLICATE
    )
    written = pl.struct(
        "decision", *_round_figures(), _find_earlier(articles, trained), "same_text_as"
    ).struct.json_encode()
    exact = copies.filter(pl.col("left") == pl.col("first")).select(
        "left",
        right="copy",
        relation=pl.lit("copy"),
        jaccard=pl.lit(1.0),
        containment=pl.lit(1.0),
        evidence=pl.lit('{"decision":"exact"}'),
    )
    pairs = trained.select("left", "right", "relation", "jaccard", "containment", written.alias("evidence"))
    return _name_sides(pl.concat([pairs, exact]), ids)


def tabulate_related(articles: pl.DataFrame, declined: pl.DataFrame) -> pl.DataFrame:
    """Write one row a pair that shares much and is no copy, sorted: what the two share, and the rule that says so.

    Args:
        articles: article_id and published_at, best first.
        declined: features of the pairs; `left` and `right` are numbers of articles.
    """
    written = pl.struct(RULE.alias("rule"), *_round_figures(), _find_earlier(articles, declined)).struct.json_encode()
    pairs = declined.select("left", "right", "jaccard", "containment", relation=RELATED, evidence=written)
    return _name_sides(pairs, articles["article_id"])


def _round_figures() -> list[pl.Expr]:
    return [*(pl.col(name).round(4) for name in FIGURES), OF_LONGER.round(4).alias("containment_of_longer")]


def _find_earlier(articles: pl.DataFrame, pairs: pl.DataFrame) -> pl.Series:
    """The id of the article of each pair that was published first; null where both were at once, or a time is not known."""
    left, right = (articles["published_at"].gather(pairs[side]) for side in ("left", "right"))
    ids = pl.DataFrame([articles["article_id"].gather(pairs[side]).alias(side) for side in ("left", "right")])
    earlier = pl.when(left < right).then("left").when(right < left).then("right")
    return ids.select(earlier.alias("earlier")).to_series()


def _name_sides(pairs: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """Pairs of numbers as pairs of ids, the smaller one left; sorted."""
    left, right = ids.gather(pairs["left"]).alias("left_id"), ids.gather(pairs["right"]).alias("right_id")
    return pairs.select(
        pl.min_horizontal(left, right).alias("left_id"),
        pl.max_horizontal(left, right).alias("right_id"),
        "relation",
        "jaccard",
        "containment",
        "evidence",
    ).sort("left_id", "right_id")


def _compare_with(clusters: pl.DataFrame, previous: pl.DataFrame | None) -> pl.DataFrame:
    """Add previous_cluster_id: the earlier cluster where it changed now, else what the earlier snapshot says."""
    if previous is None:
        return clusters.with_columns(previous_cluster_id=pl.lit(None, pl.String))
    carried = pl.col("previous_cluster_id") if "previous_cluster_id" in previous.columns else pl.lit(None)
    earlier = previous.select("article_id", earlier="cluster_id", carried=carried.cast(pl.String))
    changed = pl.col("earlier") != pl.col("cluster_id")  # null for a new article: then there is nothing to carry either
    return (
        clusters.join(earlier, on="article_id", how="left", maintain_order="left")
        .with_columns(previous_cluster_id=pl.when(changed).then("earlier").otherwise("carried"))
        .select(CLUSTER_SCHEMA.names())
    )
