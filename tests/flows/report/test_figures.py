"""The figures of a run equal counts made here, row by row, from the published tables."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from cleaners.errors import CopydeskError
from flows.report.figures import summarise_run
from flows.report.model import RunFigures
from tests.conftest import Tables
from tests.flows.snapshots import RUN_ID, article, cluster, cut, flag, gate, mention, reject, write_snapshot


@pytest.fixture(scope="module")
def figures(seed_tables: Tables) -> RunFigures:
    return summarise_run(seed_tables.snapshot.resolve(), seed_tables.articles["run_id"][0])


def test_counts_of_articles(seed_tables: Tables, figures: RunFigures) -> None:
    origins = Counter(seed_tables.articles["origin"])
    assert (figures.n_main, figures.n_embedded, figures.n_published) == (5, 3, 8)
    assert (figures.n_main, figures.n_embedded) == (origins["text"], origins["embedded"])
    assert figures.n_articles_in_snapshot == seed_tables.articles.height
    assert (figures.n_found, figures.n_new, figures.n_rejected) == (5, 5, seed_tables.rejects.height)


def test_counts_of_removed_characters(seed_tables: Tables, figures: RunFigures) -> None:
    by_rule: Counter[tuple[str, str]] = Counter()
    passages: Counter[tuple[str, str]] = Counter()
    by_article: dict[str, Counter[str]] = {}
    salvaged = 0
    for span in seed_tables.removed_spans.iter_rows(named=True):
        rule = (span["rule_id"], span["category"])
        by_rule[rule] += len(span["text"])
        passages[rule] += 1
        by_article.setdefault(span["article_id"], Counter())[span["rule_id"]] += len(span["text"])
        salvaged += len(span["text"]) if span["salvaged_article_id"] else 0
    assert {(r.rule_id, r.category): r.n_chars for r in figures.removals} == dict(by_rule)
    assert {(r.rule_id, r.category): r.n_passages for r in figures.removals} == dict(passages)
    assert figures.n_removed_chars == by_rule.total()
    assert figures.n_salvaged_chars == salvaged > 9_000
    assert figures.n_articles_cut == len(by_article)
    shown = Counter({article.label: article.n_removed_chars for article in figures.most_cut})
    assert shown.total() == by_rule.total()
    assert [article.n_removed_chars for article in figures.most_cut] == sorted(shown.values(), reverse=True)
    assert sorted(sorted(article.removed_by_rule) for article in figures.most_cut) == sorted(
        sorted(rules.items()) for rules in by_article.values()
    )


def test_counts_of_stories(seed_tables: Tables, figures: RunFigures) -> None:
    sizes = Counter(seed_tables.clusters["cluster_id"])
    many = {cluster_id: size for cluster_id, size in sizes.items() if size > 1}
    assert {story.cluster_id: story.size for story in figures.clusters} == many
    assert figures.n_duplicates == sum(many.values()) - len(many) == 1
    (story,) = figures.clusters
    titles = dict(seed_tables.articles.select("article_id", "title").iter_rows())
    assert (story.label, story.n_new, story.n_exact) == (titles[story.cluster_id], 2, 0)


def test_counts_of_names(seed_tables: Tables, figures: RunFigures) -> None:
    flags = seed_tables.name_flags.to_dicts()
    errors = [each for each in flags if each["is_error"]]
    assert [(name.surface, name.canonical) for name in figures.names if name.is_error] == [
        ("Robert Lutnick", "Howard Lutnick")
    ]
    assert (figures.n_name_errors, figures.n_name_variants) == (len(errors), len(flags) - len(errors))
    assert figures.n_articles_flagged == len({each["article_id"] for each in errors})
    mentions = Counter(
        (each["surface"], each["canonical"]) for each in seed_tables.name_mentions.to_dicts() if each["flag_id"]
    )
    assert {(name.surface, name.canonical): name.n_mentions for name in figures.names} == dict(mentions)


def test_sites_add_up(figures: RunFigures) -> None:
    assert sum(site.n_articles for site in figures.sites) == figures.n_published
    assert sum(site.n_embedded for site in figures.sites) == figures.n_embedded
    assert sum(site.n_removed_chars for site in figures.sites) == figures.n_removed_chars
    assert sum(site.n_duplicates for site in figures.sites) == figures.n_duplicates
    assert sum(site.n_name_errors for site in figures.sites) == figures.n_name_errors


def test_counts_are_of_one_run(tmp_path: Path) -> None:
    earlier = article("earlier", "The bridge opened on Friday. Sign up", run_id="earlier", title="Bridge opens")
    later = article("later", "The bridge opened on Friday. Sign up now", title="Bridge opens", site="a.example")
    alone = article("alone", "Ann Lee spoke. Bob Lee spoke.", title="  ", source_uri="landing/folder/alone.txt")
    spans = cut(earlier, [" Sign up"]) + cut(later, [" Sign up now"])
    error = flag(alone, "Bob Lee", "Ann Lee", is_error=True)
    snapshot = write_snapshot(
        tmp_path / "snapshot",
        articles=[earlier, later, alone],
        removed_spans=spans,
        clusters=cluster([earlier, later], "exact", 1.0) + cluster([alone]),
        name_mentions=[mention(alone, "Bob Lee", "Ann Lee", error["flag_id"])],
        name_flags=[error, flag(earlier, "bridge", "Bridge", is_error=True)],
        rejects=[reject("a", "bytes"), reject("b", "bytes", run_id="earlier")],
        run_summary=[gate("discover", "inputs_found", 4.0), gate("discover", "inputs_new", 3.0)],
    )
    figures = summarise_run(snapshot, RUN_ID)
    assert (figures.n_published, figures.n_articles_in_snapshot) == (2, 3)
    assert (figures.n_removed_chars, figures.n_articles_cut) == (len(" Sign up now"), 1)
    assert (figures.n_found, figures.n_new, figures.n_rejected) == (4, 3, 1)
    assert [(c.size, c.n_new, c.n_exact) for c in figures.clusters] == [(2, 1, 1)]
    assert figures.n_duplicates == 1
    assert [(name.surface, name.label) for name in figures.names] == [("Bob Lee", "alone.txt")]
    assert [(site.site, site.n_name_errors) for site in figures.sites] == [("(no site)", 1), ("a.example", 0)]


def test_an_empty_run_is_all_zero(tmp_path: Path) -> None:
    figures = summarise_run(write_snapshot(tmp_path / "snapshot"), RUN_ID)
    assert (figures.n_published, figures.n_removed_chars, figures.n_salvaged_chars, figures.n_name_errors) == (0,) * 4
    assert figures.n_found is None
    assert figures.removals == figures.clusters == figures.names == figures.sites == ()


def test_a_folder_that_is_no_snapshot_is_named(tmp_path: Path) -> None:
    with pytest.raises(CopydeskError, match="not a snapshot"):
        summarise_run(tmp_path, RUN_ID)
    (tmp_path / "manifest.json").write_text(json.dumps({"run_id": RUN_ID}))
    with pytest.raises(CopydeskError, match="not a snapshot"):
        summarise_run(tmp_path, RUN_ID)


def test_names_are_listed_by_confidence_and_namesakes_are_not(tmp_path: Path) -> None:
    text = "Ann Lee spoke. Bob Lee spoke. Bob Lee left. Carl Roe sang. Dan Poe ran."
    rows = [article("one", text, site="a.example")]
    sure = flag(rows[0], "Carl Roe", "Carl Row", is_error=True) | {"confidence": 0.95}
    often = flag(rows[0], "Bob Lee", "Ann Lee", is_error=True) | {"confidence": 0.6}
    doubt = flag(rows[0], "Dan Poe", "Edgar Poe", is_error=False) | {"kind": "namesake", "confidence": 0.3}
    snapshot = write_snapshot(tmp_path / "snapshot", articles=rows, name_flags=[often, sure, doubt])
    figures = summarise_run(snapshot, RUN_ID)
    assert [(name.surface, name.confidence) for name in figures.names] == [("Carl Roe", 0.95), ("Bob Lee", 0.6)]
