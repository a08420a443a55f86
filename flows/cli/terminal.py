"""The terminal of `copydesk run`: progress while it works, then what it did."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from flows.settings import Settings
from flows.steps.progress import Estimate, in_words, listening
from flows.steps.step import STEPS

if TYPE_CHECKING:
    from flows.pipeline import RunResult

SAID_EVERY_S = 60.0


def _list_places(snapshot: Path, settings: Settings) -> list[tuple[str, str]]:
    """Where the results lie, and how they are read."""
    address = locate_snapshot(snapshot, settings)
    if settings.is_remote:
        return [
            ("Snapshot", f"{address} ({settings.output.rstrip('/')}/latest.json names it)"),
            ("Report", f"{address}/report.html"),
            ("Read it", f"pl.read_parquet('{address}/articles/*.parquet')"),
        ]
    return [
        ("Snapshot", str(snapshot)),
        ("Report", str(snapshot / "report.html")),
        ("Read it", f"pl.read_parquet('{snapshot.parent.parent / 'latest'}/articles/*.parquet')"),
    ]


@contextmanager
def showing_progress(console: Console | None = None) -> Iterator[Callable[[str], None]]:
    """Show a bar a step while the run works; in a pipe or a log, a line when a step is done, and one a minute before.

    Gives a function that says, in a terminal, what the run waits for until its next step.
    """
    console = console or Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<32}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        waiting = bars.add_task("Starting", total=None)
        shown: dict[str, TaskID] = {}
        reached: dict[str, int] = {}
        estimate = Estimate()
        said = time.monotonic()

        def show(step: str, done: int, total: int) -> None:
            if done <= reached.get(step, -1):
                return  # done ahead, and found done by the engine that came later
            reached[step] = done
            bars.update(waiting, visible=False)
            if step not in shown:
                shown[step] = bars.add_task(STEPS[step].title, total=total)
            bars.update(shown[step], completed=done, total=total)
            left = estimate(step, done, total)
            if console.is_terminal:
                return
            nonlocal said
            if done == total:
                console.print(f"{STEPS[step].title}: {done} of {total}", highlight=False)
            elif left is not None and time.monotonic() - said >= SAID_EVERY_S:
                said = time.monotonic()
                console.print(f"{STEPS[step].title}: {done} of {total}, about {in_words(left)} left", highlight=False)

        def wait_for(what: str) -> None:
            bars.update(waiting, description=what, visible=True)

        with listening(show):
            yield wait_for


def describe_result(result: "RunResult", settings: Settings) -> dict[str, Any]:
    """What a run did, for `--json`: its end, where its results lie for readers, and its figures where it made any."""
    from flows.report.figures import summarise_run

    described: dict[str, Any] = {
        "status": result.status,
        "run_id": result.run_id,
        "headline": result.headline,
        "inputs": result.n_inputs,
        "snapshot": locate_snapshot(result.snapshot, settings),
        "report": str(result.report) if result.report else None,
    }
    if result.status == "published" and result.snapshot:
        figures = summarise_run(result.snapshot, result.run_id)
        described["figures"] = {
            name: value for name, value in vars(figures).items() if name.startswith("n_") and value is not None
        }
        described["breaches"] = [vars(breach) for breach in figures.breaches]
    return described


def locate_snapshot(snapshot: Path | None, settings: Settings) -> str | None:
    """Where readers find a snapshot: its folder, or its address on object storage."""
    if snapshot is None:
        return None
    return f"{settings.output.rstrip('/')}/runs/{snapshot.name}" if settings.is_remote else str(snapshot)


def show_result(
    result: "RunResult", settings: Settings, console: Console | None = None, *, is_in_ui: bool = True
) -> None:
    """Say what a run did, where its results lie and, if it is there, how to see it in the Prefect UI."""
    from flows.report.figures import summarise_run
    from flows.report.summary import print_summary

    console = console or Console()
    if result.n_steps_resumed:
        console.print(f"Went on with an interrupted run: {result.n_steps_resumed} of its steps were done.")
    if result.status == "nothing_new":
        latest = locate_snapshot(result.snapshot, settings) if settings.is_remote else settings.folder / "latest"
        console.print(Text(f"Nothing is new: all {result.n_inputs:,} inputs are in {latest}."), soft_wrap=True)
    elif result.status == "dry_run":
        console.print(Text(f"Dry run: nothing was published. The report is {result.report}."), soft_wrap=True)
    elif result.snapshot:
        print_summary(summarise_run(result.snapshot, result.run_id), _list_places(result.snapshot, settings), console)
    if is_in_ui:
        console.print(
            "Prefect   http://127.0.0.1:4200/runs after [bold]make ui[/] or [bold]copydesk ui[/]", highlight=False
        )
