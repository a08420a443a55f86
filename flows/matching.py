"""Matching a run's articles with all that ever ran: the archive index says which earlier ones are worth reading.

Takes the run's articles and signatures, leaves the tables of clusters and pairs and the index of the new snapshot. Articles are
matched some ten thousand at a time, each lot as if the ones before were published. Only the texts of earlier articles whose story
may change are read; every other row is taken over as it is.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from cleaners.neardup import NearDuplicateConfig, NearDuplicates, explain_pairs, find_near_duplicates, sign_articles
from cleaners.neardup.tables import CLUSTER_SCHEMA
from flows.archive import INDEX, Part, carry_over, list_parts, probe_archive, read_signed, write_part
from flows.run import Run
from flows.storage import Snapshot, write_parquet

MATCH_COLUMNS = ["article_id", "title", "text", "site", "published_at"]
# Articles matched at a time: a quarter of a gigabyte of texts and signatures.
ARTICLES_AT_ONCE = 65_536


class _Held(NamedTuple):
    """What is matched already: clusters (without run_id) and pairs, the files of the articles, the index."""

    clusters: pl.DataFrame
    pairs: pl.DataFrame | None
    files: list[Path]
    parts: list[Part]


class _Lot(NamedTuple):
    """Articles to match, with their signatures and the files they stand in."""

    articles: pl.DataFrame
    signed: pl.DataFrame
    files: list[Path]


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
    previous = run.previous_snapshot
    before = pl.read_parquet(previous.files("clusters"), glob=False).drop("run_id") if previous else None
    is_current = previous is not None and previous.manifest.get("checks", {}).get("match") == run.versions.match
    earlier = list_parts(previous, config) if is_current else None
    lots = _list_lots(run)
    held = _Held(pl.DataFrame(schema=CLUSTER_SCHEMA), None, [], [])
    if previous and before is not None and earlier is not None:
        pairs = pl.read_parquet(previous.files("duplicate_pairs"), glob=False)
        held = _Held(before, pairs, previous.files("articles"), earlier)
    elif previous:  # the step changed since: everything is matched anew
        lots = _chain(_list_earlier(previous, gone, config), lots)
    added: list[Part] = []
    for number, lot in enumerate(lots):
        found = _match_lot(held, before, gone if number == 0 else gone.clear(), lot, config)
        if lot.signed.height:
            name = f"{run.run_id}-{number:03d}" if number else run.run_id
            added.append(write_part(folder, name, lot.signed, config))
        held = _Held(found.clusters, found.pairs, [*held.files, *lot.files], [*(earlier or []), *added])
    carry_over(earlier or [], folder, f"merged-{run.run_id}", gone, config, *added)
    write_parquet(held.clusters, run.work("clusters.parquet"))
    assert held.pairs is not None
    write_parquet(held.pairs, run.work("duplicate_pairs.parquet"))
    return int((held.clusters.filter("is_canonical")["cluster_size"] > 1).sum())


def _list_lots(run: Run) -> Iterator[_Lot]:
    """The run's articles, ARTICLES_AT_ONCE or a slice more at a time; one lot at least."""
    waiting: list[Path] = []
    n_waiting, n_lots = 0, 0
    paths = sorted(run.work("articles").glob("*.parquet"))
    for path in paths:
        waiting.append(path)
        n_waiting += int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
        if n_waiting >= ARTICLES_AT_ONCE or path == paths[-1]:
            signed = pl.read_parquet([run.work("signatures", file.name) for file in waiting], glob=False)
            articles = pl.read_parquet(waiting, columns=MATCH_COLUMNS, glob=False)
            yield _Lot(articles, signed, waiting)
            waiting, n_waiting, n_lots = [], 0, n_lots + 1


