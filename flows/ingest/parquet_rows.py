"""Reader of Parquet files: takes the stream of a file, gives a raw record for each row.

Values are converted column by column; what cannot be converted is `Unreadable` and costs no other value. Where a column's pages
cannot be read, the rest of its row group is; memory then holds one row group of the columns that are wanted.
"""

from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

from flows.ingest.inputs import InputSource, Unusable
from flows.ingest.records import Record, Unreadable, make_record

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

    Columns = list[tuple[str, pa.Array | Unreadable]]  # some rows of each wanted column


def read_parquet(stream: IO[bytes], source: InputSource) -> Iterator[Record | Unusable]:
    """Read the mapped columns of a Parquet file, some rows at a time."""
    import pyarrow.parquet as pq

    table = pq.ParquetFile(stream)
    source.tally.n_rows = table.metadata.num_rows
    names = table.schema_arrow.names
    wanted = {name.casefold() for names in source.config.columns.model_dump().values() for name in names}
    columns = list(dict.fromkeys(name for name in names if name.casefold() in wanted))
    content = {name.casefold() for name in (*source.config.columns.html, *source.config.columns.text)}
    if not any(name.casefold() in content for name in columns):
        source.tally.n_rows = 0  # they are refused together
        detail = f"no column of text or html among: {', '.join(names)}; name it in `columns`"
        yield Unusable(None, "malformed_record", detail, source.piece.raw_sha256)
        return
    first_group, end_group, start = source.piece.stretch or (0, table.metadata.num_row_groups, 0)
    for group in range(first_group, end_group):
        for n_rows, values in _read_group(table, group, columns, source.config.parquet_rows):
            mine = [row for row in range(n_rows) if source.is_mine(start + row)]
            lists = [(name, _convert(column, mine)) for name, column in values]
            for at, row in enumerate(mine):
                number = start + row
                yield source.begin(number) or make_record([(name, cells[at]) for name, cells in lists], number, source)
            start += n_rows


def _read_group(
    table: "pq.ParquetFile", group: int, columns: Sequence[str], n_at_once: int
) -> Iterator[tuple[int, "Columns"]]:
    """Read a row group some rows at a time: how many rows, and the array of each column."""
    batches = table.iter_batches(n_at_once, row_groups=[group], columns=columns)
    n_left = table.metadata.row_group(group).num_rows
    while n_left:
        try:
            batch = next(batches)
        except Exception:  # pyarrow's errors have no common base; which column it is, is found out
            break
        yield batch.num_rows, list(zip(batch.schema.names, batch.columns, strict=True))
        n_left -= batch.num_rows
    if not n_left:
        return
    n_done = table.metadata.row_group(group).num_rows - n_left
    singly = [found for name in columns for found in _read_column(table, group, name, n_at_once)]
    for start in range(n_done, n_done + n_left, n_at_once):
        n_rows = min(n_at_once, n_done + n_left - start)
        some: Columns = []
        for name, array, error in singly:
            n_read = max(0, min(n_rows, len(array) - start))
            if n_read:
                some.append((name, array.slice(start, n_read)))
            if n_read < n_rows:
                some.append((name, error))
        yield n_rows, some


def _read_column(
    table: "pq.ParquetFile", group: int, name: str, n_at_once: int
) -> list[tuple[str, "pa.ChunkedArray", Unreadable]]:
    """Read a column of a row group as far as it can be read, and why no further; two where two bear the name."""
    import pyarrow as pa

    found: list[list[pa.Array]] = []
    error = Unreadable("")
    try:
        for batch in table.iter_batches(n_at_once, row_groups=[group], columns=[name]):
            found = found or [[] for _ in batch.columns]
            for arrays, array in zip(found, batch.columns, strict=True):
                arrays.append(array)
    except Exception as reason:  # as above
        error = Unreadable(f"{type(reason).__name__}: {reason}")
    return [(name, pa.chunked_array(arrays), error) for arrays in found] or [
        (name, pa.chunked_array([], pa.null()), error)
    ]


def _convert(column: "pa.Array | pa.ChunkedArray | Unreadable", rows: list[int]) -> list[Any]:
    """The values of some rows of a column; `Unreadable` where a value cannot be converted."""
    import pyarrow as pa

    if isinstance(column, Unreadable):
        return [column] * len(rows)
    try:
        if pa.types.is_timestamp(column.type) and column.type.unit == "ns":  # nanoseconds would need pandas
            column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
        chosen = column if len(rows) == len(column) else column.take(pa.array(rows, pa.int64()))
        return list(chosen.to_pylist())
    except Exception:  # one value is enough; they are tried one by one
        return [_convert_value(column[row]) for row in rows]


def _convert_value(scalar: "pa.Scalar") -> Any:  # noqa: ANN401
    """A value; the bytes of a string that is no UTF-8."""
    import pyarrow as pa

    try:
        return scalar.as_py()
    except Exception as error:  # as above; also errors of zones and of dates
        if isinstance(scalar, pa.StringScalar | pa.LargeStringScalar | pa.StringViewScalar):
            return scalar.as_buffer().to_pybytes()
        if pa.types.is_timestamp(scalar.type) and scalar.type.tz not in (
            None,
            "UTC",
        ):  # an unknown zone: the instant is known
            return _convert_value(scalar.cast(pa.timestamp(scalar.type.unit, "UTC")))
        return Unreadable(f"{type(error).__name__}: {error}")
