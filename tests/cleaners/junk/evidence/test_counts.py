"""Evidence of many documents: merging, templates of a site, owners of passages."""

import random
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners.junk import StripConfig, gather_evidence, learn_evidence, strip_articles
from cleaners.junk.detectors.owners import OwnerIndex
from cleaners.junk.evidence.gather import (
    EVIDENCE_SCHEMA,
    OWNER,
    RECENT,
    RECENT_DOCUMENTS,
    RECENT_GRAM,
    RECENT_GRAMS,
)
from cleaners.junk.evidence.keys import OWNER_N, OwnedTokens
from cleaners.junk.page.tokens import hash_ngrams, hash_text, tokenize
from tests.cleaners.junk.conftest import make_frame, make_row

CONFIG = StripConfig()
# Repetition alone: in these made-up texts any English sentence is foreign to the story.
WITHOUT_MODEL = StripConfig(use_learned_layer=False)
WORDS = [
    "harbour",
    "ferry",
    "island",
    "bridge",
    "winter",
    "council",
    "market",
    "school",
    "river",
    "forest",
    "painter",
    "doctor",
    "engine",
    "village",
    "festival",
    "orchard",
    "captain",
    "museum",
    "library",
    "garden",
    "station",
    "railway",
    "miner",
    "baker",
    "teacher",
    "lawyer",
    "farmer",
    "singer",
    "novel",
    "theatre",
]
FOOTER = "Kestrel readers receive every story first with the Kestrel subscription card at the kiosk"


def story(seed: int, n_sentences: int = 12) -> str:
    """Sentences of words that no other seed has."""
    rng = random.Random(seed)
    names = [f"Name{seed}x{number}" for number in range(8)]
    sentences = [
        " ".join([rng.choice(names), *(rng.choice(WORDS) + chr(97 + seed) for _ in range(10)), rng.choice(names)]) + "."
        for _ in range(n_sentences)
    ]
    return "\n".join(sentences)


def strip_all(rows: list[dict[str, object]], config: StripConfig = CONFIG) -> dict[str, str]:
    documents = make_frame(rows)
    evidence = learn_evidence([gather_evidence(documents, config)], config)
    result = strip_articles(documents, evidence, config)
    return dict(result.articles.filter(pl.col("origin") == "text").select("source_uri", "text").rows())


def test_a_footer_of_three_documents_of_a_site_goes() -> None:
    rows = [make_row(f"k{n}", f"{story(n)}\n{FOOTER}", site="kestrel.example") for n in range(3)]
    cleaned = strip_all([*rows, make_row("other", f"{story(9)}\n{FOOTER}", site="other.example")], WITHOUT_MODEL)
    assert [cleaned[f"k{n}"] for n in range(3)] == [story(n) for n in range(3)]
    assert cleaned["other"].endswith(FOOTER)  # one document of another site proves nothing


def test_a_footer_glued_into_the_text_goes() -> None:
    texts = [story(n).replace("\n", " ") for n in range(4)]
    rows = [make_row(f"k{n}", f"{text} {FOOTER}. {text[::-1]}", site="kestrel.example") for n, text in enumerate(texts)]
    assert all("Kestrel" not in text for text in strip_all(rows).values())


def test_versions_of_one_story_are_no_template() -> None:
    text = story(1, 20)
    rows = [make_row(f"v{n}", f"{text}\nUpdate {n} adds a line.", site="kestrel.example") for n in range(6)]
    assert all(cleaned.startswith(text) for cleaned in strip_all(rows).values())


def test_reporters_phrases_are_no_template() -> None:
    phrase = "The company did not immediately respond to a request for comment on Tuesday."
    rows = [make_row(f"k{n}", f"{story(n)}\n{phrase}\n{story(n + 50)}", site="kestrel.example") for n in range(5)]
    assert all(phrase in text for text in strip_all(rows, WITHOUT_MODEL).values())


def test_a_passage_that_begins_another_document_goes() -> None:
    owner = story(1, 10)
    lead = "\n".join(owner.split("\n")[:6])
    rows = [
        make_row("owner", owner, title="Harbour council meets again about the winter ferry", site="a.example"),
        make_row("host", f"{story(2)}\nRelated stories\n{lead}\n{story(3, 4)}", site="b.example"),
    ]
    cleaned = strip_all(rows)
    assert cleaned["owner"] == owner
    assert cleaned["host"].startswith(story(2))
    assert cleaned["host"].endswith(story(3, 4))
    # The end is known but to a few tokens: at most the last sentence is left.
    assert sum(line in cleaned["host"] for line in lead.split("\n")) <= 1


