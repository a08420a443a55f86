"""The step `strip`: the documents of a shard without junk, with their signatures and the names in them.

Takes the slices that `extract` left, gives articles, removed and suspected passages, rejects, signatures and mentions.
"""

import polars as pl

from cleaners.document import DOCUMENT_SCHEMA, REJECT_SCHEMA
from cleaners.extract.text.plain import count_words
from cleaners.junk import StripConfig, Stripped, restore, strip_articles
from cleaners.junk.page.segments import BATCH
from cleaners.junk.salvage import SALVAGE_EXTRACTOR
from cleaners.names import NamesConfig, core_authority, find_mentions
from cleaners.neardup import NearDuplicateConfig, sign_articles
from cleaners.quality import RunCounts
from flows.run import Run
from flows.steps.documents import set_aside, try_singly
from flows.steps.names import read_names_authority
from flows.steps.plan import Shard
from flows.store.evidence import EvidenceArchive
from flows.store.files import write_parquet
from flows.workers.marks import FIRST_TRY, Tries, mark_document

# Columns of articles that later steps fill.
LATER_COLUMNS = {"text_normalised", "people", "published_run", "published_run_at", "code_version", "run_id"}


def strip_shard(run: Run, shard: Shard, tries: Tries = FIRST_TRY) -> RunCounts:
    """Strip the documents of a shard slice by slice, salvage embedded articles, sign them and find their names."""
    counts = RunCounts()
    for path in sorted(run.work("extracted").glob(f"{shard.name}-*.parquet")):
        counts = counts.plus(_strip_slice(run, path.name, tries))
    return counts


def warm_up() -> None:
    """Load what a first document loads (rules, models, tables of characters), so that no document waits for it."""
    columns: dict[str, list[object]] = {name: [None] for name in DOCUMENT_SCHEMA.names()}
    text = "The harbour board met on Tuesday, said Ida Brandt.\n\nPhoto: Ida Brandt / Agency\n\nRead more: Board meets"
    columns |= {
        "article_id": ["a"],
        "site": ["harbour.example"],
        "title": ["Board meets"],
        "text": [text],
        "authors": [[]],
    }
    count_words(text * 10)  # of a long text: short ones are counted by other means
    stripped = strip_articles(pl.DataFrame(columns, schema=DOCUMENT_SCHEMA), None, StripConfig())
    find_mentions(stripped.articles, NamesConfig(), core_authority())
    sign_articles(stripped.articles, NearDuplicateConfig())


def _strip_slice(run: Run, name: str, tries: Tries) -> RunCounts:
    cleaning = run.settings.cleaning
    twice = pl.read_parquet(run.work("twice.parquet"), glob=False)
    documents = pl.read_parquet(run.work("extracted", name), glob=False).join(
        twice, on=["article_id", "source_uri"], how="anti"
    )
    evidence = EvidenceArchive(run.index_folder("evidence"))
    sound, quarantined = set_aside(documents, tries, "strip")
    stripped = strip_articles(sound, evidence, cleaning.strip, mark_document, 1 if tries.singly else BATCH)
    mark_document()
    articles, spans, suspected, rejects = _validate_contract(run, sound, stripped)
    rejects = pl.concat([frame.select(REJECT_SCHEMA.names()) for frame in (quarantined, stripped.rejects, rejects)])
    write_parquet(articles, run.work("articles", name))
    write_parquet(spans, run.work("removed_spans", name))
    write_parquet(suspected, run.work("suspected_spans", name))
    write_parquet(rejects, run.work("rejects", f"strip-{name}"))
    if tries.singly:
        try_singly(articles, lambda one: sign_articles(one, cleaning.near_duplicates))
    mark_document()
    write_parquet(sign_articles(articles, cleaning.near_duplicates), run.work("signatures", name))
    # A salvaged article goes down with the document that it was found in.
    found_in = dict(
        articles.filter(pl.col("extractor") == SALVAGE_EXTRACTOR).select("article_id", "parent_article_id").rows()
    )
    mentions = find_mentions(
        articles,
        cleaning.names,
        read_names_authority(run),
        lambda article_id: mark_document(found_in.get(article_id, article_id)),
    )
    mark_document()
    write_parquet(mentions, run.work("mentions", name))
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


def _validate_contract(
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
        published_run=pl.lit(run.run_id),
        published_run_at=pl.lit(None),
        code_version=pl.lit(run.code_version),
        run_id=pl.lit(run.run_id),
    ).select(Articles.column_names())
    good, failures = Articles.filter(complete, cast=True)
    broken = dict.fromkeys(failures.invalid()["article_id"].to_list(), "breaks the contract of its table: ")
    for name in broken:
        broken[name] += ", ".join(sorted(failures.counts()))
    original = dict(documents.select("article_id", "text").iter_rows())
    kept = dict(good.filter(pl.col("origin") != "embedded").select("article_id", "text").iter_rows())
    cuts: dict[str, list[tuple[int, str]]] = {}
    for name, start, text in spans.sort("start").select("article_id", "start", "text").iter_rows():
        cuts.setdefault(name, []).append((start, text))
    for name, cut in cuts.items():
        if name in kept and restore(kept[name], cut) != original[name]:
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
        url="url",
        site="site",
    )
    sound = articles.filter(~pl.col("article_id").is_in(list(broken))).select(
        [name for name in Articles.column_names() if name not in LATER_COLUMNS]
    )
    # A passage that did become an article, but not one that was published, is junk like any other.
    is_published = pl.col("salvaged_article_id").is_in(sound["article_id"].implode())
    kept_spans = spans.join(sound, on="article_id", how="semi").with_columns(
        salvaged_article_id=pl.when(is_published).then("salvaged_article_id")
    )
    return sound, kept_spans, stripped.suspected_spans.join(sound, on="article_id", how="semi"), rejects
