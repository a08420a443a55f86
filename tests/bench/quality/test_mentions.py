import polars as pl

from bench.quality.mentions import count_verdicts, draw_mentions, wilson

TEXT = "The mayor, Anna Kowalski, met Rose Garden staff.\nMs Kowalski left."


def make_mentions() -> pl.DataFrame:
    places = [(11, 24), (30, 41), (52, 60)]
    return pl.DataFrame(
        {
            "article_id": ["a"] * 4,
            "start": [start for start, _ in places] + [0],
            "end": [end for _, end in places] + [3],
            "entity": ["person"] * 3 + ["organisation"],
        }
    )


def test_people_alone_are_drawn_with_what_stands_around_them():
    articles = pl.DataFrame({"article_id": ["a", "b"], "text": [TEXT, "Nobody here."]})
    drawn = draw_mentions(articles, make_mentions(), 10, 1).sort("start")
    assert drawn["surface"].to_list() == ["Anna Kowalski", "Rose Garden", "Kowalski"]
    assert drawn["before"][0] == "The mayor, "
    assert drawn["after"][1].startswith(" staff. Ms Kowalski")
    assert drawn["per_1000"][0] == 500
    assert draw_mentions(articles, make_mentions(), 2, 1).equals(draw_mentions(articles, make_mentions(), 2, 1))


def test_verdicts_are_counted_per_1000_articles():
    labels = pl.DataFrame({"verdict": ["", None, "no ", "part"], "per_1000": [50.0] * 4})
    lines = count_verdicts(labels).splitlines()
    assert lines[0].startswith("name: 2 of 4 ")
    assert any(line.startswith("no: 1 of 4 ") and line.endswith("50 per 1,000 articles") for line in lines)


def test_interval_of_a_share_holds_it_and_stays_within_bounds():
    low, high = wilson(0, 500)
    assert abs(low) < 1e-9
    assert 0.005 < high < 0.01
    assert wilson(10, 500)[0] < 0.02 < wilson(10, 500)[1]
