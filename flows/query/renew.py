"""The report and the views of a published snapshot written afresh, for where they are damaged or lost, and its digests.

All of a snapshot that is written after its publication: report and views can be made of the tables, and no run reads them.
"""

from pathlib import Path

from flows.report.page import write_report
from flows.settings import Settings
from flows.store.digests import RENEWABLE, REPORT, SUMS, parse_sums
from flows.store.files import file_sha256, read_bytes
from flows.store.locks import output_lock
from flows.store.objects import open_store
from flows.store.publication import write_sums
from flows.store.remote import pull_latest, pull_run
from flows.store.rows import scan_table
from flows.store.snapshots import find_folder, read_manifest
from flows.store.verify import Verdict, describe_damage, verify_snapshot, verify_stored
from flows.store.views import write_views


def renew_report(settings: Settings, run_id: str) -> Path:
    """Write the report of a snapshot, its views and its file of digests afresh, where everything else is as it was written.

    Args:
        settings: the output.
        run_id: a run, or `latest`.

    Returns:
        The report; of an output on object storage the mirror's, and the store has the same.

    Raises:
        CopydeskError: another file is damaged, or a run is writing to the output.
    """
    with output_lock(settings.folder):
        pull_latest(settings)
        pull_run(settings, run_id)
        folder = find_folder(settings.folder, run_id)
        verdict = verify_snapshot(folder)
        _check_others(verdict, settings, None)
        if settings.is_remote:
            _check_others(verify_stored(settings.output, folder.name)[1], settings, settings.output)
        write_report(folder, find_reported(folder))
        write_views(folder)
        write_sums(folder)
        if settings.is_remote:
            import obstore

            with open_store(settings.output) as store:
                for name in (*RENEWABLE, SUMS):
                    obstore.put(store, f"runs/{folder.name}/{name}", folder / name)
    return folder / REPORT


def find_reported(snapshot: Path) -> str:
    """The run that the report of a snapshot is about: its own, or the last one with figures, as after `reindex`."""
    own = read_manifest(snapshot).run_id
    runs = scan_table(snapshot, "run_summary").select("run_id").unique().collect()["run_id"].to_list()
    return own if own in runs or not runs else str(max(runs))


def is_report_sound(snapshot: Path) -> bool:
    """Tell whether the report is there and, if the snapshot has a digest of it, is what was written."""
    if not (snapshot / REPORT).is_file():
        return False
    content = read_bytes(snapshot / SUMS)
    wanted = parse_sums(content).digests.get(REPORT) if content is not None else None
    return wanted is None or wanted == file_sha256(snapshot / REPORT)


def _check_others(verdict: Verdict, settings: Settings, address: str | None) -> None:
    others = {name: trouble for name, trouble in verdict.damaged.items() if name not in (*RENEWABLE, SUMS)}
    if others:
        raise describe_damage(verdict._replace(damaged=others), settings.folder, address=address)
