"""Site health: takes what a run made of each site and what earlier runs made of it, gives figures with bands; removes nothing.

A band is the median of the site's earlier runs, give or take a robust spread (Hampel's identifier): one odd run in the past
does not widen it. A site without enough history has figures and no bands.
"""

from __future__ import annotations

from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from cleaners.codes import UNITS

SiteMetric = Literal["articles", "median_words", "removed_share", "reject_share", "duplicate_share", "doubtful_share"]

# Usual causes of a figure that leaves its band, and where to look.
ADVICE: dict[str, str] = {
    "articles": "fewer or more articles than usual: is the crawl complete, has the feed moved?",
    "median_words": "another length than usual: a paywall, teasers in place of articles, or a new layout; inspect one of its pages",
    "removed_share": "stripping takes another share than usual: a new layout or banner; see its removed passages in the report",
    "reject_share": "another share of rejects than usual: block pages or an error page; see its rows of rejects",
    "duplicate_share": "another share of copies than usual: a change of wire, or one page served for all addresses",
    "doubtful_share": "another share of bodies that may be cut or wrong (`body_confidence`) than usual: a new layout; look at one",
}
HEALTH_SCHEMA = pl.Schema(
    {
        "site": pl.String,
        "metric": pl.String,
        "value": pl.Float64,
        "unit": pl.String,
        "n_records": pl.Int64,
        "lower": pl.Float64,
        "upper": pl.Float64,
        "passed": pl.Boolean,
    }
)
DOUBTFUL_BELOW = 0.5  # `body_confidence` of a body that is rather wrong or cut than right
# The scaled median absolute deviation estimates the standard deviation of normal values (Hampel 1974).
MAD_TO_DEVIATION = 1.4826


class SiteHealthConfig(BaseModel):
    """Bounds beyond which a site's figures are reported as out of their band."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_records: int = Field(10, ge=1, description="Records of a site in a run from which on its figures are judged.")
    min_runs: int = Field(
        5,
        ge=3,
        description="Earlier runs with so many records of a site before it has a band; a median of fewer says little.",
    )
    history_runs: int = Field(30, ge=3, description="Latest earlier runs of a site that its band is made of.")
    deviations: float = Field(
        4.0,
        gt=0,
        description="Half the width of a band in robust standard deviations; 3 is Hampel's usual cut, 4 keeps a hundred "
        "sites from crying wolf every day.",
    )
    share_floor: float = Field(
        0.1, ge=0, le=1, description="Least half width of a band of shares, on top of the sampling error of the run."
    )
    ratio_floor: float = Field(
        0.5, ge=0, le=1, description="Least half width of a band of counts and lengths, as a part of the median."
    )
    hard_metrics: tuple[SiteMetric, ...] = Field(
        (),
        description="Figures of a site that stop the publication when they leave their band. None: such sites are named in "
        "the report, and the other sites are published.",
    )


def measure_sites(articles: pl.DataFrame, rejects: pl.DataFrame) -> pl.DataFrame:
    """The figures of each site in one run.

    Args:
        articles: main articles of the run: site, n_words, n_chars (extracted), n_removed_chars (salvaged ones not
            counted), is_duplicate, is_doubtful (null for what is no page).
        rejects: site of each rejected record.

    Returns:
        site, metric, value, n_records: a row a site and metric. Records without a site are left out.
    """
    kept = (
        articles.drop_nulls("site")
        .group_by("site")
        .agg(
            articles=pl.len().cast(pl.Float64),
            median_words=pl.col("n_words").median(),
            removed_share=pl.col("n_removed_chars").sum() / pl.col("n_chars").sum().clip(1),
            duplicate_share=pl.col("is_duplicate").mean(),
            doubtful_share=pl.col("is_doubtful").mean(),
        )
    )
    lost = rejects.drop_nulls("site").group_by("site").agg(n_rejects=pl.len())
    sites = kept.join(lost, on="site", how="full", coalesce=True).with_columns(
        pl.col("articles").fill_null(0.0), pl.col("n_rejects").fill_null(0)
    )
    n_records = (pl.col("articles") + pl.col("n_rejects")).cast(pl.Int64)
    return (
        sites.with_columns(n_records=n_records, reject_share=pl.col("n_rejects") / n_records)
        .unpivot(on=list(UNITS), index=["site", "n_records"], variable_name="metric", value_name="value")
        .drop_nulls("value")
        .select("site", "metric", pl.col("value").cast(pl.Float64), "n_records")
        .sort("site", "metric")
    )


def judge_sites(current: pl.DataFrame, history: pl.DataFrame, config: SiteHealthConfig) -> pl.DataFrame:
    """Compare the figures of a run with each site's own past.

    Args:
        current: result of `measure_sites`.
        history: rows of earlier runs: run_id (ascending in time), site, metric, value, n_records.
        config: how wide a band is.

    Returns:
        A frame of `HEALTH_SCHEMA`; `lower`, `upper` and `passed` are null without enough history or records. A site
        that was in nearly every earlier run and is missing now has a row of 0 articles.
    """
    bands = _bands(history, config)
    n_runs = history["run_id"].n_unique()
    missing = (
        bands.filter((pl.col("metric") == "articles") & (pl.col("n_runs") >= 0.9 * min(n_runs, config.history_runs)))
        .join(current, on="site", how="anti")
        .select("site", "metric", value=pl.lit(0.0), n_records=pl.lit(0, pl.Int64))
    )
    share = pl.col("metric").str.ends_with("_share")
    # The sampling error of a share over so many records, worst case at the band's own middle.
    sampling = config.deviations * (pl.col("middle") * (1 - pl.col("middle")) / pl.col("n_records").clip(1)).sqrt()
    half = pl.max_horizontal(
        config.deviations * pl.col("spread"),
        pl.when(share).then(config.share_floor + sampling).otherwise(config.ratio_floor * pl.col("middle")),
    )
    # Counts and lengths vary by factors: as far above the median as below it on a log scale.
    above = (
        pl.when(share).then(half).otherwise(pl.max_horizontal(half, pl.col("middle") / (1 - config.ratio_floor + 1e-9)))
    )
    is_judged = pl.col("middle").is_not_null() & (
        (pl.col("n_records") >= config.min_records) | (pl.col("n_records") == 0)
    )
    return (
        pl.concat([current, missing])
        .join(bands, on=["site", "metric"], how="left")
        .with_columns(
            lower=pl.when(is_judged).then((pl.col("middle") - half).clip(0)),
            upper=pl.when(is_judged).then(pl.col("middle") + above),
        )
        .with_columns(
            unit=pl.col("metric").replace_strict(UNITS),
            passed=pl.when(is_judged).then(pl.col("value").is_between(pl.col("lower"), pl.col("upper"))),
        )
        .select(HEALTH_SCHEMA.names())
        .cast(dict(HEALTH_SCHEMA))  # type: ignore[arg-type]
        .sort("site", "metric")
    )


def _bands(history: pl.DataFrame, config: SiteHealthConfig) -> pl.DataFrame:
    """Median and robust spread of each site's figures, of the sites with enough runs."""
    recent = (
        history.filter(pl.col("n_records") >= config.min_records)
        .sort("run_id")
        .group_by("site", "metric", maintain_order=True)
        .tail(config.history_runs)
    )
    return (
        recent.with_columns(middle=pl.col("value").median().over("site", "metric"))
        .group_by("site", "metric")
        .agg(
            n_runs=pl.len(),
            middle=pl.col("middle").first(),
            spread=MAD_TO_DEVIATION * (pl.col("value") - pl.col("middle")).abs().median(),
        )
        .filter(pl.col("n_runs") >= config.min_runs)
    )
