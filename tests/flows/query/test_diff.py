"""Two snapshots compared: what a change of the rules did, article by article."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from flows.query.diff import compare_snapshots, print_diff
from flows.store.snapshots import find_snapshot
from tests.conftest import SEEDS

pytestmark = pytest.mark.slow


def test_a_stricter_threshold_shows_what_stays_in_the_text(tmp_path: Path, run_pipeline: Callable) -> None:
    run_pipeline([SEEDS], tmp_path, run_id="1")
    (tmp_path / "more.txt").write_text(
        "The council met on Monday and agreed to repair the bridge before winter comes. Its mayor, who had asked for the "
        "work twice, said that it would begin in March and cost less than the engineers had feared."
    )
    strict = {"cleaning": {"strip": {"min_confidence": 0.99}}}
    run_pipeline([SEEDS, tmp_path / "more.txt"], tmp_path, run_id="2", **strict)
    diff = compare_snapshots(find_snapshot(tmp_path, "1"), find_snapshot(tmp_path, "2"))
    assert diff.added.height >= 1
    assert diff.added["source_uri"].str.ends_with("more.txt").any()
    assert diff.changed
    kept_again = [text for article in diff.changed for _, text in article.cut_before]
    assert kept_again
    changed_rules = diff.rules.filter(diff.rules["before"] > diff.rules["after"])
    assert changed_rules.height >= 1
    shown = io.StringIO()
    print_diff(diff, n_articles=1, console=Console(file=shown, width=200))
    assert "with another text" in shown.getvalue()
    assert "  + [" in shown.getvalue()


def test_a_snapshot_does_not_differ_from_itself(seed_tables) -> None:
    snapshot = find_snapshot(seed_tables.snapshot.parent, "latest")
    diff = compare_snapshots(snapshot, snapshot)
    assert (diff.n_same, diff.changed, diff.added.height, diff.gone.height) == (8, [], 0, 0)
    assert diff.tables == [("clusters", 0, 0), ("name_flags", 0, 0)]
