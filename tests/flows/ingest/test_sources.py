"""Discovery and reading on real files of every format, whole and broken."""

import gzip
import io
import json
import os
import random
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from types import SimpleNamespace

import fsspec
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cleaners.document import REJECT_SCHEMA, make_id, sha256_hex
from cleaners.errors import CopydeskError
from cleaners.extract import RAW_SCHEMA
from cleaners.text import TextConfig
from flows.ingest import formats
from flows.ingest.formats import read_documents, read_records
from flows.ingest.sources import INPUT_SCHEMA, discover_inputs
from flows.settings import ColumnNames, InputConfig

CONFIG = InputConfig()
PAGE = "<html><head><title>Ferry</title></head><body><p>The ferry to Aldmouth sank on Tuesday.</p></body></html>"


def piece(path, part=0, n_parts=1, config=CONFIG):
    row = discover_inputs([str(path)], config).inputs.row(0, named=True)
    return SimpleNamespace(**row, part=part, n_parts=n_parts, stretch=None)


def read(path, config=CONFIG, part=0, n_parts=1):
    batches = list(read_records(piece(path, part, n_parts, config), config, TextConfig()))
    records = pl.concat([b.records for b in batches]) if batches else pl.DataFrame(schema=RAW_SCHEMA)
    rejects = pl.concat([b.rejects for b in batches]) if batches else pl.DataFrame(schema=REJECT_SCHEMA)
    assert records.schema == RAW_SCHEMA
    assert rejects.schema == REJECT_SCHEMA
    return records, rejects


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def warc_record(url, body, *, kind="response", content_type="text/html; charset=utf-8", status="200 OK", extra=""):
    http = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n{extra}Content-Length: {len(body)}\r\n\r\n".encode()
    block = http + body
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2024-03-05T10:20:30Z\r\n"
        f"WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-{abs(hash(url)) % 10**12:012d}>\r\n"
        f"Content-Type: application/http;msgtype={kind}\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


# ---- discovery


def test_a_folder_gives_its_files_sorted_with_digests_and_relative_addresses(tmp_path, monkeypatch):
    (tmp_path / "in/b").mkdir(parents=True)
    (tmp_path / "in/z.txt").write_text("last")
    (tmp_path / "in/b/a.html.gz").write_bytes(gzip.compress(PAGE.encode()))
    (tmp_path / "in/.hidden.txt").write_text("no")
    (tmp_path / "in/.git").mkdir()
    (tmp_path / "in/.git/config.txt").write_text("no")
    (tmp_path / "in/photo.jpg").write_bytes(b"\xff\xd8\xff")
    monkeypatch.chdir(tmp_path)
    found = discover_inputs(["in"], CONFIG)
    assert found.inputs.schema == INPUT_SCHEMA
    assert found.rejects.schema == REJECT_SCHEMA
    assert found.inputs["source_uri"].to_list() == ["in/b/a.html.gz", "in/z.txt"]
    assert found.inputs["format"].to_list() == ["html", "text"]
    assert found.inputs["raw_sha256"][1] == sha256_hex(b"last")
    assert found.rejects.select("source_uri", "stage", "reason").rows() == [
        ("in/photo.jpg", "discover", "unsupported_format")
    ]


