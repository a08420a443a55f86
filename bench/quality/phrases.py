"""Test of whether reporters' phrases stay: `python -m bench.quality.phrases CONTAMINATION.jsonl`.

Puts one of six common phrases between two paragraphs of every clean story of the set, cleans all as one batch, and counts the
phrases that were cut. They repeat over a paper's stories as a banner does, and are a part of each.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from pathlib import Path

from bench.quality.contamination import find_spans, read_rows

SEED = 2
PHRASES = (
    "A spokesman did not immediately respond to a request for comment.",
    "The company declined to comment.",
    "The Associated Press contributed to this report.",
    "He spoke on condition of anonymity because he was not authorised to discuss the matter publicly.",
    "The White House did not respond to a request for comment outside normal business hours.",
    "This is a developing story.",
)


def main() -> None:
    """Print how many phrases were put in, and how many each rule cut."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("documents", type=Path)
    chance = random.Random(SEED)
    rows = []
    for row in read_rows(parser.parse_args().documents):
        lines = row["gold_text"].split("\n")
        if len(lines) > 1:
            lines.insert(chance.randrange(1, len(lines)), chance.choice(PHRASES))
            rows.append(
                {
                    "id": row["id"],
                    "source": row["source"],
                    "title": row.get("title"),
                    "contaminated_text": "\n".join(lines),
                }
            )
    cut = Counter(
        rule
        for rule, text in find_spans(rows).select("rule_id", "text").iter_rows()
        if any(phrase in text for phrase in PHRASES)
    )
    print(f"{sum(cut.values())} of {len(rows)} phrases cut: {dict(cut)}")


if __name__ == "__main__":
    main()
