"""One document, looked at: what the steps would make of it, without a run and without Prefect.

Takes a file and the settings, prints what `flows/query/show.py` renders. Site templates and earlier articles come from the last
snapshot, if there is one.
"""

from pathlib import Path

import polars as pl

from cleaners.errors import CopydeskError
from cleaners.junk import gather_evidence, learn_evidence, strip_articles
from cleaners.junk.evidence.keys import key_pages
from cleaners.junk.evidence.parts import list_wanted
from cleaners.names import CheckedNames, check_names, core_authority, find_mentions, load_authority, load_decisions
from flows.query.documents import extract_document
from flows.query.show import show_document
from flows.query.similar import find_similar
from flows.settings import Settings
from flows.steps.learn import read_known
from flows.store.editors import read_authority, read_decisions
from flows.store.snapshots import Snapshot, latest_snapshot

N_NEAREST = 5
MAX_WITNESSES = 300  # earlier articles that names are compared with: 2 s at 5,000 characters each


def inspect_file(file: Path, settings: Settings) -> None:
    """Print one document with what would be removed, its names and its nearest matches.

    Raises:
        CopydeskError: the file does not hold exactly one document, or the document is no article; the message says why.
    """
    document = extract_document(file, settings)
    snapshot = latest_snapshot(settings.folder)
    config = settings.cleaning.strip
    rows = document.select("site", "title", "text").to_dicts()
    wanted = list_wanted(key_pages(rows))
    earlier = read_known(snapshot, wanted) if snapshot else None
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


def _check_names(articles: pl.DataFrame, snapshot: Snapshot | None, settings: Settings) -> CheckedNames:
    """The names of the articles, compared with each other and the newest articles of the snapshot that share a surname."""
    config = settings.cleaning.names
    text = read_authority(settings)
    authority = core_authority() if text is None else load_authority(text, with_core=True)
    decisions = load_decisions(read_decisions(settings))
    if snapshot is None:
        return check_names(articles, config, authority=authority, decisions=decisions)
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
        .head(MAX_WITNESSES)
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
    return check_names(both, config, clusters=clusters, authority=authority, decisions=decisions)


def _find_nearest(articles: pl.DataFrame, snapshot: Snapshot | None, settings: Settings) -> pl.DataFrame:
    """The articles of the snapshot nearest to the document: article_id, title, site, containment, copy."""
    main = articles.filter(pl.col("origin") != "embedded")
    if snapshot is None or main.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(("article_id", "title", "site", "containment", "copy")))
    own = articles["article_id"]
    nearest = find_similar(main[:1], snapshot, settings.cleaning.near_duplicates, N_NEAREST + len(own))
    return nearest.filter(~pl.col("article_id").is_in(own.implode())).head(N_NEAREST)
