"""Faults around a run: the disk, the sources, the clock, other runs, damaged snapshots. Nothing is lost or torn, and
each error says what happened, where, and what to do. Kills are in test_killed_runs, lost workers in test_lost_workers."""

from __future__ import annotations

import errno
import gzip
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from typer.testing import CliRunner

import flows.run
from bench.hostile.containers import make_record
from bench.hostile.corpus import GATES_OPEN
from bench.hostile.faults import look, read_all
from cleaners.errors import CopydeskError
from cleaners.extract.page import metadata
from cleaners.names import DECISION_SCHEMA
from cleaners.quality import RunCounts
from flows.cli.main import app
from flows.faults import faults_explained
from flows.ingest import formats
from flows.query.reindex import rebuild_index
from flows.query.renew import renew_report
from flows.query.review import take_decisions
from flows.report.figures import summarise_run
from flows.run import Run, name_run_id
from flows.settings import Settings
from flows.steps import assemble, carry_over, extract
from flows.steps.plan import Shard
from flows.store.archive import _create_array
from flows.store.backup import restore_snapshot
from flows.store.publication import drop_old_snapshots
from flows.store.snapshots import latest_snapshot, read_manifest
from flows.store.verify import verify_snapshot
from flows.workers.marks import FIRST_TRY, Tries
from tests.conftest import run_steps
from tests.flows.steps.test_steps import STORIES

pytestmark = pytest.mark.slow

PAGE = "<html><head><title>Crane</title></head><body><article><h1>Crane</h1><p>{}</p></article></body></html>"


# What a rebuilt snapshot cannot know: the cluster that an article was in before, and which of undated articles came first.
OF_EARLIER_RUNS = {"clusters", "stories", "story_summary"}


def differences(output: Path, undisturbed: Path) -> list[str]:
    mine, theirs = (read_all(folder / "latest") for folder in (output, undisturbed))
    return [name for name in mine if name not in {"run_summary", "site_health"} and not mine[name].equals(theirs[name])]


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two inputs that were published before, and four that come new."""
    folder = tmp_path_factory.mktemp("landing")
    for name in ("old", "new"):
        (folder / name).mkdir()
    (folder / "old" / "one.txt").write_text(STORIES[0])
    (folder / "old" / "two.txt").write_text(STORIES[1])
    rows = [
        {"text": f"{story} It was story {n}.", "url": f"https://a.example/{n}"} for n, story in enumerate(STORIES * 3)
    ]
    (folder / "new" / "feed.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    (folder / "new" / "three.txt").write_text(STORIES[2])
    (folder / "new" / "page.html").write_text(PAGE.format(STORIES[1]))
    records = [make_record(f"https://b.example/{n}", PAGE.format(story).encode()) for n, story in enumerate(STORIES)]
    (folder / "new" / "crawl.warc.gz").write_bytes(b"".join(gzip.compress(record, mtime=0) for record in records))
    return folder


@pytest.fixture(scope="module")
def undisturbed(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the output of a run in which nothing goes wrong."""
    output = tmp_path_factory.mktemp("undisturbed")
    run_steps([landing / "old"], output, "20260101T000000Z-0001")
    run_steps([landing], output, "20260102T000000Z-0001")
    return output


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"this process may not mount a disk: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


# ---- The disk


def test_a_full_disk_publishes_nothing_and_says_so_and_with_room_the_run_goes_on(
    small_disk: Path, landing: Path, undisturbed: Path
) -> None:
    output = small_disk / "out"
    run_steps([landing / "old"], output, "20260101T000000Z-0001")
    before = read_all(output / "latest")
    filler = small_disk / "filler"
    n_full = 0
    for free in (0, 10_000, 40_000, 100_000, 200_000, 300_000):
        filler.unlink(missing_ok=True)
        filler.write_bytes(b"\0" * max(0, shutil.disk_usage(small_disk).free - free))
        try:
            with faults_explained(output):
                run_steps([landing], output, f"20260102T000000Z-{free:06d}")
        except CopydeskError as error:
            n_full += 1
            assert "no room left" in error.message
            assert str(output) in error.message
            assert "copydesk gc" in str(error.hint)
            assert look(output / "latest") == []
            assert all(before[name].equals(frame) for name, frame in read_all(output / "latest").items())
    assert n_full >= 2
    filler.unlink()
    run_steps([landing], output, "20260103T000000Z-0001")
    assert differences(output, undisturbed) == []
    assert not (output / "_staging").exists()


