"""Captions by their credits: takes a page, gives passages that close with a picture's credit ('... Ana Lund/Getty Images').

Works without line breaks and without the stop that a credit lacks. How far the caption reaches before its credit is a guess, so
that each passage is for the learned layer to shorten or refuse.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

from cleaners.junk.detectors.headlines import find_headline_end
from cleaners.junk.detectors.rules import RuleDescription
from cleaners.junk.page.page import Page, Passage, find_all
from cleaners.junk.page.phrases import Phrases
from cleaners.junk.rule_files import load_words

DESCRIPTIONS = (
    RuleDescription(
        id="caption-before-credit",
        category="caption_credit",
        description="A sentence, or two, that close with a picture's credit: an agency or a paper behind a slash, 'Photo by', "
        "'Courtesy of', in brackets or bare, wherever it stands in a paragraph.",
        examples=(
            "The ferry leaves the harbour on Monday. Ana Lund/Getty Images",
            "A ferry in fog (Ana Lund / Harbour Times)",
        ),
    ),
    RuleDescription(
        id="caption-label",
        category="caption_credit",
        description="A caption behind its label, to the end of its sentence or to where the next visibly begins.",
        examples=("Image caption The ferry leaves the harbour at dawn", "FILE - The ferry in fog, March 1, 2031."),
    ),
)

MAX_CHARS = 420
# Strings that a credit contains; only the text around it is read for one. Plain strings are found far faster than by one pattern.
_ANCHORS = (
    *(
        "/",
        "Getty",
        "GETTY",
        "Photo",
        "PHOTO",
        "Image",
        "Picture",
        "Pic:",
        "Illustration",
        "Graphic",
        "Video",
        "Screenshot",
    ),
    *(
        "redit:",
        "redit...",
        "redits:",
        "ourtesy",
        "ubmitted ",
        "upplied by",
        "rovided by",
        "©",
        "hoto credit",
        "Associated Press",
        "ASSOCIATED PRESS",
        "TODAY Sports",
    ),
    *("Shutterstock", "Alamy", "iStock", " via ", "AP", "AFP", "REUTERS", "Reuters", "[File", "(File"),
)
# Of these only what goes on like this.
_GOES_ON = {
    "/": re.compile(r"/ ?(?:via )?[A-Z@]"),
    "©": re.compile(r"© ?[A-Z]"),
    **dict.fromkeys(
        ("Photo", "PHOTO", "Image", "Picture", "Illustration", "Graphic", "Video", "Screenshot"),
        re.compile(r"\w{1,20}[^\n:|]{0,20}?(?:[:|]| by | via | courtesy )"),
    ),
    " via ": re.compile(r" via [A-Z]"),
    **dict.fromkeys(("AP", "AFP", "REUTERS", "Reuters"), re.compile(r"\w{2,7}(?:[)\]\n]| (?:Photo|Image)|\Z)")),
}
# Words before a caption itself, which ends with its sentence or where one visibly begins.
_LABELS = (
    "Image caption ",
    "Media caption ",
    "Image:",
    "PHOTO:",
    "Pictured:",
    "Picture:",
    "FILE - ",
    "FILE – ",
    "FILE — ",
)
_BEFORE, _BEHIND = 100, 140
_REACH = 40  # anchors so close behind one are read with it
_MAX_WORD = 30
_MAX_READ = 1000  # places of one page at which a credit is sought
# Confidence that what stands before the credit is its caption: joined to it without a stop; the credit alone; one or two
# sentences back, or a mere pair of names. All below what is cut without the learned layer.
_JOINED, _ALONE, _BACK, _WEAK = 0.55, 0.52, 0.5, 0.5


def find_captions(page: Page) -> Iterator[Passage]:
    """Passages of a page that close with a picture's credit, each as far back as a sentence, two sentences or a line."""
    yield from _find_labelled(page)
    anchors = sorted(
        place
        for anchor in _list_present(page, _ANCHORS)
        for place in find_all(page.text, anchor)
        if anchor not in _GOES_ON or _GOES_ON[anchor].match(page.text, place)
    )
    if not anchors:
        return
    sentences = page.sentences
    begins = [start for start, _ in sentences]
    line_starts = {start for start, _ in page.lines}
    for start, end, is_weak in _find_credits(page.text, anchors):
        number = max(bisect_right(begins, start) - 1, 0)
        first = begins[number]
        is_joined = bool(page.text[first:start].strip(" ([—–|-/"))
        confidence = _WEAK if is_weak else _JOINED if is_joined else _ALONE
        if end - first <= MAX_CHARS:
            yield Passage(first, end, "caption-before-credit", "caption_credit", confidence, is_bounded=False)
        if is_joined:
            yield Passage(start, end, "caption-before-credit", "caption_credit", _BACK, is_bounded=False)
        for _ in range(2):
            if number == 0 or first in line_starts or end - begins[number - 1] > MAX_CHARS:
                break
            number -= 1
            first = begins[number]
            yield Passage(first, end, "caption-before-credit", "caption_credit", _BACK, is_bounded=False)


