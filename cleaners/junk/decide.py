"""The one decision: takes a page's proposed passages, gives the spans to remove and those to report, sorted and apart.

1. A passage below the least confidence stays and is reported. 2. When what is not certain would take more than a set share
of the page, it takes nothing and is reported. 3. A passage that counts only beside other junk needs a neighbour of its category.
4. Where passages overlap, cards win, then rules over the learned layer, then the confident, then the longer; the other
keeps what is left of it.
5. Neighbours of one category become one region under the rule of its longest part. 6. What remains keeps the borders of the
text (`borders`): labels go with what they lead to, datelines stay, sentences stay whole. 7. A single sentence of prose that stands
alone and has only repetition or likeness against it stays: it is a reporter's phrase. 8. Of what is reported, what is
removed anyway is left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from cleaners.junk.borders import keep_borders
from cleaners.junk.config import StripConfig
from cleaners.junk.page.page import Card, Page, Passage

_STRONG = 0.8
LEARNED = "learned-"
# Kinds of junk that the words of a single sentence do not give away, as those of a banner, a caption or a link do. Cross-validated,
# the six behind the first two cost nothing.
PROSE_CATEGORIES = frozenset(
    {
        "related_article",
        "ad_marker",
        "comments_ui",
        "cookie_notice",
        "hashtags",
        "page_furniture",
        "share_ui",
        "top_stories_widget",
    }
)
_MAX_WORD_CHARS = 20  # on average; keeps the pattern below, which looks back, from long texts
_SENTENCE = re.compile(r"[^\n.!?]*(?:[.!?](?=\S)[^\n.!?]*)*[.!?…]+[\"'”’)\]]*")


class Decision(NamedTuple):
    """Passages to remove, and passages to report that stay in the text; each sorted by start, none overlapping another."""

    removed: list[Passage]
    suspected: list[Passage]


def decide(page: Page, passages: Iterable[Passage], config: StripConfig) -> Decision:
    """Choose what to remove and what to report.

    Args:
        page: the document.
        passages: what the detectors propose, in any order, overlapping or not; those with a `doubt` can only be reported.
        config: thresholds.

    Returns:
        Passages without outer white space; those reported have a `doubt`.

    """
    proposed = [trimmed for passage in passages if (trimmed := _trim(page.text, passage))]
    if not proposed:
        return Decision([], [])
    weighed = _withhold(page, [_doubt_unsure(passage, config) for passage in proposed], config)
    accepted = _attach(page.text, [passage for passage in weighed if passage.doubt is None])
    chosen = keep_borders(page, _join(page.text, _paint(page.text, accepted)))
    removed = _spare_lone_sentences(page.text, chosen, config)
    return Decision(removed, _report(page.text, [passage for passage in weighed if passage.doubt], removed))


def cut_at(text: str, passage: Passage, end: int) -> Passage | None:
    """The part of a passage before an offset, None where nothing is left."""
    return passage if passage.end <= end else _trim(text, replace(passage, start=min(passage.start, end), end=end))


def _doubt_unsure(passage: Passage, config: StripConfig) -> Passage:
    """The passage, in doubt where its detector is less sure than it takes to cut."""
    if passage.doubt or passage.confidence >= config.min_confidence:
        return passage
    return replace(
        passage, doubt=f"the detector is less sure of it than the {config.min_confidence:.2f} it takes to cut"
    )


def holds_body(text: str, passage: Passage, card: Card) -> bool:
    """Tell whether a passage holds the whole body of a card, the white space around it aside."""
    start, end = card.body
    body = text[start:end]
    return passage.start <= end - len(body.lstrip()) and start + len(body.rstrip()) <= passage.end


def _spare_lone_sentences(text: str, chosen: list[Passage], config: StripConfig) -> list[Passage]:
    """Leave out single sentences of prose that only repetition or likeness speak against.

    "The ministry did not respond to a request for comment" stands in many stories of a paper and is a part of each.
    A story of another outlet is more than one sentence; an advertisement's marker is less.
    """
    kept = []
    for number, passage in enumerate(chosen):
        before = chosen[number - 1].end if number else None
        after = chosen[number + 1].start if number + 1 < len(chosen) else None
        touches = (before is not None and not text[before : passage.start].strip()) or (
            after is not None and not text[passage.end : after].strip()
        )
        is_guess = passage.rule_id.startswith((LEARNED, "template-")) and passage.category in PROSE_CATEGORIES
        if touches or not is_guess or not _is_sentence(text, passage, config.lone_sentence_words):
            kept.append(passage)
    return kept


def _is_sentence(text: str, passage: Passage, most_words: int) -> bool:
    """Tell whether a passage is one sentence of at most so many words."""
    if passage.end - passage.start > most_words * _MAX_WORD_CHARS:
        return False
    sentence = text[passage.start : passage.end]
    return len(sentence.split()) <= most_words and _SENTENCE.fullmatch(sentence) is not None


def _withhold(page: Page, passages: list[Passage], config: StripConfig) -> list[Passage]:
    """The passages, the uncertain ones in doubt where they would take too much together.

    What is salvaged is not lost, and what says itself what it is does not depend on the rest.
    """
    taken = np.zeros(len(page.text), dtype=bool)
    for passage in passages:
        if _is_uncertain(passage):
            taken[passage.start : passage.end] = True
    n_taken, n_chars = int(taken.sum()), len(page.text.strip())
    if n_taken <= config.max_uncertain_share * n_chars:
        return passages
    doubt = (
        f"together with the like it would take {n_taken / n_chars:.0%} of the document, more than the "
        f"{config.max_uncertain_share:.0%} that uncertain evidence may take"
    )
    return [replace(passage, doubt=doubt) if _is_uncertain(passage) else passage for passage in passages]


def _is_uncertain(passage: Passage) -> bool:
    return passage.doubt is None and not passage.is_certain and passage.card is None


def _report(text: str, doubtful: list[Passage], removed: list[Passage]) -> list[Passage]:
    """Doubtful passages worth a look, apart from each other and from what is removed."""
    if not doubtful:
        return []
    worth = [replace(passage, card=None, kept_as=None) for passage in doubtful]
    is_cut = np.zeros(len(text), dtype=bool)
    for passage in removed:
        is_cut[passage.start : passage.end] = True
    parts = []
    for part in _join(text, _paint(text, worth)):
        steps = np.diff(np.concatenate(([0], (~is_cut[part.start : part.end]).astype(np.int8), [0])))
        for start, end in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True):
            left = _trim(text, replace(part, start=part.start + int(start), end=part.start + int(end)))
            if left and any(character.isalnum() for character in text[left.start : left.end]):
                parts.append(left)
    return parts


def _attach(text: str, passages: list[Passage]) -> list[Passage]:
    """Accept attached passages that touch accepted junk of their category, and those that touch these in turn."""
    accepted = [passage for passage in passages if not passage.is_attached]
    by_start: dict[tuple[int, str], list[Passage]] = defaultdict(list)
    by_end: dict[tuple[int, str], list[Passage]] = defaultdict(list)
    for passage in passages:
        if passage.is_attached:
            by_start[passage.start, passage.category].append(passage)
            by_end[passage.end, passage.category].append(passage)
    taken: set[tuple[int, int, str]] = set()
    position = 0
    while position < len(accepted):  # grows while it is walked
        passage = accepted[position]
        position += 1
        touching = by_start.pop((_next_solid(text, passage.end), passage.category), [])
        touching += by_end.pop((_previous_solid(text, passage.start), passage.category), [])
        for other in touching:
            key = (other.start, other.end, other.rule_id)
            if key not in taken:
                taken.add(key)
                accepted.append(other)
    return accepted


def _paint(text: str, passages: Sequence[Passage]) -> list[Passage]:
    """Parts of the passages that do not overlap."""
    order = sorted(
        passages,
        key=lambda passage: (
            passage.card is not None,
            not passage.rule_id.startswith(LEARNED),
            passage.confidence >= _STRONG,
            passage.end - passage.start,
        ),
    )
    owner = np.full(len(text) + 1, -1, dtype=np.int64)
    for number, passage in enumerate(order):
        owner[passage.start : passage.end] = number
    changes = [0, *(np.flatnonzero(np.diff(owner)) + 1).tolist()]
    parts = []
    for start, end in pairwise([*changes, len(text)]):
        number = int(owner[start])
        if number >= 0 and (part := _trim(text, replace(order[number], start=start, end=end))):
            # A card that another one interrupts is salvaged once, from its first part.
            is_whole = (part.start, part.end) == (order[number].start, order[number].end)
            is_lost = not is_whole and part.card is not None and not holds_body(text, part, part.card)
            parts.append(replace(part, card=None) if is_lost else part)
    return parts


def _join(text: str, parts: list[Passage]) -> list[Passage]:
    joined: list[Passage] = []
    longest = 0
    for part in parts:
        size = part.end - part.start
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.category == part.category
            and last.card is None
            and part.card is None
            and last.kept_as is None
            and part.kept_as is None
            and last.doubt == part.doubt
            and not text[last.end : part.start].strip()
        ):
            rule = part if size > longest else last
            joined[-1] = replace(rule, start=last.start, end=part.end)
            longest = max(longest, size)
        else:
            joined.append(part)
            longest = size
    return joined


def _trim(text: str, passage: Passage) -> Passage | None:
    start, end = passage.start, passage.end
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if (start, end) == (passage.start, passage.end):
        return passage if start < end else None
    return replace(passage, start=start, end=end) if start < end else None


def _next_solid(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _previous_solid(text: str, position: int) -> int:
    while position > 0 and text[position - 1].isspace():
        position -= 1
    return position
