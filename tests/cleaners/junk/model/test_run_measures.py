"""Evidence of runs: what stands in a run and around it, for all runs of a page at once."""

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cleaners.junk.model.likeness import Likeness
from cleaners.junk.model.run_measures import _OWN, _own_columns

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
