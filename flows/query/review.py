"""Flags out to an editor and decisions back: `copydesk review`, and what the desk does with a click.

Takes the last snapshot, gives a CSV of open errors with their context, one row an error, safe to open in a spreadsheet; takes
the same CSV with the column `decision` filled in and adds it to the file of decisions, which every later run reads.
"""

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from cleaners.errors import ConfigError, CopydeskError
from cleaners.names import DECISIONS, load_decisions
from cleaners.schemas import NameFlags
from flows.query.flags import group_flags, read_flags
from flows.query.sheets import NARROW, Sheet, defused, narrowed, read_sheet
from flows.settings import Settings
from flows.store.editors import add_decisions, read_decisions
from flows.store.rows import IS_DOUBTFUL
from flows.store.snapshots import Snapshot, latest_snapshot

MAX_FLAGS = 200  # in one row: a cell of a spreadsheet holds 32,767 characters, an id has 25 with its space
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
    "address",
    "published_at",
    "n_articles",
    "office",
    "evidence",
    "witnesses",
    "flag_id",
    "article_id",
    "start",
    "end",
]
NEEDED = {"decision", "flag_id", "article_id", "start", "end", "surface", "kind", "canonical"}
_OF_A_FLAG = ("flag_id", "article_id", "start", "end")


class Taken(NamedTuple):
    """Outcome of a reviewed file: rows decided and left open, names whose flag the last snapshot no longer has."""

    n_decided: int
    n_open: int
    file: Path
    gone: tuple[str, ...] = ()


def export_flags(settings: Settings, target: Path, *, with_variants: bool = False, with_decided: bool = False) -> int:
    """Write the errors of the last snapshot for an editor, the surest first, each with its first article.

    Args:
        settings: where the snapshots are.
        target: CSV file to write.
        with_variants: also what is no error: transliterations, diacritics, aliases, namesakes.
        with_decided: also what an editor has decided before.

    Returns:
        How many errors were written.

    Raises:
        CopydeskError: nothing is published yet.
    """
    wanted = pl.lit(value=True) if with_variants else IS_DOUBTFUL | pl.col("decision").is_not_null()
    # Also what was decided since that snapshot was made.
    decided = load_decisions(read_decisions(settings))["flag_id"].implode()
    if not with_decided:
        wanted = wanted & pl.col("decision").is_null() & ~pl.col("flag_id").is_in(decided)
    flags = read_flags(_latest(settings), wanted)
    rows = [row for error in group_flags(flags).iter_rows(named=True) for row in _rows(flags[error["rows"]])]
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8-sig", newline="") as stream:  # the mark makes spreadsheets read UTF-8
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows({name: defused(str(value)) for name, value in row.items()} for row in rows)
    return len(rows)


def take_decisions(settings: Settings, source: Path, editor: str = "") -> Taken:
    """Add the decisions of a reviewed CSV to the file of decisions; rows without one stay open.

    Args:
        settings: where decisions are kept.
        source: the CSV that `export_flags` wrote, `decision` filled in and `canonical` corrected where it was wrong.
        editor: who decided.

    Returns:
        How many rows were decided and how many left open, and which decisions are on flags that have gone.

    Raises:
        ConfigError: the file cannot be read, lacks a column or says something unknown; nothing is taken then.
    """
    try:
        sheet = read_sheet(source.read_bytes(), COLUMNS)
    except (OSError, ConfigError) as error:
        why = error.message if isinstance(error, ConfigError) else f"{error}."
        raise ConfigError(f"Cannot read the reviewed file {source}: {why}", "It must be a CSV file.") from error
    if missing := NEEDED - set(sheet.columns):
        raise ConfigError(
            f"{source} lacks the columns {', '.join(sorted(missing))}.",
            "Fill in the file that `copydesk review` wrote.",
        )
    snapshot = latest_snapshot(settings.folder)
    chosen = [row for row in sheet.rows if row["decision"].strip()]
    flags = _find_flags(snapshot, (one for row in chosen for one in row["flag_id"].split()))
    decided = [
        decision | {"decision": _word(row["decision"]), "note": row.get("note", "")}
        for row in chosen
        for decision in _decisions_of(row, flags, sheet)
    ]
    path = add_decisions(settings, stamp(decided, editor))
    gone = [str(row["surface"]) for row in decided if snapshot is not None and row["flag_id"] not in flags]
    return Taken(len(chosen), len(sheet.rows) - len(chosen), path, tuple(dict.fromkeys(gone)))


