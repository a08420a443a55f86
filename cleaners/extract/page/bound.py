"""Tags of bounded size: takes the source of a page, gives it with at most `MAX_ATTRIBUTES` attributes in a tag; drops the others.

The parser and every copy of a tree compare each attribute of a tag with all before it. Reads a page as HTML's tokenizer does
(quotes, comments, scripts and other raw text), once, in linear time: https://html.spec.whatwg.org/#tokenization.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

# The largest tag of 856 real news pages has 64, half of these pages none of more than 9 (`bench/hostile/growth.py` says what
# they cost).
MAX_ATTRIBUTES = 256

_RAW = rb"script|style|textarea|title|iframe|xmp|noembed|noframes|plaintext"
# Nothing is tried twice: every part takes all it can and gives nothing back. What is never closed reaches to the end.
_ATTRIBUTE = (
    rb"[ \t\n\f\r/]*+[^ \t\n\f\r/>][^ \t\n\f\r/>=]*+(?:[ \t\n\f\r]*+=[ \t\n\f\r]*+"
    rb"""(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^ \t\n\f\r>"'][^ \t\n\f\r>]*+)?+)?+"""
)
_TAG_END = rb"[ \t\n\f\r/]*+(?:>|\Z)"
_COMMENT = b"<!--"
_RAW_NAMES = frozenset(_RAW.split(b"|"))
_RAW_ENDS = {
    name: re.compile(rb"<(?:/(?i:%b)(?=[ \t\n\f\r/>])%b)" % (name, rb"|!--" if name == b"script" else b""))
    for name in _RAW_NAMES - {b"plaintext"}
}
_IN_SCRIPT = re.compile(rb"<(/?+)script(?=[ \t\n\f\r/>])|<!--|-->", re.I)


class _Patterns(NamedTuple):
    harmless: re.Pattern[bytes]  # up to the end, or to a tag of raw text or of too many attributes
    tag: re.Pattern[bytes]  # with as many attributes as it may have
    rest: re.Pattern[bytes]  # of a tag


def bound_attributes(source: bytes, limit: int = MAX_ATTRIBUTES) -> bytes:
    """Drop the attributes of a tag beyond the first ones.

    Args:
        source: a page in UTF-8.
        limit: how many a tag may have.

    Returns:
        The page, the same object where no tag has more.
    """
    harmless, tag, rest = _compile(limit)
    kept: list[bytes] = []
    since = position = 0
    while (position := _match(harmless, source, position).end()) < len(source):
        head = _match(tag, source, position)
        tail = _match(rest, source, head.end())
        if tail.start(1) > tail.start():
            kept.append(source[since : head.end()])
            since = tail.start(1)
        position = tail.end()
        name = head[1].lower()
        if name in _RAW_NAMES and not tail[1].endswith(b"/>"):
            position = _skip_raw_text(source, position, name)
    return b"".join((*kept, source[since:])) if kept else source


@lru_cache(maxsize=4)
def _compile(limit: int) -> _Patterns:
    few = rb"(?:%b){0,%d}+" % (_ATTRIBUTE, limit)
    parts = (
        rb"/[a-zA-Z0-9]++>",  # the common tags first: most of the time goes into them
        rb"(?:[abd-hj-moq-ru-wyz][a-z0-9]*+|p|span|section|source|svg|img|input|i|path|picture)"
        rb"""(?:[ ][a-zA-Z:-]++="[^"]*+"){0,%d}+[ ]?+/?+>""" % limit,
        rb"/?+(?!(?i:%b)(?=[ \t\n\f\r/>]))[A-Za-z][^ \t\n\f\r/>]*+%b%b" % (_RAW, few, _TAG_END),
        rb"!--(?:-?+>|[^-]*+(?:-(?!-!?+>)[^-]*+)*+(?:--!?+>|\Z))",
        rb"[!?][^>]*+(?:>|\Z)",
        rb"/(?![A-Za-z])[^>]*+(?:>|\Z)",
        rb"(?![A-Za-z/!?])",
    )
    return _Patterns(
        re.compile(rb"(?:[^<]++|<(?:%b))*+" % b"|".join(parts)),
        re.compile(rb"<(/?+[A-Za-z][^ \t\n\f\r/>]*+)%b" % few),
        re.compile(rb"(?:%b)*+(%b)" % (_ATTRIBUTE, _TAG_END)),
    )


def _match(pattern: re.Pattern[bytes], source: bytes, position: int) -> re.Match[bytes]:
    """Match what always matches: what is not harmless is a tag, and every tag ends, at the latest with the page."""
    match = pattern.match(source, position)
    assert match is not None
    return match


def _skip_raw_text(source: bytes, start: int, name: bytes) -> int:
    """Find the end tag of an element whose content is no markup; the end of the page where there is none."""
    mark = _RAW_ENDS[name].search(source, start) if name in _RAW_ENDS else None
    if mark is None:
        return len(source)
    return mark.start() if mark[0] != _COMMENT else _skip_script(source, mark.start())


def _skip_script(source: bytes, position: int) -> int:
    """Find the end tag of a script from its first comment on: in a comment, one of a script begun there is a part of it."""
    in_comment = in_script = False
    while mark := _IN_SCRIPT.search(source, position):
        position = mark.end()
        if mark[0] == _COMMENT:
            position -= 0 if in_comment else 2  # its own dashes can close it
            in_comment = True
        elif mark[0] == b"-->":
            in_comment = in_script = False
        elif mark[1]:
            if not in_script:
                return mark.start()
            in_script = False
        else:
            in_script = in_comment
    return len(source)
