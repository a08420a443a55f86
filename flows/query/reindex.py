"""The archive index, rebuilt from the articles of the latest snapshot, published as a snapshot that differs in nothing else.

Takes an output folder, leaves `output/latest` with a fresh index; every other file is a hard link to the snapshot before.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from cleaners.neardup import NearDuplicateConfig, sign_articles
from flows.query.renew import find_reported, is_report_sound
from flows.report.page import write_report
from flows.run import name_run_id
from flows.settings import Settings
from flows.steps.assemble import describe_index
from flows.store.archive import INDEX, ROWS_COPIED_AT_ONCE, carry_over, find_parts, write_part
from flows.store.digests import MANIFEST, REPORT, SUMS, SUMS_KEY, list_entries
from flows.store.files import write_json
from flows.store.locks import output_lock
from flows.store.publication import clear_staging, finish_publication, move_into_place, seal_snapshot
from flows.store.remote import pull_latest
from flows.store.snapshots import Snapshot, find_snapshot, read_snapshot
from flows.store.upload import push_snapshot
from flows.store.views import write_views


def rebuild_index(settings: Settings) -> tuple[Path, int]:
    """Sign every article of the latest snapshot again and publish the snapshot with the new index.

    Its report is taken over, or written afresh where it is not what it was.

    Returns:
        The new snapshot's folder, and how many articles its index holds.

    Raises:
        CopydeskError: nothing was published yet, or a run is writing to the folder.
    """
    output = settings.folder
    config = settings.cleaning.near_duplicates
    with output_lock(output):
        pull_latest(settings, without=INDEX)
        finish_publication(output)
        clear_staging(output)
        latest = (output / "latest").resolve()
        # Without one, `find_snapshot` says so; a snapshot of which only the index is damaged is the one to rebuild.
        snapshot = read_snapshot(latest, without=INDEX) if latest.exists() else find_snapshot(output, "latest")
        run_id = name_run_id(output)
        staged = output / "_staging" / run_id / "snapshot"
        try:
            n_articles = _write_staged(snapshot, staged, run_id, config)
        except BaseException:  # on a full disk what there is of it takes room
            clear_staging(output)
            raise
        push_snapshot(settings, staged, remade=INDEX)
        published = move_into_place(output, staged, run_id)
        clear_staging(output)
    return published, n_articles


def _write_staged(snapshot: Snapshot, staged: Path, run_id: str, config: NearDuplicateConfig) -> int:
    """Put the snapshot together that differs in its index; give how many articles that holds."""
    for name in list_entries(snapshot.manifest):
        if not Path(name).is_relative_to(INDEX):
            (staged / name).parent.mkdir(parents=True, exist_ok=True)
            os.link(snapshot.path / name, staged / name)
    _write_index(snapshot.files("articles"), staged, run_id, config)
    tables = {name: table for name, table in snapshot.manifest["tables"].items() if not name.startswith(INDEX)}
    index = describe_index(staged, None, config)
    created_at = datetime.now(UTC).isoformat(timespec="seconds")
    manifest = {**snapshot.manifest, "previous_run_id": snapshot.run_id, "run_id": run_id, "created_at": created_at}
    write_json({**manifest, "tables": {**tables, INDEX: index}, SUMS_KEY: SUMS}, staged / MANIFEST)
    if is_report_sound(snapshot.path):
        os.link(snapshot.path / REPORT, staged / REPORT)
    else:
        write_report(staged, find_reported(staged))
    write_views(staged)
    seal_snapshot(staged)
    return int(index["rows"])


def _write_index(files: list[Path], staged: Path, run_id: str, config: NearDuplicateConfig) -> None:
    """Index some thousand articles at a time, then merge what grew too many; memory does not grow with the archive."""
    no_ids = pl.Series("article_id", [], dtype=pl.String)
    pieces = staged.parent / "pieces"
    pieces.mkdir(parents=True)
    for number, file in enumerate(files):
        rows = pl.scan_parquet(file, glob=False).select("article_id", "text")
        start = 0
        while (articles := rows.slice(start, ROWS_COPIED_AT_ONCE).collect()).height:
            write_part(pieces / INDEX, f"{run_id}-{number}-{start}", sign_articles(articles, config), config)
            start += articles.height
    carry_over(find_parts(pieces), staged / INDEX, f"merged-{run_id}", no_ids, config)