def name_user() -> str:
    """The name of this machine's user; empty where there is none, as in some containers."""
    try:
        return getuser()
    except (OSError, KeyError):
        return ""


def stamp(rows: Iterable[Mapping[str, object]], editor: str) -> list[dict[str, object]]:
    """Rows of decisions with the time of now and who decided."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return [{**row, "decided_at": now, "decided_by": editor} for row in rows]


def _rows(flags: pl.DataFrame) -> Iterable[dict[str, Any]]:
    """One error, as a row or, where very many articles hold it, as some."""
    for part in flags.iter_slices(MAX_FLAGS):
        first = part.row(0, named=True)
        witnesses = [f"{one['site']}: {_sentence(one)}" for one in first["witnesses"]]
        yield {
            "decision": first["decision"] or "",
            "note": "",
            "surface": first["surface"],
            "canonical": first["canonical"],
            "kind": first["kind"],
            "confidence": f"{first['confidence']:.2f}",
            "before": _one_line(first["lead"] + first["before"]),
            "after": _one_line(first["after"] + first["tail"]),
            "title": first["label"],
            "site": first["site"],
            "address": first["address"],
            "published_at": first["published_at"] or "",
            "n_articles": part["article_id"].n_unique(),
            "office": first["office"],
            "evidence": first["reason"],
            "witnesses": " | ".join(witnesses),
            **{name: " ".join(map(str, part[name])) for name in _OF_A_FLAG},
        }


def _find_flags(snapshot: Snapshot | None, flag_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The flags of a snapshot, by their id."""
    if snapshot is None:
        return {}
    schema = NameFlags.create_empty().schema
    wanted = pl.Series(list(flag_ids), dtype=pl.String).implode()
    rows = snapshot.scan("name_flags", schema).filter(pl.col("flag_id").is_in(wanted)).collect()
    return {row["flag_id"]: row for row in rows.iter_rows(named=True)}


def _decisions_of(row: dict[str, str], flags: dict[str, dict[str, Any]], sheet: Sheet) -> Iterable[dict[str, object]]:
    """The decisions of one row, one a flag. What the row says of a flag stands back behind what the snapshot says."""
    parts = [row[name].split() or [""] for name in _OF_A_FLAG]
    if len({len(part) for part in parts}) > 1:
        raise ConfigError(
            f"The row of {row['surface']!r} has not as many ids as places.",
            "Leave the id columns as they were exported.",
        )
    for flag_id, article_id, start, end in zip(*parts, strict=True):
        given = {name: row[name] for name in ("surface", "kind", "canonical")}
        if flag := flags.get(flag_id):
            if sheet.encoding == NARROW and given["canonical"] == narrowed(flag["canonical"]):
                given["canonical"] = flag["canonical"]
            given |= {"surface": flag["surface"], "kind": flag["kind"]}
        yield {"flag_id": flag_id, "article_id": article_id, "start": start, "end": end, **given}


def _word(decision: str) -> str:
    word = decision.strip().casefold().replace(" ", "_").replace("-", "_")
    if word not in DECISIONS:
        raise ConfigError(f"There is no decision `{decision.strip()}`.", f"Say one of {', '.join(DECISIONS)}.")
    return word


def _sentence(witness: Mapping[str, str]) -> str:
    return _one_line(witness["before"] + witness["surface"] + witness["after"])


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _latest(settings: Settings) -> Snapshot:
    snapshot = latest_snapshot(settings.folder)
    if snapshot is None:
        raise CopydeskError(f"Nothing is published in {settings.output} yet.", "Run `copydesk run` first.")
    return snapshot
