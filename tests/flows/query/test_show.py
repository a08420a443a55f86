"""One document in the terminal: every removal is marked where it stood, and no text steers the terminal."""

from __future__ import annotations

import io
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cleaners.codes import JUNK_CATEGORIES
from cleaners.errors import CopydeskError
from cleaners.junk import splice
from cleaners.schemas import TABLES
from flows.query.inspect import inspect_file
from flows.query.show import STYLES, show_document
from flows.report.passages import confidence_mark, list_passages, one_line, visible
from flows.settings import Settings
from tests.conftest import SEEDS, Tables
from tests.flows.snapshots import article, cut, flag, mention

HIDDEN = ["\x1b", "\x07", "\x7f", "\x9b", "\u200b", "\u200e", "\u202e", "\u2066", "\ufeff", "\u2028"]
MATCHES = {
    "article_id": pl.String,
    "title": pl.String,
    "site": pl.String,
    "containment": pl.Float64,
    "copy": pl.Float64,
}


def frame(table: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=TABLES[table].create_empty().schema)


def show(tables: dict[str, pl.DataFrame], matches: list[dict[str, object]] | None = None, **console: object) -> str:
    out = io.StringIO()
    show_document(
        articles=tables["articles"],
        removed_spans=tables["removed_spans"],
        suspected_spans=tables.get("suspected_spans", frame("suspected_spans", [])),
        mentions=tables["name_mentions"],
        flags=tables["name_flags"],
        matches=pl.DataFrame(matches or [], schema=MATCHES),
        console=Console(file=out, highlight=False, **({"width": 100} | console)),
    )
    return out.getvalue()


def show_seed(seed_tables: Tables, number: str, **console: object) -> str:
    mine = seed_tables.articles.filter(pl.col("source_uri").str.contains(f"/{number}_")).sort("origin", descending=True)
    ids = mine["article_id"].implode()
    rows = {
        name: getattr(seed_tables, name).filter(pl.col("article_id").is_in(ids))
        for name in ("removed_spans", "name_mentions", "name_flags")
    }
    return show({"articles": mine, **rows}, **console)


def hostile(text: str) -> str:
    """A document whose every field is that text."""
    row = article("evil", f"Before. {text} {text} after.", title=text, site=text, agency=text)
    spans = cut(row, [f" {text}"])
    error = flag(row, text, text, is_error=True)
    tables = {
        "articles": frame("articles", [row]),
        "removed_spans": frame("removed_spans", spans),
        "name_mentions": frame("name_mentions", [mention(row, text, text, error["flag_id"])]),
        "name_flags": frame("name_flags", [error]),
    }
    match = {"article_id": row["article_id"], "title": text, "site": text, "containment": 0.5, "copy": 0.25}
    return show(tables, [match], width=400)


def test_without_colour_a_removal_is_marked_with_rule_and_confidence(seed_tables: Tables) -> None:
    text = show_seed(seed_tables, "003")
    assert re.search(r"\[-Read: .*Nvidia.*-\]\{read-more-line \.\d\d\}\n", text)
    assert "[-Ft-]{byline-outlet" in show_seed(seed_tables, "001")
    assert "[-" not in show_seed(seed_tables, "000")
    assert "\x1b" not in text


def test_every_removal_of_a_document_and_its_salvaged_articles_is_shown(seed_tables: Tables) -> None:
    text = show_seed(seed_tables, "002")
    spans = seed_tables.removed_spans.join(
        seed_tables.articles.filter(pl.col("source_uri").str.contains("/002_")), on="article_id", how="semi"
    )
    marks = [f"{{{rule} {confidence_mark(sure)}}}" for rule, sure in spans.select("rule_id", "confidence").iter_rows()]
    assert sorted(re.findall(r"(?<=-\])\{[^}]+\}", text)) == sorted(marks)
    assert text.count("Salvaged from it: ") == 3
    for rule_id, n_chars in (
        spans.group_by("article_id", "rule_id")
        .agg((pl.col("end") - pl.col("start")).sum())
        .select("rule_id", "end")
        .iter_rows()
    ):
        assert re.search(rf"{rule_id} +\w+ +{n_chars:,} ", text)


def test_names_and_their_flags_are_listed(seed_tables: Tables) -> None:
    text = show_seed(seed_tables, "004")
    assert re.search(r"Howard Lutnick +Lutnick, Robert Lutnick +3 +error: wrong_given", text)
    assert re.search(r"Nvidia +NVIDIA +4 +alias", text)


