"""Matching a run's articles with all that ever ran: the archive index says which earlier ones are worth reading.

Takes the run's articles and signatures, leaves the tables of clusters, duplicate and related pairs, and the index of the new
snapshot. Articles are matched some ten thousand at a time, each lot as if the ones before were published. Only the texts of earlier
articles whose cluster may change are read; every other row is taken over as it is. What needs no cluster before it is dealt to the
workers: segments of the index by lot, the search for what a lot may repeat by band and lot, the evidence of pairs by pairs.
"""

import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from cleaners.neardup import NearDuplicateConfig, explain_pairs, find_near_duplicates
from cleaners.neardup.sketch.segments import join_bands, keep_promising, pick_joined
from cleaners.neardup.tables import CLUSTER_SCHEMA, RELATED_SCHEMA
from flows.run import Run
from flows.steps.lots import (
    MATCH_COLUMNS,
    Join,
    Lot,
    Probe,
    index_lot,
    plan_joins,
    plan_lots,
    plan_probes,
    read_gone,
    read_lot,
)
from flows.steps.parts import replaced_article_ids
from flows.store.archive import Part, carry_over, list_parts, probe_archive, read_signed, save_array
from flows.store.files import write_parquet
from flows.workers.pool import map_in_workers, run_in_worker

# Articles matched at a time: a quarter of a gigabyte of texts and signatures.
ARTICLES_AT_ONCE = 65_536
# Amounts of search and of evidence that one worker does at a time, about a second each: a cluster takes a hundredth of that to
# send a task, and a run of ten thousand articles, or a later one, is not divided.
LOOKUPS_AT_ONCE = 1 << 24
KEYS_AT_ONCE = 1 << 21  # to be sorted: a quarter of a gigabyte
PAIRS_AT_ONCE = 4_096


class AlreadyMatched(NamedTuple):
    """Articles that are matched already: clusters (without run_id) and pairs, related pairs, the files of the articles, the index.

    A pair has the number of the `lot` whose texts are still to be compared for its evidence, or null.
    """

    clusters: pl.DataFrame
    pairs: pl.DataFrame | None
    related: pl.DataFrame
    files: list[Path]
    parts: list[Part]


class Batch(NamedTuple):
    """The articles of a lot, with their signatures, the files that they make known, and which earlier ones they may repeat."""

    number: int
    articles: pl.DataFrame
    signed: pl.DataFrame
    files: list[Path]
    near: pl.Series


class Matched(NamedTuple):
    """Clusters, pairs and related pairs of all matched articles, and the texts that the new pairs are still to be explained by."""

    clusters: pl.DataFrame
    pairs: pl.DataFrame
    related: pl.DataFrame
    texts: pl.DataFrame


def match_archive(run: Run) -> int:
    """Cluster the new articles with all that earlier runs published, and index them for the next run.

    Runs in the flow's own process and holds no rows.

    Args:
        run: the run, its shards stripped and signed.

    Returns:
        Clusters of two or more.
    """
    for folder in (run.index_folder("archive"), run.work("matching")):
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was interrupted here
        folder.mkdir(parents=True)
    config = run.settings.cleaning.near_duplicates
    lots, earlier = run_in_worker(_begin, run, ARTICLES_AT_ONCE)
    added = map_in_workers(index_lot, [run] * len(lots), lots)
    probes = plan_probes(earlier or [], added, config, LOOKUPS_AT_ONCE)
    map_in_workers(_probe, [run] * len(probes), probes)
    joins = plan_joins(added, config, KEYS_AT_ONCE)
    map_in_workers(_join, [run] * len(joins), joins, [added] * len(joins))
    joined = [number for number, part in enumerate(added) if part and joins][1:]  # the first has none before it
    map_in_workers(_pick, [run] * len(joined), joined, [added] * len(joined))
    n_clusters, n_pairs = run_in_worker(_group_lots, run, lots, earlier, added)
    pieces = [(lot, start) for lot, n in n_pairs.items() for start in range(0, n, PAIRS_AT_ONCE)]
    map_in_workers(_explain, [run] * len(pieces), pieces, [PAIRS_AT_ONCE] * len(pieces))
    run_in_worker(_end, run, earlier or [], [part for part in added if part], pieces)
    return n_clusters


