"""Bytes to text: the encoding is found by mark, by UTF-8 itself, by declaration, by detection.

Takes the bytes of a document, gives the text as decoded; what is wrong with it is for `cleaners.text` to repair.
"""

from __future__ import annotations

import codecs
import re

from cleaners.errors import Rejected
from cleaners.text import SURROGATES, TextConfig

# Labels that pages use for one encoding and mean another by: https://encoding.spec.whatwg.org/#names-and-labels.
# The `sloppy-` codecs (ftfy) map the bytes that Python's windows-125x leave undefined, as browsers do.
WHATWG_CODECS = {
    "ascii": "sloppy-windows-1252",
    "iso8859-1": "sloppy-windows-1252",
    "cp1252": "sloppy-windows-1252",
    "iso8859-9": "sloppy-windows-1254",
    "cp1254": "sloppy-windows-1254",
    "cp1250": "sloppy-windows-1250",
    "cp1251": "sloppy-windows-1251",
    "cp1253": "sloppy-windows-1253",
    "cp1255": "sloppy-windows-1255",
    "cp1256": "sloppy-windows-1256",
    "cp1257": "sloppy-windows-1257",
    "cp1258": "sloppy-windows-1258",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
# Legacy encodings of the web, all of the Encoding Standard; detection never answers EBCDIC or a Macintosh script.
DETECTABLE = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874"),
    *("cp932", "euc_jp", "iso2022_jp", "gb18030", "big5hkscs", "cp949", "koi8_r", "koi8_u"),
    *("iso8859_2", "iso8859_5", "iso8859_6", "iso8859_7", "iso8859_8", "iso8859_15", "cp866", "macroman"),
)
# Code pages that turn the same bytes into one accented letter or another: only the language tells them apart. These
# are the Windows code pages made for the languages named; every other Latin language is Windows-1252.
LATIN = frozenset({"cp1250", "cp1252", "cp1254", "cp1257", "cp1258", "iso8859_2", "iso8859_15"})
LATIN_OF_LANGUAGE = {
    **dict.fromkeys(("cs", "hr", "hu", "pl", "ro", "sk", "sl"), "cp1250"),
    **dict.fromkeys(("az", "tr"), "cp1254"),
    **dict.fromkeys(("et", "lt", "lv"), "cp1257"),
    "vi": "cp1258",
}
# Longest first: the mark of UTF-32-LE begins with that of UTF-16-LE.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# First bytes of formats that arrive under a text suffix: PDF, ZIP and Office, gzip, PNG, JPEG, GIF, ELF, RIFF, OLE.
MAGIC = (
    b"%PDF-",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"\x7fELF",
    b"RIFF",
    b"\xd0\xcf\x11\xe0",
)

META_CHARSET = re.compile(
    rb"<(?:meta\b[^>]{0,200}?charset|\?xml\b[^>]{0,100}?encoding)\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.I
)
# Control bytes that no text encoding of the web uses (tab, line ends and the escape of ISO-2022 are not here).
CONTROL_BYTES = bytes(b for b in range(32) if b not in b"\t\n\x0b\x0c\r\x1b") + b"\x7f"

HIGH_BYTES = bytes(range(0x80, 0x100))


def decode_text(data: bytes, config: TextConfig, declared: str | None = None) -> str:
    """Decode the bytes of a document.

    Tried in this order: byte order mark, UTF-16 or UTF-32 without a mark, UTF-8, the declared encoding (`declared`,
    else the HTML `meta` or XML declaration), UTF-8 with a few broken bytes, detection. UTF-8 comes before the
    declaration because bytes that form valid UTF-8 practically never are anything else, while declarations often lie.

    Args:
        data: the raw bytes.
        config: limits.
        declared: the encoding an HTTP header names, if any.

    Returns:
        The text as decoded, not yet repaired.

    Raises:
        Rejected: stage `read`, reason `empty`, `binary` or `undecodable`.
    """
    if not data or data.isspace():
        raise Rejected("read", "empty", f"{len(data)} bytes, nothing but white space")
    for mark, codec in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _refuse_blank(data[len(mark) :].decode(codec, "replace"))
    if data.startswith(MAGIC):
        raise Rejected("read", "binary", f"begins with {data[:8]!r}, the mark of a binary format")
    wide = _wide_codec(data)
    if wide is not None:
        return _refuse_blank(data.decode(wide, "replace"))
    _refuse_binary(data, config)
    named = _known_codec(declared) or _declared_in(data)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        # Stateful 7-bit encodings look like ASCII; only their declaration or their escapes show it.
        if b"\x1b" in data or named == "hz":
            return _decode_strict(data, named) or _decode_strict(data, "iso2022_jp_2") or text
        return text
    declared_text = _decode_strict(data, named) if named != "utf-8" else None
    return declared_text or _decode_nearly_utf8(data, config) or _decode_detected(data, config)


