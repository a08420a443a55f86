"""Hostile single documents: text and pages. Each function gives `n` files, name and bytes, the same every time."""

from __future__ import annotations

import gzip
import io
import itertools
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator

from bench.hostile.stories import make_page, make_story, make_title

File = tuple[str, bytes]

ENCODINGS = (
    "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1", "iso8859-2", "iso8859-15", "cp1250",
    "cp1251", "koi8-r", "mac-roman", "cp437", "cp850", "shift_jis", "euc-jp", "iso2022_jp", "gb18030", "big5", "euc-kr", "utf-7",
    "hz", "cp1256", "tis-620",
)  # fmt: skip
_OTHER_SCRIPTS = (
    "Városháza döntött a hídról.", "Мэр города отказался от комментариев.", "市長は橋の修理を約束した。", "市长拒绝了该计划。",
    "قال رئيس البلدية إن الجسر سيغلق.", "Ο δήμαρχος δεν σχολίασε.", "naïve façade – “quoted” € 5…",
)  # fmt: skip
_BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u034f\u2061\ufe0f\U000e0041\U000e007f\u3164\uffa0"
# The beginnings of files that are no text.
_MAGICS = (
    b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"%PDF-1.7\n", b"PK\x03\x04", b"\x7fELF", b"SQLite format 3\0",
    b"\0\0\0\x18ftypmp42", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"OggS", b"ID3", b"Rar!\x1a\x07", b"BZh9", b"\xfd7zXZ\0",
    b"(\xb5/\xfd",
    b"PAR1", b"{\\rtf1", b"WARC/1.0\r\n", b"MZ\x90\0",
)  # fmt: skip


def make_encodings(n: int) -> Iterator[File]:
    """Texts and pages in many encodings, named wrongly, mixed, cut in the middle of a character, encoded twice."""
    for number in range(n):
        rng = random.Random(f"encoding {number}")
        name = ENCODINGS[number % len(ENCODINGS)]
        text = make_story(rng) + "\n\n" + rng.choice(_OTHER_SCRIPTS)
        is_page = number // len(ENCODINGS) % 2
        if is_page:
            text = make_page(
                rng, head=f'<meta http-equiv="Content-Type" content="text/html; charset={rng.choice(ENCODINGS)}">'
            )
        data = text.encode(name, "ignore")
        match number // (2 * len(ENCODINGS)):
            case 1:
                data += make_story(rng).encode(rng.choice(ENCODINGS), "ignore")
            case 2:
                data = data[: -rng.randint(1, 3)] + b"\xe2\x82"
            case 3:
                data = data.decode("latin-1").encode("utf-8")
            case 4:
                at = rng.randrange(len(data))
                data = data[:at] + b"\xc0\xaf\xf5\x80\x80\x80\xff\xfe" + data[at:]
        yield f"{number:04d}-{name}.{'html' if is_page else 'txt'}", data


