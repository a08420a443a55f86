"""Reader of JSON lines: takes the stream of a file, gives a raw record for each object, whatever form it is written in."""

import gzip
import json
from collections.abc import Iterator
from typing import IO, Any, cast

from cleaners.decoding import decode_text
from cleaners.document import sha256_hex
from cleaners.errors import Rejected
from cleaners.text import TextConfig
from flows.ingest.inputs import GZIP_MAGIC, InputSource, Unusable, read_magic
from flows.ingest.json_forms import CHUNK_BYTES, drop_nested, find_form, read_head, split_records, to_plain_bytes
from flows.ingest.records import Record, make_record


def read_jsonl(stream: IO[bytes], source: InputSource) -> Iterator[Record | Unusable]:
    """Read one JSON object a line; a line that is none is unusable, the next is read.

    Also read are an array over the whole file, objects over several lines, lines ended by carriage returns, UTF-16 and UTF-32.
    """
    if source.piece.stretch is not None:
        yield from _read_stretch(stream, source)
        return
    unpacked = cast(IO[bytes], gzip.GzipFile(fileobj=stream)) if read_magic(stream) == GZIP_MAGIC else stream
    form = find_form(read_head(unpacked))
    lines = to_plain_bytes(unpacked, form)
    if form.is_split:
        for number, record in enumerate(split_records(lines, source.config.max_bytes)):
            source.tally.n_rows += 1
            yield from _read_one(record, number, source)
        return
    yield from _read_lines(lines, source, 0, None)


def _read_stretch(stream: IO[bytes], source: InputSource) -> Iterator[Record | Unusable]:
    """Read the lines between two offsets of a plain file."""
    assert source.piece.stretch
    start, end, first = source.piece.stretch
    stream.seek(start)
    yield from _read_lines(stream, source, first, end)
    if stream.tell() < end:
        early = end - stream.tell()
        detail = f"the file changed between discovery and reading: it ends {early} bytes early; run again"
        yield Unusable(None, "changed", detail, source.piece.raw_sha256)


def _read_lines(lines: IO[bytes], source: InputSource, number: int, end: int | None) -> Iterator[Record | Unusable]:
    limit = source.config.max_bytes
    while (end is None or lines.tell() < end) and (line := lines.readline(limit + 1)):
        source.tally.n_rows += 1
        is_long = len(line) > limit
        while is_long and line and not line.endswith(b"\n"):
            line = lines.readline(CHUNK_BYTES)
        if source.is_mine(number) and not is_long and not line.strip():
            source.tally.n_passed_over += 1
        else:
            yield from _read_one(None if is_long else line, number, source)
        number += 1


def _read_one(record: bytes | None, number: int, source: InputSource) -> Iterator[Record | Unusable]:
    """Read a record, None where it is too long, if it is of this part."""
    if not source.is_mine(number):
        return
    if record is None:
        yield Unusable(number, "too_large", f"a record of more than {source.config.max_bytes} bytes")
        return
    if given_up := source.begin(number):
        yield given_up
        return
    try:
        row = _load(record, source.text)
    except (ValueError, RecursionError) as error:
        yield Unusable(number, "malformed_record", f"no JSON: {error}", sha256_hex(record), len(record))
        return
    if not isinstance(row, dict):
        detail = f"a JSON object was expected, not {type(row).__name__}"
        yield Unusable(number, "malformed_record", detail, sha256_hex(record), len(record))
        return
    yield make_record(row.items(), number, source)


def _load(record: bytes, config: TextConfig) -> Any:  # noqa: ANN401
    """Parse a record, in UTF-8 or the encoding that its bytes show.

    Raises:
        ValueError, RecursionError: it is no JSON, in no encoding.
    """
    try:
        text = record.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        try:
            text = decode_text(record, config)
        except Rejected:
            raise error from None
    try:
        return json.loads(text)
    except RecursionError:
        return json.loads(drop_nested(text))
