"""Fixtures that several modules share: the seeds, and the whole pipeline without Prefect."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
import pytest
from hypothesis import settings as hypothesis_settings

if TYPE_CHECKING:
    from cleaners.quality import RunCounts
    from flows.run import Run
    from flows.settings import Settings


# CI tries the same examples each time, so that a red run is about the change; a developer's run goes on looking.
hypothesis_settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis_settings.register_profile("here", deadline=None)
hypothesis_settings.load_profile("ci" if os.environ.get("CI") else "here")

SEEDS = Path(__file__).parent.parent / "seeds"


class Tables(NamedTuple):
    """The published tables of a snapshot."""

    snapshot: Path
    articles: pl.DataFrame
    removed_spans: pl.DataFrame
    suspected_spans: pl.DataFrame
    clusters: pl.DataFrame
    duplicate_pairs: pl.DataFrame
    name_mentions: pl.DataFrame
    name_flags: pl.DataFrame
    name_replacements: pl.DataFrame
    rejects: pl.DataFrame
    run_summary: pl.DataFrame
    site_health: pl.DataFrame


def read_tables(snapshot: Path) -> Tables:
    return Tables(snapshot, *(pl.read_parquet(snapshot / name / "*.parquet") for name in Tables._fields[1:]))


def run_stages(
    sources: Sequence[Path | str],
    output: Path | str,
    run_id: str = "20260101T000000Z-0001",
    *,
    n_workers: int = 0,
    extract: Callable[..., RunCounts] | None = None,
    strip: Callable[..., RunCounts] | None = None,
    **settings: Any,
) -> Run | None:
    """The stages of `clean-news` in its order, without Prefect; None when nothing is new.

    They run here and now, or in `n_workers` worker processes; `extract` and `strip` may take the place of those stages.
    """
    from flows.remote import pull_latest
    from flows.runners import worker_pool
    from flows.settings import Settings
    from flows.storage import output_lock

    chosen = Settings(
        **{"sources": [str(source) for source in sources], "output": str(output), "workers": 1, **settings}
    )
    with output_lock(chosen.folder), worker_pool(n_workers) if n_workers else nullcontext():
        pull_latest(chosen)
        return _run_stages(chosen, run_id, extract, strip)


def _run_stages(
    chosen: Settings, run_id: str, extract: Callable[..., RunCounts] | None, strip: Callable[..., RunCounts] | None
) -> Run | None:
    from cleaners.quality import RunCounts, check_gates
    from flows import planning, publish, stages
    from flows.report import write_report
    from flows.resume import continue_interrupted, do_once
    from flows.run import Run
    from flows.runners import run_in_worker, run_watched
    from flows.upgrade import open_previous
    from flows.versions import find_versions

    output = chosen.folder
    publish.finish_publication(output)
    previous = open_previous(output, anew=chosen.anew)
    run = Run(
        run_id=run_id,
        settings=chosen,
        output=output,
        staging=output / "_staging" / run_id,
        previous=previous.path if previous else None,
        versions=find_versions(chosen),
    )
    plan = run_in_worker(planning.plan_run, run)
    if plan.is_empty:
        publish.clear_staging(output)
        return None
    run = continue_interrupted(run, plan)

    def of_shards(step: str, work: Callable[[Run, planning.Shard], RunCounts]) -> list[RunCounts]:
        def once(shard: planning.Shard) -> RunCounts:
            return do_once(run, f"{step}-{shard.number}", lambda: run_watched(work, run, shard))

        with ThreadPoolExecutor(chosen.n_workers) as threads:
            return [RunCounts(*counts) for counts in threads.map(once, plan.shards)]

    counts = of_shards("extract", extract or stages.extract_shard)
    n_repeated = do_once(run, "learn", lambda: run_in_worker(stages.learn_from_shards, run))
    counts += of_shards("strip", strip or stages.strip_shard)
    do_once(run, "match", lambda: stages.match_articles(run))
    do_once(run, "names", lambda: run_in_worker(stages.check_all_names, run))
    total = RunCounts(n_rejects=n_repeated)
    for part in counts:
        total = total.plus(part)
    gates = check_gates(total, chosen.cleaning.quality)
    staged = run_in_worker(publish.assemble_snapshot, run, publish.summarise_counts(plan, total, gates))
    assert publish.list_broken_gates(staged, run.run_id) == []
    run_in_worker(write_report, staged, run.run_id)
    publish.switch_latest(run)
    publish.clear_staging(output)
    return run


@pytest.fixture
def run_pipeline() -> Callable[..., Run | None]:
    return run_stages


@pytest.fixture(scope="session")
def seed_tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The seeds, published."""
    output = tmp_path_factory.mktemp("seeds")
    assert run_stages([SEEDS], output) is not None
    return read_tables(output / "latest")
