"""Runs killed with SIGKILL at random moments: a reader never sees a torn snapshot, the next run ends as an undisturbed one.

Ten kills; a hundred, with worker processes: `python -m bench.hostile.faults`.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.hostile.faults import Scene, begin_run, find_leftovers, kill_group, look, read_all, run_trial, set_scene
from flows.store import publication
from tests.conftest import run_steps

pytestmark = pytest.mark.slow

N_KILLS = 10
SEED = 7  # of the moments, so that a failure can be tried again


@pytest.fixture(scope="module")
def context() -> Iterator[multiprocessing.context.ForkServerContext]:
    """Processes that have everything imported: a trial takes a second and not three."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(
        [
            "bench.hostile.faults",
            "flows.steps.extract",
            "flows.steps.strip",
            "flows.store.publication",
            "flows.report.page",
            "flows.steps.discover",
        ]
    )
    yield server


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, context: multiprocessing.context.ForkServerContext) -> Scene:
    return set_scene(tmp_path_factory.mktemp("scene"), 12, 0, context)


@pytest.mark.parametrize("number", range(N_KILLS))
def test_a_killed_run_tears_nothing_and_the_next_one_ends_it(
    number: int, scene: Scene, tmp_path: Path, context: multiprocessing.context.ForkServerContext
) -> None:
    trial = run_trial(scene, tmp_path / "out", random.Random(f"{SEED} {number}"), number, 0, context)
    print(f"seed {SEED}, trial {number}: killed {trial.moment}")
    assert trial.faults == []
    assert trial.n_looks >= 2


@pytest.mark.parametrize("shares", [(0.3, 0.6), (0.7, 0.2), (0.5, 0.4)])
def test_a_run_killed_twice_in_different_steps_is_ended_by_the_third(
    shares: tuple[float, float], scene: Scene, tmp_path: Path, context: multiprocessing.context.ForkServerContext
) -> None:
    output = tmp_path / "out"
    shutil.copytree(scene.before, output, symlinks=True)
    before = (output / "latest").resolve()
    done = []
    for number, share in enumerate(shares):
        at_event = round(scene.n_events * share)
        run_id = f"20260102T000000Z-000{number}"
        process = context.Process(target=begin_run, args=(scene.landing, output, run_id, 0, at_event, None))
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert look(output / "latest") == []
        assert (output / "latest").resolve() == before
        done.append({path.stem for run in output.glob("_staging/*") for path in (run / "work" / "done").glob("*.json")})
    assert done[0] <= done[1], "the second went on where the first had stopped"
    assert run_steps([scene.landing], output, "20260103T000000Z-0001")
    assert look(output / "latest") == []
    assert find_leftovers(output) == []
    ended = read_all(output / "latest")
    assert [name for name, frame in scene.after.items() if not frame.equals(ended[name])] == []


def _die_before_the_rename(landing: Path, output: Path, run_id: str) -> None:
    replace = Path.replace

    def die_or_replace(path: Path, target: Path) -> Path:
        if target.name == "latest":
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(path, target)

    Path.replace = die_or_replace  # type: ignore[assignment, method-assign]
    begin_run(landing, output, run_id, 0, None, None)


def test_a_link_that_was_made_and_not_switched_to_stops_no_later_run(
    scene: Scene, tmp_path: Path, context: multiprocessing.context.ForkServerContext
) -> None:
    output = tmp_path / "out"
    shutil.copytree(scene.before, output, symlinks=True)
    process = context.Process(target=_die_before_the_rename, args=(scene.landing, output, "20260102T000000Z-0009"))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert list(output.glob(".latest-*"))
    assert run_steps([scene.landing], output, "20260103T000000Z-0001") is None
    assert (output / "latest").readlink().name == "20260102T000000Z-0009"
    assert find_leftovers(output) == []


def _die_before_the_switch(landing: Path, output: Path, run_id: str) -> None:
    publication.point_latest = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
    begin_run(landing, output, run_id, 0, None, None)


def test_a_snapshot_that_was_moved_but_not_switched_to_is_published_by_the_next_run(
    scene: Scene, tmp_path: Path, context: multiprocessing.context.ForkServerContext
) -> None:
    output = tmp_path / "out"
    shutil.copytree(scene.before, output, symlinks=True)
    process = context.Process(target=_die_before_the_switch, args=(scene.landing, output, "20260102T000000Z-0009"))
    process.start()
    process.join()
    kill_group(process)
    assert process.exitcode == -signal.SIGKILL
    moved = output / "runs" / "20260102T000000Z-0009"
    assert moved.is_dir()
    assert (output / "latest").resolve() != moved
    assert run_steps([scene.landing], output, "20260103T000000Z-0001") is None  # nothing is left to do
    assert (output / "latest").resolve() == moved
    assert look(output / "latest") == []
    assert find_leftovers(output) == []
    ended = read_all(output / "latest")
    assert [name for name, frame in scene.after.items() if not frame.equals(ended[name])] == []


def test_a_moved_snapshot_that_another_has_overtaken_is_removed_and_an_older_one_chosen_by_hand_is_left(
    scene: Scene, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    shutil.copytree(scene.before, output, symlinks=True)
    first = (output / "latest").resolve()
    run_steps([scene.landing], output, "20260102T000000Z-0001")
    second = (output / "latest").resolve()
    orphan = output / "runs" / "20260102T000000Z-0002"
    shutil.copytree(second, orphan)
    (output / "_staging" / orphan.name / "work").mkdir(parents=True)
    assert publication.finish_publication(output) is None
    assert not orphan.exists()
    publication.clear_staging(output)
    (output / "latest").unlink()
    (output / "latest").symlink_to(Path("runs") / first.name)  # a person goes back
    assert publication.finish_publication(output) is None
    assert second.is_dir()
