"""Machine code and arrays must give the same bits; `test_shingles.py` and its neighbours check the arrays."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import TypeVar

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cleaners.neardup import NearDuplicateConfig, find_near_duplicates, kernel, sign_articles
from cleaners.neardup.sketch.bands import _key_rows, estimate_containment, find_candidates, key_bands
from cleaners.neardup.sketch.signatures import compute_signatures, sign_sets
from cleaners.neardup.text.shingles import count_marked, count_shared, hash_shingles, read_shingles
from cleaners.neardup.text.words import HashedSets, collect_sets, count_up, join_sets, read_numbers, read_words
from cleaners.neardup.verdict.verify import describe_articles
from tests.cleaners.neardup.sketch.test_segments import make_signatures
from tests.cleaners.neardup.sketch.test_signatures import by_datasketch
from tests.cleaners.neardup.text.test_shingles import TEXTS
from tests.cleaners.neardup.texts import EARNINGS, FERRY, FERRY_RETOLD, make_articles

pytestmark = pytest.mark.slow

CONFIG = NearDuplicateConfig()
R = TypeVar("R")
TELLING = [
    "",
    " \n",
    "Flood",
    "A b.",
    "ISTANBUL İstanbul ıstanbul Iğdır",
    "ﬁnal ﬂood ŉ ẞ ß ǆ Ǆ ﷺ ½ ℀ ™ №",
    "Cafe\u0301 Zu\u0308rich \u0301alone a\u0308\u0301\u0323",
    "中国人民银行今天宣布，1,200亿元 and then English",
    "กรุงเทพมหานคร วันนี้",
    "ニュースをカタカナで。ｶﾀｶﾅ",
    "हिन्दी में समाचार २०२५",
    "한국어 \u1100\u1161\u11a8 뉴스",
    "soft\u00adhyphen zero\u200bwidth \ufeffmark Na\u200dme",
    "𝐁𝐨𝐥𝐝 𝟏𝟐𝟑 🄐 🙂 𐐀𐐨 𞤀",
    "love \u2764\ufe0f\ufe0f A\ufe0fb \ufe0eCap",
    "1,234.5 12:30 1/2/2025 3.. 4 5,,6 ٣٤.٥ 7.x 0:0",
    "\x00a\x7fb\x1fc\x85d\u2028e",
    "x" * 7 + " " + "y" * 8 + " " + "z" * 9 + " " + "w" * 16 + " " + "v" * 17 + " " + "Long" * 300,
    "été " * 50 + "É" * 40,
]


def require_numba() -> None:
    """Skip where it has no wheels; CI installs it, so that nothing is skipped there."""
    if "CI" not in os.environ:
        pytest.importorskip("numba")


def both(function: Callable[[], R]) -> tuple[R, R]:
    """Return what arrays give and what machine code gives."""
    require_numba()
    kernel.unload()
    arrays = function()
    assert kernel.load() is not None
    try:
        return arrays, function()
    finally:
        kernel.unload()


def assert_same(arrays: object, compiled: object) -> None:
    """Equal arrays of one type, whatever tuples they stand in."""
    if isinstance(arrays, tuple):
        assert len(arrays) == len(compiled)
        for one, other in zip(arrays, compiled, strict=True):
            assert_same(one, other)
    elif isinstance(arrays, np.ndarray):
        assert arrays.dtype == compiled.dtype
        assert np.array_equal(arrays, compiled)
    else:
        assert arrays == compiled


def read_all(texts: list[str | None], config: NearDuplicateConfig = CONFIG) -> tuple[object, ...]:
    series = pl.Series(texts, dtype=pl.String)
    words = read_words(series)
    shingles = hash_shingles(words, config)
    some = np.arange(0, len(texts), 2)
    return (
        words,
        shingles,
        read_shingles(words, config),
        sign_sets(shingles, config.n_permutations),
        collect_sets(words.offsets, words.hashes),
        collect_sets(words.offsets, words.hashes, words.is_name, some),
        read_numbers(series),
    )


@settings(deadline=None, max_examples=150)
@given(st.lists(st.none() | TEXTS | st.sampled_from(TELLING), max_size=6), st.integers(1, 5), st.integers(1, 6))
@example(TELLING, 3, 5)
@example(['"One “two" (“three» four,” ½ "five', 'ﬁve "six" ﬁ', '"' + "a " * 130 + '"b" "c'], 3, 5)
@example(["Ünder " * 400, "plain " * 900, None, "中国"], 3, 5)
def test_machine_code_reads_what_arrays_read(texts, n_words, n_characters):
    config = NearDuplicateConfig(words_per_shingle=n_words, characters_per_shingle=n_characters)
    assert_same(*both(lambda: read_all(texts, config)))


@settings(deadline=None, max_examples=60)
@given(TEXTS | st.sampled_from(TELLING), st.sampled_from([16, 128, 130]))
def test_signatures_in_machine_code_are_datasketchs(text, n_permutations):
    config = NearDuplicateConfig(n_permutations=n_permutations, n_bands=4)
    signed = both(lambda: compute_signatures(pl.Series([text]), config).matrix[0])
    assert np.array_equal(signed[1], by_datasketch(text, config).hashvalues)


def test_characters_of_all_scripts_are_read_alike():
    # Odd ones go the same slow way in both; of those beyond the first three planes' beginnings a sample will do.
    code_points = [c for c in [*range(0x3000), *range(0x3000, 0x110000, 61)] if not 0xD800 <= c < 0xE000]
    texts = [f"{chr(c)} A{chr(c)}b {chr(c)}1 2{chr(c)}3" for c in code_points]
    assert_same(*both(lambda: read_all(texts)))


@pytest.mark.parametrize("n", [1, 2, 23, 24, 25, 26, 300, 2049, 5000])
def test_sets_of_any_size_are_sorted_and_distinct(n):
    random = np.random.default_rng(n)
    crowded = random.integers(0, 40, n).astype(np.uint64) << np.uint64(32)  # all alike in the upper bytes
    spread = random.integers(0, 2**63, n).astype(np.uint64)
    spread[: n // 3] = spread[n - n // 3 :]
    offsets = count_up(np.array([n, 0, n]))
    arrays, compiled = both(lambda: collect_sets(offsets, np.concatenate([crowded, spread])))
    assert_same(arrays, compiled)
    assert (np.diff(compiled.values[: compiled.offsets[1]].astype(np.int64)) > 0).all()


def test_many_hashes_that_begin_alike_are_sorted_in_a_line():
    require_numba()
    hashes = np.random.default_rng(0).permutation(100_000).astype(np.uint64) % np.uint64(1 << 16) << np.uint64(32)
    spread = np.random.default_rng(0).integers(0, 2**63, len(hashes)).astype(np.uint64)
    kernel.load()
    began = time.process_time()
    collect_sets(np.array([0, len(hashes)]), spread)
    in_a_line = time.process_time() - began
    began = time.process_time()
    sets = collect_sets(np.array([0, len(hashes)]), hashes)
    kernel.unload()
    assert sets.sizes.tolist() == [1 << 16]
    assert time.process_time() - began < 50 * in_a_line  # a square takes some hundred times as long


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 10**6), st.integers(0, 60), st.integers(2, 8), st.integers(0, 4), st.sampled_from([(64, 2), (5, 3)])
)
def test_candidates_are_the_same(seed, n, small_bucket, neighbours, bands):
    signatures, sizes = make_signatures(seed, n)
    config = NearDuplicateConfig(
        small_bucket=small_bucket,
        bucket_neighbours=neighbours,
        n_bands=bands[0],
        rows_per_band=bands[1],
    )
    rows = np.random.default_rng(seed).permutation(n)[: n - n // 5]
    arrays, compiled = both(lambda: find_candidates(signatures, sizes, config, rows))
    assert_same(arrays, compiled)
    everyone = np.arange(n)
    sizes = sizes + 1
    assert_same(*both(lambda: estimate_containment(signatures, sizes, everyone, everyone[::-1].copy())))


@pytest.mark.parametrize(("n_permutations", "n_bands", "rows_per_band"), [(128, 64, 2), (129, 64, 2), (130, 26, 5)])
def test_keys_hold_the_value_after_the_band_or_the_first(n_permutations, n_bands, rows_per_band):
    config = NearDuplicateConfig(n_permutations=n_permutations, n_bands=n_bands, rows_per_band=rows_per_band)
    signatures = np.random.default_rng(0).integers(0, 2**32, (50, n_permutations), dtype=np.uint32)
    rows, bands = np.random.default_rng(1).permutation(50)[:30], np.arange(n_bands - 3, n_bands)
    arrays, compiled = both(lambda: np.array(list(_key_rows(signatures, rows, bands, config))))
    assert_same(arrays, compiled)
    assert_same(compiled, np.array(list(key_bands(signatures[rows], config)))[-3:])


@settings(deadline=None)
@given(st.integers(0, 10**6))
def test_shared_elements_are_counted_alike(seed):
    random = np.random.default_rng(seed)

    def draw(most: int) -> HashedSets:
        drawn = [
            np.unique(random.integers(0, most, n).astype(np.uint32) << np.uint32(22))
            for n in random.integers(0, most, 7)
        ]
        return HashedSets(count_up(np.array([len(own) for own in drawn])), np.concatenate(drawn))

    ours, theirs, huge = draw(50), draw(50), draw(1000)
    left, right = random.integers(0, 7, (2, 30))
    for others in (theirs, huge):
        assert_same(*both(lambda others=others: count_shared(ours, left, others, right)))
        sets, further = join_sets([ours, others]), right + len(ours.sizes)
        marks = random.integers(0, 4, len(sets.values)).astype(np.uint8)
        arrays, compiled = both(
            lambda sets=sets, further=further, marks=marks: count_marked(sets, marks, left, further)
        )
        assert_same(arrays, compiled)
        assert np.array_equal(arrays.sum(axis=1), count_shared(ours, left, others, right))


def test_many_small_sets_beside_a_huge_one_cost_little():
    require_numba()
    huge = HashedSets(np.array([0, 2_000_000]), np.arange(2_000_000, dtype=np.uint32))
    small = HashedSets(count_up(np.full(3000, 5)), np.tile(np.array([1, 7, 9, 10, 3_000_000], np.uint32), 3000))
    kernel.load()
    began = time.process_time()
    count_shared(huge, np.zeros(10, np.int64), huge, np.zeros(10, np.int64))  # walks through all of it ten times
    walk = (time.process_time() - began) / 10
    both_kinds = join_sets([huge, small])
    marks = np.zeros(len(both_kinds.values), np.uint8)
    for count in (
        lambda: count_shared(small, np.arange(3000), huge, np.zeros(3000, np.int64)),
        lambda: count_marked(both_kinds, marks, 1 + np.arange(3000), np.zeros(3000, np.int64))[:, 0],
    ):
        began = time.process_time()
        assert (count() == 4).all()
        assert time.process_time() - began < 3000 * walk / 10
    kernel.unload()


def retell(n: int) -> pl.DataFrame:
    """Stories, copies cut or changed, notices of one form, empty ones."""
    random = np.random.default_rng(n)
    rows = []
    for i in range(n):
        text = str(random.choice(["", FERRY, FERRY_RETOLD, FERRY.upper(), FERRY.replace("é", "e\u0301"), "雪" * 30]))
        if i % 3 == 0:
            figures = {
                key: int(random.integers(1, 30))
                for key in ("shr", "shr2", "net", "net2", "revs", "revs2", "avg", "avg2")
            }
            text = EARNINGS.format(company=f"Norvik{i % 5}", quarter="third", city="Oslo", **figures)
        words = text.split()
        del words[: int(random.integers(0, 1 + len(words) // 3))]
        title = random.choice(["Ferry kept", "Norvik results", None])
        rows.append({"name": i, "text": " ".join(words), "title": title, "day": f"2025-01-{1 + i % 28:02d}"})
    return make_articles(*rows)


def test_clusters_and_pairs_are_the_same_bit_for_bit(monkeypatch):
    monkeypatch.setattr("cleaners.neardup.text.chunks.CHUNK_BYTES", 5000)
    articles = retell(240)
    arrays, compiled = both(lambda: find_near_duplicates(articles))
    assert arrays.clusters["match"].value_counts().height == 3
    assert arrays.pairs.height > 30
    for one, other in zip(arrays, compiled, strict=True):
        assert_frame_equal(one, other, check_exact=True)
    assert_frame_equal(*both(lambda: sign_articles(articles)), check_exact=True)


@pytest.mark.parametrize("kept", [False, True])
def test_described_articles_are_the_same(kept, monkeypatch):
    monkeypatch.setattr("cleaners.neardup.text.chunks.CHUNK_BYTES", 3000)
    articles, rows = retell(60), np.array([0, 3, 4, 17, 41, 59])

    def describe() -> tuple[object, ...]:
        readings = compute_signatures(articles["text"], CONFIG, keep_readings=True).readings if kept else {}
        ids, *described = describe_articles(articles, CONFIG, rows, readings)
        described[-1] = np.nan_to_num(described[-1], nan=-1.0)
        return (ids.to_list(), *described)

    assert_same(*both(describe))


@pytest.mark.parametrize(
    "text",
    ["a b " * 600_000, FERRY * 2000, "x" * 2_000_000, "1,1." * 500_000, "é " * 700_000, ". " * 1_000_000],
    ids=["two words", "one story", "one word", "digits", "accents", "dots"],
)
def test_huge_documents_take_machine_code_no_longer_than_arrays(text):
    require_numba()
    kernel.load()

    def measure() -> float:
        began = time.process_time()
        read_all([text])
        return time.process_time() - began

    arrays, compiled = both(lambda: min(measure() for _ in range(2)))
    assert compiled < 1.5 * arrays + 0.05


def test_a_process_loads_machine_code_when_it_has_read_enough(monkeypatch):
    loaded = []
    monkeypatch.setattr(kernel, "_STATE", kernel._State())
    monkeypatch.setattr(kernel, "_import", lambda: loaded.append(1))
    for _ in range(3):
        kernel.prepare(kernel.MIN_BYTES // 2 + 1)
        kernel.prepare(0)
        assert kernel.find() is None
    assert loaded == [1]  # the second time; and a failure is not tried again


def test_texts_with_signatures_count_as_read_too(monkeypatch):
    articles = retell(9)
    signatures, read = sign_articles(articles), []
    monkeypatch.setattr(kernel, "prepare", read.append)
    find_near_duplicates(articles, signatures=signatures)
    find_near_duplicates(articles)
    assert read == [articles["text"].str.len_bytes().sum()] * 2


@pytest.mark.parametrize(
    ("failure", "level", "logged"),
    [
        (ModuleNotFoundError("No module named 'numba'", name="numba"), logging.INFO, "not installed"),
        (RuntimeError("cannot cache function 'read_words'\nlong story"), logging.WARNING, "NUMBA_CACHE_DIR"),
    ],
)
def test_without_machine_code_arrays_do_the_work_and_the_log_says_so(failure, level, logged, monkeypatch, caplog):
    def fail(name: str) -> None:
        raise failure

    articles = retell(12)
    expected = sign_articles(articles)
    monkeypatch.setattr(kernel, "import_module", fail)
    monkeypatch.setattr(kernel, "MIN_BYTES", 0)
    monkeypatch.setattr(kernel, "_STATE", kernel._State())
    with caplog.at_level(logging.INFO, logger="cleaners.neardup.kernel"):
        assert_frame_equal(sign_articles(articles), expected)
        sign_articles(articles)
    assert [record.levelno for record in caplog.records] == [level]
    assert logged in caplog.text
    assert "long story" not in caplog.text


def test_machine_code_that_reads_otherwise_is_not_used(monkeypatch, caplog):
    require_numba()
    from cleaners.neardup import compiled

    wrong = SimpleNamespace(**vars(compiled))
    monkeypatch.setattr(wrong, "sign_sets", lambda *arguments: arguments[-1].fill(7))
    monkeypatch.setattr(kernel, "_STATE", kernel._State())
    monkeypatch.setattr(kernel, "import_module", lambda name: wrong)
    assert kernel.load() is None
    assert kernel.find() is None
    assert "as arrays do" in caplog.text


def test_other_missing_modules_are_not_mistaken_for_numba(monkeypatch):
    def fail(name: str) -> None:
        raise ModuleNotFoundError("No module named 'cleaners.neardup.text.words'", name="cleaners.neardup.text.words")

    monkeypatch.setattr(kernel, "_STATE", kernel._State())
    monkeypatch.setattr(kernel, "import_module", fail)
    with pytest.raises(ModuleNotFoundError):
        kernel.load()


def test_small_batches_do_without_numba():
    code = (
        "import sys, polars as pl; from cleaners.neardup import sign_articles;"
        "sign_articles(pl.DataFrame({'article_id': ['a'], 'text': ['one two three four']}));"
        "sys.exit('numba' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
