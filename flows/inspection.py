"""One document, looked at: what the steps would make of it, without a run and without Prefect.

Takes a file and the settings, prints what `flows/show.py` renders. Site templates and earlier articles come from the last
snapshot, if there is one.
"""

from pathlib import Path

import numpy as np
import polars as pl

from cleaners.errors import CopydeskError
from cleaners.extract import extract_articles
from cleaners.junk import gather_evidence, learn_evidence, strip_articles
from cleaners.names import CheckedNames, check_names, core_authority, find_mentions, load_authority
from cleaners.neardup import sign_articles
from flows.planning import Piece
from flows.settings import Settings
from flows.show import show_document
from flows.sources import DOCUMENT_FORMATS, discover_inputs, read_records
from flows.storage import Snapshot, latest_snapshot, read_authority

N_NEAREST = 5
MOST_WITNESSES = 300  # earlier articles that names are held against: 2 s at 5,000 characters each
# Below this estimated Jaccard similarity two texts share phrases, not a story: the estimate itself errs by 1 / sqrt(128) = .09.
MIN_SIMILARITY = 0.1


def inspect_file(file: Path, settings: Settings) -> None:
    """Print one document with what would be removed, its names and its nearest matches.

    Raises:
        CopydeskError: the file does not hold exactly one document, or the document is no article; the message says why.
    """
    document = _extract(file, settings)
    snapshot = latest_snapshot(Path(settings.output))
    config = settings.cleaning.strip
    earlier = pl.read_parquet(snapshot.files("index/evidence"), glob=False) if snapshot else None
    stripped = strip_articles(document, learn_evidence([gather_evidence(document, config)], config, earlier), config)
    if stripped.articles.is_empty():
        raise CopydeskError(f"Nothing is left of {file}.", "; ".join(stripped.rejects["detail"]))
    names = _check_names(stripped.articles, snapshot, settings)
    own = pl.col("article_id").is_in(stripped.articles["article_id"].implode())
    show_document(
        articles=stripped.articles,
        removed_spans=stripped.removed_spans,
        suspected_spans=stripped.suspected_spans,
        mentions=names.mentions.filter(own),
        flags=names.flags.filter(own),
        matches=_find_nearest(stripped.articles, snapshot, settings),
    )


def _extract(file: Path, settings: Settings) -> pl.DataFrame:
    """The one document of a file."""
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


def _check_names(articles: pl.DataFrame, snapshot: Snapshot | None, settings: Settings) -> CheckedNames:
    """The names of the articles, held against each other and the newest articles of the snapshot that share a surname."""
    config = settings.cleaning.names
    text = read_authority(settings)
    authority = core_authority() if text is None else load_authority(text, with_core=True)
    if snapshot is None:
        return check_names(articles, config, authority=authority)
    own = find_mentions(articles, config, authority)
    surnames = own.filter(pl.col("surname") != "")["surname"].unique()
    sharing = (
        pl.scan_parquet(snapshot.files("index/mentions"), glob=False)
        .filter(pl.col("surname").is_in(surnames.implode()))
        .select("article_id")
        .unique()
    )
    columns = ["article_id", "title", "text", "site", "published_at"]
    earlier = (
        pl.scan_parquet(snapshot.files("articles"), glob=False)
        .join(sharing, on="article_id", how="semi")
        .filter(~pl.col("article_id").is_in(articles["article_id"].implode()))
        .select(columns)
        .sort("published_at", "article_id", descending=True, nulls_last=True)
        .head(MOST_WITNESSES)
        .collect()
    )
    # Near-duplicates are one witness; the document's own articles are of no cluster yet.
    clusters = pl.concat(
        [
            pl.scan_parquet(snapshot.files("clusters"), glob=False)
            .select("article_id", "cluster_id")
            .join(earlier.lazy(), on="article_id", how="semi")
            .collect(),
            articles.select("article_id", cluster_id="article_id"),
        ]
    )
    both = pl.concat([earlier, articles.select(columns)])
    return check_names(both, config, clusters=clusters, authority=authority)


def _find_nearest(articles: pl.DataFrame, snapshot: Snapshot | None, settings: Settings) -> pl.DataFrame:
    """The articles of the snapshot nearest to the document's own, by estimated Jaccard similarity of their signatures.

    Returns:
        article_id, title, site, similarity; at most `N_NEAREST` rows.
    """
    nothing = pl.DataFrame(
        schema={"article_id": pl.String, "title": pl.String, "site": pl.String, "similarity": pl.Float64}
    )
    if snapshot is None:
        return nothing
    main = articles.filter(pl.col("origin") != "embedded")
    mine = sign_articles(main, settings.cleaning.near_duplicates)["signature"].to_list()[0]
    signed = pl.read_parquet(snapshot.files("index/signatures"), glob=False)
    if signed.is_empty() or len(mine) != signed["signature"].list.len().max():
        return nothing
    theirs = signed["signature"].explode().to_numpy().reshape(signed.height, len(mine))
    similarity = (theirs == np.asarray(mine, dtype=theirs.dtype)).mean(axis=1)
    nearest = (
        signed.select("article_id")
        .with_columns(similarity=pl.Series(similarity, dtype=pl.Float64))
        .filter(
            (pl.col("similarity") >= MIN_SIMILARITY) & ~pl.col("article_id").is_in(articles["article_id"].implode())
        )
        .top_k(N_NEAREST, by="similarity")
    )
    titles = pl.scan_parquet(snapshot.files("articles"), glob=False).select(
        "article_id", "site", title=pl.coalesce("title", pl.col("source_uri").str.split("/").list.last())
    )
    return (
        titles.join(nearest.lazy(), on="article_id")
        .sort("similarity", "article_id", descending=[True, False])
        .select("article_id", "title", "site", "similarity")
        .collect()
    )
