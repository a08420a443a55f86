"""Flags out to an editor and decisions back: `copydesk review`.

Takes the last snapshot, gives a CSV of open name flags with their context, safe to open in a spreadsheet; takes the same CSV
with the column `decision` filled in and appends it to the file of decisions, which every later run reads.
"""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from cleaners.errors import ConfigError, CopydeskError
from cleaners.names import DECISION_SCHEMA, DECISIONS, load_decisions
from cleaners.schemas import NameFlags
from flows.settings import Settings
from flows.store.editors import decisions_file, read_decisions
from flows.store.files import write_bytes
from flows.store.locks import output_lock
from flows.store.snapshots import Snapshot, latest_snapshot
from flows.store.upload import push_decisions

CONTEXT_CHARS = 120  # on either side of the name: a sentence or so
MAX_WITNESSES = 5
COLUMNS = [
    "decision",
    "note",
    "surface",
    "canonical",
    "kind",
    "confidence",
    "before",
    "after",
    "title",
    "site",
    "published_at",
    "evidence",
    "witnesses",
    "flag_id",
    "article_id",
    "start",
    "end",
]
# A spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class Taken(NamedTuple):
    """Outcome of a reviewed file."""

    n_decided: int
    n_open: int
    file: Path


def export_flags(settings: Settings, target: Path, *, with_variants: bool = False, with_decided: bool = False) -> int:
    """Write the flags of the last snapshot for an editor, the surest first.

    Args:
        settings: where the snapshots are.
        target: CSV file to write.
        with_variants: also what is no error: transliterations, diacritics, aliases, namesakes.
        with_decided: also what an editor has decided before.

    Returns:
        How many flags were written.

    Raises:
        CopydeskError: nothing is published yet.
    """
    snapshot = _latest(settings)
    flags = snapshot.scan("name_flags", NameFlags.create_empty().schema)
    if not with_decided:
        # Also what was decided since that snapshot was made.
        decided = load_decisions(read_decisions(settings))["flag_id"]
        flags = flags.filter(pl.col("decision").is_null() & ~pl.col("flag_id").is_in(decided.implode()))
    if not with_variants:
        is_open = pl.col("is_error") | (pl.col("kind") == "role_conflict")
        flags = flags.filter(is_open | pl.col("decision").is_not_null())
    wanted = flags.sort(
        ["confidence", "canonical", "article_id", "start"], descending=[True, False, False, False]
    ).collect()
    evidence = [json.loads(value) if value.startswith("{") else {} for value in wanted["evidence"]]
    witnesses = {one for found in evidence for one in found.get("articles", ())[:MAX_WITNESSES]}
    ids = pl.concat([wanted["article_id"], pl.Series(sorted(witnesses), dtype=pl.String)]).unique().implode()
    articles = (
        pl.scan_parquet(snapshot.files("articles"), glob=False)
        .select("article_id", "title", "site", "published_at", "text")
        .filter(pl.col("article_id").is_in(ids))
        .collect()
    )
    article_of = {row["article_id"]: row for row in articles.iter_rows(named=True)}
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8-sig", newline="") as stream:  # the mark makes spreadsheets read UTF-8
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        for flag, found in zip(wanted.iter_rows(named=True), evidence, strict=True):
            row = _row(flag, found, article_of)
            writer.writerow({name: _defused(str(value)) for name, value in row.items()})
    return wanted.height


