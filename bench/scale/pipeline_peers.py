"""Another pipeline on the same corpus: `python -m bench.scale.pipeline_peers datatrove FOLDER WORK [--workers 2]`.

Takes a folder of JSON lines, runs datatrove the way its FineWeb example does (repetition, quality and C4 filters, then the four
MinHash stages), with words split at blanks where the example loads spaCy, which would be slower; with `datatrove-pages` the texts
are pages, which trafilatura extracts first as in that example; or text-dedup's MinHash over all texts at once. Prints a line of
JSON when a step begins and ends, for `bench/scale/watching.py`.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from bench.scale.watching import announced

PAGE_SECONDS = 10.0  # datatrove's own limit of one second would drop pages on a busy machine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("system", choices=("datatrove", "datatrove-pages", "text-dedup"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    if args.system == "text-dedup":
        run_text_dedup(args.folder)
    else:
        run_datatrove(args.folder, args.work, args.workers, is_pages=args.system == "datatrove-pages")


def run_datatrove(folder: Path, work: Path, workers: int, *, is_pages: bool) -> None:
    """Extract if need be, filter, sign, bucket, cluster, and write what is left."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import (
        MinhashConfig,
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.extractors import Trafilatura
    from datatrove.pipeline.filters import C4QualityFilter, GopherQualityFilter, GopherRepetitionFilter
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter

    config = MinhashConfig()
    words: Any = _blank_tokenizer()
    kept, signatures, buckets, removed = (str(work / name) for name in ("kept", "signatures", "buckets", "removed"))

    def run(name: str, steps: list[Any], tasks: int) -> None:
        logs = str(work / "logs" / name)
        announced(name, lambda: LocalPipelineExecutor(steps, tasks=tasks, workers=workers, logging_dir=logs).run())

    filters: list[Any] = [Trafilatura(favour_precision=True, timeout=PAGE_SECONDS)] if is_pages else []
    filters += [GopherRepetitionFilter(language=words), GopherQualityFilter(language=words)]
    filters.append(C4QualityFilter(filter_no_terminal_punct=False, language=words))
    n_files = len(list(folder.glob("*.jsonl")))
    run("filter", [JsonlReader(str(folder), glob_pattern="*.jsonl"), *filters, JsonlWriter(kept)], n_files)
    signing = MinhashDedupSignature(signatures, config, language=words)
    signing._hash_func = hash_words  # its own hands strings to xxhash, which wants bytes since version 4
    run("sign", [JsonlReader(kept), signing], n_files)
    run("buckets", [MinhashDedupBuckets(signatures, buckets, config=config)], config.num_buckets)
    run("cluster", [MinhashDedupCluster(buckets, removed, config=config)], 1)
    run("write", [JsonlReader(kept), MinhashDedupFilter(removed), JsonlWriter(str(work / "out"))], n_files)


def run_text_dedup(folder: Path) -> None:
    """MinHash over all texts, held in memory; no cleaning, nothing written."""
    import polars as pl

    from bench.neardup.neardup_peers import text_dedup

    articles = announced("read", lambda: pl.concat([pl.read_ndjson(path) for path in sorted(folder.glob("*.jsonl"))]))
    announced("dedup", lambda: text_dedup(articles))


def hash_words(words: str) -> int:
    """A shingle's hash, as datatrove means it."""
    from xxhash import xxh64_intdigest

    return int(xxh64_intdigest(words.encode()))


def _blank_tokenizer() -> object:
    from datatrove.utils.word_tokenizers import WordTokenizer

    class Blanks(WordTokenizer):  # type: ignore[misc]
        def word_tokenize(self, text: str) -> list[str]:
            return text.split()

        def sent_tokenize(self, text: str) -> list[str]:
            return [part for part in re.split(r"(?<=[.!?])\s+", text) if part]

        def span_tokenize(self, text: str) -> list[tuple[int, int]]:
            return [match.span() for match in re.finditer(r"\S+", text)]

    return Blanks()


if __name__ == "__main__":
    main()
