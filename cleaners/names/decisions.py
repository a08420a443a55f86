"""Editors' decisions on flags: data that later runs honour.

Takes the CSV of decisions, gives one row a flag, the last word on it; `accept` and `add_to_authority` make a
replacement, `reject` closes one flag, `two_people` and `alias` every flag that takes one name for the other, and `reopen` takes
a decision back.
"""

from __future__ import annotations

import csv
import re
from typing import NamedTuple

import polars as pl

from cleaners.errors import ConfigError
from cleaners.names.authority import AUTHORITY_SCHEMA
from cleaners.names.lexicon.compare import fold

REOPEN = "reopen"
DECISIONS = {
    "accept": "the flag is right: replace the name in this article",
    "reject": "the flag is wrong: leave this article alone",
    "two_people": "both names are real: never take one for the other again",
    "alias": "both names are one person's: `surface` is another name of `canonical` from now on, and no error",
    "add_to_authority": "the flag is right, and `canonical` is how the person is called from now on",
    REOPEN: "the last decision on the flag is taken back: it is open again",
}
DECISION_SCHEMA = pl.Schema(
    {
        "decided_at": pl.String,
        "decided_by": pl.String,
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
OPTIONAL = {"decided_at", "decided_by", "note"}  # columns that files of earlier versions, or by hand, may lack
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
        text: a header with the columns of `DECISION_SCHEMA` (`decided_at`, `decided_by` and `note` may lack), rows in the
            order in which they were decided.

    Returns:
        The last decision on each flag that was not taken back, columns as in `DECISION_SCHEMA`.

    Raises:
        ConfigError: a column is missing, a decision is none of `DECISIONS`, or a value cannot be read; names the row.
    """
    reader = csv.DictReader(text.splitlines())
    missing = set(DECISION_SCHEMA) - OPTIONAL - set(reader.fieldnames or ())
    if missing and text.strip():
        raise ConfigError(
            f"The decisions lack the columns {', '.join(sorted(missing))}.",
            "Keep the header that `copydesk review` wrote.",
        )
    rows = [_read(number, row) for number, row in enumerate(reader, 2)]
    frame = pl.DataFrame(rows, schema=DECISION_SCHEMA)
    return frame.unique("flag_id", keep="last", maintain_order=True).filter(pl.col("decision") != REOPEN)


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
            pair_names(row.surface, row.canonical) for row in self._rows if row.decision == "two_people"
        }

    def __bool__(self) -> bool:
        return bool(self._rows)

    def on(self, article_id: str, start: int, surface: str) -> Decision | None:
        """The decision on a mention; None where there is none, or the text there is another by now."""
        row = self._at.get((article_id, start))
        return row if row is not None and row.surface == " ".join(surface.split()) else None

    def are_two_people(self, surface: str, canonical: str) -> bool:
        """Tell whether an editor said that two names are two people."""
        return pair_names(surface, canonical) in self._two_people

    def extend(self, authority: pl.DataFrame) -> pl.DataFrame:
        """The authority file with the names and the aliases that editors added."""
        added: dict[str, list[str]] = {}
        for row in self._rows:
            if row.decision in ("add_to_authority", "alias") and " " in row.canonical:
                is_alias = row.decision == "alias" or row.kind in ("transliteration", "diacritics", "alias")
                added.setdefault(row.canonical, []).extend([row.surface] * is_alias)
        if not added:
            return authority
        known = set(authority["canonical"])
        new = [
            {
                "canonical": name,
                "aliases": aliases,
                "roles": [],
                "qid": None,
                "source": "editor's decision",
                "entity": "person",
                "periods": [],
            }
            for name, aliases in added.items()
            if name not in known
        ]
        more = [
            [*aliases, *added.get(name, ())] for name, aliases in authority.select("canonical", "aliases").iter_rows()
        ]
        extended = authority.with_columns(aliases=pl.Series(more, dtype=pl.List(pl.String)))
        return pl.concat([pl.DataFrame(new, schema=AUTHORITY_SCHEMA), extended])


def pair_names(surface: str, canonical: str) -> str:
    """The key under which two names are two people, whichever of them a text has."""
    return "\0".join(sorted((fold(surface), fold(canonical))))
