"""Conventions that overrule the model on what is story: takes described blocks, gives masks of those in and out.

Rules out the headline, standfirst, captions, notes, notices and tables of data, each behind its switch; rules in the notes
that shall stay. The wordings are in `rules/page_blocks.toml`; nothing here depends on a site.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cleaners.extract.blocks.blocks import Block, Blocks
from cleaners.extract.blocks.bylines import find_authors, find_bio
from cleaners.extract.blocks.describe import FEATURES, SENTENCE_END, Described
from cleaners.extract.blocks.embeds import find_embeds
from cleaners.extract.blocks.words import WORD
from cleaners.extract.config import ExtractConfig

Mask = npt.NDArray[np.bool_]

RULED_BY = ("of_title", "title_in", "share_before", "share_after", "in_table", "in_figcaption", "same_names_n")
EDGE_SHARE = (
    0.05  # of the story's characters: before them stands a repeated headline or standfirst, after the rest a note
)
SAYS = 0.75  # share of its words that a block has from the description, and of the description's that it has
PROSE_WORDS, PROSE_SHARE = 12, 0.5  # of a table that lays out text: cells of so many words that end like a sentence
LINKED = 0.5  # share of a block in links that a rule may want: of a label and the headline it leads to
ALL_LINK, LINK_CHARACTERS = 0.9, 200  # share of a line in links, and the longest line, that leads elsewhere
MAX_BYLINE = 100  # characters of a byline: a longer one says what its writers do
MAX_BIOS = 20  # blocks at the end that may present a writer, each sought in all others; 856 real pages have 2 at most
HEADING = re.compile(r"h[1-6]")
DECK = re.compile(
    r"deck|dek\b|\bdek|standfirst|strap-?line|sub-?_?-?(?:head|title|line)", re.I
)  # class names of standfirsts
# Credits, corrections and sources in a wide sense: what stays at the end when notes shall.
NOTE = re.compile(
    r"contribut|(?:report|edit|writ)ing by|associated press|^sources?\b|copyright|©|correct(?:ion|ed)|clarif|updated?\b"
    r"|editor.?s.? note|originally|first appeared|adapted from|provided by|more information",
    re.I,
)


class BlockRule(NamedTuple):
    """A wording that is not story."""

    rule_id: str
    switch: str
    is_at_edges: bool
    is_linked: bool
    characters: int
    cues: tuple[str, ...]  # of which a block must hold one; none where the pattern finds out as soon
    pattern: re.Pattern[str]


def find_edges(described: Described) -> Mask:
    """Tell which blocks stand before or after nearly all of the story.

    Args:
        described: blocks near the story.
    """
    before, after = (described.features[:, FEATURES.index(name)] for name in ("share_before", "share_after"))
    is_edge: Mask = (before < EDGE_SHARE) | (after < EDGE_SHARE)
    return is_edge


def find_notes(page: Blocks, described: Described, was_kept: Mask, config: ExtractConfig) -> Mask:
    """Tell which of the last lines that trafilatura kept are credits, corrections or notes that shall stay.

    Args:
        page: the page's blocks.
        described: those near the story.
        was_kept: which of these trafilatura kept.
        config: the switches.
    """
    if not config.keep_notes:
        return np.zeros(len(was_kept), bool)
    is_last: Mask = described.features[:, FEATURES.index("share_after")] < EDGE_SHARE
    blocks = page.blocks[described.start : described.start + len(was_kept)]
    is_note: Mask = np.array([NOTE.search(block.text[:200]) is not None for block in blocks], bool)
    return was_kept & is_last & is_note


def find_tables(described: Described, was_kept: Mask, config: ExtractConfig) -> Mask:
    """Tell which cells of tables that trafilatura kept shall stay: the model has learned that few annotators count them in.

    Args:
        described: blocks near the story.
        was_kept: which of these trafilatura kept.
        config: the switches.
    """
    if not config.keep_tables:
        return np.zeros(len(was_kept), bool)
    is_cell: Mask = was_kept & (described.features[:, FEATURES.index("in_table")] > 0)
    return is_cell


def find_standfirst(described: Described, was_kept: Mask, config: ExtractConfig) -> Mask:
    """Tell which block above the story is the standfirst, when it shall stay: the first that says the page's description.

    Args:
        described: blocks near the story.
        was_kept: which of these trafilatura kept.
        config: the switches.
    """
    found = np.zeros(len(was_kept), bool)
    if config.keep_standfirst:
        found[np.flatnonzero(_says_description(described) & ~was_kept)[:1]] = True
    return found


def rule_out(page: Blocks, described: Described, was_kept: Mask, is_story: Mask, config: ExtractConfig) -> Mask:
    """Tell which blocks of a story convention takes out: the headline, and what the switches name.

    Args:
        page: the page's blocks.
        described: those near the story.
        was_kept: which of these trafilatura kept.
        is_story: which of these are the story's so far; nothing is said of the others.
        config: the switches.
    """
    column = {name: described.features[:, FEATURES.index(name)] for name in RULED_BY}
    before = column["share_before"]
    ruled: Mask = (column["of_title"] == 1) & (column["title_in"] == 1) & (before < EDGE_SHARE)
    blocks = page.blocks[described.start : described.start + len(ruled)]
    if not config.keep_standfirst:
        ruled |= (before == 0) & ~was_kept
        says, is_single = _says_description(described), column["same_names_n"] == 0
        for k in np.flatnonzero(says | ((before == 0) & is_single)).tolist():
            node = page.nodes[blocks[k].node]
            ruled[k] |= DECK.search(node.names) is not None or (says[k] and HEADING.fullmatch(node.tag) is not None)
    if not config.keep_subheads:
        is_heading = [HEADING.fullmatch(page.nodes[block.node].tag) is not None for block in blocks]
        ruled |= np.array(is_heading, bool) & (before > 0)
    if not config.keep_tables:
        ruled |= _is_data(page, described.start, column["in_table"] > 0)
    if not config.keep_captions:
        ruled |= column["in_figcaption"] > 0
    if not config.keep_embeds:
        ruled |= find_embeds(page, described.start, len(ruled))
    if not config.keep_notes:
        last = np.flatnonzero(is_story & (column["share_after"] < EDGE_SHARE)).tolist()
        named = ((k, name) for k in last if (name := find_bio(blocks[k].text)) is not None)
        for k, name in islice(named, MAX_BIOS):
            ruled[k] |= not _is_of_story(blocks, k, name)
        for k in np.flatnonzero(is_story & (before < EDGE_SHARE)).tolist():
            ruled[k] |= len(blocks[k].text) <= MAX_BYLINE and bool(find_authors([blocks[k].text]))
    return is_story & (ruled | _match_rules(blocks, is_story & ~ruled, find_edges(described), config))


def _match_rules(blocks: list[Block], is_story: Mask, is_edge: Mask, config: ExtractConfig) -> Mask:
    """Tell which blocks of a story have a wording that a switch takes out.

    From the end on: what stands before a note that goes is at the end too.
    """
    rules = [rule for rule in load_block_rules() if not getattr(config, rule.switch)]
    anywhere = [rule for rule in rules if not rule.is_at_edges]
    ruled = np.zeros(len(is_story), bool)
    story = np.flatnonzero(is_story)[::-1].tolist()
    behind, most = 0, EDGE_SHARE * sum(len(blocks[k].text) for k in story)
    for k in story:
        n = len(blocks[k].text)
        if n <= rules_reach():
            tried = rules if is_edge[k] or behind < most else anywhere
            folded = blocks[k].text.casefold()
            ruled[k] = any(n <= rule.characters and _applies(rule, blocks[k], folded) for rule in tried)
        behind += 0 if ruled[k] else n
    return ruled


def end_story(page: Blocks, described: Described, is_story: Mask) -> Mask:
    """Take headings and lines that are all link off the end: they lead to what is not there.

    Args:
        page: the page's blocks.
        described: those near the story.
        is_story: which of these are the story's.
    """
    ended = is_story.copy()
    for k in np.flatnonzero(is_story)[::-1].tolist():
        block = page.blocks[described.start + k]
        is_link = block.link_characters >= ALL_LINK * len(block.text) and len(block.text) < LINK_CHARACTERS
        is_heading = HEADING.fullmatch(page.nodes[block.node].tag) is not None and not _is_sentence(block.text)
        if not is_link and not is_heading:
            break
        ended[k] = False
    return ended


@cache
def load_block_rules() -> tuple[BlockRule, ...]:
    """Read the wordings of `rules/page_blocks.toml`."""
    table = tomllib.loads((files("cleaners") / "rules" / "page_blocks.toml").read_text(encoding="utf-8"))
    return tuple(
        BlockRule(
            row["id"],
            row["switch"],
            row.get("edges", False),
            row.get("linked", False),
            row["characters"],
            tuple(row.get("cues", ())),
            re.compile(rf"[\W_]*(?:{row['pattern']})" + (r"[\W_]*\Z" if row.get("whole") else ""), re.I),
        )
        for row in table["rule"]
    )


@cache
def rules_reach() -> int:
    """Characters of the longest block that a wording can match."""
    return max(rule.characters for rule in load_block_rules())


def _says_description(described: Described) -> Mask:
    """Tell which blocks before the story say the page's description, and not its headline."""
    names = ("share_before", "of_description", "description_in", "of_title", "in_figcaption")
    before, of, held, of_title, caption = (described.features[:, FEATURES.index(name)] for name in names)
    says: Mask = (before == 0) & (of >= SAYS) & (held >= SAYS) & (of_title < SAYS) & (caption == 0)
    return says