def find_wide_encoding(data: bytes) -> str | None:
    """UTF-16 or UTF-32, recognised by its mark or by the zero bytes of its letters; None for what is neither."""
    marked = (codec for mark, codec in BYTE_ORDER_MARKS if codec != "utf-8" and data.startswith(mark))
    return next(marked, None) or _wide_codec(data)


def _refuse_blank(text: str) -> str:
    if not text.strip("\x00\ufeff \t\r\n\u3000\u00a0"):
        raise Rejected("read", "empty", "nothing but white space")
    return text


def _refuse_binary(data: bytes, config: TextConfig) -> None:
    controls = len(data) - len(data.translate(None, CONTROL_BYTES))
    if controls > config.max_control_share * len(data):
        raise Rejected("read", "binary", f"{controls} of {len(data)} bytes are control characters")


def _wide_codec(data: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: in text with spaces and digits one half of the bytes is mostly NUL."""
    head = data[:4096]
    if head.count(0) < len(head) // 8 or len(head) < 8:
        return None
    quarters = [head[i::4].count(0) / len(head[i::4]) for i in range(4)]
    if min(quarters[2:]) > 0.9 and quarters[0] < 0.1:
        return "utf-32-le"
    if min(quarters[:2]) > 0.9 and quarters[3] < 0.1:
        return "utf-32-be"
    even, odd = (quarters[0] + quarters[2]) / 2, (quarters[1] + quarters[3]) / 2
    if odd > 0.2 and even < 0.02:
        return "utf-16-le"
    if even > 0.2 and odd < 0.02:
        return "utf-16-be"
    return None


def _known_codec(label: str | None) -> str | None:
    """Name the Python codec a label stands for, by the Encoding Standard; None when there is none."""
    if not label:
        return None
    try:
        name = codecs.lookup(label.strip().strip("\"'")).name
    except (LookupError, ValueError):
        return None
    if name.startswith(("unicode", "raw", "idna", "punycode", "undefined", "mbcs", "oem")):
        return None  # codecs of Python, not encodings of text
    # UTF-16 in a declaration that could be read as ASCII is a lie, and means UTF-8.
    return "utf-8" if name.startswith(("utf", "charmap")) else WHATWG_CODECS.get(name, name)


def _declared_in(data: bytes) -> str | None:
    match = META_CHARSET.search(data, 0, 4096)
    return _known_codec(match[1].decode("ascii", "ignore")) if match else None


def _decode_strict(data: bytes, codec: str | None) -> str | None:
    if codec is None:
        return None
    if codec.startswith("sloppy-"):
        import ftfy.bad_codecs  # noqa: F401 -- registers the codecs
    try:
        text = data.decode(codec)
    except (UnicodeError, LookupError):
        return None
    return text


def _decode_nearly_utf8(data: bytes, config: TextConfig) -> str | None:
    """UTF-8 with a few broken bytes, each read as Windows-1252; None when too many break or nothing is valid."""
    text = data.decode("utf-8", "surrogateescape")
    broken = len(SURROGATES.findall(text))
    valid = len(text) - broken - len(data.translate(None, HIGH_BYTES))
    if broken > config.max_broken_share * len(data) or broken > valid:
        return None
    return SURROGATES.sub(lambda match: bytes([ord(match[0]) - 0xDC00]).decode("cp1252", "replace"), text)


def _decode_detected(data: bytes, config: TextConfig) -> str:
    from charset_normalizer import from_bytes

    sample = data[: config.detect_bytes]
    if len(sample) < len(data):  # never end within a character: no legacy encoding has a line end inside one
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    for match in from_bytes(sample, cp_isolation=list(DETECTABLE), preemptive_behaviour=False, chunk_size=2_560):
        codec = match.encoding
        if codec in LATIN:
            codec = _latin_codec(str(match), codec)
        for candidate in (codec, match.encoding):
            text = _decode_strict(data, WHATWG_CODECS.get(candidate, candidate))
            if text is not None:
                return text
    raise Rejected("read", "undecodable", f"no encoding fits the {len(data)} bytes, which begin with {data[:16]!r}")


def _latin_codec(sample: str, guess: str) -> str:
    """Settle between Latin code pages by the language of the text, which its plain letters show in any of them."""
    import py3langid

    codec = LATIN_OF_LANGUAGE.get(str(py3langid.classify(sample[:2_000])[0]), "cp1252")
    return "iso8859_2" if guess == "iso8859_2" and codec == "cp1250" else codec
