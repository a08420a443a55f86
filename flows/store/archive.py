"""The archive index on disk: one immutable segment a run, mapped into memory to be probed, merged as they grow in number.

index/archive/<run_id>.keys.npy         64-bit band keys, a row a band, sorted
index/archive/<run_id>.rows.npy         which article each key belongs to
index/archive/<run_id>.signatures.npy   a row an article
index/archive/<run_id>.lookup.npy       article_id and n_shingles of each signature, of fixed width: read by row
index/archive/<run_id>.articles.parquet the same with n_words and text_digest: read by column
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import polars as pl

from cleaners.neardup import SIGNATURE_SCHEMA, NearDuplicateConfig
from cleaners.neardup.sketch.segments import Band, Segment, describe_scheme, merge_bands, probe_segment, sort_bands
from cleaners.neardup.sketch.signatures import read_signatures
from cleaners.neardup.text.fold import Bools, Int64s
from flows.store.files import write_parquet
from flows.store.snapshots import ARCHIVE_INDEX, Snapshot

INDEX = ARCHIVE_INDEX
# Segments of one order of magnitude (a factor of four) are merged when there are so many of them: each article is
# rewritten once an order, and a year of hourly runs leaves some twenty.
FANOUT = 4
ROWS_COPIED_AT_ONCE = 65_536
FILES_OF_A_PART = ("keys.npy", "rows.npy", "signatures.npy", "lookup.npy", "articles.parquet")
COLUMNS = ("article_id", "n_words", "n_shingles", "text_digest")


class Part(NamedTuple):
    """One segment on disk."""

    folder: Path
    name: str
    n_articles: int

    @property
    def files(self) -> list[Path]:
        """The files of the segment."""
        return [self.folder / f"{self.name}.{kind}" for kind in FILES_OF_A_PART]

    def articles(self) -> pl.LazyFrame:
        """The articles of the segment in order, lazily."""
        return pl.scan_parquet(self.files[4], glob=False)

    def open(self) -> Segment:
        """Map its arrays into memory."""
        keys, rows, signatures, lookup = (np.load(path, mmap_mode="r") for path in self.files[:4])
        return Segment(keys, rows, signatures, lookup["n_shingles"])

    def read_band(self, band: int, piece: int = 0, n_pieces: int = 1) -> Band:
        """Read a band, or those of its keys that lie in one of equal stretches; nothing of it stays mapped."""
        keys, rows = (np.load(path, mmap_mode="r")[band] for path in self.files[:2])
        # Stretches end between buckets, which the upper half of a key names.
        edges = np.array([(edge << 32) // n_pieces << 32 for edge in range(1, n_pieces)], np.uint64)
        ends = [0, *np.searchsorted(keys, edges).tolist(), len(keys)]
        own = slice(ends[piece], ends[piece + 1])
        return Band(np.array(keys[own]), np.array(rows[own]))

    def name_articles(self, rows: Int64s) -> pl.Series:
        """The ids of the articles in some rows; the others' are not read."""
        ids = np.load(self.files[3], mmap_mode="r")["article_id"][rows]
        return pl.Series("article_id", ids.tolist(), dtype=pl.Binary).cast(pl.String)


def find_parts(snapshot: Path) -> list[Part]:
    """The segments in the folder of a snapshot, published or staged, the largest first."""
    found = []
    for path in (snapshot / INDEX).glob("*.articles.parquet"):
        rows = int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
        found.append(Part(path.parent, path.name.removesuffix(".articles.parquet"), rows))
    return sorted(found, key=lambda part: (-part.n_articles, part.name))


def list_parts(snapshot: Snapshot | None, config: NearDuplicateConfig) -> list[Part] | None:
    """The segments of a snapshot.

    Returns:
        None where there is no index, or one that another config or version made: then it must be rebuilt.
    """
    if snapshot is None:
        return []
    table = snapshot.manifest["tables"].get(INDEX)
    if table is None or table.get("scheme") != describe_scheme(config):
        return None
    return find_parts(snapshot.path)


def probe_archive(
    parts: list[Part], new: Segment, config: NearDuplicateConfig, bands: Sequence[int] | None = None
) -> pl.DataFrame:
    """Find the earlier articles that new ones may repeat, without loading the index.

    Args:
        parts: the segments.
        new: the segment of the new articles.
        config: the config of the index.
        bands: where to look, see `probe_segment`; None looks in all.

    Returns:
        row (of the new article in its segment) and earlier_id, each pair once for each segment.
    """
    found = [pl.DataFrame(schema={"row": pl.Int64, "earlier_id": pl.String})]
    for part in parts:
        pairs = probe_segment(part.open(), new, config, bands)
        found.append(pl.DataFrame({"row": pairs.left, "earlier_id": part.name_articles(pairs.right)}))
    return pl.concat(found)


def read_signed(parts: list[Part], ids: pl.Series) -> pl.DataFrame:
    """Look up the signatures of some articles, in the form of `sign_articles`."""
    frames = [pl.DataFrame(schema=SIGNATURE_SCHEMA)]
    for part in parts:
        rows = part.articles().with_row_index("row").filter(pl.col("article_id").is_in(ids.implode())).collect()
        matrix = np.load(part.files[2], mmap_mode="r")[rows["row"].to_numpy()]
        signature = pl.Series("signature", matrix, dtype=pl.Array(pl.UInt32, matrix.shape[1]))
        frames.append(rows.select(COLUMNS).with_columns(signature.cast(pl.List(pl.UInt32))))
    return pl.concat(frames)


