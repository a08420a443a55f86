"""The work of each step of a run, file to file, without Prefect: what worker processes execute.

Every function takes the `Run` and leaves Parquet files in its staging folder; only counts and paths travel back. The
tasks in `flows/tasks.py` wrap them; `flows/publish.py` makes the snapshot of what they leave.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

import polars as pl

from cleaners.document import DOCUMENT_SCHEMA, REJECT_SCHEMA
from cleaners.extract import extract_articles
from cleaners.junk import Stripped, gather_evidence, learn_evidence, restore, strip_articles
from cleaners.junk.strip import BATCH, SALVAGE_EXTRACTOR
from cleaners.names import check_names, core_authority, find_mentions, load_authority, load_decisions
from cleaners.neardup import sign_articles
from cleaners.quality import RunCounts
from flows.matching import match_archive
from flows.planning import Piece, Shard
from flows.published import PUBLISHED_FORMAT, restore_documents
from flows.run import Run
from flows.sources import DOCUMENT_FORMATS, find_changed, read_records
from flows.storage import read_authority, read_decisions, write_parquet
from flows.watch import CAREFREE, Caution, mark_document

CLEANED_COLUMNS = [*DOCUMENT_SCHEMA.names(), "n_words", "n_removed_chars", "text_sha256"]


def extract_shard(run: Run, shard: Shard, caution: Caution = CAREFREE) -> RunCounts:
    """Read the records of a shard and turn each into a document or a reject; count the evidence in them."""
    settings = run.settings
    documents, rejects, counts = [], [], RunCounts()
    for piece in shard.pieces:
        if piece.format == PUBLISHED_FORMAT:
            restored = _restore_piece(run, piece)
            documents.append(restored)
            n_records = restored.filter(pl.col("origin") != "embedded").height  # appended articles are no records
            counts = counts.plus(RunCounts(n_records=n_records))
            continue
        for batch in read_records(piece, settings.input, settings.cleaning.text, caution):
            fresh = _without_known(run, piece, batch.records)
            sound, condemned = set_aside(fresh, caution, "extract")
            extracted = extract_articles(sound, settings.cleaning.extract, settings.cleaning.text, mark_document)
            documents.append(extracted.documents)
            rejects += [frame.select(REJECT_SCHEMA.names()) for frame in (batch.rejects, condemned, extracted.rejects)]
            counts = counts.plus(
                RunCounts(
                    n_records=batch.records.height,
                    n_known=batch.records.height - fresh.height,
                    n_rejects=condemned.height + extracted.rejects.height,
                )
            )
    extracted_documents = _concat(documents, DOCUMENT_SCHEMA)
    if caution.singly:
        _try_singly(extracted_documents, lambda one: gather_evidence(one, settings.cleaning.strip))
    mark_document()
    write_parquet(extracted_documents, run.work("extracted", shard.file_name))
    write_parquet(_concat(rejects, REJECT_SCHEMA), run.work("rejects", f"extract-{shard.file_name}"))
    write_parquet(gather_evidence(extracted_documents, settings.cleaning.strip), run.work("evidence", shard.file_name))
    return counts


def learn_from_shards(run: Run) -> int:
    """Merge the shards' evidence with what earlier runs learned, and find documents that came twice.

    Returns:
        How many documents came twice (same bytes, same name or address, in different places).
    """
    previous = run.previous_snapshot
    earlier = None
    if previous and previous.files("index/evidence"):
        earlier = pl.read_parquet(previous.files("index/evidence"), glob=False)
    shards = [pl.read_parquet(path, glob=False) for path in sorted(run.work("evidence").glob("*.parquet"))]
    evidence = learn_evidence(shards, run.settings.cleaning.strip, earlier)
    write_parquet(evidence, run.index_file("evidence"))
    twice = (
        run.scan("extracted")
        .select("article_id", "source_uri", "raw_sha256", "origin")
        .sort("article_id", "source_uri")
        .with_columns(first_uri=pl.col("source_uri").first().over("article_id"))
        .filter(pl.int_range(pl.len()).over("article_id") > 0)
        .collect()
    )
    write_parquet(twice.select("article_id", "source_uri"), run.work("twice.parquet"))
    # Articles appended to a page are no records of their own: they go with their page, which is counted.
    main = twice.filter(pl.col("origin") != "embedded")
    rejects = main.select(
        "source_uri",
        stage=pl.lit("read"),
        reason=pl.lit("identical_input"),
        detail=pl.lit("the same content under the same name or address as ") + pl.col("first_uri"),
        raw_sha256="raw_sha256",
        n_bytes=pl.lit(None, pl.Int64),
        article_id=pl.lit(None, pl.String),
        site=pl.lit(None, pl.String),
    )
    write_parquet(_concat([rejects], REJECT_SCHEMA), run.work("rejects", "twice.parquet"))
    _note_changed(run)
    return main.height


def _note_changed(run: Run) -> None:
    """Reject containers that changed while they were read, unless that was noticed before; what was read of them stays."""
    inputs = pl.read_parquet(run.work("inputs.parquet"), glob=False)
    known = run.scan("rejects").filter(pl.col("reason") == "changed").select("source_uri").collect()
    changed = find_changed(inputs.join(known, on="source_uri", how="anti"), run.settings.input)
    write_parquet(changed, run.work("rejects", "changed.parquet"))


def strip_shard(run: Run, shard: Shard, caution: Caution = CAREFREE) -> RunCounts:
    """Strip the documents of a shard, salvage embedded articles, sign them and find their names."""
    cleaning = run.settings.cleaning
    twice = pl.read_parquet(run.work("twice.parquet"), glob=False)
    documents = pl.read_parquet(run.work("extracted", shard.file_name), glob=False).join(
        twice, on=["article_id", "source_uri"], how="anti"
    )
    evidence = pl.read_parquet(run.index_file("evidence"), glob=False)
    sound, condemned = set_aside(documents, caution, "strip")
    stripped = strip_articles(sound, evidence, cleaning.strip, mark_document, 1 if caution.singly else BATCH)
    mark_document()
    articles, spans, suspected, rejects = _hold_contract(run, sound, stripped)
    rejects = pl.concat([frame.select(REJECT_SCHEMA.names()) for frame in (condemned, stripped.rejects, rejects)])
    write_parquet(articles, run.work("articles", shard.file_name))
    write_parquet(spans, run.work("removed_spans", shard.file_name))
    write_parquet(suspected, run.work("suspected_spans", shard.file_name))
    write_parquet(rejects, run.work("rejects", f"strip-{shard.file_name}"))
    if caution.singly:
        _try_singly(articles, lambda one: sign_articles(one, cleaning.near_duplicates))
    mark_document()
    write_parquet(sign_articles(articles, cleaning.near_duplicates), run.work("signatures", shard.file_name))
    # A salvaged article goes down with the document that it was found in.
    found_in = dict(
        articles.filter(pl.col("extractor") == SALVAGE_EXTRACTOR).select("article_id", "parent_article_id").rows()
    )
    mentions = find_mentions(
        articles,
        cleaning.names,
        _authority(run),
        lambda article_id: mark_document(found_in.get(article_id, article_id)),
    )
    mark_document()
    write_parquet(mentions, run.work("mentions", shard.file_name))
    main = articles.filter(pl.col("origin") != "embedded")
    main_spans = spans.join(main, on="article_id", how="semi").with_columns(n=pl.col("end") - pl.col("start"))
    return RunCounts(
        n_articles=main.height,
        n_embedded=articles.height - main.height,
        n_rejects=rejects.join(documents.filter(pl.col("origin") != "embedded"), on="article_id", how="semi").height,
        n_extracted_chars=int(documents.join(main, on="article_id", how="semi")["text"].str.len_chars().sum()),
        n_kept_chars=int(main["text"].str.len_chars().sum()),
        n_removed_chars=int(main_spans["n"].sum()),
        n_salvaged_chars=int(main_spans.filter(pl.col("salvaged_article_id").is_not_null())["n"].sum()),
        n_suspected=suspected.height,
        n_suspected_chars=int((suspected["end"] - suspected["start"]).sum()),
    )


def set_aside(documents: pl.DataFrame, caution: Caution, step: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take out the documents on which workers were lost in a step.

    Returns:
        The other documents, and a reject (`REJECT_SCHEMA`) for each that was taken out.
    """
    if not caution.condemned:
        return documents, pl.DataFrame(schema=REJECT_SCHEMA)
    condemned = documents.filter(pl.col("article_id").is_in(list(caution.condemned)))
    rows = [
        {**row, "stage": step, **caution.condemned[row["article_id"]]._asdict()}
        for row in condemned.iter_rows(named=True)
    ]
    sound = documents.filter(~pl.col("article_id").is_in(list(caution.condemned)))
    return sound, pl.DataFrame([{name: row.get(name) for name in REJECT_SCHEMA} for row in rows], REJECT_SCHEMA)


