"""The contracts of the published tables: one place for columns, types, keys and their descriptions.

Takes nothing, gives dataframely schemas; `docs/data-dictionary.md` and the column descriptions inside the Parquet files
are generated from here. A column that is added bears a `default` in its `metadata` unless null will do: rows of older snapshots
get it, a literal or an expression over the others. `SCHEMA_VERSION` (`cleaners.document`) rises whenever a column is dropped or changes its type or meaning.
"""

from __future__ import annotations

import dataframely as dy
import polars as pl

from cleaners.codes import (
    CHANGE_KINDS,
    DUPLICATE_RELATIONS,
    ENTITIES,
    JUNK_CATEGORIES,
    MATCHES,
    METADATA_DOUBTS,
    METADATA_SOURCES,
    NAME_FLAG_KINDS,
    ORIGINS,
    OTHER_RELATIONS,
    REJECT_REASONS,
    STAGES,
    SUSPECTED,
    UNITS,
)
from cleaners.document import SOURCED_FIELDS, time_of_run

ID_REGEX = r"^[0-9a-f]{24}$"
SHA256_REGEX = r"^[0-9a-f]{64}$"


def utc_timestamp(description: str, *, nullable: bool = True) -> dy.Datetime:
    """A UTC timestamp in microseconds."""
    return dy.Datetime(nullable=nullable, time_zone="UTC", time_unit="us", description=description)


def identifier(description: str, *, nullable: bool = False, primary_key: bool = False) -> dy.String:
    """A stable id: the first 24 hexadecimal digits (96 bits) of a SHA-256."""
    return dy.String(nullable=nullable, primary_key=primary_key, regex=ID_REGEX, description=description)


def run_id() -> dy.String:
    """The run that wrote the row."""
    return dy.String(description="The run that wrote this row.", min_length=1)


def changed_run() -> dy.String:
    """The run that last changed the row."""
    return dy.String(
        nullable=True,
        min_length=1,
        description="The run that last changed this row, whichever run wrote its file; null where no run has since a version that "
        "records it.",
    )


def _is_source(column: pl.Expr) -> pl.Expr:
    return column.is_in(list(METADATA_SOURCES))


def _is_doubt(column: pl.Expr) -> pl.Expr:
    return column.is_in(list(METADATA_DOUBTS))


class Articles(dy.Schema):
    """One row an article: what a reader of the news wants, cleaned. A row changes only where its input is cleaned again."""

    article_id = identifier(
        "Stable id of the article: the same input gives the same id in any run, order and machine.", primary_key=True
    )
    origin = dy.String(
        check=lambda c: c.is_in(ORIGINS),
        description="Where the article came from: page (HTML), text (plain text) or embedded (found inside another article).",
    )
    parent_article_id = identifier("For an embedded article: the article it was found in.", nullable=True)
    source_uri = dy.String(
        description="The input file or address; `#n` after it names the record within a container, counted from 0."
    )
    url = dy.String(nullable=True, description="The address the article was fetched from, as the input gives it.")
    canonical_url = dy.String(
        nullable=True, description="The page's own canonical address, tracking parameters removed."
    )
    site = dy.String(
        nullable=True,
        description="The outlet: the input's site column, else the host of the address, else the site named on an embedded card.",
    )
    title = dy.String(nullable=True, description="The headline.")
    authors = dy.List(
        dy.String(),
        description="Authors named by the page or its byline, in order: people; where it names none, the organisation that it calls its author.",
    )
    agency = dy.String(nullable=True, description="The news agency credited, in capitals, e.g. REUTERS.")
    published_at = utc_timestamp("When the article says it was published (UTC).")
    fetched_at = utc_timestamp("When the input says it was fetched (UTC).")
    language = dy.String(
        nullable=True,
        regex=r"^[a-z]{2,3}$",
        description="Language of the text, an ISO 639-1 code; null when there is too little text to tell.",
    )
    text = dy.String(
        min_length=1, description="The cleaned text. Splicing `removed_spans` back in gives the extracted text exactly."
    )
    text_normalised = dy.String(
        nullable=True,
        description="`text` with variants of names, and errors that the authority file or an editor settles, replaced by "
        "their canonical forms, as of the run that published it; null where equal to `text`. Later: `name_replacements`.",
    )
    people = dy.List(dy.String(), description="Canonical names of the people mentioned, each once, sorted.")
    n_words = dy.Int64(min=1, description="Words in `text`.")
    n_removed_chars = dy.Int64(min=0, description="Characters (code points) removed from the extracted text.")
    raw_sha256 = dy.String(
        regex=SHA256_REGEX, description="SHA-256 of the input's bytes (of the record's bytes in a container)."
    )
    text_sha256 = dy.String(regex=SHA256_REGEX, description="SHA-256 of `text` in UTF-8.")
    extractor = dy.String(description="What extracted the text, with its version.")
    body_confidence = dy.Float64(
        nullable=True,
        min=0.0,
        max=1.0,
        description="How sure it is that `text` is the page's story, whole and alone: low where it is short beside other prose of its "
        "page, where the blocks were hard to judge, or where it ends in mid-sentence. Null for what is no page.",
    )
    metadata_sources = dy.Struct(
        {
            **{field: dy.String(nullable=True, check=_is_source) for field in SOURCED_FIELDS},
            "doubts": dy.List(dy.String(check=_is_doubt)),
        },
        nullable=True,
        description="Where each of these fields was read, null where it is empty: "
        + "; ".join(f"{k} ({v})" for k, v in METADATA_SOURCES.items())
        + ". `doubts` lists what the sources disagree on or leave open: "
        + "; ".join(f"{k} ({v})" for k, v in METADATA_DOUBTS.items())
        + ". Null for articles of versions before 0.2.0.",
    )
    published_run = dy.String(
        min_length=1,
        metadata={"default": pl.col("run_id")},
        description="The run that first published the article; it stays when a later run cleans the same input again, which "
        "`run_id` then names.",
    )
    published_run_at = dy.Datetime(
        nullable=True,
        time_zone="UTC",
        time_unit="us",
        metadata={"default": time_of_run(pl.col("run_id"))},
        description="When that run began (UTC), as its name says; null where a person named it.",
    )
    code_version = dy.String(description="Version of Copydesk and digest of its cleaning code and rules.")
    run_id = run_id()


