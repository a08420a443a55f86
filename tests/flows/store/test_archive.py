"""The archive index: what ran before is found without reading it, and runs in parts give the clusters of one run."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cleaners.errors import CopydeskError
from cleaners.neardup import NearDuplicateConfig, find_near_duplicates, sign_articles
from cleaners.neardup.sketch.segments import Segment, make_segment
from cleaners.neardup.sketch.signatures import read_signatures
from flows.query.documents import extract_document
from flows.query.reindex import rebuild_index
from flows.query.similar import find_similar, print_similar
from flows.settings import Settings
from flows.steps import match
from flows.store import archive
from flows.store.archive import FANOUT, carry_over, find_parts, list_parts, probe_archive, read_signed, write_part
from flows.store.snapshots import latest_snapshot
from tests.cleaners.neardup.test_clusters import archive as stories
from tests.cleaners.neardup.texts import FERRY, FERRY_RETOLD, make_articles
from tests.conftest import SEEDS, read_tables

pytestmark = pytest.mark.slow

CONFIG = NearDuplicateConfig()
NO_IDS = pl.Series("article_id", [], dtype=pl.String)


def ids(*parts: archive.Part) -> list[str]:
    return [i for part in parts for i in part.articles().collect()["article_id"]]


def numbered(start: int, n: int) -> pl.DataFrame:
    return make_articles(*({"name": i, "text": f"{FERRY} {i} {i * i} {i % 7} boats"} for i in range(start, start + n)))


def test_segments_are_linked_merged_by_size_and_lose_what_no_longer_holds(tmp_path: Path) -> None:
    first, second, third = (tmp_path / name / archive.INDEX for name in "123")
    articles = numbered(0, 12)
    for number in range(FANOUT - 1):
        write_part(first, f"run{number}", sign_articles(articles[number * 3 : number * 3 + 3]), CONFIG)
    earlier = find_parts(tmp_path / "1")
    assert len(earlier) == FANOUT - 1
    carry_over(earlier, second, "merged", NO_IDS, CONFIG)
    assert (second / "run0.keys.npy").stat().st_ino == (first / "run0.keys.npy").stat().st_ino

    added = write_part(third, "run9", sign_articles(articles[9:]), CONFIG)
    carry_over(earlier, third, "merged", articles["article_id"][:1], CONFIG, added)
    (merged,) = find_parts(tmp_path / "3")
    assert sorted(ids(merged)) == sorted(articles["article_id"][1:])
    assert len(list(third.iterdir())) == len(archive.FILES_OF_A_PART)
    whole = sign_articles(articles[1:])
    assert read_signed([merged], whole["article_id"]).sort("article_id").equals(whole.sort("article_id"))
    assert read_signed(earlier, articles["article_id"][:1]).height == 1


def test_many_runs_leave_few_segments(tmp_path: Path) -> None:
    signed = sign_articles(numbered(0, 60))
    parts: list[archive.Part] = []
    for number in range(60):
        folder = tmp_path / str(number + 1) / archive.INDEX
        added = write_part(folder, f"run{number:02}", signed[number : number + 1], CONFIG)
        carry_over(parts, folder, f"merged{number:02}", NO_IDS, CONFIG, added)
        parts = find_parts(tmp_path / str(number + 1))
    assert len(parts) <= 3 * 4
    assert sorted(ids(*parts)) == sorted(signed["article_id"])
    for part in parts:
        assert np.all(np.diff(part.open().keys.astype(np.float64), axis=1) >= 0)


def write_feed(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text(
        "".join(
            json.dumps({"text": row["text"], "title": row.get("title"), "url": f"https://a.example/{row['name']}",
                        "published_at": row.get("day")}) + "\n"
            for row in rows
        )
    )  # fmt: skip


def groups(output: Path) -> set[frozenset[str]]:
    tables = read_tables(output / "latest")
    name = dict(tables.articles.select("article_id", "url").iter_rows())
    clusters = tables.clusters.group_by("cluster_id").agg("article_id")["article_id"].to_list()
    return {frozenset(name[i] for i in group) for group in clusters}


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=st.permutations(range(len(stories()))), cuts=st.tuples(st.integers(1, 8), st.integers(9, 16)))
def test_runs_in_parts_give_the_clusters_of_one_run(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], cuts: tuple[int, int]
) -> None:
    # The matching of runs, without the cost of extracting and stripping: the texts go to it as they are.
    rows = [stories()[i] for i in order]
    articles = make_articles(*rows)
    whole = find_near_duplicates(articles).clusters
    folder = tmp_path_factory.mktemp("parts")
    bounds = [0, *cuts, len(rows)]
    for number, (start, stop) in enumerate(pairwise(bounds)):
        match_part(folder, number, articles[start:stop])
    last = pl.read_parquet(folder / f"{len(bounds) - 2}" / "clusters.parquet")
    columns = ["article_id", "cluster_id", "is_canonical", "match", "cluster_size", "similarity"]
    assert last.select(columns).equals(whole.select(columns))


def match_part(folder: Path, number: int, articles: pl.DataFrame, gone: pl.Series = NO_IDS) -> None:
    """One run's matching, on a snapshot of nothing but what it needs."""
    here, before = folder / str(number), folder / str(number - 1)
    signed = sign_articles(articles)
    (here / archive.INDEX).mkdir(parents=True)
    added = write_part(here / archive.INDEX, f"run{number}", signed, CONFIG) if len(articles) else None
    if number == 0:
        found = find_near_duplicates(articles, CONFIG, signed)
        everything = articles
    else:
        parts = find_parts(before)
        earlier = pl.read_parquet(before / "clusters.parquet").drop("run_id")
        pairs = pl.read_parquet(before / "duplicate_pairs.parquet").with_columns(lot=pl.lit(None, pl.Int64))
        related = pl.read_parquet(before / "related_pairs.parquet")
        held = match.AlreadyMatched(earlier, pairs, related, [before / "articles.parquet"], parts)
        near = probe_archive(parts, segment_of(signed), CONFIG)["earlier_id"] if len(articles) else NO_IDS
        found = match.match_lot(held, earlier, gone, match.Batch(0, articles, signed, [], near), CONFIG)
        carry_over(parts, here / archive.INDEX, f"merged{number}", gone, CONFIG, added)
        everything = pl.concat([pl.read_parquet(before / "articles.parquet"), articles])
    everything.write_parquet(here / "articles.parquet")
    found.clusters.with_columns(run_id=pl.lit("r")).write_parquet(here / "clusters.parquet")
    found.pairs.drop("lot", strict=False).write_parquet(here / "duplicate_pairs.parquet")
    found.related.write_parquet(here / "related_pairs.parquet")


