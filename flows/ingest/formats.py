"""Reading of one input: takes a piece, gives batches of raw records and a reject for what cannot be read.

A single document is one record; a container (JSON lines, Parquet, WARC) gives one for each row, streamed, so that
memory holds one batch whatever the size of the file.
"""

import gzip
import io
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import IO, Any, NamedTuple

import polars as pl

from cleaners.decoding import decode_text
from cleaners.document import REJECT_SCHEMA, make_id, sha256_hex
from cleaners.errors import Rejected
from cleaners.extract import RAW_SCHEMA, host_of
from cleaners.text import TextConfig, drop_surrogates
from flows.ingest.inputs import GZIP_MAGIC, READ_ERRORS, InputSource, Piece, Tally, Unusable, open_input
from flows.ingest.jsonl import read_jsonl
from flows.ingest.parquet_rows import read_parquet
from flows.ingest.records import Record
from flows.ingest.warc import read_warc
from flows.settings import InputConfig
from flows.workers.marks import FIRST_TRY, Tries

# Single documents in a frame, some sixteen pages or 64 texts: a frame costs a twentieth of extracting a page.
DOCUMENTS_AT_ONCE, CHARACTERS_AT_ONCE = 64, 4 * 2**20
CONTAINER_READERS = {"jsonl": read_jsonl, "parquet": read_parquet, "warc": read_warc}


class RawBatch(NamedTuple):
    """Raw records (`RAW_SCHEMA`), rejects (`REJECT_SCHEMA`), and how many optional values became null as they cannot be read."""

    records: pl.DataFrame
    rejects: pl.DataFrame
    n_unreadable_values: int = 0


def read_records(
    piece: Piece,
    config: InputConfig,
    text_config: TextConfig,
    tries: Tries = FIRST_TRY,
    tally: Tally | None = None,
) -> Iterator[RawBatch]:
    """Read one input, or its part, batch by batch.

    A single document's article id is made of its digest and file name. A container's record has the digest of its own
    content, and an id made of that and its address (or the source's id), so that a file that grows keeps its ids. Two
    records of the same content and address therefore share an id; whoever joins batches must keep one.

    Args:
        piece: the input. Parts count records from 0 within the input; a single document is record 0.
        config: limits and column names.
        text_config: how bytes are decoded.
        tries: records on which workers were lost, which become rejects.
        tally: what is counted as the input is read; complete when the last batch is out.

    Yields:
        Batches of at most `batch_documents` records, ending with the one that reaches `batch_bytes`. What cannot be
        read is a reject with stage `read`; what comes after it in the file is still read where the format allows.
    """
    source = InputSource(piece, config, text_config, tries, tally or Tally())
    return _batch(_read_each(source), config.batch_documents, config.batch_bytes, lambda fields: int(fields["n_bytes"]))


def read_documents(
    pieces: Iterable[Piece], config: InputConfig, text_config: TextConfig, tries: Tries = FIRST_TRY
) -> Iterator[RawBatch]:
    """Read single documents, some at a time: a frame costs more than a document.

    Args:
        pieces: inputs that are single documents; one record or one reject comes of each, in their order.
        config: limits.
        text_config: how bytes are decoded.
        tries: as in `read_records`.
    """
    sources = (InputSource(piece, config, text_config, tries, Tally()) for piece in pieces)
    items = (item for source in sources for item in _read_each(source))
    most = min(config.batch_documents, DOCUMENTS_AT_ONCE)
    return _batch(items, most, CHARACTERS_AT_ONCE, lambda fields: len(fields["content"]))


def _read_each(source: InputSource) -> Iterator[Record | dict[str, Any]]:
    """The records of an input, and the row of a reject for what is none."""
    for item in _guarded(source):
        yield _reject_row(source.piece, item) if isinstance(item, Unusable) else item


