"""Training pages with cards of other articles, from a grammar: takes rows of a contaminated set, gives rows of the same format.

A site has one style of card: an order of parts, separators, an age, a heading, a tail, a layout; all its pages keep it, and each
page names its structural form, so that whole forms can be held out. Between them stand pages without junk that look like it.
Forms and wordings are our own, from no set. Development only; nothing here is part of the package.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.training.pages import BREAKS, Block, Junk, Row, Story, choose_place, compose, recover_stories, url_of

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
CLEAN_FORMS = ("plain", "version", "round-up", "live", "list", "crossheads", "statement", "quotation", "elsewhere")

# Shares: of stories that have a page of their own (the others' cards have no owner), of pages by place, of pages without junk.
_OWNED, _CLEAN, _ONE_LINE = 0.6, 0.4, 0.42
_PLACEMENTS = ("end", "middle", "inline", "start")
_PLACEMENT_WEIGHTS = (42, 26, 25, 7)
_MIN_BODY, _MAX_BODY = 100, 3000

_SIGNS = (" - ", " – ", " — ", " • ", " | ", " · ", " / ", " » ", " // ", ": ", " -- ", " ▪ ", " ~ ", "()", "[]")
_PLAINS = (" ", " ", " ", "  ", "   ", "\t", "")

_HEADINGS = (
    "Related",
    "Related:",
    "Related content",
    "Related reading",
    "Related coverage",
    "Related news",
    "Related topics",
    "More on this",
    "More on this story",
    "More like this",
    "More stories",
    "More news",
    "More from us",
    "You may also like",
    "You might also like",
    "You might be interested in",
    "You may have missed",
    "In case you missed it",
    "ICYMI",
    "Read more",
    "Read more:",
    "Read next",
    "Read this next",
    "Up next",
    "Next up",
    "Further reading",
    "Keep reading",
    "Recommended",
    "Recommended for you",
    "Recommended stories",
    "Our picks",
    "Editors' picks",
    "Editor’s choice",
    "Picked for you",
    "Most read",
    "Most popular",
    "Most viewed",
    "Popular now",
    "Trending",
    "Trending now",
    "Hot right now",
    "Latest",
    "Latest news",
    "Latest stories",
    "Just in",
    "Today's headlines",
    "Top headlines",
    "Don't miss",
    "Elsewhere on this site",
    "From around the web",
    "From our partners",
    "See also",
    "Others are reading",
    "What others read",
    "Suggested stories",
    "Also in the news",
    "The latest on this",
    "Discover more",
    "Go deeper",
    "Similar articles",
    "Explore more",
)
_OWN_HEADINGS = (
    "More from {outlet}",
    "Also on {outlet}",
    "Latest from {outlet}",
    "{outlet} recommends",
    "Top stories on {outlet}",
    "The {outlet} briefing",
    "More in {section}",
    "Latest in {section}",
    "{section} news",
    "{section} highlights",
    "Popular in {section}",
    "More {section} stories",
)
_TAILS = (
    "Read full story",
    "Read the full story",
    "Read the full article",
    "Read full article",
    "Continue reading",
    "Continue reading...",
    "Continue Reading →",
    "See more",
    "See more »",
    "Read more",
    "Read more…",
    "Read More >",
    "Read on",
    "Full story",
    "Full story here",
    "Learn more",
    "Find out more",
    "Show more",
    "More »",
    "More...",
    "View article",
    "Open article",
    "Go to article",
    "Keep on reading",
    "Read it on {outlet}",
    "Read at {outlet}",
    "Continue on {outlet}",
    "The full piece is at {outlet}",
    "[more]",
    "(read more)",
)
_LINKS = (
    "Read more",
    "Read also",
    "Also read",
    "See also",
    "Related",
    "More",
    "Next",
    "Don't miss",
    "More on this",
    "Must read",
    "Recommended",
    "Background",
    "Earlier",
    "In depth",
    "From the archive",
    "Opinion",
    "Analysis",
    "Explained",
    "Watch",
    "Our earlier report",
)
_SECTIONS = (
    "Politics",
    "World",
    "Business",
    "Sport",
    "Health",
    "Science",
    "Culture",
    "Tech",
    "Local",
    "Climate",
    "Travel",
    "Opinion",
    "Money",
    "Education",
    "Crime",
    "Lifestyle",
    "Europe",
    "Asia",
    "Markets",
    "Motoring",
)
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
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CROSSHEADS = (
    "What happened",
    "Why it matters",
    "What comes next",
    "The background",
    "A long road",
    "How it began",
    "By the numbers",
    "The wider picture",
    "‘Not the end’",
    "Reaction",
    "Key points",
    "The other side",
    "Questions remain",
    "What we know so far",
    "Looking ahead",
)
_ELSEWHERE = (
    "Elsewhere on {day}, ",
    "Separately, ",
    "In a separate development, ",
    "In other developments, ",
    "It comes in the same week as another story that was followed closely. ",
    "Also on {day}: ",
)
_STATEMENT_LEADS = (
    "In a statement, a spokesperson said: ",
    "The company said in an emailed statement: ",
    "A spokesman for the department said on {day}: ",
    "“{first},” the statement went on. ",
    "{name}, who speaks for the group, said to reporters: ",
)
_STATEMENTS = (
    "We take these reports seriously and are looking into what happened",
    "Our thoughts are with everyone who is affected",
    "We will share more as soon as we can",
    "We have always acted within the law and will continue to do so",
    "It would not be right to say more while the matter is open",
    "We thank our customers and our staff for their patience",
    "Safety comes first in everything that we do",
    "We welcome the decision and will study it with care",
    "Those who have questions can reach us through the usual channels",
    "This is an important step for the whole region",
    "We are working closely with the authorities",
    "Nobody should have to go through this",
)
_ROUND_UP_TITLES = (
    "{day} briefing: {first}",
    "Morning round-up: {first}, and more",
    "{count} things to know on {day}",
    "The week in {section}: {first}",
    "News in brief: {first}",
    "{place} news at a glance",
    "Evening digest: the stories of the day",
)
_ROUND_UP_LEADS = (
    "Good morning. Here are the stories that we follow today.",
    "This is what made the news in the last day, in short.",
    "Here is a look at what happened while you were away.",
    "Our editors sum up the {count} stories of this {day}.",
    "Welcome to the {day} edition of our digest.",
    "These are the main points of the day.",
)
_ROUND_UP_ENDS = (
    "That is all for today. We are back tomorrow.",
    "Have a good {day}.",
    "With reports from our correspondents.",
)


@dataclass(frozen=True)
class Style:
    """How a site shows its cards."""

    site: str
    order: str
    separator_class: str
    frame: str
    layout: str
    outlet: str
    separator: str
    inner: str  # between an outlet and an age
    meta: tuple[str, ...]
    age: Callable[[random.Random], str]
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


def generate(rows: list[Row], seed: int, count: int | None = None) -> list[Row]:
    """Pages with cards, and pages without that look like them, made of the stories of a set.

    Args:
        rows: of a contaminated set; no junk of theirs is used. Give the rows of one fold alone to keep folds apart.
        seed: of every choice; the same seed gives the same pages.
        count: of pages; twice the stories where not given.

    """
    chance = random.Random(f"cards {seed}")
    stories = recover_stories(rows)
    stories = chance.sample(stories, len(stories))
    hosts = stories[: max(1, round(_OWNED * len(stories)))]
    owned = frozenset(url_of(story.row) for story in hosts)
    size = 2 * len(stories) if count is None else count
    forms = chance.sample(FORMS, len(FORMS))
    placed: list[Row] = []
    n_sites = 0
    queue: list[Story] = []
    while len(placed) < size:
        style = draw_style(chance, *forms[n_sites % len(forms)], f"cards-{seed}-site-{n_sites}")
        n_sites += 1
        others = chance.sample(stories, min(style.pool, len(stories))) if style.pool else stories
        for _ in range(min(chance.choice((1, 2, 4, 6, 9, 14)), size - len(placed))):
            queue = queue or chance.sample(hosts, len(hosts))
            make = _make_clean if chance.random() < _CLEAN else _make_page
            row = make(chance, style, queue.pop(), [one for one in others if one.title], owned)
            placed.append({**row, "id": f"cards-{seed}-{len(placed):05d}", "source": style.site})
    return placed


def draw_style(chance: random.Random, order: str, separator_class: str, frame: str, site: str) -> Style:
    """A site's style of a form."""
    one_line = separator_class != "line" and chance.random() < _ONE_LINE
    layout = "one_line" if one_line else chance.choice(("lines", "lines", "paragraphs"))
    outlet, section = draw_outlet(chance), chance.choice(_SECTIONS)
    separators = {"sign": _SIGNS, "plain": _PLAINS, "line": ("\n",), "none": (" ",)}[separator_class]
    separator = chance.choice(separators)
    if separator_class == "line" and layout == "paragraphs" and chance.random() < 0.6:
        separator = "\n\n"
    has_outlet = chance.random() < 0.7
    meta = ["outlet"] if has_outlet else []
    meta += ["age"] if not meta or chance.random() < 0.75 else []
    meta += [chance.choice(("section", "author", "minutes", "counts"))] if chance.random() < 0.3 else []
    if order == "meta-title-meta-body" and len(meta) < 2:
        meta = ["outlet", "age"]
    heading = chance.choice(_OWN_HEADINGS if chance.random() < 0.25 else _HEADINGS)
    heading = heading.format(outlet=outlet, section=section)
    tail = chance.choice(_TAILS)
    low, high = chance.choice(((100, 220), (100, 350), (200, 500), (300, 900), (500, 1500), (1000, 3000)))
    if order in ("meta-body", "body"):
        low, high = max(low, 150), max(high, 400)
    return Style(
        site=site,
        order=order,
        separator_class=separator_class,
        frame=frame,
        layout=layout,
        outlet=outlet,
        separator=separator,
        inner=separator if chance.random() < 0.5 else chance.choice((*_SIGNS, *_PLAINS[:5])),
        meta=tuple(chance.sample(meta, len(meta))),
        age=draw_age(chance),
        heading=_case(chance, heading),
        tail=_case(chance, tail.format(outlet=outlet)),
        link=_case(chance, chance.choice(_LINKS)),
        is_body_apart=separator_class == "line" or (separator_class == "sign" and chance.random() < 0.5),
        is_tail_once=chance.random() < 0.3,
        sizes=(low, high),
        cut=chance.choice(("sentence", "sentence", "sentence", "ellipsis")),
        bullet=chance.choice(("", "", "", "", "- ", "• ", "* ", "#", "› ")),
        outlets=() if chance.random() < 0.3 else tuple(draw_outlet(chance) for _ in range(chance.choice((1, 3, 6)))),
        is_shouted=chance.random() < 0.06,
        pool=chance.choice((0, 0, 5, 12)),
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


def draw_age(chance: random.Random) -> Callable[[random.Random], str]:
    """A way in which a site writes ages."""
    front = chance.choice(("", "", "", "", "Updated ", "Published ", "Posted ", "Last updated: ", "On "))
    ways: tuple[Callable[[random.Random], str], ...] = (
        lambda one: _ago(one, " ", " ago"),
        lambda one: _ago(one, " ", " ago"),
        lambda one: f"{one.randrange(1, 24)}{one.choice('hhhdmw')}",
        lambda one: f"{one.randrange(1, 24)}{one.choice('hd')} ago",
        lambda one: f"{one.randrange(1, 13)} {one.choice(('hrs', 'hr', 'min', 'mins', 'd'))} ago",
        lambda one: f"{_month(one, 3)} {one.randrange(1, 29)}, {_year(one)}",
        lambda one: f"{_month(one, 20)} {one.randrange(1, 29)}, {_year(one)}",
        lambda one: f"{one.randrange(1, 29)} {_month(one, 20)} {_year(one)}",
        lambda one: f"{_month(one, 3)}. {one.randrange(1, 29)}",
        lambda one: f"{one.randrange(1, 29):02d}.{one.randrange(1, 13):02d}.{_year(one)}",
        lambda one: f"{one.randrange(1, 13)}/{one.randrange(1, 29)}/{_year(one)}",
        lambda one: f"{_year(one)}-{one.randrange(1, 13):02d}-{one.randrange(1, 29):02d}",
        lambda one: f"{_year(one)}-{one.randrange(1, 13):02d}-{one.randrange(1, 29):02d} {_clock(one)}",
        lambda one: f"{one.choice(_WEEKDAYS)}, {_clock(one)}",
        lambda one: f"{_clock(one, 12)} {one.choice(('am', 'pm', 'a.m.', 'p.m.', 'GMT', 'ET'))}",
        lambda one: one.choice(
            ("yesterday", "today", "just now", "this morning", "last week", "an hour ago", "a day ago")
        ),
        lambda one: (
            one.choice(("Yesterday", "Today", "Just now", "Now", "This week")) + one.choice(("", f" {_clock(one)}"))
        ),
        lambda one: f"{one.choice(_WEEKDAYS)[:3]} {one.randrange(1, 29)} {_month(one, 3)}",
    )
    way = chance.choice(ways)
    return lambda one: front + way(one)


def _ago(chance: random.Random, gap: str, end: str) -> str:
    unit = chance.choice(("minute", "hour", "hour", "hour", "day", "day", "week", "month"))
    number = chance.randrange(1, 23)
    return f"{number}{gap}{unit}{'s' if number > 1 else ''}{end}"


def _month(chance: random.Random, letters: int) -> str:
    return chance.choice(_MONTHS)[:letters]


def _year(chance: random.Random) -> int:
    return chance.randrange(2012, 2026)


def _clock(chance: random.Random, hours: int = 23) -> str:
    return f"{chance.randrange(1, hours + 1)}{chance.choice(':::.')}{chance.randrange(60):02d}"


def _name(chance: random.Random) -> str:
    return f"{chance.choice(_FIRST)} {chance.choice(_LAST)}"


def _case(chance: random.Random, text: str) -> str:
    kind = chance.random()
    return text.upper() if kind < 0.15 else text.title().replace("’S", "’s").replace("'S", "'s") if kind < 0.3 else text


def _make_page(chance: random.Random, style: Style, host: Story, others: list[Story], owned: frozenset[str]) -> Row:
    """A page of a story with cards."""
    paragraphs = _shorten(chance, host.paragraphs)
    if chance.random() < 0.25:
        change = chance.choice((_put_crossheads, _put_statement, _put_quotation, _put_list))
        paragraphs = change(chance, paragraphs, host)
    others = [one for one in others if one.site != host.site and one.title != host.title]
    blocks = []
    n_blocks = chance.choice((1, 2, 3)) if style.order == "link" else 2 if chance.random() < 0.12 else 1
    for _ in range(min(n_blocks, len(others))):
        placement = chance.choices(_PLACEMENTS, _PLACEMENT_WEIGHTS)[0]
        if placement == "inline" and style.separator_class == "line":
            placement = "middle"
        paragraph, sentence, placement = choose_place(chance, paragraphs, placement)
        junk, gap = _write_block(chance, style, others, owned, placement)
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
    chance: random.Random, style: Style, others: list[Story], owned: frozenset[str], placement: str
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
        return [Junk(text, "read_more_link", facts | _facts(story, owned))], gap
    if style.order.startswith("titles"):
        return [_write_titles(chance, style, others, is_inline, gap, facts)], gap
    number = chance.choice((1, 1, 1, 2, 2, 3, 4, 5)) if style.sizes[1] < 1000 else chance.choice((1, 1, 1, 2, 3))
    chosen = chance.sample(others, min(number, len(others)))
    cards = [(story, _write_card(chance, style, story, is_inline, gap)) for story in chosen]
    junk = [Junk(text, "related_article", facts | _facts(story, owned)) for story, text in cards if text]
    if junk and style.frame in ("head", "both"):
        glue = gap if not is_inline else chance.choice((" ", " ", ": ")) if style.heading[-1] not in ":" else " "
        junk[0] = junk[0]._replace(text=style.heading + glue + junk[0].text)
    if junk and style.is_tail_once:
        junk[-1] = junk[-1]._replace(text=junk[-1].text + _write_tail(style, is_inline, gap))
    return junk, gap


def _facts(story: Story, owned: frozenset[str]) -> dict[str, Any]:
    url = url_of(story.row)
    return {"in_corpus": url in owned, "from_site": story.site, "from_url": url}


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
        "section": lambda: chance.choice(_SECTIONS),
        "author": lambda: ("By " if len(style.site) % 2 else "") + _name(chance),
        "minutes": lambda: f"{chance.randrange(2, 14)} min read",
        "counts": lambda: f"{chance.randrange(2, 400)} comments",
    }
    inner = "\n" if style.inner == "\n" else " " if style.inner in ("\n\n", "") else style.inner
    return _join([makers[name]() for name in names], inner)


