"""Fixtures that several modules share: the seeds, and the whole pipeline without Prefect."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
import pytest
from hypothesis import settings as hypothesis_settings

if TYPE_CHECKING:
    from cleaners.quality import RunCounts
    from flows.pipeline import RunResult

# CI tries the same examples each time, so that a red run is about the change; a developer's run goes on looking.
hypothesis_settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis_settings.register_profile("here", deadline=None)
hypothesis_settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow modules, those that wait for servers and other processes first: the workers then end together.

    xdist keeps this order under `--no-loadscope-reorder`; without it, modules of many tests come first, which are the quick ones.
    """
    waiting = ("serve", "workers", "cli")
    items.sort(
        key=lambda item: (
            "slow" not in item.keywords,
            next((n for n, room in enumerate(waiting) if room in item.path.parts), len(waiting)),
        )
    )


SEEDS = Path(__file__).parent.parent / "seeds"
# Columns that tell of the run rather than of what it made.
OF_A_RUN = ("run_id", "changed_run", "published_run", "published_run_at")


class Tables(NamedTuple):
    """The published tables of a snapshot."""

    snapshot: Path
    articles: pl.DataFrame
    removed_spans: pl.DataFrame
    suspected_spans: pl.DataFrame
    clusters: pl.DataFrame
    duplicate_pairs: pl.DataFrame
    stories: pl.DataFrame
    story_summary: pl.DataFrame
    name_mentions: pl.DataFrame
    name_flags: pl.DataFrame
    name_replacements: pl.DataFrame
    rejects: pl.DataFrame
    run_summary: pl.DataFrame
    site_health: pl.DataFrame


def read_tables(snapshot: Path) -> Tables:
    return Tables(snapshot, *(pl.read_parquet(snapshot / name / "*.parquet") for name in Tables._fields[1:]))


def run_steps(
    sources: Sequence[Path | str],
    output: Path | str,
    run_id: str = "20260101T000000Z-0001",
    *,
    n_workers: int = 0,
    extract: Callable[..., RunCounts] | None = None,
    strip: Callable[..., RunCounts] | None = None,
    **settings: Any,
) -> RunResult | None:
    """The pipeline without Prefect; None when nothing is new.

    It works here and now, or in `n_workers` worker processes; `extract` and `strip` may take the place of those steps.
    """
    from flows import pipeline
    from flows.settings import Settings
    from flows.steps.engine import PlainEngine
    from flows.workers.pool import worker_pool

    chosen = Settings(
        **{"sources": [str(source) for source in sources], "output": str(output), "workers": 1, **settings}
    )
    with pytest.MonkeyPatch.context() as patched, worker_pool(n_workers) if n_workers else nullcontext():
        for name, work in (("extract_shard", extract), ("strip_shard", strip)):
            if work:
                patched.setattr(pipeline, name, work)
        result = pipeline.run_pipeline(chosen, PlainEngine(chosen.n_workers), run_id)
    return None if result.status == "nothing_new" else result


@pytest.fixture
def run_pipeline() -> Callable[..., RunResult | None]:
    return run_steps


@pytest.fixture(scope="session")
def seed_tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The seeds, published."""
    output = tmp_path_factory.mktemp("seeds")
    assert run_steps([SEEDS], output) is not None
    return read_tables(output / "latest")
