"""Long lists and tables that belong to a story, for training: takes a story's paragraphs, gives them with one in their midst.

Names, results, standings, cells of tables, ingredients, dates, sums, quotations with bullets: short lines without stops that are no
navigation. Rows are our own, of invented names; quotations and names in bullets are the story's. Development only.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

Paragraphs = list[list[str]]

_BULLETS = ("", "", "", "", "- ", "• ", "* ", "– ", "#")
_ENTITY = re.compile(r"\b[A-ZÀ-Ý][\w’'-]+(?: (?:de |van |von |di |da )?[A-ZÀ-Ý][\w’'-]+){1,2}")
_MIN_ROWS, _MAX_ROWS = 5, 45
_UNITS = ("g", "kg", "ml", "l", "EL", "tbsp", "cup", "x")


def put_rows(
    chance: random.Random, paragraphs: Paragraphs, words: dict[str, list[str]], names: Callable[[random.Random], str]
) -> Paragraphs:
    """A story with a list or a table: behind its first paragraph, in its midst, or at its end.

    Args:
        chance: of every choice.
        paragraphs: of sentences.
        words: of its language: `places`, `goods`, `crossheads`, `months`, `quotes`.
        names: gives a person's name.

    """
    rows = _draw_rows(chance, paragraphs, words, names)
    place = chance.choice((1, len(paragraphs), chance.randrange(1, len(paragraphs) + 1)))
    parts = 1 if len(rows) < 12 or chance.random() < 0.5 else chance.randrange(2, 5)
    size = -(-len(rows) // parts)
    written: Paragraphs = []
    for part in range(parts):
        if parts > 1 or chance.random() < 0.6:
            written.append([chance.choice((*words["crossheads"], chance.choice(words["places"])))])
        written += [[row] for row in rows[part * size : (part + 1) * size]]
    return [*paragraphs[:place], *written, *paragraphs[place:]]


def _draw_rows(
    chance: random.Random, paragraphs: Paragraphs, words: dict[str, list[str]], names: Callable[[random.Random], str]
) -> list[str]:
    count = int(chance.choice((1, 1, 2, 3)) * chance.randrange(_MIN_ROWS, _MAX_ROWS // 3 + 1))
    bullet, gap, style = chance.choice(_BULLETS), chance.choice((" ", " ", "  ", " | ", ", ", "\t")), chance.random()
    sentences = [one for part in paragraphs for one in part if 40 < len(one) < 260]
    entities = list(dict.fromkeys(match[0] for one in sentences for match in _ENTITY.finditer(one, 1)))

    def place() -> str:
        return chance.choice(words["places"])

    def number(most: int) -> str:
        return str(chance.randrange(most))

    def person() -> str:
        name = names(chance)
        return f"{name}, {chance.randrange(3, 95)}" if style < 0.4 else f"{name} ({place()})" if style < 0.7 else name

    def result() -> str:
        home, away = place(), place()
        if style < 0.5:
            return f"{home} {number(5)}{chance.choice('-–:')}{number(5)} {away}"
        return (
            f"{home} {number(110)} {away} {number(110)}" if style < 0.8 else f"{home} - {away} {number(5)}:{number(5)}"
        )

    def standing() -> str:
        return gap.join([place(), *(number(80) for _ in range(4))])

    def date() -> str:
        day, month = chance.randrange(1, 29), chance.choice(words["months"])
        return gap.join([f"{month} {day}" if style < 0.5 else f"{day}. {month}", place(), names(chance)])

    def good() -> str:
        thing = chance.choice(words["goods"])
        return (
            f"{chance.randrange(1, 9)} {thing}"
            if style < 0.3
            else f"{5 * chance.randrange(1, 99)} {chance.choice(_UNITS)} {thing}"
        )

    def amount() -> str:
        return f"{chance.choice((place, lambda: names(chance)))()}: {chance.randrange(1, 900)},{chance.randrange(100, 999)}"

    def cells() -> str:
        return chance.choice(
            (place, lambda: names(chance), lambda: number(100), lambda: f"{number(99)}.{number(9)}%")
        )()

    def quotation() -> str:
        return words["quotes"][0] + chance.choice(sentences).strip("„“”«»\"'") + words["quotes"][1]

    makers: list[Callable[[], str]] = [person, person, result, standing, date, good, good, amount, cells, cells]
    makers += [quotation] if sentences else []
    makers += [lambda: chance.choice(entities)] if len(entities) > 3 else []
    make = chance.choice(makers)
    if make is quotation:
        count = min(count, 8)
    return [(f"{row + 1}. " if bullet == "#" else bullet) + make() for row in range(count)]
