"""How long an editor waits at the desk: `python -m bench.scale.desk_pages 10000 FOLDER [--words 500]`.

Makes an archive of so many open flags, four articles a flag, serves it, and requests every kind of page over HTTP: the first one
of a snapshot, which reads the texts, then each kind twenty times, and twenty decisions. FOLDER keeps the archive.
"""

import argparse
import json
import random
import re
import resource
import statistics
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from bench.scale.news_corpus import ADJECTIVES, CITIES, NOUNS, VERBS
from flows.serve.desk.serving import serving_desk
from flows.settings import Settings
from tests.flows.archives import make_archive

TIMES = 20
PAGES = {
    "names": "/?page={page}",
    "names, searched": "/?q=pier+{page}",
    "names, by site and day": "/?site=paper2.example&day=2026-03-0{day}&page={page}",
    "passages": "/passages?page={page}",
    "decided": "/decided?page={page}",
}


def main() -> None:
    """Print a line of JSON for each kind of page: median and slowest in seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flags", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--words", type=int, default=500, help="of each article; default 500")
    args = parser.parse_args()
    output = args.folder / f"desk-{args.flags}-{args.words}"
    if not (output / "latest").exists():
        names = [
            f"{first} {last}{n}"
            for n, (first, last) in enumerate(zip(CITIES * args.flags, NOUNS * args.flags, strict=False))
        ]
        people = [(f"Philip {name}", f"Martin {name}", "Transport Secretary") for name in names[: args.flags]]
        make_archive(output, people, n_widgets=args.flags, padding=make_prose(args.words))
    (output / "decisions.csv").unlink(missing_ok=True)
    with serving_desk(Settings(output=str(output)), "127.0.0.1", 0, None) as address:
        connection = HTTPConnection(urlsplit(address).netloc, timeout=600)
        first = measure("names, the first of a snapshot", 1, lambda _: get(connection, "/"))
        measure("passages, the first of a snapshot", 1, lambda _: get(connection, "/passages"))
        for name, path in PAGES.items():
            measure(name, TIMES, lambda n, path=path: get(connection, path.format(page=17 * n + 1, day=n % 9 + 1)))  # type: ignore[misc]
        token = re.findall(r'name="token" value="([^"]+)"', first)[0]
        ids = re.findall(r'name="flags" value="([0-9a-f,]+)"', first)
        measure("a decision", TIMES, lambda n: decide(connection, token, ids[n % len(ids)]))
        measure("names, after decisions", TIMES, lambda n: get(connection, f"/?page={n + 1}"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"peak_mb": round(peak)}))


def measure(name: str, n: int, act: Callable[[int], str]) -> str:
    """Do something some times; print how long it took, return what it gave last."""
    seconds, given = [], ""
    for number in range(n):
        begun = time.perf_counter()
        given = act(number)
        seconds.append(time.perf_counter() - begun)
    row = {"page": name, "median_s": round(statistics.median(seconds), 3), "slowest_s": round(max(seconds), 3)}
    print(json.dumps(row), flush=True)
    return given


def get(connection: HTTPConnection, path: str) -> str:
    """Get a page."""
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    assert answer.status == 200, text
    return text


def decide(connection: HTTPConnection, token: str, flags: str) -> str:
    """Press a button."""
    fields = urlencode({"token": token, "flags": flags, "decision": "accept"})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Desk": "script"}
    connection.request("POST", "/decide", fields, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    assert answer.status == 200, text
    return text


def make_prose(n_words: int) -> str:
    """Sentences of some words together."""
    chosen = random.Random(7)
    words = 0
    sentences = []
    while words < n_words:
        one = f"The {chosen.choice(ADJECTIVES)} {chosen.choice(NOUNS)} of {chosen.choice(CITIES)} {chosen.choice(VERBS)} it again."
        words += len(one.split())
        sentences.append(one)
    return " ".join(sentences)


if __name__ == "__main__":
    main()
