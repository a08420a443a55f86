"""The archive index on disk: one immutable segment a run, mapped into memory to be probed, merged as they grow in number.

index/archive/<run_id>.keys.npy         64-bit band keys, a row a band, sorted
index/archive/<run_id>.rows.npy         which article each key belongs to
index/archive/<run_id>.signatures.npy   a row an article
index/archive/<run_id>.articles.parquet article_id, n_words, n_shingles, text_digest, in the order of the signatures
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from cleaners.neardup import NearDuplicateConfig
from cleaners.neardup.segments import Band, Segment, describe_scheme, merge_bands, probe_segment, sort_bands
from cleaners.neardup.signatures import read_signatures
from flows.storage import Snapshot, write_parquet

INDEX = "index/archive"
# Segments of one order of magnitude (a factor of four) are merged when there are so many of them: each article is
# rewritten once an order, and a year of hourly runs leaves some twenty segments.
FANOUT = 4
ROWS_COPIED_AT_ONCE = 65_536
COLUMNS = ("article_id", "n_words", "n_shingles", "text_digest")


class Part(NamedTuple):
    """One segment on disk."""

    folder: Path
    name: str
    n_articles: int

    @property
    def files(self) -> list[Path]:
        """Its files."""
        kinds = ("keys.npy", "rows.npy", "signatures.npy", "articles.parquet")
        return [self.folder / f"{self.name}.{kind}" for kind in kinds]

    def articles(self) -> pl.LazyFrame:
        """Its articles in order, lazily."""
        return pl.scan_parquet(self.files[3], glob=False)

    def open(self) -> Segment:
        """Map its arrays into memory."""
        keys, rows, signatures = (np.load(path, mmap_mode="r") for path in self.files[:3])
        n_shingles = self.articles().select("n_shingles").collect()["n_shingles"].to_numpy()
        return Segment(keys, rows, signatures, n_shingles)


def list_parts(snapshot: Snapshot | None, config: NearDuplicateConfig) -> list[Part] | None:
    """The segments of a snapshot, oldest first.

    Returns:
        None where there is no index, or one that another config or version made: then it must be built anew.
    """
    if snapshot is None:
        return []
    table = snapshot.manifest["tables"].get(INDEX)
    if table is None or table.get("scheme") != describe_scheme(config):
        return None
    return [
        Part(snapshot.path / INDEX, Path(entry["path"]).name.removesuffix(".articles.parquet"), entry["rows"])
        for entry in table["files"]
        if entry["path"].endswith(".articles.parquet")
    ]


def probe_archive(parts: list[Part], signed: pl.DataFrame, config: NearDuplicateConfig) -> pl.DataFrame:
    """Find the earlier articles that new ones may repeat, without loading the index.

    Args:
        parts: the segments.
        signed: `sign_articles` of the new ones.
        config: the config of the index.

    Returns:
        article_id (the new one's) and earlier_id, each pair once for each segment.
    """
    new = read_signatures(signed)
    found = [pl.DataFrame(schema={"article_id": pl.String, "earlier_id": pl.String})]
    for part in parts:
        pairs = probe_segment(part.open(), new.matrix, new.n_shingles, config)
        ids = part.articles().select("article_id").collect()["article_id"]
        found.append(
            pl.DataFrame(
                {"article_id": signed["article_id"].gather(pairs.left), "earlier_id": ids.gather(pairs.right)}
            )
        )
    return pl.concat(found)


def read_signed(parts: list[Part], ids: pl.Series) -> pl.DataFrame:
    """Look up the signatures of some articles, in the form of `sign_articles`."""
    frames = []
    for part in parts:
        rows = part.articles().with_row_index("row").filter(pl.col("article_id").is_in(ids.implode())).collect()
        matrix = np.load(part.files[2], mmap_mode="r")[rows["row"].to_numpy()]
        signature = pl.Series("signature", matrix, dtype=pl.Array(pl.UInt32, matrix.shape[1]))
        frames.append(rows.select(COLUMNS).with_columns(signature.cast(pl.List(pl.UInt32))))
    return pl.concat(frames)


def write_part(folder: Path, name: str, signed: pl.DataFrame, config: NearDuplicateConfig) -> Part:
    """Write the segment of some signatures."""
    part = Part(folder, name, signed.height)
    write_parquet(signed.select(COLUMNS), part.files[3])
    signatures = read_signatures(signed)
    np.save(part.files[2], signatures.matrix)
    n_filed = int(np.count_nonzero(signatures.n_shingles))
    _write_bands(part, sort_bands(signatures.matrix, signatures.n_shingles, config), config.n_bands, n_filed)
    return part


def carry_over(
    parts: list[Part], folder: Path, name: str, gone: pl.Series, config: NearDuplicateConfig, added: Part | None = None
) -> list[Part]:
    """Take earlier segments over into a new snapshot: linked where all their articles still hold, else written anew.

    Args:
        parts: the earlier segments, oldest first.
        folder: where the new snapshot keeps its index.
        name: what to call merged segments, usually the run's id.
        gone: ids of earlier articles that no longer hold.
        config: the config of the index.
        added: the segment of the new articles, already in `folder`.

    Returns:
        The segments of the new snapshot, oldest first; those that grew too many are merged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    groups = [[part] for part in parts] + ([[added]] if added else [])
    while (first := _find_run(groups)) is not None:
        groups[first : first + FANOUT] = [sum(groups[first : first + FANOUT], [])]
    kept: list[Part] = []
    for number, group in enumerate(groups):
        masks = [~part.articles().select(pl.col("article_id").is_in(gone.implode())).collect().to_series() for part in group]
        if added in group:
            masks[-1] = pl.repeat(True, added.n_articles, eager=True) if added else masks[-1]
        n_kept = sum(int(mask.sum()) for mask in masks)
        if len(group) == 1 and n_kept == group[0].n_articles:
            kept.append(_link(group[0], folder))
        elif n_kept:
            kept.append(_merge(group, [mask.to_numpy() for mask in masks], folder, f"{name}-{number}", config))
        if added in group and len(group) > 1 and added:
            for path in added.files:
                path.unlink()
    return kept


def _find_run(groups: list[list[Part]]) -> int | None:
    """Where the first run of FANOUT neighbouring segments of one order of magnitude, or smaller, begins."""
    orders = [sum(part.n_articles for part in group).bit_length() // 2 for group in groups]
    for first in range(len(orders) - FANOUT + 1):
        if max(orders[first : first + FANOUT]) <= orders[first]:
            return first
    return None


def _link(part: Part, folder: Path) -> Part:
    linked = Part(folder, part.name, part.n_articles)
    if part.folder != folder:
        for source, target in zip(part.files, linked.files, strict=True):
            os.link(source, target)
    return linked


def _merge(group: list[Part], masks: list[np.ndarray], folder: Path, name: str, config: NearDuplicateConfig) -> Part:
    """Write the segments of a group as one; no more than a band or some thousand signatures are in memory."""
    segments = [part.open() for part in group]
    merged = Part(folder, name, sum(int(mask.sum()) for mask in masks))
    frames = [part.articles().filter(pl.Series(mask)).collect() for part, mask in zip(group, masks, strict=True)]
    articles = pl.concat(frames)
    write_parquet(articles, merged.files[3])
    shape = (merged.n_articles, config.n_permutations)
    target = np.lib.format.open_memmap(merged.files[2], mode="w+", dtype=np.uint32, shape=shape)
    start = 0
    for rows in _slices(segments, masks):
        target[start : start + len(rows)] = rows
        start += len(rows)
    target.flush()
    n_filed = int((articles["n_shingles"] > 0).sum())
    _write_bands(merged, merge_bands(segments, masks), config.n_bands, n_filed)
    return merged


def _slices(segments: list[Segment], masks: list[np.ndarray]) -> Iterator[np.ndarray]:
    for segment, mask in zip(segments, masks, strict=True):
        for start in range(0, len(mask), ROWS_COPIED_AT_ONCE):
            part = slice(start, start + ROWS_COPIED_AT_ONCE)
            yield segment.signatures[part][mask[part]]


def _write_bands(part: Part, bands: Iterable[Band], n_bands: int, n_filed: int) -> None:
    keys = np.lib.format.open_memmap(part.files[0], mode="w+", dtype=np.uint64, shape=(n_bands, n_filed))
    rows = np.lib.format.open_memmap(part.files[1], mode="w+", dtype=np.uint32, shape=(n_bands, n_filed))
    for number, band in enumerate(bands):
        keys[number], rows[number] = band
    keys.flush()
    rows.flush()
