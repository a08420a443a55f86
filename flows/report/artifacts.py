"""Artifacts of a run in the Prefect UI, each under a key of its own, so that the UI keeps its history from run to run.

Takes `RunFigures`, gives Markdown and table rows. Text from articles is escaped, so that it stays text; long lists are cut
and say so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cleaners.codes import NAME_FLAG_KINDS, REJECT_REASONS
from flows.report.charts import draw_funnel, draw_trends, list_steps
from flows.report.model import RunFigures
from flows.report.passages import one_line, review_commands
from flows.report.trends import RunTotals

MAX_ROWS = 50  # rows of a table
MAX_RULES = 3  # rules named for one site
COMPARED_RUNS = 4  # columns of the funnel's table
CELL_CHARS = 160

_MARKDOWN = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;"} | {character: f"\\{character}" for character in "\\`*_{}[]()#+!|~:.@"}
)
_TOTALS = ("found", "new", "rejected", "cleaned", "embedded", "duplicates", "flagged", "published")


@dataclass(frozen=True)
class MarkdownArtifact:
    """One page of a run in the UI."""

    key: str
    description: str
    markdown: str


def list_artifacts(figures: RunFigures, output: str) -> list[MarkdownArtifact]:
    """The Markdown artifacts of a run.

    Args:
        figures: the figures of the run.
        output: the output folder or address, for the commands that are shown.
    """
    pages = [
        ("copydesk-funnel", "From inputs to published articles, and the runs before", _funnel(figures)),
        ("copydesk-removals", "Removed, by rule and by site", _removals(figures)),
        ("copydesk-clusters", "Articles that ran more than once", _clusters(figures)),
        ("copydesk-names", "Open name flags, and how to decide them", _names(figures, output)),
        ("copydesk-health", "Rejects, sites out of their band, broken gates", _health(figures)),
    ]
    run_id = _as_markdown(figures.run_id)
    return [MarkdownArtifact(key, f"{title}: run {run_id}", text) for key, title, text in pages]


def summary_rows(figures: RunFigures) -> list[dict[str, str | int]]:
    """The figures of a run as rows of a table artifact: what, how many, unit, and the run before where it recorded them."""
    before = figures.totals[-2] if len(figures.totals) > 1 else None
    rows: list[tuple[str, int | None, str]] = [
        ("found", figures.n_found, "inputs"),
        ("new", figures.n_new, "inputs"),
        ("rejected", figures.n_rejected, "inputs or records"),
        ("cleaned", figures.n_main, "articles"),
        ("embedded", figures.n_embedded, "articles found inside others"),
        ("removed", figures.n_removed_chars, "characters"),
        ("salvaged", figures.n_salvaged_chars, "of the removed characters, now articles of their own"),
        ("suspected", figures.n_suspected, "passages kept in the text, to look at"),
        ("repeated articles", len(figures.clusters), "clusters of two or more"),
        ("duplicates", figures.n_duplicates, "articles"),
        ("flagged", figures.n_articles_flagged, "articles with a name error"),
        ("name errors", figures.n_name_errors, "flags"),
        ("name variants", figures.n_name_variants, "flags"),
        ("published", figures.n_published, "articles"),
        ("in the snapshot", figures.n_articles_in_snapshot, "articles"),
    ]
    return [
        {"figure": name, "value": value, "unit": unit, "run before": _of(before, name)}
        for name, value, unit in rows
        if value is not None
    ]


def _of(totals: RunTotals | None, name: str) -> str | int:
    value = getattr(totals, name, None) if totals else None
    return "" if value is None else int(value)


def _funnel(figures: RunFigures) -> str:
    steps = list_steps(figures)
    words = ", ".join(f"{step.label} {step.value:,}" for step in steps)
    parts = [f"![{words}]({draw_funnel(figures)})"]
    trends = draw_trends(figures)
    if trends:
        parts += ["## Over the latest runs", f"![Bars of each figure, the table below has their values]({trends})"]
    shown = figures.totals[-COMPARED_RUNS:][::-1]
    rows = [(name, *(_of(run, name) for run in shown)) for name in _TOTALS]
    shares = ("" if run.removed_share is None else f"{run.removed_share:.1%}" for run in shown)
    columns = ["", *(_as_markdown(run.run_id.replace("T", " ").partition("Z")[0]) for run in shown)]
    return "\n\n".join([*parts, _table(columns, [*rows, ("removed", *shares)])]) + "\n"


def _removals(figures: RunFigures) -> str:
    by_rule = [(r.rule_id, r.category, r.n_passages, r.n_articles, r.n_chars) for r in figures.removals]
    by_site = [
        (
            r.site,
            r.n_passages,
            r.n_articles,
            r.n_chars,
            ", ".join(f"{rule} {n:,}" for rule, n in r.by_rule[:MAX_RULES])
            + (f" and {len(r.by_rule) - MAX_RULES} more" if len(r.by_rule) > MAX_RULES else ""),
        )
        for r in figures.removals_by_site
    ]
    return _page(
        ("By rule", _table(("rule", "category", "passages", "articles", "characters"), by_rule)),
        ("By site", _table(("site", "passages", "articles", "characters", "characters by rule"), by_site)),
    )


def _clusters(figures: RunFigures) -> str:
    rows = [(c.size, c.n_new, c.n_exact, f"{c.least_similarity:.2f}", c.label) for c in figures.clusters]
    columns = ("articles", "of this run", "exact copies", "least alike", "canonical article")
    return _page(
        (f"Articles of this run that ran more than once: {len(rows):,}", _table(columns, rows)),
        (
            "Side by side",
            "The report, linked by the artifact `copydesk-report`, marks what differs between the copies.",
        ),
    )


def _names(figures: RunFigures, output: str) -> str:
    def rows(is_error: bool) -> list[tuple[object, ...]]:
        return [
            (
                name.surface,
                name.canonical,
                name.kind,
                name.n_mentions,
                name.n_articles,
                f"{name.confidence:.2f}",
                name.label,
            )
            for name in figures.names
            if name.is_error is is_error
        ]

    columns = ("as written", "expected", "kind", "mentions", "articles", "confidence", "first in")
    kinds = [(kind, NAME_FLAG_KINDS[kind]) for kind in dict.fromkeys(name.kind for name in figures.names)]
    decide = (
        f"{figures.n_open_flags:,} open in the whole archive. At the desk (`copydesk desk`; `copydesk serve` shows it too), "
        "or in a file: write it, fill in its column `decision`, read it back; the next run honours it.\n\n"
        f"{_as_code(review_commands(output))}"
    )
    return _page(
        ("Open errors", _table(columns, rows(True))),
        ("To decide them", decide),
        ("Other spellings, not errors", _table(columns, rows(False))),
        ("The kinds", _table(("kind", "what it means"), kinds)),
    )


def _health(figures: RunFigures) -> str:
    rejected = [(r.stage, r.reason, r.n_inputs, REJECT_REASONS.get(r.reason, "")) for r in figures.rejects]
    sites = [(b.site, b.metric, f"{b.value:.3g} {b.unit}", b.expected, b.advice) for b in figures.breaches]
    broken = [(g.stage, g.metric, f"{g.value:g} {g.unit}") for g in figures.gates if g.passed is False]
    return _page(
        ("Broken gates", _table(("step", "figure", "value"), broken)),
        (
            "Sites that left the band of their earlier runs",
            _table(("site", "figure", "seen", "expected", "what to do"), sites),
        ),
        ("Rejected", _table(("step", "reason", "inputs", "what it means"), rejected)),
    )


def _as_code(lines: str) -> str:
    return "\n".join(f"    {line}" for line in lines.splitlines())


def _page(*sections: tuple[str, str]) -> str:
    return "\n\n".join(f"## {title}\n\n{text}" for title, text in sections) + "\n"


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    if not rows:
        return "None."
    lines = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    lines += [f"| {' | '.join(_as_markdown(_cell(value)) for value in row)} |" for row in rows[:MAX_ROWS]]
    if len(rows) > MAX_ROWS:
        lines.append(f"\nShowing {MAX_ROWS} of {len(rows):,}.")
    return "\n".join(lines)


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _as_markdown(text: str) -> str:
    """Text that Markdown shows as it is: no markup, no HTML, no link, no table cell of its own."""
    return one_line(text, CELL_CHARS).translate(_MARKDOWN)
