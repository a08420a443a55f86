"""Reader of web archives: takes the stream of a WARC file, gives a raw record for each page in it."""

from collections.abc import Iterator
from typing import IO, Any

from cleaners.dates import parse_timestamp
from cleaners.decoding import decode_text
from cleaners.document import make_id, sha256_hex
from cleaners.errors import Rejected
from flows.ingest.inputs import GZIP_MAGIC, READ_ERRORS, InputSource, Unusable, read_magic
from flows.ingest.records import Record, one_line

CHUNK_BYTES = 1 << 20
# Beginnings of records that may turn out to be none, one after the other, before the rest of a broken archive is given up.
MAX_TRIES = 100
HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})


def read_warc(stream: IO[bytes], source: InputSource) -> Iterator[Record | Unusable]:
    """Read the HTML pages that servers answered with (status 200) in a web archive.

    Where the archive is broken, what comes before and what comes after the break is read; the break counts as one record.
    """
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    head = read_magic(stream)
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
            source.tally.n_rows += 1
            if source.is_mine(number):
                found = source.begin(number) or _page_of(response, block, number, source)
                if found:
                    yield found
                else:
                    source.tally.n_passed_over += 1
            number += 1
        if n_tries == 0:
            source.tally.n_rows += 1
            if source.is_mine(number):
                yield Unusable(number, "unreadable", f"the archive is broken after byte {start}: {breach}")
            number += 1
        n_tries += 1
        begins = _find_after(stream, start, b"\x1f\x8b\x08" if head == GZIP_MAGIC else b"WARC/1.")
        if begins is None or n_tries > MAX_TRIES:
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
        while n_read < n_wanted and (piece := response.reader.read(min(CHUNK_BYTES, n_wanted - n_read))):
            n_read += len(piece)
    if n_read < n_wanted:
        raise EOFError(f"it ends after {n_read} of a record's {n_wanted} bytes")
    return block if n_wanted <= limit else None


def _page_of(response: Any, block: bytes | None, number: int, source: InputSource) -> Record | Unusable | None:  # noqa: ANN401
    """The raw record of a response; None where it is no page."""
    from fastwarc.warc import WarcRecord, WarcRecordType

    limit = source.config.max_bytes
    url = one_line(response.headers.get("WARC-Target-URI"))
    url = url.strip("<>") if url else None  # WARC 1.0 writers put it in brackets
    if block is None:
        detail = f"a record of {response.content_length} bytes"
        return Unusable(number, "too_large", detail, None, response.content_length, url)
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
        return Unusable(number, "malformed_record", detail, sha256_hex(block), len(block), url)
    if len(payload) > limit:
        return Unusable(number, "too_large", f"a page of more than {limit} bytes (decompressed)", url=url)
    digest = sha256_hex(payload)
    try:
        content = decode_text(payload, source.text, answer.http_charset)
    except Rejected as reject:
        return Unusable(number, reject.reason, reject.detail, digest, len(payload), url)
    fields = {
        "article_id": make_id("article", digest, url or response.record_id or ""),
        "source_uri": f"{source.piece.source_uri}#{number}",
        "media": "html",
        "content": content,
        "url": url,
        "fetched_at": parse_timestamp(response.headers.get("WARC-Date")),
        "raw_sha256": digest,
        "n_bytes": len(payload),
    }
    n_unreadable = fields["fetched_at"] is None and response.headers.get("WARC-Date") is not None
    return Record(fields, int(n_unreadable))


def _find_after(stream: IO[bytes], position: int, wanted: bytes) -> int | None:
    """Find where some bytes begin next after a position; None where they do not, or the stream cannot go back."""
    if not stream.seekable():
        return None
    stream.seek(position + 1)
    begin, tail = position + 1, b""
    while piece := stream.read(CHUNK_BYTES):
        at = (tail + piece).find(wanted)
        if at >= 0:
            return begin - len(tail) + at
        begin += len(piece)
        tail = (tail + piece)[1 - len(wanted) :]
    return None
