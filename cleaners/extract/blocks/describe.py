"""Blocks of a page to numbers: takes blocks, what trafilatura kept and what the page says of itself, gives an array.

One row a block near the story, one column a feature; beside it hashed words of class names and of text, for the models of
words. No feature names a site: what is learned on one must hold on another.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cleaners.extract.blocks.align import Aligned
from cleaners.extract.blocks.blocks import CONTEXTS, Array, Blocks, Numbers
from cleaners.extract.blocks.words import WORD, hash_names, hash_words
from cleaners.extract.text.plain import UNSPACED

# Closing marks of other languages among them: German “, Danish «, Japanese 」.
SENTENCE_END = re.compile(r"[.!?…。！？．｡।؟۔։።][\"'”’“‘»«›‹)\]」』）】〉》*]*$")
CLAUSE_ENDS = (", ", "; ", ": ", ". ", "! ", "? ")
DATE = re.compile(
    r"\b(?:(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|20\d\d-\d\d"
    r"|\d{1,2} (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|\d{1,2}[:.]\d\d\b|ago\b|\d+ ?(?:hours?|mins?|minutes?|days?)\b"
    r"|\d{1,2}\.? (?:de )?[^\W\d_]{3,10}\.? (?:de )?20\d\d\b)|\d[年月日]",
    re.I,
)
LETTERS = 240  # of a block whose capitals and digits are counted
MAX_COMPARED = 300  # words of a block that is compared with headline, description and authors
NEAR = 4  # blocks before and behind a block that say whether the story is near
MARGIN = 12  # blocks before and after what trafilatura kept that are judged

OWN = (
    *("log_characters", "words", "ends_sentence", "ends_colon", "starts_lower", "clauses", "digits", "capitals", "all_capitals"),
    *("quote", "bars", "word_length", "link_share", "bold_share", "links", "links_a_word", "date", "hidden", "heading", "is_p"),
    *("is_li", "is_cell", "is_div", "depth", "same_text", "same_text_before", "repeated_share"),
)  # fmt: skip
FACTS = ("of_title", "title_in", "of_description", "description_in", "of_author", "author_in", "of_site")
KEPT = (
    *(
        "kept",
        "kept_before_1",
        "kept_after_1",
        "kept_before_2",
        "kept_after_2",
        "kept_near",
        "same_names",
        "same_names_n",
    ),
    *("parent_names", "parent_names_n"),
    *("under_1", "under_2", "under_3", "levels_to_story", "depth_in_story", "in_story", "same_parent", "words_shared"),
)
PLACE = (
    *("from_first", "to_last", "share_before", "share_after", "inside", "story_words", "story_blocks", "from_heading"),
    *("from_title", "siblings", "links_under_1", "links_under_2", "characters_before_1", "characters_after_1", "ends_before_1"),
    *("ends_after_1", "links_before_1", "links_after_1"),
)  # fmt: skip
CONTEXT_NAMES = tuple(f"in_{tag}" for tag in CONTEXTS)
FEATURES = (*OWN, *FACTS, *KEPT, *PLACE, *CONTEXT_NAMES)


class PageFacts(NamedTuple):
    """Statements of a page about itself, to compare its blocks with."""

    titles: tuple[str, ...]
    descriptions: tuple[str, ...]
    authors: tuple[str, ...]
    site: str


class Described(NamedTuple):
    """The blocks near the story as numbers."""

    start: int  # index of the first block described
    features: Array  # (blocks, FEATURES)
    name_hashes: list[list[int]]  # of class and id words of a block's element and those around it
    word_hashes: list[list[int]]  # of the words of a block


def describe_blocks(page: Blocks, aligned: Aligned, facts: PageFacts) -> Described:
    """Describe the blocks near the story.

    Args:
        page: the page's blocks.
        aligned: what trafilatura kept of them.
        facts: what the page says of itself.

    Returns:
        Features of the blocks from `MARGIN` before the first kept one to `MARGIN` after the last; no rows if none is.
    """
    kept = aligned.kept
    story = np.flatnonzero(kept >= 0.5)
    if not len(story):
        return Described(0, np.empty((0, len(FEATURES))), [], [])
    first, last = int(story[0]), int(story[-1])
    start, stop = max(0, first - MARGIN), min(len(page.blocks), last + MARGIN + 1)
    window = page.blocks[start:stop]
    ends = np.array([SENTENCE_END.search(block.text[-8:]) is not None for block in page.blocks], float)
    own = _describe_own(page, aligned, ends, start, stop)
    compared = _compare_facts(aligned, facts, start, stop)
    near_kept, near_place = _describe_place(page, aligned, compared, ends, start, stop, first, last)
    context = np.array([block.context for block in window], np.int64)
    contexts = (context[:, None] >> np.arange(len(CONTEXTS)) & 1).astype(float)
    features = np.hstack([own, compared, near_kept, near_place, contexts])
    return Described(
        start,
        features,
        hash_names(page, window),
        hash_words(aligned.strings[start:stop]),
    )


def _describe_own(page: Blocks, aligned: Aligned, ends: Array, start: int, stop: int) -> Array:
    window = page.blocks[start:stop]
    texts = [block.text for block in window]
    nodes = [page.nodes[block.node] for block in window]
    total = Counter(block.text for block in page.blocks)
    seen = Counter(block.text for block in page.blocks[:start])
    before = []
    for text in texts:
        before.append(seen[text])
        seen[text] += 1
    n = page.lengths[start:stop]
    n_words = np.array([_count_words(text) for text in texts], float)
    upper, lower, digits = _count_kinds([text[:LETTERS] for text in texts])
    linked, bold, links = np.array([(b.link_characters, b.bold_characters, b.n_links) for b in window], float).T
    # A date has a digit or says how long ago: without them the costly pattern cannot match.
    dated = [
        (has_digit or "ago" in text[:200].lower()) and DATE.search(text[:200]) is not None
        for text, has_digit in zip(texts, (digits > 0).tolist(), strict=True)
    ]
    columns = (
        np.log1p(n),
        np.minimum(n_words, 300),
        ends[start:stop],
        [text[-1] == ":" for text in texts],
        [text[0].islower() for text in texts],
        [sum(map(text[:1_000].count, CLAUSE_ENDS)) if len(text) > 12 else 0 for text in texts],
        digits / np.minimum(n, LETTERS),
        upper / np.maximum(1, upper + lower),
        (lower == 0) & (upper > 1),
        [text[0] in "\"“'‘«„" for text in texts],
        [sum(map(text.count, "|•·/»›")) for text in texts],
        n / n_words,
        linked / n,
        bold / n,
        np.minimum(links, 20),
        links / n_words,
        dated,
        [block.context >> len(CONTEXTS) & 1 for block in window],
        [
            int(node.tag[1]) if len(node.tag) == 2 and node.tag[0] == "h" and node.tag[1].isdigit() else 0
            for node in nodes
        ],
        [node.tag == "p" for node in nodes],
        [node.tag == "li" for node in nodes],
        [node.tag in ("td", "th") for node in nodes],
        [node.tag == "div" for node in nodes],
        [node.depth for node in nodes],
        [total[text] for text in texts],
        before,
        _repeated_share(aligned, len(page.blocks))[start:stop],
    )
    return np.array(columns, float).T


def _count_words(text: str) -> int:
    """Words between blanks, or half the characters of scripts without blanks."""
    n_blanks = text.count(" ") + 1
    return n_blanks if text.isascii() else max(n_blanks, len(UNSPACED.findall(text)) // 2)


def _count_kinds(texts: list[str]) -> tuple[Array, Array, Array]:
    """Count the capitals, small letters and digits of texts, none of them empty."""
    codes = _code_points("".join(texts))
    is_used = np.zeros(int(codes.max()) + 1, bool)
    is_used[codes] = True
    distinct = np.flatnonzero(is_used)
    characters = list(map(chr, distinct.tolist()))
    starts = np.cumsum([0, *map(len, texts[:-1])])
    upper, lower, digits = (
        _count_marked(codes, distinct, list(map(is_kind, characters)), starts)
        for is_kind in (str.isupper, str.islower, str.isdigit)
    )
    return upper, lower, digits


def _count_marked(codes: npt.NDArray[np.uint32], distinct: Numbers, is_marked: list[bool], starts: Numbers) -> Array:
    """Count the marked ones among the characters of each text."""
    marked = np.zeros(int(distinct[-1]) + 1, bool)
    marked[distinct] = is_marked
    counts: Array = np.add.reduceat(marked[codes], starts, dtype=float)
    return counts


def _code_points(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _repeated_share(aligned: Aligned, n_blocks: int) -> Array:
    """Share of each block's words that begin a run of four found elsewhere on the page: a pulled quote, a teaser."""
    words = aligned.words
    if len(words) < 4:
        return np.zeros(n_blocks)
    runs = np.zeros(len(words) - 3, np.uint64)
    for k in range(4):
        runs = runs * np.uint64(0x9E3779B97F4A7C15) + (words[k : len(words) - 3 + k].astype(np.uint64) + np.uint64(1))
    ordered = np.sort(runs)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    inside = aligned.owners[: len(runs)] == aligned.owners[3:]
    again = np.zeros(len(runs), bool)
    if len(twice):
        again = inside & (twice[np.minimum(np.searchsorted(twice, runs), len(twice) - 1)] == runs)
    hits = np.bincount(aligned.owners[: len(runs)][again], minlength=n_blocks)
    return hits / np.maximum(1, np.bincount(aligned.owners[: len(runs)][inside], minlength=n_blocks))


