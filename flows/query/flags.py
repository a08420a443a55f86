"""Name flags with all that an editor needs to decide them: the sentence, the sentences of the witnesses, office and article.

Takes a snapshot and which of its flags are wanted, gives one row a flag, the surest first. Made once a snapshot: what pages
show is in the rows.
"""

import json
from collections import defaultdict
from typing import Any, NamedTuple

import polars as pl

from cleaners.names import pair_names
from cleaners.schemas import NameFlags, NameMentions
from flows.query.contexts import About, find_context, read_articles
from flows.store.rows import IS_OPEN
from flows.store.snapshots import Snapshot

MAX_WITNESSES = 5  # the evidence names no more
_ABOUT = pl.Schema(
    {
        "label": pl.String(),
        "site": pl.String(),
        "address": pl.String(),
        "agency": pl.String(),
        "published_at": pl.Datetime("us", "UTC"),
    }
)
_CONTEXT = ("lead", "before", "after", "tail")
WITNESS = pl.Struct(
    {
        "article_id": pl.String(),
        **_ABOUT,
        "before": pl.String(),
        "surface": pl.String(),
        "after": pl.String(),
        "office": pl.String(),
    }
)
FLAGS = pl.Schema(
    {
        # Not by `create_empty`, which runs a query: the threads of polars, once started, are missing in a process that is forked.
        **{name: column.dtype for name, column in NameFlags.columns().items()},
        **_ABOUT,
        **dict.fromkeys(_CONTEXT, pl.String()),
        "office": pl.String(),
        "reason": pl.String(),
        "witnesses": pl.List(WITNESS),
        "pair": pl.String(),
    }
)


class _Place(NamedTuple):
    """A mention: where it stands and what is said of it there."""

    start: int
    end: int
    office: str


def read_flags(snapshot: Snapshot, is_wanted: pl.Expr = IS_OPEN) -> pl.DataFrame:
    """The flags of a snapshot, each with its sentence and the sentences of the independent texts that speak against it.

    Args:
        snapshot: where they are.
        is_wanted: which of the rows of `name_flags`.

    Returns:
        Columns as in `FLAGS`, the surest first. `witnesses` has one text of each story. `pair` is the key of both names.
    """
    schema = NameFlags.create_empty().schema
    flags = snapshot.scan("name_flags", schema).select(schema.names()).filter(is_wanted).collect()
    flags = flags.sort(["confidence", "canonical", "article_id", "start"], descending=[True, False, False, False])
    evidence = [_read(value) for value in flags["evidence"]]
    witnesses = _choose_witnesses(snapshot, flags, evidence)
    places = _find_places(snapshot, flags, evidence, witnesses)
    wanted: dict[str, list[int]] = defaultdict(list)  # which flags have something in the article
    for number, (article_id, others) in enumerate(zip(flags["article_id"], witnesses, strict=True)):
        for one in {article_id, *others}:
            wanted[one].append(number)
    rows: list[dict[str, Any]] = list(flags.iter_rows(named=True))
    seen: list[dict[str, dict[str, Any]]] = [{} for _ in rows]
    offices = _offices(snapshot, flags["article_id"])
    for about, text in read_articles(snapshot, wanted):
        for number in wanted[about.article_id]:
            row = rows[number]
            if about.article_id == row["article_id"]:
                context = find_context(text, row["start"], row["end"])
                row |= _about(about) | {name: getattr(context, name) for name in _CONTEXT}
            elif place := places.get((about.article_id, _expected(row, evidence[number]))):
                context = find_context(text, place.start, place.end)
                seen[number][about.article_id] = {
                    "article_id": about.article_id,
                    **_about(about),
                    **{name: getattr(context, name) for name in ("before", "surface", "after")},
                    "office": place.office,
                }
    for row, found, others, words in zip(rows, seen, witnesses, evidence, strict=True):
        row["office"] = offices.get((row["article_id"], row["start"]), "")
        row["reason"] = describe_evidence(words)
        row["witnesses"] = [found[one] for one in others if one in found]
        row["pair"] = pair_names(row["surface"], row["canonical"])
    return pl.DataFrame(rows, schema=FLAGS)


def group_flags(flags: pl.DataFrame) -> pl.DataFrame:
    """The errors that flags are of: one and the same name where another was expected, however many articles hold it.

    Args:
        flags: rows as `read_flags` gives them.

    Returns:
        kind, surface, canonical, confidence (of the surest flag), n_flags, n_articles and rows (their numbers in `flags`); the
        surest first, of those the most frequent.
    """
    return (
        flags.with_row_index("row")
        .group_by("kind", "surface", "canonical")
        .agg(
            pl.col("confidence").max(),
            n_flags=pl.len(),
            n_articles=pl.col("article_id").n_unique(),
            rows=pl.col("row"),
        )
        .sort(["confidence", "n_flags", "canonical", "surface", "kind"], descending=[True, True, False, False, False])
    )