def test_an_input_keeps_its_id_when_its_folder_moves(tmp_path):
    for folder in ("one", "two/deep"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.txt").write_text("same bytes")
    ids = [discover_inputs([str(tmp_path / f)], CONFIG).inputs["input_id"].to_list() for f in ("one", "two")]
    assert ids[0] == ids[1] == [make_id("input", sha256_hex(b"same bytes"), "a.txt")]


def test_the_same_name_and_bytes_twice_are_one_input_and_one_reject(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.txt").write_text("same")
    (tmp_path / "b/y.txt").write_text("same")
    found = discover_inputs([str(tmp_path / "b"), str(tmp_path / "a")], CONFIG)
    assert [uri[len(str(tmp_path)) :] for uri in found.inputs["source_uri"]] == ["/a/x.txt", "/b/y.txt"]
    assert found.rejects["reason"].to_list() == ["identical_input"]
    assert found.rejects["source_uri"][0].endswith("/b/x.txt")
    assert "/a/x.txt" in found.rejects["detail"][0]


def test_overlapping_sources_do_not_give_a_file_twice(tmp_path):
    (tmp_path / "x.txt").write_text("once")
    found = discover_inputs([str(tmp_path), str(tmp_path / "x.txt"), str(tmp_path / "*.txt")], CONFIG)
    assert (found.inputs.height, found.rejects.height) == (1, 0)


def test_globs_match_at_any_depth_and_literal_brackets_win(tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/x.txt").write_text("x")
    (tmp_path / "a/y.html").write_text(PAGE)
    (tmp_path / "[1].txt").write_text("bracket")
    assert discover_inputs([str(tmp_path / "**/*.txt")], CONFIG).inputs["name"].to_list() == ["[1].txt", "x.txt"]
    assert discover_inputs([str(tmp_path / "[1].txt")], CONFIG).inputs["name"].to_list() == ["[1].txt"]


def test_symbolic_link_loops_end(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x.txt").write_text("x")
    (tmp_path / "a/loop").symlink_to(tmp_path / "a", target_is_directory=True)
    (tmp_path / "a/gone.txt").symlink_to(tmp_path / "nowhere")
    found = discover_inputs([str(tmp_path)], CONFIG)
    assert found.inputs["name"].to_list() == ["x.txt"]
    assert found.rejects.select("reason").to_series().to_list() == ["unreadable"]


def test_files_that_cannot_be_documents_become_rejects_with_their_reason(tmp_path):
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "large.txt").write_bytes(b"x" * 2_000)
    os.mkfifo(tmp_path / "pipe.txt")
    rejects = discover_inputs([str(tmp_path)], InputConfig(max_bytes=1_000)).rejects
    reasons = {uri.rsplit("/", 1)[1]: reason for uri, reason in rejects.select("source_uri", "reason").rows()}
    assert reasons == {"empty.txt": "empty", "large.txt": "too_large", "pipe.txt": "unsupported_format"}


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_name_that_is_not_utf8_becomes_a_reject(tmp_path):
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("x")
    except OSError:
        pytest.skip("the file system refuses such names")
    rejects = discover_inputs([str(tmp_path)], CONFIG).rejects
    assert rejects["reason"].to_list() == ["unreadable"]
    assert rejects["source_uri"][0].endswith("caf\\xe9.txt")


@pytest.mark.parametrize("source", ["missing", "missing/*.txt", "memory://missing/x.txt", "nosuch://x/y"])
def test_a_source_that_matches_nothing_is_an_error_that_names_it(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CopydeskError, match=r"missing|nosuch"):
        discover_inputs([source], CONFIG)


def test_no_source_is_an_error_and_an_empty_folder_is_none(tmp_path):
    with pytest.raises(CopydeskError):
        discover_inputs([], CONFIG)
    assert discover_inputs([str(tmp_path)], CONFIG).inputs.height == 0


def test_fsspec_addresses_of_folders_globs_and_files():
    system = fsspec.filesystem("memory")
    system.pipe("/landing/a.txt", b"The ferry sank.")
    system.pipe("/landing/deep/b.html", PAGE.encode())
    system.pipe("/landing/deep/.c.txt", b"hidden")
    try:
        whole = discover_inputs(["memory://landing"], CONFIG).inputs
        assert whole["name"].to_list() == ["a.txt", "b.html"]
        assert discover_inputs(["memory://landing/*.txt"], CONFIG).inputs["name"].to_list() == ["a.txt"]
        single = discover_inputs(["memory://landing/deep/b.html"], CONFIG).inputs
        assert single.rows() == whole.filter(pl.col("name") == "b.html").rows()
        row = SimpleNamespace(**whole.row(0, named=True), part=0, n_parts=1, stretch=None)
        assert next(read_records(row, CONFIG, TextConfig())).records["content"][0] == "The ferry sank."
    finally:
        system.rm("/landing", recursive=True)


def test_a_file_address_gives_the_ids_of_its_path(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    by_path = discover_inputs([str(tmp_path)], CONFIG).inputs
    by_address = discover_inputs([f"file://{tmp_path}"], CONFIG).inputs
    assert by_path["input_id"].to_list() == by_address["input_id"].to_list()
    assert by_address["source_uri"][0].startswith("file://")


# ---- single documents


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.html", "a.HTM", "a.html.gz"])
def test_a_document_is_one_record_whose_id_is_bytes_and_name(tmp_path, name):
    raw = gzip.compress(PAGE.encode(), mtime=0) if name.endswith(".gz") else PAGE.encode()
    (tmp_path / name).write_bytes(raw)
    records, rejects = read(tmp_path / name)
    row = records.row(0, named=True)
    assert rejects.height == 0
    assert row["content"] == PAGE
    assert row["media"] == ("text" if "txt" in name else "html")
    assert row["article_id"] == make_id("article", sha256_hex(raw), name)
    assert (row["raw_sha256"], row["n_bytes"]) == (sha256_hex(raw), len(raw))


def test_a_compressed_document_may_have_several_members(tmp_path):
    halves = PAGE.encode()[:40], PAGE.encode()[40:]
    (tmp_path / "a.html.gz").write_bytes(b"".join(gzip.compress(half, mtime=0) for half in halves))
    assert read(tmp_path / "a.html.gz")[0]["content"].to_list() == [PAGE]


def test_only_the_first_part_gives_a_single_document(tmp_path):
    (tmp_path / "a.txt").write_text("The ferry sank.")
    assert [read(tmp_path / "a.txt", part=part, n_parts=3)[0].height for part in range(3)] == [1, 0, 0]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("blank.txt", b" \n\t\n ", "empty"),
        ("image.txt", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "binary"),
        ("noise.html", bytes((i * 37) % 256 for i in range(4_096)), "binary"),
        ("bomb.txt.gz", gzip.compress(b"0" * 5_000_000, mtime=0), "too_large"),
        (
            "cut.html.gz",
            gzip.compress(random.Random(1).randbytes(5_000).hex().encode(), mtime=0)[:-2_000],
            "unreadable",
        ),
        ("nogzip.txt.gz", b"\x1f\x8bnot gzip at all", "unreadable"),
    ],
)
def test_a_broken_document_becomes_a_reject(tmp_path, name, data, reason):
    (tmp_path / name).write_bytes(data)
    records, rejects = read(tmp_path / name, InputConfig(max_bytes=1_000_000))
    assert records.height == 0
    assert rejects.select("stage", "reason").rows() == [("read", reason)]
    assert rejects["raw_sha256"][0] == sha256_hex(data)


def test_a_file_that_changed_or_vanished_after_discovery_is_said_to_have_changed(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    row = piece(path)
    path.write_text("after")
    assert next(read_records(row, CONFIG, TextConfig())).rejects["reason"].to_list() == ["changed"]
    path.unlink()
    assert next(read_records(row, CONFIG, TextConfig())).rejects["reason"].to_list() == ["changed"]


# ---- JSON lines


def test_json_lines_map_columns_and_read_dates(tmp_path):
    rows = [
        {
            "id": 7,
            "body": "The ferry sank.",
            "headline": " Ferry\nsinks ",
            "source": "Aldmouth Post",
            "date": "2024-03-05",
        },
        {"html": PAGE, "text": "x", "url": "https://news.example/a", "authors": ["Ann Lee", "Ann Lee", {"name": "Bo"}]},
        {"Text": ["One.", "Two."], "published_at": 1709634030, "fetched_at": "Tue, 05 Mar 2024 10:20:30 +0100"},
        {"text": "x", "published_at": "last week", "author": "Ann Lee; Bo"},
    ]
    records, rejects = read(write_jsonl(tmp_path / "a.jsonl", rows))
    assert rejects.height == 0
    first, second, third, fourth = records.rows(named=True)
    assert (first["title"], first["site"], first["media"]) == ("Ferry sinks", "Aldmouth Post", "text")
    assert first["published_at"] == datetime(2024, 3, 5, tzinfo=UTC)
    assert (second["media"], second["content"], second["authors"]) == ("html", PAGE, ["Ann Lee", "Bo"])
    assert third["content"] == "One.\nTwo."
    assert third["published_at"] == datetime(2024, 3, 5, 10, 20, 30, tzinfo=UTC)
    assert third["fetched_at"] == datetime(2024, 3, 5, 9, 20, 30, tzinfo=UTC)
    assert fourth["published_at"] is None
    assert fourth["authors"] == ["Ann Lee", "Bo"]
    assert [uri.rsplit("#", 1)[1] for uri in records["source_uri"]] == ["0", "1", "2", "3"]


def test_columns_can_be_named_by_the_user(tmp_path):
    config = InputConfig(columns=ColumnNames(text=("cuerpo",), title=("titular",)))
    records, rejects = read(write_jsonl(tmp_path / "a.jsonl", [{"cuerpo": "Texto.", "titular": "T"}]), config)
    assert (records["content"][0], records["title"][0], rejects.height) == ("Texto.", "T", 0)


def test_bad_lines_become_rejects_and_the_others_are_read(tmp_path):
    path = tmp_path / "a.ndjson"
    lines = [
        b'{"text": "one"}',
        b'{"text": ',
        b"",
        b"[1, 2]",
        b'{"title": "no text"}',
        b'{"text": "  "}',
        b'{"text": 5}',
    ]
    lines += [b'{"text": "caf\xe9"}', b'{"text": "' + b"x" * 3_000 + b'"}', b"[" * 100_000, b'{"text": "\\ud800 two"}']
    path.write_bytes(b"\xef\xbb\xbf" + b"\n".join(lines))
    records, rejects = read(path, InputConfig(max_bytes=2_000))
    assert records["content"].to_list() == ["one", "café", " two"]
    assert [(uri.rsplit("#", 1)[1], reason) for uri, reason in rejects.select("source_uri", "reason").rows()] == [
        ("1", "malformed_record"),
        ("3", "malformed_record"),
        ("4", "malformed_record"),
        ("5", "empty"),
        ("6", "malformed_record"),
        ("8", "too_large"),
        ("9", "too_large"),
    ]


def test_deeply_nested_json_is_a_reject_not_a_crash(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"[" * 200_000 + b'\n{"text": "next"}\n')
    records, rejects = read(tmp_path / "a.jsonl")
    assert (records["content"].to_list(), rejects["reason"].to_list()) == (["next"], ["malformed_record"])


def test_of_a_truncated_gzip_what_was_read_is_kept(tmp_path):
    rows = [{"text": os.urandom(200).hex(), "id": n} for n in range(500)]
    whole = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())
    (tmp_path / "a.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    records, rejects = read(tmp_path / "a.jsonl.gz")
    assert 200 <= records.height < 300
    assert records["content"].to_list() == [row["text"] for row in rows[: records.height]]
    assert rejects["reason"].to_list() == ["unreadable"]


def test_ids_of_records_survive_appending_and_reordering(tmp_path):
    rows = [{"text": f"Story {n}.", "url": f"https://news.example/{n}"} for n in range(4)]
    before = read(write_jsonl(tmp_path / "a.jsonl", rows))[0]
    after = read(write_jsonl(tmp_path / "b.jsonl", [*reversed(rows), {"text": "New."}]))[0]
    assert after["article_id"].to_list()[:4] == before["article_id"].to_list()[::-1]
    assert after["article_id"].n_unique() == 5


def test_the_same_text_under_two_addresses_has_two_ids(tmp_path):
    rows = [{"text": "Same.", "url": "https://a.example/1"}, {"text": "Same.", "url": "https://b.example/1"}]
    assert read(write_jsonl(tmp_path / "a.jsonl", rows))[0]["article_id"].n_unique() == 2


@pytest.mark.parametrize("suffix", ["jsonl", "parquet", "warc"])
def test_parts_are_disjoint_and_complete(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    if suffix == "jsonl":
        write_jsonl(path, [{"text": f"Story {n}."} for n in range(23)])
    elif suffix == "parquet":
        pq.write_table(pa.table({"text": [f"Story {n}." for n in range(23)]}), path)
    else:
        path.write_bytes(b"".join(warc_record(f"https://x.example/{n}", b"<p>Story</p>") for n in range(23)))
    config = InputConfig(parquet_rows=5, batch_documents=4)
    whole = read(path, config)[0]
    parts = [read(path, config, part=part, n_parts=3)[0] for part in range(3)]
    assert [part.height for part in parts] == [8, 8, 7]
    assert pl.concat(parts).sort("source_uri").equals(whole.sort("source_uri"))


def test_batches_keep_their_limits(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", [{"text": "x" * 400_000} for _ in range(10)])
    by_count = list(read_records(piece(path), InputConfig(batch_documents=4), TextConfig()))
    assert [batch.records.height for batch in by_count] == [4, 4, 2]
    by_size = list(read_records(piece(path), InputConfig(batch_bytes=1_000_000), TextConfig()))
    assert [batch.records.height for batch in by_size] == [3, 3, 3, 1]


def test_single_documents_are_read_together_in_their_order(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "CHARACTERS_AT_ONCE", 250)
    for number in range(5):
        (tmp_path / f"{number}.html").write_text(PAGE if number != 2 else "")
    pieces = [piece(tmp_path / f"{number}.html") for number in (0, 1, 3, 4)]
    gone = SimpleNamespace(**{**vars(pieces[0]), "source_uri": str(tmp_path / "gone.html")})
    batches = list(read_documents([*pieces[:2], gone, *pieces[2:]], CONFIG, TextConfig()))
    assert [batch.records.height for batch in batches] == [3, 1]  # the one that reaches the limit ends a batch
    assert pl.concat(batch.records for batch in batches).equals(
        pl.concat(batch.records for one in pieces for batch in read_records(one, CONFIG, TextConfig()))
    )
    assert pl.concat(batch.rejects for batch in batches)["reason"].to_list() == ["changed"]


# ---- Parquet


def test_parquet_reads_types_of_its_own(tmp_path):
    table = pa.table(
        {
            "html": pa.array([PAGE.encode("utf-16"), None, None], pa.binary()),
            "text": pa.array([None, "The ferry sank.", None], pa.large_string()),
            "published_at": pa.array([1_709_634_030_123_456_789, None, None], pa.timestamp("ns", "Europe/Berlin")),
            "date_download": pa.array([date(2024, 3, 6), None, None]),
            "embedding": pa.array([[0.5], None, None]),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    records, rejects = read(tmp_path / "a.parquet")
    assert records["content"].to_list() == [PAGE, "The ferry sank."]
    assert records["published_at"][0] == datetime(2024, 3, 5, 10, 20, 30, 123456, tzinfo=UTC)
    assert records["fetched_at"][0] == datetime(2024, 3, 6, tzinfo=UTC)
    assert rejects.select(pl.col("source_uri").str.tail(2), "reason").rows() == [("#2", "empty")]


def test_parquet_without_text_says_which_columns_it_has(tmp_path):
    pq.write_table(pa.table({"cuerpo": ["x"]}), tmp_path / "a.parquet")
    records, rejects = read(tmp_path / "a.parquet")
    assert (records.height, rejects["reason"].to_list()) == (0, ["malformed_record"])
    assert "cuerpo" in rejects["detail"][0]


def test_broken_parquet_is_unreadable_and_each_part_says_so(tmp_path):
    buffer = io.BytesIO()
    pq.write_table(pa.table({"text": ["x"] * 50}), buffer)
    (tmp_path / "a.parquet").write_bytes(buffer.getvalue()[:-20])
    rejects = [read(tmp_path / "a.parquet", part=part, n_parts=2)[1] for part in range(2)]
    assert pl.concat(rejects)["reason"].to_list() == ["unreadable", "unreadable"]  # of which a run keeps one


def test_parquet_that_pyarrow_does_not_know_is_unreadable(tmp_path, monkeypatch):
    """Found by fuzzing: one flipped bit makes an integer of a size that pyarrow has not implemented."""
    (tmp_path / "a.parquet").write_bytes(b"PAR1")

    def refuse(*_, **__):
        raise pa.lib.ArrowNotImplementedError("Integers with less than 8 bits not implemented")

    monkeypatch.setattr(pq, "ParquetFile", refuse)
    _, rejects = read(tmp_path / "a.parquet")
    assert rejects.select("reason", "detail").row(0) == (
        "unreadable",
        "ArrowNotImplementedError: Integers with less than 8 bits not implemented",
    )


# ---- WARC


def test_warc_gives_html_responses_with_address_and_time(tmp_path):
    page = PAGE.replace("Tuesday", "Düsseldorf")
    data = b"".join(
        [
            warc_record("https://news.example/a", b"GET", kind="request"),
            warc_record(
                "<https://news.example/a>", page.encode("latin-1"), content_type="text/html; charset=ISO-8859-1"
            ),
            warc_record("https://news.example/b.png", b"\x89PNG", content_type="image/png"),
            warc_record("https://news.example/c", b"<p>moved</p>", status="301 Moved"),
            warc_record("https://news.example/d", gzip.compress(PAGE.encode()), extra="Content-Encoding: gzip\r\n"),
        ]
    )
    (tmp_path / "a.warc").write_bytes(data)
    records, rejects = read(tmp_path / "a.warc")
    assert rejects.height == 0
    assert records["content"].to_list() == [page, PAGE]
    assert records["url"].to_list() == ["https://news.example/a", "https://news.example/d"]
    assert records["fetched_at"].to_list() == [datetime(2024, 3, 5, 10, 20, 30, tzinfo=UTC)] * 2
    assert records["raw_sha256"][1] == sha256_hex(PAGE.encode())
    assert records["article_id"][1] == make_id("article", sha256_hex(PAGE.encode()), "https://news.example/d")


def test_warc_compressed_by_record_gives_the_same_articles(tmp_path):
    parts = [warc_record(f"https://news.example/{n}", PAGE.encode() + b" " * n) for n in range(5)]
    (tmp_path / "a.warc").write_bytes(b"".join(parts))
    (tmp_path / "b.warc.gz").write_bytes(b"".join(map(gzip.compress, parts)))
    plain, packed = read(tmp_path / "a.warc")[0], read(tmp_path / "b.warc.gz")[0]
    assert plain["article_id"].to_list() == packed["article_id"].to_list()


def test_broken_warc_keeps_what_came_before(tmp_path):
    parts = [
        gzip.compress(warc_record(f"https://news.example/{n}", os.urandom(3_000).hex().encode())) for n in range(4)
    ]
    (tmp_path / "a.warc.gz").write_bytes(b"".join(parts)[:-1_500])
    records, rejects = read(tmp_path / "a.warc.gz")
    assert records["url"].to_list() == [f"https://news.example/{n}" for n in range(3)]
    assert rejects["reason"].to_list() == ["unreadable"]


def test_garbage_in_a_warc_keeps_what_came_before_and_after(tmp_path):
    parts = [gzip.compress(warc_record(f"https://news.example/{n}", PAGE.encode())) for n in range(3)]
    (tmp_path / "a.warc.gz").write_bytes(parts[0] + parts[1][:60] + parts[2])
    records, rejects = read(tmp_path / "a.warc.gz")
    assert records["url"].to_list() == ["https://news.example/0", "https://news.example/2"]
    assert rejects["reason"].to_list() == ["unreadable"]


def test_a_record_whose_length_lies_costs_itself(tmp_path):
    parts = [warc_record(f"https://news.example/{n}", PAGE.encode()) for n in range(6)]
    parts[1] = re.sub(rb"\r\nContent-Length: \d+", b"\r\nContent-Length: 20", parts[1], count=1)
    parts[3] = re.sub(rb"\r\nContent-Length: \d+", b"\r\nContent-Length: 99999", parts[3], count=1)
    (tmp_path / "a.warc").write_bytes(b"".join(parts))
    whole, rejects = read(tmp_path / "a.warc")
    assert whole["url"].to_list() == [f"https://news.example/{n}" for n in (0, 2, 4, 5)]
    assert rejects["reason"].to_list() == ["unreadable", "unreadable"]
    # Parts agree on which record is which.
    parts = [read(tmp_path / "a.warc", part=part, n_parts=3) for part in range(3)]
    assert pl.concat([records for records, _ in parts]).sort("source_uri").equals(whole)
    assert pl.concat([found for _, found in parts]).sort("source_uri").equals(rejects.sort("source_uri"))


@pytest.mark.parametrize(
    ("name", "data"), [("a.jsonl", b"\n\n"), ("a.warc.gz", gzip.compress(b"", mtime=0)), ("b.warc", b"\r\n")]
)
def test_a_container_without_a_record_is_a_reject(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    records, rejects = read(tmp_path / name)
    assert (records.height, rejects["reason"].to_list()) == (0, ["empty"])


def test_an_encoding_that_breaks_is_a_malformed_record(tmp_path):
    broken = warc_record("https://news.example/0", b"\x1f\x8b\x08" + b"no" * 40, extra="Content-Encoding: gzip\r\n")
    (tmp_path / "a.warc").write_bytes(broken + warc_record("https://news.example/1", PAGE.encode()))
    records, rejects = read(tmp_path / "a.warc")
    assert records["url"].to_list() == ["https://news.example/1"]
    assert rejects["reason"].to_list() == ["malformed_record"]


def test_a_large_or_bombed_page_in_a_warc_is_refused_and_the_next_read(tmp_path):
    bomb = gzip.compress(b"<p>" + b"0" * 5_000_000)
    parts = [
        warc_record("https://news.example/large", b"<p>" + b"x" * 2_000_000),
        warc_record("https://news.example/bomb", bomb, extra="Content-Encoding: gzip\r\n"),
        warc_record("https://news.example/empty", b"  "),
        warc_record("https://news.example/good", PAGE.encode()),
    ]
    (tmp_path / "a.warc").write_bytes(b"".join(parts))
    records, rejects = read(tmp_path / "a.warc", InputConfig(max_bytes=1_000_000))
    assert records["url"].to_list() == ["https://news.example/good"]
    assert rejects["reason"].to_list() == ["too_large", "too_large", "empty"]


def test_reading_does_not_import_prefect():
    code = "import sys, flows.ingest.sources, cleaners.extract; assert 'prefect' not in sys.modules, 'prefect'"
    subprocess.run([sys.executable, "-c", code], check=True)