def match_articles(run: Run) -> int:
    """Cluster the new articles with all that earlier runs published.

    Returns:
        Clusters of two or more.
    """
    return match_archive(run, replaced_article_ids(run))


def check_all_names(run: Run) -> int:
    """Hold every name against the other papers and the authority file.

    Returns:
        Flags that say error.
    """
    config = run.settings.cleaning.names
    authority = _authority(run)
    decisions = load_decisions(read_decisions(run.settings))
    articles = _scan_articles(run, ["article_id", "text", "published_at"])
    facts = articles.select("article_id", "published_at").collect()
    mentions = _all_rows(run, "mentions", "names", articles, lambda unread: find_mentions(unread, config, authority))
    clusters = pl.read_parquet(run.work("clusters.parquet"), columns=["article_id", "cluster_id"], glob=False)
    reach = _reach_of_names(run, facts)
    # What is judged has all its witnesses around it: those lie within one window, it within one of what is new.
    around = mentions.join(reach.witnesses, on="article_id", how="semi")
    checked = check_names(
        articles.join(reach.witnesses.lazy(), on="article_id", how="semi"),
        config,
        around,
        clusters,
        authority,
        decisions,
        _earlier_names(run, "name_flags", facts),
    )
    for table, rows in (
        ("name_mentions", checked.mentions),
        ("name_flags", checked.flags),
        ("name_replacements", checked.replacements),
    ):
        judged = rows.join(reach.judged, on="article_id", how="semi")
        kept = _earlier_names(run, table, facts).join(reach.judged, on="article_id", how="anti")
        write_parquet(pl.concat([kept.select(judged.columns), judged]), run.work(f"{table}.parquet"))
    write_parquet(checked.articles, run.work("named.parquet"))
    flags = pl.read_parquet(run.work("name_flags.parquet"), glob=False)
    return int(flags["is_error"].sum())