def segment_of(signed: pl.DataFrame) -> Segment:
    signatures = read_signatures(signed)
    return make_segment(signatures.matrix, signatures.n_shingles, CONFIG)


def test_a_second_run_reads_only_what_it_may_change(
    tmp_path: Path, run_pipeline: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = tmp_path / "feed.jsonl"
    rows = [{"name": "wire", "text": FERRY, "day": "2024-10-02"}, {"name": "retold", "text": FERRY_RETOLD}]
    rows += [{"name": f"crane{i}", "text": f"Crane number {i} of the eastern quay was inspected by engineer {i * 37} on day {i * 11} and found to be {'sound' if i % 2 else 'worn'} in part {i * 7}."} for i in range(5)]  # fmt: skip
    write_feed(feed, rows)
    run_pipeline([feed], tmp_path / "out", run_id="1")
    seen: list[set[str]] = []
    find = match.find_near_duplicates

    def watch(articles: pl.DataFrame, *rest: object) -> object:
        seen.append(set(articles["article_id"]))
        return find(articles, *rest)

    monkeypatch.setattr(match, "find_near_duplicates", watch)
    first = read_tables(tmp_path / "out" / "latest")
    write_feed(feed, [*rows, {"name": "copy", "text": FERRY + " More on Monday."}])
    run_pipeline([feed], tmp_path / "out", run_id="2")
    tables = read_tables(tmp_path / "out" / "latest")
    assert len(seen[0]) == 2  # the copy and the wire story, not the cranes
    together = tables.clusters.filter(pl.col("cluster_size") == 2)
    assert set(together["article_id"]) == seen[0]
    wire = first.articles.filter(pl.col("url").str.ends_with("wire"))["article_id"].item()
    assert tables.clusters.filter(article_id=wire)["previous_cluster_id"].item() == wire
    others = tables.clusters.filter(pl.col("cluster_size") == 1).drop("run_id")
    assert others.equals(first.clusters.join(others, on="article_id", how="semi").drop("run_id"))


def test_what_is_gone_leaves_its_story_and_the_rest_is_matched_again(tmp_path: Path) -> None:
    rows = [
        {
            "name": "long",
            "text": FERRY + " The authority agreed on Friday to wait for the report.",
            "day": "2024-10-02",
        },
        {"name": "wire", "text": FERRY, "day": "2024-10-02"},
        {"name": "copy", "text": FERRY.upper(), "day": "2024-10-03"},
        {"name": "retold", "text": FERRY_RETOLD, "day": "2024-10-02"},
    ]
    articles = make_articles(*rows)
    long, wire, copy, retold = articles["article_id"]
    match_part(tmp_path, 0, articles)
    before = pl.read_parquet(tmp_path / "0" / "clusters.parquet")
    assert dict(before.select("article_id", "cluster_id").iter_rows())[copy] == long
    match_part(tmp_path, 1, articles[:0], gone=articles["article_id"][:1])
    after = pl.read_parquet(tmp_path / "1" / "clusters.parquet")
    assert dict(after.select("article_id", "cluster_id").iter_rows()) == {wire: wire, copy: wire, retold: retold}
    assert dict(after.select("article_id", "previous_cluster_id").iter_rows())[copy] == long
    pairs = pl.read_parquet(tmp_path / "1" / "duplicate_pairs.parquet")
    assert [set(pair) for pair in pairs.select("left_id", "right_id").iter_rows()] == [{wire, copy}]
    assert set(ids(*find_parts(tmp_path / "1"))) == {wire, copy, retold}


def test_a_related_pair_stays_until_one_of_the_two_is_gone(tmp_path: Path) -> None:
    statement = FERRY.replace('"', "")[120:620]
    rows = [
        {
            "name": "speech",
            "text": f"The mayor spoke on Monday in the rain. “{statement}” Nobody clapped at the end of it.",
        },
        {
            "name": "mockery",
            "text": f"A forum made fun of the mayor on Friday. “{statement}” A baker printed it on bags.",
        },
        {"name": "retold", "text": FERRY_RETOLD},
    ]
    articles = make_articles(*({**row, "title": "Mayor speaks", "day": "2024-10-02"} for row in rows))
    speech, mockery, _ = articles["article_id"]

    def related(number: int) -> list[set[str]]:
        pairs = pl.read_parquet(tmp_path / str(number) / "related_pairs.parquet")
        return [set(pair) for pair in pairs.select("left_id", "right_id").iter_rows()]

    match_part(tmp_path, 0, articles[:1])
    match_part(tmp_path, 1, articles[1:2])
    match_part(tmp_path, 2, articles[2:])
    assert related(0) == []
    assert related(1) == related(2) == [{speech, mockery}]
    match_part(tmp_path, 3, articles[:0], gone=articles["article_id"][:1])
    assert related(3) == []


def test_similar_ranks_the_copy_first_and_leaves_the_document_itself_out(
    tmp_path: Path, run_pipeline: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    (landing / "wire.txt").write_text(FERRY)
    (landing / "retold.txt").write_text(FERRY_RETOLD)
    chosen = Settings(output=str(tmp_path / "out"))
    with pytest.raises(CopydeskError, match="Nothing was published"):
        print_similar(landing / "wire.txt", chosen)
    run_pipeline([landing], tmp_path / "out")
    snapshot = latest_snapshot(tmp_path / "out")
    assert snapshot
    copy = tmp_path / "copy.txt"
    copy.write_text("Ferry saved\n\n" + FERRY.replace("1,200", "1,300"))
    nearest = find_similar(extract_document(copy, chosen), snapshot, CONFIG, 5)
    articles = read_tables(snapshot.path).articles
    wire = articles.filter(pl.col("source_uri").str.ends_with("wire.txt"))["article_id"].item()
    assert nearest["article_id"][0] == wire
    assert nearest["copy"][0] > 0.5
    assert nearest["copy"].is_sorted(descending=True)
    summary = read_tables(snapshot.path).story_summary
    assert nearest["story"][0] in {row["title"] or row["story_id"] for row in summary.iter_rows(named=True)}
    own = find_similar(extract_document(landing / "wire.txt", chosen), snapshot, CONFIG, 5)
    assert wire not in own["article_id"].to_list()
    print_similar(copy, chosen)
    assert wire[:8] in capsys.readouterr().out.replace("\n", "")
    copy.write_text(
        "Nothing of this kind was ever printed by anybody before, so there is no match for these words at all."
    )
    print_similar(copy, chosen)
    assert "Nothing like it ever ran" in capsys.readouterr().out


def test_reindex_gives_the_same_index_and_touches_no_table(tmp_path: Path, run_pipeline: Callable) -> None:
    run_pipeline([SEEDS], tmp_path, run_id="20260101T000000Z-0001")
    before = latest_snapshot(tmp_path)
    assert before
    published, n_articles = rebuild_index(Settings(output=str(tmp_path)))
    after = latest_snapshot(tmp_path)
    assert after
    assert (after.path, after.manifest["previous_run_id"]) == (published.resolve(), before.run_id)
    parts = {snapshot.run_id: list_parts(snapshot, CONFIG) for snapshot in (before, after)}
    everyone = pl.Series("article_id", ids(*(parts[before.run_id] or [])))
    assert n_articles == len(everyone) == 8
    signed = [read_signed(parts[snapshot.run_id] or [], everyone).sort("article_id") for snapshot in (before, after)]
    assert signed[0].equals(signed[1])
    for table in ("articles", "clusters"):
        assert [p.stat().st_ino for p in before.files(table)] == [p.stat().st_ino for p in after.files(table)]
    assert not list(tmp_path.glob("_staging/*"))
    assert run_pipeline([SEEDS], tmp_path, run_id="20990101T000000Z-0001") is None
    (tmp_path / "more.txt").write_text(FERRY)
    run_pipeline([tmp_path / "more.txt"], tmp_path, run_id="20990101T000001Z-0001")
    assert read_tables(tmp_path / "latest").clusters.height == 9


def test_a_lost_index_is_reported_and_rebuilt(tmp_path: Path, run_pipeline: Callable) -> None:
    with pytest.raises(CopydeskError, match="Nothing was published"):
        rebuild_index(Settings(output=str(tmp_path)))
    run_pipeline([SEEDS], tmp_path, run_id="20260101T000000Z-0001")
    next((tmp_path / "latest" / archive.INDEX).glob("*.keys.npy")).unlink()
    with pytest.raises(CopydeskError, match="archive index") as error:
        latest_snapshot(tmp_path)
    assert "copydesk reindex" in str(error.value.hint)
    assert rebuild_index(Settings(output=str(tmp_path)))[1] == 8
    assert latest_snapshot(tmp_path)


def test_an_index_of_other_settings_is_not_used(tmp_path: Path, run_pipeline: Callable) -> None:
    run_pipeline([SEEDS], tmp_path)
    other = NearDuplicateConfig(words_per_shingle=4)
    assert list_parts(latest_snapshot(tmp_path), other) is None
    with pytest.raises(CopydeskError, match="another version or other settings"):
        print_similar(
            SEEDS / "000_e92e818c1740ec33.txt",
            Settings.model_validate({"output": str(tmp_path), "cleaning": {"near_duplicates": other.model_dump()}}),
        )


def test_probing_names_the_earlier_articles(tmp_path: Path) -> None:
    earlier, new = (
        sign_articles(numbered(0, 6)),
        sign_articles(make_articles({"name": "new", "text": FERRY + " boats"})),
    )
    part = write_part(tmp_path, "run", earlier, CONFIG)
    found = probe_archive([part], segment_of(new), CONFIG)
    assert set(found["row"]) == {0}
    assert set(found["earlier_id"]) == set(earlier["article_id"])
