"""Commands killed with SIGKILL in the middle: a reader sees nothing torn, and the same command ends what was begun.

Some kills a command; one at each operation on files: `python -m bench.hostile.killed_commands`.
"""

from __future__ import annotations

import random
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from bench.hostile.killed_commands import COMMANDS, Scene, make_context, run_trial, set_scene, undisturbed

pytestmark = pytest.mark.slow

N_KILLS = 4
SEED = 5


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    return make_context()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return set_scene(tmp_path_factory.mktemp("scene") / "scene")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_killed_command_tears_nothing_and_is_done_again(
    name: str, scene: Scene, tmp_path: Path, context: ForkServerContext
) -> None:
    n_events, wanted = undisturbed(scene, name, tmp_path / "wanted", context)
    rng = random.Random(f"{SEED} {name}")
    # The last operation, too: what remains of a command is cleared there.
    moments = {n_events, *rng.sample(range(1, n_events), N_KILLS - 1)}
    for at_event in sorted(moments):
        trial = run_trial(scene, name, tmp_path / "out", at_event, wanted, context)
        assert trial.faults == [], f"{name} at {at_event} of {n_events}"
        # A run has some operations more or less each time, so that it may end before its last one.
        assert trial.is_killed or at_event == n_events
        assert trial.n_looks >= 2
