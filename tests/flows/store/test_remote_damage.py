"""Damage to a snapshot on object storage: found by digest, named, and mended by one command; nothing of another writer is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import obstore
import polars as pl
import pytest
from obstore.store import ObjectStore, from_url
from typer.testing import CliRunner

from cleaners.errors import CopydeskError
from cleaners.quality import RunCounts
from flows.cli.main import app
from flows.faults import faults_explained
from flows.run import Run
from flows.settings import Settings
from flows.steps import extract
from flows.steps.plan import Shard
from flows.store import backup
from flows.store.files import file_sha256
from flows.store.objects import Pointer, get_object, list_keys
from flows.store.remote import pull_latest
from flows.store.upload import drop_remote_snapshots, push_snapshot
from flows.store.verify import verify_stored
from flows.workers.marks import FIRST_TRY, Tries
from tests.conftest import run_steps
from tests.flows.steps.test_steps import STORIES
from tests.flows.store.test_remote import publish, stage
from tests.flows.test_faults import flip

pytestmark = pytest.mark.slow

FIRST, SECOND, THIRD, FOURTH = (f"2026010{day}T000000Z-0001" for day in range(1, 5))


class Newsroom(NamedTuple):
    """An output on object storage, its sources, and the mirror it was worked on in."""

    output: str
    landing: Path
    mirror: Path


@pytest.fixture(scope="module")
def once(s3_server: None, tmp_path_factory: pytest.TempPathFactory) -> Newsroom:
    """Two snapshots, published once; each test has a copy of its own."""
    from boto3 import client

    client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"]).create_bucket(Bucket="newsroom")
    folder = tmp_path_factory.mktemp("newsroom")
    newsroom = Newsroom("s3://newsroom/news", folder / "landing", folder / "here")
    newsroom.landing.mkdir()
    for number, story in enumerate(STORIES[:3]):
        (newsroom.landing / f"{number}.txt").write_text(story)
        if number:
            name = (FIRST, SECOND)[number - 1]
            run_steps([newsroom.landing], newsroom.output, name, mirror=str(newsroom.mirror))
    return newsroom


@pytest.fixture
def landing(once: Newsroom, tmp_path: Path) -> Path:
    return Path(shutil.copytree(once.landing, tmp_path / "landing"))


@pytest.fixture
def published(once: Newsroom, s3_output: str, tmp_path: Path) -> str:
    theirs, mine = from_url(once.output), from_url(s3_output)
    for key in list_keys(theirs, ""):
        obstore.put(mine, key, get_object(theirs, key) or b"")
    subprocess.run(["cp", "-a", once.mirror, tmp_path / "here"], check=True)  # hard links stay
    return s3_output


def command(name: str, output: str, mirror: Path, *words: str) -> tuple[int, str]:
    config = mirror.with_name(f"{mirror.name}.toml")
    config.write_text(f'mirror = "{mirror}"\n')
    result = CliRunner().invoke(app, [name, *words, "--output", output, "--config", str(config)])
    return result.exit_code, result.output.replace("\n", "")


def texts_of(output: str, mirror: Path) -> set[str]:
    settings = Settings(output=output, mirror=str(mirror))
    pull_latest(settings)
    return set(pl.read_parquet(settings.folder / "latest" / "articles" / "*.parquet")["text"])


def flip_object(output: str, key: str) -> None:
    store = from_url(output)
    content = bytearray(get_object(store, key) or b"")
    content[len(content) // 2] ^= 0x55
    obstore.put(store, key, bytes(content))


def find_key(output: str, part: str) -> str:
    return next(key for key in list_keys(from_url(output), f"runs/{SECOND}/") if part in key and FIRST not in key)


def put_garbage(output: str, key: str) -> None:
    obstore.put(from_url(output), key, b'{"tables": {"articles": 1}')


def delete(output: str, key: str) -> None:
    obstore.delete(from_url(output), key)


@pytest.mark.parametrize(
    ("part", "damage", "machine"),
    [
        ("/articles/", flip_object, "here"),
        ("/clusters/", delete, "elsewhere"),
        ("/index/inputs/", flip_object, "elsewhere"),
        ("/manifest.json", put_garbage, "here"),
    ],
)
def test_a_damaged_object_is_found_named_and_rebuilt_by_one_command(
    part: str, damage: Callable[[str, str], None], machine: str, published: str, landing: Path, tmp_path: Path
) -> None:
    key, mirror = find_key(published, part), tmp_path / machine
    assert command("verify", published, mirror)[0] == 0
    damage(published, key)
    others = {key: get_object(from_url(published), key) for key in list_keys(from_url(published), "runs/")}
    code, said = command("verify", published, mirror)
    assert code == 1
    assert key.removeprefix(f"runs/{SECOND}/") in said
    assert "copydesk run --rebuild" in said
    run_steps([landing], published, THIRD, rebuild=True, mirror=str(mirror))
    assert drop_remote_snapshots(Settings(output=published, mirror=str(mirror)), keep=10) == []
    code, said = command("verify", published, mirror)
    assert (code, THIRD in said) == (0, True)
    assert texts_of(published, tmp_path / "reader") == set(STORIES[:3])
    assert all(get_object(from_url(published), key) == content for key, content in others.items())


@pytest.mark.parametrize("part", ["/report.html", "/SHA256SUMS"])
def test_a_damaged_report_or_digest_in_the_store_is_found_and_written_afresh(
    part: str, published: str, tmp_path: Path
) -> None:
    key = find_key(published, part)
    page = get_object(from_url(published), f"runs/{SECOND}/report.html")
    flip_object(published, key)
    for machine in ("here", "elsewhere"):
        code, said = command("verify", published, tmp_path / machine)
        assert (code, part[1:] in said, f"copydesk report --renew {SECOND}" in said) == (1, True, True)
    assert texts_of(published, tmp_path / "elsewhere") == set(STORIES[:3]), "a run on another machine goes on"
    assert command("report", published, tmp_path / "elsewhere", "--renew")[0] == 0
    for machine in ("here", "elsewhere"):
        assert command("verify", published, tmp_path / machine)[0] == 0
    assert get_object(from_url(published), f"runs/{SECOND}/report.html") == page


def test_every_bit_of_the_pointer_counts_and_one_put_by_hand_is_sound(published: str, tmp_path: Path) -> None:
    store = from_url(published)
    whole = get_object(store, "latest.json") or b""
    for at in range(0, len(whole), 5):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << at % 8
        obstore.put(store, "latest.json", bytes(flipped))
        try:
            assert verify_stored(published)[1].damaged.keys() == {"latest.json"}, at
        except CopydeskError as error:  # it names no run, or none that is there
            assert "names no run" in error.message or "There is no run" in error.message
    obstore.put(store, "latest.json", whole.replace(b'"manifest": "runs', b'"manifest": "rund'))
    code, said = command("verify", published, tmp_path / "here")
    assert (code, "latest.json" in said, f'{{"run_id": "{SECOND}"}}' in said) == (1, True, True)
    obstore.put(store, "latest.json", f'{{"run_id": "{SECOND}"}}'.encode())
    assert command("verify", published, tmp_path / "here")[0] == 0


def test_an_object_that_no_run_wrote_is_named_and_not_fetched(published: str, tmp_path: Path) -> None:
    obstore.put(from_url(published), f"runs/{SECOND}/articles/twin.parquet", b"PAR1")
    code, said = command("verify", published, tmp_path / "here")
    assert (code, "articles/twin.parquet was not written by a run" in said) == (1, True)
    assert texts_of(published, tmp_path / "elsewhere") == set(STORIES[:3])


def test_a_backup_is_restored_to_a_store_that_is_empty_damaged_or_has_it(published: str, tmp_path: Path) -> None:
    mirror, store = tmp_path / "here", from_url(published)
    subprocess.run(["cp", "-rL", mirror / "runs" / FIRST, tmp_path / "backup"], check=True)
    code, said = command("restore", published, mirror, str(tmp_path / "backup"))  # it has it
    assert (code, "was there already" in said) == (0, True)
    assert verify_stored(published)[0] == FIRST
    assert texts_of(published, tmp_path / "reader") == set(STORIES[:2])
    victim = next(key for key in list_keys(store, f"runs/{FIRST}/") if "/articles/" in key)
    flip_object(published, victim)
    obstore.put(store, f"runs/{FIRST}/articles/stray.parquet", b"PAR1")
    assert command("restore", published, tmp_path / "elsewhere", str(tmp_path / "backup"))[0] == 0
    assert verify_stored(published)[1].is_intact
    assert command("verify", published, tmp_path / "elsewhere")[0] == 0
    empty = f"{published}-again"
    assert command("restore", empty, tmp_path / "third", str(tmp_path / "backup"))[0] == 0
    assert command("verify", empty, tmp_path / "third")[0] == 0
    assert texts_of(empty, tmp_path / "fourth") == set(STORIES[:2])


def test_a_restore_that_another_writer_overtakes_says_so(
    published: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = tmp_path / "here"
    subprocess.run(["cp", "-rL", mirror / "runs" / FIRST, tmp_path / "backup"], check=True)
    seen = backup.read_pointer

    def read_and_lose(store: ObjectStore) -> Pointer | None:
        pointer = seen(store)
        obstore.put(store, "latest.json", f'{{"run_id": "{SECOND}", "other": 1}}'.encode())
        return pointer

    monkeypatch.setattr(backup, "read_pointer", read_and_lose)
    code, said = command("restore", published, mirror, str(tmp_path / "backup"))
    assert (code, "Another writer published" in said) == (1, True)
    assert (mirror / "latest").readlink().name == SECOND


def test_a_damaged_archive_index_is_rebuilt_by_a_machine_that_has_nothing(published: str, tmp_path: Path) -> None:
    key, mirror = find_key(published, "keys.npy"), tmp_path / "elsewhere"
    flip_object(published, key)
    code, said = command("verify", published, mirror)
    assert (code, "keys.npy has other bytes" in said, "copydesk reindex" in said) == (1, True, True)
    code, said = command("similar", published, mirror)  # what needs the whole snapshot says the same
    assert code != 0
    with pytest.raises(CopydeskError, match=r"index/archive.*keys\.npy") as error:
        pull_latest(Settings(output=published, mirror=str(mirror)))
    assert "copydesk reindex" in str(error.value.hint)
    assert command("reindex", published, mirror)[0] == 0
    code, said = command("verify", published, mirror)
    assert code == 0, said
    assert texts_of(published, tmp_path / "reader") == set(STORIES[:3])


def test_a_machine_that_fetches_a_damaged_snapshot_names_the_command_that_mends_it(
    published: str, tmp_path: Path
) -> None:
    for part, words in (("/articles/", "1 object.*articles/"), ("/manifest.json", r"manifest\.json cannot be read")):
        (put_garbage if "manifest" in part else flip_object)(published, find_key(published, part))
        with pytest.raises(CopydeskError, match=words) as error:
            pull_latest(Settings(output=published, mirror=str(tmp_path / "elsewhere")))
        assert "copydesk run --rebuild" in str(error.value.hint)


def test_a_damaged_pointer_is_reported_and_replaced(published: str, landing: Path, tmp_path: Path) -> None:
    mirror = tmp_path / "elsewhere"
    put_garbage(published, "latest.json")
    code, said = command("verify", published, mirror)
    assert (code, "latest.json" in said, "copydesk run --rebuild" in said) == (1, True, True)
    run_steps([landing], published, THIRD, rebuild=True, mirror=str(mirror))
    assert command("verify", published, mirror)[0] == 0
    assert texts_of(published, mirror) == set(STORIES[:3])


def test_a_rebuild_loses_to_another_writer_and_takes_nothing_of_theirs(
    published: str, landing: Path, tmp_path: Path
) -> None:
    flip_object(published, find_key(published, "/articles/"))
    (landing / "more.txt").write_text(more := STORIES[0].replace("harbour", "airport"))

    def while_another_publishes(run: Run, shard: Shard, tries: Tries = FIRST_TRY) -> RunCounts:
        run_steps([landing], published, THIRD, mirror=str(tmp_path / "here"), extract=extract.extract_shard)
        return extract.extract_shard(run, shard, tries)

    elsewhere = {"rebuild": True, "mirror": str(tmp_path / "elsewhere")}
    with pytest.raises(CopydeskError, match=rf"Another run \({THIRD}\) published"):
        run_steps([landing], published, FOURTH, extract=while_another_publishes, **elsewhere)
    runs = {key.partition("runs/")[2].split("/")[0] for key in list_keys(from_url(published), "runs/")}
    assert runs == {FIRST, SECOND, THIRD}
    run_steps([landing], published, FOURTH, **elsewhere)
    assert texts_of(published, tmp_path / "reader") == {*STORIES[:3], more}
    assert drop_remote_snapshots(Settings(output=published, mirror=str(tmp_path / "elsewhere")), keep=2) == [
        FIRST,
        SECOND,
    ]


def test_what_is_rebuilt_is_never_copied_from_what_is_damaged(s3_output: str, tmp_path: Path) -> None:
    settings = Settings(output=s3_output, mirror=str(tmp_path))
    publish(settings, "run-1", None, a="whole")
    obstore.put(from_url(s3_output), "runs/run-1/articles/a", b"whol?")
    rebuilding = settings.model_copy(update={"rebuild": True})
    push_snapshot(rebuilding, stage(rebuilding, "run-2", "run-1", a="whole"))
    assert get_object(from_url(s3_output), "runs/run-2/articles/a") == b"whole"
    assert verify_stored(s3_output)[1].is_intact


def test_behind_a_damaged_manifest_the_newest_whole_snapshots_are_kept(s3_output: str, tmp_path: Path) -> None:
    settings = Settings(output=s3_output, mirror=str(tmp_path))
    base = None
    for number in range(5):
        publish(settings, f"run-{number}", base, a=str(number))
        base = f"run-{number}"
    put_garbage(s3_output, "runs/run-3/manifest.json")
    delete(s3_output, "runs/run-2/manifest.json")
    assert drop_remote_snapshots(settings, keep=3) == ["run-0", "run-2"]


def test_a_mirror_that_alone_is_damaged_is_fetched_again(published: str, landing: Path, tmp_path: Path) -> None:
    settings = Settings(output=published, mirror=str(tmp_path / "here"))
    victim = sorted((settings.folder / "latest" / "articles").glob("*.parquet"))[0]
    twin = settings.folder / "runs" / FIRST / "articles" / victim.name
    assert twin.stat().st_ino == victim.stat().st_ino
    whole = file_sha256(victim)
    flip(victim, n_bytes=10_000)
    twin.unlink()
    twin.hardlink_to(victim)  # the same file in the snapshot before: what would be linked again
    (landing / "more.txt").write_text(STORIES[0].replace("harbour", "airport"))
    with pytest.raises(CopydeskError, match=victim.name) as error, faults_explained(settings.folder, published):
        run_steps([landing], published, THIRD, mirror=str(settings.folder))
    assert "`copydesk verify`" in str(error.value.hint)
    assert "ln -sfn" not in str(error.value.hint)
    code, said = command("verify", published, settings.folder)
    assert (code, victim.name in said, "fetched again" in said) == (0, True, True)
    assert file_sha256(victim) == whole
    assert "fetched again" not in command("verify", published, settings.folder)[1]
    run_steps([landing], published, THIRD, mirror=str(settings.folder))