class RemovedSpans(dy.Schema):
    """One row a removed passage: what was cut from an article, where, by which rule and how surely."""

    article_id = identifier("The article it was cut from.", primary_key=True)
    span_no = dy.Int64(
        min=0, primary_key=True, description="Number of the span in the article, from 0, in order of `start`."
    )
    start = dy.Int64(min=0, description="First character in the extracted text (code points, from 0).")
    end = dy.Int64(min=1, description="One past the last character in the extracted text.")
    text = dy.String(min_length=1, description="The removed characters, with the white space that went with them.")
    rule_id = dy.String(
        min_length=1, description="The rule or detector that removed it; `docs/rules.md` explains each."
    )
    category = dy.String(
        check=lambda c: c.is_in(list(JUNK_CATEGORIES)),
        description="What kind of junk it is: " + "; ".join(f"{k} ({v})" for k, v in JUNK_CATEGORIES.items()) + ".",
    )
    confidence = dy.Float64(min=0.0, max=1.0, description="How sure the detector is, 0 to 1.")
    salvaged_article_id = identifier("The article that was made of this passage, if it was one.", nullable=True)
    run_id = run_id()

    @dy.rule()
    def length_matches_text(cls) -> pl.Expr:
        """A span that does not hold exactly its own characters could not be spliced back."""
        return pl.col("end") - pl.col("start") == pl.col("text").str.len_chars()


class SuspectedSpans(dy.Schema):
    """One row a passage that may not belong to its article: kept in the text, for a person to look at."""

    article_id = identifier("The article it stands in.", primary_key=True)
    span_no = dy.Int64(
        min=0, primary_key=True, description="Number of the span in the article, from 0, in order of `start`."
    )
    start = dy.Int64(min=0, description="First character in `articles.text` as published (code points, from 0).")
    end = dy.Int64(min=1, description="One past the last character in `articles.text`.")
    text = dy.String(min_length=1, description="The characters in question: `articles.text` from `start` to `end`.")
    rule_id = dy.String(min_length=1, description="The rule or detector that doubts it; `docs/rules.md` explains each.")
    category = dy.String(check=lambda c: c == SUSPECTED, description=f"Always {SUSPECTED}: nothing was removed.")
    likely_category = dy.String(
        check=lambda c: c.is_in(list(JUNK_CATEGORIES)),
        description="What it would be if it is junk; the categories of `removed_spans`.",
    )
    confidence = dy.Float64(min=0.0, max=1.0, description="How sure the detector is that it is junk, 0 to 1.")
    reason = dy.String(min_length=1, description="Why it is reported and not removed, in plain words.")
    run_id = run_id()

    @dy.rule()
    def length_matches_text(cls) -> pl.Expr:
        """A span that does not hold exactly its own characters cannot be found again."""
        return pl.col("end") - pl.col("start") == pl.col("text").str.len_chars()