class _Reach(NamedTuple):
    """How far a run's new articles reach: whose names are judged anew, and who bears witness on them."""

    judged: pl.DataFrame
    witnesses: pl.DataFrame


def _reach_of_names(run: Run, facts: pl.DataFrame) -> _Reach:
    """Articles within one window of the new ones, and within two; all of them where the rules or decisions changed."""
    everything = _Reach(facts.select("article_id"), facts.select("article_id"))
    previous = run.previous_snapshot
    if previous is None or previous.manifest.get("checks") != run.versions.of_checks:
        return everything
    if "name_replacements" not in previous.manifest["tables"]:
        return everything
    fresh = run.scan("articles").select("article_id").collect()
    days = facts.join(fresh, on="article_id", how="semi")["published_at"]
    if days.is_empty() or days.null_count():
        return everything
    window = timedelta(days=run.settings.cleaning.names.window_days)
    first, last = days.min(), days.max()
    assert isinstance(first, datetime) and isinstance(last, datetime)

    def within(margin: timedelta) -> pl.DataFrame:
        is_near = pl.col("published_at").is_between(first - margin, last + margin)
        return facts.filter(is_near | pl.col("published_at").is_null()).select("article_id")

    return _Reach(within(window), within(2 * window))


def _earlier_names(run: Run, table: str, facts: pl.DataFrame) -> pl.DataFrame:
    """The last snapshot's rows of a table of names, of the articles that still hold."""
    from cleaners.schemas import TABLES

    schema = TABLES[table].create_empty().schema
    previous = run.previous_snapshot
    if previous is None:
        return pl.DataFrame(schema=schema)
    return previous.scan(table, schema).select(schema.names()).collect().join(facts, on="article_id", how="semi")


def replaced_article_ids(run: Run) -> pl.Series:
    """Ids of earlier articles that this run's inputs replace: read again, rejected now, or embedded in one of those."""
    new = run.scan("articles").select("article_id").collect()["article_id"]
    rejected = run.scan("rejects").select("article_id").drop_nulls().collect()["article_id"]
    replaced = pl.concat([new, rejected]).unique()
    previous = run.previous_snapshot
    if not previous:
        return replaced
    parents = (
        previous.scan("articles", DOCUMENT_SCHEMA).select("article_id", "parent_article_id").drop_nulls().collect()
    )
    while True:
        children = parents.filter(
            pl.col("parent_article_id").is_in(replaced.implode()) & ~pl.col("article_id").is_in(replaced.implode())
        )
        if children.is_empty():
            return replaced
        replaced = pl.concat([replaced, children["article_id"]])


def _scan_articles(run: Run, columns: list[str]) -> pl.LazyFrame:
    """The new articles after the earlier ones that still hold, read by who needs them."""
    new = run.scan("articles").select(columns)
    previous = run.previous_snapshot
    if not previous:
        return new
    gone = replaced_article_ids(run).to_frame("article_id").lazy()
    earlier = (
        pl.scan_parquet(previous.files("articles"), glob=False).select(columns).join(gone, on="article_id", how="anti")
    )
    return pl.concat([earlier, new])