def _list_earlier(previous: Snapshot, gone: pl.Series, config: NearDuplicateConfig) -> Iterator[_Lot]:
    """The articles of the last snapshot that still hold, signed again."""
    is_gone = pl.col("article_id").is_in(gone.implode())
    for path in previous.files("articles"):
        rows = pl.scan_parquet(path, glob=False).select(MATCH_COLUMNS)
        start = 0
        while (part := rows.slice(start, ARTICLES_AT_ONCE).collect()).height:
            start += part.height
            articles = part.filter(~is_gone)
            # The file is known from its first lot on: what of it was not matched yet is asked for by nobody.
            yield _Lot(articles, sign_articles(articles, config), [path] if start == part.height else [])


def _chain(*lots: Iterator[_Lot]) -> Iterator[_Lot]:
    for some in lots:
        yield from some


def _match_lot(
    held: _Held, before: pl.DataFrame | None, gone: pl.Series, lot: _Lot, config: NearDuplicateConfig
) -> NearDuplicates:
    """Match a lot of articles with what is held; `before` are the clusters of the last snapshot, for what changed its."""
    if held.pairs is None:
        found = find_near_duplicates(lot.articles, config, lot.signed, before)
        return found._replace(pairs=explain_pairs(found.pairs, lot.articles))
    near = probe_archive(held.parts, lot.signed, config)["earlier_id"]
    touching = pl.concat([near, gone]).unique()
    earlier = held.clusters
    stories = earlier.filter(pl.col("article_id").is_in(touching.implode()))["cluster_id"].unique()
    is_gone = pl.col("article_id").is_in(gone.implode())
    members = earlier.filter(pl.col("cluster_id").is_in(stories.implode()))
    reopened = members.filter(~is_gone)
    # An exact copy is compared through its canonical article, so its text is needed only where that one is gone.
    without_head = pl.col("cluster_id").is_in(gone.implode())
    to_read = reopened.filter((pl.col("match") != "exact") | without_head)["article_id"]
    again = read_articles(held.files, reopened["article_id"], to_read)
    both = pl.concat([again, lot.articles])
    all_signed = pl.concat([read_signed(held.parts, reopened["article_id"]), lot.signed])
    published = before.join(both, on="article_id", how="semi").filter(~is_gone) if before is not None else None
    found = find_near_duplicates(both, config, all_signed, published)
    changed = members["article_id"]
    kept_pairs = held.pairs.filter(
        ~pl.col("left_id").is_in(changed.implode()) & ~pl.col("right_id").is_in(changed.implode())
    )
    return NearDuplicates(
        clusters=pl.concat([earlier.join(members, on="article_id", how="anti"), found.clusters]).sort("article_id"),
        pairs=pl.concat([kept_pairs, explain_pairs(found.pairs, both)]).sort("left_id", "right_id"),
    )


def match_new(
    previous: Snapshot,
    parts: list[Part],
    gone: pl.Series,
    articles: pl.DataFrame,
    signed: pl.DataFrame,
    config: NearDuplicateConfig,
) -> NearDuplicates:
    """Match new articles among themselves and with the stories that they, or what is gone, may change."""
    before = pl.read_parquet(previous.files("clusters"), glob=False).drop("run_id")
    pairs = pl.read_parquet(previous.files("duplicate_pairs"), glob=False)
    held = _Held(before, pairs, previous.files("articles"), parts)
    return _match_lot(held, before, gone, _Lot(articles, signed, []), config)


def read_articles(files: list[Path], ids: pl.Series, with_text: pl.Series) -> pl.DataFrame:
    """Look up articles in files: MATCH_COLUMNS, the text only of those in `with_text`, else null."""
    articles = pl.scan_parquet(files, glob=False)
    columns = [name for name in MATCH_COLUMNS if name != "text"]
    known = articles.select(columns).filter(pl.col("article_id").is_in(ids.implode())).collect()
    texts = articles.select("article_id", "text").filter(pl.col("article_id").is_in(with_text.implode())).collect()
    return known.join(texts, on="article_id", how="left").select(MATCH_COLUMNS)
