"""Training pages with cards of other articles, from a grammar: takes rows of a contaminated set, gives rows of the same format.

A site has one style of card: an order of parts, separators, an age, a heading, a tail, a layout; all its pages keep it, and each
page names its structural form, so that whole forms can be held out. Between them stand pages without junk that look like it.
Forms are our own, and so are the words, in `cards.toml`; from no set. Development only; nothing here is part of the package.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.training.lists import put_rows
from bench.training.pages import (
    BREAKS,
    Block,
    Junk,
    Row,
    Story,
    choose,
    choose_language,
    choose_place,
    compose,
    group_languages,
    recover_stories,
    url_of,
)

# Orders of parts with the classes of separator and the frames that they come in: 60 forms.
_ALL = ("bare", "head", "tail", "both")
_ORDERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "title-meta-body": (("sign", "line", "plain"), _ALL),
    "meta-title-body": (("sign", "line", "plain"), _ALL),
    "meta-title-meta-body": (("sign", "line"), ("bare", "head")),
    "title-body-meta": (("sign", "line"), ("bare", "head")),
    "meta-body": (("sign", "line", "plain"), ("bare", "head")),
    "title-body": (("line", "plain"), _ALL),
    "body": (("none",), _ALL),
    "titles": (("line", "sign", "plain"), ("bare", "head")),
    "titles-meta": (("line", "sign"), ("bare", "head")),
    "link": (("sign", "line"), ("head",)),
}
FORMS = tuple(
    (order, separator, frame)
    for order, (separators, frames) in _ORDERS.items()
    for separator in separators
    for frame in frames
)
# The words of each language.
WORDS: dict[str, dict[str, list[str]]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
CLEAN_FORMS = (
    *(
        "plain",
        "version",
        "round-up",
        "live",
        "list",
        "rows",
        "rows",
        "crossheads",
        "statement",
        "quotation",
        "elsewhere",
    ),
)

# Shares: of stories that have a page of their own, of those whose cards come again without one (the others' cards have no owner
# and each another part of the text, so that nothing else speaks for them), of pages without junk, of sites in one line.
_OWNED, _POPULAR, _CLEAN, _ONE_LINE = 0.5, 0.1, 0.4, 0.42
_PLACEMENTS = ("end", "middle", "inline", "start")
_PLACEMENT_WEIGHTS = (42, 26, 25, 7)
_MIN_BODY, _MAX_BODY = 100, 3000

_SIGNS = (" - ", " – ", " — ", " • ", " | ", " · ", " / ", " » ", " // ", ": ", " -- ", " ▪ ", " ~ ", "()", "[]")
_NUMBERS = (
    "{dd}.{mm}.{y}",
    "{dd}/{mm}/{y}",
    "{y}-{mm}-{dd}",
    "{y}-{mm}-{dd} {clock}",
    "{d}.{m}.",
    "{dd}.{mm}.{y} {clock}",
)
_PLAINS = (" ", " ", " ", "  ", "   ", "\t", "")

_PLACES = (
    "Lindmouth",
    "Harrowgate",
    "Port Ellery",
    "Westmere",
    "Calder Valley",
    "Santa Orla",
    "Bramford",
    "Kestrel Bay",
    "Oakhaven",
    "Norrland",
    "Marlow County",
    "Tavistead",
    "Pinecrest",
    "Dunmore",
    "Eastvale",
    "Silverton",
    "Riverbend",
    "Ashby",
    "Corran",
    "Highmoor",
)
_PAPERS = (
    "Gazette",
    "Echo",
    "Chronicle",
    "Star",
    "Mirror",
    "Argus",
    "Beacon",
    "Sentinel",
    "Record",
    "Dispatch",
    "Tribune",
    "Bulletin",
    "Journal",
    "Mail",
    "Examiner",
    "News",
    "Today",
    "Online",
    "Press",
    "Review",
)
_BRANDS = (
    "Newsloop",
    "Wireline",
    "DeepDive",
    "Statehouse",
    "The Ledgerist",
    "Fieldnote",
    "Pulse",
    "Kicker",
    "Daybreak",
)
_FIRST = (
    "Anna",
    "Marcus",
    "Priya",
    "Tom",
    "Lena",
    "Yusuf",
    "Claire",
    "Diego",
    "Hannah",
    "Kwame",
    "Mei",
    "Oliver",
    "Sofia",
)
_LAST = (
    "Adler",
    "Boateng",
    "Castell",
    "Dunne",
    "Eriksen",
    "Farouk",
    "Grieve",
    "Hollis",
    "Ibarra",
    "Kowal",
    "Lindqvist",
    "Mehta",
)


@dataclass(frozen=True)
class Style:
    """How a site shows its cards."""

    site: str
    words: dict[str, list[str]]  # of its language
    order: str
    separator_class: str
    frame: str
    layout: str
    outlet: str
    separator: str
    inner: str  # between an outlet and an age
    meta: tuple[str, ...]
    age: Callable[[random.Random], str]
    extra: str
    heading: str
    tail: str
    link: str
    is_body_apart: bool  # the body is a line of its own
    is_tail_once: bool  # one tail behind all cards
    sizes: tuple[int, int]
    cut: str
    bullet: str
    outlets: tuple[str, ...]  # empty: each card names the site it comes from
    is_shouted: bool
    pool: int  # how many stories the site's cards are of; 0: any

    @property
    def form(self) -> str:
        return f"{self.order}/{self.separator_class}/{self.frame}"


class Supply:
    """The stories of a language, and where the bodies of their cards begin.

    A story's cards begin at its beginning; those of the last stories each behind the one before, and come once.
    """

    def __init__(self, stories: list[Story], chance: random.Random) -> None:
        n_owned, n_popular = max(1, round(_OWNED * len(stories))), round(_POPULAR * len(stories))
        self.hosts, self.popular = stories[:n_owned], stories[: n_owned + n_popular]
        self._rest = stories[n_owned + n_popular :]
        self._owned = frozenset(url_of(story.row) for story in self.hosts)
        self._first: dict[str, int] = {url_of(story.row): 0 for story in self._rest}
        self._chance = chance

    def choose(self, pool: int) -> list[Story]:
        """The stories that a site's cards are of: a few that come again and again, or any."""
        if pool:
            return self._chance.sample(self.popular, min(pool, len(self.popular)))
        return [*self.popular, *self._rest] if self._chance.random() < 0.5 else self._rest

    def narrow(self, others: list[Story]) -> list[Story]:
        """Those of some stories that have text left, or else stories that come again."""
        found = [story for story in others if self._first.get(url_of(story.row), 0) < len(story.paragraphs)]
        return found if len(found) > 4 else self.popular

    def take(self, story: Story, size: int) -> list[list[str]]:
        """Paragraphs of a story of at least a size, if it has as much."""
        url = url_of(story.row)
        if url not in self._first:
            first = 1 if len(story.paragraphs) > 3 and self._chance.random() < 0.08 else 0
            return story.paragraphs[first:]
        first = last = self._first[url]
        taken = 0
        while taken < size and last < len(story.paragraphs):
            taken += sum(map(len, story.paragraphs[last]))
            last += 1
        self._first[url] = last
        return story.paragraphs[first:last]

    def facts(self, story: Story) -> dict[str, Any]:
        """Whether the story has a page of its own, and whether the body of its card stands on this page alone."""
        url = url_of(story.row)
        return {
            "in_corpus": url in self._owned,
            "is_once": url in self._first,
            "from_site": story.site,
            "from_url": url,
        }


