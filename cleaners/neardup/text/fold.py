"""Texts to their words in UTF-8, folded, in one byte array.

Takes texts, gives bytes in which each word is a run of bytes above the blank and each quotation mark one of two bytes
below it, and where each text lies; removes nothing from the texts themselves. Case, punctuation and compatibility forms
are folded away: a table folds the bytes of ASCII, another the code points that fold to no more bytes than they had;
texts with any other take the slower way.
"""

from __future__ import annotations

import unicodedata
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from cleaners.neardup.constants import CLOSES, CLOSING, IS_GAP_AFTER, IS_GAP_BEFORE, OPENING, OPENS, STRAIGHT

UInt8s = npt.NDArray[np.uint8]
UInt32s = npt.NDArray[np.uint32]
UInt64s = npt.NDArray[np.uint64]
Int64s = npt.NDArray[np.int64]
Float64s = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Scripts written without spaces between words: each character, with its combining marks, is a token of its own,
# marked with CHARACTER_MARK so that its shingles take more tokens. U+30FC lengthens a kana vowel and belongs to no
# one script.
UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\x{30FC}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*"
CHARACTER_MARK = "\x7f"
BETWEEN_WORDS = r"[^\p{L}\p{M}\p{N}]+"
BLANK = 0x20
QUOTATION_MARK = 0x22  # the one that opens and closes
QUOTATION_MARKS = {**dict.fromkeys("“„‟«「『〝", OPENS), **dict.fromkeys("”»」』〞〟", CLOSES)}
PADDING = 16  # bytes after the last text, so that eight bytes can be read at any place

# Learnt together, for a text that has one has others. Surrogates, which no text has, fill whole such blocks.
CODE_POINT_BITS = np.uint32(7)

# Traits of a code point.
KNOWN, ODD, SHRINKS, IS_CAPITAL, IS_DIGIT, IS_MARK = (np.uint8(1 << bit) for bit in range(6))
# Marks but for variation selectors, which stand behind an emoji and compose with nothing; also jamo and Kirat Rai vowels,
# letters that compose with what stands before them.
DEPENDS_ON_NEIGHBOURS = (
    r"[[\p{M}--\x{FE00}-\x{FE0F}]\x{1100}-\x{11FF}\x{A960}-\x{A97F}\x{D7B0}-\x{D7FF}\x{16D40}-\x{16D7F}]"
)


class Folded(NamedTuple):
    """Folded texts. Text `i` lies at `data[bounds[i]:bounds[i + 1]]`; PADDING blanks follow the last one.

    Attributes:
        data: words of folded UTF-8, between them blanks and, where a quotation mark opens or closes, OPENING or CLOSING.
        bounds: where each text begins, and where the last ends.
        is_capital: for each byte whether a capital letter stood there; of use at the first byte of a word.
    """

    data: UInt8s
    bounds: Int64s
    is_capital: Bools


class Raw(NamedTuple):
    """Texts as they are, end to end, a line break after each and PADDING blanks after the last."""

    data: UInt8s
    bounds: Int64s


def normalise_texts(texts: pl.Series) -> pl.Series:
    """Fold texts so that only their words are left, one space between two: what `fold_texts` does, said plainly.

    Compatibility forms (NFKC) and case (full folding, so that `Straße` equals `STRASSE`) are folded, invisible format
    characters dropped, everything that is neither letter, mark nor number becomes a space. Characters of scripts
    without spaces stand alone behind U+007F.

    Args:
        texts: strings; null counts as empty.
    """
    folded = pl.Series("text", [_fold(text) for text in texts.to_list()], dtype=pl.String)
    return _separate(folded, BETWEEN_WORDS)


def join_texts(texts: pl.Series) -> Raw:
    """Lay texts end to end, straight from their Arrow buffers; null counts as empty."""
    lines = view_texts(texts, "\n")
    data = np.full(len(lines.data) + PADDING, BLANK, np.uint8)
    data[: len(lines.data)] = lines.data
    return Raw(data, lines.bounds)


