"""One document in the terminal: removed and suspected passages marked in place, then its names and its nearest matches.

Takes frames, prints with rich. Without colour (NO_COLOR, a pipe) a removed passage reads `[-text-]{rule .95}`, a suspected
one, which stays, `[?text?]{rule .45}`.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.report.passages import confidence_mark, list_passages, one_line, visible

STYLES = {
    "signup_banner": "blue",
    "related_article": "magenta",
    "top_stories_widget": "cyan",
    "caption_credit": "yellow",
    "share_ui": "green",
    "comments_ui": "green",
    "read_more_link": "bright_blue",
    "hashtags": "green",
    "cookie_notice": "red",
    "ad_marker": "red",
    "page_furniture": "green",
    "byline": "bright_black",
    "agency_credit": "bright_black",
}
NUMBERS = ("characters", "mentions", "similarity")


def show_document(
    *,
    articles: pl.DataFrame,
    removed_spans: pl.DataFrame,
    suspected_spans: pl.DataFrame,
    mentions: pl.DataFrame,
    flags: pl.DataFrame,
    matches: pl.DataFrame,
    console: Console | None = None,
) -> None:
    """Print a document and the articles salvaged from it.

    Args:
        articles: the cleaned articles, the document's own first.
        removed_spans: their removed spans.
        suspected_spans: their suspected spans.
        mentions: name mentions in them (`surface`, `canonical`, `entity`).
        flags: name flags on them.
        matches: the nearest earlier articles: article_id, title, site, containment, copy.
        console: where to print.
    """
    console = console or Console(highlight=False)
    for row in articles.iter_rows(named=True):
        spans = removed_spans.filter(article_id=row["article_id"]).to_dicts()
        suspected = suspected_spans.filter(article_id=row["article_id"]).to_dicts()
        _show_heading(row, console)
        # A terminal gets whole words in its width; a pipe gets the text's own lines.
        console.print(_mark(row["text"], spans, suspected), soft_wrap=not console.is_terminal)
        console.print()
        if spans:
            _show_removals(spans, console)
        if suspected:
            _show_suspected(suspected, console)
    _show_names(mentions, flags, console)
    _show_matches(matches, console)


def _show_heading(row: dict[str, Any], console: Console) -> None:
    origin = "Salvaged from it: " if row["origin"] == "embedded" else ""
    console.rule(style="dim")
    console.print(Text(f"{origin}{one_line(row['title'] or 'no title')}", style="bold"))
    named = [
        f"{label} {one_line(str(row[column]))}"
        for label, column in (
            ("site", "site"),
            ("agency", "agency"),
            ("published", "published_at"),
            ("language", "language"),
        )
        if row[column]
    ]
    counts = [f"{row['n_words']:,} words", f"{row['n_removed_chars']:,} characters removed"]
    console.print(Text(" · ".join([*named, *counts]), style="dim"))
    console.print()


def _mark(cleaned: str, spans: list[dict[str, Any]], suspected: list[dict[str, Any]]) -> Text:
    """The extracted text, its removed and suspected passages marked with rule and confidence."""
    shown = Text()
    for passage in list_passages(cleaned, spans, suspected):
        text = visible(passage.text)
        if passage.rule_id is None:
            shown.append(text)
            continue
        style = STYLES[passage.category or ""]
        before = text[: len(text) - len(text.lstrip())]
        after = text[len(before) :][len(text.strip()) :]
        shown.append(before)
        mark, effect = ("-", "strike") if passage.is_removed else ("?", "underline")
        shown.append(f"[{mark}{text.strip()}{mark}]", style=f"{style} {effect}")
        shown.append(f"{{{passage.rule_id} {confidence_mark(passage.confidence or 0.0)}}}", style=f"{style} bold")
        shown.append(after)
    return shown


def _show_removals(spans: list[dict[str, Any]], console: Console) -> None:
    totals: Counter[tuple[str, str]] = Counter()
    for span in spans:
        totals[span["rule_id"], span["category"]] += len(span["text"])
    rows = [
        (Text(rule_id, style=STYLES[category]), Text(category), Text(f"{n_chars:,}"))
        for (rule_id, category), n_chars in totals.most_common()
    ]
    _show_table("Removed", ("rule", "category", "characters"), rows, console)


def _show_suspected(suspected: list[dict[str, Any]], console: Console) -> None:
    rows = [
        (
            Text(span["rule_id"], style=STYLES[span["likely_category"]]),
            Text(span["likely_category"]),
            Text(f"{len(span['text']):,}"),
            Text(confidence_mark(span["confidence"])),
            Text(span["reason"]),
        )
        for span in suspected
    ]
    _show_table(
        "Suspected, kept in the text",
        ("rule", "likely category", "characters", "confidence", "why it stays"),
        rows,
        console,
    )


def _show_names(mentions: pl.DataFrame, flags: pl.DataFrame, console: Console) -> None:
    if mentions.is_empty():
        console.print("Names: none")
        console.print()
        return
    kinds = {row["flag_id"]: ("error: " if row["is_error"] else "") + row["kind"] for row in flags.to_dicts()}
    grouped = (
        mentions.group_by("entity", "canonical")
        .agg(pl.col("surface").unique().sort(), n=pl.len(), flag_ids=pl.col("flag_id").drop_nulls().unique())
        .sort(["entity", "n", "canonical"], descending=[True, True, False])
    )
    rows = [
        (
            Text(one_line(row["canonical"]), style="bold" if row["entity"] == "person" else ""),
            Text(one_line(", ".join(row["surface"]))),
            Text(str(row["n"])),
            Text(", ".join(sorted({kinds[flag_id] for flag_id in row["flag_ids"]}))),
        )
        for row in grouped.iter_rows(named=True)
    ]
    _show_table("Names", ("canonical", "as written", "mentions", "flags"), rows, console)


def _show_matches(matches: pl.DataFrame, console: Console) -> None:
    if matches.is_empty():
        console.print("Nearest articles: none in the snapshot")
        return
    rows = [
        (
            Text(f"{row['containment']:.2f}"),
            Text(f"{row['copy']:.2f}"),
            *(Text(one_line(row[key] or "")) for key in ("title", "site", "article_id")),
        )
        for row in matches.iter_rows(named=True)
    ]
    _show_table("Nearest articles", ("contained", "copy", "title", "site", "article"), rows, console)


def _show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Text]], console: Console) -> None:
    console.print(Text(title, style="bold"))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column, justify="right" if column in NUMBERS else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print()
