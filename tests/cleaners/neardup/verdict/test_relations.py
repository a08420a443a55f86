import polars as pl
import pytest

from cleaners.neardup.verdict.relations import DUPLICATE, OF_LONGER, RELATED, RULE


def name(expression: pl.Expr, **features: float) -> object:
    return pl.DataFrame({key: [value] for key, value in features.items()}).select(expression).item()


def test_the_share_of_the_longer_follows_from_the_two_others():
    assert name(OF_LONGER, jaccard=30 / 120, containment=30 / 50) == pytest.approx(30 / 100)
    assert name(OF_LONGER, jaccard=1.0, containment=1.0) == 1.0


@pytest.mark.parametrize(
    ("short", "shared", "long", "relation"),
    [(100, 95, 100, "copy"), (100, 80, 120, "copy"), (50, 48, 200, "excerpt"), (100, 55, 140, "update")],
)
def test_what_a_near_duplicate_is_of_the_other(short, shared, long, relation):
    features = {"jaccard": shared / (short + long - shared), "containment": shared / short}
    assert name(DUPLICATE, **features) == relation


@pytest.mark.parametrize(
    ("quoted", "opening", "relation", "rule"),
    [
        (0.9, 0.8, "quotes", "the same statement"),
        (0.1, 0.1, "standing_text", "the same gallery, list or background"),
        (0.1, 0.8, "standing_text", "the same form, other facts"),
    ],
)
def test_what_two_stories_share(quoted, opening, relation, rule):
    assert name(RELATED, quoted=quoted, shared_opening=opening) == relation
    assert name(RULE, quoted=quoted, shared_opening=opening) == rule
