"""Forms of JSON files: recognises how a file writes its records, and gives a stream of the plain form.

The plain form is an object a line in UTF-8, ended by a line feed. Others are met in the wild: UTF-16 and UTF-32, lines ended by
carriage returns alone, one array over the whole file, objects over several lines.
"""

import codecs
import io
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, NamedTuple, cast

from cleaners.decoding import find_wide_encoding
from flows.ingest.inputs import READ_ERRORS

HEAD_BYTES = 1 << 18  # of a file, by which its form is recognised
CHUNK_BYTES = 1 << 20
LINE_BYTES = 1 << 20  # read on to the end of a line, so that its indentation is seen whole
_SPACE = b" \t\r\n\x0b\x0c"
MAX_NESTING = (
    64  # of a record's values; what feeds hold nests some five deep, and Python's parser gives up near a thousand
)
# Bytes that open, close and quote; a line feed with the brace that begins the next line, for finding records after a broken one.
_TOKEN = re.compile(rb'\n[ \t]*\{?|["\\{}\[\]]')
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
_SEPARATORS = re.compile(rb"[\s,\x1e]*")


class JsonForm(NamedTuple):
    """Layout of the records in a JSON file.

    `encoding` is None for UTF-8; `has_returns` says that carriage returns end the lines; `is_split` that records stand on more
    or fewer lines than one each.
    """

    encoding: str | None = None
    has_returns: bool = False
    is_split: bool = False

    @property
    def is_plain(self) -> bool:
        """Tell whether every line of bytes is a record, so that the file can be read from any line on."""
        return self == JsonForm()


def find_form(head: bytes) -> JsonForm:
    """Recognise the form of a JSON file by its first `HEAD_BYTES`, decompressed."""
    encoding = find_wide_encoding(head)
    if encoding:
        head = head.decode(encoding, "replace").encode()
    has_returns = b"\r" in head and b"\n" not in head
    if has_returns:
        head = head.replace(b"\r", b"\n")
    return JsonForm(encoding, has_returns, _is_split(head.removeprefix(codecs.BOM_UTF8).lstrip(_SPACE)))


def read_head(stream: IO[bytes]) -> bytes:
    """The first `HEAD_BYTES` of a stream, or those before its first break; they stay to be read."""
    head = b""
    with suppress(*READ_ERRORS):
        while len(head) < HEAD_BYTES and (some := _read_some(stream)):
            head += some
    stream.seek(0)
    return head[:HEAD_BYTES]


def to_plain_bytes(stream: IO[bytes], form: JsonForm) -> IO[bytes]:
    """The same records in UTF-8, with a line feed wherever a line ends."""
    if not form.encoding and not form.has_returns:
        return stream
    return cast(IO[bytes], io.BufferedReader(_Recoded(stream, form), CHUNK_BYTES))


