"""End of a headline that is glued to what follows it: takes a text and an offset, gives an offset or none.

Shared by cards, widgets and links inside a paragraph, where no line break shows it. Removes nothing.
"""

from __future__ import annotations

import re
from itertools import islice, pairwise

from cleaners.junk.rule_files import load_words

MAX_HEADLINE_WORDS = 25
_REACH = 40  # characters beside an offset that show whether a sentence is split there
_STOPS = '.!?…:"”’»)]。！？*|•'

_WORD = re.compile(r"\S+")
_OPENING_QUOTES = '"“‘'
_DATELINE = re.compile(
    r"[A-Z][A-Z.' ]{2,30}(?:, [A-Z][\w.]{1,20}(?: \d{1,2})?){0,3}(?:,? \(?[A-Z][\w ]{1,20}\)?)? ?[-–—] "
)


def find_dateline_end(text: str, start: int) -> int | None:
    """Return where a story begins behind its dateline ("LISBON, March 3 (Reuters) - "), None where an offset begins none."""
    match = _DATELINE.match(text, start)
    return match.end() if match else None


def is_headline_like(line: str) -> bool:
    """Tell whether a line reads as a headline: short, no full stop at its end, more than a word or two."""
    words = line.split()
    return 3 <= len(words) <= MAX_HEADLINE_WORDS and line.rstrip("\"”’')]")[-1:] not in tuple(".,;:")


def is_in_title_case(words: list[str]) -> bool:
    """Tell whether most words of four letters or more begin with a capital."""
    long_words = [word for word in words if len(word.strip("\"“”‘’'(),:;!?")) >= 4]
    capitals = sum(1 for word in long_words if word.lstrip("\"“‘'(")[:1].isupper())
    return bool(long_words) and capitals >= 0.75 * len(long_words)


def find_link_end(text: str, start: int, end: int) -> int | None:
    """Find the same in any language: where an article or a pronoun of it with a capital stands behind a small word."""
    starters = load_words()["starters_elsewhere"]
    words = list(islice(_WORD.finditer(text, start, end), MAX_HEADLINE_WORDS + 5))
    for previous, match in pairwise(words[2:]):
        word = match[0]
        first = re.split("[’']", word)[0] + "'" if "’" in word or "'" in word else word
        if first in starters and previous[0][-1].isalnum() and previous[0].islower():
            return match.start()
    return None


def find_headline_end(text: str, start: int, end: int) -> int | None:
    """Find where the sentence after a glued headline begins.

    Args:
        text: the extracted text.
        start: where the headline begins.
        end: where to stop looking (the end of its line).

    Returns:
        Offset of the first word after the headline, or None where nothing shows it.

    """
    starters, joiners = load_words()["sentence_starters"], load_words()["joiners"]
    words = []
    for match in _WORD.finditer(text, start, end):
        words.append(match)
        if len(words) > MAX_HEADLINE_WORDS + 5:
            break
    in_title_case = is_in_title_case([match[0] for match in words[:8]])
    for number, match in enumerate(words[:-1]):
        word, previous = match[0], words[number - 1][0] if number else ""
        if number < 4:
            continue
        if _DATELINE.match(text, match.start(), end):
            return match.start()
        if word[0] in _OPENING_QUOTES and word[1:2].isupper() and previous[-1] not in ",:;-–—(":
            return match.start()
        following = words[number + 1][0]
        # In a headline in capitals only a starter before small words ("The band will ...") begins a sentence.
        if previous.lower() in joiners:
            continue
        if word in starters and previous[-1] not in ",:;-–—(&" and previous not in starters:
            if not in_title_case and previous[:1].islower():
                return match.start()
            if not in_title_case and not following[:1].isupper():
                return match.start()
            if in_title_case and following[:1].islower() and number >= 5:
                return match.start()
    return None


def splits_sentence(text: str, place: int) -> bool:
    """Tell whether an offset lies inside a sentence: no break, no stop before it, and nothing behind it shows a beginning."""
    before, after = text[max(0, place - _REACH) : place], text[place : place + _REACH]
    left, right = before.rstrip(), after.lstrip()
    gap = before[len(left) :] + after[: len(after) - len(right)]
    if not left or not right or "\n" in gap or "\t" in gap or len(gap) > 1 or left[-1] in _STOPS:
        return False
    if not gap and left[-1].isalnum() and right[0].isalnum():
        return True
    word = left.split()[-1]
    # A single small letter is a preposition or a conjunction in many languages ("w Niemczech", "e Roma").
    is_joiner = word in load_words()["joiners"] or (len(word) == 1 and word.islower())
    return right[0].islower() or left[-1] in ",;(/&" or is_joiner
