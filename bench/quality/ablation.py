"""Worth of each rule and detector: `python -m bench.quality.ablation SET.jsonl[.gz] ... --models FOLDER`.

Strips contaminated sets and real pages, then leaves out one rule, one detector, one kind of evidence in turn. Each document is
judged by the model of `bench.training.train_strip --held-out` that has not seen its site, so that a rule has to earn its place
beside what the layer knows of other sites. Only the documents in which what is left out finds something are judged again, which is
exact: documents share nothing but counts of site and archive. (Two things of a page are not made again: whether its text is
English, and chains of rules at its end.) Prints Markdown: characters of junk and of story that go only because of it, by set.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import polars as pl

from bench.quality.contamination import NO_KIND, as_document, read_rows
from bench.quality.review import Mask, junk_mask, solid_mask
from bench.training.strip_sets import FOLDS, site_of
from cleaners.document import DOCUMENT_SCHEMA
from cleaners.junk import StripConfig, find, gather_evidence, learn_evidence, load_rules
from cleaners.junk.describe import describe_rules
from cleaners.junk.detectors.owners import OwnerIndex
from cleaners.junk.detectors.templates import TemplateIndex
from cleaners.junk.evidence.keys import key_pages
from cleaners.junk.model.learned import ExaminedPage
from cleaners.junk.model.measures import Findings
from cleaners.junk.model.weights import LearnedModel, load_model, read_model
from cleaners.junk.page.tokens import hash_text
from cleaners.junk.rule_files import read_tables

# Real news pages that a person labelled; the other pages of their set are blogs, shops and how-tos.
NEWS = ("sh-", "a4-", "fu-")

Change = Callable[[Findings], Findings]


class Document(NamedTuple):
    """A document with all that its detectors find, its masks, and the model that has not seen its site."""

    row: dict[str, Any]
    examined: ExaminedPage
    solid: Mask
    junk: Mask
    model: LearnedModel
    indexes: find.Indexes


class Effect(NamedTuple):
    """What goes only because of something: documents it finds something in, characters of junk, of story."""

    documents: int
    hit: int
    wrong: int


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument(
        "--models", type=Path, help="folder with fold-0.npz to fold-3.npz; the package's model where not given"
    )
    arguments = parser.parse_args()
    models = [load_model()] * FOLDS
    if arguments.models:
        files = [arguments.models / f"fold-{fold}.npz" for fold in range(FOLDS)]
        models = [read_model(file.read_bytes())._replace(thresholds=load_model().thresholds) for file in files]
    sets = {path.name.split(".")[0]: load_documents(path, models) for path in arguments.sets}
    whole = {name: [cut_document(one) for one in documents] for name, documents in sets.items()}
    print("| set | documents | F1 | precision | recall | damage | near | hurt |\n|" + " --- |" * 8)
    for name, documents in sets.items():
        print(f"| {name} | {len(documents)} | {describe(documents, whole[name])} |")
        news = [number for number, one in enumerate(documents) if one.row["source_uri"].startswith(NEWS)]
        if 0 < len(news) < len(documents):
            some = describe([documents[number] for number in news], [whole[name][number] for number in news])
            print(f"| {name}, news | {len(news)} | {some} |")
    for title, groups in (("evidence", list_evidence()), ("rule", list_rules())):
        print(f"\n| {title} | " + " | ".join(f"{name}: documents, junk, story" for name in sets) + " |")
        print("|" + " --- |" * (len(sets) + 1))
        for name, ids in groups.items():
            effects = [measure(sets[one], whole[one], without(ids)) for one in sets]
            cells = (f"{one.documents}, {one.hit:,}, {one.wrong:,}" for one in effects)
            print(f"| {name} | {' | '.join(cells)} |", flush=True)
    for name, change in (("counts of site and archive", _without_counts),):
        effects = [measure(sets[one], whole[one], change) for one in sets]
        print(f"| {name} | " + " | ".join(f"{one.documents}, {one.hit:,}, {one.wrong:,}" for one in effects) + " |")


def load_documents(path: Path, models: list[LearnedModel]) -> list[Document]:
    """Read a set, examined as one batch."""
    rows, config = read_rows(path), StripConfig()
    frame = pl.DataFrame([as_document(row) for row in rows], schema=DOCUMENT_SCHEMA)
    evidence = learn_evidence([gather_evidence(frame, config)], config)
    indexes = find.Indexes(TemplateIndex(evidence, config), OwnerIndex(evidence))
    documents = []
    dicts = frame.to_dicts()
    for row, document, one in zip(rows, dicts, find.examine(dicts, key_pages(dicts), indexes, config), strict=True):
        model = models[hash_text("article " + site_of(row)) % FOLDS]
        documents.append(Document(document, one, solid_mask(row), junk_mask(row), model, indexes))
    return documents


def cut_document(one: Document, change: Change | None = None) -> Mask:
    """Characters that go from a document, with what its detectors found or with a part of it."""
    findings = change(one.examined.findings) if change else one.examined.findings
    with (
        patch.object(find, "examine", lambda *_: [one.examined._replace(findings=findings)]),
        patch.object(find, "load_model", lambda: one.model),
    ):
        decision = find.find_junk([one.row], one.indexes, StripConfig())[0]
    cut = np.zeros(len(one.solid), dtype=bool)
    for passage in decision.removed:
        if passage.category not in NO_KIND:
            cut[passage.start : passage.end] = True
    return cut & one.solid


def measure(documents: list[Document], whole: list[Mask], change: Change) -> Effect:
    """The effect of what a change leaves out."""
    n = hit = wrong = 0
    for one, before in zip(documents, whole, strict=True):
        if change(one.examined.findings) is not one.examined.findings:
            after = cut_document(one, change)
            n += 1
            hit += int((before & one.junk).sum()) - int((after & one.junk).sum())
            wrong += int((before & ~one.junk).sum()) - int((after & ~one.junk).sum())
    return Effect(n, hit, wrong)


def describe(documents: list[Document], cuts: list[Mask]) -> str:
    """F1, precision, recall, damage, and shares of documents near and hurt (as `score_natural.py` has them), as cells."""
    counts = np.array(
        [
            [
                (one.junk & one.solid).sum(),
                (~one.junk & one.solid).sum(),
                (cut & one.junk).sum(),
                (cut & ~one.junk).sum(),
            ]
            for one, cut in zip(documents, cuts, strict=True)
        ]
    )
    junk, story, hit, wrong = counts.T
    near = float(((junk - hit <= 0.02 * story) & (wrong <= 0.005 * story)).mean())
    hurt = float((wrong > 0.02 * story).mean())
    n_junk, n_story, n_hit, n_wrong = (max(int(total), 1) for total in counts.sum(axis=0))
    cells = (2 * n_hit / (n_hit + n_wrong + n_junk), n_hit / (n_hit + n_wrong), n_hit / n_junk)
    return " | ".join([*(f"{cell:.4f}" for cell in cells), f"{n_wrong / n_story:.3%}", f"{near:.3f}", f"{hurt:.3f}"])


def without(ids: frozenset[str]) -> Change:
    """A change that leaves out the passages of some rules; findings without any stay the same object."""

    def change(findings: Findings) -> Findings:
        kept = [passage for passage in findings.passages if passage.rule_id not in ids]
        return findings if len(kept) == len(findings.passages) else findings._replace(passages=kept)

    return change


def list_evidence() -> dict[str, frozenset[str]]:
    """The rules of each file and each detector, by name."""
    groups = {
        f"rules of {file}": frozenset(row["id"] for row in table["rule"])
        for file, table in read_tables()
        if table.get("rule")
    }
    groups["all rules"] = frozenset(rule.id for rule in load_rules())
    groups |= {f"detector {name}": ids for name, ids in list_detectors().items()}
    groups["all rules and detectors"] = groups["all rules"].union(*list_detectors().values())
    return groups


def list_detectors() -> dict[str, frozenset[str]]:
    """The ids of each detector's passages."""
    rules = {rule.id for rule in load_rules()}
    found: dict[str, set[str]] = defaultdict(set)
    for one in describe_rules():
        if one.id not in rules and not one.id.startswith("learned-"):
            found[one.id.split("-")[0]].add(one.id)
    return {name: frozenset(ids) for name, ids in sorted(found.items())}


def list_rules() -> dict[str, frozenset[str]]:
    """Each rule and each detector's passage by itself."""
    ids: Iterable[str] = [*(rule.id for rule in load_rules()), *sorted(set().union(*list_detectors().values()))]
    return {one: frozenset((one,)) for one in ids}


def _without_counts(findings: Findings) -> Findings:
    """Findings that know nothing of other documents but the passages."""
    nothing = np.zeros_like(findings.repeated)
    return findings._replace(repeated=nothing, owners=nothing, owners_lead=nothing)


if __name__ == "__main__":
    main()
