"""Lots to match, and what is looked up for them, by lot and band."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.neardup import NearDuplicateConfig
from flows.archive import Part
from flows.lots import plan_probes
from flows.matching import LOOKUPS_AT_ONCE

CONFIG = NearDuplicateConfig()
SIZES = st.lists(st.integers(0, 90_000), min_size=1, max_size=6)


def part(name: str, n: int) -> Part:
    return Part(Path("index"), name, n)


@given(earlier=st.lists(st.integers(1, 10**7), max_size=4), lots=SIZES, at_once=st.integers(1, 2**26))
def test_every_lot_is_looked_up_once_in_every_band_of_what_is_before_it(
    earlier: list[int], lots: list[int], at_once: int
) -> None:
    before = [part(f"earlier-{number}", n) for number, n in enumerate(earlier)]
    added = [part(f"lot-{number}", n) if n else None for number, n in enumerate(lots)]
    probes = plan_probes(before, added, CONFIG, at_once)
    for number, own in enumerate(added):
        held = [*before, *(one for one in added[:number] if one)]
        mine = [probe for probe in probes if probe.lot == number]
        bands = [band for probe in mine for band in probe.bands]
        assert bands == (list(range(CONFIG.n_bands)) if own and held else [])
        for probe in mine:
            assert (probe.part, probe.held) == (own, held)
            assert len(probe.bands) == 1 or probe.part.n_articles * len(held) * (len(probe.bands) - 1) <= at_once


@pytest.mark.parametrize(("n_articles", "n_probes"), [(10_000, 1), (60_000, 1), (65_536, 1), (1_000_000, 4)])
def test_a_run_of_the_usual_size_is_not_divided(n_articles: int, n_probes: int) -> None:
    probes = plan_probes([part("earlier", 10**6)], [part("new", n_articles)], CONFIG, LOOKUPS_AT_ONCE)
    assert len(probes) == n_probes
