"""The figures of one run, read from a published snapshot.

Takes a snapshot folder and a run id, gives one frozen `RunFigures` that the report, the printed summary and the Prefect
artifacts share. Reads lazily and never loads the articles' texts; flags nothing itself.
"""

from pathlib import Path

import polars as pl

from flows.report.model import (
    ArticleFigures,
    BreachFigures,
    ClusterFigures,
    GateFigures,
    NameFigures,
    RejectFigures,
    RemovalFigures,
    RunFigures,
    SiteFigures,
    SiteRemovals,
)
from flows.report.trends import RECORDED, read_totals
from flows.store.rows import article_facts, count_open_flags, read_breaches, run_clusters, run_flags, scan_table


def summarise_run(snapshot: Path, run_id: str, n_most_cut: int = 10) -> RunFigures:
    """Count what one run found, removed, matched, flagged and rejected.

    Args:
        snapshot: folder of a published snapshot, holding the rows of all runs so far.
        run_id: the run to count.
        n_most_cut: how many of the articles that lost most to name in `most_cut`.

    Returns:
        The figures of the run; all zero when it wrote nothing.

    Raises:
        CopydeskError: the folder is not a snapshot.
    """
    articles = article_facts(snapshot, run_id).collect(engine="streaming")
    spans = scan_table(snapshot, "removed_spans", run_id).select(
        "article_id", "rule_id", "category", "start", "end", "salvaged_article_id"
    )
    salvaged = spans.filter(pl.col("salvaged_article_id").is_not_null()).select((pl.col("end") - pl.col("start")).sum())
    suspected = (
        scan_table(snapshot, "suspected_spans", run_id)
        .select(
            n=pl.len(),
            n_chars=(pl.col("end") - pl.col("start")).sum(),
            n_articles=pl.col("article_id").n_unique(),
        )
        .collect()
        .row(0, named=True)
    )
    removals = (
        spans.group_by("rule_id", "category")
        .agg(
            n_passages=pl.len(),
            n_articles=pl.col("article_id").n_unique(),
            n_chars=(pl.col("end") - pl.col("start")).sum(),
        )
        .sort(["n_chars", "rule_id", "category"], descending=[True, False, False])
        .collect()
    )
    rejects = (
        scan_table(snapshot, "rejects", run_id)
        .group_by("stage", "reason")
        .agg(n_inputs=pl.len())
        .sort(["n_inputs", "stage", "reason"], descending=[True, False, False])
        .collect()
    )
    gates = scan_table(snapshot, "run_summary", run_id).drop("run_id").sort("stage", "metric").collect()
    recorded = {(row["stage"], row["metric"]): row["value"] for row in gates.iter_rows(named=True)}
    clusters = run_clusters(snapshot, articles)
    duplicates = clusters.filter("is_new", ~pl.col("is_canonical"))["article_id"]
    flags = run_flags(snapshot, articles)
    errors = flags.filter("is_error")
    n_embedded = articles.filter(pl.col("origin") == "embedded").height
    breaches = read_breaches(snapshot, run_id).select(list(BreachFigures.__dataclass_fields__))
    return RunFigures(
        run_id=run_id,
        n_found=_whole(recorded.get(RECORDED["found"])),
        n_new=_whole(recorded.get(RECORDED["new"])),
        n_rejected=int(rejects["n_inputs"].sum()),
        n_main=articles.height - n_embedded,
        n_embedded=n_embedded,
        n_removed_chars=int(articles["n_removed_chars"].sum()),
        n_salvaged_chars=int(salvaged.collect().item()),
        n_suspected=suspected["n"],
        n_suspected_chars=suspected["n_chars"],
        n_articles_suspected=suspected["n_articles"],
        n_articles_cut=articles.filter(pl.col("n_removed_chars") > 0).height,
        n_duplicates=len(duplicates),
        n_articles_flagged=errors["article_id"].n_unique(),
        n_name_errors=errors.height,
        n_name_variants=flags.height - errors.height,
        n_open_flags=count_open_flags(snapshot),
        n_articles_in_snapshot=scan_table(snapshot, "articles").select(pl.len()).collect().item(),
        most_cut=_most_cut(articles, spans, n_most_cut),
        removals=tuple(RemovalFigures(**row) for row in removals.iter_rows(named=True)),
        removals_by_site=_site_removals(spans, articles),
        clusters=_cluster_figures(clusters, snapshot),
        names=_name_figures(flags),
        rejects=tuple(RejectFigures(**row) for row in rejects.iter_rows(named=True)),
        sites=_site_figures(articles, duplicates, errors["article_id"]),
        gates=tuple(GateFigures(**row) for row in gates.iter_rows(named=True)),
        breaches=tuple(BreachFigures(**row) for row in breaches.iter_rows(named=True)),
        totals=read_totals(snapshot, run_id),
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _most_cut(articles: pl.DataFrame, spans: pl.LazyFrame, n: int) -> tuple[ArticleFigures, ...]:
    top = (
        articles.filter(pl.col("n_removed_chars") > 0)
        .sort(["n_removed_chars", "article_id"], descending=[True, False])
        .head(n)
    )
    by_rule = (
        spans.filter(pl.col("article_id").is_in(top["article_id"].implode()))
        .group_by("article_id", "rule_id")
        .agg(n_chars=(pl.col("end") - pl.col("start")).sum())
        .sort(["n_chars", "rule_id"], descending=[True, False])
        .collect()
    )
    rules: dict[str, list[tuple[str, int]]] = {}
    for article_id, rule_id, n_chars in by_rule.iter_rows():
        rules.setdefault(article_id, []).append((rule_id, n_chars))
    return tuple(
        ArticleFigures(row["label"], row["origin"], row["n_removed_chars"], tuple(rules.get(row["article_id"], ())))
        for row in top.iter_rows(named=True)
    )


def _site_removals(spans: pl.LazyFrame, articles: pl.DataFrame) -> tuple[SiteRemovals, ...]:
    by_rule = (
        spans.join(articles.lazy().select("article_id", "site"), on="article_id")
        .group_by("site", "rule_id")
        .agg(
            n_passages=pl.len(),
            n_chars=(pl.col("end") - pl.col("start")).sum(),
            article_ids=pl.col("article_id").unique(),
        )
        .sort(["n_chars", "rule_id"], descending=[True, False])
        .group_by("site", maintain_order=True)
        .agg(
            n_articles=pl.col("article_ids").explode().n_unique(),
            n_passages=pl.col("n_passages").sum(),
            rules=pl.col("rule_id"),
            chars=pl.col("n_chars"),
            n_chars=pl.col("n_chars").sum(),
        )
        .sort(["n_chars", "site"], descending=[True, False])
        .collect()
    )
    return tuple(
        SiteRemovals(
            row["site"],
            row["n_articles"],
            row["n_passages"],
            row["n_chars"],
            tuple(zip(row["rules"], row["chars"], strict=True)),
        )
        for row in by_rule.iter_rows(named=True)
    )


def _cluster_figures(clusters: pl.DataFrame, snapshot: Path) -> tuple[ClusterFigures, ...]:
    canonical = clusters["cluster_id"].unique().implode()
    labels = (
        article_facts(snapshot)
        .filter(pl.col("article_id").is_in(canonical))
        .select(cluster_id="article_id", label="label")
    )
    figures = (
        clusters.lazy()
        .group_by("cluster_id", maintain_order=True)
        .agg(
            size=pl.col("cluster_size").first(),
            n_new=pl.col("is_new").sum(),
            n_exact=(pl.col("match") == "exact").sum(),
            least_similarity=pl.col("similarity").min(),
        )
        .join(labels, on="cluster_id", how="left", maintain_order="left")
        .with_columns(pl.col("label").fill_null(pl.col("cluster_id")))
        .collect()
    )
    return tuple(ClusterFigures(**row) for row in figures.iter_rows(named=True))


def _name_figures(flags: pl.DataFrame) -> tuple[NameFigures, ...]:
    grouped = (
        flags.group_by("kind", "is_error", "surface", "canonical", maintain_order=True)
        .agg(
            pl.col("n_mentions").sum(),
            n_articles=pl.col("article_id").n_unique(),
            confidence=pl.col("confidence").max(),
            label=pl.col("label").first(),
        )
        .sort(
            ["is_error", "confidence", "n_mentions", "canonical", "surface", "kind"],
            descending=[True, True, True, False, False, False],
        )
    )
    return tuple(NameFigures(**row) for row in grouped.iter_rows(named=True))


def _site_figures(articles: pl.DataFrame, duplicates: pl.Series, flagged: pl.Series) -> tuple[SiteFigures, ...]:
    errors = flagged.rename("article_id").value_counts(name="n_name_errors")
    facts = articles.with_columns(is_duplicate=pl.col("article_id").is_in(duplicates.implode())).join(
        errors, on="article_id", how="left"
    )
    sites = (
        facts.group_by("site")
        .agg(
            n_articles=pl.len(),
            n_embedded=(pl.col("origin") == "embedded").sum(),
            n_words=pl.col("n_words").sum(),
            n_removed_chars=pl.col("n_removed_chars").sum(),
            n_duplicates=pl.col("is_duplicate").sum(),
            n_name_errors=pl.col("n_name_errors").fill_null(0).sum(),
        )
        .sort(["n_articles", "site"], descending=[True, False])
    )
    return tuple(SiteFigures(**row) for row in sites.iter_rows(named=True))