def write_part(folder: Path, name: str, signed: pl.DataFrame, config: NearDuplicateConfig) -> Part:
    """Write the segment of some signatures."""
    part = Part(folder, name, signed.height)
    _write_articles(part, signed.select(COLUMNS))
    signatures = read_signatures(signed)
    save_array(part.files[2], signatures.matrix)
    n_filed = int(np.count_nonzero(signatures.n_shingles))
    _write_bands(part, sort_bands(signatures.matrix, signatures.n_shingles, config), config.n_bands, n_filed)
    return part


def carry_over(
    parts: list[Part], folder: Path, name: str, gone: pl.Series, config: NearDuplicateConfig, *added: Part | None
) -> None:
    """Take earlier segments over into a new snapshot: linked where all their articles still hold, else rewritten.

    FANOUT segments of one order of magnitude become one.

    Args:
        parts: the earlier segments.
        folder: where the new snapshot keeps its index.
        name: what to call merged segments; unique to the run.
        gone: ids of earlier articles that no longer hold.
        config: the config of the index.
        added: segments of the new articles, already in `folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    holds = {
        part: part.articles().select(~pl.col("article_id").is_in(gone.implode())).collect().to_series().to_numpy()
        for part in parts
    }
    new = [part for part in added if part]
    holds |= {part: np.ones(part.n_articles, bool) for part in new}
    for number, group in enumerate(group_by_size({part: int(np.count_nonzero(kept)) for part, kept in holds.items()})):
        if len(group) == 1 and holds[group[0]].all():
            _link(group[0], folder)
        else:
            _merge(group, [holds[part] for part in group], folder, f"{name}-{number}", config)
            for part in group:
                for path in part.files if part in new else ():
                    path.unlink()


class Named(Protocol):
    """Protocol of whatever has a name."""

    @property
    def name(self) -> str:
        """The name."""


T = TypeVar("T", bound=Named)
Array = np.ndarray[Any, Any]


def group_by_size(sizes: Mapping[T, int]) -> list[list[T]]:
    """Segments to be merged into one each; those that stay as they are stand alone. Empty ones are left out."""
    groups = [[part] for part in sorted(sizes, key=lambda part: part.name) if sizes[part]]
    while True:
        orders: dict[int, list[list[T]]] = {}
        for group in groups:
            orders.setdefault(sum(sizes[part] for part in group).bit_length() // 2, []).append(group)
        full = next((same for same in orders.values() if len(same) >= FANOUT), None)
        if full is None:
            return groups
        groups = [group for group in groups if group not in full] + [[part for group in full for part in group]]


def _link(part: Part, folder: Path) -> None:
    if part.folder != folder:
        for source, target in zip(part.files, part._replace(folder=folder).files, strict=True):
            os.link(source, target)


def _merge(group: list[Part], masks: list[Bools], folder: Path, name: str, config: NearDuplicateConfig) -> None:
    """Write the segments of a group as one; no more than a band or some thousand signatures are in memory."""
    merged = Part(folder, name, sum(int(mask.sum()) for mask in masks))
    frames = [part.articles().filter(pl.Series(mask)).collect() for part, mask in zip(group, masks, strict=True)]
    articles = pl.concat(frames)
    del frames
    n_filed = int((articles["n_shingles"] > 0).sum())
    _write_articles(merged, articles)
    del articles
    with _create_array(merged.files[2], np.dtype(np.uint32), (merged.n_articles, config.n_permutations)) as signatures:
        for part, mask in zip(group, masks, strict=True):
            for start in range(0, part.n_articles, ROWS_COPIED_AT_ONCE):
                rows = slice(start, start + ROWS_COPIED_AT_ONCE)
                signatures(np.load(part.files[2], mmap_mode="r")[rows][mask[rows]])
    bands = ([part.read_band(band) for part in group] for band in range(config.n_bands))
    _write_bands(merged, merge_bands(bands, masks), config.n_bands, n_filed)


def _write_articles(part: Part, articles: pl.DataFrame) -> None:
    """Write what is known of a segment's articles, once to be read by column and once by row."""
    write_parquet(articles, part.files[4])
    ids = articles["article_id"]
    width = int(ids.str.len_bytes().to_numpy().max(initial=1))
    lookup = np.empty(len(ids), [("article_id", f"S{width}"), ("n_shingles", np.uint32)])
    lookup["article_id"] = ids.cast(pl.Binary).to_list()
    lookup["n_shingles"] = articles["n_shingles"].to_numpy()
    save_array(part.files[3], lookup)


def _write_bands(part: Part, bands: Iterable[Band], n_bands: int, n_filed: int) -> None:
    shape = (n_bands, n_filed)
    with (
        _create_array(part.files[0], np.dtype(np.uint64), shape) as keys,
        _create_array(part.files[1], np.dtype(np.uint32), shape) as rows,
    ):
        for band in bands:
            keys(band.keys)
            rows(band.rows)


def save_array(path: Path, array: np.ndarray[Any, Any]) -> None:
    """Write an array as `np.save` does, whose error on a full disk does not say that there is no room.

    Raises:
        OSError: there is no room.
    """
    with path.open("wb") as handle:
        np.lib.format.write_array_header_1_0(handle, np.lib.format.header_data_from_array_1_0(array))
        handle.write(np.ascontiguousarray(array).data)


@contextmanager
def _create_array(path: Path, dtype: np.dtype[Any], shape: tuple[int, int]) -> Iterator[Callable[[Array], None]]:
    """An array on disk to be written from beginning to end, some rows at a time; a mapped one would stay in memory.

    Raises:
        OSError: there is no room.
    """
    with path.open("wb") as handle:
        header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(handle, header)

        def write(rows: Array) -> None:
            handle.write(np.ascontiguousarray(rows, dtype).data)

        yield write