def describe_evidence(evidence: dict[str, Any]) -> str:
    """The evidence of a flag in a few words."""
    parts = [f"decided by {evidence['decided_by']}"] if "decided_by" in evidence else []
    if "support" in evidence:
        parts.append(f"{evidence['support']} independent texts against {evidence.get('own_support', 1)}")
    if "holder" in evidence:
        parts.append(f"called {evidence['office']}, elsewhere {evidence['usual_office']}; that is {evidence['holder']}")
    if evidence.get("roles"):
        parts.append("same office: " + ", ".join(evidence["roles"]))
    return "; ".join(parts)


def _about(about: About) -> dict[str, Any]:
    return {name: value for name, value in about._asdict().items() if name in _ABOUT}


def _read(evidence: str) -> dict[str, Any]:
    try:
        found = json.loads(evidence)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _expected(flag: dict[str, Any], evidence: dict[str, Any]) -> str:
    """The names that a witness may have: the expected one, and of a conflict of offices who holds the office."""
    return "\0".join((flag["canonical"], str(evidence.get("holder", flag["canonical"]))))


def _choose_witnesses(snapshot: Snapshot, flags: pl.DataFrame, evidence: list[dict[str, Any]]) -> list[list[str]]:
    """The articles that the evidence of each flag names, one of each story and none of the flag's own."""
    named = [[str(one) for one in found.get("articles", ())] for found in evidence]
    ids = pl.Series(sorted({*flags["article_id"], *(one for ones in named for one in ones)}), dtype=pl.String)
    clusters = snapshot.scan("clusters", pl.Schema({"article_id": pl.String, "cluster_id": pl.String}))
    found = clusters.filter(pl.col("article_id").is_in(ids.implode())).select("article_id", "cluster_id").collect()
    cluster_of = dict(found.iter_rows())
    chosen = []
    for own, ones in zip(flags["article_id"], named, strict=True):
        stories = {cluster_of.get(own, own)}
        kept: list[str] = []
        for one in ones:
            story = cluster_of.get(one, one)
            if story not in stories and len(kept) < MAX_WITNESSES:
                stories.add(story)
                kept.append(one)
        chosen.append(kept)
    return chosen


def _find_places(
    snapshot: Snapshot, flags: pl.DataFrame, evidence: list[dict[str, Any]], witnesses: list[list[str]]
) -> dict[tuple[str, str], _Place]:
    """The first mention of an expected name in each witness, in that very form if there is one."""
    names_of: dict[str, set[str]] = defaultdict(set)
    for flag, found, others in zip(flags.iter_rows(named=True), evidence, witnesses, strict=True):
        for one in others:
            names_of[one].add(_expected(flag, found))
    schema = NameMentions.create_empty().schema
    ids = pl.Series(sorted(names_of), dtype=pl.String)
    mentions = (
        snapshot.scan("name_mentions", schema)
        .filter(pl.col("article_id").is_in(ids.implode()))
        .select("article_id", "start", "end", "surface", "canonical")
        .sort("article_id", "start")
        .collect()
    )
    offices = _offices(snapshot, ids)
    held: dict[str, list[tuple[int, int, str, str]]] = defaultdict(list)
    for article_id, *mention in mentions.iter_rows():
        held[article_id].append((mention[0], mention[1], mention[2], mention[3]))
    places = {}
    for article_id, expected in ((one, name) for one, names in names_of.items() for name in names):
        names = expected.split("\0")
        mine = [mention for mention in held[article_id] if mention[3] in names]
        whole = [mention for mention in mine if mention[2] == mention[3]]
        for start, end, *_ in (whole or mine)[:1]:
            places[(article_id, expected)] = _Place(start, end, offices.get((article_id, start), ""))
    return places


def _offices(snapshot: Snapshot, article_ids: pl.Series) -> dict[tuple[str, int], str]:
    """The offices behind which names stand in some articles, by article and place."""
    schema = pl.Schema({"article_id": pl.String, "start": pl.Int64, "role": pl.String})
    rows = snapshot.scan("index/mentions", schema)
    wanted = pl.col("article_id").is_in(article_ids.unique().implode()) & (pl.col("role") != "")
    return {(one, start): role for one, start, role in rows.filter(wanted).select(schema.names()).collect().iter_rows()}
