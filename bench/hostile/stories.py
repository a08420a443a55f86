"""Harmless stories and pages, the stuff that hostile cases are made of; the same for the same number."""

from __future__ import annotations

import html
import random

_WHO = (
    "the harbour board",
    "a regional court",
    "the county's auditors",
    "two ministers",
    "the river union",
    "a jury of nine",
)
_DID = ("approved", "turned down", "put off", "published", "went back on", "defended", "sent to the council")
_WHAT = (
    "the plan for a second crane",
    "a report on the flood gates",
    "the new tariff",
    "its budget for schools",
    "a bridge",
)
_WHY = (
    "after weeks of talks",
    "because of the storms",
    "in spite of protests",
    "as the mayor had asked",
    "without a vote",
)
_NAMES = ("Marta Lindqvist", "Owen Achebe", "Piotr Zając", "Ines Caballero", "Tomás Ó Briain", "Noor van Dijk")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")


def make_story(rng: random.Random, n_paragraphs: int = 3) -> str:
    """A few paragraphs of news."""
    return "\n\n".join(" ".join(_sentence(rng) for _ in range(4)) for _ in range(n_paragraphs))


def make_title(rng: random.Random) -> str:
    """A headline."""
    return f"{rng.choice(_WHO).capitalize()} {rng.choice(_DID)} {rng.choice(_WHAT)}"


def make_page(rng: random.Random, title: str | None = None, body: str | None = None, head: str = "") -> str:
    """A page with a title and a story; `body` is HTML in place of the story, `head` more of its head."""
    title = make_title(rng) if title is None else title
    story = "".join(f"<p>{html.escape(part)}</p>" for part in make_story(rng).split("\n\n"))
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>{head}</head>'
        f"<body><nav><a href='/'>Home</a></nav><article><h1>{title}</h1>{story if body is None else body}</article></body></html>"
    )


def _sentence(rng: random.Random) -> str:
    return (
        f"{rng.choice(_WHO).capitalize()} {rng.choice(_DID)} {rng.choice(_WHAT)} on {rng.choice(_DAYS)} {rng.choice(_WHY)}, "
        f"{rng.choice(_NAMES)} said of the {rng.randint(2, 900)} pages."
    )
