"""The step `publish`: the staged snapshot goes to its place, `output/latest` names it."""

from pathlib import Path

from flows.run import Run
from flows.store.publication import move_into_place, seal_snapshot
from flows.store.upload import push_snapshot


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
