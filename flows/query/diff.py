"""Differences that a change of rules, code or inputs made: takes two snapshots, gives their differences by article."""

from typing import NamedTuple

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.store.snapshots import Snapshot

ARTICLE_KEYS = pl.Schema(
    {"article_id": pl.String, "text_sha256": pl.String, "source_uri": pl.String, "title": pl.String}
)
# Passages longer than this are shown by their beginning and end.
SHOWN_CHARS = 160


class ChangedArticle(NamedTuple):
    """An article whose text differs: passages removed only before, only after, each as (rule, text)."""

    article_id: str
    label: str
    cut_before: list[tuple[str, str]]
    cut_after: list[tuple[str, str]]


class SnapshotDiff(NamedTuple):
    """The differences of two snapshots.

    `rules` has a row a rule: rule_id, characters removed before and after. `changed` is sorted by article. `tables` counts
    rows of `clusters` and `name_flags` that only one of the two holds: (table, only before, only after).
    """

    before: str
    after: str
    n_same: int
    added: pl.DataFrame
    gone: pl.DataFrame
    changed: list[ChangedArticle]
    rules: pl.DataFrame
    tables: list[tuple[str, int, int]]


def compare_snapshots(before: Snapshot, after: Snapshot) -> SnapshotDiff:
    """Compare what two runs published.

    Args:
        before: the earlier snapshot.
        after: the later one.
    """
    left, right = (_articles(snapshot) for snapshot in (before, after))
    both = left.join(right, on="article_id", suffix="_after")
    different = both.filter(pl.col("text_sha256") != pl.col("text_sha256_after")).sort("article_id")
    return SnapshotDiff(
        before.run_id,
        after.run_id,
        both.height - different.height,
        right.join(left, on="article_id", how="anti").sort("source_uri"),
        left.join(right, on="article_id", how="anti").sort("source_uri"),
        _changes(before, after, different),
        _rules(before, after, both.select("article_id")),
        [
            _compare_rows(before, after, "clusters", ["article_id", "cluster_id", "is_canonical", "match"]),
            _compare_rows(before, after, "name_flags", ["article_id", "surface", "canonical", "kind"]),
        ],
    )


def print_diff(diff: SnapshotDiff, n_articles: int, console: Console | None = None) -> None:
    """Show the differences in the terminal.

    Args:
        diff: what `compare_snapshots` found.
        n_articles: changed articles to show with their passages.
        console: where to write; the terminal where none is given.
    """
    console = console or Console()
    console.print(Text(f"{diff.before}  ->  {diff.after}", style="bold"))
    console.print(
        f"Articles: {diff.n_same:,} unchanged, {len(diff.changed):,} with another text, "
        f"{diff.added.height:,} added, {diff.gone.height:,} gone."
    )
    for name, only_before, only_after in diff.tables:
        console.print(f"{name}: {only_before:,} rows only before, {only_after:,} only after.")
    moved = diff.rules.filter(pl.col("before") != pl.col("after"))
    if moved.height:
        table = Table("rule", "characters before", "after", "difference", title="Removed, in articles of both runs")
        for rule_id, old, new in moved.select("rule_id", "before", "after").iter_rows():
            table.add_row(rule_id, f"{old:,}", f"{new:,}", f"{new - old:+,}")
        console.print(table)
    for article in diff.changed[:n_articles]:
        console.print(Text(f"\n{article.article_id}  {article.label}", style="bold"))
        for sign, style, passages in (("-", "red", article.cut_after), ("+", "green", article.cut_before)):
            for rule_id, text in passages:
                console.print(Text(f"  {sign} [{rule_id}] {_shorten(text)}", style=style))
    if len(diff.changed) > n_articles:
        console.print(f"\n... and {len(diff.changed) - n_articles:,} more (--articles N shows N).")
    if diff.changed:
        console.print("\n- is no longer in the text, + is in it again.")


def _articles(snapshot: Snapshot) -> pl.DataFrame:
    return snapshot.scan("articles", ARTICLE_KEYS).select(ARTICLE_KEYS.names()).collect()


def _changes(before: Snapshot, after: Snapshot, different: pl.DataFrame) -> list[ChangedArticle]:
    cuts = []
    for snapshot, other in ((before, after), (after, before)):
        mine, theirs = (
            side.scan("removed_spans", pl.Schema())
            .join(different.lazy().select("article_id"), on="article_id", how="semi")
            .select("article_id", "start", "end", "rule_id", "text")
            for side in (snapshot, other)
        )
        alone = mine.join(theirs, on=["article_id", "start", "end"], how="anti").sort("article_id", "start").collect()
        by_article: dict[str, list[tuple[str, str]]] = {}
        for article_id, rule_id, text in alone.select("article_id", "rule_id", "text").iter_rows():
            by_article.setdefault(article_id, []).append((rule_id, text))
        cuts.append(by_article)
    return [
        ChangedArticle(article_id, title or source_uri, cuts[0].get(article_id, []), cuts[1].get(article_id, []))
        for article_id, title, source_uri in different.select("article_id", "title", "source_uri").iter_rows()
    ]


def _rules(before: Snapshot, after: Snapshot, both: pl.DataFrame) -> pl.DataFrame:
    """Characters that each rule removed from the articles that both snapshots hold."""
    sums = [
        snapshot.scan("removed_spans", pl.Schema())
        .join(both.lazy(), on="article_id", how="semi")
        .group_by("rule_id")
        .agg((pl.col("end") - pl.col("start")).sum().alias(name))
        .collect()
        for snapshot, name in ((before, "before"), (after, "after"))
    ]
    joined = sums[0].join(sums[1], on="rule_id", how="full", coalesce=True).fill_null(0)
    return joined.sort((pl.col("after") - pl.col("before")).abs(), "rule_id", descending=[True, False])


def _compare_rows(before: Snapshot, after: Snapshot, table: str, columns: list[str]) -> tuple[str, int, int]:
    left, right = (snapshot.scan(table, pl.Schema()).select(columns).unique().collect() for snapshot in (before, after))
    alone = [
        one.join(other, on=columns, how="anti", nulls_equal=True).height
        for one, other in ((left, right), (right, left))
    ]
    return table, alone[0], alone[1]


def _shorten(text: str) -> str:
    flat = " ".join(text.split())
    half = SHOWN_CHARS // 2
    return flat if len(flat) <= SHOWN_CHARS else f"{flat[:half]} ... {flat[-half:]}"
