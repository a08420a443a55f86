"""From the intermediate files of a run to a published snapshot: assembled in staging, checked, switched in one step.

A reader sees the last snapshot or the new one, never a mix: the folder is complete before `output/latest`, a symbolic
link, is replaced by an atomic rename. Files that did not change are hard links to the last snapshot's.
"""

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import polars as pl

from cleaners.errors import CopydeskError
from cleaners.quality import Gate, RunCounts
from flows.assembly import clear_tables, finish_snapshot, list_files, write_part
from flows.digests import MANIFEST, REPORT, SUMS, digest_bytes, format_sums, list_entries
from flows.planning import Plan
from flows.remote import push_snapshot
from flows.run import Run
from flows.runners import map_in_workers, run_in_worker
from flows.site_health import read_breaches
from flows.storage import file_sha256, is_held, parse_manifest, read_manifest, write_bytes
from flows.upgrade import CARRIED


class Dropped(NamedTuple):
    """What became of old snapshots: the runs removed, those spared because a reader holds them, how many are left."""

    removed: list[str]
    held: list[str]
    n_kept: int


def assemble_snapshot(run: Run, figures: pl.DataFrame) -> Path:
    """Write the whole snapshot into staging and hold every table against its contract.

    Runs in the flow's own process and holds no articles: its files are written by workers.

    Args:
        run: the run.
        figures: rows of `run_summary` without `run_id`.

    Returns:
        The staged snapshot's folder.

    Raises:
        ContractBroken: a table breaks its contract; nothing is published.
    """
    run_in_worker(clear_tables, run)
    files = list_files(run)
    written = map_in_workers(write_part, [run] * len(files), *zip(*files, strict=True))
    return run_in_worker(finish_snapshot, run, figures, written)


