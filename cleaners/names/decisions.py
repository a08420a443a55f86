"""Editors' decisions on flags: data that later runs honour.

Takes the CSV of decisions, gives one row a flag, the last word on it; `accept` and `add_to_authority` make a
replacement, `reject` closes one flag, `two_people` closes every flag that takes one name for the other.
"""

from __future__ import annotations

import csv
import re
from typing import NamedTuple

import polars as pl

from cleaners.errors import ConfigError
from cleaners.names.authority import AUTHORITY_SCHEMA
from cleaners.names.lexicon.compare import fold

DECISIONS = {
    "accept": "the flag is right: replace the name in this article",
    "reject": "the flag is wrong: leave this article alone",
    "two_people": "both names are real: never take one for the other again",
    "add_to_authority": "the flag is right, and `canonical` is how the person is called from now on",
}
DECISION_SCHEMA = pl.Schema(
    {
        "decided_at": pl.String,
        "decision": pl.String,
        "flag_id": pl.String,
        "article_id": pl.String,
        "start": pl.Int64,
        "end": pl.Int64,
        "surface": pl.String,
        "kind": pl.String,
        "canonical": pl.String,
        "note": pl.String,
    }
)
MAX_OFFSET = 2**31  # characters; no text is nearly so long
_ID = re.compile(r"[0-9a-f]{24}")


class Decision(NamedTuple):
    """An editor's word on one flag."""

    decision: str
    flag_id: str
    article_id: str
    start: int
    end: int
    surface: str
    kind: str
    canonical: str

    @property
    def is_for(self) -> bool:
        """Tell whether the editor agrees with the flag."""
        return self.decision in ("accept", "add_to_authority")


def load_decisions(text: str) -> pl.DataFrame:
    """Read the CSV of decisions.

    Args:
        text: a header with the columns of `DECISION_SCHEMA` (`decided_at` and `note` may lack), rows in the order in
            which they were decided.

    Returns:
        The last decision on each flag, columns as in `DECISION_SCHEMA`.

    Raises:
        ConfigError: a column is missing, a decision is none of `DECISIONS`, or a value cannot be read; names the row.
    """
    reader = csv.DictReader(text.splitlines())
    missing = set(DECISION_SCHEMA) - {"decided_at", "note"} - set(reader.fieldnames or ())
    if missing and text.strip():
        raise ConfigError(
            f"The decisions lack the columns {', '.join(sorted(missing))}.",
            "Keep the header that `copydesk review` wrote.",
        )
    rows = [_read(number, row) for number, row in enumerate(reader, 2)]
    frame = pl.DataFrame(rows, schema=DECISION_SCHEMA)
    return frame.unique("flag_id", keep="last", maintain_order=True)


def _read(number: int, row: dict[str, str | None]) -> dict[str, object]:
    values: dict[str, object] = {name: (row.get(name) or "").strip() for name in DECISION_SCHEMA}
    where = f"Row {number} of the decisions"
    if values["decision"] not in DECISIONS:
        raise ConfigError(f"{where} says `{values['decision']}`.", f"Say one of {', '.join(DECISIONS)}.")
    if not (_ID.fullmatch(str(values["flag_id"])) and _ID.fullmatch(str(values["article_id"]))):
        raise ConfigError(f"{where} has no id of a flag and an article.", "Leave the id columns as they were exported.")
    if not values["canonical"]:
        raise ConfigError(f"{where} has no canonical name.", "Say which name is right.")
    try:
        start, end = int(str(values["start"])), int(str(values["end"]))
        if not 0 <= start <= end <= MAX_OFFSET:
            raise ValueError(f"{start} to {end} is no place in a text")
        values["start"], values["end"] = start, end
    except ValueError as error:
        raise ConfigError(f"{where}: `start` and `end` must be numbers.", "Leave them as exported.") from error
    return values


class Decided:
    """Decisions, ready for lookups."""

    def __init__(self, decisions: pl.DataFrame | None) -> None:
        rows = [] if decisions is None else decisions.select(Decision._fields).iter_rows()
        self._rows = [Decision(*row) for row in rows]
        self._at = {(row.article_id, row.start): row for row in self._rows}
        self._two_people = {
            frozenset((fold(row.surface), fold(row.canonical))) for row in self._rows if row.decision == "two_people"
        }

    def __bool__(self) -> bool:
        return bool(self._rows)

    def on(self, article_id: str, start: int, surface: str) -> Decision | None:
        """The decision on a mention; None where there is none, or the text there is another by now."""
        row = self._at.get((article_id, start))
        return row if row is not None and row.surface == " ".join(surface.split()) else None

    def are_two_people(self, surface: str, canonical: str) -> bool:
        """Tell whether an editor said that two names are two people."""
        return frozenset((fold(surface), fold(canonical))) in self._two_people

    def extend(self, authority: pl.DataFrame) -> pl.DataFrame:
        """The authority file with the names that editors added."""
        added = [row for row in self._rows if row.decision == "add_to_authority"]
        if not added:
            return authority
        names = {row.canonical: row for row in added if " " in row.canonical}
        rows = [
            {
                "canonical": name,
                "aliases": [row.surface] if row.kind in ("transliteration", "diacritics", "alias") else [],
                "roles": [],
                "qid": None,
                "source": "editor's decision",
                "entity": "person",
            }
            for name, row in names.items()
        ]
        return pl.concat([pl.DataFrame(rows, schema=AUTHORITY_SCHEMA), authority])
