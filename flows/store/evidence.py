"""Learned evidence in a snapshot: segments mapped into memory, looked up without reading them whole.

index/evidence/<run_id>.arrow    rows of the kinds SITE, TEMPLATE and OWNER: a record batch for each part of the keys, sorted
index/evidence/<run_id>.parquet  the recent documents of small sites (RECENT, RECENT_GRAM), whole
"""

from pathlib import Path
from typing import NamedTuple

import polars as pl
import pyarrow as pa

from cleaners.junk.evidence.counts import merge_rows
from cleaners.junk.evidence.gather import EVIDENCE_SCHEMA
from cleaners.junk.evidence.parts import Wanted, look_up, map_keys
from cleaners.junk.page.tokens import U64, HeldKeys

INDEX = "index/evidence"

SEGMENT_SCHEMA = pa.schema([("kind", pa.uint8()), ("key", pa.uint64()), ("n", pa.uint32()), ("value", pa.uint64())])


class Segment(NamedTuple):
    """One segment on disk."""

    path: Path
    n_rows: int

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.path.name

    def open(self) -> list[pl.DataFrame]:
        """Map its parts into memory."""
        file = pa.ipc.open_file(pa.memory_map(str(self.path)))
        return [to_frame(file.get_batch(number)) for number in range(file.num_record_batches)]


def find_segments(folder: Path) -> list[Segment]:
    """The segments in the `index/evidence` of a snapshot, in the order of their names."""
    found = []
    for path in sorted(folder.glob("*.arrow")):
        file = pa.ipc.open_file(pa.memory_map(str(path)))
        rows = sum(file.get_batch(number).num_rows for number in range(file.num_record_batches))
        found.append(Segment(path, rows))
    return found


class EvidenceArchive:
    """The segments of a snapshot, published or staged, ready for lookups."""

    def __init__(self, folder: Path) -> None:
        found = find_segments(folder)
        self._files = tuple(
            (segment.path, segment.path.stat().st_ino, segment.path.stat().st_mtime_ns) for segment in found
        )
        self._segments = [segment.open() for segment in found]

    def __call__(self, wanted: Wanted) -> pl.DataFrame:
        """The rows of all segments with some keys, as if they were one."""
        found = [look_up(parts, wanted) for parts in self._segments]
        if len(found) == 1:
            return found[0]  # no key twice in one segment
        return merge_rows(pl.concat(found)) if found else pl.DataFrame(schema=EVIDENCE_SCHEMA)

    def narrow(self, keys: U64) -> U64:
        """Some keys without most of those that no segment has, in any order."""
        held = _MAPS.get(self._files)
        if held is None:
            _MAPS.clear()
            held = _MAPS[self._files] = map_keys(self._segments)
        return held.narrow(keys)


# The keys of the segments that were looked into last: a step of many slices maps them once in each process.
_MAPS: dict[tuple[tuple[Path, int, int], ...], HeldKeys] = {}


def to_frame(rows: pa.Table | pa.RecordBatch) -> pl.DataFrame:
    """Make a polars frame of Arrow rows."""
    frame = pl.from_arrow(rows)
    assert isinstance(frame, pl.DataFrame)
    return frame
