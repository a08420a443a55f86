"""Lots to match, and what is looked up for them, by lot and band."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.neardup import NearDuplicateConfig
from flows.run import Run, Versions
from flows.settings import Settings
from flows.steps.lots import plan_joins, plan_probes
from flows.steps.match import LOOKUPS_AT_ONCE
from flows.store.archive import Part, write_part

CONFIG = NearDuplicateConfig()
RUN = Run(
    "r", Settings(sources=["in"]), Path("out"), Path("staging"), None, Versions("a", "b", {"match": "c", "names": "d"})
)
SIZES = st.lists(st.integers(0, 90_000), min_size=1, max_size=6)


def part(name: str, n: int) -> Part:
    return Part(Path("index"), name, n)


@given(earlier=st.lists(st.integers(1, 10**7), max_size=4), lots=SIZES, at_once=st.integers(1, 2**26))
def test_every_lot_is_looked_up_once_in_every_band_of_the_last_snapshot(
    earlier: list[int], lots: list[int], at_once: int
) -> None:
    before = [part(f"earlier-{number}", n) for number, n in enumerate(earlier)]
    added = [part(f"lot-{number}", n) if n else None for number, n in enumerate(lots)]
    probes = plan_probes(before, added, CONFIG, at_once)
    for number, own in enumerate(added):
        mine = [probe for probe in probes if probe.lot == number]
        bands = [band for probe in mine for band in probe.bands]
        assert bands == (list(range(CONFIG.n_bands)) if own and before else [])
        for probe in mine:
            assert (probe.part, probe.held) == (own, before)
            assert len(probe.bands) == 1 or probe.part.n_articles * len(before) * (len(probe.bands) - 1) <= at_once


@given(lots=SIZES, at_once=st.integers(1_000, 2**22))
def test_lots_are_compared_with_each_other_in_every_stretch_of_every_band(lots: list[int], at_once: int) -> None:
    added = [part(f"lot-{number}", n) if n else None for number, n in enumerate(lots)]
    joins = plan_joins(added, CONFIG, at_once)
    n_pieces = joins[0].n_pieces if joins else 0
    found = [(band, join.piece) for join in joins for band in join.bands]
    expected = [(band, piece) for band in range(CONFIG.n_bands) for piece in range(n_pieces)]
    assert sorted(found) == (expected if sum(map(bool, lots)) > 1 else [])
    assert len({join.file(RUN) for join in joins}) == len(joins)
    for join in joins:
        assert sum(lots) <= at_once * n_pieces
        assert len(join.bands) == 1 or sum(lots) * (len(join.bands) - 1) <= at_once


def test_stretches_of_a_band_are_the_whole_of_it_and_part_no_bucket(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    signatures = random.integers(0, 2**32, (500, CONFIG.n_permutations), dtype=np.uint32)
    signatures[250:, :60] = signatures[:250, :60]
    signed = pl.DataFrame(
        {
            "article_id": [f"{number:03d}" for number in range(500)],
            "n_words": [90] * 500,
            "n_shingles": [80] * 500,
            "text_digest": [None] * 500,
            "signature": pl.Series(signatures, dtype=pl.Array(pl.UInt32, CONFIG.n_permutations)).cast(
                pl.List(pl.UInt32)
            ),
        },
        schema_overrides={"text_digest": pl.String},
    )
    written = write_part(tmp_path, "one", signed, CONFIG)
    for band in (0, CONFIG.n_bands - 1):
        whole = written.read_band(band)
        pieces = [written.read_band(band, piece, 7) for piece in range(7)]
        assert min(len(piece.keys) for piece in pieces) > 0
        assert np.array_equal(np.concatenate([piece.keys for piece in pieces]), whole.keys)
        assert np.array_equal(np.concatenate([piece.rows for piece in pieces]), whole.rows)
        buckets = [set((piece.keys >> np.uint64(32)).tolist()) for piece in pieces]
        assert sum(map(len, buckets)) == len(set().union(*buckets))


@pytest.mark.parametrize(("n_articles", "n_probes"), [(10_000, 1), (60_000, 1), (65_536, 1), (1_000_000, 4)])
def test_a_run_of_the_usual_size_is_not_divided(n_articles: int, n_probes: int) -> None:
    probes = plan_probes([part("earlier", 10**6)], [part("new", n_articles)], CONFIG, LOOKUPS_AT_ONCE)
    assert len(probes) == n_probes