class Clusters(dy.Schema):
    """One row an article: the cluster of copies it belongs to. A single article is a cluster of its own."""

    article_id = identifier("The article.", primary_key=True)
    cluster_id = identifier("The cluster: the id of its canonical article.")
    is_canonical = dy.Bool(description="True for the one article of the cluster that a reader should keep.")
    match = dy.String(
        check=lambda c: c.is_in(MATCHES),
        description="exact: same text as the canonical article; near: a near-duplicate of it; single: alone, or the canonical article itself.",
    )
    similarity = dy.Float64(
        min=0.0,
        max=1.0,
        description="Containment of the shorter text's shingles in the canonical article's; 1 for itself and exact copies.",
    )
    cluster_size = dy.Int64(min=1, description="Articles in the cluster.")
    previous_cluster_id = identifier(
        "The cluster this article was in before the last run that changed it; null if it never changed.", nullable=True
    )
    changed_run = changed_run()
    run_id = run_id()


class DuplicatePairs(dy.Schema):
    """One row a verified pair of near-duplicates: why two articles are copies of one text."""

    left_id = identifier("The article with the smaller id.", primary_key=True)
    right_id = identifier("The article with the larger id.", primary_key=True)
    relation = dy.String(
        nullable=True,
        check=lambda c: c.is_in(list(DUPLICATE_RELATIONS)),
        description="; ".join(f"{k}: {v}" for k, v in DUPLICATE_RELATIONS.items())
        + "; null in rows of a version that did not say.",
    )
    jaccard = dy.Float64(min=0.0, max=1.0, description="Jaccard similarity of the two sets of word shingles.")
    containment = dy.Float64(min=0.0, max=1.0, description="Share of the shorter text's shingles that the other holds.")
    evidence = dy.String(
        description="JSON object: `decision` (exact or trained), `probability` and the features it rests on, `containment` of the "
        "shorter and `containment_of_longer`, `prose_containment` (outside quotation marks), `quoted` (share of the shared words), "
        "`earlier` (the article published first), `only_left` and `only_right` (the first names and numbers that one side alone "
        "has), `same_text_as` where another member with the same text was compared in its place."
    )


class RelatedPairs(dy.Schema):
    """One row a pair of articles that share much of their words and are no copies; nothing reads it as duplicates."""

    left_id = identifier("The article with the smaller id.", primary_key=True)
    right_id = identifier("The article with the larger id.", primary_key=True)
    relation = dy.String(
        check=lambda c: c.is_in(list(OTHER_RELATIONS)),
        description="; ".join(f"{k}: {v}" for k, v in OTHER_RELATIONS.items()) + ".",
    )
    jaccard = dy.Float64(min=0.0, max=1.0, description="Jaccard similarity of the two sets of word shingles.")
    containment = dy.Float64(min=0.0, max=1.0, description="Share of the shorter text's shingles that the other holds.")
    evidence = dy.String(
        description="JSON object: `rule` (why it is no duplicate, in words), else as in `duplicate_pairs`. Of articles with one text "
        "the most complete one stands for all."
    )


class Stories(dy.Schema):
    """One row an article: the story whose event it tells, in its own words or those of its cluster."""

    article_id = identifier("The article.", primary_key=True)
    story_id = identifier(
        "The story: the id of the article that opened it. It never changes; of two stories that become one the earlier one's stays."
    )
    event_id = identifier(
        "The event within the story: the id of the article that opened it. A story of weeks has many, most stories have one."
    )
    seen_at = utc_timestamp(
        "The time by which it was grouped: `published_at`, else `fetched_at`, else that of the run that brought it.",
        nullable=False,
    )
    score = dy.Float64(
        nullable=True,
        min=0.0,
        max=1.0,
        description="How sure it is that the article's cluster belongs to the story, by the mean log-odds over the story's articles when "
        "it joined; null for the cluster that opened the story.",
    )
    is_first = dy.Bool(description="True for the one article of the story that was seen first (then the smallest id).")
    previous_story_id = identifier(
        "The story this article was in before the last run that changed it; null if it never changed.", nullable=True
    )