def test_names_are_compared_with_the_snapshot(
    seed_tables: Tables, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    [file] = SEEDS.glob("004_*")
    expected = r"Howard Lutnick +Lutnick, Robert Lutnick +3 +error: wrong_given"
    inspect_file(file, Settings(output=str(seed_tables.snapshot.parent)))
    assert re.search(expected, capsys.readouterr().out)
    inspect_file(file, Settings(output=str(tmp_path)))
    alone = capsys.readouterr().out
    assert not re.search(expected, alone)
    assert "Robert Lutnick" in alone


def test_a_terminal_wraps_at_words_a_pipe_keeps_the_lines(seed_tables: Tables) -> None:
    terminal = show_seed(seed_tables, "000", width=60, force_terminal=True, color_system="truecolor")
    bare = re.sub(r"\x1b\[[0-9;]*m", "", terminal)
    assert max(map(len, bare.splitlines())) <= 60
    piped = show_seed(seed_tables, "000", width=60)
    text = seed_tables.articles.filter(pl.col("source_uri").str.contains("/000_"))["text"].item()
    assert text in piped


def test_colours_mark_the_kind_of_junk(seed_tables: Tables) -> None:
    assert set(STYLES) == set(JUNK_CATEGORIES)
    text = show_seed(seed_tables, "003", force_terminal=True, color_system="standard")
    assert re.search(r"\x1b\[9;94m\[-Read: ", text)  # struck out, bright blue
    plain = show_seed(seed_tables, "003", force_terminal=True, no_color=True)
    assert "[-Read: " in re.sub(r"\x1b\[[0-9;]*m", "", plain)
    assert "94m" not in plain


@pytest.mark.parametrize("character", HIDDEN, ids=ascii)
def test_hidden_characters_are_made_visible(character: str) -> None:
    text = hostile(f"ab{character}[31mcd")
    assert character not in text
    assert text.count(f"ab{visible(character)}[31mcd") >= 6


def test_markup_stays_text() -> None:
    text = hostile("[red]loud[/red] [link=http://evil.example]x[/link] [/]")
    assert text.count("[red]loud[/red] [link=http://evil.example]x[/link] [/]") >= 6


def test_nearest_articles_and_none() -> None:
    row = article("n", "A story.", title="A story")
    tables = {name: frame(name, []) for name in ("removed_spans", "name_mentions", "name_flags")}
    tables["articles"] = frame("articles", [row])
    assert "Names: none" in show(tables)
    assert "Nearest articles: none" in show(tables)
    near = {
        "article_id": row["article_id"],
        "title": None,
        "site": "a.example",
        "containment": 0.875,
        "copy": 0.75,
    }
    assert re.search(rf"0\.88 +0\.75 +a\.example +{row['article_id']}", show(tables, [near]))


@given(
    st.text(max_size=60),
    st.lists(st.integers(0, 60), min_size=2, max_size=8, unique=True),
)
def test_passages_are_the_extracted_text(extracted: str, bounds: list[int]) -> None:
    edges = sorted({min(bound, len(extracted)) for bound in bounds})
    extents = [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=False) if start < end]
    spans = [
        {
            "start": start,
            "end": end,
            "text": extracted[start:end],
            "rule_id": f"rule-{start}",
            "category": "byline",
            "confidence": 0.5,
            "salvaged_article_id": None,
        }
        for start, end in extents
    ]
    passages = list_passages(splice(extracted, extents), reversed(spans))
    assert "".join(passage.text for passage in passages) == extracted
    assert [passage.rule_id for passage in passages if passage.rule_id] == [span["rule_id"] for span in spans]
    assert all(passage.text for passage in passages)


def test_spans_of_another_article_are_refused() -> None:
    row = article("one", "A short story. Sign up")
    spans = cut(row, ["Sign up"])
    with pytest.raises(CopydeskError, match="do not fit"):
        list_passages("A", spans)


def test_one_line_is_short_and_visible() -> None:
    assert one_line("a\n b\t\x1b[1m c") == "a b ␛[1m c"
    assert one_line("word " * 100, 20) == "word word word word…"
    assert [confidence_mark(sure) for sure in (0.5, 0.949, 0.994, 0.9951, 1.0)] == [".50", ".95", ".99", "1.0", "1.0"]
