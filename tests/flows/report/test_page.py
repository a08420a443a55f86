"""Contents of the report, and what it must never do: load, run or hide anything."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import time
from collections import Counter
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import html

from cleaners.document import make_id
from cleaners.errors import CopydeskError
from cleaners.junk import restore
from flows.report.page import write_report
from tests.conftest import Tables
from tests.flows.snapshots import (
    RUN_ID,
    Row,
    article,
    cluster,
    cut,
    flag,
    gate,
    mention,
    reject,
    story,
    summary_of,
    write_snapshot,
)

pytestmark = pytest.mark.slow

VOID = {"meta", "link", "input", "br", "hr", "img"}
HOSTILE = [
    "<script>alert(1)</script>",
    "</textarea></details></style><h1>owned</h1>",
    "{{ 7 * 7 }}{% for x in y %}",
    "<a href='javascript:alert(1)'>javascript:alert(1)</a>",
    "&lt;b&gt; &amp; \"quoted\" 'words' |",
    "pay \u202e001$ \u2066to\u2069 the bearer",
    "bell \x07 and escape \x1b[31m",
]


def read_page(path: Path) -> html.HtmlElement:
    return html.document_fromstring(path.read_text(encoding="utf-8"))


def pick(node: html.HtmlElement, tag: str = "*", kind: str | None = None) -> list[html.HtmlElement]:
    """The elements within a node of that tag and class, in order."""
    return [
        each for each in node.iterdescendants(tag) if isinstance(each.tag, str) and (not kind or kind in each.classes)
    ]


def section(page: html.HtmlElement, name: str) -> html.HtmlElement:
    return page.get_element_by_id(name)


def words_of(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def article_text(item: html.HtmlElement, *, with_removed: bool) -> str:
    """The text of an article as the page holds it, the page's own words taken away."""
    [text] = pick(item, "div", "text")
    unwanted = [*pick(text, "span", "tag"), *pick(text, "summary"), *pick(text, "span", "salvaged")]
    for node in unwanted if with_removed else [*unwanted, *pick(text, "del")]:
        node.drop_tree()
    return "".join(text.text_content().split())


@pytest.fixture(scope="module")
def seed_page(seed_tables: Tables, tmp_path_factory: pytest.TempPathFactory) -> html.HtmlElement:
    snapshot = seed_tables.snapshot.resolve()
    return read_page(write_report(snapshot, snapshot.name, tmp_path_factory.mktemp("page") / "report.html"))


