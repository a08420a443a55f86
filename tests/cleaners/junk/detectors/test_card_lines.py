"""Cards by their lines: outlet and age before, between or behind headline and body."""

from __future__ import annotations

import pytest

from cleaners.junk.detectors.card_lines import find_card_lines
from cleaners.junk.page.page import Page

STORY = "The harbour board approved the new ferry terminal on Tuesday after a debate of four hours."
TITLE, BODY = "Storm closes the mountain pass", "Drivers slept in their cars until dawn, the police said."


@pytest.mark.parametrize(
    ("lines", "outlet"),
    [
        (("3 hrs ago | Gull Post", TITLE, BODY), "Gull Post"),
        ((TITLE, "Gull Post • 3h", BODY), "Gull Post"),
        ((TITLE, "Der Bote, vor 3 Stunden", BODY), "Der Bote"),
        ((TITLE, "il y a une heure – Le Port", BODY), "Le Port"),
        ((TITLE, "gullpost.example (2 days ago)", BODY), "gullpost.example"),
        ((TITLE, BODY, "Source: Gull Post"), "Gull Post"),
        ((TITLE, BODY, "Gull Post 15 min"), "Gull Post"),
        ((TITLE, BODY, "15 hours ago"), None),
    ],
)
def test_a_card_is_found_in_any_order(lines: tuple[str, ...], outlet: str | None) -> None:
    text = "\n".join((STORY, *lines, STORY))
    (card,) = find_card_lines(Page(text))
    assert text[card.start : card.end] == "\n".join(lines)
    assert card.card is not None
    assert (card.card.title, card.card.site, text[slice(*card.card.body)]) == (TITLE, outlet, BODY)
    assert not card.is_bounded


@pytest.mark.parametrize(
    "text",
    [
        "\n".join((TITLE, "Gull Post • 3h", STORY, BODY)),  # the page's own head
        "\n".join(
            (STORY, "5 minutes ago", TITLE, BODY, "12 minutes ago", "Wind rises at the cape", BODY)
        ),  # a live blog
        "\n".join((STORY, "Source: the harbour board, its own figures of last year", BODY)),
        "\n".join((STORY, TITLE, "Gull Post and the Bote wrote of it", BODY)),
        "\n".join((STORY, "Ferry 3h", "Bus 5h")),  # a timetable
        "\n".join((STORY, TITLE, "Ferries | 5 min read", BODY)),
        "\n".join((STORY, "Gull 9 and Tern 4", TITLE, BODY)),  # "an" is a number and "d" a unit, but not in one word
    ],
)
def test_other_lines_are_no_cards(text: str) -> None:
    assert not list(find_card_lines(Page(text)))