def test_the_owner_may_come_from_an_earlier_snapshot() -> None:
    owner = story(1, 10)
    excerpt = owner.split("\n")[:6]
    first = make_frame([make_row("owner", owner, site="a.example")])
    host = "\n".join([story(2), "Related stories", *excerpt, story(3, 4)])
    second = make_frame([make_row("host", host, site="b.example")])
    earlier = learn_evidence([gather_evidence(first, CONFIG)], CONFIG)
    evidence = learn_evidence([gather_evidence(second, CONFIG)], CONFIG, earlier)
    text = strip_articles(second, evidence, CONFIG).articles["text"][0]
    assert text.startswith(story(2))
    assert text.endswith(story(3, 4))
    assert sum(line in text for line in excerpt) <= 2  # a sample of the beginning is remembered


def test_a_quotation_on_the_same_subject_stays() -> None:
    speech = story(1, 5)
    host = "\n".join(line + " Said again." for line in speech.split("\n"))
    rows = [
        make_row("owner", speech, site="a.example"),
        make_row("host", f"{host}\n{host}\n{speech}", site="b.example"),
    ]
    assert speech in strip_all(rows)["host"]


def test_merging_does_not_depend_on_order_or_shards() -> None:
    rows = [make_row(f"k{n}", f"{story(n)}\n{FOOTER}", site="kestrel.example") for n in range(6)]
    whole = learn_evidence([gather_evidence(make_frame(rows), CONFIG)], CONFIG)
    parts = [gather_evidence(make_frame(rows[n : n + 2]), CONFIG) for n in (4, 0, 2)]
    assert learn_evidence(parts, CONFIG).equals(whole)
    assert whole.schema == parts[0].to_frame().schema


def test_no_documents_give_no_evidence() -> None:
    empty = gather_evidence(make_frame([]), CONFIG)
    assert learn_evidence([empty], CONFIG).is_empty()
    assert learn_evidence([], CONFIG).is_empty()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't stop-now, 3.5!", ["Don", "t", "stop", "now", "3", "5"]),
        ("中文 ok", ["中", "文", "ok"]),
        ("😀 Zürich\nÅse", ["Zürich", "Åse"]),
        ("", []),
        (" ,. ", []),
    ],
)
def test_tokens_have_code_point_offsets(text: str, expected: list[str]) -> None:
    tokens = tokenize(text)
    assert [text[start:end] for start, end in zip(tokens.starts, tokens.ends, strict=True)] == expected


def test_tokens_ignore_case_and_punctuation_only() -> None:
    assert np.array_equal(tokenize("The Ferry, sank").hashes, tokenize("the ferry sank").hashes)
    assert not np.array_equal(tokenize("ab ba").hashes[:1], tokenize("ab ba").hashes[1:])
    assert len(hash_ngrams(tokenize("a b c").hashes, 5)) == 0
    assert len(hash_ngrams(tokenize("a b c d e f").hashes, 5)) == 2


def learn_in_runs(runs: list[list[dict[str, object]]]) -> pl.DataFrame:
    evidence = None
    for rows in runs:
        evidence = learn_evidence([gather_evidence(make_frame(rows), CONFIG)], CONFIG, evidence)
    assert evidence is not None
    return evidence


def page_of(number: int, footer: str = FOOTER) -> dict[str, object]:
    return make_row(f"k{number}", f"{story(number)}\n{footer}", site="kestrel.example")


def cleaned_last(runs: list[list[dict[str, object]]]) -> str:
    documents = make_frame(runs[-1])
    return str(strip_articles(documents, learn_in_runs(runs), WITHOUT_MODEL).articles["text"].item())


def test_three_runs_of_one_page_each_find_the_template() -> None:
    runs = [[page_of(n)] for n in range(3)]
    assert cleaned_last(runs[:2]).endswith(FOOTER)  # two documents prove nothing
    assert cleaned_last(runs) == story(2)


def test_a_template_is_found_after_runs_that_do_not_show_it() -> None:
    runs = [[page_of(n, "" if n in (1, 2) else FOOTER)] for n in range(5)]
    assert cleaned_last(runs) == story(4)


