"""What ran more than once: each copy beside the canonical article, its own words marked.

Takes a snapshot and the run's articles, gives the most copied articles; long shared stretches are left out.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import polars as pl

from flows.report.details.budget import Shown, collect_by_id, count_bytes, keep_within, scan_rows
from flows.report.passages import one_line, visible
from flows.store.rows import article_facts, run_clusters

MAX_CLUSTERS, CLUSTER_BYTES = 60, 450_000
MAX_COPIES = 3  # of one cluster beside its canonical article
MAX_COMPARED_WORDS = 1200  # difflib is quadratic: about .1 s a pair at this length
MAX_CHANGES = 8  # listed above a pair
SAME_WORDS = 12  # shown on each side of a difference

_WORD = re.compile(r"\S+\s*")


@dataclass(frozen=True)
class Stretch:
    """Words of a copy: shared with the other (kind same), its own (own) or a count of shared words left out (gap).

    `space` is the white space after its own words, which is not marked.
    """

    kind: str
    text: str
    space: str = ""


@dataclass(frozen=True)
class Comparison:
    """A copy beside the canonical article."""

    label: str
    site: str
    match: str
    similarity: float
    published: str | None
    left: tuple[Stretch, ...]
    right: tuple[Stretch, ...]
    changes: tuple[tuple[str, str, int], ...]
    n_changes: int
    is_whole: bool


@dataclass(frozen=True)
class ClusterView:
    """An article that ran more than once."""

    cluster_id: str
    label: str
    site: str
    published: str | None
    size: int
    sites: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    n_more_copies: int


def view_copies(snapshot: Path, articles: pl.DataFrame) -> Shown[ClusterView]:
    """The articles that ran more than once, each copy beside the canonical article with its own words marked.

    Args:
        snapshot: folder of the snapshot.
        articles: the run's `article_facts`.
    """
    clusters = run_clusters(snapshot, articles)
    members: dict[str, list[dict[str, Any]]] = {}
    for row in clusters.iter_rows(named=True):
        members.setdefault(row["cluster_id"], []).append(row)
    shown = dict(list(members.items())[:MAX_CLUSTERS])
    ids = pl.Series([row["article_id"] for rows in shown.values() for row in rows[: MAX_COPIES + 1]], dtype=pl.String)
    texts = collect_by_id(scan_rows(snapshot, "articles", ids).select("article_id", "text", "published_at"))
    facts = collect_by_id(article_facts(snapshot).filter(pl.col("article_id").is_in(ids.implode())))
    views = (_view_cluster(cluster_id, rows, texts, facts) for cluster_id, rows in shown.items())
    return Shown(tuple(keep_within(CLUSTER_BYTES, views, _cluster_bytes)[0]), len(members))


def _view_cluster(
    cluster_id: str, rows: list[dict[str, Any]], texts: dict[str, dict[str, Any]], facts: dict[str, dict[str, Any]]
) -> ClusterView:
    # `run_clusters` puts the canonical article first.
    canonical, copies = rows[0], rows[1 : MAX_COPIES + 1]
    about = facts[canonical["article_id"]]
    comparisons = []
    for copy in copies:
        left_words, right_words = (_words(texts[row["article_id"]]["text"]) for row in (canonical, copy))
        left, right, changes = _compare(left_words[:MAX_COMPARED_WORDS], right_words[:MAX_COMPARED_WORDS])
        comparisons.append(
            Comparison(
                label=one_line(facts[copy["article_id"]]["label"], 160),
                site=one_line(facts[copy["article_id"]]["site"], 100),
                match=copy["match"],
                similarity=copy["similarity"],
                published=_day(texts[copy["article_id"]]["published_at"]),
                left=left,
                right=right,
                changes=tuple((before, after, n) for (before, after), n in changes.most_common(MAX_CHANGES)),
                n_changes=changes.total(),
                is_whole=max(len(left_words), len(right_words)) <= MAX_COMPARED_WORDS,
            )
        )
    return ClusterView(
        cluster_id=cluster_id,
        label=one_line(about["label"], 160),
        site=one_line(about["site"], 100),
        published=_day(texts[canonical["article_id"]]["published_at"]),
        size=canonical["cluster_size"],
        sites=tuple(sorted({one_line(facts[row["article_id"]]["site"], 100) for row in (canonical, *copies)})),
        comparisons=tuple(comparisons),
        n_more_copies=canonical["cluster_size"] - 1 - len(copies),
    )


def _cluster_bytes(view: ClusterView) -> int:
    stretches = (stretch for copy in view.comparisons for side in (copy.left, copy.right) for stretch in side)
    changes = sum(60 + count_bytes(a, b) for copy in view.comparisons for a, b, _ in copy.changes)
    texts = sum(40 + count_bytes(stretch.text) for stretch in stretches)
    return 600 + 700 * len(view.comparisons) + count_bytes(view.label, view.label, *view.sites) + changes + texts


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _compare(left: list[str], right: list[str]) -> tuple[tuple[Stretch, ...], tuple[Stretch, ...], Counter[Any]]:
    """Two word lists side by side, long shared stretches left out; and how often which words stand for which."""
    matcher = SequenceMatcher(None, [w.strip() for w in left], [w.strip() for w in right], autojunk=False)
    opcodes = matcher.get_opcodes()
    changes = Counter(
        _bare_change("".join(left[a:b]), "".join(right[c:d])) for tag, a, b, c, d in opcodes if tag != "equal"
    )
    sides: tuple[list[Stretch], list[Stretch]] = ([], [])
    for number, (tag, a, b, c, d) in enumerate(opcodes):
        for side, words in zip(sides, (left[a:b], right[c:d]), strict=True):
            if tag != "equal":
                side.extend([_own("".join(words))] if words else [])
            else:
                side.extend(_shorten(words, is_first=number == 0, is_last=number == len(opcodes) - 1))
    return tuple(sides[0]), tuple(sides[1]), changes


def _own(text: str) -> Stretch:
    words = text.rstrip()
    return Stretch("own", visible(words), text[len(words) :])


def _bare_change(before: str, after: str) -> tuple[str, str]:
    """Return which words stand for which, without the punctuation that both end in."""
    before, after = one_line(before, 80), one_line(after, 80)
    while before and after and before[-1] == after[-1] and not before[-1].isalnum():
        before, after = before[:-1], after[:-1]
    return before, after


def _shorten(words: list[str], *, is_first: bool, is_last: bool) -> Iterator[Stretch]:
    head, tail = (SAME_WORDS, 0 if is_last else SAME_WORDS)
    if is_first and not is_last:
        head = 0
    if len(words) <= head + tail + SAME_WORDS:
        yield Stretch("same", visible("".join(words)))
        return
    if head:
        yield Stretch("same", visible("".join(words[:head])))
    yield Stretch("gap", f"{len(words) - head - tail:,}")
    if tail:
        yield Stretch("same", visible("".join(words[-tail:])))


def _day(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%d %H:%M UTC") if moment else None
