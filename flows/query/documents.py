"""One file as one document, outside a run: what `copydesk inspect` and `copydesk similar` look at."""

from pathlib import Path

import polars as pl

from cleaners.errors import CopydeskError
from cleaners.extract import extract_articles
from flows.ingest.formats import read_records
from flows.ingest.sources import DOCUMENT_FORMATS, discover_inputs
from flows.settings import Settings
from flows.steps.plan import Piece


def extract_document(file: Path, settings: Settings) -> pl.DataFrame:
    """Read and extract the one document of a file.

    Raises:
        CopydeskError: the file does not hold exactly one document, or the document is no article; the message says why.
    """
    found = discover_inputs([str(file)], settings.input)
    if found.inputs.height != 1:
        why = "; ".join(found.rejects["detail"]) or f"it holds {found.inputs.height} files"
        raise CopydeskError(f"{file} is not one document: {why}.", "Name one .txt, .html or .htm file.")
    row = found.inputs.row(0, named=True)
    if row["format"] not in DOCUMENT_FORMATS:
        raise CopydeskError(
            f"{file} holds many records.", "Clean it with `copydesk run`, or name one .txt or .html file."
        )
    piece = Piece(row["source_uri"], row["name"], row["format"], row["n_bytes"], row["raw_sha256"], 0, 1)
    for batch in read_records(piece, settings.input, settings.cleaning.text):
        extracted = extract_articles(batch.records, settings.cleaning.extract, settings.cleaning.text)
        if extracted.documents.height:
            return extracted.documents
        reject = pl.concat([batch.rejects, extracted.rejects]).row(0, named=True)
        raise CopydeskError(f"{file} would be rejected: {reject['reason']}: {reject['detail']}.")
    raise CopydeskError(f"{file} holds no document.")