def generate(rows: list[Row], seed: int, count: int | None = None) -> list[Row]:
    """Pages with cards, and pages without that look like them, made of the stories of a set.

    Args:
        rows: of a contaminated or a natural set; no junk of theirs is used. Stories in languages other than the seven are left
            out. Give the rows of one fold alone to keep folds apart.
        seed: of every choice; the same seed gives the same pages.
        count: of pages; twice the stories where not given.

    """
    chance = random.Random(f"cards {seed}")
    stories = group_languages(recover_stories(rows), WORDS)
    total = sum(map(len, stories.values()))
    size = 2 * total if count is None else count
    supplies = {name: Supply(chance.sample(found, len(found)), chance) for name, found in stories.items()}
    queues: dict[str, list[Story]] = {}
    forms = chance.sample(FORMS, len(FORMS))
    placed: list[Row] = []
    n_sites = 0
    while total and len(placed) < size:
        language = choose_language(chance, stories)
        style = draw_style(chance, *forms[n_sites % len(forms)], f"cards-{seed}-site-{n_sites}", language)
        n_sites += 1
        supply = supplies[language]
        others = supply.choose(style.pool)
        for _ in range(min(chance.choice((1, 2, 4, 6, 9, 14)), size - len(placed))):
            queue = queues.get(language) or chance.sample(supply.hosts, len(supply.hosts))
            queues[language] = queue
            make = _make_clean if chance.random() < _CLEAN else _make_page
            row = make(chance, style, queue.pop(), supply.narrow(others), supply)
            changed = {"id": f"cards-{seed}-{len(placed):05d}", "source": style.site, "language": language}
            placed.append({**row, **changed})
    return placed


