"""Evidence that documents give: takes a document frame, gives hashed keys of what may be a template or another's passage.

Two kinds of evidence: token 5-grams and short labels of a site's documents (its templates), and token 8-grams with the document
they begin (its owner). A document gives some five hundred keys, so that they are kept narrow: a key with the number of its stretch,
which says once what holds for all of its keys. Flags nothing by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from cleaners.junk.config import StripConfig
from cleaners.junk.evidence.keys import KeyedPage, key_pages
from cleaners.junk.evidence.label_counts import label_keys
from cleaners.junk.page.segments import BATCH
from cleaners.junk.page.tokens import I64, U64, hash_text, sort_distinct

U32 = npt.NDArray[np.uint32]

# Leads are kept whole so that a passage's first word is found; the rest is sampled, for it only has to show its extent.
LEAD_TOKENS = 96
SAMPLE = 4
SAMPLED_TOGETHER = (
    16  # neighbours among the 64 remainders of keys: one in SAMPLE, and each remainder by 16 is among them
)

SITE, TEMPLATE, OWNER, RECENT, RECENT_GRAM = 0, 1, 2, 3, 4

# `n` is the number of documents (SITE, TEMPLATE), the position in the owner (OWNER), or 64 times the runs since, plus the
# place of the document's sketch (RECENT); `value` a 64-bit set of document sketches, merged by OR (SITE, TEMPLATE), or the
# hash of the document's id (OWNER, RECENT, RECENT_GRAM). The key of RECENT is the site's, as that of SITE.
EVIDENCE_SCHEMA = pl.Schema({"kind": pl.UInt8, "key": pl.UInt64, "n": pl.UInt32, "value": pl.UInt64})

# A site that gives a page or two a run has its template only over several runs: of its last few documents the 5-grams that
# no other one holds are kept too, so that the next document meets them. At most 5 x 1,000 rows of 21 bytes a site.
RECENT_DOCUMENTS = 5
RECENT_GRAMS = 1000  # of one document, half from each end: templates stand there


class Gathered(NamedTuple):
    """Evidence of some documents.

    `stretches` has a row of EVIDENCE_SCHEMA for each stretch. One of the kinds SITE and RECENT is whole; of the others the keys
    stand in `keys` with `n` of each, (keys,), and `stretch` gives the row of `stretches` that the rest of it stands in.
    """

    stretches: pl.DataFrame
    keys: U64
    stretch: U32
    n: U32

    def list_rows(self, kind: int) -> I64:
        """The numbers of the keys of a kind."""
        return np.flatnonzero((self.stretches["kind"] == kind).to_numpy()[self.stretch])

    def take(self, rows: I64) -> pl.DataFrame:
        """The keys of some numbers as rows of EVIDENCE_SCHEMA."""
        of = self.stretches[self.stretch[rows]]
        return of.with_columns(key=pl.Series(self.keys[rows]), n=pl.Series(self.n[rows]))

    def whole(self) -> pl.DataFrame:
        """The stretches that are rows by themselves."""
        return self.stretches.filter(pl.col("kind").is_in([SITE, RECENT]))

    def to_frame(self) -> pl.DataFrame:
        """All rows."""
        return pl.concat([self.whole(), self.take(np.arange(len(self.keys)))])


def gather_evidence(documents: pl.DataFrame, config: StripConfig) -> Gathered:
    """Count what one shard of documents shows about templates and owners.

    Args:
        documents: frame with `article_id`, `site`, `title` and `text`.
        config: settings of the strip step.

    Returns:
        About 8 kB a document of 330 words. Linear in the length of the texts.

    """
    recent: dict[int, list[_Recent]] = {}
    stretches: list[_Stretch] = []
    for some in documents.select("article_id", "site", "title", "text").iter_slices(BATCH):
        rows = [row for row in some.to_dicts() if row["text"]]
        for row, keyed in zip(rows, key_pages(rows), strict=True):
            site = keyed.page.site
            if site is not None:
                labels = label_keys(keyed.labels, site)
                stretches += _list_templates(keyed.template_keys, labels, site)
                _add_recent(recent.setdefault(hash_text(site), []), keyed.template_keys, labels, row["article_id"])
            stretches.append(_cut_lead(keyed, row["article_id"]))
    return _lay_out([*stretches, *_list_recent(recent)])


class _Recent(NamedTuple):
    """A document of a shard: the hash of its id, the place of its sketch, 5-grams of its ends."""

    document: int
    place: int
    grams: U64


class _Stretch(NamedTuple):
    """Rows of one kind and value: their keys, or the only one; `n` of all of them or of each."""

    kind: int
    value: int
    keys: U64 | int
    n: int | U64


def _list_templates(grams: U64, labels: U64, site: str) -> list[_Stretch]:
    """The 5-grams and the labels of a document; both are counted alike."""
    sketch = 1 << _sketch_place(grams)
    return [
        _Stretch(SITE, sketch, hash_text(site), 1),
        _Stretch(TEMPLATE, sketch, sort_distinct(np.concatenate((grams, labels))), 1),
    ]


def _sketch_place(grams: U64) -> int:
    """Versions of one story share most 5-grams, hence mostly the least of them: they count as one document."""
    return int(grams.min()) % 64 if len(grams) else 0


def _add_recent(recent: list[_Recent], grams: U64, labels: U64, article_id: str) -> None:
    """Keep the few documents of a site whose ids' hashes are least: the same for any order."""
    document = hash_text(article_id)
    if len(recent) == RECENT_DOCUMENTS and document >= recent[-1].document:
        return
    half = RECENT_GRAMS // 2
    ends = grams if len(grams) <= RECENT_GRAMS else np.concatenate((grams[:half], grams[-half:]))
    kept = sort_distinct(np.concatenate((ends, labels)))
    recent.append(_Recent(document, _sketch_place(grams), kept))
    recent.sort(key=lambda document: document.document)
    del recent[RECENT_DOCUMENTS:]