class StorySummary(dy.Schema):
    """One row a story: how many papers ran it, who had it first, how long it went on."""

    story_id = identifier("The story.", primary_key=True)
    title = dy.String(
        nullable=True,
        description="Title of the most central article, the one most like the others; null where it has none.",
    )
    central_article_id = identifier("The most central article, as of the last article that joined.")
    first_at = utc_timestamp("When the first article was seen; `stories.seen_at`.", nullable=False)
    last_at = utc_timestamp("When the last article was seen.", nullable=False)
    first_site = dy.String(nullable=True, description="The outlet of the first article; null where it is not known.")
    n_papers = dy.Int64(
        min=0, description="Outlets (`articles.site`) that ran it; articles without one are not counted."
    )
    n_articles = dy.Int64(min=1, description="Articles, copies included.")
    n_clusters = dy.Int64(min=1, description="Near-duplicate clusters: reports in words of their own.")
    n_events = dy.Int64(min=1, description="Events.")
    people = dy.List(
        dy.String(),
        description="Canonical names that half of its clusters or more mention, the most mentioned first, twelve at most.",
    )
    span_days = dy.Float64(min=0.0, description="Days from the first article to the last.")


class NameMentions(dy.Schema):
    """One row a mention of a person or an organisation in an article's text."""

    article_id = identifier("The article.", primary_key=True)
    start = dy.Int64(
        min=0, primary_key=True, description="First character of the mention in `articles.text` (code points, from 0)."
    )
    end = dy.Int64(min=1, description="One past the last character.")
    surface = dy.String(min_length=1, description="The mention as the article writes it.")
    canonical = dy.String(
        min_length=1,
        description="The name that the mention stands for; the surface itself where nothing better is known.",
    )
    entity = dy.String(check=lambda c: c.is_in(["person", "organisation"]), description="person or organisation.")
    flag_id = identifier("The flag raised on this mention, if any.", nullable=True)
    changed_run = changed_run()


class NameFlags(dy.Schema):
    """One row a name that does not agree with the other papers or the authority file."""

    flag_id = identifier("Stable id of the flag.", primary_key=True)
    article_id = identifier("The article.")
    start = dy.Int64(min=0, description="First character of the mention in `articles.text` (code points, from 0).")
    end = dy.Int64(min=1, description="One past the last character.")
    surface = dy.String(min_length=1, description="The name as the article writes it.")
    canonical = dy.String(min_length=1, description="The name that was expected.")
    kind = dy.String(
        check=lambda c: c.is_in(list(NAME_FLAG_KINDS)),
        description="; ".join(f"{k}: {v}" for k, v in NAME_FLAG_KINDS.items()) + ".",
    )
    is_error = dy.Bool(description="True for an error to correct, false for a legitimate variant.")
    confidence = dy.Float64(min=0.0, max=1.0, description="How sure the check is, 0 to 1.")
    evidence = dy.String(description="JSON object: supporting article ids, authority row, roles, counts, what decided.")
    decision = dy.String(
        nullable=True,
        description="An editor's decision (accept, reject, two_people, alias, add_to_authority), null while open; see `copydesk desk`.",
    )
    changed_run = changed_run()


class NameReplacements(dy.Schema):
    """One row a name that reads otherwise in the normalised text: spliced into `articles.text` they give it, as of now."""

    article_id = identifier("The article.", primary_key=True)
    start = dy.Int64(
        min=0, primary_key=True, description="First character of the mention in `articles.text` (code points, from 0)."
    )
    end = dy.Int64(min=1, description="One past the last character.")
    surface = dy.String(min_length=1, description="The name as the article writes it.")
    replacement = dy.String(min_length=1, description="The name as the normalised text writes it.")
    kind = dy.String(check=lambda c: c.is_in(list(NAME_FLAG_KINDS)), description="The kind of the flag.")
    decided_by = dy.String(
        check=lambda c: c.is_in(["authority", "editor", "other texts"]),
        description="What lets it be replaced: the authority file, an editor's decision, or (variants only) the other texts.",
    )
    flag_id = identifier("The flag that explains it.")


class Rejects(dy.Schema):
    """One row an input or record that did not become an article: nothing is lost without a reason."""

    source_uri = dy.String(
        description="The input file or address; `#n` after it names the record within a container, counted from 0."
    )
    stage = dy.String(check=lambda c: c.is_in(STAGES), description="The step that gave up: " + ", ".join(STAGES) + ".")
    reason = dy.String(
        check=lambda c: c.is_in(list(REJECT_REASONS)),
        description="; ".join(f"{k}: {v}" for k, v in REJECT_REASONS.items()) + ".",
    )
    detail = dy.String(description="What exactly was seen.")
    raw_sha256 = dy.String(
        nullable=True, regex=SHA256_REGEX, description="SHA-256 of the bytes, null where they could not be read."
    )
    n_bytes = dy.Int64(nullable=True, min=0, description="Size of the input in bytes, null where unknown.")
    article_id = identifier("The id the article would have had, where it got that far.", nullable=True)
    url = dy.String(nullable=True, description="The address it was fetched from, where the input gives one.")
    site = dy.String(
        nullable=True,
        description="The outlet: what the input names, else the host of its address; null where neither is known.",
    )
    run_id = run_id()


