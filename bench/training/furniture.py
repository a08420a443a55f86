"""Training pages with the furniture of news sites, in seven languages: takes rows of a set, gives rows of the same format.

Share buttons, players, captions, signup offers, author lines, comment forms, cookie notices, links and lists of headlines, as a
crude scraper finds them around and in a story. A site keeps its wording; each page names its form, and each span too. Wordings
are our own, from no set, and stand in `furniture.toml`. Development only; nothing here is part of the package.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from bench.training.cards import WORDS, draw_age, draw_outlet
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
)


class Form(NamedTuple):
    """A kind of furniture: the kind of its spans, where it stands (with weights), how often a page has it, and how it is joined."""

    kind: str
    places: str  # one letter a place, repeated for its weight: start, middle, inline, end
    most: int
    is_row: bool = False  # its blocks may stand in one line, with any separator


FORMS: dict[str, Form] = {
    "signup/line": Form("signup_banner", "smmiiee", 2),
    "signup/offer": Form("signup_banner", "mmmiee", 1),
    "signup/appeal": Form("signup_banner", "mmeee", 1),
    "signup/wall": Form("signup_banner", "smmeee", 1),
    "signup/app": Form("signup_banner", "miee", 1),
    "share/buttons": Form("share_ui", "ssmeee", 2, is_row=True),
    "share/call": Form("share_ui", "smeee", 1),
    "share/follow": Form("share_ui", "mieee", 1),
    "share/player": Form("share_ui", "ssmmmi", 2),
    "share/author": Form("share_ui", "eeeem", 1),
    "share/tools": Form("share_ui", "ssme", 1, is_row=True),
    "caption/credited": Form("caption_credit", "smmmmiie", 3),
    "caption/plain": Form("caption_credit", "smmmmi", 3),
    "caption/credit": Form("caption_credit", "smmiiie", 3),
    "caption/gallery": Form("caption_credit", "smmme", 1),
    "comments/form": Form("comments_ui", "eeeeem", 1),
    "comments/line": Form("comments_ui", "eeeems", 1),
    "comments/thread": Form("comments_ui", "e", 1),
    "notice/cookies": Form("cookie_notice", "ssee", 1),
    "notice/embed": Form("cookie_notice", "mmmie", 2),
    "notice/rights": Form("cookie_notice", "eeeem", 1),
    "tags/hash": Form("hashtags", "eeeem", 1),
    "tags/topics": Form("hashtags", "eeees", 1),
    "ad/marker": Form("ad_marker", "mmmmiie", 4),
    "ad/disclosure": Form("ad_marker", "smmeei", 1),
    "link/also": Form("read_more_link", "mmmmiie", 3),
    "link/imperative": Form("read_more_link", "mmmiiee", 2),
    "link/arrow": Form("read_more_link", "mmme", 3),
    "list/read": Form("top_stories_widget", "smmieeee", 1),
    "list/bare": Form("top_stories_widget", "mmeee", 1),
    "list/teasers": Form("related_article", "mmeeee", 1),
}
CLEAN_FORMS = ("plain", "lookalike")
_TABLE: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
WORDINGS: dict[str, dict[str, list[str]]] = _TABLE["wordings"]
_PLACES = {"s": "start", "m": "middle", "i": "inline", "e": "end"}
# Shares: of pages without furniture, of pages with several forms, of sites in one line, of pages that repeat the site's wording.
_CLEAN, _MIXED, _ONE_LINE, _SAME = 0.25, 0.3, 0.27, 0.75
_SLOT = re.compile(r"<(\w+)>")
_ENTITY = re.compile(r"\b[A-ZÀ-Ý][\w’'-]+(?: (?:de |van |von |di |da )?[A-ZÀ-Ý][\w’'-]+){1,2}")
_ROW_GAPS = (" ", " ", "  ", " | ", " · ", " • ", ", ", "\n", "\n", "\n")


@dataclass(frozen=True)
class Site:
    """What the pages of a site share."""

    name: str
    language: str
    layout: str
    outlet: str
    form: str
    wordings: dict[str, str]  # of each form, with the slots still open
    row_gap: str
    age: Callable[[random.Random], str]
    is_shouted: bool


def generate(rows: list[Row], seed: int, count: int | None = None) -> list[Row]:
    """Pages with furniture in their own language, and pages without that speak of such things.

    Args:
        rows: of a contaminated or a natural set; their `language` where given, else it is found. Stories in languages other than
            the seven are left out. Give the rows of one fold alone to keep folds apart.
        seed: of every choice; the same seed gives the same pages.
        count: of pages; twice the stories where not given.

    """
    chance = random.Random(f"furniture {seed}")
    stories = group_languages(recover_stories(rows), WORDINGS)
    total = sum(map(len, stories.values()))
    size = 2 * total if count is None else count
    forms: list[str] = []
    queues: dict[str, list[Story]] = {}
    placed: list[Row] = []
    n_sites = 0
    while total and len(placed) < size:
        language = choose_language(chance, stories)
        forms = forms or [*chance.sample(list(FORMS), len(FORMS)), *["mixed"] * round(_MIXED * len(FORMS))]
        form = forms.pop(chance.randrange(len(forms)))
        site = draw_site(chance, form, language, f"furniture-{seed}-site-{n_sites}")
        n_sites += 1
        for _ in range(min(chance.choice((1, 2, 4, 6, 9)), size - len(placed))):
            queue = queues.get(language) or chance.sample(stories[language], len(stories[language]))
            queues[language] = queue
            row = _make_page(chance, site, queue.pop(), stories[language])
            placed.append({**row, "id": f"furniture-{seed}-{len(placed):05d}", "source": site.name})
    return placed


def draw_site(chance: random.Random, form: str, language: str, name: str) -> Site:
    """A site with the wordings of its furniture."""
    used = chance.sample(list(FORMS), chance.randrange(2, 6)) if form == "mixed" else [form]
    return Site(
        name=name,
        language=language,
        layout="one_line" if chance.random() < _ONE_LINE else chance.choice(("lines", "lines", "paragraphs")),
        outlet=draw_outlet(chance),
        form=form,
        wordings={one: choose(chance, chance.choice(WORDINGS[language][one])) for one in used},
        row_gap=chance.choice(_ROW_GAPS),
        age=draw_age(chance, WORDS[language]),
        is_shouted=chance.random() < 0.08,
    )


def fill(chance: random.Random, wording: str, site: Site, host: Story, others: list[Story]) -> str:
    """Fill the slots of a wording for a page."""
    names: list[str] = []
    networks = chance.sample(_TABLE["slots"]["any"]["network"], len(_TABLE["slots"]["any"]["network"]))
    titles = [one.title for one in others if one.title != host.title]
    language = site.language
    pronouns = chance.choice((("he", "him"), ("she", "her")))
    headlines = chance.sample(titles, min(8, len(titles)))

    def headline() -> str:
        if headlines and chance.random() < 0.75:
            return headlines.pop()
        return fill(chance, choose(chance, chance.choice(_TABLE["headlines"][language])), site, host, [])

    def entity() -> str:
        if not names:
            found = find_entities(host) or [" ".join(host.title.split()[:2])]
            names.extend(chance.sample(found, len(found)))
        return names.pop()

    def teaser() -> str:
        story = chance.choice([one for one in others if one.title != host.title] or [host])
        return f"{story.title}\n{' '.join(story.paragraphs[0][:2])}"

    makers: dict[str, Callable[[], str]] = {
        "headline": headline,
        "teaser": teaser,
        "outlet": lambda: site.outlet,
        "entity": entity,
        "network": lambda: networks.pop() if networks else "",
        "tag": lambda: re.sub(r"\W", "", entity().title()),
        "clause": lambda: _clause(chance, host),
        "age": lambda: site.age(chance),
        "n": lambda: str(chance.randrange(2, 240)),
        "few": lambda: str(chance.randrange(2, 9)),
        "time": lambda: f"{chance.randrange(6):02d}:{chance.randrange(60):02d}",
        "he": lambda: pronouns[0],
        "He": pronouns[0].title,
        "him": lambda: pronouns[1],
        "year": lambda: str(chance.randrange(2009, 2026)),
    }

    def write(match: re.Match[str]) -> str:
        name = match[1]
        if name in makers:
            return makers[name]()
        slots = _TABLE["slots"][language].get(name) or _TABLE["slots"]["any"][name]
        written = _SLOT.sub(write, choose(chance, chance.choice(slots)))
        if name == "name":  # one person a wording
            makers["name"] = lambda: written
        return written

    return _SLOT.sub(write, wording).replace("the The ", "The ")


def find_entities(story: Story) -> list[str]:
    """Runs of two or three words with capitals inside the story's sentences."""
    found = [
        match[0]
        for sentences in story.paragraphs
        for sentence in sentences
        for match in _ENTITY.finditer(sentence, len(sentence.split(" ", 1)[0]))
    ]
    return list(dict.fromkeys(found))[:12]