def test_tags_are_balanced_and_ids_are_unique(seed_tables: Tables) -> None:
    class Balance(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []
            self.ids: Counter[str] = Counter()

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.ids.update(value for name, value in attrs if name == "id" and value)
            if tag not in VOID:
                self.open.append(tag)

        def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.ids.update(value for name, value in attrs if name == "id" and value)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag, self.getpos()

    balance = Balance()
    balance.feed((seed_tables.snapshot / "report.html").read_text(encoding="utf-8"))
    assert balance.open == []
    assert [name for name, n in balance.ids.items() if n > 1] == []


def test_nothing_is_loaded_and_the_policy_allows_the_pages_own_script_alone(seed_page: html.HtmlElement) -> None:
    loaders = {"img", "iframe", "object", "embed", "audio", "video", "base"}
    for node in pick(seed_page):
        assert node.tag not in loaders
        assert not [
            name for name in node.attrib if name in ("src", "srcset", "style", "action") or name.startswith("on")
        ]
    assert [link.get("href") for link in pick(seed_page, "link")] == ["data:,"]
    [style], [script] = pick(seed_page, "style"), pick(seed_page, "script")
    assert not re.search(r"url\(|@import|@font-face|https?:", style.text + script.text)
    [policy] = [node for node in pick(seed_page, "meta") if node.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.get("content").split(";"))
    assert rules["default-src"] == "'none'"
    for name, element in (("style-src", style), ("script-src", script)):
        digest = base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()
        assert rules[name] == f"'sha256-{digest}'"


def test_the_seeds_before_and_after_are_whole(seed_tables: Tables, seed_page: html.HtmlElement) -> None:
    for row in seed_tables.articles.iter_rows(named=True):
        spans = seed_tables.removed_spans.filter(article_id=row["article_id"]).sort("start").to_dicts()
        extracted = restore(row["text"], [(span["start"], span["text"]) for span in spans])
        name = f"a-{row['article_id']}"
        for text, with_removed in ((extracted, True), (row["text"], False)):
            copy = html.fromstring(html.tostring(seed_page.get_element_by_id(name)))
            assert article_text(copy, with_removed=with_removed) == "".join(text.split())


def test_every_removed_passage_is_marked_with_rule_confidence_and_category(
    seed_tables: Tables, seed_page: html.HtmlElement
) -> None:
    for article_id, spans in seed_tables.removed_spans.sort("article_id", "start").group_by("article_id"):
        item = seed_page.get_element_by_id(f"a-{article_id[0]}")
        marks = [
            (tag.text_content().removeprefix("removed by ").split(" ")[0], passage.get("class"))
            for tag, passage in zip(pick(item, "span", "tag"), pick(item, "del"), strict=True)
        ]
        rows = spans.sort("start").iter_rows(named=True)
        assert marks == [(row["rule_id"], f"c-{row['category']}") for row in rows]


def test_the_seeds_show_what_the_design_expects(seed_page: html.HtmlElement) -> None:
    [chart] = pick(seed_page, "svg", "funnel")
    values = [node for node in pick(chart, "text") if "value" in node.classes]
    labels = [node for node in pick(chart, "text") if node not in values]
    bars = {label.text: value.text for label, value in zip(labels, values, strict=True)}
    assert bars == {
        "inputs found": "5",
        "new": "5",
        "rejected": "0",
        "cleaned": "5",
        "embedded": "3",
        "duplicates": "1",
        "flagged": "1",
        "published": "8",
    }
    [story] = pick(section(seed_page, "copies"), kind="item")
    change = words_of(pick(pick(story, "ul", "changes")[0], "li")[0])
    assert {"Zelensky", "Zelenskiy"} <= set(change.split())
    assert {mark.text_content().strip(" .,") for mark in pick(story, "mark")} == {"Zelensky", "Zelenskiy"}
    error = pick(section(seed_page, "names"), kind="item")[0]
    assert words_of(pick(error, "h3")[0]) == "Robert Lutnick → should be Howard Lutnick"
    written, evidence = pick(error, "div", "pair")[0]
    assert [mark.text for mark in pick(written, "mark")] == ["Robert Lutnick"]
    assert {mark.text for mark in pick(evidence, "mark")} == {"Howard Lutnick"}


def test_the_seeds_tell_two_stories(seed_page: html.HtmlElement) -> None:
    embedded, main = pick(section(seed_page, "stories"), kind="item")  # the embedded ones name a paper
    assert words_of(pick(main, "h3")[0]) == "China urges firms to avoid Nvidia H20 chips after Trump resumes sales"
    assert len(pick(main, "li")) == 5
    assert [words_of(note) for note in pick(embedded, "li") for note in pick(note, kind="soft")] == ["first", "copy"]


def test_a_story_has_a_timeline_of_papers_and_events(tmp_path: Path) -> None:
    old = article("old", "The trial opened.", title="Trial opens", site="one.example", run_id="20260201T060000Z-0001")
    new = article("new", "The judge spoke.", title="Judge speaks", site="two.example")
    alone = article("alone", "A choir sang.", title="Choir sings", site="two.example")
    days = [datetime(2026, 2, 1, 6, tzinfo=UTC), datetime(2026, 2, 9, 18, 30, tzinfo=UTC)]
    snapshot = write_snapshot(
        tmp_path / "run",
        articles=[old, new, alone],
        clusters=[row for each in (old, new, alone) for row in cluster([each])],
        stories=story([old, new], days) + story([alone], days),
        story_summary=[summary_of([old, new], days, people=["Karel Dvorsky"]), summary_of([alone], days[:1])],
    )
    [item] = pick(section(read_page(write_report(snapshot, RUN_ID)), "stories"), kind="item")
    assert json.loads(item.get("data-sites")) == ["one.example", "two.example"]
    meta = [words_of(part) for part in pick(pick(item, "summary")[0], "span")]
    assert meta == ["2 papers", "2 reports", "within 9 days", "2 events"]
    assert [words_of(line) for line in pick(item, "li")] == [
        "2026-02-01 06:00 one.example Trial opens first, earlier run",
        "2026-02-09 18:30 two.example Judge speaks",
    ]
    assert "Karel Dvorsky" in words_of(item)


def test_every_replacement_of_the_seeds_is_listed_with_its_reason(
    seed_tables: Tables, seed_page: html.HtmlElement
) -> None:
    listed: Counter[tuple[str, str, str]] = Counter()
    for row in pick(section(seed_page, "replacements"), "tr", "item"):
        written, normalised, why, _, n_places = [words_of(cell) for cell in pick(row, "td")]
        listed[(written, normalised, why)] += int(n_places)
    deciders = {"authority": "the authority file", "other texts": "the other texts"}
    columns = ("surface", "replacement", "kind", "decided_by")
    expected = Counter(
        (surface, replacement, f"{kind}, by {deciders[decided_by]}")
        for surface, replacement, kind, decided_by in seed_tables.name_replacements.select(columns).iter_rows()
    )
    assert listed == expected
    assert listed[("Zelensky", "Zelenskyy", "transliteration, by the authority file")] >= 1


def test_a_replaced_name_is_escaped_counted_by_article_and_an_editors_comes_first(tmp_path: Path) -> None:
    rows = [
        article("a", "Jon <b>Doe met Jon <b>Doe and Xi Lo.", title="Alpha"),
        article("b", "Xi Lo spoke.", title="Beta"),
    ]

    def replacement(row: Row, start: int, surface: str, new: str, decided_by: str) -> Row:
        return {
            "article_id": row["article_id"],
            "start": start,
            "end": start + len(surface),
            "surface": surface,
            "replacement": new,
            "kind": "misspelling",
            "decided_by": decided_by,
            "flag_id": make_id(row["article_id"], str(start)),
        }

    found = [
        replacement(rows[0], 0, "Jon <b>Doe", "John Doe", "authority"),
        replacement(rows[0], 15, "Jon <b>Doe", "John Doe", "authority"),
        replacement(rows[1], 0, "Xi Lo", "Xi Luo", "editor"),
    ]
    page = read_page(write_report(write_snapshot(tmp_path / "s", articles=rows, name_replacements=found), RUN_ID))
    shown = [[words_of(cell) for cell in pick(row, "td")] for row in pick(section(page, "replacements"), "tr", "item")]
    assert shown == [
        ["Xi Lo", "Xi Luo", "misspelling, by an editor", "Beta(no site)", "1"],
        ["Jon <b>Doe", "John Doe", "misspelling, by the authority file", "Alpha(no site)", "2"],
    ]


def test_landmarks_headings_and_tables_speak_to_a_screen_reader(seed_page: html.HtmlElement) -> None:
    assert seed_page.get("lang") == "en"
    for landmark in ("header", "nav", "main", "footer"):
        assert pick(seed_page, landmark), landmark
    assert [node.get("aria-label") for node in pick(seed_page) if node.get("role") == "search"] == [
        "Filter the lists below"
    ]
    levels = [int(node.tag[1]) for node in seed_page.iter("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))
    for region in pick(seed_page, "section"):
        assert seed_page.get_element_by_id(region.get("aria-labelledby")).text_content()
    for table in pick(seed_page, "table"):
        assert pick(table, "caption") or table.getparent().get("aria-label")
        assert all(cell.get("scope") in ("col", "row") for cell in pick(table, "th"))
    for control in [*pick(seed_page, "input"), *pick(seed_page, "select")]:
        assert next(control.iterancestors("label"), None) is not None
    for link in pick(seed_page, "a"):
        assert link.get("href")[0] != "#" or seed_page.get_element_by_id(link.get("href")[1:]) is not None


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_stays_text(tmp_path: Path, hostile: str) -> None:
    row = article("evil", f"{hostile}\nThe story of Wrong Name.\n{hostile}", title=hostile, url="javascript:alert(1)")
    other = article("twin", f"{hostile}\nThe story of Right Name.", title=hostile, site=hostile)
    spans = cut(row, [hostile])
    wrong = flag(row, "Wrong Name", hostile, is_error=True, evidence={hostile: [hostile]})
    snapshot = write_snapshot(
        tmp_path / "snapshot",
        articles=[row, other],
        removed_spans=spans,
        clusters=cluster([row, other]),
        name_flags=[wrong],
        name_mentions=[mention(row, "Wrong Name", hostile, wrong["flag_id"])],
        rejects=[reject(hostile, hostile)],
    )
    path = write_report(snapshot, RUN_ID)
    page, source = read_page(path), path.read_text(encoding="utf-8")
    assert [len(pick(page, tag)) for tag in ("script", "h1", "textarea", "img", "b")] == [1, 1, 0, 0, 0]
    assert all(link.get("href").startswith("#") for link in pick(page, "a"))
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f]", source)
    shown = re.sub("[\u202e\u2066\u2069\x07\x1b]", "", hostile)
    removed = re.sub(r"⟦U\+[0-9A-F]{4}⟧|[␇␛]", "", pick(page, "del")[0].text_content())
    assert removed == shown


def test_rows_of_earlier_runs_are_not_shown(tmp_path: Path) -> None:
    old = article("old", "Yesterday's story ran here.", title="Yesterday", run_id="20260201T060000Z-0001")
    new = article("new", "Today's story ran here.", title="Today")
    rejects = [reject("landing/old.png", "old", run_id="20260201T060000Z-0001"), reject("landing/new.png", "new")]
    page = read_page(write_report(write_snapshot(tmp_path / "snapshot", articles=[old, new], rejects=rejects), RUN_ID))
    assert [node.text for node in pick(section(page, "articles"), "h3")] == ["Today"]
    assert "landing/old.png" not in page.text_content()
    assert "The snapshot now holds 2 articles" in words_of(page)


def test_a_run_that_brought_nothing_says_so(tmp_path: Path) -> None:
    page = read_page(write_report(write_snapshot(tmp_path / "snapshot"), RUN_ID))
    assert "This run published no new articles." in words_of(page)


def test_broken_bounds_come_first(tmp_path: Path) -> None:
    gates = [gate("a", "kept", 1, upper=2.0, passed=True), gate("b", "broken", 3, upper=2.0, passed=False)]
    page = read_page(write_report(write_snapshot(tmp_path / "snapshot", run_summary=gates), RUN_ID))
    rows = [[cell.text_content() for cell in row] for row in pick(pick(section(page, "figures"), "tbody")[0], "tr")]
    assert rows == [["b", "broken", "3", "inputs", "", "2", "no"], ["a", "kept", "1", "inputs", "", "2", "yes"]]


def test_spans_of_another_article_are_an_error(tmp_path: Path) -> None:
    row = article("short", "A short story with junk in it.")
    [span] = cut(row, ["with junk "])
    snapshot = write_snapshot(
        tmp_path / "snapshot", articles=[row], removed_spans=[span | {"start": 5000, "end": 5010}]
    )
    with pytest.raises(CopydeskError, match=row["article_id"]):
        write_report(snapshot, RUN_ID)


def test_a_folder_that_is_no_snapshot_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CopydeskError, match="not a snapshot"):
        write_report(tmp_path, RUN_ID)


@pytest.mark.parametrize("alphabet", ["etaoinshrdlu\"&<'", "报道新闻记者政府经济"])
def test_ten_thousand_articles_stay_below_three_megabytes(tmp_path: Path, alphabet: str) -> None:
    begin = time.process_time()
    path = write_report(_large_snapshot(tmp_path / "snapshot", alphabet), RUN_ID)
    assert time.process_time() - begin < 30
    assert path.stat().st_size < 3_000_000
    page = read_page(path)
    for name in ("articles", "copies", "names", "rejects"):
        items = len(pick(section(page, name), kind="item"))
        [said] = [words_of(line) for line in pick(pick(section(page, name), "header")[0], "p", "soft")]
        shown, total = map(int, re.match(r"Showing ([\d,]+) of ([\d,]+)", said.replace(",", "")).groups())
        assert 10 <= items == shown < total


def _large_snapshot(folder: Path, alphabet: str) -> Path:
    """10,000 articles, half of them cut, 500 clusters of eight copies, a flag and a reject each."""
    pick = random.Random(7)
    words = ["".join(pick.choices(alphabet, k=pick.randint(2, 9))) for _ in range(3000)]

    def text(n: int) -> str:
        return " ".join(pick.choices(words, k=n))

    tables: dict[str, list[Row]] = {
        name: [] for name in ("articles", "removed_spans", "clusters", "name_flags", "name_mentions", "rejects")
    }
    for number in range(10_000):
        junk = [f"J{number}a {text(30)}\n", f"J{number}b {text(80 if number % 50 else 1500)}\n"]
        row = article(
            f"n{number}",
            f"{text(80)} Wrong{number} {text(40)}\n{junk[0]}{text(60)}\n{junk[1]}{text(30)}",
            title=text(12),
            site=f"{number % 900}.example",
        )
        if number % 2:
            tables["removed_spans"] += cut(row, junk, rule_id=f"rule-{number % 300}")
        evidence = {"articles": [make_id("n1")], "why": text(300)}
        wrong = flag(row, f"Wrong{number}", f"Right{number % 3000}", is_error=number % 3 == 0, evidence=evidence)
        tables["articles"].append(row)
        tables["name_flags"].append(wrong)
        tables["name_mentions"].append(mention(row, wrong["surface"], wrong["canonical"], wrong["flag_id"]))
        tables["rejects"].append(reject(f"landing/{text(40)}/{number}", text(80)))
    for first in range(0, 4000, 8):
        tables["clusters"] += cluster(tables["articles"][first : first + 8])
    return write_snapshot(folder, **tables)
