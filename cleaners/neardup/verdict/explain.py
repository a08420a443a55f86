"""Verified pairs to what differs between the two: the names and numbers that only one of them has.

Takes pairs and the articles' texts, gives the pairs with fuller evidence; decides nothing.
"""

from __future__ import annotations

import json

import polars as pl

from cleaners.neardup.text.fold import normalise_texts

NAME = r"\p{Lu}[\p{L}\p{M}\p{N}]*"
NUMBER = r"\p{Nd}+(?:[.,/:]\p{Nd}+)*"
Fact = tuple[str, str]  # as written, and folded
MAX_FACTS = 8  # a side: enough to see at a glance what an update changed


def explain_pairs(pairs: pl.DataFrame, articles: pl.DataFrame) -> pl.DataFrame:
    """Add to the evidence of pairs the facts that stand on one side only.

    Args:
        pairs: the pairs of `find_near_duplicates`.
        articles: article_id and text; pairs of articles without a text here stay as they are.

    Returns:
        The pairs; `evidence` gains `only_left` and `only_right`: the first numbers and capitalised words, in reading
        order, that the other article does not have, at most MAX_FACTS a side. Exact copies have none and gain nothing.
    """
    records = [json.loads(text) for text in pairs["evidence"]]
    differing = pl.Series([one["decision"] != "exact" for one in records], dtype=pl.Boolean)
    ids = pl.concat([pairs.filter(differing)["left_id"], pairs.filter(differing)["right_id"]]).unique()
    known = articles.with_columns(pl.col("text").cast(pl.String)).filter(
        pl.col("article_id").is_in(ids.implode()) & pl.col("text").is_not_null()
    )
    facts = dict(zip(known["article_id"], zip(*_read_facts(known["text"]), strict=True), strict=True))
    for (left_id, right_id), evidence, differs in zip(
        pairs.select("left_id", "right_id").iter_rows(), records, differing, strict=True
    ):
        if differs and left_id in facts and right_id in facts:
            (left, in_left), (right, in_right) = facts[left_id], facts[right_id]
            evidence["only_left"] = _first_missing(left, in_right)
            evidence["only_right"] = _first_missing(right, in_left)
    evidence_texts = [json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in records]
    return pairs.with_columns(pl.Series("evidence", evidence_texts, dtype=pl.String))


def _read_facts(texts: pl.Series) -> tuple[list[list[Fact]], list[set[str]]]:
    """The facts of each text in reading order; and all its words, folded, with its numbers."""
    facts = texts.str.extract_all(rf"\b(?:{NAME}|{NUMBER})").to_list()
    folded = iter(normalise_texts(pl.Series([fact for own in facts for fact in own], dtype=pl.String)))
    listed = [list(zip(own, folded, strict=False)) for own in facts]  # `own` ends first, so that none is skipped
    numbers = texts.str.extract_all(NUMBER)
    everything = [
        {*words, *(number.replace(",", "") for number in found)}
        for words, found in zip(normalise_texts(texts).str.split(" "), numbers, strict=True)
    ]
    return listed, everything


def _first_missing(facts: list[Fact], there: set[str]) -> list[str]:
    """The first of some facts that are not there, each once."""
    missing: dict[str, None] = {}
    for fact, plain in facts:
        if plain not in there and fact.replace(",", "") not in there:
            missing[fact] = None
            if len(missing) == MAX_FACTS:
                break
    return list(missing)
