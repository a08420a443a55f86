"""What matching and the name check made of a run's articles, as rows of `run_summary`.

Takes the intermediate files of a run, gives two counts: articles that repeat another, articles with a name that looks wrong.
The tables behind them are written whole by each run, so what they said at the time is recorded here.
"""

import polars as pl

from flows.run import Run


def measure_outcome(run: Run, schema: pl.Schema) -> pl.DataFrame:
    """Count the run's articles that repeat another one, and those with an open name error.

    Args:
        run: the run, matched and with its names checked.
        schema: columns of `run_summary` without `run_id`.
    """
    ours = run.scan("articles").select("article_id")
    clusters = pl.scan_parquet(run.work("clusters.parquet"), glob=False).filter(~pl.col("is_canonical"))
    flags = pl.scan_parquet(run.work("name_flags.parquet"), glob=False).filter("is_error")
    counts = (
        ("match", "duplicates", clusters),
        ("names", "articles_flagged", flags),
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
