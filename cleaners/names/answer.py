"""Results of the names step: rows of mentions, flags and replacements, and the people of each article.

Takes verdicts mention by mention, gives the frames of `CheckedNames`; a replacement is a row of its own, and the
article's text stays as it is.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import polars as pl

from cleaners.document import make_id
from cleaners.names.collector import frame_of
from cleaners.names.judge.verdicts import Verdict

MENTIONS = pl.Schema(
    {
        "article_id": pl.String,
        "start": pl.Int64,
        "end": pl.Int64,
        "surface": pl.String,
        "canonical": pl.String,
        "entity": pl.String,
        "flag_id": pl.String,
    }
)
FLAGS = pl.Schema(
    {
        "flag_id": pl.String,
        "article_id": pl.String,
        "start": pl.Int64,
        "end": pl.Int64,
        "surface": pl.String,
        "canonical": pl.String,
        "kind": pl.String,
        "is_error": pl.Boolean,
        "confidence": pl.Float64,
        "evidence": pl.String,
        "decision": pl.String,
    }
)
REPLACEMENTS = pl.Schema(
    {
        "article_id": pl.String,
        "start": pl.Int64,
        "end": pl.Int64,
        "surface": pl.String,
        "replacement": pl.String,
        "kind": pl.String,
        "decided_by": pl.String,
        "flag_id": pl.String,
    }
)
CHECKED_ARTICLES = pl.Schema(
    [("article_id", pl.String()), ("people", pl.List(pl.String)), ("text_normalised", pl.String())]
)


class CheckedNames(NamedTuple):
    """Result of `check_names`; the columns of the first three are those of the published tables."""

    mentions: pl.DataFrame
    flags: pl.DataFrame
    replacements: pl.DataFrame
    articles: pl.DataFrame


class Answer:
    """Collects the rows of the frames."""

    def __init__(self) -> None:
        self._mentions: list[tuple[str, int, int, str, str, str, str | None]] = []
        self._flags: list[tuple[str, str, int, int, str, str, str, bool, float, str, str | None]] = []
        self._replacements: list[tuple[str, int, int, str, str, str, str, str]] = []
        self._people: dict[str, set[str]] = defaultdict(set)

    def add(
        self,
        article_id: str,
        start: int,
        end: int,
        surface: str,
        entity: str,
        verdict: Verdict,
        replacement: str | None,
    ) -> None:
        """One mention with its verdict; `replacement` is what the normalised text says if the verdict replaces it."""
        flag_id = None
        if verdict.kind is not None:
            flag_id = name_flag(article_id, start, end)
            shown = (verdict.expected or verdict.canonical, verdict.kind, verdict.is_error, verdict.confidence)
            self._flags.append((flag_id, article_id, start, end, surface, *shown, verdict.evidence, verdict.decision))
            if verdict.is_replaced and replacement and replacement != surface:
                decided_by = "editor" if verdict.decision else verdict.decided_by
                how = (replacement, verdict.kind, decided_by, flag_id)
                self._replacements.append((article_id, start, end, surface, *how))
        self._mentions.append((article_id, start, end, surface, verdict.canonical, entity, flag_id))
        if entity == "person":
            self._people[article_id].add(verdict.canonical)

    def frames(self, articles: pl.DataFrame | pl.LazyFrame) -> CheckedNames:
        """The rows as frames, in order of article and place."""
        replacements = frame_of(self._replacements, REPLACEMENTS).sort("article_id", "start")
        ids = articles.lazy().select("article_id").collect()["article_id"]
        normalised = dict(normalise_texts(articles, replacements).iter_rows())
        rows = [(one, sorted(self._people.get(one, ())), normalised.get(one)) for one in ids]
        return CheckedNames(
            frame_of(self._mentions, MENTIONS).sort("article_id", "start"),
            frame_of(self._flags, FLAGS).sort("article_id", "start"),
            replacements,
            frame_of(rows, CHECKED_ARTICLES),
        )


def name_flag(article_id: str, start: int, end: int) -> str:
    """The id of the flag on a mention: the same in every run, whatever the run finds out about it."""
    return make_id(article_id, str(start), str(end), "name")


def normalise_texts(articles: pl.DataFrame | pl.LazyFrame, replacements: pl.DataFrame) -> pl.DataFrame:
    """The texts with their replacements made.

    Args:
        articles: `article_id` and `text`; of a lazy frame only the texts that change are read.
        replacements: columns `article_id`, `start`, `end` and `replacement`.

    Returns:
        `article_id` and `text_normalised` of the articles with a replacement.
    """
    edits: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for article_id, *edit in replacements.select("article_id", "start", "end", "replacement").iter_rows():
        edits[article_id].append((edit[0], edit[1], edit[2]))
    chosen = pl.Series(list(edits), dtype=pl.String).implode()
    texts = articles.lazy().select("article_id", "text").filter(pl.col("article_id").is_in(chosen)).collect()
    rows = [(article_id, _replaced(text or "", edits[article_id])) for article_id, text in texts.iter_rows()]
    return pl.DataFrame(rows, schema={"article_id": pl.String, "text_normalised": pl.String}, orient="row")


def _replaced(text: str, edits: list[tuple[int, int, str]]) -> str:
    parts, position = [], 0
    for start, end, replacement in sorted(edits):
        parts += [text[position:start], replacement]
        position = end
    return "".join([*parts, text[position:]])
