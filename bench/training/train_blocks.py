"""Train the judgement of blocks: `python -m bench.training.train_blocks GOLD.json HTML_DIR OUT.npz`.

Takes labelled pages, `{id: {articleBody, url}}` with `ID.html.gz` for each; gives `cleaners/extract/blocks/blocks.npz`: two models
of hashed words and boosted trees over them and the features of `cleaners.extract.blocks.describe`. The figures printed are of
five-fold cross-validation by registrable domain, over whole pages, by set and by language. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from zlib import crc32

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from cleaners.decoding import decode_text
from cleaners.errors import Rejected
from cleaners.extract import ExtractConfig
from cleaners.extract.blocks.align import Aligned, align_blocks
from cleaners.extract.blocks.blocks import Array, Blocks
from cleaners.extract.blocks.describe import FEATURES, SENTENCE_END, Described, PageFacts, describe_blocks
from cleaners.extract.blocks.extend import extend_kept, find_prose
from cleaners.extract.blocks.judge import MAX_LEAVES, Weights
from cleaners.extract.blocks.rewrite import rewrite_story
from cleaners.extract.blocks.words import NAME_BUCKETS, WORD, WORD_BUCKETS
from cleaners.extract.page.page import open_page
from cleaners.extract.text.language import identify_language
from cleaners.extract.text.plain import count_words
from cleaners.text import TextConfig

Mask = npt.NDArray[np.bool_]

FOLDS, INNER_FOLDS = 5, 4
ROUNDS, SEEDS = 120, 3
TREES: dict[str, Any] = {
    "objective": "binary",
    "num_leaves": 15,
    "learning_rate": 0.08,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "max_bin": 63,
    "verbose": -1,
    "deterministic": True,
    "force_row_wise": True,
}
RIDGE = 0.05  # inverse strength, of the models of words
MIN_DOMAINS = 4  # a bucket of words counts only if its words stand on this many domains: no name of a site does
MIN_ALIGNED = 0.9  # a page whose gold body is not on the page teaches nothing
LAST_WORDS = 8  # of a last paragraph that counts
UNSURE_WEIGHT = 0.3  # of a block that the gold holds in part


class LabelledPage(NamedTuple):
    """One page with its blocks described and how much of each its gold body holds."""

    key: str
    dataset: str
    domain: str
    gold: str
    language: str
    lines: list[str]
    blocks: Blocks
    facts: PageFacts
    described: Described
    held: Array
    is_aligned: bool
    trust: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", type=Path)
    parser.add_argument("html_dir", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--trust",
        nargs="*",
        default=["atf=2"],
        metavar="DATASET=WEIGHT",
        help="of pages labelled by hand; others count 1, those that do not call themselves articles 0.5",
    )
    parser.add_argument(
        "--more",
        nargs=2,
        type=Path,
        action="append",
        default=[],
        metavar=("GOLD", "HTML_DIR"),
        help="further labelled pages",
    )
    parser.add_argument("--no-validation", action="store_true", help="train the final weights only")
    args = parser.parse_args()
    trust = {name: float(weight) for name, _, weight in (one.partition("=") for one in args.trust)}
    pages = [page for pair in ((args.gold, args.html_dir), *args.more) for page in read_pages(pair[0], pair[1], trust)]
    table = Table(pages)
    if not args.no_validation:
        _report(pages, cross_validate(table))
    args.out.write_bytes(pack(train(table, np.ones(len(table.page), bool))))


def _report(pages: Sequence[LabelledPage], after: Sequence[Sequence[str]]) -> None:
    """Print the scores of each set, and those of each language over all sets, before and after the model."""
    for field in ("dataset", "language"):
        groups: dict[str, list[int]] = {}
        for k, page in enumerate(pages):
            if page.is_aligned:
                groups.setdefault(getattr(page, field), []).append(k)
        for name, own in sorted(groups.items(), key=lambda item: -len(item[1])):
            for title, lines in (("before", [page.lines for page in pages]), ("after", after)):
                results = [(pages[k].gold, lines[k]) for k in own]
                print(f"{name:12} {title:6}", json.dumps({**score_pages(results), **count_lost(results)}))


def count_lost(results: Sequence[tuple[str, Sequence[str]]]) -> dict[str, int]:
    """Count the pages whose last paragraph is a sentence of `LAST_WORDS` words or more, and those that lost it."""
    ends = [(gold.rstrip().rsplit("\n", 1)[-1].strip(), lines) for gold, lines in results]
    told = [(end, lines) for end, lines in ends if SENTENCE_END.search(end[-8:]) and count_words(end) >= LAST_WORDS]
    lost = sum("".join(WORD.findall(end)) not in "".join(WORD.findall("".join(lines))) for end, lines in told)
    return {"last_paragraphs": len(told), "lost": lost}


def read_pages(gold: Path, html_dir: Path, trust: dict[str, float]) -> list[LabelledPage]:
    """Read and describe the pages through the functions that extraction calls."""
    config = ExtractConfig()
    pages = []
    for key, row in sorted(json.loads(gold.read_text(encoding="utf-8")).items()):
        data = gzip.decompress((html_dir / f"{key}.html.gz").read_bytes())
        try:
            opened = open_page(decode_text(data, TextConfig()), row["url"], None, config)
        except Rejected:
            continue
        lines = opened.text.split("\n")
        blocks = opened.blocks
        found = align_blocks(blocks.blocks, lines)
        aligned = found._replace(kept=extend_kept(blocks, found.kept, find_prose(blocks.blocks)))
        described = describe_blocks(blocks, aligned, opened.facts)
        held, share = _gold_share(blocks, row["articleBody"])
        rows = slice(described.start, described.start + len(described.features))
        pages.append(
            LabelledPage(
                key,
                row.get("dataset", gold.parent.name),
                _registrable(row["url"]),
                row["articleBody"],
                _language(row["articleBody"], config),
                lines,
                blocks,
                opened.facts,
                described,
                held[rows],
                share >= MIN_ALIGNED,
                trust.get(row.get("dataset", gold.parent.name), 1.0 if opened.metadata.is_article else 0.5),
            )
        )
    return pages


class Table:
    """All blocks of all pages as arrays."""

    def __init__(self, pages: Sequence[LabelledPage]) -> None:
        self.pages = pages
        sizes = [len(page.described.features) for page in pages]
        self.page = np.repeat(np.arange(len(pages)), sizes)
        self.features = np.vstack([page.described.features for page in pages])
        self.words = (
            _one_hot([one for page in pages for one in page.described.name_hashes], NAME_BUCKETS),
            _one_hot([one for page in pages for one in page.described.word_hashes], WORD_BUCKETS),
        )
        held = np.concatenate([page.held for page in pages])
        self.label = (held >= 0.5).astype(int)
        # A long page counts more than a short one, but not as many times as it has blocks.
        self.weight = np.array([page.is_aligned * page.trust for page in pages])[self.page] / np.sqrt(
            np.array(sizes)[self.page]
        )
        self.weight *= np.where((held > 0.15) & (held < 0.85), UNSURE_WEIGHT, 1.0) * 8
        self.domain = np.array([crc32(page.domain.encode()) for page in pages])[self.page]


def cross_validate(table: Table) -> list[list[str]]:
    """Rewrite each page with a model that has not seen its domain."""
    fold = np.array([crc32(page.domain.encode()) % FOLDS for page in table.pages])
    lines: list[list[str]] = [[] for _ in table.pages]
    for k in range(FOLDS):
        weights = train(table, fold[table.page] != k)
        for at in np.flatnonzero(fold == k).tolist():
            lines[at] = rewrite(table.pages[at], weights)
    return lines


def rewrite(page: LabelledPage, weights: Weights) -> list[str]:
    return rewrite_story(page.blocks, page.lines, page.facts, ExtractConfig(), weights).lines


def train(table: Table, rows: Mask) -> Weights:
    """Train on the given rows; the models of words are stacked by domain, so that the trees see them as on new pages."""
    index = np.flatnonzero(rows & (table.weight > 0))
    label, weight, domain = table.label[index], table.weight[index], table.domain[index]
    inner = domain // FOLDS % INNER_FOLDS  # apart from the outer folds' remainder
    columns, word_models = [table.features[index]], []
    for matrix in table.words:
        own = matrix[index]
        said = np.empty(len(index))
        for k in range(INNER_FOLDS):
            there = inner != k
            said[~there] = _say(own[~there], _fit_words(own[there], label[there], weight[there], domain[there]))
        columns.append(said[:, None])
        word_models.append(_fit_words(own, label, weight, domain).astype(np.float16).astype(float))
    data = lgb.Dataset(np.hstack(columns), label, weight=weight)
    # Several forests on other draws of rows and features, averaged: exact pages rise with every block that is less noisy.
    return _flatten([lgb.train({**TREES, "seed": seed}, data, ROUNDS) for seed in range(SEEDS)], *word_models)


def pack(weights: Weights) -> bytes:
    """Write the weights as they stand in the package."""
    buffer = BytesIO()
    small = weights._replace(feature=weights.feature.astype(np.int16))
    np.savez_compressed(buffer, n_features=len(FEATURES), **small._asdict())
    return buffer.getvalue()


def score_pages(results: Sequence[tuple[str, Sequence[str]]]) -> dict[str, float]:
    """F1 of four-word shingles, from macro means of precision and recall, and the share of pages exactly right."""
    precision, recall, exact = [], [], []
    for gold, lines in results:
        wanted, found = WORD.findall(gold), WORD.findall("\n".join(lines))
        a, b = _shingles(wanted), _shingles(found)
        shared = sum(min(n, b.get(one, 0)) for one, n in a.items())
        if b:
            precision.append(shared / sum(b.values()))
        if a:
            recall.append(shared / sum(a.values()))
        exact.append(wanted == found)
    p, r = float(np.mean(precision)), float(np.mean(recall))
    scores = {
        "pages": len(results),
        "f1": 2 * p * r / (p + r),
        "precision": p,
        "recall": r,
        "exact": float(np.mean(exact)),
    }
    return {name: round(value, 4) for name, value in scores.items()}


def _gold_share(page: Blocks, gold: str) -> tuple[Array, float]:
    aligned: Aligned = align_blocks(page.blocks, gold.split("\n"))
    return aligned.kept, float((aligned.places >= 0).mean()) if len(aligned.places) else 0.0


def _language(text: str, config: ExtractConfig) -> str:
    return identify_language(text, count_words(text), config) or "none"


def _registrable(url: str) -> str:
    """The domain that is registered, by the rule of thumb that country domains have short second levels."""
    parts = (urlsplit(url).hostname or "").casefold().split(".")
    second = {"co", "com", "org", "ac", "gov", "net", "edu"}
    n = 3 if len(parts) > 2 and len(parts[-1]) == 2 and parts[-2] in second else 2
    return ".".join(parts[-n:])


def _one_hot(hashes: list[list[int]], n_buckets: int) -> sparse.csr_matrix:
    columns = np.array([one for row in hashes for one in row], np.int64)
    ends = np.cumsum([0, *map(len, hashes)])
    return sparse.csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(hashes), n_buckets))


def _fit_words(matrix: sparse.csr_matrix, label: Array, weight: Array, domain: Array) -> Array:
    """Fit a logistic regression over the buckets seen on enough domains; give its weights, the intercept last."""
    _, place = np.unique(domain, return_inverse=True)
    rows = sparse.csr_matrix((np.ones(len(place)), (place, np.arange(len(place)))), shape=(place.max() + 1, len(place)))
    seen = np.flatnonzero(np.asarray(((rows @ matrix) > 0).sum(axis=0)).ravel() >= MIN_DOMAINS)
    model = LogisticRegression(C=RIDGE, solver="liblinear", max_iter=200)
    model.fit(matrix[:, seen], label, sample_weight=weight)
    weights = np.zeros(matrix.shape[1] + 1)
    weights[seen], weights[-1] = model.coef_[0], model.intercept_[0]
    return weights


def _say(matrix: sparse.csr_matrix, weights: Array) -> Array:
    said: Array = matrix @ weights[:-1] + weights[-1]
    return said


def _flatten(models: list[lgb.Booster], names: Array, words: Array) -> Weights:
    """Write the trees as arrays of conditions and leaves."""
    trees = [tree["tree_structure"] for model in models for tree in model.dump_model()["tree_info"]]
    shape = (TREES["num_leaves"] - 1, len(trees))
    feature, threshold = np.zeros(shape, np.int64), np.full(shape, np.inf)
    right, value = np.full(shape, 0xFFFF, np.uint16), np.zeros((len(trees), MAX_LEAVES))

    def add(node: dict[str, Any], tree: int, row: int, leaf: int) -> tuple[int, int]:
        """Write what is below a node; give the next row and the next leaf."""
        if "leaf_value" in node:
            value[tree, leaf] = node["leaf_value"] / len(models)
            return row, leaf + 1
        feature[row, tree], threshold[row, tree] = node["split_feature"], node["threshold"]
        below, end = add(node["left_child"], tree, row + 1, leaf)
        right[row, tree] ^= (1 << end) - (1 << leaf)
        return add(node["right_child"], tree, below, end)

    for number, tree in enumerate(trees):
        add(tree, number, 0, 0)
    return Weights(
        feature,
        threshold,
        right,
        value,
        names.astype(np.float16).astype(np.float32),
        words.astype(np.float16).astype(np.float32),
    )


def _shingles(words: list[str]) -> dict[tuple[str, ...], int]:
    counts: dict[tuple[str, ...], int] = {}
    for k in range(max(1, len(words) - 3) if words else 0):
        shingle = tuple(words[k : k + 4])
        counts[shingle] = counts.get(shingle, 0) + 1
    return counts


if __name__ == "__main__":
    main()
