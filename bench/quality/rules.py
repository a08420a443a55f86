"""Precision of each rule: `python -m bench.quality.rules SET.jsonl[.gz] [...] flows/query/rule_precision.json`.

Strips each set, contaminated or of real pages, as one batch and counts, rule by rule, the characters removed that are junk.
`copydesk rules` shows the result beside the counts of the last snapshot.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

from bench.quality.contamination import NO_KIND, find_spans, read_rows
from bench.quality.review import junk_mask, solid_mask
from cleaners.document import make_id


def main() -> None:
    """Write `{rule_id: {spans, chars, precision}}`; white space does not count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    spans: Counter[str] = Counter()
    chars: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for path in arguments.sets:
        rows = read_rows(path)
        masks = {make_id(row["id"]): (solid_mask(row), junk_mask(row)) for row in rows}
        for span in find_spans(rows).iter_rows(named=True):
            if span["article_id"] in masks and span["category"] not in NO_KIND:
                solid, junk = (mask[span["start"] : span["end"]] for mask in masks[span["article_id"]])
                spans[span["rule_id"]] += 1
                chars[span["rule_id"]] += int(solid.sum())
                right[span["rule_id"]] += int((solid & junk).sum())
    table = {
        rule: {"spans": spans[rule], "chars": chars[rule], "precision": round(right[rule] / max(chars[rule], 1), 4)}
        for rule in sorted(spans)
    }
    arguments.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(f"{len(table)} rules over {len(arguments.sets)} sets -> {arguments.out}")


if __name__ == "__main__":
    main()
