"""Figures of a run and the gates over them: what was counted, what left its bounds."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from cleaners.codes import METADATA_DOUBTS
from cleaners.health import DOUBTFUL_BELOW
from cleaners.quality import Gate, RunCounts
from flows.run import Run
from flows.steps.plan import Plan
from flows.store.rows import read_breaches


def measure_outcome(run: Run, schema: pl.Schema) -> pl.DataFrame:
    """Count the run's articles: a doubtful body, copies, open name errors, an event that others tell too, doubts about metadata.

    Args:
        run: the run, matched, with its names checked and its stories put together.
        schema: columns of `run_summary` without `run_id`.
    """
    articles = run.scan("articles")
    ours = articles.select("article_id")
    doubts = pl.col("metadata_sources").struct.field("doubts")
    clusters = pl.scan_parquet(run.work("clusters.parquet"), glob=False).filter(~pl.col("is_canonical"))
    flags = pl.scan_parquet(run.work("name_flags.parquet"), glob=False).filter("is_error")
    doubtful = articles.filter(pl.col("body_confidence") < DOUBTFUL_BELOW)
    summary = pl.scan_parquet(run.work("story_summary.parquet"), glob=False).filter(pl.col("n_clusters") > 1)
    shared = pl.scan_parquet(run.work("stories.parquet"), glob=False).join(summary, on="story_id", how="semi")
    counts = (
        ("extract", "doubtful_bodies", doubtful),
        ("match", "duplicates", clusters),
        ("names", "articles_flagged", flags),
        ("stories", "articles_in_shared_stories", shared),
        *(("extract", f"doubt_{code}", articles.filter(doubts.list.contains(code))) for code in METADATA_DOUBTS),
    )
    rows = [
        (
            stage,
            metric,
            float(ours.join(of, on="article_id", how="semi").collect().height),
            "articles",
            None,
            None,
            None,
        )
        for stage, metric, of in counts
    ]
    return pl.DataFrame(rows, schema=schema, orient="row")


def summarise_counts(plan: Plan, counts: RunCounts, gates: list[Gate]) -> pl.DataFrame:
    """Rows of `run_summary` without `run_id`: the plain counts, then the gates with their bounds."""
    plain = [
        ("discover", "inputs_found", plan.n_inputs, "inputs"),
        ("discover", "inputs_known", plan.n_known_inputs, "inputs"),
        ("discover", "inputs_restored", plan.n_restored_inputs, "inputs"),
        ("discover", "inputs_new", plan.n_inputs - plan.n_known_inputs - plan.n_restored_inputs, "inputs"),
        ("read", "records", counts.n_records, "records"),
        ("read", "records_known", counts.n_known, "records"),
        ("read", "records_rejected", counts.n_rejects, "records"),
        ("read", "unreadable_values", counts.n_unreadable_values, "values"),
        ("extract", "markup_repaired", counts.n_markup_repaired, "records"),
        ("strip", "articles", counts.n_articles, "articles"),
        ("strip", "embedded_articles", counts.n_embedded, "articles"),
        ("strip", "extracted_characters", counts.n_extracted_chars, "characters"),
        ("strip", "removed_characters", counts.n_removed_chars, "characters"),
        ("strip", "salvaged_characters", counts.n_salvaged_chars, "characters"),
        ("strip", "suspected_spans", counts.n_suspected, "passages"),
        ("strip", "suspected_characters", counts.n_suspected_chars, "characters"),
    ]
    rows: list[tuple[object, ...]] = [
        (stage, metric, float(value), unit, None, None, None) for stage, metric, value, unit in plain
    ]
    rows += [(*gate, gate.passed) for gate in gates]
    schema = {
        "stage": pl.String,
        "metric": pl.String,
        "value": pl.Float64,
        "unit": pl.String,
        "lower": pl.Float64,
        "upper": pl.Float64,
        "passed": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def list_broken_gates(snapshot: Path, run_id: str, hard_site_metrics: Sequence[str] = ()) -> list[str]:
    """List the broken gates of a run, a phrase each: the figure, what was expected, and for a site what to do."""
    summary = pl.read_parquet(sorted((snapshot / "run_summary").glob("*.parquet")), glob=False)
    broken = summary.filter((pl.col("run_id") == run_id) & ~pl.col("passed"))
    phrases = [
        f"{row['stage']}/{row['metric']} is {row['value']:g} {row['unit']}, expected "
        + " and ".join(
            f"{word} {row[bound]:g}"
            for word, bound in (("at least", "lower"), ("at most", "upper"))
            if row[bound] is not None
        )
        for row in broken.iter_rows(named=True)
    ]
    sites = read_breaches(snapshot, run_id).filter(pl.col("metric").is_in(list(hard_site_metrics)))
    return phrases + [
        f"{row['site']}: {row['metric']} is {row['value']:.3g} {row['unit']}, expected {row['expected']} "
        f"({row['advice']})"
        for row in sites.iter_rows(named=True)
    ]
