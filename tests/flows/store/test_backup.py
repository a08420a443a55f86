"""The documented backup, `cp -rL output/latest BACKUP`, and the way back: one command, after which a run goes on from there."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import polars as pl
import pytest

from bench.hostile.faults import look, read_all
from cleaners.errors import CopydeskError
from flows.run import name_run_id
from flows.settings import Settings
from flows.store import backup as backing_up
from flows.store import publication
from flows.store.backup import restore_snapshot
from flows.store.digests import MANIFEST, REPORT, SUMS, SUMS_KEY, digest_bytes, format_sums, parse_sums
from flows.store.publication import drop_old_snapshots
from flows.store.snapshots import latest_snapshot
from flows.store.verify import verify_snapshot
from tests.conftest import run_steps
from tests.flows.steps.test_steps import STORIES
from tests.flows.store.test_verify import command, flip_bit

pytestmark = pytest.mark.slow

FIRST, SECOND, THIRD = (f"2026010{day}T000000Z-0001" for day in range(1, 4))


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sources, an output with two snapshots, and a backup of the first one."""
    folder = tmp_path_factory.mktemp("once")
    (folder / "landing").mkdir()
    for number, story in enumerate(STORIES[:2]):
        (folder / "landing" / f"{number}.txt").write_text(story)
        run_steps([folder / "landing"], folder / "out", (FIRST, SECOND)[number])
        if number == 0:
            subprocess.run(["cp", "-rL", folder / "out" / "latest", folder / "backup"], check=True)
    return folder


@pytest.fixture
def place(once: Path, tmp_path: Path) -> Path:
    subprocess.run(["cp", "-a", once, tmp_path / "place"], check=True)  # hard links stay
    return tmp_path / "place"


def texts_of(output: Path) -> set[str]:
    return set(pl.read_parquet(output / "latest" / "articles" / "*.parquet")["text"])


def test_a_backup_is_restored_to_an_empty_folder_and_a_run_goes_on_from_there(place: Path) -> None:
    output = place / "elsewhere" / "news"
    code, said = command("restore", place / "backup", "--output", output)
    assert (code, f"{output}/runs/{FIRST} is published from the backup" in said) == (0, True)
    assert look(output / "latest") == []
    assert sorted(path.name for path in output.iterdir()) == [".lock", "latest", "runs"]
    mine = read_all(output / "latest")
    assert [name for name, frame in read_all(place / "backup").items() if not frame.equals(mine[name])] == []
    one = place / "landing" / "1.txt"
    assert run_steps([place / "landing" / "0.txt"], output, THIRD) is None, "what the backup has is known"
    assert run_steps([place / "landing"], output, THIRD)
    summary = pl.read_parquet(output / "latest" / "run_summary" / "*.parquet").filter(run_id=THIRD)
    assert {row["metric"]: row["value"] for row in summary.iter_rows(named=True)}["inputs_known"] == 1
    assert texts_of(output) == {one.read_text(), STORIES[0]} == set(STORIES[:2])


def test_what_is_published_already_is_switched_to_and_history_stays(place: Path) -> None:
    output = place / "out"
    inodes = {path: path.stat().st_ino for path in sorted((output / "runs").rglob("*")) if path.is_file()}
    code, said = command("restore", place / "backup", "--output", output)
    assert (code, "was there already and is the latest snapshot now" in said) == (0, True)
    assert (output / "latest").readlink() == Path("runs") / FIRST
    assert {path: path.stat().st_ino for path in inodes} == inodes
    assert name_run_id(output) > SECOND
    assert run_steps([place / "landing"], output, THIRD)
    assert texts_of(output) == set(STORIES[:2])


def test_a_damaged_snapshot_gives_way_to_its_backup(place: Path) -> None:
    output = place / "out"
    (output / "runs" / SECOND).rename(place / "gone")
    (output / "latest").unlink()
    (output / "latest").symlink_to(Path("runs") / FIRST)
    victim = next((output / "runs" / FIRST / "articles").glob("*.parquet"))
    flip_bit(victim, 800)
    assert command("verify", "--output", output)[0] == 1
    assert command("restore", place / "backup", "--output", output)[0] == 0
    assert command("verify", "--output", output)[0] == 0
    assert not (output / "_staging" / f"restore-{FIRST}").exists()


@pytest.mark.parametrize("name", ["articles", "index/inputs", REPORT, MANIFEST, SUMS])
def test_a_damaged_backup_is_refused_with_the_name_of_the_file(name: str, place: Path) -> None:
    found = place / "backup" / name
    victim = next(found.glob("*.parquet")) if found.is_dir() else found
    flip_bit(victim, 8 * 200 + 3)
    code, said = command("restore", place / "backup", "--output", place / "elsewhere")
    assert (code, "is damaged" in said, victim.name in said, "The output is as it was." in said) == (
        1,
        True,
        True,
        True,
    )
    assert not (place / "elsewhere").exists()


