"""Documents that were not written for readers: time and memory stay in proportion to their size."""

import time
import tracemalloc

import polars as pl
import pytest

from cleaners.neardup import explain_pairs, find_near_duplicates, sign_articles
from tests.cleaners.neardup.texts import FERRY, make_articles

pytestmark = pytest.mark.slow

MEGABYTE = 1_000_000


def unlike_words(n: int) -> str:
    return " ".join(f"w{i * 7919 % 1_000_003}" for i in range(n))


# Made when a test wants them: every process that collects the tests would make them.
HOSTILE = {
    "three megabytes of words": lambda: unlike_words(400_000),
    "one word of ten megabytes": lambda: "x" * 10 * MEGABYTE,
    "one number of five megabytes": lambda: "7" * 5 * MEGABYTE,
    "digits and commas": lambda: "1,2." * MEGABYTE,
    "a paragraph a hundred thousand times": lambda: (FERRY[:60] + "\n\n") * 100_000,
    "accents without letters": lambda: "\u0301" * MEGABYTE,
    "nothing but invisible characters": lambda: "\u200b" * MEGABYTE,
    "characters without spaces": lambda: "中国日报" * 250_000,
    "capitals": lambda: "A " * MEGABYTE,
    "null bytes": lambda: "\0 " * MEGABYTE,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_huge_document_costs_in_proportion_to_its_size(name):
    text = HOSTILE[name]()
    articles = make_articles(
        {"name": "a", "text": text}, {"name": "b", "text": text[: len(text) // 2]}, {"text": FERRY}
    )
    tracemalloc.start()
    began = time.process_time()
    found = find_near_duplicates(articles)
    seconds = time.process_time() - began
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds < 15
    assert peak < 80 * len(text.encode()) + 50 * MEGABYTE
    assert found.clusters.height == 3


def test_empty_and_one_word_documents_are_alone_and_many_of_them_are_soon_done():
    texts = ["", " ", "...", "\u200b", "Correction", "Снег", "雪"]
    rows = [{"name": i, "text": texts[i % len(texts)], "title": f"Headline {i}"} for i in range(7000)]
    began = time.process_time()
    clusters = find_near_duplicates(make_articles(*rows)).clusters
    assert time.process_time() - began < 5
    assert clusters["cluster_size"].max() == 1


def test_everything_in_one_bucket_stays_linear():
    def pairs_of(n: int) -> int:
        articles = make_articles(*({"name": i, "text": f"{FERRY} Ferry bulletin number {i}."} for i in range(n)))
        found = find_near_duplicates(articles)
        assert found.clusters["cluster_size"].min() == n
        explained = explain_pairs(found.pairs.head(50), articles)
        assert explained.height == 50
        return found.pairs.height

    few, many = pairs_of(400), pairs_of(1600)
    assert many < 8 * few  # a square would be 16 times


def test_a_null_text_is_an_empty_one():
    signed = sign_articles(
        pl.DataFrame({"article_id": ["a", "b"], "text": [None, ""]}, schema_overrides={"text": pl.String})
    )
    assert signed["n_words"].to_list() == [0, 0]
    assert signed["text_digest"].null_count() == 2
