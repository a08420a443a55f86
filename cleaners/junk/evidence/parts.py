"""Evidence of any size, a part of the keys at a time: takes what a run gathered, gives what it adds to what is known.

What earlier runs learned is never rewritten: each run adds a segment, and counts of one key add up over the segments. Gives the
same as `learn_evidence` on everything at once. Flags nothing by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl

from cleaners.junk.config import StripConfig
from cleaners.junk.evidence.counts import Recent, count_met, is_kept_lead, merge_rows
from cleaners.junk.evidence.gather import EVIDENCE_SCHEMA, OWNER, RECENT_GRAM, SITE, TEMPLATE, Gathered
from cleaners.junk.evidence.keys import KeyedPage
from cleaners.junk.evidence.label_counts import label_keys
from cleaners.junk.page.segments import Bools
from cleaners.junk.page.tokens import I64, U64, HeldKeys, hash_text, mark_repeated, sort_distinct

_PART_BITS = 7
PARTS = 1 << _PART_BITS  # a million new articles give some four million rows a part
_SHIFT = 64 - _PART_BITS  # a part is the keys that begin with the same seven bits

# Keys to look up, by kind; each array sorted, no key twice.
Wanted = Mapping[int, U64]


class Learned(NamedTuple):
    """Rows that a part of the keys adds to a segment (SITE, TEMPLATE, OWNER), and its rows of recent documents (RECENT_GRAM)."""

    added: pl.DataFrame
    recent: pl.DataFrame


def order_parts(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[int]]:
    """Rows by the part of their keys, and where each of the PARTS begins; behind the last one their number."""
    order, bounds = _order(rows["key"].to_numpy())
    columns = {name: rows[name].to_numpy().take(order) for name in rows.columns}
    return pl.DataFrame(columns, schema=rows.schema), bounds


def order_keys(gathered: Gathered) -> tuple[Gathered, list[int]]:
    """The same evidence with its keys by part, and where each of the PARTS begins; behind the last one their number."""
    order, bounds = _order(gathered.keys)
    stretches, keys, stretch, n = gathered
    return Gathered(stretches, keys.take(order), stretch.take(order), n.take(order)), bounds


def _order(keys: U64) -> tuple[I64, list[int]]:
    places = (keys >> np.uint64(_SHIFT)).astype(np.uint8)
    order = np.argsort(places, kind="stable")
    return order, np.searchsorted(places[order], np.arange(PARTS + 1)).tolist()


def split_parts(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Rows by the part of their keys: PARTS frames, in order."""
    ordered, bounds = order_parts(rows)
    return [ordered[first:last] for first, last in pairwise(bounds)]


def list_keys(frame: pl.DataFrame, *kinds: int) -> U64:
    """The keys of some kinds of rows, sorted, no key twice."""
    return sort_distinct(frame.filter(pl.col("kind").is_in(kinds))["key"].to_numpy())


def learn_part(
    new: Gathered, sites: pl.DataFrame, earlier: pl.DataFrame, grams: pl.DataFrame, recent: Recent, config: StripConfig
) -> Learned:
    """Say what the keys of a part add to what is known.

    Args:
        new: of `gather_evidence`, of all shards of the run; the keys of the part alone.
        sites: rows of kind SITE of all shards, those of the part.
        earlier: earlier rows of the kinds TEMPLATE and OWNER with the keys of `new` and `grams`, as `look_up` gives them.
        grams: earlier rows of kind RECENT_GRAM.
        recent: the recent documents, of `choose_recent`.
        config: thresholds.
    """
    counted = earlier.filter(pl.col("kind") == TEMPLATE)
    owned = earlier.filter(pl.col("kind") == OWNER)
    met = count_met(grams, counted, recent)
    # Most keys occur once and count for nothing: they leave before they are rows.
    rows = new.list_rows(TEMPLATE)
    is_kept = _stand_again(np.concatenate((new.keys[rows], met["key"].to_numpy())), counted["key"])
    if config.template_min_documents < 2:
        is_kept[:] = True
    of_new, of_met = np.split(is_kept, [len(rows)])
    counts = merge_rows(pl.concat([new.take(rows[of_new]), met.filter(pl.Series(of_met))]))
    counts = counts.join(counted.select("key", n_known="n"), on="key", how="left")
    n_documents = pl.col("n") + pl.col("n_known").fill_null(0)
    repeated = pl.concat([counts.filter(n_documents >= 2)["key"], counted.filter(pl.col("n") >= 2)["key"]])
    rows = new.list_rows(OWNER)
    keys = new.keys[rows]
    owners = new.take(rows[_stand_again(keys, owned["key"]) | is_kept_lead(keys, new.n[rows])])
    added = [
        merge_rows(sites),
        counts.filter(n_documents >= min(2, config.template_min_documents)).drop("n_known"),
        _add_owners(merge_rows(owners), owned),
    ]
    kept = pl.concat([new.take(new.list_rows(RECENT_GRAM)), grams]).filter(
        pl.col("value").is_in(recent.chosen["value"].implode()) & ~pl.col("key").is_in(repeated.implode())
    )
    return Learned(pl.concat(added).sort("kind", "key", "n", "value"), merge_rows(kept))