def summarise_counts(plan: Plan, counts: RunCounts, gates: list[Gate]) -> pl.DataFrame:
    """Rows of `run_summary` without `run_id`: the plain counts, then the gates with their bounds."""
    plain = [
        ("discover", "inputs_found", plan.n_inputs, "inputs"),
        ("discover", "inputs_known", plan.n_known_inputs, "inputs"),
        ("discover", "inputs_restored", plan.n_restored_inputs, "inputs"),
        ("discover", "inputs_new", plan.n_inputs - plan.n_known_inputs - plan.n_restored_inputs, "inputs"),
        ("read", "records", counts.n_records, "records"),
        ("read", "records_known", counts.n_known, "records"),
        ("read", "records_rejected", counts.n_rejects, "records"),
        ("read", "unreadable_values", counts.n_unreadable_values, "values"),
        ("strip", "articles", counts.n_articles, "articles"),
        ("strip", "embedded_articles", counts.n_embedded, "articles"),
        ("strip", "extracted_characters", counts.n_extracted_chars, "characters"),
        ("strip", "removed_characters", counts.n_removed_chars, "characters"),
        ("strip", "salvaged_characters", counts.n_salvaged_chars, "characters"),
        ("strip", "suspected_spans", counts.n_suspected, "passages"),
        ("strip", "suspected_characters", counts.n_suspected_chars, "characters"),
    ]
    rows: list[tuple[object, ...]] = [
        (stage, metric, float(value), unit, None, None, None) for stage, metric, value, unit in plain
    ]
    rows += [(*gate, gate.passed) for gate in gates]
    schema = {
        "stage": pl.String,
        "metric": pl.String,
        "value": pl.Float64,
        "unit": pl.String,
        "lower": pl.Float64,
        "upper": pl.Float64,
        "passed": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def list_broken_gates(snapshot: Path, run_id: str, hard_site_metrics: Sequence[str] = ()) -> list[str]:
    """What a run's gates say of it, a phrase each broken gate: the figure, what was expected, and for a site what to do."""
    summary = pl.read_parquet(sorted((snapshot / "run_summary").glob("*.parquet")), glob=False)
    broken = summary.filter((pl.col("run_id") == run_id) & ~pl.col("passed"))
    phrases = [
        f"{row['stage']}/{row['metric']} is {row['value']:g} {row['unit']}, expected "
        + " and ".join(
            f"{word} {row[bound]:g}"
            for word, bound in (("at least", "lower"), ("at most", "upper"))
            if row[bound] is not None
        )
        for row in broken.iter_rows(named=True)
    ]
    sites = read_breaches(snapshot, run_id).filter(pl.col("metric").is_in(list(hard_site_metrics)))
    return phrases + [
        f"{row['site']}: {row['metric']} is {row['value']:.3g} {row['unit']}, expected {row['expected']} "
        f"({row['advice']})"
        for row in sites.iter_rows(named=True)
    ]


def switch_latest(run: Run) -> Path:
    """Move the staged snapshot to its place and let `output/latest` name it: the moment of publication.

    Returns:
        The published snapshot's folder.

    Raises:
        CopydeskError: the output is on object storage, and another run published there meanwhile, or it failed.
    """
    seal_snapshot(run.staging / "snapshot")
    push_snapshot(run.settings, run.staging / "snapshot")
    return move_into_place(run.output, run.staging / "snapshot", run.run_id)


def seal_snapshot(staged: Path) -> None:
    """Write the digests of a staged snapshot, the last thing before it is published; what a killed step had begun is removed."""
    named = {*list_entries(parse_manifest((staged / MANIFEST).read_bytes())), MANIFEST, REPORT}
    for path in sorted(path for path in staged.rglob("*") if path.is_file()):
        if path.relative_to(staged).as_posix() not in named:
            path.unlink()
    write_sums(staged)


def write_sums(snapshot: Path) -> None:
    """Write the digests of a snapshot's files: those of tables and indexes as the manifest has them."""
    content = (snapshot / MANIFEST).read_bytes()
    digests = {name: str(entry["sha256"]) for name, entry in list_entries(parse_manifest(content)).items()}
    if (snapshot / REPORT).exists():
        digests[REPORT] = file_sha256(snapshot / REPORT)
    write_bytes(format_sums({**digests, MANIFEST: digest_bytes(content)}), snapshot / SUMS)


def move_into_place(output: Path, staged: Path, run_id: str) -> Path:
    """Publish a staged snapshot under a run's id; the caller holds the output lock.

    Returns:
        The published snapshot's folder.
    """
    runs = output / "runs"
    runs.mkdir(exist_ok=True)
    published = runs / run_id
    _sync_tree(staged)
    staged.rename(published)
    _sync_folder(runs)
    point_latest(output, run_id)
    return published


def finish_publication(output: Path) -> Path | None:
    """Do the last step of a run that was killed between moving its snapshot and switching `output/latest`.

    Such a snapshot is whole and passed its gates; its staging folder is still there. The caller holds the output lock.

    Returns:
        The snapshot that is published now; None where there was nothing to finish.
    """
    latest = (output / "latest").resolve()
    for staging in sorted((output / "_staging").glob("*")):
        moved = output / "runs" / staging.name
        if not moved.is_dir() or moved.resolve() == latest:
            continue
        with suppress(CopydeskError):
            previous = read_manifest(moved).manifest.get("previous_run_id")
            if previous is None or previous == latest.name:
                point_latest(output, staging.name)
                return moved
        shutil.rmtree(moved)  # it was published by nobody, and does not follow the latest one
    return None


def point_latest(output: Path, run_id: str) -> None:
    """Let `output/latest` name the snapshot of a run; the caller holds the output lock."""
    link = output / f".latest-{run_id}"
    link.unlink(missing_ok=True)  # of a process that was killed here
    link.symlink_to(Path("runs") / run_id)
    link.replace(output / "latest")
    _sync_folder(output)


def clear_staging(output: Path) -> None:
    """Remove all intermediate files; the caller holds the output lock, so nobody is writing there."""
    for folder in ("_staging", CARRIED):
        shutil.rmtree(output / folder, ignore_errors=True)
    for link in output.glob(".latest-*"):
        link.unlink(missing_ok=True)


def drop_old_snapshots(output: Path, keep: int) -> Dropped:
    """Keep the newest `keep` snapshots, whatever `output/latest` names, and what a reader holds.

    What an earlier call or a `restore` was killed at is removed too. The caller holds the output lock.
    """
    graves = output / "_staging"
    for grave in (*graves.glob("dropped-*"), *graves.glob("restore-*")):
        shutil.rmtree(grave)
    latest = (output / "latest").resolve()
    runs = sorted(path for path in (output / "runs").glob("*") if path.is_dir())
    removed, held = [], []
    for path in runs[:-keep]:
        if path.resolve() == latest:
            continue
        if is_held(path):
            held.append(path.name)
            continue
        # Out of the readers' sight at once; what is half deleted when the machine stops is cleared by the next call or run.
        grave = graves / f"dropped-{path.name}"
        graves.mkdir(exist_ok=True)
        path.rename(grave)
        shutil.rmtree(grave)
        removed.append(path.name)
    with suppress(OSError):  # an interrupted run's files are in it, or it is not there
        graves.rmdir()
    return Dropped(removed, held, len(runs) - len(removed))


def _sync_tree(folder: Path) -> None:
    """Flush every file and folder to the disk, so that a power cut after the switch loses nothing."""
    for root, _, names in os.walk(folder):
        for name in names:
            with Path(root, name).open("rb") as handle:
                os.fsync(handle.fileno())
        _sync_folder(Path(root))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
