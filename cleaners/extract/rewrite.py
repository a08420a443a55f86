"""The post-pass of extraction: takes a parsed page and trafilatura's lines, gives the lines of the story.

Rescues blocks that trafilatura dropped within the story, drops those it left that are not story; no text is invented.
Where the page's blocks and trafilatura's lines do not match, or little would be left, trafilatura's lines stay.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from cleaners.extract.align import Aligned, align_blocks
from cleaners.extract.blocks import Block, Blocks, split_blocks
from cleaners.extract.config import ExtractConfig
from cleaners.extract.describe import FEATURES, Described, PageFacts, describe_blocks
from cleaners.extract.judge import Weights, judge_blocks

if TYPE_CHECKING:
    from lxml.etree import _Element

Mask = npt.NDArray[np.bool_]

RULED_BY = ("of_title", "title_in", "share_before", "in_table", "in_figcaption")
TOP_SHARE = 0.05  # of the story's characters: a repeated headline or standfirst stands before them
HALF = 0.5  # share of its words that makes a block kept by trafilatura
HEADING = re.compile(r"h[1-6]")
NOTE = re.compile(
    r"contribut|(?:report|edit|writ)ing by|associated press|^sources?\b|copyright|©|correct(?:ion|ed)|clarif|updated?\b"
    r"|editor.?s.? note|originally|first appeared|adapted from|provided by|more information",
    re.I,
)
BYLINE = re.compile(r"(?:by|von|par|por)\s+(?P<names>\S.{2,80})", re.I)
NAME = re.compile(r"[^\W\d_][\w.'’-]*(?:\s+[^\W\d_][\w.'’-]*){1,3}")


class Rewritten(NamedTuple):
    """The story's lines and what was learned beside them."""

    lines: list[str]
    authors: list[str]  # of a byline that was dropped
    is_changed: bool


def rewrite_story(
    tree: _Element, lines: list[str], facts: PageFacts, config: ExtractConfig, weights: Weights | None = None
) -> Rewritten:
    """Decide block by block what is the story.

    Args:
        tree: the parsed page; it is not changed.
        lines: what trafilatura kept of it, one paragraph a line.
        facts: what the page says of itself.
        config: thresholds and switches.
        weights: a model; the package's own when not given.

    Returns:
        The story's lines, each of them text of the page. Time is linear in the page.
    """
    unchanged = Rewritten(lines, [], is_changed=False)
    page = split_blocks(tree)
    if not lines or not page.blocks or len(page.blocks) > config.max_blocks:
        return unchanged
    aligned = align_blocks(page.blocks, lines)
    if not len(aligned.places) or (aligned.places >= 0).mean() < config.min_aligned_share:
        return unchanged
    described = describe_blocks(page, aligned, facts)
    was_kept = aligned.kept[described.start : described.start + len(described.features)] >= HALF
    probability = judge_blocks(described, weights)
    is_story = probability >= np.where(was_kept, config.drop_below, config.rescue_from)
    is_story = (is_story | _is_note(page, described, was_kept, config)) & ~_is_ruled_out(
        page, described, was_kept, config
    )
    kept = [described.start + int(k) for k in np.flatnonzero(is_story)]
    n_words = np.bincount(aligned.owners, minlength=len(page.blocks))
    if n_words[kept].sum() < config.min_kept_share * len(aligned.places):
        return unchanged
    dropped = set(range(described.start, described.start + len(is_story))) - set(kept)
    return Rewritten(_write(page.blocks, lines, aligned, kept), _bylines(page, sorted(dropped)), is_changed=True)


def _is_note(page: Blocks, described: Described, was_kept: Mask, config: ExtractConfig) -> Mask:
    """Tell which of the last lines that trafilatura kept are credits, corrections or notes that shall stay."""
    if not config.keep_notes:
        return np.zeros(len(was_kept), bool)
    is_last: Mask = described.features[:, FEATURES.index("share_after")] < TOP_SHARE
    blocks = page.blocks[described.start : described.start + len(was_kept)]
    is_note: Mask = np.array([NOTE.search(block.text[:200]) is not None for block in blocks], bool)
    return was_kept & is_last & is_note


def _is_ruled_out(page: Blocks, described: Described, was_kept: Mask, config: ExtractConfig) -> Mask:
    """Tell which blocks convention takes out, whatever the model says: the headline, and what the switches name."""
    column = {name: described.features[:, FEATURES.index(name)] for name in RULED_BY}
    before = column["share_before"]
    ruled: Mask = (column["of_title"] == 1) & (column["title_in"] == 1) & (before < TOP_SHARE)
    blocks = page.blocks[described.start : described.start + len(ruled)]
    is_heading = np.array([HEADING.fullmatch(page.nodes[block.node].tag) is not None for block in blocks], bool)
    if not config.keep_standfirst:
        ruled |= ~was_kept & (before == 0)
    if not config.keep_subheads:
        ruled |= is_heading & (before > 0)
    if not config.keep_tables:
        ruled |= column["in_table"] > 0
    if not config.keep_captions:
        ruled |= column["in_figcaption"] > 0
    return ruled


def _write(blocks: list[Block], lines: list[str], aligned: Aligned, kept: list[int]) -> list[str]:
    """Write the kept blocks: a line of trafilatura's as it is where all its blocks are kept, else the page's own text."""
    held = np.flatnonzero(aligned.places >= 0)
    owners = aligned.owners[aligned.places[held]]  # never decreases, for places do not
    of_line = aligned.lines[held]
    whole = np.ones(len(lines), bool)
    is_kept = np.zeros(len(blocks), bool)
    is_kept[kept] = aligned.kept[kept] >= HALF
    whole[of_line[~is_kept[owners]]] = False
    written: list[str] = []
    done: set[int] = set()
    for k in kept:
        first, last = np.searchsorted(owners, [k, k + 1])
        own_lines = dict.fromkeys(of_line[first:last].tolist()) if is_kept[k] else {}
        if own_lines and all(whole[line] for line in own_lines):
            written += [lines[line] for line in own_lines if line not in done]
            done.update(own_lines)
        else:
            written.append(blocks[k].text)
    return written


def _bylines(page: Blocks, dropped: list[int]) -> list[str]:
    """Names in a dropped line that is nothing but a byline."""
    for k in dropped:
        match = BYLINE.fullmatch(page.blocks[k].text)
        if match:
            names = [name.strip() for name in re.split(r",|\band\b|\bund\b|\bet\b|\by\b|&", match["names"])]
            if all(NAME.fullmatch(name) and name.istitle() for name in names):
                return names
    return []
