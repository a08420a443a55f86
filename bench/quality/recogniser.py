"""People found in annotated text, beside a spaCy model on the same: `python -m bench.quality.recogniser FILE.conll [FILE ...]`.

Takes files in the format of CoNLL (a token and its tags a line, an empty line after each sentence, -DOCSTART- or `# newdoc`
between documents; without these each sentence is a document) and writes them as running text, the same for both. Prints
precision, recall and F1 of people, by whole spans and by spans that touch, and words a second.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from cleaners.names import NamesConfig, check_names

Span = tuple[int, int]
Document = tuple[str, list[Span]]  # text, people

PEOPLE = {"PER", "PERSON", "person"}
_TIGHT_BEFORE = re.compile(r"[.,;:!?%)\]}]|['’](?:s|S|re|ve|ll|d|m)?|n['’]t")
_TIGHT_AFTER = frozenset({"(", "[", "{", "$", "£", "#", "@"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--token", type=int, default=0, help="column of the token")
    parser.add_argument("--tag", type=int, default=-1, help="column of the tag (IOB)")
    parser.add_argument("--spacy", help="name of an installed spaCy model")
    parser.add_argument("--show", type=int, default=0, help="print the first wrong and missed spans")
    args = parser.parse_args()
    for file in args.files:
        documents = list(read_documents(file.read_text(encoding="utf-8"), args.token, args.tag))
        n_words = sum(len(text.split()) for text, _ in documents)
        print(
            f"{file.name}: {len(documents)} documents, {n_words:,} words, {sum(len(p) for _, p in documents):,} people"
        )
        recognisers: list[tuple[str, Callable[[list[str]], list[list[Span]]]]] = [("copydesk", find_by_copydesk)]
        if args.spacy:
            recognisers.append((args.spacy, lambda texts: find_by_spacy(texts, args.spacy)))
        for name, find in recognisers:
            begun = time.process_time()
            found = find([text for text, _ in documents])
            seconds = time.process_time() - begun
            figures = " | ".join(f"{how} {score(documents, found, how)}" for how in ("whole", "touching"))
            print(f"  {name:20} {figures} | {n_words / seconds:,.0f} words/s")
            show_differences(documents, found, args.show)


def read_documents(conll: str, token_column: int, tag_column: int) -> Iterator[Document]:
    """Documents as running text, a line a sentence, with the spans of people."""
    has_documents = "-DOCSTART-" in conll or "# newdoc" in conll
    text, is_open = "", False
    people: list[Span] = []
    for line in [*conll.splitlines(), "", "-DOCSTART-"]:
        columns = line.split("\t") if "\t" in line else line.split()
        if line.startswith(("-DOCSTART-", "# newdoc")) or (not columns and not has_documents):
            if text.strip():
                yield text, people
            text, people, is_open = "", [], False
        elif not columns:
            text, is_open = f"{text}\n" if text else "", False
        elif not line.startswith("# "):
            token, tag = columns[token_column], columns[tag_column if tag_column >= 0 else _tag_column(columns)]
            kind = tag.partition("-")[2]
            is_tight = not text or text[-1] == "\n" or text[-1] in _TIGHT_AFTER or _TIGHT_BEFORE.fullmatch(token)
            text = text if is_tight else f"{text} "
            start = len(text)
            text += token
            if kind in PEOPLE:
                if is_open and not tag.startswith("B-"):
                    people[-1] = (people[-1][0], len(text))
                else:
                    people.append((start, len(text)))
            is_open = kind in PEOPLE


def _tag_column(columns: list[str]) -> int:
    """The last column that holds a tag; some formats keep notes behind it."""
    return max(i for i, value in enumerate(columns) if value == "O" or value[1:2] == "-")


def find_by_copydesk(texts: list[str]) -> list[list[Span]]:
    """People as the pipeline publishes them: found in each text, confirmed or dropped by the batch."""
    ids = [f"{number:024x}" for number in range(len(texts))]
    mentions = check_names(pl.DataFrame({"article_id": ids, "text": texts}), NamesConfig()).mentions
    found: dict[str, list[Span]] = {article_id: [] for article_id in ids}
    for article_id, start, end in (
        mentions.filter(pl.col("entity") == "person").select("article_id", "start", "end").iter_rows()
    ):
        found[article_id].append((start, end))
    return list(found.values())


def find_by_spacy(texts: list[str], model: str) -> list[list[Span]]:
    """Find what a spaCy model calls a person, without the possessive that it keeps in the span."""
    import spacy

    language = spacy.load(model, exclude=["tagger", "parser", "attribute_ruler", "lemmatizer", "senter"])
    found = []
    for document in language.pipe(texts):
        people = [entity for entity in document.ents if entity.label_ in ("PERSON", "PER")]
        found.append([(e.start_char, e.end_char - 2 * e.text.endswith(("'s", "’s"))) for e in people])
    return found


def score(documents: list[Document], found: list[list[Span]], how: str) -> str:
    """Precision, recall and F1 over whole spans, or over spans that touch one of the other side."""
    n_gold = n_found = n_right = n_hit = 0
    for (_, people), spans in zip(documents, found, strict=True):
        n_gold, n_found = n_gold + len(people), n_found + len(spans)
        n_right += sum(_is_among(span, people, how) for span in spans)
        n_hit += sum(_is_among(span, spans, how) for span in people)
    precision, recall = n_right / max(n_found, 1), n_hit / max(n_gold, 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return f"P {precision:.3f} R {recall:.3f} F1 {f1:.3f}"


def _is_among(span: Span, others: list[Span], how: str) -> bool:
    return span in others if how == "whole" else any(span[0] < end and start < span[1] for start, end in others)


def show_differences(documents: list[Document], found: list[list[Span]], limit: int) -> None:
    """The first spans of only one side, with their surroundings."""
    for is_gold in (False, True):
        rows = [
            (text, span)
            for (text, people), spans in zip(documents, found, strict=True)
            for ours, theirs in [(people, spans) if is_gold else (spans, people)]
            for span in ours
            if not _is_among(span, theirs, "whole")
        ]
        for text, (start, end) in rows[:: max(len(rows) // limit, 1)][:limit] if limit else []:
            around = f"{text[max(0, start - 50) : start]}[{text[start:end]}]{text[end : end + 40]}".replace("\n", " / ")
            print("  missed" if is_gold else "  wrong ", around)


if __name__ == "__main__":
    main()