def view_texts(texts: pl.Series, ending: str = "") -> Raw:
    """The Arrow buffers of texts, each followed by `ending`, nothing after the last; null counts as empty."""
    # Steps with nothing to do are left out: each call costs polars a query, and texts come in many pieces.
    texts = texts if texts.dtype == pl.String else texts.cast(pl.String)
    lines = (texts.fill_null("") if texts.null_count() else texts).rechunk()
    lines = lines + ending if ending else lines
    array = lines.to_arrow(compat_level=pl.CompatLevel.oldest())  # large_string: 64-bit offsets, one block of bytes
    _, offsets, values = array.buffers()
    bounds = np.frombuffer(offsets, np.int64, len(lines) + 1, array.offset * 8) if offsets else np.zeros(1, np.int64)
    first, last = int(bounds[0]), int(bounds[-1])
    data = np.frombuffer(values, np.uint8)[first:last] if last > first else np.zeros(0, np.uint8)
    return Raw(data, bounds - first)


def learn_characters(raw: Raw) -> tuple[UInt8s, UInt32s]:
    """The tables of traits and of folded bytes by code point, with every character of these texts in them."""
    places = np.flatnonzero(raw.data >= 0xC0)
    if len(places):
        _look_up(np.append(raw.data, np.zeros(PADDING, np.uint8)), places)
    return get_tables()


def get_tables() -> tuple[UInt8s, UInt32s]:
    """The tables of traits and of folded bytes by code point, as far as characters were met; do not write to them."""
    return _TABLES.traits, _TABLES.folded


def fold_texts(texts: pl.Series) -> Folded:
    """Fold texts to bytes; the words are those of `normalise_texts`.

    Args:
        texts: strings; null counts as empty.
    """
    folded, odd = _fold_plain(join_texts(texts))
    if not len(odd):
        return folded
    return _splice(folded, _fold_odd(texts.gather(odd)), odd)


def find_digits(raw: Raw) -> Int64s:
    """Find the bytes of decimal digits; a digit of several bytes counts as several."""
    is_digit = (raw.data - np.uint8(0x30)) < 10
    places = np.flatnonzero(raw.data >= 0xC0)
    if len(places):
        _, traits = _look_up(raw.data, places)
        places = places[(traits & IS_DIGIT) > 0]
        n_bytes = _count_bytes(raw.data[places])
        for byte in range(4):
            is_digit[places[n_bytes > byte] + byte] = True
    return np.flatnonzero(is_digit)