def draw_style(
    chance: random.Random, order: str, separator_class: str, frame: str, site: str, language: str = "en"
) -> Style:
    """A site's style of a form."""
    words = WORDS[language]
    one_line = separator_class != "line" and chance.random() < _ONE_LINE
    layout = "one_line" if one_line else chance.choice(("lines", "lines", "paragraphs"))
    outlet, section = draw_outlet(chance), chance.choice(words["sections"])
    separators = {"sign": _SIGNS, "plain": _PLAINS, "line": ("\n",), "none": (" ",)}[separator_class]
    separator = chance.choice(separators)
    if separator_class == "line" and layout == "paragraphs" and chance.random() < 0.6:
        separator = "\n\n"
    has_outlet = chance.random() < 0.7
    meta = ["outlet"] if has_outlet else []
    meta += ["age"] if not meta or chance.random() < 0.75 else []
    meta += [chance.choice(("section", "extra"))] if chance.random() < 0.3 else []
    if order == "meta-title-meta-body" and len(meta) < 2:
        meta = ["outlet", "age"]
    heading = chance.choice(words["own_headings" if chance.random() < 0.25 else "headings"])
    heading = heading.format(outlet=outlet, section=section)
    tail = chance.choice(words["tails"])
    low, high = chance.choice(((100, 220), (100, 350), (200, 500), (300, 900), (500, 1500), (1000, 3000)))
    if order in ("meta-body", "body"):
        low, high = max(low, 150), max(high, 400)
    return Style(
        site=site,
        words=words,
        order=order,
        separator_class=separator_class,
        frame=frame,
        layout=layout,
        outlet=outlet,
        separator=separator,
        inner=separator if chance.random() < 0.5 else chance.choice((*_SIGNS, *_PLAINS[:5])),
        meta=tuple(chance.sample(meta, len(meta))),
        age=draw_age(chance, words),
        extra=chance.choice(words["extras"]),
        heading=_case(chance, heading, language),
        tail=_case(chance, tail.format(outlet=outlet), language),
        link=_case(chance, chance.choice(words["links"]), language),
        is_body_apart=separator_class == "line" or (separator_class == "sign" and chance.random() < 0.5),
        is_tail_once=chance.random() < 0.3,
        sizes=(low, high),
        cut=chance.choice(("sentence", "sentence", "sentence", "ellipsis")),
        bullet=chance.choice(("", "", "", "", "- ", "• ", "* ", "#", "› ")),
        outlets=() if chance.random() < 0.3 else tuple(draw_outlet(chance) for _ in range(chance.choice((1, 3, 6)))),
        is_shouted=chance.random() < 0.06,
        pool=chance.choice((0, 0, 0, 5, 12)),
    )


def draw_outlet(chance: random.Random) -> str:
    """A name of an outlet that is none."""
    place, paper = chance.choice(_PLACES), chance.choice(_PAPERS)
    kind = chance.randrange(8)
    if kind == 0:
        return f"The {paper}"
    if kind == 1:
        return (place.replace(" ", "") + paper).lower() + chance.choice((".com", ".net", ".co.uk", ".org"))
    if kind == 2:
        return chance.choice(_BRANDS)
    if kind == 3:
        return "".join(word[0] for word in f"{place} {paper} Network".split()) + chance.choice(("", " News"))
    return f"The {place} {paper}" if kind == 4 else f"{place} {paper}"


def draw_age(chance: random.Random, words: dict[str, list[str]]) -> Callable[[random.Random], str]:
    """A way in which a site writes ages or dates."""
    front = chance.choice(words["fronts"])
    kind = chance.choice(("ago", "ago", "short", "dates", "dates", "words", "numbers"))
    if kind == "ago":
        return lambda one: fill(one, front + one.choice(words["ago"]), words)
    if kind == "words":
        return lambda one: fill(one, one.choice(words["words"]), words)
    pattern = chance.choice(_NUMBERS if kind == "numbers" else words[kind])
    return lambda one: fill(one, front + pattern, words)