def _stand_again(keys: U64, known: pl.Series) -> Bools:
    """Tell which keys stand more than once, or among known ones."""
    is_repeated = mark_repeated(keys)
    return is_repeated | pl.Series(keys).is_in(known.implode()).to_numpy() if len(known) else is_repeated


def _add_owners(new: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """New rows of kind OWNER worth keeping: another document holds the passage, or it is a sampled beginning."""
    fresh = new.join(known.select("key", "value", n_known="n"), on=["key", "value"], how="left")
    others = known.group_by("key").agg(n_owners=pl.len())
    fresh = fresh.join(others, on="key", how="left")
    is_new = pl.col("n_known").is_null()
    n_owners = is_new.cast(pl.UInt32).sum().over("key") + pl.col("n_owners").fill_null(0)
    is_better = is_new | (pl.col("n") < pl.col("n_known"))
    return fresh.filter(is_better & ((n_owners >= 2) | is_kept_lead(pl.col("key"), pl.col("n")))).select(
        EVIDENCE_SCHEMA.names()
    )


def look_up(parts: Sequence[pl.DataFrame], wanted: Wanted) -> pl.DataFrame:
    """The rows of a segment that have one of the wanted keys.

    Args:
        parts: a segment's rows by part, each sorted by kind and key; nothing but the rows looked at is read, where they are
            mapped files.
        wanted: sorted keys for each kind.
    """
    none = [np.zeros(0, dtype) for dtype in (np.uint8, np.uint64, np.uint32, np.uint64)]
    found = [none]
    bounds = np.arange(PARTS + 1, dtype=np.uint64) << np.uint64(_SHIFT)
    for kind, keys in wanted.items():
        places = np.append(np.searchsorted(keys, bounds[:-1]), len(keys))
        for number in np.flatnonzero(np.diff(places)).tolist():
            kinds, part_keys, counts, values = (column.to_numpy() for column in parts[number].get_columns())
            first, last = np.searchsorted(kinds, np.array((kind, kind + 1), np.uint8)).tolist()
            if first == last:
                continue
            rows = _find_rows(part_keys[first:last], keys[places[number] : places[number + 1]]) + first
            if len(rows):
                found.append([kinds[rows], part_keys[rows], counts[rows], values[rows]])
    columns = (np.concatenate(column) for column in zip(*found, strict=True))
    return pl.DataFrame(dict(zip(EVIDENCE_SCHEMA.names(), columns, strict=True)), schema=EVIDENCE_SCHEMA)


def map_keys(segments: Sequence[Sequence[pl.DataFrame]]) -> HeldKeys:
    """A map of the keys of some segments, for those who look up many times; each segment as in `look_up`."""
    of_part: Iterable[list[U64]] = ([parts[number]["key"].to_numpy() for parts in segments] for number in range(PARTS))
    return HeldKeys(of_part, _PART_BITS)


def list_wanted(pages: Sequence[KeyedPage], narrow: Callable[[U64], U64] | None = None) -> dict[int, U64]:
    """The keys that stripping looks up for some pages.

    Args:
        pages: any number.
        narrow: leaves out keys that are nowhere, of which most pages have little else; all stay without it.
    """
    kept = narrow or (lambda keys: keys)
    sited = [(one, one.page.site) for one in pages if one.page.site is not None]
    labels = [label_keys(one.labels, site, both=True) for one, site in sited]
    none = [np.zeros(0, np.uint64)]
    return {
        SITE: sort_distinct(np.array([hash_text(site) for _, site in sited], np.uint64)),
        TEMPLATE: sort_distinct(kept(np.concatenate([*none, *(one.template_keys for one, _ in sited), *labels]))),
        OWNER: sort_distinct(kept(np.concatenate([*none, *(one.owner_keys for one in pages)]))),
    }


def _find_rows(keys: U64, needles: U64) -> I64:
    """Numbers of all rows with one of the needles; both sorted."""
    first = np.searchsorted(keys, needles)
    held = np.flatnonzero(first < len(keys))
    held = held[keys[first[held]] == needles[held]]
    first = first[held]
    n_rows = np.searchsorted(keys, needles[held], side="right") - first
    rows: I64 = np.arange(n_rows.sum()) + np.repeat(first - np.cumsum(n_rows) + n_rows, n_rows)
    return rows
