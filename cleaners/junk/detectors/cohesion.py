"""End of a story glued into one of an article's paragraphs: takes a page, gives the offset; removes nothing.

Compares each sentence behind the card's headline with the words of the rest of the page, and chooses the one break that
parts foreign sentences from the page's own best (the change point of a sum of scores).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise, takewhile

from cleaners.junk.page.page import Extent, Page, split_sentences

# Share of a sentence's words of five letters or more, or with capitals, that the rest of an article holds too: about
# .2 in a foreign sentence and .45 in its own; the break is sought around the middle.
OWN_SHARE = 0.32
# Characters before and behind the passage that are compared: a few paragraphs are enough, and time stays linear.
WINDOW = 8000
PIECE = 2000  # characters of the rest that are read at a time, a dozen paragraphs
# Distinct words outside the line without which a comparison means nothing.
MIN_OWN_WORDS = 60
MIN_REST_WORDS = 110  # a paragraph of background differs from a short story as much as a foreign one
_NAME = re.compile(r"(?<=[^\W\d_A-Z] |, )[^\W\d_a-z][^\W\d_]{2,}")
_WORD = re.compile(r"[^\W\d_]{3,}")
# Scripts written without spaces: there a pair of characters is as telling as a word.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]{2,}")


def find_return(page: Page, start: int, body_start: int, line_end: int, foreign: list[Extent]) -> int:
    """Return where the page's own sentences go on behind an embedded story that has no line break.

    Args:
        page: the document.
        start: where the embedded passage begins; what stands before it is the page's own.
        body_start: where its body begins.
        line_end: the end of the line that holds it.
        foreign: other embedded passages, sorted; they are none of the page's own either.

    Returns:
        Offset of the end of the embedded passage: `line_end` where nothing of the page's own follows, `body_start` where
        too little stands outside the line to tell its own sentences from foreign ones.

    """
    first = max(0, start - WINDOW)
    position, own_text = start, ""
    for extent in takewhile(lambda extent: extent[1] > first, reversed(foreign)):
        own_text += page.text[extent[1] : position] + " "
        position = extent[0]
    own_text += page.text[min(first, position) : position]
    own = _words(own_text) | _words(page.text[line_end : line_end + WINDOW]) | _words(page.title or "")
    if len(own) < MIN_OWN_WORDS:
        return body_start
    sentences = list(split_sentences(page.text, body_start, line_end))
    best, best_end, total = 0.0, line_end, 0.0
    # Scores are summed from the line's end: own sentences raise the sum, foreign ones lower it.
    for number in range(len(sentences) - 1, 0, -1):
        words = _words(page.text[slice(*sentences[number])])
        total += sum((1.0 if word in own else 0.0) - OWN_SHARE for word in words)
        if total > best:
            best, best_end = total, sentences[number - 1][1]
    return best_end


def share_own(page: Page, start: int, end: int, enough: float) -> float:
    """Measure how much of a passage the rest of its page speaks of too.

    Args:
        page: the document.
        start: where the passage begins.
        end: where it ends.
        enough: the share above which it does not matter how much more it is: the rest is read from the passage outwards,
            mostly two pieces of it.

    Returns:
        Share of the passage's distinct words of five letters or more, or with capitals, that the rest holds, 0 to 1; where it
        is above `enough`, that of a part of the rest, above it too.
    """
    words = _words(page.text[start:end])
    foreign, share = set(words), 0.0 if words else 1.0
    for piece in _outwards(page.text, start, end):
        if share > enough or not foreign:
            break
        foreign -= _words(piece)
        share = (len(words) - len(foreign)) / len(words)
    return share


def _outwards(text: str, start: int, end: int) -> Iterator[str]:
    """What stands before and behind a passage, in pieces that end at line ends, so that no word is cut."""
    while start > 0 or end < len(text):
        low = max(text.rfind("\n", 0, max(start - PIECE, 0)), 0)
        high = text.find("\n", end + PIECE)
        high = len(text) if high < 0 else high
        yield text[low:start]
        yield text[end:high]
        start, end = low, high


def is_unlike(page: Page, start: int, end: int, max_share: float) -> bool:
    """Tell whether a passage speaks of other things and of other people than the rest of its page.

    Args:
        page: the document.
        start: where the passage begins.
        end: where it ends.
        max_share: largest share of its words, and of its names, that the rest may hold.

    Returns:
        False where the rest has too few words to tell.

    """
    rest = page.text[:start] + "\n" + page.text[end:]
    own, words = _words(rest), _words(page.text[start:end])
    if len(own) < MIN_REST_WORDS or len(words & own) > max_share * len(words):
        return False
    names, own_names = _names(page.text[start:end]), _names(rest)
    return len(names & own_names) <= max_share * len(names)


def _names(text: str) -> frozenset[str]:
    """Words with a capital that begin no sentence."""
    return frozenset(word.lower() for word in _NAME.findall(text))


def _words(text: str) -> frozenset[str]:
    words = {word.lower() for word in _WORD.findall(text) if len(word) >= 5 or word[0].isupper()}
    for run in _UNSPACED.findall(text):
        words.discard(run)
        words.update(map("".join, pairwise(run)))
    return frozenset(words)
