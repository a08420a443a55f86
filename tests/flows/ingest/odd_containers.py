"""Odd containers: files of 20 sound rows of which commonly the eleventh holds something that no feed should hold.

Each stands for a kind of fault that users met. Every file has addresses of its own, so that all can be read in one run.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

N_ROWS, ODD = 20, 10
TEXT = (
    "The council voted on Tuesday to repair the old bridge, and the mayor of the town said that works begin in spring after a "
    "long debate number {} in the chamber of {}."
)
DEEP = (100, 500, 900, 960, 980, 985, 990, 995, 1_000, 5_000, 100_000)


def write_odd_containers(folder: Path) -> list[Path]:
    """Write every file; their names say what is odd."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, odd in _odd_lines().items():
        (folder / f"{name}.jsonl").write_bytes(_lines(name, odd))
    for name, recode in RECODED.items():
        (folder / f"{name}.jsonl").write_bytes(recode(_records(name)))
    for name, columns in _odd_columns().items():
        _write_parquet(folder / f"{name}.parquet", columns)
    _write_long_feeds(folder)
    return sorted(folder.iterdir())


def _record(name: str, number: int) -> dict[str, str]:
    return {"text": TEXT.format(number, name), "url": f"https://{name.replace('_', '-')}.example/{number}"}


def _records(name: str) -> list[dict[str, str]]:
    return [_record(name, number) for number in range(N_ROWS)]


def _lines(name: str, odd: str | bytes) -> bytes:
    """Lines of JSON; the odd one is what is given, or a sound record with what is given added."""
    lines = [json.dumps(record).encode() for record in _records(name)]
    given = odd if isinstance(odd, bytes) else odd.encode()
    lines[ODD] = given if given.startswith(b"{") else lines[ODD][:-1] + b"," + given + b"}"
    return b"\n".join(lines) + b"\n"


def _odd_lines() -> dict[str, str | bytes]:
    return {
        **{f"deep_authors_{n}": f'"authors":{"[" * n}{"]" * n}' for n in DEEP},
        **{f"deep_dict_{n}": '"title":' + '{"a":' * n + "1" + "}" * n for n in DEEP},
        "authors_deepnull": '"author":[null,1,{"name":["x"]},{"name":null}]',
        "authors_dict": '"author":{"name":"A Lee"}',
        "bigdate": f'"date":"{"9" * 100_000}"',
        "date_0001": '"date":"0001-01-01T00:00:00+14:00"',
        "date_9999": '"date":"9999-12-31T23:59:59-14:00"',
        "date_year0": '"date":"0000-00-00T00:00:00Z"',
        "int_date": '"date":99999999999999999999',
        "nan_date": '"date":NaN',
        "neg_date": '"date":-1e18',
        "float_inf": '"id":1e999,"date":1e999',
        "huge_int": f'"id":{"9" * 4_000}',
        "huge_int5000": f'"id":{"9" * 5_000}',
        "nul": r'"title":"\u0000a","id":"\u0000"',
        "surrogate": r'"title":"\ud800 x \udfff"',
        "surrogate_author": r'"authors":["\ud800 Bob"]',
        "surrogate_date": r'"date":"\ud8002026"',
        "surrogate_key": r'"\ud800":1',
        "dup_keys": '"text":"short"',
        "bool_text": '{"text":true}',
        "list_of_lists": '{"text":[["a"]]}',
        "cut_record": '{"text":"The council voted on Tues',
        "no_record": "{council: voted}",
    }


RECODED: dict[str, Callable[[list[dict[str, str]]], bytes]] = {
    "array": lambda rows: json.dumps(rows).encode(),
    "array_indented": lambda rows: json.dumps(rows, indent=2).encode(),
    "array_one_broken": lambda rows: json.dumps(rows, indent=2).replace('number 10 in the chamber of array_one_broken."', "").encode(),
    "pretty": lambda rows: "\n".join(json.dumps(row, indent=1) for row in rows).encode(),
    "pretty_one_cut": lambda rows: "\n".join(json.dumps(row, indent=1)[: 60 if n == ODD else None] for n, row in enumerate(rows)).encode(),
    "cr_lines": lambda rows: "\r".join(map(json.dumps, rows)).encode(),
    "crlf_lines": lambda rows: "\r\n".join(map(json.dumps, rows)).encode(),
    "utf16": lambda rows: "\n".join(map(json.dumps, rows)).encode("utf-16"),
    "utf16_be_no_mark": lambda rows: "\n".join(map(json.dumps, rows)).encode("utf-16-be"),
    "utf32": lambda rows: "\n".join(map(json.dumps, rows)).encode("utf-32"),
    "utf8_mark": lambda rows: "\n".join(map(json.dumps, rows)).encode("utf-8-sig"),
    "cp1252": lambda rows: "\n".join(
        json.dumps(row, ensure_ascii=False).replace("chamber", "café à côté de la mairie") for row in rows
    ).encode("cp1252"),
}  # fmt: skip