def match_lot(
    held: AlreadyMatched, before: pl.DataFrame | None, gone: pl.Series, batch: Batch, config: NearDuplicateConfig
) -> Matched:
    """Match the articles of a lot among themselves and with the clusters that they, or what is gone, may change.

    Args:
        held: what is matched already.
        before: the clusters of the last snapshot, for what changed its.
        gone: ids of matched articles that are no longer valid.
        batch: the lot.
        config: what counts as a copy.
    """
    earlier, kept_pairs = held.clusters, held.pairs
    members, both, signed, published = earlier.clear(), batch.articles, batch.signed, before
    if kept_pairs is not None:
        touching = pl.concat([batch.near, gone]).unique()
        touched = earlier.filter(pl.col("article_id").is_in(touching.implode()))["cluster_id"].unique()
        is_gone = pl.col("article_id").is_in(gone.implode())
        members = earlier.filter(pl.col("cluster_id").is_in(touched.implode()))
        reopened = members.filter(~is_gone)
        # An exact copy is compared through its canonical article, so its text is needed only where that one is gone.
        without_head = pl.col("cluster_id").is_in(gone.implode())
        to_read = reopened.filter((pl.col("match") != "exact") | without_head)["article_id"]
        again = read_articles(held.files, reopened["article_id"], to_read)
        both = pl.concat([again, batch.articles])
        signed = pl.concat([read_signed(held.parts, reopened["article_id"]), batch.signed])
        published = before.join(both, on="article_id", how="semi").filter(~is_gone) if before is not None else None
        changed = pl.col("left_id", "right_id").is_in(members["article_id"].implode())
        kept_pairs = kept_pairs.filter(~pl.any_horizontal(changed))
    found = find_near_duplicates(both, config, signed, published)
    new_pairs = found.pairs.with_columns(lot=pl.lit(batch.number, pl.Int64))
    paired = pl.concat([found.pairs["left_id"], found.pairs["right_id"]]).unique()
    return Matched(
        clusters=pl.concat([earlier.join(members, on="article_id", how="anti"), found.clusters]).sort("article_id"),
        pairs=new_pairs if kept_pairs is None else pl.concat([kept_pairs, new_pairs]),
        related=pl.concat([_keep_related(held.related, both["article_id"], gone), found.related]),
        texts=both.select("article_id", "text").filter(pl.col("article_id").is_in(paired.implode())),
    )


def _keep_related(related: pl.DataFrame, again: pl.Series, gone: pl.Series) -> pl.DataFrame:
    """The related pairs that stand: those whose two are valid still, but for pairs of two that were compared again."""
    left, right = pl.col("left_id"), pl.col("right_id")
    is_gone = left.is_in(gone.implode()) | right.is_in(gone.implode())
    is_again = left.is_in(again.implode()) & right.is_in(again.implode())
    return related.filter(~(is_gone | is_again))


def read_articles(files: list[Path], ids: pl.Series, with_text: pl.Series) -> pl.DataFrame:
    """Look up articles in files: MATCH_COLUMNS, the text only of those in `with_text`, else null."""
    articles = pl.scan_parquet(files, glob=False)
    columns = [name for name in MATCH_COLUMNS if name != "text"]
    known = articles.select(columns).filter(pl.col("article_id").is_in(ids.implode())).collect()
    texts = articles.select("article_id", "text").filter(pl.col("article_id").is_in(with_text.implode())).collect()
    return known.join(texts, on="article_id", how="left").select(MATCH_COLUMNS)


def _begin(run: Run, articles_at_once: int) -> tuple[list[Lot], list[Part] | None]:
    """Write down what is gone, and deal the articles into lots.

    Returns:
        The lots, and the segments of the last snapshot; None where its articles are matched again, since the step changed.
    """
    write_parquet(replaced_article_ids(run).to_frame("article_id"), run.work("matching", "gone.parquet"))
    previous = run.previous_snapshot
    is_current = (
        previous is not None and previous.manifest.get("checks", {}).get("match") == run.versions.checks["match"]
    )
    earlier = list_parts(previous, run.settings.cleaning.near_duplicates) if is_current else None
    return plan_lots(run, previous if earlier is None else None, articles_at_once), earlier


def _probe(run: Run, probe: Probe) -> None:
    """Find the earlier articles that those of a lot may repeat, in some bands."""
    config = run.settings.cleaning.near_duplicates
    near = probe_archive(probe.held, probe.part.open(), config, probe.bands).select("earlier_id").unique()
    write_parquet(near, probe.file(run))


def _join(run: Run, join: Join, added: list[Part | None]) -> None:
    """Find what each lot shares a bucket with in the lots before it, in some bands."""
    parts = [part for part in added if part]
    bands = ([part.read_band(band, join.piece, join.n_pieces) for part in parts] for band in join.bands)
    codes = join_bands(bands, [part.n_articles for part in parts], run.settings.cleaning.near_duplicates)
    join.file(run).parent.mkdir(parents=True, exist_ok=True)
    save_array(join.file(run), codes)


def _pick(run: Run, lot: int, added: list[Part | None]) -> None:
    """Keep, of what was found in all bands, the articles of earlier lots that those of a lot may repeat."""
    own, parts = added[lot], [part for part in added if part]
    assert own
    starts = np.cumsum([0, *(part.n_articles for part in parts)])
    codes = [np.load(path, mmap_mode="r") for path in sorted(run.work("matching", "joined").glob("*.npy"))]
    near = [pl.Series("earlier_id", [], pl.String)]
    new = own.open()
    for pairs, part in zip(pick_joined(codes, starts, parts.index(own)), parts, strict=False):
        kept = keep_promising(pairs, new, part.open(), run.settings.cleaning.near_duplicates)
        near.append(part.name_articles(np.unique(kept.right)).rename("earlier_id"))
    write_parquet(pl.concat(near).to_frame(), run.work("matching", "near", f"{lot:04d}-lots.parquet"))


