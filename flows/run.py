"""What every step of one run shares: its name, its settings, its places."""

from pathlib import Path
from typing import NamedTuple

import polars as pl

from flows.settings import Settings
from flows.storage import Snapshot, read_snapshot
from flows.versions import Versions


class Run(NamedTuple):
    """What every step of one run shares. Small, so that it can travel to worker processes."""

    run_id: str
    settings: Settings
    output: Path
    staging: Path
    previous: Path | None
    versions: Versions

    @property
    def code_version(self) -> str:
        """What makes the text of this run's articles."""
        return self.versions.of_articles

    @property
    def previous_snapshot(self) -> Snapshot | None:
        """The snapshot this run builds on."""
        return read_snapshot(self.previous) if self.previous else None

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
