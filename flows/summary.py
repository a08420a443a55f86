"""What a run did, in words: for the terminal after `copydesk run`, and for the Prefect UI's artifacts.

Takes `RunFigures`, gives Markdown, table rows or terminal lines; long lists end with how many more there are.
"""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.figures import NameFigures, RunFigures
from flows.passages import one_line

TOP = 10


def summary_rows(figures: RunFigures) -> list[dict[str, str | int]]:
    """The figures of a run as rows of a table artifact: what, how many, unit."""
    rows: list[tuple[str, int | None, str]] = [
        ("found", figures.n_found, "inputs"),
        ("new", figures.n_new, "inputs"),
        ("rejected", figures.n_rejected, "inputs or records"),
        ("cleaned", figures.n_main, "articles"),
        ("embedded", figures.n_embedded, "articles found inside others"),
        ("removed", figures.n_removed_chars, "characters"),
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
    parts = [
        f"# Run {_md(figures.run_id)}",
        "",
        _table(("figure", "value", "unit"), [tuple(r.values()) for r in summary_rows(figures)]),
    ]
    parts += ["", "## Removed", ""]
    removed = [(r.rule_id, r.category, r.n_passages, r.n_articles, r.n_chars) for r in figures.removals]
    parts.append(_table(("rule", "category", "passages", "articles", "characters"), removed))
    parts += ["", "## Repeated stories", ""]
    clusters = [(c.label, c.size, c.n_new, f"{c.least_similarity:.2f}") for c in figures.clusters]
    parts.append(_table(("canonical article", "articles", "of this run", "least similarity"), clusters))
    parts += ["", "## Names", ""]
    names = [
        (
            "error" if n.is_error else "variant",
            n.kind,
            n.surface,
            n.canonical,
            n.n_mentions,
            f"{n.confidence:.2f}",
            n.labels[0],
        )
        for n in figures.names
    ]
    parts.append(_table(("", "kind", "as written", "expected", "mentions", "confidence", "in"), names))
    parts += ["", "## Rejected", ""]
    parts.append(_table(("step", "reason", "inputs"), [(r.stage, r.reason, r.n_inputs) for r in figures.rejects]))
    broken = [gate for gate in figures.gates if gate.passed is False]
    if broken:
        parts += ["", "## Broken gates", ""]
        parts.append(
            _table(("step", "figure", "value"), [(g.stage, g.metric, f"{g.value:g} {g.unit}") for g in broken])
        )
    return "\n".join(parts) + "\n"


def print_summary(figures: RunFigures, snapshot: Path, console: Console) -> None:
    """Print what a run removed, matched, flagged and rejected, and where its results lie."""
    console.print(
        f"\n[bold]{figures.n_main} main and {figures.n_embedded} embedded articles[/] published, "
        f"{figures.n_rejected} inputs rejected, {figures.n_articles_in_snapshot} articles in the snapshot.\n",
        highlight=False,
    )
    _print_removed(figures, console)
    _print_matched(figures, console)
    _print_names(figures, console)
    if figures.rejects:
        table = _listing("Rejected", "step", "reason", "inputs")
        for reject in figures.rejects:
            table.add_row(reject.stage, reject.reason, str(reject.n_inputs))
        console.print(table)
    latest = snapshot.parent.parent / "latest"
    console.print(f"Snapshot  {snapshot}", highlight=False, soft_wrap=True)
    console.print(f"Report    {snapshot / 'report.html'}", highlight=False, soft_wrap=True)
    console.print(escape(f"Read it   pl.read_parquet('{latest}/articles/*.parquet')"), highlight=False, soft_wrap=True)


def _print_removed(figures: RunFigures, console: Console) -> None:
    if not figures.most_cut:
        console.print("Removed: nothing.\n")
        return
    title = f"Removed: {figures.n_removed_chars:,} characters from {figures.n_articles_cut} articles"
    table = _listing(title, "article", "characters", "by rule")
    for article in figures.most_cut[:TOP]:
        rules = ", ".join(f"{rule} {n:,}" for rule, n in article.removed_by_rule)
        embedded = " (embedded)" if article.origin == "embedded" else ""
        table.add_row(_text(article.label, 60) + embedded, f"{article.n_removed_chars:,}", escape(rules))
    _more(table, figures.n_articles_cut - min(TOP, len(figures.most_cut)))
    console.print(table)


def _print_matched(figures: RunFigures, console: Console) -> None:
    if not figures.clusters:
        console.print("Matched: no article is a near-duplicate of another.\n")
        return
    n = len(figures.clusters)
    title = f"Matched: {n} near-duplicate cluster{'s' if n > 1 else ''}, {figures.n_duplicates} duplicates"
    table = _listing(title, "canonical article", "articles", "exact copies", "least similarity")
    for cluster in figures.clusters[:TOP]:
        table.add_row(
            _text(cluster.label, 80), str(cluster.size), str(cluster.n_exact), f"{cluster.least_similarity:.2f}"
        )
    _more(table, n - min(TOP, n))
    console.print(table)


def _print_names(figures: RunFigures, console: Console) -> None:
    errors = [name for name in figures.names if name.is_error]
    if errors:
        title = f"Flagged: {figures.n_name_errors} name error{'s' if figures.n_name_errors > 1 else ''}"
        table = _listing(title, "as written", "expected", "kind", "confidence", "in")
        for name in errors[:TOP]:
            table.add_row(
                _text(name.surface, 40),
                _text(name.canonical, 40),
                name.kind,
                f"{name.confidence:.2f}",
                _text(name.labels[0], 50),
            )
        _more(table, len(errors) - min(TOP, len(errors)))
        console.print(table)
    else:
        console.print("Flagged: no name error.\n")
    variants: dict[str, list[NameFigures]] = {}
    for name in figures.names:
        if not name.is_error:
            variants.setdefault(name.canonical, []).append(name)
    if variants:
        table = _listing("Spelling variants and aliases", "as written", "stands for", "mentions")
        for canonical, group in list(variants.items())[:TOP]:
            table.add_row(
                _text(", ".join(name.surface for name in group), 80),
                _text(canonical, 40),
                str(sum(name.n_mentions for name in group)),
            )
        _more(table, len(variants) - min(TOP, len(variants)))
        console.print(table)


def _listing(title: str, *columns: str) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0), header_style="dim"
    )
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _more(table: Table, n: int) -> None:
    if n > 0:
        table.add_row(f"... and {n:,} more")
    table.add_row()


def _text(text: str, limit: int) -> str:
    """Text from an article on one line, where it can steer neither the terminal nor rich's markup."""
    return escape(one_line(text, limit))


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    if not rows:
        return "None."
    lines = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    lines += [f"| {' | '.join(_md(str(cell)) for cell in row)} |" for row in rows[: 5 * TOP]]
    if len(rows) > 5 * TOP:
        lines.append(f"\n... and {len(rows) - 5 * TOP} more.")
    return "\n".join(lines)


def _md(text: str) -> str:
    """Text that Markdown shows as it is: no markup, no HTML, no table cell of its own."""
    escaped = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{c}" if c in "\\`*_{}[]()#+!|~" else c for c in escaped)
