"""The spellings that do not agree with the canonical names, each with its contexts and its evidence.

Takes a snapshot and the run's articles, gives errors first. Evidence is shown as the sentences of the other articles and as
what decided, in words; the features behind it stay in the table.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from cleaners.schemas import ID_REGEX
from flows.report.details.budget import Shown, collect_by_id, count_bytes, keep_within, scan_rows
from flows.report.passages import one_line, visible
from flows.store.rows import NO_SITE, article_facts, run_flags, scan_table

MAX_NAMES, NAME_BYTES = 150, 350_000
MAX_CONTEXTS = 3  # of one name, and of its evidence
MAX_REASONS = 12
MAX_SITES = 20
CONTEXT_CHARS = 110  # on each side of a name

# Titles on the page for entries of a flag's evidence; others go by their own names.
REASON_TITLES = {
    "decided_by": "decided by",
    "support": "texts with the expected name",
    "own_support": "texts with this spelling",
    "roles": "role in common",
    "authority": "authority file",
}

_ID = re.compile(ID_REGEX)


@dataclass(frozen=True)
class Context:
    """A name within its sentence, and where it stands; `site` is empty where it is not known."""

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


class _Reasons(NamedTuple):
    """The evidence of a flag: the articles it names, and its other entries in words."""

    article_ids: list[str]
    words: tuple[tuple[str, str], ...]


def _surest_first(group: tuple[tuple[Any, ...], list[dict[str, Any]]]) -> tuple[Any, ...]:
    (is_variant, *_), flags = group
    return is_variant, -max(flag["confidence"] for flag in flags), -len(flags)


def view_names(snapshot: Path, articles: pl.DataFrame) -> Shown[NameView]:
    """The spellings that do not agree with the canonical names: errors first, each with its contexts and its evidence.

    Args:
        snapshot: folder of the snapshot.
        articles: the run's `article_facts`.
    """
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for flag in run_flags(snapshot, articles).iter_rows(named=True):
        groups.setdefault((not flag["is_error"], flag["kind"], flag["surface"], flag["canonical"]), []).append(flag)
    ordered = sorted(groups.items(), key=_surest_first)[:MAX_NAMES]
    evidence = {key: _read_evidence(flags[0]["evidence"]) for key, flags in ordered}
    wanted: dict[str, set[str]] = {}
    for key, reasons in evidence.items():
        wanted.setdefault(key[3], set()).update(reasons.article_ids)
    mentions = _evidence_mentions(snapshot, wanted)
    own = {flag["article_id"] for _, flags in ordered for flag in flags[:MAX_CONTEXTS]}
    ids = pl.Series(sorted(own | {row["article_id"] for rows in mentions.values() for row in rows}), dtype=pl.String)
    texts = collect_by_id(scan_rows(snapshot, "articles", ids).select("article_id", "text"))
    facts = collect_by_id(article_facts(snapshot).filter(pl.col("article_id").is_in(ids.implode())))

    def context(row: dict[str, Any]) -> Context:
        about = facts[row["article_id"]]
        return _read_context(texts[row["article_id"]]["text"], row["start"], row["end"], about["label"], about["site"])

    views = (
        NameView(
            kind=flags[0]["kind"],
            is_error=flags[0]["is_error"],
            surface=one_line(flags[0]["surface"], 200),
            canonical=one_line(flags[0]["canonical"], 200),
            confidence=max(flag["confidence"] for flag in flags),
            n_flags=len(flags),
            n_articles=len({flag["article_id"] for flag in flags}),
            sites=tuple(sorted({one_line(flag["site"], 100) for flag in flags}))[:MAX_SITES],
            contexts=tuple(context(flag) for flag in flags[:MAX_CONTEXTS]),
            evidence=tuple(
                context(row)
                for row in mentions.get(key[3], [])
                if row["article_id"] != flags[0]["article_id"] or row["start"] != flags[0]["start"]
            ),
            reasons=evidence[key].words,
            decision=flags[0]["decision"],
        )
        for key, flags in ordered
    )
    return Shown(tuple(keep_within(NAME_BYTES, views, _name_bytes)[0]), len(groups))


def _read_context(text: str, start: int, end: int, label: str, site: str) -> Context:
    before, after = text[max(0, start - CONTEXT_CHARS) : start], text[end : end + CONTEXT_CHARS]
    if start > CONTEXT_CHARS:
        before = f"… {before.partition(' ')[2] or before}"
    if end + CONTEXT_CHARS < len(text):
        after = f"{after.rpartition(' ')[0] or after} …"
    return Context(
        label=one_line(label, 120),
        site="" if site == NO_SITE else one_line(site, 100),
        before=visible(before),
        surface=one_line(text[start:end], 200),
        after=visible(after),
    )


def _name_bytes(view: NameView) -> int:
    contexts = sum(
        250 + count_bytes(context.label, context.site, context.before, context.surface, context.after)
        for context in (*view.contexts, *view.evidence)
    )
    reasons = sum(60 + count_bytes(key, value) for key, value in view.reasons)
    return 900 + contexts + reasons + count_bytes(view.surface, view.canonical, *view.sites)


def _read_evidence(text: str) -> _Reasons:
    try:
        evidence = json.loads(text)
    except json.JSONDecodeError:
        evidence = text
    if not isinstance(evidence, dict):
        return _Reasons([], (("evidence", one_line(str(evidence), 200)),))
    article_ids: list[str] = []
    words = []
    for key, value in sorted(evidence.items(), key=lambda entry: [*REASON_TITLES, entry[0]].index(entry[0])):
        values = [each for each in (value if isinstance(value, list) else [value]) if each not in (None, "")]
        ids = [each for each in values if isinstance(each, str) and _ID.match(each)]
        article_ids += ids
        plain = [str(each) for each in values if each not in ids and not isinstance(each, (dict, list))]
        if plain:
            title = REASON_TITLES.get(key, key.replace("_", " "))
            words.append((one_line(title, 60), one_line(", ".join(plain), 200)))
    return _Reasons(list(dict.fromkeys(article_ids)), tuple(words[:MAX_REASONS]))


def _evidence_mentions(snapshot: Path, evidence: dict[str, set[str]]) -> dict[str, list[dict[str, Any]]]:
    """Collect where the canonical names stand: in the evidence's articles if it names any, else anywhere in that very form."""
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
        if len(rows) < MAX_CONTEXTS and (row["article_id"] in wanted if wanted else row["is_whole"]):
            rows.append(row)
    return found
