"""Evidence learned in parts and segments is what is learned from everything at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners.junk import StripConfig, gather_evidence, learn_evidence, strip_articles
from cleaners.junk.evidence.counts import choose_recent, merge_rows
from cleaners.junk.evidence.gather import EVIDENCE_SCHEMA, OWNER, RECENT, RECENT_GRAM, SITE, TEMPLATE, Gathered
from cleaners.junk.evidence.keys import key_pages
from cleaners.junk.evidence.parts import (
    PARTS,
    learn_part,
    list_keys,
    list_wanted,
    look_up,
    map_keys,
    order_keys,
    split_parts,
)
from cleaners.junk.page.tokens import mark_repeated
from tests.cleaners.junk.conftest import make_frame, make_row

pytestmark = pytest.mark.slow

CONFIG = StripConfig()
BANNER = "Sign up for the Harbour Post newsletter and read the morning briefing before anybody else does."
EMPTY = pl.DataFrame(schema=EVIDENCE_SCHEMA)


def page(number: int, site: str | None = "post.example", borrowed: str = "") -> dict[str, object]:
    words = [f"w{(number * 37 + step * step) % 997}" for step in range(60)]
    words[10:10] = f"the harbour {number} board said on day {number}".split()
    return make_row(f"a{number}", f"{' '.join(words)}. {borrowed}\n{BANNER}", site=site, title=f"Story {number}")


class Archive:
    """Segments as `flows/steps/learn.py` keeps them, in memory."""

    def __init__(self) -> None:
        self.segments: list[list[pl.DataFrame]] = []
        self.recent = EMPTY
        self.n_keys = self.n_narrowed = 0

    def narrow(self, keys: np.ndarray) -> np.ndarray:
        held = map_keys(self.segments).narrow(keys)
        self.n_keys, self.n_narrowed = self.n_keys + len(keys), self.n_narrowed + len(held)
        return held

    def __call__(self, wanted: dict[int, np.ndarray]) -> pl.DataFrame:
        return merge_rows(pl.concat([EMPTY, *(look_up(parts, wanted) for parts in self.segments)]))

    def learn(self, shards: list[Gathered]) -> None:
        shifts = np.cumsum([0, *(shard.stretches.height for shard in shards)])
        joined = Gathered(
            pl.concat([EMPTY, *(shard.stretches for shard in shards)]),
            np.concatenate([np.zeros(0, np.uint64), *(shard.keys for shard in shards)]),
            np.concatenate(
                [np.zeros(0, np.uint32), *(s.stretch + np.uint32(n) for s, n in zip(shards, shifts, strict=False))]
            ),
            np.concatenate([np.zeros(0, np.uint32), *(shard.n for shard in shards)]),
        )
        whole = joined.whole()
        known = np.union1d(list_keys(whole, SITE), list_keys(self.recent, RECENT))
        recent = choose_recent(whole, pl.concat([self({SITE: known}), self.recent.filter(pl.col("kind") == RECENT)]))
        (stretches, *columns), bounds = order_keys(joined)
        sites, grams = split_parts(whole.filter(pl.col("kind") == SITE)), split_parts(self.recent)
        added, kept = [], [recent.chosen]
        for own, met, (first, last) in zip(sites, grams, pairwise(bounds), strict=True):
            new = Gathered(stretches, *(column[first:last] for column in columns))
            ours = met.filter(pl.col("kind") == RECENT_GRAM)
            rows = new.take(np.arange(last - first))
            wanted = {
                TEMPLATE: list_keys(pl.concat([rows, ours]), TEMPLATE, RECENT_GRAM),
                OWNER: list_keys(rows, OWNER),
            }
            learned = learn_part(new, own, self(wanted), ours, recent, CONFIG)
            added.append(learned.added)
            kept.append(learned.recent)
        self.segments.append(added)
        self.recent = pl.concat(kept)

    def whole(self) -> pl.DataFrame:
        rows = merge_rows(pl.concat([EMPTY, *(part for parts in self.segments for part in parts)]))
        return pl.concat([rows, self.recent]).sort("kind", "key", "n", "value")


pages = st.builds(
    page,
    st.integers(0, 12),
    st.sampled_from(["post.example", "gazette.example", None]),
    st.sampled_from(
        ["", "The ferry sails from the fish market until the eastern quay has been built anew by the town."]
    ),
)
runs = st.lists(st.lists(pages, max_size=6, unique_by=lambda row: row["article_id"]), min_size=1, max_size=4)


@settings(max_examples=2)
@given(runs)
def test_segments_hold_what_one_table_would(batches: list[list[dict[str, object]]]) -> None:
    archive, whole = Archive(), None
    for batch in batches:
        gathered = [gather_evidence(make_frame([row]), CONFIG) for row in batch]
        archive.learn(gathered)
        whole = learn_evidence(gathered, CONFIG, whole)
    assert whole is not None
    assert archive.whole().equals(whole)


def test_stripping_looks_up_what_concerns_its_documents_and_cuts_the_same() -> None:
    documents = make_frame([page(number, "gazette.example" if number % 3 else None) for number in range(12)])
    archive = Archive()
    archive.learn([gather_evidence(documents, CONFIG)])
    whole = learn_evidence([gather_evidence(documents, CONFIG)], CONFIG)
    mine, theirs = strip_articles(documents, archive, CONFIG), strip_articles(documents, whole, CONFIG)
    assert theirs.removed_spans.height
    assert 0 < archive.n_narrowed < archive.n_keys
    for found, expected in zip(mine, theirs, strict=True):
        assert found.equals(expected)


def test_only_wanted_keys_are_found() -> None:
    documents = make_frame([page(number) for number in range(4)])
    evidence = learn_evidence([gather_evidence(documents, CONFIG)], CONFIG)
    parts = split_parts(evidence)
    assert len(parts) == PARTS
    assert pl.concat(parts).sort("kind", "key", "n", "value").equals(evidence)
    rows = documents[:1].select("site", "title", "text").to_dicts()
    wanted = list_wanted(key_pages(rows))
    found = look_up(parts, wanted)
    assert 0 < found.height < evidence.height
    for kind, keys in wanted.items():
        expected = evidence.filter((pl.col("kind") == kind) & pl.col("key").is_in(pl.Series(keys).implode()))
        assert found.filter(pl.col("kind") == kind).sort("key", "n", "value").equals(expected.sort("key", "n", "value"))
    nothing = {kind: keys[:0] for kind, keys in wanted.items()}
    assert look_up(parts, nothing).is_empty()


@pytest.mark.parametrize("kind", [SITE, TEMPLATE, OWNER])
def test_keys_at_the_edges_are_found(kind: int) -> None:
    keys = np.array([0, 2**57 - 1, 2**57, 2**63, 2**64 - 1], dtype=np.uint64)
    rows = pl.DataFrame({"kind": [kind] * 5, "key": keys, "n": [1] * 5, "value": [7] * 5}, schema=EVIDENCE_SCHEMA)
    assert look_up(split_parts(rows), {kind: keys}).sort("key").equals(rows)


def test_a_map_leaves_out_most_keys_that_no_segment_has() -> None:
    edges = np.array([0, 2**57 - 1, 2**57, 2**63, 2**64 - 1], dtype=np.uint64)
    random = np.random.default_rng(7).integers(0, 2**64, 90_000, dtype=np.uint64)
    held = np.concatenate([edges, random[:20_000]])
    segments = [
        split_parts(pl.DataFrame({"kind": kind, "key": keys, "n": 1, "value": 7}, schema_overrides=EVIDENCE_SCHEMA))
        for kind, keys in ((TEMPLATE, held[:9_000]), (OWNER, held[9_000:]))
    ]
    narrowed = map_keys(segments).narrow(np.concatenate([random, edges]))
    assert set(held.tolist()) <= set(narrowed.tolist())
    assert len(narrowed) < 30_000
    assert len(map_keys([]).narrow(random)) == 0


@pytest.mark.parametrize("n_keys", [0, 1, 2, 300, 60_000])
def test_keys_that_stand_again_are_told(n_keys: int) -> None:
    random = np.random.default_rng(n_keys)
    keys = random.integers(0, 2**64, n_keys, dtype=np.uint64)
    keys[: n_keys // 3] = random.permutation(keys)[: n_keys // 3]
    for some in (keys, keys >> np.uint64(7), keys & np.uint64(255)):
        assert mark_repeated(some).tolist() == pl.Series(some).is_duplicated().to_list()
