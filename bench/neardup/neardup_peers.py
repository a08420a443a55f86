"""Near-duplicate clusters by Copydesk and by its peers, each the way its own documentation shows; installed by the extra `peers`.

Takes articles, gives one cluster label an article. The libraries get word 3-grams of the lower-cased text and one
Jaccard threshold; text-dedup and datatrove run with their own defaults (5-grams), their signature and band code called
in this process, without the files they write between stages.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Labels = npt.NDArray[np.int64]

THRESHOLD = 0.5
N_PERMUTATIONS = 128
WORDS_A_SHINGLE = 3
WORD = re.compile(r"\w+")


def copydesk(articles: pl.DataFrame) -> Labels:
    """This project: `find_near_duplicates`, verification included."""
    from cleaners.neardup import find_near_duplicates

    clusters = find_near_duplicates(articles).clusters
    order = articles.select("article_id").join(clusters, on="article_id", how="left", maintain_order="left")
    return order["cluster_id"].rank("dense").cast(pl.Int64).to_numpy()


def copydesk_arrays(articles: pl.DataFrame) -> Labels:
    """This project without machine code: what small batches take, and every batch where numba is missing."""
    from cleaners.neardup import kernel

    kernel.unload()
    return copydesk(articles)


def datasketch(articles: pl.DataFrame) -> Labels:
    """Datasketch with its default hash, SHA-1."""
    return _datasketch(articles["text"].to_list())


def datasketch_xxh32(articles: pl.DataFrame) -> Labels:
    """Datasketch with xxh32, the hash its documentation names for speed."""
    from xxhash import xxh32_intdigest

    return _datasketch(articles["text"].to_list(), hashfunc=xxh32_intdigest)


def rensa(articles: pl.DataFrame) -> Labels:
    """Rensa's full-set R-MinHash and its index."""
    from rensa import RMinHash, RMinHashLSH

    sets = [list(_shingle(text)) for text in articles["text"].to_list()]
    minhashes = RMinHash.from_token_sets(sets, N_PERMUTATIONS, 1)
    index = RMinHashLSH(threshold=THRESHOLD, num_perm=N_PERMUTATIONS, num_bands=32)
    index.insert_many(minhashes)
    found = index.query_all(minhashes)
    return join_pairs(
        len(sets),
        (
            (i, j)
            for i, near in enumerate(found)
            for j in near
            if j < i and minhashes[i].jaccard(minhashes[j]) >= THRESHOLD
        ),
    )


def gaoya(articles: pl.DataFrame) -> Labels:
    """gaoya, which shingles, hashes and looks up in Rust on all cores."""
    from gaoya.minhash import MinHashStringIndex

    texts = articles["text"].to_list()
    index = MinHashStringIndex(
        hash_size=32, jaccard_threshold=THRESHOLD, num_bands=42, band_size=3, num_hashes=126, analyzer="word",
        lowercase=True, ngram_range=(WORDS_A_SHINGLE, WORDS_A_SHINGLE),
    )  # fmt: skip
    index.par_bulk_insert_docs(list(range(len(texts))), texts)
    found = index.par_bulk_query(texts)
    return join_pairs(len(texts), ((i, j) for i, near in enumerate(found) for j in near if j < i))


def text_dedup(articles: pl.DataFrame) -> Labels:
    """text-dedup's MinHash with its defaults: 5-grams, 250 permutations, threshold .7, SHA-1."""
    import text_dedup.minhash as peer

    dtype, most, prime = np.uint64, np.uint32((1 << 32) - 1), np.uint64((1 << 61) - 1)
    n_bands, n_rows = peer.optimal_param(0.7, 250, false_positive_weight=0.5, false_negative_weight=0.5)
    random = np.random.RandomState(peer.SEED)
    permutations = tuple(random.randint(low, prime, size=(250,), dtype=dtype) for low in (1, 0))
    tables: list[dict[bytes, int]] = [{} for _ in range(n_bands)]
    pairs = []
    for i, text in enumerate(articles["text"].to_list()):
        embedded = peer.embed_func(
            text, i, num_perm=250, ngram_size=5, min_length=5, permutations=permutations, dtype=dtype, max_hash=most,
            hashranges=[(band * n_rows, (band + 1) * n_rows) for band in range(n_bands)], modulo_prime=prime,
            hash_func=lambda data: peer.sha1_hash(data, d=32),
        )  # fmt: skip
        pairs += [(i, table.setdefault(key, i)) for table, key in zip(tables, embedded["__signatures__"], strict=True)]
    return join_pairs(articles.height, pairs)


