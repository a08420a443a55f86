import json
import re
import time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.quality.dups import predict
from cleaners.errors import CopydeskError
from cleaners.neardup import NearDuplicateConfig, find_near_duplicates, sign_articles
from cleaners.schemas import Clusters, DuplicatePairs, RelatedPairs
from tests.cleaners.neardup.texts import EARNINGS, FERRY, FERRY_RETOLD, WEATHER, make_articles, name_id

SEEDS = Path(__file__).parents[3] / "seeds"
TOP_STORIES = re.compile(r"Top stories Swipe\. .*? success story (?=\")")  # what the strip step takes out
EMBEDDED_CARD = "Straits Times\n3 hours ago\n- Straits Times\n"

MARKET = """Shares in Tallinn closed higher on Thursday as banks recovered from the week's losses. The main index added 1.7
per cent to 1,934 points, its best day since May. Analysts at the Baltic Securities desk said buyers had returned after the
central bank left its rate at 3.25 per cent and hinted at a cut in the autumn. Turnover reached 41 million euros."""


def groups(clusters: pl.DataFrame) -> set[frozenset[str]]:
    return {frozenset(ids) for ids in clusters.group_by("cluster_id").agg("article_id")["article_id"].to_list()}


def stories(*rows: dict[str, object]) -> list[set[int]]:
    """The clusters of two or more, as row numbers."""
    number = {name_id(str(row.get("name", i))): i for i, row in enumerate(rows)}
    found = groups(find_near_duplicates(make_articles(*rows)).clusters)
    return sorted(({number[i] for i in group} for group in found if len(group) > 1), key=min)


def archive() -> list[dict[str, object]]:
    """Copies, an excerpt, an update, a correction, a retelling, notices of one form, short and empty texts."""
    sentences = FERRY.split(". ")
    return [
        {"name": "wire", "text": FERRY, "title": "Marholm ferry saved for the winter", "day": "2024-10-02"},
        {"name": "copy", "text": FERRY.upper(), "title": "Island keeps its boat", "day": "2024-10-03"},
        {"name": "name", "text": FERRY.replace("Zelensky", "Zelenskyy"), "title": "Marholm ferry saved", "day": "2024-10-02"},
        {"name": "excerpt", "text": ". ".join(sentences[:5]), "title": "Ferry saved for the winter", "day": "2024-10-02"},
        {"name": "update", "text": "UPDATE: The minister has now agreed. " + FERRY, "title": "Ferry saved", "day": "2024-10-03"},
        {"name": "retold", "text": FERRY_RETOLD, "title": "Marholm ferry saved for the winter", "day": "2024-10-02"},
        {"name": "retold copy", "text": FERRY_RETOLD.upper(), "title": "Island boat stays", "day": "2024-10-09"},
        {"name": "market", "text": MARKET, "title": "Tallinn shares rise", "day": "2024-10-03"},
        {"name": "market1", "text": MARKET.replace("\n", " "), "title": "Markets", "day": "2024-10-04"},
        {"name": "market2", "text": MARKET + " (Baltic desk)", "title": "Shares rise in Tallinn", "day": "2024-10-03"},
        *(
            {"name": f"weather{i}", "text": WEATHER.format(**values), "title": f"Tarn valley weather, {values['day']}", "day": f"2024-10-{i + 1:02}"}
            for i, values in enumerate(
                [
                    {"day": "Monday 7 October", "sky": "overcast", "wind": "northerly", "high": 11, "low": 3, "rain": 14, "level": 2.31, "town": "Osterby"},
                    {"day": "Friday 11 October", "sky": "sunny", "wind": "easterly", "high": 18, "low": 7, "rain": 0, "level": 1.87, "town": "Velm"},
                    {"day": "Sunday 20 October", "sky": "foggy", "wind": "southerly", "high": 14, "low": 9, "rain": 5, "level": 2.05, "town": "Kirkstead"},
                ]
            )
        ),
        {"name": "short", "text": "Full story to follow.", "title": "Bridge closed"},
        {"name": "short2", "text": "Full story to follow.", "title": "Minister resigns"},
        {"name": "one word", "text": "Correction"},
        {"name": "wordless", "text": "***"},
        {"name": "wordless2", "text": "***"},
        {"name": "refrain", "text": "Advance, fair land. " * 400},
        {"name": "refrain2", "text": "Advance, fair land. " * 300},
    ]  # fmt: skip


