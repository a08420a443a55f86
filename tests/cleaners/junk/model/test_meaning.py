"""Meaning of units: what the table of word vectors says of a page."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners.junk.model.meaning import (
    MEANING_FEATURES,
    _running,
    find_meaning,
    find_words,
    load_meaning,
    make_table,
    shorten,
)
from cleaners.junk.page.page import Page
from cleaners.junk.page.reading import Reading, Units, find_candidates, read, split_units
from cleaners.junk.page.tokens import tokenize

TITLE = "Lindmouth ferry quay to be rebuilt after the storm"
STORY = (
    "The harbour board voted on Tuesday to rebuild the eastern ferry quay and its planking.\n"
    "The quay has been closed to ships since a storm in March tore away forty metres of the pier.\n"
    "Passengers board the ferry at the fish market until the dock is repaired by the port authority.\n"
    "The harbour master said the boats and the sailors need deeper water at the new pier.\n"
    "Fishermen in the port want a second crane beside the dock for their catch.\n"
    "Ships of the coast guard will use the quay when the harbour opens in June.\n"
)
FOREIGN = (
    "The singer won the award for the best album at a ceremony in Los Angeles last night.\n"
    "Her band played two songs from the record before the actors and musicians on the stage.\n"
    "Fans of the pop star danced in the theatre as the guitar solo began.\n"
    "The film director praised the concert and the singer's voice on television.\n"
)
COLUMN = {name: number for number, name in enumerate(MEANING_FEATURES)}
texts = st.text(alphabet=st.sampled_from('abcdefgh ABC .,!?"“”#|•\n\n\t’é中٣-1'), max_size=400)
words = st.lists(
    st.sampled_from(
        ["the", "harbour", "singer", "ferry", "album", ".", "\n\n", "storm", "xqzzv", "Der", "Hafen", "12"]
    ),
    max_size=120,
)


def cut(text: str, title: str | None = None) -> tuple[Reading, Units]:
    reading = read([Page(text, title)], [tokenize(text)])
    candidates = find_candidates(reading)
    return reading, split_units(reading, candidates, np.zeros(len(candidates)), 0.5, [[]])


def column(name: str, text: str, title: str | None = None) -> list[float]:
    return find_meaning(*cut(text, title))[:, COLUMN[name]].tolist()


@settings(max_examples=150, deadline=None)
@given(st.one_of(texts, words.map(" ".join)), st.one_of(st.none(), texts, words.map(" ".join)))
def test_every_page_has_defined_values(text: str, title: str | None) -> None:
    reading, units = cut(text, title)
    with np.errstate(all="raise"):
        found = find_meaning(reading, units)
    assert found.shape == (len(units.starts), len(MEANING_FEATURES))
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    cosines = found[:, [number for name, number in COLUMN.items() if name[:5] in {"lead_", "rest_"}]]
    assert (np.abs(cosines) <= 2.001).all()
    assert (found == find_meaning(reading, units)).all()


def test_a_foreign_story_is_further_from_the_lead_and_from_the_rest() -> None:
    page = STORY + FOREIGN + "The eastern quay of the harbour has room for three ferries and a dozen boats.\n"
    is_foreign = [6 <= line < 10 for line in range(11)]
    for name in ("lead_1", "rest_1", "lead_1_over_median", "rest_1_over_median"):
        values = column(name, page, TITLE)
        foreign = [value for value, far in zip(values, is_foreign, strict=True) if far]
        own = [value for value, far in zip(values, is_foreign, strict=True) if not far]
        assert np.mean(foreign) < np.mean(own) - 0.15, name


def test_the_border_of_a_foreign_story_is_the_least_like_both_sides() -> None:
    borders = column("border_before", STORY + FOREIGN, TITLE)
    assert int(np.argmin(borders[1:])) + 1 in {5, 6, 7}
    assert column("border_after", STORY + FOREIGN, TITLE)[:-1] == borders[1:]


def test_a_unit_of_the_lead_is_not_compared_with_itself() -> None:
    alone = "The harbour board voted on Tuesday to rebuild the eastern ferry quay."
    assert column("lead_0", alone) == [0.0]
    assert column("rest_0", alone) == [0.0]
    # A window of the whole page has no rest, and its lead is in it.
    assert column("rest_6", STORY) == [0.0] * 6
    assert column("lead_6", STORY) == [0.0] * 6
    assert all(value > 0.1 for value in column("lead_6", STORY, TITLE))


def test_cosines_equal_those_of_a_plain_loop() -> None:
    reading, units = cut(STORY + FOREIGN + STORY, TITLE)
    table = load_meaning()

    def total(text: str) -> np.ndarray:
        return table.vectors[find_words(tokenize(text).hashes, table)[1]].astype(np.float64).sum(axis=0)

    of_unit = [total(reading.page.text[a:b]) for a, b in zip(units.starts, units.ends, strict=True)]
    found = find_meaning(reading, units)
    for reach in (0, 1, 3, 6):
        for unit in range(len(of_unit)):
            inside = range(max(unit - reach, 0), min(unit + reach + 1, len(of_unit)))
            window = np.sum([of_unit[n] for n in inside], axis=0)
            lead = total(TITLE) + np.sum([of_unit[n] for n in range(4) if n not in inside] or [0 * window], axis=0)
            rest = np.sum([of_unit[n] for n in range(len(of_unit)) if n not in inside], axis=0)
            for name, other in ((f"lead_{reach}", lead), (f"rest_{reach}", rest)):
                cosine = window @ other / np.linalg.norm(window) / np.linalg.norm(other)
                assert abs(found[unit, COLUMN[name]] - cosine) < 1e-4


def test_a_page_of_unknown_words_or_without_a_title_is_neutral() -> None:
    assert not find_meaning(*cut("Xqzzv qqxv zzkwx.\nVvxq kkzwq xxyq.", "Xqzzv")).any()
    assert not find_meaning(*cut("", "A title")).any()
    assert find_meaning(*cut(STORY)).any()


def test_the_table_is_sorted_small_and_found_by_its_hashes() -> None:
    table = load_meaning()
    keys = table.hashes[:-1]
    assert (np.diff(keys.astype(np.int64)) > 0).all()
    assert table.vectors.shape[0] == len(keys) + 1
    assert not table.vectors[-1].any()
    hashes = keys.astype(np.uint64) << np.uint64(32)
    known, rows = find_words(hashes, table)
    assert len(known) > 0.995 * len(keys)
    assert (known == rows).all()


def test_words_beyond_the_ends_of_a_table_are_unknown() -> None:
    hashes = np.sort(np.concatenate([tokenize(word).hashes for word in ("harbour", "singer", "ferry")]))
    table = make_table(shorten(hashes), np.eye(3, dtype=np.float32), np.ones(3, dtype=np.float32))
    ends = np.array([0, 2**64 - 1, int(hashes[-1]) + 2**32], dtype=np.uint64)
    assert len(find_words(ends, table)[0]) == 0
    assert find_words(hashes, table)[1].tolist() == [0, 1, 2]


def test_sums_of_each_page_are_those_that_it_has_alone() -> None:
    """To the bit: units are added one behind the other, on short pages and on long ones."""
    bounds = np.cumsum([0, 5, 300, 1, 256, 257, 20])
    vectors = np.random.default_rng(1).normal(size=(bounds[-1], 4)).astype(np.float32)
    sums = _running(vectors, bounds)
    for number, (low, high) in enumerate(pairwise(bounds.tolist())):
        own = sums[low + number : high + number + 1]
        assert not own[0].any()
        np.testing.assert_array_equal(own[1:], np.cumsum(vectors[low:high], axis=0))
