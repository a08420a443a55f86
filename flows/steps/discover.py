"""The step `discover`: takes the landing zone and the last snapshot, gives shards of what is new or was made otherwise.

An input is new, or known and left alone, or known but stripped by other code: then its documents come out of the snapshot.
"""

import hashlib
import os
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import polars as pl

from cleaners.document import REJECT_SCHEMA
from flows.ingest.inputs import open_input
from flows.ingest.sources import DOCUMENT_FORMATS, INPUT_SCHEMA, Cuts, Discovered, discover_inputs
from flows.run import Run
from flows.settings import Settings
from flows.steps.plan import PIECE_SCHEMA, Piece, Plan, Shard
from flows.store.files import write_parquet
from flows.store.restore import PUBLISHED_FORMAT, PublishedFile, find_restorable, input_of
from flows.store.snapshots import Snapshot

# Shards shrink towards the end, so that the workers end together and the progress bar moves: each has this share of what is left
# for each worker (guided self-scheduling, Polychronopoulos and Kuck 1987; they take all of it, for work of like cost, where a page
# may cost ten times another). The last ones are a sixteenth of the largest, but worth their task, which costs some 10 ms: a text
# costs 4 ms of CPU and a page some 50 (docs/benchmarks.md), a small file as much as one of MIN_COUNTED_BYTES.
SHARE_OF_REST = 0.5
MAX_SHRINKAGE = 16
MIN_SHARD_BYTES = 2**18
MIN_COUNTED_BYTES = 2**12
# No shard grows beyond this for the sake of few shards: a crash costs a minute of work on text.
MAX_SHARD_BYTES = 64 * 2**20

VERSION_SCHEMA = pl.Schema({"source_uri": pl.String(), "version": pl.String()})
LINES_SCHEMA = pl.Schema({"source_uri": pl.String(), "n_lines": pl.Int64()})


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
    is_stale = previous is not None and not settings.retry and previous.manifest.get("checks") != run.versions.checks
    pieces = _deal(_cut_inputs(inputs.new, inputs.files, found.cuts, settings), settings)
    sizes = pieces.group_by("shard").agg(pl.col("size").sum()).sort("shard").rows()
    shards = tuple(Shard(*row) for row in sizes) or ((Shard(0, 0),) if rejects.height or is_stale else ())
    n_known = found.inputs.height - inputs.new.height - inputs.restored.height
    digest = hashlib.sha256(pieces.hash_rows(seed=0).to_numpy().tobytes()).hexdigest()
    plan = Plan(shards, found.inputs.height, n_known, inputs.restored.height, digest)
    if not plan.is_empty:
        write_parquet(pieces, run.work("pieces.parquet"))
        write_parquet(inputs.new, run.work("inputs.parquet"))
        write_parquet(
            pl.DataFrame(list(found.versions.items()), VERSION_SCHEMA, orient="row"), run.work("versions.parquet")
        )
        write_parquet(pl.DataFrame(list(found.n_lines.items()), LINES_SCHEMA, orient="row"), run.work("lines.parquet"))
        write_parquet(inputs.restored, run.work("restored.parquet"))
        write_parquet(rejects, run.work("rejects", "discover.parquet"))
    return plan


def _sort_inputs(run: Run, previous: Snapshot | None, found: pl.DataFrame) -> _Sorted:
    """Select the inputs to read and the published files to restore; known ones are left out."""
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


