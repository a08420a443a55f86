"""A site is judged by its own past: steady sites pass, a changed one is named, one odd run does not matter."""

from __future__ import annotations

import random

import polars as pl

from cleaners.health import HEALTH_SCHEMA, SiteHealthConfig, judge_sites, measure_sites

CONFIG = SiteHealthConfig()


def articles(
    site: str | None,
    n: int,
    *,
    words: int = 400,
    removed: float = 0.05,
    duplicates: float = 0.2,
    doubtful: float = 0.05,
    seed: int = 0,
) -> pl.DataFrame:
    rng = random.Random(f"{site}{seed}")
    lengths = [max(30, round(rng.gauss(words, words / 4))) for _ in range(n)]
    return pl.DataFrame(
        {
            "site": [site] * n,
            "n_words": lengths,
            "n_chars": [6 * length for length in lengths],
            "n_removed_chars": [round(6 * length * removed * rng.uniform(0.5, 1.5)) for length in lengths],
            "is_duplicate": [rng.random() < duplicates for _ in lengths],
            "is_doubtful": [rng.random() < doubtful for _ in lengths],
        },
        schema={
            "site": pl.String,
            "n_words": pl.Int64,
            "n_chars": pl.Int64,
            "n_removed_chars": pl.Int64,
            "is_duplicate": pl.Boolean,
            "is_doubtful": pl.Boolean,
        },
    )


def rejects(site: str, n: int) -> pl.DataFrame:
    return pl.DataFrame({"site": [site] * n}, schema={"site": pl.String})


def past(n_runs: int, sites: tuple[str, ...] = ("a.example", "b.example")) -> pl.DataFrame:
    runs = []
    for run in range(n_runs):
        whole = pl.concat([articles(site, 30 + run % 5, seed=run) for site in sites])
        lost = pl.concat([rejects(site, run % 3) for site in sites])
        runs.append(measure_sites(whole, lost).with_columns(run_id=pl.lit(f"{run:03d}")))
    return pl.concat(runs)


def breaches(current: pl.DataFrame, history: pl.DataFrame) -> set[tuple[str, str]]:
    judged = judge_sites(current, history, CONFIG)
    assert judged.schema == HEALTH_SCHEMA
    return set(judged.filter(~pl.col("passed")).select("site", "metric").rows())


def test_a_steady_site_stays_in_its_band_for_a_year() -> None:
    history = past(12)
    for run in range(12, 212):
        current = measure_sites(articles("a.example", 28 + run % 7, seed=run), rejects("a.example", run % 3))
        assert breaches(current, history) <= {("b.example", "articles")}


def test_each_change_is_named_and_the_other_site_is_not() -> None:
    history = past(12)
    steady = articles("b.example", 32, seed=99)
    cases = {
        "median_words": articles("a.example", 32, words=60, seed=99),
        "removed_share": articles("a.example", 32, removed=0.5, seed=99),
        "duplicate_share": articles("a.example", 32, duplicates=1.0, seed=99),
        "doubtful_share": articles("a.example", 32, doubtful=1.0, seed=99),
        "articles": articles("a.example", 400, seed=99),
    }
    for metric, changed in cases.items():
        assert breaches(measure_sites(pl.concat([steady, changed]), rejects("a.example", 1)), history) == {
            ("a.example", metric)
        }
    walled = measure_sites(pl.concat([steady, articles("a.example", 8, seed=99)]), rejects("a.example", 25))
    assert ("a.example", "reject_share") in breaches(walled, history)


def test_a_site_that_fell_silent_is_named_with_what_was_expected() -> None:
    judged = judge_sites(measure_sites(articles("b.example", 32, seed=5), rejects("b.example", 0)), past(12), CONFIG)
    (silent,) = judged.filter(~pl.col("passed")).rows(named=True)
    assert (silent["site"], silent["metric"], silent["value"], silent["n_records"]) == ("a.example", "articles", 0.0, 0)
    assert silent["lower"] > 10


def test_without_enough_history_or_records_nothing_is_judged() -> None:
    current = measure_sites(articles("a.example", 30, words=60), rejects("a.example", 1))
    assert judge_sites(current, past(4), CONFIG)["passed"].null_count() == current.height
    few = measure_sites(articles("a.example", 4, words=60), rejects("a.example", 1))
    assert judge_sites(few, past(12), CONFIG).filter(pl.col("site") == "a.example")["passed"].null_count() == few.height


def test_one_odd_run_in_the_past_does_not_widen_the_band() -> None:
    odd = measure_sites(articles("a.example", 30, words=60), rejects("a.example", 30)).with_columns(
        run_id=pl.lit("005b")
    )
    history = pl.concat([past(12), odd.select(past(1).columns)])
    changed = measure_sites(articles("a.example", 30, words=60), rejects("a.example", 30))
    assert {("a.example", "median_words"), ("a.example", "reject_share")} <= breaches(changed, history)


def test_records_without_a_site_are_left_out() -> None:
    assert measure_sites(articles(None, 3), rejects("a.example", 0)).height == 0
