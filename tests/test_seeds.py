"""The golden outcome of the five seeds: the design page's table, to the character."""

from __future__ import annotations

import json

import polars as pl
import pytest

from tests.conftest import SEEDS, Tables

# Text removed from each main story, white space at the edges aside. Offsets are code points of the file.
REMOVED = {
    "000_e92e818c1740ec33.txt": [],
    "001_7d87d238794ebb31.txt": ["Ft"],
    "002_f010f8d40c962acc.txt": [(1975, 2106), (7040, 17056)],
    "003_04521c7bbd7d5040.txt": [(6805, 6876)],
    "004_9883d6f731901c6c.txt": [],
}
TITLES = {
    "000_e92e818c1740ec33.txt": None,
    "001_7d87d238794ebb31.txt": "Beijing questions Chinese tech giants on Nvidia H20 chip buys",
    "002_f010f8d40c962acc.txt": "China urges firms to avoid Nvidia H20 chips after Trump resumes sales",
    "003_04521c7bbd7d5040.txt": None,
    "004_9883d6f731901c6c.txt": None,
}


def source(name: str) -> str:
    return (SEEDS / name).read_text(encoding="utf-8")


def article(tables: Tables, name: str) -> dict:
    rows = tables.articles.filter(pl.col("source_uri").str.ends_with(name) & (pl.col("origin") == "text"))
    assert rows.height == 1
    return rows.row(0, named=True)


def trimmed_extents(tables: Tables, article_id: str, text: str) -> list[tuple[int, int]]:
    """The removed spans of an article, touching ones joined, without the white space at their edges."""
    joined: list[list[int]] = []
    for row in tables.removed_spans.filter(article_id=article_id).sort("start").iter_rows(named=True):
        if joined and row["start"] == joined[-1][1]:
            joined[-1][1] = row["end"]
        else:
            joined.append([row["start"], row["end"]])
    extents = []
    for start, end in joined:
        cut = text[start:end]
        extents.append((start + len(cut) - len(cut.lstrip()), end - len(cut) + len(cut.rstrip())))
    return extents


@pytest.mark.parametrize("name", REMOVED)
def test_exactly_the_junk_is_removed(seed_tables: Tables, name: str) -> None:
    text = source(name)
    expected = [
        (text.index(f"\n{cut}\n") + 1, text.index(f"\n{cut}\n") + 1 + len(cut)) if isinstance(cut, str) else cut
        for cut in REMOVED[name]
    ]
    row = article(seed_tables, name)
    assert trimmed_extents(seed_tables, row["article_id"], text) == expected
    kept = "".join(character for character in row["text"] if not character.isspace())
    cut_out = {position for start, end in expected for position in range(start, end)}
    wanted = [c for position, c in enumerate(text) if position not in cut_out and not c.isspace()]
    assert kept == "".join(wanted)
    assert row["title"] == TITLES[name]


def test_the_credit_of_002_is_its_agency(seed_tables: Tables) -> None:
    row = article(seed_tables, "002_f010f8d40c962acc.txt")
    assert row["agency"] == "BLOOMBERG"
    assert row["text"].endswith("share their China revenue with the US government.")


def test_three_articles_are_salvaged_from_002_and_cleaned(seed_tables: Tables) -> None:
    parent = article(seed_tables, "002_f010f8d40c962acc.txt")
    embedded = seed_tables.articles.filter(origin="embedded")
    assert embedded["parent_article_id"].unique().to_list() == [parent["article_id"]]
    spans = seed_tables.removed_spans.filter(article_id=parent["article_id"]).drop_nulls("salvaged_article_id")
    order = spans.sort("start")["salvaged_article_id"].to_list()
    rows = [embedded.filter(article_id=article_id).row(0, named=True) for article_id in order]
    assert [row["title"] for row in rows] == [
        "Trump floats meeting with Putin and Zelensky if initial Putin talks go well",
        "Trump floats meeting with Putin and Zelenskiy if initial Putin talks go well",
        "Trump, European leaders comment on videoconference on Ukraine",
    ]
    first, second, third = rows
    for row in rows:
        assert row["site"] == "Straits Times"
        assert row["agency"] == "REUTERS"
        for junk in ("Sign up now", "REUTERS", "Swipe.", "Jalan Bukit Merah", "hours ago"):
            assert junk not in row["text"], junk
    assert first["text"].startswith("WASHINGTON - U.S. President Donald Trump said on Wednesday")
    assert first["text"].endswith('I would rate it a 10, very friendly," he said.')
    assert first["text"].replace("Zelensky", "Zelenskiy") == second["text"]
    assert third["text"].startswith("Donald Trump joined a teleconference with European leaders")
    assert third["text"].endswith('as a necessary step toward meaningful negotiations with Ukraine."')
    assert 'occupy all of Ukraine ... "Everything concerning Ukraine' in third["text"]


