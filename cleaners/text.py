r"""Text to clean Unicode: mojibake and left-over markup repaired, what cannot be seen removed.

Takes a decoded text, gives it with `\n` line ends in Unicode NFC.
Removes byte order marks, control, zero-width and bidi control characters; quotes, ligatures, widths and spaces stay.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from ftfy import TextFixerConfig

LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# The zero-width joiners mean something between letters that join and in emoji, nothing beside Latin letters or spaces.
STRAY_JOINERS = re.compile(r"(?<![^\x00-\u024f\s])[\u200c\u200d]+|[\u200c\u200d]+(?![^\x00-\u024f\s])")
# Controls but tab and newline; soft hyphen; zero-width and invisible operators; bidi controls; annotation marks; the
# byte order mark; noncharacters; tag characters unless they make a flag.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ufdd0-\ufdef\ufffe\uffff\U0001fffe\U0001ffff]"
    "|(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+"
)
SURROGATES = re.compile("[\ud800-\udfff]")
# Every character that a repair other than that of mojibake or NFC could change.
ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufdd0-\ufdef\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\U0001fffe\U0001ffff\U000e0000-\U000e007f]"
)
# Marks behind one letter. Putting them in order takes the square of their number; no language has more than a handful, and
# Unicode's Stream-Safe Text Format (UAX #15) has this bound.
MAX_MARKS = 30
# Most texts have no characters but these, of which no repair but that of markup changes any: ftfy sees mojibake only beside others.
_PLAIN = "\n\t -~\u00a0“”‘’–—…"
PLAIN, BEYOND_PLAIN = re.compile(f"[{_PLAIN}]*+"), re.compile(f"[^{_PLAIN}]+")
# Markup that was left in a text. An entity has its semicolon; a tag is one of the web's, its attributes have values.
ENTITY = re.compile(r"&(?:[A-Za-z]{2,8}[0-9]{0,2}|#[0-9]{2,6}|#[xX][0-9A-Fa-f]{2,5});")
BLOCK_TAGS = "p|div|h[1-6]|ul|ol|li|blockquote|section|article|table|tr|figure|figcaption"
INLINE_TAGS = "b|i|u|s|em|strong|a|span|font|small|sup|sub|mark|cite|q"
_ATTRIBUTES = r"(?:\s{1,4}[\w:-]{1,40}\s?=\s?(?:\"[^\"<>]{0,400}\"|'[^'<>]{0,400}'|[^\s\"'<>]{1,200})){0,12}\s{0,4}/?>"
BREAK_TAG = re.compile(rf"[ \t]{{0,20}}<(?:br|hr){_ATTRIBUTES}[ \t]{{0,20}}", re.I)
BLOCK_TAG = re.compile(rf"\s{{0,20}}(?:</?(?:{BLOCK_TAGS}){_ATTRIBUTES}\s{{0,20}})+", re.I)
PAIRED_TAG = re.compile(rf"<(?P<name>{INLINE_TAGS}){_ATTRIBUTES}(?P<inner>[^<>]{{0,2000}})</(?P=name)>", re.I)
# Lines of code, and talk of a tag, keep it.
CODE = re.compile(r"[{}`]|=>|==|</?(?:code|pre|script|style|html|head|body)\b|<[!?]", re.I)
TALK_OF_TAG = re.compile(r"\s{0,3}\b(?:tag|element|attribute|Tag|Element|balise|etiqueta)s?\b")
MOJIBAKE_REACH = (
    8  # characters around one beyond the plain ones that ftfy's pattern of mojibake could look at; it needs 3
)


class TextConfig(BaseModel):
    """Settings of decoding and cleaning: how bytes become text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    detect_bytes: int = Field(
        32_768,
        ge=1_024,
        description="Bytes shown to charset-normalizer when neither a mark, a declaration nor UTF-8 fits. Its cost "
        "grows with them; a choice: texts of 100 characters already tell a dozen encodings apart in the tests.",
    )
    max_control_share: float = Field(
        0.02,
        ge=0.0,
        le=1.0,
        description="Largest share of control bytes in a text; above it the bytes are binary. Random bytes hold 11 %, "
        "texts practically none.",
    )
    max_broken_share: float = Field(
        0.01,
        ge=0.0,
        le=1.0,
        description="Largest share of bytes that may break UTF-8 in a text still read as UTF-8 (a cut in the middle of "
        "a character, a pasted Windows quote). A choice: French and German "
        "in Windows-1252 have some 10 %, and text in it has no valid sequences.",
    )
    repair_mojibake: bool = Field(True, description="Undo wrongly decoded UTF-8 such as `â€™` with ftfy.")
    repair_markup: bool = Field(
        True,
        description="Undo markup that was left in a text: `<br>`, `<p>`, `&nbsp;`, `&#39;`. Code and `a < b` stay.",
    )
    max_passes: int = Field(
        4, ge=1, le=16, description="Repair passes before giving up on a fixed point; real texts need two."
    )