def _group_lots(
    run: Run, lots: list[Lot], earlier: list[Part] | None, added: list[Part | None]
) -> tuple[int, dict[int, int]]:
    """Cluster lot after lot; leaves the clusters, and the pairs with the texts that they are to be explained by.

    Returns:
        Clusters of two or more, and how many pairs of each lot are to be explained.
    """
    previous, gone = run.previous_snapshot, read_gone(run)
    columns = CLUSTER_SCHEMA.names()
    before = pl.read_parquet(previous.files("clusters"), columns=columns, glob=False) if previous else None
    held = AlreadyMatched(pl.DataFrame(schema=CLUSTER_SCHEMA), None, pl.DataFrame(schema=RELATED_SCHEMA), [], [])
    if previous and before is not None and earlier is not None:
        pairs = pl.read_parquet(previous.files("duplicate_pairs"), glob=False)
        held = AlreadyMatched(
            before,
            pairs.with_columns(lot=pl.lit(None, pl.Int64)),
            previous.scan("related_pairs", RELATED_SCHEMA).collect(),
            previous.files("articles"),
            earlier,
        )
    for lot, part in zip(lots, added, strict=True):
        articles, parts = read_lot(lot, gone), [part] if part else []
        signed = read_signed(parts, articles["article_id"])
        files = sorted(run.work("matching", "near").glob(f"{lot.number:04d}-*.parquet"))
        found = [pl.read_parquet(path, glob=False) for path in files]
        near = pl.concat([pl.DataFrame(schema={"earlier_id": pl.String}), *found])["earlier_id"]
        # A file of an earlier snapshot is known from its first lot on: its articles that are not matched yet are not looked up.
        batch = Batch(lot.number, articles, signed, [] if lot.start else lot.files, near)
        now_gone = gone if lot.number == 0 else gone.clear()
        matched = match_lot(held, before, now_gone, batch, run.settings.cleaning.near_duplicates)
        write_parquet(matched.texts, _texts_file(run, lot.number))
        held = AlreadyMatched(
            matched.clusters, matched.pairs, matched.related, [*held.files, *batch.files], [*held.parts, *parts]
        )
    assert held.pairs is not None
    write_parquet(held.clusters, run.work("clusters.parquet"))
    write_parquet(held.related.sort("left_id", "right_id"), run.work("related_pairs.parquet"))
    write_parquet(held.pairs.filter(pl.col("lot").is_null()).drop("lot"), run.work("matching", "kept.parquet"))
    n_pairs = {}
    for new in held.pairs.drop_nulls("lot").partition_by("lot", maintain_order=True):
        number = int(new["lot"][0])
        write_parquet(new.drop("lot"), _pairs_file(run, number))
        n_pairs[number] = new.height
    return int((held.clusters.filter("is_canonical")["cluster_size"] > 1).sum()), n_pairs


def _explain(run: Run, piece: tuple[int, int], n: int) -> None:
    """Add their evidence to `n` pairs of a lot: what differs between the two texts."""
    lot, start = piece
    pairs = pl.scan_parquet(_pairs_file(run, lot), glob=False).slice(start, n).collect()
    ids = pl.concat([pairs["left_id"], pairs["right_id"]]).unique()
    texts = pl.scan_parquet(_texts_file(run, lot), glob=False)
    paired = texts.filter(pl.col("article_id").is_in(ids.implode())).collect()
    write_parquet(explain_pairs(pairs, paired), _explained_file(run, piece))


def _end(run: Run, earlier: list[Part], added: list[Part], pieces: list[tuple[int, int]]) -> None:
    """Put the pairs together, and take earlier segments over."""
    explained = [_explained_file(run, piece) for piece in pieces]
    pairs = pl.concat(
        [pl.read_parquet(path, glob=False) for path in (run.work("matching", "kept.parquet"), *explained)]
    )
    write_parquet(pairs.sort("left_id", "right_id"), run.work("duplicate_pairs.parquet"))
    config, index = run.settings.cleaning.near_duplicates, run.index_folder("archive")
    carry_over(earlier, index, f"merged-{run.run_id}", read_gone(run), config, *added)
    shutil.rmtree(run.work("matching"))


def _texts_file(run: Run, lot: int) -> Path:
    return run.work("matching", "texts", f"{lot:04d}.parquet")


def _pairs_file(run: Run, lot: int) -> Path:
    return run.work("matching", "pairs", f"{lot:04d}.parquet")


def _explained_file(run: Run, piece: tuple[int, int]) -> Path:
    return run.work("matching", "explained", f"{piece[0]:04d}-{piece[1]:09d}.parquet")
