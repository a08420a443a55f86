"""Articles to stories: which articles ran before, in the same words or nearly.

Takes articles, gives one cluster row each and the verified pairs behind it; removes nothing. A cluster is named after
its canonical article, and every member was checked against it: resemblance is never passed on along a chain.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import polars as pl

from cleaners.errors import CopydeskError
from cleaners.neardup.bands import find_candidates
from cleaners.neardup.config import NearDuplicateConfig
from cleaners.neardup.shingles import Int64s, normalise_texts
from cleaners.neardup.signatures import sign_articles, stack_signatures
from cleaners.neardup.tables import tabulate_clusters, tabulate_pairs
from cleaners.neardup.verify import describe_articles, judge_pairs, measure_pairs

Pair = tuple[int, int]

# Each round takes the canonical article of every component and those it confirms; chains longer than this are cut
# where their pairs were confirmed directly, so that cost stays linear in the articles.
MAX_ROUNDS = 8


class NearDuplicates(NamedTuple):
    """The stories among some articles.

    Attributes:
        clusters: one row an article, sorted by article_id; the columns of `cleaners.schemas.Clusters` without run_id.
        pairs: one row a verified pair within a cluster, sorted; the columns of `cleaners.schemas.DuplicatePairs`.
    """

    clusters: pl.DataFrame
    pairs: pl.DataFrame


def find_near_duplicates(
    articles: pl.DataFrame,
    config: NearDuplicateConfig | None = None,
    signatures: pl.DataFrame | None = None,
    previous: pl.DataFrame | None = None,
) -> NearDuplicates:
    """Group articles into stories.

    Two articles are exact copies when their normalised texts are equal, near-duplicates when the trained decision
    says so. The canonical article of a cluster is the most complete one (most words), then the earliest published,
    then the one with the smallest id. A pair is decided by its two articles alone, and the order of the rows changes
    nothing.

    Args:
        articles: one row an article: article_id, text; title, published_at where known.
        config: what counts as the same story.
        signatures: `sign_articles` of the same articles with the same config, in any order; computed when None.
        previous: (article_id, cluster_id) of an earlier snapshot, and previous_cluster_id if it has that; articles it
            does not know are new.

    Returns:
        Clusters and pairs. Cost is linear in the number of articles, also when all are alike.

    Raises:
        CopydeskError: an article_id is missing or occurs twice, or has no signature.
    """
    config = config or NearDuplicateConfig()
    articles = _complete(articles)
    signed = _sign(articles, signatures, config)
    ranked = (
        articles.join(signed, on="article_id", how="left")
        .sort(
            ["n_words", "published_at", "article_id"], descending=[True, False, False], nulls_last=[False, True, False]
        )
        .with_columns(_exact_key(config))
        .with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("rank"))
        .with_columns(pl.col("rank").min().over("exact_key").alias("first"))
    )
    # Exact copies stand behind the best of them; only that one is compared any further.
    first = ranked["first"].to_numpy()
    compared = np.flatnonzero(first == np.arange(len(ranked)))
    head, verified = _group(ranked[compared], config)
    place = np.full(len(ranked), -1, np.int64)
    place[compared] = np.arange(len(compared))
    canonical = compared[head[place[first]]]
    renumber = [pl.Series(side, compared[verified[side].to_numpy()]) for side in ("left", "right")]
    verified = verified.with_columns(renumber)
    ids = ranked["article_id"]
    return NearDuplicates(
        clusters=tabulate_clusters(ids, first, canonical, verified, previous),
        pairs=tabulate_pairs(ids, first, canonical, verified),
    )


def _complete(articles: pl.DataFrame) -> pl.DataFrame:
    ids = articles["article_id"]
    if ids.null_count() or ids.n_unique() != len(ids):
        twice = ids.filter(ids.is_duplicated()).head(1).to_list()
        raise CopydeskError(
            f"find_near_duplicates: article_id {twice[0] if twice else None!r} is missing or occurs more than once.",
            "Drop the repeated rows, or number records without an id, before looking for near-duplicates.",
        )
    missing = [
        pl.lit(None, pl.String).alias(name) for name in ("title", "published_at") if name not in articles.columns
    ]
    return articles.with_columns(missing).select(
        pl.col("article_id", "title", "text").cast(pl.String), pl.col("published_at").cast(pl.Datetime("us", "UTC"))
    )


def _sign(articles: pl.DataFrame, signatures: pl.DataFrame | None, config: NearDuplicateConfig) -> pl.DataFrame:
    if signatures is None:
        return sign_articles(articles, config)
    unsigned = articles.join(signatures, on="article_id", how="anti")
    if len(unsigned):
        raise CopydeskError(
            f"find_near_duplicates: {len(unsigned)} articles have no signature, first {unsigned['article_id'][0]!r}.",
            "Sign them with sign_articles and the same config, or pass signatures=None.",
        )
    widths = signatures["signature"].list.len().unique().to_list()
    if widths not in ([], [config.n_permutations]):
        raise CopydeskError(
            f"find_near_duplicates: signatures of {widths} values, the config asks for {config.n_permutations}.",
            "Sign the articles again with this config.",
        )
    return signatures


def _exact_key(config: NearDuplicateConfig) -> pl.Expr:
    """Equal for exact copies alone: the text's digest, with the title where the text is too short to tell a story."""
    short = pl.col("n_words") < config.minimum_words_without_title
    title = pl.col("title").map_batches(normalise_texts, return_dtype=pl.String)
    with_title = pl.concat_str("text_digest", pl.lit(" "), title)
    wordless = pl.col("text_digest").is_null()
    return (
        pl.when(wordless)
        .then(pl.concat_str(pl.lit("id "), "article_id"))
        .when(short)
        .then(with_title)
        .otherwise("text_digest")
        .alias("exact_key")
    )


