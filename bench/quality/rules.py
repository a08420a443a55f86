"""Precision of each rule: `python -m bench.quality.rules CONTAMINATION.jsonl [...] flows/query/rule_precision.json`.

Strips each set as one batch and counts, rule by rule, the characters removed that the gold calls junk. `copydesk rules` shows
the result beside the counts of the last snapshot.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

from bench.quality.contamination import NO_KIND, find_spans, read_rows
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
        documents = {make_id(row["id"]): row for row in rows}
        for span in find_spans(rows).iter_rows(named=True):
            row = documents.get(span["article_id"])
            if row is None or span["category"] in NO_KIND:
                continue
            text = row["contaminated_text"]
            junk = [(gold["start"], gold["end"]) for gold in row["spans"]]
            solid = [place for place in range(span["start"], span["end"]) if not text[place].isspace()]
            spans[span["rule_id"]] += 1
            chars[span["rule_id"]] += len(solid)
            right[span["rule_id"]] += sum(any(start <= place < end for start, end in junk) for place in solid)
    table = {
        rule: {"spans": spans[rule], "chars": chars[rule], "precision": round(right[rule] / chars[rule], 4)}
        for rule in sorted(spans)
    }
    arguments.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(f"{len(table)} rules over {len(arguments.sets)} sets -> {arguments.out}")


if __name__ == "__main__":
    main()