def test_tables_keep_their_contracts_and_every_member_has_a_pair_with_its_canonical_article():
    found = find_near_duplicates(make_articles(*archive()))
    clusters = found.clusters.with_columns(run_id=pl.lit("r1"), changed_run=pl.lit("r1"))
    Clusters.validate(clusters.select(Clusters.column_names()))
    DuplicatePairs.validate(found.pairs)
    RelatedPairs.validate(found.related)
    assert found.pairs.select(pl.col("left_id") < pl.col("right_id")).to_series().all()
    pairs = {tuple(pair) for pair in found.pairs.select("left_id", "right_id").iter_rows()}
    for row in found.clusters.iter_rows(named=True):
        assert row["is_canonical"] == (row["article_id"] == row["cluster_id"])
        assert row["match"] == "single" if row["is_canonical"] else row["match"] in ("exact", "near")
        if not row["is_canonical"]:
            assert tuple(sorted((row["article_id"], row["cluster_id"]))) in pairs
    assert found.clusters["article_id"].is_sorted()


def test_what_is_one_story_and_what_is_not():
    rows = archive()
    name = [row["name"] for row in rows]
    found = [{name[i] for i in group} for group in stories(*rows)]
    assert {"wire", "copy", "name", "excerpt", "update"} in found
    assert {"market", "market1", "market2"} in found
    assert {"retold", "retold copy"} in found
    alone = {"weather0", "weather1", "weather2", "short", "short2", "one word", "wordless", "wordless2"}
    assert not alone & set().union(*found)


def test_canonical_is_the_most_complete_then_the_earliest_then_the_smallest_id():
    late, early = {"text": MARKET, "day": "2024-10-05", "name": "a"}, {"text": MARKET, "day": "2024-10-03", "name": "b"}
    undated, longer = (
        {"text": MARKET, "name": "c"},
        {"text": MARKET + " More tomorrow.", "day": "2024-10-09", "name": "d"},
    )

    def canonical(*rows):
        found = find_near_duplicates(make_articles(*rows)).clusters
        return found.filter("is_canonical")["article_id"].to_list()

    assert canonical(late, early, undated) == [name_id("b")]
    assert canonical(late, early, longer) == [name_id("d")]
    assert canonical({"text": MARKET, "name": "x"}, {"text": MARKET, "name": "y"}) == [min(name_id("x"), name_id("y"))]


def test_matches_and_similarity():
    clusters = find_near_duplicates(make_articles(*archive())).clusters
    match = dict(clusters.select("article_id", "match").iter_rows())
    similarity = dict(clusters.select("article_id", "similarity").iter_rows())
    size = dict(clusters.select("article_id", "cluster_size").iter_rows())
    assert match[name_id("update")] == match[name_id("one word")] == "single"
    assert match[name_id("wire")] == match[name_id("copy")] == match[name_id("excerpt")] == "near"
    assert match[name_id("refrain2")] == "near"  # the same words again, but not as often
    assert similarity[name_id("update")] == 1.0
    assert similarity[name_id("wire")] > 0.95
    assert size[name_id("wire")] == 5
    assert size[name_id("short")] == 1
    exact = find_near_duplicates(make_articles({"text": FERRY}, {"text": FERRY.upper()})).clusters
    assert sorted(exact["match"].to_list()) == ["exact", "single"]
    assert exact["similarity"].to_list() == [1.0, 1.0]


def test_evidence_is_json_and_says_what_decided():
    pairs = find_near_duplicates(make_articles(*archive())).pairs
    evidence = [json.loads(text) for text in pairs["evidence"]]
    assert {one["decision"] for one in evidence} == {"exact", "trained"}
    trained = [one for one in evidence if one["decision"] == "trained"]
    assert {one["same_text_as"] for one in trained} == {None, name_id("wire"), name_id("market")}
    assert all(one["probability"] >= 0.1 and 0 <= one["shared_facts"] <= 1 for one in trained)


def test_what_two_articles_are_to_each_other_is_said_in_a_word():
    found = find_near_duplicates(make_articles(*archive()))
    relation = {
        frozenset(pair): word for *pair, word in found.pairs.select("left_id", "right_id", "relation").iter_rows()
    }
    assert relation[frozenset({name_id("wire"), name_id("update")})] == "copy"
    evidence = {
        frozenset(pair): json.loads(text)
        for *pair, text in found.pairs.select("left_id", "right_id", "evidence").iter_rows()
    }
    assert evidence[frozenset({name_id("wire"), name_id("update")})]["earlier"] == name_id("wire")


def test_reports_of_one_statement_are_related_and_never_one_story():
    statement = FERRY.replace('"', "")[120:620]
    rows = [
        {"name": "speech", "title": "Mayor speaks", "day": "2024-10-02", "text": f"{MARKET} The mayor said: “{statement}” Nobody clapped."},
        {"name": "mockery", "title": "Mayor mocked", "day": "2024-10-03", "text": f"Users of a forum made fun of the mayor on Friday. “{statement}” one post repeated. A baker printed it on bags."},
    ]  # fmt: skip
    found = find_near_duplicates(make_articles(*rows))
    assert found.clusters["cluster_size"].to_list() == [1, 1]
    assert found.pairs.is_empty()
    pair = found.related.row(0, named=True)
    assert {pair["left_id"], pair["right_id"]} == {name_id("speech"), name_id("mockery")}
    assert pair["relation"] == "quotes"
    assert json.loads(pair["evidence"])["rule"] == "the same statement"


