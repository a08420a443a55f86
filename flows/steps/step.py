"""The steps of a run: what each is called in the log, the UI and the terminal, and its share of the time."""

from typing import NamedTuple


class Step(NamedTuple):
    """One step of a run.

    `share` is its part of the time of a large run on text, in percent (docs/benchmarks.md). `is_repeatable` says that a failed
    one may be tried again: a worker that died, a file system that hiccuped.
    """

    name: str
    title: str
    share: float
    is_repeatable: bool = True


STEPS = {
    step.name: step
    for step in (
        Step("discover", "Looking for what is new", 2),
        Step("extract", "Reading and extracting", 14),
        Step("learn", "Learning what repeats", 5),
        Step("strip", "Stripping what is not the story", 60),
        Step("match", "Finding near-duplicates", 2),
        Step("names", "Checking names", 11),
        Step("assemble", "Checking contracts", 3),
        Step("report", "Writing the report", 2, is_repeatable=False),
        Step("gates", "Checking gates", 0, is_repeatable=False),
        Step("keep-report", "Keeping the report", 0, is_repeatable=False),
        Step("publish", "Publishing", 1, is_repeatable=False),
    )
}