def fill(chance: random.Random, pattern: str, words: dict[str, list[str]], **known: object) -> str:
    """Fill a pattern of `cards.toml`; what is not known is drawn."""
    month, day = chance.choice(words["months"]), chance.choice(words["weekdays"])
    slots: dict[str, object] = {
        "n": chance.randrange(2, 23),
        "d": chance.randrange(1, 29),
        "m": chance.randrange(1, 13),
        "dd": f"{chance.randrange(1, 29):02d}",
        "mm": f"{chance.randrange(1, 13):02d}",
        "y": chance.randrange(2012, 2026),
        "month": month,
        "mon": month[:3],
        "day": day,
        "dy": day[:2] if len(words["weekdays"][0]) > 6 else day[:3],
        "clock": _clock(chance, 23),
        "clock12": _clock(chance, 12),
        "name": _name(chance),
        "place": chance.choice(_PLACES),
        "section": chance.choice(words["sections"]),
    }
    return pattern.format(**{**slots, **known})


def _clock(chance: random.Random, hours: int) -> str:
    return f"{chance.randrange(1, hours + 1)}{chance.choice(':::.')}{chance.randrange(60):02d}"


def _name(chance: random.Random) -> str:
    return f"{chance.choice(_FIRST)} {chance.choice(_LAST)}"


def _case(chance: random.Random, text: str, language: str) -> str:
    """A heading as it is, in capitals or, in English, with capitals at its words."""
    kind = chance.random()
    if kind < 0.15:
        return text.upper()
    if kind > 0.3 or language != "en":
        return text
    return text.title().replace("’S", "’s").replace("'S", "'s")


def _make_page(chance: random.Random, style: Style, host: Story, others: list[Story], supply: Supply) -> Row:
    """A page of a story with cards."""
    paragraphs = _shorten(chance, host.paragraphs)
    if chance.random() < 0.3:
        change = chance.choice((_put_crossheads, _put_statement, _put_quotation, _put_list, _put_rows))
        paragraphs = change(chance, paragraphs, style.words)
    others = [one for one in others if one.site != host.site and one.title != host.title]
    blocks = []
    n_blocks = chance.choice((1, 2, 3)) if style.order == "link" else 2 if chance.random() < 0.12 else 1
    for _ in range(min(n_blocks, len(others))):
        placement = chance.choices(_PLACEMENTS, _PLACEMENT_WEIGHTS)[0]
        if placement == "inline" and style.separator_class == "line":
            placement = "middle"
        paragraph, sentence, placement = choose_place(chance, paragraphs, placement)
        junk, gap = _write_block(chance, style, others, supply, placement)
        own = BREAKS[style.layout] if sentence == 0 else " "
        front = "" if sentence and chance.random() < 0.05 else own
        if junk:
            blocks.append(Block(paragraph, sentence, junk, gap, (front, own)))
    text, gold, spans = compose(paragraphs, blocks, style.layout)
    return _as_row(host, style.layout, text, gold, spans, style.form if spans else "clean/plain")


def _shorten(chance: random.Random, paragraphs: list[list[str]]) -> list[list[str]]:
    """A story as it is, or its first paragraphs alone."""
    if len(paragraphs) < 6 or chance.random() < 0.65:
        return paragraphs
    return paragraphs[: chance.randrange(3, min(len(paragraphs), 12))]


def _as_row(host: Story, layout: str, text: str, gold: str, spans: list[dict[str, Any]], form: str) -> Row:
    changed = {"layout": layout, "contaminated_text": text, "gold_text": gold, "spans": spans, "form": form}
    return {**host.row, "hard_negative": None, "title": host.title, **changed}


