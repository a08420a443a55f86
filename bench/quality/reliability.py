"""Calibration of the confidences: `python -m bench.quality.reliability CONTAMINATION.jsonl[.gz] [...]`.

Strips each set as one batch; prints, for the learned layer by tenths of its confidence and for each other detector, the mean
confidence beside the share of spans that are junk (nine tenths of their characters) and of characters that are.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from bench.quality.contamination import NO_KIND, read_rows, strip_rows
from bench.quality.review import junk_mask, solid_mask, without
from cleaners.document import make_id

BINS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 1.01)


class Judged(NamedTuple):
    """A removed or suspected span: its confidence, characters, and those of them that are junk."""

    confidence: float
    n_chars: int
    n_junk: int


def main() -> None:
    """Print the reliability tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+")
    groups: dict[str, list[Judged]] = defaultdict(list)
    for path in parser.parse_args().sets:
        rows = read_rows(path)
        result = strip_rows(rows)
        for row in rows:
            key = make_id(row["id"])
            solid, junk = solid_mask(row), junk_mask(row)
            cuts = result.removed_spans.filter(article_id=key)
            extents = cuts.select("start", "end").rows()
            masks = {False: (solid, junk), True: (without(solid, extents), without(junk, extents))}
            for is_doubt, spans in ((False, cuts), (True, result.suspected_spans.filter(article_id=key))):
                for span in spans.iter_rows(named=True):
                    if span["category"] in NO_KIND:
                        continue
                    mask, truth = (part[span["start"] : span["end"]] for part in masks[is_doubt])
                    judged = Judged(span["confidence"], int(mask.sum()), int((mask & truth).sum()))
                    groups[name_group(span["rule_id"], span["confidence"], is_doubt=is_doubt)].append(judged)
    print("| detector | spans | mean confidence | spans that are junk | characters that are junk |\n|" + " --- |" * 5)
    for name, found in sorted(groups.items()):
        n_right = sum(judged.n_junk >= 0.9 * judged.n_chars for judged in found)
        n_chars = max(sum(judged.n_chars for judged in found), 1)
        mean = sum(judged.confidence for judged in found) / len(found)
        print(
            f"| {name} | {len(found)} | {mean:.3f} | {n_right / len(found):.3f} | "
            f"{sum(judged.n_junk for judged in found) / n_chars:.3f} |"
        )


def name_group(rule_id: str, confidence: float, *, is_doubt: bool) -> str:
    """Rules by name; the learned layer by its confidence."""
    if not rule_id.startswith("learned-"):
        return f"{rule_id}, suspected" if is_doubt else rule_id
    number = sum(confidence >= bound for bound in BINS) - 1
    return f"learned, {BINS[number]:.2f} to {min(BINS[number + 1], 1.0):.2f}" + (", suspected" if is_doubt else "")


if __name__ == "__main__":
    main()