def _compare_facts(aligned: Aligned, facts: PageFacts, start: int, stop: int) -> Array:
    """Compare the words of blocks with what the page says of itself: the share of theirs in it, and of its in theirs."""
    first, last = np.searchsorted(aligned.owners, [start, stop])
    owners, n_blocks, n_numbers = aligned.owners[first:last] - start, stop - start, len(aligned.numbers)
    # Each word of each block once: a number that holds both. (`np.unique` takes four times as long where most are distinct.)
    both = np.sort(owners * n_numbers + aligned.words[first:last])
    block, word = np.divmod(both[np.diff(both, prepend=-1) > 0], n_numbers)
    n = np.maximum(1, np.bincount(block, minlength=n_blocks))
    is_compared = (np.bincount(owners, minlength=n_blocks) < MAX_COMPARED)[block]
    block, word = block[is_compared], word[is_compared]

    def compare(texts: Iterable[Iterable[str]]) -> tuple[Array, Array]:
        of_text, in_text = np.zeros(n_blocks), np.zeros(n_blocks)
        for said in {frozenset(words) for words in texts}:
            is_said = np.zeros(n_numbers, bool)
            is_said[[aligned.numbers[one] for one in said if one in aligned.numbers]] = True
            shared = np.bincount(block[is_said[word]], minlength=n_blocks)
            of_text, in_text = np.maximum(of_text, shared / n), np.maximum(in_text, shared / max(1, len(said)))
        return of_text, in_text

    titles, descriptions = (map(_list_words, texts) for texts in (facts.titles, facts.descriptions))
    site = [word for word in _list_words(facts.site) if len(word) > 3]
    of_site, _ = compare([site])
    return np.column_stack(
        [*compare(titles), *compare(descriptions), *compare([_list_words(" ".join(facts.authors))]), of_site]
    )


