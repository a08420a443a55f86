"""Contaminated sets to learn stripping from: takes files, gives documents with their junk, folds and labels; scores what is cut.

Articles are hashed into folds by site and junk by string, so that for each pair of folds a model can leave both out. Development
only; nothing here is part of the package.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from courlan import extract_domain

from bench.quality.contamination import NO_KIND, as_document
from cleaners.document import DOCUMENT_SCHEMA
from cleaners.junk import StripConfig, gather_evidence, learn_evidence
from cleaners.junk.decide import decide
from cleaners.junk.detectors.owners import OwnerIndex
from cleaners.junk.detectors.templates import TemplateIndex
from cleaners.junk.evidence.keys import key_pages
from cleaners.junk.find import Indexes, examine
from cleaners.junk.model import choice
from cleaners.junk.model.measures import Findings
from cleaners.junk.model.outline import find_prose
from cleaners.junk.model.weights import LearnedModel
from cleaners.junk.page.page import Page
from cleaners.junk.page.reading import Reading, Units, read
from cleaners.junk.page.tokens import hash_ngrams, hash_text, tokenize

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Span = dict[str, Any]

FOLDS = 4
AGAIN = "again"
MAX_NEIGHBOURS = 4
PURE = 0.99


class Example(NamedTuple):
    """A document, its gold spans, and the folds of its article and of its junk."""

    set_name: str
    row: dict[str, Any]
    reading: Reading
    findings: Findings
    spans: list[Span]
    fold: int
    is_solid: npt.NDArray[np.bool_]  # by character: not white space
    is_junk: npt.NDArray[np.bool_]
    is_counted: npt.NDArray[np.bool_]  # by character: neither junk nor story is right where it is False
    junk_fold: npt.NDArray[np.int8]  # by character; of article characters a fold by chance, one for a document


def load_examples(sets: list[tuple[str, list[dict[str, Any]]]]) -> list[Example]:
    """Examine sets of documents, each as one batch, as in `bench.quality`.

    Args:
        sets: the name of each and its rows: contaminated articles (`spans`), or real pages (`junk`, `neutral`).

    """
    config = StripConfig()
    loaded: list[tuple[str, dict[str, Any], Reading, Findings]] = []
    for name, rows in sets:
        documents = pl.DataFrame([as_document(row) for row in rows], schema=DOCUMENT_SCHEMA)
        evidence = learn_evidence([gather_evidence(documents, config)], config)
        indexes = Indexes(TemplateIndex(evidence, config), OwnerIndex(evidence))
        dicts = documents.to_dicts()
        for row, one in zip(rows, examine(dicts, key_pages(dicts), indexes, config), strict=True):
            loaded.append((name, row, read([one.page], [one.tokens]), one.findings))
    strings = [(name == AGAIN or "junk" in row, row["contaminated_text"], spans_of(row)) for name, row, _, _ in loaded]
    folded = fold_junk(strings)
    examples = []
    for (name, row, reading, findings), pieces in zip(loaded, folded, strict=True):
        size = len(row["contaminated_text"])
        junk, counted = np.zeros(size, dtype=bool), np.ones(size, dtype=bool)
        is_real = "junk" in row
        fold = hash_text("article " + site_of(row)) % FOLDS
        junk_fold = np.full(size, fold if is_real else hash_text(row["id"]) % FOLDS, dtype=np.int8)
        spans = spans_of(row)
        for span in spans:
            junk[span["start"] : span["end"]] = True
        for start, end in row.get("neutral", ()):
            counted[start:end] = False
        for start, end, string_fold in pieces:
            if string_fold is not None:
                junk_fold[start:end] = string_fold
        for span in spans:
            # A generated page's junk is held out with all of its form.
            if form := span.get("form", row.get("form")):
                junk_fold[span["start"] : span["end"]] = hash_text("form " + form) % FOLDS
        solid = np.array([not character.isspace() for character in row["contaminated_text"]], dtype=bool)
        examples.append(Example(name, row, reading, findings, spans, fold, solid, junk, counted, junk_fold))
    return examples


def spans_of(row: dict[str, Any]) -> list[Span]:
    """The junk of a document of either kind of set; that of real pages has no kind."""
    if "spans" in row:
        spans: list[Span] = row["spans"]
        return spans
    return [{"start": start, "end": end, "kind": None, "placement": "real"} for start, end in row["junk"]]


def site_of(row: dict[str, Any]) -> str:
    """The registrable domain that an article comes from."""
    url = row.get("origin_url") or row.get("url") or ""
    return extract_domain(url) or row.get("origin") or row["source"]


def read_set(path: Path) -> list[dict[str, Any]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def fold_junk(loaded: list[tuple[bool, str, list[Span]]]) -> list[list[tuple[int, int, int | None]]]:
    """Extents of the sentences of each document's junk, with their folds.

    Sentences that are alike (equal, or sharing an 8-gram of tokens) and sentences that stand side by side in the junk of
    several documents are of one string and share a fold. Sets placed again, and real pages, keep neighbours together, so that
    nothing leaks; a real page's own short labels have no fold but its site's (None).
    """
    parent: dict[str, str] = {}

    def find(key: str) -> str:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    owner: dict[int, str] = {}
    pieces: list[list[tuple[int, int, str | None]]] = []
    neighbours: Counter[tuple[str, str]] = Counter()
    for is_apart, text, spans in loaded:
        row: list[tuple[int, int, str | None]] = []
        for span in spans:
            inside = Page(text[span["start"] : span["end"]]).sentences
            keys: list[str | None] = []
            for low, high in inside:
                key = " ".join(text[span["start"] + low : span["start"] + high].lower().split())
                grams = hash_ngrams(tokenize(key).hashes, 8).tolist()
                if span.get("kind") is None and not grams:
                    keys.append(None)
                    continue
                keys.append(key)
                find(key)
                for gram in grams:
                    parent[find(owner.setdefault(gram, key))] = find(key)
            if not is_apart:
                neighbours.update({(one, other) for one, other in pairwise(keys) if one and other})
            # Each piece reaches to the next one.
            bounds = [span["start"] + low for low, _ in inside[1:]]
            row += zip([span["start"], *bounds], [*bounds, span["end"]], keys, strict=True)
        pieces.append(row)
    n_after = Counter(first for first, _ in neighbours)
    n_before = Counter(second for _, second in neighbours)
    for (first, second), count in neighbours.items():
        # A heading stands before many strings, an age behind many; a story's sentence has its own beside it.
        if count >= 2 and n_after[first] <= MAX_NEIGHBOURS and n_before[second] <= MAX_NEIGHBOURS:
            parent[find(first)] = find(second)
    return [
        [(start, end, None if key is None else hash_text(find(key)) % FOLDS) for start, end, key in row]
        for row in pieces
    ]


def cells() -> Iterator[tuple[int, int]]:
    """Pairs of an article fold and a junk fold."""
    return ((article, junk) for article in range(FOLDS) for junk in range(FOLDS))


def unit_labels(example: Example, cut: Units) -> tuple[F64, I64]:
    """Share of junk of each unit (NaN where most of it counts as neither), and the fold of its junk string."""
    running: F64 = np.concatenate((np.zeros(1), np.cumsum(example.is_junk & example.is_counted, dtype=np.float64)))
    counted: F64 = np.concatenate((np.zeros(1), np.cumsum(example.is_counted, dtype=np.float64)))
    size = counted[cut.ends] - counted[cut.starts]
    share: F64 = (running[cut.ends] - running[cut.starts]) / np.maximum(size, 1.0)
    share[size < (cut.ends - cut.starts) / 2] = np.nan
    middle = example.junk_fold[(cut.starts + cut.ends) // 2].astype(np.int64)
    return share, middle


def run_labels(example: Example, cut: Units, runs: list[tuple[int, int]]) -> tuple[F64, F64, I64]:
    """Return for each run whether it is all junk, whether it is all of the junk it touches, and the fold of its junk."""
    text = example.reading.page.text
    solid = example.is_solid & example.is_counted
    junk = np.concatenate((np.zeros(1), np.cumsum(example.is_junk & solid)))
    all_solid = np.concatenate((np.zeros(1), np.cumsum(solid)))
    # Characters of the article between here and the junk's edges: a whole run has none of the junk beyond it.
    own = np.flatnonzero(~example.is_junk & solid)
    pure, exact, folds = [], [], []
    for low, high in runs:
        start, end = int(cut.starts[low]), int(cut.ends[high - 1])
        size = all_solid[end] - all_solid[start]
        is_pure = junk[end] - junk[start] >= PURE * size
        before, after = np.searchsorted(own, start), np.searchsorted(own, end)
        left = int(own[before - 1]) + 1 if before else 0
        right = int(own[after]) if after < len(own) else len(text)
        beyond = (junk[start] - junk[left]) + (junk[right] - junk[end])
        pure.append(float(is_pure))
        exact.append(float(is_pure and beyond == 0))
        inside = example.junk_fold[start:end][example.is_junk[start:end]]
        folds.append(int(np.bincount(inside).argmax()) if len(inside) else int(example.junk_fold[start]))
    return np.array(pure), np.array(exact), np.array(folds, dtype=np.int64)


def find_own_prose(example: Example, cut: Units) -> npt.NDArray[np.bool_]:
    """Tell which units of a document read as a sentence."""
    n_tokens = np.bincount(cut.unit_of_token, minlength=len(cut.starts)).astype(np.float64)
    return find_prose(example.reading, cut, n_tokens)


def strip_example(
    example: Example, cut: Units, logits: F64, runs: list[tuple[int, int]], scores: tuple[F64, F64], model: LearnedModel
) -> list[tuple[int, int]]:
    """Return what is removed from a document whose runs are already scored."""
    is_prose = find_own_prose(example, cut)
    passages = choice.choose_passages(example.reading, cut, is_prose, logits, runs, *scores, example.findings, model)
    return decided(example, passages)


def strip_rules(example: Example) -> list[tuple[int, int]]:
    return decided(example, list(example.findings.passages))


def decided(example: Example, passages: list[Any]) -> list[tuple[int, int]]:
    chosen = decide(example.reading.page, passages, StripConfig()).removed
    return [(passage.start, passage.end) for passage in chosen if passage.category not in NO_KIND]


def score(examples: list[Example], removed: list[list[tuple[int, int]]]) -> Counter[str]:
    """Characters as the scorer counts them."""
    tally: Counter[str] = Counter()
    for example, spans in zip(examples, removed, strict=True):
        solid = example.is_solid & example.is_counted
        cut = np.zeros(len(solid), dtype=bool)
        for start, end in spans:
            cut[start:end] = True
        cut &= solid
        junk = example.is_junk & solid
        wrong, hit = int((cut & ~junk).sum()), int((cut & junk).sum())
        tally.update(docs=1, junk=int(junk.sum()), removed=int(cut.sum()), hit=hit, wrong=wrong)
        n_story, n_left = int((solid & ~junk).sum()), int(junk.sum()) - hit
        tally.update(article=n_story, exact=int(wrong == 0 and n_left == 0))
        tally.update(near=int(n_left <= 0.02 * n_story and wrong <= 0.005 * n_story), hurt=int(wrong > 0.02 * n_story))
        if example.row.get("hard_negative"):
            tally.update(hard_wrong=wrong, hard_article=int((solid & ~junk).sum()))
        for span in example.spans:
            part = slice(span["start"], span["end"])
            for name in (span["kind"] or "real", span["placement"], example.row["layout"] + " layout"):
                tally[f"{name} chars"] += int(solid[part].sum())
                tally[f"{name} hit"] += int((cut & solid)[part].sum())
    return tally


def figures(tally: Counter[str]) -> str:
    f1 = 2 * tally["hit"] / max(1, tally["removed"] + tally["junk"])
    return (
        f"F1 {f1:.4f} P {tally['hit'] / max(1, tally['removed']):.4f} R {tally['hit'] / max(1, tally['junk']):.4f} "
        f"damage {100 * tally['wrong'] / tally['article']:.3f}% "
        f"hard {100 * tally['hard_wrong'] / max(1, tally['hard_article']):.3f}% exact {tally['exact'] / tally['docs']:.3f} "
        f"near {tally['near'] / tally['docs']:.3f} hurt {tally['hurt'] / tally['docs']:.3f}"
    )


def details(tally: Counter[str]) -> dict[str, float]:
    names = sorted(name.removesuffix(" chars") for name in tally if name.endswith(" chars"))
    return {name: round(tally[f"{name} hit"] / max(1, tally[f"{name} chars"]), 3) for name in names}
