"""The desk in a real browser: decisions by keyboard alone, on a phone, with axe; and what the next run makes of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from bench.pictures.browser import Browser, find_chromium, open_browser
from cleaners.names import load_decisions
from flows.serve.desk.serving import serving_desk
from flows.settings import Settings
from flows.store.editors import read_decisions, read_labels
from flows.store.locks import output_lock
from tests.conftest import SEEDS, read_tables, run_steps
from tests.flows.archives import make_archive
from tests.flows.steps.test_names import feed

pytestmark = pytest.mark.slow

READY = "document.readyState === 'complete' && document.querySelector('main h1')"
LEFT = "document.querySelectorAll('.card:not([data-done])').length"

MINISTERS = {
    "Transport": ("Martin Cardwell", "Philip Cardwell"),
    "Treasury": ("Helen Brandt", "Ellen Brandt"),
    "Health": ("Owen Pallister", "Owen Pallistor"),
    "Justice": ("Ruth Ambery", "Judith Ambery"),
    "Energy": ("Colin Strake", "Kevin Strake"),
    "Defence": ("Marian Holtby", "Marian Holtbey"),
    "Labour": ("Peter Quillam", "Robert Quillam"),
    "Education": ("Nora Westlake", "Laura Westlake"),
    "Interior": ("Simon Farrow", "Stephen Farrow"),
}
# One meeting in three papers, a sentence a minister; the third paper has every name wrong.
PAPERS = (
    (
        "The cabinet meets on Thursday in Vanmouth. The talks will end before supper.",
        "{name} will speak first, on the port.|{name} wants to know what new cranes cost.|{name} brings a plan for two hospitals.|"
        "{name} needs more judges.|{name} reports on the cold winter and the price of gas.|{name} has been invited with three "
        "generals.|{name} talks about the shorter week.|{name} defends her schools.|{name} closes the meeting.",
    ),
    (
        "Ministers of the cabinet gathered in the old customs house of Vanmouth. Nobody left before midnight.",
        "The port strike is over, said {name}.|Every crane must be paid for, warned {name}.|Hospitals come first for {name}.|"
        "Courts are slow, and {name} knows it.|Gas is dear again, as {name} told reporters.|Three generals came with {name}.|"
        "A shorter week is the wish of {name}.|Teachers met {name} on the stairs.|The doors were locked behind {name}.",
    ),
    (
        "A long cabinet day lies ahead of the government in Vanmouth. Journalists wait in the rain outside.",
        "On the agenda stands first the harbour, which {name} visited on Monday.|Money is the worry of {name} this year.|"
        "Nurses had written to {name} about their shifts.|New judges were promised by {name}.|Winter stocks of gas are low, {name} "
        "admitted.|Nobody would say why {name} had brought maps.|Unions trust {name} more than most.|School meals are the "
        "matter of {name}.|Police guarded the house, by order of {name}.",
    ),
)


def tell(paper: int) -> str:
    opening, sentences = PAPERS[paper]
    names = (f"{office} Secretary {both[paper == 2]}" for office, both in MINISTERS.items())
    return " ".join([opening, *(one.format(name=name) for one, name in zip(sentences.split("|"), names, strict=True))])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if find_chromium():
        with open_browser() as opened:
            yield opened
        return
    message = "Chromium is not installed (apt-get install chromium), so nobody sat at the desk."
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(autouse=True)
def quiet_console(browser: Browser) -> Iterator[None]:
    browser.console.clear()
    yield
    browser.call("Emulation.clearDeviceMetricsOverride")
    assert browser.console == []


def press(browser: Browser, key: str) -> None:
    """Press a key as a keyboard does."""
    codes = {"Enter": 13, "Tab": 9, "Escape": 27, " ": 32}
    text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
    given = {"key": key, "windowsVirtualKeyCode": codes.get(key, ord(key.upper()[0])), "text": text}
    browser.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **given)
    browser.call("Input.dispatchKeyEvent", type="keyUp", key=key)


def write(browser: Browser, text: str) -> None:
    browser.call("Input.insertText", text=text)


def focused(browser: Browser) -> Any:
    return browser.evaluate("document.activeElement.closest('[data-card]')?.querySelector('h2')?.innerText")


def test_ten_decisions_by_keyboard_are_in_effect_after_the_next_run(browser: Browser, tmp_path: Path) -> None:
    source, output = feed(tmp_path / "a.jsonl", [tell(n) for n in range(3)], "2026-03-02T08:00:00Z"), tmp_path / "out"
    run_steps([SEEDS, source], output, run_id="20260302T090000Z-0001")
    settings = Settings(output=str(output))
    with serving_desk(settings, "127.0.0.1", 0, None) as address:
        browser.size(1280, 900)
        browser.open(address, READY)
        assert browser.evaluate(LEFT) == 10
        # Who decides: the way there by the Tab key alone.
        while browser.evaluate("document.activeElement.name") != "editor":
            browser.call("Input.dispatchKeyEvent", type="rawKeyDown", key="Tab", windowsVirtualKeyCode=9, modifiers=8)
            browser.call("Input.dispatchKeyEvent", type="keyUp", key="Tab")
        browser.evaluate("document.activeElement.select()")
        write(browser, "Dana Ruiz")
        press(browser, "Enter")
        browser.wait(
            f"{READY} && document.querySelector('[name=editor]').defaultValue === 'Dana Ruiz' && {LEFT} === 10"
        )
        keys = {"wrong_given": "a"} | {"Howard Lutnick": "a"}
        said = {}
        plan = {"Judith Ambery": "r", "Kevin Strake": "t", "Ellen Brandt": "l", "Owen Pallistor": "e"}
        with output_lock(output):  # a run is at work all the while
            for n_left in range(9, -1, -1):
                surface = str(focused(browser)).split(" →")[0].strip()
                key = plan.get(surface, keys["wrong_given"])
                if surface == "Laura Westlake":  # the expected name is put right first
                    press(browser, "c")
                    write(browser, "Leonora Westlake")
                    press(browser, "Enter")
                else:
                    press(browser, key)
                said[surface] = key
                browser.wait(f"{LEFT} === {n_left}", 20)
            # One of them is thought over.
            press(browser, "u")
            browser.wait(f"{LEFT} === 1", 20)
            press(browser, "a")
            browser.wait(f"{LEFT} === 0", 20)
    assert len(said) == 10
    record = load_decisions(read_decisions(settings))
    assert record.height == 10
    assert set(record["decided_by"]) == {"Dana Ruiz"}
    assert run_steps([SEEDS, source], output, run_id="20260302T100000Z-0001") is not None
    tables = read_tables(output / "latest")
    flags = {row["surface"]: row for row in tables.name_flags.iter_rows(named=True)}
    new = dict(tables.name_replacements.filter(decided_by="editor").select("surface", "replacement").iter_rows())
    last = next(reversed(said))
    for surface, key in said.items():
        if surface == last or key == "a":
            assert flags[surface]["decision"] == "accept"
    assert new["Laura Westlake"] == "Leonora Westlake"
    assert new["Owen Pallistor"] == "Owen Pallister"
    assert (flags["Judith Ambery"]["decision"], flags["Judith Ambery"]["is_error"]) == ("reject", False)
    assert (flags["Kevin Strake"]["decision"], flags["Kevin Strake"]["is_error"]) == ("two_people", False)
    assert (flags["Ellen Brandt"]["kind"], flags["Ellen Brandt"]["is_error"]) == ("alias", False)
    brandt = tables.name_mentions.filter(surface="Ellen Brandt")["canonical"].to_list()
    assert brandt == ["Helen Brandt"]
    with serving_desk(settings, "127.0.0.1", 0, None) as address:
        browser.open(address, READY)
        assert browser.evaluate(LEFT) == 0
        browser.open(f"{address}/decided", READY)
        assert browser.evaluate("document.querySelectorAll('.card').length") == 10
        assert browser.evaluate("document.body.innerText.match(/in effect/g).length") == 10


def test_passages_search_and_pages_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    people = [(f"Philip Card{n}", f"Martin Card{n}", "Transport Secretary") for n in range(25)]
    settings = make_archive(tmp_path / "out", people)
    with serving_desk(settings, "127.0.0.1", 0, None) as address:
        browser.size(1280, 900)
        browser.open(f"{address}/passages", READY)
        press(browser, "x")
        browser.wait("document.querySelector('[data-done]')", 20)
        assert [row["label"] for row in read_labels(settings)] == ["junk"]
        press(browser, "u")
        browser.wait(f"{LEFT} === 1", 20)
        press(browser, "s")
        browser.wait("document.querySelector('[data-done]')", 20)
        assert [row["label"] for row in read_labels(settings)] == ["junk", "open", "story"]
        browser.open(address, READY)
        press(browser, "j")
        press(browser, "j")
        press(browser, "k")
        assert str(focused(browser)).startswith("Philip Card1 ")
        press(browser, "?")
        assert browser.evaluate("document.getElementById('keys').open")
        press(browser, "a")  # in the dialog a key decides nothing
        press(browser, "Escape")
        press(browser, "n")
        browser.wait(f"{READY} && document.querySelector('.pager span').innerText === 'Page 2 of 2' && {LEFT} === 5")
        press(browser, "/")
        write(browser, "card17 armada")
        press(browser, "Enter")
        browser.wait(f"{READY} && location.search.includes('armada') && {LEFT} === 0")
        browser.open(f"{address}/?q=card17", f"{READY} && {LEFT} === 1")
        press(browser, "o")
        browser.wait("document.querySelector('#here')")
        assert browser.evaluate("document.querySelector('#here').innerText") == "Philip Card17"
    assert read_decisions(settings) == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_accessibility_check_finds_nothing(browser: Browser, tmp_path: Path, scheme: str) -> None:
    axe = resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    check = """axe.run(document).then((seen) => [
        seen.violations.map((rule) => [rule.id, rule.nodes.length, rule.nodes[0].html]), seen.passes.length])"""
    settings = make_archive(tmp_path / "out")
    browser.scheme(scheme)
    browser.requested.clear()
    with serving_desk(settings, "127.0.0.1", 0, None) as address:
        for path, width in (("/", 1280), ("/", 390), ("/passages", 390), ("/decided", 1280), ("/?q=none", 390)):
            browser.size(width, 900, is_phone=width < 500)
            browser.open(address + path, READY)
            if path == "/" and width == 1280:
                press(browser, "a")
                browser.wait("document.querySelector('[data-done]')", 20)
            browser.evaluate(f"{axe};undefined")
            violations, n_passed = browser.evaluate(check)
            assert violations == []
            assert n_passed > 20
            content, room = browser.evaluate(
                "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
            )
            assert content <= room
        article = browser.evaluate(
            f"fetch('{address}/').then((one) => one.text()).then((one) => one.match(/article.[0-9a-f]{{24}}/)[0])"
        )
        browser.open(f"{address}/{article}?view=before", READY)
        browser.evaluate(f"{axe};undefined")
        assert browser.evaluate(check)[0] == []
    assert all(one.startswith((address, "data:")) for one in browser.requested)


def test_a_phone_decides_with_fingers_of_any_size(browser: Browser, tmp_path: Path) -> None:
    settings = make_archive(tmp_path / "out")
    browser.size(375, 740, is_phone=True)
    with serving_desk(settings, "127.0.0.1", 0, None) as address:
        browser.open(address, READY)
        sizes = browser.evaluate("[...document.querySelectorAll('.buttons button')].map((one) => one.offsetHeight)")
        assert min(sizes) >= 44  # WCAG 2.5.5
        assert browser.evaluate("document.querySelector('[data-filters]').open") is False
        browser.evaluate("document.querySelector('button[value=reject]').click()")
        browser.wait(f"{LEFT} === 2", 20)


def test_without_the_script_the_forms_work_too(browser: Browser, tmp_path: Path) -> None:
    settings = make_archive(tmp_path / "out")
    browser.size(1280, 900)
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        with serving_desk(settings, "127.0.0.1", 0, None) as address:
            browser.open(f"{address}/?kind=wrong_given", READY)
            browser.evaluate("document.querySelector('button[value=two_people]').click()")
            browser.wait(f"{READY} && location.search === '?kind=wrong_given&page=1' && {LEFT} === 2", 20)
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert load_decisions(read_decisions(settings))["decision"].to_list() == ["two_people"]


def test_hostile_text_runs_nothing_and_hides_nothing(browser: Browser, tmp_path: Path) -> None:
    evil = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\u202e"
    settings = make_archive(tmp_path / "out", [(f"Philip {evil}", f"Martin {evil}", "Transport Secretary")])
    browser.size(1280, 900)
    with serving_desk(settings, "127.0.0.1", 0, None) as address:
        for path in ("/", "/passages", "/decided"):
            browser.open(address + path, READY)
            if path == "/":
                assert "⟦U+202E⟧" in browser.evaluate("document.querySelector('h2').innerText")
                press(browser, "r")
                browser.wait("document.querySelector('[data-done]')", 20)
            seen = browser.evaluate(
                "[document.title.includes('owned'), document.images.length, document.scripts.length]"
            )
            assert seen == [False, 0, 1]
    assert load_decisions(read_decisions(settings))["decision"].to_list() == ["reject"]