def test_only_the_two_embedded_copies_are_near_duplicates(seed_tables: Tables) -> None:
    clusters = seed_tables.clusters
    assert clusters.height == 8
    pair = clusters.filter(pl.col("cluster_size") > 1)
    titles = seed_tables.articles.filter(pl.col("title").str.starts_with("Trump floats meeting"))["article_id"]
    assert sorted(pair["article_id"]) == sorted(titles)
    assert sorted(pair["match"]) == ["near", "single"]
    assert pair["is_canonical"].sum() == 1


def test_the_five_tell_one_story_and_the_three_embedded_another(seed_tables: Tables) -> None:
    stories = seed_tables.stories.join(seed_tables.articles, on="article_id")
    main, embedded = (stories.filter(origin=origin) for origin in ("text", "embedded"))
    assert (main.height, main["story_id"].n_unique(), main["event_id"].n_unique()) == (5, 1, 1)
    assert (embedded.height, embedded["story_id"].n_unique(), embedded["event_id"].n_unique()) == (3, 1, 1)
    summary = {row["story_id"]: row for row in seed_tables.story_summary.iter_rows(named=True)}
    assert len(summary) == 2
    about = summary[main["story_id"][0]]
    assert (about["title"], about["n_articles"], about["n_clusters"]) == (
        TITLES["002_f010f8d40c962acc.txt"],
        5,
        5,
    )
    assert {"Donald Trump", "Jensen Huang"} <= set(about["people"])
    about = summary[embedded["story_id"][0]]
    assert (about["n_articles"], about["n_clusters"], about["n_papers"], about["first_site"]) == (
        3,
        2,
        1,
        "Straits Times",
    )


def test_names(seed_tables: Tables) -> None:
    flags = seed_tables.name_flags
    error = flags.filter("is_error")
    assert error.height == 1
    row = error.row(0, named=True)
    fourth = article(seed_tables, "004_9883d6f731901c6c.txt")
    assert (row["article_id"], row["surface"], row["canonical"], row["kind"]) == (
        fourth["article_id"],
        "Robert Lutnick",
        "Howard Lutnick",
        "wrong_given",
    )
    evidence = json.dumps(json.loads(row["evidence"]))
    for name in ("002_f010f8d40c962acc.txt", "003_04521c7bbd7d5040.txt"):
        assert article(seed_tables, name)["article_id"] in evidence
    assert "Commerce Secretary" in evidence
    variants = flags.filter(~pl.col("is_error"))
    spellings = variants.filter(pl.col("canonical") == "Volodymyr Zelenskyy")
    assert {surface.split()[-1].casefold() for surface in spellings["surface"]} == {"zelensky", "zelenskiy"}
    assert variants.filter(pl.col("surface") == "Xu Zhijun")["canonical"].to_list() == ["Eric Xu"]
    mentions = seed_tables.name_mentions
    assert mentions.filter(pl.col("surface").str.contains("ZelenskyyUA")).is_empty()
    people = set(mentions.filter(entity="person")["canonical"])
    assert {"Donald Trump", "Jensen Huang", "Howard Lutnick", "Uncle Biao"} <= people
    assert not people & {"Clarke Quay", "Mydrivers", "Top Stories", "White House"}


def test_nothing_was_rejected(seed_tables: Tables) -> None:
    assert seed_tables.rejects.is_empty()
    assert seed_tables.articles["origin"].value_counts().sort("origin").rows() == [("embedded", 3), ("text", 5)]
