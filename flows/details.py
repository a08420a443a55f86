"""Choose what the report of a run shows in full, within a budget of bytes.

Takes a snapshot and a run id, gives the articles before and after, the copies of a story side by side, the name flags with
their contexts, and the rejects. Reads only the texts it shows; each list knows how many there were in all.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import polars as pl
from markupsafe import escape

from cleaners.errors import CopydeskError
from cleaners.schemas import ID_REGEX
from flows.figures import NO_SITE, article_facts, run_clusters, run_flags, scan_table
from flows.passages import Passage, one_line, restore, visible

# Most items of a list, and most bytes of HTML for it: together well below 3 MB.
MOST_ARTICLES, ARTICLE_BYTES = 250, 1_500_000
MOST_CLUSTERS, CLUSTER_BYTES = 60, 450_000
MOST_NAMES, NAME_BYTES = 150, 350_000
MOST_REJECTS, REJECT_BYTES = 300, 150_000

MOST_PASSAGES = 80  # of one article
MOST_COPIES = 3  # of one story beside its canonical article
MOST_CONTEXTS = 3  # of one name, and of its evidence
MOST_COMPARED_WORDS = 1200  # difflib is quadratic: about .1 s a pair at this length
CONTEXT_CHARS = 110  # on each side of a name
SAME_WORDS = 12  # shown on each side of a difference

_WORD = re.compile(r"\S+\s*")
_ID = re.compile(ID_REGEX)
Item = TypeVar("Item")


@dataclass(frozen=True)
class Shown(Generic[Item]):
    """The items of a list that are shown, and how many there are."""

    items: tuple[Item, ...]
    total: int


@dataclass(frozen=True)
class Piece:
    """A passage as shown: leading white space, beginning, a middle that can be unfolded (empty if left out), end."""

    lead: str
    head: str
    fold: str
    tail: str
    n_folded: int
    rule_id: str | None
    category: str | None
    confidence: float | None
    salvaged_article_id: str | None


@dataclass(frozen=True)
class ArticleView:
    """An article before and after: its extracted text in pieces."""

    article_id: str
    label: str
    site: str
    origin: str
    parent_article_id: str | None
    parent_label: str | None
    link: str | None
    source_uri: str
    n_words: int
    n_removed_chars: int
    rules: tuple[str, ...]
    pieces: tuple[Piece, ...]
    n_more_passages: int


@dataclass(frozen=True)
class Stretch:
    """Words of a copy: shared with the other (kind same), its own (own) or a count of shared words left out (gap)."""

    kind: str
    text: str


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
    """A story that ran more than once."""

    cluster_id: str
    label: str
    site: str
    published: str | None
    size: int
    sites: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    n_more_copies: int


@dataclass(frozen=True)
class Context:
    """A name within its sentence, and where it stands."""

    label: str
    site: str
    before: str
    surface: str
    after: str


@dataclass(frozen=True)
class NameView:
    """A spelling that does not agree, with its contexts and those of the evidence."""

    kind: str
    is_error: bool
    surface: str
    canonical: str
    confidence: float
    n_flags: int
    n_articles: int
    sites: tuple[str, ...]
    contexts: tuple[Context, ...]
    evidence: tuple[Context, ...]
    reasons: tuple[tuple[str, str], ...]
    decision: str | None


@dataclass(frozen=True)
class RejectView:
    """An input that became no article."""

    source_uri: str
    stage: str
    reason: str
    detail: str
    n_bytes: int | None


def article_views(snapshot: Path, articles: pl.DataFrame) -> Shown[ArticleView]:
    """The articles of a run that lost most, before and after.

    Args:
        snapshot: folder of the snapshot.
        articles: the run's `article_facts`.

    Returns:
        Views in order of removed characters; where the budget ends, the middles of long passages are left out first, then
        articles.
    """
    chosen = articles.sort(["n_removed_chars", "article_id"], descending=[True, False]).head(MOST_ARTICLES)
    ids = chosen["article_id"]
    rows = _by_id(
        _with_ids(snapshot, "articles", ids).select("article_id", "parent_article_id", "source_uri", "url", "text")
    )
    spans: dict[str, list[dict[str, Any]]] = {}
    for span in _with_ids(snapshot, "removed_spans", ids).collect(engine="streaming").iter_rows(named=True):
        spans.setdefault(span["article_id"], []).append(span)
    labels = dict(
        article_facts(snapshot)
        .filter(pl.col("article_id").is_in(pl.Series([row["parent_article_id"] for row in rows.values()]).implode()))
        .select("article_id", "label")
        .collect()
        .iter_rows()
    )
    views: list[ArticleView] = []
    for facts in chosen.iter_rows(named=True):
        row, own_spans = rows[facts["article_id"]], spans.get(facts["article_id"], [])
        try:
            passages = list(restore(row["text"], own_spans))
        except CopydeskError as error:
            raise CopydeskError(f"Article {facts['article_id']}: {error.message}", error.hint) from error
        views.append(
            ArticleView(
                article_id=facts["article_id"],
                label=one_line(facts["label"]),
                site=one_line(facts["site"], 100),
                origin=facts["origin"],
                parent_article_id=row["parent_article_id"],
                parent_label=one_line(labels.get(row["parent_article_id"]) or "", 120) or None,
                link=_web_link(row["url"]),
                source_uri=one_line(row["source_uri"], 400),
                n_words=facts["n_words"],
                n_removed_chars=facts["n_removed_chars"],
                rules=tuple(sorted({span["rule_id"] for span in own_spans})),
                pieces=tuple(_fold(passage) for passage in passages[:MOST_PASSAGES]),
                n_more_passages=max(0, len(passages) - MOST_PASSAGES),
            )
        )
    bare = [replace(view, pieces=tuple(replace(piece, fold="") for piece in view.pieces)) for view in views]
    kept, left = _within(bare, ARTICLE_BYTES, _article_bytes)
    for number, view in enumerate(views[: len(kept)]):
        folds = sum(_bytes(piece.fold) for piece in view.pieces)
        if folds <= left:
            kept[number] = view
            left -= folds
    return Shown(tuple(kept), articles.height)


def cluster_views(snapshot: Path, articles: pl.DataFrame) -> Shown[ClusterView]:
    """The stories that ran more than once, each copy beside the canonical article with its own words marked.

    Args:
        snapshot: folder of the snapshot.
        articles: the run's `article_facts`.
    """
    clusters = run_clusters(snapshot, articles)
    members: dict[str, list[dict[str, Any]]] = {}
    for row in clusters.iter_rows(named=True):
        members.setdefault(row["cluster_id"], []).append(row)
    shown = dict(list(members.items())[:MOST_CLUSTERS])
    ids = pl.Series([row["article_id"] for rows in shown.values() for row in rows[: MOST_COPIES + 1]], dtype=pl.String)
    texts = _by_id(_with_ids(snapshot, "articles", ids).select("article_id", "text", "published_at"))
    facts = _by_id(article_facts(snapshot).filter(pl.col("article_id").is_in(ids.implode())))
    views = (_cluster_view(cluster_id, rows, texts, facts) for cluster_id, rows in shown.items())
    return Shown(tuple(_within(views, CLUSTER_BYTES, _cluster_bytes)[0]), len(members))


def name_views(snapshot: Path, articles: pl.DataFrame) -> Shown[NameView]:
    """The spellings that do not agree with the canonical names: errors first, each with its contexts and its evidence.

    Args:
        snapshot: folder of the snapshot.
        articles: the run's `article_facts`.
    """
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for flag in run_flags(snapshot, articles).iter_rows(named=True):
        groups.setdefault((not flag["is_error"], flag["kind"], flag["surface"], flag["canonical"]), []).append(flag)
    ordered = sorted(groups.items(), key=lambda group: (group[0][0], -len(group[1])))[:MOST_NAMES]
    evidence = {key: _read_evidence(flags) for key, flags in ordered}
    wanted: dict[str, set[str]] = {}
    for key, (article_ids, _) in evidence.items():
        wanted.setdefault(key[3], set()).update(article_ids)
    mentions = _evidence_mentions(snapshot, wanted)
    own = {flag["article_id"] for _, flags in ordered for flag in flags[:MOST_CONTEXTS]}
    ids = pl.Series(sorted(own | {row["article_id"] for rows in mentions.values() for row in rows}), dtype=pl.String)
    texts = _by_id(_with_ids(snapshot, "articles", ids).select("article_id", "text"))
    facts = _by_id(article_facts(snapshot).filter(pl.col("article_id").is_in(ids.implode())))

    def context(row: dict[str, Any]) -> Context:
        text, about = texts[row["article_id"]]["text"], facts[row["article_id"]]
        start, end = row["start"], row["end"]
        return Context(
            label=one_line(about["label"], 120),
            site=one_line(about["site"], 100),
            before=("…" if start > CONTEXT_CHARS else "") + visible(text[max(0, start - CONTEXT_CHARS) : start]),
            surface=one_line(text[start:end], 200),
            after=visible(text[end : end + CONTEXT_CHARS]) + ("…" if end + CONTEXT_CHARS < len(text) else ""),
        )

    views = (
        NameView(
            kind=flags[0]["kind"],
            is_error=flags[0]["is_error"],
            surface=one_line(flags[0]["surface"], 200),
            canonical=one_line(flags[0]["canonical"], 200),
            confidence=max(flag["confidence"] for flag in flags),
            n_flags=len(flags),
            n_articles=len({flag["article_id"] for flag in flags}),
            sites=tuple(sorted({one_line(flag["site"], 100) for flag in flags}))[:20],
            contexts=tuple(context(flag) for flag in flags[:MOST_CONTEXTS]),
            evidence=tuple(
                context(row)
                for row in mentions.get(key[3], [])
                if row["article_id"] != flags[0]["article_id"] or row["start"] != flags[0]["start"]
            ),
            reasons=evidence[key][1],
            decision=flags[0]["decision"],
        )
        for key, flags in ordered
    )
    return Shown(tuple(_within(views, NAME_BYTES, _name_bytes)[0]), len(groups))


def reject_views(snapshot: Path, run_id: str) -> Shown[RejectView]:
    """The inputs of a run that became no article, by reason."""
    rejects = scan_table(snapshot, "rejects").filter(pl.col("run_id") == run_id)
    total = rejects.select(pl.len()).collect().item()
    rows = (
        rejects.select("source_uri", "stage", "reason", "detail", "n_bytes")
        .sort("reason", "stage", "source_uri")
        .head(MOST_REJECTS)
        .collect()
    )
    views = (
        RejectView(**{**row, "source_uri": one_line(row["source_uri"], 400), "detail": one_line(row["detail"])})
        for row in rows.iter_rows(named=True)
    )
    kept, _ = _within(views, REJECT_BYTES, lambda view: 250 + _bytes(view.source_uri) + _bytes(view.detail))
    return Shown(tuple(kept), total)


def _with_ids(snapshot: Path, table: str, ids: pl.Series) -> pl.LazyFrame:
    return scan_table(snapshot, table).filter(pl.col("article_id").is_in(ids.implode()))


def _by_id(frame: pl.LazyFrame) -> dict[str, dict[str, Any]]:
    return {row["article_id"]: row for row in frame.collect(engine="streaming").iter_rows(named=True)}


def _within(items: Iterable[Item], budget: int, size: Callable[[Item], int]) -> tuple[list[Item], int]:
    """The first items that fit into a budget of bytes, and what is left of it."""
    kept: list[Item] = []
    for item in items:
        cost = size(item)
        if cost > budget:
            break
        kept.append(item)
        budget -= cost
    return kept, budget


def _bytes(text: str) -> int:
    """Bytes of a text in the page, once escaped."""
    return len(escape(text).encode())


def _article_bytes(view: ArticleView) -> int:
    texts = (view.label, view.site, view.site, view.source_uri, view.link or "", view.parent_label or "", *view.rules)
    return (
        900
        + sum(map(_bytes, texts))
        + sum(300 + _bytes(piece.head) + _bytes(piece.fold) + _bytes(piece.tail) for piece in view.pieces)
    )


def _cluster_bytes(view: ClusterView) -> int:
    stretches = (stretch for copy in view.comparisons for side in (copy.left, copy.right) for stretch in side)
    changes = sum(60 + _bytes(a) + _bytes(b) for copy in view.comparisons for a, b, _ in copy.changes)
    return (
        600
        + _bytes(view.label) * 2
        + 700 * len(view.comparisons)
        + changes
        + sum(map(_bytes, view.sites))
        + sum(40 + _bytes(stretch.text) for stretch in stretches)
    )


def _name_bytes(view: NameView) -> int:
    contexts = sum(
        250 + sum(map(_bytes, (context.label, context.site, context.before, context.surface, context.after)))
        for context in (*view.contexts, *view.evidence)
    )
    reasons = sum(60 + _bytes(key) + _bytes(value) for key, value in view.reasons)
    return 900 + contexts + reasons + sum(map(_bytes, (view.surface, view.canonical, *view.sites)))


def _web_link(url: str | None) -> str | None:
    """An address that is safe to link to: http(s) only, of a sane length."""
    if not url or len(url) > 2000 or visible(url) != url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def _fold(passage: Passage) -> Piece:
    """Show a long passage by its ends; what was kept is shown shorter than what was removed."""
    head, tail = (260, 160) if passage.rule_id is None else (600, 250)
    text = visible(passage.text)
    lead = text[: len(text) - len(text.lstrip())] if passage.rule_id is not None else ""
    text = text[len(lead) :]
    if len(text) > (head + tail) * 3 // 2:
        first = text.rfind(" ", head // 2, head) + 1 or head
        last = text.find(" ", len(text) - tail, len(text) - tail // 2) + 1 or len(text) - tail
    else:
        first = last = len(text)
    return Piece(
        lead=lead,
        head=text[:first],
        fold=text[first:last],
        tail=text[last:],
        n_folded=last - first,
        rule_id=passage.rule_id,
        category=passage.category,
        confidence=passage.confidence,
        salvaged_article_id=passage.salvaged_article_id,
    )


def _cluster_view(
    cluster_id: str, rows: list[dict[str, Any]], texts: dict[str, dict[str, Any]], facts: dict[str, dict[str, Any]]
) -> ClusterView:
    # `run_clusters` puts the canonical article first.
    canonical, copies = rows[0], rows[1 : MOST_COPIES + 1]
    about = facts[canonical["article_id"]]
    comparisons = []
    for copy in copies:
        left_words, right_words = (_words(texts[row["article_id"]]["text"]) for row in (canonical, copy))
        left, right, changes = _compare(left_words[:MOST_COMPARED_WORDS], right_words[:MOST_COMPARED_WORDS])
        comparisons.append(
            Comparison(
                label=one_line(facts[copy["article_id"]]["label"], 160),
                site=one_line(facts[copy["article_id"]]["site"], 100),
                match=copy["match"],
                similarity=copy["similarity"],
                published=_day(texts[copy["article_id"]]["published_at"]),
                left=left,
                right=right,
                changes=tuple((before, after, n) for (before, after), n in changes.most_common(8)),
                n_changes=changes.total(),
                is_whole=max(len(left_words), len(right_words)) <= MOST_COMPARED_WORDS,
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


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _compare(left: list[str], right: list[str]) -> tuple[tuple[Stretch, ...], tuple[Stretch, ...], Counter[Any]]:
    """Two word lists side by side, long shared stretches left out; and how often which words stand for which."""
    matcher = SequenceMatcher(None, [w.strip() for w in left], [w.strip() for w in right], autojunk=False)
    opcodes = matcher.get_opcodes()
    changes: Counter[tuple[str, str]] = Counter(
        (one_line("".join(left[a:b]), 80), one_line("".join(right[c:d]), 80))
        for tag, a, b, c, d in opcodes
        if tag != "equal"
    )
    sides: tuple[list[Stretch], list[Stretch]] = ([], [])
    for number, (tag, a, b, c, d) in enumerate(opcodes):
        for side, words in zip(sides, (left[a:b], right[c:d]), strict=True):
            if tag != "equal":
                side.extend([Stretch("own", visible("".join(words)))] if words else [])
            else:
                side.extend(_shorten(words, is_first=number == 0, is_last=number == len(opcodes) - 1))
    return tuple(sides[0]), tuple(sides[1]), changes


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


def _read_evidence(flags: list[dict[str, Any]]) -> tuple[list[str], tuple[tuple[str, str], ...]]:
    """The article ids in a flag's evidence, wherever it keeps them, and its other entries in words."""
    try:
        evidence = json.loads(flags[0]["evidence"])
    except json.JSONDecodeError:
        return [], (("evidence", one_line(flags[0]["evidence"])),)
    if not isinstance(evidence, dict):
        evidence = {"evidence": evidence}
    ids: list[str] = []

    def gather(value: object) -> object:
        if isinstance(value, str) and _ID.match(value):
            ids.append(value)
            return None
        if isinstance(value, list):
            return [kept for kept in map(gather, value) if kept is not None] or None
        if isinstance(value, dict):
            return {str(key): kept for key, kept in ((k, gather(v)) for k, v in value.items()) if kept is not None}
        return value

    reasons = []
    for key, value in evidence.items():
        rest = gather(value)
        if rest not in (None, "", [], {}):
            words = (
                rest if isinstance(rest, str) else json.dumps(rest, ensure_ascii=False).strip("[]{}").replace('"', "")
            )
            reasons.append((one_line(str(key).replace("_", " "), 60), one_line(words, 200)))
    return list(dict.fromkeys(ids)), tuple(reasons[:12])


def _evidence_mentions(snapshot: Path, evidence: dict[str, set[str]]) -> dict[str, list[dict[str, Any]]]:
    """Where the canonical names stand: in the evidence's articles if it names any, else anywhere in that very form."""
    mentions = (
        scan_table(snapshot, "name_mentions")
        .filter(pl.col("canonical").is_in(pl.Series(list(evidence), dtype=pl.String).implode()))
        .filter((pl.col("surface") == pl.col("canonical")) | pl.col("flag_id").is_null())
        .with_columns(is_whole=pl.col("surface") == pl.col("canonical"))
        .sort(["is_whole", "article_id", "start"], descending=[True, False, False])
        .group_by("canonical", "article_id", maintain_order=True)
        .first()
        .collect()
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in mentions.iter_rows(named=True):
        wanted = evidence[row["canonical"]]
        rows = found.setdefault(row["canonical"], [])
        if len(rows) < MOST_CONTEXTS and (row["article_id"] in wanted if wanted else row["is_whole"]):
            rows.append(row)
    return found


def _day(moment: Any) -> str | None:
    return moment.strftime("%Y-%m-%d %H:%M UTC") if moment else None
