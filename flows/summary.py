"""What a run did, in words: for the terminal after `copydesk run`, and for the Prefect UI's artifacts.

Takes `RunFigures`, gives Markdown, table rows or terminal lines; long lists end with how many more there are.
"""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cleaners.schemas import NAME_FLAG_KINDS, REJECT_REASONS
from flows.figures import NameFigures, RunFigures
from flows.passages import confidence_mark, one_line

TOP = 10  # entries of a list in the terminal
MOST_ROWS = 50  # rows of a table in Markdown
MOST_RULES = 6  # rules named for one article

_MARKDOWN = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;"} | {character: f"\\{character}" for character in "\\`*_{}[]()#+!|~:.@"}
)


def summary_rows(figures: RunFigures) -> list[dict[str, str | int]]:
    """The figures of a run as rows of a table artifact: what, how many, unit."""
    rows: list[tuple[str, int | None, str]] = [
        ("found", figures.n_found, "inputs"),
        ("new", figures.n_new, "inputs"),
        ("rejected", figures.n_rejected, "inputs or records"),
        ("cleaned", figures.n_main, "articles"),
        ("embedded", figures.n_embedded, "articles found inside others"),
        ("removed", figures.n_removed_chars, "characters"),
        ("salvaged", figures.n_salvaged_chars, "of the removed characters, now articles of their own"),
        ("suspected", figures.n_suspected, "passages kept in the text, to look at"),
        ("repeated stories", len(figures.clusters), "clusters of two or more"),
        ("duplicates", figures.n_duplicates, "articles"),
        ("name errors", figures.n_name_errors, "flags"),
        ("name variants", figures.n_name_variants, "flags"),
        ("published", figures.n_published, "articles"),
        ("in the snapshot", figures.n_articles_in_snapshot, "articles"),
    ]
    return [{"figure": name, "value": value, "unit": unit} for name, value, unit in rows if value is not None]


def render_markdown(figures: RunFigures) -> str:
    """The report of a run as Markdown; text from articles is escaped, so that it stays text."""
    removed = [(r.rule_id, r.category, r.n_passages, r.n_articles, r.n_chars) for r in figures.removals]
    stories = [(c.label, c.size, c.n_new, f"{c.least_similarity:.2f}") for c in figures.clusters]
    names = [
        (
            "error" if n.is_error else "variant",
            n.kind,
            n.surface,
            n.canonical,
            n.n_mentions,
            f"{n.confidence:.2f}",
            n.label,
        )
        for n in figures.names
    ]
    rejected = [(r.stage, r.reason, r.n_inputs) for r in figures.rejects]
    broken = [(g.stage, g.metric, f"{g.value:g} {g.unit}") for g in figures.gates if g.passed is False]
    totals = [tuple(row.values()) for row in summary_rows(figures)]
    parts = [
        f"# Run {_as_markdown(figures.run_id)}",
        _markdown_table(("figure", "value", "unit"), totals),
        "## Removed",
        _markdown_table(("rule", "category", "passages", "articles", "characters"), removed),
        "## Repeated stories",
        _markdown_table(("canonical article", "articles", "of this run", "least similarity"), stories),
        "## Names",
        _markdown_table(("", "kind", "as written", "expected", "mentions", "confidence", "in"), names),
        "## Rejected",
        _markdown_table(("step", "reason", "inputs"), rejected),
    ]
    if figures.breaches:
        rows = [(b.site, b.metric, f"{b.value:.3g} {b.unit}", b.expected, b.advice) for b in figures.breaches]
        parts += ["## Sites that left their band", _markdown_table(("site", "figure", "seen", "expected", ""), rows)]
    if broken:
        parts += ["## Broken gates", _markdown_table(("step", "figure", "value"), broken)]
    return "\n\n".join(parts) + "\n"


def print_summary(figures: RunFigures, snapshot: Path, console: Console) -> None:
    """Print what a run removed, matched, flagged and rejected, and where its results lie.

    Args:
        figures: the figures of the run.
        snapshot: folder of its published snapshot.
        console: where to print.
    """
    counts = f"{figures.n_main:,} main and {figures.n_embedded:,} embedded articles published"
    rejected = f"{_count(figures.n_rejected, 'input')} rejected"
    console.print()
    console.print(Text.assemble((counts, "bold"), f", {rejected}; {figures.n_articles_in_snapshot:,} in the snapshot"))
    console.print()
    _print_removed(figures, console)
    _print_suspected(figures, console)
    _print_matched(figures, console)
    _print_errors(figures, console)
    _print_variants(figures, console)
    _print_rejects(figures, console)
    _print_breaches(figures, console)
    for name, value in (
        ("Snapshot", str(snapshot)),
        ("Report", str(snapshot / "report.html")),
        ("Read it", f"pl.read_parquet('{snapshot.parent.parent / 'latest'}/articles/*.parquet')"),
    ):
        console.print(Text(f"{name:<10}{value}"), soft_wrap=True)


def _print_removed(figures: RunFigures, console: Console) -> None:
    if not figures.n_removed_chars:
        _print_list("Removed: nothing", [], 0, console)
        return
    salvaged = f", {figures.n_salvaged_chars:,} of them salvaged as articles" if figures.n_salvaged_chars else ""
    entries = []
    for article in figures.most_cut[:TOP]:
        rules = [f"{rule} {n:,}" for rule, n in article.removed_by_rule[:MOST_RULES]]
        if len(article.removed_by_rule) > MOST_RULES:
            rules.append(_count(len(article.removed_by_rule) - MOST_RULES, "more rule"))
        embedded = " (embedded)" if article.origin == "embedded" else ""
        entries.append((f"{article.n_removed_chars:,}", one_line(article.label) + embedded, ", ".join(rules)))
    title = (
        f"Removed: {_count(figures.n_removed_chars, 'character')} from {_count(figures.n_articles_cut, 'article')}"
        f"{salvaged}"
    )
    _print_list(title, entries, figures.n_articles_cut, console)


def _print_suspected(figures: RunFigures, console: Console) -> None:
    if figures.n_suspected:
        title = (
            f"Suspected, but kept: {_count(figures.n_suspected, 'passage')}, {_count(figures.n_suspected_chars, 'character')}, "
            f"in {_count(figures.n_articles_suspected, 'article')}; they are in the report"
        )
        _print_list(title, [], 0, console)


def _print_matched(figures: RunFigures, console: Console) -> None:
    entries = [
        (
            f"{cluster.size:,}",
            one_line(cluster.label),
            (f"{_count(cluster.n_exact, 'exact copy', 'exact copies')}; " if cluster.n_exact else "")
            + f"least similarity {cluster.least_similarity:.2f}",
        )
        for cluster in figures.clusters[:TOP]
    ]
    n = len(figures.clusters)
    title = (
        f"Matched: {_count(n, 'near-duplicate cluster')}, {_count(figures.n_duplicates, 'article')} a copy of another"
        if n
        else "Matched: no article is a near-duplicate of another"
    )
    _print_list(title, entries, n, console)


def _print_errors(figures: RunFigures, console: Console) -> None:
    errors = [name for name in figures.names if name.is_error]
    entries = [
        (
            confidence_mark(name.confidence),
            f"{one_line(name.surface)}, expected {one_line(name.canonical)}",
            f"{name.kind}: {NAME_FLAG_KINDS[name.kind]}; in {one_line(name.label)}"
            + (f" and {name.n_articles - 1:,} more" if name.n_articles > 1 else ""),
        )
        for name in errors[:TOP]
    ]
    title = f"Flagged: {_count(figures.n_name_errors, 'name error')}" if errors else "Flagged: no name error"
    _print_list(title, entries, len(errors), console)


def _print_variants(figures: RunFigures, console: Console) -> None:
    variants: dict[str, list[NameFigures]] = {}
    for name in figures.names:
        if not name.is_error:
            variants.setdefault(name.canonical, []).append(name)
    entries = [
        (
            f"{sum(name.n_mentions for name in group):,}",
            one_line(canonical),
            f"written {one_line(', '.join(dict.fromkeys(name.surface for name in group)))}",
        )
        for canonical, group in list(variants.items())[:TOP]
    ]
    if entries:
        title = f"Also noted: {_count(figures.n_name_variants, 'spelling variant or alias', 'spelling variants and aliases')}"
        _print_list(title, entries, len(variants), console)


def _print_rejects(figures: RunFigures, console: Console) -> None:
    entries = [
        (f"{reject.n_inputs:,}", f"{reject.reason} ({reject.stage})", REJECT_REASONS[reject.reason])
        for reject in figures.rejects[:TOP]
    ]
    if entries:
        title = f"Rejected: {_count(figures.n_rejected, 'input or record', 'inputs or records')}"
        _print_list(title, entries, len(figures.rejects), console)


def _print_breaches(figures: RunFigures, console: Console) -> None:
    entries = [
        (f"{breach.value:.3g}", f"{one_line(breach.site)}: {breach.metric}, expected {breach.expected}", breach.advice)
        for breach in figures.breaches[:TOP]
    ]
    if entries:
        title = f"Look here: {_count(len(figures.breaches), 'figure')} of a site left the band of its earlier runs"
        _print_list(title, entries, len(figures.breaches), console)


def _print_list(title: str, entries: Sequence[tuple[str, str, str]], total: int, console: Console) -> None:
    """A heading, then each entry with its figure before it and its explanation on a line of its own."""
    console.print(Text(title, style="bold"))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True, min_width=8)
    table.add_column()
    for figure, what, why in entries:
        table.add_row(figure, Text.assemble(what, "\n", (why, "dim")))
    if total > len(entries):
        table.add_row("", f"and {total - len(entries):,} more, in the report")
    if table.row_count:
        console.print(table)
    console.print()


def _count(n: int, noun: str, plural: str | None = None) -> str:
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def _markdown_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    if not rows:
        return "None."
    lines = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    lines += [f"| {' | '.join(_as_markdown(str(cell)) for cell in row)} |" for row in rows[:MOST_ROWS]]
    if len(rows) > MOST_ROWS:
        lines.append(f"\nShowing {MOST_ROWS} of {len(rows):,}.")
    return "\n".join(lines)


def _as_markdown(text: str) -> str:
    """Text that Markdown shows as it is: no markup, no HTML, no link, no table cell of its own."""
    return one_line(text).translate(_MARKDOWN)