def sort_unique(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Distinct values in order; several times faster than numpy.unique, which hashes."""
    values = np.sort(values)
    differs = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return values[differs]


def _fold_plain(raw: Raw) -> tuple[Folded, Int64s]:
    """Fold by tables; also the numbers of the texts that need more than that, left blank here."""
    data, is_capital = _fold_ascii(raw.data)
    places = np.flatnonzero(raw.data >= 0xC0)
    odd = np.zeros(0, np.int64)
    marks = np.flatnonzero(raw.data == QUOTATION_MARK)
    data[marks] = _judge_marks(raw.data, marks, np.ones(len(marks), np.int64), np.full(len(marks), STRAIGHT))
    if len(places):
        code_points, traits = _look_up(raw.data, places)
        folded = _TABLES.folded[code_points]
        n_bytes = _count_bytes(raw.data[places])
        for byte in range(4):
            long = n_bytes > byte
            data[places[long] + byte] = (folded[long] >> np.uint32(8 * byte)).astype(np.uint8)
        marked = np.flatnonzero((traits & IS_MARK) > 0)
        marks = places[marked]
        data[marks] = _judge_marks(raw.data, marks, n_bytes[marked], data[marks])
        is_capital[places] = (traits & IS_CAPITAL) > 0
        odd = sort_unique(np.searchsorted(raw.bounds, places[(traits & ODD) > 0], side="right") - 1)
        for number in odd:
            data[raw.bounds[number] : raw.bounds[number + 1]] = BLANK
        if (traits & SHRINKS).any():
            return _compact(Folded(data, raw.bounds, is_capital)), odd
    return Folded(data, raw.bounds, is_capital), odd


def _compact(folded: Folded) -> Folded:
    """Drop the zero bytes, which stand where a character folded to fewer bytes than it had."""
    dropped = np.flatnonzero(folded.data == 0)
    bounds = folded.bounds - np.searchsorted(dropped, folded.bounds)
    if len(dropped) > len(folded.data) // 200:
        kept = folded.data != 0
        return Folded(folded.data[kept], bounds, folded.is_capital[kept])
    # A few: whole pieces are copied faster than byte after byte is chosen.
    pieces = list(zip([0, *(dropped + 1).tolist()], [*dropped.tolist(), len(folded.data)], strict=True))
    data, is_capital = (
        np.concatenate([values[start:stop] for start, stop in pieces]) for values in (folded.data, folded.is_capital)
    )
    return Folded(data, bounds, is_capital)


def _fold_odd(texts: pl.Series) -> Folded:
    """Fold texts by `normalise_texts`, each word that began with a capital behind U+0001 until its place is known."""
    plain = _set_marks(texts.fill_null("").str.replace_all("[\x01-\x03]", " ")).str.replace_all(r"\p{Cf}+", "")
    marked = plain.str.replace_all(r"(^|[^\p{L}\p{M}\p{N}])(\p{Lu})", "${1}\x01${2}")
    folded = pl.Series("text", [_fold(text) for text in marked.to_list()], dtype=pl.String)
    raw = join_texts(_separate(folded, r"[^\p{L}\p{M}\p{N}\x01-\x03]+"))
    data = raw.data.copy()
    data[data == 0x0A] = BLANK
    marks = np.flatnonzero(data == 0x01)
    opens = data[np.maximum(marks, 1) - 1] == BLANK
    opens |= marks == 0
    is_capital = np.zeros(len(data), bool)
    is_capital[marks[opens] + 1] = True
    data[marks] = 0
    return _compact(Folded(data, raw.bounds, is_capital))


def _set_marks(texts: pl.Series) -> pl.Series:
    """Write OPENING or CLOSING, between blanks, in place of each quotation mark of texts."""
    raw = join_texts(texts)
    places = np.flatnonzero(raw.data >= 0xC0)
    code_points, traits = _look_up(raw.data, places)
    is_mark = (traits & IS_MARK) > 0
    straight = np.flatnonzero(raw.data == QUOTATION_MARK)
    marks = np.concatenate([straight, places[is_mark]])
    sizes = np.concatenate([np.ones(len(straight), np.int64), _count_bytes(raw.data[places[is_mark]])])
    kinds = np.concatenate([np.full(len(straight), STRAIGHT), _TABLES.folded[code_points[is_mark]].astype(np.uint8)])
    order = np.argsort(marks)
    marks, sizes = marks[order], sizes[order]
    roles = _judge_marks(raw.data, marks, sizes, kinds[order])
    found = np.searchsorted(marks, raw.bounds)
    marked = []
    for number in range(len(texts)):
        pieces, at = [], raw.bounds[number]
        for place in range(found[number], found[number + 1]):
            pieces += [raw.data[at : marks[place]].tobytes(), b" ", bytes([roles[place]]), b" "]
            at = marks[place] + sizes[place]
        pieces.append(raw.data[at : raw.bounds[number + 1] - 1].tobytes())  # without the line break that follows each
        marked.append(b"".join(pieces).decode())
    return pl.Series("text", marked, dtype=pl.String)


def _splice(folded: Folded, odd: Folded, numbers: Int64s) -> Folded:
    """Put the odd texts at their places among the others."""
    pieces, capitals, sizes = [], [], np.diff(folded.bounds)
    start = 0
    for i, number in enumerate(numbers):
        pieces += [folded.data[start : folded.bounds[number]], odd.data[odd.bounds[i] : odd.bounds[i + 1]]]
        capitals += [
            folded.is_capital[start : folded.bounds[number]],
            odd.is_capital[odd.bounds[i] : odd.bounds[i + 1]],
        ]
        sizes[number] = odd.bounds[i + 1] - odd.bounds[i]
        start = folded.bounds[number + 1]
    bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    return Folded(
        np.concatenate([*pieces, folded.data[start:]]), bounds, np.concatenate([*capitals, folded.is_capital[start:]])
    )


def _fold(text: str | None) -> str:
    if not text:
        return ""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _separate(folded: pl.Series, between_words: str) -> pl.Series:
    folded = folded.str.replace_all(r"\p{Cf}+", "").str.replace_all(between_words, " ")
    folded = folded.str.replace_all(UNSPACED, " " + CHARACTER_MARK + "${0} ")
    return folded.str.replace_all(" +", " ").str.strip_chars(" ")


class _Tables:
    """Facts known about code points so far: traits, and the folded bytes, the first in the lowest eight bits."""

    def __init__(self) -> None:
        self.traits = np.zeros(0x110000, np.uint8)
        self.folded = np.zeros(0x110000, np.uint32)

    def learn(self, code_points: UInt32s) -> None:
        """Fill in code points met for the first time."""
        characters = pl.Series([chr(c) for c in code_points], dtype=pl.String)
        folded = pl.Series([_fold(c) for c in characters], dtype=pl.String)
        kept = folded.str.replace_all(r"\p{Cf}", "").str.replace_all(r"[^\p{L}\p{M}\p{N}]", " ")
        n_bytes, n_kept = characters.str.len_bytes(), kept.str.len_bytes()
        is_blank = (n_kept > 0) & (kept.str.strip_chars(" ") == "")
        is_odd = (characters + folded).str.contains(f"{DEPENDS_ON_NEIGHBOURS}|{UNSPACED}")
        is_odd |= n_kept > n_bytes
        traits = np.full(len(characters), KNOWN, np.uint8)
        traits[is_odd.to_numpy()] |= ODD
        traits[(~is_odd & ~is_blank & (n_kept < n_bytes)).to_numpy()] |= SHRINKS
        traits[characters.str.contains(r"\p{Lu}").to_numpy()] |= IS_CAPITAL
        traits[characters.str.contains(r"\p{Nd}").to_numpy()] |= IS_DIGIT
        blanked = kept.set(is_blank, " " * 4).str.encode("hex")  # a blank more does no harm: blanks are not dropped
        self.folded[code_points] = [
            int.from_bytes(bytes.fromhex(value)[:4].ljust(4, b"\0"), "little") for value in blanked
        ]
        for place, character in enumerate(characters):
            if character in QUOTATION_MARKS:
                traits[place] |= IS_MARK
                self.folded[code_points[place]] = int.from_bytes(
                    bytes([QUOTATION_MARKS[character]]) + b" " * 3, "little"
                )
        self.traits[code_points] = traits  # last: another thread takes a code point with traits as known


# One for all threads from the start; it costs nothing until code points are met.
_TABLES = _Tables()


def _fold_ascii(data: UInt8s) -> tuple[UInt8s, Bools]:
    """Lower the capitals of ASCII and blank what is neither letter nor digit; also where the capitals are.

    By arithmetic that the processor does on 64 bytes at once; a table is looked up, and a byte shifted, one at a time.
    """
    is_capital = (data - np.uint8(0x41)) < 26
    folded = data | is_capital.view(np.uint8) * np.uint8(0x20)
    is_kept = (folded - np.uint8(0x61)) < 26
    is_kept |= (data - np.uint8(0x30)) < 10
    is_kept |= data >= 0x80
    kept = np.negative(is_kept.view(np.uint8))  # all bits or none
    folded &= kept
    folded |= ~kept & np.uint8(BLANK)
    return folded, is_capital


def _judge_marks(data: UInt8s, marks: Int64s, sizes: Int64s, kinds: UInt8s) -> UInt8s:
    """What quotation marks do, OPENING or CLOSING, or BLANK where that cannot be seen.

    A mark opens between a gap and a word, and closes between a word or its punctuation and a gap: straight marks, those of other
    languages and wrong ones are read alike. Elsewhere it does what it was made for.
    """
    opens, closes = IS_GAP_BEFORE[data[np.maximum(marks, 1) - 1]], IS_GAP_AFTER[data[marks + sizes]]
    opens |= marks == 0
    is_apart = opens != closes
    opens, closes = np.where(is_apart, opens, kinds == OPENS), np.where(is_apart, closes, kinds == CLOSES)
    return np.select([opens, closes], [OPENING, CLOSING], np.uint8(BLANK))


def _count_bytes(leads: UInt8s) -> Int64s:
    """Bytes of the characters with these first bytes of several."""
    return 2 + (leads >= 0xE0) + (leads >= 0xF0).astype(np.int64)


def _look_up(data: UInt8s, places: Int64s) -> tuple[UInt32s, UInt8s]:
    """Decode the characters of several bytes that begin at `places`; also their traits."""
    lead, second, third, fourth = (data[places + byte].astype(np.uint32) for byte in range(4))
    two = (lead & np.uint32(0x1F)) << np.uint32(6) | (second & np.uint32(0x3F))
    three = (two & np.uint32(0x3FF)) << np.uint32(6) | (third & np.uint32(0x3F))
    four = (three & np.uint32(0x7FFF)) << np.uint32(6) | (fourth & np.uint32(0x3F))
    code_points: UInt32s = np.select([lead < 0xE0, lead < 0xF0], [two, three], four)
    tables = _TABLES
    unknown = code_points[tables.traits[code_points] == 0]
    if len(unknown):
        blocks: UInt32s = sort_unique(unknown >> CODE_POINT_BITS)
        tables.learn(((blocks[:, None] << CODE_POINT_BITS) | np.arange(1 << CODE_POINT_BITS, dtype=np.uint32)).ravel())
    return code_points, tables.traits[code_points]
