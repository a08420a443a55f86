"""One document in the terminal: removed passages marked in place, then its names and its nearest matches.

Takes frames, prints with rich. Without colour (NO_COLOR, a pipe) a removed passage reads `[-text-]{rule .95}`.
"""

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.passages import confidence_mark, one_line, restore, visible

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
    "byline": "bright_black",
    "agency_credit": "bright_black",
}


def show_document(
    *,
    articles: pl.DataFrame,
    removed_spans: pl.DataFrame,
    mentions: pl.DataFrame,
    flags: pl.DataFrame,
    matches: pl.DataFrame,
    console: Console | None = None,
) -> None:
    """Print a document and the articles salvaged from it.

    Args:
        articles: the cleaned articles, the document's own first.
        removed_spans: their removed spans.
        mentions: name mentions in them (`surface`, `canonical`, `entity`).
        flags: name flags on them.
        matches: the nearest earlier articles: article_id, title, site, similarity.
        console: where to print.
    """
    console = console or Console(highlight=False)
    for row in articles.iter_rows(named=True):
        spans = removed_spans.filter(article_id=row["article_id"]).to_dicts()
        _show_heading(row, console)
        console.print(_mark(row["text"], spans), soft_wrap=True)
        console.print()
        if spans:
            console.print(_list_removals(spans))
    _show_names(mentions, flags, console)
    if matches.height:
        table = _listing("Nearest articles", "similarity", "title", "site", "article")
        for match in matches.iter_rows(named=True):
            similarity = f"{match['similarity']:.2f}"
            table.add_row(
                similarity, *(Text(one_line(match[name] or "", 90)) for name in ("title", "site", "article_id"))
            )
        console.print(table)
    else:
        console.print("Nearest articles: none in the snapshot.")


def _show_heading(row: dict[str, object], console: Console) -> None:
    named = [
        f"{label} {one_line(str(row[key]))}"
        for label, key in (
            ("site", "site"),
            ("agency", "agency"),
            ("published", "published_at"),
            ("language", "language"),
        )
        if row.get(key)
    ]
    origin = "Salvaged from it: " if row["origin"] == "embedded" else ""
    console.rule(Text(f"{origin}{one_line(str(row['title'] or 'no title'), 100)}"), align="left")
    removed = f"{row['n_removed_chars']:,} characters removed"
    console.print(Text(" · ".join([*named, f"{row['n_words']:,} words", removed]), style="dim"))
    console.print()


def _mark(cleaned: str, spans: list[dict[str, object]]) -> Text:
    """The extracted text, its removed passages marked with rule and confidence."""
    shown = Text()
    for passage in restore(cleaned, spans):
        text = visible(passage.text)
        if passage.rule_id is None:
            shown.append(text)
            continue
        style = STYLES.get(passage.category or "", "red")
        before = text[: len(text) - len(text.lstrip())]
        after = text[len(text.rstrip()) :]
        mark = f"{{{passage.rule_id} {confidence_mark(passage.confidence or 0.0)}}}"
        shown.append(before)
        shown.append(f"[-{text.strip()}-]", style=f"{style} strike")
        shown.append(mark, style=f"{style} bold")
        shown.append(after)
    return shown


def _list_removals(spans: list[dict[str, object]]) -> Table:
    totals: dict[tuple[str, str], int] = {}
    for span in spans:
        key = (str(span["rule_id"]), str(span["category"]))
        totals[key] = totals.get(key, 0) + len(str(span["text"]))
    table = _listing("Removed", "rule", "category", "characters")
    for (rule_id, category), n_chars in sorted(totals.items(), key=lambda item: -item[1]):
        table.add_row(Text(rule_id, style=STYLES.get(category, "red")), category, f"{n_chars:,}")
    return table


def _show_names(mentions: pl.DataFrame, flags: pl.DataFrame, console: Console) -> None:
    if mentions.is_empty():
        console.print("Names: none.\n")
        return
    flag_of = {row["flag_id"]: row for row in flags.iter_rows(named=True)}
    grouped = (
        mentions.group_by("entity", "canonical")
        .agg(pl.col("surface").unique().sort(), n=pl.len(), flag_ids=pl.col("flag_id").drop_nulls().unique())
        .sort(["entity", "n", "canonical"], descending=[True, True, False])
    )
    table = _listing("Names", "canonical", "as written", "mentions", "flags")
    for row in grouped.iter_rows(named=True):
        kinds = sorted(
            {
                ("error: " if flag_of[f]["is_error"] else "") + flag_of[f]["kind"]
                for f in row["flag_ids"]
                if f in flag_of
            }
        )
        table.add_row(
            Text(one_line(row["canonical"], 60), style="bold" if row["entity"] == "person" else ""),
            Text(one_line(", ".join(row["surface"]), 80)),
            str(row["n"]),
            ", ".join(kinds),
        )
    console.print(table)


def _listing(title: str, *columns: str) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0), header_style="dim"
    )
    for column in columns:
        table.add_column(column, overflow="fold")
    table.add_section()
    return table