class RunSummary(dy.Schema):
    """One row a figure of a run, with the bounds it had to keep, if any."""

    run_id = dy.String(primary_key=True, min_length=1, description="The run.")
    stage = dy.String(primary_key=True, min_length=1, description="The step the figure belongs to.")
    metric = dy.String(primary_key=True, min_length=1, description="What is measured.")
    value = dy.Float64(description="The figure.")
    unit = dy.String(description="Its unit: articles, characters, seconds, share ...")
    lower = dy.Float64(nullable=True, description="The least the gate allows, null where there is none.")
    upper = dy.Float64(nullable=True, description="The most the gate allows, null where there is none.")
    passed = dy.Bool(nullable=True, description="Whether the figure kept its bounds; null where it has none.")


class SiteHealth(dy.Schema):
    """One row a site, figure and run, with the band that the site's own earlier runs give."""

    run_id = dy.String(primary_key=True, min_length=1, description="The run.")
    site = dy.String(primary_key=True, min_length=1, description="The outlet.")
    metric = dy.String(
        primary_key=True,
        check=lambda c: c.is_in(list(UNITS)),
        description="articles (main ones), median_words, removed_share (of characters, salvaged ones not counted), "
        "reject_share (of records), duplicate_share and doubtful_share (of articles).",
    )
    value = dy.Float64(description="The figure.")
    unit = dy.String(description="Its unit: articles, words or share.")
    n_records = dy.Int64(min=0, description="Records of the site in the run: articles and rejects.")
    lower = dy.Float64(nullable=True, description="The least expected, null without enough history.")
    upper = dy.Float64(nullable=True, description="The most expected, null without enough history.")
    passed = dy.Bool(nullable=True, description="Whether the figure is in its band; null where there is none.")


class Changes(dy.Schema):
    """One row a thing that a run added, changed or took away: with these a copy of an earlier snapshot is brought up to date."""

    entity = dy.String(
        primary_key=True,
        check=lambda c: c.is_in([*ENTITIES, "snapshot"]),
        description="The table whose rows changed; `id` is their "
        + ", ".join(f"`{column}` in {table}" for table, column in ENTITIES.items())
        + ". Spans change with their article. `snapshot`: a run whose snapshot can be brought up to date by these rows.",
    )
    id = dy.String(primary_key=True, min_length=1, description="Which one: all rows of the entity with this id.")
    kind = dy.String(
        check=lambda c: c.is_in(list(CHANGE_KINDS)),
        description="; ".join(f"{k}: {v}" for k, v in CHANGE_KINDS.items()) + ".",
    )
    run = dy.String(primary_key=True, min_length=1, description="The run that did it.")
    time = utc_timestamp("When that run began, as its name says; null where a person named it.")


TABLES: dict[str, type[dy.Schema]] = {
    "articles": Articles,
    "removed_spans": RemovedSpans,
    "suspected_spans": SuspectedSpans,
    "clusters": Clusters,
    "duplicate_pairs": DuplicatePairs,
    "related_pairs": RelatedPairs,
    "stories": Stories,
    "story_summary": StorySummary,
    "name_mentions": NameMentions,
    "name_flags": NameFlags,
    "name_replacements": NameReplacements,
    "rejects": Rejects,
    "run_summary": RunSummary,
    "site_health": SiteHealth,
    "changes": Changes,
}


def fit_to_contract(rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """Bring rows that an older version wrote to the columns of today's contract.

    Args:
        rows: of a published table.
        table: its name.

    Returns:
        The contract's columns in its order: those that are missing with their default, else null; others are dropped.
    """
    schema = TABLES[table].create_empty().schema
    return rows.select(
        (pl.col(name) if name in rows.columns else default_of(table, name)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )


def default_of(table: str, column: str) -> pl.Expr:
    """The value of a column that rows of another version lack: its stated default, over the other columns, else null."""
    found = TABLES[table].columns().get(column)
    value = (found.metadata or {}).get("default") if found else None
    return value if isinstance(value, pl.Expr) else pl.lit(value)