@settings(deadline=None, max_examples=15)
@given(st.permutations(range(len(archive()))))
def test_the_order_of_the_rows_changes_nothing(order):
    articles = make_articles(*archive())
    expected, found = find_near_duplicates(articles), find_near_duplicates(articles[list(order)])
    assert found.clusters.equals(expected.clusters)
    assert found.pairs.equals(expected.pairs)
    assert found.related.equals(expected.related)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.text(max_size=60), max_size=8), st.randoms(use_true_random=False))
def test_any_texts_are_clustered_alike_in_any_order(texts, random):
    articles = make_articles(*({"text": text} for text in [*texts, *texts[:2]]))
    order = random.sample(range(len(articles)), len(articles))
    clusters = find_near_duplicates(articles).clusters
    assert find_near_duplicates(articles[order]).clusters.equals(clusters)
    assert clusters["article_id"].to_list() == sorted(articles["article_id"].to_list())


def test_other_articles_beside_them_change_no_cluster():
    rows = archive()
    others = [{"name": f"o{i}", "text": EARNINGS.format(company=f"Firm{i}", quarter="third", shr=i, shr2=i + 3, net=i * 7919, net2=i * 104729, revs=i * 31, revs2=i * 37, avg=i + 5, avg2=i + 9, city=f"Town{i}"), "day": "2024-10-02"} for i in range(40)]  # fmt: skip
    alone, beside = (find_near_duplicates(make_articles(*r)).clusters for r in (rows, rows + others))
    assert groups(alone) <= groups(beside)
    assert len(groups(beside)) == len(groups(alone)) + len(others)


def test_given_signatures_give_the_same_clusters():
    articles = make_articles(*archive())
    shards = [sign_articles(articles[start : start + 5]) for start in range(0, len(articles), 5)]
    found = find_near_duplicates(articles, signatures=pl.concat(reversed(shards)))
    assert found.clusters.equals(find_near_duplicates(articles).clusters)


def test_no_chain_joins_articles_that_share_nothing():
    # Each text shares half of its words with the next: neighbours are alike, the ends have nothing in common.
    words = [f"{'Kov' if i % 3 else 'par'}{i * 7919 % 1000}" for i in range(900)]
    rows = [
        {"text": " ".join(words[i * 30 : i * 30 + 120]), "title": "Harbour notes", "day": "2024-10-02"}
        for i in range(26)
    ]
    config = NearDuplicateConfig(minimum_probability=0.3)
    clusters = find_near_duplicates(make_articles(*rows), config).clusters
    place = {name_id(str(i)): i for i in range(len(rows))}
    joined = clusters.filter(~pl.col("is_canonical"))
    assert len(joined) > 5
    assert all(abs(place[a] - place[b]) < 4 for a, b in joined.select("article_id", "cluster_id").iter_rows())


def test_likeness_to_a_confirmed_member_helps_only_who_resembles_the_canonical_article_too():
    words = [f"{'Kov' if i % 3 else 'par'}{i * 7919 % 1000}" for i in range(400)]
    rows = [
        {"text": " ".join(words[:200]), "title": "Harbour notes", "day": "2024-10-02"},
        {"text": " ".join(words[60:200] + words[300:360]), "title": "Quay report", "day": "2024-10-02"},
        {"text": " ".join(words[300:360] + words[140:200]), "title": "Evening bulletin", "day": "2024-10-02"},
    ]

    def sizes(needed: float) -> list[int]:
        config = NearDuplicateConfig(minimum_probability_with_support=needed)
        return sorted(find_near_duplicates(make_articles(*rows), config).clusters["cluster_size"].to_list())

    assert sizes(0.05) == [3, 3, 3]
    assert sizes(0.499) == [1, 2, 2]


def test_previous_cluster_is_given_where_it_changed():
    rows = [{"name": "old", "text": MARKET}, {"name": "other", "text": FERRY}, {"name": "kept", "text": FERRY_RETOLD}]
    first = find_near_duplicates(make_articles(*rows)).clusters
    assert first["previous_cluster_id"].null_count() == 3
    more = [*rows, {"name": "full", "text": MARKET + " The exchange opens again on Monday at ten."}]
    second = find_near_duplicates(make_articles(*more), previous=first).clusters
    previous = dict(second.select("article_id", "previous_cluster_id").iter_rows())
    assert previous == {
        name_id("old"): name_id("old"),
        name_id("other"): None,
        name_id("kept"): None,
        name_id("full"): None,
    }
    third = find_near_duplicates(make_articles(*more), previous=second).clusters
    assert dict(third.select("article_id", "previous_cluster_id").iter_rows()) == previous


