from __future__ import annotations

import random
from collections import defaultdict

import pytest

from cleaners.stories import Arrival, Frequencies, Grouper, StoriesConfig, group_articles
from tests.cleaners.stories.texts import EVENTS, FERRY, TRIAL, terms_of

CONFIG = StoriesConfig()
DAY = 20_000.0
SYLLABLES = (
    "bar",
    "cel",
    "dom",
    "fir",
    "gan",
    "hol",
    "jin",
    "kem",
    "lar",
    "mos",
    "nid",
    "pol",
    "quen",
    "ras",
    "sil",
    "tor",
    "ulm",
)


def articles(day: float = DAY, apart: float = 0.2) -> list[tuple[str, float, object]]:
    """Every report of every event, some hours apart."""
    rows = [(f"{name}{n}", title, text) for name, reports in EVENTS.items() for n, (title, text) in enumerate(reports)]
    return [(name, day + apart * int(name[-1]), terms_of(title, text, CONFIG)) for name, title, text in rows]


def others(n: int) -> list[tuple[str, float, object]]:
    """Articles of `n` unlike events, each of words made for it."""
    dice = random.Random(0)
    rows = []
    for number in range(n):
        words = ["".join(dice.choices(SYLLABLES, k=3)) for _ in range(9)]
        text = ". ".join(
            f"The council of {dice.choice(words)} said {' '.join(dice.sample(words, 4))}" for _ in range(8)
        )
        rows.append((f"other{number:03}", DAY + dice.random(), terms_of(" ".join(words[:4]), text, CONFIG)))
    return rows


def stories(placed: list) -> set[frozenset[str]]:
    found = defaultdict(set)
    for row in placed:
        found[row.story_id].add(row.article_id)
    return {frozenset(members) for members in found.values()}


EXPECTED = {frozenset(f"{name}{n}" for n in range(len(reports))) for name, reports in EVENTS.items()}


def test_reports_of_one_event_are_one_story_and_nothing_else_is() -> None:
    placed = group_articles([*articles(), *others(60)], CONFIG)
    found = stories(placed)
    assert found >= EXPECTED
    assert len(found) == len(EXPECTED) + 60
    for row in placed:
        assert (row.score is None) == (row.article_id == row.story_id)


def test_the_order_of_the_input_changes_nothing() -> None:
    rows = articles()
    before = group_articles(rows, CONFIG)
    random.Random(1).shuffle(rows)
    assert group_articles(rows, CONFIG) == before


def test_a_story_is_named_after_the_article_that_was_seen_first() -> None:
    placed = {row.article_id: row for row in group_articles(articles(), CONFIG)}
    assert {placed[f"ferry{n}"].story_id for n in range(3)} == {"ferry0"}


def test_what_lies_weeks_apart_is_another_story() -> None:
    rows = [(f"{day}", DAY + day, terms_of(*FERRY[n], CONFIG)) for n, day in enumerate((0, 1, 40))]
    assert stories(group_articles(rows, CONFIG)) == {frozenset({"0", "1"}), frozenset({"40"})}


def test_a_running_story_has_an_event_for_each_turn() -> None:
    rows = [(f"{n}", DAY + 8 * n, terms_of(*report, CONFIG)) for n, report in enumerate(TRIAL)]
    rows.append(("again", DAY + 8.5, terms_of("Dvorsky trial hears of violin case", TRIAL[1][1], CONFIG)))
    placed = {row.article_id: row for row in group_articles(rows, CONFIG)}
    assert {row.story_id for row in placed.values()} == {"0"}
    assert [placed[name].event_id for name in ("0", "1", "again", "2")] == ["0", "1", "1", "2"]


def test_a_text_without_words_is_a_story_of_its_own() -> None:
    rows = [*articles(), ("empty", DAY, terms_of(None, "...", CONFIG)), ("none", DAY, terms_of(None, "--", CONFIG))]
    found = stories(group_articles(rows, CONFIG))
    assert {frozenset({"empty"}), frozenset({"none"})} <= found


def test_two_stories_that_are_like_each_other_become_one_under_the_earlier_name() -> None:
    """As where an earlier day's weights, or a decision since changed, kept them apart."""
    grouper = Grouper(CONFIG, Frequencies())
    days = (DAY, DAY + 0.1, DAY + 0.2)
    first, second, third = (terms_of(*report, CONFIG) for report in FERRY)
    known = [Arrival("a", days[0], first, "a", "a"), Arrival("b", days[1], second, "b", "b")]
    (placed,) = grouper.add([*known, Arrival("c", days[2], third)])
    assert (placed.story_id, grouper.merged) == ("a", {"b": "a"})
    assert grouper.centrals["a"] in {"a", "b", "c"}


def test_the_window_forgets_what_lies_before_it() -> None:
    grouper = Grouper(CONFIG, Frequencies())
    terms = terms_of("Notice", "Bins are emptied on Monday.", CONFIG)
    for number in range(2_500):
        grouper.add([Arrival(f"{number:04}", DAY + number, terms)])
    assert len(grouper.window.members) < 1_500


def test_it_makes_no_difference_how_articles_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = sorted(
        (Arrival(*row) for row in (*articles(), *articles(DAY + 1), *others(80))),
        key=lambda row: (row.seen, row.article_id),
    )
    rows = [row._replace(article_id=f"{n:03}") for n, row in enumerate(rows)]
    # Every seventh is known to tell of an event of its own.
    rows = [
        row._replace(story_id=row.article_id, event_id=row.article_id) if n % 7 == 0 else row
        for n, row in enumerate(rows)
    ]
    whole = Grouper(CONFIG, Frequencies())
    expected = whole.add(rows)
    monkeypatch.setattr("cleaners.stories.grouping.BLOCK", 5)
    monkeypatch.setattr("cleaners.stories.grouping.COMPARED", 2)
    cut = Grouper(CONFIG, Frequencies())
    assert [placed for row in rows for placed in cut.add([row])] == expected
    assert Grouper(CONFIG, Frequencies()).add(rows) == expected
    assert (cut.merged, cut.centrals) == (whole.merged, whole.centrals)
    assert any(placed.score is not None for placed in expected)
