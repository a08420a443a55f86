"""Summary of a run in words, for the terminal after `copydesk run`.

Takes `RunFigures`, prints lines; long lists end with how many more there are.
"""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cleaners.codes import NAME_FLAG_KINDS, REJECT_REASONS
from flows.report.model import NameFigures, RunFigures
from flows.report.passages import confidence_mark, one_line

TOP = 10  # entries of a list in the terminal
MAX_RULES = 6  # rules named for one article


def print_summary(figures: RunFigures, places: Sequence[tuple[str, str]], console: Console) -> None:
    """Print what a run removed, matched, flagged and rejected, and where its results lie.

    Args:
        figures: the figures of the run.
        places: what lies where, for its readers.
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
    for name, value in places:
        console.print(Text(f"{name:<10}{value}"), soft_wrap=True)


def _print_removed(figures: RunFigures, console: Console) -> None:
    if not figures.n_removed_chars:
        _print_list("Removed: nothing", [], 0, console)
        return
    salvaged = f", {figures.n_salvaged_chars:,} of them salvaged as articles" if figures.n_salvaged_chars else ""
    entries = []
    for article in figures.most_cut[:TOP]:
        rules = [f"{rule} {n:,}" for rule, n in article.removed_by_rule[:MAX_RULES]]
        if len(article.removed_by_rule) > MAX_RULES:
            rules.append(_count(len(article.removed_by_rule) - MAX_RULES, "more rule"))
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
    if figures.n_open_flags:
        title += f"; {_count(figures.n_open_flags, 'flag')} of the whole archive open (copydesk desk)"
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