def test_seeds_two_embedded_items_that_differ_in_a_spelling_are_one_story_and_nothing_else():
    documents = {path.stem: path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.txt"))}
    host = next(text for text in documents.values() if EMBEDDED_CARD in text)
    main, *items = (TOP_STORIES.sub("", part) for part in host.split(EMBEDDED_CARD))
    texts = {name: main if text == host else text for name, text in documents.items()}
    texts.update({f"embedded {i}": text for i, text in enumerate(items, 1)})
    rows = [{"name": name, "title": text.split("\n")[0], "text": text} for name, text in texts.items()]
    assert [{rows[i]["name"] for i in group} for group in stories(*rows)] == [{"embedded 1", "embedded 2"}]


def test_a_story_in_a_script_without_spaces_and_its_excerpt():
    story = "市议会周二晚上投票决定在冬季继续运营渡轮。市长表示，这条航线每周运送约一千二百名乘客，到三月底将耗资四百六十万克朗。运营商九月宣布因燃料价格上涨百分之三十八将停止服务。反对派认为较小的船只可以以一半的价格完成航行。港务局将于一月公布比较报告。渔民要求时间表为早上的捕捞留出空间。"
    other = "国家队昨晚在首都体育场以三比一击败客队，前锋在下半场连进两球。主教练赛后表示球队的防守仍需改进，下一场比赛将于周六举行，门票已经售罄。球迷在场外庆祝到深夜，警方称没有发生事故。"
    assert stories({"text": story}, {"text": story[:100]}, {"text": other}) == [{0, 1}]


@pytest.mark.parametrize(
    "text", ["Copy. " * 50, "One identical notice of the county office about the closing of the pass road this week"]
)
def test_thousands_of_identical_texts_are_one_cluster_soon(text):
    articles = make_articles(*({"text": text, "name": i} for i in range(3000)))
    began = time.process_time()
    found = find_near_duplicates(articles)
    assert time.process_time() - began < 5
    assert found.clusters["cluster_size"].unique().to_list() == [3000]
    assert found.pairs.height == 2999


def test_thousands_of_notices_of_one_form_cost_no_square():
    def notice(i: int) -> str:
        return EARNINGS.format(company=f"Alpha{i}", quarter="first", shr=i, shr2=i + 1, net=i * 13, net2=i * 17, revs=i * 19, revs2=i * 23, avg=i * 3, avg2=i * 5, city=f"Beta{i}")  # fmt: skip

    def seconds(n: int) -> float:
        articles = make_articles(*({"text": notice(1000 + i), "name": i} for i in range(n)))
        began = time.process_time()
        clusters = find_near_duplicates(articles).clusters
        assert clusters["cluster_size"].max() < 10
        return time.process_time() - began

    small, large = seconds(400), seconds(3200)
    assert large < 20 * max(small, 0.05)  # a square would be 64 times


def test_repeated_missing_and_unsigned_ids_are_refused():
    articles = make_articles({"text": FERRY, "name": "a"}, {"text": MARKET, "name": "b"})
    with pytest.raises(CopydeskError, match="occurs more than once"):
        find_near_duplicates(pl.concat([articles, articles[:1]]))
    with pytest.raises(CopydeskError, match="1 articles have no signature"):
        find_near_duplicates(articles, signatures=sign_articles(articles[:1]))
    with pytest.raises(CopydeskError, match="the config asks for 256"):
        find_near_duplicates(articles, NearDuplicateConfig(n_permutations=256), sign_articles(articles))


def test_no_articles_give_empty_tables():
    found = find_near_duplicates(make_articles())
    full = find_near_duplicates(make_articles(*archive()))
    assert found.clusters.schema == full.clusters.schema
    assert found.pairs.schema == full.pairs.schema
    assert found.related.schema == full.related.schema
    assert len(found.clusters) == len(found.pairs) == len(found.related) == 0


def test_predictor_writes_a_cluster_for_every_id_and_reads_no_gold(tmp_path):
    lines = [
        {"id": "x", "text": FERRY},
        {"id": "y", "text": FERRY.upper(), "published_at": "2024-10-02T10:00:00"},
        {"id": "z", "text": MARKET, "title": None},
    ]
    (tmp_path / "in.jsonl").write_text(
        "\n".join(json.dumps({**line, "cluster_id": "c1", "role": "copy"}) for line in lines)
    )
    predict(tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    found = {row["id"]: row["cluster_id"] for row in map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())}
    assert set(found) == {"x", "y", "z"}
    assert found["x"] == found["y"] != found["z"]
