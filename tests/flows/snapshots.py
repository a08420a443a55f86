"""Snapshots made by hand: what no real run would give, a hostile outlet or ten thousand articles."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from cleaners.document import make_id, sha256_hex
from cleaners.schemas import TABLES

RUN_ID = "20260301T060000Z-0001"

Row = dict[str, Any]


def article(name: str, text: str, **columns: object) -> Row:
    """One row of `articles`, its unimportant columns filled in."""
    return {
        "article_id": make_id(name),
        "origin": "text",
        "parent_article_id": None,
        "source_uri": f"landing/{name}",
        "url": None,
        "canonical_url": None,
        "site": None,
        "title": None,
        "authors": [],
        "agency": None,
        "published_at": None,
        "fetched_at": None,
        "language": "en",
        "text": text,
        "text_normalised": None,
        "people": [],
        "n_words": max(1, len(text.split())),
        "n_removed_chars": 0,
        "raw_sha256": sha256_hex(name),
        "text_sha256": sha256_hex(text),
        "extractor": "plain-text 1",
        "body_confidence": None,
        "published_run": RUN_ID,
        "published_run_at": None,
        "code_version": "0.1.0+test",
        "run_id": RUN_ID,
    } | columns


def cut(
    row: Row, passages: Sequence[str], *, rule_id: str = "signup-offer", category: str = "signup_banner"
) -> list[Row]:
    """Cut passages out of a row's text, in order, and give their rows of `removed_spans`."""
    spans: list[Row] = []
    extracted = row["text"]
    kept, at = "", 0
    for passage in passages:
        start = extracted.index(passage, at)
        kept, at = kept + extracted[at:start], start + len(passage)
        spans.append(
            {
                "article_id": row["article_id"],
                "span_no": len(spans),
                "start": start,
                "end": at,
                "text": passage,
                "rule_id": rule_id,
                "category": category,
                "confidence": 0.95,
                "salvaged_article_id": None,
                "run_id": row["run_id"],
            }
        )
    row["text"] = kept + extracted[at:]
    row["n_removed_chars"] = len(extracted) - len(row["text"])
    return spans


def cluster(rows: Sequence[Row], match: str = "near", similarity: float = 0.9) -> list[Row]:
    """One cluster of some articles, the first canonical."""
    return [
        {
            "article_id": row["article_id"],
            "cluster_id": rows[0]["article_id"],
            "is_canonical": row is rows[0],
            "match": "single" if row is rows[0] else match,
            "similarity": 1.0 if row is rows[0] else similarity,
            "cluster_size": len(rows),
            "previous_cluster_id": None,
            "run_id": row["run_id"],
        }
        for row in rows
    ]


def story(rows: Sequence[Row], seen: Sequence[datetime]) -> list[Row]:
    """One story of some articles, the first one first, each an event of its own."""
    return [
        {
            "article_id": row["article_id"],
            "story_id": rows[0]["article_id"],
            "event_id": row["article_id"],
            "seen_at": moment,
            "score": None if row is rows[0] else 0.9,
            "is_first": row is rows[0],
            "previous_story_id": None,
        }
        for row, moment in zip(rows, seen, strict=False)
    ]


def summary_of(rows: Sequence[Row], seen: Sequence[datetime], people: Sequence[str] = ()) -> Row:
    """The row of `story_summary` for a story of some articles, its first one central."""
    return {
        "story_id": rows[0]["article_id"],
        "title": rows[0]["title"],
        "central_article_id": rows[0]["article_id"],
        "first_at": seen[0],
        "last_at": seen[-1],
        "first_site": rows[0]["site"],
        "n_papers": len({row["site"] for row in rows}),
        "n_articles": len(rows),
        "n_clusters": len(rows),
        "n_events": len(rows),
        "people": list(people),
        "span_days": (seen[-1] - seen[0]).total_seconds() / 86_400,
    }


def mention(row: Row, surface: str, canonical: str, flag_id: str | None = None) -> Row:
    """The first mention of a person in an article."""
    start = row["text"].index(surface)
    return {
        "article_id": row["article_id"],
        "start": start,
        "end": start + len(surface),
        "surface": surface,
        "canonical": canonical,
        "entity": "person",
        "flag_id": flag_id,
    }


def flag(row: Row, surface: str, canonical: str, *, is_error: bool, evidence: object = None) -> Row:
    """A flag on the first mention of a person in an article."""
    place = mention(row, surface, canonical)
    return {
        "flag_id": make_id(row["article_id"], str(place["start"])),
        **{name: place[name] for name in ("article_id", "start", "end", "surface", "canonical")},
        "kind": "wrong_given" if is_error else "transliteration",
        "is_error": is_error,
        "confidence": 0.9,
        "evidence": json.dumps(evidence or {}),
        "decision": None,
    }


def reject(source_uri: str, detail: str, **columns: object) -> Row:
    """An input that became no article."""
    return {
        "source_uri": source_uri,
        "stage": "read",
        "reason": "binary",
        "detail": detail,
        "raw_sha256": sha256_hex(source_uri),
        "n_bytes": 5120,
        "article_id": None,
        "run_id": RUN_ID,
    } | columns


def gate(stage: str, metric: str, value: float, **columns: object) -> Row:
    """A row of `run_summary`."""
    return {
        "run_id": RUN_ID,
        "stage": stage,
        "metric": metric,
        "value": value,
        "unit": "inputs",
        "lower": None,
        "upper": None,
        "passed": None,
    } | columns


def write_snapshot(folder: Path, run_id: str = RUN_ID, **tables: Sequence[Row]) -> Path:
    """Write the published tables, each checked against its contract, and the manifest that names them."""
    manifest: dict[str, Any] = {"run_id": run_id, "tables": {}}
    for name, schema in TABLES.items():
        frame = pl.DataFrame(tables.get(name, []), schema=schema.create_empty().schema)
        (folder / name).mkdir(parents=True)
        schema.validate(frame).write_parquet(folder / name / "part-0.parquet")
        manifest["tables"][name] = {"files": [{"path": f"{name}/part-0.parquet"}]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def suspect(row: Row, passage: str, reason: str = "too doubtful to cut", **columns: object) -> Row:
    """A row of `suspected_spans` for a passage of a row's cleaned text."""
    start = row["text"].index(passage)
    return {
        "article_id": row["article_id"],
        "span_no": 0,
        "start": start,
        "end": start + len(passage),
        "text": passage,
        "rule_id": "learned-related-article",
        "category": "suspected",
        "likely_category": "related_article",
        "confidence": 0.45,
        "reason": reason,
        "run_id": row["run_id"],
    } | columns