def _batch(
    items: Iterable[Record | dict[str, Any]], n_most: int, most: int, size_of: Callable[[dict[str, Any]], int]
) -> Iterator[RawBatch]:
    """Put records and rejects together, at most so many; the record that reaches the size ends a batch."""
    records: list[dict[str, Any]] = []
    rejects: list[dict[str, Any]] = []
    size = n_unreadable = 0
    for item in items:
        if isinstance(item, Record):
            records.append(item.fields)
            n_unreadable += item.n_unreadable_values
            size += size_of(item.fields)
        else:
            rejects.append(item)
        if len(records) + len(rejects) >= n_most or size >= most:
            yield _to_batch(records, rejects, n_unreadable)
            records, rejects, size, n_unreadable = [], [], 0, 0
    if records or rejects:
        yield _to_batch(records, rejects, n_unreadable)


def _to_batch(records: list[dict[str, Any]], rejects: list[dict[str, Any]], n_unreadable: int) -> RawBatch:
    # By columns: from dicts polars reads each text twice.
    columns = {name: [record.get(name) for record in records] for name in RAW_SCHEMA}
    return RawBatch(pl.DataFrame(columns, RAW_SCHEMA), pl.DataFrame(rejects, REJECT_SCHEMA), n_unreadable)


def _guarded(source: InputSource) -> Iterator[Record | Unusable]:
    """Read until the end or until the file breaks; what was read before the break stays. Every part reports its own break."""
    reader = CONTAINER_READERS.get(source.piece.format, _read_document)
    try:
        if quarantined := source.begin():
            yield quarantined
            return
        is_empty = True
        with open_input(source.piece.source_uri) as stream:
            for item in reader(stream, source):
                is_empty = False
                yield item
                source.begin()  # what comes next is no longer that record
        if is_empty and source.piece.n_parts == 1:
            yield Unusable(None, "empty", "no record of an article in it", source.piece.raw_sha256)
    except Exception as error:  # object stores have errors of their own; the other inputs must live
        reason = "unreadable" if isinstance(error, READ_ERRORS) or _is_of_arrow(error) else "failed"
        if isinstance(error, FileNotFoundError):
            reason = "changed"
        yield Unusable(None, reason, f"{type(error).__name__}: {error}", source.piece.raw_sha256)


def _is_of_arrow(error: Exception) -> bool:
    """Tell whether pyarrow says that it cannot read something; not all of its errors are `ValueError`s."""
    return type(error).__module__.partition(".")[0] == "pyarrow"


def _decompress(raw: bytes, most: int) -> bytes:
    """Decompress gzip, as far as wanted: in one call where it is one whole member, as nearly all files are."""
    with suppress(zlib.error):
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        data = member.decompress(raw, most)
        if member.eof and not member.unused_data:
            return data
    return gzip.GzipFile(fileobj=io.BytesIO(raw)).read(most)


def _read_document(stream: IO[bytes], source: InputSource) -> Iterator[Record | Unusable]:
    piece, limit = source.piece, source.config.max_bytes
    if not source.is_mine(0):
        return
    raw = stream.read(limit + 1)
    if len(raw) <= limit and sha256_hex(raw) != piece.raw_sha256:
        yield Unusable(None, "changed", "the file has other bytes than at its discovery", piece.raw_sha256)
        return
    data = raw
    if raw.startswith(GZIP_MAGIC) and len(raw) <= limit:
        data = _decompress(raw, limit + 1)
    if len(data) > limit:
        yield Unusable(None, "too_large", f"more than {limit} bytes (decompressed)", piece.raw_sha256)
        return
    try:
        content = decode_text(data, source.text)
    except Rejected as reject:
        yield Unusable(None, reject.reason, reject.detail, piece.raw_sha256, len(raw))
        return
    fields = {
        "article_id": make_id("article", piece.raw_sha256, piece.name),
        "source_uri": piece.source_uri,
        "media": piece.format,
        "content": content,
        "raw_sha256": piece.raw_sha256,
        "n_bytes": len(raw),
    }
    yield Record(fields)


def _reject_row(piece: Piece, unusable: Unusable) -> dict[str, Any]:
    uri = piece.source_uri if unusable.number is None else f"{piece.source_uri}#{unusable.number}"
    return {
        "source_uri": uri,
        "stage": "read",
        "reason": unusable.reason,
        "detail": drop_surrogates(unusable.detail)[:500],
        "raw_sha256": unusable.raw_sha256,
        "n_bytes": unusable.n_bytes,
        "url": unusable.url,
        "site": unusable.site or host_of(unusable.url),
    }