def _join(parts: list[str], separator: str) -> str:
    parts = [part for part in parts if part]
    if separator in ("()", "[]") and len(parts) > 1:
        return " ".join([parts[0], *(separator[0] + part + separator[1] for part in parts[1:])])
    return (" " if separator in ("()", "[]") else separator).join(parts)


def _write_card(chance: random.Random, style: Style, story: Story, is_inline: bool, gap: str) -> str:
    """One card; empty where the story is too short for a body."""
    body = _write_body(chance, style, story, gap if not is_inline and chance.random() < 0.5 else " ")
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


def _write_body(chance: random.Random, style: Style, story: Story, gap: str) -> str:
    """The beginning of a story, cut at a sentence or, with an ellipsis, at a word."""
    size = chance.randint(*style.sizes)
    first = 1 if len(story.paragraphs) > 3 and chance.random() < 0.08 else 0
    body = ""
    for sentences in story.paragraphs[first:]:
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


def _make_clean(chance: random.Random, style: Style, host: Story, others: list[Story], owned: frozenset[str]) -> Row:
    """A page without junk that looks like a page with some."""
    kind = chance.choice(CLEAN_FORMS)
    paragraphs = _shorten(chance, host.paragraphs)
    title = host.title
    others = [one for one in others if one.title != host.title]
    if kind == "version":
        paragraphs = _vary(chance, host.paragraphs)
        title = title if chance.random() < 0.5 else " ".join(paragraphs[0][0].split()[:9])
    elif kind == "round-up" and len(others) > 4:
        title, paragraphs = _round_up(chance, style, others)
    elif kind == "elsewhere" and others:
        other = chance.choice(others)
        lead = chance.choice(_ELSEWHERE).format(day=chance.choice(_WEEKDAYS))
        added = other.paragraphs[0][: chance.randrange(1, 4)]
        place = chance.randrange(max(1, len(paragraphs) // 2), len(paragraphs) + 1)
        paragraphs = [*paragraphs[:place], [lead + added[0], *added[1:]], *paragraphs[place:]]
    else:
        changes = {"live": _put_times, "list": _put_list, "crossheads": _put_crossheads}
        changes |= {"statement": _put_statement, "quotation": _put_quotation}
        paragraphs = changes.get(kind, lambda _one, same, _host: same)(chance, paragraphs, host)
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


def _round_up(chance: random.Random, style: Style, others: list[Story]) -> tuple[str, list[list[str]]]:
    """A page whose story are several short items, with titles or without."""
    items = chance.sample(others, min(chance.randrange(4, 9), len(others)))
    words = {"day": chance.choice(_WEEKDAYS), "count": len(items), "first": items[0].title}
    words |= {"section": chance.choice(_SECTIONS).lower(), "place": chance.choice(_PLACES)}
    shape = chance.choice(("titled", "titled", "untitled", "labelled", "numbered", "timed"))
    paragraphs = [[chance.choice(_ROUND_UP_LEADS).format(**words)]] if chance.random() < 0.8 else []
    hour = chance.randrange(1, 12)
    for number, story in enumerate(items):
        body = [sentence for part in story.paragraphs[:3] for sentence in part][: chance.randrange(1, 5)]
        marks = {"labelled": f"{chance.choice(_SECTIONS)}: ", "numbered": f"{number + 1}. "}
        marks |= {"timed": f"{hour + number}.{chance.randrange(60):02d} "}
        if shape == "titled":
            paragraphs.append([story.title])
        paragraphs.append([marks.get(shape, "") + body[0], *body[1:]])
    if chance.random() < 0.4:
        paragraphs.append([chance.choice(_ROUND_UP_ENDS).format(**words)])
    return chance.choice(_ROUND_UP_TITLES).format(**words), paragraphs


def _put_times(chance: random.Random, paragraphs: list[list[str]], _host: Story) -> list[list[str]]:
    """A live page: the story's paragraphs with times, the latest first or last."""
    hour, end = chance.randrange(6, 20), chance.choice(("", " GMT", "h", ""))
    mark = chance.choice((":", "."))
    apart = chance.random() < 0.5
    written: list[list[str]] = []
    for number, sentences in enumerate(paragraphs):
        time = f"{hour + number // 3}{mark}{(number % 3) * 20 + chance.randrange(20):02d}{end}"
        written += [[time], sentences] if apart else [[f"{time} {sentences[0]}", *sentences[1:]]]
    return written


def _put_list(chance: random.Random, paragraphs: list[list[str]], _host: Story) -> list[list[str]]:
    """A story with a list: its key points in front, or some of its paragraphs with bullets."""
    bullet = chance.choice(("- ", "• ", "* ", "– ", ""))
    if chance.random() < 0.5:
        points = [one[0] for one in chance.sample(paragraphs, min(len(paragraphs), chance.randrange(2, 5)))]
        heading = (
            [[chance.choice(("Key points", "In short", "At a glance", "Summary"))]] if chance.random() < 0.6 else []
        )
        return [*heading, *([bullet + point] for point in points), *paragraphs]
    low = chance.randrange(max(1, len(paragraphs) // 2))
    high = min(len(paragraphs), low + chance.randrange(2, 6))
    listed = [[bullet + one[0], *one[1:]] for one in paragraphs[low:high]]
    return [*paragraphs[:low], *listed, *paragraphs[high:]]


def _put_crossheads(chance: random.Random, paragraphs: list[list[str]], _host: Story) -> list[list[str]]:
    """A story with headings of its own."""
    heads = chance.sample(_CROSSHEADS, 4)
    written: list[list[str]] = []
    for number, sentences in enumerate(paragraphs):
        if number and heads and chance.random() < 0.25:
            written.append([heads.pop()])
        written.append(sentences)
    return written


def _put_statement(chance: random.Random, paragraphs: list[list[str]], _host: Story) -> list[list[str]]:
    """A story with a statement that no other part of it speaks of."""
    said = chance.sample(_STATEMENTS, chance.randrange(2, 5))
    lead = chance.choice(_STATEMENT_LEADS).format(day=chance.choice(_WEEKDAYS), name=_name(chance), first=said[0])
    said = said[1:] if "the statement went on" in lead else said
    quoted = [f"“{said[0]}.", *(f"{one}." for one in said[1:])]
    quoted[-1] += "”"
    place = chance.randrange(1, len(paragraphs) + 1)
    return [*paragraphs[:place], [lead + quoted[0], *quoted[1:]], *paragraphs[place:]]


def _put_quotation(chance: random.Random, paragraphs: list[list[str]], _host: Story) -> list[list[str]]:
    """A story in which a sentence of its own stands out again, as a pull quotation with a name or without."""
    sentences = [one for part in paragraphs for one in part if 60 < len(one) < 250]
    if not sentences:
        return paragraphs
    quoted = "“" + chance.choice(sentences).strip("“”\"'") + "”"
    place = chance.randrange(1, len(paragraphs) + 1)
    name = [[chance.choice(("— ", "")) + _name(chance)]] if chance.random() < 0.5 else []
    return [*paragraphs[:place], [quoted], *name, *paragraphs[place:]]