def repair_text(text: str, config: TextConfig) -> str:
    """Repair a decoded text: mojibake, left-over markup, line ends, NFC, and no character that cannot be seen.

    Idempotent: a repaired text is returned as it is.

    Args:
        text: any string, lone surrogates included.
        config: what to repair.

    Returns:
        The repaired text; printable ASCII passes untouched.
    """
    if PLAIN.fullmatch(text) and not (config.repair_markup and undo_markup(text) != text):
        return text
    text = _bound_marks(text)
    for _ in range(config.max_passes):
        if _needs_no_repair(text, config):
            return text
        repaired = _repair_once(text, config)
        if repaired == text:
            return text
        text = repaired
    return _remove_invisible(_normalise(text))


def undo_markup(text: str) -> str:
    """Undo markup that was left in a text: breaks and paragraphs become line breaks, entities what they stand for.

    Args:
        text: a decoded text.

    Returns:
        The text without it; a line that holds code, and one that speaks of a tag, as it was.
    """
    if "&" not in text and "<" not in text:
        return text
    lines = text.split("\n")
    return "\n".join(_undo_markup_in(line) if _may_hold_markup(line) else line for line in lines)


def _may_hold_markup(line: str) -> bool:
    return ("&" in line or "<" in line) and CODE.search(line) is None


def _undo_markup_in(line: str) -> str:
    def keep_talk(match: re.Match[str], instead: str) -> str:
        around = line[max(0, match.start() - 1) : match.start()] + line[match.end() : match.end() + 1]
        is_code = (
            match[0].startswith("<") and around[:1].isalnum() and "</" not in line and "<br" not in match[0].lower()
        )
        is_quoted = len(around) == 2 and all(mark in "\"'“”‘’" for mark in around)
        return match[0] if is_code or is_quoted or TALK_OF_TAG.match(line, match.end()) else instead

    if "<" in line:
        for _ in range(3):  # one within the other
            line = PAIRED_TAG.sub(lambda match: keep_talk(match, match["inner"]), line)
        line = BREAK_TAG.sub(lambda match: keep_talk(match, "\n"), line)
        line = BLOCK_TAG.sub(lambda match: keep_talk(match, "\n\n"), line)
    if "&" in line:
        line = ENTITY.sub(lambda match: html.unescape(match[0]).replace("\u00a0", " "), line)
    return line


def drop_surrogates(text: str) -> str:
    """Join pairs of surrogates to the character they stand for and drop lone ones, which no file can hold."""
    if text.isascii() or not SURROGATES.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def _needs_no_repair(text: str, config: TextConfig) -> bool:
    """Tell whether a repair would change nothing, at a tenth of its cost: so it is for nearly all texts."""
    if config.repair_markup and undo_markup(text) != text:
        return False
    if text.isascii():
        return text.replace("\n", "").replace("\t", "").isprintable()
    if ODD.search("".join(set(text))) or not unicodedata.is_normalized("NFC", text):
        return False
    return not (config.repair_mojibake and _may_be_mojibake(text))


def _may_be_mojibake(text: str) -> bool:
    """Tell whether ftfy's pattern, tried line by line, could match; it does only around characters that are not plain."""
    from ftfy.badness import is_bad

    reach = MOJIBAKE_REACH
    around = " ".join(text[max(0, m.start() - reach) : m.end() + reach] for m in BEYOND_PLAIN.finditer(text))
    # At the start of a line these two letters are mojibake, and lines do not start here where they start in the text.
    return "\u00c2 " in around or "\u00c3 " in around or is_bad(around)


def _repair_once(text: str, config: TextConfig) -> str:
    text = drop_surrogates(text).replace("\x00", "")
    if config.repair_mojibake:
        import ftfy

        text = ftfy.fix_text(text, _fixer())
    text = _normalise(_remove_invisible(LINE_ENDS.sub("\n", text)))
    return undo_markup(text) if config.repair_markup else text


def _normalise(text: str) -> str:
    return unicodedata.normalize("NFC", _bound_marks(text))


def _bound_marks(text: str) -> str:
    """Drop the marks of a letter beyond `MAX_MARKS`."""
    if text.isascii():
        return text
    marks = "".join(character for character in set(text) if character > "\u02ff" and _is_mark(character))
    return re.sub(rf"([{marks}]{{{MAX_MARKS}}})[{marks}]+", r"\1", text) if marks else text


def _is_mark(character: str) -> bool:
    """Tell whether a character is one that NFC puts in order, or is taken apart into such."""
    return unicodedata.combining(unicodedata.normalize("NFD", character)[0]) > 0


def _remove_invisible(text: str) -> str:
    return STRAY_JOINERS.sub("", INVISIBLE.sub("", text))


@cache
def _fixer() -> TextFixerConfig:
    """Mojibake only: what changes how a text looks when it was right stays off, ours are the other steps."""
    from ftfy import TextFixerConfig

    return TextFixerConfig(
        unescape_html=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        remove_control_chars=False,
        normalization=None,
        explain=False,
    )
