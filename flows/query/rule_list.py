"""Every rule with what it did: takes the last snapshot, gives a table for the terminal.

Counts come from the snapshot's `removed_spans`, the precision from `flows/query/rule_precision.json`, which
`bench/quality/rules.py` measures on the development set: characters removed that were junk.
"""

import json
from importlib.resources import files
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from cleaners.junk import describe_rules
from flows.report.passages import one_line
from flows.store.snapshots import latest_snapshot


def print_rules(output: Path, console: Console | None = None) -> None:
    """Print each rule with its category, its count in the last snapshot, its precision and an example."""
    console = console or Console(highlight=False)
    counts = count_removals(output)
    measured = json.loads(files("flows.query").joinpath("rule_precision.json").read_text(encoding="utf-8"))
    console.print("[dim]passages  characters  precision  rule, category[/]")
    for rule in sorted(describe_rules(), key=lambda rule: (rule.category, rule.id)):
        n_passages, n_chars = counts.get(rule.id, (0, 0))
        precision = f"{measured[rule.id]['precision']:.3f}" if rule.id in measured else "-"
        console.print(f"{n_passages:>8,}  {n_chars:>10,}  {precision:>9}  [bold]{rule.id}[/], {rule.category}")
        example = f", e.g. {one_line(rule.examples[0], 80)}" if rule.examples else ""
        console.print(Padding(Text(rule.description.rstrip(".") + example, style="dim"), (0, 0, 0, 33)))
    console.print(
        "\npassages, characters: in the last snapshot. precision: share of the characters it removed from the "
        "development set that were junk (- where it removed none). All examples: docs/rules.md"
    )


def count_removals(output: Path) -> dict[str, tuple[int, int]]:
    """Passages and characters that each rule removed, over the last snapshot; nothing where there is none."""
    snapshot = latest_snapshot(output)
    if snapshot is None:
        return {}
    spans = pl.scan_parquet(snapshot.files("removed_spans"), glob=False)
    counted = spans.group_by("rule_id").agg(pl.len(), (pl.col("end") - pl.col("start")).sum().alias("chars")).collect()
    return {rule: (n, chars) for rule, n, chars in counted.select("rule_id", "len", "chars").iter_rows()}
