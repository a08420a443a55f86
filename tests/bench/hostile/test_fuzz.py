"""Whatever bytes come, the readers end with records and rejects: no error gets out, nothing that Parquet cannot hold gets in.

The same targets run under coverage-guided fuzzing with `python -m bench.hostile.fuzz`.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from bench.hostile.containers import make_record
from bench.hostile.fuzz import TARGETS, is_settled, is_sound, read_bytes, take_review
from cleaners.extract import RAW_SCHEMA, ExtractConfig, extract_articles
from cleaners.text import TextConfig
from flows.ingest.json_forms import find_form
from flows.query.review import Taken

pytestmark = pytest.mark.slow

QUICK = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])

ANYTHING = st.binary(max_size=2_000)
WORDS = st.text(max_size=60) | st.sampled_from(
    ["text", "html", "<p>", "{", "http://[", "2026-02-30", "\0", "\ud800", "=1+1"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["text", "html", "url", "title", "site", "authors", "published_at", "fetched_at", "id", "other"]
)
ROWS = st.dictionaries(FIELDS, VALUES, max_size=6)
LINES = st.lists(ROWS.map(lambda row: json.dumps(row).encode()) | st.binary(max_size=60), max_size=5)
TAGS = st.sampled_from(
    ["<p>", "</p>", "<div>", "</div>", "<article>", "<table><tr><td>", "<svg>", "<script>", "</script>", "<!--", "-->", "<![CDATA[", "&#xD800;",
     "<title>", "<h1>", "<meta charset='utf-16'>", "<base href='http://['>", "<time datetime='9999-99'>", "<plaintext>", "<template>"]
)  # fmt: skip
PAGES = st.lists(TAGS | st.text(max_size=80), max_size=40).map("".join)
HEADERS = st.sampled_from(
    ["", "Content-Encoding: gzip\r\n", "Transfer-Encoding: chunked\r\n", "Content-Length: 7\r\n", "\0\r\n", ":\r\n"]
)
RECORDS = st.builds(
    lambda body, extra, length: make_record("https://a.example/1", body, extra=extra, length=length),
    st.binary(max_size=200),
    HEADERS,
    st.none() | st.integers(-5, 10**6),
)


@pytest.mark.parametrize("name", ["a.txt", "a.html", "a.jsonl", "a.parquet", "a.warc", "a.txt.gz", "a.warc.gz"])
@QUICK
@given(data=ANYTHING)
@example(data=b"\x1f\x8b")
@example(data=b"PAR1PAR1")
@example(data=b"WARC/1.0\r\n\r\n")
def test_any_bytes_under_any_name(name: str, data: bytes) -> None:
    assert is_sound(read_bytes(name, data))


@QUICK
@given(lines=LINES, end=st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n"]), is_packed=st.booleans())
def test_any_json_lines(lines: list[bytes], end: bytes, is_packed: bool) -> None:
    data = end.join(lines)
    assume(is_packed or not data.startswith(b"\x1f\x8b"))  # a broken container is one reject
    found = read_bytes("a.jsonl", gzip.compress(data) if is_packed else data)
    assert is_sound(found)
    form = find_form(data)
    filled = [line for line in data.split(b"\r" if form.has_returns else b"\n") if line.strip()]
    if form.encoding is None and not form.is_split:
        assert found.n_records + found.n_rejects == max(1, len(filled)), (
            "every line that is not blank is a record or a reject"
        )
    else:
        assert found.n_records + found.n_rejects > 0


@QUICK
@given(page=PAGES)
@example(page="<p>" * 3_000)
@example(page="&" * 3_000)
@example(page="<svg><p><p>")
def test_any_page(page: str) -> None:
    found = read_bytes("a.html", page.encode("utf-8", "surrogatepass"))
    assert is_sound(found)
    assert found.n_records + found.n_rejects == 1


@QUICK
@given(records=st.lists(RECORDS | ANYTHING, max_size=4), is_packed=st.booleans())
def test_any_web_archive(records: list[bytes], is_packed: bool) -> None:
    packed = [gzip.compress(record) if is_packed else record for record in records]
    found = read_bytes("a.warc.gz" if is_packed else "a.warc", b"".join(packed))
    assert is_sound(found)
    assert found.n_records + found.n_rejects <= 2 * len(records) + 2


@QUICK
@given(
    data=st.binary(max_size=500)
    | st.lists(WORDS, max_size=12).map(",".join).map(lambda t: t.encode("utf-8", "surrogatepass"))
)
def test_any_reviewed_file_is_taken_or_refused(data: bytes, tmp_path: Path) -> None:
    assert is_settled(take_review(data, tmp_path))


@QUICK
@given(
    decision=st.sampled_from(["accept", "reject", "Two people", "add-to-authority", "", " ", "maybe", "=1+1"]),
    canonical=WORDS,
    start=WORDS | st.integers().map(str),
    note=WORDS,
)
def test_any_cell_of_a_reviewed_file(decision: str, canonical: str, start: str, note: str, tmp_path: Path) -> None:
    names = ("decision", "note", "surface", "canonical", "kind", "flag_id", "article_id", "start", "end")
    cells = (decision, note, "Robert Lutnick", canonical, "wrong_given", "f" * 24, "a" * 24, start, "12")
    rows = [",".join(names), ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)]
    reviewed = take_review("\n".join(rows).encode("utf-8", "surrogatepass"), tmp_path)
    assert is_settled(reviewed)
    if reviewed.refusal is None:
        assert reviewed.n_decided == bool(decision.strip())


def test_a_target_that_lets_an_error_out_or_loses_a_record_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    story = b"A text of some words that is long enough to be read."
    TARGETS["text"](story)
    nothing = extract_articles(pl.DataFrame(schema=RAW_SCHEMA), ExtractConfig(), TextConfig())
    monkeypatch.setattr("bench.hostile.fuzz.extract_articles", lambda *_: nothing)
    with pytest.raises(AssertionError, match="lost"):
        TARGETS["text"](story)
    monkeypatch.setattr("bench.hostile.fuzz.extract_articles", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        TARGETS["text"](story)
    monkeypatch.setattr("bench.hostile.fuzz.take_decisions", lambda *_: Taken(1, 0, Path("decisions.csv")))
    with pytest.raises(AssertionError, match="n_decided"):
        TARGETS["review"](story)
