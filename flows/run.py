"""Facts that every step of one run shares: its name, its settings, its places."""

import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from platform import node
from typing import NamedTuple

import polars as pl

from cleaners.errors import CopydeskError
from flows.settings import Settings
from flows.store.snapshots import Snapshot, name_latest, read_snapshot


class Versions(NamedTuple):
    """The digest of each step, eight digits; `checks` are those of the steps over the archive and of the editors' decisions."""

    extract: str
    strip: str
    checks: dict[str, str]

    @property
    def of_articles(self) -> str:
        """Return what made an article's text, its `code_version`: `<version of Copydesk>+<extract>.<strip>`."""
        return f"{version('copydesk')}+{self.extract}.{self.strip}"

    @property
    def of_extracted(self) -> str:
        """Return the beginning of `of_articles` for every article that this extraction gave, however it was stripped."""
        return f"{version('copydesk')}+{self.extract}."


class Run(NamedTuple):
    """Name, settings and places that every step of one run shares. Small, so that it can be sent to worker processes."""

    run_id: str
    settings: Settings
    output: Path
    staging: Path
    previous: Path | None
    versions: Versions

    @property
    def code_version(self) -> str:
        """The code that makes the text of this run's articles."""
        return self.versions.of_articles

    @property
    def previous_snapshot(self) -> Snapshot | None:
        """The snapshot this run builds on."""
        return read_snapshot(self.previous) if self.previous else None

    def check_staging(self) -> None:
        """Go on only where the run's intermediate files can be seen.

        Raises:
            CopydeskError: this is a worker on a machine that does not share the output folder.
        """
        if not self.staging.is_dir():
            raise CopydeskError(
                f"The worker on {node()} does not see {self.staging}.",
                "Put the output, or the `mirror` of one on object storage, on a file system that all workers share, and name it by "
                "an absolute path.",
            )

    def work(self, *parts: str) -> Path:
        """A path among the run's intermediate files."""
        return self.staging.joinpath("work", *parts)

    def scan(self, folder: str) -> pl.LazyFrame:
        """The intermediate files of all shards in a folder, lazily."""
        return pl.scan_parquet(sorted(self.work(folder).glob("*.parquet")), glob=False)

    def index_folder(self, index: str) -> Path:
        """The folder of an index in the staged snapshot."""
        return self.staging / "snapshot" / "index" / index

    def index_file(self, index: str) -> Path:
        """The file of an index in the staged snapshot."""
        return self.index_folder(index) / f"{self.run_id}.parquet"


_FORMAT = "%Y%m%dT%H%M%SZ"


def name_run_id(output: Path) -> str:
    """A name for a new run. Names sort by time, also where the clock went backwards: after the names of all snapshots.

    Four random digits separate two runs of one second.
    """
    now = f"{datetime.now(UTC):{_FORMAT}}"
    # Those later than the latest one, which a backup that was restored leaves, too: the newest are what retention keeps.
    for name in (name_latest(output) or "", *(path.name for path in (output / "runs").glob("*"))):
        earlier = name.split("-")[0]
        if earlier >= now:
            with suppress(ValueError, OverflowError):  # a name that a person gave it
                now = f"{datetime.strptime(earlier, _FORMAT) + timedelta(seconds=1):{_FORMAT}}"
    return f"{now}-{secrets.token_hex(2)}"
