"""Plain text to title and agency: takes a repaired text, gives what its first lines say; removes nothing."""

from __future__ import annotations

import re
import sys
import tomllib
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from cleaners.extract.config import ExtractConfig

WORD = re.compile(r"\w+")
# Scripts written without spaces; each of their characters counts as half a word (Chinese words have 1.5 to 2).
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
LONG = 200  # characters from which on counting in an array is faster (measured on lines and texts of 178 pages)
ENOUGH_CHARACTERS = 12  # a word of news takes six, its blank included
OF_WORD, ALONE = 1, 2  # kinds of characters; 0 is any other

# Ends of a sentence, closing quotes and brackets included; a colon or comma ends no headline either.
SENTENCE_END = re.compile(r"[.!?…。！？:;,]['\"’”»)\]]*$|[.,]\s*$")
CLAUSE_END = re.compile(r"[.…。:;,]['\"’”»)\]]*$")
NOT_A_TITLE = re.compile(
    r"^(?:by|von|par|por|di|door)\s+\S|^https?://|^www\.|^[-*•·–—>|#@(\[]|\S+@\S+\.\w"  # byline, address, list item
    r"|^\d{1,2}[./ -]\w{2,9}[./ -]\d{2,4}\b|^\d{4}-\d\d-\d\d|\b\d+ (?:minutes?|hours?|days?) ago$",  # date line
    re.I,
)
# A dateline: at most a place and a date before the brackets, a dash after them.
DATELINE = re.compile(r"^[^\S\n]*+(?:[^()\n]{0,60}\s)?\(([^()\n]{2,40})\)[^\S\n]*+(?:[-–—―:]|--)", re.MULTILINE)


def count_words(text: str, enough: int | None = None) -> int:
    """Count the words of a text; scripts without spaces count half a word a character.

    Args:
        text: any.
        enough: a number of words from which on they need not be counted: the count is right below it, and may be less than right,
            but no less than this, above.
    """
    if enough is not None and len(text) > ENOUGH_CHARACTERS * enough:
        n_words = count_words(text[: ENOUGH_CHARACTERS * enough])
        if n_words >= enough:
            return n_words
    if len(text) >= LONG:  # an eighth of what the expressions take for an article
        kinds = _kinds()[np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)]
        of_word = kinds == OF_WORD
        n_words = int(of_word[0]) + int(np.count_nonzero(of_word[1:] > of_word[:-1]))
        return n_words + (0 if text.isascii() else int(np.count_nonzero(kinds == ALONE)) // 2)
    unspaced = 0 if text.isascii() else len(UNSPACED.findall(text))
    if unspaced:
        text = UNSPACED.sub(" ", text)
    return len(WORD.findall(text)) + unspaced // 2


@cache
def _kinds() -> npt.NDArray[np.uint8]:
    """Return what each character is to the count of words: `OF_WORD`, `ALONE` in scripts without spaces, or neither."""
    characters = np.arange(sys.maxunicode + 1, dtype=np.uint32).tobytes().decode("utf-32-le", "surrogatepass")
    kinds = np.zeros(len(characters), np.uint8)
    for kind, expression in ((OF_WORD, WORD), (ALONE, UNSPACED)):
        for found in expression.finditer(characters):
            kinds[found.start() : found.end()] = kind
    return kinds


def find_title(text: str, config: ExtractConfig) -> str | None:
    """Return the first line of a text if it is a title.

    A title is short, does not end like a statement, is not a byline, address, date or list item, and text follows it:
    after an empty line, or at once when the file is not broken into lines of even length.

    Args:
        text: the repaired text of a file.
        config: how long a title may be.
    """
    first, _, rest = text.lstrip("\n").partition("\n")
    title = first.strip()
    shortest = 4 if UNSPACED.search(title) else 8
    if not shortest <= len(title) <= config.max_title_characters or title[:2].islower():
        return None
    if CLAUSE_END.search(title) or NOT_A_TITLE.search(title) or DATELINE.match(title):
        return None
    if not 2 <= count_words(title) <= config.max_title_words or count_words(rest) < 2 * count_words(title):
        return None
    has_gap = "\n" in rest[: len(rest) - len(rest.lstrip())]
    return title if has_gap or not _is_hard_wrapped(first, rest) else None


def find_agency(text: str) -> str | None:
    """Return the agency credited in the dateline that opens a text, `LONDON (Reuters) - `, in capitals.

    Args:
        text: the repaired text; a title line before the dateline is allowed.
    """
    for line in text.split("\n", 12)[:12]:
        match = DATELINE.match(line) if "(" in line else None
        if match:
            return _agencies().get(_spelling(match[1]))
    return None


def _is_hard_wrapped(first: str, rest: str) -> bool:
    """Tell whether lines break in the middle of sentences, as in e-mail and wire copy of old."""
    lines = [line for line in rest.split("\n", 24)[:24] if line.strip()]
    if not lines or max(map(len, lines)) > 110:
        return False
    open_ended = sum(not SENTENCE_END.search(line.rstrip()) for line in lines)
    return open_ended > len(lines) / 2 or (len(lines) == 1 and lines[0][:1].islower())


def _spelling(name: str) -> str:
    return " ".join(name.replace(".", "").casefold().split())


@cache
def _agencies() -> dict[str, str]:
    table = tomllib.loads((files("cleaners") / "rules" / "agencies.toml").read_text(encoding="utf-8"))
    return {_spelling(form): row["name"] for row in table["agencies"] for form in (row["name"], *row["also"])}
