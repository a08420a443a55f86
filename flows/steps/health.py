"""Site health in a run: what it made of each site, judged by the site's earlier runs, as rows of `site_health`."""

import polars as pl

from cleaners.health import DOUBTFUL_BELOW, HEALTH_SCHEMA, judge_sites, measure_sites
from flows.run import Run
from flows.store.rows import HISTORY_SCHEMA


def judge_run(run: Run) -> pl.DataFrame:
    """The figures of each site of the run with their bands, from the intermediate files.

    Returns:
        A frame of `HEALTH_SCHEMA`; empty for a run that read nothing new, since it says nothing about the sites: one that
        strips published texts again, or tries rejects again.
    """
    if run.settings.retry or pl.scan_parquet(run.work("restored.parquet"), glob=False).head(1).collect().height:
        return pl.DataFrame(schema=HEALTH_SCHEMA)
    previous = run.previous_snapshot
    history = previous.scan("site_health", HISTORY_SCHEMA) if previous else pl.LazyFrame(schema=HISTORY_SCHEMA)
    current = measure_sites(_articles(run), run.scan("rejects").select("site").collect())
    return judge_sites(current, history.collect(), run.settings.cleaning.quality.sites)


def _articles(run: Run) -> pl.DataFrame:
    """The new main articles: site, words, extracted and removed characters, whether they repeat another or are doubtful."""
    salvaged = (
        run.scan("removed_spans")
        .filter(pl.col("salvaged_article_id").is_not_null())
        .group_by("article_id")
        .agg(n_salvaged=(pl.col("end") - pl.col("start")).sum())
    )
    clusters = pl.scan_parquet(run.work("clusters.parquet"), glob=False).select("article_id", "is_canonical")
    n_removed = pl.col("n_removed_chars") - pl.col("n_salvaged").fill_null(0)
    return (
        run.scan("articles")
        .filter(pl.col("parent_article_id").is_null())
        # Before the joins, which would hold all texts.
        .select(
            "article_id",
            "site",
            "n_words",
            "n_removed_chars",
            "body_confidence",
            n_kept_chars=pl.col("text").str.len_chars(),
        )
        .join(salvaged, on="article_id", how="left")
        .join(clusters, on="article_id", how="left")
        .select(
            "site",
            "n_words",
            n_chars=pl.col("n_kept_chars") + n_removed,
            n_removed_chars=n_removed,
            is_duplicate=~pl.col("is_canonical").fill_null(True),
            is_doubtful=pl.col("body_confidence") < DOUBTFUL_BELOW,
        )
        .collect(engine="streaming")
    )
