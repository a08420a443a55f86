"""All that lies on the desk: flags and passages of the latest snapshot, with what editors said of them until now.

Takes settings, gives pages of rows, and takes decisions. A snapshot is read once, when it is new; the files of the editors when
they change. Everything else works on frames in memory: a page of ten thousand open flags takes hundredths of a second.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, RLock
from typing import Any, NamedTuple, TypeVar

import polars as pl

from cleaners.errors import CopydeskError
from cleaners.names import DECISION_SCHEMA
from flows.query.flags import group_flags
from flows.query.review import stamp
from flows.query.suspected import LABELLED
from flows.serve.desk.archive import Archive, Names, judge_flags, label_passages, list_labelled, read_archive
from flows.serve.desk.lists import Filters, Listing, matches, turn_to
from flows.settings import Settings
from flows.store.editors import add_decisions, add_labels, decisions_file, passages_file, read_decisions, read_labels
from flows.store.snapshots import Snapshot, find_snapshot, name_latest

FOLLOW_SECONDS = 1  # between looks at `latest`, a link
_Made = TypeVar("_Made")


class Counts(NamedTuple):
    """What waits: open flags and the errors they are of, passages without a label; and decisions so far."""

    n_flags: int
    n_errors: int
    n_passages: int
    n_decided: int


class Board:
    """The desk of one output; threads may share it.

    Args:
        settings: the output, and where its decisions are kept.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = RLock()
        self._held: Archive | None = None
        self._is_followed = False
        self._made: dict[str, tuple[object, Any]] = {}

    @property
    def snapshot(self) -> Snapshot | None:
        """The latest snapshot; None before the first publication."""
        name = name_latest(self.settings.folder)
        return None if name is None else self._keep("snapshot", name, lambda: find_snapshot(self.settings.folder, name))

    def count(self) -> Counts:
        """Count what waits, and the decisions that stand."""
        names, passages = self._names(), self._passages()
        waiting = names.flags.filter(state="open")
        n_errors = waiting.select(pl.struct("kind", "surface", "canonical").n_unique()).item()
        return Counts(
            waiting.height,
            n_errors,
            passages.filter(pl.col("said_label").is_null()).height,
            names.decided.height + passages.filter(pl.col("said_label").is_not_null()).height,
        )

    def list_errors(self, filters: Filters, page: int = 1) -> Listing:
        """The open errors, the surest first; each row has its `flags` (rows of `FLAGS`)."""
        waiting = self._names().flags.filter(state="open")
        choices = {name: sorted(set(waiting[name]) - {""}) for name in ("site", "kind")}
        shown = waiting.filter(matches(filters))
        errors = group_flags(shown)
        return turn_to(errors, page, choices, lambda row: row | {"flags": shown[row["rows"]].to_dicts()})

    def list_passages(self, filters: Filters, page: int = 1) -> Listing:
        """The passages that nobody has labelled, the surest junk first."""
        waiting = self._passages().filter(pl.col("said_label").is_null())
        choices = {
            "site": sorted(set(waiting["site"]) - {""}),
            "kind": sorted(set(waiting["likely_category"])),
        }
        return turn_to(waiting.filter(matches(filters)), page, choices)

    def list_decided(self, filters: Filters, page: int = 1) -> Listing:
        """What was decided, the last first: on names and on passages; `status` says whether it is in effect, waits or has gone."""
        rows = pl.concat([self._names().decided, list_labelled(self._passages())], how="diagonal")
        rows = rows.sort("at", descending=True, maintain_order=True)
        choices = {"site": sorted(set(rows["site"].drop_nulls()) - {""}), "kind": sorted(set(rows["kind"]))}
        shown = rows.filter(matches(filters))
        return turn_to(shown, page, choices, lambda row: row | {"status": self._status(row)})

    def find_error(self, flag_ids: Iterable[str]) -> dict[str, Any] | None:
        """The error that some flags are of, as `list_errors` has it, whatever is said of it; None where none of them is left."""
        flags = self._names().flags.filter(
            pl.col("flag_id").is_in(pl.Series(list(flag_ids), dtype=pl.String).implode())
        )
        if flags.is_empty():
            return None
        return group_flags(flags).row(0, named=True) | {"flags": flags.to_dicts()}

    def find_passage(self, passage_id: str) -> dict[str, Any] | None:
        """A passage by its id, with what is said of it; None where it has gone."""
        found = self._passages().filter(passage_id=passage_id)
        return found.row(0, named=True) if found.height else None

    def decide(self, flag_ids: Iterable[str], decision: str, editor: str, canonical: str = "", note: str = "") -> int:
        """Keep a decision on some flags; never waits for a run.

        Args:
            flag_ids: the flags. Those that the latest snapshot no longer has are passed over.
            decision: one of `DECISIONS`.
            editor: who decided.
            canonical: the right name; the expected one where it is empty.
            note: a remark to keep with it.

        Returns:
            Over how many flags it was made.

        Raises:
            CopydeskError: it cannot be kept.
        """
        found = self.find_error(flag_ids)
        if found is None:
            return 0
        rows = [
            {name: flag[name] for name in DECISION_SCHEMA if name in flag}
            | {"decision": decision, "note": note, "canonical": canonical.strip() or flag["canonical"]}
            for flag in found["flags"]
        ]
        add_decisions(self.settings, stamp(rows, editor))
        return len(rows)

    def label(self, passage_id: str, label: str, editor: str) -> bool:
        """Keep a label of a passage, one of `LABELS`; return whether the passage is still there.

        Raises:
            CopydeskError: it cannot be kept.
        """
        found = self.find_passage(passage_id)
        if found is None:
            return False
        now = datetime.now(UTC).isoformat(timespec="seconds")
        row = {"labelled_at": now, "labelled_by": editor, "label": label, **{name: found[name] for name in LABELLED}}
        add_labels(self.settings, [row])
        return True

    def follow(self, ended: Event) -> None:
        """Read each new snapshot while pages still show the one before, until `ended` is set: no editor waits for it."""
        while not ended.wait(FOLLOW_SECONDS):
            # What cannot be read now, nor by whoever wants a page, is tried again.
            with suppress(CopydeskError, OSError, pl.exceptions.PolarsError):
                archive = self._archive()
                self._is_followed = True
                if archive.name != name_latest(self.settings.folder):
                    newer = read_archive(self.settings.folder)
                    with self._lock:
                        self._held = newer
        self._is_followed = False

    def _archive(self) -> Archive:
        """What the latest snapshot has to decide; read here where nobody follows."""
        with self._lock:
            name = name_latest(self.settings.folder)
            if self._held is None or (self._held.name != name and not self._is_followed):
                self._held = read_archive(self.settings.folder)
            return self._held

    def _names(self) -> Names:
        archive = self._archive()
        key = (archive.name, _stamp_of(decisions_file(self.settings)))
        return self._keep("names", key, lambda: judge_flags(archive.flags, self._read_record()))

    def _passages(self) -> pl.DataFrame:
        archive = self._archive()
        key = (archive.name, _stamp_of(passages_file(self.settings)))
        return self._keep("labelled", key, lambda: label_passages(archive.passages, read_labels(self.settings)))

    def _read_record(self) -> str:
        is_there = decisions_file(self.settings).exists()
        return read_decisions(self.settings) if is_there else ""

    def _status(self, row: dict[str, Any]) -> str:
        """Say what has become of a decision; a flag that is no error of its own is looked up by itself."""
        snapshot = self.snapshot
        if row["status"] != "gone" or snapshot is None:
            return str(row["status"])
        wanted = pl.col("flag_id").is_in(row["flag_id"].split(","))
        flags = snapshot.scan("name_flags", pl.Schema({"flag_id": pl.String})).filter(wanted)
        return "next run" if flags.select(pl.len()).collect().item() else "gone"

    def _keep(self, name: str, key: object, make: Callable[[], _Made]) -> _Made:
        """What was made for a key, kept until another key comes."""
        with self._lock:
            if name not in self._made or self._made[name][0] != key:
                self._made[name] = (key, make())
            made: _Made = self._made[name][1]
            return made


def _stamp_of(path: Path) -> tuple[int, ...]:
    """What changes with a file's content: it is always replaced, never written into."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise CopydeskError(f"Cannot read {path}: {error.strerror}.") from error
    return status.st_ino, status.st_mtime_ns, status.st_size