def test_what_is_no_backup_and_another_outputs_snapshot_are_refused(place: Path) -> None:
    code, said = command("restore", place / "landing", "--output", place / "out")
    assert (code, "is no backup: it has no manifest.json" in said) == (1, True)
    run_steps([place / "landing"], place / "other", FIRST)
    subprocess.run(["cp", "-rL", place / "other" / "latest", place / "theirs"], check=True)
    before = (place / "out" / "latest").readlink()
    code, said = command("restore", place / "theirs", "--output", place / "out")
    assert (code, "Another snapshot has the name" in said) == (1, True)
    assert (place / "out" / "latest").readlink() == before
    assert verify_snapshot(place / "out" / "runs" / FIRST).is_intact


def test_a_backup_writes_nowhere_but_into_the_output(place: Path) -> None:
    for key, value in (("run_id", "../../evil"), ("path", "../evil.parquet")):
        evil = place / f"evil-{key}"
        shutil.copytree(place / "backup", evil)
        manifest = json.loads((evil / MANIFEST).read_bytes())
        if key == "run_id":
            manifest["run_id"] = value
        else:
            (place / "evil.parquet").write_bytes(b"")
            entry = {"path": value, "rows": 0, "bytes": 0, "sha256": digest_bytes(b"")}
            manifest["tables"]["articles"]["files"].append(entry)
        content = json.dumps(manifest).encode()
        (evil / MANIFEST).write_bytes(content)
        digests = parse_sums((evil / SUMS).read_bytes()).digests | {MANIFEST: digest_bytes(content)}
        (evil / SUMS).write_bytes(format_sums(digests | ({value: digest_bytes(b"")} if key == "path" else {})))
        code, said = command("restore", evil, "--output", place / "new" / "out")
        assert (code, "names what no run writes" in said, value in said) == (1, True, True)
        assert not (place / "new").exists()


def test_a_backup_of_an_older_version_is_restored(place: Path) -> None:
    backup = place / "backup"
    (backup / SUMS).unlink()
    manifest = json.loads((backup / MANIFEST).read_bytes())
    del manifest[SUMS_KEY]
    (backup / MANIFEST).write_text(json.dumps(manifest))
    (backup / "decisions.csv").write_text("kept beside it")
    assert command("restore", backup, "--output", place / "elsewhere")[0] == 0
    assert (place / "elsewhere" / "latest" / REPORT).is_file()
    assert not (place / "elsewhere" / "latest" / "decisions.csv").exists()
    flip_bit(next((backup / "articles").glob("*.parquet")), 800)
    assert command("restore", backup, "--output", place / "third")[0] == 1


def test_a_disk_that_writes_other_bytes_is_noticed_and_nothing_is_left(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy_badly(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes())
        if source.suffix == ".parquet":
            flip_bit(target, 800)

    monkeypatch.setattr(backing_up.shutil, "copyfile", copy_badly)
    with pytest.raises(CopydeskError, match="is not what was read"):
        restore_snapshot(Settings(output=str(place / "elsewhere")), place / "backup")
    assert sorted(path.name for path in (place / "elsewhere").rglob("*")) == [".lock"]


def test_a_latest_that_is_a_folder_stops_whoever_writes_and_the_hint_mends_it(place: Path) -> None:
    output = place / "out"
    (output / "latest").unlink()
    subprocess.run(["cp", "-rL", place / "backup", output / "latest"], check=True)
    before = sorted(path.relative_to(output) for path in output.rglob("*"))
    writers = (["run", place / "landing"], ["gc"], ["reindex"], ["restore", place / "backup"], ["retry"])
    for words in writers:
        code, said = command(*words, "--output", output)
        assert (code, f"{output}/latest is no link to a snapshot" in said) == (1, True), words
    assert sorted(path.relative_to(output) for path in output.rglob("*")) == before
    assert command("verify", "--output", output)[0] == 0, "who reads may read it"
    hint = said.partition("publish it: ")[2].partition(". If not")[0]
    move, _, restore = hint.partition(" && ")
    subprocess.run(move, shell=True, check=True)
    assert command(*restore.removeprefix("copydesk ").split())[0] == 0
    assert latest_snapshot(output)
    assert run_steps([place / "landing"], output, THIRD)
    assert texts_of(output) == set(STORIES[:2])


def _kill(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def in_a_fork(work: object) -> int:
    """Do something in a process of its own; give how that ended."""
    pid = os.fork()
    if pid == 0:
        work()  # type: ignore[operator]
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("moment", ["copied", "moved", "linked"])
def test_a_killed_restore_is_done_again_or_cleared_away(
    moment: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = place / "elsewhere"
    run_steps([place / "landing" / "1.txt"], output, SECOND)

    def killed() -> None:
        if moment == "copied":
            backing_up.move_into_place = _kill  # type: ignore[assignment]
        elif moment == "moved":
            publication.point_latest = _kill  # type: ignore[assignment]
        else:
            Path.replace = _kill  # type: ignore[assignment, method-assign]
        restore_snapshot(Settings(output=str(output)), place / "backup")

    assert in_a_fork(killed) == -signal.SIGKILL
    assert look(output / "latest") == []
    assert (output / "latest").readlink().name == SECOND
    drop_old_snapshots(output, 5)
    assert not (output / "_staging").exists()
    assert command("restore", place / "backup", "--output", output)[0] == 0
    assert (output / "latest").readlink().name == FIRST
    assert run_steps([place / "landing"], output, THIRD)
    assert texts_of(output) == set(STORIES[:2])
    assert sorted(path.name for path in output.iterdir()) == [".lock", "latest", "runs"]