@pytest.mark.parametrize("name", ["reindex", "restore", "take", "report"])
def test_a_full_disk_stops_other_commands_without_a_trace_and_with_room_they_are_done(
    name: str, small_disk: Path, undisturbed: Path, tmp_path: Path
) -> None:
    output = small_disk / "out"
    subprocess.run(["cp", "-a", undisturbed, output], check=True)
    settings = Settings(output=str(output))
    snapshot = latest_snapshot(output)
    assert snapshot
    backup = tmp_path / "backup"
    subprocess.run(["cp", "-rL", output / "latest", backup], check=True)
    if name == "restore":
        drop_old_snapshots(output, 1)
        run_steps([tmp_path], output, "20260103T000000Z-0001", rebuild=True)
        drop_old_snapshots(output, 1)
    flags = tmp_path / "flags.csv"
    decided = dict.fromkeys(DECISION_SCHEMA, "") | {"decision": "reject", "flag_id": "0" * 24, "article_id": "1" * 24}
    decided |= {"start": "0", "end": "4", "surface": "Anne", "kind": "misspelling", "canonical": "Anna"}
    flags.write_text(f"{','.join(decided)}\n{','.join(decided.values())}\n")
    commands: dict[str, Callable[[], object]] = {
        "reindex": lambda: rebuild_index(settings),
        "restore": lambda: restore_snapshot(settings, backup),
        "take": lambda: take_decisions(settings, flags),
        "report": lambda: renew_report(settings, "latest"),
    }
    before, filler = _listing(output), small_disk / "filler"
    n_full = 0
    for free in (0, 4_096, 16_384, 32_768, 65_536):
        filler.unlink(missing_ok=True)
        filler.write_bytes(b"\0" * max(0, shutil.disk_usage(small_disk).free - free))
        try:
            commands[name]()
        except OSError as error:
            n_full += 1
            assert error.errno == errno.ENOSPC
            assert _listing(output) == before
            assert look(output / "latest") == []
        else:
            break
    assert n_full
    filler.unlink(missing_ok=True)
    commands[name]()
    assert look(output / "latest") == []
    assert not (output / "_staging").exists()


def _listing(output: Path) -> list[tuple[str, bytes]]:
    """All files but locks, with what they hold."""
    files = sorted(
        path for path in output.rglob("*") if path.is_file() and path.suffix != ".lock" and path.name != ".lock"
    )
    return [(path.relative_to(output).as_posix(), path.read_bytes()) for path in files]


def test_an_array_that_finds_no_room_is_an_error_and_no_killed_process(small_disk: Path) -> None:
    row = pl.Series([1], dtype=pl.UInt64).new_from_index(0, 2**20).to_numpy()
    with (
        pytest.raises(OSError, match="No space left"),
        _create_array(small_disk / "keys.npy", row.dtype, (64, 2**20)) as write,
    ):
        for _ in range(64):
            write(row)


