"""Peers' extractions of the same pages, and how long each took: `python -m bench.extraction GOLD.json HTML_DIR OUT_DIR`.

Writes OUT_DIR/PEER.jsonl for the scorer of the development set and prints seconds a peer, one process, in interleaved
rounds, so that a drift of the machine hits all alike. Our own predictions come from `python -m bench.quality extraction`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = 3


def main() -> None:
    """Run every peer over every page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gold", type=Path)
    parser.add_argument("html_dir", type=Path)
    parser.add_argument("out_dir", type=Path)
    arguments = parser.parse_args()
    ids = sorted(json.loads(arguments.gold.read_text(encoding="utf-8")))
    pages = {page_id: gzip.decompress((arguments.html_dir / f"{page_id}.html.gz").read_bytes()) for page_id in ids}
    peers = list_peers()
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    bodies: dict[str, dict[str, str]] = {name: {} for name in peers}
    for _ in range(ROUNDS):
        for name, extract in peers.items():
            begin = time.perf_counter()
            bodies[name] = {page_id: extract(page) for page_id, page in pages.items()}
            seconds[name].append(time.perf_counter() - begin)
    arguments.out_dir.mkdir(parents=True, exist_ok=True)
    for name, found in bodies.items():
        rows = (json.dumps({"id": page_id, "articleBody": body}) for page_id, body in found.items())
        (arguments.out_dir / f"{name}.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
        print(f"{name:<24} {sorted(seconds[name])[ROUNDS // 2]:7.2f} s for {len(pages)} pages (median of {ROUNDS})")


def list_peers() -> dict[str, Callable[[bytes], str]]:
    """The peers by name: bytes of a page in, its text out."""
    import trafilatura

    return {
        "trafilatura-precision": lambda page: (
            trafilatura.extract(page, favor_precision=True, include_comments=False) or ""
        ),
        "trafilatura-default": lambda page: trafilatura.extract(page, include_comments=False) or "",
    }


if __name__ == "__main__":
    main()
