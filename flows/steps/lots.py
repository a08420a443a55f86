"""The articles to match in lots of a bounded size, each as if the ones before were published.

Takes the slices that stripping left, and the last snapshot where the step changed since; gives lots, whose articles and segment of
the archive index any worker can read.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from cleaners.neardup import NearDuplicateConfig, sign_articles
from flows.run import Run
from flows.store.archive import Part, write_part
from flows.store.snapshots import Snapshot

MATCH_COLUMNS = ["article_id", "title", "text", "site", "published_at"]


class Lot(NamedTuple):
    """Articles that are matched together.

    Attributes:
        number: its place among the lots of the run.
        files: where its articles stand.
        start: where the files are one of the last snapshot: the first row, and which rows after it.
        n_rows: rows from there on.
    """

    number: int
    files: list[Path]
    start: int | None
    n_rows: int


class Probe(NamedTuple):
    """Some bands of a lot, to be looked up in the segments of the last snapshot."""

    lot: int
    part: Part
    held: list[Part]
    bands: tuple[int, ...]

    def file(self, run: Run) -> Path:
        """Return the file for the earlier articles that it finds."""
        return run.work("matching", "near", f"{self.lot:04d}-{self.bands[0]:03d}.parquet")


class Join(NamedTuple):
    """Some bands of all lots, or of one band a stretch of its keys, in which each lot looks for those before it."""

    bands: tuple[int, ...]
    piece: int
    n_pieces: int

    def file(self, run: Run) -> Path:
        """Return the file for what it finds."""
        return run.work("matching", "joined", f"{self.bands[0]:03d}-{self.piece:03d}.npy")


def plan_lots(run: Run, earlier: Snapshot | None, articles_at_once: int) -> list[Lot]:
    """Deal articles into lots.

    Args:
        run: the run, its shards stripped and signed.
        earlier: the snapshot whose articles are to be matched again before the run's; None where they are matched already.
        articles_at_once: articles a lot; of the run's own, up to a slice more.

    Returns:
        One lot at least.
    """
    lots: list[Lot] = []
    for path in earlier.files("articles") if earlier else []:
        n_rows = _count(path)
        for start in range(0, n_rows, articles_at_once):
            lots.append(Lot(len(lots), [path], start, min(articles_at_once, n_rows - start)))
    waiting: list[Path] = []
    n_waiting = 0
    paths = sorted(run.work("articles").glob("*.parquet"))
    for path in paths:
        waiting.append(path)
        n_waiting += _count(path)
        if n_waiting >= articles_at_once or path == paths[-1]:
            lots.append(Lot(len(lots), waiting, None, n_waiting))
            waiting, n_waiting = [], 0
    return lots


def read_lot(lot: Lot, gone: pl.Series) -> pl.DataFrame:
    """The articles of a lot, MATCH_COLUMNS; of earlier ones those that still hold."""
    if lot.start is None:
        return pl.read_parquet(lot.files, columns=MATCH_COLUMNS, glob=False)
    rows = pl.scan_parquet(lot.files, glob=False).select(MATCH_COLUMNS).slice(lot.start, lot.n_rows).collect()
    return rows.filter(~pl.col("article_id").is_in(gone.implode()))


def index_lot(run: Run, lot: Lot) -> Part | None:
    """Write the segment of a lot into the index of the new snapshot; none where no article is left."""
    config = run.settings.cleaning.near_duplicates
    if lot.start is None:
        signed = pl.read_parquet([run.work("signatures", file.name) for file in lot.files], glob=False)
    else:
        signed = sign_articles(read_lot(lot, read_gone(run)), config)
    name = f"{run.run_id}-{lot.number:03d}" if lot.number else run.run_id
    return write_part(run.index_folder("archive"), name, signed, config) if signed.height else None


def plan_probes(
    earlier: list[Part], added: list[Part | None], config: NearDuplicateConfig, lookups_at_once: int
) -> list[Probe]:
    """Divide what the lots have to look up in the segments of the last snapshot, by lot and band.

    Args:
        earlier: the segments of the last snapshot.
        added: the segment of each lot.
        config: the bands.
        lookups_at_once: what a probe may look up, an article in a band of a segment each; it has one band at least.
    """
    probes: list[Probe] = []
    for number, part in enumerate(added):
        if part and earlier:
            n_groups = -(-part.n_articles * len(earlier) * config.n_bands // lookups_at_once)
            groups = np.array_split(np.arange(config.n_bands), min(n_groups, config.n_bands))
            probes += [Probe(number, part, earlier, tuple(bands.tolist())) for bands in groups]
    return probes


def plan_joins(added: list[Part | None], config: NearDuplicateConfig, keys_at_once: int) -> list[Join]:
    """Divide what the lots have to look up in each other, by band; none where there is one lot.

    Args:
        added: the segment of each lot.
        config: the bands.
        keys_at_once: keys to be sorted at a time: those of one band, or of a stretch of it; and about as many a join.
    """
    sizes = [part.n_articles for part in added if part]
    if len(sizes) < 2:
        return []
    n_pieces = -(-sum(sizes) // keys_at_once)
    n_groups = min(config.n_bands, -(-config.n_bands * sum(sizes) // keys_at_once))
    groups = np.array_split(np.arange(config.n_bands), n_groups)
    return [Join(tuple(bands.tolist()), piece, n_pieces) for bands in groups for piece in range(n_pieces)]


def read_gone(run: Run) -> pl.Series:
    """Ids of earlier articles that no longer hold."""
    return pl.read_parquet(run.work("matching", "gone.parquet"), glob=False)["article_id"]


def _count(path: Path) -> int:
    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
