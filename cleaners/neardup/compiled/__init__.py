"""The inner loops of near-duplicates in machine code: what takes the place of array code in large batches.

Takes and gives plain arrays, the same bits as the array code that each function names; decides nothing. Importing this
package compiles it, once a machine, or reads what was compiled before: only `kernel.load` imports it.
"""

from cleaners.neardup.compiled.pairs import (
    copy_runs,
    count_agreeing,
    count_marked,
    count_shared,
    file_keys,
    key_bands,
    pair_up_buckets,
)
from cleaners.neardup.compiled.texts import (
    collect_sets,
    hash_shingles,
    read_numbers,
    read_shingles,
    read_words,
    sign_sets,
)

__all__ = [
    "collect_sets",
    "copy_runs",
    "count_agreeing",
    "count_marked",
    "count_shared",
    "file_keys",
    "hash_shingles",
    "key_bands",
    "pair_up_buckets",
    "read_numbers",
    "read_shingles",
    "read_words",
    "sign_sets",
]