def test_the_same_document_again_counts_once() -> None:
    assert cleaned_last([[page_of(0)], [page_of(1)], [page_of(1)], [page_of(0)], [page_of(1)]]).endswith(FOOTER)
    assert cleaned_last([[page_of(0)], [page_of(0)], [page_of(0)]]).endswith(FOOTER)
    assert cleaned_last([[page_of(0)], [page_of(0)], [page_of(1)], [page_of(2)]]) == story(2)


def test_what_is_kept_of_a_site_is_bounded() -> None:
    runs = [[make_row(f"k{n}", story(n % 26, 60) + f"\nOwn words {n}", site="kestrel.example")] for n in range(12)]
    evidence = learn_in_runs(runs)
    recent = evidence.filter(pl.col("kind") == RECENT)
    grams = evidence.filter(pl.col("kind") == RECENT_GRAM)
    assert recent.height == RECENT_DOCUMENTS
    assert set(grams["value"]) <= set(recent["value"])
    assert grams.group_by("value").len()["len"].max() <= RECENT_GRAMS
    # The newest are kept, not the first.
    assert set(recent["value"]) == {hash_text(make_row(f"k{n}", "")["article_id"]) for n in range(7, 12)}


def test_a_site_of_many_documents_keeps_none() -> None:
    rows = [make_row(f"k{n}", story(n % 26) + f" Own words {n}", site="kestrel.example") for n in range(60)]
    evidence = learn_evidence([gather_evidence(make_frame(rows), CONFIG)], CONFIG)
    assert evidence.filter(pl.col("kind") >= RECENT).is_empty()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abc"), min_size=6, max_size=40), min_size=1, max_size=5), st.booleans())
def test_what_owners_share_is_what_a_walk_over_all_rows_finds(texts: list[list[str]], is_known: bool) -> None:
    articles = [(f"a{number}", tokenize(" ".join(words)).hashes) for number, words in enumerate(texts)]
    rows = [
        (gram, place, hash_text(name))
        for name, hashes in articles
        for place, gram in enumerate(hash_ngrams(hashes, OWNER_N).tolist())
    ]
    frame = pl.DataFrame(
        {
            "kind": [OWNER] * len(rows),
            **{column: [row[number] for row in rows] for number, column in enumerate(("key", "n", "value"))},
        },
        schema=EVIDENCE_SCHEMA,
    )
    me = "a0" if is_known else "other"
    expected: dict[int, list[tuple[int, int]]] = {}
    for here, gram in enumerate(hash_ngrams(articles[0][1], OWNER_N).tolist()):
        for _, there, owner in sorted(row for row in rows if row[0] == gram)[:32]:
            if owner != hash_text(me):
                expected.setdefault(owner, []).append((here, there))
    pages = [(OwnedTokens(hashes, 0), hash_ngrams(hashes, OWNER_N)) for _, hashes in articles]
    names = [me, *(name for name, _ in articles[1:])]
    for order in (frame, frame.sort("key", "n", "value"), frame.reverse()):
        shared = OwnerIndex(order).find_shared(pages, names)
        runs = [run for pairs in expected.values() for run in walk(pairs, len(articles[0][1]))]  # their order too
        assert list(zip(*(column.tolist() for column in shared.split(len(pages))[0][1:]), strict=True)) == runs
        each = [OwnerIndex(order).find_shared([one], [name]) for one, name in zip(pages, names, strict=True)]
        for own, alone in zip(shared.split(len(pages)), each, strict=True):
            assert [column.tolist() for column in own[1:]] == [column.tolist() for column in alone[1:]]


def walk(pairs: list[tuple[int, int]], n_tokens: int) -> list[tuple[int | bool, ...]]:
    """The runs of the n-grams shared with one owner, as `Shared` has them."""
    runs = [[pairs[0]]]
    for before, (here, there) in pairwise(pairs):
        step, other = here - before[0], there - before[1]
        if not (0 < step <= 120 and other > 0 and abs(step - other) <= 80):
            runs.append([])
        runs[-1].append((here, there))
    least = 0.5 * (min(n_tokens, 96) + max(0, n_tokens - 96) / 4)
    begin_alike = pairs[0][0] < 48 and pairs[0][1] < 96
    is_version = begin_alike or (len(pairs) >= least and len({here for here, _ in pairs}) >= least)
    return [
        (run[0][0], run[-1][0], run[0][1], run[-1][1], len(run), pairs[0][0], run is runs[0], is_version)
        for run in runs
    ]
