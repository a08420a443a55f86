"""The quality bench's command: the form of its rows, every id answered, no gold field read."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SEEDS

ROOT = Path(__file__).parents[3]
TEXTS = {path.stem[:3]: path.read_text(encoding="utf-8") for path in sorted(SEEDS.iterdir())}
KINDS = {
    "signup_banner", "related_article", "top_stories_widget", "caption_credit", "share_ui", "comments_ui", "read_more_link",
    "hashtags", "cookie_notice", "ad_marker",
}  # fmt: skip


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def predict(*arguments: object) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "bench.quality", *map(str, arguments)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return [json.loads(line) for line in Path(str(arguments[-1])).read_text(encoding="utf-8").splitlines()]


def test_contamination(tmp_path: Path) -> None:
    rows = [
        {"id": name, "source": "a.example", "published": None, "contaminated_text": text}
        for name, text in TEXTS.items()
    ]
    found = {
        row["id"]: row["removed"]
        for row in predict("contamination", write_rows(tmp_path / "in.jsonl", rows), tmp_path / "out")
    }
    assert list(found) == list(TEXTS)
    assert found["000"] == []
    for name, spans in found.items():
        for span in spans:
            assert 0 <= span["start"] < span["end"] <= len(TEXTS[name])
            assert span["kind"] in KINDS
            assert 0 <= span["confidence"] <= 1
    assert TEXTS["003"][found["003"][0]["start"] : found["003"][0]["end"]].strip().startswith("Read: China fears")


def test_metadata(tmp_path: Path) -> None:
    (tmp_path / "html").mkdir()
    paragraphs = "".join(f"<p>{line}</p>" for line in TEXTS["000"].splitlines() if line)
    head = '<meta name="author" content="Ann Lee"><meta property="article:published_time" content="2025-05-14T07:30:00+02:00">'
    page = f"<html><head>{head}</head><body><article><h1>Chips at sea</h1>{paragraphs}</article></body></html>"
    (tmp_path / "html" / "a.html.gz").write_bytes(gzip.compress(page.encode()))
    (tmp_path / "html" / "b.html.gz").write_bytes(gzip.compress(b"<html><body></body></html>"))
    gold = {key: {"url": f"https://a.example/{key}", "title": "gold"} for key in "ab"}
    (tmp_path / "gold.json").write_text(json.dumps(gold))
    article, rejected = predict("metadata", tmp_path / "gold.json", tmp_path / "html", tmp_path / "out")
    assert article.pop("articleBody").split() == TEXTS["000"].split()
    assert article == {
        "id": "a",
        "title": "Chips at sea",
        "authors": ["Ann Lee"],
        "published_at": "2025-05-14T05:30:00+00:00",
        "language": "en",
    }
    empty = {"id": "b", "articleBody": "", "title": None, "authors": [], "published_at": None, "language": None}
    assert rejected == empty


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz"])
def test_dups(tmp_path: Path, name: str) -> None:
    rows = [
        {"id": key, "title": None, "text": text, "site": "a.example", "cluster_id": "gold"}
        for key, text in TEXTS.items()
    ]
    rows.append({**rows[0], "id": "copy", "site": "b.example"})
    cluster = {
        row["id"]: row["cluster_id"] for row in predict("dups", write_rows(tmp_path / name, rows), tmp_path / "out")
    }
    assert set(cluster) == {*TEXTS, "copy"}
    assert cluster["copy"] == cluster["000"]
    assert len(set(cluster.values())) == len(TEXTS)


def test_stories(tmp_path: Path) -> None:
    rows = [{"id": key, "title": None, "text": text, "site": key, "story": "gold"} for key, text in TEXTS.items()]
    rows[0]["published_at"] = "2026-01-03"
    out = predict("stories", write_rows(tmp_path / "in.jsonl", rows), tmp_path / "out")
    assert {row["id"] for row in out} == set(TEXTS)
    assert {row["story_id"] for row in out} == {row["event_id"] for row in out}
    assert len({row["story_id"] for row in out}) == 1


def test_names(tmp_path: Path) -> None:
    rows = [{"id": key, "group_id": "gold", "title": None, "text": text, "site": key} for key, text in TEXTS.items()]
    (tmp_path / "authority.csv").write_text("canonical,aliases,roles,qid\nJensen Huang,,,\n")
    out = predict("names", write_rows(tmp_path / "in.jsonl", rows), tmp_path / "authority.csv", tmp_path / "out")
    for row in out:
        assert TEXTS[row["doc_id"]][row["start"] : row["end"]] == row["surface"]
    errors = [(row["doc_id"], row["surface"], row["canonical"], row["kind"]) for row in out if row["is_error"]]
    assert errors == [("004", "Robert Lutnick", "Howard Lutnick", "wrong_given")]


def test_extraction(tmp_path: Path) -> None:
    (tmp_path / "html").mkdir()
    paragraphs = "".join(f"<p>{line}</p>" for line in TEXTS["000"].splitlines() if line)
    page = f"<html><head><title>Chips</title></head><body><nav>Home Sport</nav><article><h1>Chips</h1>{paragraphs}</article></body></html>"
    (tmp_path / "html" / "a.html.gz").write_bytes(gzip.compress(page.encode()))
    (tmp_path / "html" / "b.html.gz").write_bytes(gzip.compress(b"<html><body></body></html>"))
    gold = {
        "a": {"url": "https://a.example/1", "articleBody": "gold"},
        "b": {"url": "https://a.example/2", "articleBody": "gold"},
    }
    (tmp_path / "gold.json").write_text(json.dumps(gold))
    body = {
        row["id"]: row["articleBody"]
        for row in predict("extraction", tmp_path / "gold.json", tmp_path / "html", tmp_path / "out")
    }
    assert body["a"].split() == TEXTS["000"].split()
    assert body["b"] == ""
