"""Quality of the salvage of embedded articles: `python -m bench.quality.salvage CONTAMINATION.jsonl[.gz] [...]`.

Gold are the `related_article` spans: cut at their cards ('Publisher, N hours ago, - Publisher'), each part with a body of enough
words is an article that should come out on its own. Counts those whose body came out exactly, white space aside, before and
after its own cleaning; the latter against the articles of the set, where the body stands in one of them.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from pathlib import Path
from typing import Any

from bench.quality.contamination import read_rows, strip_rows
from cleaners.document import make_id
from cleaners.junk import StripConfig, Stripped, restore

_CARD = re.compile(
    r"(?P<name>[^\n]{2,60}?)\s+(?:\d{1,3}|an?|one) (?:second|sec|minute|min|hour|hr|day|week|month|year)s? ago"
    r"\s+[-–—|•·]\s+(?P=name)\s+"
)
WORST = 8


def main() -> None:
    """Print the counts of each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+")
    for path in parser.parse_args().sets:
        rows = read_rows(path)
        result = strip_rows(rows)
        print(
            f"\n{path.name}\n\n| embedded | gold | salvaged | body exact | begins right | ends right | clean | of known |"
        )
        print("|" + " --- |" * 8)
        counts = count_salvage(rows, result)
        for kind in ("card", "card, inline", "headline and body"):
            row = [counts[kind, what] for what in ("gold", "found", "exact", "start", "end", "clean", "known")]
            print(f"| {kind} | {' | '.join(map(str, row))} |")


def count_salvage(rows: list[dict[str, Any]], result: Stripped) -> Counter[tuple[str, str]]:
    """Counts by kind of embedding and outcome."""
    articles = {row["article_id"]: row for row in result.articles.iter_rows(named=True)}
    cuts: dict[str, list[dict[str, Any]]] = {}
    for span in result.removed_spans.sort("start").iter_rows(named=True):
        cuts.setdefault(span["article_id"], []).append(span)
    bodies = [bare(row.get("gold_text") or "") for row in rows]
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        children = [
            (
                articles[key]["title"] or "",
                restore(articles[key]["text"], [(cut["start"], cut["text"]) for cut in cuts.get(key, [])]),
                articles[key]["text"],
            )
            for span in cuts.get(make_id(row["id"]), [])
            if (key := span["salvaged_article_id"]) in articles
        ]
        for kind, body in list_bodies(row):
            counts[kind, "gold"] += 1
            gold = bare(body)
            owner = next((text for text in bodies if gold[-40:] in text or gold[-140:-80] in text), None)
            counts[kind, "known"] += owner is not None
            best = max(children, key=lambda child: _common(bare(child[1]), gold), default=None)
            if best is None or _common(bare(best[1]), gold) < 0.5:
                continue
            # The end of a headline that is glued to its body is a guess: both together must be right.
            title = bare(best[0]) if kind == "card, inline" else ""
            raw, clean = title + bare(best[1]), bare(best[2])
            counts[kind, "found"] += 1
            counts[kind, "exact"] += raw == gold
            counts[kind, "start"] += raw[:40] == gold[:40]
            counts[kind, "end"] += raw[-40:] == gold[-40:]
            counts[kind, "clean"] += owner is not None and clean in owner
    return counts


def list_bodies(row: dict[str, Any]) -> list[tuple[str, str]]:
    """The bodies of the articles embedded in a document, each with how it is embedded."""
    found = []
    least = StripConfig().salvage_min_words
    for span in row["spans"]:
        if span["kind"] != "related_article":
            continue
        text = row["contaminated_text"][span["start"] : span["end"]]
        marks = list(_CARD.finditer(text))
        for mark, following in zip(marks, [*marks[1:], None], strict=False):
            part = text[mark.end() : following.start() if following else len(text)].strip()
            is_inline = "\n" not in mark[0]
            body = part if is_inline else part.partition("\n")[2]
            if len(body.split()) >= least:
                found.append(("card, inline" if is_inline else "card", body))
        if not marks:
            body = text.strip().partition("\n")[2]
            if len(body.split()) >= least:
                found.append(("headline and body", body))
    return found


def bare(text: str) -> str:
    """A text without white space."""
    return "".join(text.split())


def _common(one: str, other: str) -> float:
    """Share of the shorter text's pieces of 20 characters that the other holds."""
    short, long = sorted((one, other), key=len)
    pieces = [short[start : start + 20] for start in range(0, max(1, len(short) - 19), 20)]
    return sum(piece in long for piece in pieces) / len(pieces)


if __name__ == "__main__":
    main()
