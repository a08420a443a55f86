"""The report of a run: one HTML page that loads nothing from the network.

Takes a published snapshot and a run id, gives the path of `report.html`. Shows what was found, removed, matched, flagged and
rejected; long lists are cut to a budget and say so. Article text is always escaped.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from cleaners.codes import NAME_FLAG_KINDS, REJECT_REASONS, UNITS
from flows.report import details
from flows.report.charts import list_steps, show_value, usual_value
from flows.report.figures import summarise_run
from flows.report.model import RunFigures
from flows.report.passages import confidence_mark, one_line, review_commands
from flows.report.trends import list_trends
from flows.store.files import write_bytes
from flows.store.rows import article_facts
from flows.store.snapshots import read_snapshot

MAX_SITES = 200
MAX_RULES = 200
MAX_GATES = 300


@dataclass(frozen=True)
class Card:
    """One of the figures at the top of the page."""

    label: str
    value: int
    is_bad: bool = False


@dataclass(frozen=True)
class Bar:
    """One run's bar in a trend; height of 48."""

    run_id: str
    height: float
    text: str


@dataclass(frozen=True)
class Trend:
    """A figure over the latest runs, oldest first; `usual` is the median of those before this one."""

    label: str
    bars: tuple[Bar, ...]
    now: str
    usual: str

    @property
    def text(self) -> str:
        """The bars in words."""
        return ", ".join(bar.text for bar in self.bars)


def write_report(snapshot: Path, run_id: str, destination: Path | None = None) -> Path:
    """Write the report of a run as one self-contained HTML file.

    Args:
        snapshot: folder of a published snapshot.
        run_id: the run to report on.
        destination: the file to write, `report.html` in the snapshot's folder by default.

    Returns:
        The path written. Below 3 MB whatever the run's size.

    Raises:
        CopydeskError: the folder is not a snapshot, or its tables do not belong together.
    """
    page = _render(snapshot, summarise_run(snapshot, run_id))
    path = destination or snapshot / "report.html"
    write_bytes(page.encode(), path)  # a reader must never open half a page
    return path


def _render(snapshot: Path, figures: RunFigures) -> str:
    facts = article_facts(snapshot, figures.run_id).collect(engine="streaming")
    articles = details.view_articles(snapshot, facts)
    stories = details.view_stories(snapshot, facts)
    copies = details.view_copies(snapshot, facts)
    names = details.view_names(snapshot, facts)
    replacements = details.view_replacements(snapshot, facts)
    suspected = details.view_suspected(snapshot, facts)
    style, script = _asset("report.css"), _asset("report.js")
    sites = {
        *(view.site for view in articles.items),
        *(site for view in stories.items for site in view.sites),
        *(site for view in copies.items for site in view.sites),
        *(site for view in names.items for site in view.sites),
        *(view.site for view in replacements.items),
        *(view.site for view in suspected.items),
    }
    gates = sorted(figures.gates, key=lambda gate: gate.passed is not False)
    return load_page().render(
        figures=figures,
        lede=_lede(figures),
        cards=_cards(figures),
        funnel=list_steps(figures),
        funnel_note=_funnel_note(figures),
        trends=_trends(figures),
        removals=details.Shown(figures.removals[:MAX_RULES], len(figures.removals)),
        articles=articles,
        stories=stories,
        copies=copies,
        names=names,
        replacements=replacements,
        suspected=suspected,
        rejects=details.view_rejects(snapshot, figures.run_id),
        health=details.view_health(snapshot, figures.run_id),
        health_titles=[metric.replace("_", " ") for metric in UNITS],
        removals_by_site=details.Shown(figures.removals_by_site[:MAX_SITES], len(figures.removals_by_site)),
        review_commands=review_commands(read_snapshot(snapshot).manifest.get("settings", {}).get("output")),
        sites=details.Shown(figures.sites[:MAX_SITES], len(figures.sites)),
        gates=details.Shown(tuple(gates[:MAX_GATES]), len(gates)),
        site_names=sorted(sites)[: 2 * MAX_SITES],
        rule_names=sorted(
            {rule for view in articles.items for rule in view.rules} | {view.rule_id for view in suspected.items}
        )[:MAX_RULES],
        shown_ids={view.article_id for view in articles.items},
        reject_reasons=REJECT_REASONS,
        name_kinds=NAME_FLAG_KINDS,
        most_compared_words=details.MAX_COMPARED_WORDS,
        version=metadata.version("copydesk"),
        style=Markup(style),  # noqa: S704 - the package's own file
        script=Markup(script),  # noqa: S704 - the package's own file
        style_digest=_digest(style),
        script_digest=_digest(script),
    )


