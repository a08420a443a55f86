"""Near-duplicates: which articles already ran, here or elsewhere, in the same words or nearly.

Takes article texts, gives clusters of copies (named after their canonical article) and the verified pairs behind them;
removes nothing. Shingles -> MinHash signatures -> bands -> verified candidates -> clusters, one module each.
"""

from cleaners.neardup import kernel
from cleaners.neardup.clusters import NearDuplicates, find_near_duplicates
from cleaners.neardup.config import NearDuplicateConfig
from cleaners.neardup.sample import read_sample
from cleaners.neardup.sketch.signatures import SIGNATURE_SCHEMA, load_minhash, sign_articles
from cleaners.neardup.text.shingles import hash_shingle, list_shingles
from cleaners.neardup.verdict.explain import explain_pairs

kernel.check_with(read_sample)

__all__ = [
    "SIGNATURE_SCHEMA",
    "NearDuplicateConfig",
    "NearDuplicates",
    "explain_pairs",
    "find_near_duplicates",
    "hash_shingle",
    "list_shingles",
    "load_minhash",
    "sign_articles",
]