def _clause(chance: random.Random, story: Story) -> str:
    """The beginning of a sentence of the story, as captions are written."""
    sentences = [one for part in story.paragraphs for one in part if 50 < len(one) < 320 and one[0].isalpha()]
    words = (chance.choice(sentences) if sentences else story.title).split()
    cut = words[: chance.randrange(8, 18)]
    for number, word in enumerate(cut):
        if number > 5 and word.endswith((",", ";", ":")):
            cut = cut[: number + 1]
            break
    return " ".join(cut).rstrip(' ,;:.–—-"“”')


def _make_page(chance: random.Random, site: Site, host: Story, others: list[Story]) -> Row:
    """A page of a site."""
    paragraphs = host.paragraphs
    if len(paragraphs) > 6 and chance.random() < 0.3:
        paragraphs = paragraphs[: chance.randrange(3, min(len(paragraphs), 12))]
    is_clean = chance.random() < _CLEAN
    is_alike = chance.random() < (0.6 if is_clean else 0.2)
    if is_alike:
        sentence = fill(chance, choose(chance, chance.choice(_TABLE["lookalikes"][site.language])), site, host, others)
        place = chance.randrange(1, len(paragraphs) + 1)
        if chance.random() < 0.5:
            paragraphs = [*paragraphs[:place], sentence.split("\n"), *paragraphs[place:]]
        else:
            grown = [*paragraphs[place - 1], *sentence.split("\n")]
            paragraphs = [*paragraphs[: place - 1], grown, *paragraphs[place:]]
    blocks = (
        []
        if is_clean
        else [block for form in site.wordings for block in _place(chance, site, form, paragraphs, host, others)]
    )
    text, gold, spans = compose(paragraphs, blocks, site.layout)
    form = site.form if blocks else "clean/lookalike" if is_alike else "clean/plain"
    changed = {"layout": site.layout, "contaminated_text": text, "gold_text": gold, "spans": spans, "form": form}
    kept = {name: value for name, value in host.row.items() if name not in ("junk", "neutral")}
    hard = "furniture_in_body" if is_alike and not blocks else None
    return {**kept, "title": host.title, "language": site.language, "hard_negative": hard, **changed}


