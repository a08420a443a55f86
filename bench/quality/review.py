"""Amount of what stripping reports instead of cutting: `python -m bench.quality.review SET.jsonl[.gz] ...`.

Takes contaminated sets (with `spans`), real pages (with `junk` and `neutral`) and clean ones (with `text`, all of it article),
each stripped as one batch; prints how much there is to review, how much of it is junk, and which share of a document the uncertain
removals take.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.quality.contamination import read_rows, strip_rows
from cleaners.document import make_id
from cleaners.junk import StripConfig, Stripped

BINS = (0.0, 0.1, 0.25, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 1.0)
Mask = npt.NDArray[np.bool_]


def main() -> None:
    """Print the tables of each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+")
    for path in parser.parse_args().sets:
        rows = read_rows(path)
        stripped = strip_rows(rows)
        print(f"\n{path.name}: {len(rows)} documents\n")
        report_load(rows, stripped)
        # Without the limit: what share of each document would uncertain evidence take, and how rightly?
        report_shares(rows, strip_rows(rows, StripConfig(max_uncertain_share=1.0)))


def report_load(rows: list[dict[str, Any]], stripped: Stripped) -> None:
    """Print suspected passages per 1,000 documents, the share of their characters that is junk, and the recall they add."""
    masks = {make_id(row["id"]): (solid_mask(row), junk_mask(row)) for row in rows}
    n_junk = sum(int((solid & junk).sum()) for solid, junk in masks.values())
    kept = {
        key: (without(solid, spans), without(junk, spans))
        for key, (solid, junk) in masks.items()
        for spans in [spans_of(stripped, key)]
    }
    print(
        "| reason | passages per 1,000 documents | characters | of them junk | recall added |\n| --- | --- | --- | --- | --- |"
    )
    reasons = sorted({short(reason) for reason in stripped.suspected_spans["reason"]})
    for reason in [*reasons, "all"]:
        n = chars = hit = 0
        for span in stripped.suspected_spans.iter_rows(named=True):
            if span["article_id"] in kept and reason in (short(span["reason"]), "all"):
                solid, junk = (mask[span["start"] : span["end"]] for mask in kept[span["article_id"]])
                n, chars, hit = n + 1, chars + int(solid.sum()), hit + int((solid & junk).sum())
        precision = f"{hit / chars:.2f}" if chars else "-"
        print(f"| {reason} | {1000 * n / len(rows):.1f} | {chars:,} | {precision} | {hit / max(n_junk, 1):.4f} |")


def report_shares(rows: list[dict[str, Any]], stripped: Stripped) -> None:
    """Print, by the share of a document that uncertain removals take, how many documents and how much of it is junk."""
    documents = {make_id(row["id"]): row for row in rows}
    found: list[tuple[float, int, int]] = []
    uncertain = ("learned-", "template-", "owned-", "shared-")
    for key, row in documents.items():
        spans = stripped.removed_spans.filter(article_id=key)
        taken = np.zeros(len(row["contaminated_text"]), dtype=bool)
        for rule, start, end, salvaged in spans.select("rule_id", "start", "end", "salvaged_article_id").iter_rows():
            if rule.startswith(uncertain) and salvaged is None:
                taken[start:end] = True
        solid = solid_mask(row)
        if (taken & solid).any():
            n = int((taken & solid).sum())
            found.append((n / int(solid.sum()), n, int((taken & solid & junk_mask(row)).sum())))
    print("\n| share of the document | documents | of the characters junk |\n| --- | --- | --- |")
    for low, high in pairwise(BINS):
        part = [row for row in found if low < row[0] <= high]
        if part:
            share = sum(row[2] for row in part) / sum(row[1] for row in part)
            print(f"| {low:.2f} to {high:.2f} | {len(part)} | {share:.3f} |")


def solid_mask(row: dict[str, Any]) -> Mask:
    """Characters that count: no white space, and none that a real page's labels call neutral."""
    mask = np.array([not character.isspace() for character in row["contaminated_text"]], dtype=bool)
    for start, end in row.get("neutral", ()):
        mask[start:end] = False
    return mask


def junk_mask(row: dict[str, Any]) -> Mask:
    mask = np.zeros(len(row["contaminated_text"]), dtype=bool)
    for start, end in [*((span["start"], span["end"]) for span in row.get("spans", ())), *row.get("junk", ())]:
        mask[start:end] = True
    return mask


def spans_of(stripped: Stripped, article_id: str) -> list[tuple[int, int]]:
    return stripped.removed_spans.filter(article_id=article_id).sort("start").select("start", "end").rows()


def without(mask: Mask, spans: Iterable[tuple[int, int]]) -> Mask:
    """A mask over the cleaned text."""
    keep = np.ones(len(mask), dtype=bool)
    for start, end in spans:
        keep[start:end] = False
    return mask[keep]


def short(reason: str) -> str:
    return " ".join(reason.split()[:6])


if __name__ == "__main__":
    main()
