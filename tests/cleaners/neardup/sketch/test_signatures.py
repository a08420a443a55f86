import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cleaners.neardup import (
    SIGNATURE_SCHEMA,
    NearDuplicateConfig,
    hash_shingle,
    list_shingles,
    load_minhash,
    sign_articles,
)
from tests.cleaners.neardup.text.test_shingles import TEXTS
from tests.cleaners.neardup.texts import FERRY, FERRY_RETOLD, make_articles

CONFIG = NearDuplicateConfig()


def by_datasketch(text: str, config: NearDuplicateConfig = CONFIG) -> MinHash:
    minhash = MinHash(num_perm=config.n_permutations, seed=1, hashfunc=hash_shingle, scheme="affine32")
    minhash.update_batch(list_shingles(text, config))
    return minhash


@settings(deadline=None, max_examples=60)
@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_signatures_are_datasketchs_bit_for_bit(texts):
    signed = sign_articles(make_articles(*({"text": text} for text in texts)))
    assert signed.schema == SIGNATURE_SCHEMA
    for text, signature, n_shingles in zip(texts, signed["signature"], signed["n_shingles"], strict=True):
        assert np.array_equal(signature.to_numpy(), by_datasketch(text).hashvalues)
        assert n_shingles == len(set(list_shingles(text, CONFIG)))


@pytest.mark.parametrize("n_permutations", [128, 200])
def test_a_long_text_is_signed_in_blocks_to_the_same_bits(n_permutations):
    config = NearDuplicateConfig(n_permutations=n_permutations)
    text = " ".join(f"word{i} number{i * i}" for i in range(2000))
    signature = sign_articles(make_articles({"text": text}), config)["signature"][0].to_numpy()
    assert np.array_equal(signature, by_datasketch(text, config).hashvalues)


def test_stored_signatures_load_in_datasketch_and_estimate_jaccard():
    signed = sign_articles(make_articles({"text": FERRY}, {"text": FERRY + " " + FERRY_RETOLD}))
    one, other = (load_minhash(row.to_numpy()) for row in signed["signature"])
    a, b = (set(list_shingles(text, CONFIG)) for text in (FERRY, FERRY + " " + FERRY_RETOLD))
    assert one.jaccard(other) == pytest.approx(len(a & b) / len(a | b), abs=0.15)
    one.update(next(iter(b - a)))  # a loaded signature goes on as the original would
    assert one.jaccard(other) > 0


def test_text_digest_recognises_same_words_and_is_null_without_words():
    signed = sign_articles(
        make_articles({"text": "Snow, again."}, {"text": "SNOW again"}, {"text": "Rain"}, {"text": "—"})
    )
    digests = signed["text_digest"].to_list()
    assert digests[0] == digests[1] != digests[2]
    assert digests[3] is None
    assert signed["n_words"].to_list() == [2, 2, 1, 0]


def test_no_articles_give_an_empty_table():
    assert sign_articles(make_articles()).schema == SIGNATURE_SCHEMA


def test_bands_that_do_not_fit_the_signature_are_refused():
    with pytest.raises(ValidationError, match="raise n_permutations or lower n_bands"):
        NearDuplicateConfig(n_permutations=64)


def test_import_leaves_datasketch_and_scipy_alone():
    code = "import sys, cleaners.neardup; print(sorted({'datasketch', 'scipy'} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_duplicate_sites_do_not_matter_and_order_is_kept():
    articles = make_articles({"text": FERRY}, {"text": "x"}, {"text": FERRY_RETOLD})
    backwards = sign_articles(articles.reverse())
    assert backwards.reverse().equals(sign_articles(articles))
    assert isinstance(backwards["signature"].dtype, pl.List)
