import json

import polars as pl
import pytest

from cleaners.neardup import explain_pairs, find_near_duplicates
from cleaners.neardup.verdict.explain import MAX_FACTS
from tests.cleaners.neardup.texts import FERRY, make_articles


def explain(first: str, second: str) -> tuple[dict, pl.DataFrame]:
    rows = ({"name": "a", "text": first, "day": "2024-10-02"}, {"name": "b", "text": second, "day": "2024-10-02"})
    articles = make_articles(*rows)
    pairs = explain_pairs(find_near_duplicates(articles).pairs, articles)
    return json.loads(pairs["evidence"].item()), pairs.with_columns(
        first_is_left=pl.col("left_id") == articles["article_id"][0]
    )


def test_facts_of_one_side_are_named_in_reading_order():
    updated = FERRY.replace("1,200", "1,350").replace("Zelensky", "Zelenskyy").replace("fresh bread", "fresh Bread")
    evidence, pairs = explain(FERRY, updated)
    first, second = ("only_left", "only_right") if pairs["first_is_left"].item() else ("only_right", "only_left")
    assert evidence[first] == ["Zelensky", "1,200"]
    assert evidence[second] == ["Zelenskyy", "1,350"]


def test_containment_both_ways():
    evidence, pairs = explain(FERRY, " ".join(FERRY.split()[:90]))
    assert evidence["containment"] == 1.0
    assert evidence["containment_of_longer"] == pytest.approx(pairs["jaccard"].item(), abs=1e-4)
    assert evidence["containment_of_longer"] < 0.7
    short_side = "only_right" if pairs["first_is_left"].item() else "only_left"
    assert evidence[short_side] == []


def test_a_side_with_many_facts_gives_the_first_few():
    evidence, pairs = explain(FERRY, FERRY + " " + " ".join(f"Aab{chr(97 + i)}" for i in range(20)))
    longer = "only_right" if pairs["first_is_left"].item() else "only_left"
    assert evidence[longer] == [f"Aab{chr(97 + i)}" for i in range(MAX_FACTS)]


def test_exact_copies_and_articles_without_a_text_stay_as_they_are():
    articles = make_articles({"name": "a", "text": FERRY}, {"name": "b", "text": FERRY.upper()})
    pairs = find_near_duplicates(articles).pairs
    assert explain_pairs(pairs, articles).equals(pairs)
    near = make_articles({"name": "a", "text": FERRY}, {"name": "b", "text": FERRY + " More soon."})
    pairs = find_near_duplicates(near).pairs
    assert "only_left" not in json.loads(explain_pairs(pairs, near.with_columns(text=pl.lit(None)))["evidence"].item())
    assert explain_pairs(pairs[:0], near).height == 0
