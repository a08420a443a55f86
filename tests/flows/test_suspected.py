"""Suspected passages from the run to the reader: the table, the terminal, the report, the summary."""

import io
from pathlib import Path

import polars as pl
import pytest
from lxml import html
from rich.console import Console

from cleaners.errors import CopydeskError
from flows.query.show import show_document
from flows.report.artifacts import summary_rows
from flows.report.figures import summarise_run
from flows.report.page import write_report
from flows.report.passages import list_passages
from flows.report.summary import print_summary
from tests.conftest import read_tables
from tests.flows.snapshots import RUN_ID, article, cut, suspect, write_snapshot

pytestmark = pytest.mark.slow

GERMAN = (
    "Die Hafenbehörde hat am Dienstag beschlossen, den östlichen Kai neu zu bauen, der seit einem Sturm im März gesperrt ist. "
    "Die Fähre fährt bis zum Ende der Arbeiten vom Fischmarkt ab, sagte der Hafenmeister, als er die Presse traf.\n"
    "Sign up for our newsletter and get the latest news in your inbox.\n#hafen #sturm\n"
    "Die Stadt will nun auch die Mole erneuern lassen."
)


def snapshot(folder: Path, text: str = "One. Sign up now. Two is <b>odd</b>. Three.") -> Path:
    row = article("a", text, title="A story")
    spans = cut(row, ["Sign up now. "])
    return write_snapshot(
        folder, articles=[row], removed_spans=spans, suspected_spans=[suspect(row, "Two is <b>odd</b>.")]
    )


def test_a_run_publishes_them_with_offsets_of_the_published_text(tmp_path: Path, run_pipeline) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(GERMAN, encoding="utf-8")
    rules = {"cleaning": {"strip": {"use_learned_layer": False}}}
    run = run_pipeline([tmp_path / "in"], tmp_path / "out", **rules)
    tables = read_tables(tmp_path / "out" / "latest")
    (row,) = tables.suspected_spans.to_dicts()
    text = tables.articles["text"].item()
    assert "#hafen" not in text
    assert text[row["start"] : row["end"]] == row["text"] == GERMAN.split("\n")[1]
    assert (row["category"], row["likely_category"], row["run_id"]) == ("suspected", "signup_banner", run.run_id)
    summary = dict(tables.run_summary.select("metric", "value").iter_rows())
    assert summary["suspected_spans"] == 1
    assert summary["suspected_characters"] == len(row["text"])
    # A document that is cleaned again replaces its rows.
    loose = {"cleaning": {"strip": {"use_learned_layer": False, "lone_sentence_words": 44}}}
    assert run_pipeline([tmp_path / "in"], tmp_path / "out", "20260102T000000Z-0001", **loose) is not None
    assert read_tables(tmp_path / "out" / "latest").suspected_spans["run_id"].to_list() == ["20260102T000000Z-0001"]


def test_the_terminal_marks_them_otherwise_than_removals(tmp_path: Path) -> None:
    folder = snapshot(tmp_path / "s")
    frames = {
        name: pl.read_parquet(folder / name / "*.parquet")
        for name in ("articles", "removed_spans", "suspected_spans", "name_mentions", "name_flags")
    }
    out = io.StringIO()
    show_document(
        articles=frames["articles"],
        removed_spans=frames["removed_spans"],
        suspected_spans=frames["suspected_spans"],
        mentions=frames["name_mentions"],
        flags=frames["name_flags"],
        matches=pl.DataFrame(),
        console=Console(file=out, width=200),
    )
    shown = out.getvalue()
    assert "One. [-Sign up now.-]{signup-offer .95} [?Two is <b>odd</b>.?]{learned-related-article .45} Three." in shown
    assert "Suspected, kept in the text" in shown
    assert "too doubtful to cut" in shown


def test_the_report_lists_them_and_marks_them_in_place(tmp_path: Path) -> None:
    page = html.document_fromstring(write_report(snapshot(tmp_path / "s"), RUN_ID).read_text(encoding="utf-8"))
    section = " ".join(page.get_element_by_id("suspected").text_content().split())
    assert "1 passages in 1 articles" in section
    assert "Two is <b>odd</b>." in section
    assert "too doubtful to cut" in section
    (mark,) = page.xpath("//section[@id='articles']//mark[contains(@class, 'doubt')]")
    assert mark.text_content() == "Two is <b>odd</b>."
    assert "too doubtful to cut" in mark.get("title")
    assert not page.xpath("//section[@id='articles']//del[contains(., 'odd')]")
    assert page.xpath("//section[@id='articles']//del")[0].text_content() == "Sign up now."


def test_figures_and_summary_count_them(tmp_path: Path) -> None:
    folder = snapshot(tmp_path / "s")
    figures = summarise_run(folder, RUN_ID)
    assert (figures.n_suspected, figures.n_suspected_chars, figures.n_articles_suspected) == (1, 18, 1)
    assert {row["figure"]: row["value"] for row in summary_rows(figures)}["suspected"] == 1
    out = io.StringIO()
    print_summary(figures, (), Console(file=out, width=200))
    assert "Suspected, but kept: 1 passage, 18 characters, in 1 article" in out.getvalue()


def test_a_snapshot_without_the_table_still_reads(tmp_path: Path) -> None:
    folder = snapshot(tmp_path / "s")
    manifest = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(manifest.replace('"suspected_spans"', '"gone"'))
    assert summarise_run(folder, RUN_ID).n_suspected == 0


def test_passages_together_are_the_extracted_text() -> None:
    spans = [
        {
            "start": 4,
            "text": "ad ",
            "rule_id": "r",
            "category": "ad_marker",
            "confidence": 1.0,
            "salvaged_article_id": None,
        }
    ]
    doubt = {"rule_id": "d", "likely_category": "ad_marker", "confidence": 0.5, "reason": "why"}
    passages = list_passages("one two three", spans, [{"start": 4, "end": 7, "text": "two", **doubt}])
    assert [(p.text, p.is_removed, p.reason) for p in passages] == [
        ("one ", False, None),
        ("ad ", True, None),
        ("two", False, "why"),
        (" three", False, None),
    ]
    with pytest.raises(CopydeskError, match="suspected spans do not fit"):
        list_passages("one two three", spans, [{"start": 4, "end": 7, "text": "six", **doubt}])
