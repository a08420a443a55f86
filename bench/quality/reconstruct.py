"""Test of whether nothing vanishes: `python -m bench.quality.reconstruct SET.jsonl[.gz] ... [--pages GOLD.json HTML_DIR]`.

Strips each set as one batch and checks every document: its removed spans, spliced back, give the extracted text; an embedded
article is whole within the span it came from; suspected spans stand in the published text. Exit code 1 if one does not.
"""

from __future__ import annotations

import argparse
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from bench.quality.contamination import as_document, read_rows
from bench.quality.extraction import read_pages
from cleaners.document import DOCUMENT_SCHEMA
from cleaners.junk import StripConfig, Stripped, gather_evidence, learn_evidence, restore, strip_articles


def main() -> None:
    """Check the sets and print what was checked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="*")
    parser.add_argument("--pages", type=Path, nargs=2, action="append", default=[], metavar=("GOLD", "HTML_DIR"))
    arguments = parser.parse_args()
    frames = [
        (path.name, pl.DataFrame([as_document(row) for row in read_rows(path)], schema=DOCUMENT_SCHEMA))
        for path in arguments.sets
    ]
    frames += [(gold.name, read_pages(gold, html_dir)) for gold, html_dir in arguments.pages]
    n_broken = 0
    for name, documents in frames:
        config = StripConfig()
        result = strip_articles(documents, learn_evidence([gather_evidence(documents, config)], config), config)
        broken = find_broken(documents, result)
        n_broken += len(broken)
        n_failed = result.rejects.filter(reason="failed").height
        print(
            f"{name}: {documents.height:,} documents, {result.articles.height - documents.height + result.rejects.height:,} "
            f"embedded, {result.removed_spans.height:,} removed spans, {result.suspected_spans.height:,} suspected, "
            f"{n_failed} failed, {len(broken)} broken"
        )
        for line in broken[:20]:
            print(f"  {line}")
        n_broken += n_failed
    sys.exit(1 if n_broken else 0)


def find_broken(documents: pl.DataFrame, result: Stripped) -> list[str]:
    """List what does not hold, a line each."""
    extracted = dict(documents.select("article_id", "text").iter_rows())
    removed, suspected = (_by_article(frame) for frame in (result.removed_spans, result.suspected_spans))
    salvaged = {span["salvaged_article_id"]: span["text"] for spans in removed.values() for span in spans}
    broken = []
    for article in result.articles.iter_rows(named=True):
        key, text = article["article_id"], article["text"]
        spans, doubts = removed.get(key, []), suspected.get(key, [])
        try:
            whole = restore(text, [(span["start"], span["text"]) for span in spans])
        except ValueError as error:
            broken.append(f"{key}: {error}")
            continue
        # Of a parent of which nothing is left no spans are published; its extracted text holds the child.
        source = str(salvaged.get(key) or extracted.get(article["parent_article_id"]) or "")
        if whole != extracted[key] if key in extracted else whole not in source:
            broken.append(f"{key}: its spans do not give back the text it was made of")
        if any(span["end"] - span["start"] != len(span["text"]) for span in (*spans, *doubts)):
            broken.append(f"{key}: a span's length is not its text's")
        if any(left["end"] > right["start"] for some in (spans, doubts) for left, right in pairwise(some)):
            broken.append(f"{key}: spans overlap")
        if any(text[span["start"] : span["end"]] != span["text"] for span in doubts):
            broken.append(f"{key}: a suspected span does not stand in the published text")
    lost = set(extracted) - set(result.articles["article_id"]) - set(result.rejects["article_id"])
    return [*broken, *(f"{key}: neither article nor reject" for key in sorted(lost))]


def _by_article(spans: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    grouped: dict[str, list[dict[str, Any]]] = {}
    for span in spans.sort("article_id", "span_no").iter_rows(named=True):
        grouped.setdefault(span["article_id"], []).append(span)
    return grouped


if __name__ == "__main__":
    main()
