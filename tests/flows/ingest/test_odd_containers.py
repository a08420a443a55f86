"""A bad value costs its row at most: every odd container gives what the table in docs/faults.md says, and no row is lost."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.hostile.containers import make_record
from cleaners.errors import ContractBroken
from cleaners.text import TextConfig
from flows.ingest.formats import RawBatch, read_records
from flows.ingest.inputs import Tally
from flows.ingest.sources import discover_inputs
from flows.settings import InputConfig
from flows.steps import extract
from tests.conftest import read_tables, run_steps
from tests.flows.ingest.odd_containers import TEXT, write_odd_containers

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[3] / "docs" / "faults.md"
ROW = re.compile(r"^\| (`[^|]*\.(?:jsonl|parquet)`[^|]*) \| (\d+) \| (\d+) \| (\d+) \| (\d+)\b", re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd")
    write_odd_containers(folder)
    return folder


@pytest.fixture(scope="module")
def documented() -> dict[str, tuple[int, ...]]:
    """Rows, articles, nulls and rejects of each file by the table."""
    return {
        name: tuple(map(int, figures))
        for names, *figures in ROW.findall(DOCS.read_text(encoding="utf-8"))
        for name in re.findall(r"`([^`]+)`", names)
    }


def read(path: Path, part: int = 0, n_parts: int = 1) -> tuple[list[RawBatch], Tally]:
    row = discover_inputs([str(path)], InputConfig()).inputs.row(0, named=True)
    piece, tally = SimpleNamespace(**row, part=part, n_parts=n_parts, stretch=None), Tally()
    return list(read_records(piece, InputConfig(), TextConfig(), tally=tally)), tally


def test_each_file_has_the_rows_and_nulls_of_the_documentation(
    folder: Path, documented: dict[str, tuple[int, ...]]
) -> None:
    found = {}
    for path in sorted(folder.iterdir()):
        batches, tally = read(path)
        assert sum(batch.records.height + batch.rejects.height for batch in batches) == tally.n_rows, path.name
        found[path.name] = (tally.n_rows, sum(batch.n_unreadable_values for batch in batches))
    assert found == {name: (n_rows, n_nulls) for name, (n_rows, _, n_nulls, _) in documented.items()}


def test_a_run_with_two_worker_processes_loses_no_row(
    folder: Path, documented: dict[str, tuple[int, ...]], tmp_path: Path
) -> None:
    run_steps([folder], tmp_path, n_workers=2, workers=2, shard_bytes=2**17)
    tables = read_tables(tmp_path / "latest")
    by_file = pl.col("source_uri").str.extract(r"([^/#]+)(?:#\d+)?$").alias("file")
    published = dict(tables.articles.group_by(by_file).len().iter_rows())
    rejected = dict(tables.rejects.group_by(by_file).len().iter_rows())
    assert {name: (published.get(name, 0), rejected.get(name, 0)) for name in documented} == {
        name: (n_articles, n_rejects) for name, (_, n_articles, _, n_rejects) in documented.items()
    }
    nulls = tables.run_summary.filter(pl.col("metric") == "unreadable_values")["value"].item()
    assert nulls == sum(n_nulls for _, _, n_nulls, _ in documented.values())


def container(path: Path, n_rows: int) -> Path:
    """A container of so many rows, of the format that its name says; every seventh is none."""
    rows = [{"text": TEXT.format(n, path.stem), "url": f"https://a.example/{n}"} for n in range(n_rows)]
    lines = [json.dumps(row) if n % 7 else "{" for n, row in enumerate(rows)]
    if path.suffix == ".parquet":
        texts = [row["text"] if n % 7 else None for n, row in enumerate(rows)]
        pq.write_table(pa.table({"text": texts}), path, row_group_size=max(1, n_rows // 3))
    elif ".warc" in path.name:
        pages = [f"<article><h1>Bridge</h1><p>{row['text'] * 3}</p></article>".encode() for row in rows]
        records = [make_record(f"https://a.example/{n}", page if n % 7 else b"") for n, page in enumerate(pages)]
        path.write_bytes(b"".join(gzip.compress(record) for record in records))
    elif "array" in path.name:
        path.write_text(f"[{', '.join(lines[1:])}]" if n_rows % 7 > 1 else json.dumps(rows, indent=1))
    else:
        content = "\n\n".join(lines).encode()
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "array.jsonl", "a.parquet", "a.warc.gz"])
@given(n_rows=st.integers(2, 60), n_parts=st.integers(1, 7))
def test_the_parts_of_a_container_hold_each_row_once(
    name: str, n_rows: int, n_parts: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = container(tmp_path_factory.mktemp("parts") / name, n_rows)
    whole, tally = read(path)
    numbers, n_read = [], 0
    for part in range(n_parts):
        batches, counted = read(path, part, n_parts)
        numbers += [uri for b in batches for frame in (b.records, b.rejects) for uri in frame["source_uri"]]
        n_read += counted.n_passed_over
        assert counted.n_rows == tally.n_rows
    assert sorted(numbers) == sorted(
        uri for b in whole for frame in (b.records, b.rejects) for uri in frame["source_uri"]
    )
    assert n_read + len(numbers) == tally.n_rows


@pytest.mark.parametrize("name", ["feed.jsonl", "feed.jsonl.gz", "feed.parquet", "feed.warc.gz"])
def test_a_row_that_gets_lost_stops_the_run_and_names_the_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    container(tmp_path / "in" / "sound.jsonl", 5)
    container(tmp_path / "in" / name, 30)

    def losing(*args: object, **kwargs: object) -> object:
        for batch in read_records(*args, **kwargs):  # type: ignore[arg-type]
            lost = (args[0].name == name) * 1  # type: ignore[attr-defined]
            yield batch._replace(records=batch.records.head(batch.records.height - lost))

    with monkeypatch.context() as patched:
        patched.setattr(extract, "read_records", losing)
        with pytest.raises(ContractBroken, match=rf"{re.escape(name)} holds \d+ rows, and \d+ became") as caught:
            run_steps([tmp_path / "in"], tmp_path / "out")
    assert "sound.jsonl" not in str(caught.value)
    assert not (tmp_path / "out" / "latest").exists()
    assert run_steps([tmp_path / "in"], tmp_path / "out")
    assert read_tables(tmp_path / "out" / "latest").articles["source_uri"].str.contains(name, literal=True).sum() > 10


@pytest.mark.parametrize("name", ["feed.jsonl", "feed.jsonl.gz", "feed.parquet", "feed.warc.gz"])
def test_a_container_that_gives_nothing_at_all_stops_the_run_too(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container(tmp_path / name, 30)
    monkeypatch.setattr(extract, "read_records", lambda *_: iter(()))
    with pytest.raises(ContractBroken, match=re.escape(name)):
        run_steps([tmp_path / name], tmp_path / "out")


def test_a_column_of_broken_pages_costs_its_rows_or_its_values(tmp_path: Path) -> None:
    """Three row groups; a page of the second group's titles is damaged, and one of the third group's texts."""
    texts = [TEXT.format(n, "damaged") for n in range(90)]
    table = pa.table({"text": texts, "title": [f"Title {n}" for n in range(90)]})
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, row_group_size=30, compression="zstd", use_dictionary=False)
    meta = pq.ParquetFile(path).metadata
    content = bytearray(path.read_bytes())
    for group, column in ((1, 1), (2, 0)):
        header = meta.row_group(group).column(column).data_page_offset
        content[header : header + 8] = b"\xff" * 8
    path.write_bytes(content)
    batches, _ = read(path)
    records = pl.concat([b.records for b in batches])
    rejects = pl.concat([b.rejects for b in batches])
    assert records["content"].to_list() == texts[:60]
    assert records["title"].to_list() == [f"Title {n}" for n in range(30)] + [None] * 30
    assert sum(b.n_unreadable_values for b in batches) == 30
    assert [int(uri.rsplit("#")[1]) for uri in rejects["source_uri"]] == list(range(60, 90))
    assert rejects["reason"].unique().to_list() == ["malformed_record"]


def test_early_rejects_keep_the_address_and_the_outlet_of_their_record(tmp_path: Path) -> None:
    rows = [
        {"text": "", "url": "https://www.herald.example/a"},
        {"text": 5, "url": "https://herald.example/b", "site": "Herald"},
    ]
    long = {"text": ["x" * 2_000], "url": ["https://herald.example/c"]}
    pq.write_table(pa.table(long), tmp_path / "aa.parquet")
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    page = b"<p>" + b"x" * 2_000 + b"</p>"
    (tmp_path / "b.warc").write_bytes(make_record("https://coast.example/d", page))
    run = run_steps(
        [tmp_path / name for name in ("a.jsonl", "aa.parquet", "b.warc")],
        tmp_path / "out",
        input=InputConfig(max_bytes=1_000),
    )
    assert run
    tables = read_tables(tmp_path / "out" / "latest")
    assert tables.rejects.select("reason", "url", "site").rows() == [
        ("empty", "https://www.herald.example/a", "herald.example"),
        ("malformed_record", "https://herald.example/b", "Herald"),
        ("too_large", "https://herald.example/c", "herald.example"),
        ("too_large", "https://coast.example/d", "coast.example"),
    ]
    shares = tables.site_health.filter(pl.col("metric") == "reject_share").select("site", "value", "n_records").rows()
    assert shares == [("Herald", 1.0, 1), ("coast.example", 1.0, 1), ("herald.example", 1.0, 2)]
