"""Every bit of what is published counts: flipped bits, lost files and files that no run wrote are found, in tables, indexes, the
manifest, the report and the digests themselves; each is mended by one command. Whole damaged tables: test_faults."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cleaners.errors import CopydeskError
from flows.cli.main import app
from flows.query.reindex import rebuild_index
from flows.settings import Settings
from flows.store.digests import (
    MANIFEST,
    RENEWABLE,
    REPORT,
    SUMS,
    SUMS_KEY,
    VIEWS,
    contradicts,
    list_entries,
    parse_sums,
)
from flows.store.publication import seal_snapshot
from flows.store.snapshots import latest_snapshot, read_manifest
from flows.store.verify import verify_snapshot
from tests.conftest import run_steps
from tests.flows.steps.test_steps import STORIES

pytestmark = pytest.mark.slow

SEED = 11


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output with one snapshot."""
    folder = tmp_path_factory.mktemp("once")
    for number, story in enumerate(STORIES[:2]):
        (folder / f"{number}.txt").write_text(story)
    run_steps([folder / "0.txt", folder / "1.txt"], folder / "out", "20260101T000000Z-0001")
    return folder / "out"


@pytest.fixture
def output(once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(once, tmp_path / "out", symlinks=True))


def command(*words: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, result.output.replace("\n", " ")


def flip_bit(path: Path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.unlink()
    path.write_bytes(data)


def test_every_bit_of_the_manifest_counts(once: Path) -> None:
    snapshot = (once / "latest").resolve()
    content, sums = (snapshot / MANIFEST).read_bytes(), parse_sums((snapshot / SUMS).read_bytes())
    assert not contradicts(sums, content)
    flipped = bytearray(content)
    for at in range(len(content)):
        flipped[at] ^= 1 << at % 8
        assert contradicts(sums, bytes(flipped)), at
        flipped[at] = content[at]


def test_every_bit_of_the_digests_counts(once: Path) -> None:
    """A bit is noticed as the file is read, or as what it says is compared with the files."""
    content = (once / "latest" / SUMS).read_bytes()
    sums = parse_sums(content)
    flipped = bytearray(content)
    for bit in range(8 * len(content)):
        flipped[bit // 8] ^= 1 << bit % 8
        found = parse_sums(bytes(flipped))
        assert found.trouble or found.digests != sums.digests, bit
        flipped[bit // 8] = content[bit // 8]


def test_random_flips_of_all_files_are_found(output: Path) -> None:
    snapshot = (output / "latest").resolve()
    assert verify_snapshot(snapshot).is_intact
    files = sorted(path for path in snapshot.rglob("*") if path.is_file() and path.stat().st_size)
    small = [snapshot / MANIFEST, snapshot / SUMS, snapshot / REPORT]
    rng = random.Random(SEED)
    for number in range(300):
        victim = small[number % 3] if number % 2 else rng.choice(files)
        whole, bit = victim.read_bytes(), rng.randrange(8 * victim.stat().st_size)
        flip_bit(victim, bit)
        found = verify_snapshot(snapshot).damaged
        name = victim.relative_to(snapshot).as_posix()
        assert found, (name, bit)
        # A digest that changed is found by the file that it is of.
        assert name in found or name == SUMS or found.keys() <= {MANIFEST, SUMS}, (name, bit, found)
        victim.write_bytes(whole)
    assert verify_snapshot(snapshot).is_intact


def test_anyone_can_check_a_snapshot_with_sha256sum(output: Path) -> None:
    check = ["sha256sum", "--check", "--quiet", "--strict", SUMS]
    assert subprocess.run(check, cwd=output / "latest", check=False, capture_output=True).returncode == 0
    flip_bit((output / "latest" / REPORT).resolve(), 4001)
    failed = subprocess.run(check, cwd=output / "latest", check=False, capture_output=True, text=True)
    assert (failed.returncode, failed.stdout) == (1, f"{REPORT}: FAILED\n")


def test_a_run_does_not_build_on_a_manifest_with_a_flipped_bit(output: Path) -> None:
    manifest = (output / "latest").resolve() / MANIFEST
    flip_bit(manifest, 8 * (manifest.read_bytes().index(b'"rows": ') + 8))  # a count, in JSON as good as before
    json.loads(manifest.read_bytes())
    with pytest.raises(CopydeskError, match=f"its {MANIFEST} is not what its {SUMS} says"):
        latest_snapshot(output)
    code, said = command("verify", "--output", output)
    assert (code, MANIFEST in said, "copydesk run --rebuild" in said, "copydesk restore" in said) == (
        1,
        True,
        True,
        True,
    )


@pytest.mark.parametrize(
    "damage",
    ["flipped report", "lost report", "flipped views", "lost views", "flipped digest", "garbage", "lost digests"],
)
def test_a_damaged_report_or_digest_is_named_and_written_afresh_by_one_command(damage: str, output: Path) -> None:
    snapshot = (output / "latest").resolve()
    victim = snapshot / (REPORT if "report" in damage else VIEWS if "views" in damage else SUMS)
    page = (snapshot / REPORT).read_text(encoding="utf-8")
    if damage == "flipped digest":  # of a table, whose own file is sound
        flip_bit(victim, 8 * victim.read_bytes().index(b"  articles/") - 8)
    elif damage.startswith("flipped"):
        flip_bit(victim, 4001)
    elif damage.startswith("lost"):
        victim.unlink()
    else:
        victim.write_bytes(b"\xff" * 100)
    code, said = command("verify", "--output", output)
    assert (code, f"{victim.name} " in said, f"copydesk report --renew {snapshot.name}" in said) == (1, True, True)
    assert latest_snapshot(output), "a run goes on from the tables"
    assert command("report", "--renew", snapshot.name, "--output", output)[0] == 0
    assert command("verify", "--output", output)[0] == 0
    assert (snapshot / REPORT).read_text(encoding="utf-8") == page


def test_writing_the_report_afresh_vouches_for_no_damaged_file(output: Path) -> None:
    snapshot = latest_snapshot(output)
    assert snapshot
    victim = snapshot.files("articles")[0]
    flip_bit(victim, 800)
    before = (snapshot.path / SUMS).read_bytes()
    code, said = command("report", "--renew", "--output", output)
    assert (code, f"articles/{victim.name} has other bytes" in said) == (1, True)
    assert (snapshot.path / SUMS).read_bytes() == before


def test_a_lost_report_is_shown_without_writing_to_what_is_published(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = (output / "latest").resolve() / REPORT
    page = report.read_text(encoding="utf-8")
    report.unlink()
    monkeypatch.setattr("typer.launch", lambda _: 0)
    code, said = command("report", "--output", output)
    assert (code, Path(said.strip()).read_text(encoding="utf-8")) == (0, page)
    assert not report.exists()


def test_reindex_takes_no_damaged_report_over(output: Path) -> None:
    report = (output / "latest").resolve() / REPORT
    page = report.read_text(encoding="utf-8")
    flip_bit(report, 4001)
    published, _ = rebuild_index(Settings(output=str(output)))
    assert verify_snapshot(published.resolve()).is_intact
    assert (published / REPORT).read_text(encoding="utf-8") == page


def test_a_file_that_no_run_wrote_is_said_and_in_a_table_it_is_damage(output: Path) -> None:
    snapshot = (output / "latest").resolve()
    (snapshot / "notes.txt").write_text("mine")
    code, said = command("verify", "--output", output)
    assert (code, "notes.txt was not written by a run." in said) == (0, True)
    twin = snapshot / "articles" / "twin.parquet"  # what every reader's glob would read twice
    shutil.copy(next((snapshot / "articles").glob("*.parquet")), twin)
    code, said = command("verify", "--output", output)
    assert (code, "articles/twin.parquet was not written by a run" in said) == (1, True)
    assert "Move it out of the snapshot" in said
    assert "--rebuild" not in said


def test_a_snapshot_of_an_older_version_is_verified_as_before(output: Path) -> None:
    snapshot = (output / "latest").resolve()
    (snapshot / SUMS).unlink()
    manifest = json.loads((snapshot / MANIFEST).read_bytes())
    del manifest[SUMS_KEY]
    (snapshot / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    code, said = command("verify", "--output", output)
    assert (code, "have no digest: an older version wrote it" in said) == (0, True)
    assert latest_snapshot(output)
    published, _ = rebuild_index(Settings(output=str(output)))
    assert SUMS_KEY in read_manifest(published).manifest
    code, said = command("verify", "--output", output)
    assert (code, "older version" in said) == (0, False)
    flip_bit(next((snapshot / "articles").glob("*.parquet")), 800)
    assert command("verify", snapshot.name, "--output", output)[0] == 1


def test_what_a_killed_step_had_begun_is_not_published(once: Path, tmp_path: Path) -> None:
    staged = Path(shutil.copytree((once / "latest").resolve(), tmp_path / "staged"))
    (staged / ".report.html.abc").write_text("half a page")
    (staged / "articles" / ".part.parquet.tmp").write_bytes(b"PAR1")
    seal_snapshot(staged)
    verdict = verify_snapshot(staged)
    assert (verdict.damaged, verdict.unnamed) == ({}, ())
    named = parse_sums((staged / SUMS).read_bytes()).digests
    assert named.keys() == {*list_entries(read_manifest(staged).manifest), MANIFEST, *RENEWABLE}
