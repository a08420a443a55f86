"""Files of a snapshot: written whole or not at all, with plain types, known by their digests."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP_ROWS = 32_768  # 16-64 k rows a group: readers skip well and the footer stays small
ZSTD_LEVEL = 3
PLAIN_ARROW = {
    pl.String: "string",
    pl.Binary: "binary",
    pl.Boolean: "bool",
    pl.Float32: "float32",
    pl.Float64: "float64",
    pl.Int32: "int32",
    pl.Int64: "int64",
    pl.UInt8: "uint8",
    pl.UInt16: "uint16",
    pl.UInt32: "uint32",
    pl.UInt64: "uint64",
}


def read_bytes(path: Path) -> bytes | None:
    """The bytes of a small file; None where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def write_parquet(
    frame: pl.DataFrame,
    path: Path,
    *,
    descriptions: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
) -> None:
    """Write a frame with plain Arrow types that every reader knows (no dictionaries, no 64-bit offsets).

    The file is either whole or not there: a run that goes on reads folders in which one that was killed had begun a file.

    Args:
        frame: the rows.
        path: the file; its folder is made.
        descriptions: a description a column, written into the field's metadata.
        metadata: key-value pairs of the file.
    """
    import pyarrow as pa  # here: commands that only read start a fifth of a second sooner
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    schema = pa.schema(
        [
            pa.field(name, _plain_arrow(dtype), metadata={"description": (descriptions or {}).get(name, "")})
            for name, dtype in frame.schema.items()
        ],
        metadata=metadata or {},
    )
    temporary = path.with_name(f".{path.name}.tmp")
    # Lists of numbers are of hashes: a dictionary of them is as long as they are, and takes half the time of writing them.
    with_dictionary = [
        f"{name}.list.element" if isinstance(dtype, pl.List) else name
        for name, dtype in frame.schema.items()
        if not (isinstance(dtype, pl.List) and dtype.inner.is_numeric())
    ]
    with pq.ParquetWriter(
        temporary, schema, compression="zstd", compression_level=ZSTD_LEVEL, use_dictionary=with_dictionary
    ) as writer:
        for offset in range(0, frame.height, ROW_GROUP_ROWS):
            part = frame.slice(offset, ROW_GROUP_ROWS).to_arrow()
            writer.write_table(part.cast(schema), row_group_size=ROW_GROUP_ROWS)
    temporary.replace(path)


def write_json(value: Any, path: Path) -> None:  # noqa: ANN401
    """Write JSON so that the file is either whole or not there."""
    write_bytes(json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True).encode(), path)


def write_bytes(content: bytes, path: Path) -> None:
    """Write a file that is either whole or not there."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError:  # no room: what there is of it would take some
        temporary.unlink(missing_ok=True)
        raise


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _plain_arrow(dtype: Any) -> pa.DataType:  # noqa: ANN401
    import pyarrow as pa

    if isinstance(dtype, pl.List | pl.Array):
        return pa.list_(_plain_arrow(dtype.inner))
    if isinstance(dtype, pl.Struct):
        return pa.struct([(field.name, _plain_arrow(field.dtype)) for field in dtype.fields])
    if isinstance(dtype, pl.Datetime):
        return pa.timestamp(dtype.time_unit, tz=dtype.time_zone)
    return pa.type_for_alias(PLAIN_ARROW[dtype.base_type()])