def _odd_columns() -> dict[str, list[tuple[str, pa.Array]]]:
    """The columns of each Parquet file beside those that every row has; a column of the same name takes the other's place."""
    nothing = [None] * N_ROWS

    def one(value: object, kind: pa.DataType, *, others: object = None) -> pa.Array:
        values = [others] * N_ROWS
        values[ODD] = value
        return pa.array(values, kind)

    def numbers(value: int, kind: pa.DataType) -> pa.Array:
        return one(value, pa.int64(), others=1_700_000_000).cast(kind)

    texts = {name: [TEXT.format(n, name) for n in range(N_ROWS)] for name in TEXT_KINDS}
    return {
        **{name: [("text", pa.array(texts[name]).cast(kind))] for name, kind in TEXT_KINDS.items()},
        "one_row_invalid_utf8": [("text", _broken(TEXT.format(ODD, "one_row_invalid_utf8"), "one_row_invalid_utf8"))],
        "one_url_invalid_utf8": [("url", _broken_urls())],
        "decimal_text": [("text", pa.array([Decimal("1.50")] * N_ROWS, pa.decimal128(10, 2)))],
        "bool_text_column": [("text", pa.array([True] * N_ROWS))],
        "list_text": [("text", pa.array([[TEXT.format(n, "list_text"), "Works begin."] for n in range(N_ROWS)]))],
        "list_text_null": [("text", pa.array([[TEXT.format(n, "list_text_null"), None] for n in range(N_ROWS)]))],
        "null_text": [("text", one(None, pa.string(), others=TEXT.format(0, "null_text")))],
        "null_type_title": [("title", pa.array(nothing, pa.null()))],
        "nan_url": [("url", pa.array([float("nan")] * N_ROWS))],
        "case_columns": [("URL", pa.array(["x"] * N_ROWS))],
        "map_authors": [("authors", pa.array([[("name", "Ann Lee")]] * N_ROWS, pa.map_(pa.string(), pa.string())))],
        "struct_authors": [("authors", pa.array([[{"name": "Ann Lee"}]] * N_ROWS))],
        "date32_far": [("date", one(2**31 - 1, pa.int32(), others=20_000).cast(pa.date32()))],
        "date64": [("date", pa.array([datetime(2024, 10, 4, tzinfo=UTC).date()] * N_ROWS, pa.date64()))],
        "duration_ns": [("date", pa.array([5] * N_ROWS, pa.duration("ns")))],
        "time64ns": [("date", pa.array([5] * N_ROWS, pa.time64("ns")))],
        "ts_s_far": [("published_at", numbers(2**40, pa.timestamp("s")))],
        "ts_ms_negative": [("published_at", numbers(-(2**60), pa.timestamp("ms")))],
        "ts_us_year_300000": [("published_at", numbers(2**63 - 1, pa.timestamp("us")))],
        "ts_ns_ok": [("published_at", numbers(1_700_000_000 * 10**9 + 1, pa.timestamp("ns")))],
        "ts_tz_offset": [("published_at", numbers(1_700_000_000, pa.timestamp("us", "+05:30")))],
        "ts_bad_tz": [("published_at", numbers(1_700_000_000, pa.timestamp("us", "Mars/Phobos")))],
    }


TEXT_KINDS = {
    "binary_text": pa.binary(),
    "dict_text": pa.dictionary(pa.int32(), pa.string()),
    "fixed_text": pa.string(),
    "large_text": pa.large_string(),
    "view_text": pa.string_view(),
}


def _invalid_strings(values: list[bytes]) -> pa.Array:
    """Bytes under the type of strings, as other writers leave them; pyarrow does not look."""
    array = pa.array(values, pa.binary())
    return pa.StringArray.from_buffers(len(array), array.buffers()[1], array.buffers()[2])


def _broken(text: str, name: str) -> pa.Array:
    values = [TEXT.format(number, name).encode() for number in range(N_ROWS)]
    values[ODD] = text.replace("chamber", "caf\xe9").encode("latin-1")
    return _invalid_strings(values)


def _broken_urls() -> pa.Array:
    values = [record["url"].encode() for record in _records("one_url_invalid_utf8")]
    values[ODD] = b"https://one-url.example/caf\xe9"
    return _invalid_strings(values)


def _write_parquet(path: Path, odd: list[tuple[str, pa.Array]]) -> None:
    records = _records(path.stem)
    columns = {name: pa.array([record[name] for record in records]) for name in ("text", "url")}
    columns |= dict(odd)
    pq.write_table(pa.table(columns), path, store_schema=True)


def _write_long_feeds(folder: Path) -> None:
    """Feeds that are read in parts: 240 long rows, one with a byte that is no UTF-8; in one row group and in six."""
    for name, group_rows in (("lost_rows_stride", 240), ("lost_rows_groups", 40)):
        texts = [(TEXT.format(n, name) + f" Item {n * 7919 % 9973}.") * 8 for n in range(240)]
        values = [text.encode() for text in texts]
        values[171] = b"\xe9 " + values[171]
        urls = pa.array([f"https://{name.replace('_', '-')}.example/{n}" for n in range(240)])
        table = pa.table({"text": _invalid_strings(values), "url": urls})
        pq.write_table(
            table, folder / f"{name}.parquet", row_group_size=group_rows, compression="none", use_dictionary=False
        )
    rows = [{**_record("deep_window", n), "authors": []} for n in range(80)]
    lines = [json.dumps(row).replace("[]", "[" * n + "]" * n) for n, row in zip(range(960, 1040), rows, strict=True)]
    (folder / "deep_window.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
