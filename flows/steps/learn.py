"""The step `learn`: evidence of many documents, merged with what earlier runs learned; documents that came twice are rejects.

Takes the evidence of the slices that `extract` left, gives the evidence of the new snapshot: one immutable segment a run, merged
with others as they grow in number.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from cleaners.document import REJECT_SCHEMA
from cleaners.junk.evidence.counts import Recent, choose_recent, merge_rows
from cleaners.junk.evidence.gather import EVIDENCE_SCHEMA, OWNER, RECENT, RECENT_GRAM, SITE, TEMPLATE, Gathered
from cleaners.junk.evidence.parts import PARTS, Wanted, learn_part, list_keys, order_keys, order_parts
from cleaners.junk.page.tokens import sort_distinct
from flows.ingest.sources import find_changed
from flows.run import Run
from flows.steps.completeness import check_containers
from flows.steps.documents import concat_frames
from flows.store.archive import group_by_size
from flows.store.evidence import INDEX, SEGMENT_SCHEMA, EvidenceArchive, Segment, find_segments
from flows.store.files import write_parquet
from flows.store.snapshots import Snapshot, check_digest
from flows.workers.pool import map_in_workers, run_in_worker

STRETCHES = "stretches"  # of the evidence of a slice; its keys lie in `evidence`
# The keys of a slice, 16 bytes each: as hashes they would not shrink.
KEYS_SCHEMA = pa.schema([("key", pa.uint64()), ("stretch", pa.uint32()), ("n", pa.uint32())])
_N_KEYS, _N_STRETCHES = b"n_keys", b"n_stretches"  # of a slice, in the schema of its keys
# Keys that are looked at together, some 4,000 documents' worth.
KEYS_AT_ONCE = 2_000_000
# So many are shared among the workers, however few jobs they would make: a tenth of a second's work.
KEYS_WORTH_SHARING = 200_000


def write_evidence(gathered: Gathered, run: Run, name: str) -> None:
    """Write what a slice of documents gave: its stretches, and a record batch of keys for each part of them."""
    path = run.work("evidence", name).with_suffix(".arrow")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_parquet(gathered.stretches, run.work(STRETCHES, name))
    ordered, bounds = order_keys(gathered)
    _, *columns = ordered
    schema = KEYS_SCHEMA.with_metadata({_N_KEYS: str(bounds[-1]), _N_STRETCHES: str(gathered.stretches.height)})
    whole = pa.RecordBatch.from_arrays([pa.array(column) for column in columns], schema=schema)
    _write_batches(path, (whole[first:last] for first, last in pairwise(bounds)), schema)


def learn_archive(run: Run) -> None:
    """Add the evidence of the run's documents to what earlier runs learned; leaves the index of the new snapshot in staging.

    Runs in the flow's own process and holds no rows: each part of the keys is learned by a worker.
    """
    target = run.index_folder("evidence")
    shutil.rmtree(target, ignore_errors=True)  # of a run that was interrupted here
    target.mkdir(parents=True)
    work = run.work("learned")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    n_keys = run_in_worker(_begin_learning, run)
    step = max(1, PARTS * KEYS_AT_ONCE // max(1, n_keys))
    if n_keys >= KEYS_WORTH_SHARING:
        step = min(step, -(-PARTS // run.settings.n_workers))
    jobs = [range(first, min(first + step, PARTS)) for first in range(0, PARTS, step)]
    map_in_workers(_learn_parts, [run] * len(jobs), jobs)
    run_in_worker(_end_learning, run)


def read_known(snapshot: Snapshot, wanted: Wanted) -> pl.DataFrame:
    """Read what a snapshot knows about some keys, its recent documents included."""
    return pl.concat([EvidenceArchive(snapshot.path / INDEX)(wanted), _read_recent(snapshot)])


def learn_from_shards(run: Run) -> int:
    """Merge the shards' evidence with what earlier runs learned, and find documents that came twice.

    Returns:
        How many documents came twice (same bytes, same name or address, in different places).
    """
    learn_archive(run)
    return run_in_worker(_find_twice, run)


def _begin_learning(run: Run) -> int:
    """Choose the recent documents, put the stretches of all slices together; say how many keys there are to learn."""
    n_keys = 0
    found = [pl.DataFrame(schema=EVIDENCE_SCHEMA)]
    for path in _list_evidence(run):
        with pa.OSFile(str(path), "rb") as file:
            n_keys += int(pa.ipc.open_file(file).schema.metadata[_N_KEYS])
        found.append(pl.read_parquet(run.work(STRETCHES, f"{path.stem}.parquet"), glob=False))
    stretches = pl.concat(found)
    new = stretches.filter(pl.col("kind").is_in([SITE, RECENT]))
    earlier = pl.DataFrame(schema=EVIDENCE_SCHEMA)
    previous = run.previous_snapshot
    if previous:
        keys = list_keys(new, SITE)
        recent = _read_recent(previous).filter(pl.col("kind") == RECENT)
        keys = np.union1d(keys, recent["key"].to_numpy())
        earlier = pl.concat([EvidenceArchive(previous.path / INDEX)({SITE: keys}), recent])
    chosen = choose_recent(new, earlier)
    write_parquet(stretches, run.work("learned", "stretches.parquet"))
    write_parquet(chosen.chosen, run.work("learned", "chosen.parquet"))
    write_parquet(chosen.known, run.work("learned", "known.parquet"))
    return n_keys


def _learn_parts(run: Run, parts: range) -> None:
    """Learn some neighbouring parts of the keys at once."""
    recent = Recent(*(pl.read_parquet(run.work("learned", f"{name}.parquet"), glob=False) for name in Recent._fields))
    new = _read_parts(run, parts)
    is_ours = (pl.col("key") // 2**57).is_between(parts.start, parts.stop - 1)
    sites = new.stretches.filter((pl.col("kind") == SITE) & is_ours)
    grams, known = sites.clear(), sites.clear()
    previous = run.previous_snapshot
    if previous:
        grams = _read_recent(previous).filter((pl.col("kind") == RECENT_GRAM) & is_ours)
        counted = np.concatenate([new.keys[new.list_rows(kind)] for kind in (TEMPLATE, RECENT_GRAM)])
        wanted = {
            TEMPLATE: sort_distinct(np.concatenate((counted, grams["key"].to_numpy()))),
            OWNER: sort_distinct(new.keys[new.list_rows(OWNER)]),
        }
        known = EvidenceArchive(previous.path / INDEX)(wanted)
    learned = learn_part(new, sites, known, grams, recent, run.settings.cleaning.strip)
    _write_parts(run.work("learned", f"{parts.start:03d}.arrow"), learned.added, parts)
    _write_segment(run.work("learned", f"recent-{parts.start:03d}.arrow"), [learned.recent])


def _end_learning(run: Run) -> None:
    """Put the parts together, and take earlier segments over: linked, or merged where there are many of one size."""
    target, work = run.index_folder("evidence"), run.work("learned")
    jobs = sorted(work.glob("[0-9]*.arrow"))
    _write_segment(target / f"{run.run_id}.arrow", (part for job in jobs for part in Segment(job, 0).open()))
    grams = [part for path in sorted(work.glob("recent-*.arrow")) for part in Segment(path, 0).open()]
    recent = pl.concat([pl.read_parquet(work / "chosen.parquet", glob=False), *grams])
    write_parquet(recent.sort("kind", "key", "n", "value"), target / f"{run.run_id}.parquet")
    shutil.rmtree(work)
    previous = run.previous_snapshot
    earlier = find_segments(previous.path / INDEX) if previous else []
    added = find_segments(target)
    for number, group in enumerate(group_by_size({part: part.n_rows for part in [*earlier, *added]})):
        if len(group) > 1:
            for segment in group:
                if previous and segment in earlier:
                    check_digest(segment.path, previous.entry(segment.path))
            _merge(group, target / f"merged-{run.run_id}-{number}.arrow")
            for segment in group:
                if segment in added:
                    segment.path.unlink()
        elif group[0] in earlier:
            os.link(group[0].path, target / group[0].name)


def _merge(group: Sequence[Segment], path: Path) -> None:
    """Write the segments of a group as one, a part of the keys at a time."""
    opened = [segment.open() for segment in group]
    merged = (
        merge_rows(pl.concat([parts[number] for parts in opened])).sort("kind", "key", "n", "value")
        for number in range(PARTS)
    )
    _write_segment(path, merged)


def _list_evidence(run: Run) -> list[Path]:
    return sorted(run.work("evidence").glob("*.arrow"))


def _write_parts(path: Path, rows: pl.DataFrame, parts: range) -> None:
    """Write rows as a segment of some parts of the keys: as one batch, cut where the parts begin."""
    ordered, bounds = order_parts(rows)
    whole = _to_batch(ordered)
    cuts = bounds[parts.start : parts.stop + 1]
    _write_batches(path, (whole[first:last] for first, last in pairwise(cuts)), SEGMENT_SCHEMA)


def _write_segment(path: Path, parts: Iterable[pl.DataFrame]) -> None:
    """Write a segment of parts of the keys that were read from others."""
    _write_batches(path, (_to_batch(part) for part in parts), SEGMENT_SCHEMA)


def _to_batch(rows: pl.DataFrame) -> pa.RecordBatch:
    schema = SEGMENT_SCHEMA
    batches = rows.rechunk().to_arrow().cast(schema).combine_chunks().to_batches()
    # Made of nulls: from Python values pyarrow would import pandas, where there is one, for half a second.
    return batches[0] if batches else pa.RecordBatch.from_arrays([pa.nulls(0, f.type) for f in schema], schema=schema)


def _write_batches(path: Path, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def _read_parts(run: Run, parts: range) -> Gathered:
    """The keys of some parts, of all slices."""
    keys, stretch, n = [np.zeros(0, np.uint64)], [np.zeros(0, np.uint32)], [np.zeros(0, np.uint32)]
    n_before = 0
    for path in _list_evidence(run):
        with pa.memory_map(str(path)) as file:
            opened = pa.ipc.open_file(file)
            batches = pa.Table.from_batches([opened.get_batch(number) for number in parts])
            keys.append(batches["key"].to_numpy())
            stretch.append(batches["stretch"].to_numpy() + np.uint32(n_before))
            n.append(batches["n"].to_numpy())
            n_before += int(opened.schema.metadata[_N_STRETCHES])
    stretches = pl.read_parquet(run.work("learned", "stretches.parquet"), glob=False)
    return Gathered(stretches, np.concatenate(keys), np.concatenate(stretch), np.concatenate(n))


def _read_recent(snapshot: Snapshot) -> pl.DataFrame:
    paths: Iterator[Path] = (snapshot.path / INDEX).glob("*.parquet")
    rows = pl.concat([pl.DataFrame(schema=EVIDENCE_SCHEMA), *(pl.read_parquet(path, glob=False) for path in paths)])
    return rows.filter(pl.col("kind").is_in([RECENT, RECENT_GRAM]))


def _find_twice(run: Run) -> int:
    """Find documents that came twice; leaves them as rejects."""
    twice = (
        run.scan("extracted")
        .select("article_id", "source_uri", "raw_sha256", "origin", "url", "site")
        .sort("article_id", "source_uri")
        .with_columns(first_uri=pl.col("source_uri").first().over("article_id"))
        .filter(pl.int_range(pl.len()).over("article_id") > 0)
        .collect()
    )
    write_parquet(twice.select("article_id", "source_uri"), run.work("twice.parquet"))
    # Articles appended to a page are no records of their own: they go with their page, which is counted.
    main = twice.filter(pl.col("origin") != "embedded")
    rejects = main.select(
        "source_uri",
        stage=pl.lit("read"),
        reason=pl.lit("identical_input"),
        detail=pl.lit("the same content under the same name or address as ") + pl.col("first_uri"),
        raw_sha256="raw_sha256",
        n_bytes=pl.lit(None, pl.Int64),
        article_id=pl.lit(None, pl.String),
        url="url",
        site="site",
    )
    write_parquet(concat_frames([rejects], REJECT_SCHEMA), run.work("rejects", "twice.parquet"))
    _note_changed(run)
    check_containers(run)
    return main.height


def _note_changed(run: Run) -> None:
    """Reject containers that changed while they were read, unless that was noticed before; what was read of them stays."""
    inputs = pl.read_parquet(run.work("inputs.parquet"), glob=False)
    known = run.scan("rejects").filter(pl.col("reason") == "changed").select("source_uri").collect()
    versions = dict(pl.read_parquet(run.work("versions.parquet"), glob=False).iter_rows())
    changed = find_changed(inputs.join(known, on="source_uri", how="anti"), versions, run.settings.input)
    write_parquet(changed, run.work("rejects", "changed.parquet"))
