"""The figures of a run as records: what the page, the terminal and the Prefect UI show."""

from dataclasses import dataclass

from flows.report.trends import RunTotals


@dataclass(frozen=True)
class ArticleFigures:
    """One article of the run and what was cut from it, in characters (code points)."""

    label: str
    origin: str
    n_removed_chars: int
    removed_by_rule: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class RemovalFigures:
    """Figures of what one rule removed in the run."""

    rule_id: str
    category: str
    n_passages: int
    n_articles: int
    n_chars: int


@dataclass(frozen=True)
class ClusterFigures:
    """An article that ran more than once: its canonical article, all its copies and how many of them this run brought."""

    cluster_id: str
    label: str
    size: int
    n_new: int
    n_exact: int
    least_similarity: float


@dataclass(frozen=True)
class NameFigures:
    """One spelling that does not agree with the canonical name, over the articles of the run; label is the first's."""

    kind: str
    is_error: bool
    surface: str
    canonical: str
    n_mentions: int
    n_articles: int
    confidence: float
    label: str


@dataclass(frozen=True)
class RejectFigures:
    """Count of the inputs given up at one step for one reason."""

    stage: str
    reason: str
    n_inputs: int


@dataclass(frozen=True)
class SiteFigures:
    """One outlet's share of the run."""

    site: str
    n_articles: int
    n_embedded: int
    n_words: int
    n_removed_chars: int
    n_duplicates: int
    n_name_errors: int


@dataclass(frozen=True)
class GateFigures:
    """One row of `run_summary`: a figure of the run and the bounds it had to keep."""

    stage: str
    metric: str
    value: float
    unit: str
    lower: float | None
    upper: float | None
    passed: bool | None


@dataclass(frozen=True)
class BreachFigures:
    """A figure of a site that left the band of the site's own earlier runs."""

    site: str
    metric: str
    value: float
    unit: str
    expected: str
    advice: str


@dataclass(frozen=True)
class SiteRemovals:
    """Figures of what was removed from one site's articles in the run; `by_rule`: (rule, characters), most first."""

    site: str
    n_articles: int
    n_passages: int
    n_chars: int
    by_rule: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class RunFigures:
    """Figures of one run. Tuples are sorted, the most important first; counts are of this run unless they say otherwise.

    `n_salvaged_chars` is the part of `n_removed_chars` that became articles of its own; what is suspected is still in the
    texts.
    `n_open_flags` counts the flags of the whole snapshot that no editor has decided.
    `n_found` and `n_new` come from `run_summary`, None where the run did not record them; `totals` are those of the latest
    runs up to this one, oldest first.
    """

    run_id: str
    n_found: int | None
    n_new: int | None
    n_rejected: int
    n_main: int
    n_embedded: int
    n_removed_chars: int
    n_salvaged_chars: int
    n_suspected: int
    n_suspected_chars: int
    n_articles_suspected: int
    n_articles_cut: int
    n_duplicates: int
    n_articles_flagged: int
    n_name_errors: int
    n_name_variants: int
    n_open_flags: int
    n_articles_in_snapshot: int
    most_cut: tuple[ArticleFigures, ...]
    removals: tuple[RemovalFigures, ...]
    removals_by_site: tuple[SiteRemovals, ...]
    clusters: tuple[ClusterFigures, ...]
    names: tuple[NameFigures, ...]
    rejects: tuple[RejectFigures, ...]
    sites: tuple[SiteFigures, ...]
    gates: tuple[GateFigures, ...]
    breaches: tuple[BreachFigures, ...]
    totals: tuple[RunTotals, ...]

    @property
    def n_published(self) -> int:
        """Articles that the run added to the snapshot: main and embedded."""
        return self.n_main + self.n_embedded

    @property
    def n_sites_out_of_band(self) -> int:
        """Sites that left the band of their earlier runs."""
        return len({breach.site for breach in self.breaches})

    @property
    def headline(self) -> str:
        """Say in a line what the run did: what the list of runs shows of it."""
        n_sites = self.n_sites_out_of_band
        parts = [f"{self.n_published:,} new"]
        if self.n_rejected:
            parts.append(f"{self.n_rejected:,} rejected")
        if self.n_open_flags:
            parts.append(f"{self.n_open_flags:,} open flag{'s' * (self.n_open_flags > 1)}")
        if n_sites:
            parts.append(f"{n_sites:,} site{'s' * (n_sites > 1)} out of band")
        return ", ".join(parts)