def _is_of_story(blocks: list[Block], at: int, name: str) -> bool:
    """Tell whether other paragraphs speak of whom a block presents: then it is a person of the story, not its writer."""
    return any(name in block.text for k, block in enumerate(blocks) if k != at and _is_sentence(block.text))


def _applies(rule: BlockRule, block: Block, folded: str) -> bool:
    if rule.is_linked and block.link_characters < LINKED * len(block.text):
        return False
    if rule.cues and not any(map(folded.__contains__, rule.cues)):
        return False
    return rule.pattern.match(block.text) is not None


def _is_data(page: Blocks, start: int, in_table: Mask) -> Mask:
    """Tell which blocks are cells of tables of data; a table that lays out sentences is none."""
    is_data = np.zeros(len(in_table), bool)
    tables: dict[int, list[int]] = {}
    for k in np.flatnonzero(in_table).tolist():
        tables.setdefault(_table_of(page, page.blocks[start + k]), []).append(k)
    for rows in tables.values():
        cells = [page.blocks[start + k].text for k in rows]
        prose = sum(len(cell) for cell in cells if _is_sentence(cell))
        is_data[rows] = prose < PROSE_SHARE * sum(map(len, cells))
    return is_data


def _table_of(page: Blocks, block: Block) -> int:
    """The outermost table around a block: tables of layout hold others."""
    table, node = -1, block.node
    while node >= 0:
        if page.nodes[node].tag == "table":
            table = node
        node = page.nodes[node].parent
    return table


def _is_sentence(text: str) -> bool:
    return SENTENCE_END.search(text[-8:]) is not None and len(WORD.findall(text)) >= PROSE_WORDS