def test_an_output_that_became_read_only_is_said_and_is_still_read(
    small_disk: Path, landing: Path, undisturbed: Path
) -> None:
    output = small_disk / "out"
    run_steps([landing / "old"], output, "20260101T000000Z-0001")

    staging = output / "_staging"

    def then_read_only(run: Run, shard: Shard, tries: Tries = FIRST_TRY) -> RunCounts:
        # A mount of its own: the disk as a whole is busy with the lock.
        subprocess.run(["mount", "--bind", staging, staging], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", staging], check=True)
        return extract.extract_shard(run, shard, tries)

    with pytest.raises(CopydeskError, match="Read-only file system") as error, faults_explained(output):
        run_steps([landing], output, "20260102T000000Z-0001", extract=then_read_only)
    assert str(output) in error.value.message
    assert "writable" in str(error.value.hint)
    subprocess.run(["umount", staging], check=True)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(CopydeskError, match="Cannot write to the output folder"):  # the next run does not even begin
        run_steps([landing], output, "20260103T000000Z-0001")
    assert look(output / "latest") == []
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    run_steps([landing], output, "20260104T000000Z-0001")
    assert differences(output, undisturbed) == []


# ---- The sources


def _change(path: Path) -> None:
    path.write_bytes(path.read_bytes()[::-1])


def _vanish(path: Path) -> None:
    path.unlink()


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize(
    ("name", "disturb"),
    [
        ("three.txt", _change),
        ("page.html", _vanish),
        ("feed.jsonl", _change),
        ("feed.jsonl", _truncate),
        ("crawl.warc.gz", _vanish),
    ],
)
def test_a_source_that_changes_before_it_is_read_is_said_and_read_by_the_next_run(
    name: str, disturb: Callable[[Path], None], landing: Path, undisturbed: Path, tmp_path: Path
) -> None:
    here = tmp_path / "landing"
    shutil.copytree(landing, here)
    source = here / "new" / name
    whole = source.read_bytes()

    def disturbed(run: Run, shard: Shard, tries: Tries = FIRST_TRY) -> RunCounts:
        disturb(source)
        return extract.extract_shard(run, shard, tries)

    output = tmp_path / "out"
    run_steps([here / "old"], output, "20260101T000000Z-0001")
    run_steps([here], output, "20260102T000000Z-0001", extract=disturbed, cleaning=GATES_OPEN)
    assert look(output / "latest") == []
    rejects = pl.read_parquet(output / "latest" / "rejects" / "*.parquet")
    assert rejects.filter(source_uri=str(source), reason="changed").height == 1
    source.write_bytes(whole)  # as it was, with the digest that the last run discovered
    run_steps([here], output, "20260103T000000Z-0001")
    mine, theirs = (read_all(folder / "latest")["articles"] for folder in (output, undisturbed))
    assert mine["text"].sort().equals(theirs["text"].sort())


def test_a_source_cut_short_in_the_middle_of_reading_is_read_again_by_the_next_run(
    landing: Path, undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "landing"
    shutil.copytree(landing, here)
    feed = here / "new" / "feed.jsonl"
    whole = feed.read_bytes()
    big = whole * 40  # more than what is read ahead
    feed.write_bytes(big)

    def cut_at_first_read(lines: object, source: object) -> Iterator[object]:
        for number, item in enumerate(formats.read_jsonl(lines, source)):  # type: ignore[arg-type]
            yield item
            if number == 3:
                os.truncate(feed, len(big) // 2 + 17)

    monkeypatch.setitem(formats.CONTAINER_READERS, "jsonl", cut_at_first_read)
    output = tmp_path / "out"
    run_steps([here], output, "20260101T000000Z-0001", cleaning=GATES_OPEN)
    reasons = set(pl.read_parquet(output / "latest" / "rejects" / "*.parquet")["reason"])
    assert "changed" in reasons
    monkeypatch.undo()
    feed.write_bytes(big)
    run_steps([here], output, "20260102T000000Z-0001", cleaning=GATES_OPEN)
    feed.write_bytes(whole)
    mine, theirs = (set(read_all(folder / "latest")["articles"]["article_id"]) for folder in (output, undisturbed))
    assert mine == theirs
    assert "changed" not in set(pl.read_parquet(output / "latest" / "rejects" / "*.parquet")["reason"])


# ---- Other runs, and the clock


def test_of_two_runs_at_once_the_second_fails_with_an_error_and_the_first_ends(
    landing: Path, undisturbed: Path, tmp_path: Path
) -> None:
    output, is_on, may_go = tmp_path / "out", threading.Event(), threading.Event()
    run_steps([landing / "old"], output, "20260101T000000Z-0001")

    def slowly(run: Run, shard: Shard, tries: Tries = FIRST_TRY) -> RunCounts:
        is_on.set()
        assert may_go.wait(60)
        return extract.extract_shard(run, shard, tries)

    first = threading.Thread(
        target=run_steps, args=([landing], output, "20260102T000000Z-0001"), kwargs={"extract": slowly}
    )
    first.start()
    assert is_on.wait(60)
    other = [
        "from pathlib import Path",
        "from tests.conftest import run_steps",
        f"run_steps([{str(landing)!r}], Path({str(output)!r}))",
    ]
    second = subprocess.run([os.sys.executable, "-c", "; ".join(other)], capture_output=True, text=True, check=False)  # type: ignore[attr-defined]
    assert f"Another run is writing to {output}. Wait for it to end" in second.stderr
    may_go.set()
    first.join()
    assert differences(output, undisturbed) == []


def test_gc_beside_a_run_removes_nothing_and_says_why(landing: Path, undisturbed: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    run_steps([landing / "old" / "one.txt"], output, "20251231T000000Z-0001")
    run_steps([landing / "old"], output, "20260101T000000Z-0001")
    said: list[tuple[int, str]] = []

    def beside(run: Run, shard: Shard, tries: Tries = FIRST_TRY) -> RunCounts:
        before = _listing(output)
        result = CliRunner().invoke(app, ["gc", "--keep", "1", "--output", str(output)])
        said.append((result.exit_code, result.output))
        assert _listing(output) == before
        return extract.extract_shard(run, shard, tries)

    run_steps([landing], output, "20260102T000000Z-0001", extract=beside)
    assert said
    assert {code for code, _ in said} == {1}
    assert all(f"Another run is writing to {output}." in text for _, text in said)
    assert differences(output, undisturbed) == []
    result = CliRunner().invoke(app, ["gc", "--keep", "1", "--output", str(output)])
    assert (result.exit_code, "2 snapshots removed, 1 kept." in result.output) == (0, True)


def test_where_the_clock_goes_back_a_day_figures_trends_and_retention_keep_the_order_of_the_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class SetBack(datetime):
        hours = 0

        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime(2026, 5, 4, 12, tzinfo=UTC) - timedelta(days=cls.hours >= 2) + timedelta(hours=cls.hours)

    for module in (flows.run, assemble, metadata):
        monkeypatch.setattr(module, "datetime", SetBack)
    output, names = tmp_path / "out", []
    dated = PAGE.replace("<article>", "<article><time datetime='2026-05-04T12:30:00Z'>4 May 2026</time>")
    for number in range(4):
        SetBack.hours = number
        page = tmp_path / "in" / f"{number}.html"
        page.parent.mkdir(exist_ok=True)
        page.write_text(dated.format(STORIES[number % len(STORIES)].replace("Monday", f"day {number}")))
        names.append(name_run_id(output))
        run_steps([tmp_path / "in"], output, names[-1])
    assert names == sorted(names)
    assert names[2] < "20260504T14", "the clock did go back"
    totals = summarise_run((output / "latest").resolve(), names[-1]).totals
    assert [run.run_id for run in totals] == names
    assert [run.found for run in totals] == [1, 2, 3, 4]
    articles = pl.read_parquet(output / "latest" / "articles" / "*.parquet")
    # A page of today, read by a clock that says yesterday, keeps its date.
    assert set(articles["published_at"].dt.strftime("%Y-%m-%d")) == {"2026-05-04"}
    created = [latest.manifest["created_at"] for name in names if (latest := read_manifest(output / "runs" / name))]
    assert created != sorted(created), "what the manifest says is the clock's"
    assert drop_old_snapshots(output, keep=2).removed == names[:2]
    assert latest_snapshot(output).run_id == names[-1]  # type: ignore[union-attr]


def test_where_the_clock_goes_backwards_runs_still_follow_each_other(
    landing: Path, undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Backwards(datetime):
        hours = iter((20, 9, 9, 3))

        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime(2026, 5, 4, next(cls.hours), tzinfo=UTC)

    monkeypatch.setattr(flows.run, "datetime", Backwards)
    output = tmp_path / "out"
    names = []
    for number, sources in enumerate(
        (["old"], ["old", "new/three.txt"], ["old", "new/three.txt", "new/page.html"], [""])
    ):
        names.append(name_run_id(output))
        run_steps([landing / source for source in sources], output, names[-1])
        assert latest_snapshot(output).run_id == names[-1], number  # type: ignore[union-attr]
    assert names == sorted(names)
    assert len({name.split("-")[0] for name in names}) == 4
    assert drop_old_snapshots(output, keep=2).removed == names[:2]
    mine, theirs = (set(read_all(folder / "latest")["articles"]["article_id"]) for folder in (output, undisturbed))
    assert mine == theirs


# ---- Damaged snapshots


def flip(path: Path, n_bytes: int = 1) -> None:
    """Flip bits in the middle of a file, whose links in other snapshots keep what they have."""
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    for at in range(middle, min(len(data), middle + n_bytes)):
        data[at] ^= 0x55
    path.unlink()
    path.write_bytes(data)


def verify(output: Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["verify", "--output", str(output)])
    return result.exit_code, result.output


@pytest.fixture
def published(undisturbed: Path, tmp_path: Path) -> Path:
    shutil.copytree(undisturbed, tmp_path / "out", symlinks=True)
    return tmp_path / "out"


def test_a_sound_snapshot_is_said_to_be_sound(published: Path) -> None:
    code, said = verify(published)
    assert (code, "all as they were written" in said) == (0, True)


@pytest.mark.parametrize("table", ["articles", "clusters", "index/inputs", "index/evidence"])
def test_a_flipped_byte_in_a_table_is_found_named_and_mended_by_one_command(
    table: str, published: Path, landing: Path, undisturbed: Path
) -> None:
    victim = sorted((published / "latest" / table).glob("*.parquet"))[-1]
    flip(victim)
    assert list(verify_snapshot((published / "latest").resolve()).damaged) == [f"{table}/{victim.name}"]
    code, said = verify(published)
    assert code == 1
    assert f"{table}/{victim.name} has other bytes than were written" in said
    assert "copydesk run --rebuild" in said
    assert "ln -sfn runs/20260101T000000Z-0001" in said.replace("\n", "")
    run_steps([landing], published, "20260103T000000Z-0001", rebuild=True)
    assert verify(published)[0] == 0
    assert set(differences(published, undisturbed)) <= OF_EARLIER_RUNS


@pytest.mark.parametrize("kind", ["keys.npy", "articles.parquet"])
def test_a_damaged_archive_index_is_found_named_and_mended_by_one_command(
    kind: str, published: Path, undisturbed: Path
) -> None:
    victim = next((published / "latest" / "index" / "archive").glob(f"*.{kind}"))
    flip(victim)
    code, said = verify(published)
    assert code == 1
    assert victim.name in said
    assert "copydesk reindex" in said
    rebuild_index(Settings(output=str(published)))
    assert verify(published)[0] == 0
    assert differences(published, undisturbed) == []


@pytest.mark.parametrize("damage", [b"", b'{"tables": {"articles": 1}}', b"\xff\xfe"])
def test_a_damaged_manifest_is_found_named_and_mended_by_one_command(
    damage: bytes, published: Path, landing: Path, undisturbed: Path
) -> None:
    manifest = (published / "latest").resolve() / "manifest.json"
    manifest.write_bytes(damage)
    code, said = verify(published)
    assert (code, "manifest.json" in said, "copydesk run --rebuild" in said) == (1, True, True)
    with pytest.raises(CopydeskError, match=r"its manifest\.json cannot be read"):
        run_steps([landing], published, "20260103T000000Z-0001")
    run_steps([landing], published, "20260103T000000Z-0001", rebuild=True)
    assert verify(published)[0] == 0
    assert set(differences(published, undisturbed)) <= OF_EARLIER_RUNS


@pytest.mark.parametrize("table", ["articles", "index/inputs"])
def test_a_run_that_meets_a_damaged_snapshot_says_which_file_it_is(table: str, published: Path, landing: Path) -> None:
    victim = sorted((published / "latest" / table).glob("*.parquet"))[-1]
    flip(victim, n_bytes=10_000)
    (landing / "more.txt").write_text(STORIES[0].replace("harbour", "airport"))
    try:
        with pytest.raises(CopydeskError) as error, faults_explained(published):
            run_steps([landing], published, "20260103T000000Z-0001")
    finally:
        (landing / "more.txt").unlink()
    assert victim.name in error.value.message
    assert "copydesk run --rebuild" in str(error.value.hint)


def test_a_file_cut_short_is_noticed_when_the_snapshot_is_opened(published: Path) -> None:
    victim = next((published / "latest" / "articles").glob("*.parquet"))
    size = victim.stat().st_size
    data = victim.read_bytes()
    victim.unlink()
    victim.write_bytes(data[: size - 1])
    with pytest.raises(CopydeskError, match=rf"missing or cut short, first articles/{victim.name}"):
        latest_snapshot(published)


def test_a_damaged_file_is_never_given_a_digest_of_its_own(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rewriting rows, as when files are merged, would give a flipped byte a valid digest."""
    monkeypatch.setattr(carry_over, "write_parquet", lambda *_, **__: pytest.fail("written"))
    snapshot = latest_snapshot(published)
    assert snapshot
    entry = snapshot.manifest["tables"]["articles"]["files"][0]
    flip(snapshot.path / entry["path"])
    staging = tmp_path / "staging"
    staging.mkdir()
    (staging / "snapshot").symlink_to(snapshot.path)
    with pytest.raises(CopydeskError, match="is damaged"):
        carry_over._merge_files(SimpleNamespace(staging=staging), "articles", [entry], "merged")  # type: ignore[arg-type]