def _find_labelled(page: Page) -> Iterator[Passage]:
    """Captions that begin with a label: as far as the sentence reaches, and as far as the next visibly begins."""
    ends = [end for _, end in page.sentences]
    for label in _list_present(page, _LABELS):
        for start in find_all(page.text, label):
            behind = start + len(label)
            if start not in page.edges or not page.text[behind : behind + 2].strip()[:1].isupper():
                continue
            end = ends[min(bisect_right(ends, behind), len(ends) - 1)]
            for last in (end, find_headline_end(page.text, behind, end)):
                if last is not None and last - start <= MAX_CHARS:
                    closed = start + len(page.text[start:last].rstrip())
                    yield Passage(start, closed, "caption-label", "caption_credit", _ALONE, is_bounded=False)


def _find_credits(text: str, anchors: list[int]) -> Iterator[tuple[int, int, bool]]:
    """Extents of the credits about the anchors, and whether each is a mere pair of names about a slash."""
    strong, weak = _credits()
    last_end = following = n_read = 0
    for anchor in anchors:
        if anchor < following:
            continue
        n_read += 1
        if n_read > _MAX_READ:
            return
        low, high = max(anchor - _BEFORE, last_end), anchor + _BEHIND
        for _ in range(_MAX_WORD):  # not from within a word
            if low == last_end or not text[low - 1].isalnum():
                break
            low -= 1
        following = anchor + _REACH
        for pattern in (strong, weak):
            match = next((one for one in pattern.finditer(text, low, high) if one.end() > anchor), None)
            if match:
                yield match.start(), match.end(), pattern is weak
                last_end = following = match.end()
                break


def _list_present(page: Page, parts: tuple[str, ...]) -> list[str]:
    """Return the strings that may stand in the text of a page."""
    return [parts[number] for number in page.narrow(_phrases(parts))]


def sought_phrases() -> tuple[Phrases, Phrases]:
    """The strings that are sought in every page."""
    return _phrases(_ANCHORS), _phrases(_LABELS)


@lru_cache(maxsize=8)
def _phrases(parts: tuple[str, ...]) -> Phrases:
    return Phrases(part.lower() for part in parts)


