import numpy as np
import pytest

from cleaners.neardup import NearDuplicateConfig
from cleaners.neardup.verify import FEATURES, describe_articles, judge_pairs, load_decisions, measure_pairs
from tests.neardup.texts import FERRY, FERRY_RETOLD, make_articles

CONFIG = NearDuplicateConfig()


def measure(*rows: dict[str, object]) -> dict[str, float | None]:
    described = describe_articles(make_articles(*rows), CONFIG)
    return measure_pairs(described, np.array([0]), np.array([1])).row(0, named=True)


def probability(*rows: dict[str, object]) -> float:
    described = describe_articles(make_articles(*rows), CONFIG)
    return float(judge_pairs(measure_pairs(described, np.array([0]), np.array([1])), CONFIG)[0])


def test_an_excerpt_is_contained_and_the_order_of_the_two_is_nothing():
    excerpt = {"text": " ".join(FERRY.split()[:80]), "title": "Ferry saved", "day": "2024-10-02"}
    whole = {"text": FERRY, "title": "Marholm ferry saved for the winter", "day": "2024-10-03"}
    features = measure(whole, excerpt)
    assert features["containment"] == 1.0
    assert features["shared_facts"] == features["shared_numbers"] == 1.0
    assert features["shared_title"] == 1.0
    assert features["log_days"] == pytest.approx(np.log(2))
    assert features["log_words"] == pytest.approx(np.log(80), abs=0.1)
    assert features["jaccard"] < 0.6
    swapped = measure({**excerpt, "name": "1"}, {**whole, "name": "0"})
    assert swapped == features


def test_changed_figures_lower_the_shared_numbers():
    other = FERRY.replace("1,200", "1,350").replace("4.6", "7.1").replace("38", "52").replace("300", "450")
    assert measure({"text": FERRY}, {"text": other})["shared_numbers"] < 0.65
    assert measure({"text": FERRY}, {"text": FERRY + " Extra."})["shared_numbers"] > 0.95


def test_a_name_in_capitals_is_still_found():
    assert measure({"text": FERRY}, {"text": FERRY.upper()})["shared_facts"] == 1.0


def test_what_is_not_known_is_null_and_has_its_own_model():
    features = measure({"text": FERRY}, {"text": FERRY_RETOLD, "title": "!", "day": "2024-10-02"})
    assert features["shared_title"] is None
    assert features["log_days"] is None
    known = {frozenset(decision.features) for decision in load_decisions()}
    everything = frozenset(FEATURES)
    assert known == {
        everything,
        everything - {"shared_title"},
        everything - {"log_days"},
        everything - {"shared_title", "log_days"},
    }


@pytest.mark.parametrize(
    "known", [{}, {"title": "Ferry saved"}, {"day": "2024-10-02"}, {"title": "Ferry saved", "day": "2024-10-02"}]
)
def test_every_model_tells_a_copy_from_a_retelling(known):
    copy = FERRY.replace("Zelensky", "Zelenskiy") + " (Reporting by the island desk)"
    assert probability({"text": FERRY, **known}, {"text": copy, **known}) > 0.9
    assert probability({"text": FERRY, **known}, {"text": FERRY_RETOLD, **known}) < 0.3


def test_more_evidence_never_speaks_against():
    for decision in load_decisions():
        weights = dict(zip(decision.features, decision.weights, strict=True))
        assert all(weight > 0 for name, weight in weights.items() if name != "log_days")
        assert weights.get("log_days", -1) < 0


def test_wordless_texts_are_never_one_story():
    assert probability({"text": "..."}, {"text": FERRY}) < 0.05