def make_control_characters(n: int) -> Iterator[File]:
    """NUL bytes and other control characters, here and there, everywhere, and nothing else."""
    for number in range(n):
        rng = random.Random(f"control {number}")
        text = make_story(rng) if number % 2 else make_page(rng)
        data = bytearray(text.encode())
        controls = (b"\0", bytes(range(32)), b"\x7f\x1b[31m", "\x80\x85\x9f\u2028\u2029".encode())[number // 2 % 4]
        for _ in range((1, 20, 400)[number // 8 % 3]):
            at = rng.randrange(len(data))
            data[at:at] = rng.choice((controls, controls[: rng.randint(1, len(controls))]))
        yield (
            f"{number:04d}.{'txt' if number % 2 else 'html'}",
            b"\0" * rng.randint(1, 5000) if number % 17 == 3 else bytes(data),
        )


def make_surrogates(n: int) -> Iterator[File]:
    """Halves of surrogate pairs: as three bytes, as references in a page, in UTF-16, and beyond the last code point."""
    for number in range(n):
        rng = random.Random(f"surrogate {number}")
        half = chr(rng.randint(0xD800, 0xDFFF))
        raw = half.encode("utf-8", "surrogatepass")
        story = make_story(rng)
        at = rng.randrange(len(story))
        references = f"&#{ord(half)};&#x{ord(half):x};&#x110000;&#0;&#xFFFFFFFF;&#-1;"
        match number % 5:
            case 0:
                yield f"{number:04d}.txt", (story[:at]).encode() + raw * rng.randint(1, 50) + story[at:].encode()
            case 1:
                yield f"{number:04d}.html", make_page(rng, body=f"<p>{story[:at]}{references}{story[at:]}</p>").encode()
            case 2:
                yield (
                    f"{number:04d}.txt",
                    b"\xff\xfe" + (story[:at] + half + story[at:]).encode("utf-16-le", "surrogatepass"),
                )
            case 3:
                yield f"{number:04d}.html", make_page(rng, title=make_title(rng) + references).encode()
            case 4:
                yield f"{number:04d}.txt", (story + chr(0x10FFFF) * 40 + "\ufdd0\uffff").encode() + b"\xf4\x90\x80\x80"


def make_invisible(n: int) -> Iterator[File]:
    """Bidirectional overrides, zero-width and tag characters, towers of combining marks."""
    for number in range(n):
        rng = random.Random(f"invisible {number}")
        story = make_story(rng)
        match number % 6:
            case 0:
                story = "".join(letter + rng.choice(_INVISIBLE) for letter in story)
            case 1:
                story = "".join(rng.choice(_BIDI) + word + " " for word in story.split())
            case 2:
                story = rng.choice(_BIDI) * rng.choice((10, 1_000, 50_000)) + story
            case 3:
                marks = "".join(chr(rng.randint(0x300, 0x36F)) for _ in range(rng.choice((5, 500, 20_000))))
                story = story[:200] + marks + story[200:]
            case 4:
                story = "".join(rng.choice(_INVISIBLE + _BIDI) for _ in range(rng.choice((50, 5_000))))
            case 5:
                story = "\u202e" + story[::-1] + "\u202c" + "\U0001f468\u200d" * 2_000
        page = make_page(rng, body=f"<p>{story}</p>")
        yield (f"{number:04d}.txt", story.encode()) if number // 6 % 2 else (f"{number:04d}.html", page.encode())


def make_long_lines(n: int, n_bytes: int) -> Iterator[File]:
    """One line of so many bytes, in every format that has lines or none."""
    units = ("word ", "a", " ", "((((", "<<", "&amp;", "<p>", "é", "Read more: ", "A. ", "1", "\u200b")
    for number in range(n):
        unit = units[number // 3 % len(units)].encode()
        line = (unit * (n_bytes // len(unit) + 1))[:n_bytes]
        match number % 3:
            case 0:
                yield f"{number:04d}.txt", line
            case 1:
                yield f"{number:04d}.html", b"<html><body><article><p>" + line + b"</p></article></body></html>"
            case 2:
                yield f"{number:04d}.jsonl", b'{"text": "' + line.replace(b'"', b"") + b'", "id": 1}'


def make_deep_pages(n: int) -> Iterator[File]:
    """Elements inside each other 10,000 times and more, never closed or closed without end, with countless attributes."""
    tags = (
        "div",
        "span",
        "b",
        "table><tr><td",
        "ul><li",
        "blockquote",
        "font",
        "a href=x",
        "svg><g",
        "select><option",
        "p",
        "form",
    )
    for number in range(n):
        rng = random.Random(f"deep {number}")
        tag, depth = tags[number % len(tags)], (300, 10_000, 60_000)[number // len(tags) % 3]
        story = "".join(f"<p>{part}</p>" for part in make_story(rng).split("\n\n"))
        names = [part.split()[0] for part in reversed(tag.split("><"))]
        closing = "".join(f"</{name}>" for name in names) * depth
        match number // (3 * len(tags)) % 3:
            case 0:
                body = f"<{tag}>" * depth + story + closing
            case 1:
                body = story + f"<{tag}>" * depth
            case 2:
                body = closing + f"<{tag} {' '.join(f'data-{i}=x' for i in range(depth // 10))}>" + story
        yield f"{number:04d}-{depth}.html", make_page(rng, body=body).encode()


def make_entities(n: int) -> Iterator[File]:
    """Entity bombs, outside files by entity, references to references."""
    for number in range(n):
        rng = random.Random(f"entity {number}")
        levels = rng.randint(5, 12)
        laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "ha"}">' for i in range(levels))
        story = make_story(rng)
        match number % 5:
            case 0:
                page = f"<?xml version='1.0'?><!DOCTYPE html [{laughs}]><html><body><p>{story} &l{levels - 1};</p></body></html>"
            case 1:
                outside = '<!ENTITY x SYSTEM "file:///etc/hostname"><!ENTITY % y SYSTEM "http://127.0.0.1:9/y.dtd">%y;'
                page = f"<?xml version='1.0'?><!DOCTYPE html [{outside}]><html><body><p>{story} &x;</p></body></html>"
            case 2:
                page = make_page(rng, body=f"<p>{story} {'&amp;' * 30_000}lt;script&amp;gt;</p>")
            case 3:
                page = make_page(rng, body=f"<p>{story} &{'a' * 100_000};&#{'9' * 50_000};&#x{'f' * 9_999};</p>")
            case 4:
                page = make_page(rng, body=f"<p>{story} {'&' * 200_000}</p><![CDATA[{'x' * 1000}<!--{'-' * 50_000}")
        yield f"{number:04d}.{('html', 'xhtml')[number % 2]}", page.encode()


def make_gzips(n: int, bomb_bytes: int) -> Iterator[File]:
    """Bombs, and gzip that is cut, garbled, nested, followed by rubbish or none at all."""
    kinds = ("bomb", "cut", "flipped", "nested", "followed", "none", "joined", "name", "empty", "sum", "lines")
    for number, kind in enumerate(itertools.islice(itertools.cycle(kinds), n)):
        rng = random.Random(f"gzip {number}")
        suffix = ("txt", "html", "jsonl", "warc")[number // len(kinds) % 4]
        text = (make_page(rng) if suffix == "html" else make_story(rng)).encode()
        packed = gzip.compress(text, mtime=0)
        match kind:
            case "bomb":
                packed = _bomb(bomb_bytes)
            case "cut":
                packed = packed[: rng.randrange(3, len(packed))]
            case "flipped":
                garbled = bytearray(packed)
                garbled[rng.randrange(len(garbled))] ^= 1 << rng.randrange(8)
                packed = bytes(garbled)
            case "nested":
                for _ in range(5):
                    packed = gzip.compress(packed, mtime=0)
            case "followed":
                packed += rng.randbytes(100)
            case "none":
                packed = text
            case "joined":
                packed = b"".join(gzip.compress(text[i : i + 97], mtime=0) for i in range(0, len(text), 97))
            case "name":
                packed = packed[:3] + b"\x08" + packed[4:10] + b"../../" * 20_000 + b"\0" + packed[10:]
            case "empty":
                packed = gzip.compress(b"", mtime=0)
            case "sum":
                packed = packed[:-8] + struct.pack("<II", 1, 2)
            case "lines":
                packed = gzip.compress(b"\n" * 3_000_000, mtime=0)
        yield f"{number:04d}-{kind}.{suffix}.gz", packed


def make_wrong_suffixes(n: int) -> Iterator[File]:
    """Images, archives, programs under the names of text; pages, JSON and Parquet under each other's names."""
    suffixes = ("txt", "html", "jsonl", "parquet", "warc", "txt.gz", "warc.gz", "HTML", "docx", "")
    for number in range(n):
        rng = random.Random(f"suffix {number}")
        suffix = suffixes[number % len(suffixes)]
        magic = _MAGICS[number // len(suffixes) % len(_MAGICS)]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(zipfile.ZipInfo("../../word/document.xml"), make_page(rng))
        others = (
            magic + rng.randbytes(rng.randint(0, 4000)),
            make_page(rng).encode(),
            b'{"text": "' + make_story(rng).replace("\n", " ").encode() + b'"}\n',
            packed.getvalue(),
            magic + make_story(rng).encode(),
        )
        yield f"{number:04d}{'.' if suffix else ''}{suffix}", others[number // 7 % len(others)]


def make_mutants(n: int) -> Iterator[File]:
    """Pages and texts with bytes flipped, cut out, doubled, moved; markup that no longer closes."""
    for number in range(n):
        rng = random.Random(f"mutant {number}")
        script = (
            f'<script type=\'application/ld+json\'>{{"@type": "NewsArticle", "headline": "{make_title(rng)}"}}</script>'
        )
        data = bytearray((make_page(rng, head=script) if number % 3 else make_story(rng)).encode())
        for _ in range(rng.choice((1, 5, 40))):
            at, length = rng.randrange(len(data)), rng.randint(1, 60)
            part = data[at : at + length]
            match rng.randrange(5):
                case 0:
                    data[at] ^= 1 << rng.randrange(8)
                case 1:
                    del data[at : at + length]
                case 2:
                    data[at:at] = part * rng.randint(1, 30)
                case 3:
                    to = rng.randrange(len(data))
                    data[to:to] = part
                case 4:
                    data[at:at] = rng.choice(
                        (b"<", b">", b"&", b"<!--", b"]]>", b"</article>", b"<script>", b"<plaintext>", b'"')
                    )
            if not data:
                data = bytearray(b"x")
        yield f"{number:04d}.{'html' if number % 3 else 'txt'}", bytes(data)


def _bomb(n_bytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = b"news " * 20_000
    return b"".join(packer.compress(piece) for _ in range(n_bytes // len(piece))) + packer.flush()