def _list_words(text: str) -> list[str]:
    return WORD.findall(text.casefold())


def _describe_place(
    page: Blocks, aligned: Aligned, compared: Array, ends: Array, start: int, stop: int, first: int, last: int
) -> tuple[Array, Array]:
    kept, lengths, links, at, parents = aligned.kept, page.lengths, page.links, page.at, page.parents
    n_nodes = len(page.nodes)
    depths = np.array([node.depth for node in page.nodes], np.int64)
    held = np.where(kept >= 0.5, lengths, 0.0)
    sums = np.array([page.sum_below(values) for values in (lengths, held, links)])
    story_characters = max(1.0, float(held.sum()))
    # The deepest element that holds nearly all of the story.
    holding = np.flatnonzero(sums[1] >= 0.85 * story_characters)
    story_depth = depths[holding].max()
    direct = np.bincount(np.maximum(parents[at], 0), held, n_nodes)
    main_parent = int(direct.argmax())

    index = np.arange(start, stop)
    own_at, own_length, own_held = at[index], lengths[index], held[index]
    kinds = np.array([node.kind for node in page.nodes], np.int64)
    names = _share_by(kinds[at], lengths, held, index)
    parent_names = _share_by(kinds[np.maximum(parents[at], 0)], lengths, held, index)
    levels = [own_at]
    for _ in range(3):
        levels.append(np.maximum(parents[levels[-1]], 0))
    under = [(sums[1, level] - own_held) / np.maximum(1.0, sums[0, level] - own_length) for level in levels[1:]]
    links_under = [sums[2, level] / np.maximum(1.0, sums[0, level]) for level in levels[1:3]]
    # Up to the element that holds, beside the block, half of the story.
    node, to_story = own_at.copy(), np.zeros(len(index))
    wanted = own_held + 0.5 * story_characters
    while (is_below := (node >= 0) & (sums[1, node] < wanted)).any():
        node[is_below] = parents[node[is_below]]
        to_story += is_below
    in_story = depths[np.maximum(node, 0)] >= story_depth

    def around(values: Array) -> Array:
        """Values of the blocks that stand up to NEAR before and behind each, (2 * NEAR + 1, blocks), 0 beyond the page."""
        padded = np.concatenate([np.zeros(NEAR), values, np.zeros(NEAR)])
        return np.array([padded[start + step : stop + step] for step in range(2 * NEAR + 1)])

    kept_near = around(kept)
    near = sum(kept_near[NEAR + step] for step in (-4, -3, -2, -1, 1, 2, 3, 4)) / 8
    share_words = _words_shared(aligned, len(lengths))[index]
    near_kept = np.column_stack(
        [
            *kept_near[[NEAR, NEAR - 1, NEAR + 1, NEAR - 2, NEAR + 2]], near, *names, *parent_names, *under, to_story,
            depths[own_at] - story_depth, in_story, levels[1] == main_parent, share_words,
        ]
    )  # fmt: skip
    before = np.concatenate([[0.0], np.cumsum(held)])[index] / story_characters
    tags = [page.nodes[block.node].tag for block in page.blocks]
    heading = np.array([tag[:1] == "h" and tag[1:].isdigit() for tag in tags])
    logs, link_share = np.log1p(lengths), links / np.maximum(1.0, lengths)
    titles = np.flatnonzero((compared[:, 0] > 0.8) & (compared[:, 1] > 0.8))
    from_title = np.full(len(index), -50.0)
    for row in titles.tolist():
        from_title[row:] = np.arange(len(index) - row)
    near_place = np.column_stack(
        [
            np.clip(index - first, -50, 100), np.clip(last - index, -50, 100), before, 1 - before - own_held / story_characters,
            (index >= first) & (index <= last), np.full(len(index), np.log1p(story_characters)),
            np.full(len(index), float((held > 0).sum())), _since(heading)[index], np.minimum(from_title, 50),
            np.bincount(at, minlength=n_nodes)[own_at], *links_under,
            *(side for values in (logs, ends, link_share) for side in around(values)[[NEAR - 1, NEAR + 1]]),
        ]
    )  # fmt: skip
    return near_kept, near_place