def take_decisions(settings: Settings, source: Path) -> Taken:
    """Append the decisions of a reviewed CSV to the file of decisions; rows without one stay open.

    Args:
        settings: where decisions are kept.
        source: the CSV that `export_flags` wrote, `decision` filled in and `canonical` corrected where it was wrong.

    Returns:
        How many rows were decided and how many left open.

    Raises:
        ConfigError: the file cannot be read, lacks a column or says something unknown; nothing is taken then.
    """
    try:
        reader = csv.DictReader(io.StringIO(source.read_text(encoding="utf-8-sig"), newline=""))
        rows = [{name: _armed(value or "") for name, value in row.items() if name} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(
            f"Cannot read the reviewed file {source}: {error}.", "It must be a CSV file in UTF-8."
        ) from error
    missing = {"decision", "flag_id", "article_id", "start", "end", "surface", "kind", "canonical"} - set(
        reader.fieldnames or ()
    )
    if missing:
        raise ConfigError(
            f"{source} lacks the columns {', '.join(sorted(missing))}.",
            "Fill in the file that `copydesk review` wrote.",
        )
    now = datetime.now(UTC).isoformat(timespec="seconds")
    decided = [
        {name: row.get(name, "") for name in DECISION_SCHEMA} | {"decided_at": now, "decision": _word(row["decision"])}
        for row in rows
        if row["decision"].strip()
    ]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(DECISION_SCHEMA), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: " ".join(value.split()) for name, value in row.items()} for row in decided)
    load_decisions(stream.getvalue())  # every row can be read back, or nothing is taken
    path = decisions_file(settings)
    with output_lock(settings.folder):
        before = read_decisions(settings if path.exists() else settings.model_copy(update={"decisions": None}))
        lines = (
            stream.getvalue()
            if not before.strip()
            else before.rstrip("\n") + "\n" + stream.getvalue().split("\n", 1)[1]
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(lines.encode(), path)
        push_decisions(settings, path)
    return Taken(len(decided), len(rows) - len(decided), path)


def _row(flag: dict[str, Any], evidence: dict[str, Any], article_of: dict[str, dict[str, Any]]) -> dict[str, Any]:
    article = article_of[flag["article_id"]]
    text = article["text"]
    witnesses = [article_of[one] for one in evidence.get("articles", ())[:MAX_WITNESSES] if one in article_of]
    return {
        "decision": flag["decision"] or "",
        "note": "",
        "surface": flag["surface"],
        "canonical": flag["canonical"],
        "kind": flag["kind"],
        "confidence": f"{flag['confidence']:.2f}",
        "before": _one_line(text[max(0, flag["start"] - CONTEXT_CHARS) : flag["start"]]),
        "after": _one_line(text[flag["end"] : flag["end"] + CONTEXT_CHARS]),
        "title": _one_line(article["title"] or ""),
        "site": article["site"] or "",
        "published_at": article["published_at"] or "",
        "evidence": _describe_evidence(evidence),
        "witnesses": " | ".join(_one_line(f"{one['site'] or ''}: {one['title'] or ''}") for one in witnesses),
        "flag_id": flag["flag_id"],
        "article_id": flag["article_id"],
        "start": flag["start"],
        "end": flag["end"],
    }


def _describe_evidence(evidence: dict[str, Any]) -> str:
    """The evidence in a few words."""
    parts = [f"decided by {evidence['decided_by']}"] if "decided_by" in evidence else []
    if "support" in evidence:
        parts.append(f"{evidence['support']} independent texts against {evidence.get('own_support', 1)}")
    if "holder" in evidence:
        parts.append(f"called {evidence['office']}, elsewhere {evidence['usual_office']}; that is {evidence['holder']}")
    if evidence.get("roles"):
        parts.append("same office: " + ", ".join(evidence["roles"]))
    return "; ".join(parts)


def _word(decision: str) -> str:
    word = decision.strip().casefold().replace(" ", "_").replace("-", "_")
    if word not in DECISIONS:
        raise ConfigError(f"There is no decision `{decision.strip()}`.", f"Say one of {', '.join(DECISIONS)}.")
    return word


def _defused(value: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def _armed(value: str) -> str:
    """A cell as it was before `_defused`."""
    return value[1:] if value.startswith("'") and value[1:].startswith(_FORMULA) else value


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _latest(settings: Settings) -> Snapshot:
    snapshot = latest_snapshot(settings.folder)
    if snapshot is None:
        raise CopydeskError(f"Nothing is published in {settings.output} yet.", "Run `copydesk run` first.")
    return snapshot