@lru_cache(maxsize=1)
def _credits() -> tuple[re.Pattern[str], re.Pattern[str]]:
    words = load_words()

    def any_of(names: frozenset[str]) -> str:
        return "(?:" + "|".join(map(re.escape, sorted(names, key=lambda one: (-len(one), one)))) + r")(?![\w’'-])"

    agency, long_agency = any_of(words["picture_agencies"]), any_of(words["picture_agencies_in_full"])
    # A credit has no stop: where a word follows that begins sentences, it is over.
    letters = r"[A-Z@](?:[\w’'&-]|\.(?=\w)){0,24}+"
    word = rf"(?!{any_of(words['sentence_starters'])})(?:(?:[A-Z]\.){{1,2}}|(?:Jr|Sr|St)\.|{letters})"
    name = rf"(?:The )?{word}(?: (?:(?:de|da|del|van|von|der|al|el|bin|for|of|the|and|The) ){{0,2}}{word}){{0,6}}"
    # Two letters of an office about a slash are no photographer: "(RHI/EGI)".
    full_name = rf"{word}(?: (?:(?:de|da|del|van|von|der|al|el|bin) ){{0,2}}{word}){{1,6}}"
    paper = rf"{word}(?: {word}){{0,3}} {any_of(words['paper_endings'])}"
    tail = (
        rf"(?:,? (?:File|FILE|Pool)(?: [Pp]hoto)?(?!\w)| ?/ ?(?:File(?: [Pp]hoto)?|FILE|Pool|POOL|Handout|Contributor)(?!\w)"
        rf"|,? via {agency}| for {name}| \(\d{{1,2}}\)| Europe(?!\w)"
        r"| hide caption| less(?=\s*(?:\n|\Z))| Purchase Licensing Rights(?:, opens new tab)?){0,3}"
    )
    # A mere pair of names about a slash is a credit only where a line ends: "Dallas/Fort Worth" is none.
    line_end = r"(?=\s*\Z|\s*\n|[ \t]{2})"
    closing = r"(?=\s*\Z|\s*\n| (?![-–—‑−\ufffd])[^a-z\s])"
    label = (
        r"(?:(?:Photo(?:graph)?|PHOTO|Image|Picture|Pic|Illustration|Graphic|Video|Screenshot)s?|Photo[ -][Ii]llustrations?)"
        r"(?: [Cc]redits?| courtesy| shared| provided| supplied)?(?: ?[:|] ?| by | via | courtesy of )"
        r"|[Pp]hoto [Cc]redits?: ?|(?:/ ?)?[Cc]redits?(?::\s?|\.\.\.)|© ?(?![^\n]{0,60}[Rr]ights)"
        r"|(?:Photos? )?[Cc]ourtesy(?: of |: ?| (?=[A-Z]))"
    )
    bare = (
        rf"(?:{name} ?[/|] ?){{1,3}}(?:via )?(?:{agency}|{paper})"
        rf"|(?:AP Photo|REUTERS|EPA|AFP) ?/ ?{name}"
        rf"|(?:{label})(?:{name}|@\w+)(?:(?: ?[/|;,] ?| via | and ){name}){{0,3}}\.?"
        rf"|{agency} ?[/|] ?{name}(?=\s*\n|\s*\Z)"
        rf"|{long_agency}(?=\s*\n|\s*\Z)"
        rf"|{name},? {agency}(?=\s*\n|\s*\Z)"
        rf"|(?:{name}, |{agency} ){long_agency}(?! (?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)"
        rf"|{name} [Ss]ubmitted [Pp]hoto"
    )
    # In brackets a full name about a slash is a credit; so is an agency alone.
    bracketed = (
        rf"[\[(](?:{label})[^()\[\]\n]{{2,80}}[\])]"
        rf"|[\[(](?:[^()\[\]\n]{{0,60}}[/ ])?{agency}[^()\[\]\n]{{0,40}}[\])]"
        rf"|[\[(]{full_name} ?/ ?{name}(?: ?/ ?{name})?[\])]"
        rf"|[\[(](?:(?:File|FILE): ?{name}|[^()\[\]\n]{{2,50}} (?:via|for|courtesy of) {name}"
        rf"|(?:[Ss]ubmitted|[Ss]upplied|[Pp]rovided) by {name})[\])]"
    )
    return (
        re.compile(rf"(?:{bracketed}|(?<![\w/])(?:{bare})){tail}{closing}"),
        re.compile(rf"(?<![\w/])(?:{name} ?/ ?{name}|{word}/@[\w.]+){tail}{line_end}"),
    )