def _since(marks: npt.NDArray[np.bool_]) -> Array:
    """Blocks since the last mark, at most 30."""
    index = np.arange(len(marks))
    latest = np.maximum.accumulate(np.where(marks, index, -30))
    return np.minimum(index - latest, 30).astype(float)


def _share_by(group: Numbers, lengths: Array, held: Array, index: Numbers) -> tuple[Array, Array]:
    """Share of the characters kept in the other blocks of a block's group, and their number."""
    characters = np.bincount(group, lengths)[group] - lengths
    kept_there = np.bincount(group, held)[group] - held
    n = np.bincount(group)[group] - 1
    return np.where(n > 0, kept_there / np.maximum(1.0, characters), -1.0)[index], np.minimum(n, 50)[index].astype(
        float
    )


def _words_shared(aligned: Aligned, n_blocks: int) -> Array:
    """Share of a block's words that the story uses elsewhere."""
    words, owners = aligned.words, aligned.owners
    if not len(words):
        return np.zeros(n_blocks)
    in_story = aligned.kept[owners] >= 0.5
    story_counts = np.bincount(words[in_story], minlength=int(words.max()) + 1)
    elsewhere = story_counts[words] > in_story
    return np.bincount(owners, elsewhere, n_blocks) / np.maximum(1, np.bincount(owners, minlength=n_blocks))
