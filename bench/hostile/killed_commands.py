"""Commands killed at each of their operations on files, with a reader that never looks away:
`python -m bench.hostile.killed_commands`.

`gc`, the retention of a run, `retry`, `review --take`, `reindex` and `restore`. Each trial copies an output folder, does the
command in a process of its own and kills it with SIGKILL at one operation (`--every 1`: at each in turn). Meanwhile a reader holds
`latest` again and again, checks every digest, reads every table, and reads the decisions. Then the command is done again and must
end as an undisturbed one, with nothing left behind.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from bench.hostile.corpus import GATES_OPEN
from bench.hostile.faults import PAUSE_SECONDS, kill_group, kill_own_group_at, look, read_all
from bench.hostile.stories import make_story
from cleaners.names import load_decisions
from flows.query.reindex import rebuild_index
from flows.query.review import export_flags, take_decisions
from flows.settings import Settings
from flows.steps import publish
from flows.store.backup import restore_snapshot
from flows.store.locks import output_lock
from flows.store.publication import drop_old_snapshots
from flows.store.snapshots import lock_snapshot
from tests.cleaners.names.test_check import story
from tests.conftest import run_steps

PRELOADED = (
    "bench.hostile.faults",
    "flows.query.reindex",
    "flows.query.review",
    "flows.store.backup",
    "flows.steps.strip",
    "flows.store.publication",
    "flows.report.page",
    "flows.steps.discover",
)
# Tables about the run itself, and the summary's counts of the inputs it found.
_OF_THE_RUN = {"run_summary", "site_health"}


class Scene(NamedTuple):
    """Files that the trials share: a folder with the sources, an output of three snapshots, a backup, and reviewed flags."""

    folder: Path

    @property
    def output(self) -> Path:
        """The output before any command."""
        return self.folder / "before"


class Trial(NamedTuple):
    """One kill: at which operation, whether the command had ended by then, how often the reader looked, what was wrong."""

    at_event: int
    is_killed: bool
    n_looks: int
    faults: list[str]


def main() -> None:
    """Print how the trials of each command went, and each that failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commands", nargs="*", default=list(COMMANDS))
    parser.add_argument("--every", type=int, default=1, help="kill at every N-th operation")
    arguments = parser.parse_args()
    context = make_context()
    with tempfile.TemporaryDirectory(prefix="killed-") as folder:
        scene = set_scene(Path(folder) / "scene")
        for name in arguments.commands:
            n_events, wanted = undisturbed(scene, name, Path(folder) / "wanted", context)
            trials = [
                run_trial(scene, name, Path(folder) / "out", at, wanted, context)
                for at in range(1, n_events + 1, arguments.every)
            ]
            for trial in trials:
                if trial.faults:
                    print(f"{name} killed at operation {trial.at_event}: {'; '.join(trial.faults)}", flush=True)
            n_killed, n_bad = (
                sum(flags) for flags in zip(*((t.is_killed, bool(t.faults)) for t in trials), strict=True)
            )
            n_looks = sum(trial.n_looks for trial in trials)
            print(f"{name}: {n_events} operations, {n_killed} kills, {n_looks} looks, {n_bad} with a fault", flush=True)