def _write_block(
    chance: random.Random, style: Style, others: list[Story], supply: Supply, placement: str
) -> tuple[list[Junk], str]:
    """Cards that stand side by side, and the gap between two."""
    is_inline = placement == "inline" or style.layout == "one_line"
    gap = " " if is_inline else chance.choice((BREAKS[style.layout], "\n"))
    facts = {"placement": placement, "template": False}
    if style.order == "link":
        story = chance.choice(others)
        mark = ": " if style.separator_class == "sign" else gap
        text = (
            style.link + chance.choice((mark, mark, " | ", " » ") if mark == ": " else (mark,)) + _title(style, story)
        )
        return [Junk(text, "read_more_link", facts | supply.facts(story) | {"is_once": None})], gap
    if style.order.startswith("titles"):
        return [_write_titles(chance, style, others, is_inline, gap, facts)], gap
    number = chance.choice((1, 1, 1, 2, 2, 3, 4, 5)) if style.sizes[1] < 1000 else chance.choice((1, 1, 1, 2, 3))
    chosen = chance.sample(others, min(number, len(others)))
    cards = [(story, _write_card(chance, style, story, is_inline, gap, supply)) for story in chosen]
    junk = [Junk(text, "related_article", facts | supply.facts(story)) for story, text in cards if text]
    if junk and style.frame in ("head", "both"):
        glue = gap if not is_inline else chance.choice((" ", " ", ": ")) if style.heading[-1] not in ":" else " "
        junk[0] = junk[0]._replace(text=style.heading + glue + junk[0].text)
    if junk and style.is_tail_once:
        junk[-1] = junk[-1]._replace(text=junk[-1].text + _write_tail(style, is_inline, gap))
    return junk, gap


def _write_titles(
    chance: random.Random, style: Style, others: list[Story], is_inline: bool, gap: str, facts: dict[str, Any]
) -> Junk:
    """A list of headlines."""
    between = {"line": gap, "sign": style.separator, "plain": style.separator}[style.separator_class]
    if between in ("()", "[]", ": ", "") or (between == "\t" and is_inline):
        between = " | " if style.separator_class == "sign" else "  "
    items = []
    for number, story in enumerate(chance.sample(others, min(chance.randrange(2, 8), len(others)))):
        item = _title(style, story)
        if style.order == "titles-meta":
            meta = _write_meta(chance, style, style.meta, story)
            inner = "\n" if style.separator_class == "line" else " "
            item += inner + meta
        bullet = f"{number + 1}. " if style.bullet == "#" else style.bullet
        items.append(bullet + item)
    text = between.join(items)
    if style.frame == "head":
        text = style.heading + (": " if is_inline and style.heading[-1] != ":" else " " if is_inline else gap) + text
    return Junk(text, "top_stories_widget", {**facts, "in_corpus": None})


def _title(style: Style, story: Story) -> str:
    return story.title.upper() if style.is_shouted else story.title


def _write_meta(chance: random.Random, style: Style, names: tuple[str, ...], story: Story) -> str:
    """An outlet, an age and the like, joined."""
    makers: dict[str, Callable[[], str]] = {
        "outlet": lambda: chance.choice(style.outlets) if style.outlets else story.site,
        "age": lambda: style.age(chance),
        "section": lambda: chance.choice(style.words["sections"]),
        "extra": lambda: fill(chance, style.extra, style.words),
    }
    inner = "\n" if style.inner == "\n" else " " if style.inner in ("\n\n", "") else style.inner
    return _join([makers[name]() for name in names], inner)


def _join(parts: list[str], separator: str) -> str:
    parts = [part for part in parts if part]
    if separator in ("()", "[]") and len(parts) > 1:
        return " ".join([parts[0], *(separator[0] + part + separator[1] for part in parts[1:])])
    return (" " if separator in ("()", "[]") else separator).join(parts)


def _write_card(chance: random.Random, style: Style, story: Story, is_inline: bool, gap: str, supply: Supply) -> str:
    """One card; empty where the story is too short for a body."""
    size = chance.randint(*style.sizes)
    body = _write_body(
        chance, style, supply.take(story, size), size, gap if not is_inline and chance.random() < 0.5 else " "
    )
    if not body:
        return ""
    orders = {
        "title-meta-body": ("title", style.meta, "body"),
        "meta-title-body": (style.meta, "title", "body"),
        "meta-title-meta-body": (style.meta[:1], "title", style.meta[1:], "body"),
        "title-body-meta": ("title", "body", style.meta),
        "meta-body": (style.meta, "body"),
        "title-body": ("title", "body"),
        "body": ("body",),
    }
    separator = style.separator
    apart = gap if style.is_body_apart and not is_inline else " " if separator in ("()", "[]") else separator
    text = ""
    for number, part in enumerate(orders[style.order]):
        if part == "body":
            text += (apart if text else "") + body
            continue
        written = _title(style, story) if part == "title" else _write_meta(chance, style, tuple(part), story)
        if separator in ("()", "[]"):
            written = separator[0] + written + separator[1] if number and part != "title" else written
            text += (" " if text else "") + written
        else:
            text += (apart if text.endswith(body) else separator if text else "") + written
    return text if style.is_tail_once else text + _write_tail(style, is_inline, gap)


