import numpy as np
import pytest

from cleaners.neardup import NearDuplicateConfig
from cleaners.neardup.sketch.signatures import compute_signatures
from cleaners.neardup.verdict.verify import (
    FEATURES,
    bound_pairs,
    describe_articles,
    judge_pairs,
    load_decisions,
    measure_pairs,
)
from tests.cleaners.neardup.texts import EARNINGS, FERRY, FERRY_RETOLD, WEATHER, make_articles

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


STATEMENT = """We have waited eleven years for a quay that does not flood, and each spring we are promised another survey. The
boats are old, the crane is older, and the men who can mend it have left for the mainland. If the ministry wants the catch
landed here it can send the concrete before the ice comes, and it can send it without a ribbon and a band."""


def test_a_shared_quotation_is_no_prose_whichever_marks_stand_around_it():
    first = f"{FERRY} “{STATEMENT}” the harbour master said."
    second = (
        f"Anglers at the far end of the island took another view on Sunday morning. {STATEMENT} They read it twice."
    )
    quoted = (
        f'Anglers at the far end of the island took another view on Sunday morning. "{STATEMENT}" They read it twice.'
    )
    for other in (second, quoted):  # the one gives it as a block, without marks
        features = measure({"text": first}, {"text": other})
        assert features["containment"] > 0.6
        assert features["quoted"] > 0.95
        assert features["prose_containment"] < 0.35
        assert features["shared_opening"] < 0.3
        assert probability({"text": first, "title": "Quay"}, {"text": other, "title": "Quay"}) == 0.0


def test_a_copy_that_lost_its_quotation_marks_is_a_copy():
    text = f"{FERRY} “{STATEMENT}” the harbour master said."
    features = measure({"text": text}, {"text": text.replace("“", "").replace("”", "").replace('"', "")})
    assert features["quoted"] > 0.2
    assert features["prose_containment"] == features["shared_opening"] == 1.0


def test_standing_text_behind_two_openings_is_seen():
    gallery = " ".join(
        f"Hide caption {i} of 14 The quay of port {i} at low tide in the year {1960 + i}" for i in range(14)
    )
    features = measure({"text": f"{FERRY} {gallery}"}, {"text": f"{FERRY_RETOLD} {gallery}"})
    assert features["containment"] > 0.5
    assert features["shared_opening"] < 0.2
    assert probability({"text": f"{FERRY} {gallery}"}, {"text": f"{FERRY_RETOLD} {gallery}"}) == 0.0


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
def test_every_model_separates_a_copy_from_a_retelling(known):
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


def test_no_pair_exceeds_what_numbers_titles_and_dates_let_hope_for():
    days = ["2024-10-02", "2024-11-30"]
    texts = [FERRY, FERRY_RETOLD, FERRY.replace("1,200", "1,350").replace("4.6", "7.1"), WEATHER, EARNINGS, "Fog.", ""]
    articles = make_articles(
        *({"text": text, "title": text[:30], "day": day} for text in texts for day in days),
        *({"text": text} for text in texts),
    )
    described = describe_articles(articles, CONFIG)
    left, right = np.triu_indices(articles.height, 1)
    found = judge_pairs(measure_pairs(described, left, right), CONFIG)
    bound = bound_pairs(described, left, right, CONFIG)
    assert (bound >= found - 1e-12).all()
    assert (found > 0.5).any()
    assert (bound < 0.5).any()


def test_what_signing_kept_describes_articles_as_reading_them_again_does():
    texts = [FERRY, "Fog.", "", "中国人民银行今天宣布 1,200", FERRY_RETOLD, "Élan ½ x\u00adY"] * 3000
    articles = make_articles(*({"text": f"{text} {i}"} for i, text in enumerate(texts)))
    kept = compute_signatures(articles["text"], CONFIG, keep_readings=True)
    assert len(kept.readings) > 1
    rows = np.flatnonzero(np.arange(len(texts)) % 5 < 2)
    found = describe_articles(articles, CONFIG, rows, kept.readings)
    expected = describe_articles(articles[rows], CONFIG)
    assert found.ids.equals(expected.ids)
    for name in ("n_words", "marks", "n_quoted", "n_opening", "published_days"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    for name in ("shingles", "words", "names", "numbers", "titles"):
        for one, other in zip(getattr(found, name), getattr(expected, name), strict=True):
            np.testing.assert_array_equal(one, other)
