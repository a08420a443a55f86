"""Evidence of runs: what stands in a run and around it, for all runs of a page at once."""

from collections import defaultdict
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cleaners.junk.model.features import FEATURES
from cleaners.junk.model.likeness import Likeness
from cleaners.junk.model.measures import Findings
from cleaners.junk.model.run_measures import _OWN, REGION_FEATURES, _own_columns, measure_runs
from cleaners.junk.page.page import Passage
from cleaners.junk.page.reading import Units

pages = st.lists(st.frozensets(st.integers(0, 7), max_size=5), min_size=1, max_size=14)
bounds = st.tuples(st.integers(0, 13), st.integers(1, 14))


def likeness_of(units: list[frozenset[int]]) -> Likeness:
    """Every third word is a name, and weighs by its number."""
    used = sorted({word for unit in units for word in unit})
    pairs = sorted((used.index(word), place) for place, unit in enumerate(units) for word in unit)
    words, owners = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    counts = np.bincount(words)[words] if pairs else words
    no = np.zeros(len(words), dtype=bool)
    return Likeness(words, owners, counts, words / 8, words % 3 == 0, no, np.array([0, len(words)]))


def share(part: set[int], whole: set[int]) -> float:
    return len(part) / max(len(whole), 1)


@given(pages, st.lists(bounds, min_size=1, max_size=6))
def test_words_of_runs_are_counted_as_sets_count_them(units: list[frozenset[int]], ends: list[tuple[int, int]]) -> None:
    runs = [(low, min(high, len(units))) for low, high in ends if low < min(high, len(units))] or [(0, len(units))]
    likeness = likeness_of(units)
    used = sorted({word for unit in units for word in unit})
    numbered = [{used.index(word) for word in unit} for unit in units]
    columns = dict(zip(_OWN, _own_columns(runs, likeness, len(units)), strict=True))
    for number, (low, high) in enumerate(runs):
        inside, before, after = numbered[low:high], numbered[:low], numbered[high:]
        held = set().union(*inside)
        rest = set().union(*before, *after)
        left, right = set().union(*numbered[max(low - 4, 0) : low]), set().union(*numbered[high : high + 4])
        counts: dict[int, int] = defaultdict(int)
        for unit in inside:
            for word in unit:
                counts[word] += 1

        def elsewhere(some: list[set[int]], held: set[int] = rest) -> float:
            return sum(len(unit & held) for unit in some) / max(sum(map(len, some)), 1)

        expected = {
            "own": share(held & rest, held),
            "own_before": share(held & set().union(*before), held),
            "own_after": share(held & set().union(*after), held),
            "inner": share({word for word, count in counts.items() if count > 1}, held),
            "bridge": len(left & right) / max(min(len(left), len(right)), 1),
            "own_first_3": elsewhere(inside[:3]),
            "own_last_3": elsewhere(inside[-3:]),
            "own_max_3": max(elsewhere(inside[place : place + 3]) for place in range(max(len(inside) - 2, 1))),
            "alien_before_3": elsewhere(before[-3:], held),
            "alien_after_3": elsewhere(after[:3], held),
            "names": np.log1p(len({word for word in held if word % 3 == 0})),
        }
        for name, value in expected.items():
            assert np.isclose(columns[name][number], value if used else 0.0), name


@given(st.lists(pages, min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_runs_of_pages_side_by_side_have_the_evidence_that_each_has_alone(
    each: list[list[frozenset[int]]], random: Random
) -> None:
    arguments = []
    for words in each:
        n_units = len(words)
        starts = np.arange(n_units) * 10
        scores, breaks = np.full(n_units, random.random()), np.full(n_units, random.randrange(4))
        units = Units(starts, starts + 9, breaks, scores, starts // 10, np.array([0, n_units]))
        runs = sorted({tuple(sorted(random.sample(range(n_units + 1), 2))) for _ in range(random.randrange(4))})
        logits = np.array([random.uniform(-6, 6) for _ in words])
        table = np.array([[random.random() for _ in FEATURES] for _ in words], dtype=np.float32)
        nothing = np.zeros(n_units, dtype=np.int64)
        soft = Passage(0, random.randrange(1, n_units * 10), "card-x", "share_ui", 0.7, is_bounded=False)
        findings = Findings([soft], nothing, nothing, nothing, 3)
        arguments.append((runs, units, logits, table, likeness_of(words), findings))
    together = measure_runs(*map(list, zip(*arguments, strict=True)))
    alone = [measure_runs(*([own] for own in one)) for one in arguments]
    np.testing.assert_array_equal(together, np.concatenate(alone))
    assert together.shape == (sum(len(one[0]) for one in arguments), len(REGION_FEATURES))