@cache
def load_page() -> Template:
    """The template of the report, compiled: a tenth of a second, which a worker spends while it waits."""
    return _environment().from_string(_asset("report.html.j2"))


def _environment() -> Environment:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=False)
    environment.filters |= {
        "n": lambda value: f"{value:,}",
        "figure": _figure,
        "share": lambda value: f"{value:.0%}" if value < 0.995 or value == 1 else f"{value:.1%}",
        "words": lambda value: one_line(value, 100).replace("_", " "),
        "line": lambda value: one_line(value, 100),
        "json": lambda value: json.dumps(list(value), ensure_ascii=False),
        "confidence": confidence_mark,
    }
    return environment


def _asset(name: str) -> str:
    return resources.files("flows.report").joinpath("templates", name).read_text(encoding="utf-8")


def _digest(source: str) -> str:
    """The digest by which the page's policy allows an inline style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value.is_integer() else f"{value:,.3g}"


def _cards(figures: RunFigures) -> list[Card]:
    return [
        Card("articles published", figures.n_published),
        Card("characters removed", figures.n_removed_chars),
        Card("suspected passages", figures.n_suspected),
        Card("repeated articles", len(figures.clusters)),
        Card("name errors", figures.n_name_errors, is_bad=figures.n_name_errors > 0),
        Card("rejected", figures.n_rejected, is_bad=figures.n_rejected > 0),
    ]


def _trends(figures: RunFigures) -> list[Trend]:
    """A row of bars for each figure that more than one run recorded."""
    trends = []
    for trend in list_trends(figures.totals):
        if len(trend.points) < 2:
            continue
        values = [value for _, value in trend.points]
        top = max(values) or 1.0
        bars = tuple(
            Bar(run_id, round(46 * value / top, 1), show_value(value, trend.unit)) for run_id, value in trend.points
        )
        trends.append(Trend(trend.label, bars, show_value(values[-1], trend.unit), usual_value(trend)))
    return trends


def _funnel_note(figures: RunFigures) -> str:
    note = (
        "Embedded articles were found inside others and are published beside them; duplicates and flagged articles are "
        "published too, marked in their tables."
    )
    if figures.n_found is not None and figures.n_new is not None and figures.n_found > figures.n_new:
        note = f"Of the inputs found, {figures.n_found - figures.n_new:,} were known from earlier runs. {note}"
    return note


def _lede(figures: RunFigures) -> str:
    if not figures.n_published:
        lost = f" {_count(figures.n_rejected, 'input')} could not become articles." if figures.n_rejected else ""
        return f"This run published no new articles.{lost}{_open_flags(figures)}"
    embedded = f", {figures.n_embedded:,} of them found inside others" if figures.n_embedded else ""
    salvaged = (
        f", of which {figures.n_salvaged_chars:,} became articles of their own" if figures.n_salvaged_chars else ""
    )
    removed = (
        f"{_count(figures.n_removed_chars, 'character')} came out of {figures.n_articles_cut:,}{salvaged}."
        if figures.n_removed_chars
        else "Nothing was removed."
    )
    return (
        f"{_count(figures.n_published, 'article')} went out{embedded}. {removed} "
        f"{_count(len(figures.clusters), 'article').capitalize()} ran more than once, and "
        f"{_count(figures.n_name_errors, 'name')} of theirs {'looks' if figures.n_name_errors == 1 else 'look'} wrong."
        f"{_open_flags(figures)}"
    )


def _open_flags(figures: RunFigures) -> str:
    """What waits for an editor in the whole archive, this run's flags and those of earlier ones."""
    is_one = figures.n_open_flags == 1
    said = (
        f" In the whole archive {_count(figures.n_open_flags, 'flag')} {'waits' if is_one else 'wait'} for an editor."
    )
    return said if figures.n_open_flags else ""


def _count(n: int, noun: str, plural: str | None = None) -> str:
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}" if n else f"no {plural or noun + 's'}"
