"""Runs killed at random moments, with a reader that never looks away: `python -m bench.hostile.faults [--kills 100] [--seed 1]`.

Each trial copies an output folder with one snapshot, begins a run with new input in a process group of its own, and kills the
whole group with SIGKILL: half of the trials at a random time, half at a random operation on the file system (the run's own,
counted by an audit hook), so that the short moments of publication are met too. Meanwhile a reader opens `latest` again and
again, checks every digest and reads every table. Then the next run must end as an undisturbed one.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from bench.hostile.stories import make_page, make_story
from cleaners.schemas import TABLES
from flows.store.verify import verify_snapshot
from tests.conftest import run_steps

KEPT = 3  # snapshots
# Columns and tables that differ between two runs of the same input; undated articles are grouped by the run's time.
OF_THE_RUN = {
    "run_id",
    "changed_run",
    "published_run",
    "published_run_at",
    "seen_at",
    "first_at",
    "last_at",
    "span_days",
    "changes",
}
_FILE_EVENTS = ("open", "os.", "shutil.", "tempfile.")
_JOIN_SECONDS = 300.0
PAUSE_SECONDS = 0.03  # of the reader, which would take a core for itself


class Trial(NamedTuple):
    """One kill: where it struck, whether the run had ended by then, how often the reader looked, what was wrong."""

    moment: str
    is_killed: bool
    n_looks: int
    faults: list[str]


class Scene(NamedTuple):
    """Facts that all trials share: the landing zone, the output before, the tables after an undisturbed run."""

    landing: Path
    before: Path
    after: dict[str, pl.DataFrame]
    seconds: float
    n_events: int


def main() -> None:
    """Print each trial that failed, then how all of them went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--documents", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        scene = set_scene(Path(folder), arguments.documents, arguments.workers, SpawnContext())
        print(f"an undisturbed run takes {scene.seconds:.1f} s and {scene.n_events} operations on files", flush=True)
        trials = []
        for number in range(arguments.kills):
            trial = run_trial(scene, Path(folder, "out"), rng, number, arguments.workers, SpawnContext())
            trials.append(trial)
            if trial.faults:
                print(f"{number}: killed {trial.moment}: {'; '.join(trial.faults)}", flush=True)
    ended = Counter("killed" if trial.is_killed else "ended before the kill" for trial in trials)
    n_looks = sum(trial.n_looks for trial in trials)
    n_bad = sum(bool(trial.faults) for trial in trials)
    print(
        f"{dict(ended)}; {n_looks} looks of the reader; {n_bad} trials with a fault; {time.perf_counter() - started:.0f} s"
    )


