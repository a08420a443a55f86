"""Candidate pairs to groups around a canonical article, in arrays.

Takes candidate pairs of articles numbered in order of preference, gives each article's canonical one and the verified
pairs; decides by `verify.py` alone. Resemblance is never passed on along a chain: every member was checked against its
canonical article. Nor through a hub: two short articles that share nothing are no copies because a long one holds both.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from cleaners.neardup.config import NearDuplicateConfig
from cleaners.neardup.sketch.bands import Pairs, decode_pairs, encode_pairs
from cleaners.neardup.text.fold import Bools, Float64s, Int64s, UInt64s, sort_unique
from cleaners.neardup.verdict.relations import OF_LONGER
from cleaners.neardup.verdict.verify import Described, bound_pairs, judge_pairs, measure_pairs

# Each round takes the canonical article of every component and those it confirms; chains longer than this are cut
# where their pairs were confirmed directly, so that cost stays linear in the articles.
MAX_ROUNDS = 8
PAIRS_AT_ONCE = 200_000
ROUNDING = 1e-9
LEAST_COVERED = (
    0.5  # of the canonical article's shingles: a member that holds fewer may be a copy of something else that it holds
)


class Verifier:
    """Measures and judges pairs of articles, each once."""

    def __init__(self, described: Described, place: Int64s, config: NearDuplicateConfig) -> None:
        """Args are the described articles, the place of each article among them, and the settings."""
        self._described = described
        self._place = place
        self._config = config
        self._codes = np.zeros(0, np.uint64)
        self._features = self._measure(self._codes)

    def judge(self, codes: UInt64s, least: float) -> Float64s:
        """Give the probability of each pair, `encode_pairs` of its two; 0 of those not measured, which cannot reach `least`."""
        new = np.setdiff1d(codes, self._codes, assume_unique=True)
        parts = [new[start : start + PAIRS_AT_ONCE] for start in range(0, len(new), PAIRS_AT_ONCE)]
        self._add([part[self._bound(part) > least - ROUNDING] for part in parts])
        if not len(self._codes):
            return np.zeros(len(codes))
        places = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
        return np.where(self._codes[places] == codes, self._features["probability"].to_numpy()[places], 0.0)

    def measure(self, codes: UInt64s) -> pl.DataFrame:
        """Give probability and features of each pair, whatever they are."""
        self._add([np.setdiff1d(codes, self._codes, assume_unique=True)])
        return self._features[np.searchsorted(self._codes, codes)]

    def list_verified(self, canonical: Int64s) -> pl.DataFrame:
        """List the measured pairs of enough probability, and those that stand although theirs is less.

        Returns:
            left and right (numbers of articles, left the better), probability and the features; sorted.
        """
        left, right = decode_pairs(self._codes)
        stands = self._features["probability"].to_numpy() >= self._config.minimum_probability
        stands |= canonical[right] == left
        numbers = pl.DataFrame({"left": left, "right": right})
        return pl.concat([numbers, self._features], how="horizontal").filter(pl.Series(stands))

    def list_declined(self, canonical: Int64s) -> pl.DataFrame:
        """List the measured pairs that share enough to be looked at and are no copies, in the form of `list_verified`."""
        left, right = decode_pairs(self._codes)
        shares = self._features["containment"].to_numpy() >= self._config.minimum_containment
        shares &= self._features["probability"].to_numpy() < self._config.minimum_probability
        shares &= canonical[left] != canonical[right]
        numbers = pl.DataFrame({"left": left, "right": right})
        return pl.concat([numbers, self._features], how="horizontal").filter(pl.Series(shares))

    def _add(self, parts: list[UInt64s]) -> None:
        """Measure pairs that were not measured before."""
        codes = np.concatenate([self._codes, *parts])
        if len(codes) > len(self._codes):
            order = np.argsort(codes, kind="stable")
            self._features = pl.concat([self._features, *map(self._measure, parts)])[order]
            self._codes = codes[order]

    def _bound(self, codes: UInt64s) -> Float64s:
        left, right = decode_pairs(codes)
        return bound_pairs(self._described, self._place[left], self._place[right], self._config)

    def _measure(self, codes: UInt64s) -> pl.DataFrame:
        left, right = decode_pairs(codes)
        features = measure_pairs(self._described, self._place[left], self._place[right])
        return features.select(pl.Series("probability", judge_pairs(features, self._config)), pl.all())


def group_articles(n_articles: int, candidates: Pairs, verifier: Verifier, config: NearDuplicateConfig) -> Int64s:
    """Find the canonical article of each.

    Args:
        n_articles: articles are numbered from 0, the preferred first.
        candidates: pairs worth a look.
        verifier: judges pairs of those articles.
        config: least probabilities.
    """
    canonical = np.arange(n_articles)
    least = min(config.minimum_probability, config.minimum_probability_with_support)
    edges = _find_edges(candidates, verifier, config)
    for _ in range(MAX_ROUNDS):
        if not len(edges.left):
            return canonical
        heads = _find_heads(edges, n_articles)
        members = sort_unique(np.concatenate(edges))
        members = members[heads[members] != members]
        probability = np.zeros(n_articles)
        probability[members] = verifier.judge(encode_pairs(heads[members], members), least)
        confirmed = probability >= config.minimum_probability
        # The likeness of a confirmed member speaks for an article, but it must resemble the canonical article itself.
        is_supported = np.zeros(n_articles, bool)
        is_supported[edges.left[confirmed[edges.right]]] = True
        is_supported[edges.right[confirmed[edges.left]]] = True
        is_supported &= probability >= config.minimum_probability_with_support
        is_supported[heads[members]] = False
        found = np.flatnonzero(confirmed | is_supported)
        joined = _leave_out_parts(found, heads, verifier, config)
        canonical[joined] = heads[joined]
        settled = canonical != np.arange(n_articles)
        settled[canonical[joined]] = True
        edges = _keep(edges, ~(settled[edges.left] | settled[edges.right]))
        if len(joined) < len(found):  # the canonical article spoke for these until now
            is_left_out = np.zeros(n_articles, bool)
            is_left_out[np.setdiff1d(found, joined, assume_unique=True)] = True
            among = _keep(candidates, is_left_out[candidates.left] & is_left_out[candidates.right])
            alike = _find_alike(encode_pairs(*among), verifier, config)
            edges = decode_pairs(sort_unique(np.concatenate([encode_pairs(*edges), alike])))
    taken = np.zeros(n_articles, bool)
    for a, b in zip(edges.left.tolist(), edges.right.tolist(), strict=True):  # sorted: the better ranked come first
        if not (taken[a] or taken[b]):
            canonical[b] = a
            taken[b] = True
    return canonical


def _leave_out_parts(joined: Int64s, heads: Int64s, verifier: Verifier, config: NearDuplicateConfig) -> Int64s:
    """Leave out those that hold a small part of their canonical article and share nothing with the one that holds most of it."""
    features = verifier.measure(encode_pairs(heads[joined], joined))
    held = features.select(OF_LONGER).to_series().to_numpy()
    order = np.lexsort((joined, -held, heads[joined]))
    opens = np.flatnonzero(np.diff(heads[joined[order]], prepend=-1))
    main = np.empty(len(joined), np.int64)
    main[order] = np.repeat(joined[order[opens]], np.diff(np.append(opens, len(joined))))
    is_part = np.flatnonzero((held < LEAST_COVERED) & (main != joined))
    shared = verifier.measure(encode_pairs(main[is_part], joined[is_part]))["containment"].to_numpy()
    return np.delete(joined, is_part[shared < config.minimum_containment])


def _find_edges(candidates: Pairs, verifier: Verifier, config: NearDuplicateConfig) -> Pairs:
    """The candidate pairs that are near-duplicates, as far as they can change a group.

    Each article is judged against the best it may repeat; pairs of two for which that speaks already are not compared.
    """
    codes = encode_pairs(*candidates)
    by_right = np.lexsort(candidates)  # of each right side, the best left one first
    is_best = np.diff(candidates.right[by_right], prepend=-1) != 0
    best = np.sort(codes[by_right[is_best]])
    likely = _find_alike(best, verifier, config)
    has_one = sort_unique(decode_pairs(likely).right)
    settled = np.isin(candidates.left, has_one) & np.isin(candidates.right, has_one)
    others = np.setdiff1d(codes[~settled], best, assume_unique=True)
    also = _find_alike(others, verifier, config)
    return decode_pairs(np.sort(np.concatenate([likely, also])))


def _find_alike(codes: UInt64s, verifier: Verifier, config: NearDuplicateConfig) -> UInt64s:
    """The pairs that are near-duplicates."""
    return codes[verifier.judge(codes, config.minimum_probability) >= config.minimum_probability]


def _find_heads(edges: Pairs, n_articles: int) -> Int64s:
    """Return for each article the smallest number in its component of the graph: the least label spreads until nothing changes."""
    heads = np.arange(n_articles)
    left, right = edges
    while True:
        least = np.minimum(heads[left], heads[right])
        before = heads.copy()
        for side in (left, right):
            np.minimum.at(heads, heads[side], least)  # the whole tree of the worse label moves
            np.minimum.at(heads, side, least)
        while not np.array_equal(jumped := heads[heads], heads):
            heads = jumped
        if np.array_equal(heads, before):
            return heads


def _keep(pairs: Pairs, chosen: Bools) -> Pairs:
    return Pairs(pairs.left[chosen], pairs.right[chosen])
