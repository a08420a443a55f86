"""Gates: figures of a run compared with bounds; a breach stops the publication.

Takes the figures of a run, gives one `Gate` a bounded figure. Counting gates catch a lost document; share gates catch a
source that changed under our feet.
"""

from __future__ import annotations

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from cleaners.health import SiteHealthConfig


class QualityConfig(BaseModel):
    """Bounds on a run's figures."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_reject_share: float = Field(
        0.9,
        ge=0,
        le=1,
        description="Largest share of a run's records that may be rejected. A folder of section pages rejects well over half "
        "of them rightly; above .9 a source has most likely turned into block pages.",
    )
    max_removed_share: float = Field(
        0.7,
        ge=0,
        le=1,
        description="Largest share of a run's extracted characters that may be removed, embedded articles not counted. The "
        "dirtiest seed loses .59 of its characters, salvaged articles included.",
    )
    min_records: int = Field(
        50,
        ge=1,
        description="Share gates apply from this many records on; a handful says nothing about a source.",
    )
    sites: SiteHealthConfig = Field(
        SiteHealthConfig(), description="When a site is said to have left the band of its own earlier runs."
    )


class RunCounts(NamedTuple):
    """The counts of a run or of one of its shards. Units: records (inputs, or records of containers) and characters.

    Records and characters are of main articles; embedded articles are counted apart, their characters stand in
    `n_salvaged_chars`. Suspected passages are of both. Unreadable values are optional ones of records, which are null;
    markup repaired counts plain texts in which markup was left.
    """

    n_records: int = 0
    n_known: int = 0
    n_articles: int = 0
    n_embedded: int = 0
    n_rejects: int = 0
    n_extracted_chars: int = 0
    n_kept_chars: int = 0
    n_removed_chars: int = 0
    n_salvaged_chars: int = 0
    n_suspected: int = 0
    n_suspected_chars: int = 0
    n_unreadable_values: int = 0
    n_markup_repaired: int = 0

    def plus(self, other: RunCounts) -> RunCounts:
        """The sum of two counts, field by field."""
        return RunCounts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


class Gate(NamedTuple):
    """One figure with its bounds; `lower` or `upper` is None where there is none."""

    stage: str
    metric: str
    value: float
    unit: str
    lower: float | None
    upper: float | None

    @property
    def passed(self) -> bool:
        """Tell whether the figure keeps its bounds."""
        return (self.lower is None or self.value >= self.lower) and (self.upper is None or self.value <= self.upper)


def check_gates(counts: RunCounts, config: QualityConfig) -> list[Gate]:
    """Compare the figures of a run with their bounds.

    Args:
        counts: figures of the run.
        config: the bounds.

    Returns:
        One gate a bounded figure; publication needs every one to pass.
    """
    lost_records = counts.n_records - counts.n_articles - counts.n_known - counts.n_rejects
    lost_chars = counts.n_extracted_chars - counts.n_kept_chars - counts.n_removed_chars
    gates = [
        Gate("contracts", "records_unaccounted", float(lost_records), "records", 0.0, 0.0),
        Gate("contracts", "characters_unaccounted", float(lost_chars), "characters", 0.0, 0.0),
    ]
    if counts.n_records >= config.min_records:
        reject_share = counts.n_rejects / counts.n_records
        gates.append(Gate("extract", "reject_share", reject_share, "share", None, config.max_reject_share))
        if counts.n_extracted_chars:
            stripped_chars = counts.n_removed_chars - counts.n_salvaged_chars
            removed_share = stripped_chars / counts.n_extracted_chars
            gates.append(Gate("strip", "removed_share", removed_share, "share", None, config.max_removed_share))
    return gates
