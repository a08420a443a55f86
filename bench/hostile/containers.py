"""Hostile containers: JSON lines, Parquet and WARC. Each function gives `n` files, name and bytes, the same every time."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench.hostile.documents import File
from bench.hostile.stories import make_page, make_story, make_title

FIELDS = ("text", "html", "url", "title", "site", "authors", "published_at", "fetched_at", "id")
# Values that a field may hold and that no field should.
_ODD_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 10**30, 1e308, float("nan"), float("inf"), "", " ", [], {}, [None], [[["x"]]], {"a": {"b": 1}}, "\ud800",
    "\0",
    "x" * 100_000, [1, "two", None], "9999-99-99", "0000-00-00T00:00:00Z", "+292278994-08-17", "-0001-01-01", 2**63, "NaN",
    "2026-02-30", "javascript:alert(1)", "http://[::1", "file:///etc/passwd", "//a\\b/../..", "http://a.example:99999999/\u202e",
)  # fmt: skip
_BROKEN_LINES = (
    b"{", b"}", b"[", b'{"text": "cut', b"nul", b"{'text': 'single quotes'}", b'{"text": }', b"\xff\xfe\x00", b"\0" * 50,
    b'"a string"',
    b"12", b"[1, 2]", b"null", b"{}", b'{"text": "a"} {"text": "b"}', b"// comment", b"\xef\xbb\xbf{}", b'{"a":' * 20_000,
    b"[" * 50_000,
    b'{"text": ' + b"9" * 6_000 + b"}", b'{"text": "tab\there"}', b'{"text": "\\ud800\\udbff"}', b'{"text": "\\x"}', b"-",
    b"1e999999",
)  # fmt: skip


def make_json_lines(n: int) -> Iterator[File]:
    """Lines that are no JSON, no object, or hold what no field should; a good line before and after."""
    for number in range(n):
        rng = random.Random(f"json {number}")
        good = [
            json.dumps({"text": make_story(rng), "url": f"https://a.example/{number}/{i}"}).encode() for i in range(2)
        ]
        if number % 2:
            row = {"text": make_story(rng), "url": f"https://a.example/{number}"}
            for _ in range(rng.randint(1, 4)):
                row[rng.choice(FIELDS)] = rng.choice(_ODD_VALUES)
            bad = json.dumps(row).encode()
        else:
            bad = _BROKEN_LINES[number // 2 % len(_BROKEN_LINES)]
        end = (b"\n", b"\r\n", b"\n\n\n", b"\r", b" \n")[number // 10 % 5]
        yield f"{number:04d}.{rng.choice(('jsonl', 'ndjson'))}", end.join((good[0], bad, good[1]))


def make_parquets(n: int) -> Iterator[File]:
    """Files cut short, with flipped bytes, with types that no text has, with a footer that lies."""
    for number in range(n):
        rng = random.Random(f"parquet {number}")
        columns: dict[str, Any] = {
            "text": [make_story(rng) for _ in range(6)],
            "url": [f"https://a.example/{number}/{i}" for i in range(6)],
            "title": [make_title(rng) for _ in range(6)],
        }
        kind = number % 4
        if kind == 1:
            columns[rng.choice(FIELDS)] = _odd_column(rng)
        table = pa.table(columns)
        if number % 24 == 5:
            table = pa.table([table.column(0)] * 3, names=["text", "text", "TEXT"])
        sink = io.BytesIO()
        codec = rng.choice(("snappy", "zstd", "gzip", "none"))
        pq.write_table(
            table, sink, compression=codec, row_group_size=rng.choice((1, 2, 100)), use_dictionary=bool(number % 3)
        )
        data = bytearray(sink.getvalue())
        if kind == 2:
            data = data[: rng.randrange(len(data))]
        elif kind == 3:
            for _ in range(rng.choice((1, 3, 30))):
                data[rng.randrange(4, len(data))] ^= 1 << rng.randrange(8)
        elif number % 8 == 4:
            data[-8:-4] = rng.choice((0, 1, 2**31 - 1, 2**32 - 1)).to_bytes(4, "little")
        yield f"{number:04d}.parquet", bytes(data)


def make_warcs(n: int) -> Iterator[File]:
    """Records with lengths that lie, headers that do not end, encodings that are others; good ones before and after."""
    for number in range(n):
        rng = random.Random(f"warc {number}")
        good = [make_record(f"https://a.example/{number}/{i}", make_page(rng).encode()) for i in range(3)]
        bad = _bad_record(rng, number)
        if number % 2:
            yield f"{number:04d}.warc", good[0] + good[1] + bad + good[2]
            continue
        packed = [gzip.compress(part, mtime=0) for part in (*good[:2], bad, good[2])]
        if number % 4:
            garbled = bytearray(packed[2])
            garbled[rng.randrange(len(garbled))] ^= 1 << rng.randrange(8)
            packed[2] = bytes(garbled) if number % 8 == 2 else packed[2][: rng.randrange(1, len(packed[2]))]
        yield f"{number:04d}.warc.gz", b"".join(packed)


def make_record(
    url: str, payload: bytes, http: str = "HTTP/1.1 200 OK", extra: str = "", length: object = None
) -> bytes:
    """A WARC response record."""
    block = f"{http}\r\nContent-Type: text/html; charset=utf-8\r\n{extra}\r\n".encode() + payload
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2026-03-05T10:20:30Z\r\n"
        f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000000>\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(block) if length is None else length}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def _bad_record(rng: random.Random, number: int) -> bytes:
    url, page = f"https://a.example/{number}/bad", make_page(rng).encode()
    kinds = (
        lambda: make_record(url, page, length=rng.choice((0, 1, 50, len(page) - 7))),
        lambda: make_record(url, page, length=rng.choice((10**6, 2**31, 2**63, 10**30))),
        lambda: make_record(url, page, length=rng.choice((-1, "x", "", "0x10", "1e3"))),
        lambda: make_record(url, page).replace(b"WARC/1.0", rng.choice((b"WARC/9.9", b"WRAC/1.0", b"", b"warc/1.0"))),
        lambda: make_record(url, page).replace(b"\r\n", b"\n"),
        lambda: make_record(url, page, extra="Transfer-Encoding: chunked\r\n"),
        lambda: make_record(url, b"ffffffff\r\n" + page, extra="Transfer-Encoding: chunked\r\n"),
        lambda: make_record(url, page, extra=f"Content-Encoding: {rng.choice(('gzip', 'br', 'deflate', 'zstd', 'x'))}\r\n"),
        lambda: make_record(url, gzip.compress(b"0" * 30_000_000, mtime=0), extra="Content-Encoding: gzip\r\n"),
        lambda: make_record(url, page, http=rng.choice(("HTTP/1.1", "HTTP/9 200", "GET / HTTP/1.1", "\0", "HTTP/1.1 2OO OK"))),
        lambda: make_record(url, page, extra=f"X: {'y' * 1_000_000}\r\n"),
        lambda: make_record(url, page, extra="a" * 300_000),
        lambda: make_record(rng.choice(("", "dns:x", "\udcff", "<>", "http://[", "javascript:1")).encode("utf-8",
        "ignore").decode(), page),
        lambda: make_record(url, page.replace(b"utf-8", b"utf-16"), extra="Content-Type: text/html; charset=utf-32\r\n"),
        lambda: make_record(url, b""),
        lambda: rng.randbytes(2_000),
        lambda: b"\r\n" * 5_000,
        lambda: make_record(url, page)[: rng.randint(1, 400)],
    )  # fmt: skip
    return kinds[number // 2 % len(kinds)]()


def _odd_column(rng: random.Random) -> pa.Array:
    columns = (
        lambda: pa.array([2**62] * 6, pa.timestamp("s")),
        lambda: pa.array([2**62] * 6, pa.timestamp("ns", "Asia/Tokyo")),
        lambda: pa.array([-(2**31)] * 6, pa.date32()),
        lambda: pa.array([b"\xff\xfe\0"] * 6, pa.binary()),
        lambda: pa.array([{"a": [1]}] * 6),
        lambda: pa.array([[("k", "v")]] * 6, pa.map_(pa.string(), pa.string())),
        lambda: pa.array([[["deep"]]] * 6),
        lambda: pa.nulls(6),
        lambda: pa.array([float("nan")] * 6),
        lambda: pa.array([datetime(1, 1, 1, tzinfo=UTC)] * 6, pa.timestamp("us", "UTC")),
        lambda: pa.array(["same"] * 6).dictionary_encode(),
        lambda: pa.array([1] * 6, pa.decimal128(38, 10)),
        lambda: pa.array([86_399] * 6, pa.time32("s")),
        lambda: pa.array(["x" * 1_000_000] * 6, pa.large_string()),
    )
    return columns[rng.randrange(len(columns))]()
