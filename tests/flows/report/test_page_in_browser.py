"""The report in a real browser: Debian's Chromium, headless, one for all tests of the module.

A page of ours holds the report in a frame of the wanted width, and a check runs inside it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from bench.pictures.browser import Browser, find_chromium, open_browser
from flows.report.page import write_report
from tests.conftest import Tables
from tests.flows.snapshots import RUN_ID, article, cluster, cut, flag, reject, write_snapshot

pytestmark = pytest.mark.slow

HARNESS = """<!doctype html><meta charset="utf-8"><title>harness</title>
<iframe id="frame" width="{width}" height="800"></iframe>
<script>
const frame = document.getElementById("frame");
const page_of_frame = new Promise((done) => frame.addEventListener("load", () => done(frame.contentDocument)));
frame.src = "{page}";
</script>"""

# A check in the frame: `page` is the document there.
CHECK = """page_of_frame.then(async (page) => {{
  const wait = () => new Promise((done) => setTimeout(done, 50));
  {check}
}})"""

# State from which every check of the filters starts.
FILTERS = """
const form = page.querySelector(".filters form");
const shown = (id) => [...page.querySelectorAll(`#${id} .item`)].filter((item) => item.checkVisibility()).length;
const set = async (name, value) => {
  form.elements[name].value = value;
  form.elements[name].dispatchEvent(new Event("input", { bubbles: true }));
  await wait();
};
"""

Evaluate = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if find_chromium():
        # A page from the disk may look into another one.
        with open_browser("--allow-file-access-from-files") as opened:
            yield opened
        return
    message = "Chromium is not installed (apt-get install chromium), so the report was not opened in a browser."
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture
def evaluate(browser: Browser, tmp_path: Path) -> Iterator[Evaluate]:
    """Open a page in a frame, run a script in it, give what the script returns; the console must stay silent."""

    def evaluate_in_page(page: Path, check: str, *, scheme: str = "light", width: int = 1280) -> Any:
        harness = tmp_path / "harness.html"
        harness.write_text(HARNESS.format(width=width, page=page.as_uri()), encoding="utf-8")
        browser.scheme(scheme)
        browser.open("about:blank")
        browser.open(harness.as_uri(), "document.title == 'harness' && document.readyState == 'complete'")
        return browser.evaluate(CHECK.format(check=check))

    browser.console.clear()
    yield evaluate_in_page
    assert browser.console == []


@pytest.fixture(scope="module")
def seed_report(seed_tables: Tables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    snapshot = seed_tables.snapshot.resolve()
    return write_report(snapshot, snapshot.name, tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture
def long_report(tmp_path: Path) -> Path:
    """Thirty articles of two sites, half of them cut, with words and names that do not break."""
    rows, spans = [], []
    for number in range(30):
        text = f"The council of district {number} met on Monday.\nSubscribe to our letter\n{'unbroken' * 60}"
        row = article(
            f"n{number}", text, site="one.example" if number % 3 else "two.example", title=f"District {number}"
        )
        spans += cut(row, ["Subscribe to our letter\n"]) if number % 2 else []
        rows.append(row)
    rows[0]["title"] = "Headline" * 40
    names = [flag(rows[4], "council", "Council" * 30, is_error=True)]
    snapshot = write_snapshot(
        tmp_path / "snapshot",
        articles=rows,
        removed_spans=spans,
        clusters=cluster(rows[:3]),
        name_flags=names,
        rejects=[reject(f"landing/{'deep/' * 40}picture.html", "the bytes of a picture " * 10)],
    )
    return write_report(snapshot, RUN_ID)


def test_the_page_loads_and_pages_its_lists(evaluate: Evaluate, long_report: Path) -> None:
    seen = evaluate(
        long_report,
        FILTERS
        + """
        const button = page.querySelector("#articles .more button"), first = [shown("articles"), button.textContent];
        button.click();
        return [first, shown("articles"), button.checkVisibility(), page.activeElement.tagName];
        """,
    )
    assert seen == [[20, "Show 10 more of 10"], 30, False, "SUMMARY"]


def test_filters_by_site_rule_and_text(evaluate: Evaluate, long_report: Path) -> None:
    seen = evaluate(
        long_report,
        FILTERS
        + """
        const seen = {};
        await set("site", "two.example"); seen.site = [shown("articles"), shown("copies"), shown("names")];
        await set("rule", "signup-offer"); seen.both = shown("articles");
        await set("site", ""); seen.rule = shown("articles");
        await set("rule", ""); await set("text", "DISTRICT 17"); seen.text = shown("articles");
        seen.count = form.querySelector(".count").textContent;
        await set("text", "no such words"); seen.none = [shown("articles"), shown("rejects")];
        form.reset(); await wait(); seen.cleared = [shown("articles"), shown("rejects")];
        return seen;
        """,
    )
    assert seen["site"] == [10, 1, 0]
    assert seen["both"] == 5
    assert seen["rule"] == 15
    assert seen["text"] == 1
    assert seen["count"].startswith("Matching: 0 stories, 1 articles")
    assert seen["none"] == [0, 0]
    assert seen["cleared"] == [20, 1]


def test_as_published_hides_what_was_removed(evaluate: Evaluate, seed_report: Path) -> None:
    seen = evaluate(
        seed_report,
        """
        const cuts = [...page.querySelectorAll("details[open] .text del")], visible = () => cuts.filter((cut) => cut.checkVisibility()).length;
        const before = visible(); page.getElementById("after").click();
        return [cuts.length, before, visible()];
        """,
    )
    assert seen[0] > 0
    assert seen == [seen[0], seen[0], 0]


def test_a_link_opens_the_article_it_names(evaluate: Evaluate, long_report: Path) -> None:
    seen = evaluate(
        long_report,
        """
        const hidden = [...page.querySelectorAll("#articles .item")].at(-1), before = hidden.checkVisibility();
        frame.contentWindow.location.hash = hidden.id; await wait();
        return [before, hidden.checkVisibility(), hidden.open];
        """,
    )
    assert seen == [False, True, True]


@pytest.mark.parametrize("width", [375, 768, 1280])
def test_nothing_overflows_sideways(evaluate: Evaluate, long_report: Path, seed_report: Path, width: int) -> None:
    check = """
        for (const fold of page.querySelectorAll("details")) fold.open = true;
        const root = page.documentElement;
        return [root.scrollWidth, root.clientWidth];
    """
    for page in (long_report, seed_report):
        content, room = evaluate(page, check, width=width)
        assert content <= room == width


def test_dark_and_light_have_contrast(evaluate: Evaluate, seed_report: Path) -> None:
    # WCAG 2: text needs 4.5 to its background. A canvas turns any CSS colour into red, green and blue.
    check = """
        for (const fold of page.querySelectorAll("details")) fold.open = true;
        const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
        const rgba = (colour) => { pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); return [...pen.getImageData(0, 0, 1, 1).data]; };
        const light = (rgb) => { const [r, g, b] = rgb.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
          return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const style = (node) => frame.contentWindow.getComputedStyle(node);
        const ground = (node) => { for (; node; node = node.parentElement) { const back = rgba(style(node).backgroundColor); if (back[3] === 255) return back; } return rgba("white"); };
        const poor = {};
        let checked = 0;
        for (const node of page.body.querySelectorAll("*")) {
          if (![...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()) || !node.checkVisibility()) continue;
          const ink = node instanceof frame.contentWindow.SVGElement ? style(node).fill : style(node).color;
          const [a, b] = [light(rgba(ink).slice(0, 3)), light(ground(node).slice(0, 3))];
          const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
          checked += 1;
          if (ratio < 4.5) poor[`${node.tagName}.${node.className}`] = ratio;
        }
        return { checked, poor, paper: light(rgba(style(page.body).backgroundColor).slice(0, 3)) };
    """
    for scheme, is_dark in (("light", False), ("dark", True)):
        seen = evaluate(seed_report, check, scheme=scheme)
        assert seen["poor"] == {}
        assert seen["checked"] > 100
        assert (seen["paper"] < 0.1) is is_dark


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_accessibility_check_finds_nothing(
    browser: Browser, seed_report: Path, long_report: Path, scheme: str
) -> None:
    # Deque's axe-core: landmarks, headings, tables' headers, names and roles, contrast.
    axe = resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    check = """axe.run(document).then((seen) => [
        seen.violations.map((rule) => [rule.id, rule.nodes.length, rule.nodes[0].html]), seen.passes.length])"""
    browser.console.clear()
    browser.requested.clear()
    try:
        for page, width in ((seed_report, 1280), (long_report, 375)):
            browser.size(width, 900, is_phone=width < 500)
            browser.scheme(scheme)
            browser.open(page.as_uri())
            browser.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true;")
            browser.evaluate(f"{axe};undefined")
            violations, n_passed = browser.evaluate(check)
            assert violations == []
            assert n_passed > 30
    finally:
        browser.call("Emulation.clearDeviceMetricsOverride")
    assert browser.console == []
    assert all(address.startswith(("file:", "data:")) for address in browser.requested)


def test_the_commands_of_the_review_can_be_copied(evaluate: Evaluate, seed_report: Path, seed_tables: Tables) -> None:
    check = """
        const box = page.querySelector("#names .commands"), button = box.querySelector("button");
        const before = button.textContent; button.click(); await wait(); await wait();
        return [box.querySelector("pre").textContent, before, button.textContent];
    """
    commands, before, after = evaluate(seed_report, check)
    output = seed_tables.snapshot.parent
    assert (
        commands == f"copydesk review flags.csv --output {output}\ncopydesk review flags.csv --take --output {output}"
    )
    assert before == "Copy"
    assert after in {"Copied", "Selected"}


def test_tables_of_text_are_cards_on_a_phone(evaluate: Evaluate, long_report: Path) -> None:
    check = """
        const cell = page.querySelector("#rejects tbody td"), row = cell.parentElement, style = frame.contentWindow.getComputedStyle;
        return [style(row).display, style(cell, "::before").content, row.getAttribute("role"), cell.getAttribute("role")];
    """
    assert evaluate(long_report, check, width=375) == ["block", '"Step: "', "row", "cell"]
    assert evaluate(long_report, check, width=1280)[0] == "table-row"


def test_hostile_text_runs_nothing(evaluate: Evaluate, tmp_path: Path) -> None:
    evil = "<script>top.document.title='owned'</script><img src=x onerror=\"top.document.title='owned'\">"
    row = article("evil", f"{evil}\nA story.\n{evil}", title=evil, site=f'"{evil}', url="javascript:alert(1)")
    spans = cut(row, [evil])
    snapshot = write_snapshot(
        tmp_path / "snapshot",
        articles=[row],
        removed_spans=spans,
        name_flags=[flag(row, "A story", evil, is_error=True, evidence={evil: evil})],
        rejects=[reject(f"landing/{evil}", evil)],
    )
    check = FILTERS + (
        'await set("site", form.elements.site.options[1].value);'
        'return [shown("articles"), page.images.length, page.scripts.length, document.title];'
    )
    assert evaluate(write_report(snapshot, RUN_ID), check) == [1, 0, 1, "harness"]
