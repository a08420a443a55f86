"""The steps of a run as data: what each is called in the log, the UI and the terminal, its share of the time, its code.

The order of the steps over the archive is theirs in `STEPS`; `flows/pipeline.py` says where they stand among the others.
"""

from collections.abc import Callable
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from flows.run import Run


class Step(NamedTuple):
    """One step of a run.

    Args:
        name: in the log, the UI, and the names of intermediate files.
        title: what the terminal says while it works.
        share: its part of the time of a large run on text, in percent (docs/benchmarks.md).
        is_repeatable: whether a failed one may be tried again: a worker that died, a file system that hiccuped.
        code: beginnings of the paths in `cleaners` of what it runs. A change there does the step again.
        work: of a step over the whole archive, `module:function`. The function takes the run and leaves intermediate files.
        waits_for: of such a step, those whose files it reads, where it need not wait for all that stand before it.
    """

    name: str
    title: str
    share: float
    is_repeatable: bool = True
    code: tuple[str, ...] = ()
    work: str = ""
    waits_for: tuple[str, ...] | None = None

    def load_work(self) -> "Callable[[Run], Any]":
        """Import the function of a step over the archive."""
        return cast("Callable[[Run], Any]", resolve_name(self.work))


EXTRACTION = ("extract/", "decoding.py", "text.py", "dates.py", "document.py", "rules/agencies.toml", "rules/block_pages.toml",
              "rules/junk_language.toml", "rules/page_blocks.toml", "rules/page_names.toml", "rules/zones.toml")  # fmt: skip

STEPS = {
    step.name: step
    for step in (
        Step("discover", "Looking for what is new", 2),
        Step("extract", "Reading and extracting", 11, code=EXTRACTION),
        Step("learn", "Learning what repeats", 3),
        Step("strip", "Stripping what is not the story", 46, code=("junk/", "rules/junk_", "codes.py", "document.py")),
        Step(
            "match",
            "Finding near-duplicates",
            3,
            code=("neardup/", "document.py"),
            work="flows.steps.match:match_archive",
        ),
        Step("divide", "Dividing by time", 1, work="flows.steps.parts:divide_articles"),
        Step("terms", "Reading terms of events", 4, work="flows.steps.terms:read_terms_of_archive"),
        Step("names", "Checking names", 15, code=("names/", "document.py"), work="flows.steps.names:judge_names"),
        Step(
            "stories",
            "Grouping by event",
            10,
            code=("stories/", "document.py"),
            work="flows.steps.stories:group_stories",
            waits_for=("terms",),
        ),
        Step("summaries", "Summing up stories", 0, work="flows.steps.summaries:sum_up_stories"),
        Step("assemble", "Checking contracts", 3),
        Step("report", "Writing the report", 1, is_repeatable=False),
        Step("gates", "Checking gates", 0, is_repeatable=False),
        Step("keep-report", "Keeping the report", 0, is_repeatable=False),
        Step("publish", "Publishing", 1, is_repeatable=False),
    )
}


def archive_steps() -> list[Step]:
    """The steps over the whole archive, in order; a step may be done beside one that it does not wait for."""
    return [step for step in STEPS.values() if step.work]
