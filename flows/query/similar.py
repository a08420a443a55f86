"""The nearest articles that ever ran, for one document: the archive index is probed, and the best finds are read and judged.

Takes a document and a snapshot, gives its nearest articles with scores; writes nothing.
"""

import sys
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cleaners.errors import CopydeskError
from cleaners.neardup import NearDuplicateConfig, sign_articles
from cleaners.neardup.sketch.segments import make_segment, probe_segment
from cleaners.neardup.sketch.signatures import read_signatures
from cleaners.neardup.verdict.verify import describe_articles, judge_pairs, measure_pairs
from flows.query.documents import extract_document
from flows.settings import Settings
from flows.store.archive import list_parts
from flows.store.snapshots import Snapshot, find_snapshot

N_SHOWN = 10
# Below this estimated containment two texts share phrases and no more: the estimate itself errs by about .09.
MIN_CONTAINMENT = 0.15
COLUMNS = ["article_id", "title", "text", "site", "published_at"]
SHOWN = ("copy", "containment", "jaccard", "published_at", "site", "title", "story", "article_id")


def print_similar(file: Path, settings: Settings, n: int = N_SHOWN) -> None:
    """Print the nearest articles of a document, the likeliest copy first.

    Raises:
        CopydeskError: nothing was published yet, the file is no document, or the index must be rebuilt.
    """
    snapshot = find_snapshot(settings.folder, "latest")
    config = settings.cleaning.near_duplicates
    if list_parts(snapshot, config) is None:
        raise CopydeskError(
            f"The archive index of {snapshot.path} was made by another version or other settings.",
            "Rebuild it: copydesk reindex.",
        )
    nearest = find_similar(extract_document(file, _without_language(settings)), snapshot, config, n)
    console = Console()
    if nearest.is_empty():
        console.print("Nothing like it ever ran.")
        return
    table = Table("copy", "contained", "jaccard", "published", "site", "title", "story", "article", box=None)
    for row in nearest.select(SHOWN).iter_rows():
        likely, containment, jaccard, published_at, *names = row
        day = f"{published_at:%Y-%m-%d}" if published_at else ""
        figures = (f"{likely:.3f}", f"{containment:.2f}", f"{jaccard:.2f}", day)
        table.add_row(*figures, *(Text(" ".join((name or "").split())) for name in names))
    console.print(table)


def find_similar(document: pl.DataFrame, snapshot: Snapshot, config: NearDuplicateConfig, n: int) -> pl.DataFrame:
    """Find the articles of a snapshot nearest to a document.

    Args:
        document: one row: article_id, title, text, site, published_at.
        snapshot: where to look; one without an index of this config holds nothing.
        config: the decision's settings.
        n: articles to give, and to read.

    Returns:
        copy (the decision's probability; 0 below `minimum_containment`), containment of the shorter text, jaccard,
        published_at, site, title (else the input's name), story (the title of the article's, else its id; null in
        a snapshot without stories), article_id; the likeliest first. The document itself is left out.
    """
    wide = config.model_copy(update={"minimum_containment": min(MIN_CONTAINMENT, config.minimum_containment)})
    signed = sign_articles(document, config)
    mine = read_signatures(signed)
    probe = make_segment(mine.matrix, mine.n_shingles, config)
    found = []
    for part in list_parts(snapshot, config) or []:
        segment = part.open()
        rows = probe_segment(segment, probe, wide).right
        likeness = np.count_nonzero(segment.signatures[rows] == mine.matrix[0], axis=1)
        found.append(pl.DataFrame({"article_id": part.name_articles(rows), "likeness": likeness}))
    own = pl.col("article_id").is_in(document["article_id"].implode())
    nearest = pl.concat([pl.DataFrame(schema={"article_id": pl.String, "likeness": pl.Int64}), *found])
    nearest = nearest.filter(~own).sort("likeness", "article_id", descending=[True, False]).head(n)
    articles = _read_articles(snapshot, nearest["article_id"])
    both = pl.concat([document.select(COLUMNS), articles.select(COLUMNS)])
    others = np.arange(1, len(both))
    features = measure_pairs(describe_articles(both, config), np.zeros(len(others), np.int64), others)
    return (
        pl.concat([articles, features.select("jaccard", "containment")], how="horizontal")
        .with_columns(pl.Series("copy", judge_pairs(features, config)), title=pl.coalesce("title", "name"))
        .sort("copy", "containment", "jaccard", "article_id", descending=[True, True, True, False])
        .select(SHOWN)
    )


def _read_articles(snapshot: Snapshot, ids: pl.Series) -> pl.DataFrame:
    """A few articles of a snapshot: COLUMNS, name, the last part of their source, and story."""
    table = pl.scan_parquet(snapshot.files("articles"), glob=False)
    rows = table.select("article_id").with_row_index("row").filter(pl.col("article_id").is_in(ids.implode())).collect()
    # Row by row: a filter would make polars decompress the text of every row group it finds one in, at twice the time.
    found = [table.slice(row, 1) for row in rows["row"]] or [table.clear()]
    named = pl.concat(found).select(*COLUMNS, name=pl.col("source_uri").str.split("/").list.last())
    return named.join(_name_stories(snapshot, ids), on="article_id", how="left").collect()


def _name_stories(snapshot: Snapshot, ids: pl.Series) -> pl.LazyFrame:
    """The stories of a few articles: article_id, and story, its title, else its id."""
    from flows.store.rows import scan_table  # the contracts, which an `inspect` without a snapshot does not need

    stories = scan_table(snapshot.path, "stories").filter(pl.col("article_id").is_in(ids.implode()))
    about = scan_table(snapshot.path, "story_summary").select("story_id", "title")
    return stories.join(about, on="story_id").select("article_id", story=pl.coalesce("title", "story_id"))


def _without_language(settings: Settings) -> Settings:
    """The settings, but no text is long enough to tell its language: loading that model takes longer than the search."""
    extract = settings.cleaning.extract.model_copy(update={"min_language_words": sys.maxsize})
    return settings.model_copy(update={"cleaning": settings.cleaning.model_copy(update={"extract": extract})})