def _cut_inputs(
    inputs: pl.DataFrame, published: list[PublishedFile], cuts: dict[str, Cuts], settings: Settings
) -> pl.DataFrame:
    """Inputs and published files as pieces of about the smallest shard or less, in order; `size` is what each has of its file."""
    total = int(inputs["n_bytes"].sum()) + sum(file.n_bytes for file in published)
    limit = _least_size(total, settings)
    parts = [_no_pieces()]
    for file in published:
        n_parts = min(file.n_documents, -(-file.n_bytes // _shard_size(total, settings)))  # each part reads the whole
        whole = Piece(file.path, file.path.rsplit("/", 1)[-1], PUBLISHED_FORMAT, file.n_bytes, "", 0, n_parts)
        parts.append(_to_pieces(whole._replace(part=part) for part in range(n_parts)))
    is_large = (pl.col("n_bytes") > limit) & ~pl.col("format").is_in(list(DOCUMENT_FORMATS))
    small = inputs.filter(~is_large).with_columns(
        part=pl.lit(0), n_parts=pl.lit(1), stretch=pl.lit(None, pl.List(pl.Int64)), size="n_bytes"
    )
    parts.append(small.select(PIECE_SCHEMA.names()).cast(dict(PIECE_SCHEMA)))  # type: ignore[arg-type]
    for row in inputs.filter(is_large).select(INPUT_SCHEMA.names()).iter_rows(named=True):
        whole = Piece(row["source_uri"], row["name"], row["format"], row["n_bytes"], row["raw_sha256"], 0, 1)
        stretches = _stretches(whole, cuts.get(whole.source_uri, ()), limit)
        if stretches:
            parts.append(
                _to_pieces(whole._replace(part=i, n_parts=len(stretches), stretch=s) for i, s in enumerate(stretches))
            )
        else:  # packed: each part reads the whole, and takes some of its records
            n_parts = min(settings.n_workers, -(-whole.n_bytes // limit))
            parts.append(_to_pieces(whole._replace(part=part, n_parts=n_parts) for part in range(n_parts)))
    return pl.concat(parts).sort("source_uri", "part")


def _shard_size(total: int, settings: Settings) -> int:
    """Bytes a shard has at most, roughly: `shard_bytes`, or more where there would be too many shards, up to a bound."""
    return max(settings.shard_bytes, min(total // settings.max_shards, MAX_SHARD_BYTES))


def _least_size(total: int, settings: Settings) -> int:
    """Bytes of the last and smallest shards."""
    limit = _shard_size(total, settings)
    return min(limit, max(MIN_SHARD_BYTES, limit // MAX_SHRINKAGE, total // settings.max_shards))


def _stretches(whole: Piece, cuts: Cuts, limit: int) -> list[tuple[int, int, int]]:
    """A large file in stretches of about `limit` bytes; none where it cannot be cut."""
    if whole.format == "parquet":
        return _row_groups(whole, limit)
    stretches, start, first = [], 0, 0
    for offset, n_lines in cuts:
        if offset - start >= limit:
            stretches.append((start, offset, first))
            start, first = offset, n_lines
    if start:
        stretches.append((start, whole.n_bytes, first))
    return stretches


def _row_groups(whole: Piece, limit: int) -> list[tuple[int, int, int]]:
    """A Parquet file in stretches of whole row groups; none where there is but one, or no reading it: the reader says why."""
    import pyarrow.parquet as pq

    try:
        with open_input(whole.source_uri) as stream:
            meta = pq.ParquetFile(stream).metadata
            sizes = [
                sum(meta.row_group(group).column(i).total_compressed_size for i in range(meta.num_columns))
                for group in range(meta.num_row_groups)
            ]
            rows = [meta.row_group(group).num_rows for group in range(meta.num_row_groups)]
    except Exception:  # whatever is wrong with the file becomes its reject
        return []
    stretches: list[tuple[int, int, int]] = []
    start = first = size = n_rows = 0
    for group, (n_bytes, n) in enumerate(zip(sizes, rows, strict=True)):
        if size and size + n_bytes > limit:
            stretches.append((start, group, first))
            start, first, size = group, n_rows, 0
        size += n_bytes
        n_rows += n
    return [*stretches, (start, len(sizes), first)] if stretches else []


def _deal(pieces: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Say in which shard each piece goes: neighbours together, the larger shards first; stretches that meet become one."""
    sizes = pieces["size"].clip(MIN_COUNTED_BYTES)
    middle = sizes.cum_sum() - sizes / 2
    ends = _shard_ends(int(sizes.sum()), settings)
    shard = pl.Series(np.searchsorted(ends, middle.to_numpy(), side="right"), dtype=pl.Int64)
    # Shards that nothing fell into, beside one with a large piece, have no number.
    dealt = pieces.with_columns(shard=shard).with_columns(pl.col("shard").rank("dense").cast(pl.Int64) - 1)
    return _join_stretches(dealt)


def _shard_ends(total: int, settings: Settings) -> list[int]:
    """Return where shards end, in bytes of the pieces laid end to end."""
    most, least = _shard_size(total, settings), _least_size(total, settings)
    ends, left = [], total
    while left > 0:
        size = min(most, max(least, int(left * SHARE_OF_REST / settings.n_workers)))
        left -= size if left >= size + least / 2 else left  # no crumb for the last
        ends.append(total - left)
    return ends


def _join_stretches(dealt: pl.DataFrame) -> pl.DataFrame:
    """Make one piece of the stretches of a file that fell into one shard."""
    is_cut = pl.col("stretch").is_not_null()
    columns = dealt.columns
    stretch = pl.concat_list(
        pl.col("stretch").first().list.get(0),
        pl.col("stretch").last().list.get(1),
        pl.col("stretch").first().list.get(2),
    )
    joined = (
        dealt.filter(is_cut)
        .group_by("source_uri", "shard", maintain_order=True)
        .agg(pl.col("name", "format", "n_bytes", "raw_sha256").first(), stretch.alias("stretch"), pl.col("size").sum())
        .with_columns(
            part=pl.int_range(pl.len()).over("source_uri"), n_parts=pl.len().over("source_uri").cast(pl.Int64)
        )
    )
    return pl.concat([dealt.filter(~is_cut), joined.select(columns)]).sort("source_uri", "part")


def _to_pieces(pieces: Iterable[Piece]) -> pl.DataFrame:
    columns: dict[str, list[object]] = {name: [] for name in PIECE_SCHEMA}
    for piece in pieces:
        for name, value in zip(Piece._fields, piece, strict=True):
            columns[name].append(value)
        start, stop, _ = piece.stretch or (0, 0, 0)
        is_bytes = piece.stretch is not None and piece.format != "parquet"
        columns["size"].append(stop - start if is_bytes else piece.n_bytes // piece.n_parts)
    return pl.DataFrame(columns, PIECE_SCHEMA)


def _no_pieces() -> pl.DataFrame:
    return pl.DataFrame(schema=PIECE_SCHEMA)
