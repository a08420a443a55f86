"""Readers of containers: takes the stream of a JSON lines, Parquet or WARC file, gives a raw record for each row.

What cannot be used is an `Unusable` in its place; nothing is held in memory but the row at hand.
"""

import gzip
import json
from collections.abc import Iterator
from typing import IO, Any, cast

from cleaners.dates import parse_timestamp
from cleaners.document import make_id, sha256_hex
from cleaners.errors import Rejected
from cleaners.text import decode_text, drop_surrogates
from flows.inputs import GZIP_MAGIC, READ_ERRORS, InputSource, Unusable

PIECE_BYTES = 1 << 20
# Beginnings of records that may turn out to be none, one after the other, before the rest of a broken archive is given up.
MOST_TRIES = 100
_NO_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)))  # what would move the cursor of a terminal
HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})


def read_jsonl(stream: IO[bytes], source: InputSource) -> Iterator[dict[str, Any] | Unusable]:
    """Read one JSON object a line; a line that is none is unusable, the next is read."""
    lines = cast(IO[bytes], gzip.GzipFile(fileobj=stream)) if _magic_of(stream) == GZIP_MAGIC else stream
    limit = source.config.max_bytes
    number, end = -1, None
    if source.piece.stretch is not None:
        start, end, first = source.piece.stretch
        lines.seek(start)
        number = first - 1
    while (end is None or lines.tell() < end) and (line := lines.readline(limit + 1)):
        number += 1
        if len(line) > limit:
            while line and not line.endswith(b"\n"):
                line = lines.readline(PIECE_BYTES)
            if source.is_mine(number):
                yield Unusable(number, "too_large", f"a line of more than {limit} bytes")
            continue
        if not source.is_mine(number) or not line.strip():
            continue
        if condemned := source.begin(number):
            yield condemned
            continue
        try:
            row = json.loads(line.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            yield Unusable(number, "malformed_record", f"no JSON: {error}", sha256_hex(line), len(line))
            continue
        if not isinstance(row, dict):
            detail = f"a JSON object was expected, not {type(row).__name__}"
            yield Unusable(number, "malformed_record", detail, sha256_hex(line), len(line))
            continue
        yield _record_of(row, number, source)
    if end is not None and lines.tell() < end:
        detail = f"the file changed between discovery and reading: it ends {end - lines.tell()} bytes early; run again"
        yield Unusable(None, "changed", detail, source.piece.raw_sha256)


def read_parquet(stream: IO[bytes], source: InputSource) -> Iterator[dict[str, Any] | Unusable]:
    """Read the mapped columns of a Parquet file, some rows at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.ParquetFile(stream)
    schema = table.schema_arrow
    wanted = {name.casefold() for names in source.config.columns.model_dump().values() for name in names}
    columns = [name for name in schema.names if name.casefold() in wanted]
    content = {name.casefold() for name in (*source.config.columns.html, *source.config.columns.text)}
    if not any(name.casefold() in content for name in columns):
        if source.piece.part == 0:
            detail = f"no column of text or html among: {', '.join(schema.names)}; name it in `columns`"
            yield Unusable(None, "malformed_record", detail, source.piece.raw_sha256)
        return
    groups, start = None, 0
    if source.piece.stretch is not None:
        first_group, end_group, start = source.piece.stretch
        groups = list(range(first_group, end_group))
    for batch in table.iter_batches(batch_size=source.config.parquet_rows, columns=columns, row_groups=groups):
        mine = [row for row in range(batch.num_rows) if source.is_mine(start + row)]
        rows = pa.Table.from_batches([batch]).take(mine)
        for position, field in enumerate(rows.schema):  # nanoseconds would need pandas
            if pa.types.is_timestamp(field.type):
                cast_column = rows.column(position).cast(pa.timestamp("us", field.type.tz), safe=False)
                rows = rows.set_column(position, field.name, cast_column)
        for row, values in zip(mine, rows.to_pylist(), strict=True):
            yield source.begin(start + row) or _record_of(values, start + row, source)
        start += batch.num_rows


def read_warc(stream: IO[bytes], source: InputSource) -> Iterator[dict[str, Any] | Unusable]:
    """Read the HTML pages that servers answered with (status 200) in a web archive.

    Where the archive is broken, what comes before and what comes after the break is read; the break counts as one record.
    """
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    head = _magic_of(stream)
    number, start, n_tries = 0, 0, 0
    while True:
        # HTTP is parsed in a record of its own: read straight, the library takes one cut short for whole, and a body that
        # cannot be decoded ends the archive.
        responses = ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=False)
        breach = None
        while breach is None:
            try:
                response = next(responses, None)
                if response is None:
                    return
                start, n_tries = response.stream_pos, 0
                block = _block_of(response, 2 * source.config.max_bytes)  # twice, so that no long header decides
            except READ_ERRORS as error:
                breach = str(error)
                break
            if source.is_mine(number):
                found = source.begin(number) or _page_of(response, block, number, source)
                if found:
                    yield found
            number += 1
        if n_tries == 0:
            if source.is_mine(number):
                yield Unusable(number, "unreadable", f"the archive is broken after byte {start}: {breach}")
            number += 1
        n_tries += 1
        begins = _find_after(stream, start, b"\x1f\x8b\x08" if head == GZIP_MAGIC else b"WARC/1.")
        if begins is None or n_tries > MOST_TRIES:
            return
        start = begins
        stream.seek(start)


def _block_of(response: Any, limit: int) -> bytes | None:  # noqa: ANN401
    """The content of a record; None where it is longer than the limit.

    Raises:
        EOFError: the archive ends before the record does.
    """
    n_wanted: int = response.content_length
    if n_wanted <= limit:
        block: bytes = response.reader.read(n_wanted)
        n_read = len(block)
    else:
        n_read = 0
        while n_read < n_wanted and (piece := response.reader.read(min(PIECE_BYTES, n_wanted - n_read))):
            n_read += len(piece)
    if n_read < n_wanted:
        raise EOFError(f"it ends after {n_read} of a record's {n_wanted} bytes")
    return block if n_wanted <= limit else None


def _page_of(response: Any, block: bytes | None, number: int, source: InputSource) -> dict[str, Any] | Unusable | None:  # noqa: ANN401
    """The raw record of a response; None where it is no page."""
    from fastwarc.warc import WarcRecord, WarcRecordType

    limit = source.config.max_bytes
    if block is None:
        detail = f"a record of {response.content_length} bytes"
        return Unusable(number, "too_large", detail, None, response.content_length)
    try:
        answer = WarcRecord()
        answer.init_headers(WarcRecordType.response)
        answer.is_http = True
        answer.set_bytes_content(block)
        answer.parse_http(auto_decode="all")
        # Redirects and errors are answers of the server, not pages.
        if answer.http_headers is None or answer.http_headers.status_code != 200:
            return None
        if (answer.http_content_type or "").partition(";")[0].strip().casefold() not in HTML_TYPES:
            return None
        payload = answer.reader.read(limit + 1)
    except READ_ERRORS as error:
        detail = f"no HTTP response can be made of the record: {error}"
        return Unusable(number, "malformed_record", detail, sha256_hex(block), len(block))
    if len(payload) > limit:
        return Unusable(number, "too_large", f"a page of more than {limit} bytes (decompressed)")
    digest = sha256_hex(payload)
    try:
        content = decode_text(payload, source.text, answer.http_charset)
    except Rejected as reject:
        return Unusable(number, reject.reason, reject.detail, digest, len(payload))
    url = _line(response.headers.get("WARC-Target-URI"))
    url = url.strip("<>") if url else None  # WARC 1.0 writers put it in brackets
    return {
        "article_id": make_id("article", digest, url or response.record_id or ""),
        "source_uri": f"{source.piece.source_uri}#{number}",
        "media": "html",
        "content": content,
        "url": url,
        "fetched_at": parse_timestamp(response.headers.get("WARC-Date")),
        "raw_sha256": digest,
        "n_bytes": len(payload),
    }


def _find_after(stream: IO[bytes], position: int, wanted: bytes) -> int | None:
    """Where some bytes begin next after a position; None where they do not, or the stream cannot go back."""
    if not stream.seekable():
        return None
    stream.seek(position + 1)
    begin, tail = position + 1, b""
    while piece := stream.read(PIECE_BYTES):
        at = (tail + piece).find(wanted)
        if at >= 0:
            return begin - len(tail) + at
        begin += len(piece)
        tail = (tail + piece)[1 - len(wanted) :]
    return None


def _record_of(row: dict[str, Any], number: int, source: InputSource) -> dict[str, Any] | Unusable:
    """Make a raw record of a container's row by the column names of the config."""
    values = {str(key).casefold(): value for key, value in row.items()}
    fields: dict[str, Any] = {}
    for field, names in source.config.columns.model_dump().items():
        fields[field] = next((v for name in names if _is_given(v := values.get(name.casefold()))), None)
    digest = sha256_hex(json.dumps(fields, ensure_ascii=False, sort_keys=True, default=_plain))
    media = "html" if fields["html"] is not None else "text"
    content = fields[media]
    try:
        if content is None:
            names = {name.casefold() for name in (*source.config.columns.html, *source.config.columns.text)}
            if names & values.keys():
                raise Rejected("read", "empty", "text and html are empty")
            raise Rejected("read", "malformed_record", f"neither text nor html among: {', '.join(map(str, row))}")
        if isinstance(content, bytes):
            content = decode_text(content, source.text)
        elif isinstance(content, list) and all(isinstance(part, str) for part in content):
            content = "\n".join(content)
        elif not isinstance(content, str):
            raise Rejected("read", "malformed_record", f"{media} is of type {type(content).__name__}")
    except Rejected as reject:
        return Unusable(number, reject.reason, reject.detail, digest)
    content = drop_surrogates(content)
    n_bytes = len(content.encode())
    if n_bytes > source.config.max_bytes:
        return Unusable(number, "too_large", f"more than {source.config.max_bytes} bytes", digest, n_bytes)
    url = _line(fields["url"])
    return {
        "article_id": make_id("article", digest, url or _line(fields["id"]) or ""),
        "source_uri": f"{source.piece.source_uri}#{number}",
        "media": media,
        "content": content,
        "url": url,
        "title": _line(fields["title"]),
        "site": _line(fields["site"]),
        "authors": _authors(fields["authors"]),
        "published_at": parse_timestamp(fields["published_at"]),
        "fetched_at": parse_timestamp(fields["fetched_at"]),
        "raw_sha256": digest,
        "n_bytes": n_bytes,
    }


def _magic_of(stream: IO[bytes]) -> bytes:
    """The first two bytes; they stay to be read."""
    magic = stream.read(2)
    stream.seek(0)
    return magic


def _is_given(value: object) -> bool:
    return value is not None and value != [] and not (isinstance(value, str | bytes) and not value.strip())


def _line(value: object) -> str | None:
    """Read a field of one line; numbers count as their digits, anything else as nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return " ".join(drop_surrogates(str(value)).split()).translate(_NO_CONTROLS) or None


def _authors(value: object) -> list[str] | None:
    parts = value.split(";") if isinstance(value, str) else value if isinstance(value, list) else []
    names = [part.get("name") if isinstance(part, dict) else part for part in parts]
    return list(dict.fromkeys(name for part in names if (name := _line(part)))) or None


def _plain(value: object) -> str:
    """Dates and bytes in the canonical JSON of a record."""
    return sha256_hex(value) if isinstance(value, bytes) else str(value)
