"""Matching a run's articles with all that ever ran: the archive index says which earlier ones are worth reading.

Takes the run's articles and signatures, leaves the tables of clusters and pairs and the index of the new snapshot. Only the
texts of earlier articles whose story may change are read; every other row is taken over as it is.
"""

import shutil
from pathlib import Path

import polars as pl

from cleaners.neardup import NearDuplicateConfig, NearDuplicates, explain_pairs, find_near_duplicates, sign_articles
from flows.archive import INDEX, Part, carry_over, list_parts, probe_archive, read_signed, write_part
from flows.run import Run
from flows.storage import Snapshot, write_parquet

MATCH_COLUMNS = ["article_id", "title", "text", "site", "published_at"]


def match_archive(run: Run, gone: pl.Series) -> int:
    """Cluster the new articles with all that earlier runs published, and index them for the next run.

    Args:
        run: the run, its shards stripped and signed.
        gone: ids of earlier articles that no longer hold.

    Returns:
        Clusters of two or more.
    """
    config = run.settings.cleaning.near_duplicates
    folder = run.staging / "snapshot" / INDEX
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was interrupted here
    folder.mkdir(parents=True)
    articles = run.scan("articles").select(MATCH_COLUMNS).collect()
    signed = run.scan("signatures").collect()
    previous = run.previous_snapshot
    parts: list[Part] | None = []
    if previous:
        is_current = previous.manifest.get("checks", {}).get("match") == run.versions.match
        parts = list_parts(previous, config) if is_current else None
    if previous is None or parts is None:
        found = _match_anew(previous, gone, articles, signed, config, folder / run.run_id)
    else:
        found = match_new(previous, parts, gone, articles, signed, config)
        added = write_part(folder, run.run_id, signed, config) if signed.height else None
        carry_over(parts, folder, f"merged-{run.run_id}", gone, config, added)
    write_parquet(found.clusters, run.work("clusters.parquet"))
    write_parquet(found.pairs, run.work("duplicate_pairs.parquet"))
    return int((found.clusters.filter("is_canonical")["cluster_size"] > 1).sum())


def _match_anew(
    previous: Snapshot | None,
    gone: pl.Series,
    articles: pl.DataFrame,
    signed: pl.DataFrame,
    config: NearDuplicateConfig,
    index: Path,
) -> NearDuplicates:
    """Match everything: there is nothing earlier, or the step changed since."""
    earlier_clusters = None
    if previous:
        held = pl.scan_parquet(previous.files("articles"), glob=False).select(MATCH_COLUMNS)
        earlier = held.filter(~pl.col("article_id").is_in(gone.implode())).collect()
        articles = pl.concat([earlier, articles])
        signed = pl.concat([sign_articles(earlier, config), signed])
        earlier_clusters = pl.read_parquet(previous.files("clusters"), glob=False)
    if signed.height:
        write_part(index.parent, index.name, signed, config)
    found = find_near_duplicates(articles, config, signed, earlier_clusters)
    return found._replace(pairs=explain_pairs(found.pairs, articles))


def match_new(
    previous: Snapshot,
    parts: list[Part],
    gone: pl.Series,
    articles: pl.DataFrame,
    signed: pl.DataFrame,
    config: NearDuplicateConfig,
) -> NearDuplicates:
    """Match the new articles among themselves and with the stories that they, or what is gone, may change."""
    earlier = pl.read_parquet(previous.files("clusters"), glob=False).drop("run_id")
    held = pl.read_parquet(previous.files("duplicate_pairs"), glob=False)
    near = probe_archive(parts, signed, config)["earlier_id"]
    touching = pl.concat([near, gone]).unique()
    stories = earlier.filter(pl.col("article_id").is_in(touching.implode()))["cluster_id"].unique()
    is_gone = pl.col("article_id").is_in(gone.implode())
    members = earlier.filter(pl.col("cluster_id").is_in(stories.implode()))
    reopened = members.filter(~is_gone)
    # An exact copy is compared through its canonical article, so its text is needed only where that one is gone.
    without_head = pl.col("cluster_id").is_in(gone.implode())
    to_read = reopened.filter((pl.col("match") != "exact") | without_head)["article_id"]
    again = read_articles(previous, reopened["article_id"], to_read)
    both = pl.concat([again, articles])
    all_signed = pl.concat([read_signed(parts, reopened["article_id"]), signed])
    found = find_near_duplicates(both, config, all_signed, reopened)
    changed = members["article_id"]
    kept_pairs = held.filter(~pl.col("left_id").is_in(changed.implode()) & ~pl.col("right_id").is_in(changed.implode()))
    return NearDuplicates(
        clusters=pl.concat([earlier.join(members, on="article_id", how="anti"), found.clusters]).sort("article_id"),
        pairs=pl.concat([kept_pairs, explain_pairs(found.pairs, both)]).sort("left_id", "right_id"),
    )


def read_articles(snapshot: Snapshot, ids: pl.Series, with_text: pl.Series) -> pl.DataFrame:
    """Look up articles of a snapshot: MATCH_COLUMNS, the text only of those in `with_text`, else null."""
    articles = pl.scan_parquet(snapshot.files("articles"), glob=False)
    columns = [name for name in MATCH_COLUMNS if name != "text"]
    known = articles.select(columns).filter(pl.col("article_id").is_in(ids.implode())).collect()
    texts = articles.select("article_id", "text").filter(pl.col("article_id").is_in(with_text.implode())).collect()
    return known.join(texts, on="article_id", how="left").select(MATCH_COLUMNS)
