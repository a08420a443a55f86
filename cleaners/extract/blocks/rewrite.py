"""The post-pass of extraction: takes a page's blocks and trafilatura's lines, gives the lines of the story.

Rescues blocks that trafilatura dropped within the story, drops those it left that are not story; no text is invented.
Where the page's blocks and trafilatura's lines do not match, or little would be left, trafilatura's lines stay.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cleaners.extract.blocks.align import Aligned, align_blocks
from cleaners.extract.blocks.blocks import Block, Blocks, Numbers
from cleaners.extract.blocks.bylines import find_authors
from cleaners.extract.blocks.confidence import Judged, weigh_body
from cleaners.extract.blocks.conventions import (
    end_story,
    find_edges,
    find_notes,
    find_standfirst,
    find_tables,
    rule_out,
)
from cleaners.extract.blocks.describe import PageFacts, describe_blocks
from cleaners.extract.blocks.extend import HALF, extend_kept, find_prose
from cleaners.extract.blocks.judge import Weights, judge_blocks
from cleaners.extract.blocks.repeats import find_repeats
from cleaners.extract.blocks.sections import is_section
from cleaners.extract.config import ExtractConfig
from cleaners.extract.text.language import is_plainly_english

Mask = npt.NDArray[np.bool_]

OF_SECTION = (
    0.3  # most confidence in teasers of a page that calls itself an article: a choice, below what is called doubtful
)


class Rewritten(NamedTuple):
    """The story's lines and what was learned beside them."""

    lines: list[str]
    authors: list[str]  # of a byline or bio that was dropped
    is_changed: bool
    confidence: float | None = None  # that the body is right; null where trafilatura's lines were not judged
    is_section: bool = False  # the story is a list of teasers


def rewrite_story(
    page: Blocks, lines: list[str], facts: PageFacts, config: ExtractConfig, weights: Weights | None = None
) -> Rewritten:
    """Decide block by block what is the story.

    Args:
        page: the page's blocks.
        lines: what trafilatura kept of it, one paragraph a line.
        facts: what the page says of itself.
        config: thresholds and switches.
        weights: a model; the package's own when not given.

    Returns:
        The story's lines, each of them text of the page. Time is linear in the page.
    """
    unchanged = Rewritten(lines, [], is_changed=False)
    if not lines or not page.blocks or len(page.blocks) > config.max_blocks:
        return unchanged
    prose = find_prose(page.blocks)
    found = align_blocks(page.blocks, lines)
    if not len(found.places) or (found.places >= 0).mean() < config.min_aligned_share:
        return unchanged
    aligned = found._replace(kept=extend_kept(page, found.kept, prose))
    described = describe_blocks(page, aligned, facts)
    window = slice(described.start, described.start + len(described.features))
    was_kept = aligned.kept[window] >= HALF
    probability = judge_blocks(described, weights)
    is_story = probability >= np.where(was_kept, config.drop_below, config.rescue_from)
    if not is_plainly_english("\n".join(lines)[: config.language_characters]):
        is_story |= (found.kept[window] >= HALF) & prose[window] & (probability >= config.drop_prose_below)
    is_story |= find_tables(described, was_kept, config)
    is_story |= find_notes(page, described, was_kept, config) | find_standfirst(described, was_kept, config)
    is_story &= ~rule_out(page, described, was_kept, is_story, config)
    if not config.keep_notices:
        is_story &= ~find_repeats(page, described.start, is_story)
    is_story = end_story(page, described, is_story)
    kept = [described.start + int(k) for k in np.flatnonzero(is_story)]
    n_words = np.bincount(aligned.owners, minlength=len(page.blocks))
    if n_words[kept].sum() < config.min_kept_share * len(aligned.places):
        return unchanged
    authors = find_authors(
        page.blocks[described.start + k].text for k in np.flatnonzero(~is_story & find_edges(described)).tolist()
    )
    listed = is_section(page, kept)
    confidence = weigh_body(page.blocks, kept, prose, Judged(described.start, probability, was_kept))
    return Rewritten(
        _write(page.blocks, lines, found, kept),
        authors,
        is_changed=True,
        confidence=min(confidence, OF_SECTION) if listed else confidence,
        is_section=listed,
    )


def _write(blocks: list[Block], lines: list[str], aligned: Aligned, kept: list[int]) -> list[str]:
    """Write the kept blocks: a line of trafilatura's as it is where it says all of them, else the page's own text."""
    held = np.flatnonzero(aligned.places >= 0)
    owners = aligned.owners[aligned.places[held]]  # never decreases, for places do not
    of_line = aligned.lines[held]
    is_kept = np.zeros(len(blocks), bool)
    is_kept[kept] = aligned.kept[kept] >= HALF
    whole = np.ones(len(lines), bool)
    whole[of_line[~is_kept[owners]]] = False
    # A line that goes on behind a box that trafilatura took out, or behind words within a sentence, is not as the page has it.
    skips = np.diff(np.cumsum(np.bincount(aligned.owners, minlength=len(blocks)) > 0)[owners]) > 1
    whole[of_line[1:][skips & (np.diff(of_line) == 0)]] = False
    whole[of_line[_lacks_words(aligned, held)[owners]]] = False
    # Each line of each block once, in order.
    is_new = np.diff(owners, prepend=-1).astype(bool) | np.diff(of_line, prepend=-1).astype(bool)
    own_lines: dict[int, list[int]] = {}
    for k, line in zip(owners[is_new].tolist(), of_line[is_new].tolist(), strict=True):
        own_lines.setdefault(k, []).append(line)
    written: list[str] = []
    done: set[int] = set()
    for k in kept:
        found = own_lines.get(k, []) if is_kept[k] else []
        if found and all(whole[line] for line in found):
            written += [lines[line] for line in found if line not in done]
            done.update(found)
        else:
            written.append(blocks[k].text)
    return written


def _lacks_words(aligned: Aligned, held: Numbers) -> Mask:
    """Tell which blocks have words that trafilatura's lines lack, before others that they have.

    It takes out links and other elements within a sentence. Of 54 such blocks of labelled news pages whose gold body decides,
    53 are whole there; what is missing at the end of a block is often a label that has no place in the text. A block that the
    lines break in parts stays so.
    """
    n_blocks = len(aligned.kept)
    places = aligned.places[held]
    found = np.bincount(aligned.owners[places], minlength=n_blocks)
    starts = np.searchsorted(aligned.owners, np.arange(n_blocks))
    ends = np.zeros(n_blocks, np.int64)
    np.maximum.at(ends, aligned.owners[places], places + 1)
    lacks: Mask = (found > 0) & (ends - starts > found)
    breaks = (np.diff(aligned.lines[held]) > 0) & (np.diff(aligned.owners[places]) == 0)
    lacks[aligned.owners[places[1:][breaks]]] = False
    return lacks
