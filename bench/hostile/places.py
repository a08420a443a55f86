"""Hostile places and words: names and links in the landing zone, markup and formulas for whoever shows or opens them."""

from __future__ import annotations

import json
import os
import random
import socket
from collections.abc import Iterator
from pathlib import Path

from bench.hostile.documents import File
from bench.hostile.stories import make_page, make_story

PAYLOADS = (
    "<script>alert('copydesk')</script>", "<img src=x onerror=alert('copydesk')>", "</script><script>alert('copydesk')</script>",
    "\"><svg onload=alert('copydesk')>", "javascript:alert('copydesk')", "{{7*7}}${7*7}<%= 7*7 %>",
    "=HYPERLINK(\"http://x\",\"copydesk\")",
    "=cmd|' /C calc'!A0", "+1+cmd|'!A0", "-2+3", "@SUM(1+1)*cmd|' /C calc'!A0", "\t=1+1", "\r=1+1", "＝1+1", "%0A=1+1",
    "[copydesk](javascript:alert(1))", "![x](http://127.0.0.1:9/x.png)", "| a | b |\n|---|---|\n# heading",
    "`code` <!-- comment -->",
    "</td></tr></table><h1>copydesk</h1>", "<iframe srcdoc='<script>alert(1)</script>'>", "&lt;script&gt;alert(1)&lt;/script&gt;",
    "'; DROP TABLE articles; --", "../../../../etc/passwd", "\x1b]0;copydesk\x07\x1b[2J",
)  # fmt: skip
_NAMES = (
    "a b.txt", "-rf.txt", "--output=x.txt", "a;rm -rf x.txt", "$(touch x).txt", "`id`.txt", "a'b\"c.txt", "news [2026] *.txt",
    "{a,b}.txt",
    "..txt", "...txt", "..%2f..%2fetc%2fpasswd.txt", "a\nb.txt", "a\tb.txt", "story.txt#3.txt", "story.jsonl#1", "con.txt",
    "ü\u0308.txt",
    "\u202egnp.txt", "\u200b.txt", "😀.txt", "a\\b.txt", "http:a.txt", "s3:..a.txt", "file.TXT", "<img src=x onerror=alert(1)>.txt",
    "=1+1.txt", "x" * 251 + ".txt", "~.txt", "?.txt", "a%00b.txt", "latest.txt", "manifest.json",
)  # fmt: skip


def make_injections(n: int) -> Iterator[File]:
    """Markup, formulas and escapes in texts, titles, names, addresses and sites."""
    for number in range(n):
        rng = random.Random(f"injection {number}")
        payload = PAYLOADS[number % len(PAYLOADS)]
        story = make_story(rng)
        match number // len(PAYLOADS) % 4:
            case 0:
                fields = {"title": payload, "site": payload, "authors": [payload], "url": payload, "id": payload}
                yield f"{number:04d}.jsonl", json.dumps({"text": f"{story}\n\n{payload} {story}", **fields}).encode()
            case 1:
                yield f"{number:04d}.txt", f"{payload}\n\n{story}\n\nRead more: {payload}".encode()
            case 2:
                yield f"{number:04d}.html", make_page(rng, title=payload).encode()
            case 3:
                # A name that differs from another paper's, so that it is flagged and goes to the editor.
                person = f"Commerce Secretary {rng.choice(('Howard', 'Robert'))} Lutnick{payload}"
                yield (
                    f"{number:04d}.txt",
                    f"{story}\n\nThe {payload} order was signed by {person} on Monday. {story}".encode(),
                )


def write_places(folder: Path) -> int:
    """Write files with hostile names, loops of links, pipes, sockets and devices into a folder.

    Returns:
        How many cases.
    """
    folder.mkdir(parents=True)
    n = 0
    for number, name in enumerate(_NAMES):
        rng = random.Random(f"name {number}")
        place = folder / f"n{number}"
        place.mkdir()
        (place / name).write_text(make_story(rng), encoding="utf-8")
        n += 1
    for number, raw in enumerate((b"\xff\xfe.txt", b"caf\xe9.txt", b"\x80.html", b"\xed\xa0\x80.txt")):
        path = os.fsencode(folder) + b"/" + raw
        Path(os.fsdecode(path)).write_text(make_story(random.Random(f"raw name {number}")), encoding="utf-8")
        n += 1
    links = folder / "links"
    links.mkdir()
    (links / "story.txt").write_text(make_story(random.Random("link")), encoding="utf-8")
    for name, target in {
        "itself.txt": "itself.txt", "a.txt": "b.txt", "b.txt": "a.txt", "gone.txt": "no/such/file.txt", "zero.txt": "/dev/zero",
        "random.html": "/dev/urandom", "null.txt": "/dev/null", "up": "..", "here": ".", "far": "../../links",
        "passwd.txt": "/etc/passwd",
        "memory.txt": "/proc/self/mem", "folder.txt": "../links",
    }.items():  # fmt: skip
        (links / name).symlink_to(target)
        n += 1
    os.mkfifo(links / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as server:
        before = Path.cwd()
        os.chdir(links)  # addresses of sockets are short
        try:
            server.bind("socket.txt")
        finally:
            os.chdir(before)
    (links / "folder.html").mkdir()
    (links / "empty.txt").touch()
    deep = folder / "deep"
    for _ in range(200):
        deep /= "d"
    deep.mkdir(parents=True)
    (deep / "story.txt").write_text(make_story(random.Random("deep")), encoding="utf-8")
    return n + 5
