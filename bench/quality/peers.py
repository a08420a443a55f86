"""Peers' extractions of the same pages, and how long each took: `python -m bench.quality.peers GOLD.json HTML_DIR OUT_DIR`.

Writes OUT_DIR/PEER.jsonl for the scorer of the development set and prints seconds a peer, one process, in interleaved
rounds, so that a drift of the machine hits all alike. Peers that are not installed (`pip install copydesk[peers]`) are left
out; a page that takes a peer longer than the limit counts as empty. Copydesk is timed with metadata and language; its
stripping, which needs a whole batch, is in `python -m bench.quality extraction`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

ROUNDS = 3
SECONDS_A_PAGE = 20.0


class _TooSlowError(BaseException):
    """Signal that is no Exception, so that no peer catches it."""


def main() -> None:
    """Run every peer over every page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gold", type=Path)
    parser.add_argument("html_dir", type=Path)
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="times each peer reads every page")
    parser.add_argument("--limit", type=float, default=SECONDS_A_PAGE, help="seconds a page")
    arguments = parser.parse_args()
    ids = sorted(json.loads(arguments.gold.read_text(encoding="utf-8")))
    pages = {page_id: gzip.decompress((arguments.html_dir / f"{page_id}.html.gz").read_bytes()) for page_id in ids}
    peers = list_peers()
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    bodies: dict[str, dict[str, str]] = {name: {} for name in peers}
    slow: dict[str, set[str]] = {name: set() for name in peers}
    for _ in range(arguments.rounds):
        for name, extract in peers.items():
            begin = time.perf_counter()
            for page_id, page in pages.items():
                try:
                    with _limit(arguments.limit):
                        bodies[name][page_id] = extract(page)
                except _TooSlowError:
                    bodies[name][page_id] = ""
                    slow[name].add(page_id)
            seconds[name].append(time.perf_counter() - begin)
    arguments.out_dir.mkdir(parents=True, exist_ok=True)
    for name, found in bodies.items():
        rows = (json.dumps({"id": page_id, "articleBody": body}) for page_id, body in found.items())
        (arguments.out_dir / f"{name}.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
        median = sorted(seconds[name])[arguments.rounds // 2]
        late = f"; {len(slow[name])} over {arguments.limit:g} s" if slow[name] else ""
        print(f"{name:<24} {median:7.2f} s for {len(pages)} pages (median of {arguments.rounds}){late}")


def list_peers() -> dict[str, Callable[[bytes], str]]:
    """The peers by name, those that are installed: bytes of a page in, its text out."""
    import trafilatura
    from justext import get_stoplist, justext
    from lxml import html

    from cleaners.extract import ExtractConfig, extract_articles
    from cleaners.library import make_records

    config, stoplist = ExtractConfig(), get_stoplist("English")

    def copydesk(page: bytes) -> str:
        documents = extract_articles(make_records([decode(page)], "html"), config).documents
        return (
            str(documents["text"][0]) if documents.height else ""
        )  # articles that the page appends stand after its own

    def justext_text(page: bytes) -> str:
        try:
            return "\n".join(part.text for part in justext(page, stoplist) if not part.is_boilerplate)
        except (ValueError, html.etree.ParserError):
            return ""

    peers: dict[str, Callable[[bytes], str]] = {
        "copydesk (no strip)": copydesk,
        "trafilatura-default": lambda page: trafilatura.extract(page, include_comments=False) or "",
        "trafilatura-precision": lambda page: (
            trafilatura.extract(page, favor_precision=True, include_comments=False) or ""
        ),
        "justext": justext_text,
    }
    if find_spec("newspaper"):
        import newspaper

        offline = newspaper.Config()
        offline.fetch_images = False

        def newspaper_text(page: bytes) -> str:
            # Guessing the language needs packages of its own.
            article = newspaper.Article("https://bench.invalid/", config=offline, language="en")
            article.download(input_html=decode(page))
            article.parse()
            return str(article.text)

        peers["newspaper4k"] = newspaper_text
    if find_spec("readability"):
        import readability

        def readability_text(page: bytes) -> str:
            try:
                summary = readability.Document(decode(page)).summary()
                return "\n".join(text.strip() for text in html.fromstring(summary).itertext() if text.strip())
            except Exception:  # it has its own way to fail on odd pages
                return ""

        peers["readability-lxml"] = readability_text
    if find_spec("resiliparse"):
        from resiliparse.extract.html2text import extract_plain_text

        peers["resiliparse"] = lambda page: str(extract_plain_text(decode(page), main_content=True))
    return peers


@contextmanager
def _limit(seconds: float) -> Iterator[None]:
    """Stop what runs inside after some seconds."""

    def stop(*_: object) -> None:
        raise _TooSlowError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def decode(page: bytes) -> str:
    """A page as text; the sets are in UTF-8."""
    return page.decode("utf-8", "replace")


if __name__ == "__main__":
    main()