def _write_tail(style: Style, is_inline: bool, gap: str) -> str:
    """What leads to the full story, with the gap before it; empty where the form has none."""
    if style.frame not in ("tail", "both"):
        return ""
    return (" " if is_inline or not style.is_body_apart else gap) + style.tail


def _write_body(chance: random.Random, style: Style, paragraphs: list[list[str]], size: int, gap: str) -> str:
    """The beginning of a text, cut at a sentence or, with an ellipsis, at a word."""
    body = ""
    for sentences in paragraphs:
        for number, sentence in enumerate(sentences):
            glue = "" if not body else " " if number else gap
            if body and len(body) + len(sentence) > max(size, _MIN_BODY) and len(body) >= _MIN_BODY:
                return body
            body += glue + sentence
            if len(body) > size and style.cut == "ellipsis":
                cut = body[: max(size, _MIN_BODY)].rsplit(" ", 1)[0].rstrip(" ,;:.-–—\n")
                return cut + chance.choice(("…", "...", " ...", " […]", "… "))[:6].rstrip()
            if len(body) >= _MAX_BODY:
                return body if len(body) < 1.3 * _MAX_BODY else body[:_MAX_BODY].rsplit(" ", 1)[0] + "…"
    return body if len(body) >= _MIN_BODY else ""