def make_context() -> ForkServerContext:
    """Processes that have everything imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    return context


def set_scene(folder: Path) -> Scene:
    """Publish snapshots with a name to decide and a reject to read again, back up one that is removed then, review the flags."""
    landing = folder / "landing"
    landing.mkdir(parents=True)
    broken = landing / "broken.jsonl"
    broken.write_text("this is no JSON\n")
    for number in range(4):
        (landing / f"{number}.txt").write_text(make_story(random.Random(number)), encoding="utf-8")
        papers = story("Martin Cardwell", "Martin Cardwell", "Philip Cardwell") if number == 1 else []
        rows = [{"text": text, "url": f"https://a.example/{n}"} for n, text in enumerate(papers)]
        (landing / f"{number}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        run_steps([landing], folder / "before", f"2026010{number + 1}T000000Z-0001", cleaning=GATES_OPEN)
        if number == 0:
            subprocess.run(["cp", "-rL", folder / "before" / "latest", folder / "backup"], check=True)
    with output_lock(folder / "before"):
        drop_old_snapshots(folder / "before", 3)
    broken.write_text(json.dumps({"text": make_story(random.Random(7)), "url": "https://b.example/7"}) + "\n")
    flags = folder / "flags.csv"
    if not export_flags(Settings(output=str(folder / "before")), flags):
        raise RuntimeError("The scene has no name to decide.")
    frame = pl.read_csv(flags, infer_schema=False)
    frame.with_columns(decision=pl.lit("reject")).write_csv(flags)
    (folder / "more").mkdir()
    (folder / "more" / "9.txt").write_text(make_story(random.Random(9)), encoding="utf-8")
    return Scene(folder)


def undisturbed(
    scene: Scene, name: str, output: Path, context: ForkServerContext
) -> tuple[int, dict[str, pl.DataFrame]]:
    """Count the operations on files of an undisturbed command, and return how it ends."""
    _copy_output(scene, output)
    counter = context.Value("q", 0)
    process = context.Process(target=act, args=(scene, name, output, None, counter))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"The undisturbed {name} ended with exit code {process.exitcode}.")
    return counter.value, _state(output)


def run_trial(
    scene: Scene, name: str, output: Path, at_event: int, wanted: dict[str, pl.DataFrame], context: ForkServerContext
) -> Trial:
    """Kill a command, watch, do it again, compare."""
    _copy_output(scene, output)
    process = context.Process(target=act, args=(scene, name, output, at_event, None))
    process.start()
    n_looks, faults = 0, []
    while process.is_alive():
        faults += _look(output)
        n_looks += 1
        time.sleep(PAUSE_SECONDS)
    kill_group(process)
    is_killed = process.exitcode == -signal.SIGKILL
    faults += _look(output)
    COMMANDS[name](scene, output, "0002")
    faults += _look(output)
    ended = _state(output)
    faults += [f"{table} differs" for table, frame in wanted.items() if not frame.equals(ended[table])]
    with output_lock(output):
        drop_old_snapshots(output, 1)
    runs = [path.name for path in (output / "runs").iterdir()]
    kept = {max(runs), (output / "latest").readlink().name}  # which an older backup may be
    faults += [f"left behind: {name}" for name in runs if name not in kept]
    known = {".lock", "latest", "runs", "decisions.csv", ".decisions.csv.lock"}
    faults += [f"left behind: {path.name}" for path in output.iterdir() if path.name not in known]
    return Trial(at_event, is_killed, n_looks + 2, faults)


def act(scene: Scene, name: str, output: Path, kill_at: int | None, counter: Any) -> None:  # noqa: ANN401
    """Run a command in this process, which kills itself at one of its operations on files if one is given."""
    n_events = kill_own_group_at(kill_at)
    COMMANDS[name](scene, output, "0001")
    if counter is not None:
        counter.value = n_events()


def _collect(scene: Scene, output: Path, attempt: str) -> None:
    with output_lock(output):
        drop_old_snapshots(output, 1)


def _retain(scene: Scene, output: Path, attempt: str) -> None:
    """A run that keeps one snapshot."""
    switch = publish.switch_latest

    def switch_and_drop(run: Any) -> Path:  # noqa: ANN401
        published = switch(run)
        drop_old_snapshots(run.output, 1)
        return published

    publish.switch_latest = switch_and_drop
    try:
        run_steps([scene.folder / "more"], output, f"20260201T000000Z-{attempt}", cleaning=GATES_OPEN)
    finally:
        publish.switch_latest = switch


def _retry(scene: Scene, output: Path, attempt: str) -> None:
    run_steps([], output, f"20260201T000000Z-{attempt}", retry=True, cleaning=GATES_OPEN)


def _take(scene: Scene, output: Path, attempt: str) -> None:
    take_decisions(Settings(output=str(output)), scene.folder / "flags.csv")


def _reindex(scene: Scene, output: Path, attempt: str) -> None:
    rebuild_index(Settings(output=str(output)))


def _restore(scene: Scene, output: Path, attempt: str) -> None:
    restore_snapshot(Settings(output=str(output)), scene.folder / "backup")


COMMANDS: dict[str, Callable[[Scene, Path, str], None]] = {
    "gc": _collect,
    "retention": _retain,
    "retry": _retry,
    "review --take": _take,
    "reindex": _reindex,
    "restore": _restore,
}


def _copy_output(scene: Scene, output: Path) -> None:
    shutil.rmtree(output, ignore_errors=True)
    subprocess.run(["cp", "-a", scene.output, output], check=True)  # hard links stay


def _look(output: Path) -> list[str]:
    """List what a reader who holds the latest snapshot finds wrong."""
    with lock_snapshot(output) as snapshot:
        return look(snapshot.path) + _read_decisions(output)[1]


def _read_decisions(output: Path) -> tuple[pl.DataFrame, list[str]]:
    path = output / "decisions.csv"
    frame = load_decisions(path.read_text(encoding="utf-8") if path.exists() else "").drop("decided_at")
    return frame, [] if frame.height in (0, 1) else [f"{frame.height} decisions"]


def _state(output: Path) -> dict[str, pl.DataFrame]:
    """The latest snapshot's tables and the decisions, without what describes the run."""
    tables = read_all((output / "latest").resolve())
    return {name: frame for name, frame in tables.items() if name not in _OF_THE_RUN} | {
        "decisions": _read_decisions(output)[0]
    }


if __name__ == "__main__":
    main()
