"""The work of each step of a run, file to file, without Prefect: what worker processes execute.

Every function takes the `Run` and leaves Parquet files in its staging folder; only counts and paths travel back. The
tasks in `flows/tasks.py` wrap them; `flows/publish.py` makes the snapshot of what they leave.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import polars as pl

from cleaners.document import DOCUMENT_SCHEMA, REJECT_SCHEMA
from cleaners.extract import extract_articles
from cleaners.junk import Stripped, gather_evidence, restore, strip_articles
from cleaners.junk.strip import BATCH, SALVAGE_EXTRACTOR
from cleaners.names import find_mentions
from cleaners.neardup import sign_articles
from cleaners.quality import RunCounts
from flows.completeness import PartRead, check_containers, write_parts_read
from flows.evidence import EvidenceArchive, learn_archive, write_evidence
from flows.inputs import Tally
from flows.naming import read_names_authority
from flows.planning import Piece, Shard, read_pieces
from flows.published import PUBLISHED_FORMAT, restore_documents
from flows.run import Run
from flows.runners import run_in_worker
from flows.sources import DOCUMENT_FORMATS, find_changed, read_records
from flows.storage import write_parquet
from flows.watch import CAREFREE, Caution, mark_document

# Text of a slice: some 4,000 articles, of which stripping holds a hundred megabytes or two at a time.
SLICE_BYTES = 8 * 2**20
CLEANED_COLUMNS = [*DOCUMENT_SCHEMA.names(), "n_words", "n_removed_chars", "text_sha256"]


def extract_shard(run: Run, shard: Shard, caution: Caution = CAREFREE) -> RunCounts:
    """Read the records of a shard and turn each into a document or a reject; count the evidence in them.

    Documents are written in slices of some megabytes of text, so that memory holds one whatever the size of an input.
    """
    rejects, counts, parts = [], RunCounts(), []
    writer = _SliceWriter(run, shard, caution)
    for piece in read_pieces(run, shard):
        tally, n_records, n_refused = Tally(), 0, 0
        for batch in _extract_piece(run, piece, caution, tally):
            writer.add(batch.documents)
            rejects += batch.rejects
            counts = counts.plus(batch.counts)
            n_records += batch.counts.n_records
            n_refused += batch.n_refused
        if piece.format not in (*DOCUMENT_FORMATS, PUBLISHED_FORMAT):
            parts.append(
                PartRead(piece.source_uri, piece.part, tally.n_rows, n_records, n_refused, tally.n_passed_over)
            )
    writer.close()
    write_parquet(_concat(rejects, REJECT_SCHEMA), run.work("rejects", f"extract-{shard.name}.parquet"))
    write_parts_read(run, shard, parts)
    return counts


class _Batch(NamedTuple):
    """Documents and rejects of some records; `n_refused` are the records among them that could not be read."""

    documents: pl.DataFrame
    rejects: list[pl.DataFrame]
    counts: RunCounts
    n_refused: int = 0


def _extract_piece(run: Run, piece: Piece, caution: Caution, tally: Tally) -> Iterator[_Batch]:
    """Read and extract a piece, batch by batch."""
    settings = run.settings
    if piece.format == PUBLISHED_FORMAT:
        restored = _restore_piece(run, piece)
        n_records = restored.filter(pl.col("origin") != "embedded").height  # appended articles are no records
        yield _Batch(restored, [], RunCounts(n_records=n_records))
        return
    for batch in read_records(piece, settings.input, settings.cleaning.text, caution, tally):
        fresh = _without_known(run, piece, batch.records)
        sound, condemned = set_aside(fresh, caution, "extract")
        extracted = extract_articles(sound, settings.cleaning.extract, settings.cleaning.text, mark_document)
        # Most inputs are single documents without a reject, and a frame costs more than a document.
        rejects = [frame for frame in (batch.rejects, condemned, extracted.rejects) if frame.height]
        counts = RunCounts(
            n_records=batch.records.height,
            n_known=batch.records.height - fresh.height,
            n_rejects=condemned.height + extracted.rejects.height,
            n_unreadable_values=batch.n_unreadable_values,
        )
        n_refused = batch.rejects.filter(pl.col("source_uri") != piece.source_uri).height
        yield _Batch(extracted.documents, rejects, counts, n_refused)


class _SliceWriter:
    """Writes the documents of a shard and their evidence, a file each for every SLICE_BYTES of text."""

    def __init__(self, run: Run, shard: Shard, caution: Caution) -> None:
        self._run, self._shard, self._caution = run, shard, caution
        for folder in ("extracted", "evidence", "evidence_of_sites"):  # of a worker that was lost
            for path in run.work(folder).glob(f"{shard.name}-*.parquet"):
                path.unlink()
        self._waiting: list[pl.DataFrame] = []
        self._n_bytes = self._n_slices = 0

    def add(self, documents: pl.DataFrame) -> None:
        """Take documents; write them when there are enough."""
        if documents.height:
            self._waiting.append(documents)
            self._n_bytes += int(documents["text"].str.len_bytes().sum())
        if self._n_bytes >= SLICE_BYTES:
            self._write()

    def close(self) -> None:
        """Write what is left; a shard has one slice at least."""
        if self._waiting or not self._n_slices:
            self._write()

    def _write(self) -> None:
        name = f"{self._shard.name}-{self._n_slices:03d}.parquet"
        config = self._run.settings.cleaning.strip
        documents = _concat(self._waiting, DOCUMENT_SCHEMA)
        if self._caution.singly:
            _try_singly(documents, lambda one: gather_evidence(one, config))
        mark_document()
        write_parquet(documents, self._run.work("extracted", name))
        write_evidence(gather_evidence(documents, config), self._run, name)
        self._waiting, self._n_bytes = [], 0
        self._n_slices += 1


def learn_from_shards(run: Run) -> int:
    """Merge the shards' evidence with what earlier runs learned, and find documents that came twice.

    Returns:
        How many documents came twice (same bytes, same name or address, in different places).
    """
    learn_archive(run)
    return run_in_worker(_find_twice, run)


def _find_twice(run: Run) -> int:
    """Find documents that came twice; leaves them as rejects."""
    twice = (
        run.scan("extracted")
        .select("article_id", "source_uri", "raw_sha256", "origin", "url", "site")
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
        url="url",
        site="site",
    )
    write_parquet(_concat([rejects], REJECT_SCHEMA), run.work("rejects", "twice.parquet"))
    _note_changed(run)
    check_containers(run)
    return main.height


def _note_changed(run: Run) -> None:
    """Reject containers that changed while they were read, unless that was noticed before; what was read of them stays."""
    inputs = pl.read_parquet(run.work("inputs.parquet"), glob=False)
    known = run.scan("rejects").filter(pl.col("reason") == "changed").select("source_uri").collect()
    versions = dict(pl.read_parquet(run.work("versions.parquet"), glob=False).iter_rows())
    changed = find_changed(inputs.join(known, on="source_uri", how="anti"), versions, run.settings.input)
    write_parquet(changed, run.work("rejects", "changed.parquet"))


def strip_shard(run: Run, shard: Shard, caution: Caution = CAREFREE) -> RunCounts:
    """Strip the documents of a shard slice by slice, salvage embedded articles, sign them and find their names."""
    counts = RunCounts()
    for path in sorted(run.work("extracted").glob(f"{shard.name}-*.parquet")):
        counts = counts.plus(_strip_slice(run, path.name, caution))
    return counts


def _strip_slice(run: Run, name: str, caution: Caution) -> RunCounts:
    cleaning = run.settings.cleaning
    twice = pl.read_parquet(run.work("twice.parquet"), glob=False)
    documents = pl.read_parquet(run.work("extracted", name), glob=False).join(
        twice, on=["article_id", "source_uri"], how="anti"
    )
    evidence = EvidenceArchive(run.index_folder("evidence"))
    sound, condemned = set_aside(documents, caution, "strip")
    stripped = strip_articles(sound, evidence, cleaning.strip, mark_document, 1 if caution.singly else BATCH)
    mark_document()
    articles, spans, suspected, rejects = _hold_contract(run, sound, stripped)
    rejects = pl.concat([frame.select(REJECT_SCHEMA.names()) for frame in (condemned, stripped.rejects, rejects)])
    write_parquet(articles, run.work("articles", name))
    write_parquet(spans, run.work("removed_spans", name))
    write_parquet(suspected, run.work("suspected_spans", name))
    write_parquet(rejects, run.work("rejects", f"strip-{name}"))
    if caution.singly:
        _try_singly(articles, lambda one: sign_articles(one, cleaning.near_duplicates))
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
        url="url",
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


def _restore_piece(run: Run, piece: Piece) -> pl.DataFrame:
    """The documents of a published file whose inputs are to be stripped anew."""
    previous = run.previous_snapshot
    assert previous
    wanted = pl.read_parquet(run.work("restored.parquet"), glob=False)
    return restore_documents(previous, piece.source_uri, piece.part, piece.n_parts, wanted)


def _concat(frames: list[pl.DataFrame], schema: pl.Schema) -> pl.DataFrame:
    wanted = [frame if frame.schema == schema else _fitted(frame, schema) for frame in frames]
    return pl.concat(wanted) if wanted else pl.DataFrame(schema=schema)


def _fitted(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    return frame.select(schema.names()).cast(dict(schema))  # type: ignore[arg-type]


def _try_singly(documents: pl.DataFrame, work: Callable[[pl.DataFrame], object]) -> None:
    """Do some work on each document by itself, for nothing but to see which one it hangs or dies on."""
    for one in documents.iter_slices(1):
        mark_document(one["article_id"].item())
        work(one)
