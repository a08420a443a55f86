import polars as pl

from cleaners.neardup import find_near_duplicates
from tests.cleaners.neardup.texts import FERRY, FERRY_RETOLD, WEATHER, make_articles, name_id

REPORT = WEATHER.format(
    day="Monday 7 October", sky="overcast", wind="northerly", high=11, low=3, rain=14, level=2.31, town="Osterby"
)
BRIEFING = f"{FERRY} {REPORT} In other news, the school at Velm got a new roof and 12 desks from the county this week."


def stories(*rows: dict[str, object]) -> set[frozenset[str]]:
    """The names of the articles in each cluster."""
    names = {name_id(str(row["name"])): str(row["name"]) for row in rows}
    clusters = find_near_duplicates(make_articles(*({"day": "2024-10-07", **row} for row in rows))).clusters
    found = clusters.group_by("cluster_id").agg(pl.col("article_id").replace_strict(names))
    return {frozenset(group) for group in found["article_id"].to_list()}


def test_a_long_article_makes_no_story_of_two_that_share_nothing():
    ferry, weather = {"name": "ferry", "text": FERRY}, {"name": "weather", "text": REPORT}
    briefing = {"name": "briefing", "text": BRIEFING}
    assert stories(ferry, briefing) == {frozenset({"ferry", "briefing"})}
    assert stories(weather, briefing) == {frozenset({"weather", "briefing"})}
    assert stories(ferry, weather, briefing) == {frozenset({"ferry", "briefing"}), frozenset({"weather"})}


def test_what_a_long_article_leaves_over_is_grouped_by_itself():
    rows = [
        {"name": "ferry", "text": FERRY},
        {"name": "briefing", "text": BRIEFING},
        {"name": "weather", "text": REPORT},
        {"name": "weather too", "text": REPORT + " It will be read on the air as well."},
    ]
    assert stories(*rows) == {frozenset({"ferry", "briefing"}), frozenset({"weather", "weather too"})}


def test_cuts_of_one_article_that_overlap_are_one_story():
    words = (FERRY + " " + FERRY_RETOLD).split()
    rows = [
        {"name": "whole", "text": " ".join(words)},
        {"name": "head", "text": " ".join(words[:110])},
        {"name": "top", "text": " ".join(words[:90])},
    ]
    assert stories(*rows) == {frozenset({"whole", "head", "top"})}