def _place(
    chance: random.Random, site: Site, name: str, paragraphs: list[list[str]], host: Story, others: list[Story]
) -> list[Block]:
    """The furniture of a form on a page."""
    form = FORMS[name]
    blocks = []
    for _ in range(chance.randrange(1, form.most + 1)):
        wording = site.wordings[name]
        if chance.random() > _SAME:
            wording = choose(chance, chance.choice(WORDINGS[site.language][name]))
        paragraph, sentence, placement = choose_place(chance, paragraphs, _PLACES[chance.choice(form.places)])
        is_inline = sentence > 0 or site.layout == "one_line"
        own = " " if is_inline else BREAKS[site.layout]
        gap = " " if is_inline else chance.choice((own, "\n"))
        if form.is_row:
            gap = site.row_gap if not (is_inline and site.row_gap == "\n") else " "
        written = fill(chance, wording, site, host, others).replace("\n", gap).strip()
        written = written.upper() if site.is_shouted else written
        facts: dict[str, Any] = {
            "placement": placement,
            "template": "<" not in wording,
            "in_corpus": None,
            "form": name,
        }
        front = "" if sentence and name == "caption/credit" and chance.random() < 0.2 else own
        blocks.append(Block(paragraph, sentence, [Junk(written, form.kind, facts)], gap, (front, own)))
    return blocks
