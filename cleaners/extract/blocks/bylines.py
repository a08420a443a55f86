"""Authors named in lines that are not story: takes dropped blocks' text, gives names; removes nothing.

Reads bylines (`By Ann Lee and Bo Okafor, staff writers`) and bios (`Ann Lee is a reporter ...`). For pages that name no
author; a line that is more than a byline gives nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_CHARACTERS = 400  # of a bio; a longer block is a paragraph
MAX_BIO = 700
MAX_AUTHORS = 6
BYLINE = re.compile(
    r"[\W_]*(?:(?:written|reported|words|story|text|posted|published|article|author)\s*(?:by\b|:)\s*:?|by\b|von\b|par\b|por\b)\s*:?\s*"
    r"(?P<names>\S.{2,150})",
    re.I,
)
ABOUT = re.compile(r"about the (?:author|writer|reporter)s?\s*:?\s*(?P<names>[^\W\d_].{2,80})", re.I)
BIO = re.compile(
    r"(?P<names>[^\W\d_][^,.;:()]{2,60}?),? "
    r"(?:(?:is|(?P<past>was|has been)) (?:an? |the |our |\w+[’']s? )|covers |writes |reports |edits )"
    r"(?=(?P<rest>.{0,200}))",
)
ROLE = re.compile(
    r"\b(?:reporters?|writers?|editors?|correspondents?|columnists?|journalists?|contributors?|critics?|bloggers?|authors?|freelancers?"
    r"|anchors?|producers?|analysts?|intern|fellow|about|for)\b",
    re.I,
)
# The task of one who writes, at once after "is a": `senior reporter at`, `professor of history`, and not `a man of 52`.
AUTHOR_ROLE = re.compile(
    r"(?:[\w’'&-]+,? ){0,6}?(?:reporters?|writers?|editors?|correspondents?|columnists?|journalists?|contributors?|critics?"
    r"|bloggers?|authors?|freelancers?|producers?|analyst (?:at|for)|fellow (?:at|with|of|in)|professor (?:of|at|emerit\w+))\b",
    re.I,
)
# Text that follows a name in a byline: its owner's place, date or task, which is no name.
BEHIND_NAME = re.compile(
    r"\s*(?:[|•·–—/]|\s-\s|\bfor\b|\bof\b|\bat\b|\bin\b|\bpublished\b|\bupdated\b|\bposted\b|\b\d).*", re.I
)
TITLE_OF_WORK = re.compile(
    r"(?:(?:senior|chief|deputy|managing|associate|contributing|executive|news|sports?|political|business|staff|special|guest|"
    r"freelance|assistant|national|foreign|european|world)\s+)*"
    r"(?:reporters?|writers?|editors?|correspondents?|columnists?|journalists?|contributors?|critics?|producers?|analysts?|staff)",
    re.I,
)
# A date behind a name, without a space where the page puts both in elements of one line.
DATE_BEHIND = re.compile(
    r"(?:(?<=[a-z.])|(?<=[a-z.] ))(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?"
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.? ?\d.*$|\b(?:On|Last|Long Read|Read)\b.*$"
)
PARTICLES = frozenset(
    [
        "de",
        "del",
        "della",
        "der",
        "den",
        "di",
        "da",
        "dos",
        "du",
        "van",
        "von",
        "ten",
        "ter",
        "la",
        "le",
        "el",
        "al",
        "bin",
        "ibn",
    ]
)
NAME = re.compile(rf"[^\W\d_][\w.'’-]*(?: (?:[^\W\d_]\.|(?:{'|'.join(sorted(PARTICLES))})|[^\W\d_][\w.'’-]*)){{1,4}}")
GLUED = re.compile(r"(?<!\bMc)(?<!\bMac)(?<!\bDe)(?<!\bLa)(?<!\bDi)(?<!\bVan)(?<=[^\W\d_A-Z])[A-Z]")
NOT_NAMES = re.compile(
    r"\b(?:staff|agency|agencies|desk|board|team|news|press|reuters|editorial|editors?|writers?|reporters?|the|this|our|your|more|"
    r"correspondents?|magazine|times|post|daily|today|online|network|media)\b",
    re.I,
)


def find_authors(lines: Iterable[str]) -> list[str]:
    """Return the names in the first of some lines that is a byline, else in the first that is a bio.

    Args:
        lines: texts of blocks that stand before or after the story and are no part of it.
    """
    bios: list[str] = []
    for line in lines:
        if len(line) > MAX_CHARACTERS:
            continue
        match = BYLINE.fullmatch(line)
        if match and (names := _names(match["names"])):
            return names
        match = ABOUT.fullmatch(line)
        if match and not bios:
            bios = _names(match["names"])
        match = BIO.match(line)
        if match and not bios and ROLE.search(match["rest"]):
            bios = _names(match["names"])
    return bios


def find_bio(line: str) -> str | None:
    """Return the surname of whom a line presents as a writer; null for a line that is no bio.

    Args:
        line: the text of a block at the end of the story.
    """
    match = BIO.match(line) if len(line) <= MAX_BIO else None
    if match is None or match["past"] or not AUTHOR_ROLE.match(match["rest"]):
        return None
    names = _names(match["names"])
    return names[0].split()[-1] if len(names) == 1 else None


def _names(text: str) -> list[str]:
    """Split a list of names; empty unless each part is a name or the task of the one before it."""
    names: list[str] = []
    for part in re.split(
        r",|;|&|\band\b|\bund\b|\bet\b|\bby\b|\bwith\b", BEHIND_NAME.sub("", DATE_BEHIND.sub("", text))
    ):
        name = _without_repeat(" ".join(part.split()).strip(" ."))
        if not name or (names and TITLE_OF_WORK.fullmatch(name)):
            continue
        if not NAME.fullmatch(name) or NOT_NAMES.search(name) or GLUED.search(name) or not _is_capitalised(name):
            return []
        names.append(name.title() if name.isupper() else name)
    return names[:MAX_AUTHORS]


def _without_repeat(name: str) -> str:
    """A name that a page sets twice, for the picture and for the link, once."""
    words = name.split()
    half = len(words) // 2
    return " ".join(words[:half]) if half and words[:half] == words[half:] else name


def _is_capitalised(name: str) -> bool:
    words = [word for word in name.split() if word not in PARTICLES]
    return len(words) >= 2 and all(word[0].isupper() for word in words)