def _list_recent(recent: dict[int, list[_Recent]]) -> Iterable[_Stretch]:
    for site, documents in recent.items():
        for document, place, grams in documents:
            yield _Stretch(RECENT, document, site, place)
            yield _Stretch(RECENT_GRAM, document, grams, place)


def _cut_lead(keyed: KeyedPage, article_id: str) -> _Stretch:
    """The 8-grams of a document that are kept, with their positions."""
    grams = keyed.owner_keys
    is_chosen = grams % np.uint64(SAMPLE * SAMPLED_TOGETHER) < SAMPLED_TOGETHER
    is_chosen[:LEAD_TOKENS] = True
    positions = np.flatnonzero(is_chosen)
    return _Stretch(OWNER, hash_text(article_id), grams[positions], positions.view(np.uint64))


def _lay_out(stretches: Sequence[_Stretch]) -> Gathered:
    """Put stretches end to end."""
    frame = pl.DataFrame(
        {
            "kind": np.array([one.kind for one in stretches], dtype=np.uint8),
            "key": np.array([one.keys if isinstance(one.keys, int) else 0 for one in stretches], dtype=np.uint64),
            "n": np.array([one.n if isinstance(one.n, int) else 0 for one in stretches], dtype=np.uint32),
            "value": np.array([one.value for one in stretches], dtype=np.uint64),
        },
        schema=EVIDENCE_SCHEMA,
    )
    many = [(number, one.keys, one.n) for number, one in enumerate(stretches) if not isinstance(one.keys, int)]
    alike = [(number, keys, n) for number, keys, n in many if isinstance(n, int)]
    placed = [(number, keys, n) for number, keys, n in many if not isinstance(n, int)]
    none = np.zeros(0, dtype=np.uint64)
    sizes = [len(keys) for _, keys, _ in (*alike, *placed)]
    same = np.repeat(np.array([n for _, _, n in alike], dtype=np.uint32), sizes[: len(alike)])
    places = np.concatenate([none, *(n for _, _, n in placed)])
    return Gathered(
        frame,
        np.concatenate([none, *(keys for _, keys, _ in (*alike, *placed))]),
        np.repeat(np.array([number for number, _, _ in (*alike, *placed)], dtype=np.uint32), sizes),
        np.concatenate((same, places.astype(np.uint32))),
    )