def _make_clean(chance: random.Random, style: Style, host: Story, others: list[Story], supply: Supply) -> Row:
    """A page without junk that looks like a page with some."""
    kind = chance.choice(CLEAN_FORMS)
    paragraphs = _shorten(chance, host.paragraphs)
    title = host.title
    others = [one for one in others if one.title != host.title]
    if kind == "version":
        paragraphs = _vary(chance, host.paragraphs)
        title = title if chance.random() < 0.5 else " ".join(paragraphs[0][0].split()[:9])
    elif kind == "round-up" and len(others) > 4:
        title, paragraphs = _round_up(chance, style, others, supply)
    elif kind == "elsewhere" and others:
        other = chance.choice(others)
        lead = fill(chance, chance.choice(style.words["elsewhere"]), style.words)
        added = (supply.take(other, 1) or [other.paragraphs[0]])[0][: chance.randrange(1, 4)]
        place = chance.randrange(max(1, len(paragraphs) // 2), len(paragraphs) + 1)
        paragraphs = [*paragraphs[:place], [lead + added[0], *added[1:]], *paragraphs[place:]]
    else:
        changes = {"live": _put_times, "list": _put_list, "rows": _put_rows, "crossheads": _put_crossheads}
        changes |= {"statement": _put_statement, "quotation": _put_quotation}
        paragraphs = changes.get(kind, lambda _one, same, _words: same)(chance, paragraphs, style.words)
    text, gold, spans = compose(paragraphs, [], style.layout)
    row = _as_row(host, style.layout, text, gold, spans, f"clean/{kind}")
    return {**row, "title": title, "hard_negative": None if kind in ("plain", "version") else kind}


def _vary(chance: random.Random, paragraphs: list[list[str]]) -> list[list[str]]:
    """Another version of a story: an update with another lead, a shorter one, one with paragraphs left out."""
    first = chance.randrange(max(1, min(4, len(paragraphs) // 3)))
    kept = [one for one in paragraphs[first:] if chance.random() > 0.12] or paragraphs
    if len(kept) > 5 and chance.random() < 0.4:
        kept = kept[: chance.randrange(3, len(kept))]
    if first and chance.random() < 0.5:
        kept = [*kept, paragraphs[0]]
    return kept


def _round_up(chance: random.Random, style: Style, others: list[Story], supply: Supply) -> tuple[str, list[list[str]]]:
    """A page whose story are several short items, with titles or without."""
    items = chance.sample(others, min(chance.randrange(4, 9), len(others)))
    words = style.words
    known = {"day": chance.choice(words["weekdays"]), "count": len(items), "first": items[0].title}
    shape = chance.choice(("titled", "titled", "untitled", "labelled", "numbered", "timed"))
    paragraphs = (
        [[fill(chance, chance.choice(words["round_up_leads"]), words, **known)]] if chance.random() < 0.8 else []
    )
    hour = chance.randrange(1, 12)
    for number, story in enumerate(items):
        body = [sentence for part in supply.take(story, 300)[:3] for sentence in part][: chance.randrange(1, 5)]
        marks = {"labelled": chance.choice(words["sections"]) + ": ", "numbered": f"{number + 1}. "}
        marks |= {"timed": f"{hour + number}.{chance.randrange(60):02d} "}
        if not body:
            continue
        if shape == "titled":
            paragraphs.append([story.title])
        paragraphs.append([marks.get(shape, "") + body[0], *body[1:]])
    if chance.random() < 0.4:
        paragraphs.append([fill(chance, chance.choice(words["round_up_ends"]), words, **known)])
    return fill(chance, chance.choice(words["round_up_titles"]), words, **known), paragraphs


def _put_times(chance: random.Random, paragraphs: list[list[str]], _words: dict[str, list[str]]) -> list[list[str]]:
    """A live page: the story's paragraphs with times, the latest first or last."""
    hour, end = chance.randrange(6, 20), chance.choice(("", " GMT", "h", ""))
    mark = chance.choice((":", "."))
    apart = chance.random() < 0.5
    written: list[list[str]] = []
    for number, sentences in enumerate(paragraphs):
        time = f"{hour + number // 3}{mark}{(number % 3) * 20 + chance.randrange(20):02d}{end}"
        written += [[time], sentences] if apart else [[f"{time} {sentences[0]}", *sentences[1:]]]
    return written


def _put_list(chance: random.Random, paragraphs: list[list[str]], words: dict[str, list[str]]) -> list[list[str]]:
    """A story with a list: its key points in front, or some of its paragraphs with bullets."""
    bullet = chance.choice(("- ", "• ", "* ", "– ", ""))
    if chance.random() < 0.5:
        points = [one[0] for one in chance.sample(paragraphs, min(len(paragraphs), chance.randrange(2, 5)))]
        heading = [[chance.choice(words["points"])]] if chance.random() < 0.6 else []
        return [*heading, *([bullet + point] for point in points), *paragraphs]
    low = chance.randrange(max(1, len(paragraphs) // 2))
    high = min(len(paragraphs), low + chance.randrange(2, 6))
    listed = [[bullet + one[0], *one[1:]] for one in paragraphs[low:high]]
    return [*paragraphs[:low], *listed, *paragraphs[high:]]


def _put_rows(chance: random.Random, paragraphs: list[list[str]], words: dict[str, list[str]]) -> list[list[str]]:
    """A story with a long list or a table of its own."""
    return put_rows(chance, paragraphs, {**words, "places": list(_PLACES)}, _name)


def _put_crossheads(chance: random.Random, paragraphs: list[list[str]], words: dict[str, list[str]]) -> list[list[str]]:
    """A story with headings of its own."""
    heads = chance.sample(words["crossheads"], 4)
    written: list[list[str]] = []
    for number, sentences in enumerate(paragraphs):
        if number and heads and chance.random() < 0.25:
            written.append([heads.pop()])
        written.append(sentences)
    return written


def _put_statement(chance: random.Random, paragraphs: list[list[str]], words: dict[str, list[str]]) -> list[list[str]]:
    """A story with a statement that no other part of it speaks of."""
    said = [
        fill(chance, choose(chance, one), words) for one in chance.sample(words["statements"], chance.randrange(2, 5))
    ]
    lead = fill(chance, chance.choice(words["statement_leads"]), words, first=said[0])
    said = said[1:] if "the statement went on" in lead else said
    quoted = [f"{words['quotes'][0]}{said[0]}.", *(f"{one}." for one in said[1:])]
    quoted[-1] += words["quotes"][1]
    place = chance.randrange(1, len(paragraphs) + 1)
    return [*paragraphs[:place], [lead + quoted[0], *quoted[1:]], *paragraphs[place:]]


def _put_quotation(chance: random.Random, paragraphs: list[list[str]], words: dict[str, list[str]]) -> list[list[str]]:
    """A story in which a sentence of its own stands out again, as a pull quotation with a name or without."""
    sentences = [one for part in paragraphs for one in part if 60 < len(one) < 250]
    if not sentences:
        return paragraphs
    quoted = words["quotes"][0] + chance.choice(sentences).strip("„“”«» \"'") + words["quotes"][1]
    place = chance.randrange(1, len(paragraphs) + 1)
    name = [[chance.choice(("— ", "")) + _name(chance)]] if chance.random() < 0.5 else []
    return [*paragraphs[:place], [quoted], *name, *paragraphs[place:]]
