"""What a run has to do: takes the landing zone and the last snapshot, gives shards of what is new or was made otherwise.

An input is new, or known and left alone, or known but stripped by other code: then its documents come out of the snapshot.
"""

import os
from typing import NamedTuple

import polars as pl

from cleaners.document import REJECT_SCHEMA
from flows.published import PUBLISHED_FORMAT, PublishedFile, find_restorable, input_of
from flows.run import Run
from flows.settings import Settings
from flows.sources import DOCUMENT_FORMATS, INPUT_SCHEMA, Discovered, discover_inputs
from flows.storage import Snapshot, write_parquet

# A run of many inputs has ten shards or more: the cores end together and the progress bar moves. Fewer than eight documents
# are not worth a task of their own: a task costs some 10 ms, a page 30 ms, a text 2 ms.
FEWEST_SHARDS = 10
PIECES_WORTH_A_SHARD = 8


class Piece(NamedTuple):
    """One input, or the `part`-th of `n_parts` strides through the records of a container."""

    source_uri: str
    name: str
    format: str
    n_bytes: int
    raw_sha256: str
    part: int
    n_parts: int


class Shard(NamedTuple):
    """Inputs that one worker takes at a time."""

    number: int
    pieces: tuple[Piece, ...]

    @property
    def file_name(self) -> str:
        """The shard's file in each folder of intermediate files."""
        return f"{self.number:05d}.parquet"


class Plan(NamedTuple):
    """What a run has to do. Inputs are new, known, or restored: taken out of the snapshot to be stripped anew."""

    shards: tuple[Shard, ...]
    n_inputs: int
    n_known_inputs: int
    n_restored_inputs: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is to be done."""
        return not self.shards


class _Sorted(NamedTuple):
    """The inputs found, by what is to be done with them."""

    new: pl.DataFrame
    restored: pl.DataFrame
    files: list[PublishedFile]


def plan_run(run: Run) -> Plan:
    """Find what there is to do: digest every input, leave out what the last snapshot holds, deal the rest into shards.

    With `retry` in the settings the inputs of earlier rejects are read again, and nothing else.
    """
    settings, previous = run.settings, run.previous_snapshot
    earlier_rejects = pl.DataFrame(schema=REJECT_SCHEMA)
    if previous:
        earlier_rejects = previous.scan("rejects", REJECT_SCHEMA).select(REJECT_SCHEMA.names()).collect()
    if settings.retry:
        again = _find_again(earlier_rejects)
        found = discover_inputs(again, settings.input) if again else Discovered(_no_inputs(), earlier_rejects.clear())
        inputs = _Sorted(found.inputs, _no_inputs(), [])
    else:
        found = discover_inputs(settings.sources, settings.input)
        inputs = _sort_inputs(run, previous, found.inputs)
    rejects = found.rejects.select(REJECT_SCHEMA.names()).join(
        earlier_rejects, on=["source_uri", "reason", "raw_sha256"], how="anti", nulls_equal=True
    )
    # New rejects, or other code for a step over the whole archive, are worth a run too: one without documents.
    is_stale = previous is not None and not settings.retry and previous.manifest.get("checks") != run.versions.of_checks
    shards = _deal(inputs.new, inputs.files, settings) or ((Shard(0, ()),) if rejects.height or is_stale else ())
    n_known = found.inputs.height - inputs.new.height - inputs.restored.height
    plan = Plan(shards, found.inputs.height, n_known, inputs.restored.height)
    if not plan.is_empty:
        write_parquet(inputs.new, run.work("inputs.parquet"))
        write_parquet(inputs.restored, run.work("restored.parquet"))
        write_parquet(rejects, run.work("rejects", "discover.parquet"))
    return plan


def _sort_inputs(run: Run, previous: Snapshot | None, found: pl.DataFrame) -> _Sorted:
    """Which inputs are to be read, and which published files to be restored, the known ones left out."""
    if previous is None:
        return _Sorted(found, _no_inputs(), [])
    index = (
        previous.scan("index/inputs", pl.Schema({**INPUT_SCHEMA, "code_version": pl.String()}))
        .join(found.lazy().select("input_id"), on="input_id", how="semi")
        .collect()
    )
    is_known = pl.col("code_version") == run.code_version
    is_extracted = pl.col("code_version").str.starts_with(run.versions.of_extracted)
    candidates = index.filter(is_extracted & ~is_known).select(INPUT_SCHEMA.names())
    ids, files = find_restorable(previous, candidates) if candidates.height else ([], [])
    # Under the address they were read from: that is what their articles and rejects name.
    restored = candidates.filter(pl.col("input_id").is_in(ids))
    left = found.join(index.filter(is_known), on="input_id", how="anti").join(restored, on="input_id", how="anti")
    return _Sorted(left, restored, files)


def _find_again(rejects: pl.DataFrame) -> list[str]:
    """The inputs of rejects that are still there."""
    uris = rejects.filter(pl.col("reason") != "identical_input").select(input_of(pl.col("source_uri"))).to_series()
    return [uri for uri in uris.unique().sort() if "://" in uri or os.path.lexists(uri)]


def _no_inputs() -> pl.DataFrame:
    return pl.DataFrame(schema=INPUT_SCHEMA)


def _deal(inputs: pl.DataFrame, published: list[PublishedFile], settings: Settings) -> tuple[Shard, ...]:
    """Deal inputs into shards of like size, largest first; containers over a shard's size are split by stride."""
    pieces: list[Piece] = []
    for file in published:
        n_parts = min(file.n_documents, settings.max_shards, 1 + file.n_bytes // settings.shard_bytes)
        name = file.path.rsplit("/", 1)[-1]
        pieces += [Piece(file.path, name, PUBLISHED_FORMAT, file.n_bytes, "", part, n_parts) for part in range(n_parts)]
    for row in inputs.select(INPUT_SCHEMA.names()).iter_rows(named=True):
        one = row["format"] in DOCUMENT_FORMATS
        n_parts = 1 if one else min(settings.n_workers, 1 + row["n_bytes"] // settings.shard_bytes)
        pieces += [
            Piece(row["source_uri"], row["name"], row["format"], row["n_bytes"], row["raw_sha256"], part, n_parts)
            for part in range(n_parts)
        ]
    if not pieces:
        return ()
    total = sum(piece.n_bytes // piece.n_parts for piece in pieces)
    at_least = min(FEWEST_SHARDS, len(pieces) // PIECES_WORTH_A_SHARD)
    wanted = max(1, at_least, *(piece.n_parts for piece in pieces), -(-total // settings.shard_bytes))
    n_shards = min(len(pieces), settings.max_shards, wanted)
    hands: list[list[Piece]] = [[] for _ in range(n_shards)]
    sizes = [0] * n_shards
    for piece in sorted(pieces, key=lambda p: (-(p.n_bytes // p.n_parts), p.source_uri, p.part)):
        smallest = sizes.index(min(sizes))
        hands[smallest].append(piece)
        sizes[smallest] += piece.n_bytes // piece.n_parts + 1
    return tuple(Shard(number, tuple(sorted(hand))) for number, hand in enumerate(hands))