class _Verifier:
    """Measures and judges pairs of articles, each once, better rank first."""

    def __init__(self, articles: pl.DataFrame, config: NearDuplicateConfig, involved: Int64s) -> None:
        self._config = config
        self._described = describe_articles(articles[involved], config)
        self._place = np.full(len(articles), -1, np.int64)
        self._place[involved] = np.arange(len(involved))
        self._probability: dict[Pair, float] = {}
        self._measured = [self._measure(np.zeros((0, 2), np.int64))]

    def judge(self, pairs: Collection[Pair]) -> dict[Pair, float]:
        """Give the probability of each pair."""
        new = sorted({pair for pair in pairs if pair not in self._probability})
        for start in range(0, len(new), 200_000):
            part = new[start : start + 200_000]
            measured = self._measure(np.array(part))
            self._measured.append(measured)
            self._probability.update(zip(part, measured["probability"].to_list(), strict=True))
        return {pair: self._probability[pair] for pair in pairs}

    def list_verified(self, minimum: float, accepted: set[Pair]) -> pl.DataFrame:
        """List the measured pairs of at least some probability, and those accepted for another reason."""
        measured = pl.concat(self._measured)
        also = pl.DataFrame(sorted(accepted), schema={"left": pl.Int64, "right": pl.Int64}, orient="row")
        likely = measured.filter(pl.col("probability") >= minimum)
        supported = measured.filter(pl.col("probability") < minimum).join(also, on=["left", "right"], how="semi")
        return pl.concat([likely, supported]).sort("left", "right")

    def _measure(self, pairs: Int64s) -> pl.DataFrame:
        features = measure_pairs(self._described, self._place[pairs[:, 0]], self._place[pairs[:, 1]])
        probability = pl.Series("probability", judge_pairs(features, self._config))
        return features.select(pl.Series("left", pairs[:, 0]), pl.Series("right", pairs[:, 1]), probability, pl.all())


def _group(articles: pl.DataFrame, config: NearDuplicateConfig) -> tuple[Int64s, pl.DataFrame]:
    """Find the canonical article of each (row numbers, best first), and the verified pairs with their features."""
    canonical = np.arange(len(articles))
    n_shingles = articles["n_shingles"].to_numpy()
    left, right = find_candidates(stack_signatures(articles["signature"]), n_shingles, config)
    verifier = _Verifier(articles, config, np.union1d(left, right))
    judged = verifier.judge(list(zip(left.tolist(), right.tolist(), strict=True)))
    edges = [pair for pair, probability in judged.items() if probability >= config.minimum_probability]
    accepted: set[Pair] = set()
    for _ in range(MAX_ROUNDS):
        if not edges:
            break
        heads = _find_heads(edges)
        checked = verifier.judge([(head, member) for member, head in heads.items() if member != head])
        confirmed = {b: a for (a, b), probability in checked.items() if probability >= config.minimum_probability}
        # The likeness of a confirmed member speaks for an article, but it must resemble the canonical article itself.
        for a, b in edges:
            for member, friend in ((a, b), (b, a)):
                pair = (heads[member], member)
                if friend in confirmed and checked.get(pair, 0.0) >= config.minimum_probability_with_support:
                    accepted.add(pair)
        for head, member in accepted.union((head, member) for member, head in confirmed.items()):
            canonical[member] = head
        settled = set(np.flatnonzero(canonical != np.arange(len(canonical))).tolist())
        settled.update(canonical[list(settled)].tolist())
        edges = [(a, b) for a, b in edges if a not in settled and b not in settled]
    taken: set[int] = set()
    for a, b in edges:  # sorted, so that the better ranked come first
        if a not in taken and b not in taken:
            canonical[b] = a
            taken.add(b)
    return canonical, verifier.list_verified(config.minimum_probability, accepted)


def _find_heads(edges: list[Pair]) -> dict[int, int]:
    """For each node of a graph, the smallest number in its component."""
    parent: dict[int, int] = {}

    def root(node: int) -> int:
        while (above := parent.setdefault(node, node)) != node:
            parent[node] = parent.setdefault(above, above)
            node = parent[node]
        return node

    for a, b in edges:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return {node: root(node) for node in list(parent)}