def _all_rows(
    run: Run, index: str, step: str, articles: pl.DataFrame | pl.LazyFrame, make: Callable[[pl.DataFrame], pl.DataFrame]
) -> pl.DataFrame:
    """An index over all articles, saved for the next run: the shards' rows after the earlier ones.

    The earlier ones are made anew if the step's code or settings changed since.
    """
    new = run.scan(index).collect()
    fresh = run.scan("articles").select("article_id").collect()
    earlier_articles = articles.lazy().join(fresh.lazy(), on="article_id", how="anti")
    previous = run.previous_snapshot
    if previous and previous.manifest.get("checks", {}).get(step) == run.versions.of_checks[step]:
        still = earlier_articles.select("article_id").collect()
        earlier = pl.read_parquet(previous.files(f"index/{index}"), glob=False).join(still, on="article_id", how="semi")
    else:
        earlier = make(earlier_articles.collect())
    rows = pl.concat([earlier.select(new.columns), new])
    write_parquet(rows.sort("article_id"), run.index_file(index))
    return rows


def _hold_contract(
    run: Run, documents: pl.DataFrame, stripped: Stripped
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Take out articles that break the contract or whose spans do not fit their texts, as rejects.

    Returns:
        Sound articles, their removed spans, their suspected spans, and rejects.
    """
    from cleaners.schemas import Articles

    articles, spans = stripped.articles, stripped.removed_spans
    complete = articles.with_columns(
        text_normalised=pl.lit(None, pl.String),
        people=pl.lit([], pl.List(pl.String)),
        code_version=pl.lit(run.code_version),
        run_id=pl.lit(run.run_id),
    ).select(Articles.column_names())
    good, failures = Articles.filter(complete, cast=True)
    broken = dict.fromkeys(failures.invalid()["article_id"].to_list(), "breaks the contract of its table: ")
    for name in broken:
        broken[name] += ", ".join(sorted(failures.counts()))
    original = dict(documents.select("article_id", "text").iter_rows())
    kept = dict(good.filter(pl.col("origin") != "embedded").select("article_id", "text").iter_rows())
    for (article_id,), cut in spans.sort("start").group_by(["article_id"], maintain_order=True):
        name = str(article_id)
        if name in kept and restore(kept[name], cut.select("start", "text").iter_rows()) != original[name]:
            broken[name] = "its removed spans do not give back the extracted text"
    texts = dict(good.select("article_id", "text").iter_rows())
    for name, start, end, text in stripped.suspected_spans.select("article_id", "start", "end", "text").iter_rows():
        if name in texts and texts[name][start:end] != text:
            broken[name] = "its suspected spans do not stand in its text"
    rejects = articles.filter(pl.col("article_id").is_in(list(broken))).select(
        "source_uri",
        stage=pl.lit("contracts"),
        reason=pl.lit("contract"),
        detail=pl.col("article_id").replace_strict(broken, default="", return_dtype=pl.String),
        raw_sha256="raw_sha256",
        n_bytes=pl.lit(None, pl.Int64),
        article_id="article_id",
        site="site",
    )
    sound = articles.filter(~pl.col("article_id").is_in(list(broken))).select(CLEANED_COLUMNS)
    # A passage that did become an article, but not one that was published, is junk like any other.
    is_published = pl.col("salvaged_article_id").is_in(sound["article_id"].implode())
    kept_spans = spans.join(sound, on="article_id", how="semi").with_columns(
        salvaged_article_id=pl.when(is_published).then("salvaged_article_id")
    )
    return sound, kept_spans, stripped.suspected_spans.join(sound, on="article_id", how="semi"), rejects


def _without_known(run: Run, piece: Piece, records: pl.DataFrame) -> pl.DataFrame:
    """Leave out records of a container that an earlier run of the same code already turned into articles or rejects."""
    previous = run.previous_snapshot
    if previous is None or piece.format in DOCUMENT_FORMATS:
        return records
    known = (
        previous.scan("articles", DOCUMENT_SCHEMA)
        .filter(pl.col("code_version") == run.code_version)
        .select("article_id")
        .join(records.lazy().select("article_id"), on="article_id", how="semi")
        .collect()
    )
    return records.join(known, on="article_id", how="anti")


def _try_singly(documents: pl.DataFrame, work: Callable[[pl.DataFrame], object]) -> None:
    """Do some work on each document by itself, for nothing but to see which one it hangs or dies on."""
    for one in documents.iter_slices(1):
        mark_document(one["article_id"].item())
        work(one)


def _authority(run: Run) -> pl.DataFrame:
    text = read_authority(run.settings)
    return core_authority() if text is None else load_authority(text, with_core=True)


def _restore_piece(run: Run, piece: Piece) -> pl.DataFrame:
    """The documents of a published file whose inputs are to be stripped anew."""
    previous = run.previous_snapshot
    assert previous
    wanted = pl.read_parquet(run.work("restored.parquet"), glob=False)
    return restore_documents(previous, piece.source_uri, piece.part, piece.n_parts, wanted)


def _concat(frames: list[pl.DataFrame], schema: pl.Schema) -> pl.DataFrame:
    wanted = [frame.select(schema.names()).cast(dict(schema)) for frame in frames]  # type: ignore[arg-type]
    return pl.concat(wanted) if wanted else pl.DataFrame(schema=schema)
