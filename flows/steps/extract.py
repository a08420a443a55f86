"""The step `extract`: the records of a shard to documents and rejects, in slices of some megabytes of text."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

import polars as pl

from cleaners.document import DOCUMENT_SCHEMA, REJECT_SCHEMA
from cleaners.extract import extract_articles
from cleaners.junk import gather_evidence
from cleaners.quality import RunCounts
from cleaners.text import undo_markup
from flows.ingest.formats import RawBatch, read_documents, read_records
from flows.ingest.inputs import Tally
from flows.ingest.sources import DOCUMENT_FORMATS
from flows.run import Run
from flows.steps.completeness import PartRead, write_parts_read
from flows.steps.documents import concat_frames, set_aside, try_singly
from flows.steps.learn import STRETCHES, write_evidence
from flows.steps.plan import Piece, Shard, read_pieces
from flows.store.files import write_parquet
from flows.store.restore import PUBLISHED_FORMAT, restore_documents
from flows.workers.marks import FIRST_TRY, Tries, mark_document

# Text of a slice: some 4,000 articles, of which stripping holds a hundred megabytes or two at a time.
SLICE_BYTES = 8 * 2**20


def extract_shard(run: Run, shard: Shard, tries: Tries = FIRST_TRY) -> RunCounts:
    """Read the records of a shard and turn each into a document or a reject; count the evidence in them.

    Documents are written in slices of some megabytes of text, so that memory holds one whatever the size of an input.
    """
    rejects, counts, parts = [], RunCounts(), list[PartRead]()
    writer = _SliceWriter(run, shard, tries)
    for are_documents, pieces in groupby(read_pieces(run, shard), lambda piece: piece.format in DOCUMENT_FORMATS):
        extract = _extract_documents if are_documents else _extract_containers
        for batch in extract(run, pieces, tries, parts):
            writer.add(batch.documents)
            rejects += batch.rejects
            counts = counts.plus(batch.counts)
    writer.close()
    write_parquet(concat_frames(rejects, REJECT_SCHEMA), run.work("rejects", f"extract-{shard.name}.parquet"))
    write_parts_read(run, shard, parts)
    return counts


class _Batch(NamedTuple):
    """Documents and rejects of some records."""

    documents: pl.DataFrame
    rejects: list[pl.DataFrame]
    counts: RunCounts


def _extract_documents(
    run: Run,
    pieces: Iterable[Piece],
    tries: Tries,
    parts: list[PartRead],
) -> Iterator[_Batch]:
    """Read and extract single documents, batch by batch."""
    for batch in read_documents(pieces, run.settings.input, run.settings.cleaning.text, tries):
        yield _extract_batch(run, batch, batch.records, tries)


def _extract_containers(run: Run, pieces: Iterable[Piece], tries: Tries, parts: list[PartRead]) -> Iterator[_Batch]:
    """Read and extract containers, batch by batch; of each part add what was read of it."""
    for piece in pieces:
        if piece.format == PUBLISHED_FORMAT:
            restored = _restore_piece(run, piece)
            n_restored = restored.filter(pl.col("origin") != "embedded").height  # appended articles are no records
            yield _Batch(restored, [], RunCounts(n_records=n_restored))
            continue
        tally, n_records, n_refused = Tally(), 0, 0
        for batch in read_records(piece, run.settings.input, run.settings.cleaning.text, tries, tally):
            yield _extract_batch(run, batch, _without_known(run, batch.records), tries)
            n_records += batch.records.height
            n_refused += batch.rejects.filter(pl.col("source_uri") != piece.source_uri).height
        parts.append(PartRead(piece.source_uri, piece.part, tally.n_rows, n_records, n_refused, tally.n_passed_over))


def _extract_batch(run: Run, batch: RawBatch, fresh: pl.DataFrame, tries: Tries) -> _Batch:
    """Extract the records of a batch that no earlier run knows."""
    cleaning = run.settings.cleaning
    sound, quarantined = set_aside(fresh, tries, "extract")
    extracted = extract_articles(sound, cleaning.extract, cleaning.text, mark_document)
    rejects = [frame for frame in (batch.rejects, quarantined, extracted.rejects) if frame.height]
    counts = RunCounts(
        n_records=batch.records.height,
        n_known=batch.records.height - fresh.height,
        n_rejects=quarantined.height + extracted.rejects.height,
        n_unreadable_values=batch.n_unreadable_values,
        n_markup_repaired=_count_markup(sound) if cleaning.text.repair_markup else 0,
    )
    return _Batch(extracted.documents, rejects, counts)


def _count_markup(records: pl.DataFrame) -> int:
    """Count the plain texts in which markup was left, which extraction repairs."""
    texts = records.filter(pl.col("media") != "html")["content"]
    return sum(undo_markup(text) != text for text in texts if text)


class _SliceWriter:
    """Writes the documents of a shard and their evidence, a file each for every SLICE_BYTES of text."""

    def __init__(self, run: Run, shard: Shard, tries: Tries) -> None:
        self._run, self._shard, self._caution = run, shard, tries
        for folder in ("extracted", "evidence", STRETCHES):  # of a worker that was lost
            for path in run.work(folder).glob(f"{shard.name}-*"):
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
        documents = concat_frames(self._waiting, DOCUMENT_SCHEMA)
        if self._caution.singly:
            try_singly(documents, lambda one: gather_evidence(one, config))
        mark_document()
        write_parquet(documents, self._run.work("extracted", name))
        write_evidence(gather_evidence(documents, config), self._run, name)
        self._waiting, self._n_bytes = [], 0
        self._n_slices += 1


def _without_known(run: Run, records: pl.DataFrame) -> pl.DataFrame:
    """Leave out records of a container that an earlier run of the same code already turned into articles or rejects."""
    previous = run.previous_snapshot
    if previous is None:
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
    """The documents of a published file whose inputs are to be stripped again."""
    previous = run.previous_snapshot
    assert previous
    wanted = pl.read_parquet(run.work("restored.parquet"), glob=False)
    return restore_documents(previous, piece.source_uri, piece.part, piece.n_parts, wanted)