def datatrove(articles: pl.DataFrame) -> Labels:
    """Datatrove's MinHash with its defaults: 5-grams, 14 buckets of 8; words split at blanks, for spaCy is slower."""
    from datatrove.pipeline.dedup import minhash as peer
    from datatrove.utils.hashing import create_hash_func
    from datatrove.utils.text import TextNormConfig, simplify_text

    config = peer.MinhashConfig()
    signer: Any = object.__new__(peer.MinhashDedupSignature)
    signer.config, signer.num_hashes, signer._parameters = config, config.num_buckets * config.hashes_per_bucket, None
    hash_word = create_hash_func(config.hash_config)
    tables: list[dict[tuple[int, ...], int]] = [{} for _ in range(config.num_buckets)]
    pairs = []
    for i, text in enumerate(articles["text"].to_list()):
        words = simplify_text(text, TextNormConfig()).split()
        hashes = [
            hash_word(" ".join(words[at : at + config.n_grams]).encode())
            for at in range(len(words) - config.n_grams + 1)
        ]
        if hashes:
            signature = signer.get_signature(np.array(hashes, dtype=np.uint64).reshape(-1, 1))
            pairs += [(i, table.setdefault(tuple(key), i)) for table, key in zip(tables, signature, strict=True)]
    return join_pairs(articles.height, pairs)


SYSTEMS: dict[str, Callable[[pl.DataFrame], Labels]] = {
    "copydesk": copydesk,
    "copydesk-arrays": copydesk_arrays,
    "datasketch": datasketch,
    "datasketch-xxh32": datasketch_xxh32,
    "rensa": rensa,
    "gaoya": gaoya,
    "text-dedup": text_dedup,
    "datatrove": datatrove,
}
PACKAGES = {
    "copydesk": "copydesk", "copydesk-arrays": "copydesk", "datasketch": "datasketch", "datasketch-xxh32": "datasketch",
    "rensa": "rensa", "gaoya": "gaoya", "text-dedup": "text-dedup", "datatrove": "datatrove",
}  # fmt: skip


def _datasketch(texts: list[str], **options: Any) -> Labels:  # noqa: ANN401
    from datasketch import MinHash, MinHashLSH

    sets = [[shingle.encode() for shingle in _shingle(text)] for text in texts]
    minhashes = MinHash.bulk(sets, num_perm=N_PERMUTATIONS, **options)
    index = MinHashLSH(threshold=THRESHOLD, num_perm=N_PERMUTATIONS)
    pairs = []
    for i, minhash in enumerate(minhashes):
        pairs += [(i, j) for j in index.query(minhash) if minhash.jaccard(minhashes[j]) >= THRESHOLD]
        index.insert(i, minhash, check_duplication=False)
    return join_pairs(len(texts), pairs)


def _shingle(text: str) -> set[str]:
    words = WORD.findall(text.lower())
    return {" ".join(words[at : at + WORDS_A_SHINGLE]) for at in range(max(1, len(words) - WORDS_A_SHINGLE + 1))}


def join_pairs(n: int, pairs: Iterable[tuple[int, int]]) -> Labels:
    """Connected components."""
    parent = list(range(n))

    def find(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for a, b in pairs:
        a, b = find(a), find(b)  # noqa: PLW2901
        parent[max(a, b)] = min(a, b)
    return np.array([find(node) for node in range(n)])


def score(gold: Labels, found: Labels) -> dict[str, float]:
    """Pairwise precision, recall and F1, and how many articles 'keep one a cluster' would hide wrongly."""
    both: dict[tuple[int, int], int] = defaultdict(int)
    for pair in zip(gold.tolist(), found.tolist(), strict=True):
        both[pair] += 1

    def pairs(counts: Iterable[int]) -> int:
        return sum(n * (n - 1) // 2 for n in counts)

    hits = pairs(both.values())
    wanted, given = (pairs(np.unique(labels, return_counts=True)[1].tolist()) for labels in (gold, found))
    precision, recall = hits / max(1, given), hits / max(1, wanted)
    stories: dict[int, int] = defaultdict(int)
    for _, cluster in both:
        stories[cluster] += 1
    return {
        "P": round(precision, 4),
        "R": round(recall, 4),
        "F1": round(2 * precision * recall / max(1e-12, precision + recall), 4),
        "hidden": sum(n - 1 for n in stories.values()),
    }