def split_records(stream: IO[bytes], max_bytes: int) -> Iterator[bytes | None]:
    """Cut a stream of JSON objects, in an array or one after the other, into the bytes of each.

    Quotes and brackets are counted, nothing is parsed: a record that is no JSON is given as it is, and the next one is found. A
    list within the array counts as a record too. A string ends with its line at the latest. In an indented file a brace in the
    column where records begin begins one.

    Yields:
        Each record; None for one of more than `max_bytes`; what stands between records and is none, as it is.
    """
    record = bytearray()
    depth, size, column = 0, 0, None
    is_quoted = is_escaped = is_array = is_indented = False
    line_feed = b"\n"  # before the first line, and where a chunk ended with its line
    while chunk := _read_some(stream) + stream.readline(LINE_BYTES):
        chunk, line_feed = line_feed + chunk.removesuffix(b"\n"), b"\n" if chunk.endswith(b"\n") else b""
        begin, at = 0, int(is_escaped)
        is_escaped = False
        while token := _TOKEN.search(chunk, at):
            first, at = token[0][:1], token.end()
            if first == b"\n":
                is_quoted = False
                width = len(token[0].rstrip(b"{"))
                is_indented |= depth == 1 and column is not None and width > column
                if not token[0].endswith(b"{"):
                    continue
                if depth and is_indented and width == column:  # the record before is broken: it never ended
                    record += chunk[begin : token.start()]
                    yield _whole(record, size + token.start() - begin, max_bytes)
                    record.clear()
                    depth, size, begin = 0, 0, at - 1
                elif not depth and column is None:
                    column = width
                first = b"{"
            if is_quoted:
                if first == b"\\":
                    is_escaped, at = at == len(chunk), at + 1
                is_quoted = first != b'"'
            elif first == b'"':
                is_quoted = True
            elif first in b"{[":
                if not depth:
                    record += chunk[begin : at - 1]
                    if gap := _strip_separators(record):
                        yield gap
                    record.clear()
                    opens_array = first == b"[" and not is_array
                    size, begin = 0, at - (not opens_array)
                    if opens_array:
                        is_array = True
                        continue
                depth += 1
            elif first in b"}]" and depth:
                depth -= 1
                if not depth:
                    record += chunk[begin:at]
                    yield _whole(record, size + at - begin, max_bytes)
                    record.clear()
                    size, begin = 0, at
            elif first == b"]":  # the end of the array
                record += chunk[begin : at - 1]
                begin, is_array = at, False
        size += len(chunk) - begin
        if len(record) <= max_bytes:
            record += chunk[begin:]
    if gap := _strip_separators(record) if not depth else bytes(record):
        yield _whole(bytearray(gap), size, max_bytes)


def drop_nested(record: str) -> str:
    """The JSON of a record with null for what nests deeper than `MAX_NESTING`; unbalanced brackets stay as they are."""
    kept, depth, begin = [], 0, 0
    for token in _STRING_OR_BRACKET.finditer(record):
        if token[0] in "{[":
            depth += 1
            if depth == MAX_NESTING + 1:
                kept += [record[begin : token.start()], "null"]
        elif token[0] in "}]":
            if depth == MAX_NESTING + 1:
                begin = token.end()
            depth -= 1
    return record if depth else "".join((*kept, record[begin:]))


def _is_split(head: bytes) -> bool:
    """Tell whether records are written over several lines, or as one array."""
    lines = [line for line in head.splitlines() if line.strip()][:2]
    if head[:1] == b"[":
        return lines[0].strip() == b"[" or not _is_object(lines[-1])
    if head[:1] != b"{" or not lines or _is_object(lines[0]) or _is_object(lines[-1]):
        return False
    return len(lines) > 1 and lines[0].rstrip().endswith((b"{", b"[", b","))


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _strip_separators(gap: bytearray) -> bytes:
    """Return what stands between records besides white space and commas."""
    kept = bytes(gap)[_SEPARATORS.match(gap).end() :]  # type: ignore[union-attr]
    return kept.rstrip(_SPACE + b",\x1e")


def _whole(record: bytearray, size: int, max_bytes: int) -> bytes | None:
    return bytes(record) if size <= max_bytes else None


class _Recoded(io.RawIOBase):
    """A stream in UTF-8 with line feeds; what cannot be decoded becomes a replacement character."""

    def __init__(self, stream: IO[bytes], form: JsonForm) -> None:
        self._stream = stream
        self._form = form
        self._decode = codecs.getincrementaldecoder(form.encoding or "utf-8")("replace").decode
        self._waiting = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        while not self._waiting and (chunk := _read_some(self._stream)):
            if self._form.encoding:
                chunk = self._decode(chunk).removeprefix("\ufeff").encode("utf-8", "surrogatepass")
            self._waiting = chunk.replace(b"\r", b"\n") if self._form.has_returns else chunk
        n_bytes = min(len(buffer), len(self._waiting))
        buffer[:n_bytes] = self._waiting[:n_bytes]
        self._waiting = self._waiting[n_bytes:]
        return n_bytes


def _read_some(stream: IO[bytes]) -> bytes:
    """Return what can be read at once: before a break in a packed file, all that comes before it."""
    return stream.read1(CHUNK_BYTES)  # type: ignore[attr-defined, no-any-return]