def set_scene(folder: Path, n_documents: int, n_workers: int, context: SpawnContext | ForkServerContext) -> Scene:
    """Publish a third of the documents, then see how a run on all of them ends, how long it takes, how much it does."""
    landing = folder / "landing"
    landing.mkdir()
    for number in range(n_documents // 3):
        _write_document(landing, number)
    before = folder / "before"
    run_steps([landing], before, "20260101T000000Z-0001", keep_snapshots=KEPT)
    for number in range(n_documents // 3, n_documents):
        _write_document(landing, number)
    after = folder / "after"
    shutil.copytree(before, after, symlinks=True)
    counter = context.Value("q", 0)
    # Once to warm the file cache, once to count, which takes no longer.
    started = time.perf_counter()
    process = context.Process(
        target=begin_run, args=(landing, after, "20260102T000000Z-0001", n_workers, None, counter)
    )
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"The undisturbed run ended with exit code {process.exitcode}.")
    return Scene(landing, before, read_all(after / "latest"), time.perf_counter() - started, counter.value)


def run_trial(
    scene: Scene,
    output: Path,
    rng: random.Random,
    number: int,
    n_workers: int,
    context: SpawnContext | ForkServerContext,
) -> Trial:
    """Kill one run, watch, let the next run finish the work, compare."""
    shutil.rmtree(output, ignore_errors=True)
    shutil.copytree(scene.before, output, symlinks=True)
    at_event = rng.randint(1, scene.n_events) if number % 2 else None
    at_second = rng.uniform(0, scene.seconds * 1.05) if at_event is None else _JOIN_SECONDS
    moment = f"after {at_second:.3f} s" if at_event is None else f"at file operation {at_event}"
    run_id = f"20260102T000000Z-{number:04d}"
    process = context.Process(target=begin_run, args=(scene.landing, output, run_id, n_workers, at_event, None))
    process.start()
    deadline = time.perf_counter() + at_second
    n_looks, faults = 0, []
    while process.is_alive() and time.perf_counter() < deadline:
        faults += look(output / "latest")
        n_looks += 1
        time.sleep(PAUSE_SECONDS)
    kill_group(process)
    is_killed = process.exitcode == -signal.SIGKILL
    faults += look(output / "latest")
    run_steps([scene.landing], output, f"20260103T000000Z-{number:04d}", keep_snapshots=KEPT)
    faults += look(output / "latest")
    ended = read_all(output / "latest")
    faults += [
        f"{name} differs from an undisturbed run's"
        for name, frame in scene.after.items()
        if not frame.equals(ended[name])
    ]
    faults += [f"left behind: {path.name}" for path in find_leftovers(output)]
    return Trial(moment, is_killed, n_looks + 2, faults)


def begin_run(landing: Path, output: Path, run_id: str, n_workers: int, kill_at: int | None, counter: Any) -> None:  # noqa: ANN401
    """Run in this process, and kill the own group at the operation on files that is given."""
    n_events = kill_own_group_at(kill_at)
    run_steps([landing], output, run_id, n_workers=n_workers, workers=max(1, n_workers), keep_snapshots=KEPT)
    if counter is not None:
        counter.value = n_events()


def kill_own_group_at(kill_at: int | None) -> Callable[[], int]:
    """Lead a process group of its own, and kill it at the operation on files that is given; return what counts them."""
    os.setsid()
    n_events = 0

    def on_event(event: str, _: object) -> None:
        nonlocal n_events
        if event.startswith(_FILE_EVENTS):
            n_events += 1
            if n_events == kill_at:
                os.killpg(0, signal.SIGKILL)

    sys.addaudithook(on_event)
    return lambda: n_events


def kill_group(process: multiprocessing.process.BaseProcess) -> None:
    """Kill a run with all its workers, as `kill -9 -PGID` does."""
    assert process.pid
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:  # it has no group of its own yet, or is gone
        if process.is_alive():
            process.kill()
    process.join()


def look(latest: Path) -> list[str]:
    """List what a reader finds wrong: a file that is not what the manifest says, or tables that do not belong together."""
    snapshot = latest.resolve()
    verdict = verify_snapshot(snapshot)
    if not verdict.is_intact:
        return [f"{name} {trouble}" for name, trouble in verdict.damaged.items()]
    tables = read_all(snapshot)
    articles, clusters = (set(tables[name]["article_id"]) for name in ("articles", "clusters"))
    return [] if articles == clusters else ["articles and clusters are of different runs"]


def read_all(snapshot: Path) -> dict[str, pl.DataFrame]:
    """Every table, in an order of its own, without what names the run."""
    tables = {name: pl.read_parquet(snapshot / name / "*.parquet") for name in TABLES if name not in OF_THE_RUN}
    plain = {name: frame.drop([c for c in frame.columns if c in OF_THE_RUN]) for name, frame in tables.items()}
    return {name: frame.sort([c for c in frame.columns if frame[c].dtype != pl.List]) for name, frame in plain.items()}


def find_leftovers(output: Path) -> list[Path]:
    """List what an interrupted run left and the next one did not clear away."""
    runs = sorted((output / "runs").iterdir())
    unpublished = [path for path in runs if path.name > (output / "latest").resolve().name]
    return [*output.glob("_staging"), *output.glob(".latest-*"), *unpublished, *runs[:-KEPT]]


def _write_document(landing: Path, number: int) -> None:
    rng = random.Random(number // 2 * 2 if number % 10 == 1 else number)  # every tenth repeats the one before it
    if number % 3 == 0:
        (landing / f"{number:03d}.html").write_text(make_page(rng), encoding="utf-8")
    else:
        (landing / f"{number:03d}.txt").write_text(
            make_story(rng) + f"\n\nRead more: story {number}\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
